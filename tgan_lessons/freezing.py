"""How deep to transfer: copy the first layers, freeze them or not, to another task or to the same.

The names are those of Yosinski et al. 2014: `AnB` is a network for task B whose first n layers come
from a network for task A and are frozen; in `AnB+` they go on learning. `BnB` and `BnB+` take their
layers from a network for B itself: what is lost there is not lost by a change of task.

Source: Yosinski, Clune, Bengio & Lipson 2014, https://arxiv.org/abs/1411.1792
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tgan_lessons import small_nets
from tgan_lessons.ensembles import Ensemble
from tgan_lessons.pools import Pool, batches
from tgan_lessons.small_nets import LAYERS, Weights
from tgan_lessons.studies import spread

SHIFT = 1000  # of seeds: a new head made with its source's own seed is the source's head
DEPTHS = range(1, len(LAYERS))  # of the freeze slider: all but the head can be copied


def cosine(steps: int) -> np.ndarray:
    """Factors of a learning rate that falls along a cosine, from 1 to 0: shape (steps,)."""
    return (1 + np.cos(np.pi * np.arange(steps) / steps)) / 2


def fit(
    pool: Pool,
    weights: Weights,
    rows: Sequence[np.ndarray],
    seeds: Sequence[int],
    *,
    steps: int,
    rates: np.ndarray | float,
    **penalty: Any,
) -> Ensemble:
    """Trains networks side by side, each on its own rows of the pool, with falling rates.

    Args:
        pool: the images.
        weights: of all networks, at their start.
        rows: what each network learns from.
        seeds: of the order of the batches, one for each network.
        steps: of Adam.
        rates: learning rates at the start, (networks, layers) or a number; 0 freezes.
        **penalty: `anchors` and `pull`, see `Ensemble.train`.
    """
    networks = Ensemble(pool.plan, weights)
    chosen = batches(rows, seeds, steps=steps)
    networks.train(pool.x, pool.y, chosen, rates, pace=cosine(steps), **penalty)
    return networks


def train_sources(
    pool: Pool, names: Sequence[str], seeds: Sequence[int], *, steps: int, rate: float
) -> dict[str, Weights]:
    """Trains a network for each source and seed, all of them side by side.

    Args:
        pool: the images.
        names: of sources in the pool.
        seeds: of the weights and of the order of the batches.
        steps: of Adam.
        rate: learning rate at the start.

    Returns:
        By name, the weights of a network for each seed.
    """
    count, seeds = len(seeds), tuple(seeds)
    weights = small_nets.join(*(small_nets.new_weights(pool.plan, seeds) for _ in names))
    rows = [pool.rows[name] for name in names for _ in seeds]
    learned = fit(pool, weights, rows, seeds * len(names), steps=steps, rates=rate).weights
    return {
        name: small_nets.pick(learned, slice(i * count, (i + 1) * count))
        for i, name in enumerate(names)
    }


def layer_rates(depth: int, *, copied: float, new: float) -> np.ndarray:
    """A rate for each layer: `copied` for the first `depth` (0 freezes them), `new` above."""
    return np.where(np.arange(len(LAYERS)) < depth, copied, new).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of one way to transfer, seed by seed.

    Attributes:
        source: by name; `"B"` is the target itself.
        depth: how many layers were copied.
        tuned: whether they went on learning.
        validation: accuracy on labels held back, (seeds,).
        test: accuracy on the test images, (seeds,).
    """

    source: str
    depth: int
    tuned: bool
    validation: np.ndarray
    test: np.ndarray

    @property
    def mode(self) -> str:
        """Its name in the paper's notation; every source but the target itself is an A."""
        return f"{'B' if self.source == 'B' else 'A'}nB{'+' if self.tuned else ''}"


class Target:
    """Task B as a learner meets it: few labels, drawn anew for each seed, some held back.

    Args:
        pool: the images.
        per_class: labels of each class, those held back included.
        held_back: how many of them serve for validation only.
        seeds: each draws its own labels, and makes its own networks.
        steps: of training.

    Attributes:
        draws: for each seed (rows to learn from, rows for validation).
    """

    def __init__(
        self, pool: Pool, *, per_class: int, held_back: int, seeds: Sequence[int], steps: int
    ) -> None:
        self.pool, self.seeds, self.steps = pool, tuple(seeds), steps
        self.draws = [pool.draw(per_class, seed, held_back) for seed in self.seeds]

    def learn(self, weights: Weights, rates: np.ndarray | float, **penalty: Any) -> Ensemble:
        """Trains networks on B: those of the first method for each seed, of the second, ….

        At each seed all methods see the same labels in the same batches. See `fit`.
        """
        methods = len(weights[0]) // len(self.seeds)
        rows = [learn for learn, _ in self.draws] * methods
        seeds = self.seeds * methods
        return fit(self.pool, weights, rows, seeds, steps=self.steps, rates=rates, **penalty)

    def own_source(self, rate: float) -> Weights:
        """A source for BnB: for each seed a network trained on the target's own labels."""
        weights = small_nets.new_weights(self.pool.plan, self.seeds)
        return self.learn(weights, rate).weights

    def start(self, source: Weights | None = None, depth: int = 0) -> Weights:
        """A network for each seed: new, but for the first `depth` layers, copied from a source.

        At each seed the new layers are the same, whatever is copied below them.
        """
        fresh = small_nets.new_weights(self.pool.plan, [seed + SHIFT for seed in self.seeds])
        return fresh if source is None else small_nets.transplant(fresh, source, depth)

    def validate(self, networks: Ensemble) -> np.ndarray:
        """What each network reads of the labels held back at its seed: (methods, seeds)."""
        scores = []
        for index in range(networks.count):
            _, rows = self.draws[index % len(self.seeds)]
            one = Ensemble(networks.plan, small_nets.pick(networks.weights, [index]))
            scores.append(one.accuracy(self.pool.x[rows], self.pool.y[rows]))
        return np.reshape(scores, (-1, len(self.seeds)))

    def test(self, networks: Ensemble) -> np.ndarray:
        """What each network reads of B's test images: (methods, seeds)."""
        return networks.accuracy(*self.pool.tests["B"]).reshape(-1, len(self.seeds))


def sweep(
    target: Target,
    sources: Mapping[str, Weights],
    *,
    tuned: bool,
    copied: float,
    new: float,
    depths: Sequence[int] = DEPTHS,
) -> Iterator[Outcome]:
    """Moves the freeze slider: at each depth the networks of all sources learn side by side.

    The depths are pieces of a study, see `studies.spread`.

    Args:
        target: what they learn.
        sources: by name, a network for each seed of the target.
        tuned: whether the copied layers go on learning, at the rate `copied`.
        copied: learning rate of copied layers; not used where they are frozen.
        new: learning rate of all other layers.
        depths: how many layers to copy.

    Yields:
        The outcome of each source at each depth, as soon as it is there.
    """
    pieces = ((target, dict(sources), depth, tuned, copied, new) for depth in depths)
    for outcomes in spread(_sweep_depth, pieces):
        yield from outcomes


def _sweep_depth(
    target: Target,
    sources: Mapping[str, Weights],
    depth: int,
    tuned: bool,
    copied: float,
    new: float,
) -> list[Outcome]:
    weights = small_nets.join(*(target.start(own, depth) for own in sources.values()))
    rates = layer_rates(depth, copied=copied if tuned else 0.0, new=new)
    networks = target.learn(weights, rates)
    scores = zip(sources, target.validate(networks), target.test(networks), strict=True)
    return [Outcome(name, depth, tuned, *pair) for name, *pair in scores]
