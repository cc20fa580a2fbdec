"""Numbers about runs, with how sure they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from tgan_lessons.transfer import Run


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """The mean of a few independent runs and half the width of its confidence interval.

    Args:
        values: one number per seed, at least two.
        confidence: of the interval, by Student's t distribution.

    Returns:
        (mean, half width): the interval is mean ± half width.

    Raises:
        ValueError: for fewer than two values: one run says nothing about the next.
    """
    from scipy import stats

    numbers = np.asarray(values, dtype=float)
    if numbers.ndim != 1 or len(numbers) < 2:
        raise ValueError(
            f"`values` must hold at least 2 numbers, one per seed. Received: {values!r}"
        )
    if not 0 < confidence < 1:
        raise ValueError(f"`confidence` must be in (0, 1). Received: confidence={confidence}")
    quantile = stats.t.ppf((1 + confidence) / 2, df=len(numbers) - 1)
    return float(numbers.mean()), float(quantile * numbers.std(ddof=1) / np.sqrt(len(numbers)))


def accuracies(runs: Iterable[Run], method: str, per_class: int) -> list[float]:
    """The accuracies of one method at one label budget, in the order of the seeds.

    Of a seed that ran twice the last run counts: a cell may be run again.
    """
    return [accuracy for _, accuracy in sorted(_by_seed(runs, method, per_class).items())]


def _by_seed(runs: Iterable[Run], method: str, per_class: int) -> dict[int, float]:
    chosen = (run for run in runs if (run.method, run.per_class) == (method, per_class))
    return {run.seed: run.accuracy for run in chosen}


def transfer_gain(
    runs: Sequence[Run], method: str, per_class: int, baseline: str = "scratch"
) -> tuple[float, float]:
    """How much accuracy a method adds to the baseline, seed by seed, with a 95 % interval.

    Both learned from the same labels at each seed, so the differences are taken in pairs: the luck
    of the draw drops out.

    Returns:
        (mean difference, half width of its interval), as shares between -1 and 1.

    Raises:
        ValueError: where the two did not run with the same seeds, at least two of them.
    """
    ours, theirs = (_by_seed(runs, name, per_class) for name in (method, baseline))
    if ours.keys() != theirs.keys() or len(ours) < 2:
        raise ValueError(
            f"`{method}` and `{baseline}` must have run with the same seeds, at least 2, at "
            f"{per_class} labels per class. Received: seeds {sorted(ours)} and {sorted(theirs)}"
        )
    return mean_interval([ours[seed] - theirs[seed] for seed in sorted(ours)])
