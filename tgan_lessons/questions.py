"""Predictions that are recorded before the result is seen, and a closing quiz.

Both work without a front end: an unanswered question never stops a notebook. An answer is kept in
a file beside the notebook (see `answers`) and, as a still, in the notebook itself (see `stills`).
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tgan_lessons.answers import Kind, Record
from tgan_lessons.stills import Still

EARLIER = "Answered earlier. Choose again to change it."


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
        options: the answers to choose from.

    Attributes:
        answer: the option chosen, or `None`.
    """

    def __init__(self, question: str, options: Sequence[str]) -> None:
        if len(options) < 2 or len(set(options)) != len(options):
            raise ValueError(
                f"`options` must be at least 2 different texts. Received: options={options!r}"
            )
        import ipywidgets as widgets

        self.question, self.options = question, tuple(options)
        self._choice = _Choice("prediction", question, options, self._answered)
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

    def compare(self, measured: str) -> Comparison:
        """Sets the prediction beside what was measured.

        Args:
            measured: the option that turned out right.
        """
        if measured not in self.options:
            raise ValueError(
                f"`measured` must be one of {self.options}. Received: measured={measured!r}"
            )
        record = self._choice.record.answer
        return Comparison(self.answer, measured, record.first if record else None)


@dataclass(frozen=True)
class Comparison:
    """What was predicted (and what at first) and what was measured."""

    predicted: str | None
    measured: str
    first: str | None = None

    def __str__(self) -> str:
        if self.predicted is None:
            return f"Measured: {self.measured}. (You made no prediction; the next one is yours.)"
        verdict = "as you predicted" if self.predicted == self.measured else "a surprise"
        changed = self.first not in (None, self.predicted)
        told = f" first: {self.first}, then: {self.predicted}" if changed else f": {self.predicted}"
        return f"You predicted{told}. Measured: {self.measured} — {verdict}."

    __repr__ = __str__

    def _repr_html_(self) -> str:
        style = "border-left: 6px solid #0072B2; padding: 0.4em 0.8em"
        return f'<div style="{style}">{html.escape(str(self))}</div>'


def predict(question: str, *options: str) -> Prediction:
    """Asks for a prediction; the returned object shows itself as the last line of a cell."""
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
