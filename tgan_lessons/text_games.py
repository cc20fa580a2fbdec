"""Games of sentences: likelihood, which needs no opponent, and two ways to a GAN of words."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tgan_lessons.game import Game
from tgan_lessons.gan import GAN
from tgan_lessons.grammar import WORDS
from tgan_lessons.players import Player
from tgan_lessons.writers import Writer, build_reader, build_sentence_generator

Tensor = Any


class Likelihood(Game):
    """A game of one player: a writer makes real sentences likely.

    Args:
        writer: player "generator".
        rate: Adam's learning rate.
        options: of `Game`: `seed`, `jit_compile`.
    """

    def __init__(self, writer: Writer, *, rate: float = 5e-3, **options: Any) -> None:
        super().__init__(
            (Player("generator", writer, keras.optimizers.Adam(float(rate))),), **options
        )
        self.writer = writer

    def losses(self, real: Tensor) -> dict[str, Tensor]:
        """The mean of -log p(sentence)."""
        return {"generator": -ops.mean(self.writer.log_likelihood(real))}


def gumbel_gan(
    *,
    temperature: float = 0.5,
    rates: tuple[float, float] = (1e-3, 1e-3),
    moves: tuple[int, int] = (2, 1),
    seed: int = 0,
) -> GAN:
    """Builds a Wasserstein game whose generator writes nearly drawn words, with a gradient.

    It is fed one-hot sentences (n, 8, words).

    Args:
        temperature: τ of the generator's last layer.
        rates: Adam's learning rates of (discriminator, generator).
        moves: of (discriminator, generator) in a round.
        seed: of weights, noise and batches.

    Source: Kusner & Hernández-Lobato 2016, https://arxiv.org/abs/1611.04051; the loss: Gulrajani
    et al. 2017, https://arxiv.org/abs/1704.00028
    """
    generator = build_sentence_generator(temperature=temperature, seed=seed)
    rules = {"penalty": "gradient", "penalty_weight": 10.0, "rates": rates, "moves": moves}
    return GAN(generator, build_reader(seed=seed), "wasserstein", seed=seed, **rules)


class ReinforceGAN(Game):
    """A writer draws sentences; D tells them from real ones, and its score is the reward.

    No gradient passes a drawn word. So G follows E[(r - b) ∇ log p(sentence)]: sentences with a
    reward above the average b of their batch become likelier.

    Args:
        writer: player "generator".
        reader: one-hot sentences (n, 8, words) → scores (n, 1); player "discriminator".
        rates: Adam's learning rates of (discriminator, generator).
        baseline: whether the mean reward of the batch is subtracted.
        options: of `Game`: `seed`, `jit_compile`.

    Source: Williams 1992, https://doi.org/10.1007/BF00992696; for sentences: Yu et al. 2017
    (SeqGAN), https://arxiv.org/abs/1609.05473
    """

    def __init__(
        self,
        writer: Writer,
        reader: keras.Model,
        *,
        rates: tuple[float, float] = (1e-3, 1e-3),
        baseline: bool = True,
        **options: Any,
    ) -> None:
        optimizers = [keras.optimizers.Adam(float(rate), beta_1=0.5) for rate in rates]
        players = (
            Player("discriminator", reader, optimizers[0]),
            Player("generator", writer, optimizers[1]),
        )
        super().__init__(players, **options)
        self.writer, self.reader, self.baseline = writer, reader, baseline

    def losses(self, real: Tensor) -> dict[str, Tensor]:
        """D's cross-entropy, and a loss whose gradient is that of REINFORCE."""
        drawn = self.writer.write(ops.shape(real)[0], self.seeds)
        scores = [
            self.reader(ops.one_hot(part, len(WORDS)), training=True) for part in (real, drawn)
        ]
        loss_d = ops.mean(ops.softplus(-scores[0])) + ops.mean(ops.softplus(scores[1]))
        reward = ops.stop_gradient(ops.sigmoid(scores[1][:, 0]))
        average = ops.mean(reward) if self.baseline else 0.0
        return {
            "discriminator": loss_d,
            "generator": -ops.mean((reward - average) * self.writer.log_likelihood(drawn)),
        }
