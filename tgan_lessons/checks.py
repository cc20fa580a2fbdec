"""Exercises that grade themselves: a check runs what the learner wrote and hints, never raises."""

from __future__ import annotations

import functools
import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["passed", "not yet", "unfinished"]
SIGNS: dict[Verdict, str] = {"passed": "✔", "not yet": "✘", "unfinished": "…"}
COLORS: dict[Verdict, str] = {"passed": "#009E73", "not yet": "#D55E00", "unfinished": "#777777"}


@dataclass(frozen=True)
class Result:
    """What a check found: the verdict, and a hint or a word of praise."""

    exercise: str
    verdict: Verdict
    message: str

    @property
    def passed(self) -> bool:
        """Whether the exercise is solved."""
        return self.verdict == "passed"

    def __str__(self) -> str:
        return f"{SIGNS[self.verdict]} Exercise {self.exercise}, {self.verdict}: {self.message}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return (
            f'<div style="border-left: 6px solid {COLORS[self.verdict]}; padding: 0.4em 0.8em">'
            f"<b>{SIGNS[self.verdict]} Exercise {html.escape(self.exercise)}, {self.verdict}.</b> "
            f"{html.escape(self.message)}</div>"
        )


class Hint(Exception):
    """Raised inside a check where the answer is not right yet; its text is shown."""


def expect(condition: object, hint: str) -> None:
    """Goes on where `condition` holds, and hands the learner `hint` where it does not."""
    if not condition:
        raise Hint(hint)


def exercise(number: str, praise: str) -> Callable[[Callable[..., None]], Callable[..., Result]]:
    """Turns a function that calls `expect` on an answer into a check.

    Args:
        number: of the exercise, for example `"01.2"`.
        praise: shown when every expectation holds.

    Returns:
        A decorator. The check returns a `Result`, whatever the learner's code does: `...` or
        `None` is an unfinished answer, an exception of theirs becomes a hint with its text.
    """

    def decorate(test: Callable[..., None]) -> Callable[..., Result]:
        @functools.wraps(test)
        def check(*answers: object) -> Result:
            if any(answer is ... or answer is None for answer in answers):
                return Result(number, "unfinished", "Replace the dots, then run the cell again.")
            try:
                test(*answers)
            except Hint as hint:
                return Result(number, "not yet", str(hint))
            except Unfinished:
                return Result(number, "unfinished", "Replace the dots inside, then run it again.")
            except Exception as error:  # the learner's own code may fail in any way
                told = f"{type(error).__name__}: {error}".splitlines()[0]
                return Result(number, "not yet", f"Your code stopped with {told}")
            return Result(number, "passed", praise)

        return check

    return decorate


class Unfinished(Exception):
    """Raised inside a check where the learner's function still returns `...` or nothing."""


def call(function: Callable[..., object], *arguments: object) -> object:
    """Calls the learner's function; a returned `...` or `None` counts as unfinished."""
    value = function(*arguments)
    if value is ... or value is None:
        raise Unfinished
    return value
