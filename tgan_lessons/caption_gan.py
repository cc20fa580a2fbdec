"""A game of images and captions, in which D also sees real images with a wrong caption.

Source: Reed et al. 2016, https://arxiv.org/abs/1605.05396; variety: Mao et al. 2019,
https://arxiv.org/abs/1903.05628
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from keras.ops import mean, softplus

from tgan_lessons import caption_models, captions
from tgan_lessons.gan import GAN
from tgan_lessons.runtime import MOST_SEED, check_number, check_whole

Tensor = Any


class CaptionGAN(GAN):
    """G paints what a caption says; D tells true pairs of image and caption from false ones.

    It is fed `caption_data.Pairs.feed()`: (images, captions, wrong captions). Of each batch, G gets
    the first half of the captions, each with two noise vectors.

    Args:
        generator: noise and captions → images.
        discriminator: images and captions → scores.
        mismatch: the weight m of real images with a wrong caption; fakes have 1 - m. It is the
            coefficient "mismatch"; where it begins at 0, they are left out for good.
        variety: the weight of `sameness` in G's loss, the coefficient "variety".
        options: of `GAN`.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        mismatch: float = 0.5,
        variety: float = 0.0,
        **options: Any,
    ) -> None:
        check_number("variety", variety)
        check_number("mismatch", mismatch)
        if not 0 <= mismatch < 1:
            raise ValueError(f"`mismatch` must be in [0, 1). Received: mismatch={mismatch}")
        super().__init__(generator, discriminator, **options)
        new = {"variety": variety} | ({"mismatch": mismatch} if mismatch else {})
        weights = {k: keras.Variable(v, trainable=False, name=k) for k, v in new.items()}
        self.coefficients = {**self.coefficients, **weights}

    def feed(self, data: Any, *, batch_size: int = 32) -> None:
        """See `Game.feed`; the batch must be even, as each caption is painted twice."""
        if batch_size % 2:
            raise ValueError(f"`batch_size` must be even. Received: batch_size={batch_size}")
        super().feed(data, batch_size=batch_size)

    def losses(self, batch: tuple[Tensor, Tensor, Tensor]) -> dict[str, Tensor]:
        """See `Game.losses`. D: true pairs up, fakes down, real images with lies down. G: up."""
        real, said, lie = batch
        asked = ops.tile(said[: ops.shape(said)[0] // 2], (2, 1))
        noise = self.noise(ops.shape(asked)[0])
        fake = self.generator([noise, asked], training=True)
        true, painted, wrong = self._judge((real, said), (fake, asked), (real, lie))
        m = self.coefficients.get("mismatch", 0.0)
        loss_d = mean(softplus(-true)) + (1 - m) * mean(softplus(painted))
        loss_d += m * mean(softplus(wrong))
        loss_g = mean(softplus(-painted))
        loss_g += self.coefficients["variety"] * sameness(fake, noise)
        return {"discriminator": loss_d, "generator": loss_g}

    def _judge(self, *pairs: tuple[Tensor, Tensor]) -> list[Tensor]:
        """D's scores of several batches of pairs, in one pass; 0 for the lies that do not count."""
        if "mismatch" not in self.coefficients:
            *pairs, _ = pairs
        images, texts = (ops.concatenate(part) for part in zip(*pairs, strict=True))
        scores = ops.split(self.discriminator([images, texts], training=True), len(pairs))
        return [*scores, *[ops.zeros_like(scores[0])] * (3 - len(pairs))]

    def draw(self, texts: Sequence[str], seed: int = 0) -> np.ndarray:
        """Paints an image for each caption; the same seed, the same noise.

        Raises:
            captions.CaptionError: a text that is no caption.
        """
        return self.generate(len(texts), captions.encode(texts), seed=seed)


def sameness(images: Tensor, noise: Tensor) -> Tensor:
    """How little two drawings of the same caption differ, for how much their noise does.

    The mean of |z - z'| / (|G(z) - G(z')| + 0.01), each averaged over its numbers.

    Args:
        images: shape (2·n, h, w, 1); the captions of both halves are the same.
        noise: of each, shape (2·n, latent_dim).
    """
    (one, other), (z, z_other) = (ops.split(part, 2) for part in (images, noise))
    apart = mean(ops.abs(one - other), axis=(1, 2, 3))
    return mean(mean(ops.abs(z - z_other), axis=1) / (apart + 0.01))


def build_game(*, mismatch: float = 0.5, rate: float = 2e-3, seed: int = 0) -> CaptionGAN:
    """The caption game with the networks and rates of the lesson.

    Args:
        mismatch: see `CaptionGAN`.
        rate: of both players.
        seed: of weights, noise and batches.
    """
    check_number("rate", rate, above=0.0)
    seed = check_whole("seed", seed, least=0, most=MOST_SEED)
    return CaptionGAN(
        caption_models.build_generator(seed=seed),
        caption_models.build_discriminator(seed=seed),
        mismatch=mismatch,
        simultaneous=True,
        rates=(rate, rate),
        beta_1=0.0,
        seed=seed,
    )
