"""The controls of the digits lab, and games with a name that fail on purpose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tgan_lessons.controls import Control, choice, number
from tgan_lessons.game_lab import click_control, letter, player_controls
from tgan_lessons.gan import GAN
from tgan_lessons.labs import Preset
from tgan_lessons.losses import LOSSES, find_loss

TURNS = ("simultaneous", "alternating")
LATENT = {
    "z1": "z₁",
    "z2": "z₂",
}  # the sliders of the latent space, and how they are written
# what each leads to was measured over 1,000 rounds of lesson 05's networks, from two seeds
PRESETS = {
    "D ten times as fast": Preset(
        "G's loss and gradients grow, and the samples stay scraps of strokes.", {"rate_d": 2e-2}
    ),
    "minimax, and D too sure": Preset(
        "D's loss falls to 0 and G's gradients with it, because minimax is flat where D is sure: "
        "the picture goes black.",
        {"loss": "minimax", "rate_d": 1e-2},
    ),
    "Wasserstein without a leash": Preset(
        "Losses in the hundreds and clumsy blocks: nothing holds D's slope. Lesson 08 does.",
        {"loss": "wasserstein"},
    ),
}
Tensor = Any


def control_values(gan: GAN) -> dict[str, Any]:
    """What the controls would say of a game as it is now."""
    values: dict[str, Any] = {"loss": gan.kind.name, "turns": TURNS[not gan.simultaneous]}
    values["smoothing"] = float(gan.coefficients.get("smoothing", 0.0))
    for player in gan.players:
        sign = letter(player.name).lower()
        values[f"rate_{sign}"] = float(player.optimizer.learning_rate)
        values[f"moves_{sign}"] = int(gan._moves[player.name])
    return values


def digit_controls(gan: GAN, classes: Sequence[int] = ()) -> list[Control]:
    """The controls of the digit lab, as the game is now.

    Args:
        gan: the game.
        classes: of a conditional game, to choose from.
    """
    rates = {player.name: 1e-3 for player in gan.players}
    controls = [*player_controls(tuple(rates), rates), *_rules(), *_explore(gan, classes)]
    values = control_values(gan)
    controls = [replace(c, value=values.get(c.name, c.value)) for c in controls]
    return [
        replace(c, when=_is_alternating, help=f"{c.help} Only where updates are alternating.")
        if c.name.startswith("moves_")
        else c
        for c in controls
    ]


def _is_alternating(values: Mapping[str, Any]) -> bool:
    return values["turns"] == "alternating"


def _rules() -> list[Control]:
    return [
        choice(
            "loss",
            "loss",
            LOSSES,
            "What D and G minimise. The networks stay; the new rules take a moment to prepare.",
            group="train",
        ),
        choice(
            "turns",
            "updates",
            TURNS,
            "Simultaneous: both step from one forward pass. Alternating: D first, then G against "
            "the new D; slower. New rules take a moment to prepare.",
            group="train",
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


def _explore(gan: GAN, classes: Sequence[int]) -> list[Control]:
    reach = 3.0 if gan.latent == "normal" else 1.0
    controls = [
        number(
            name,
            f"latent {sign}",
            -reach,
            reach,
            0.0,
            "One of the numbers that G starts from; those without a slider stay. See the sample "
            "beside the curves.",
            step=0.1,
            group="explore",
        )
        for name, sign in list(LATENT.items())[: gan.latent_dim]
    ]
    if classes:
        told = "The class that the sample of the latent sliders is asked for."
        controls.append(choice("digit", "digit", tuple(classes), told, group="explore"))
    return controls
