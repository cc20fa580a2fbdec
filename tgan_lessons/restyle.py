"""Real digits in another hand: sheared, thickened and zoomed, so that every style has examples.

All digits of MNIST have the same size, because its makers scaled them into a box of 20 pixels; and
few of its strokes are very thick or thin.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from tgan_lessons.attributes import get_ink, measure_size, measure_slant, measure_thickness

RANGES = {"thickness": (1.4, 3.8), "slant": (-6.0, 34.0), "size": (12.5, 21.0)}
BOX = 20.0  # pixels: the longer side of a digit of MNIST
_CROSS = ndimage.generate_binary_structure(2, 1)[None]
_DILATIONS = 3


def restyle(images: np.ndarray, seed: int = 0) -> np.ndarray:
    """Gives each digit a slant, a thickness and a size drawn evenly from `RANGES`.

    What is drawn is the aim; measure the result. Rounding and small holes move it a little.

    Args:
        images: shape (n, 28, 28, 1), float32 in [-1, 1].
        seed: the same seed draws the same styles.

    Returns:
        As many images of the same kind.
    """
    rng = np.random.default_rng(seed)
    ink = get_ink(images)
    thickness, slant, size = (rng.uniform(*limits, len(ink)) for limits in RANGES.values())
    slope = np.tan(np.radians(slant)) - np.tan(np.radians(measure_slant(ink)))
    ink = transform(ink, slope, np.ones(len(ink)))
    ink = thicken(ink, thickness * BOX / size)  # the zoom scales strokes as well
    ink = transform(ink, np.zeros(len(ink)), size / np.maximum(measure_size(ink), 1.0))
    return (2.0 * ink[..., np.newaxis] - 1.0).astype(np.float32)


def transform(ink: np.ndarray, slope: np.ndarray, zoom: np.ndarray) -> np.ndarray:
    """Shears and zooms each image about its centre of mass, which moves to the middle.

    Args:
        ink: shape (n, h, w).
        slope: pixels to the right for each pixel up, shape (n,).
        zoom: factor of size, shape (n,).
    """
    changed = np.empty_like(ink)
    middle = (np.array(ink.shape[1:]) - 1) / 2
    for image, s, z, target in zip(ink, slope, zoom, changed, strict=True):
        back = np.array([[1.0, 0.0], [s, 1.0]]) / z  # from a place in the result to its source
        centre = np.array(ndimage.center_of_mass(image)) if image.any() else middle
        ndimage.affine_transform(image, back, centre - back @ middle, output=target, order=1)
    return np.clip(changed, 0.0, 1.0)


def thicken(ink: np.ndarray, thickness: np.ndarray) -> np.ndarray:
    """Brings each image's strokes near a thickness, by growing or shrinking the ink.

    Grey dilation takes at each pixel the largest value around it, erosion the smallest; a mixture
    of two neighbouring steps reaches what lies between.

    Args:
        ink: shape (n, h, w).
        thickness: in pixels, shape (n,).
    """
    steps = [ndimage.grey_erosion(ink, footprint=_CROSS), ink]
    for _ in range(_DILATIONS):
        steps.append(ndimage.grey_dilation(steps[-1], footprint=_CROSS))
    reached = np.maximum.accumulate([measure_thickness(step) for step in steps], axis=0)
    numbers = np.arange(len(steps))
    at = [np.interp(*pair, numbers) for pair in zip(thickness, reached.T, strict=True)]
    at = np.maximum(at, 0.5)  # less would tear thin strokes apart
    lower = np.minimum(at.astype(int), len(steps) - 2)
    share = (at - lower)[:, None, None]
    stack, each = np.stack(steps), np.arange(len(ink))
    return (1 - share) * stack[lower, each] + share * stack[lower + 1, each]
