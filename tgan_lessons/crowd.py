"""Many GANs in the plane that learn side by side in one compiled call, each as if it were alone.

Every array has one more axis in front, the GAN's: a layer of all of them is one product of
matrices. So five seeds of a method take little longer than the products alone. Each GAN plays
`GAN`'s simultaneous rounds, and draws from its own seed: it never notices the others.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tgan_lessons import resume
from tgan_lessons.crowd_rounds import compiled, halves, sizes
from tgan_lessons.runtime import check_number

if TYPE_CHECKING:
    from tgan_lessons.gan import GAN

CHUNK = 250  # rounds of a compiled call


@dataclass(frozen=True)
class Rules:
    """How a GAN in the plane plays: the switches of lesson 07.

    Attributes:
        rates: learning rates of (discriminator, generator), for Adam.
        beta_1: of Adam.
        beta_2: of Adam.
        smoothing: ε of one-sided label smoothing.
        r1: weight of the R1 penalty; 0 for none.
        spectral: whether the largest singular value of D's kernels is held at 1.
        packing: how many samples D judges as one.
        group: samples whose spread D is told (minibatch standard deviation); 0 for none.
        fall: the share of the planned rounds after which both rates fall, in a straight line to
            1 % at the end; 1 lets them stand.
        last_r1: what the penalty's weight falls to, by a constant factor each round, between half
            and nine tenths of the rounds; `None` lets it stand.
        units_d: of each hidden layer of D.
        units_g: of each hidden layer of G.
        latent_dim: length of a noise vector.
    """

    rates: tuple[float, float] = (1e-3, 1e-3)
    beta_1: float = 0.5
    beta_2: float = 0.999
    smoothing: float = 0.0
    r1: float = 0.0
    spectral: bool = False
    packing: int = 1
    group: int = 0
    fall: float = 1.0
    last_r1: float | None = None
    units_d: tuple[int, ...] = (64, 64)
    units_g: tuple[int, ...] = (64, 64)
    latent_dim: int = 2

    def __post_init__(self) -> None:
        for name in ("packing", "group", "r1", "smoothing"):
            check_number(name, getattr(self, name))
        if self.packing < 1 or self.packing % 1 or self.group < 0 or self.group % 1:
            raise ValueError(
                "`packing` must be a whole number of at least 1 and `group` one of at least 0. "
                f"Received: packing={self.packing}, group={self.group}"
            )

    def pace(self, done: np.ndarray) -> np.ndarray:
        """The factor of both rates where a share of the rounds is `done`."""
        falling = (1 - done) / max(1 - self.fall, 1e-9)
        return np.where(done > self.fall, np.maximum(0.01, falling), 1.0)

    def weight(self, done: np.ndarray) -> np.ndarray:
        """The penalty's weight where a share of the rounds is `done`."""
        if self.last_r1 is None or not self.r1:
            return np.full(np.shape(done), self.r1)
        return self.r1 * (self.last_r1 / self.r1) ** np.clip((done - 0.5) / 0.4, 0, 1)


