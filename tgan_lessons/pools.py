"""What the networks of lesson 02 learn from: letters split into two tasks, and other sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tgan_lessons.data import Dataset, sample_per_class
from tgan_lessons.small_nets import Plan, shrink

PER_CLASS = 160  # images of each letter that a source learns from
A, B = 0, 1  # the two tasks, by their number in `Plan.groups`


@dataclass(frozen=True, eq=False)
class Pool:
    """All images that networks learn from, and test images of both tasks.

    Attributes:
        x: images (n, 14, 14, 1) of all tasks.
        y: class numbers (n,), those of `letters`; a digit d counts as the d-th class of task A.
        rows: which rows of `x` belong to a source, by its name, or to the target, `"B"`.
        tests: images and classes to test on: of `"letters"`, which is task A, and of `"B"`.
        groups: for each class the number of its task.
    """

    x: np.ndarray
    y: np.ndarray
    rows: Mapping[str, np.ndarray]
    tests: Mapping[str, tuple[np.ndarray, np.ndarray]]
    groups: tuple[int, ...]

    @property
    def plan(self) -> Plan:
        """The shape of the networks that learn here."""
        return Plan((8, 16, 32), (64, 64), self.groups)

    def draw(self, per_class: int, seed: int, held_back: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """A label budget of task B: rows to learn from, and rows held back for validation.

        Args:
            per_class: labels of each class, those held back included.
            seed: of the draw.
            held_back: how many of them to learn nothing from.

        Raises:
            ValueError: all labels held back, or more labels than there are.
        """
        if not 0 <= held_back < per_class:
            raise ValueError(
                f"`held_back` must be from 0 to {per_class - 1}, less than `per_class`. "
                f"Received: held_back={held_back}"
            )
        rows = self.rows["B"]
        drawn, labels = sample_per_class(rows, self.y[rows], per_class, seed)
        order = np.argsort(labels, kind="stable").reshape(-1, per_class)
        return drawn[order[:, held_back:].ravel()], drawn[order[:, :held_back].ravel()]


def make_pool(letters: Dataset, digits: Dataset, seed: int = 0) -> Pool:
    """Splits letters into two tasks of disjoint classes, and makes other sources beside them.

    Every other letter is task A, the ones between are task B. Sources are `"letters"` (task A),
    `"digits"`, `"inverted"` (A, black for white) and `"shuffled"` (A's labels permuted: nothing
    is to be learned but to tell images apart).

    Args:
        letters: images of 28×28, at least 20 classes.
        digits: images of 28×28, 10 classes.
        seed: of the images chosen, and of the labels' permutation.
    """
    groups = tuple(number % 2 for number in range(len(letters.class_names)))
    train, tested = (np.take(groups, y) for y in (letters.y_train, letters.y_test))
    parts = {
        name: _sample(letters.x_train[train == task], letters.y_train[train == task], seed)
        for name, task in (("letters", A), ("B", B))
    }
    x, y = parts["letters"]
    parts["inverted"] = -x, y
    parts["shuffled"] = x, np.random.default_rng(seed).permutation(y)
    x, y = _sample(digits.x_train, digits.y_train, seed, len(y) // 10)
    parts["digits"] = x, np.flatnonzero(np.array(groups) == A)[y]
    ends = np.cumsum([0, *(len(y) for _, y in parts.values())])
    rows = {n: np.arange(i, j) for n, i, j in zip(parts, ends[:-1], ends[1:], strict=True)}
    x, y = (np.concatenate(arrays) for arrays in zip(*parts.values(), strict=True))
    tests = {
        name: (shrink(letters.x_test[tested == task]), letters.y_test[tested == task])
        for name, task in (("letters", A), ("B", B))
    }
    return Pool(x, y, rows, tests, groups)


def _sample(
    x: np.ndarray, y: np.ndarray, seed: int, most: int = PER_CLASS
) -> tuple[np.ndarray, np.ndarray]:
    smallest = int(np.unique(y, return_counts=True)[1].min())
    x, y = sample_per_class(x, y, min(most, smallest), seed)
    return shrink(x), y


def batches(
    rows: Sequence[np.ndarray], seeds: Sequence[int], *, steps: int, size: int = 32
) -> np.ndarray:
    """Batches of each network's own rows, shuffled again whenever all were shown.

    Args:
        rows: of the pool, one array for each network.
        seeds: of the order, one for each network; equal ones shuffle alike.
        steps: how many batches.
        size: rows in each.

    Returns:
        Rows of the pool, shape (steps, networks, size).
    """
    orders = []
    for own, seed in zip(rows, seeds, strict=True):
        rng, repeats = np.random.default_rng(seed), -(-steps * size // len(own))
        order = np.concatenate([rng.permutation(own) for _ in range(repeats)])
        orders.append(order[: steps * size].reshape(steps, size))
    return np.stack(orders, axis=1)
