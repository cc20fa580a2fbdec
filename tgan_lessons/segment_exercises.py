"""The checks of the exercises of lesson 15: they test behaviour, never text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tgan_lessons.checks import call, exercise, expect


@exercise("15.1", "Both over either: a map that says background everywhere gets no credit for it.")
def check_iou(iou: Callable[[np.ndarray, np.ndarray, int], float]) -> None:
    """Tests intersection over union of one class: (truth, found, class) → share."""
    from sklearn.metrics import accuracy_score, jaccard_score, recall_score

    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, (6, 7))
    found = np.where(rng.uniform(size=truth.shape) < 0.6, truth, rng.integers(0, 3, truth.shape))
    pair = truth.ravel(), found.ravel()
    answer = float(call(iou, truth.copy(), found.copy(), 1))
    recall = recall_score(*pair, labels=[1], average=None)[0]
    expect(
        abs(answer - recall) > 1e-6,
        "You divide by the true pixels. Those wrongly given this class count too.",
    )
    told = "That is the share of right pixels of all classes. Look at one class only."
    expect(abs(answer - accuracy_score(*pair)) > 1e-6, told)
    both, sizes = np.sum((truth == 1) & (found == 1)), np.sum(truth == 1) + np.sum(found == 1)
    told = "Pixels in both maps are counted twice below the line: subtract them once."
    expect(abs(answer - both / sizes) > 1e-6, told)
    for label in (1, 0, 2):
        right = jaccard_score(*pair, labels=[label], average=None)[0]
        answer = float(iou(truth.copy(), found.copy(), label))
        told = f"Of class {label}: {right:.3f} expected, yours is {answer:.3f}. Pixels where both "
        expect(abs(answer - right) < 1e-6, told + "say it, over pixels where one of them does.")


@exercise("15.2", "So you can say of any network which pixels a place of its map has seen.")
def check_geometry(geometry: Callable[[list[tuple[int, int]]], tuple[int, int]]) -> None:
    """Tests (stride, window) of a chain of layers [(kernel, stride), …]."""
    answer = np.asarray(call(geometry, [(3, 1)])).ravel()
    expect(len(answer) == 2, f"Return two numbers: stride, window. You returned {len(answer)}.")
    for chain in ([(3, 1)], [(3, 1), (3, 1)], [(2, 2)], [(3, 1), (2, 2)], [(2, 2), (3, 1)]):
        _compare_geometry(geometry, chain)
    _compare_geometry(geometry, [(3, 1), (2, 2), (3, 1), (2, 2), (5, 1)])
    _compare_geometry(geometry, [(7, 2), (3, 2), (3, 3), (4, 1)])


def _compare_geometry(geometry: Callable[..., object], chain: list[tuple[int, int]]) -> None:
    stride, window = _measure_geometry(chain)
    mine = tuple(int(part) for part in np.asarray(geometry(list(chain))).ravel())
    expect(
        mine[0] == stride,
        f"{chain}: neighbouring places lie {stride} pixels apart, yours says {mine[0]}. "
        "Strides multiply.",
    )
    expect(
        mine[1] == window,
        f"{chain}: a place sees {window} pixels, yours says {mine[1]}. A kernel of k adds k - 1 "
        "steps, each as long as the product of the strides before it.",
    )


def _measure_geometry(chain: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """By trying: which pixels reach the first two places of a chain of sums."""
    seen = np.eye(400, dtype=bool)  # of each place, the pixels that it sees
    for kernel, stride in chain:
        starts = range(0, len(seen) - kernel + 1, stride)
        seen = np.array([seen[i : i + kernel].any(axis=0) for i in starts])
    first, second = (np.flatnonzero(row) for row in seen[:2])
    return int(second[0] - first[0]), len(first)


@exercise("15.3", "Upsampling is a convolution, too: this kernel is how FCN's begins.")
def check_bilinear(kernel: Callable[[int], np.ndarray]) -> None:
    """Tests the 1-D bilinear kernel, 2 · factor long, of an enlargement by an even factor."""
    first = np.asarray(call(kernel, 4), float)
    expect(first.shape == (8,), f"Return 8 numbers for factor 4, shape (8,), not {first.shape}.")
    for factor in (2, 4, 6):
        weights = np.asarray(kernel(factor), float)
        expect(np.allclose(weights, weights[::-1]), "It must be the same from both sides.")
        flat = _enlarge(np.ones(6), weights, factor)[factor:-factor]
        expect(
            np.allclose(flat, 1),
            f"Factor {factor}: a map of ones becomes {flat[0]:.3f}, {flat[1]:.3f}, … Two places "
            "reach each pixel, and their weights must add up to 1.",
        )
        ramp = _enlarge(np.arange(6.0), weights, factor)[factor:-factor]
        even = np.allclose(np.diff(ramp), 1 / factor)
        expect(
            even, f"Factor {factor}: a straight line must stay one. Let the weights fall evenly."
        )


def _enlarge(values: np.ndarray, weights: np.ndarray, factor: int) -> np.ndarray:
    """A transposed convolution: each value lays down the kernel, `factor` apart; sums."""
    out = np.zeros(factor * (len(values) - 1) + len(weights))
    for place, value in enumerate(values):
        out[place * factor : place * factor + len(weights)] += value * weights
    return out[factor // 2 : -(factor // 2)]
