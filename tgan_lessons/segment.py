"""From one label to a map: a classifier becomes fully convolutional, then learns to segment.

Source: Long, Shelhamer, Darrell 2015, https://arxiv.org/abs/1411.4038
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons.runtime import check_number
from tgan_lessons.scenes import CLASSES, DIGIT, Scenes
from tgan_lessons.transfer import batches

if TYPE_CHECKING:
    import keras

STRIDE = 4  # pixels between two windows of `build_reader`: it halves the image twice
PAD = (DIGIT - STRIDE) // 2  # black around a scene: each 4×4 pixels are the centre of one window
BATCH_SIZE = 4  # scenes


def build_reader(
    filters: Sequence[int] = (16, 32), hidden: int = 64, *, augment: bool = False, seed: int = 0
) -> keras.Sequential:
    """Builds a classifier of digits, 28×28 → 10 logits, that can be made fully convolutional.

    Its convolutions do not pad: what it says of an image depends on nothing but these 28×28
    pixels, wherever they lie in a larger one.

    Args:
        filters: channels of two blocks of convolution, pooling, normalisation, ReLU.
        hidden: units of the dense layer behind them.
        augment: whether training images are turned, moved and scaled at random first.
        seed: of the initial weights.
    """
    if len(filters) != 2:
        raise ValueError(f"`filters` must be two numbers. Received: filters={tuple(filters)}")
    import keras
    from keras import layers

    from tgan_lessons.models import build_augmenter

    def start(block: int) -> keras.initializers.Initializer:
        return keras.initializers.HeNormal(seed=seed * 100 + block)

    def finish(name: str) -> list[keras.Layer]:
        return [layers.BatchNormalization(momentum=0.9, name=f"{name}_norm"), layers.ReLU()]

    parts = [keras.Input((DIGIT, DIGIT, 1)), *([build_augmenter(seed=seed)] if augment else [])]
    for block, channels in enumerate(filters, start=1):
        name, kernel = f"block{block}", start(block)
        parts += [
            layers.Conv2D(channels, 3, kernel_initializer=kernel, name=f"{name}_conv"),
            layers.MaxPooling2D(2),
            *finish(name),
        ]
    dense = layers.Dense(hidden, kernel_initializer=start(3), name="block3_dense")
    parts += [layers.Flatten(), dense, *finish("block3")]
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
        new = _as_convolution(layer, window) if is_dense else type(layer).from_config(
            layer.get_config()
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


def build_segmenter(reader: keras.Model, *, skip: bool = True) -> keras.Model:
    """Builds the network that gives each pixel a class: FCN on top of a reader.

    The reader's last layer gets an eleventh output, *background*, which begins at zero. Its coarse
    map, one place for 4×4 pixels, is enlarged bilinearly. With `skip`, scores that a 1×1
    convolution computes from the first layer, at full resolution, are added; they begin at zero
    too, so that a new segmenter says what the reader says.

    Args:
        reader: from `build_reader`, trained or new; its weights are copied.
        skip: whether the first layer may correct the enlarged map.

    Returns:
        A model from (n, side, side, 1), side a multiple of 4, to (n, side, side, 11) logits.
    """
    import keras
    from keras import layers, ops

    network = convolutionalise(reader)
    fine = network.get_layer("block1_conv")
    scenes = keras.Input((None, None, 1), name="scenes")
    border = ((0, 0), (PAD, PAD), (PAD, PAD), (0, 0))
    trunk = keras.Model(network.input, [fine.output, network.layers[-2].output], name="trunk")
    edges, features = trunk(ops.pad(scenes, border, constant_values=-1.0))
    scores = layers.Conv2D(CLASSES, 1, name="head")(features)
    maps = layers.UpSampling2D(STRIDE, interpolation="bilinear")(scores)
    if skip:
        edges = layers.Cropping2D(PAD - 1)(edges)  # the convolution took one pixel of the border
        maps = maps + layers.Conv2D(CLASSES, 1, kernel_initializer="zeros", name="skip")(edges)
    model = keras.Model(scenes, maps, name="segmenter")
    kernel, bias = reader.get_layer("head").get_weights()
    head = as_kernel(np.pad(kernel, ((0, 0), (0, 1))), (1, 1)), np.pad(bias, (0, 1))
    model.get_layer("head").set_weights(head)
    return model


class Segmenter:
    """A segmentation network that can be started anew many times without being traced again.

    Args:
        reader: what it starts from, see `start`.
        skip: as in `build_segmenter`.
        learning_rate: of Adam.

    Attributes:
        model: the compiled network.
    """

    def __init__(
        self, reader: keras.Model, *, skip: bool = True, learning_rate: float = 1e-3
    ) -> None:
        check_number("learning_rate", learning_rate, above=0.0)
        import keras

        self.skip = skip
        self.model = build_segmenter(reader, skip=skip)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.model.compile(keras.optimizers.Adam(learning_rate), loss)
        self.model.optimizer.build(self.model.trainable_variables)

    def start(self, reader: keras.Model) -> None:
        """Forgets everything learned: the reader's weights, no moments. A new reader: scratch."""
        self.model.set_weights(build_segmenter(reader, skip=self.skip).get_weights())
        optimizer = self.model.optimizer
        for variable in optimizer.variables:
            if variable is not optimizer.learning_rate:
                variable.assign(np.zeros(variable.shape))

    def train(self, scenes: Scenes, *, steps: int, seed: int) -> None:
        """Learns from labelled scenes: cross-entropy, the mean over all pixels."""
        check_number("steps", steps, above=0)
        shown = batches(scenes.x, scenes.y, steps=steps, seed=seed, batch_size=BATCH_SIZE)
        self.model.fit(shown, shuffle=False, verbose=0)

    def find(self, x: np.ndarray) -> np.ndarray:
        """The class of each pixel of scenes (n, side, side, 1), int32 (n, side, side)."""
        starts = range(0, len(x), 25)
        maps = [self.model(x[i : i + 25], training=False).numpy().argmax(-1) for i in starts]
        return np.concatenate(maps).astype(np.int32)
