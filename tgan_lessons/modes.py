"""What a generator leaves out: modes of a mixture in the plane, classes of images.

Each number is a `metrics.Reading`, next to what a perfect generator gets from as many samples.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

from tgan_lessons.metrics import Reading
from tgan_lessons.toys import Toy

WITHIN = 3.0  # standard deviations around a mode that count as on it
FAIR = 0.2  # of its fair share of samples, from which on a mode counts as served
DRAWS = 20  # of a perfect generator: one alone is luck
REFERENCE = 200_000  # points that stand for a distribution whose density nobody wrote down


class ModeCount(NamedTuple):
    """What `count_modes` found.

    Attributes:
        recovered: modes with at least one high-quality sample.
        served: modes with at least 20 % of their fair share of high-quality samples.
        quality: the share of high-quality samples.
    """

    recovered: Reading
    served: Reading
    quality: Reading


def samples_per_mode(points: np.ndarray, toy: Toy) -> np.ndarray:
    """How many high-quality samples lie at each mode: within 3 standard deviations of it.

    The distance is the straight one and the standard deviation that along an axis, so that of a
    Gaussian in the plane 1 - exp(-9/2), 98.9 %, are of high quality.

    Args:
        points: finite, shape (n, 2), n ≥ 1.
        toy: a mixture: a distribution with modes and noise around them.

    Returns:
        One number for each of `toy.modes`, int64, shape (k,).

    Raises:
        ValueError: for any other points or distribution.

    Source: Lin et al. 2018 (PacGAN), https://arxiv.org/abs/1712.04086, section 4.1
    """
    points = _check_points(points)
    if toy.modes is None or not toy.std:
        raise ValueError(
            "`toy` must be a mixture, with modes and noise around them. "
            f"Received: the distribution {toy.name!r}"
        )
    from scipy.spatial.distance import cdist

    distances = cdist(points, toy.modes)
    good = distances.min(axis=1) <= WITHIN * toy.std
    return np.bincount(distances.argmin(axis=1)[good], minlength=len(toy.modes))


def _check_points(points: np.ndarray) -> np.ndarray:
    try:
        points = np.asarray(points, np.float64)
    except (TypeError, ValueError):  # ragged, or no numbers
        points = np.empty(0)
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise ValueError(
            f"`points` must have shape (n, 2), n ≥ 1. Received: points.shape={points.shape}"
        )
    bad = np.count_nonzero(~np.isfinite(points).all(axis=1))
    if bad:
        raise ValueError(
            f"`points` must be finite: a training that diverged cannot be measured. "
            f"Received: {bad:,} of {len(points):,} points with NaN or infinity"
        )
    return points


def count_modes(points: np.ndarray, toy: Toy, seed: int = 0) -> ModeCount:
    """How many modes of a mixture a generator found, and how many of its samples lie at one.

    PacGAN's count is generous: one sample among thousands recovers a mode. So there is a stricter
    one: a mode is served from 20 % of its fair share on, which is n / k of n samples for k modes.

    Args:
        points: generated samples, finite, shape (n, 2), n ≥ 1.
        toy: the mixture they should come from.
        seed: of the 20 sets of real samples whose mean is the perfect generator's result.

    Returns:
        Modes recovered, modes served, share of high-quality samples; higher is better.

    Raises:
        ValueError: as `samples_per_mode`.

    Source: Lin et al. 2018 (PacGAN), https://arxiv.org/abs/1712.04086, section 4.1; the stricter
    count is ours.
    """
    found = _statistics(samples_per_mode(points, toy), len(points))
    n, k = len(points), len(toy.modes)
    names = (f"modes recovered of {k}:", f"modes served of {k}:", "share of high quality")
    perfect = _perfect_statistics(toy, n, seed)
    rows = zip(names, found, perfect.mean(axis=0), _bands(perfect), strict=True)
    return ModeCount(*(Reading(name, v, float(p), n, band) for name, v, p, band in rows))


def _statistics(counts: np.ndarray, n: int) -> tuple[float, float, float]:
    recovered = np.count_nonzero(counts)
    served = np.count_nonzero(counts >= FAIR * n / len(counts))
    return float(recovered), float(served), float(counts.sum() / n)


@functools.lru_cache(maxsize=32)  # a live picture asks again and again
def _perfect_statistics(toy: Toy, n: int, seed: int) -> np.ndarray:
    """One row for each draw of real samples."""
    rng = np.random.default_rng(seed)
    draws = [_statistics(samples_per_mode(toy.sample(n, rng), toy), n) for _ in range(DRAWS)]
    return np.array(draws)


def _bands(draws: np.ndarray) -> list[tuple[float, float]]:
    """From the 5th to the 95th of 100 draws, of each column."""
    return [tuple(pair) for pair in np.quantile(draws, (0.05, 0.95), axis=0).T.tolist()]


def js(p: np.ndarray, q: np.ndarray) -> float:
    """The Jensen–Shannon divergence between two histograms, in nats: from 0 to ln 2.

    Args:
        p: counts or shares, at least 0 and not all 0, any shape.
        q: as `p`, same shape.

    Raises:
        ValueError: for any other histograms.

    Source: Lin 1991, https://doi.org/10.1109/18.61115
    """
    p, q = np.asarray(p, np.float64), np.asarray(q, np.float64)
    if p.shape != q.shape or not all(
        h.size and h.min() >= 0 and 0 < h.sum() < np.inf for h in (p, q)
    ):
        raise ValueError(
            "`p` and `q` must be histograms of the same shape, at least 0 and not all 0. "
            f"Received: p={p!r}, q={q!r}"
        )
    p, q = p / p.sum(), q / q.sum()
    middle = (p + q) / 2
    halves = (np.sum(h[h > 0] * np.log(h[h > 0] / middle[h > 0])) / 2 for h in (p, q))
    return float(max(sum(halves), 0.0))


def js_divergence(
    points: np.ndarray, toy: Toy, bins: int = 45, extent: float = 4.5, seed: int = 0
) -> Reading:
    """How different the density of generated samples is from the real one; lower is better.

    Both are counted on a grid, with one more cell for all points beyond it. What happens inside a
    cell, 0.2 × 0.2 by default, is not seen.

    Args:
        points: generated samples, finite, shape (n, 2), n ≥ 1.
        toy: the distribution that they should come from.
        bins: cells along each axis, at least 1.
        extent: the grid covers [-extent, extent] along both axes.
        seed: of the real samples: many for the density, 20 sets of n for the perfect generator.

    Returns:
        The Jensen–Shannon divergence in nats, at most ln 2 = 0.693. A few samples in many cells
        are uneven by luck: the perfect generator's divergence shows how much.

    Raises:
        ValueError: for any other points, bins or extent.
    """
    points = _check_points(points)
    if not isinstance(bins, int | np.integer) or bins < 1 or not 0 < extent < np.inf:
        raise ValueError(
            "`bins` must be a whole number of at least 1 and `extent` positive and finite. "
            f"Received: bins={bins!r}, extent={extent!r}"
        )
    truth, perfect = _real_histogram(toy, len(points), int(bins), float(extent), seed)
    value = js(_histogram(points, bins, extent), truth)
    mean, band = float(perfect.mean()), _bands(perfect)[0]
    return Reading("Jensen–Shannon divergence", value, mean, len(points), band)


@functools.lru_cache(maxsize=32)
def _real_histogram(
    toy: Toy, n: int, bins: int, extent: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The reference, and the divergences of sets of n other real points from it, shape (20, 1)."""
    rng = np.random.default_rng(seed)
    truth = _histogram(toy.sample(REFERENCE, rng), bins, extent)
    draws = [js(_histogram(toy.sample(n, rng), bins, extent), truth) for _ in range(DRAWS)]
    return truth, np.array(draws)[:, np.newaxis]


