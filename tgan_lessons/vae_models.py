"""The encoder of a variational autoencoder: a discriminator's body with another last layer."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from tgan_lessons.gan_models import build_discriminator
from tgan_lessons.runtime import MOST_SEED, check_whole


def build_encoder(
    latent_dim: int = 16,
    filters: Sequence[int] = (16, 32),
    *,
    image_shape: tuple[int, int, int] = (28, 28, 1),
    seed: int = 0,
) -> keras.Model:
    """Builds an encoder: images (n, *image_shape) → mean and log-variance, both (n, latent_dim).

    All but the last layer is what `gan_models.build_discriminator` builds, with the same first
    weights; the score gives way to two numbers for each latent dimension. The decoder that
    belongs to it is `gan_models.build_generator`, as it is.

    Args:
        latent_dim: length of a code, at least 1.
        filters: channels after each halving by a convolution of stride 2.
        image_shape: (height, width, channels); the sides divisible by 2 once for each entry.
        seed: of the initial weights.

    Returns:
        A model with two outputs, `mean` and `log_var`. The variance is that of a normal
        distribution around the mean, one for each dimension.

    Source: Kingma & Welling 2014, https://arxiv.org/abs/1312.6114
    """
    latent_dim = check_whole("latent_dim", latent_dim)
    seed = check_whole("seed", seed, least=0, most=MOST_SEED)
    body = build_discriminator(filters, image_shape=image_shape, seed=seed)
    features = body.get_layer("features").output

    def head(name: str, index: int) -> keras.KerasTensor:
        start = keras.initializers.GlorotUniform(seed=(seed + 2000) * 100 + index)
        return keras.layers.Dense(latent_dim, kernel_initializer=start, name=name)(features)

    return keras.Model(body.inputs[0], [head("mean", 0), head("log_var", 1)], name="encoder")
