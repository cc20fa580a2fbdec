"""Predictions that are recorded before the result is seen, and a closing quiz.

Both work without a front end: an unanswered question never stops a notebook. An answer is kept in
a file beside the notebook (see `answers`) and, as a still, in the notebook itself (see `stills`).
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tgan_lessons.answers import Kind, Record
from tgan_lessons.stills import Still

EARLIER = "Answered earlier. Choose again to change it."
UNDECIDED = "not decided by these seeds"


class _Choice:
    """The radio buttons of one question, and its record; nothing is chosen for the learner.

    Args:
        kind: of question.
        text: the question.
        options: the answers to choose from.
        answered: called after each answer with what the learner should know about its record.
    """

    def __init__(
        self, kind: Kind, text: str, options: Sequence[str], answered: Callable[[str], None]
    ) -> None:
        import ipywidgets as widgets

        self.text, self.options, self._answered = text, tuple(options), answered
        self.record = Record(kind, text, options)
        earlier = self.record.answer
        # by index: options that are written in another order now are still the same
        index = None if earlier is None else self.options.index(earlier.answer)
        layout = widgets.Layout(width="auto")
        self.radio = widgets.RadioButtons(options=self.options, index=index, layout=layout)
        self.radio.observe(self._choose, "value")

    def _choose(self, change: dict[str, object]) -> None:
        if change["new"] is not None:
            self._answered(self.record.keep(change["new"]))

    def still(self, heading: str, remark: str = "", sign: str = "●") -> tuple[str, str]:
        """The question as it stands: as HTML, and as a text.

        Args:
            heading: what precedes the question.
            remark: HTML beneath the options.
            sign: marks the chosen option.
        """
        chosen, items = self.radio.value, []
        for option in self.options:
            item = html.escape(option)
            items.append(f"{sign} <b>{item}</b> (your answer)" if option == chosen else f"○ {item}")
        rows = "".join(f"<li>{item}</li>" for item in items)
        remark = remark if chosen is not None else "<i>Not answered.</i>"
        asked = f"{heading} {self.text}"
        page = f'<p><b>{html.escape(asked)}</b></p><ul style="list-style: none">{rows}</ul>'
        page += f"<p>{remark}</p>" if remark else ""
        state = "not answered" if chosen is None else f"your answer: {chosen}"
        return page, f"{asked} — {state}."


class Prediction:
    """A question asked before the result: what do you expect?

    Args:
        question: one sentence.
        options: the answers to choose from. Answers about a number stand in its order, with a
            border between each two, which belongs to the upper one:
            `"worse", -0.02, "about the same", 0.02, "better"`. So they cover every number once.

    Attributes:
        answer: the option chosen, or `None`.
        options: the answers, without the borders.
        borders: the numbers between them; empty for a question about anything else.

    Raises:
        ValueError: fewer than two different texts, or borders that do not alternate with them and
            rise.
    """

    def __init__(self, question: str, options: Sequence[str | float]) -> None:
        import ipywidgets as widgets

        self.question = question
        self.options, self.borders = _separate(tuple(options))
        self._choice = _Choice("prediction", question, self.options, self._answered)
        self._radio = self._choice.radio
        self._heading = widgets.HTML(f"<b>Predict.</b> {html.escape(question)}")
        self._note = widgets.HTML(EARLIER if self._choice.record.answer else "")
        self._still = Still(widgets.VBox([self._heading, self._radio, self._note]))

    @property
    def answer(self) -> str | None:
        """The option chosen, or `None` so far."""
        return self._radio.value

    def choose(self, option: str) -> None:
        """Chooses an option, as a click on it does."""
        if option not in self.options:
            raise ValueError(f"`option` must be one of {self.options}. Received: option={option!r}")
        self._radio.value = option

    def _answered(self, told: str) -> None:
        self._note.value = html.escape(told)
        self._still.update(*self._choice.still("Predict."))

    def _ipython_display_(self) -> None:
        self._still.display(*self._choice.still("Predict."))

    def compare(self, measured: str | float | None, half_width: float = 0.0) -> Comparison:
        """Sets the prediction beside what was measured.

        Args:
            measured: a number where the options have borders; otherwise the option that turned out
                right, `None` where the seeds do not decide.
            half_width: of the number's interval. The seeds decide for an option where it holds the
                whole interval, `measured` ± `half_width`.

        Raises:
            ValueError: no such option, or no number where a number is asked for.
        """
        told = ""
        if self.borders:
            measured, told = self._option_of(measured, half_width)
        elif measured is not None and measured not in self.options:
            raise ValueError(
                f"`measured` must be one of {self.options}, or None where nothing is decided. "
                f"Received: measured={measured!r}"
            )
        record = self._choice.record.answer
        return Comparison(self.answer, measured, record.first if record else None, told)

    def _option_of(self, measured: float, half_width: float) -> tuple[str | None, str]:
        """The option that holds the whole interval; else `None` and where the interval ends."""
        for name, value in {"measured": measured, "half_width": half_width}.items():
            if not (isinstance(value, int | float) or getattr(value, "shape", None) == ()):
                raise ValueError(f"`{name}` must be a number. Received: {name}={value!r}")
        low, high = measured - half_width, measured + half_width
        if not low <= high:
            return None, "no interval could be measured"
        at_low, at_high = (
            self.options[sum(end >= border for border in self.borders)] for end in (low, high)
        )
        if at_low == at_high:
            return at_low, ""
        return None, f"the interval reaches from “{at_low}” to “{at_high}”"


@dataclass(frozen=True)
class Comparison:
    """What was predicted (and what at first) and what was measured, `None` where undecided."""

    predicted: str | None
    measured: str | None
    first: str | None = None
    told: str = ""

    def __str__(self) -> str:
        if self.measured is None:
            measured = f"{UNDECIDED} ({self.told})" if self.told else UNDECIDED
        else:
            measured = self.measured
        if self.predicted is None:
            return f"Measured: {measured}. (You made no prediction; the next one is yours.)"
        changed = self.first not in (None, self.predicted)
        told = f" first: {self.first}, then: {self.predicted}" if changed else f": {self.predicted}"
        if self.measured is None:
            return f"You predicted{told}. Measured: {measured}."
        verdict = "as you predicted" if self.predicted == self.measured else "a surprise"
        return f"You predicted{told}. Measured: {measured} — {verdict}."

    __repr__ = __str__

    def _repr_html_(self) -> str:
        style = "border-left: 6px solid #0072B2; padding: 0.4em 0.8em"
        return f'<div style="{style}">{html.escape(str(self))}</div>'


def _separate(options: tuple[str | float, ...]) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Options and borders, from a list in which they alternate or of options alone."""
    texts = tuple(option for option in options if isinstance(option, str))
    if len(texts) < 2 or len(set(texts)) != len(texts):
        raise ValueError(
            f"`options` must be at least 2 different texts. Received: options={options!r}"
        )
    if len(texts) == len(options):
        return texts, ()
    borders = options[1::2]
    numbers = len(options) % 2 and all(isinstance(border, int | float) for border in borders)
    ends = (-math.inf, *borders, math.inf)
    if options[::2] == texts and numbers and all(a < b for a, b in pairwise(ends)):
        return texts, tuple(map(float, borders))
    raise ValueError(
        "`options` must be texts, or texts with a number between each two, the numbers rising. "
        f"Received: options={options!r}"
    )


