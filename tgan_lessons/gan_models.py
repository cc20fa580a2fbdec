"""Builders of generators and discriminators: dense ones for the plane, convolutional for images.

Discriminators end in a score (logit), without a sigmoid: see `losses`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from tgan_lessons.runtime import MOST_SEED, check_number, check_whole, choose

ACTIVATIONS = ("relu", "leaky_relu", "tanh", "elu")


def build_mlp_generator(
    latent_dim: int = 2,
    units: Sequence[int] = (64, 64),
    *,
    output_dim: int = 2,
    activation: str = "relu",
    normalise: bool = False,
    seed: int = 0,
) -> keras.Model:
    """Builds a dense generator: noise (n, latent_dim) → points (n, output_dim).

    Args:
        latent_dim: length of a noise vector.
        units: of each hidden layer.
        output_dim: numbers of a sample.
        activation: one of `ACTIVATIONS`.
        normalise: whether batch normalisation stands before each activation.
        seed: of the initial weights.
    """
    latent_dim = check_whole("latent_dim", latent_dim)
    output_dim = check_whole("output_dim", output_dim)
    units = check_whole("units", units, several=True)
    seed = check_whole("seed", seed, least=0, most=MOST_SEED)
    choose("activation", activation, ACTIVATIONS)
    x = inputs = keras.Input((latent_dim,), name="noise")
    for index, width in enumerate(units):
        x = _dense(width, seed, index, use_bias=not normalise)(x)
        if normalise:
            x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.Activation(activation)(x)
    return keras.Model(inputs, _dense(output_dim, seed, len(units))(x), name="generator")


def build_mlp_discriminator(
    units: Sequence[int] = (64, 64),
    *,
    input_dim: int = 2,
    packing: int = 1,
    activation: str = "leaky_relu",
    spectral: bool = False,
    seed: int = 0,
) -> keras.Model:
    """Builds a dense discriminator: points (n, input_dim · packing) → scores (n, 1).

    Args:
        units: of each hidden layer.
        input_dim: numbers of a sample.
        packing: how many samples it judges as one.
        activation: one of `ACTIVATIONS`.
        spectral: whether each layer's largest singular value is held at 1.
        seed: of the initial weights.
    """
    input_dim, packing = check_whole("input_dim", input_dim), check_whole("packing", packing)
    units = check_whole("units", units, several=True)
    seed = check_whole("seed", seed, least=0, most=MOST_SEED)
    choose("activation", activation, ACTIVATIONS)
    x = inputs = keras.Input((input_dim * packing,), name="samples")
    for index, width in enumerate(units):
        x = _dense(width, seed + 1000, index, spectral=spectral)(x)
        x = layers.Activation(activation)(x)
    score = _dense(1, seed + 1000, len(units), spectral=spectral)(x)
    return keras.Model(inputs, score, name="discriminator")


def build_generator(
    latent_dim: int = 16,
    filters: Sequence[int] = (32, 16),
    *,
    image_shape: tuple[int, int, int] = (28, 28, 1),
    classes: int | None = None,
    bias: bool = False,
    seed: int = 0,
) -> keras.Model:
    """Builds a small DCGAN generator: noise (n, latent_dim) → images (n, *image_shape).

    A dense layer makes a small picture of `filters[0]` channels; each further entry, and the last
    layer, doubles its side by a transposed convolution.

    Args:
        latent_dim: length of a noise vector.
        filters: channels before each doubling.
        image_shape: (height, width, channels); the sides divisible by 2 once for each entry.
        classes: where given, a second input takes class numbers (n,).
        bias: whether the first layer has one; without it, zero noise becomes an even grey.
        seed: of the initial weights.

    Returns:
        A model whose images lie in [-1, 1].

    Source: Radford et al. 2016 (DCGAN), https://arxiv.org/abs/1511.06434
    """
    latent_dim = check_whole("latent_dim", latent_dim)
    filters = check_whole("filters", filters, several=True)
    seed = check_whole("seed", seed, least=0, most=MOST_SEED)
    height, width, channels = _check_image(image_shape, len(filters), "filters")
    x = noise = keras.Input((latent_dim,), name="noise")
    inputs = [noise]
    if classes is not None:
        classes = check_whole("classes", classes, least=2)
        inputs.append(_label_input())
        x = layers.Concatenate()([x, ops.one_hot(inputs[1], classes)])
    small = (height >> len(filters), width >> len(filters), filters[0])
    x = _dense(small[0] * small[1] * small[2], seed, 0, use_bias=bias)(x)
    x = _normalised(layers.Reshape(small)(x))
    for index, number in enumerate(filters[1:], start=1):
        x = _normalised(_transposed(number, seed, index, use_bias=False)(x))
    x = _transposed(channels, seed, len(filters), activation="tanh")(x)
    generator = keras.Model(inputs if classes else noise, x, name="generator")
    generator.classes = classes
    return generator


def build_discriminator(
    filters: Sequence[int] = (16, 32),
    *,
    image_shape: tuple[int, int, int] = (28, 28, 1),
    classes: int | None = None,
    packing: int = 1,
    dropout: float = 0.0,
    spectral: bool = False,
    seed: int = 0,
) -> keras.Model:
    """Builds a small DCGAN discriminator: images (n, height, width, c · packing) → scores (n, 1).

    No batch normalisation: it would let a sample's score depend on its neighbours.

    Args:
        filters: channels after each halving by a convolution of stride 2.
        image_shape: (height, width, channels) of one image.
        classes: where given, a second input takes class numbers (n,), and the score is a common
            one plus the class's own, both linear in the features.
        packing: how many images it judges as one, along the channels.
        dropout: share of the features dropped while training.
        spectral: whether each layer's largest singular value is held at 1.
        seed: of the initial weights.

    Source: Radford et al. 2016; the class's score: Miyato & Koyama 2018,
    https://arxiv.org/abs/1802.05637
    """
    packing = check_whole("packing", packing)
    filters = check_whole("filters", filters, several=True)
    seed = check_whole("seed", seed, least=0, most=MOST_SEED)
    height, width, channels = _check_image(image_shape, len(filters), "filters")
    check_number("dropout", dropout)
    if not 0 <= dropout < 1:
        raise ValueError(f"`dropout` must be in [0, 1). Received: dropout={dropout}")
    x = images = keras.Input((height, width, channels * packing), name="images")
    for index, number in enumerate(filters):
        x = layers.Conv2D(
            number, 4, strides=2, padding="same", **_kernel(seed + 1000, index, spectral)
        )(x)
        x = layers.LeakyReLU(negative_slope=0.2)(x)
    x = layers.Flatten(name="features")(x)
    if dropout:
        x = layers.Dropout(dropout, seed=seed)(x)
    score = _dense(1, seed + 1000, len(filters), spectral=spectral)(x)
    if classes is None:
        return keras.Model(images, score, name="discriminator")
    classes = check_whole("classes", classes, least=2)
    labels = _label_input()
    each = _dense(classes, seed + 1000, len(filters) + 1, spectral=spectral, use_bias=False)(x)
    score = score + ops.sum(each * ops.one_hot(labels, classes), axis=-1, keepdims=True)
    return keras.Model([images, labels], score, name="discriminator")


class SpectralNorm(keras.constraints.Constraint):
    """Divides a kernel by its largest singular value after each move: D's slope stays bounded.

    A convolution's kernel counts as a matrix of shape (height · width · in, out), as in the paper.

    Source: Miyato et al. 2018, https://arxiv.org/abs/1802.05957
    """

    def __call__(self, w: Any) -> Any:
        """The kernel, its largest singular value 1."""
        matrix = ops.reshape(w, (-1, w.shape[-1]))
        largest = ops.eigh(ops.matmul(ops.transpose(matrix), matrix))[0][-1]
        return w / ops.sqrt(ops.maximum(largest, 1e-12))


class Clip(keras.constraints.Constraint):
    """Holds weights in [-limit, limit].

    Source: Arjovsky et al. 2017 (WGAN), https://arxiv.org/abs/1701.07875
    """

    def __init__(self, limit: Any) -> None:
        self.limit = limit

    def __call__(self, w: Any) -> Any:
        """The weights, clipped."""
        return ops.clip(w, -self.limit, self.limit)


def _kernel(seed: int, index: int, spectral: bool = False) -> dict[str, Any]:
    """How a layer's weights start, each layer differently, and what holds them."""
    return {
        "kernel_initializer": keras.initializers.GlorotUniform(seed=seed * 100 + index),
        "kernel_constraint": SpectralNorm() if spectral else None,
    }


def _dense(
    units: int, seed: int, index: int, *, spectral: bool = False, **options: Any
) -> layers.Dense:
    return layers.Dense(units, **_kernel(seed, index, spectral), **options)


def _transposed(channels: int, seed: int, index: int, **options: Any) -> layers.Conv2DTranspose:
    return layers.Conv2DTranspose(
        channels, 4, strides=2, padding="same", **_kernel(seed, index), **options
    )


def _normalised(x: Any) -> Any:
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))


def _label_input() -> Any:
    return keras.Input((), dtype="int32", name="labels")


def _check_image(
    image_shape: tuple[int, int, int], halvings: int, name: str
) -> tuple[int, int, int]:
    """The shape, where its sides can be halved that often."""
    image_shape = check_whole("image_shape", image_shape, several=True)
    if len(image_shape) != 3 or any(side % 2**halvings for side in image_shape[:2]):
        raise ValueError(
            f"`image_shape` must be (height, width, channels), the sides divisible by "
            f"{2**halvings}: twice for each of the {halvings} `{name}`. "
            f"Received: image_shape={image_shape}"
        )
    return image_shape
