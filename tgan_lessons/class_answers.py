"""What a class answered: many files of `my_answers.json`, summed up by question."""

from __future__ import annotations

import ast
import hashlib
import html
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tgan_lessons import lessons
from tgan_lessons.answers import FILE, Answer, DamagedAnswersError, read_answers
from tgan_lessons.handed_in import find, one_line, owner
from tgan_lessons.submissions import published

SET_ASIDE = ".damaged-"  # in the names of copies that `answers` and `cache` put aside
ENDING = ".json"
ASKING = ("predict", "Question")
LARGEST_FILE = 10 * 2**20
STYLE = """\
body { font-family: sans-serif; max-width: 52em; margin: 2em auto; }
table { border-collapse: collapse; width: 100%; margin-bottom: 2em; }
td, th { border-bottom: 1px solid #ddd; padding: 0.3em 0.6em; text-align: left; }
td.n { text-align: right; width: 4em; } tr.right td { font-weight: bold; }
div.bar { background: #0072B2; height: 0.8em; }"""


@dataclass
class Summary:
    """One question as a class answered it.

    Attributes:
        lesson: the number of the lesson that asks it, empty where none of the course does.
        kind: `"prediction"` or `"quiz"`.
        question: its text.
        options: in the order of the first file.
        right: the right option of a quiz, empty where it is not known.
        given: each answer, with who gave it.
    """

    lesson: str
    kind: str
    question: str
    options: tuple[str, ...]
    right: str
    given: list[tuple[str, Answer]] = field(default_factory=list)

    @property
    def changed(self) -> int:
        """How many ended at another option than they began with."""
        return sum(answer.changed for _, answer in self.given)

    def count(self, which: str) -> Counter:
        """How many chose each option; `which` is `"first"` or `"answer"`, the last."""
        return Counter(getattr(answer, which) for _, answer in self.given)

    def line(self) -> str:
        """How many answered and changed their mind, and the share that was right."""
        total = len(self.given)
        told = f"{total} answered, {self.changed} changed their mind"
        if self.right:
            shares = (self.count(which)[self.right] / total for which in ("first", "answer"))
            told += ", right at first {:.0%}, at last {:.0%}".format(*shares)
        return told


def read_class(paths: Iterable[Path]) -> tuple[dict[str, list[Answer]], list[str]]:
    """Reads the files of a class.

    Returns:
        The answers of each learner, by a name made of the file's or its folder's; and a line for
        each file that was left out: damaged, a copy set aside, the same content twice.

    Raises:
        ValueError: a place that does not exist.
    """
    answers: dict[str, list[Answer]] = {}
    files, others = find(paths, ENDING)
    left_out, contents = [], {}
    for path, reason in ((file.path, file.trouble) for file in files):
        try:
            reason = reason or _refuse(path, contents)
            if not reason:
                answers[_learner(path, answers)] = read_answers(path)
        except OSError as error:
            reason = f"cannot be read: {error.strerror}"
        except DamagedAnswersError:
            reason = "not a file of answers"
        if reason:
            left_out.append(f"{one_line(str(path))}: {reason}")
    return answers, [*left_out, *filter(None, [others])]


def _refuse(path: Path, contents: dict[str, Path]) -> str:
    """Why a file does not count; empty where it does."""
    if SET_ASIDE in path.name:
        return "a damaged copy that was set aside"
    if path.stat().st_size > LARGEST_FILE:
        return "too large for a file of answers"
    first = contents.setdefault(hashlib.sha256(path.read_bytes()).hexdigest(), path)
    return "" if first == path else f"the same content as {one_line(str(first))}"


def _learner(path: Path, taken: Iterable[str]) -> str:
    name = owner(path, [Path(FILE).stem])[0]
    same = name.casefold() in {other.casefold() for other in taken}
    return f"{name} ({one_line(str(path))})" if same else name


def _asked(folder: Path | None) -> dict[str, tuple[str, str]]:
    """The questions of the course: text to lesson and right answer, empty for a prediction."""
    found: dict[str, tuple[str, str]] = {}
    for lesson in lessons.all_lessons(folder):
        for statement in published(lesson)[0].statements:
            for call in ast.walk(ast.parse(statement.code)):
                if isinstance(call, ast.Call) and call.args and _name(call) in ASKING:
                    named = {word.arg: word.value for word in call.keywords}
                    parts = (call.args[0], named.get("right", ast.Constant("")))
                    if all(isinstance(part, ast.Constant) for part in parts):
                        text, right = (part.value for part in parts)
                        found.setdefault(text, (lesson.number, right))
    return found


def _name(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def summarise(answers: dict[str, list[Answer]], folder: Path | None = None) -> list[Summary]:
    """Sums up answers by question, in the order of the lessons.

    Args:
        answers: of each learner.
        folder: of the published lessons, which know what is right; by default the course's.
    """
    asked = _asked(folder)
    grouped: defaultdict[tuple, dict[str, Answer]] = defaultdict(dict)
    for learner, given in answers.items():
        for answer in given:  # one per learner: the last, in a file that somebody edited
            key = (answer.kind, answer.question, tuple(sorted(answer.options)))
            grouped[key][learner] = answer
    summaries = []
    for (kind, question, _), given in grouped.items():
        lesson, right = asked.get(question, ("", ""))
        options = next(iter(given.values())).options
        right = right if right in options else ""
        summaries.append(Summary(lesson, kind, question, options, right, list(given.items())))
    places = {question: place for place, question in enumerate(asked)}
    return sorted(summaries, key=lambda s: places.get(s.question, len(places)))


def table(summaries: Sequence[Summary], names: bool = False) -> list[dict[str, object]]:
    """One line per option, for a file of comma-separated values.

    Args:
        summaries: of questions.
        names: whether to say who chose what.
    """
    rows = []
    for s in summaries:
        first, last = s.count("first"), s.count("answer")
        for option in s.options:
            row = {"lesson": s.lesson, "kind": s.kind, "question": s.question, "option": option}
            right = "" if not s.right else "yes" if option == s.right else "no"
            row |= {"right": right, "first": first[option], "last": last[option]}
            row |= {"answered": len(s.given), "changed": s.changed}
            if names:
                row["names"] = ", ".join(who for who, answer in s.given if answer.answer == option)
            rows.append(row)
    return rows


def to_html(summaries: Sequence[Summary], left_out: Sequence[str], names: bool = False) -> str:
    """One page that needs nothing else: a table with a bar per option for each question."""
    parts = []
    for s in summaries:
        head = f"{s.lesson} · {s.kind}" if s.lesson else s.kind
        parts.append(f"<h2>{html.escape(s.question)}</h2><p>{head}: {s.line()}</p><table>")
        parts.append("<tr><th>option<th>first<th>last<th style='width: 30%'>")
        for row in table([s], names):
            width = 100 * row["last"] / row["answered"]
            mark, kind = ("✔ ", ' class="right"') if row["right"] == "yes" else ("", "")
            who = f"<br>{html.escape(str(row['names']))}" if names else ""
            parts.append(f"<tr{kind}><td>{mark}{html.escape(str(row['option']))}{who}")
            parts.append(f'<td class="n">{row["first"]}<td class="n">{row["last"]}')
            parts.append(f'<td><div class="bar" style="width: {width:.0f}%"></div>')
        parts.append("</table>")
    if left_out:
        items = "".join(f"<li>{html.escape(line)}" for line in left_out)
        parts.append(f"<h2>Left out</h2><ul>{items}</ul>")
    start = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Answers</title>'
    return f"{start}<style>{STYLE}</style><h1>Answers of the class</h1>{''.join(parts)}</html>\n"