class Crowd:
    """GANs of the same rules and different seeds.

    Args:
        rules: how each of them plays.
        seeds: one for each GAN: of first weights, noise and the choice of samples.
        points: the samples to learn from, shape (n, 2).
        rounds: how many are planned; `rules` may fall with them.
        batch_size: of a move; divisible by packing and group.

    Attributes:
        weights: of D, then of G: kernel and bias of each layer, shape (GANs, …).
        rounds: played so far.
    """

    def __init__(
        self,
        rules: Rules,
        seeds: Sequence[int],
        points: np.ndarray,
        *,
        rounds: int,
        batch_size: int = 120,
    ) -> None:
        for name in ("packing", "group"):
            size = getattr(rules, name)
            if size and batch_size % size:
                raise ValueError(
                    f"`batch_size` must be divisible by {name}={size}. "
                    f"Received: batch_size={batch_size}"
                )
        self.rules, self.seeds, self.planned = rules, tuple(seeds), rounds
        self.batch_size, self.rounds = batch_size, 0
        self._points = np.asarray(points, np.float32)
        members = [self._member(seed) for seed in self.seeds]
        self._chance = [np.random.default_rng(seed) for seed in self.seeds]
        each = [[w.numpy() for part in pair for w in part.weights] for pair in members]
        self.weights = [_stack(arrays) for arrays in zip(*each, strict=True)]
        shape = (len(self.seeds), sum(sizes(rules)))
        self._moments = [np.zeros(shape, np.float32) for _ in range(2)]
        kernels = self._halves()[0][::2]
        self._axes = [np.ones((len(self.seeds), k.shape[2], 1), np.float32) for k in kernels]

    def _member(self, seed: int) -> tuple[Any, Any]:
        """D and G as Keras networks, at their start."""
        from tgan_lessons.gan_models import build_mlp_discriminator, build_mlp_generator
        from tgan_lessons.minibatch import build_watchful_discriminator

        rules = self.rules
        generator = build_mlp_generator(rules.latent_dim, rules.units_g, seed=seed)
        if rules.group:
            return build_watchful_discriminator(rules.units_d, rules.group, seed=seed), generator
        options = {"packing": rules.packing, "spectral": rules.spectral, "seed": seed}
        return build_mlp_discriminator(rules.units_d, **options), generator

    def train(self, rounds: int) -> None:
        """Plays rounds; raises a `FloatingPointError` where a GAN's weights are not finite.

        An interrupt ends it after one of the compiled calls; the crowd can go on from there.
        """
        rules = repr(self.rules), self.seeds, self.planned, self.batch_size, self._points
        self._set_state(resume.recall(lambda: self._train(rounds), *rules, self._state(), rounds))
        bad = ~np.all([np.isfinite(w).all(axis=(1, 2)) for w in self.weights], axis=0)
        if bad.any():
            seeds = np.array(self.seeds)[bad].tolist()
            raise FloatingPointError(f"the GANs of seeds {seeds} left the numbers. Lower the rates")

    def _train(self, rounds: int) -> dict[str, np.ndarray]:
        for done in range(0, rounds, CHUNK):
            self._play(min(CHUNK, rounds - done))
        return self._state()

    def _state(self) -> dict[str, np.ndarray]:
        """All that decides how it goes on, and can be kept in a file."""
        arrays = [*self.weights, *self._moments, *self._axes]
        chance = json.dumps([rng.bit_generator.state for rng in self._chance])
        named = {f"{i:03d}": array for i, array in enumerate(arrays)}
        return named | {"rounds": np.array(self.rounds), "chance": np.array(chance)}

    def _set_state(self, state: Mapping[str, np.ndarray]) -> None:
        *arrays, rounds, chance = state.values()
        ends = np.cumsum([len(self.weights), len(self._moments)])
        for rng, kept in zip(self._chance, json.loads(str(chance)), strict=True):
            rng.bit_generator.state = kept
        self.weights, self._moments = arrays[: ends[0]], arrays[ends[0] : ends[1]]
        self._axes, self.rounds = arrays[ends[1] :], int(rounds)

    def _play(self, count: int) -> None:
        n, rules, chance = self.batch_size, self.rules, copy.deepcopy(self._chance)
        rows = [rng.integers(len(self._points), size=(count, n)) for rng in chance]
        noise = [rng.standard_normal((count, n, rules.latent_dim), np.float32) for rng in chance]
        batches = self._points[np.stack(rows, axis=1)], np.stack(noise, axis=1)
        self.play(*batches)
        self._chance = chance  # an interrupt before this has played and drawn nothing

    def play(self, real: np.ndarray, noise: np.ndarray) -> None:
        """Plays a round with each of the given batches.

        Args:
            real: shape (rounds, GANs, batch size, 2).
            noise: shape (rounds, GANs, batch size, latent_dim).
        """
        steps = self.rounds + np.arange(len(real))
        done = steps / max(self.planned, 1)
        numbers = [self.rules.pace(done), self.rules.weight(done)]
        state = (self.weights, self._moments, self._axes, np.int32(self.rounds))
        floats = [np.asarray(part, np.float32) for part in (*numbers, real, noise)]
        shapes = tuple(w.shape[1:] for w in self.weights)
        weights, moments, axes = compiled(self.rules, shapes)(*state, *floats)
        new = [[array.numpy() for array in part] for part in (weights, moments, axes)]
        played = self.rounds + len(real)
        # Python hears no interrupt between these: the crowd is the old one or the new one
        (self.weights, self._moments, self._axes), self.rounds = new, played

    def generate(self, n: int, seed: int = 0) -> np.ndarray:
        """Samples of each GAN from the same noise: shape (GANs, n, 2)."""
        noise = np.random.default_rng(seed).normal(size=(1, n, self.rules.latent_dim))
        return _generate(np.float32(noise), self._halves()[1])

    def gan(self, seed: int) -> GAN:
        """One of them as a game of the engine, with its own copy of the weights.

        What it learned is there; what its optimizer remembered is not.
        """
        from tgan_lessons.gan import GAN

        row = self.seeds.index(seed)
        judge, generator = self._member(seed)
        for network, part in zip((judge, generator), self._halves(), strict=True):
            shapes = [w.shape for w in network.weights]
            network.set_weights([w[row].reshape(s) for w, s in zip(part, shapes, strict=True)])
        game = GAN(
            generator,
            judge,
            penalty="r1" if self.rules.r1 else None,
            penalty_weight=self.rules.r1,
            smoothing=self.rules.smoothing,
            packing=self.rules.packing,
            rates=self.rules.rates,
            beta_1=self.rules.beta_1,
            simultaneous=True,
            seed=seed,
        )
        game.feed(self._points, batch_size=self.batch_size)
        return game

    def _halves(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """The weights of D, and those of G."""
        return halves(self.rules, self.weights)


def _stack(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Kernels (GANs, in, out) or biases (GANs, 1, out)."""
    stacked = np.stack(arrays)
    return stacked if stacked.ndim == 3 else stacked[:, np.newaxis]


def _generate(noise: np.ndarray, weights: Sequence[np.ndarray]) -> np.ndarray:
    x = noise
    for i in range(0, len(weights), 2):
        x = x @ weights[i] + weights[i + 1]
        x = np.maximum(x, 0) if i + 2 < len(weights) else x
    return x
