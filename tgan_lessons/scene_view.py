"""Pictures of scenes and of maps, from NumPy to Pillow: a colour and a digit for each class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons.data import to_uint8
from tgan_lessons.planes import font
from tgan_lessons.scenes import BACKGROUND

if TYPE_CHECKING:
    from PIL.Image import Image

# Okabe & Ito's colours, white, grey and one more, on black; a written digit is the second sign.
COLORS = (
    "#FFFFFF",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#F0E442",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
    "#999999",
    "#8C6BB1",
    "#000000",
)
PALETTE = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in COLORS], np.uint8)
DARK = 0.45  # of a colour where there is no ink
FRAME = "#E69F00"


def draw_scene(scene: np.ndarray, *, scale: int = 4) -> Image:
    """A scene, enlarged.

    Args:
        scene: values in [-1, 1], shape (height, width, 1).
        scale: pixels of the picture for each of the scene.
    """
    return _enlarge(np.repeat(to_uint8(scene), 3, axis=-1), scale)


def draw_map(
    labels: np.ndarray, *, ink: np.ndarray | None = None, scale: int = 4, least: int = 14
) -> Image:
    """A map of classes: each digit in its colour, background black, its number on each patch.

    Args:
        labels: class numbers, shape (height, width).
        ink: the scene, values in [-1, 1], shape (height, width, 1), to shine through: colours are
            full where it has ink and dark elsewhere.
        scale: pixels of the picture for each of the map.
        least: pixels of the map that a patch must have to get its number.
    """
    from PIL import ImageDraw
    from scipy import ndimage

    light = 1.0 if ink is None else DARK + (1 - DARK) * (ink + 1) / 2
    picture = _enlarge((PALETTE[labels] * light).astype(np.uint8), scale)
    pen = ImageDraw.Draw(picture)
    for digit in np.setdiff1d(np.unique(labels), [BACKGROUND]):
        patches, count = ndimage.label(labels == digit, structure=np.ones((3, 3)))
        sizes = np.bincount(patches.ravel(), minlength=count + 1)
        for patch in range(1, count + 1):
            if sizes[patch] < least:
                continue
            y, x = (np.mean(places) + 0.5 for places in np.nonzero(patches == patch))
            style = {"font": font(4 * scale), "anchor": "mm", "stroke_width": max(1, scale // 2)}
            pen.text((x * scale, y * scale), str(digit), "white", stroke_fill="black", **style)
    return picture


def draw_window(picture: Image, row: int, column: int, *, size: int = 28, scale: int = 4) -> Image:
    """A frame around a window of a drawn scene; `row` and `column` may lie outside."""
    from PIL import ImageDraw

    framed = picture.copy()
    corners = (column, row, column + size, row + size)
    ImageDraw.Draw(framed).rectangle([scale * c for c in corners], outline=FRAME, width=3)
    return framed


def draw_bars(values: np.ndarray, size: tuple[int, int]) -> Image:
    """A bar for each digit, 0 to 1: what a classifier says of one window.

    Args:
        values: probabilities, shape (10,).
        size: pixels (width, height).
    """
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", size, "white")
    pen, (width, height) = ImageDraw.Draw(picture), size
    bottom, step = height - 20, width / len(values)
    for digit, value in enumerate(np.nan_to_num(values)):
        left, top = digit * step, bottom - float(value) * (bottom - 18)
        box = (left + 3, top, left + step - 3, bottom)
        pen.rectangle(box, COLORS[digit], "black")
        pen.text((left + step / 2, bottom + 2), str(digit), "black", font=font(14), anchor="ma")
        if value >= 0.1:
            told = f"{100 * value:.0f}"
            pen.text((left + step / 2, top - 1), told, "black", font=font(12), anchor="mb")
    return picture


def _enlarge(rgb: np.ndarray, scale: int) -> Image:
    from PIL import Image

    big = np.repeat(np.repeat(rgb, scale, axis=0), scale, axis=1)
    return Image.fromarray(np.ascontiguousarray(big))
