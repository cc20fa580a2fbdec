"""The controls of the GAN lab, and the game that they describe."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tgan_lessons.controls import Control, choice, number, switch
from tgan_lessons.game_lab import click_control
from tgan_lessons.gan import GAN
from tgan_lessons.gan_models import build_mlp_discriminator, build_mlp_generator
from tgan_lessons.losses import LOSSES, find_loss
from tgan_lessons.runtime import MOST_SEED, check_number, check_whole, choose
from tgan_lessons.toys import TOYS

DRAWN = "drawn"
RULES = ("loss", "penalty", "latent")  # what another loss function needs: a variant of the game
WHOLE = ("width", "layers", "latent_dim", "packing", "seed")
NUMBERS = (*WHOLE, "penalty_weight", "smoothing", "rate_d", "rate_g")
OPTIMIZERS = ("adam", "sgd", "rmsprop")


def gan_controls() -> list[Control]:
    """All controls but those of the players."""
    return [*_rules(), *_model(), *_data(), *_view()]


def _rules() -> list[Control]:
    return [
        choice(
            "loss",
            "loss",
            LOSSES,
            "What D and G minimise. The networks stay; the new rules take a moment to prepare.",
            value="non-saturating",
            group="train",
        ),
        choice(
            "penalty",
            "penalty",
            ("none", "gradient", "r1"),
            "Keeps D's slope in check: at 1 between real and fake (gradient penalty), or near 0 at "
            "real samples (R1).",
            group="train",
        ),
        number(
            "penalty_weight",
            "penalty's weight",
            0.01,
            100.0,
            1.0,
            "How much the penalty counts in D's loss.",
            log=True,
            group="train",
            when=lambda values: values["penalty"] != "none",
        ),
        number(
            "smoothing",
            "label smoothing",
            0.0,
            0.4,
            0.0,
            "D's target for real samples is 1 minus this. Only for losses that have targets.",
            step=0.05,
            group="train",
            when=lambda values: find_loss(values["loss"]).smooths,
        ),
        click_control(),
    ]


def _model() -> list[Control]:
    def renewing(kind: Any, *rest: Any, **options: Any) -> Control:
        return kind(*rest, renews=True, group="model", **options)

    return [
        choice(
            "batch_size",
            "batch size",
            (32, 64, 128, 256, 512),
            "Real samples, and as many fakes, in each move.",
            value=256,
            group="model",
        ),
        choice(
            "latent",
            "noise",
            ("normal", "uniform"),
            "What G starts from: bell-shaped numbers, or evenly spread ones in [-1, 1].",
            group="model",
        ),
        renewing(
            choice,
            "latent_dim",
            "noise dimension",
            (1, 2, 4, 8),
            "Numbers that G starts from.",
            value=2,
        ),
        renewing(number, "layers", "hidden layers", 1, 4, 2, "Depth of both networks."),
        renewing(
            choice,
            "width",
            "units per layer",
            (8, 16, 32, 64, 128),
            "Width of both networks.",
            value=64,
        ),
        renewing(choice, "optimizer", "optimizer", OPTIMIZERS, "How both follow their gradients."),
        renewing(
            choice,
            "packing",
            "packing",
            (1, 2, 4),
            "How many samples D judges as one: it then notices when they are all alike.",
        ),
        renewing(number, "seed", "seed", 0, 20, 0, "Of first weights, noise and samples."),
    ]


def _data() -> list[Control]:
    return [
        choice(
            "data",
            "real data",
            (*TOYS, DRAWN),
            "The distribution to learn. “drawn” is your own: click cells of the grid below.",
            value="ring",
            group="data",
        ),
        number(
            "blur",
            "blur of a cell",
            0.02,
            0.5,
            0.15,
            "Standard deviation of the points around each cell that you have filled.",
            log=True,
            group="data",
            when=lambda values: values["data"] == DRAWN,
        ),
    ]


def _view() -> list[Control]:
    return [
        switch("landscape", "D's landscape", True, "Blue where D says real.", group="view"),
        switch(
            "net",
            "G's bent net",
            True,
            "A square net in the noise, as G bends it: it is dense where fakes are.",
            group="view",
        ),
        switch(
            "arrows",
            "arrows on fakes",
            True,
            "Where D's slope pushes each fake. From a slope of 1 on they are equally long.",
            group="view",
        ),
    ]


def build_gan(values: Mapping[str, Any]) -> GAN:
    """The game that the controls' values describe, not yet fed."""
    import keras

    if not isinstance(values, Mapping):
        raise TypeError(f"`values` must map names of controls to values. Received: {values!r}")
    missing = {"loss", "latent", "optimizer", "penalty", *NUMBERS} - set(values)
    if missing:
        raise ValueError(f"`values` must have {sorted(missing)}, too. Received: {sorted(values)}")
    sizes = {name: check_whole(name, values[name]) for name in WHOLE[:3]}
    units = [sizes["width"]] * sizes["layers"]
    packing = check_whole("packing", values["packing"])
    seed = check_whole("seed", values["seed"], least=0, most=MOST_SEED)
    choose("optimizer", values["optimizer"], OPTIMIZERS)
    for name in NUMBERS:
        check_number(name, values[name], above=0.0 if name.startswith("rate") else -math.inf)
    kinds = {
        "adam": lambda rate: keras.optimizers.Adam(rate, beta_1=0.5),
        "sgd": keras.optimizers.SGD,
        "rmsprop": keras.optimizers.RMSprop,
    }
    return GAN(
        build_mlp_generator(sizes["latent_dim"], units, seed=seed),
        build_mlp_discriminator(units, packing=packing, seed=seed),
        values["loss"],
        penalty=None if values["penalty"] == "none" else values["penalty"],
        penalty_weight=float(values["penalty_weight"]),
        smoothing=float(values["smoothing"]),
        packing=packing,
        latent=values["latent"],
        optimizers=[kinds[values["optimizer"]](float(values[f"rate_{s}"])) for s in "dg"],
        seed=seed,
    )
