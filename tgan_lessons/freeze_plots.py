"""The pictures of lesson 02: gains over depth, two tasks at once, what a network looks at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons.data import check_labels
from tgan_lessons.freezing import Outcome
from tgan_lessons.metrics import mean_interval
from tgan_lessons.plots import new_axes
from tgan_lessons.small_nets import LAYERS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# colour, marker, line: a mode is told by all three
MODES = {
    "AnB": ("#0072B2", "s", "--"),
    "AnB+": ("#D55E00", "^", "-"),
    "BnB": ("#999999", "D", ":"),
    "BnB+": ("#CC79A7", "v", "-."),
}
SOURCES = {
    "letters": ("#0072B2", "s", "-"),
    "digits": ("#009E73", "D", "-."),
    "inverted": ("#E69F00", "v", "--"),
    "shuffled": ("#CC79A7", "X", ":"),
}


def plot_gains_by_depth(
    outcomes: Sequence[Outcome],
    scratch: np.ndarray,
    *,
    by: str = "mode",
    ax: Axes | None = None,
) -> Axes:
    """Draws the transfer gain over the number of copied layers, with paired 95 % intervals.

    Args:
        outcomes: of `freezing.sweep`.
        scratch: test accuracies of the same networks without transfer, one per seed.
        by: `"mode"` or `"source"`: what gets a line of its own.
        ax: where to draw.
    """
    ax = ax or new_axes(9.0, 5.0)
    styles = {"mode": MODES, "source": SOURCES}[by]
    names = [name for name in styles if any(getattr(each, by) == name for each in outcomes)]
    for index, name in enumerate(names):
        chosen = sorted((o for o in outcomes if getattr(o, by) == name), key=lambda o: o.depth)
        points = [mean_interval(outcome.test - scratch) for outcome in chosen]
        means, halves = 100 * np.array(points).T
        color, marker, line = styles[name]
        side = 0.06 * (index - (len(names) - 1) / 2)  # bars beside, not upon one another
        ax.errorbar(
            [outcome.depth + side for outcome in chosen],
            means,
            halves,
            label=name,
            color=color,
            marker=marker,
            linestyle=line,
            linewidth=2.2,
            markersize=9,
            capsize=4,
        )
    depths = sorted({outcome.depth for outcome in outcomes})
    ax.axhline(0, color="black", linewidth=1.5, label="from scratch")
    ax.set_xticks(depths, [f"{depth}\n{LAYERS[depth - 1]}" for depth in depths])
    ax.set(xlabel="layers copied, the last of them", ylabel="points above scratch")
    ax.set_xlim(min(depths) - 0.35, max(depths) + 0.35)
    ax.grid(axis="y", alpha=0.3)
    ax.legend(fontsize=13, frameon=False)
    return ax


def plot_two_tasks(
    path: Mapping[str, tuple[np.ndarray, np.ndarray]],
    points: Mapping[str, tuple[np.ndarray, np.ndarray]],
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draws how well networks read both tasks: joint training as a path over λ, others as points.

    Args:
        path: for each λ, by its text, accuracies on source and on target, one per seed each.
        points: the same of other networks, by name.
        ax: where to draw.
    """
    ax = ax or new_axes(8.0, 6.0)
    center = {name: [mean_interval(part) for part in both] for name, both in path.items()}
    means = np.array([[part[0] for part in both] for both in center.values()])
    ax.plot(*means.T, color="#0072B2", linewidth=2.2, label="joint training, over λ")
    beside = (
        (-52, 6),
        (12, -14),
        (-8, 14),
        (-30, -24),
        (8, -20),
    )  # points: neighbours must not collide
    for index, (name, ((x, dx), (y, dy))) in enumerate(center.items()):
        ax.errorbar(x, y, dy, dx, color="#0072B2", marker="o", markersize=8, capsize=3)
        offset = beside[index % len(beside)]
        ax.annotate(f"λ = {name}", (x, y), offset, textcoords="offset points", fontsize=12)
    looks = (("#D55E00", "^"), ("#000000", "s"), ("#009E73", "D"))
    for (name, both), (color, marker) in zip(points.items(), looks, strict=False):
        (x, dx), (y, dy) = (mean_interval(part) for part in both)
        style = {"color": color, "marker": marker, "linestyle": "", "markersize": 11}
        ax.errorbar(x, y, dy, dx, capsize=3, label=name, **style)
    ax.set(xlabel="source: accuracy on letters A", ylabel="target: accuracy on letters B")
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.grid(alpha=0.3)
    ax.legend(fontsize=13, frameon=False, loc="lower left", bbox_to_anchor=(0.02, 0.1))
    return ax


