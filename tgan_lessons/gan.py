"""Generative adversarial networks, as games."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import ArrayLike

from tgan_lessons.data import check_labels
from tgan_lessons.game import Game
from tgan_lessons.gan_models import Clip
from tgan_lessons.losses import Loss, find_loss, gradient_penalty, pack, r1
from tgan_lessons.players import Player
from tgan_lessons.runtime import MOST_SEED, check_number, check_whole, choose

Tensor = Any
PENALTIES = ("gradient", "r1")
MOST = 1_000_000  # samples drawn at once


class GAN(Game):
    """A generator and a discriminator, in the variants that differ by their losses only.

    The coefficients "smoothing", "penalty" and "clip" (where asked for) may change while it trains.

    Args:
        generator: noise (n, latent_dim) → samples.
        discriminator: samples (packed along the last axis) → scores (n, 1), without a sigmoid.
        loss: one of `losses.LOSSES`.
        penalty: on D's slope: `"gradient"` (WGAN-GP, between real and fake), `"r1"` (at real
            samples) or `None`.
        penalty_weight: 10 is usual for `"gradient"`, from 0.1 to 10 for `"r1"`.
        smoothing: ε of one-sided label smoothing, for losses that have targets.
        clip: where given, D's weights are held in [-clip, clip] after each of its moves.
        packing: how many samples D judges as one.
        latent: `"normal"` or `"uniform"` noise.
        rates: learning rates of (discriminator, generator), for Adam.
        beta_1: of Adam.
        moves: of (discriminator, generator) in a round.
        optimizers: of (discriminator, generator), in place of Adam.
        trains: the layers that D's moves train, where not all: the others stay frozen.
        options: of `Game`: `simultaneous`, `seed`, `jit_compile`.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        loss: str = "non-saturating",
        *,
        penalty: str | None = None,
        penalty_weight: float = 1.0,
        smoothing: float = 0.0,
        clip: float | None = None,
        packing: int = 1,
        latent: str = "normal",
        rates: tuple[float, float] = (1e-3, 1e-3),
        beta_1: float = 0.5,
        moves: tuple[int, int] = (1, 1),
        optimizers: Sequence[keras.optimizers.Optimizer] | None = None,
        trains: Sequence[keras.Layer] | None = None,
        **options: Any,
    ) -> None:
        kind = find_loss(loss)
        _check_gan(
            generator,
            discriminator,
            kind,
            penalty=penalty,
            smoothing=smoothing,
            clip=clip,
            packing=packing,
        )
        choose("latent", latent, ("normal", "uniform"))
        _check_pairs(rates=rates, moves=moves, optimizers=optimizers or rates)
        for rate in rates:
            check_number("rates", rate, above=0.0)
        check_number("penalty_weight", penalty_weight)
        coefficients = {"smoothing": smoothing} if kind.smooths else {}
        coefficients |= {"penalty": penalty_weight} if penalty else {}
        coefficients |= {} if clip is None else {"clip": clip}
        adam = keras.optimizers.Adam
        first, second = optimizers or [adam(float(rate), beta_1=beta_1) for rate in rates]
        players = (
            Player("discriminator", trains or discriminator, first, moves[0]),
            Player("generator", generator, second, moves[1]),
        )
        super().__init__(players, coefficients=coefficients, **options)
        self.generator, self.discriminator, self.trains = generator, discriminator, trains
        self.latent_dim = generator.inputs[0].shape[-1]
        self.kind, self.penalty, self.packing, self.latent = kind, penalty, int(packing), latent
        if clip is not None:
            for variable in discriminator.trainable_variables:
                variable.constraint = Clip(self.coefficients["clip"])

    def feed(self, data: Any, *, batch_size: int = 64) -> None:
        """See `Game.feed`; a batch must be divisible by `packing`.

        Args:
            data: samples, floats (n, ...) as D takes them; with labels (n,) where the networks
                take them: `(samples, labels)`.
            batch_size: samples of a move.
        """
        parts = list(data) if isinstance(data, tuple) else [data]
        self._check_samples(parts)
        if self._takes_labels:
            parts[1] = check_labels(parts[1], len(parts[0]), classes=self.classes, name="labels")
            data = tuple(parts)
        if self.packing > 1 and batch_size % self.packing:
            raise ValueError(
                f"`batch_size` must be divisible by packing={self.packing}. "
                f"Received: batch_size={batch_size}"
            )
        super().feed(data, batch_size=batch_size)

    def noise(self, n: int | Tensor) -> Tensor:
        """Draws `n` latent vectors, shape (n, latent_dim)."""
        shape = (n, self.latent_dim)
        if self.latent == "uniform":
            return keras.random.uniform(shape, -1.0, 1.0, seed=self.seeds)
        return keras.random.normal(shape, seed=self.seeds)

    def losses(self, batch: Tensor | tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        """See `Game.losses`; a conditional GAN gets batches (samples, labels)."""
        real, *labels = batch if isinstance(batch, tuple) else (batch,)
        fake = self.generator(_join(self.noise(ops.shape(real)[0]), labels), training=True)
        fake = ops.cast(fake, real.dtype)  # networks may be of half precision, losses are not
        real, fake = pack(real, self.packing), pack(fake, self.packing)

        def critic(samples: Tensor) -> Tensor:
            score = self.discriminator(_join(samples, labels), training=True)
            return ops.cast(score, keras.config.floatx())

        real_score, fake_score = critic(real), critic(fake)
        loss = self.kind.discriminator(real_score, fake_score, self._smoothing())
        if self.penalty == "gradient":
            alpha = keras.random.uniform(self._one_per_sample(real), seed=self.seeds)
            loss += self.coefficients["penalty"] * gradient_penalty(critic, real, fake, alpha)
        elif self.penalty == "r1":
            loss += self.coefficients["penalty"] * r1(critic, real)
        return {"discriminator": loss, "generator": self.kind.generator(fake_score)}

    @property
    def classes(self) -> int | None:
        """The number of classes of a conditional GAN, where its networks tell."""
        return getattr(self.generator, "classes", None)

    @property
    def _takes_labels(self) -> bool:
        """Whether the second input of the networks is one class number for each sample."""
        return [len(part.shape) for part in self.generator.inputs[1:]] == [1]

    def _check_samples(self, parts: Sequence[Any]) -> None:
        """Raises a `ValueError` unless these are samples that D takes, and labels if it does."""
        judged = self.discriminator.inputs
        if len(parts) < len(judged) or (len(judged) == 1 and len(parts) > 1):
            what = "samples alone" if len(judged) == 1 else "a tuple (samples, labels)"
            raise ValueError(f"`data` must be {what}. Received: {len(parts)} array(s)")
        shape, dtype = getattr(parts[0], "shape", None), str(getattr(parts[0], "dtype", None))
        one = tuple(self.generator.output_shape[1:])
        if shape is not None and (tuple(shape[1:]) != one or "float" not in dtype):
            raise ValueError(
                f"`data` must hold samples of shape {one}, floats as the generator makes them. "
                f"Received: {dtype} of shape {tuple(shape[1:])}"
            )

    def generate(self, n: int, *labels: ArrayLike, seed: int = 0) -> np.ndarray:
        """Draws `n` samples in inference mode; the same seed draws the same ones.

        Args:
            n: how many.
            labels: of a conditional generator, shape (n,); or one for all.
            seed: of the noise; nothing in the game changes.
        """
        return self.paint(self.sample_noise(check_whole("n", n, most=MOST), seed), *labels)

    def sample_noise(self, n: int, seed: int = 0) -> np.ndarray:
        """The noise (n, latent_dim) that `generate` paints from; the same seed, the same noise."""
        rng = np.random.default_rng(check_whole("seed", seed, least=0, most=MOST_SEED))
        shape = (n, self.latent_dim)
        noise = rng.normal(size=shape) if self.latent == "normal" else rng.uniform(-1, 1, shape)
        return noise.astype(np.float32)

    def paint(self, noise: np.ndarray, *labels: ArrayLike, batch_size: int = 500) -> np.ndarray:
        """What the generator makes of given noise (n, latent_dim), in inference mode."""
        wanted = len(self.generator.inputs) - 1
        if len(labels) != wanted:
            takes = "labels, one for each sample" if wanted else "no labels"
            raise ValueError(f"`labels`: this generator takes {takes}. Received: {len(labels)}")
        if self._takes_labels:
            asked = np.broadcast_to(labels[0], len(noise)) if np.ndim(labels[0]) == 0 else labels[0]
            labels = (check_labels(asked, len(noise), classes=self.classes, name="labels"),)
        columns = (noise, *labels)
        parts = [[c[i : i + batch_size] for c in columns] for i in range(0, len(noise), batch_size)]
        painted = [self.generator(_join(z, y), training=False) for z, *y in parts]
        return np.concatenate([ops.convert_to_numpy(ops.cast(part, "float32")) for part in painted])

    def variant(self, **rules: Any) -> GAN:
        """The same game under other rules, from where it stands.

        Networks, optimizers and samples are shared, random states and the round are copied. Go on
        with one of the two only: they train the same networks.

        Args:
            rules: arguments of `GAN`, such as `loss`; what is not given stays.
        """
        names = {"smoothing": "smoothing", "penalty": "penalty_weight", "clip": "clip"}
        kept = {names[name]: float(value.numpy()) for name, value in self.coefficients.items()}
        kept |= {"loss": self.kind.name, "penalty": self.penalty, "latent": self.latent}
        kept |= {"packing": self.packing, "simultaneous": self.simultaneous, "seed": self.seed}
        kept |= {"trains": self.trains} | rules
        if not find_loss(kept["loss"]).smooths and "smoothing" not in rules:
            kept["smoothing"] = 0.0
        new = GAN(
            self.generator,
            self.discriminator,
            optimizers=[player.optimizer for player in self.players],
            moves=[int(moves.numpy()) for moves in self._moves.values()],
            jit_compile=self.jit_compile,
            **kept,
        )
        if hasattr(self, "_data"):
            new._data, new._specs, new._batch_size = self._data, self._specs, self._batch_size
        new.go_on_from(self)
        return new

    def go_on_from(self, other: GAN) -> None:
        """Takes over round and random states of a variant."""
        for mine, its in (
            (self.rounds, other.rounds),
            (self.seeds.state, other.seeds.state),
            (self.sampling.state, other.sampling.state),
        ):
            mine.assign(its)

    def _smoothing(self) -> Tensor | float:
        return self.coefficients.get("smoothing", 0.0)

    @staticmethod
    def _one_per_sample(samples: Tensor) -> tuple[Tensor, ...]:
        return (ops.shape(samples)[0], *[1] * (len(samples.shape) - 1))


def _join(samples: Tensor, labels: Sequence[Tensor]) -> Tensor | list[Tensor]:
    return [samples, *labels] if labels else samples


def _check_gan(
    generator: keras.Model,
    discriminator: keras.Model,
    kind: Loss,
    *,
    penalty: str | None,
    smoothing: float,
    clip: float | None,
    packing: int,
) -> None:
    """Raises a `ValueError` unless these networks and options make a GAN."""
    if not all(getattr(network, "inputs", None) for network in (generator, discriminator)):
        raise ValueError("`generator` and `discriminator` must be built: give them an Input layer")
    if not packing >= 1 or packing % 1 or (packing > 1 and len(discriminator.inputs) > 1):
        raise ValueError(
            "`packing` must be a whole number of at least 1, and 1 for a discriminator that takes "
            f"labels. Received: packing={packing}"
        )
    if penalty is not None:
        choose("penalty", penalty, PENALTIES)
    check_number("smoothing", smoothing)
    if smoothing and not kind.smooths:
        raise ValueError(
            f"`smoothing` must be 0 with the loss '{kind.name}', which has no targets. "
            f"Received: smoothing={smoothing}"
        )
    if not 0 <= smoothing < 1:
        raise ValueError(f"`smoothing` must be in [0, 1). Received: smoothing={smoothing}")
    if clip is not None:
        check_number("clip", clip, above=0.0)
    made, judged = tuple(generator.output_shape[1:]), tuple(discriminator.inputs[0].shape[1:])
    if (*made[:-1], made[-1] * packing) != judged:
        raise ValueError(
            f"`discriminator` must judge what `generator` makes, {packing} together. Received: "
            f"samples of shape {made} and a discriminator of shape {judged}"
        )


def _check_pairs(**arguments: Sequence[Any]) -> None:
    """Raises a `ValueError` unless each has one value for D and one for G."""
    for name, values in arguments.items():
        if len(values) != 2:
            raise ValueError(
                f"`{name}` must be two, of (discriminator, generator). Received: {len(values)}"
            )
