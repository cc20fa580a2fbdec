"""How far one heap of samples is from another: the earth mover's distance, computed exactly."""

from __future__ import annotations

import numpy as np

from tgan_lessons.metrics import Reading


def match(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The cheapest way to carry each sample of `x` to one of `y`, no two to the same.

    Args:
        x: finite, shape (n, ...); flattened to (n, d). Up to some 2,000 samples take a second.
        y: as many samples of the same shape.

    Returns:
        Shape (n,): sample i of `x` goes to `y[match[i]]`. The sum of all distances is as small as
        it can be.

    Raises:
        ValueError: for other shapes, or numbers that are not finite.

    Source: Kuhn 1955 (the assignment problem); SciPy solves it.
    """
    from scipy.optimize import linear_sum_assignment

    return linear_sum_assignment(_distances(x, y))[1]


def earth_movers_distance(x: np.ndarray, y: np.ndarray) -> float:
    """The mean distance that samples travel when `x` is carried to `y` in the cheapest way.

    This is W₁, the Wasserstein-1 distance, between two sets of equally many samples.

    Args:
        x: as in `match`.
        y: as in `match`.

    Source: Rubner et al. 2000, https://doi.org/10.1023/A:1026543900054
    """
    distances = _distances(x, y)
    return float(distances[np.arange(len(distances)), match(x, y)].mean())


def read_distance(fake: np.ndarray, real: np.ndarray, reference: np.ndarray) -> Reading:
    """The earth mover's distance of generated samples, next to that of a perfect generator.

    Args:
        fake: generated samples, shape (n, ...).
        real: as many real samples: they set the floor.
        reference: as many other real samples; both are carried to these.
    """
    value, perfect = (earth_movers_distance(samples, reference) for samples in (fake, real))
    return Reading("earth mover's distance", value, perfect, len(fake))


def _distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    from scipy.spatial.distance import cdist

    x, y = (np.asarray(samples, np.float64) for samples in (x, y))
    if x.shape != y.shape or x.ndim < 2 or not x.size:
        raise ValueError(
            "`x` and `y` must be equally many samples of one shape, (n, ...). "
            f"Received: x.shape={x.shape}, y.shape={y.shape}"
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("`x` and `y` must hold finite numbers. Received: some that are not")
    return cdist(x.reshape(len(x), -1), y.reshape(len(y), -1))
