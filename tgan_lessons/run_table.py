"""The learner's own table of runs: a CSV file beside the notebook that only ever grows."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tgan_lessons import cache
from tgan_lessons.files import MARK, decode, write_text
from tgan_lessons.resume import lasting

Row = dict[str, Any]
KEY = "id"


class RunTable:
    """Rows in a CSV file, one for each run. Several kernels may write to it.

    A file that is damaged is set aside. Where the folder may not be written to, the rows of this
    session are kept in memory, and written once it may.

    Args:
        path: of the file; it is made with the first row.

    Attributes:
        note: what the learner should know about the file, to be said once; "" for nothing.
    """

    def __init__(self, path: str | Path = "runs/transfer.csv") -> None:
        self.path = lasting(path)
        self._waiting: dict[str, Row] = {}
        self._refused = False
        self.note = ""

    def rows(self) -> list[Row]:
        """All rows, the oldest first; numbers as numbers, what a row does not have as ""."""
        try:
            return self._with_waiting(self._read())
        except OSError:  # `put` says so
            return self._with_waiting([])

    def _with_waiting(self, kept: list[Row]) -> list[Row]:
        rows = {row[KEY]: row for row in kept} | self._waiting
        columns = _columns(rows.values())
        return [{column: row.get(column, "") for column in columns} for row in rows.values()]

    def put(self, row: Mapping[str, Any]) -> None:
        """Adds a row, or replaces the one of the same `id`.

        Raises:
            ValueError: the row has no `id`.
        """
        if not row.get(KEY):
            raise ValueError(f"`row` must have an `{KEY}`. Received: {dict(row)}")
        self._waiting[str(row[KEY])] = {**row, KEY: str(row[KEY])}
        try:
            with cache.locked(self.path):
                _write(self.path, self._with_waiting(self._read()))
            self._waiting.clear()
        except OSError as error:
            if not self._refused:
                self.note = (
                    f"Your runs cannot be written to {self.path} ({error.strerror or error}). "
                    "They stay in the table for as long as this notebook runs."
                )
            self._refused = True

    def _read(self) -> list[Row]:
        """The file's rows; none where there is no file, or a damaged one.

        Raises:
            OSError: it may not be read, or is damaged and must stay.
        """
        try:
            return _parse(decode(self.path.read_bytes()))
        except FileNotFoundError:
            return []
        except (ValueError, csv.Error) as error:
            if not cache.set_aside(self.path, str(error)):  # nor written over
                raise OSError("it is damaged, and was left where it is") from error
            self.note = f"{self.path} was damaged ({error}). It was set aside; a new one begins."
            return []


def _parse(text: str) -> list[Row]:
    """Raises a `ValueError` unless the text is a table with ids, each line complete."""
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    if KEY not in (reader.fieldnames or ()):
        raise ValueError(f"it has no column `{KEY}`")
    rows = list(reader)
    for number, row in enumerate(rows, start=1):
        if None in row or None in row.values() or not row[KEY]:
            raise ValueError(f"run {number} is not complete")
    return [
        {name: value if name == KEY else _to_number(value) for name, value in row.items()}
        for row in rows
    ]


def _to_number(text: str) -> int | float | str:
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return text


def _columns(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys([KEY, *(name for row in rows for name in row)]))


def _write(path: Path, rows: Sequence[Row]) -> None:
    """The file is at all times the old one or the new one, whole; see `files.write_text`."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, _columns(rows), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, MARK + text.getvalue())


def to_html(head: Sequence[str], rows: Sequence[tuple[Sequence[str], str]]) -> str:
    """A narrow table.

    Args:
        head: names of the columns.
        rows: each with its cells, and with what stands beneath them in small letters.
    """

    def line(tag: str, cells: Sequence[str]) -> str:
        style = "padding: 0 5px; text-align: right; white-space: nowrap"
        return "".join(f"<{tag} style='{style}'>{html.escape(cell)}</{tag}>" for cell in cells)

    body = "".join(
        f"<tr>{line('td', cells)}</tr><tr><td colspan='{len(head)}' style='font-size: 11px; "
        f"padding: 0 5px 4px; text-align: right'>{html.escape(small)}</td></tr>"
        for cells, small in rows
    )
    return (
        "<table class='tgan-runs' style='border-collapse: collapse; font-size: 12px; "
        f"line-height: 1.3'><tr>{line('th', head)}</tr>{body}</table>"
    )
