"""Do the GAN lab's presets do what they say? Each is played from several seeds and judged.

    python -m benchmarks presets [--quick]

The settings were chosen on the seeds 0 to 4; those measured here are others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import measure
from tgan_lessons import modes
from tgan_lessons.gan_lab import GanLab
from tgan_lessons.plots import new_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SEEDS = range(5, 10)
LATE = 10  # snapshots at the end


@dataclass(frozen=True)
class Run:
    """Snapshots of one run, the first before any round.

    Attributes:
        points: of 500 fakes, shape (snapshots, n, 2).
        served: modes served in each, or empty where there are none.
        nearest: the share of fakes whose nearest mode is the most popular one.
        favourite: which one that is.
        logs: losses and gradient norms of each snapshot but the first.
        js: Jensen–Shannon divergence.
        scores: the largest size of D's mean scores of the fakes so far.
    """

    points: np.ndarray
    served: np.ndarray
    nearest: np.ndarray
    favourite: np.ndarray
    logs: list[dict[str, float]]
    js: np.ndarray
    scores: float


def play(lab: GanLab, rounds: int, every: int) -> Run:
    """Plays the lab's game from its start and looks at it every so often."""
    lab.reset()
    points, logs, scores = [lab.scene.look().fakes], [], 0.0
    for _ in range(rounds // every):
        logs.append(lab.game.advance(every))
        points.append(lab.scene.look().fakes)
        if lab.game.packing == 1:
            score = lab.game.discriminator(points[-1], training=False)
            scores = max(scores, abs(float(np.mean(score))))
    toy, centres = lab.toy, lab.toy.modes
    js = [modes.js_divergence(x, toy).value for x in points]
    if centres is None:
        none = np.zeros(0)
        return Run(np.array(points), none, none, none, logs, np.array(js), scores)
    served = [modes.count_modes(x, toy).served.value for x in points]
    counts = np.array([_nearest(x, centres) for x in points])
    return Run(
        np.array(points),
        np.array(served),
        counts.max(axis=1),
        counts.argmax(axis=1),
        logs,
        np.array(js),
        scores,
    )


def _nearest(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The share of points to which each centre is the nearest."""
    index = np.linalg.norm(points[:, None] - centres[None], axis=-1).argmin(axis=1)
    return np.bincount(index, minlength=len(centres)) / len(points)


def serves(least: float) -> Callable[[Run], tuple[bool, str]]:
    """A criterion: the median of modes served at the end."""

    def judge(run: Run) -> tuple[bool, str]:
        late = float(np.median(run.served[-LATE:]))
        return late >= least, f"{late:g} served at the end, at best {run.served.max():g}"

    return judge


def is_silent(run: Run) -> tuple[bool, str]:
    """After the first hundred rounds no fake moves, and G's gradient is tiny."""
    moved = float(np.linalg.norm(run.points[-1] - run.points[1], axis=1).max())
    slope = max(log["generator_gradient_norm"] for log in run.logs[1:])
    return moved < 0.05 and slope < 1e-3, f"farthest step {moved:.2g}, G's gradient ≤ {slope:.1g}"


def moves_on(run: Run) -> tuple[bool, str]:
    """The fakes leave their place, and G's gradient stays large."""
    moved = float(np.linalg.norm(run.points[-1] - run.points[0], axis=1).mean())
    slope = min(log["generator_gradient_norm"] for log in run.logs)
    return moved > 1 and slope > 0.1, f"mean way {moved:.2g}, G's gradient ≥ {slope:.2g}"


def is_collapsed(run: Run) -> tuple[bool, str]:
    """At most two modes are served from round 500 on, and they stay the same."""
    late = slice(len(run.points) // 3, None)
    most, fans = run.served[late].max(), run.nearest[late].min()
    return most <= 2 and fans >= 0.45, f"at most {most:g} served, ≥ {fans:.0%} at one of them"


def is_cycling(run: Run) -> tuple[bool, str]:
    """All fakes at one mode, which is another one at every second look or oftener."""
    hops = float(np.mean(np.diff(run.favourite[5:]) != 0))
    share, visited = float(np.median(run.nearest[5:])), len(set(run.favourite[5:].tolist()))
    told = f"{share:.0%} at one mode, another one in {hops:.0%} of looks, {visited} visited"
    return share >= 0.9 and hops >= 0.5 and visited >= 6, told


def is_spread(run: Run) -> tuple[bool, str]:
    """No mode is the nearest one of more than three fakes in ten."""
    most = float(run.nearest[-LATE:].max())
    return most <= 0.3, f"at most {most:.0%} at one mode"


def runs_away(run: Run) -> tuple[bool, str]:
    """D's mean score of the fakes goes beyond 100."""
    return run.scores > 100, f"scores up to {run.scores:.0f}"


def stands_at_both_walls(run: Run) -> tuple[bool, str]:
    """At each wall three fakes in ten or more, and scores that stay below 100."""
    shares = [
        float(np.median(np.mean(abs(run.points[-LATE:, :, 0] - x) < 0.3, axis=1))) for x in (-2, 2)
    ]
    told = f"{shares[0]:.0%} and {shares[1]:.0%} at the walls, scores up to {run.scores:.0f}"
    return min(shares) >= 0.3 and run.scores < 100, told


# name: (rounds, between two looks, criterion)
CRITERIA: Mapping[str, tuple[int, int, Callable[[Run], tuple[bool, str]]]] = {
    "ring, all eight found": (6000, 100, serves(7)),
    "grid, twenty-five of them": (6000, 100, serves(18)),
    "FAILS: D too strong": (1000, 100, is_silent),
    "cure: non-saturating": (1000, 100, moves_on),
    "FAILS: collapse": (1500, 100, is_collapsed),
    "cure: R1 penalty": (2000, 100, serves(3)),
    "FAILS: cycling": (1500, 50, is_cycling),
    "cure: one move each": (4000, 100, is_spread),
    "FAILS: Wasserstein, no penalty": (3000, 100, runs_away),
    "cure: gradient penalty": (3000, 100, stands_at_both_walls),
}


def judge(name: str, seed: int) -> tuple[bool, str]:
    """Plays a preset from a seed: whether it did what it says, and what was seen."""
    rounds, every, criterion = CRITERIA[name]
    settings = dict(GanLab.presets[name].settings)
    lab = GanLab(settings.pop("data", "ring"), **settings, seed=seed)
    try:
        return criterion(play(lab, rounds, every))
    finally:
        lab.close()


def run(*, quick: bool = False, folder: Path | None = None) -> dict[str, Any]:
    """Measures, prints, writes `presets.json` and `presets.png`; returns what the first holds."""
    seeds = SEEDS[:1] if quick else SEEDS
    result: dict[str, Any] = {"quick": quick, "machine": measure.machine(), "presets": {}}
    for name in CRITERIA:
        found = [judge(name, seed) for seed in seeds]
        passed = sum(passed for passed, _ in found)
        result["presets"][name] = {
            "passed": passed,
            "of": len(found),
            "seen": [t for _, t in found],
        }
        print(f"{name}: {passed} of {len(found)}", *(f"  {told}" for _, told in found), sep="\n")
    path = measure.write("presets", result, plot(result["presets"]), folder)
    print(f"written: {path}")
    return result


def plot(found: Mapping[str, Mapping[str, Any]]) -> Figure:
    """How many seeds did what the preset says."""
    ax = new_axes(10.0, 5.0)
    shares = [entry["passed"] / entry["of"] for entry in found.values()]
    ax.barh(range(len(found)), shares, color=measure.STYLES[0][0])
    ax.set_yticks(range(len(found)), list(found))
    ax.invert_yaxis()
    ax.set(xlabel="share of seeds that did what the preset says", xlim=(0, 1.02))
    return ax.figure


def main() -> None:
    """Reads the command line and measures."""
    run(quick=measure.options(__doc__.splitlines()[0]))


if __name__ == "__main__":
    main()
