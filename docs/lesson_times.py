"""The guide's table of what each lesson computes, from `benchmarks/results/lessons.json`.

python -m benchmarks lessons --preset class   # measures
python -m docs.lesson_times                   # writes docs/guide/times.md
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tgan_lessons import lessons
from tgan_lessons.files import write_text

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "lessons.json"
PAGE = ROOT / "docs" / "guide" / "times.md"
SHOWN = ("smoke", "class", "gpu")
INTRO = """\
# What each lesson computes

<!-- written by `python -m docs.lesson_times`; change benchmarks/results/lessons.json instead -->

Seconds are those of the whole lesson, run from its first cell to its last in a fresh kernel by
`python -m benchmarks lessons`. *Start* is the part of them until the set-up cell has run. The
longest cell is one of the others, named by its first line: tell learners before they run it.
Memory is the most that the kernel held. Nobody's thinking and no live lab in play is in these
figures."""
EMPTY = "\nNothing is measured at this preset."
NO_GPU = "\nNothing is measured at this preset: no GPU was available."
HEADER = "| lesson | seconds | start | longest cell | memory |\n|---|---|---|---|---|"


def render(presets: dict[str, dict[str, Any]]) -> str:
    """Returns the page.

    Args:
        presets: for each preset the results of lessons by number, see `benchmarks.lessons`.
    """
    parts = [INTRO]
    for preset in SHOWN:
        results = presets.get(preset, {})
        parts.append(f"\n## Preset `{preset}`")
        if not results:
            parts.append(NO_GPU if preset == "gpu" else EMPTY)
            continue
        parts += ["", HEADER, *(_row(lesson, results) for lesson in lessons.all_lessons())]
        parts += ["", *_machines(results)]
    return "\n".join(parts) + "\n"


def _row(lesson: lessons.Lesson, results: dict[str, Any]) -> str:
    name = f"[{lesson.title}]({lesson.number}.md)"
    if lesson.number not in results:
        return f"| {name} | not measured | | | |"
    result = results[lesson.number]
    cell = result["longest_cell"]
    first_line = cell["first_line"].replace("|", "\\|").replace("`", "'")
    return (
        f"| {name} | {result['seconds']:.0f} s | {result['start_seconds']:.0f} s "
        f"| {cell['seconds']:.0f} s: `{first_line}` | {result['peak_mib']:,.0f} MiB |"
    )


def _machines(results: dict[str, Any]) -> list[str]:
    """A sentence for each kind of machine, with the lessons that it ran."""
    groups: dict[str, list[str]] = {}
    loads = []
    for number, result in results.items():
        machine = result["machine"]
        packages = ("tensorflow", "keras", "numpy")
        versions = ", ".join(f"{name} {machine['versions'][name]}" for name in packages)
        told = f"{machine['cores']} cores ({machine['processor']}), Python {machine['python']}"
        groups.setdefault(f"{told}, {versions}", []).append(number)
        loads += [machine["load"][0]] if machine["load"] else []
    lines = [f"Measured on {told}: lessons {', '.join(of)}." for told, of in groups.items()]
    if loads:
        lines.append(
            f"Load average when a lesson began: {min(loads):.1f} to {max(loads):.1f}; a load above "
            "the number of cores means that other work slowed it."
        )
    return lines


def main() -> None:
    """Writes the page."""
    write_text(PAGE, render(json.loads(RESULTS.read_text(encoding="utf-8"))["presets"]))
    print(PAGE.relative_to(ROOT))


if __name__ == "__main__":
    main()
