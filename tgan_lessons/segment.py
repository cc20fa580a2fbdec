"""From one label to a map: a classifier of digits becomes fully convolutional.

Source: Long, Shelhamer, Darrell 2015, https://arxiv.org/abs/1411.4038
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons.runtime import MOST_SEED, check_whole
from tgan_lessons.scenes import DIGIT

if TYPE_CHECKING:
    import keras

STRIDE = 4  # pixels between two windows of `build_reader`: it halves the image twice
PAD = (DIGIT - STRIDE) // 2  # black around a scene: each 4×4 pixels are the centre of one window


def build_reader(
    filters: Sequence[int] = (16, 32), hidden: int = 64, *, augment: bool = False, seed: int = 0
) -> keras.Sequential:
    """Builds a classifier of digits, 28×28 → 10 logits, that can be made fully convolutional.

    Its convolutions do not pad: what it says of an image depends on nothing but these 28×28
    pixels, wherever they lie in a larger one.

    Args:
        filters: channels of two blocks of convolution, pooling, normalisation, ReLU.
        hidden: units of the dense layer behind them.
        augment: whether training images are turned, scaled and moved at random first, by up to
            ten pixels: a window of a scene is rarely centred on a digit.
        seed: of the initial weights.
    """
    filters = check_whole("filters", filters, several=True)
    if len(filters) != 2:
        raise ValueError(f"`filters` must be two numbers. Received: filters={filters}")
    hidden = check_whole("hidden", hidden)
    seed = check_whole("seed", seed, least=0, most=MOST_SEED)
    import keras
    from keras import layers

    from tgan_lessons.models import build_augmenter

    def start(block: int) -> keras.initializers.Initializer:
        return keras.initializers.HeNormal(seed=seed * 100 + block)

    def finish(name: str) -> list[keras.Layer]:
        return [
            layers.BatchNormalization(momentum=0.9, name=f"{name}_norm"),
            layers.ReLU(name=f"{name}_relu"),
        ]

    parts = [keras.Input((DIGIT, DIGIT, 1))]
    parts += [build_augmenter(shift=0.35, zoom=0.15, seed=seed)] if augment else []
    for block, channels in enumerate(filters, start=1):
        name, kernel = f"block{block}", start(block)
        parts += [
            layers.Conv2D(channels, 3, kernel_initializer=kernel, name=f"{name}_conv"),
            layers.MaxPooling2D(2),
            *finish(name),
        ]
    dense = layers.Dense(hidden, kernel_initializer=start(3), name="block3_dense")
    parts += [layers.Flatten(name="flatten"), dense, *finish("block3")]
    return keras.Sequential([*parts, layers.Dense(10, kernel_initializer=start(4), name="head")])


def as_kernel(weights: np.ndarray, window: tuple[int, int]) -> np.ndarray:
    """A dense layer's weights (height · width · channels, units) as a convolution's kernel.

    Each row of the matrix belongs to one place of the window and one channel. Flattening counts
    through rows, columns, channels, in this order; so reshaping is all there is to do.

    Args:
        weights: the dense layer's matrix.
        window: (height, width) of what was flattened; (1, 1) behind another dense layer.

    Returns:
        Shape (height, width, channels, units).
    """
    places = window[0] * window[1]
    if len(weights) % places:
        raise ValueError(
            f"`window` must divide the {len(weights)} rows of `weights`. Received: window={window}"
        )
    return weights.reshape(*window, -1, weights.shape[1])


def convolutionalise(classifier: keras.Model) -> keras.Model:
    """Turns a classifier into a network for images of any size: dense layers become convolutions.

    All weights are copied. On an image of the classifier's size the output is the classifier's,
    as a map of 1×1; on a larger one each place of the map is one window. Where the classifier's
    convolutions do not pad, it says of each window exactly what the classifier says.

    Args:
        classifier: layers in a row, also nested; `Flatten` where the dense layers begin.

    Returns:
        A model from (n, height, width, channels) to (n, rows, columns, classes).

    Raises:
        ValueError: for a classifier whose layers are not in a row.
    """
    import keras

    leaves, window = list(_leaves(classifier)), (1, 1)
    outputs = inputs = keras.Input((None, None, classifier.input_shape[-1]))
    for layer in leaves:
        if isinstance(layer, keras.layers.Flatten):
            window = tuple(layer.input.shape[1:3])
            continue
        is_dense, weights = isinstance(layer, keras.layers.Dense), layer.get_weights()
        new = (
            _as_convolution(layer, window)
            if is_dense
            else type(layer).from_config(layer.get_config())
        )
        outputs = new(outputs)
        new.set_weights([as_kernel(weights[0], window), *weights[1:]] if is_dense else weights)
        window = (1, 1) if is_dense else window
    return keras.Model(inputs, outputs, name="fully_convolutional")


def _as_convolution(dense: keras.layers.Dense, window: tuple[int, int]) -> keras.layers.Conv2D:
    import keras

    return keras.layers.Conv2D(
        dense.units, window, activation=dense.activation, use_bias=dense.use_bias, name=dense.name
    )


def _leaves(model: keras.Model) -> Iterator[keras.Layer]:
    """The layers of a model in order, those of nested models too, without augmentation."""
    import keras

    for layer in model.layers:
        if isinstance(layer, keras.Model):
            if layer.name != "augmenter":
                yield from _leaves(layer)
        elif not isinstance(layer, keras.layers.InputLayer):
            inbound = [node.input_tensors for node in layer._inbound_nodes]
            if inbound and len(inbound[-1]) > 1:
                raise ValueError(
                    "`classifier` must have its layers in a row. Received: a layer with "
                    f"{len(inbound[-1])} inputs, {layer.name!r}"
                )
            yield layer


def cut_windows(scene: np.ndarray, size: int = DIGIT, stride: int = STRIDE) -> np.ndarray:
    """All windows of a scene, one beside the other: what a sliding classifier is shown.

    Args:
        scene: shape (height, width, channels).
        size: pixels of a window.
        stride: pixels from one window to the next.

    Returns:
        Shape (rows, columns, size, size, channels).
    """
    views = np.lib.stride_tricks.sliding_window_view(scene, (size, size), axis=(0, 1))
    return np.moveaxis(views[::stride, ::stride], 2, -1)


def pad(scenes: np.ndarray, width: int = PAD) -> np.ndarray:
    """Black around scenes (n, height, width, channels), so that windows reach over the edge."""
    sides = ((0, 0), (width, width), (width, width), (0, 0))
    return np.pad(scenes, sides, constant_values=-1)
