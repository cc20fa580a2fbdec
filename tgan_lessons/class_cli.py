"""The commands for a teacher: `tgan-lessons check` and `tgan-lessons answers`."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from tgan_lessons import lessons, runtime

if TYPE_CHECKING:
    from rich.table import Table

    from tgan_lessons.check import Row
    from tgan_lessons.class_answers import Summary

# How a spreadsheet knows one, also behind what a locale may take for the end of a cell.
FORMULA = re.compile(r"(^|[;\t\r\n])(?=\"*[=+\-@\t\r＝＋－＠])")
STYLES = {"passed": "green", "not yet": "red", "unfinished": "dim", "error": "bold red"}


@contextmanager
def _one_line(code: int, kind: type[Exception]) -> Iterator[None]:
    try:
        yield
    except kind as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(code) from None


def _prepare(output: Path | None, inputs: Sequence[Path], *accepted: str) -> None:
    """Says what is wrong with a file to be written before the work for it begins.

    Raises:
        ValueError: it is none of the accepted kinds, or one of the files to read.
        typer.Exit: it cannot be written.
    """
    if output is None:
        return
    wanted = ""
    if output.suffix.lower() not in accepted:
        wanted = f"a file whose name ends in {' or '.join(accepted)}"
    elif os.path.realpath(output) in map(os.path.realpath, inputs):
        wanted = "none of the files to read"
    if wanted:
        raise ValueError(f"`output` must be {wanted}. Received: output={str(output)!r}")
    from tgan_lessons import files  # it loads NumPy

    try:
        files.check_writable(output)
    except OSError as error:
        _cannot_write(output, error)


def _cannot_write(output: Path, error: OSError) -> NoReturn:
    typer.echo(f"{output} cannot be written: {error.strerror or error}", err=True)
    raise typer.Exit(1) from None


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
    from tgan_lessons import files  # it loads NumPy
    from tgan_lessons.check import ENDING, Row
    from tgan_lessons.check import check as check_class
    from tgan_lessons.handed_in import find, owner
    from tgan_lessons.sandbox import WALLS, Limits, find_wall

    with _one_line(2, ValueError):
        runtime.choose("preset", preset, runtime.PRESETS)
        if lesson is not None:
            lessons.find(lesson, course)
        found, others = find(notebooks, ENDING)
        left_out = f"Left out, as they are no notebooks: {others}." if others else ""
        if not found:
            raise ValueError(f"There are no notebooks (*.ipynb) in what was named. {left_out}")
        _prepare(output, [file.path for file in found], ".csv")
    limits = Limits(cell_seconds, notebook_seconds, memory_gb)
    rows = {f.path: Row(owner(f.path, ())[0], f.path, "", {}, "not checked") for f in found}
    stopped = False
    with _progress(len(found)) as advance:

        def on_row(row: Row) -> None:
            rows[row.path] = row
            advance()
            if output is not None:  # from now on it holds what is known
                with suppress(OSError):  # tried again with the next row; said at the end
                    files.write_text(output, _to_csv(_flat(rows.values())))

        try:
            with _one_line(1, OSError):
                check_class(
                    notebooks, lesson=lesson, folder=course, limits=limits, preset=preset,
                    jobs=jobs, on_row=on_row,
                )  # fmt: skip
        except KeyboardInterrupt:
            stopped = True
    limited = ", no limits on memory and file size on Windows" if os.name == "nt" else ""
    table = _flat(rows.values())
    _show(_check_table(table), f"Sandbox: {WALLS[find_wall()]}{limited}.")
    if left_out:
        typer.echo(left_out, err=True)
    _write(output, _to_csv(table))
    if stopped:
        typer.echo("Stopped before all were checked.", err=True)
        raise typer.Exit(130)


@contextmanager
def _progress(total: int) -> Iterator:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("submissions", total=total)
        yield lambda: bar.advance(task)


def _flat(rows: Collection[Row]) -> list[dict[str, str]]:
    """Rows for a file: the exercises in the order of the lesson."""
    from tgan_lessons.handed_in import one_line

    flat = []
    for row in rows:
        verdicts = [outcome.verdict for outcome in row.outcomes.values()]
        verdicts += [""] * (max(len(other.outcomes) for other in rows) - len(verdicts))
        start = {"learner": row.learner, "file": one_line(str(row.path)), "lesson": row.lesson}
        exercises = {f"exercise {n}": verdict for n, verdict in enumerate(verdicts, start=1)}
        flat.append(start | exercises | {"note": row.note})
    return flat


def _check_table(rows: Sequence[dict[str, str]]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table()
    shown = [name for name in rows[0] if name != "file"]
    for name in shown:
        table.add_column(name.removeprefix("exercise "), overflow="fold")
    for row in rows:  # Text: what a learner wrote is no markup
        table.add_row(*(Text(row[name], STYLES.get(row[name], "")) for name in shown))
    return table


def _show(*parts: object) -> None:
    from rich.console import Console

    console = Console()
    for part in parts:
        console.print(part, highlight=False)


def _to_csv(rows: Sequence[dict[str, object]]) -> str:
    """A table with commas; a spreadsheet shall not take a cell for a formula."""
    from tgan_lessons.files import MARK

    text = io.StringIO(newline="")
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({key: FORMULA.sub(r"\1'", str(value)) for key, value in row.items()})
    return MARK + text.getvalue()


def _write(output: Path | None, text: str) -> None:
    if output is not None:
        from tgan_lessons import files

        try:
            files.write_or_keep(output, text)
        except OSError as error:
            _cannot_write(output, error)
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
        _prepare(output, paths, ".html", ".csv")
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
        _write(output, _to_csv(class_answers.table(summaries, names)))
    raise typer.Exit(0 if by_learner else 1)


def _answer_table(summary: Summary, names: bool) -> Table:
    from rich.table import Table
    from rich.text import Text

    from tgan_lessons.class_answers import table as rows_of
    from tgan_lessons.handed_in import clean

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
