"""Who lies in the clinic: for each illness a GAN, the rule that is wrong, and treatments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import layers

from tgan_lessons import gan_models, small_nets, toys, transport
from tgan_lessons.clinic_rules import Rules
from tgan_lessons.clinic_ward import Patient
from tgan_lessons.runtime import choose

DATA, SAMPLES = "ring", 20_000


@dataclass(frozen=True)
class Illness:
    """How a patient fell ill.

    Attributes:
        row: of the case.
        wrong: the rules that are wrong, and what they should be.
        treatment: what cures it.
        base: rules that are as they should be in this game.
        options: of `Patient`.
        normalised: "generator" or "discriminator" where one has batch normalisation.
        flat: whether D begins flat, its last layer at 0.
    """

    row: str
    wrong: Mapping[str, tuple[str, str]]
    treatment: str
    base: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    normalised: str = ""
    flat: bool = False

    def rules(self, defect: bool = True) -> Rules:
        """Ill, or as they should be."""
        picked = {name: pair[0 if defect else 1] for name, pair in self.wrong.items()}
        return Rules(**{**self.base, **picked})


CRITIC = {"d_loss": "critic", "g_loss": "critic"}
TREATMENTS: dict[str, dict[str, tuple[str, str]]] = {
    "none": {},
    "each turn trains its own player": {"g_trains": ("all", "own")},
    "no `trainable` switch": {"freeze": ("before the first step", "never")},
    "a loss for logits": {
        "d_loss": ("probabilities", "logits"),
        "g_loss": ("probabilities", "non-saturating"),
    },
    "one range for data and fakes": {"outputs": ("tanh", "free")},
    "a non-saturating loss for G": {"g_loss": ("saturating", "non-saturating")},
    "fakes for D in training mode": {"fakes_for_d": ("inference", "training")},
    "two batches for D": {"batch": ("together", "apart")},
    "a guard at √0": {"norm": ("bare", "guarded")},
}


def _illness(row: str, treatment: str, **rest: Any) -> Illness:
    return Illness(row, TREATMENTS[treatment], treatment, **rest)


ILLNESSES = {
    "D learns in G's turn": _illness("B19a", "each turn trains its own player"),
    "D never learns": _illness("B19b", "no `trainable` switch"),
    "clipped logits": _illness("B17", "a loss for logits"),
    "two ranges": _illness("B16", "one range for data and fakes"),
    "saturating loss": _illness(
        "B2b",
        "a non-saturating loss for G",
        options={"rates": (1e-2, 1e-4), "d_moves": 5},
    ),
    "predicted fakes": _illness("B21", "fakes for D in training mode", normalised="generator"),
    "shared statistics": _illness("K10", "two batches for D", normalised="discriminator"),
    "√0": _illness(
        "K9", "a guard at √0", base=CRITIC, options={"beta_1": 0.0, "d_moves": 2}, flat=True
    ),
}


# The patients of lesson 06 by number, so that its cells do not tell the name.
IN_ORDER = ("D learns in G's turn", "D never learns", "clipped logits", "two ranges",
            "saturating loss", "predicted fakes", "shared statistics", "√0")  # fmt: skip


def real_samples(n: int = SAMPLES, seed: int = 0) -> np.ndarray:
    """Points of the ring, (n, 2)."""
    return toys.load_toy(DATA).sample(n, seed)


def admit(illness: str | int = "", *, defect: bool = True, seed: int = 0) -> Patient:
    """A patient before its first round.

    Args:
        illness: one of `ILLNESSES`, or its number in `IN_ORDER`, from 1 on; empty for one who has
            none.
        defect: whether it is ill; else its healthy twin, with the same weights and noise.
        seed: of weights, noise and batches.
    """
    illness = IN_ORDER[illness - 1] if isinstance(illness, int) else illness
    if not illness:
        found = Illness("", {}, "none")
    else:
        choose("illness", illness, tuple(ILLNESSES))
        found = ILLNESSES[illness]
    in_g, in_d = (found.normalised == name for name in ("generator", "discriminator"))
    g = _normalised(2, layers.ReLU, seed) if in_g else gan_models.build_mlp_generator(seed=seed)
    d = (
        _normalised(1, lambda: layers.LeakyReLU(negative_slope=0.2), seed + 50)
        if in_d
        else gan_models.build_mlp_discriminator(seed=seed)
    )
    if found.flat:
        d.layers[-1].set_weights([np.zeros_like(part) for part in d.layers[-1].get_weights()])
    return Patient(g, d, real_samples(), found.rules(defect), seed=seed, **found.options)


def treat(patient: Patient, treatment: str) -> bool:
    """Gives a treatment; it changes what it is meant for, and only where that is wrong.

    Returns:
        Whether anything was changed.
    """
    choose("treatment", treatment, tuple(TREATMENTS))
    fields = {
        name: right
        for name, (wrong, right) in TREATMENTS[treatment].items()
        if getattr(patient.rules, name) == wrong
    }
    if fields:
        patient.treat(**fields)
    return bool(fields)


def distance(patient: Any, n: int = 300) -> float:
    """The earth mover's distance of its fakes to unseen real samples; NaN where they are not."""
    fakes = patient.sample(n, seed=3)
    if not np.isfinite(fakes).all():
        return float("nan")
    return transport.earth_movers_distance(fakes, real_samples(n, seed=2))


def floor(n: int = 300) -> float:
    """What a perfect generator gets from `distance`."""
    return transport.earth_movers_distance(real_samples(n, seed=1), real_samples(n, seed=2))


def admit_digits(digits: np.ndarray, *, defect: bool, seed: int = 0) -> Patient:
    """A small GAN of digits; ill: real ones in [0, 1], while G's tanh makes [-1, 1].

    Args:
        digits: (n, 28, 28, 1) in [-1, 1]; they are halved to 14×14.
        defect: whether the ranges differ.
        seed: of weights, noise and batches.
    """
    small = small_nets.shrink(digits)
    shape = small.shape[1:]
    return Patient(
        gan_models.build_generator(16, (32,), image_shape=shape, seed=seed),
        gan_models.build_discriminator((32,), image_shape=shape, seed=seed),
        (small + 1) / 2 if defect else small,
        batch_size=64,
        rates=(2e-3, 2e-3),
        seed=seed,
    )


def _normalised(outputs: int, activation: Any, seed: int) -> keras.Model:
    """Two dense layers with batch normalisation as Keras has it by default (momentum 0.99)."""

    def dense(units: int, number: int) -> layers.Dense:
        start = keras.initializers.GlorotUniform(seed=100 * seed + number)
        return layers.Dense(units, kernel_initializer=start)

    x = inputs = keras.Input((2,))
    for number in range(2):
        x = activation()(layers.BatchNormalization()(dense(64, number)(x)))
    return keras.Model(inputs, dense(outputs, 2)(x))