def predict(question: str, *options: str | float) -> Prediction:
    """Asks for a prediction, see `Prediction`; it shows itself as the last line of a cell."""
    return Prediction(question, options)


@dataclass(frozen=True)
class Question:
    """One question of a quiz: the right answer comes first, the widget shuffles."""

    text: str
    right: str
    wrong: tuple[str, ...]
    why: str


class Quiz:
    """A short quiz that answers at once and explains.

    Args:
        questions: what to ask.
    """

    def __init__(self, questions: Sequence[Question]) -> None:
        import ipywidgets as widgets

        self.questions = tuple(questions)
        self._choices = [
            _Choice("quiz", q.text, sorted((q.right, *q.wrong)), self._answered)
            for q in self.questions
        ]
        self.radios = [choice.radio for choice in self._choices]
        self.replies = [widgets.HTML() for _ in self.questions]
        self._note = widgets.HTML(EARLIER if any(c.record.answer for c in self._choices) else "")
        headings = [
            widgets.HTML(f"<b>{number}. {html.escape(question.text)}</b>")
            for number, question in enumerate(self.questions, start=1)
        ]
        rows = zip(headings, self.radios, self.replies, strict=True)
        self._still = Still(widgets.VBox([*(part for row in rows for part in row), self._note]))
        self._reply()

    def _reply(self) -> None:
        for question, radio, reply in zip(self.questions, self.radios, self.replies, strict=True):
            sign = "✔ Yes." if radio.value == question.right else "✘ Not quite."
            reply.value = f"{sign} {html.escape(question.why)}" if radio.value is not None else ""

    def _answered(self, told: str) -> None:
        self._note.value = html.escape(told)
        self._reply()
        self._still.update(*self._state())

    def _state(self) -> tuple[str, str]:
        """Every question as it stands, as HTML and as a text."""
        rows = enumerate(zip(self._choices, self.replies, strict=True), start=1)
        stills = [
            choice.still(f"{number}.", reply.value, reply.value[:1])
            for number, (choice, reply) in rows
        ]
        return "".join(page for page, _ in stills), "\n".join(text for _, text in stills)

    @property
    def score(self) -> int:
        """How many answers are right so far."""
        pairs = zip(self.questions, self.radios, strict=True)
        return sum(radio.value == question.right for question, radio in pairs)

    def _ipython_display_(self) -> None:
        self._still.display(*self._state())


def quiz(*questions: Question) -> Quiz:
    """Makes a quiz; it shows itself as the last line of a cell."""
    return Quiz(questions)
