"""Rounds per second of a small DCGAN: the engine, and the same rounds written by others.

    python -m benchmarks engine [--quick]

Networks of 43,698 numbers, digits of 28×28. Peers take turns in one process, tracing and warm-up
excluded from the rates. How much of the machine is used is told by the operations that a round
needs, over those of a large matrix product that takes its turn with the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks import measure, peers
from benchmarks.measure import Peer, Target
from tgan_lessons import data, gan_models
from tgan_lessons.gan import GAN

if TYPE_CHECKING:
    import torch

LATENT_DIM = 16
MATMUL = "matrix product"
TARGETS = (
    Target("engine", "hand-written", 0.97),
    Target("engine, simultaneous", "hand-written, simultaneous", 0.97),
    Target("engine", "article's idiom, repaired", 5.0),
    Target("engine", "PyTorch, eager, 2 threads", 2.0),
    Target("engine", "PyTorch, eager, 1 thread", 2.0),
    Target("engine", "hand-written, D called once"),
    Target("engine, simultaneous", "hand-written, simultaneous, D called once"),
)


def build() -> tuple[keras.Model, keras.Model]:
    """A new generator and a new discriminator."""
    return gan_models.build_generator(LATENT_DIM, (32, 16)), gan_models.build_discriminator(
        (16, 32)
    )


def play_engine(images: np.ndarray, batch_size: int, **options: Any) -> Callable[[int], object]:
    """The engine's `advance` of a new GAN; `options` are `GAN`'s."""
    gan = GAN(*build(), **options)
    gan.feed(images, batch_size=batch_size)
    return gan.advance


def list_peers(images: np.ndarray, batch_size: int, size: int = 2048) -> list[Peer]:
    """Everybody who takes part, and the matrix product of `size`³."""

    def engine(**options: Any) -> Callable[[], Callable]:
        return lambda: play_engine(images, batch_size, **options)

    def hand(**options: Any) -> Callable[[], Callable]:
        return lambda: peers.hand_written(*build(), images, batch_size, **options)

    def torch_of(threads: int) -> Callable[[], Callable]:
        return lambda: play_torch(images, batch_size, threads)

    return [
        Peer("engine", engine()),
        Peer("hand-written", hand()),
        Peer("hand-written, D called once", hand(joined=True)),
        Peer("engine, simultaneous", engine(simultaneous=True)),
        Peer("hand-written, simultaneous", hand(simultaneous=True)),
        Peer("hand-written, simultaneous, D called once", hand(simultaneous=True, joined=True)),
        Peer(
            "article's idiom, repaired",
            lambda: peers.ArticleIdiom(*build(), images, batch_size).advance,
        ),
        Peer("PyTorch, eager, 2 threads", torch_of(2), package="torch"),
        Peer("PyTorch, eager, 1 thread", torch_of(1), package="torch"),
        Peer(MATMUL, lambda: multiply(size)),
    ]


def play_torch(images: np.ndarray, batch_size: int, threads: int) -> Callable[[int], None]:
    """The eager PyTorch loop, after a check that its networks are as large as ours."""
    networks = torch_networks()
    ours, theirs = peers.count_parameters(*build()), peers.count_parameters(*networks)
    if ours != theirs:
        raise AssertionError(f"networks differ: {ours:,} numbers in Keras, {theirs:,} in PyTorch")
    return peers.torch_loop(networks, images, batch_size, LATENT_DIM, threads)


def torch_networks() -> tuple[torch.nn.Module, torch.nn.Module]:
    """The networks of `build` in PyTorch."""
    from torch import nn

    generator = nn.Sequential(
        nn.Linear(LATENT_DIM, 7 * 7 * 32, bias=False),
        nn.Unflatten(1, (32, 7, 7)),
        nn.BatchNorm2d(32),
        nn.ReLU(inplace=True),
        nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(inplace=True),
        nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1),
        nn.Tanh(),
    )
    discriminator = nn.Sequential(
        nn.Conv2d(1, 16, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(16, 32, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Flatten(),
        nn.Linear(7 * 7 * 32, 1),
    )
    return generator, discriminator


def multiply(size: int) -> Callable[[int], object]:
    """Products of two float32 matrices (size, size), as fast as TensorFlow does them."""
    a = tf.random.normal((size, size))

    def advance(times: int) -> None:
        for _ in range(times):
            tf.matmul(a, a).numpy()

    return advance


def count_operations(network: keras.Model) -> tuple[int, int]:
    """Floating-point operations of a forward pass of one sample: of all layers, of the first.

    A multiplication and an addition are two. Dense: 2 · in · out. Convolution: 2 · kernel numbers ·
    places of its output; transposed: of its input. Borders count like the middle; normalisation,
    activations and the optimizer do not count.
    """
    counts = []
    for layer in network.layers:
        if isinstance(layer, keras.layers.Conv2DTranspose):
            places = np.prod(layer.input.shape[1:3])
        elif isinstance(layer, keras.layers.Conv2D):
            places = np.prod(layer.output.shape[1:3])
        elif isinstance(layer, keras.layers.Dense):
            places = 1
        else:
            continue
        counts.append(int(2 * np.prod(layer.kernel.shape) * places))
    return sum(counts), counts[0]


def count_round(batch_size: int, simultaneous: bool) -> int:
    """Operations of a round, for both players, forward and backward.

    A backward pass costs a forward one for the weights and another for the inputs; the first layer
    of the player who moves needs no gradient of its inputs.
    """
    (g, g_first), (d, d_first) = (count_operations(network) for network in build())
    discriminator_back = 2 * (2 * d - d_first)  # through real samples and fakes
    generator_back = d + (2 * g - g_first)  # D's inputs only, then G
    forward = g + 2 * d if simultaneous else 2 * g + 3 * d
    return batch_size * (forward + discriminator_back + generator_back)


def run(
    *,
    quick: bool = False,
    batch_sizes: Sequence[int] = (64, 32),
    repeats: int | None = None,
    seconds: float = 0.5,
    size: int = 2048,
    folder: Path | None = None,
) -> dict[str, Any]:
    """Measures, prints, writes `engine.json` and `engine.png`; returns what the first holds."""
    repeats = repeats or (5 if quick else 31)
    images = data.load_mnist().x_train
    result: dict[str, Any] = {
        "quick": quick,
        "machine": measure.machine(),
        "settings": {"repeats": repeats, "seconds": seconds, "matrix": size},
        "parameters": peers.count_parameters(*build()),
        "batch": {},
    }
    panels = {}
    for batch_size in batch_sizes:
        print(f"batch {batch_size}, {result['parameters']:,} numbers in the networks\n")
        everybody = list_peers(images, batch_size, size)
        timings = measure.alternate(everybody, repeats=repeats, seconds=seconds)
        product = 2 * size**3 * timings.pop(MATMUL).median
        found = measure.report(timings, TARGETS)
        result["batch"][batch_size] = found | {"machine_share": share(timings, batch_size, product)}
        panels[f"batch {batch_size}"] = timings
    path = measure.write("engine", result, measure.plot_rates(panels), folder)
    print(f"written: {path}")
    return result


def share(timings: measure.Timings, batch_size: int, product: float) -> dict[str, Any]:
    """Prints and returns how much of the matrix product's speed the engine's rounds reach."""
    shares = {"matrix_product_gflops": product / 1e9, "round_mflop": {}, "share": {}}
    print(f"matrix product: {product / 1e9:.0f} GFLOP/s")
    for name in ("engine", "engine, simultaneous"):
        operations = count_round(batch_size, "simultaneous" in name)
        shares["round_mflop"][name] = operations / 1e6
        shares["share"][name] = operations * timings[name].median / product
        print(
            f"{name}: {operations / 1e6:.0f} MFLOP a round, "
            f"{shares['share'][name]:.1%} of the matrix product's rate"
        )
    print(flush=True)
    return shares


def main() -> None:
    """Reads the command line and measures."""
    run(quick=measure.options(__doc__.splitlines()[0]))


if __name__ == "__main__":
    main()
