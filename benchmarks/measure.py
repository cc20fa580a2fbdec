"""What the measurements share: peers in turn, medians, and results as table, JSON and picture."""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import math
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tgan_lessons.files import check_writable, write_or_keep
from tgan_lessons.plots import new_axes, to_png

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RESULTS = Path(__file__).with_name("results")
PACKAGES = ("tensorflow", "keras", "torch", "numpy")
NOT_INSTALLED = "not installed"
# Okabe & Ito's colours that stand out from white, each with a marker: colour is never alone.
STYLES = (("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#CC79A7", "D"), ("#000000", "v"))

Advance = Callable[[int], object]


@dataclass(frozen=True)
class Peer:
    """One way of playing the same rounds.

    Attributes:
        name: in the table.
        make: builds its networks and returns `advance(rounds)`, which comes back when all of them
            are played.
        package: what must be installed for it.
    """

    name: str
    make: Callable[[], Advance]
    package: str | None = None

    @property
    def is_installed(self) -> bool:
        """Whether it can run here."""
        return self.package is None or importlib.util.find_spec(self.package) is not None


@dataclass(frozen=True)
class Timing:
    """How fast a peer was.

    Attributes:
        start_seconds: from nothing to the end of the first round: building and tracing.
        rates: rounds per second of each repeat.
    """

    start_seconds: float
    rates: tuple[float, ...]

    @property
    def median(self) -> float:
        """Rounds per second."""
        return statistics.median(self.rates)

    def to_dict(self) -> dict[str, object]:
        """All of it, for JSON."""
        return {"start_seconds": self.start_seconds, "median": self.median, "rates": self.rates}


Timings = dict[str, Timing | None]


def alternate(peers: Sequence[Peer], *, repeats: int, seconds: float) -> Timings:
    """Times peers in turn, A B C A B C …, so that a busy machine slows all of them alike.

    Args:
        peers: of different names.
        repeats: how often each is timed.
        seconds: about how long each time; the number of rounds is found in a warm-up.

    Returns:
        A timing for each name; `None` where its package is not installed.
    """
    timings: Timings = dict.fromkeys(peer.name for peer in peers)
    ready = []
    for peer in peers:
        if peer.is_installed:
            started = time.perf_counter()
            advance = peer.make()
            advance(1)
            start_seconds = time.perf_counter() - started
            ready.append((peer.name, advance, _rounds_in(advance, seconds), start_seconds))
    rates: dict[str, list[float]] = {name: [] for name, *_ in ready}
    for _ in range(repeats):
        for name, advance, rounds, _ in ready:
            rates[name].append(rounds / _time(advance, rounds))
    return timings | {name: Timing(start, tuple(rates[name])) for name, *_, start in ready}


def _time(advance: Advance, rounds: int) -> float:
    started = time.perf_counter()
    advance(rounds)
    return time.perf_counter() - started


def _rounds_in(advance: Advance, seconds: float) -> int:
    """How many rounds fit; tries more and more of them, which also warms up."""
    rounds = 1
    while (taken := _time(advance, rounds)) < seconds / 4:
        rounds = math.ceil(rounds * min(8.0, max(1.5, seconds / 2 / max(taken, 1e-9))))
    return max(1, round(rounds * seconds / taken))


def ratio(timings: Timings, ours: str, theirs: str) -> float | None:
    """How many times faster: the median over repeats, each compared with the one beside it."""
    first, second = timings[ours], timings[theirs]
    if first is None or second is None:
        return None
    return statistics.median(a / b for a, b in zip(first.rates, second.rates, strict=True))


@dataclass(frozen=True)
class Target:
    """What is asked: that `ours` is at least `least` times as fast as `theirs`; 0 asks nothing."""

    ours: str
    theirs: str
    least: float = 0.0

    def check(self, timings: Timings) -> dict[str, object]:
        """The ratio and whether it is reached; both `None` where they are not known."""
        value = ratio(timings, self.ours, self.theirs)
        reached = value >= self.least if value and self.least else None
        return vars(self) | {"ratio": value, "reached": reached}


