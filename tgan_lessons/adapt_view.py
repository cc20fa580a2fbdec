"""Pictures of two domains in one space of features: blue digits are source, orange ones target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons.metrics import mean_interval
from tgan_lessons.planes import FAKE as TARGET
from tgan_lessons.planes import REAL as SOURCE
from tgan_lessons.planes import font, tint
from tgan_lessons.plots import new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

MARGIN = 0.08  # of the cloud's width, around it
GLYPH = 13  # pixels
COLORS = {
    "source only": "#000000",
    "CORAL": "#009E73",
    "DANN": "#D55E00",
    "on target": "#0072B2",
}


def flatten_map(features: np.ndarray, seed: int = 0) -> np.ndarray:
    """Features in the plane, by t-SNE: neighbours stay neighbours, distances mean little.

    Args:
        features: shape (n, d), n ≥ 40; both domains together.
        seed: of the map.

    Returns:
        Shape (n, 2).

    Source: van der Maaten & Hinton 2008, https://www.jmlr.org/papers/v9/vandermaaten08a.html
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    if features.ndim != 2 or len(features) < 40:
        raise ValueError(
            f"`features` must have shape (n, d), n ≥ 40. Received: shape {features.shape}"
        )
    short = PCA(min(30, *features.shape), random_state=seed).fit_transform(features)
    perplexity = min(30, (len(features) - 1) // 3)
    return TSNE(perplexity=perplexity, max_iter=500, random_state=seed).fit_transform(short)


def plot_maps(maps: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]]) -> Figure:
    """Draws maps side by side: each image is its digit, blue in the source, orange in the target.

    Args:
        maps: by title: places (n, 2), class numbers (n,), and whether each is of the source (n,).
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.0 * len(maps), 6.2), layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, len(maps)))
    for ax, (title, (places, classes, is_source)) in zip(axes, maps.items(), strict=True):
        for (x, y), digit, ours in zip(places, classes, is_source, strict=True):
            color = SOURCE if ours else TARGET
            ax.text(x, y, str(digit), color=color, fontsize=11, ha="center", va="center")
        low, high = places.min(axis=0), places.max(axis=0)
        ax.set(xlim=(low[0] - 3, high[0] + 3), ylim=(low[1] - 3, high[1] + 3), title=title)
        ax.set(xticks=[], yticks=[])
    axes[0].set_xlabel("blue: source, orange: target", fontsize=14)
    return figure


def draw_map(
    places: np.ndarray,
    classes: np.ndarray,
    is_source: np.ndarray,
    opinions: np.ndarray,
    window: tuple[np.ndarray, np.ndarray],
    size: int = 400,
) -> Image:
    """Draws two-dimensional features on D's landscape, with Pillow, in a few milliseconds.

    Args:
        places: features, shape (n, 2).
        classes: the digit that each image shows, shape (n,).
        is_source: whether it is of the source, shape (n,).
        opinions: D's probability of *source* on a grid over the window, (rows, columns), top first.
        window: lowest and highest corner, shape (2,) each, see `find_window`.
        size: pixels along each side.
    """
    from PIL import Image, ImageDraw

    ground = Image.fromarray(tint(0.5 + 0.6 * (opinions - 0.5)))  # pale: glyphs must stand out
    frame = ground.resize((size, size), Image.Resampling.BICUBIC)
    pen, low, high = ImageDraw.Draw(frame), *window
    share = (places - low) / (high - low)
    for (x, y), digit, ours in zip(share, classes, is_source, strict=True):
        if np.isfinite(x + y) and 0 <= x <= 1 and 0 <= y <= 1:
            color = SOURCE if ours else TARGET
            at = (x * size, (1 - y) * size)
            pen.text(at, str(digit), color, font=font(GLYPH), anchor="mm", stroke_width=1,
                     stroke_fill="white")  # fmt: skip
    return frame


def find_window(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The corners of a rectangle around nearly all places, a little wider than they reach."""
    fine = places[np.isfinite(places).all(axis=1)]
    if not len(fine):
        return np.full(2, -1.0), np.full(2, 1.0)
    low, high = np.quantile(fine, [0.005, 0.995], axis=0)
    space = MARGIN * np.maximum(high - low, 1e-3)
    return low - space, high + space


def window_grid(window: tuple[np.ndarray, np.ndarray], cells: int = 40) -> np.ndarray:
    """The centres of cells × cells rectangles of a window, row by row from the top."""
    low, high = window
    centres = (np.arange(cells) + 0.5) / cells
    x, y = np.meshgrid(centres, centres[::-1])
    grid = low + np.stack([x.ravel(), y.ravel()], axis=1) * (high - low)
    return grid.astype(np.float32)


def plot_bars(values: Mapping[str, float]) -> Axes:
    """Draws a bar for each method, with its figure above it."""
    ax = new_axes()
    colors = [COLORS.get(name, "#56B4E9") for name in values]
    bars = ax.bar(list(values), list(values.values()), color=colors, alpha=0.8)
    ax.bar_label(bars, [f"{value:.2f}" for value in values.values()], padding=3, fontsize=14)
    ax.set_ylim(0, 1.08)
    return ax


def plot_groups(groups: Mapping[str, Mapping[str, Sequence[float]]]) -> Axes:
    """Draws groups of bars: means over seeds with 95 % intervals.

    Args:
        groups: by title: by method, one value per seed, at least two.
    """
    ax, names = new_axes(9.0, 4.8), list(next(iter(groups.values())))
    width = 0.8 / len(names)
    for place, name in enumerate(names):
        means, halves = zip(*(mean_interval(group[name]) for group in groups.values()), strict=True)
        x = np.arange(len(groups)) + (place - (len(names) - 1) / 2) * width
        style = {
            "color": COLORS.get(name, "#56B4E9"),
            "alpha": 0.8,
            "hatch": ("", "//", "..")[place % 3],
        }
        above = np.minimum(halves, 1 - np.array(means))  # no share is above 1
        ends = {"yerr": [halves, above], "capsize": 5}
        bars = ax.bar(x, means, 0.94 * width, label=name, **ends, **style)
        ax.bar_label(bars, [f"{mean:.2f}" for mean in means], label_type="center", fontsize=13,
                     bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5})  # fmt: skip
    ax.set_xticks(range(len(groups)), list(groups))
    ax.set_ylim(0, 1.25)
    ax.legend(fontsize=13, frameon=False, ncols=len(names), loc="upper center")
    return ax
