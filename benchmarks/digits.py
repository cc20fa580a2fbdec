"""Seconds until a new GAN draws digits that can be read: ours, and TensorFlow's DCGAN tutorial.

    python -m benchmarks digits [--quick]

The clock runs from the first call, building and tracing included, and stands still while digits
are judged; imports and data do not count. All learn from the same digits, none of which the judge
has learned from. Digits count as read where the Fréchet distance of 1,000 of them is at most
`THRESHOLD` and the judge reads every class in at least `RAREST` of them.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from matplotlib.figure import Figure

from benchmarks import measure, peers
from tgan_lessons import data, gan_models, judge, metrics, plots
from tgan_lessons.gan import GAN

# Chosen by looking at pictures of seed 50, which is not measured: at 5 the first digits can be
# read, at 2 most, at 1 nearly all
THRESHOLD = 1.0
LEVELS = (5.0, 2.0, THRESHOLD)
RAREST = 0.02  # share of the rarest class, as the judge reads it; a fair share is 0.1
FAKES = 1000  # judged at each check
STEP = 1.0  # about so many seconds of training between two checks, later 2 % of what was spent
LATENT_DIM = 16
SETTINGS = {"simultaneous": True, "rates": (2e-3, 2e-3), "beta_1": 0.0}
BATCH_SIZE = 32

Painter = Callable[[np.ndarray], np.ndarray]  # labels that may be asked for → images
Build = Callable[[data.Dataset, int], tuple[measure.Advance, Painter]]  # digits, seed → …


class Contender(NamedTuple):
    """One way to digits: how to build it, a training for each seed, `cap` seconds at most."""

    name: str
    build: Build
    seeds: Sequence[int]
    cap: float


class Check(NamedTuple):
    """What a check found, after so much training."""

    seconds: float
    rounds: int
    distance: float
    rarest: float

    @property
    def is_read(self) -> bool:
        """Whether digits count as recognisable."""
        return self.distance <= THRESHOLD and self.rarest >= RAREST


@dataclass
class Training:
    """What became of one training: all checks, and images where digits were read and at the end."""

    name: str
    seed: int
    cap: float
    checks: list[Check] = field(default_factory=list)
    reached: float | None = None
    images: dict[Check, np.ndarray] = field(default_factory=dict)

    @property
    def best(self) -> float:
        """The lowest distance."""
        return min(check.distance for check in self.checks)

    def seconds_to(self, level: float) -> float:
        """When a check first found this distance, and no class too rare; infinite if none did."""
        found = (c.seconds for c in self.checks if c.distance <= level and c.rarest >= RAREST)
        return next(found, math.inf)

    def to_dict(self) -> dict[str, Any]:
        """All but the images, for JSON."""
        plain = {key: getattr(self, key) for key in ("name", "seed", "cap", "reached", "best")}
        return plain | {"checks": [check._asdict() for check in self.checks]}


class Examiner:
    """The judge, the real digits to compare with, and what other real digits get: the floor."""

    def __init__(self, digits: data.Dataset) -> None:
        rng = np.random.default_rng(0)
        order = rng.permutation(len(digits.x_train))[:10_000]
        self.judge = judge.load_judge()
        self.reference = self.judge.features(digits.x_train[order])
        real = rng.permutation(len(digits.x_test))[:FAKES]
        self.real = self.judge.features(digits.x_test[real])
        self.labels = np.random.default_rng(1).integers(10, size=len(real)).astype(np.int32)
        self.floor = metrics.frechet(self.real, self.reference)

    def look(self, images: np.ndarray) -> tuple[float, float]:
        """Fréchet distance and share of the rarest class."""
        reading = metrics.frechet_distance(self.judge.features(images), self.real, self.reference)
        counts = np.bincount(self.judge.classify(images), minlength=10)
        return reading.value, counts.min() / len(images)


def ours(classes: int | None) -> Build:
    """The course's GAN, class-conditional where `classes` are given."""

    def build(digits: data.Dataset, seed: int) -> tuple[measure.Advance, Painter]:
        gan = GAN(
            gan_models.build_generator(LATENT_DIM, (32, 16), classes=classes, seed=seed),
            gan_models.build_discriminator((16, 32), classes=classes, seed=seed),
            seed=seed,
            **SETTINGS,
        )
        shown = (digits.x_train, digits.y_train) if classes else digits.x_train
        gan.feed(shown, batch_size=BATCH_SIZE)

        def paint(labels: np.ndarray) -> np.ndarray:
            return gan.generate(len(labels), *([labels] if classes else []), seed=1)

        return gan.advance, paint

    return build


def tutorial(digits: data.Dataset, seed: int) -> tuple[measure.Advance, Painter]:
    """The tutorial's networks and loop, which paints with moving averages as it does itself."""
    keras.utils.set_random_seed(seed)
    generator, discriminator = peers.build_tutorial()
    noise = np.random.default_rng(1).standard_normal((FAKES, 100), np.float32)

    def paint(labels: np.ndarray) -> np.ndarray:
        parts = np.array_split(noise[: len(labels)], 4)
        return np.concatenate([generator(part, training=False).numpy() for part in parts])

    return peers.tutorial_loop(generator, discriminator, digits.x_train), paint


