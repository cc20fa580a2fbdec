"""How many modes of a ring and of a grid a GAN finds: the plain one, and the cure beside it.

    python -m benchmarks modes [--quick]

PacGAN's count: a mode is found where one of 2,500 samples lies within three standard deviations of
it; samples that lie so near to any mode are of high quality. The stricter count asks a fifth of a
mode's fair share. Means over seeds with 95 % intervals, next to what a perfect generator gets.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from matplotlib.figure import Figure

from benchmarks import measure
from tgan_lessons import gan_models, metrics
from tgan_lessons.gan import GAN
from tgan_lessons.modes import count_modes
from tgan_lessons.toys import load_toy

TOYS = ("ring", "grid")
CAP = 60.0  # seconds of training, building and tracing included
SAMPLES = 2500  # that are counted, as in PacGAN
CHUNK = 250  # rounds between two looks at the clock


@dataclass(frozen=True)
class Method:
    """The settings of a GAN for points in the plane.

    Attributes:
        gan: arguments of `GAN`, without networks, optimizers and seed.
        rounds: how many, unless `CAP` comes first.
        batch_size: of a move.
        latent_dim: length of a noise vector.
        generator: arguments of `build_mlp_generator`.
        discriminator: arguments of `build_mlp_discriminator`.
        rates: learning rates of (discriminator, generator), for Adam.
        beta_1: of Adam.
        beta_2: of Adam.
        fall: the share of the rounds, or of the cap, after which both rates fall, in a straight
            line to 1 % at the end; 1 lets them stand.
        last_penalty: what the penalty's weight falls to, by a constant factor each round, between
            half and nine tenths of the rounds; `None` lets it stand.
        average: momentum of the moving average of G's weights that samples are drawn with; `None`
            draws with the weights themselves.
    """

    gan: dict[str, Any] = field(default_factory=dict)
    rounds: int = 20_000
    batch_size: int = 256
    latent_dim: int = 2
    generator: dict[str, Any] = field(default_factory=lambda: {"units": (128, 128)})
    discriminator: dict[str, Any] = field(default_factory=lambda: {"units": (128, 128)})
    rates: tuple[float, float] = (1e-3, 1e-3)
    beta_1: float = 0.5
    beta_2: float = 0.999
    fall: float = 1.0
    last_penalty: float | None = None
    average: float | None = None


METHODS = {
    "plain": Method(),
    # Chosen on seeds 0 and 100, which are not measured
    "cure: R1": Method(
        gan={"simultaneous": True, "penalty": "r1", "penalty_weight": 0.1},
        discriminator={"units": (128, 128, 128)},
        rates=(3e-3, 3e-3),
        beta_1=0.0,
        beta_2=0.99,
        fall=0.5,
        last_penalty=0.001,
    ),
}


def build(method: Method, seed: int) -> GAN:
    """A new GAN with a method's settings."""
    average = {"use_ema": True, "ema_momentum": method.average} if method.average else {}
    adam = keras.optimizers.Adam
    optimizers = [
        adam(rate, beta_1=method.beta_1, beta_2=method.beta_2, **more)
        for rate, more in zip(method.rates, ({}, average), strict=True)
    ]
    packing = {"packing": method.gan.get("packing", 1)}
    return GAN(
        gan_models.build_mlp_generator(method.latent_dim, seed=seed, **method.generator),
        gan_models.build_mlp_discriminator(seed=seed, **packing, **method.discriminator),
        optimizers=optimizers,
        seed=seed,
        **method.gan,
    )


def train(method: Method, toy_name: str, seed: int, cap: float = CAP) -> dict[str, Any]:
    """Trains one GAN; counts the modes it finds. The counting is not part of the seconds."""
    toy = load_toy(toy_name)
    points = toy.sample(100_000, seed)
    started, played, spent, taken = time.perf_counter(), 0, 0.0, 0.0
    gan = build(method, seed)
    gan.feed(points, batch_size=method.batch_size)
    while played < method.rounds and spent + taken < cap:  # no further than the cap
        schedule(gan, method, max(played / method.rounds, spent / cap))
        rounds = min(CHUNK, method.rounds - played)
        gan.advance(rounds)
        played, before = played + rounds, spent
        spent = time.perf_counter() - started
        taken = spent - before
    if method.average:
        gan.player("generator").optimizer.finalize_variable_values(
            gan.generator.trainable_variables
        )
    samples = gan.generate(SAMPLES, seed=seed)
    found = count_modes(samples, toy)
    return {
        "seed": seed,
        "seconds": spent,
        "rounds": played,
        **{name: reading.value for name, reading in found._asdict().items()},
        "perfect": {name: reading.perfect for name, reading in found._asdict().items()},
        "samples": samples[:1000],
    }


