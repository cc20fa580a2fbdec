"""Distributions in the plane that a GAN learns in seconds, and that a picture shows whole.

All lie within about [-4, 4] along both axes.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from tgan_lessons.runtime import choose

Curve = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True, eq=False)
class Toy:
    """A distribution in the plane.

    Attributes:
        name: what `load_toy` calls it.
        description: one line for a person to read.
        draw: takes a number n and a generator, returns n points, shape (n, 2).
        modes: the centres of its modes, all equally likely, float32, shape (k, 2); `None`
            where it has no separate modes.
        std: the standard deviation, along each axis, of the Gaussian noise around each mode or
            around the curve; `None` where there is none.
    """

    name: str
    description: str
    draw: Callable[[int, np.random.Generator], np.ndarray]
    modes: np.ndarray | None = None
    std: float | None = None

    def sample(self, n: int, seed: int | np.random.Generator) -> np.ndarray:
        """Draws `n` points, float32 of shape (n, 2).

        Args:
            n: how many, at least 1; a `ValueError` for anything else.
            seed: the same number draws the same points; a generator goes on where it stands.
        """
        try:
            count = operator.index(n)
        except TypeError:
            count = 0
        if count < 1:
            raise ValueError(f"`n` must be a whole number of at least 1. Received: n={n!r}")
        return self.draw(count, np.random.default_rng(seed)).astype(np.float32)


def _mixture(name: str, description: str, modes: ArrayLike, std: float) -> Toy:
    """Equally likely Gaussians around `modes`."""
    centres = np.array(modes, np.float32)
    centres.flags.writeable = False

    def draw(n: int, rng: np.random.Generator) -> np.ndarray:
        return centres[rng.integers(len(centres), size=n)] + rng.normal(0.0, std, (n, 2))

    return Toy(name, description, draw, centres, std)


def _along(name: str, description: str, curve: Curve, std: float) -> Toy:
    """Gaussian noise around a curve; `curve` maps uniform numbers (n,) to points (n, 2)."""

    def draw(n: int, rng: np.random.Generator) -> np.ndarray:
        return curve(rng.random(n), rng) + rng.normal(0.0, std, (n, 2))

    return Toy(name, description, draw, None, std)


def _line(position: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.outer(2.0 * position - 1.0, (3.0, 1.5))


def _walls(position: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    side = rng.choice((-2.0, 2.0), size=len(position))
    return np.column_stack((side, 4.0 * position - 2.0))


def _spiral(position: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    turn = np.sqrt(position)  # about as many points on each piece of the same length
    angle = 4.0 * np.pi * turn
    return 3.5 * turn[:, None] * np.column_stack((np.cos(angle), np.sin(angle)))


def _moons(position: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    upper = rng.choice((-1.0, 1.0), size=len(position))
    angle = np.pi * position
    x, y = np.cos(angle) - 0.5, np.sin(angle) - 0.25
    return 2.0 * upper[:, None] * np.column_stack((x, y))


def _circle(count: int, radius: float) -> np.ndarray:
    angle = 2.0 * np.pi * np.arange(count) / count
    return radius * np.column_stack((np.cos(angle), np.sin(angle)))


_FIVE = (-4.0, -2.0, 0.0, 2.0, 4.0)
_TOYS = {
    toy.name: toy
    for toy in (
        _along("line", "points along a straight line", _line, 0.05),
        # Metz et al. 2016 (unrolled GAN), https://arxiv.org/abs/1611.02163, appendix A. PacGAN's
        # ring is the same at half the scale: radius 1, standard deviation 0.01.
        _mixture("ring", "8 narrow Gaussians on a circle of radius 2", _circle(8, 2.0), 0.02),
        # Lin et al. 2018 (PacGAN), https://arxiv.org/abs/1712.04086
        _mixture(
            "grid",
            "25 narrow Gaussians on a 5×5 grid",
            [(x, y) for x in _FIVE for y in _FIVE],
            0.05,
        ),
        _mixture("gaussians", "3 broad Gaussians, well apart", _circle(3, 2.0), 0.4),
        # After the parallel lines of Arjovsky et al. 2017, https://arxiv.org/abs/1701.07875
        _along("disjoint", "two parallel walls, nothing between", _walls, 0.05),
        _along("spiral", "a spiral of two turns", _spiral, 0.05),
        _along("moons", "two interlocked half moons", _moons, 0.1),
    )
}
TOYS = tuple(_TOYS)


def load_toy(name: str) -> Toy:
    """Returns the distribution `name`, one of `TOYS`; raises a `ValueError` for any other."""
    choose("name", name, TOYS)
    return _TOYS[name]


def from_points(points: ArrayLike, bandwidth: float = 0.1) -> Toy:
    """The distribution that a learner has drawn: a Gaussian around each of the points.

    Args:
        points: finite, shape (k, 2), k ≥ 1; all equally likely. They are copied.
        bandwidth: the standard deviation along each axis, at least 0.

    Returns:
        The distribution, without modes: how many humps it has depends on the bandwidth.

    Raises:
        ValueError: for any other points or bandwidth.
    """
    try:
        centres = np.array(points, np.float64)
    except (TypeError, ValueError):  # ragged, or no numbers
        centres = np.empty(0)
    shape = centres.shape
    if len(shape) != 2 or shape[1] != 2 or not shape[0] or not np.isfinite(centres).all():
        raise ValueError(
            f"`points` must be finite numbers of shape (k, 2), k ≥ 1. Received: points={points!r}"
        )
    if not (np.isfinite(bandwidth) and bandwidth >= 0):
        raise ValueError(
            f"`bandwidth` must be a finite number, at least 0. Received: bandwidth={bandwidth!r}"
        )
    drawn = _mixture("drawn", f"{len(centres)} points, blurred", centres, float(bandwidth))
    return replace(drawn, modes=None)
