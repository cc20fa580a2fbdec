"""Pictures of lesson 07: samples over the modes, a clock of modes, cures with every seed a dot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons import metrics, plots
from tgan_lessons.modes import ModeCount, samples_per_mode
from tgan_lessons.planes import FAKE, REAL, View
from tgan_lessons.toys import Toy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FLOOR = "#777777"
LABELS = {
    "recovered": "modes recovered",
    "served": "modes served",
    "quality": "share of high quality",
}


def show_clouds(
    clouds: Mapping[str, np.ndarray], toy: Toy, *, shown: int = 1000, size: float = 4.2
) -> Axes:
    """Draws samples over the modes, a panel each; a mode without any sample gets a cross.

    Args:
        clouds: samples (n, 2) by title.
        toy: the mixture whose modes are marked.
        shown: samples that are drawn; all count for the marks.
        size: inches of a panel's side.

    Returns:
        The first axes.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(size * len(clouds), size + 0.4), layout="constrained")
    axes = figure.subplots(1, len(clouds), squeeze=False)[0]
    reach = 1.35 * float(np.abs(toy.modes).max())
    for ax, (title, points) in zip(axes, clouds.items(), strict=True):
        found = samples_per_mode(points, toy) > 0
        ax.plot(*points[:shown].T, ".", color=FAKE, markersize=4, alpha=0.5)
        ring = {"facecolors": "none", "edgecolors": REAL, "linewidths": 2.2}
        ax.scatter(*toy.modes[found].T, s=130, **ring)
        ax.scatter(*toy.modes[~found].T, s=130, marker="x", color="black", linewidths=3)
        ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", title=title)
        ax.set_xticks([])
        ax.set_yticks([])
    return axes[0]


def stretch(view: View) -> View:
    """The same view, D's opinions stretched to the full range of colours.

    Where D is nearly undecided everywhere, its landscape is pale; only what is higher than the
    rest matters to G.
    """
    away = view.landscape - view.landscape.mean()
    return view._replace(landscape=0.5 + away / (2 * max(float(np.abs(away).max()), 1e-9)))


def show_clock(
    shares: Sequence[np.ndarray], rounds: Sequence[int], *, ax: Axes | None = None
) -> Axes:
    """Draws which modes the fakes are at over a run: dark where many are.

    Args:
        shares: of the fakes at each mode, (looks, k).
        rounds: of the looks.
        ax: where to draw.
    """
    ax = ax or plots.new_axes(9, 3)
    count = len(shares[0])
    edges = (rounds[0], rounds[-1], 0.5, count + 0.5)
    options = {"aspect": "auto", "origin": "lower", "interpolation": "nearest", "extent": edges}
    image = ax.imshow(np.array(shares).T, cmap="Blues", vmin=0, vmax=1, **options)
    ax.set_yticks(range(1, count + 1))
    ax.set_xlabel("round", fontsize=14)
    ax.set_ylabel("mode", fontsize=14)
    ax.tick_params(labelsize=12)
    ax.figure.colorbar(image, ax=ax).set_label("share of the fakes", fontsize=13)
    return ax


def plot_cures(
    counts: Mapping[str, Sequence[ModeCount]], what: str = "served", *, ax: Axes | None = None
) -> Axes:
    """Draws each cure's mean with its 95 % interval, and every seed as a dot beside it.

    Args:
        counts: for each cure a count per seed, at least two.
        what: `"recovered"`, `"served"` or `"quality"`.
        ax: where to draw.
    """
    ax = ax or plots.new_axes(9, 0.55 * len(counts) + 1.3)
    for row, group in enumerate(counts.values()):
        values = [getattr(count, what).value for count in group]
        mean, half = metrics.mean_interval(values)
        beside = row + 0.24 + 0.03 * (np.arange(len(values)) - (len(values) - 1) / 2)
        ax.plot(values, beside, "o", color=FAKE, markersize=6, alpha=0.7)
        ax.errorbar(
            mean, row - 0.1, xerr=half, fmt="s", color=REAL, capsize=5, markersize=9, lw=2.4
        )
    perfect = getattr(next(iter(counts.values()))[0], what).perfect
    ax.axvline(perfect, color=FLOOR, linestyle=":", linewidth=2)
    ax.text(perfect, -0.75, "perfect generator ", ha="right", va="center", fontsize=12, color=FLOOR)
    ax.set_yticks(range(len(counts)), list(counts), fontsize=13)
    ax.set(ylim=(len(counts) - 0.4, -1.1), xlim=(0, None))
    ax.set_xlabel(LABELS[what], fontsize=15)
    ax.tick_params(axis="x", labelsize=12)
    ax.grid(axis="x", alpha=0.3)
    return ax
