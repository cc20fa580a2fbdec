"""Which code makes this image? For a generator without an encoder: gradient descent on the code.

Source: Zhu et al. 2016, https://arxiv.org/abs/1609.03552; Creswell & Bharath 2018,
https://arxiv.org/abs/1611.05644
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tgan_lessons.runtime import check_number

if TYPE_CHECKING:
    import keras

Tensor = Any


class Inversion(NamedTuple):
    """What gradient descent found for each image: the best of its starts.

    Attributes:
        codes: shape (n, latent_dim).
        images: what the generator makes of them, (n, ...).
        errors: ½‖x − G(z)‖² of each image after each step, the best start of that step, shape
            (steps + 1, n).
    """

    codes: np.ndarray
    images: np.ndarray
    errors: np.ndarray


def invert(
    generator: keras.Model,
    images: np.ndarray,
    *,
    steps: int = 200,
    starts: int = 8,
    rate: float = 0.1,
    seed: int = 0,
) -> Inversion:
    """Looks for the code of each image: Adam on ½‖x − G(z)‖², from several random starts.

    Args:
        generator: codes (n, latent_dim) → images; its weights stay as they are.
        images: to find, shape (n, ...).
        steps: of gradient descent, all images and starts at once.
        starts: per image, drawn from the prior; the one that ends nearest counts.
        rate: Adam's learning rate, in units of the code.
        seed: of the starts.
    """
    import keras
    import tensorflow as tf

    if images.shape[1:] != tuple(generator.output_shape[1:]):
        raise ValueError(
            f"`images` must be of the generator's shape, (n, {generator.output_shape[1:]}). "
            f"Received: {images.shape}"
        )
    if not len(images) or not np.isfinite(images).all():
        raise ValueError("`images` must be finite, at least one. Received: others, or none")
    for name, value in (("steps", steps), ("starts", starts), ("rate", rate)):
        check_number(name, value, above=0)
    count, latent_dim = len(images), generator.inputs[0].shape[-1]
    first = np.random.default_rng(seed).normal(size=(count * starts, latent_dim))
    z = tf.Variable(first.astype(np.float32))
    targets = tf.constant(np.repeat(images, starts, axis=0))
    adam = keras.optimizers.Adam(float(rate))
    adam.build([z])

    @tf.function(autograph=False)
    def step() -> Tensor:
        with tf.GradientTape() as tape:
            off = tf.square(targets - generator(z, training=False))
            errors = tf.reduce_sum(off, axis=range(1, len(off.shape))) / 2
        adam.apply(tape.gradient(errors, [z]), [z])
        return errors

    followed = [step().numpy() for _ in range(steps)]
    painted = generator(z, training=False).numpy()
    last = 0.5 * np.sum((targets.numpy() - painted).reshape(len(painted), -1) ** 2, axis=1)
    errors = np.array([*followed, last]).reshape(steps + 1, count, starts)
    best = errors[-1].argmin(axis=1) + starts * np.arange(count)
    return Inversion(z.numpy()[best], painted[best], errors.min(axis=2))
