"""Which learning rate and which L2 penalty each method of lesson 01 gets.

    python -m benchmarks.transfer_rates [--quick]

Only training letters are used: budgets are drawn from the first 100 of each class, accuracy is
measured on the others. The lesson's test letters and its seeds play no part.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import keras
import numpy as np

from tgan_lessons import data, models, transfer

FILTERS = (8, 32, 64)
POOL = 100  # training letters per class that budgets are drawn from
BUDGETS = (5, 20, 100)
RATES = {"scratch": (3e-3, 6e-3, 1e-2, 2e-2), "fine-tuned": (3e-4, 1e-3, 3e-3)}
STRENGTHS = (0.003, 0.01, 0.03, 0.1)


SHARE = {"scratch": 1.0, "fine-tuned": 0.5}  # of the steps; with augmentation the lesson takes more


def train_source(steps: int) -> keras.Model:
    """The lesson's source: digits, augmented, learning rate falling along a cosine."""
    digits = data.load_mnist()
    backbone = models.build_backbone(FILTERS)
    source = models.build_classifier(backbone, 10, augment=True)
    rate = keras.optimizers.schedules.CosineDecay(3e-3, steps)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    source.compile(optimizer=keras.optimizers.Adam(rate), loss=loss)
    shown = transfer.batches(digits.x_train, digits.y_train, steps=steps, seed=0, batch_size=64)
    source.fit(shown, shuffle=False, verbose=0)
    return backbone


def split(letters: data.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the training letters: the first `POOL` of each class, and the others."""
    rank = np.empty(len(letters.y_train), int)
    for label in np.unique(letters.y_train):
        members = np.flatnonzero(letters.y_train == label)
        rank[members] = np.arange(len(members))
    return np.flatnonzero(rank < POOL), np.flatnonzero(rank >= POOL)[: 60 * 37]


def builder(augment: bool) -> Callable[[int], keras.Model]:
    """The lesson's letter reader, new for each seed."""

    def build(seed: int) -> keras.Model:
        backbone = models.build_backbone(FILTERS, seed=seed)
        return models.build_classifier(backbone, 37, augment=augment, seed=seed)

    return build


def main() -> None:
    """Prints a table of mean validation accuracies."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one seed, a short source")
    quick = parser.parse_args().quick
    seeds = range(100, 101 if quick else 103)
    letters = data.load_emnist("letters")
    pool, rest = split(letters)
    x_rest, y_rest = letters.x_train[rest], letters.y_train[rest]
    backbone = train_source(200 if quick else 1500)
    features = transfer.extract_features(backbone, x_rest)
    print(f"{letters}\nvalidation accuracy, mean of {len(seeds)} seeds")
    draws = {
        (budget, seed): data.sample_per_class(
            letters.x_train[pool], letters.y_train[pool], budget, seed
        )
        for budget in BUDGETS
        for seed in seeds
    }

    def report(name: str, value: float, score: object, budgets: tuple[int, ...] = BUDGETS) -> None:
        cells = []
        for budget in budgets:
            results = [score(*draws[budget, seed], seed) for seed in seeds]
            cells.append(f"{budget:>3} per class {np.mean(results):.3f}")
        print(f"{name:>22} {value:<6g} {'   '.join(cells)}", flush=True)

    for strength in STRENGTHS:

        def pixels(x: np.ndarray, y: np.ndarray, seed: int, c: float = strength) -> float:
            return transfer.score_linear(transfer.fit_linear(x, y, strength=c), x_rest, y_rest)

        def frozen(x: np.ndarray, y: np.ndarray, seed: int, c: float = strength) -> float:
            model = transfer.fit_linear(transfer.extract_features(backbone, x), y, strength=c)
            return transfer.score_linear(model, features, y_rest)

        report("pixels, C", strength, pixels)
        report("frozen, C", strength, frozen)
    augmenter = models.build_augmenter(seed=1)
    for augment in (False, True):

        def linear_head(x: np.ndarray, y: np.ndarray, copies: int = 9 * augment) -> object:
            new = [augmenter(x, training=True).numpy().clip(-1, 1) for _ in range(copies)]
            seen = transfer.extract_features(backbone, np.concatenate([x, *new]))
            return transfer.fit_linear(seen, np.tile(y, 1 + copies), strength=0.03)

        for method, rate in ((name, rate) for name in RATES for rate in RATES[name]):
            learner = transfer.Learner(builder(augment), learning_rate=rate)

            def trained(
                x: np.ndarray,
                y: np.ndarray,
                seed: int,
                learner: transfer.Learner = learner,
                steps: float = SHARE[method] * (1 + 3 * augment),
                tuned: bool = method == "fine-tuned",
            ) -> float:
                start = {"start": backbone, "head": linear_head(x, y)} if tuned else {}
                count = int(steps * min(400, 50 + len(x) // 8))
                learner.train(x, y, steps=count, seed=seed, **start)
                return learner.score(x_rest, y_rest)

            if augment:  # the lesson augments at this budget only
                report(f"{method}, augmented", rate, trained, budgets=(5,))
            else:
                report(method, rate, trained)


if __name__ == "__main__":
    main()
