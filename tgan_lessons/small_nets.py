"""Small networks as stacks of arrays: every array has one more axis in front, the network's.

So a layer of all networks is one product of matrices. `ensembles` trains them side by side.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

SIDE = 14  # pixels of an image that these networks read
LAYERS = ("conv1", "conv2", "conv3", "dense4", "dense5", "head")
STRIDES = (2, 2, 1)  # of the convolutions
SIDES = (SIDE, 7, 4, 4)  # of their maps: the images first
Tensor = Any
# kernel and bias of each layer in turn: (networks, inputs, units), (networks, 1, units)
Weights = list[Any]


@dataclass(frozen=True)
class Plan:
    """The shape of the networks: three 3×3 convolutions, two dense layers, a head.

    Attributes:
        filters: channels of the convolutions; the first and the second halve the image.
        units: of the two dense layers.
        groups: for each class the number of its task. A softmax runs over the classes of one task
            only, so that one head serves several tasks.
    """

    filters: tuple[int, int, int]
    units: tuple[int, int]
    groups: tuple[int, ...]

    def shapes(self) -> list[tuple[int, int]]:
        """(inputs, units) of each layer's kernel; those of a convolution are its 3×3 windows."""
        outputs = (*self.filters, *self.units, len(self.groups))
        dense = (SIDES[-1] ** 2 * self.filters[-1], *self.units)
        inputs = (9, 9 * self.filters[0], 9 * self.filters[1], *dense)
        return list(zip(inputs, outputs, strict=True))


def shrink(images: np.ndarray) -> np.ndarray:
    """Images (n, 28, 28, 1) at half their size: each pixel is the mean of 2×2."""
    if images.ndim != 4 or images.shape[1:] != (2 * SIDE, 2 * SIDE, 1):
        raise ValueError(
            f"`images` must have shape (n, {2 * SIDE}, {2 * SIDE}, 1). "
            f"Received: images.shape={images.shape}"
        )
    return images.reshape(-1, SIDE, 2, SIDE, 2, 1).mean(axis=(2, 4), dtype=np.float32)


def new_weights(plan: Plan, seeds: Sequence[int]) -> Weights:
    """Random weights (He et al. 2015), zero biases; a seed gives one network in any company."""
    weights: Weights = []
    for layer, (inputs, units) in enumerate(plan.shapes()):
        scale = np.sqrt((2 if layer < len(LAYERS) - 1 else 1) / inputs)
        rngs = [np.random.default_rng((seed, layer)) for seed in seeds]
        kernels = np.stack([rng.normal(0, scale, (inputs, units)) for rng in rngs])
        weights += [kernels.astype(np.float32), np.zeros((len(rngs), 1, units), np.float32)]
    return weights


def transplant(target: Weights, source: Weights, layers: int) -> Weights:
    """The target's weights with the first `layers` layers copied from the source's.

    Raises:
        ValueError: for more layers than there are, or networks of other shapes.
    """
    if not 0 <= layers <= len(LAYERS):
        raise ValueError(f"`layers` must be from 0 to {len(LAYERS)}. Received: layers={layers}")
    shapes = [[np.shape(array) for array in weights] for weights in (target, source)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            "`source` must be as many networks of the same shape as `target`. "
            f"Received: target with {shapes[0]}, source with {shapes[1]}"
        )
    return [*source[: 2 * layers], *target[2 * layers :]]


def join(*parts: Weights) -> Weights:
    """Several ensembles as one, in this order."""
    return [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]


def pick(weights: Weights, networks: Sequence[int] | slice) -> Weights:
    """Some networks of an ensemble."""
    return [array[networks] for array in weights]


@functools.cache
def _neighbours(side: int, stride: int) -> np.ndarray:
    """For each place of the next map the nine under its window; `side`² stands for outside."""
    rows = np.arange(0, side, stride)[:, np.newaxis] + np.arange(-1, 2)
    inside = (rows >= 0) & (rows < side)
    both = inside[:, np.newaxis, :, np.newaxis] & inside[:, np.newaxis, :]
    number = rows[:, np.newaxis, :, np.newaxis] * side + rows[:, np.newaxis, :]
    return np.where(both, number, side**2).reshape(-1, 9).astype(np.int32)


def _windows(maps: Tensor, layer: int) -> Tensor:
    """The 3×3 windows of a convolution, as rows: it becomes a product of matrices.

    Args:
        maps: (networks, n, places, channels); outside of them all is zero.
        layer: whose stride counts.
    """
    import tensorflow as tf

    channels = maps.shape[3]
    around = _neighbours(SIDES[layer], STRIDES[layer])
    maps = tf.pad(maps, [[0, 0], [0, 0], [0, 1], [0, 0]])
    shape = (-1, tf.shape(maps)[1], len(around), 9 * channels)
    return tf.reshape(tf.gather(maps, around, axis=2), shape)


def forward(weights: Weights, images: Tensor) -> list[Tensor]:
    """What each layer of each network makes of images; differentiable.

    Args:
        weights: of some networks.
        images: shape (networks or 1, n, 14, 14, 1).

    Returns:
        For each layer its output after ReLU: (networks, n, places, filters) of convolutions, the
        places row by row; (networks, n, units) of dense layers; last the head's logits.
    """
    return forward_windows(weights, first_windows(images))


def first_windows(images: Tensor) -> Tensor:
    """The windows of the first layer; those of a pool need be made only once."""
    import tensorflow as tf

    return _windows(tf.reshape(images, (tf.shape(images)[0], -1, SIDE**2, 1)), 0)


def forward_windows(weights: Weights, h: Tensor) -> list[Tensor]:
    """As `forward`, from what `first_windows` returned."""
    import tensorflow as tf

    outputs, n = [], tf.shape(h)[1]
    for layer, (kernel, bias) in enumerate(zip(weights[::2], weights[1::2], strict=True)):
        inputs, units = kernel.shape[1:]
        if 0 < layer < len(STRIDES):
            h = _windows(h, layer)
        h = tf.reshape(h, (tf.shape(h)[0], -1, inputs))
        h = tf.matmul(h, kernel) + bias
        h = tf.nn.relu(h) if layer < len(LAYERS) - 1 else h
        if layer < len(STRIDES):
            h = tf.reshape(h, (tf.shape(h)[0], n, SIDES[layer + 1] ** 2, units))
        outputs.append(h)
    return outputs