def schedule(gan: GAN, method: Method, done: float) -> None:
    """Lowers learning rates and penalty where the share of rounds that are `done` asks for it."""
    if method.last_penalty is not None and done > 0.5:
        first = method.gan["penalty_weight"]
        share = min(1.0, (done - 0.5) / 0.4)
        gan.set_coefficient("penalty", first * (method.last_penalty / first) ** share)
    if done > method.fall:
        factor = max(0.01, (1 - done) / (1 - method.fall))
        for name, rate in zip(("discriminator", "generator"), method.rates, strict=True):
            gan.set_rate(name, rate * factor)


def run(
    *,
    quick: bool = False,
    methods: dict[str, Method] | None = None,
    toys: Sequence[str] = TOYS,
    seeds: Sequence[int] | None = None,
    cap: float | None = None,
    folder: Path | None = None,
) -> dict[str, Any]:
    """Measures, prints, writes `modes.json` and `modes.png`; returns what the first holds."""
    methods = methods or METHODS
    seeds = seeds or range(1, 3 if quick else 6)
    cap = cap or (20.0 if quick else CAP)
    machine = measure.machine()
    trainings: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for toy in toys:
        trainings[toy] = {name: [] for name in methods}
        for seed in seeds:  # methods take turns, so that a busy machine slows both
            for name, method in methods.items():
                one = train(method, toy, seed, cap)
                trainings[toy][name].append(one)
                print(
                    f"{toy}, {name}, seed {seed}: {one['recovered']:.0f} modes, "
                    f"{one['quality']:.1%} of high quality, {one['seconds']:.0f} s",
                    flush=True,
                )
    summary = {toy: summarise(by_method) for toy, by_method in trainings.items()}
    for toy, means in summary.items():
        header = (toy, "modes found", "modes served", "high quality", "seconds", "rounds")
        print("\n" + measure.table(header, [[name, *_cells(row)] for name, row in means.items()]))
    figure = plot(trainings)
    for one in (one for toy in trainings.values() for group in toy.values() for one in group):
        del one["samples"]
    result = {
        "quick": quick,
        "machine": machine,
        "settings": {name: asdict(method) for name, method in methods.items()},
        "cap": cap,
        "summary": summary,
        "trainings": trainings,
    }
    path = measure.write("modes", result, figure, folder)
    print(f"written: {path}")
    return result


def summarise(by_method: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Mean and half width of its 95 % interval, for each method; and the perfect generator."""
    columns = ("recovered", "served", "quality", "seconds", "rounds")
    means = {
        name: {column: metrics.mean_interval([one[column] for one in group]) for column in columns}
        for name, group in by_method.items()
    }
    some = next(iter(by_method.values()))[0]
    return means | {"perfect generator": {k: (v, None) for k, v in some["perfect"].items()}}


def _cells(row: dict[str, tuple[float, float | None]]) -> list[str]:
    digits = {"recovered": 2, "served": 2, "quality": 3, "seconds": 1, "rounds": 0}
    cells = []
    for column, places in digits.items():
        mean, half = row.get(column, (None, None))
        spread = "" if half is None else f" ± {half:.{places}f}"
        cells.append("" if mean is None else f"{mean:.{places}f}{spread}")
    return cells


def plot(trainings: dict[str, dict[str, list[dict[str, Any]]]]) -> Figure:
    """Draws the samples of each method's first seed over the modes, a row for each toy."""
    columns = max(map(len, trainings.values()))
    figure = Figure(figsize=(5 * columns, 5 * len(trainings)), layout="constrained")
    axes = figure.subplots(len(trainings), columns, squeeze=False)
    for row, (toy, by_method) in zip(axes, trainings.items(), strict=True):
        for ax, (name, group) in zip(row, by_method.items(), strict=True):
            found = np.mean([one["recovered"] for one in group])
            centres = load_toy(toy).modes
            ax.plot(*centres.T, "o", color="#D55E00", fillstyle="none", markersize=14)
            ax.plot(*group[0]["samples"].T, ".", color="#0072B2", markersize=3)
            ax.set(xlim=(-5, 5), ylim=(-5, 5), aspect="equal")
            ax.set_title(f"{toy}, {name}: {found:.1f} of {len(centres)} modes found")
    return figure


def main() -> None:
    """Reads the command line and measures."""
    run(quick=measure.options(__doc__.splitlines()[0]))


if __name__ == "__main__":
    main()
