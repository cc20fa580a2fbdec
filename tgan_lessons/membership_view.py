"""Pictures of what a GAN gives away about its members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons.membership import Moment

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STYLES = (("#000000", "o", "-"), ("#0072B2", "s", "--"), ("#D55E00", "^", "-."))
Runs = Sequence[Sequence[Moment]]


def plot_sizes(ends: Mapping[int, Sequence[Moment]], ax: Axes | None = None) -> Axes:
    """Draws both attacks over the number of members: every seed, and means with 95 % intervals.

    Args:
        ends: by number of members, the last moment of each seed, at least two.
        ax: where to draw.
    """
    from tgan_lessons import metrics, plots

    ax = ax or plots.new_axes()
    attacks = (("with D", "by_score"), ("with fakes only", "by_distance"))
    sizes = np.array(list(ends), float)
    for (label, field), (color, marker, line) in zip(attacks, STYLES[1:], strict=False):
        found = [[getattr(moment, field) for moment in group] for group in ends.values()]
        means, halves = np.transpose([metrics.mean_interval(values) for values in found])
        ax.errorbar(sizes, means, halves, color=color, marker=marker, linestyle=line, linewidth=2.2,
                    markersize=9, capsize=5, label=label)  # fmt: skip
        each = [len(values) for values in found]
        ax.plot(np.repeat(sizes, each), np.concatenate(found), ".", color=color, alpha=0.5)
    ax.axhline(0.5, color="black", linestyle=":")
    ax.text(sizes[0], 0.505, "a guess", va="bottom", fontsize=13)
    ax.set(xscale="log", xlabel="members", ylabel="member above stranger", ylim=(0.4, 1.05))
    ax.set_xticks(sizes, [f"{int(size)}" for size in sizes])
    ax.minorticks_off()
    ax.legend(fontsize=14, frameon=False)
    return ax


def plot_trade(groups: Mapping[str, Runs], ax: Axes | None = None) -> Axes:
    """Draws what the attack with D finds over the quality of fakes, on the way through training.

    Args:
        groups: by name, the moments of each seed's run; means over the seeds are drawn.
        ax: where to draw.
    """
    from tgan_lessons import plots

    ax = ax or plots.new_axes()
    for (name, runs), (color, marker, line) in zip(groups.items(), STYLES, strict=False):
        means = np.mean([[tuple(moment) for moment in run] for run in runs], axis=0)
        ax.plot(means[:, 3], means[:, 1], marker=marker, color=color, linestyle=line, linewidth=2,
                markersize=9, label=name)  # fmt: skip
        ax.annotate("end", means[-1, [3, 1]], (6, 6), textcoords="offset points", color=color,
                    fontsize=13)  # fmt: skip
    ax.axhline(0.5, color="black", linestyle=":")
    ax.set(xlabel="Fréchet distance of the fakes (left is better)", ylabel="member above stranger")
    ax.set(ylim=(0.45, 1.0))
    ax.legend(fontsize=14, frameon=False)
    return ax
