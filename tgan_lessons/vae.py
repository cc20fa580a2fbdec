"""Variational autoencoders: a game of one player, who makes real images likely."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from tgan_lessons import transfer
from tgan_lessons.game import Game
from tgan_lessons.players import Player
from tgan_lessons.runtime import check_number

Tensor = Any
BLOCK = 500  # images that are encoded at once


def kl_to_prior(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(μ, σ²) ‖ N(0, 1)) = ½ (μ² + σ² − 1 − log σ²), for each number; in nats, at least 0.

    Args:
        mean: μ, any shape.
        log_var: log σ², of the same shape.

    Source: Kingma & Welling 2014, appendix B, https://arxiv.org/abs/1312.6114
    """
    return 0.5 * (ops.square(mean) + ops.exp(log_var) - 1.0 - log_var)


def reparameterise(mean: Tensor, log_var: Tensor, noise: Tensor) -> Tensor:
    """A draw z = μ + σ ε from N(μ, σ²): the dice ε ~ N(0, 1) lie outside, so z has a slope.

    Args:
        mean: μ, any shape.
        log_var: log σ², of the same shape.
        noise: ε, of the same shape.
    """
    return mean + ops.exp(log_var / 2) * noise


class Parts(NamedTuple):
    """What a VAE's loss is made of, for some images.

    Attributes:
        reconstruction: ½‖x − x̂‖² of each image, rebuilt from the mean of its code, shape (n,).
        kl: of each image and latent dimension, in nats, shape (n, latent_dim).
    """

    reconstruction: np.ndarray
    kl: np.ndarray


class VAE(Game):
    """A variational autoencoder: a game whose one player, "VAE", trains encoder and decoder.

    The coefficient "beta" weighs the KL and may change while it trains. Where the decoder's noise
    has variance σ² in each pixel, the negative bound is (½‖x − x̂‖² + σ² KL) / σ² + constant: β is
    the variance of the noise that you believe in.

    Args:
        encoder: images → [mean, log-variance], such as `vae_models.build_encoder` builds.
        decoder: codes (n, latent_dim) → images, such as a GAN's generator.
        beta: weight of the KL, at least 0; 1 is the evidence bound for σ = 1, in pixels that
            reach from -1 to 1.
        rate: Adam's learning rate.
        options: of `Game`: `seed`, `jit_compile`.

    Source: Kingma & Welling 2014, https://arxiv.org/abs/1312.6114; β: Higgins et al. 2017,
    https://openreview.net/forum?id=Sy2fzU9gl
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        beta: float = 1.0,
        rate: float = 2e-3,
        **options: Any,
    ) -> None:
        _check_vae(encoder, decoder, beta)
        check_number("rate", rate, above=0.0)
        player = Player("VAE", (encoder, decoder), keras.optimizers.Adam(float(rate)))
        super().__init__((player,), coefficients={"beta": beta}, **options)
        self.encoder, self.decoder = encoder, decoder
        self.latent_dim = decoder.inputs[0].shape[-1]

    def losses(self, images: Tensor) -> dict[str, Tensor]:
        """The negative evidence lower bound, a mean over the batch."""
        mean, log_var = self.encoder(images, training=True)
        noise = keras.random.normal(ops.shape(mean), seed=self.seeds)
        rebuilt = self.decoder(reparameterise(mean, log_var, noise), training=True)
        reconstruction = ops.sum(ops.square(images - rebuilt), axis=(1, 2, 3)) / 2
        kl = ops.sum(kl_to_prior(mean, log_var), axis=1)
        return {"VAE": ops.mean(reconstruction + self.coefficients["beta"] * kl)}

    def encode(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and log-variance of the code of each image, both (n, latent_dim)."""
        blocks = (images[start : start + BLOCK] for start in range(0, len(images), BLOCK))
        codes = [self.encoder(block, training=False) for block in blocks]
        mean, log_var = (np.concatenate(parts) for parts in zip(*codes, strict=True))
        return mean, log_var

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """The image of each code (n, latent_dim), in inference mode."""
        return transfer.evaluate(self.decoder, np.asarray(codes, np.float32))

    def reconstruct(self, images: np.ndarray) -> np.ndarray:
        """Each image there and back, by the mean of its code."""
        return self.decode(self.encode(images)[0])

    def draw_codes(self, images: np.ndarray, seed: int = 0) -> np.ndarray:
        """A draw from the code of each image: all together, the aggregate posterior."""
        mean, log_var = self.encode(images)
        return mean + np.exp(log_var / 2) * self.sample_noise(len(images), seed)

    def sample_noise(self, n: int, seed: int = 0) -> np.ndarray:
        """Codes (n, latent_dim) from the prior; the same seed draws the same ones."""
        rng = np.random.default_rng(seed)
        return rng.normal(size=(n, self.latent_dim)).astype(np.float32)

    def generate(self, n: int, seed: int = 0) -> np.ndarray:
        """Draws `n` images from the prior, in inference mode; a seed's images are always the same.

        Args:
            n: how many.
            seed: of the codes; nothing in the game changes.
        """
        return self.decode(self.sample_noise(n, seed))

    def measure(self, images: np.ndarray) -> Parts:
        """The two parts of the loss on given images, without any noise in the code."""
        mean, log_var = self.encode(images)
        off = (images - self.decode(mean)).reshape(len(images), -1)
        return Parts(0.5 * np.sum(off**2, axis=1), np.asarray(kl_to_prior(mean, log_var)))


def _check_vae(encoder: keras.Model, decoder: keras.Model, beta: float) -> None:
    """Raises a `ValueError` unless the two networks and β make a VAE."""
    check_number("beta", beta)
    if beta < 0:
        raise ValueError(f"`beta` must be at least 0. Received: beta={beta}")
    if not all(getattr(network, "inputs", None) for network in (encoder, decoder)):
        raise ValueError("`encoder` and `decoder` must be built: give them an Input layer")
    shapes = [tuple(output.shape[1:]) for output in encoder.outputs]
    wanted = [tuple(decoder.inputs[0].shape[1:])] * 2
    if shapes != wanted:
        raise ValueError(
            "`encoder` must have two outputs, mean and log-variance, of the shape that `decoder` "
            f"takes, {wanted[0]}. Received: {shapes}"
        )
    seen, painted = tuple(encoder.inputs[0].shape[1:]), tuple(decoder.output_shape[1:])
    if seen != painted:
        raise ValueError(
            f"`decoder` must paint what `encoder` reads, {seen}. Received: images of {painted}"
        )
