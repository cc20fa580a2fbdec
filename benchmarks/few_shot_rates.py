"""Which learning rate lesson 11 uses: the one at which learning from scratch does best.

    python -m benchmarks.few_shot_rates [--quick]

Measured on the letters BDFGN; the lesson's own letters play no part.
"""

from __future__ import annotations

import argparse

import numpy as np

from tgan_lessons import data, few_shot_gan, few_shot_task, judge

LETTERS, IMAGES, ROUNDS = "BDFGN", 100, 300
RATES = (1e-3, 2e-3, 4e-3)


def main() -> None:
    """Prints the mean Fréchet distance of each method at each rate."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one seed, few rounds")
    quick = parser.parse_args().quick
    share, seeds = (0.01, range(1)) if quick else (1, range(3))
    digits = judge.unseen(data.load_mnist())
    source = few_shot_gan.build_game()
    source.feed((digits.x_train, digits.y_train), batch_size=few_shot_gan.BATCH)
    source.advance(int(2500 * share))
    task = few_shot_task.pick_letters(data.load_emnist("letters"), LETTERS)
    meter = few_shot_task.Meter(task, judge.load_judge())
    for method in few_shot_gan.METHODS:
        for rate in RATES:
            studio = few_shot_gan.Studio(method, source, rate=rate)
            values = []
            for seed in seeds:
                game = studio.learn(*task.draw(IMAGES, seed), int(ROUNDS * share), seed)
                values.append(meter.distance(game).value)
            print(f"{method:>10}, rate {rate:g}: {np.mean(values):.2f}", flush=True)


if __name__ == "__main__":
    main()
