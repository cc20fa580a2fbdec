"""The failure clinic's files: each case is one defect, run ill and cured, with what was seen."""

from __future__ import annotations

import html
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What an examination showed.

    Attributes:
        seen: in a few words, with the numbers that were measured.
        ill: whether the symptom is there.
    """

    seen: str
    ill: bool


@dataclass(frozen=True)
class Case:
    """One way to fail.

    Attributes:
        row: its number, such as "B19".
        name: what it is, in a few words.
        symptom: what a person notices.
        cause: why.
        cure: what to do.
        examine: runs it with the defect (`True`) or without.
    """

    row: str
    name: str
    symptom: str
    cause: str
    cure: str
    examine: Callable[[bool], Finding]

    def __call__(self, defect: bool = True) -> Finding:
        """Runs it, ill or cured."""
        with calm():
            return self.examine(defect)


@contextmanager
def calm() -> Iterator[None]:
    """Keeps TensorFlow's advice on retracing off the page: here small models are made on purpose.

    What Keras warns of is not touched.
    """
    logger = logging.getLogger("tensorflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def case(
    row: str, name: str, *, symptom: str, cause: str, cure: str
) -> Callable[[Callable[[bool], Finding]], Case]:
    """Makes a case of a function that takes `defect` and returns a `Finding`."""

    def decorate(examine: Callable[[bool], Finding]) -> Case:
        return Case(row, name, symptom, cause, cure, examine)

    return decorate


@dataclass(frozen=True)
class Table:
    """Rows of text under a head; a table in a notebook, lines of text elsewhere."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        return "\n".join(" | ".join(row) for row in (self.head, *self.rows))

    __repr__ = __str__

    def to_markdown(self) -> str:
        """The table in Markdown, to print or to keep."""
        lines = [self.head, ("---",) * len(self.head), *self.rows]
        cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines]
        return "\n".join("| " + " | ".join(line) + " |" for line in cells)

    def _repr_html_(self) -> str:
        style = ' style="text-align:left; vertical-align:top; white-space:normal"'
        head = "".join(f"<th{style}>{html.escape(name)}</th>" for name in self.head)
        rows = "".join(
            "<tr>" + "".join(f"<td{style}>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self.rows
        )
        return f"<table><tr>{head}</tr>{rows}</table>"


def all_cases() -> tuple[Case, ...]:
    """Every case of the clinic, in the order of its rows. Loads TensorFlow."""
    from tgan_lessons import (
        clinic_gan,
        clinic_keras,
        clinic_math,
        clinic_penalty,
        clinic_references,
        clinic_stack,
        clinic_transfer,
    )

    books = (
        clinic_math,
        clinic_references,
        clinic_transfer,
        clinic_gan,
        clinic_stack,
        clinic_keras,
        clinic_penalty,
    )
    found = [one for book in books for one in book.CASES]
    return tuple(sorted(found, key=lambda one: _order(one.row)))


def find(row: str) -> Case:
    """The case of a row; raises a `ValueError` for a row that there is not."""
    cases = {one.row: one for one in all_cases()}
    if row not in cases:
        raise ValueError(f"`row` must be one of {', '.join(cases)}. Received: row={row!r}")
    return cases[row]


def examine(*rows: str) -> Table:
    """Runs cases, ill and cured: case, what was seen, what was seen with the cure."""
    found = []
    for row in rows:
        one = find(row)
        ill, cured = one(True), one(False)
        marks = [("✘ " if finding.ill else "✔ ") + finding.seen for finding in (ill, cured)]
        found.append((f"{one.row} {one.name}", *marks, one.cure))
    return Table(("case", "ill", "cured", "cure"), tuple(found))


def handbook(cases: Sequence[Case] | None = None) -> Table:
    """Symptom → cause → cure of every case, to print."""
    chosen = all_cases() if cases is None else cases
    rows = tuple((one.row, one.symptom, one.cause, one.cure) for one in chosen)
    return Table(("row", "symptom", "cause", "cure"), rows)


def _order(row: str) -> tuple[str, int, str]:
    """B before K, then by number, then by letter."""
    number = "".join(sign for sign in row if sign.isdigit())
    return row[0], int(number), row[1 + len(number) :]