def report(timings: Timings, targets: Sequence[Target]) -> dict[str, object]:
    """Prints the rates and the targets; returns them for JSON."""
    rows = [[name, *_cells(timing)] for name, timing in timings.items()]
    print(table(("peer", "rounds/s", "lowest – highest", "s to the first round"), rows), "\n")
    checks = [target.check(timings) for target in targets]
    rows = [
        [
            f"{c['ours']} / {c['theirs']}",
            NOT_INSTALLED if c["ratio"] is None else f"{c['ratio']:.3g}",
            f"≥ {c['least']:g}" if c["least"] else "",
            {None: "", True: "yes", False: "NO"}[c["reached"]],
        ]
        for c in checks
    ]
    print(table(("ratio of", "median", "asked", "reached"), rows), "\n", flush=True)
    peers = {name: t.to_dict() if t else NOT_INSTALLED for name, t in timings.items()}
    return {"peers": peers, "targets": checks}


def _cells(timing: Timing | None) -> tuple[str, str, str]:
    if timing is None:
        return NOT_INSTALLED, "", ""
    spread = f"{min(timing.rates):,.4g} – {max(timing.rates):,.4g}"
    return f"{timing.median:,.4g}", spread, f"{timing.start_seconds:.1f}"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table whose columns also line up on the terminal."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    cells.insert(1, ["-" * width for width in widths])
    lines = (" | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in cells)
    return "\n".join(f"| {line} |" for line in lines)


def machine() -> dict[str, object]:
    """The facts that a measurement depends on."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = NOT_INSTALLED
    return {
        "date": datetime.now().astimezone().isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "processor": platform.machine(),
        "python": platform.python_version(),
        "versions": versions,
        "load": list(os.getloadavg()) if hasattr(os, "getloadavg") else None,
    }


def options(description: str) -> bool:
    """Reads the command line: whether `--quick` was asked for."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="a rough look, kept in results/quick")
    quick = parser.parse_args().quick
    must_be_writable(RESULTS / "quick" / "x" if quick else RESULTS / "x")
    return quick


def must_be_writable(path: Path) -> None:
    """Ends the program before it measures where it could not write its result."""
    try:
        check_writable(path)
    except OSError as error:
        raise SystemExit(f"{path} cannot be written: {error.strerror or error}") from None


def write(name: str, result: dict[str, Any], figure: Figure, folder: Path | None = None) -> Path:
    """Writes `NAME.json` and `NAME.png`; returns the path of the first.

    NaN and infinity become null. `result["quick"]` says whether `results/quick` is the place, where
    no other `folder` is given.
    """
    folder = folder or (RESULTS / "quick" if result["quick"] else RESULTS)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    text = json.dumps(_plain(result), indent=1, ensure_ascii=False, allow_nan=False)
    write_or_keep(path, text + "\n")
    path.with_suffix(".png").write_bytes(to_png(figure))
    return path


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value


def plot_rates(panels: dict[str, Timings]) -> Figure:
    """Draws bars for each panel: median rounds per second, a dot for each repeat."""
    rows = [(title, name, t) for title, timings in panels.items() for name, t in timings.items()]
    ax = new_axes(10.0, 1.2 + 0.45 * len(rows))
    for y, (title, _, timing) in enumerate(rows):
        if timing is None:
            ax.text(0, y, f" {NOT_INSTALLED}", va="center", fontsize=12)
            continue
        ax.barh(y, timing.median, color=STYLES[list(panels).index(title)][0], alpha=0.6)
        ax.plot(timing.rates, [y] * len(timing.rates), "o", color="black", markersize=4)
        ax.text(max(timing.rates), y, f"  {timing.median:,.4g}", va="center", fontsize=12)
    labels = [name if len(panels) == 1 else f"{name}, {title}" for title, name, _ in rows]
    ax.set_yticks(range(len(rows)), labels)
    ax.invert_yaxis()
    ax.set_xlabel("rounds per second: bar = median, dots = repeats")
    ax.set_xlim(0, ax.get_xlim()[1] * 1.12)
    return ax.figure
