"""Grading one submission: the published lesson's checks on a learner's answers.

A verdict comes from a check kept aside in the kernel before the learner's code runs, never from
what a submission prints or assigns.
"""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import dataclass

from tgan_lessons import lessons
from tgan_lessons.sandbox import KernelGoneError, Limits, Sandbox
from tgan_lessons.submissions import Exercise, Notebook, names_of, needed, published

VERDICTS = ("passed", "not yet", "unfinished", "error", "missing")  # of several, the first counts
START_SECONDS = 120  # for a kernel to start and to load TensorFlow
JUDGE = '__import__("tgan_lessons.check_kernel", fromlist=["judge"])'


@dataclass(frozen=True)
class Outcome:
    """One exercise of a submission: one of `VERDICTS`, and what there is to say."""

    verdict: str
    message: str = ""


class Grader:
    """Grades one submission; kernels that die cost only the exercises that killed them.

    Args:
        notebook: the submission.
        lesson: the published lesson.
        limits: for all its kernels together.
        preset: to run at.
        stop: when set, grading ends.
    """

    def __init__(
        self,
        notebook: Notebook,
        lesson: lessons.Lesson,
        limits: Limits,
        preset: str,
        stop: threading.Event,
    ) -> None:
        original, self.exercises = published(lesson)
        self._setup, self._given = original.setup, names_of(original.setup)[0]
        self._notebook, self._limits = notebook, limits
        self._preset, self._stop = preset, stop
        self._end = time.monotonic() + limits.notebook_seconds
        self._best: dict[str, Outcome] = {}
        self._failed: dict[int, str] = {}  # statements that raised, by place
        self._points = {exercise: self._find_points(exercise) for exercise in self.exercises}

    def grade(self) -> dict[str, Outcome]:
        """Returns the outcome of each exercise of the lesson, by number."""
        self._run({e: self._slice(e) for e in self.exercises if self._points[e]})
        lost = [e for e in self.exercises if "not defined" in self.outcome(e).message]
        everything = {
            place
            for place, s in enumerate(self._notebook.statements)
            if not s.binds or s.binds - self._given
        }
        # what was not found by its name may be there when the whole notebook has run
        self._run({e: everything for e in lost if self._points[e] and everything - self._slice(e)})
        return {e.number: self.outcome(e) for e in self.exercises}

    def outcome(self, exercise: Exercise) -> Outcome:
        """What is known of an exercise so far."""
        found = self._best.get(exercise.number, Outcome("missing", ""))
        if found.verdict != "missing":
            return found
        reasons = [text for place, text in self._failed.items() if place in self._slice(exercise)]
        for cell, text in self._notebook.broken.items():
            words = set(re.findall(r"\w+", self._notebook.cells[cell - 1]))
            if words & {exercise.check, *exercise.names}:
                reasons.append(f"code cell {cell}: {text}")
        return Outcome("error", reasons[0]) if reasons else found

    def _find_points(self, exercise: Exercise) -> list[tuple[int, str]]:
        """Where to check what: at each call of the check, and at the end where it was deleted."""
        points = list(self._notebook.calls_of(exercise.check))
        bound = {name for s in self._notebook.statements for name in s.binds}
        if exercise.names <= bound:
            points.append((len(self._notebook.statements), exercise.answers))
        return points

    def _slice(self, exercise: Exercise) -> set[int]:
        places: set[int] = set()
        for place, answers in self._points[exercise]:
            names = names_of(f"({answers},)")[1] if answers else ()
            places |= needed(self._notebook, names, place, self._given)
        return places

    def _run(self, plans: dict[Exercise, set[int]]) -> None:
        while plans and not self._stop.is_set():
            guilty = self._run_once(plans)
            plans = {e: places for e, places in plans.items() if e not in guilty}

    def _run_once(self, plans: dict[Exercise, set[int]]) -> list[Exercise]:
        """Runs what is planned in one kernel; returns the exercises that are done with."""
        steps = {(place, "", None) for places in plans.values() for place in places}
        steps |= {(place, answers, e) for e in plans for place, answers in self._points[e]}
        at_work, where = list(plans), "set-up"
        try:
            with Sandbox(self._limits, self._preset, self._stop) as box:
                self._prepare(box, plans)
                for place, answers, exercise in sorted(
                    steps, key=lambda s: (s[0], s[2] is not None)
                ):
                    if exercise is None:
                        where = f"code cell {self._notebook.statements[place].cell}"
                        at_work = [e for e, places in plans.items() if place in places]
                        self._execute(box, place, where)
                    else:
                        where, at_work = f"check {exercise.number}", [exercise]
                        self._judge(box, exercise, place, answers)
        except KernelGoneError as error:
            for exercise in at_work:
                self._note(exercise, Outcome("error", f"{where}: {error}"))
            return at_work
        return list(plans)

    def _seconds(self, most: float) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            limit = self._limits.notebook_seconds
            raise KernelGoneError(f"time limit: the notebook took more than {limit:.0f} s")
        return min(most, left)

    def _prepare(self, box: Sandbox, plans: dict[Exercise, set[int]]) -> None:
        """Runs the lesson's set-up where anything uses it, and keeps the checks aside."""
        used = {name for e in plans for name in e.names}
        for place in set().union(*plans.values()):
            used |= self._notebook.statements[place].uses
        modules = sorted({exercise.module for exercise in plans})
        setup = [self._setup] if used & self._given else []  # it loads TensorFlow: seconds
        for code in (*setup, f"{JUDGE}.keep({modules!r})"):
            error, _ = box.run(code, self._seconds(START_SECONDS))
            if error:
                raise KernelGoneError(error)

    def _execute(self, box: Sandbox, place: int, where: str) -> None:
        code = self._notebook.statements[place].code
        error, _ = box.run(code, self._seconds(self._limits.cell_seconds))
        if error:
            self._failed[place] = f"{where}: {error}"

    def _judge(self, box: Sandbox, exercise: Exercise, place: int, answers: str) -> None:
        known = self._best.get(exercise.number, Outcome("missing")).verdict
        if known == "passed" or (known != "missing" and place == len(self._notebook.statements)):
            return
        answered = f"lambda: ({answers},)" if answers else "lambda: ()"
        call = f"{JUDGE}.judge({exercise.module!r}, {exercise.check!r}, {answered})"
        error, value = box.run("", self._seconds(self._limits.cell_seconds), call)
        try:
            verdict, message = json.loads(value)
            outcome = Outcome(VERDICTS[VERDICTS.index(verdict)], str(message))
        except (ValueError, TypeError):
            outcome = Outcome("error", error or "the result cannot be read")
        self._note(exercise, outcome)

    def _note(self, exercise: Exercise, new: Outcome) -> None:
        old = self._best.setdefault(exercise.number, new)
        if VERDICTS.index(new.verdict) < VERDICTS.index(old.verdict):
            self._best[exercise.number] = new
