"""Pictures of lesson 11: rows of letters, distances with their floor, the lab's sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons import metrics, plots
from tgan_lessons.charts import TEXT
from tgan_lessons.data import to_uint8
from tgan_lessons.planes import FAKE, REAL, font

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from PIL.Image import Image

STYLES = {
    "scratch": {"color": "#000000", "marker": "o", "linestyle": "-"},
    "fine-tuned": {"color": "#D55E00", "marker": "^", "linestyle": "-"},
    "FreezeD": {"color": "#0072B2", "marker": "s", "linestyle": "--"},
    "FreezeD, shifts": {"color": "#009E73", "marker": "D", "linestyle": "-."},
}
FLOOR = "#777777"
TILE, MARGIN, HEAD, SIDE = 38, 8, 22, 28  # pixels of the lab's sheet


def show_rows(rows: Mapping[str, np.ndarray], *, ax: Axes | None = None) -> Axes:
    """Draws images with a name at the left of each row.

    Args:
        rows: for each name equally many images, shape (n, 28, 28, 1).
        ax: where to draw.
    """
    lengths = {len(images) for images in rows.values()}
    if len(lengths) != 1:
        raise ValueError(
            f"`rows` must hold rows of the same length. Received: lengths {sorted(lengths)}"
        )
    ax = plots.show_images(np.concatenate(list(rows.values())), columns=lengths.pop(), ax=ax)
    for number, name in enumerate(rows):
        ax.text(-4, 30 * number + 14, name, ha="right", va="center", fontsize=13)
    return ax


def draw_floor(ax: Axes, floor: float) -> None:
    """Marks what a perfect generator gets."""
    ax.axhline(floor, color=FLOOR, linestyle=":", linewidth=2)
    ax.annotate(
        "perfect generator",
        (0.99, floor),
        xycoords=("axes fraction", "data"),
        ha="right",
        va="bottom",
        fontsize=13,
        color=FLOOR,
    )


def plot_rounds(curves: Mapping[str, Sequence[float]], rounds: Sequence[int], floor: float) -> Axes:
    """Draws the distance of each method over the rounds."""
    ax = plots.new_axes()
    for name, values in curves.items():
        ax.plot(rounds, values, label=name, linewidth=2.4, markersize=8, **STYLES[name])
    draw_floor(ax, floor)
    ax.set(xlabel="rounds on letters", ylabel="Fréchet distance", yscale="log")
    ax.legend(fontsize=13, frameon=False)
    return ax


def plot_images_needed(runs: Mapping[tuple[str, int, int], float], floor: float) -> Axes:
    """Draws the distance over the number of images: means over seeds with 95 % intervals.

    Args:
        runs: distances by (method, images, seed).
        floor: that of a perfect generator.
    """
    ax = plots.new_axes()
    budgets = sorted({images for _, images, _ in runs})
    for place, method in enumerate(dict.fromkeys(method for method, _, _ in runs)):
        mine = sorted({images for name, images, _ in runs if name == method})
        values = [[v for (m, n, _), v in runs.items() if (m, n) == (method, b)] for b in mine]
        means, halves = zip(*map(metrics.mean_interval, values), strict=True)
        style = {"linewidth": 2.4, "markersize": 9, "capsize": 5, **STYLES[method]}
        beside = np.array(mine) * 1.035**place  # so that no bar hides another
        ax.errorbar(beside, means, halves, label=method, **style)
    draw_floor(ax, floor)
    ax.set(xlabel="images to learn from", ylabel="Fréchet distance", xscale="log", ylim=(0, None))
    ax.set_xticks(budgets, [str(images) for images in budgets])
    ax.minorticks_off()
    ax.legend(fontsize=13, frameon=False)
    return ax


def plot_nearest(distances: Mapping[str, np.ndarray], *, ax: Axes | None = None) -> Axes:
    """Draws how far images are from the nearest one that was learned: a curve for each kind."""
    ax = ax or plots.new_axes()
    edges = np.linspace(0, max(map(np.max, distances.values())) * 1.02, 26)
    looks = ((FAKE, "-", 0.25), (REAL, "--", 0.1), ("#000000", ":", 0.0))
    for (name, values), (color, line, alpha) in zip(distances.items(), looks, strict=False):
        options = {"bins": edges, "weights": np.full(len(values), 1 / len(values))}
        ax.hist(values, color=color, alpha=alpha, **options)
        ax.hist(
            values,
            histtype="step",
            color=color,
            linestyle=line,
            linewidth=2.4,
            label=name,
            **options,
        )
    ax.set(xlabel="distance to the nearest image it learned from", ylabel="share of the images")
    ax.legend(fontsize=13, frameon=False, loc="upper center")
    return ax


def draw_pairs(fakes: np.ndarray, nearest: np.ndarray, heads: Sequence[str]) -> Image:
    """Draws generated images, orange at the left, each above the nearest one it learned from, blue.

    Args:
        fakes: shape (rows · columns, 28, 28), row by row, an even number of columns per head.
        nearest: of each, the same shape.
        heads: the letters, each above its columns.
    """
    from PIL import Image, ImageDraw

    columns = 2 * len(heads)
    rows = len(fakes) // columns
    frame = Image.new("RGB", (MARGIN + columns * TILE, HEAD + rows * (2 * TILE + MARGIN)), "white")
    pen = ImageDraw.Draw(frame)
    for number, head in enumerate(heads):
        place = (MARGIN + (2 * number + 1) * TILE, HEAD / 2)
        pen.text(place, head, "black", font=font(TEXT + 3), anchor="mm")
    for row in range(rows):
        top = HEAD + row * (2 * TILE + MARGIN)
        for images, color in ((fakes, FAKE), (nearest, REAL)):
            strip = to_uint8(images[row * columns : (row + 1) * columns])
            strip = strip.transpose(1, 0, 2).reshape(SIDE, columns * SIDE)
            tiles = Image.fromarray(strip).resize((columns * TILE, TILE))
            frame.paste(tiles, (MARGIN, top))
            pen.rectangle((0, top, MARGIN - 3, top + TILE - 1), fill=color)
            top += TILE
    return frame
