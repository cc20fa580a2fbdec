"""Builders of the networks that the lessons train. Keras models, nothing hidden."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tgan_lessons.runtime import MOST_SEED, check_number, check_whole

if TYPE_CHECKING:
    import keras


def build_backbone(
    filters: Sequence[int] = (16, 32, 64),
    *,
    hidden: int | None = None,
    input_shape: tuple[int, int, int] = (28, 28, 1),
    momentum: float = 0.9,
    seed: int = 0,
) -> keras.Model:
    """Builds the part of a classifier that looks: images in, a flat vector of features out.

    Each block is a 3×3 convolution, 2×2 max pooling, batch normalisation and ReLU; its layers are
    named `block1_conv`, `block1_norm`, … so that blocks can be frozen by number.

    Args:
        filters: channels of each block, first block first.
        hidden: where given, one more block: a dense layer of this many units, normalised too.
        input_shape: (height, width, channels) of an image.
        momentum: of the moving statistics of batch normalisation. Keras's own 0.99 needs several
            hundred steps to forget its starting value; 0.9 needs a few dozen.
        seed: of the initial weights.

    Returns:
        A model from (n, *input_shape) to (n, features).

    Raises:
        ValueError: no block, a block without channels, more blocks than the image can be halved.
    """
    filters, input_shape = _check_blocks(filters, input_shape)
    hidden = hidden if hidden is None else check_whole("hidden", hidden)
    check_momentum(momentum)
    seed = check_whole("seed", seed, least=0, most=MOST_SEED)
    import keras
    from keras import layers

    def kernel(block: int) -> keras.initializers.Initializer:
        return keras.initializers.HeNormal(seed=seed * 100 + block)

    x = inputs = keras.Input(input_shape, name="images")
    for block, channels in enumerate(filters, start=1):
        name = f"block{block}"
        x = layers.Conv2D(
            channels,
            3,
            padding="same",
            use_bias=False,
            kernel_initializer=kernel(block),
            name=f"{name}_conv",
        )(x)
        x = layers.MaxPooling2D(2, name=f"{name}_pool")(x)  # before norm: a quarter of the work
        x = layers.BatchNormalization(momentum=momentum, name=f"{name}_norm")(x)
        x = layers.ReLU(name=f"{name}_relu")(x)
    x = layers.Flatten(name="features")(x)
    if hidden is not None:
        name = f"block{len(filters) + 1}"
        dense = layers.Dense(
            hidden,
            use_bias=False,
            kernel_initializer=kernel(len(filters) + 1),
            name=f"{name}_dense",
        )
        x = layers.BatchNormalization(momentum=momentum, name=f"{name}_norm")(dense(x))
        x = layers.ReLU(name=f"{name}_relu")(x)
    return keras.Model(inputs, x, name="backbone")


def _check_blocks(
    filters: Sequence[int], input_shape: tuple[int, int, int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Both as Python's own numbers, where such images can be halved that often."""
    input_shape = check_whole("input_shape", input_shape, several=True)
    if len(input_shape) != 3:
        raise ValueError(
            "`input_shape` must be (height, width, channels), each at least 1. "
            f"Received: input_shape={input_shape}"
        )
    filters = check_whole("filters", filters, several=True)
    limit = min(input_shape[:2]).bit_length() - 1
    if len(filters) > limit:
        raise ValueError(
            f"`filters` must list 1 to {limit} positive channel numbers for images of "
            f"{input_shape[0]}×{input_shape[1]}. Received: filters={filters}"
        )
    return filters, input_shape


def check_momentum(momentum: float) -> None:
    """Raises a `ValueError` unless it can be the momentum of moving statistics."""
    check_number("momentum", momentum)
    if not 0.0 <= momentum < 1.0:
        raise ValueError(f"`momentum` must be in [0, 1). Received: momentum={momentum}")


def build_classifier(
    backbone: keras.Model, classes: int, *, augment: bool = False, seed: int = 0
) -> keras.Model:
    """Puts a new linear layer on a backbone: features in, one logit per class out.

    Args:
        backbone: from `build_backbone`; it is shared with the classifier, not copied.
        classes: how many classes, at least 2.
        augment: whether training images are turned, moved and scaled at random first.
        seed: of the new layer's weights.

    Returns:
        A model from images to logits (n, classes).
    """
    classes = check_whole("classes", classes, least=2)
    check_model("backbone", backbone)
    seed = check_whole("seed", seed, least=0, most=MOST_SEED)
    import keras
    from keras import layers

    head = layers.Dense(
        classes, kernel_initializer=keras.initializers.GlorotUniform(seed=seed), name="head"
    )
    parts = [backbone, head]
    if augment:
        parts.insert(0, build_augmenter(seed=seed))
    classifier = keras.Sequential(parts, name="classifier")
    classifier.build((None, *backbone.input_shape[1:]))
    return classifier


def check_model(name: str, value: Any) -> None:
    """Raises a `TypeError` unless `value` is a built Keras model."""
    if getattr(value, "input_shape", None) is None or not hasattr(value, "layers"):
        raise TypeError(f"`{name}` must be a built Keras model. Received: {name}={value!r}")


def build_augmenter(
    *, rotation: float = 12.0, shift: float = 0.09, zoom: float = 0.2, seed: int = 0
) -> keras.Sequential:
    """Builds the random changes that leave a character the same character; active in training.

    Say `training=False` where nothing should change: called without it, Keras's layers augment.

    Args:
        rotation: largest turn, in degrees either way.
        shift: largest move, as a share of the image's side.
        zoom: largest change of size, height and width apart.
        seed: of the random changes.
    """
    for name, value in (("rotation", rotation), ("shift", shift), ("zoom", zoom)):
        check_number(name, value)
        highest = 360 if name == "rotation" else 1
        if not 0 <= value <= highest:
            raise ValueError(f"`{name}` must be in [0, {highest}]. Received: {name}={value}")
    rotation, shift, zoom = float(rotation), float(shift), float(zoom)  # Keras knows no others
    seed = check_whole("seed", seed, least=0, most=MOST_SEED)
    import keras
    from keras import layers

    fill = {"fill_mode": "constant", "fill_value": -1.0}
    return keras.Sequential(
        [
            layers.RandomRotation(rotation / 360, seed=seed, **fill),
            layers.RandomTranslation(shift, shift, seed=seed + 1, **fill),
            layers.RandomZoom(zoom, zoom, seed=seed + 2, **fill),
        ],
        name="augmenter",
    )