def plot_alikeness(matrices: Mapping[str, np.ndarray]) -> Axes:
    """Draws matrices of linear CKA between layers, one beside the other, with their numbers.

    Args:
        matrices: by title; rows and columns are hidden layers.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.3 * len(matrices), 4.4), layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, len(matrices)))
    for ax, (title, matrix) in zip(axes, matrices.items(), strict=True):
        ax.imshow(matrix, cmap="cividis", vmin=0, vmax=1)
        for i, j in np.ndindex(*matrix.shape):
            color = "black" if matrix[i, j] > 0.55 else "white"
            ax.text(j, i, f"{matrix[i, j]:.2f}", ha="center", va="center", color=color, fontsize=13)
        ticks = range(len(matrix))
        ax.set_xticks(ticks, LAYERS[: len(matrix)], fontsize=12)
        ax.set_yticks(ticks, LAYERS[: len(matrix)], fontsize=12)
        ax.set_title(title, fontsize=15)
    return axes[0]


def overlay(x: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """Images with a map upon them in orange: (n, 14, 14, 3), in [-1, 1].

    Args:
        x: images (n, 14, 14, 1).
        maps: numbers from 0, (n, 14, 14); each is scaled by its own maximum.
    """
    strength = maps / np.maximum(maps.max(axis=(1, 2), keepdims=True), 1e-9)
    grey = 0.5 * (x + 1) / 2  # darker, so that orange stands out
    ink = np.array([1.0, 0.55, 0.0]) * strength[..., np.newaxis]
    return (2 * np.clip(grey * (1 - strength[..., np.newaxis]) + ink, 0, 1) - 1).astype(np.float32)


def plot_rows(rows: Mapping[str, np.ndarray]) -> Axes:
    """Draws rows of images, each with its title at the left.

    Args:
        rows: by title, images (n, height, width, 3) in [-1, 1], equally many in each row.
    """
    count = max(len(images) for images in rows.values())
    ax = new_axes(1.0 * count + 1.4, 1.05 * len(rows))
    for row, images in enumerate(rows.values()):
        for column, image in enumerate(images):
            place = (column, column + 0.94, -row - 0.94, -row)
            ax.imshow((image + 1) / 2, extent=place, interpolation="nearest")
    ax.set(xlim=(0, count), ylim=(-len(rows), 0), xticks=[])
    ax.set_yticks([-0.47 - row for row in range(len(rows))], list(rows), fontsize=14)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_aspect("auto")  # or the layout forgets the titles
    return ax


def plot_plane(
    places: np.ndarray, labels: np.ndarray, names: Sequence[str], *, ax: Axes | None = None
) -> Axes:
    """Draws each image's features as a point of a plane, written as its letter.

    Args:
        places: (n, 2).
        labels: class numbers, (n,).
        names: of all classes.
        ax: where to draw.
    """
    labels = check_labels(labels, len(places), classes=len(names), name="labels")
    ax = ax or new_axes(5.0, 4.5)
    colors = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#000000", "#56B4E9")
    for index, label in enumerate(np.unique(labels)):
        color, chosen = colors[index % len(colors)], places[labels == label]
        ax.plot(*chosen.T, ".", color=color, alpha=0.15)
        for x, y in chosen[:40]:
            ax.text(x, y, names[label], color=color, fontsize=11, ha="center", va="center")
    ax.set(xticks=[], yticks=[])
    return ax
