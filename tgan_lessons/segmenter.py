"""A network that gives each pixel of a scene a class, and how it learns from labelled scenes.

Source: Long, Shelhamer, Darrell 2015, https://arxiv.org/abs/1411.4038
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons.models import check_model
from tgan_lessons.runtime import check_number
from tgan_lessons.scenes import CLASSES, Scenes
from tgan_lessons.segment import PAD, STRIDE, as_kernel, convolutionalise

if TYPE_CHECKING:
    import keras

BATCH_SIZE = 4  # scenes
AT_ONCE = 20  # scenes in a forward pass
Networks = tuple["keras.Model", "keras.Model", "keras.Model"]


def build_segmenter(reader: keras.Model, *, skip: bool = True) -> Networks:
    """Builds an FCN on a reader: `trunk` looks, `top` decides, and `model` is both, end to end.

    The reader's last layer gets an eleventh output, *background*, which begins at zero. Its coarse
    map, one place for 4×4 pixels, is enlarged bilinearly. With `skip`, the scores that a 1×1
    convolution computes from the first layer, at full resolution, are added; they begin at zero
    too. So a new segmenter says of each digit what the reader says.

    Args:
        reader: from `segment.build_reader`, trained or new; its weights are copied.
        skip: whether the first layer may correct the enlarged map.

    Returns:
        `trunk`: scenes (n, side, side, 1), side a multiple of 4, to two maps of features, fine
        (n, side, side, …) and coarse (n, side/4, side/4, …); `top`: these two to logits
        (n, side, side, 11); `model`: scenes to logits.
    """
    check_model("reader", reader)
    import keras
    from keras import layers, ops

    network = convolutionalise(reader)
    fine, coarse = network.get_layer("block1_conv").output, network.layers[-2].output
    look = keras.Model(network.input, [fine, coarse], name="look")
    scenes = keras.Input((None, None, 1), name="scenes")
    border = ((0, 0), (PAD, PAD), (PAD, PAD), (0, 0))
    fine, coarse = look(ops.pad(scenes, border, constant_values=-1.0))
    fine = layers.Cropping2D(PAD - 1)(fine)  # the convolution took one pixel of the border
    trunk = keras.Model(scenes, [fine, coarse], name="trunk")

    inputs = [keras.Input((None, None, part.shape[-1])) for part in (fine, coarse)]
    scores = layers.Conv2D(CLASSES, 1, name="head")(inputs[1])
    scores = layers.UpSampling2D(STRIDE, interpolation="bilinear")(scores)
    if skip:
        correction = layers.Conv2D(CLASSES, 1, kernel_initializer="zeros", name="skip")
        scores = scores + correction(inputs[0])
    else:  # Keras 3.13 refuses an input that nothing uses
        scores = scores + 0.0 * inputs[0][..., :1]
    top = keras.Model(inputs, scores, name="top")
    kernel, bias = reader.get_layer("head").get_weights()
    kernel = as_kernel(np.pad(kernel, ((0, 0), (0, 1))), (1, 1))
    top.get_layer("head").set_weights([kernel, np.pad(bias, (0, 1))])
    return trunk, top, keras.Model(scenes, top([fine, coarse]), name="segmenter")


class Segmenter:
    """A segmentation network that can be started anew many times without being traced again.

    Args:
        reader: what it starts from, see `start`.
        skip: as in `build_segmenter`.

    Attributes:
        trunk, top, model: of `build_segmenter`; `top` and `model` are compiled.
    """

    def __init__(self, reader: keras.Model, *, skip: bool = True) -> None:
        import keras

        self.skip = skip
        self.trunk, self.top, self.model = build_segmenter(reader, skip=skip)
        for network in (self.top, self.model):
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            network.compile(keras.optimizers.Adam(), loss)
            network.optimizer.build(network.trainable_variables)

    def start(self, reader: keras.Model) -> None:
        """Forgets everything learned and takes a reader's weights; a new reader means scratch."""
        *_, fresh = build_segmenter(reader, skip=self.skip)
        self.model.set_weights(fresh.get_weights())
        for optimizer in (self.top.optimizer, self.model.optimizer):
            for variable in optimizer.variables:
                if variable is not optimizer.learning_rate:
                    variable.assign(np.zeros(variable.shape))

    def train(
        self, scenes: Scenes, *, steps: int, rate: float, seed: int = 0, frozen: bool = False
    ) -> float:
        """Learns from labelled scenes; the loss is cross-entropy, the mean over all pixels.

        Args:
            scenes: what to learn from.
            steps: batches of 4 scenes; of fewer, some come twice.
            rate: Adam's learning rate.
            seed: of the batches.
            frozen: whether the trunk stays as it is; then its features are computed once.

        Returns:
            The loss of the last batch.

        Raises:
            FloatingPointError: the loss is not finite any more.
        """
        check_number("steps", steps, above=0)
        check_number("rate", rate, above=0.0)
        if not len(scenes) or not np.isfinite(scenes.x).all():
            raise ValueError("`scenes` must hold finite images, at least one. Received: others")
        network = self.top if frozen else self.model
        network.optimizer.learning_rate = rate
        rng, few = np.random.default_rng(seed), len(scenes) < BATCH_SIZE
        drawn = [rng.choice(len(scenes), BATCH_SIZE, replace=few) for _ in range(steps)]
        used, places = np.unique(drawn, return_inverse=True)
        x, y = self.look(scenes.x[used]) if frozen else [scenes.x[used]], scenes.y[used]
        for chosen in places.reshape(steps, BATCH_SIZE):
            inputs = [part[chosen] for part in x]
            loss = network.train_on_batch(inputs if frozen else inputs[0], y[chosen])
        if not np.isfinite(loss):
            raise FloatingPointError("the weights left the numbers. Lower the rate and start anew.")
        return float(loss)

    def look(self, x: np.ndarray) -> list[np.ndarray]:
        """The trunk's features of scenes, fine and coarse."""
        parts = [self.trunk(x[i : i + AT_ONCE], training=False) for i in range(0, len(x), AT_ONCE)]
        return [np.concatenate(maps) for maps in zip(*parts, strict=True)]

    def find(self, x: np.ndarray) -> np.ndarray:
        """The class of each pixel of scenes (n, side, side, 1): int32, shape (n, side, side)."""
        starts = range(0, len(x), AT_ONCE)
        logits = [self.model(x[i : i + AT_ONCE], training=False).numpy() for i in starts]
        return np.concatenate([part.argmax(axis=-1) for part in logits]).astype(np.int32)
