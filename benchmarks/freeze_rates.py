"""Which learning rates the networks of lesson 02 get.

    python -m benchmarks.freeze_rates [--quick]

The roles are exchanged: the letters that are the lesson's source are the target here. No image of
a letter that the lesson reports on is used for measuring.
"""

from __future__ import annotations

import argparse

import numpy as np

from tgan_lessons import data, freezing, pools, small_nets
from tgan_lessons.metrics import mean_interval

NEW = (1e-3, 3e-3, 1e-2)  # rates of new layers, and of networks from scratch
COPIED = (0.0, 3e-4, 1e-3, 3e-3, 1e-2)  # 0: frozen
DEPTHS = (3, 5)
BUDGETS = ((20, 5, 250), (8, 3, 200))  # labels per class, held back of them, steps


def exchange(letters: data.Dataset) -> data.Dataset:
    """The same letters with an empty class before them: `make_pool` then takes the others as B."""
    return data.Dataset(
        letters.x_train,
        letters.y_train + 1,
        letters.x_test,
        letters.y_test + 1,
        ("", *letters.class_names),
        letters.source,
    )


def measure(target: freezing.Target, source: small_nets.Weights) -> dict[str, np.ndarray]:
    """Test accuracies of all settings, one per seed; they learn side by side."""
    starts, rates, names = [], [], []
    for new in NEW:
        starts.append(target.start())
        rates.append(freezing.layer_rates(0, copied=0, new=new))
        names.append(f"scratch          {new:g}")
        for depth in DEPTHS:
            for copied in (rate for rate in COPIED if rate <= new):
                starts.append(target.start(source, depth))
                rates.append(freezing.layer_rates(depth, copied=copied, new=new))
                names.append(f"{depth} copied, {copied or 'frozen':<6} {new:g}")
    each = np.repeat(np.stack(rates), len(target.seeds), axis=0)
    scores = target.test(target.learn(small_nets.join(*starts), each))
    return dict(zip(names, scores, strict=True))


def main() -> None:
    """Prints a table of mean accuracies with their intervals."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two seeds, a short source")
    quick = parser.parse_args().quick
    seeds = range(2 if quick else 5)
    pool = pools.make_pool(exchange(data.load_emnist("letters")), data.load_mnist())
    steps = 20 if quick else 800
    source = freezing.train_sources(pool, ("letters",), seeds, steps=steps, rate=3e-3)["letters"]
    for per_class, held_back, steps in BUDGETS:
        budget = {"per_class": per_class, "held_back": held_back}
        target = freezing.Target(pool, **budget, seeds=seeds, steps=5 if quick else steps)
        print(f"{per_class - held_back} labels per class, {target.steps} steps, rates:")
        for name, scores in measure(target, source).items():
            mean, half = mean_interval(scores)
            print(f"  {name:<24} {mean:.3f} ± {half:.3f}", flush=True)


if __name__ == "__main__":
    main()
