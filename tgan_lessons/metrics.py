"""Numbers about runs and about generators, with how sure they are.

A generator's number says nothing alone: with 1,000 samples even a perfect generator does not reach
a Fréchet distance of 0. So each comes as a `Reading`, next to what real data score.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

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


def clear_best(results: Mapping[str, Sequence[float]]) -> str | None:
    """The one that is ahead of each other one, seed by seed; `None` where the seeds do not decide.

    Args:
        results: name to one number per seed, higher is better. The same seeds in the same order.

    Returns:
        The name whose mean lead over every other one is larger than half its 95 % interval.
    """
    best = max(results, key=lambda name: np.mean(results[name]))
    leads = [np.subtract(results[best], results[name]) for name in results if name != best]
    decided = all(mean > half for mean, half in map(mean_interval, leads))
    return best if decided else None


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


@dataclass(frozen=True)
class Reading:
    """One number about a generator, next to the number that a perfect one would get.

    Attributes:
        name: of the metric.
        value: what the generator got.
        perfect: what real data got in its place, from as many samples.
        samples: how many samples the generator gave.
        band: from luck to luck: what real data got at the 5th and the 95th of 100 draws; `None`
            where there was one draw only.
    """

    name: str
    value: float
    perfect: float
    samples: int
    band: tuple[float, float] | None = None

    def __repr__(self) -> str:
        return (
            f"{self.name} {_short(self.value)} (perfect generator {_short(self.perfect)}, "
            f"{self.samples:,} samples)"
        )


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _rows(array: np.ndarray, name: str, least: int) -> np.ndarray:
    """Samples as float64 of shape (n, d), or an error that names what is wrong."""
    try:
        numbers = np.asarray(array, np.float64)
    except (TypeError, ValueError):  # ragged, or no numbers
        numbers = np.empty(0)
    if numbers.ndim < 2 or len(numbers) < least or not numbers.size:
        received = getattr(array, "shape", type(array).__name__)
        raise ValueError(
            f"`{name}` must hold at least {least} samples, shape (n, ...). Received: {received}"
        )
    bad = numbers.size - np.isfinite(numbers).sum()
    if bad:
        raise ValueError(f"`{name}` must hold finite numbers. Received: {bad:,} that are not")
    return numbers.reshape(len(numbers), -1)


def _three_sets(
    fake: np.ndarray, real: np.ndarray, reference: np.ndarray, least: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    named = {"fake": fake, "real": real, "reference": reference}
    fake, real, reference = (_rows(array, name, least) for name, array in named.items())
    if len({np.shape(array)[1:] for array in named.values()}) > 1:
        raise ValueError(
            "`fake`, `real` and `reference` must hold samples of the same shape. "
            f"Received: {', '.join(f'{name}.shape={np.shape(named[name])}' for name in named)}"
        )
    if len(real) != len(fake):
        raise ValueError(
            f"`real` must be as many samples as `fake`, {len(fake):,}: what a perfect generator "
            f"gets depends on how many. Received: {len(real):,}"
        )
    seen = {row.tobytes() for row in reference}
    shared = sum(row.tobytes() in seen for row in real)
    if shared:
        raise ValueError(
            "`real` and `reference` must be two disjoint sets of real samples: no generator can "
            f"be as close to the reference as itself. Received: {shared:,} samples in both"
        )
    return fake, real, reference


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """The squared Fréchet distance between the Gaussians fitted to two sets of samples.

    |μa - μb|² + tr(Σa + Σb - 2 (Σa Σb)^½). With Σ = RᵀR, from a QR decomposition of the centred
    samples, the trace of the root is the sum of the singular values of Ra Rbᵀ: no root of a matrix
    that may not have full rank, and no complex numbers.

    Args:
        a: finite, shape (n, ...), n ≥ 2; flattened to (n, d).
        b: as `a`, any number of samples.

    Returns:
        The distance, in squared units of the features.

    Source: Heusel et al. 2017, https://arxiv.org/abs/1706.08500
    """
    means, roots = [], []
    for name, samples in (("a", a), ("b", b)):
        rows = _rows(samples, name, least=2)
        means.append(rows.mean(axis=0))
        roots.append(np.linalg.qr((rows - means[-1]) / np.sqrt(len(rows) - 1), mode="r"))
    shift = np.sum((means[0] - means[1]) ** 2)
    spread = sum(np.sum(root**2) for root in roots)
    overlap = np.linalg.norm(roots[0] @ roots[1].T, "nuc")
    return float(max(shift + spread - 2 * overlap, 0.0))


def frechet_distance(fake: np.ndarray, real: np.ndarray, reference: np.ndarray) -> Reading:
    """How far generated samples are from real ones; lower is better.

    Args:
        fake: features of generated samples, such as a judge's, shape (n, ...), n ≥ 2.
        real: features of as many real samples: they set the floor.
        reference: features of other real samples, any number; both are measured against these.

    Returns:
        `frechet(fake, reference)`, next to `frechet(real, reference)`. A generator that repeats
        the reference itself gets below the floor.

    Raises:
        ValueError: other shapes, another number of real samples, samples both real and reference.
    """
    fake, real, reference = _three_sets(fake, real, reference, least=2)
    value, perfect = (frechet(samples, reference) for samples in (fake, real))
    return Reading("Fréchet distance", value, perfect, len(fake))


def _distances(points: np.ndarray, centres: np.ndarray) -> Iterator[np.ndarray]:
    from scipy.spatial.distance import cdist

    for start in range(0, len(points), 256):  # in blocks: all at once may not fit into memory
        yield cdist(points[start : start + 256], centres)


def _radii(samples: np.ndarray, k: int) -> np.ndarray:
    """The distance from each sample to its k-th nearest other one; the nearest is itself."""
    nearest = [np.partition(block, k, axis=1)[:, k] for block in _distances(samples, samples)]
    return np.concatenate(nearest)


def density_and_coverage(
    fake: np.ndarray, real: np.ndarray, reference: np.ndarray, k: int = 5
) -> tuple[Reading, Reading]:
    """Whether generated samples lie among real ones, and whether they lie near all of them.

    Around each reference sample lies a ball that reaches to its k-th nearest neighbour. Density is
    the mean number of balls that a generated sample is in, over k; it may exceed 1. Coverage is the
    share of balls with a generated sample inside. Higher is better for both.

    Args:
        fake: features of generated samples, shape (n, ...), n > k.
        real: features of as many real samples, for the perfect generator.
        reference: features of other real samples, more than k.
        k: which neighbour, at least 1.

    Returns:
        (density, coverage).

    Raises:
        ValueError: as `frechet_distance`; for no such k.

    Source: Naeem et al. 2020, https://arxiv.org/abs/2002.09797
    """
    if not isinstance(k, int | np.integer) or k < 1:
        raise ValueError(f"`k` must be a whole number of at least 1. Received: k={k!r}")
    fake, real, reference = _three_sets(fake, real, reference, least=k + 1)
    radii = _radii(reference, k)
    results = []
    for points in (fake, real):
        inside = np.concatenate([block <= radii for block in _distances(points, reference)])
        results.append((inside.sum() / (k * len(points)), inside.any(axis=0).mean()))
    names = ("density", "coverage")
    return tuple(
        Reading(name, float(value), float(perfect), len(fake))
        for name, value, perfect in zip(names, *results, strict=True)
    )
