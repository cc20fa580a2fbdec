"""Lesson 02's instrument: the freeze slider; networks with transfer race those without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tgan_lessons import small_nets
from tgan_lessons.controls import Control
from tgan_lessons.data import sample_per_class
from tgan_lessons.ensembles import Ensemble
from tgan_lessons.freeze_controls import PRESETS, RATE, freeze_controls
from tgan_lessons.freeze_view import Gain, draw_gains, draw_learning, measure_gain
from tgan_lessons.freezing import DEPTHS, Target, layer_rates
from tgan_lessons.labs import Lab, Preset, train_for
from tgan_lessons.pools import Pool
from tgan_lessons.small_nets import LAYERS, Weights

if TYPE_CHECKING:
    from PIL.Image import Image

CHUNK = 2  # steps between two looks at the clock
SIZE = 16  # of a batch, and of the source's beside it
TICKS_PER_TEST = 4
HELD_OUT = 15  # test images of each class
SOURCE_SHOWN = 150  # images of the source, read where training is joint
AHEAD = 64  # steps whose batches are drawn at once


class FreezeLab(Lab):
    """Networks whose first layers are copied learn beside the same networks from scratch.

    Source, depth, label budget and seed begin a new race. Freezing, joint training, λ, the pull
    toward the source and the rates act while it runs. What each race found stays on the chart.

    Args:
        pool: images of all sources and of the target.
        sources: trained networks by name, equally many of each; a name is one of the pool's, and
            `"B"` is the target itself.
        settings: controls that differ from their usual values, by name.

    Attributes:
        networks: those from scratch, then those with transfer.
        history: (steps, accuracy of each network on the target) of each measurement.
        found: gains of earlier races.
    """

    presets: ClassVar[dict[str, Preset]] = PRESETS

    def __init__(self, pool: Pool, sources: Mapping[str, Weights], **settings: Any) -> None:
        counts = {len(weights[0]) for weights in sources.values()}
        if len(counts) != 1 or min(counts) < 2:
            raise ValueError(
                "`sources` must be equally many networks of each source, at least 2. "
                f"Received: {sorted(counts)}"
            )
        self.pool, self.sources, self._count = pool, dict(sources), counts.pop()
        self.found: list[Gain] = []
        x, y = pool.tests["B"]
        most = int(np.unique(y, return_counts=True)[1].min())
        self.held_out = sample_per_class(x, y, min(HELD_OUT, most), seed=0)
        super().__init__(**settings)

    def controls(self) -> Sequence[Control]:
        """What begins a new race, and what acts in it."""
        labels = self.pool.y[self.pool.rows["B"]]
        most = int(np.unique(labels, return_counts=True)[1].min())
        return freeze_controls(tuple(self.sources), most)

    def renew(self) -> None:
        """A new race; what the one before found stays."""
        self._leave()
        values = self.panel.values
        seeds = [100 * int(values["seed"]) + index for index in range(self._count)]
        per_class = int(values["per_class"])
        self.target = Target(self.pool, per_class=per_class, held_back=0, seeds=seeds, steps=1)
        copied = self.target.start(self.sources[values["source"]], int(values["depth"]))
        start = small_nets.join(self.target.start(), copied)
        self._anchors = small_nets.transplant(
            [np.zeros_like(array) for array in start], start, int(values["depth"])
        )
        self.networks = Ensemble(self.pool.plan, start)
        self.history: list[tuple[int, np.ndarray]] = []
        self._queue: list[np.ndarray] = []
        self._set_up = values["source"], int(values["depth"]), self._then()
        self._ticks, self._rng = 0, np.random.default_rng(seeds[0])
        Ensemble(self.pool.plan, start).train(
            self.pool.x, self.pool.y, self._draw(1), 0.0
        )  # traced now, not at the first step
        self.measure()

    def _then(self) -> str:
        return "joint" if self.panel["joint"] else str(self.panel["then"])

    def _leave(self) -> None:
        """Keeps what the race found, if it went anywhere."""
        if hasattr(self, "networks") and self.networks.steps and (gain := self.gain()):
            self.found.append(gain)

    def change(self, names: tuple[str, ...]) -> None:
        """Rates, freezing and losses are read at each step; batches are drawn anew."""
        if {"joint", "then"} & set(names):
            self._queue.clear()
            self._set_up = (*self._set_up[:2], self._then())

    def burst(self, seconds: float) -> None:
        """Trains all networks for about `seconds`, and now and then tests them."""
        train_for(seconds, lambda: self.advance(CHUNK))
        self._ticks += 1
        if self._ticks % TICKS_PER_TEST == 0:
            self.measure()

    def advance(self, steps: int = 1) -> None:
        """Takes some steps of training."""
        count, depth, values = self._count, self._set_up[1], self.panel.values
        copied = values["copied"] if values["then"] == "fine-tuned" else 0.0
        ours = layer_rates(depth, copied=copied, new=values["new"])
        rates = np.repeat([np.full(len(LAYERS), RATE), ours], count, axis=0)
        pull = np.where(np.arange(len(LAYERS)) < depth, values["pull"], 0.0)
        pull = np.repeat([np.zeros(len(LAYERS)), pull], count, axis=0)
        self.networks.train(
            self.pool.x,
            self.pool.y,
            self._draw(steps),
            rates,
            shares=self._shares(),
            anchors=self._anchors,
            pull=pull,
        )

    def _shares(self) -> np.ndarray:
        """What each image of a batch counts: of the target, then of the source where joint."""
        parts = np.zeros((2 * self._count, 2 if self.panel["joint"] else 1))
        parts[:, 0] = 1.0
        if self.panel["joint"]:
            weight = self.panel["lambda"]
            parts[self._count :] = weight / (1 + weight), 1 / (1 + weight)
        return np.repeat(parts / SIZE, SIZE, axis=1)

    def _draw(self, steps: int) -> np.ndarray:
        """Batches (steps, networks, size): the same of the target for both groups."""
        while len(self._queue) < steps:
            drawn = [self._rng.choice(rows, (AHEAD, SIZE)) for rows, _ in self.target.draws]
            both = np.tile(np.stack(drawn, axis=1), (1, 2, 1))
            if self.panel["joint"]:
                rows = self.pool.rows[self._set_up[0]]
                shape = (AHEAD, 2 * self._count, SIZE)
                both = np.concatenate([both, self._rng.choice(rows, shape)], axis=2)
            self._queue += list(both)
        taken, self._queue = self._queue[:steps], self._queue[steps:]
        size = SIZE * (2 if self.panel["joint"] else 1)
        return np.reshape(taken, (steps, 2 * self._count, size)).astype(np.int32)

    def step(self) -> str:
        """One step of all networks, and how far each layer moved."""
        before = [array[self._count :] for array in self.networks.weights[::2]]
        self.advance(1)
        self.measure()
        after = [array[self._count :] for array in self.networks.weights[::2]]
        moved = [
            f"{name} {np.abs(new - old).mean() / np.abs(old).mean():.2%}"
            for name, old, new in zip(LAYERS, before, after, strict=True)
        ]
        told = f"With transfer, weights moved by: {', '.join(moved)}."
        return f"<b>Step {self.networks.steps}.</b> {told}"

    # Numbers and pictures

    def measure(self) -> np.ndarray:
        """Tests all networks on the same test images of the target."""
        scores = self.networks.accuracy(*self.held_out)
        self.history.append((self.networks.steps, scores))
        return scores

    def gain(self) -> Gain | None:
        """What this race has found so far; `None` before its first step."""
        if not self.networks.steps:
            return None
        if self.history[-1][0] != self.networks.steps:
            self.measure()
        source, depth, then = self._set_up
        scores = self.history[-1][1]
        return measure_gain(depth, then, source, scores[self._count :], scores[: self._count])

    def paused(self) -> None:
        """Tests once more, so that picture and numbers are of now."""
        self.gain()
        self.show()

    def numbers(self) -> str:
        """Steps, both means, and the gain with its interval."""
        steps, scores = self.history[-1]
        ours, scratch = scores[self._count :], scores[: self._count]
        gain = measure_gain(0, "", "", ours, scratch)
        told = (
            f"step {steps}: scratch {scratch.mean():.0%}, {self._set_up[2]} {ours.mean():.0%}; "
            f"gain {100 * gain.mean:+.1f} ± {100 * gain.half:.1f} points over {self._count} seeds"
        )
        return f"{told}; source {self.read_source():.0%}" if self.panel["joint"] else told

    def read_source(self) -> float:
        """The share of some of the source's images that the networks with transfer read now."""
        rows = self.pool.rows[self._set_up[0]]
        rows = rows[:: max(1, len(rows) // SOURCE_SHOWN)]
        scores = self.networks.accuracy(self.pool.x[rows], self.pool.y[rows])
        return float(scores[self._count :].mean())

    def describe(self) -> str:
        """The race in words."""
        source, depth, then = self._set_up
        others = [
            f"{gain.source}, {gain.depth} layers, {gain.then}: {100 * gain.mean:+.1f}"
            for gain in self.found[-6:]
        ]
        return (
            f"Accuracy over training steps of {self._count} networks from scratch and as many with "
            f"the first {depth} layers of the source '{source}', {then}. {self.numbers()}. "
            f"Gains of earlier runs: {'; '.join(others) or 'none'}."
        )

    def draw(self) -> Image:
        """The curves of this race."""
        steps = [step for step, _ in self.history]
        scores = np.array([scores for _, scores in self.history])
        groups = {"scratch": scores[:, : self._count], self._set_up[2]: scores[:, self._count :]}
        classes = len(np.unique(self.held_out[1]))
        task = f"read of {len(self.held_out[1])} test letters"
        return draw_learning(steps, groups, task=task, chance=1 / classes)

    def draw_charts(self) -> Image:
        """The gains of all races so far, over depth."""
        return draw_gains(self.found, self.gain(), DEPTHS[-1])
