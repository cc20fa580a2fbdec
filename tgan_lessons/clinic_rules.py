"""How a round of a patient is played: `Rules`, whose defaults are healthy, and its losses.

An illness is the one field that differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from tgan_lessons import losses
from tgan_lessons.runtime import choose

Tensor = Any
CHOICES = {
    "d_loss": ("logits", "probabilities", "critic"),
    "g_loss": ("non-saturating", "saturating", "probabilities", "critic"),
    "g_trains": ("own", "all"),
    "freeze": ("never", "before the first step"),
    "fakes_for_d": ("training", "inference"),
    "batch": ("apart", "together"),
    "norm": ("guarded", "bare"),
    "alpha": ("uniform", "normal", "per number"),
    "outputs": ("free", "tanh"),
}


@dataclass(frozen=True)
class Rules:
    """How a round is played. Every default is healthy.

    Attributes:
        d_loss: what D's loss takes its outputs for.
        g_loss: what G minimises.
        g_trains: which variables G's turn changes.
        freeze: when `trainable = False` is set on D.
        fakes_for_d: the mode in which G paints the fakes that D learns from.
        batch: whether D sees real samples and fakes in two batches or in one.
        norm: of the penalty's slope, with or without a guard against √0.
        alpha: how the penalty's places between real samples and fakes are drawn.
        outputs: whether G's outputs pass a tanh, which real samples beyond ±1 did not.
    """

    d_loss: str = "logits"
    g_loss: str = "non-saturating"
    g_trains: str = "own"
    freeze: str = "never"
    fakes_for_d: str = "training"
    batch: str = "apart"
    norm: str = "guarded"
    alpha: str = "uniform"
    outputs: str = "free"

    def __post_init__(self) -> None:
        for name, accepted in CHOICES.items():
            choose(name, getattr(self, name), accepted)


def probability_cross_entropy(target: float, outputs: Tensor) -> Tensor:
    """Keras's cross-entropy for *probabilities*, the mean of all; scores do not belong here."""
    return ops.mean(ops.binary_crossentropy(ops.full_like(outputs, target), outputs))


def d_loss(kind: str, real: Tensor, fake: Tensor) -> Tensor:
    """D's loss from its outputs for real samples and fakes."""
    if kind == "probabilities":
        return probability_cross_entropy(1.0, real) + probability_cross_entropy(0.0, fake)
    return losses.wasserstein(real, fake) if kind == "critic" else losses.cross_entropy(real, fake)


def g_loss(kind: str, fake: Tensor) -> Tensor:
    """G's loss from D's outputs for fakes."""
    if kind == "probabilities":
        return probability_cross_entropy(1.0, fake)
    named = {"saturating": losses.saturating, "critic": losses.raise_score}
    return named.get(kind, losses.non_saturating)(fake)


def penalty(
    critic: Any, real: Tensor, fake: Tensor, rules: Rules, seeds: keras.random.SeedGenerator
) -> Tensor:
    """E[(‖∇D‖ - 1)²] between real samples and fakes, with the places and the norm of `rules`."""
    shape = (ops.shape(real)[0], real.shape[-1] if rules.alpha == "per number" else 1)
    draw = keras.random.normal if rules.alpha == "normal" else keras.random.uniform
    alpha = draw(shape, seed=seeds)
    between = alpha * real + (1 - alpha) * fake
    with tf.GradientTape() as tape:
        tape.watch(between)
        scores = critic(between)
    squares = ops.sum(ops.square(tape.gradient(scores, between)), axis=-1)
    norm = ops.sqrt(squares + (1e-12 if rules.norm == "guarded" else 0.0))
    return ops.mean(ops.square(norm - 1.0))
