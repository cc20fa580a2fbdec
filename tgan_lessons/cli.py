"""The command `tgan-lessons`: open the lessons, run them, look after machine and data."""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from tgan_lessons import __version__, class_cli, lessons, runtime

app = typer.Typer(
    help="Transfer learning and GANs, in notebooks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
# The names a person uses, as in `data.LOADERS`, and the files that each may be kept in.
DATA_FILES = {
    "mnist": ("mnist", "mnist_5k"),
    "emnist": ("emnist_balanced", "letters_stand_in"),
    "optical_digits": ("optical_digits",),
    "mnist_m": ("mnist", "mnist_5k"),
    "imagenet": ("imagenet",),
}


@contextmanager
def _one_line(code: int, *kinds: type[Exception]) -> Iterator[None]:
    """Turns errors of the given kinds into one line on stderr and an exit code."""
    try:
        yield
    except kinds as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(code) from None


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tgan-lessons {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    """Transfer learning and GANs, in notebooks."""
    from tgan_lessons import files, machine

    runtime.open_streams()
    if told := machine.find_home():
        typer.echo(told, err=True)
    with _one_line(2, ValueError):  # kernels and Jupyter start in other folders
        os.environ.update(files.absolute_folders(*machine.FOLDERS))
    for stream in (sys.stdout, sys.stderr):  # old Windows terminals lack some characters
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


@app.command(context_settings={"allow_extra_args": True})
def lab(
    context: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Argument(help="The folder of your copies. In a checkout: itself, without copies."),
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser")] = True,
) -> None:
    """Open JupyterLab on the lessons; files that you changed are never overwritten.

    What follows a -- goes to Jupyter: tgan-lessons lab -- --port=9999
    """
    options = list(context.args)
    if folder is not None and str(folder).startswith("-"):  # no folder was named before the --
        folder, options = None, [str(folder), *options]
    if importlib.util.find_spec("jupyterlab") is None:
        typer.echo('JupyterLab is not installed: pip install "tgan-lessons[lab]"', err=True)
        raise typer.Exit(1)
    place = lessons.notebooks_dir()
    if folder is not None or lessons.checkout() is None:
        place = folder or Path("tgan_lessons_notebooks")
        try:
            copied, kept = lessons.copy_missing(place)
        except OSError as error:
            typer.echo(f"The lessons cannot be copied to {place}: {error.strerror}", err=True)
            raise typer.Exit(1) from None
        typer.echo(f"Copied to {place}: {len(copied)}. Already there, left alone: {len(kept)}.")
    from tgan_lessons import open_lab

    sys.stdout.flush()
    raise typer.Exit(open_lab.start(place, browser, options))


@app.command()
def run(
    lesson: Annotated[str, typer.Argument(help="A number, a name or a unique part of one.")],
    preset: Annotated[str | None, typer.Option(help="smoke, class or gpu.")] = None,
    output: Annotated[Path, typer.Option(help="The folder of the page.")] = Path("."),
) -> None:
    """Run a lesson from first to last cell and write what it shows as one HTML page."""
    with _one_line(2, ValueError):
        found = lessons.find(lesson)
        if preset is not None:
            runtime.choose("preset", preset, runtime.PRESETS)
        if output.suffix.lower() in (".html", ".htm") and not output.is_dir():
            raise ValueError(f"`output` must be a folder. Received: output={str(output)!r}")
    from tgan_lessons import execute

    started = time.monotonic()
    try:
        with _one_line(1, OSError), _progress(found.name) as on_cell:
            page = execute.run(found.path, preset, output, on_cell)
    except execute.LessonError as error:
        typer.echo(f"{error} (shown in {output / found.name}.html)", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{page} after {time.monotonic() - started:.0f} s")


@contextmanager
def _progress(name: str) -> Iterator:
    """A bar on stderr with a step for each code cell; yields what to call after a cell."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, cells: bar.update(task, completed=done, total=cells)


@app.command()
def doctor() -> None:
    """Look whether this machine is ready for the course."""
    from tgan_lessons.doctor import examine

    report = examine()
    typer.echo(str(report))
    raise typer.Exit(0 if report.healthy else 1)


@app.command()
def data(
    names: Annotated[list[str] | None, typer.Argument(help=", ".join(DATA_FILES))] = None,
    fetch: Annotated[bool, typer.Option("--fetch", help="Download and prepare them.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Fail where one is damaged or may not be read.")
    ] = False,
) -> None:
    """List the data sets on this machine, prepare them for a day without a network, check them."""
    with _one_line(2, ValueError):
        for name in names or ():
            runtime.choose("name", name, tuple(DATA_FILES))
    chosen = tuple(dict.fromkeys(names or DATA_FILES))
    if fetch:
        _check_data_folder()
    stand_ins = [name for name in chosen if fetch and _prepare(name)]
    states = _list_files(chosen)
    if stand_ins:
        typer.echo(f"Not to be had, something else stands in: {', '.join(stand_ins)}", err=True)
    raise typer.Exit(1 if stand_ins or (verify and {"damaged", "unreadable"} & {*states}) else 0)


def _check_data_folder() -> None:
    """Says that the data folder takes nothing before anything is downloaded for it."""
    from tgan_lessons import cache, files

    folder = cache.cache_dir()
    try:
        files.check_writable(folder / "mnist.npz.part")
    except OSError as error:
        told = f"Nothing can be kept in {folder} ({error.strerror or error})."
        typer.echo(f"{told} Set {cache.VARIABLE} to a folder that you may write to.", err=True)
        raise typer.Exit(1) from None


def _prepare(name: str) -> bool:
    """Fills the caches of a data set; returns whether it is only a stand-in."""
    from tgan_lessons import data, doctor, fetch, giants

    typer.echo(f"Preparing {name} …", err=True)
    if name == doctor.IMAGENET:
        return giants.load_imagenet() is None
    if name in ("mnist", "emnist"):
        getattr(fetch, name)(again=True)
    dataset = data.load(name)
    typer.echo(str(dataset), err=True)
    return dataset.stand_in


def _list_files(names: tuple[str, ...]) -> list[str]:
    """Says what each cache file is; returns the states."""
    from tgan_lessons import cache, report
    from tgan_lessons.doctor import IMAGENET, cache_state

    typer.echo(f"Data folder: {report.shown(cache.cache_dir())} ({cache.VARIABLE} chooses it)")
    states = []
    for file in dict.fromkeys(file for name in names for file in DATA_FILES[name]):
        state, details = cache_state(file)
        states.append(state)
        shown = "imagenet (weights)" if file == IMAGENET else f"{file}.npz"
        typer.echo(f"{shown:22}{state:11}{details}")
    return states


@app.command()
def build(
    names: Annotated[list[str] | None, typer.Argument(help="Lessons.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every lesson.")] = False,
) -> None:
    """For contributors: make notebooks from notebooks/src and execute them."""
    from tgan_lessons import build, execute

    with _one_line(1, execute.LessonError):
        chosen = build.settings()
    with _one_line(2, ValueError):
        if not (names or everything):
            raise ValueError("Name the lessons to build, or say --all.")
        paths = [path for name in ([None] if everything else names) for path in build.targets(name)]
    for path in paths:
        started = time.monotonic()
        name = build.published_path(path)
        with _one_line(1, execute.LessonError), _progress(name) as on_cell:
            build.build_notebook(path, chosen, on_cell=on_cell)
        typer.echo(f"{name} after {time.monotonic() - started:.0f} s")


app.command()(class_cli.check)
app.command()(class_cli.answers)
