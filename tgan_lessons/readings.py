"""A generator's three numbers in a judge's eyes, each beside a perfect generator's, over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tgan_lessons import metrics
from tgan_lessons.metrics import Reading

if TYPE_CHECKING:
    from tgan_lessons.judge import Judge


class Readings(NamedTuple):
    """What one set of generated images got: near on average, among real ones, reaching all."""

    distance: Reading
    density: Reading
    coverage: Reading


class Examiner:
    """Measures generators against the same real images.

    Args:
        eye: whose features are compared.
        real: images that no generator saw, (n, 28, 28, 1); each generator shows as many.
        reference: other real images.
    """

    def __init__(self, eye: Judge, real: np.ndarray, reference: np.ndarray) -> None:
        self.eye, self.samples = eye, len(real)
        self._real, self._reference = eye.features(real), eye.features(reference)

    def read(self, images: np.ndarray) -> Readings:
        """Fréchet distance, density and coverage of as many images as there are real ones."""
        seen = self.eye.features(images)
        distance = metrics.frechet_distance(seen, self._real, self._reference)
        both = metrics.density_and_coverage(seen, self._real, self._reference)
        return Readings(distance, *both)


def summarise(readings: Sequence[Readings]) -> str:
    """The means over seeds with 95 % intervals, in one line."""
    told = []
    for kind in zip(*readings, strict=True):
        middle, half = metrics.mean_interval([reading.value for reading in kind])
        told.append(f"{kind[0].name} {middle:.2f} ± {half:.2f}")
    return ", ".join(told)


def perfect(readings: Readings) -> str:
    """What a perfect generator gets, in one line."""
    return ", ".join(f"{reading.name} {reading.perfect:.2f}" for reading in readings)
