"""Pictures: labelled, readable from the back row, distinct to colour-blind eyes.

Every function draws on `ax` (a new figure without one) and returns it; `show` puts a figure into
the notebook together with a text for those who cannot see it.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons import metrics
from tgan_lessons.transfer import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe & Ito's colours and one marker per method: two signs, so that colour is never alone.
STYLES = {
    "scratch": ("#000000", "o", "-"),
    "frozen": ("#0072B2", "s", "--"),
    "fine-tuned": ("#D55E00", "^", "-"),
    "pixels": ("#999999", "x", ":"),
}
FALLBACK_STYLES = (("#009E73", "D", "-."), ("#CC79A7", "v", "--"), ("#56B4E9", "P", "-"))


def new_axes(width: float = 8.0, height: float = 4.5) -> Axes:
    """An empty pair of axes of `width` × `height` inches, outside pyplot's global state."""
    from matplotlib.figure import Figure

    ax = Figure(figsize=(width, height), layout="constrained").add_subplot()
    ax.title.set_fontsize(15)
    for label in (ax.xaxis.label, ax.yaxis.label):
        label.set_fontsize(14)
    ax.tick_params(labelsize=12)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def to_png(figure: Figure, dpi: int = 80) -> bytes:
    """Renders a figure."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()


def show(ax: Axes | Figure, alt: str) -> None:
    """Puts a picture into the notebook.

    Args:
        ax: the axes, or the whole figure.
        alt: what the picture shows, in a sentence, for screen readers.
    """
    from IPython.display import display

    if not alt.strip():
        raise ValueError("`alt` must say what the picture shows. Received: an empty text")
    figure = getattr(ax, "figure", ax)
    bundle = {"image/png": to_png(figure), "text/plain": alt}
    display(bundle, raw=True, metadata={"image/png": {"alt": alt}})


def show_images(
    images: np.ndarray,
    titles: Sequence[str] | None = None,
    *,
    columns: int = 10,
    ax: Axes | None = None,
) -> Axes:
    """Draws images in rows.

    Args:
        images: values in [-1, 1], shape (n, height, width, 1 or 3).
        titles: one short text per image.
        columns: images per row.
        ax: where to draw.
    """
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or not len(images):
        raise ValueError(
            "`images` must have shape (n, height, width, 1 or 3), n ≥ 1. "
            f"Received: images.shape={images.shape}"
        )
    count, height, width, channels = images.shape
    columns = min(columns, count)
    rows = -(-count // columns)
    gap, top = 2, 10 if titles is not None else 0
    sheet = np.ones((rows * (height + gap + top), columns * (width + gap), channels))
    ax = ax or new_axes(0.8 * columns, 0.8 * rows * (1.3 if top else 1) + 0.3)
    for i, image in enumerate(images):
        y, x = (i // columns) * (height + gap + top) + top, (i % columns) * (width + gap)
        sheet[y : y + height, x : x + width] = np.clip((image + 1) / 2, 0, 1)
        if titles is not None:
            ax.text(x + width / 2, y - 1, titles[i], ha="center", va="bottom", fontsize=12)
    ax.imshow(sheet if channels == 3 else sheet[..., 0], cmap="gray", vmin=0, vmax=1)
    ax.set_axis_off()
    return ax


def _style(method: str, index: int) -> dict[str, object]:
    color, marker, line = STYLES.get(method, FALLBACK_STYLES[index % len(FALLBACK_STYLES)])
    return {"color": color, "marker": marker, "linestyle": line, "linewidth": 2.2, "capsize": 4}


def _methods(runs: Sequence[Run]) -> list[str]:
    return list(dict.fromkeys(run.method for run in runs))


def _budget_axis(ax: Axes, budgets: Sequence[int]) -> None:
    ax.set_xscale("log")
    ax.set_xticks(budgets, [str(budget) for budget in budgets])
    ax.minorticks_off()
    ax.set_xlabel("labels per class")
    ax.grid(axis="y", alpha=0.3)


def plot_budgets(runs: Sequence[Run], *, ax: Axes | None = None) -> Axes:
    """Draws accuracy over label budget, a line per method, means with 95 % intervals over seeds."""
    ax = ax or new_axes()
    budgets = sorted({run.per_class for run in runs})
    for index, method in enumerate(_methods(runs)):
        points = [metrics.mean_interval(metrics.accuracies(runs, method, b)) for b in budgets]
        means, halves = zip(*points, strict=True)
        ax.errorbar(budgets, means, halves, label=method, **_style(method, index))
    _budget_axis(ax, budgets)
    ax.set_ylabel("test accuracy")
    ax.set_ylim(0, 1)
    ax.legend(fontsize=13, frameon=False)
    return ax


def plot_gains(runs: Sequence[Run], *, baseline: str = "scratch", ax: Axes | None = None) -> Axes:
    """Draws what each method adds to the baseline, in points, with 95 % intervals of the pairs."""
    ax = ax or new_axes()
    budgets = sorted({run.per_class for run in runs})
    for index, method in enumerate(_methods(runs)):
        if method == baseline:
            continue
        points = [metrics.transfer_gain(runs, method, b, baseline) for b in budgets]
        means, halves = 100 * np.array(points).T
        ax.errorbar(budgets, means, halves, label=method, **_style(method, index))
    ax.axhline(0, color="black", linewidth=1.5)
    ax.text(budgets[0], 0, f" {baseline}", va="bottom", fontsize=12)
    _budget_axis(ax, budgets)
    ax.set_ylabel(f"points above {baseline}")
    ax.legend(fontsize=13, frameon=False)
    return ax
