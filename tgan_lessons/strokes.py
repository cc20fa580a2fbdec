"""What can be measured in the picture of a digit without any network: grey and slant."""

from __future__ import annotations

import numpy as np

from tgan_lessons.attributes import get_ink, measure_slope


def grey_share(images: np.ndarray) -> float:
    """Of the pixels that carry ink, the share that is neither dark nor bright.

    A pen leaves grey at the edges of a stroke only. Blur makes more of it.

    Args:
        images: values in [-1, 1], any shape.

    Returns:
        Pixels in (-0.5, 0.5) per pixel above -0.5; NaN for black images.
    """
    ink = np.asarray(images) > -0.5
    grey = ink & (np.asarray(images) < 0.5)
    return float(grey.sum() / ink.sum()) if ink.any() else float("nan")


def slant(images: np.ndarray) -> np.ndarray:
    """How far strokes lean to the right: pixels across per pixel up, by the image's moments.

    The covariance of across and up over the variance of up, both weighted by the ink.

    Args:
        images: values in [-1, 1], shape (n, height, width, 1).

    Returns:
        shape (n,); 0 stands upright, 1 leans by 45°. 0 where there is no ink.
    """
    return measure_slope(get_ink(images))


def direction(codes: np.ndarray, values: np.ndarray, share: float = 0.2) -> np.ndarray:
    """The way from "little" to "much": mean code of the highest values minus that of the lowest.

    Args:
        codes: shape (n, latent_dim).
        values: what was measured in each one's image, shape (n,).
        share: of all codes that are averaged at either end, in (0, ½].

    Returns:
        shape (latent_dim,).
    """
    if len(codes) != len(values) or not 0 < share <= 0.5 or len(codes) * share < 1:
        raise ValueError(
            "`codes` and `values` must be equally many, and `share` in (0, 0.5] of them at least "
            f"one. Received: {len(codes)} codes, {len(values)} values, share={share}"
        )
    order, count = np.argsort(values), int(len(codes) * share)
    return codes[order[-count:]].mean(axis=0) - codes[order[:count]].mean(axis=0)
