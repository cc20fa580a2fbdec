"""The ward of the failure clinic: a small GAN that can be ill in one place, and be treated there.

The engine (`game`) makes most of these mistakes impossible, which is why they need a loop of their
own here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from tgan_lessons.clinic_rules import Rules, d_loss, g_loss, penalty
from tgan_lessons.pieces import held_back
from tgan_lessons.rounds import repeat

Tensor = Any
D_LOGS = ("d_loss", "d_gradient", "d_by_d")
LOGS = (*D_LOGS, "g_loss", "g_gradient", "d_by_g", "g_by_g")


class Patient:
    """A GAN that is trained under `rules`, round by round: D's turn, then G's.

    Args:
        generator: noise (n, 2) → samples.
        discriminator: samples → (n, 1).
        data: real samples (n, ...).
        rules: how it is trained.
        batch_size: of a turn.
        rates: learning rates of (D, G), for Adam.
        beta_1: Adam's, of both.
        d_moves: how often D moves in a round.
        g_optimizer: of G, in place of Adam.
        seed: of noise and batches.

    Attributes:
        history: a dictionary for each call of `advance`: `round`, and for its last round the
            losses, the gradients' norms, and how far weights went: `d_by_d` is how far D's went in
            D's turn, `d_by_g` in G's.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        data: np.ndarray,
        rules: Rules | None = None,
        *,
        batch_size: int = 128,
        rates: tuple[float, float] = (1e-3, 1e-3),
        beta_1: float = 0.5,
        d_moves: int = 1,
        g_optimizer: keras.optimizers.Optimizer | None = None,
        seed: int = 0,
    ) -> None:
        self.generator, self.discriminator = generator, discriminator
        self.data, self.batch_size, self.d_moves = tf.constant(data), batch_size, d_moves
        self.latent_dim = generator.inputs[0].shape[-1]
        self.seeds = keras.random.SeedGenerator(seed)
        d_adam, g_adam = (keras.optimizers.Adam(rate, beta_1=beta_1) for rate in rates)
        self.optimizers = (d_adam, g_optimizer or g_adam)
        d, g = discriminator.trainable_variables, generator.trainable_variables
        self._own = {"d": d, "g": g}
        self.optimizers[0].build(d)
        self.optimizers[1].build([*g, *d])  # of the stack: both networks
        self.round, self.history = 0, []
        self.treat(**(rules or Rules()).__dict__)

    def treat(self, **fields: str) -> None:
        """Changes rules; weights and moments stay. The next round is traced anew."""
        self.rules = replace(getattr(self, "rules", Rules()), **fields)
        self.discriminator.trainable = self.rules.freeze == "never"
        self._advance: Any = None

    def prepare(self) -> None:
        """Traces the rounds under the present rules, once: here `trainable` is read."""
        if self._advance is None:
            whole = [tf.TensorSpec([], tf.int32)]
            loop = tf.function(self._loop, input_signature=whole, autograph=False)
            with held_back():
                self._advance = loop.get_concrete_function()

    def advance(self, rounds: int) -> dict[str, float]:
        """Plays rounds and notes the last one."""
        self.prepare()
        logs = self._advance(tf.constant(rounds))
        self.round += rounds
        told = {name: float(value) for name, value in logs.items()}
        self.history.append({"round": self.round, **told})
        return told

    def run(self, rounds: int, notes: int = 40) -> Patient:
        """Plays rounds and notes about so many of them; returns itself."""
        part = max(1, rounds // notes)
        for done in range(0, rounds, part):
            self.advance(min(part, rounds - done))
        return self

    def recorded(self, name: str) -> list[float]:
        """One number over the run."""
        return [entry[name] for entry in self.history]

    def sample(self, n: int, seed: int = 0, training: bool = False) -> np.ndarray:
        """Fakes (n, ...); the same seed, the same noise."""
        noise = np.random.default_rng(seed).normal(size=(n, self.latent_dim)).astype(np.float32)
        with keras.StatelessScope():  # a look must not change the moving averages
            return ops.convert_to_numpy(self._paint(noise, training))

    # One round

    def _loop(self, rounds: Tensor) -> dict[str, Tensor]:
        def one(goes_on: Tensor) -> tuple[dict[str, Tensor], Tensor]:
            return self._d_turn(), goes_on

        def both(goes_on: Tensor) -> tuple[dict[str, Tensor], Tensor]:
            if self.d_moves == 1:
                seen = self._d_turn()
            else:
                seen, _ = repeat(tf.constant(self.d_moves), one, D_LOGS, goes_on)
            return {**seen, **self._g_turn()}, goes_on

        return repeat(rounds, both, LOGS, tf.constant(True))[0]

    def _noise(self) -> Tensor:
        return keras.random.normal((self.batch_size, self.latent_dim), seed=self.seeds)

    def _d_turn(self) -> dict[str, Tensor]:
        index = keras.random.randint((self.batch_size,), 0, len(self.data), seed=self.seeds)
        real = tf.gather(self.data, index)
        fake = self._paint(self._noise(), self.rules.fakes_for_d == "training")
        with tf.GradientTape() as tape:
            scores = self._judge(real, fake)
            loss = d_loss(self.rules.d_loss, *scores)
            if self.rules.d_loss == "critic":
                critic = self._score
                loss += penalty(critic, real, fake, self.rules, self.seeds)
        mine = self.discriminator.trainable_variables  # empty where it was frozen
        norm, moved = self._step(0, tape, loss, mine)
        return {"d_loss": loss, "d_gradient": norm, "d_by_d": moved["d"]}

    def _g_turn(self) -> dict[str, Tensor]:
        with tf.GradientTape() as tape:
            fake = self._paint(self._noise(), True)
            loss = g_loss(self.rules.g_loss, self._score(fake))
        mine = self._own["g"] + (self._own["d"] if self.rules.g_trains == "all" else [])
        norm, moved = self._step(1, tape, loss, mine)
        return {"g_loss": loss, "g_gradient": norm, "d_by_g": moved["d"], "g_by_g": moved["g"]}

    def _paint(self, noise: Tensor, training: bool) -> Tensor:
        fake = self.generator(noise, training=training)
        return ops.tanh(fake) if self.rules.outputs == "tanh" else fake

    def _score(self, samples: Tensor) -> Tensor:
        return self.discriminator(samples, training=True)

    def _judge(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        if self.rules.batch == "apart":
            return self._score(real), self._score(fake)
        return tuple(tf.split(self._score(tf.concat([real, fake], axis=0)), 2))

    def _step(
        self, which: int, tape: Any, loss: Tensor, mine: list[Any]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """A step along the gradient; its norm, and how far D's and G's weights went."""
        before = {k: [tf.identity(v.value) for v in vs] for k, vs in self._own.items()}
        norm = tf.constant(0.0)
        if mine:
            gradients = tape.gradient(loss, mine)
            norm = tf.linalg.global_norm(gradients)
            self.optimizers[which].apply(gradients, mine)
        far = {}
        for key, olds in before.items():
            pairs = zip(self._own[key], olds, strict=True)
            far[key] = tf.linalg.global_norm([new.value - old for new, old in pairs])
        return norm, far
