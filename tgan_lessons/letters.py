"""Letters drawn from computer fonts with a trembling pen: a stand-in for EMNIST Balanced.

Each glyph is thinned to the line that a pen would follow. The line is warped at random, then
drawn again with a pen of random width. Real handwriting varies more: what a network scores here
says little about what it scores there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

# What matplotlib ships, 3.10 too, with Latin letters and lining digits. The writers of the test set
# are others than those of the training set, as in EMNIST.
TRAIN_FONTS = (
    *("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSansMono-Oblique"),
    *("DejaVuSansMono-Bold", "DejaVuSerif-Bold", "DejaVuSerif-Italic", "STIXGeneral"),
    *("STIXGeneralBol", "STIXGeneralItalic", "cmb10", "cmss10", "cmtt10"),
)
TEST_FONTS = (
    *("DejaVuSans-BoldOblique", "DejaVuSansMono", "DejaVuSansMono-BoldOblique", "DejaVuSerif"),
    *("DejaVuSerif-BoldItalic", "STIXGeneralBolIta", "cmr10"),
)
FONT_SIZE = 40  # pixels per em of a glyph before it is warped
CANVAS = 64  # pixels, room for the widest glyph at that size
SIDE, BOX = 28, 24  # pixels: the image, and what the longer side of a letter fills
BLUR = 1.6  # pixels from full ink to none
WAVES = 4  # the elastic displacement is a sum of this many cosines along each axis

Places = tuple[np.ndarray, np.ndarray]  # rows and columns; the canvas is [-1, 1] in both


def draw_glyph(char: str, font_name: str) -> np.ndarray:
    """Draws one character of one of matplotlib's fonts: bool, shape (64, 64), centred."""
    import matplotlib

    path = Path(matplotlib.get_data_path(), "fonts", "ttf", f"{font_name}.ttf")
    font = ImageFont.truetype(str(path), FONT_SIZE, layout_engine=ImageFont.Layout.BASIC)
    left, top, right, bottom = font.getbbox(char)
    canvas = Image.new("L", (CANVAS, CANVAS))
    corner = ((CANVAS - left - right) / 2, (CANVAS - top - bottom) / 2)
    ImageDraw.Draw(canvas).text(corner, char, fill=255, font=font)
    return np.asarray(canvas) >= 128


def thin(ink: np.ndarray) -> np.ndarray:
    """Thins strokes (n, height, width) to lines one pixel wide; ends and holes stay.

    Source: Zhang & Suen 1984, https://doi.org/10.1145/357994.358023
    """
    ink = ink.copy()
    ring = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))  # clockwise
    before = -1
    while before != (before := np.count_nonzero(ink)):
        for corner in ("south-east", "north-west"):
            around = [np.roll(ink, (-row, -column), axis=(1, 2)) for row, column in ring]
            north, east, south, west = around[::2]
            count = np.sum(around, axis=0, dtype=np.uint8)
            following = around[1:] + around[:1]
            strokes = np.sum([~a & b for a, b in zip(around, following, strict=True)], axis=0)
            if corner == "south-east":
                inside = east & south & (north | west)
            else:
                inside = north & west & (east | south)
            ink &= ~((count >= 2) & (count <= 6) & (strokes == 1) & ~inside)
    return ink


def _distance_to_line(char: str, fonts: Sequence[str]) -> np.ndarray:
    """How far each pixel is from the pen's line: pixels, shape (fonts, 64, 64)."""
    lines = thin(np.stack([draw_glyph(char, font) for font in fonts]))
    distance = np.stack([ndimage.distance_transform_edt(~line) for line in lines])
    smooth = ndimage.gaussian_filter(distance, (0.0, 1.0, 1.0))  # a hand makes no stairs
    return smooth - np.sqrt(2 / np.pi)  # the mean distance from a line under that filter