def _histogram(points: np.ndarray, bins: int, extent: float) -> np.ndarray:
    """Points per cell, row by row, and last those outside the grid."""
    span = (-extent, extent)
    cells = np.histogram2d(points[:, 0], points[:, 1], bins=bins, range=(span, span))[0]
    return np.append(cells.ravel(), len(points) - cells.sum())


def class_balance(
    fake_labels: np.ndarray, real_labels: np.ndarray, classes: int
) -> tuple[Reading, Reading]:
    """Whether a generator gives every class its share.

    The perfect generator draws each class as often as it is among the real labels, at random: its
    shares differ by luck, as those of a real set with equally many of each class do not.

    Args:
        fake_labels: the class numbers that a judge reads in generated samples, shape (n,).
        real_labels: the class numbers of real samples, any number of them.
        classes: how many classes, at least 2.

    Returns:
        The share of the rarest class, higher is better; and the total variation distance to the
        real shares, lower is better: the share of samples that would have to change class.

    Raises:
        ValueError: labels that are no class numbers.
    """
    fake = _shares(fake_labels, "fake_labels", classes)
    real = _shares(real_labels, "real_labels", classes)
    count = len(fake_labels)
    drawn = np.random.default_rng(0).multinomial(count, real, size=2000) / count
    rarest, far = drawn.min(axis=1), np.abs(drawn - real).sum(axis=1) / 2
    distance = float(np.abs(fake - real).sum() / 2)
    return (
        Reading("share of the rarest class", float(fake.min()), float(rarest.mean()), count),
        Reading("distance to the real class shares", distance, float(far.mean()), count),
    )


def _shares(labels: np.ndarray, name: str, classes: int) -> np.ndarray:
    labels = np.asarray(labels)
    integers = labels.ndim == 1 and labels.size and labels.dtype.kind in "iu"
    if classes < 2 or not integers or labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"`{name}` must hold class numbers from 0 below `classes`, shape (n,), n ≥ 1. "
            f"Received: classes={classes}, {name}={labels!r}"
        )
    return np.bincount(labels, minlength=classes) / len(labels)