def train(contender: Contender, seed: int, digits: data.Dataset, examiner: Examiner) -> Training:
    """Trains until half as long again as digits took to be read, or until the cap."""
    result = Training(contender.name, seed, contender.cap)
    started = time.perf_counter()
    advance, paint = contender.build(digits, seed)
    spent, played, rounds = time.perf_counter() - started, 0, 1
    while True:
        started = time.perf_counter()
        advance(rounds)
        taken = time.perf_counter() - started
        spent, played = spent + taken, played + rounds
        images = paint(examiner.labels)
        check = Check(spent, played, *examiner.look(images))
        result.checks.append(check)
        if result.reached is None and check.is_read:
            result.reached = spent
            result.images[check] = images[:20]
        end = contender.cap if result.reached is None else min(contender.cap, 1.5 * result.reached)
        if spent >= end:
            break
        until_next = max(STEP, spent / 50)
        rounds = max(1, min(4 * rounds, round(rounds * until_next / taken)))
    result.images[check] = images[:20]
    return result


def run(
    *,
    quick: bool = False,
    contenders: Sequence[Contender] | None = None,
    folder: Path | None = None,
) -> dict[str, Any]:
    """Measures, prints, writes `digits.json`, `digits.png` and `digits_samples.png`."""
    seeds = (0,) if quick else (0, 1, 2)
    short, long = (40.0, 180.0) if quick else (60.0, 1200.0)
    contenders = contenders or (
        Contender("ours, class-conditional", ours(10), seeds, short),
        Contender("ours, unconditional", ours(None), seeds, short),
        Contender("TensorFlow's DCGAN tutorial", tutorial, (0,), long),
    )
    digits = judge.unseen(data.load_mnist())
    examiner = Examiner(digits)
    result: dict[str, Any] = {
        "quick": quick,
        "machine": measure.machine(),
        "settings": {"threshold": THRESHOLD, "rarest": RAREST, "fakes": FAKES, "gan": SETTINGS},
        "data": digits.source,
        "floor": examiner.floor,
    }
    print(f"{digits}\nreal digits: distance {examiner.floor:.2f}; asked: at most {THRESHOLD:g}")
    trainings: dict[str, list[Training]] = {one.name: [] for one in contenders}
    for contender, seed in ((one, seed) for one in contenders for seed in one.seeds):
        found = train(contender, seed, digits, examiner)
        trainings[contender.name].append(found)
        print(f"{contender.name}, seed {seed}: {describe([found])}", flush=True)
    rows = [
        [n, *(describe(g, level) for level in LEVELS), f"{min(t.best for t in g):.2f}"]
        for n, g in trainings.items()
    ]
    header = [f"seconds to distance {level:g}" for level in LEVELS]
    print("\n" + measure.table(("generator", *header, "lowest"), rows))
    result |= {"trainings": [t.to_dict() for group in trainings.values() for t in group]}
    path = measure.write("digits", result, plot(trainings, examiner.floor), folder)
    path.with_name("digits_samples.png").write_bytes(plots.to_png(draw_samples(trainings)))
    print(f"written: {path}")
    return result


def describe(trainings: Sequence[Training], level: float = THRESHOLD) -> str:
    """The median of the seconds to a distance, and all; "> cap" where it was never reached."""

    def text(value: float) -> str:
        return f"> {trainings[0].cap:.0f} (not reached)" if value == math.inf else f"{value:.1f}"

    seconds = [t.seconds_to(level) for t in trainings]
    middle = text(statistics.median_high(seconds))
    return middle if len(seconds) < 2 else f"{middle}; each: {', '.join(map(text, seconds))}"


def plot(trainings: dict[str, list[Training]], floor: float) -> Figure:
    """Draws distance over seconds of training, both on a logarithmic axis; a ring where read."""
    ax = plots.new_axes(10.0, 5.5)
    styles = dict(zip(trainings, measure.STYLES, strict=False))
    for t in (t for group in trainings.values() for t in group):
        color, marker = styles[t.name]
        x, y = [c.seconds for c in t.checks], [c.distance for c in t.checks]
        label = None if t.name in ax.get_legend_handles_labels()[1] else t.name
        ax.plot(x, y, marker=marker, markersize=4, color=color, label=label)
        if t.reached is not None:
            ring = {"markersize": 14, "fillstyle": "none", "color": color}
            ax.plot(t.reached, y[x.index(t.reached)], "o", **ring)
    for height, text in ((THRESHOLD, "digits can be read"), (floor, "real digits")):
        ax.axhline(height, color="black", linestyle="--", linewidth=1.2)
        ax.text(1.0, height, text, transform=ax.get_yaxis_transform(), ha="right", va="bottom")
    ax.set(xscale="log", yscale="log", xlabel="seconds of training", ylabel="Fréchet distance")
    ax.legend(fontsize=12, frameon=False)
    return ax.figure


def draw_samples(trainings: dict[str, list[Training]]) -> Figure:
    """Draws images of each contender's first training: where digits were read, and at the end."""
    sheets = {}
    for first, *_ in trainings.values():
        for check, images in first.images.items():
            title = f"{first.name}: {check.seconds:.0f} s, distance {check.distance:.2f}"
            sheets[title] = images
    figure = Figure(figsize=(12, 1.3 * len(sheets)), layout="constrained")
    axes = figure.subplots(len(sheets), squeeze=False)[:, 0]
    for ax, (title, images) in zip(axes, sheets.items(), strict=True):
        plots.show_images(images, columns=20, ax=ax).set_title(title, loc="left")
    return figure


def main() -> None:
    """Reads the command line and measures."""
    run(quick=measure.options(__doc__.splitlines()[0]))


if __name__ == "__main__":
    main()
