"""One round of many GANs in the plane, in one compiled call: the part of `Crowd` that is traced.

All arrays have the GAN's axis in front: kernels (GANs, in, out), biases (GANs, 1, out), samples
(GANs, n, 2).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from tgan_lessons.pieces import traced

if TYPE_CHECKING:
    from tgan_lessons.crowd import Rules

Tensor = Any
Weights = Sequence[Tensor]
EPSILON = 1e-7  # Adam's, as in Keras
TURNS = 3  # of the power iteration in each round


@functools.cache
def compiled(rules: Rules, shapes: tuple[tuple[int, int], ...]) -> Any:
    """The rounds of these rules, traced once for whatever number of GANs, rounds and samples.

    Args:
        rules: how they play.
        shapes: of kernels and biases, without the GAN's axis: D's, then G's.
    """
    import tensorflow as tf

    weights = [tf.TensorSpec((None, *shape)) for shape in shapes]
    moments = [tf.TensorSpec((None, sum(sizes(rules))))] * 2
    axes = [tf.TensorSpec((None, units, 1)) for _, units in halves(rules, shapes)[0][::2]]
    schedule = [tf.TensorSpec((None,))] * 2
    batches = [tf.TensorSpec((None, None, None, size)) for size in (2, rules.latent_dim)]
    signature = [weights, moments, axes, tf.TensorSpec((), tf.int32), *schedule, *batches]
    return traced(tf.function(functools.partial(_rounds, rules), signature))


def _rounds(
    rules: Rules, weights: Weights, moments: Weights, axes: Weights, played: Tensor,
    pace: Tensor, penalty: Tensor, real: Tensor, noise: Tensor,
) -> tuple[Weights, Weights, Weights]:  # fmt: skip
    import tensorflow as tf

    flat = _flatten(weights)  # one array of all numbers: Adam's step is ten operations, not 150
    for i in tf.range(tf.shape(real)[0]):
        gradients = _gradients(rules, _parts(flat, weights), real[i], noise[i], penalty[i])
        played += 1
        flat, moments = _adam(rules, flat, moments, _flatten(gradients), played, pace[i])
        if rules.spectral:
            normal, axes = _normalise(_parts(flat, weights), axes)
            flat = _flatten(normal)
    return _parts(flat, weights), moments, axes


def _flatten(arrays: Weights) -> Tensor:
    """All numbers of each GAN in a row: (GANs, numbers)."""
    import tensorflow as tf

    return tf.concat([tf.reshape(a, (tf.shape(a)[0], -1)) for a in arrays], axis=1)


def _parts(flat: Tensor, like: Weights) -> list[Tensor]:
    """The inverse of `_flatten`: arrays of the shapes of `like`."""
    import tensorflow as tf

    sizes = [a.shape[1] * a.shape[2] for a in like]
    pieces = zip(tf.split(flat, sizes, axis=1), like, strict=True)
    return [tf.reshape(piece, (-1, *a.shape[1:])) for piece, a in pieces]


def _gradients(
    rules: Rules, weights: Weights, real: Tensor, noise: Tensor, penalty: Tensor
) -> list[Tensor]:
    """Of D's loss for D's weights, and of G's loss for G's: from one forward pass."""
    import tensorflow as tf
    from tensorflow.nn import softplus

    judge, generator = halves(rules, weights)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(weights)
        fake = _network(generator, noise, tf.nn.relu)
        both = tf.concat([pack(part, rules.packing) for part in (real, fake)], axis=1)
        with tf.GradientTape() as slope:
            slope.watch(both)
            real_score, fake_score = tf.split(_judge(rules, judge, both), 2, axis=1)
        each = softplus(-real_score) + rules.smoothing * real_score + softplus(fake_score)
        loss = tf.reduce_sum(tf.reduce_mean(each, axis=[1, 2]))  # of the sum: no GAN meets another
        if rules.r1:
            steepness = tf.reduce_sum(tf.square(slope.gradient(real_score, both)), axis=2)
            count = tf.cast(tf.shape(real_score)[1], tf.float32)
            loss += 0.5 * penalty * tf.reduce_sum(steepness) / count
        loss_of_g = tf.reduce_sum(tf.reduce_mean(softplus(-fake_score), axis=[1, 2]))
    return tape.gradient(loss, judge) + tape.gradient(loss_of_g, generator)


def pack(samples: Tensor, together: int) -> Tensor:
    """As `losses.pack`, for samples of shape (GANs, n, 2)."""
    import tensorflow as tf

    return samples if together == 1 else tf.concat(tf.split(samples, together, axis=1), axis=2)


def _judge(rules: Rules, weights: Weights, samples: Tensor) -> Tensor:
    import tensorflow as tf

    def leaky(x: Tensor) -> Tensor:
        return tf.nn.leaky_relu(x, 0.2)

    if not rules.group:
        return _network(weights, samples, leaky)
    from tgan_lessons.minibatch import add_spread

    x = leaky(tf.matmul(samples, weights[0]) + weights[1])
    return _network(weights[2:], add_spread(x, rules.group), leaky)


def _network(weights: Weights, x: Tensor, activation: Any) -> Tensor:
    import tensorflow as tf

    for i in range(0, len(weights), 2):
        x = tf.matmul(x, weights[i]) + weights[i + 1]
        x = activation(x) if i + 2 < len(weights) else x
    return x


def _adam(
    rules: Rules, flat: Tensor, moments: Weights, gradients: Tensor, step: Tensor, pace: Tensor
) -> tuple[Tensor, Weights]:
    """One step. Source: Kingma & Ba 2015, https://arxiv.org/abs/1412.6980."""
    import tensorflow as tf

    t, (mean, square) = tf.cast(step, tf.float32), moments
    bias = tf.sqrt(1 - rules.beta_2**t) / (1 - rules.beta_1**t)
    mean = rules.beta_1 * mean + (1 - rules.beta_1) * gradients
    square = rules.beta_2 * square + (1 - rules.beta_2) * tf.square(gradients)
    rates = np.repeat(rules.rates, sizes(rules)).astype(np.float32)
    return flat - pace * bias * rates * mean / (tf.sqrt(square) + EPSILON), [mean, square]


def _normalise(weights: Weights, axes: Weights) -> tuple[Weights, Weights]:
    """Divides D's kernels by their largest singular value, found by power iteration.

    The search goes on from round to round where it stood. Source: Miyato et al. 2018, algorithm 1,
    https://arxiv.org/abs/1802.05957
    """
    import tensorflow as tf

    weights, found = list(weights), []
    for layer, axis in enumerate(axes):
        kernel = weights[2 * layer]
        for _ in range(TURNS):
            image = tf.matmul(kernel, axis)
            axis = tf.math.l2_normalize(tf.matmul(kernel, image, transpose_a=True), axis=1)
        weights[2 * layer] = kernel / tf.norm(tf.matmul(kernel, axis), axis=1, keepdims=True)
        found.append(axis)
    return weights, found


def halves(rules: Rules, arrays: Weights) -> tuple[Weights, Weights]:
    """The arrays of D, and those of G."""
    count = 2 * len(rules.units_d) + 2
    return arrays[:count], arrays[count:]


def sizes(rules: Rules) -> tuple[int, int]:
    """How many numbers D and G have."""
    first = 2 * rules.packing
    d, g = (first, *rules.units_d, 1), (rules.latent_dim, *rules.units_g, 2)
    count = [sum((a + 1) * b for a, b in pairwise(units)) for units in (d, g)]
    extra = rules.units_d[1] if rules.group and len(rules.units_d) > 1 else int(rules.group > 0)
    return count[0] + extra, count[1]
