"""Rounds per second of a GAN in the plane, where a round's overhead is most of its time.

    python -m benchmarks toy [--quick]

Two dense networks of 64-64, batch 256, non-saturating, Adam; alternating rounds, except where a
name says otherwise. Peers take turns in one process, tracing and warm-up excluded.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from benchmarks import measure, peers
from benchmarks.measure import Peer, Target
from tgan_lessons import gan_models, toys
from tgan_lessons.gan import GAN

if TYPE_CHECKING:
    import torch

BATCH_SIZE = 256
ENOUGH = 1000.0  # rounds per second
TARGETS = (
    Target("engine", "PyTorch, eager, 2 threads", 4.0),
    Target("engine", "PyTorch, eager, 1 thread", 4.0),
    Target("engine", "hand-written"),
    Target("engine, simultaneous", "hand-written, simultaneous"),
)


def build() -> tuple[keras.Model, keras.Model]:
    """A new generator and a new discriminator."""
    return (
        gan_models.build_mlp_generator(2, (64, 64)),
        gan_models.build_mlp_discriminator((64, 64)),
    )


def play_engine(points: np.ndarray, **options: Any) -> Callable[[int], object]:
    """The engine's `advance` of a new GAN; `options` are `GAN`'s."""
    gan = GAN(*build(), **options)
    gan.feed(points, batch_size=BATCH_SIZE)
    return gan.advance


def play_torch(points: np.ndarray, threads: int) -> Callable[[int], None]:
    """The eager PyTorch loop, after a check that its networks are as large as ours."""
    networks = torch_networks()
    ours, theirs = peers.count_parameters(*build()), peers.count_parameters(*networks)
    if ours != theirs:
        raise AssertionError(f"networks differ: {ours:,} numbers in Keras, {theirs:,} in PyTorch")
    return peers.torch_loop(networks, points, BATCH_SIZE, 2, threads)


def torch_networks(units: int = 64) -> tuple[torch.nn.Module, torch.nn.Module]:
    """The networks of `build` in PyTorch."""
    from torch import nn

    def stack(activation: Callable[[], nn.Module], end: int) -> nn.Module:
        hidden = (nn.Linear(2, units), activation(), nn.Linear(units, units), activation())
        return nn.Sequential(*hidden, nn.Linear(units, end))

    return stack(nn.ReLU, 2), stack(lambda: nn.LeakyReLU(0.2), 1)


def list_peers(points: np.ndarray) -> list[Peer]:
    """Everybody who takes part."""

    def hand(**options: Any) -> Callable[[int], object]:
        return peers.hand_written(*build(), points, BATCH_SIZE, **options)

    return [
        Peer("engine", lambda: play_engine(points)),
        Peer("hand-written", hand),
        Peer("engine, simultaneous", lambda: play_engine(points, simultaneous=True)),
        Peer("hand-written, simultaneous", lambda: hand(simultaneous=True)),
        Peer("PyTorch, eager, 2 threads", lambda: play_torch(points, 2), package="torch"),
        Peer("PyTorch, eager, 1 thread", lambda: play_torch(points, 1), package="torch"),
    ]


def run(
    *,
    quick: bool = False,
    repeats: int | None = None,
    seconds: float = 0.5,
    folder: Path | None = None,
) -> dict[str, Any]:
    """Measures, prints, writes `toy.json` and `toy.png`; returns what the first holds."""
    repeats = repeats or (5 if quick else 31)
    points = toys.load_toy("ring").sample(20_000, 0)
    machine = measure.machine()
    timings = measure.alternate(list_peers(points), repeats=repeats, seconds=seconds)
    result = {
        "quick": quick,
        "machine": machine,
        "settings": {"repeats": repeats, "seconds": seconds, "batch_size": BATCH_SIZE},
        "parameters": peers.count_parameters(*build()),
        **measure.report(timings, TARGETS),
    }
    rate = timings["engine"].median
    result["enough"] = {"rounds_per_second": rate, "asked": ENOUGH, "reached": rate >= ENOUGH}
    print(
        f"engine: {rate:,.0f} rounds/s, asked ≥ {ENOUGH:,.0f}: {'yes' if rate >= ENOUGH else 'NO'}"
    )
    path = measure.write("toy", result, measure.plot_rates({"batch 256": timings}), folder)
    print(f"written: {path}")
    return result


def main() -> None:
    """Reads the command line and measures."""
    run(quick=measure.options(__doc__.splitlines()[0]))


if __name__ == "__main__":
    main()
