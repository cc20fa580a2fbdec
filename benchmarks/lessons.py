"""What does a lesson cost? In a fresh kernel: seconds, the longest cell, memory.

    python -m benchmarks lessons [--preset smoke|class|gpu] [NN …]

Without numbers all lessons run. Each result replaces the one of the same lesson and preset in
`results/lessons.json`, as soon as it is there; `python -m docs.lesson_times` writes the table.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import measure
from tgan_lessons import lessons
from tgan_lessons.execute import LessonError, execute
from tgan_lessons.plots import new_axes
from tgan_lessons.runtime import PRESETS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = "lessons"
# The kernel's own word for the most memory it ever held: a peak between two looks is not missed.
# On Linux it counts what this process held when it started the kernel, too: far less, without
# TensorFlow.
PEAK = "import resource\nprint(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
PER_MIB = 1024**2 if sys.platform == "darwin" else 1024  # of what `ru_maxrss` counts


def run_lesson(path: Path, preset: str) -> dict[str, Any]:
    """Runs a lesson from its first cell to its last.

    Args:
        path: the notebook; it stays as it is.
        preset: `"smoke"`, `"class"` or `"gpu"`.

    Returns:
        `seconds` from the start of the kernel to the end of the last cell; `start_seconds` of it,
        until the set-up cell has run; `longest_cell` of the others, its `number` among the code
        cells, `seconds` and `first_line`; `peak_mib`, the most memory that the kernel's process
        held; `machine`.

    Raises:
        LessonError: where a cell fails or the kernel dies.
    """
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(PEAK))
    cells = [c for c in notebook.cells if c.cell_type == "code" and c.source.strip()]
    machine = {key: value for key, value in measure.machine().items() if key != "date"}
    ends = [time.perf_counter()]
    execute(notebook, path.stem, preset, lambda done, of: ends.append(time.perf_counter()))
    took = [after - before for before, after in pairwise(ends)][:-1]
    longest = max(range(1, len(took)), key=took.__getitem__)
    return {
        "seconds": sum(took),
        "start_seconds": took[0],
        "longest_cell": {
            "number": longest + 1,
            "seconds": took[longest],
            "first_line": cells[longest].source.strip().splitlines()[0],
        },
        "peak_mib": int(cells[-1].outputs[0].text) / PER_MIB,
        "machine": machine,
    }


def load(folder: Path) -> dict[str, Any]:
    """What was measured so far: for each preset the lessons, for each lesson its result."""
    path = folder / f"{NAME}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"presets": {}}


def keep(preset: str, number: str, result: dict[str, Any], folder: Path) -> Path:
    """Puts one result among those of earlier runs and draws all of them."""
    known = load(folder)["presets"]
    known[preset] = dict(sorted((known.get(preset, {}) | {number: result}).items()))
    known = {name: known[name] for name in PRESETS if name in known}
    return measure.write(NAME, {"presets": known}, plot(known), folder)


def plot(presets: dict[str, dict[str, Any]]) -> Figure:
    """Draws the seconds of each lesson, a row of marks for each preset."""
    ax = new_axes(10.0, 4.5)
    for (color, marker), (preset, results) in zip(measure.STYLES, presets.items(), strict=False):
        seconds = [result["seconds"] for result in results.values()]
        ax.plot(list(results), seconds, marker, color=color, markersize=9, label=preset)
    ax.set(xlabel="lesson", ylabel="seconds", ylim=(0, None))
    ax.legend(fontsize=12)
    return ax.figure


def run(preset: str, numbers: Sequence[str], folder: Path = measure.RESULTS) -> list[str]:
    """Measures lessons one after the other and says what each took.

    Args:
        preset: `"smoke"`, `"class"` or `"gpu"`.
        numbers: or names of lessons; none means all.
        folder: of the results.

    Returns:
        Why lessons failed; their earlier results stay.
    """
    chosen = [lessons.find(number) for number in numbers] or lessons.all_lessons()
    failures = []
    for lesson in chosen:
        try:
            result = run_lesson(lesson.path, preset)
        except LessonError as error:
            failures.append(str(error))
            continue
        keep(preset, lesson.number, result, folder)
        cell = result["longest_cell"]
        print(
            f"{lesson.number} {preset}: {result['seconds']:.0f} s, {result['peak_mib']:.0f} MiB; "
            f"longest: cell {cell['number']}, {cell['seconds']:.0f} s, {cell['first_line']}",
            flush=True,
        )
    return failures


def main() -> None:
    """Reads the command line and measures.

    Raises:
        SystemExit: with the reasons, where lessons failed.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", choices=PRESETS, default="class")
    parser.add_argument("numbers", nargs="*", metavar="NN", help="lessons, by default all")
    options = parser.parse_args()
    measure.must_be_writable(measure.RESULTS / f"{NAME}.json")
    if failures := run(options.preset, options.numbers):
        raise SystemExit("\n".join(failures))


if __name__ == "__main__":
    main()
