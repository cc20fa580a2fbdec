"""Pictures of the trap: what two heads read while no weight of their backbone moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons import metrics, plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLES = {False: ("#0072B2", "s", "-"), True: ("#D55E00", "^", "--")}
Curves = Mapping[bool, Sequence[Sequence[float]]]


def plot_trap(steps: Sequence[int], panels: Mapping[str, Curves], title: str = "") -> Figure:
    """Draws accuracy over steps for both values of `training`, means with 95 % intervals.

    Args:
        steps: of the measurements.
        panels: for each title, for `training` False and True, a curve per seed.
        title: above all panels.
    """
    first = plots.new_axes(5.2 * len(panels), 4.4)
    figure = first.figure
    first.remove()
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for ax, (name, curves) in zip(axes, panels.items(), strict=True):
        for training, runs in curves.items():
            points = [metrics.mean_interval(values) for values in np.transpose(runs)]
            means, halves = zip(*points, strict=True)
            color, marker, line = STYLES[training]
            told = f"training={training}"
            look = {"color": color, "marker": marker, "linestyle": line, "linewidth": 2.4}
            ax.errorbar(steps, means, halves, label=told, capsize=4, markersize=8, **look)
        ax.set_title(name, fontsize=15)
        ax.set_xlabel("steps of the head", fontsize=14)
        ax.set_ylim(0, 1)
        ax.tick_params(labelsize=12)
        ax.grid(axis="y", alpha=0.3)
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("test accuracy", fontsize=14)
    axes[0].legend(fontsize=13, frameon=False, loc="lower left")
    if title:
        figure.suptitle(title, fontsize=15)
    return figure
