"""Pictures of the plane, from NumPy to Pillow: a few milliseconds each, fast enough to move.

Pure functions: numbers in, picture out. Blue means real and orange means fake, as points and as
D's opinion; the points differ in shape, too.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

REAL, FAKE = "#0072B2", "#D55E00"
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
    """

    landscape: np.ndarray
    fakes: np.ndarray
    pushes: np.ndarray
    extent: float


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
    size: int = 360,
) -> Image:
    """Draws D's landscape, real points (squares), fakes (circles) and what pushes them.

    Args:
        view: the GAN now.
        real: some real points, shape (m, 2).
        since: where the fakes were before, shape (n, 2): lines to where they are now take the
            place of the arrows.
        arrows: how many fakes get one. The longest arrows are equally long in every picture.
        size: pixels along each side.
    """
    from PIL import Image, ImageDraw

    heights = Image.fromarray(view.landscape.astype(np.float32))
    smooth = heights.resize((size, size), Image.Resampling.BICUBIC)
    frame = Image.fromarray(tint(np.asarray(smooth)))
    pen = ImageDraw.Draw(frame)
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
        steps = _arrow_steps(view.pushes, LONGEST * size)
        for start, step in list(zip(places, steps, strict=True))[:arrows]:
            _arrow(pen, start, step, max(1, size // 240))
    return frame


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


def draw_losses(
    losses: Mapping[str, Sequence[float]], size: tuple[int, int] = (240, 170), top: float = 2.5
) -> Image:
    """Draws the losses of D and G over time, D's in black, and where they end in equilibrium.

    Args:
        losses: `"D"` and `"G"`, one value per frame each.
        size: pixels (width, height).
        top: the highest loss shown; what is higher runs along the upper edge.
    """
    from PIL import Image, ImageDraw

    frame = Image.new("RGB", size, "white")
    pen, (width, height) = ImageDraw.Draw(frame), size
    goals = {"D": ("black", np.log(4), "log 4"), "G": (FAKE, np.log(2), "log 2")}
    for name, (color, goal, text) in goals.items():
        values = np.clip(np.nan_to_num(losses[name], nan=top), 0, top)
        level = height - 2 - goal / top * (height - 4)
        pen.line((0, level, width, level), "#999999")
        pen.text((width - 40, level - 17), text, "black", font=font(13))
        across = np.linspace(0, width - 44, max(len(values), 2))[: len(values)]
        points = np.stack([across, height - 2 - values / top * (height - 4)], axis=1)
        if len(points) > 1:
            pen.line([tuple(point) for point in points], color, 2)
    return frame


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


def _arrow_steps(pushes: np.ndarray, longest: float) -> np.ndarray:
    """Pushes as steps in pixels, in proportion; the top tenth have the full length."""
    pushes = np.clip(np.nan_to_num(pushes), -1e9, 1e9)
    lengths = np.linalg.norm(pushes, axis=1, keepdims=True)
    scale = np.quantile(lengths, 0.9) if len(lengths) else 1.0
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
