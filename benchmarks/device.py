"""Rounds per second of lesson 05's game on this device: plain, XLA, mixed precision, and both.

    python -m benchmarks device [--quick]

The class-conditional game of lesson 05, batch 32 as there and 256; mixed precision is
mixed_float16 with scaled losses on a GPU and mixed_bfloat16 on a CPU. Peers take turns in one
process, compiling and warm-up excluded. The course has XLA and mixed precision off: switch on what
is faster here (`GAN(..., jit_compile=True)`, `keras.config.set_dtype_policy(...)`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras

from benchmarks import measure
from benchmarks.measure import Peer, Target
from tgan_lessons import data, gan_models, runtime
from tgan_lessons.data import Dataset
from tgan_lessons.gan import GAN

LATENT_DIM = 16
TARGETS = (Target("XLA", "plain"), Target("mixed", "plain"), Target("mixed and XLA", "plain"))


@contextmanager
def precision(policy: str) -> Iterator[None]:
    """What is built inside has layers of this dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def play(digits: Dataset, batch_size: int, policy: str, xla: bool) -> Callable[[int], object]:
    """The `advance` of a new game of lesson 05."""
    with precision(policy):
        game = GAN(
            gan_models.build_generator(LATENT_DIM, classes=10),
            gan_models.build_discriminator(classes=10),
            simultaneous=True,
            rates=(2e-3, 2e-3),
            beta_1=0.0,
            jit_compile=xla,
        )
    game.feed((digits.x_train, digits.y_train), batch_size=batch_size)
    return game.advance


def list_peers(digits: Dataset, batch_size: int, mixed: str) -> list[Peer]:
    """The four ways; `mixed` is the policy of half precision."""
    ways = {"plain": ("float32", False), "XLA": ("float32", True)}
    ways |= {"mixed": (mixed, False), "mixed and XLA": (mixed, True)}
    return [
        Peer(name, lambda way=way: play(digits, batch_size, *way)) for name, way in ways.items()
    ]


def run(
    *,
    quick: bool = False,
    batch_sizes: Sequence[int] = (32, 256),
    repeats: int | None = None,
    seconds: float = 0.5,
    folder: Path | None = None,
) -> dict[str, Any]:
    """Measures, prints, writes `device.json` and `device.png`; returns what the first holds."""
    has_gpu = runtime.has_gpu()
    runtime.grow_memory()
    mixed = "mixed_float16" if has_gpu else "mixed_bfloat16"
    device = "GPU" if has_gpu else "CPU"
    repeats = repeats or (3 if quick else 15)
    digits = data.load_mnist()
    result: dict[str, Any] = {
        "quick": quick,
        "machine": measure.machine() | {"device": device},
        "settings": {"repeats": repeats, "seconds": seconds, "mixed": mixed},
        "batch": {},
    }
    panels = {}
    for batch_size in batch_sizes:
        print(f"{device}, batch {batch_size}, mixed is {mixed}\n")
        timings = measure.alternate(
            list_peers(digits, batch_size, mixed), repeats=repeats, seconds=seconds
        )
        result["batch"][batch_size] = measure.report(timings, TARGETS)
        panels[f"batch {batch_size}"] = timings
    path = measure.write("device", result, measure.plot_rates(panels), folder)
    print(f"written: {path}")
    return result


def main() -> None:
    """Reads the command line and measures."""
    run(quick=measure.options(__doc__.splitlines()[0]))


if __name__ == "__main__":
    main()
