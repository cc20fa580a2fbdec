"""The three networks of domain adaptation: features, classifier, judge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tgan_lessons.runtime import MOST_SEED, check_number, check_whole

if TYPE_CHECKING:
    import keras
    import numpy as np


def build_features(
    filters: Sequence[int] = (24, 32, 64),
    *,
    channels: int = 3,
    map_size: int | None = None,
    seed: int = 0,
) -> keras.Model:
    """Builds the part that looks: images (n, 28, 28, channels) in, flat features out.

    Each image is first normalised by itself: mean 0, deviation 1 in each channel. Then a 5×5
    convolution of stride 2 and 3×3 convolutions with pooling, all normalised by the batch.

    Args:
        filters: channels of each convolution, at least one.
        channels: of an image.
        map_size: where given, a linear layer leaves so many features, for a picture of them.
        seed: of the weights.
    """
    filters = check_whole("filters", filters, several=True)
    channels = check_whole("channels", channels)
    map_size = map_size if map_size is None else check_whole("map_size", map_size)
    seed = check_whole("seed", seed, least=0, most=MOST_SEED)
    import keras
    from keras import layers

    x = inputs = keras.Input((28, 28, channels), name="images")
    x = layers.GroupNormalization(-1, center=False, scale=False, name="per_image")(x)
    for number, width in enumerate(filters):
        start = keras.initializers.GlorotUniform(seed=seed * 100 + number)
        size, stride = (5, 2) if number == 0 else (3, 1)
        conv = layers.Conv2D(width, size, stride, "same", use_bias=False, kernel_initializer=start)
        x = conv(x)
        if number:
            x = layers.MaxPooling2D(2, padding="same")(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.Flatten()(x)
    if map_size is not None:
        start = keras.initializers.GlorotUniform(seed=seed * 100 + len(filters))
        x = layers.Dense(map_size, kernel_initializer=start, name="map")(x)
    return keras.Model(inputs, x, name="features")


def build_head(
    inputs: int, outputs: int, *, hidden: int = 128, dropout: float = 0.0, seed: int = 0
) -> keras.Sequential:
    """Builds a classifier, or a judge of domains (`outputs=1`), on flat features.

    Args:
        inputs: how many features.
        outputs: numbers per image, without softmax or sigmoid.
        hidden: units of its one hidden layer.
        dropout: share of them that is silent in training: it keeps a judge from being too sure.
        seed: of weights and dropout.
    """
    inputs, outputs = check_whole("inputs", inputs), check_whole("outputs", outputs)
    hidden = check_whole("hidden", hidden)
    check_number("dropout", dropout)
    if not 0 <= dropout < 1:
        raise ValueError(f"`dropout` must be in [0, 1). Received: dropout={dropout}")
    seed = check_whole("seed", seed, least=0, most=MOST_SEED)
    import keras
    from keras import layers

    first, last = (keras.initializers.GlorotUniform(seed=seed * 100 + 50 + i) for i in range(2))
    return keras.Sequential(
        [
            keras.Input((inputs,)),
            layers.Dense(hidden, activation="leaky_relu", kernel_initializer=first),
            *([layers.Dropout(dropout, seed=seed)] if dropout else []),
            layers.Dense(outputs, kernel_initializer=last),
        ]
    )


def use_statistics(network: keras.Model, images: np.ndarray, batch_size: int = 64) -> None:
    """Gives every batch normalisation the statistics of these images: the mean over batches.

    Weights stay as they are and no labels are needed. Up to 16 batches are drawn at random: images
    are often sorted by class.

    Args:
        network: changed in place.
        images: at least one full batch; grey ones serve a network for colours.
        batch_size: as in training, so that the statistics are of the same kind.
    """
    import numpy as np
    from keras import layers

    norms = [x for x in network.layers if isinstance(x, layers.BatchNormalization)]
    before = [norm.momentum for norm in norms]
    channels = network.input_shape[-1]
    if len(images) < batch_size:
        raise ValueError(
            f"`images` must be at least {batch_size}, one batch. Received: {len(images)}"
        )
    if not np.isfinite(images).all():
        raise ValueError("`images` must be finite numbers. Received: some that are not")
    order = np.random.default_rng(0).permutation(len(images))
    for turn in range(min(len(images) // batch_size, 16)):
        batch = images[order[turn * batch_size :][:batch_size]]
        for norm in norms:
            norm.momentum = turn / (turn + 1)  # so that all batches count alike
        network(np.broadcast_to(batch, (*batch.shape[:3], channels)), training=True)
    for norm, momentum in zip(norms, before, strict=True):
        norm.momentum = momentum
