"""Slant, thickness and size of a digit, measured on its image, and the words for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

BELOW, BETWEEN, ABOVE = -1, 0, 1  # bands of an attribute


def get_ink(images: np.ndarray) -> np.ndarray:
    """How much ink each pixel holds, from 0 to 1: images (n, h, w, 1) in [-1, 1] → (n, h, w)."""
    if np.ndim(images) != 4 or np.shape(images)[-1] != 1:
        raise ValueError(
            "`images` must have shape (n, height, width, 1). "
            f"Received: images.shape={np.shape(images)}"
        )
    return (np.asarray(images[..., 0], np.float64) + 1.0) / 2.0


def measure_slope(ink: np.ndarray) -> np.ndarray:
    """How far the ink leans to the right: pixels to the right for each pixel up.

    The best such slope for all ink is the ratio of two moments, m_xy / m_yy.

    Args:
        ink: shape (n, h, w), at least 0.

    Returns:
        Shape (n,); 0 for an image without ink.
    """
    height, width = ink.shape[1:]
    up, right = np.arange(height)[::-1, None], np.arange(width)[None, :]
    total = np.maximum(ink.sum(axis=(1, 2)), 1e-12)
    dx, dy = (
        place - ((ink * place).sum(axis=(1, 2)) / total)[:, None, None] for place in (right, up)
    )
    m_xy, m_yy = (ink * dx * dy).sum(axis=(1, 2)), (ink * dy**2).sum(axis=(1, 2))
    return m_xy / np.maximum(m_yy, 1e-12)


def measure_slant(ink: np.ndarray) -> np.ndarray:
    """The angle by which the ink leans to the right, in degrees: the arctangent of its slope.

    Args:
        ink: shape (n, h, w), at least 0.

    Returns:
        Shape (n,); 0 for an image without ink.
    """
    return np.degrees(np.arctan(measure_slope(ink)))


def measure_thickness(ink: np.ndarray) -> np.ndarray:
    """The width of the strokes, in pixels: twice the ink, divided by the length of its outline.

    A bar of width w and length L has the ink w·L and an outline of about 2·L. The outline is the
    sum of |∇ink|, which needs no threshold: a grey edge counts as much as a sharp one.

    Args:
        ink: shape (n, h, w), at least 0.

    Returns:
        Shape (n,); 0 for an image without ink.
    """
    padded = np.pad(ink, ((0, 0), (1, 1), (1, 1)))
    across = padded[:, :-1, 1:] - padded[:, :-1, :-1]
    along = padded[:, 1:, :-1] - padded[:, :-1, :-1]
    outline = np.hypot(across, along).sum(axis=(1, 2))
    return 2.0 * ink.sum(axis=(1, 2)) / np.maximum(outline, 1e-12)


def measure_size(ink: np.ndarray) -> np.ndarray:
    """The longer side of the box around all ink above ½, in pixels.

    Args:
        ink: shape (n, h, w).

    Returns:
        Shape (n,); 0 where no pixel is above ½.
    """
    inked = ink > 0.5
    sides = []
    for axis in (1, 2):
        line = inked.any(axis=axis)
        length = line.shape[1] - line.argmax(axis=1) - line[:, ::-1].argmax(axis=1)
        sides.append(np.where(line.any(axis=1), length, 0))
    return np.maximum(*sides).astype(float)


@dataclass(frozen=True)
class Attribute:
    """Something that can be measured on an image and said in a word.

    Attributes:
        name: of the quantity.
        unit: of the quantity.
        measure: ink (n, h, w) → values (n,).
        words: for values up to `low`, and from `high` on; between them there is no word.
        low: the lower threshold.
        high: the upper threshold.
    """

    name: str
    unit: str
    measure: Callable[[np.ndarray], np.ndarray]
    words: tuple[str, str]
    low: float
    high: float

    def word(self, band: int) -> str:
        """The word for a band, `BELOW` or `ABOVE`."""
        return self.words[band == ABOVE]


# About a third of the digits of `restyle` lies in each of the three bands
ATTRIBUTES = (
    Attribute("thickness", "pixels", measure_thickness, ("thin", "thick"), 2.5, 3.1),
    Attribute("slant", "degrees", measure_slant, ("upright", "slanted"), 8.0, 20.0),
    Attribute("size", "pixels", measure_size, ("small", "large"), 14.0, 18.0),
)


def measure(images: np.ndarray) -> np.ndarray:
    """All attributes of images (n, 28, 28, 1), in the order of `ATTRIBUTES`: shape (n, 3)."""
    ink = get_ink(images)
    return np.stack([attribute.measure(ink) for attribute in ATTRIBUTES], axis=1)


def find_bands(values: np.ndarray) -> np.ndarray:
    """Which word fits values of `measure`: `BELOW`, `BETWEEN` (none) or `ABOVE`; int, (n, 3)."""
    low, high = (np.array([getattr(a, name) for a in ATTRIBUTES]) for name in ("low", "high"))
    return np.where(values <= low, BELOW, np.where(values >= high, ABOVE, BETWEEN))
