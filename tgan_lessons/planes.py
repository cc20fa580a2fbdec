"""Pictures of the plane, from NumPy to Pillow: a few milliseconds each, fast enough to move.

Pure functions: numbers in, picture out. Blue means real and orange means fake, as points and as
D's opinion; the points differ in shape, too.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

REAL, FAKE, NET = "#0072B2", "#D55E00", "#5B3A8C"
TINT = 0.62  # of the colour where D is sure; points must stand out from it
BANDS = 20  # of D's probability: steps in the colour, like contour lines on a map
LONGEST = 0.13  # of the picture's side: the longest arrow
PATHS = {"simultaneous": "#D55E00", "alternating": "#0072B2", "extragradient": "#009E73"}

Point = tuple[float, float]


class View(NamedTuple):
    """A GAN in the plane at one moment.

    Attributes:
        landscape: D's probability that a point is real, shape (rows, columns), top row first.
        fakes: shape (n, 2).
        pushes: the direction in which each fake would lower G's loss, and how steeply, (n, 2).
        extent: the landscape covers [-extent, extent] along both axes.
        net: a square net in noise as G bends it, as lines of shape (lines, points, 2).
        real_opinions: how real D calls some real points, from 0 to 1, shape (m,).
        fake_opinions: the same for the fakes, shape (n,).
    """

    landscape: np.ndarray
    fakes: np.ndarray
    pushes: np.ndarray
    extent: float
    net: np.ndarray | None = None
    real_opinions: np.ndarray | None = None
    fake_opinions: np.ndarray | None = None


def grid_points(extent: float, cells: int) -> np.ndarray:
    """The centres of cells × cells squares on [-extent, extent]², row by row from the top."""
    centres = (np.arange(cells) + 0.5) / cells * 2 - 1
    x, y = np.meshgrid(centres, -centres)
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32) * np.float32(extent)


def tint(probabilities: np.ndarray) -> np.ndarray:
    """D's opinion as colours: orange where it says fake (0), white at ½, blue where real (1).

    Args:
        probabilities: shape (rows, columns).

    Returns:
        uint8 of shape (rows, columns, 3), in steps.
    """
    known = np.where(np.isnan(probabilities), 0.5, probabilities)
    bands = (np.clip(known, 0, 1) * BANDS + 0.5).astype(np.uint8)
    return np.take(_palette(), bands, axis=0)


@functools.cache
def _palette() -> np.ndarray:
    sure = np.linspace(-1, 1, BANDS + 1)[:, np.newaxis]
    color = np.where(sure > 0, _rgb(REAL), _rgb(FAKE))
    return np.rint(255 + TINT * np.abs(sure) * (color - 255)).astype(np.uint8)


def draw_plane(
    view: View,
    real: np.ndarray,
    *,
    since: np.ndarray | None = None,
    arrows: int = 50,
    landscape: bool = True,
    net: bool = False,
    unit: float | None = None,
    size: int = 360,
) -> Image:
    """Draws D's landscape, real points (squares), fakes (circles) and what pushes them.

    Args:
        view: the GAN now.
        real: some real points, shape (m, 2).
        since: where the fakes were before, shape (n, 2): lines to where they are now take the
            place of the arrows.
        arrows: how many fakes get one.
        unit: the push that gets the longest arrow; stronger ones get no longer one. By default
            the strongest tenth of this picture, so that no two pictures can be compared.
        landscape: whether D's opinion colours the ground.
        net: whether the net is drawn that G bends; it is dense where fakes are.
        size: pixels along each side.
    """
    from PIL import Image, ImageDraw

    frame = _ground(view.landscape, size) if landscape else Image.new("RGB", (size, size), "white")
    pen = ImageDraw.Draw(frame)
    if net and view.net is not None:
        for line in view.net:
            pen.line(_place(line, view.extent, size), NET, max(1, size // 360))
    radius, half = size / 120, size / 65  # fakes fit on real points: both are seen
    for x, y in _place(real, view.extent, size):
        pen.rectangle((x - half, y - half, x + half, y + half), REAL, "white")
    places = _place(view.fakes, view.extent, size)
    if since is not None:
        for start, end in zip(_place(since, view.extent, size), places, strict=True):
            pen.line([*start, *end], "black", max(1, size // 360))
    for x, y in places:
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), FAKE, "black")
    if since is None:
        steps = _arrow_steps(view.pushes, LONGEST * size, unit)
        for start, step in list(zip(places, steps, strict=True))[:arrows]:
            _arrow(pen, start, step, max(1, size // 240))
    return frame


def _ground(landscape: np.ndarray, size: int) -> Image:
    from PIL import Image

    heights = Image.fromarray(landscape.astype(np.float32))
    return Image.fromarray(tint(np.asarray(heights.resize((size, size), Image.Resampling.BICUBIC))))


def draw_paths(paths: Mapping[str, np.ndarray], *, extent: float, size: int = 360) -> Image:
    """Draws named paths around the centre, each with a mark where it stands now.

    Args:
        paths: each of shape (n, 2); names in `PATHS` have their own colour and mark.
        extent: the picture shows [-extent, extent] along both axes.
        size: pixels along each side.
    """
    from PIL import Image, ImageDraw

    side = 2 * size  # twice as large, then halved: smooth lines
    frame = Image.new("RGB", (side, side), "white")
    pen = ImageDraw.Draw(frame)
    pen.line((0, size, side, size), "#BBBBBB", 2)
    pen.line((size, 0, size, side), "#BBBBBB", 2)
    for name, path in paths.items():
        places = _place(path, extent, side)
        color = PATHS.get(name, "black")
        if len(places) > 1:
            pen.line(places, color, 6, joint="curve")
        _mark(pen, places[-1], name, color, 16)
    return frame.resize((size, size), Image.Resampling.BOX)


def show_planes(images: Mapping[str, Image], columns: int = 4) -> Axes:
    """Puts pictures side by side in one figure, each under its name; returns the first axes."""
    from matplotlib.figure import Figure

    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    figure = Figure(figsize=(12, (12 / columns + 0.5) * rows), layout="constrained")
    axes = np.ravel(figure.subplots(rows, columns, squeeze=False))
    for ax in axes:
        ax.set_axis_off()
    for ax, (title, image) in zip(axes, images.items(), strict=False):
        ax.imshow(image, interpolation="antialiased")
        ax.set_title(title)
    return axes[0]


@functools.lru_cache(maxsize=8)  # a picture that moves asks again and again
def font(size: int) -> FreeTypeFont:
    """The font of all these pictures: matplotlib's own, because Pillow's knows no η and no ■."""
    import matplotlib
    from PIL import ImageFont

    return ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans.ttf", size)


def _rgb(color: str) -> np.ndarray:
    return np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)], float)


def _place(points: np.ndarray, extent: float, size: int) -> list[Point]:
    """Where points lie in the picture; those far outside stay where Pillow can count."""
    inside = np.clip(np.nan_to_num(points), -9 * extent, 9 * extent)
    places = (inside * (1, -1) / extent + 1) * size / 2
    return [tuple(place) for place in places.tolist()]


def _arrow_steps(pushes: np.ndarray, longest: float, unit: float | None) -> np.ndarray:
    """Pushes as steps in pixels, in proportion; from `unit` on, or the top tenth, the longest."""
    pushes = np.clip(np.nan_to_num(pushes), -1e9, 1e9)
    lengths = np.linalg.norm(pushes, axis=1, keepdims=True)
    scale = unit or (np.quantile(lengths, 0.9) if len(lengths) else 1.0)
    wanted = np.minimum(lengths / max(scale, 1e-12), 1) * longest
    return pushes / np.maximum(lengths, 1e-12) * wanted * (1, -1)


def _arrow(pen: ImageDraw, start: Point, step: np.ndarray, width: int) -> None:
    length = float(np.hypot(*step))
    if length < 3:
        return
    along = step / length
    across = np.array([-along[1], along[0]])
    tip, head = np.array(start) + step, min(3.5 * width + 3, length)
    pen.line([*start, *tip], "black", width)
    corners = (
        tip,
        tip - head * along + 0.5 * head * across,
        tip - head * along - 0.5 * head * across,
    )
    pen.polygon([tuple(corner) for corner in corners], "black")


def _mark(pen: ImageDraw, at: Point, name: str, color: str, radius: float) -> None:
    """A circle, a square or a triangle: a second sign beside the colour."""
    x, y = at
    if name == "alternating":
        pen.rectangle((x - radius, y - radius, x + radius, y + radius), color, "white")
    elif name == "extragradient":
        corners = [(x, y - 1.2 * radius), (x - radius, y + radius), (x + radius, y + radius)]
        pen.polygon(corners, color, "white")
    else:
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), color, "white")
