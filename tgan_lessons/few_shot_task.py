"""A task with few images: some letters, real ones set aside to measure with, and the measuring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tgan_lessons import metrics
from tgan_lessons.data import Dataset, sample_per_class
from tgan_lessons.runtime import choose

if TYPE_CHECKING:
    from tgan_lessons.gan import GAN
    from tgan_lessons.judge import Judge

WORD = "HEART"
MOST = 10  # letters: as many as the source has digits
MEASURED = 60  # images of each letter that a distance is measured with


class Task(NamedTuple):
    """A few letters: images to learn from, and two sets of real ones that nobody learns from.

    Attributes:
        x: images to draw the few from, float32 in [-1, 1], shape (n, 28, 28, 1).
        y: their class numbers, in the order of the word.
        real: test images, equally many of each class, class by class: a perfect generator.
        real_y: their class numbers.
        reference: further images; every distance is measured to these.
        reference_y: their class numbers.
        names: of the classes.
    """

    x: np.ndarray
    y: np.ndarray
    real: np.ndarray
    real_y: np.ndarray
    reference: np.ndarray
    reference_y: np.ndarray
    names: tuple[str, ...]

    def draw(self, images: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """A few images and their labels, equally many of each class."""
        if images < len(self.names) or images % len(self.names):
            raise ValueError(
                f"`images` must be a multiple of {len(self.names)}, the letters. "
                f"Received: images={images}"
            )
        return sample_per_class(self.x, self.y, images // len(self.names), seed)


def pick_letters(letters: Dataset, word: str = WORD) -> Task:
    """Takes the letters of a word; half of their training images are set aside as the reference.

    Args:
        letters: from `data.load_emnist("letters")`.
        word: different letters, at most 10, all of them classes of `letters`.

    Raises:
        ValueError: for any other word.
    """
    if not 2 <= len(word) <= MOST or len(set(word)) < len(word):
        raise ValueError(f"`word` must be 2 to {MOST} different letters. Received: {word!r}")
    for letter in word:
        choose("word", letter, letters.class_names)
    wanted = [letters.class_names.index(letter) for letter in word]
    learn, aside, real = [], [], []
    for number in wanted:
        rows = np.flatnonzero(letters.y_train == number)
        learn.append(rows[: len(rows) // 2])
        aside.append(rows[len(rows) // 2 :])
        real.append(np.flatnonzero(letters.y_test == number)[:MEASURED])

    def labels(parts: list[np.ndarray]) -> np.ndarray:
        return np.repeat(np.arange(len(parts), dtype=np.int32), [len(part) for part in parts])

    train, test = letters.x_train, letters.x_test
    pairs = (train, learn), (test, real), (train, aside)
    arrays = [part for x, rows in pairs for part in (x[np.concatenate(rows)], labels(rows))]
    return Task(*arrays, names=tuple(word))


class Meter:
    """Measures generators of a task's letters with the judge's features.

    Args:
        task: see `pick_letters`.
        eye: whose `features` are compared.
    """

    def __init__(self, task: Task, eye: Judge) -> None:
        self.task, self.eye = task, eye
        self.real, self.reference = eye.features(task.real), eye.features(task.reference)

    def paint(self, game: GAN, seed: int = 1) -> np.ndarray:
        """As many images as the real ones, of the same classes."""
        return game.generate(len(self.task.real), self.task.real_y, seed=seed)

    def distance(self, game: GAN) -> metrics.Reading:
        """The Fréchet distance to the reference, beside that of as many real letters."""
        return metrics.frechet_distance(
            self.eye.features(self.paint(game)), self.real, self.reference
        )

    def coverage(self, game: GAN) -> metrics.Reading:
        """The share of the reference with a generated image nearby."""
        fake = self.eye.features(self.paint(game))
        return metrics.density_and_coverage(fake, self.real, self.reference)[1]


def reduction(
    runs: Mapping[tuple[str, int, int], float], method: str, images: int, baseline: str = "scratch"
) -> tuple[float, float]:
    """How much lower a method's distance is than the baseline's, seed by seed, with an interval.

    Args:
        runs: distances by (method, images, seed).
        method: whose.
        images: which budget.
        baseline: what it is compared with.

    Returns:
        (mean share, half width of its 95 % interval): 0.3 is 30 % lower.
    """
    seeds = sorted(s for m, n, s in runs if (m, n) == (method, images))
    shares = [1 - runs[method, images, s] / runs[baseline, images, s] for s in seeds]
    return metrics.mean_interval(shares)
