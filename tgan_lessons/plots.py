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
    for label in (ax.xaxis.label, ax.yaxis.label):
        label.set_fontsize(14)
    ax.tick_params(labelsize=12)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def to_png(figure: Figure, dpi: int = 80) -> bytes:
    """Renders a figure."""
    for ax in figure.axes:
        ax.title.set_fontsize(15)  # here, because `set_title` puts it back
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()


def show(ax: Axes | Figure, alt: str, *, colors: int | None = None) -> None:
    """Puts a picture into the notebook.

    Args:
        ax: the axes, or the whole figure.
        alt: what the picture shows, in a sentence, for screen readers.
        colors: how many to keep, at most 256, for a smaller file; all by default.
    """
    from IPython.display import Image, display

    if not alt.strip():
        raise ValueError("`alt` must say what the picture shows. Received: an empty text")
    png = to_png(getattr(ax, "figure", ax))
    picture = Image(png if colors is None else _reduce(png, colors))
    display(picture, metadata={"image/png": {"alt": alt}})  # Colab's IPython knows no `Image(alt=)`


def _reduce(png: bytes, colors: int) -> bytes:
    """The same picture in fewer colours."""
    from PIL import Image

    buffer = io.BytesIO()
    full = Image.open(io.BytesIO(png)).convert("RGB")
    full.quantize(colors).save(buffer, "png", optimize=True)
    return buffer.getvalue()


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
    if titles is not None and len(titles) != len(images):
        raise ValueError(
            f"`titles` must hold one text per image, {len(images)}. Received: {len(titles)}"
        )
    if columns < 1:
        raise ValueError(f"`columns` must be at least 1. Received: columns={columns}")
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


def plot_line(
    x: Sequence[float],
    y: Sequence[float],
    *,
    x_label: str,
    y_label: str,
    log_x: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draws one quantity over another; where y is NaN, a red cross on the floor says so."""
    ax = ax or new_axes()
    ax.plot(x, y, "o-", color="#0072B2", linewidth=2.2, markersize=9)
    lost = [value for value, result in zip(x, y, strict=True) if not np.isfinite(result)]
    ax.set(xlabel=x_label, ylabel=y_label, ylim=(0, None))
    if log_x:
        ax.set_xscale("log")
        ax.set_xticks(x, [f"{value:g}" for value in x])
        ax.minorticks_off()
    if lost:
        ax.plot(lost, [0] * len(lost), "x", color="#D55E00", markersize=14, markeredgewidth=4)
        ax.text(lost[0], 0, "not a number  ", va="bottom", ha="right", fontsize=12, color="#D55E00")
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


def plot_bars(values: dict[str, Sequence[float]], *, y_label: str, ax: Axes | None = None) -> Axes:
    """Draws a bar per name: the mean of its values, one per seed, with a 95 % interval."""
    ax = ax or new_axes()
    means, halves = zip(*(metrics.mean_interval(v) for v in values.values()), strict=True)
    colors = [STYLES.get(name.split("\n")[0], ("#56B4E9",))[0] for name in values]
    bars = ax.bar(list(values), means, yerr=halves, capsize=6, color=colors, alpha=0.75)
    ax.bar_label(bars, [f"{mean:.2f}" for mean in means], padding=3, fontsize=14)
    ax.set_ylabel(y_label)
    ax.set_ylim(0, min(1, 1.2 * max(m + h for m, h in zip(means, halves, strict=True))))
    return ax


def plot_curves(
    curves: dict[str, Sequence[float]],
    *,
    x: Sequence[float] | None = None,
    x_label: str = "step",
    ax: Axes | None = None,
) -> Axes:
    """Draws named curves over a shared axis."""
    ax = ax or new_axes()
    for index, (name, values) in enumerate(curves.items()):
        color, marker, line = FALLBACK_STYLES[index % len(FALLBACK_STYLES)]
        steps = range(1, len(values) + 1) if x is None else x
        ax.plot(steps, values, line, marker=marker, color=color, linewidth=2.2, label=name)
    ax.set_xlabel(x_label)
    ax.legend(fontsize=13, frameon=False)
    return ax