def _random_warp(count: int, rng: np.random.Generator) -> Callable[..., Places]:
    """Draws `count` warps: rotation, shear, stretch and a smooth elastic displacement.

    Returns:
        A function from rows (count, h) and columns (count, w) of the warped letters to the
        places (count, h, w) of the glyphs under them.
    """
    angle = rng.normal(0.0, 0.12, count)  # radians
    shear = rng.normal(0.12, 0.17, count)  # positive leans to the right, as most writers do
    stretch = np.exp(rng.normal(0.0, 0.14, count))
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.empty((2, 2, count))
    matrix[0] = cos / stretch, sin / stretch
    matrix[1] = (shear * cos - sin) * stretch, (shear * sin + cos) * stretch
    wave = np.arange(WAVES)
    strength = 0.055 / (1.0 + np.add.outer(wave, wave))  # long waves are the strongest
    strength[0, 0] = 0.0
    elastic = rng.normal(size=(2, count, WAVES, WAVES)) * strength

    def locate(rows: np.ndarray, columns: np.ndarray) -> Places:
        across, along = (np.cos(np.pi / 2 * wave * (x[..., None] + 1.0)) for x in (rows, columns))
        moved_rows, moved_columns = across @ elastic @ along.swapaxes(1, 2)
        moved_rows += rows[:, :, None]
        moved_columns += columns[:, None, :]
        (a, b), (c, d) = matrix[..., None, None]
        return a * moved_rows + b * moved_columns, c * moved_rows + d * moved_columns

    return locate


def _look_up(distance: np.ndarray, font: np.ndarray, at: Places) -> np.ndarray:
    """Reads `distance[font]` at places (n, h, w), between the pixels too."""
    rows, columns = (np.clip((x + 1.0) * (CANVAS - 1) / 2, 0, CANVAS - 1) for x in at)
    rows += CANVAS * font[:, None, None]  # the glyphs stand one below the other
    return ndimage.map_coordinates(distance.reshape(-1, CANVAS), (rows, columns), order=1)


def _extent(line: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The middle and the length of the `places` where each `line` (n, places) is true."""
    marked = np.where(line, places, np.nan)
    first, last = np.nanmin(marked, axis=1), np.nanmax(marked, axis=1)
    return (first + last) / 2, last - first


def _write(distance: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Writes one character `count` times, fonts in turn: uint8, shape (count, 28, 28)."""
    font = rng.permutation(np.arange(count) % len(distance))
    locate = _random_warp(count, rng)
    places = np.linspace(-1.2, 1.2, 40)
    grid = np.broadcast_to(places, (count, len(places)))
    line = _look_up(distance, font, locate(grid, grid)) < 1.0
    (row, height), (column, width) = (_extent(line.any(axis=k), places) for k in (2, 1))
    pen = rng.uniform(0.4, 1.25, count)  # its radius, in pixels of the image
    pixel = np.maximum(height, width) / (BOX - 2.0 * pen - BLUR / 2)  # its side on the canvas
    steps = pixel[:, None] * (np.arange(SIDE) - (SIDE - 1) / 2)
    at = locate(row[:, None] + steps, column[:, None] + steps)
    away = _look_up(distance, font, at) * (2 / CANVAS)
    ink = (pen[:, None, None] - away / pixel[:, None, None]) / BLUR + 0.5
    return np.rint(255.0 * np.clip(ink, 0.0, 1.0)).astype(np.uint8)


def render(
    train_per_class: int = 160, test_per_class: int = 60, seed: int = 0
) -> dict[str, np.ndarray]:
    """Draws a stand-in for EMNIST Balanced: its 47 classes, in its order, from fonts.

    Args:
        train_per_class: images of each class for training, at least 1.
        test_per_class: images of each class for testing, at least 1, from other fonts.
        seed: the same seed draws the same images.

    Returns:
        uint8 `x_train` (n, 28, 28), white on black, `y_train` (n,), `x_test` and `y_test`, in
        random order.
    """
    from tgan_lessons.data import BALANCED

    sizes = {"train_per_class": train_per_class, "test_per_class": test_per_class}
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"`{name}` must be at least 1. Received: {name}={size}")
    parts = (("train", TRAIN_FONTS, train_per_class), ("test", TEST_FONTS, test_per_class))
    arrays = {}
    for number, (part, fonts, per_class) in enumerate(parts):
        rng = np.random.default_rng([seed, number])
        images = [_write(_distance_to_line(char, fonts), per_class, rng) for char in BALANCED]
        labels = np.repeat(np.arange(len(BALANCED), dtype=np.uint8), per_class)
        order = rng.permutation(len(labels))
        arrays[f"x_{part}"] = np.concatenate(images)[order]
        arrays[f"y_{part}"] = labels[order]
    return arrays
