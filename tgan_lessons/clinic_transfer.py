"""The clinic's cases of a transfer listing, rows B8 to B12, on scikit-learn's optical digits."""

from __future__ import annotations

import warnings

import numpy as np

from tgan_lessons.clinic import Finding, case


def _optical() -> tuple[np.ndarray, np.ndarray]:
    """1,797 images (n, 64) with pixels from 0 to 16, and their labels."""
    from sklearn.datasets import load_digits

    return load_digits(return_X_y=True)


def told(error: Exception) -> str:
    """An error in one line: its type and the first sentence of what it says."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = next((line for line in lines if "Exception encountered" not in line), "")
    plain = text.replace("\x1b[1m", "").replace("\x1b[0m", "")
    return f"{type(error).__name__}: {plain[:75]}{'…' if len(plain) > 75 else ''}"


@case(
    "B8",
    "four names for two arrays",
    symptom="ValueError in the first line that runs",
    cause="the loader returns (x, y), not a split",
    cure="take the two, then split them yourself",
)
def unpacks_four(defect: bool) -> Finding:
    """Takes apart what the loader returns."""
    from sklearn.model_selection import train_test_split

    try:
        if defect:
            x_train, _, x_test, _ = _optical()
        else:
            x_train, x_test, _, _ = train_test_split(*_optical(), random_state=0)
    except ValueError as error:
        return Finding(told(error), True)
    return Finding(f"{len(x_train):,} images to learn from, {len(x_test)} to test", False)


@case(
    "B9",
    "no test set",
    symptom="accuracy is wonderful, on anything",
    cause="it is measured on the images that were learned",
    cure="hold images back before anything is fitted",
)
def never_splits(defect: bool) -> Finding:
    """Labels drawn by chance: whoever is better than 10 % at them has seen them."""
    from sklearn.neighbors import KNeighborsClassifier

    x, _ = _optical()
    y = np.random.default_rng(0).integers(0, 10, len(x))
    learned, tested = slice(0, 1200), slice(0, 1200) if defect else slice(1200, None)
    model = KNeighborsClassifier(1).fit(x[learned], y[learned])
    score = model.score(x[tested], y[tested])
    return Finding(f"labels drawn by chance are read with {score:.0%} accuracy", score > 0.5)


@case(
    "B10",
    "a second model, not a transferred one",
    symptom="a ruined source changes nothing at all",
    cause="`fit` starts anew; and a head for 10 classes cannot serve 47",
    cure="hand on features or weights, and give the target a head of its own",
)
def no_transfer(defect: bool) -> Finding:
    """How many target images are read differently when the source has learned nonsense."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier

    x, y = _optical()
    x = x / 16
    source, target = y < 6, np.flatnonzero(y >= 6)
    few, rest = target[:20], target[20:]
    readings = []
    for labels in (y[source], np.random.default_rng(0).permutation(y[source])):
        model = MLPClassifier((24,), max_iter=25, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # 25 steps are enough here
            model.fit(x[source], labels)
            if defect:
                readings.append(model.fit(x[few], y[few]).predict(x[rest]))
                continue
        features = np.maximum(x @ model.coefs_[0] + model.intercepts_[0], 0)
        head = LogisticRegression(max_iter=2000).fit(features[few], y[few])
        readings.append(head.predict(features[rest]))
    share = float(np.mean(readings[0] != readings[1]))
    return Finding(f"ruin the source: {share:.1%} of the target's answers change", share == 0)


@case(
    "B11",
    "raw pixels for a default solver",
    symptom="ConvergenceWarning: the limit of 100 iterations is reached",
    cause="pixels up to 255 beside a regularisation made for numbers around 1",
    cure="scale to [0, 1] (or standardise), then fit",
)
def raw_pixels(defect: bool) -> Finding:
    """Odd or even, by logistic regression with all defaults."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    x, y = _optical()
    x = x * (255 / 16 if defect else 1 / 16)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = LogisticRegression().fit(x, y % 2)
    complained = any(issubclass(w.category, ConvergenceWarning) for w in caught)
    end = "no convergence" if complained else "converged"
    return Finding(f"pixels up to {x.max():g}: {model.n_iter_[0]} iterations, {end}", complained)


@case(
    "B12",
    "EMNIST as it comes",
    symptom="a good reader of digits reads these hardly better than chance",
    cause="EMNIST as published is transposed against MNIST",
    cure="swap rows and columns, and prove it: an MNIST reader must read its digits",
)
def transposed(defect: bool) -> Finding:
    """The course's judge, which learned MNIST's digits, reads EMNIST's (or their stand-ins)."""
    from tgan_lessons import data, judge

    digits = data.load_emnist("digits")
    x = digits.x_test.transpose(0, 2, 1, 3) if defect else digits.x_test
    right = float(np.mean(judge.load_judge().classify(x) == digits.y_test))
    return Finding(f"an MNIST reader is right in {right:.0%}", right < 0.6)


CASES = (unpacks_four, never_splits, no_transfer, raw_pixels, transposed)
