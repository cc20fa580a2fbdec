"""Which learning rate each method of lesson 15 gets.

    python -m benchmarks.segment_rates [--quick]

Only training digits are used: the scenes to learn from are made of one half of the digits that the
reader has not seen, those to measure on of the other half. The lesson's test digits play no part.
"""

from __future__ import annotations

import argparse

import keras
import numpy as np

from tgan_lessons import data, scenes, segment, segmenter, transfer

BUDGETS = (5, 20, 100)
RATES = {
    "frozen": (3e-3, 1e-2, 3e-2),
    "fine-tuned": (3e-4, 1e-3, 3e-3),
    "scratch": (3e-3, 1e-2, 3e-2),
}
FROZEN_RATE = 1e-2  # of the stage before fine-tuning
STEPS = {"frozen": 150, "fine-tuned": 150, "scratch": 400}


def train_reader(pool: scenes.Pool, steps: int) -> keras.Model:
    """The lesson's reader: digits turned, scaled and moved, a rate falling along a cosine."""
    reader = segment.build_reader(augment=True)
    rate = keras.optimizers.schedules.CosineDecay(3e-3, steps)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    reader.compile(keras.optimizers.Adam(rate), loss)
    shown = transfer.batches(*pool, steps=steps, seed=0, batch_size=64)
    reader.fit(shown, shuffle=False, verbose=0)
    return reader


def main() -> None:
    """Prints the mean IoU of each method at each rate and budget, on scenes set aside."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one seed, few steps")
    quick = parser.parse_args().quick
    share, seeds = (0.1, range(100, 101)) if quick else (1, range(100, 102))
    steps = {name: max(1, int(share * number)) for name, number in STEPS.items()}
    reading, rest = scenes.split_digits(data.load_mnist())
    reader = train_reader(reading, int(1500 * share))
    half = len(rest[1]) // 2
    learned, measured = (tuple(part[cut] for part in rest) for cut in (np.s_[:half], np.s_[half:]))
    test = scenes.make_scenes(measured, 60, seed=0)
    model = segmenter.Segmenter(reader)

    def score() -> float:
        return scenes.mean_iou(test.y, model.find(test.x))

    for budget in BUDGETS:
        results: dict[tuple[str, float], list[float]] = {}
        for seed in seeds:
            shown = scenes.make_scenes(learned, budget, seed)
            for method, rates in RATES.items():
                for rate in rates:
                    fresh = method == "scratch"
                    model.start(segment.build_reader(seed=seed) if fresh else reader)
                    if method == "fine-tuned":
                        first = {"steps": steps["frozen"], "rate": FROZEN_RATE, "frozen": True}
                        model.train(shown, seed=seed, **first)
                    frozen = method == "frozen"
                    model.train(shown, steps=steps[method], rate=rate, seed=seed, frozen=frozen)
                    results.setdefault((method, rate), []).append(score())
        for (method, rate), scores in results.items():
            spread = np.ptp(scores)
            told = f"{np.mean(scores):.3f} (spread {spread:.3f})"
            print(f"{budget:>4} scenes  {method:>10}  {rate:<7g} {told}", flush=True)


if __name__ == "__main__":
    main()
