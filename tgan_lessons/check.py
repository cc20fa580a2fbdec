"""Checking a class: which exercises are solved, one row for each submitted notebook."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tgan_lessons import lessons
from tgan_lessons.grading import Grader, Outcome
from tgan_lessons.handed_in import HandedIn, clean, find, one_line, owner
from tgan_lessons.sandbox import Limits, make_folder
from tgan_lessons.submissions import Notebook, UnreadableError, find_lesson, published, read

ENDING = ".ipynb"


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
        ValueError: for a place that does not exist or an unknown lesson.
        OSError: no folder can be made for the kernels.
    """
    files, limits = find(paths, ENDING)[0], limits or Limits()
    os.rmdir(make_folder())  # without one, each row would say the same
    asked = lessons.find(lesson, folder) if lesson is not None else None
    work = _read_all(files, asked, folder)  # everything is read before anything runs
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
    return [rows[file.path] for file in files]


Work = tuple[Path, str, Notebook | None, lessons.Lesson | None, str]


def _read_all(
    files: Iterable[HandedIn], asked: lessons.Lesson | None, folder: Path | None
) -> list[Work]:
    names = [known.name for known in lessons.all_lessons(folder)]
    work, owners = [], {}
    for file in files:
        notebook, lesson, note = _read(file, asked, folder)
        learner, place = owner(file.path, names)
        if owners.setdefault((learner.casefold(), lesson), place) != place:  # of the same name
            learner = f"{learner} ({one_line(str(file.path))})"
        work.append((file.path, learner, notebook, lesson, note))
    return work


def _read(
    file: HandedIn, asked: lessons.Lesson | None, folder: Path | None
) -> tuple[Notebook | None, lessons.Lesson | None, str]:
    if file.trouble:
        return None, None, file.trouble
    try:
        notebook = read(file.path)
        found = asked or find_lesson(file.path, notebook, folder)
    except UnreadableError as error:
        return None, asked, str(error)
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
