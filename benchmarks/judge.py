"""Trains the judge, writes its weights file and says how well it reads.

    python -m benchmarks.judge [--quick]

It learns from the last 200 training digits of each class; settings were chosen by the accuracy on
the first 200. The test digits are looked at by the full run only, and nothing is chosen by them.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks import measure
from tgan_lessons import cache, data, fetch, judge


def main() -> None:
    """Prints the accuracies of the weights as they are read back from the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a short training, into no file")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if not arguments.quick:
        measure.must_be_writable(judge.WEIGHTS)
    started = time.perf_counter()
    if arguments.quick:
        trained = judge.train(arguments.seed, steps=400)
    else:
        trained = judge.train(arguments.seed)
    print(f"trained in {time.perf_counter() - started:.0f} s")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "judge.npz" if arguments.quick else judge.WEIGHTS
        judge.save(trained, path)
        reader = judge.Judge(path)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")
    chosen_on, _ = judge.split()
    report(reader, "first 2,000 training digits", chosen_on["x"], chosen_on["y"])
    if not arguments.quick:
        digits = cache.load_or_make("mnist_5k", fetch.bundled_mnist)
        report(reader, "1,000 test digits", digits["x_test"], digits["y_test"])


def report(reader: judge.Judge, name: str, images: np.ndarray, labels: np.ndarray) -> None:
    """Prints the accuracy on digits that the judge did not learn from."""
    print(f"{name}: accuracy {np.mean(reader.classify(data.to_float(images)) == labels):.4f}")


if __name__ == "__main__":
    main()
