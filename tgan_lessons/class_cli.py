"""The commands for a teacher: `tgan-lessons check` and `tgan-lessons answers`."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tgan_lessons import lessons, runtime

if TYPE_CHECKING:
    from rich.table import Table

    from tgan_lessons.check import Row
    from tgan_lessons.class_answers import Summary

FORMULA = ("=", "+", "-", "@")  # how a spreadsheet knows one
STYLES = {"passed": "green", "not yet": "red", "unfinished": "dim", "error": "bold red"}


@contextmanager
def _one_line(code: int, kind: type[Exception]) -> Iterator[None]:
    try:
        yield
    except kind as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(code) from None


def _ending(output: Path | None, *accepted: str) -> None:
    if output is not None:
        runtime.choose("output", output.suffix.lower(), accepted)


def check(
    notebooks: Annotated[list[Path], typer.Argument(help="Files, or folders of them.")],
    lesson: Annotated[str | None, typer.Option(help="Which one they are of.")] = None,
    output: Annotated[Path | None, typer.Option(help="A .csv file for the table.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="How many at a time.")] = 2,
    preset: Annotated[str, typer.Option(help="smoke, class or gpu.")] = "smoke",
    cell_seconds: Annotated[float, typer.Option(min=1, help="For a statement or a check.")] = 60,
    notebook_seconds: Annotated[float, typer.Option(min=1, help="For a notebook.")] = 300,
    memory_gb: Annotated[float, typer.Option(min=1, help="Address space of a kernel.")] = 12,
    course: Annotated[Path | None, typer.Option(help="Lessons other than the course's.")] = None,
) -> None:
    """For a teacher: run submitted notebooks, each on its own, and say what is solved."""
    from tgan_lessons.check import check as check_class
    from tgan_lessons.check import collect
    from tgan_lessons.sandbox import WALLS, Limits, find_wall

    with _one_line(2, ValueError):
        runtime.choose("preset", preset, runtime.PRESETS)
        _ending(output, ".csv")
        if lesson is not None:
            lessons.find(lesson, course)
        total = len(collect(notebooks))
    limits = Limits(cell_seconds, notebook_seconds, memory_gb)
    with _progress(total) as advance:
        rows = check_class(
            notebooks, lesson=lesson, folder=course, limits=limits, preset=preset, jobs=jobs,
            on_row=advance,
        )  # fmt: skip
    limited = ", no limits on memory and file size on Windows" if os.name == "nt" else ""
    _show(_check_table(rows), f"Sandbox: {WALLS[find_wall()]}{limited}.")
    _save(output, [_flat(row, _most(rows)) for row in rows])


@contextmanager
def _progress(total: int) -> Iterator:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("submissions", total=total)
        yield lambda row: bar.advance(task)


def _most(rows: Sequence[Row]) -> int:
    return max((len(row.outcomes) for row in rows), default=0)


def _flat(row: Row, most: int) -> dict[str, object]:
    """A row for a file: the exercises in the order of the lesson."""
    verdicts = [outcome.verdict for outcome in row.outcomes.values()]
    exercises = {
        f"exercise {number}": verdict
        for number, verdict in enumerate(verdicts + [""] * (most - len(verdicts)), start=1)
    }
    start = {"learner": row.learner, "file": str(row.path), "lesson": row.lesson}
    return start | exercises | {"note": row.note}


def _check_table(rows: Sequence[Row]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for name in ("learner", "lesson", *map(str, range(1, _most(rows) + 1)), "note"):
        table.add_column(name, overflow="fold")
    for row in rows:
        flat = _flat(row, _most(rows))
        del flat["file"]  # Text: what a learner wrote is no markup
        table.add_row(*(Text(str(v), STYLES.get(str(v), "")) for v in flat.values()))
    return table


def _show(*parts: object) -> None:
    from rich.console import Console

    console = Console()
    for part in parts:
        console.print(part, highlight=False)


def _save(output: Path | None, rows: Sequence[dict[str, object]]) -> None:
    """Writes a table as comma-separated values; a spreadsheet shall not take a cell for a formula.

    Raises:
        typer.Exit: the file cannot be written.
    """
    if output is None:
        return
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            plain = {key: str(value) for key, value in row.items()}
            safe = {k: f"'{v}" if v.startswith(FORMULA) else v for k, v in plain.items()}
            writer.writerow(safe)
    _write(output, text.getvalue())


def _write(output: Path, text: str) -> None:
    from tgan_lessons import files  # it loads NumPy

    try:
        files.write_text(output, text)
    except OSError as error:
        typer.echo(f"{output} cannot be written: {error.strerror}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"Written: {output}")


def answers(
    paths: Annotated[list[Path], typer.Argument(help="Files my_answers.json, or folders.")],
    output: Annotated[Path | None, typer.Option(help="A .html or .csv file.")] = None,
    names: Annotated[bool, typer.Option("--names", help="Say who chose what.")] = False,
    course: Annotated[Path | None, typer.Option(help="Lessons other than the course's.")] = None,
) -> None:
    """For a teacher: what a class predicted and answered, from files on this machine."""
    from tgan_lessons import class_answers

    with _one_line(2, ValueError):
        _ending(output, ".html", ".csv")
        by_learner, left_out = class_answers.read_class(paths)
    summaries = class_answers.summarise(by_learner, course)
    for summary in summaries:
        _show(_answer_table(summary, names))
    typer.echo(f"{len(by_learner)} files, {len(summaries)} questions.")
    for line in left_out:
        typer.echo(f"Left out: {line}", err=True)
    if output is not None and output.suffix.lower() == ".html":
        _write(output, class_answers.to_html(summaries, left_out if names else [], names))
    else:
        _save(output, class_answers.table(summaries, names))
    raise typer.Exit(0 if by_learner else 1)


def _answer_table(summary: Summary, names: bool) -> Table:
    from rich.table import Table
    from rich.text import Text

    from tgan_lessons.check import clean
    from tgan_lessons.class_answers import table as rows_of

    title = Text(clean(f"{summary.lesson} {summary.question}".strip(), 300))
    table = Table(title=title, caption=summary.line(), title_justify="left", expand=True)
    shown = ("option", "first", "last", *(["names"] if names else []))
    for name in shown:
        table.add_column(name, overflow="fold", ratio=4 if name in ("option", "names") else 1)
    for row in rows_of([summary], names):
        mark = {"yes": "✔ ", "no": "  "}.get(str(row["right"]), "")
        cells = (clean(str(row[name]), 300) for name in shown)
        table.add_row(Text(mark + next(cells)), *map(Text, cells))
    return table
