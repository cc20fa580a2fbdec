"""The checks of the exercises of lessons 00 and 01: they test behaviour, never text."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tgan_lessons.checks import Unfinished, call, exercise, expect


@exercise("00.1", "Black is 0, white is 255, and grey lies between: you can read every image here.")
def check_to_pixels(to_pixels: Callable[[np.ndarray], np.ndarray]) -> None:
    """Tests a function that turns images in [-1, 1] into whole numbers from 0 to 255."""
    values = np.array([[-1.0, 0.0, 1.0]], dtype=np.float32)
    pixels = np.asarray(call(to_pixels, values), dtype=float)
    expect(pixels.shape == values.shape, f"Keep the shape {values.shape}; yours is {pixels.shape}.")
    expect(pixels[0, 0] == 0, f"-1 is black and must become 0; yours becomes {pixels[0, 0]:g}.")
    expect(pixels[0, 2] == 255, f"1 is white and must become 255; yours is {pixels[0, 2]:g}.")
    expect(pixels[0, 1] in (127, 128), f"0 must become 127 or 128; yours is {pixels[0, 1]:g}.")
    rng = np.random.default_rng(0)
    many = rng.uniform(-1, 1, (5, 4)).astype(np.float32)
    expect(
        np.abs(np.asarray(to_pixels(many.copy())) - (many + 1) * 127.5).max() <= 1,
        "The ends are right, but not what lies between: the mapping should be a straight line.",
    )


@exercise("00.2", "That rate is too high for this network: its weights left the numbers.")
def check_too_high(learning_rate: float) -> None:
    """Tests that a curve trained at this learning rate really explodes."""
    from tgan_lessons.curve_lab import CurveLab

    is_number = isinstance(learning_rate, int | float) and not isinstance(learning_rate, bool)
    expect(is_number, "Write one number, such as 0.1.")
    expect(0 < learning_rate <= 1, "Stay on the slider: more than 0 and at most 1.")
    lab = CurveLab()
    lab.learning_rate.value = float(learning_rate)
    try:
        for _ in range(50):
            lab.tick()
    except FloatingPointError:
        return
    expect(
        False, f"At {learning_rate:g} the loss is {lab.loss:.3f} after 1,000 steps: still alive."
    )


@exercise("01.1", "Paired differences, Student's t: the luck of the draw has dropped out.")
def check_gain(gain: Callable[[list[float], list[float]], tuple[float, float]]) -> None:
    """Tests (mean, half width of the 95 % interval) of paired differences."""
    ours, theirs = [0.62, 0.66, 0.61, 0.65], [0.50, 0.55, 0.52, 0.49]
    difference = np.subtract(ours, theirs)  # now: an answer may change the lists
    answer = np.asarray(call(gain, ours, theirs), dtype=float).ravel()
    expect(
        len(answer) == 2, f"Return two numbers: mean and half width. You returned {len(answer)}."
    )
    mean, half = difference.mean(), 3.182446 * difference.std(ddof=1) / 2  # t, 3 degrees of freedom
    expect(abs(answer[0] - mean) < 1e-6, "The first number should be the mean of the differences.")
    normal = 1.959964 * difference.std(ddof=1) / 2
    expect(
        abs(answer[1] - normal) > 1e-5,
        "1.96 belongs to many seeds. With n of them use t.ppf(0.975, n - 1) from scipy.stats.",
    )
    biased = 3.182446 * difference.std() / 2
    expect(
        abs(answer[1] - biased) > 1e-5, "A sample's standard deviation divides by n - 1: ddof=1."
    )
    expect(
        abs(answer[1] - half) < 1e-5,
        "Half width = t quantile × standard deviation of the differences / √n.",
    )


@exercise("01.2", "Only the head moved. The statistics of the normalisation stayed, too.")
def check_head_only(train_head: Callable[..., object]) -> None:
    """Tests that a function (classifier, x, y) trains the head and leaves all else as it was."""
    from tgan_lessons import models

    classifier = models.build_classifier(models.build_backbone((4, 8)), 3)
    backbone, head = classifier.get_layer("backbone"), classifier.get_layer("head")
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (48, 28, 28, 1)).astype(np.float32)
    y = rng.integers(0, 3, 48).astype(np.int32)
    before, head_before = backbone.get_weights(), head.get_weights()
    answer = train_head(classifier, x, y)
    moved = any(np.any(a != b) for a, b in zip(head_before, head.get_weights(), strict=True))
    if (answer is ... or answer is None) and not moved:
        raise Unfinished
    expect(moved, "The head did not move: did you compile and fit?")
    names = [
        weight.path
        for weight, old in zip(backbone.weights, before, strict=True)
        if np.any(weight.numpy() != old)
    ]
    expect(
        not any("kernel" in name or "gamma" in name or "beta" in name for name in names),
        f"The backbone learned too ({len(names)} of its arrays moved). Freeze it before compile.",
    )
    expect(
        not names, "The moving statistics of the normalisation changed: it ran in training mode."
    )


@exercise(
    "01.3", "A mean per class and a distance: one of the strongest few-shot readers there is."
)
def check_nearest_mean(predict: Callable[..., np.ndarray]) -> None:
    """Tests a nearest-class-mean classifier (features, labels, new features) → labels."""
    from sklearn.neighbors import NearestCentroid

    rng = np.random.default_rng(0)
    centers = rng.normal(0, 0.7, (6, 20))  # near enough for other rules to give other answers
    labels = rng.permutation(np.repeat(np.arange(6), 5))
    features = centers[labels] + rng.normal(size=(30, 20))
    new = centers[rng.integers(0, 6, 200)] + 1.5 * rng.normal(size=(200, 20))
    right = NearestCentroid().fit(features, labels).predict(new)
    answer = np.asarray(call(predict, features, labels, new))
    expect(answer.shape == (200,), f"Return one label per row of new: (200,), not {answer.shape}.")
    expect(set(np.unique(answer)) <= set(range(6)), "Return class numbers that occur in labels.")
    agreement = np.mean(answer == right)
    expect(
        agreement == 1,
        f"{agreement:.0%} agree with the nearest mean. Average each class's features, then take "
        "the class whose mean is at the smallest Euclidean distance.",
    )
