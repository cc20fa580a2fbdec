"""What was answered, kept in one small file beside the notebook: `my_answers.json`.

The file is a list that anybody can read. Only an answer writes it, nothing leaves the machine, and
whoever deletes it begins anew.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Literal

from tgan_lessons.cache import locked
from tgan_lessons.files import decode, reason_to_leave, write_text
from tgan_lessons.resume import lasting

FILE = "my_answers.json"
KINDS = ("prediction", "quiz")
Kind = Literal["prediction", "quiz"]


class DamagedAnswersError(Exception):
    """A file of answers that cannot be understood."""


@dataclass(frozen=True)
class Answer:
    """One answered question.

    Attributes:
        kind: `"prediction"` or `"quiz"`.
        question: its text.
        options: what there was to choose from.
        first: the option chosen first.
        answer: the option chosen last.
        time: when that was, in ISO 8601 with the local zone.
    """

    kind: Kind
    question: str
    options: tuple[str, ...]
    first: str
    answer: str
    time: str

    @property
    def changed(self) -> bool:
        """Whether the answer is no longer the first one."""
        return self.answer != self.first

    def is_to(self, other: Answer) -> bool:
        """Whether both answer the same question, with the same options in whatever order."""
        same = (self.kind, self.question) == (other.kind, other.question)
        return same and sorted(self.options) == sorted(other.options)


def _parse(entry: dict) -> Answer:
    answer = Answer(**entry | {"options": tuple(entry["options"])})
    texts = (answer.question, answer.first, answer.answer, answer.time, *answer.options)
    if not all(isinstance(text, str) for text in texts) or answer.kind not in KINDS:
        raise ValueError(f"no answer: {entry}")
    if not {answer.first, answer.answer} <= set(answer.options):
        raise ValueError(f"no such option: {entry}")
    return answer


def read_answers(path: Path) -> list[Answer]:
    """Reads a file of answers.

    Args:
        path: a `my_answers.json`.

    Returns:
        The answers, in the order in which the questions were first answered.

    Raises:
        OSError: where there is no file, or none that can be read.
        DamagedAnswersError: where its content is not a list of answers.
    """
    data = Path(path).read_bytes()
    try:
        return [_parse(entry) for entry in json.loads(decode(data))]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise DamagedAnswersError(f"{path} is not a file of answers ({reason})") from error


def _set_aside(path: Path) -> Path:
    if why := reason_to_leave(path):
        raise OSError(f"it is damaged, and stays: {why}")
    names = (path.with_name(f"{path.stem}.damaged-{number}{path.suffix}") for number in count(1))
    target = next(name for name in names if not name.exists())
    path.rename(target)
    return target


def _merge(path: Path, new: Answer) -> tuple[Answer, str]:
    """Puts an answer into the file; returns it with its first choice, and what there is to say."""
    told = ""
    try:
        kept = read_answers(path)
    except FileNotFoundError:
        kept = []
    except DamagedAnswersError:
        kept, told = [], f"{path.name} was damaged. It is now {_set_aside(path).name}."
    place = next((i for i, answer in enumerate(kept) if answer.is_to(new)), len(kept))
    if place < len(kept):
        new = replace(new, first=kept[place].first)
    kept[place : place + 1] = [new]
    text = json.dumps([asdict(answer) for answer in kept], ensure_ascii=False, indent=2)
    write_text(path, text + "\n")
    return new, told


class Record:
    """One question's place in the file of answers.

    Args:
        kind: `"prediction"` or `"quiz"`.
        question: its text.
        options: what there is to choose from.

    Attributes:
        answer: what was answered, today or earlier, or `None`.
    """

    def __init__(self, kind: Kind, question: str, options: Sequence[str]) -> None:
        self.kind, self.question, self.options = kind, question, tuple(options)
        self.path, self.answer = Path(FILE), None
        try:
            self.path = lasting(FILE)
            asked, kept = self._choice(self.options[0]), read_answers(self.path)
        except (OSError, DamagedAnswersError):
            return
        self.answer = next((answer for answer in kept if answer.is_to(asked)), None)

    def _choice(self, option: str) -> Answer:
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        first = option if self.answer is None else self.answer.first
        return Answer(self.kind, self.question, self.options, first, option, now)

    def keep(self, option: str) -> str:
        """Records an answer. Never raises where the file cannot be written.

        Returns:
            What the learner should know; empty where all is well.
        """
        self.answer = self._choice(option)
        try:
            with locked(self.path):
                self.answer, told = _merge(self.path, self.answer)
        except OSError as error:
            reason = error.strerror or error
            return (
                f"Your answers are not kept: {self.path} cannot be written ({reason}). Make "
                "room, or copy the notebook to a folder that you may write to. Answers from before "
                "are safe."
            )
        return told
