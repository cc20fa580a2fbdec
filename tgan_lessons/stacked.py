"""Stacked digits: three random digits in the three colour channels, up to 1,000 modes.

A judge reads each channel, so that every picture has a number from 000 to 999. What a generator
leaves out can be counted, and stands beside what real stacks get from as many samples.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tgan_lessons.metrics import Reading
from tgan_lessons.modes import DRAWS

MODES = 1000


class StackCount(NamedTuple):
    """What `count_stacks` found.

    Attributes:
        modes: different numbers among the samples; higher is better.
        kl: divergence of the numbers' shares from even ones, in nats; lower is better.
    """

    modes: Reading
    kl: Reading


def stack(digits: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Draws three digits for each picture and puts one into each colour channel.

    Args:
        digits: images (m, 28, 28, 1).
        n: how many pictures.
        seed: of the choice.

    Returns:
        Shape (n, 28, 28, 3), of the same type.
    """
    rows = np.random.default_rng(seed).integers(len(digits), size=(n, 3))
    return digits[rows][..., 0].transpose(0, 2, 3, 1)


def read(images: np.ndarray, classify: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """The number of each picture, from 0 to 999: the first channel is the hundreds.

    Args:
        images: shape (n, 28, 28, 3).
        classify: images (m, 28, 28, 1) → digits (m,), such as `Judge.classify`.
    """
    channels = np.ascontiguousarray(images.transpose(0, 3, 1, 2)).reshape(-1, 28, 28, 1)
    return classify(channels).reshape(-1, 3) @ (100, 10, 1)


def count_stacks(numbers: np.ndarray, read_digits: np.ndarray, seed: int = 0) -> StackCount:
    """How many of 1,000 modes a generator found, and how evenly it serves them.

    The perfect generator draws three real digits for each picture; the judge reads them as it
    reads fakes, errors included. That is the same as drawing from what it read in real digits.

    Args:
        numbers: of the generated pictures, from `read`, shape (n,).
        read_digits: what the judge reads in real digits, shape (m,).
        seed: of the 20 draws of a perfect generator.

    Raises:
        ValueError: numbers outside of 0 to 999, or no digits.

    Source: Metz et al. 2016, https://arxiv.org/abs/1611.02163, section 3.3.1; the comparison with
    real stacks is ours.
    """
    numbers, read_digits = np.asarray(numbers), np.asarray(read_digits)
    for name, values, top in (("numbers", numbers, MODES), ("read_digits", read_digits, 10)):
        if values.ndim != 1 or not len(values) or values.min() < 0 or values.max() >= top:
            raise ValueError(
                f"`{name}` must be whole numbers from 0 to {top - 1}, shape (n,). "
                f"Received: shape {values.shape}"
            )
    rng, n = np.random.default_rng(seed), len(numbers)
    draws = [rng.choice(read_digits, (n, 3)) @ (100, 10, 1) for _ in range(DRAWS)]
    perfect = np.array([_statistics(drawn) for drawn in draws])
    names = (f"modes found of {MODES:,}:", "KL divergence from even shares")
    bands = map(tuple, np.quantile(perfect, (0.05, 0.95), axis=0).T.tolist())
    rows = zip(names, _statistics(numbers), perfect.mean(axis=0), bands, strict=True)
    return StackCount(*(Reading(name, v, float(p), n, band) for name, v, p, band in rows))


def _statistics(numbers: np.ndarray) -> tuple[float, float]:
    shares = np.bincount(numbers, minlength=MODES) / len(numbers)
    found = shares[shares > 0]
    return float(len(found)), float(np.sum(found * np.log(MODES * found)))
