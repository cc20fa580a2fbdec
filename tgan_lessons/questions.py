"""Predictions that are recorded before the result is seen, and a closing quiz.

Both work without a front end: an unanswered question never stops a notebook.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass


def _radio(options: Sequence[str]) -> object:
    import ipywidgets as widgets

    # index=None: nothing is chosen for the learner
    return widgets.RadioButtons(
        options=list(options), index=None, layout=widgets.Layout(width="auto")
    )


def _display(parts: Sequence[object], question_texts: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Shows widgets, and beneath them, for pages without a kernel, the questions as text."""
    import ipywidgets as widgets
    from IPython.display import display

    box = widgets.VBox(list(parts))
    rows = [
        f"<p><b>{html.escape(text)}</b></p><ul>"
        + "".join(f"<li>{html.escape(option)}</li>" for option in options)
        + "</ul>"
        for text, options in question_texts
    ]
    bundle = {
        "application/vnd.jupyter.widget-view+json": {
            "version_major": 2,
            "version_minor": 0,
            "model_id": box.model_id,
        },
        "text/html": "".join(rows),
        "text/plain": "; ".join(text for text, _ in question_texts),
    }
    display(bundle, raw=True)


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
        self._radio = _radio(options)
        self._parts = (
            widgets.HTML(f"<b>Predict.</b> {html.escape(question)}"),
            self._radio,
        )

    @property
    def answer(self) -> str | None:
        """The option chosen, or `None` so far."""
        return self._radio.value

    def choose(self, option: str) -> None:
        """Chooses an option, as a click on it does."""
        if option not in self.options:
            raise ValueError(f"`option` must be one of {self.options}. Received: option={option!r}")
        self._radio.value = option

    def _ipython_display_(self) -> None:
        _display(self._parts, [(f"Predict. {self.question}", self.options)])

    def compare(self, measured: str) -> Comparison:
        """Sets the prediction beside what was measured.

        Args:
            measured: the option that turned out right.
        """
        if measured not in self.options:
            raise ValueError(
                f"`measured` must be one of {self.options}. Received: measured={measured!r}"
            )
        return Comparison(self.answer, measured)


@dataclass(frozen=True)
class Comparison:
    """What was predicted and what was measured."""

    predicted: str | None
    measured: str

    def __str__(self) -> str:
        if self.predicted is None:
            return f"Measured: {self.measured}. (You made no prediction; the next one is yours.)"
        verdict = "as you predicted" if self.predicted == self.measured else "a surprise"
        return f"You predicted: {self.predicted}. Measured: {self.measured} — {verdict}."

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
        self.radios, self.replies, self._parts = [], [], []
        for number, question in enumerate(self.questions, start=1):
            radio = _radio(sorted((question.right, *question.wrong)))
            reply = widgets.HTML()
            radio.observe(lambda change, q=question, r=reply: self._answer(q, r, change), "value")
            self.radios.append(radio)
            self.replies.append(reply)
            heading = widgets.HTML(f"<b>{number}. {html.escape(question.text)}</b>")
            self._parts += [heading, radio, reply]

    @staticmethod
    def _answer(question: Question, reply: object, change: dict[str, object]) -> None:
        sign = "✔ Yes." if change["new"] == question.right else "✘ Not quite."
        reply.value = f"{sign} {html.escape(question.why)}"

    @property
    def score(self) -> int:
        """How many answers are right so far."""
        pairs = zip(self.questions, self.radios, strict=True)
        return sum(radio.value == question.right for question, radio in pairs)

    def _ipython_display_(self) -> None:
        _display(self._parts, [(q.text, sorted((q.right, *q.wrong))) for q in self.questions])


def quiz(*questions: Question) -> Quiz:
    """Makes a quiz; it shows itself as the last line of a cell."""
    return Quiz(questions)
