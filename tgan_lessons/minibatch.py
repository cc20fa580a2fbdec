"""Minibatch standard deviation: D is told how much the samples beside each other differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from tgan_lessons.gan_models import ACTIVATIONS
from tgan_lessons.runtime import MOST_SEED, check_whole, choose

Tensor = Any


def add_spread(x: Tensor, group: int) -> Tensor:
    """Appends to each sample how much its group differs: one number, the same for the group.

    It is the standard deviation of each feature over the group, averaged over the features. A
    score that is computed from it depends on the neighbours: judge samples in batches of their own
    kind, all real or all fake.

    Args:
        x: features, shape (..., n, d), n divisible by `group`.
        group: how many samples that follow each other are compared.

    Returns:
        Shape (..., n, d + 1).

    Raises:
        ValueError: n, where it is known, is not divisible.

    Source: Karras et al. 2018, section 3, https://arxiv.org/abs/1710.10196
    """
    if x.shape[-2] is not None and x.shape[-2] % group:
        raise ValueError(f"`x` must be divisible by group={group}. Received: {x.shape[-2]} samples")
    shape = ops.shape(x)
    grouped = ops.reshape(x, (*shape[:-2], -1, group, shape[-1]))
    variance = ops.mean(ops.square(grouped - ops.mean(grouped, -2, keepdims=True)), -2)
    spread = ops.mean(ops.sqrt(variance + 1e-8), -1, keepdims=True)  # √0 has no slope
    spread = ops.repeat(spread, group, axis=-2)
    return ops.concatenate([x, spread], axis=-1)


class MinibatchSpread(layers.Layer):
    """`add_spread` as a layer, on batches of shape (n, d).

    Args:
        group: how many samples that follow each other are compared.
    """

    def __init__(self, group: int = 8, **options: Any) -> None:
        super().__init__(**options)
        self.group = group

    def call(self, x: Tensor) -> Tensor:
        """Features with the spread appended."""
        return add_spread(x, self.group)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """One feature more."""
        return (*shape[:-1], shape[-1] + 1)

    def get_config(self) -> dict[str, Any]:
        """As in Keras."""
        return super().get_config() | {"group": self.group}


def build_watchful_discriminator(
    units: Sequence[int] = (64, 64),
    group: int = 8,
    *,
    input_dim: int = 2,
    activation: str = "leaky_relu",
    seed: int = 0,
) -> keras.Model:
    """Builds a dense discriminator that is told the spread after its first layer.

    Args:
        units: of each hidden layer.
        group: how many samples are compared; batches must be divisible by it.
        input_dim: numbers of a sample.
        activation: one of `gan_models.ACTIVATIONS`.
        seed: of the initial weights.

    Returns:
        A model: points (n, input_dim) → scores (n, 1).
    """
    units = check_whole("units", units, several=True)
    group, input_dim = check_whole("group", group), check_whole("input_dim", input_dim)
    choose("activation", activation, ACTIVATIONS)
    seed = check_whole("seed", seed, least=0, most=MOST_SEED)
    x = inputs = keras.Input((input_dim,), name="samples")
    for index, width in enumerate((*units, 1)):
        start = keras.initializers.GlorotUniform(seed=(seed + 1000) * 100 + index)
        x = layers.Dense(width, kernel_initializer=start)(x)
        if index < len(units):
            x = layers.Activation(activation)(x)
        if index == 0:
            x = MinibatchSpread(group, name="spread")(x)
    return keras.Model(inputs, x, name="discriminator")
