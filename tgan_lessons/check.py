"""Checking a class: which exercises are solved, one row for each submitted notebook."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tgan_lessons import lessons
from tgan_lessons.grading import Grader, Outcome
from tgan_lessons.sandbox import Limits
from tgan_lessons.submissions import Notebook, UnreadableError, find_lesson, published, read

COPY = re.compile(r"(-Copy\d*|\s*\(\d+\)|\s+copy\s*\d*)?", re.IGNORECASE)


@dataclass(frozen=True)
class Row:
    """One submission.

    Attributes:
        learner: who, by the name of the file or its folder.
        path: the file.
        lesson: its number, empty where it cannot be told.
        outcomes: by the number of the exercise.
        note: what a teacher should read.
    """

    learner: str
    path: Path
    lesson: str
    outcomes: dict[str, Outcome]
    note: str


def clean(text: str, longest: int = 160) -> str:
    """A text from outside as one line that a terminal and a table can take."""
    text = " ".join(text[: 4 * longest].split())
    text = "".join(c if c.isprintable() else "?" for c in text)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def collect(paths: Iterable[Path]) -> list[Path]:
    """The notebooks at the given places: files, and all in folders, each once.

    Raises:
        ValueError: a place that does not exist, or no notebook at all.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise ValueError(
                f"`notebook` must be a file or a folder. Received: notebook={str(path)!r}"
            )
        inside = sorted(path.rglob("*.ipynb")) if path.is_dir() else [path]
        found += [p for p in inside if p.is_file() and ".ipynb_checkpoints" not in p.parts]
    if not found:
        raise ValueError("There are no notebooks (*.ipynb) in what was named.")
    return list({path.resolve(): path for path in found}.values())


def learner_of(path: Path, names: Iterable[str]) -> str:
    """Who handed a file in: its name, or its folder's where it is named as its lesson."""
    for name in names:
        if path.stem.startswith(name) and COPY.fullmatch(path.stem[len(name) :]):
            return path.resolve().parent.name
    return path.stem


def check(
    paths: Iterable[Path],
    *,
    lesson: str | None = None,
    folder: Path | None = None,
    limits: Limits | None = None,
    preset: str = "smoke",
    jobs: int = 2,
    on_row: Callable[[Row], None] | None = None,
) -> list[Row]:
    """Grades submissions, several at a time; what one does is seen in its own row only.

    Args:
        paths: notebooks and folders of them.
        lesson: which lesson they are of; by default each file's name or its checks tell.
        folder: of the published lessons, by default the course's.
        limits: for each submission.
        preset: to run at.
        jobs: how many at a time.
        on_row: called with each row when it is known.

    Raises:
        ValueError: for a place without notebooks or an unknown lesson.
    """
    files, limits = collect(paths), limits or Limits()
    asked = lessons.find(lesson, folder) if lesson is not None else None
    names = [known.name for known in lessons.all_lessons(folder)]
    # everything is read before anything runs
    work = [(path, learner_of(path, names), *_read(path, asked, folder)) for path in files]
    stop, rows = threading.Event(), {}
    with ThreadPoolExecutor(jobs) as pool:
        futures = {pool.submit(_row, *item, limits, preset, stop): item[0] for item in work}
        try:
            for future in as_completed(futures):
                rows[futures[future]] = row = future.result()
                if on_row is not None:
                    on_row(row)
        except BaseException:  # also where the teacher presses Ctrl+C
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return [rows[path] for path in files]


def _read(
    path: Path, asked: lessons.Lesson | None, folder: Path | None
) -> tuple[Notebook | None, lessons.Lesson | None, str]:
    try:
        notebook = read(path)
    except UnreadableError as error:
        return None, asked, str(error)
    found = asked or find_lesson(path, notebook, folder)
    return notebook, found, "" if found else "no exercise of any lesson in it; name it by --lesson"


def _row(
    path: Path,
    learner: str,
    notebook: Notebook | None,
    lesson: lessons.Lesson | None,
    note: str,
    limits: Limits,
    preset: str,
    stop: threading.Event,
) -> Row:
    number = lesson.number if lesson else ""
    if notebook is None or lesson is None:
        exercises = published(lesson)[1] if lesson else ()
        return Row(learner, path, number, {e.number: Outcome("error") for e in exercises}, note)
    try:
        outcomes = Grader(notebook, lesson, limits, preset, stop).grade()
    except Exception as error:  # one row's trouble is not the next one's
        return Row(learner, path, number, {}, clean(f"could not be checked: {error!r}"))
    told = [
        f"{exercise}: {clean(outcome.message)}"
        for exercise, outcome in outcomes.items()
        if outcome.verdict in ("not yet", "error") and outcome.message
    ]
    copies = [
        f"{e.number}: {count} times, the best counts"
        for e in published(lesson)[1]
        if (count := len(list(notebook.calls_of(e.check)))) > 1
    ]
    return Row(learner, path, number, outcomes, " · ".join(told + copies))
