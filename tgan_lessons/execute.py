"""Running a lesson from its first cell to its last, and the page that shows what came out."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tgan_lessons import cache, resume
from tgan_lessons.files import absolute_folders, check_writable, decode, write_or_keep
from tgan_lessons.runtime import PRESET_VARIABLE, PRESETS, choose
from tgan_lessons.stills import WIDGET_VIEW

if TYPE_CHECKING:
    from jupyter_client.manager import AsyncKernelManager
    from nbformat import NotebookNode

CELL_SECONDS = 600
PICTURES = ("image/png", "image/jpeg")
NOTE = "[A live control. It works when the lesson is opened in Jupyter or Colab.]"

# nbconvert's page, with what a page needs that is opened without a network: pictures have their
# alternative text; require.js and mermaid, which no lesson uses, are not asked for; MathJax comes
# from its CDN where there is one, without holding up the page (offline, formulas stay LaTeX).
PAGE = """
{%- extends 'index.html.j2' -%}
{%- block html_head_js_requirejs %}{% endblock -%}
{%- block html_head_js_mermaidjs %}{% endblock -%}
{%- block html_head_js_mathjax %}{{ super() | replace('<script src', '<script async src') }}
{%- endblock -%}
{%- macro described(picture, alt) %}{{ picture if alt is none else
picture | replace('<img ', '<img alt="' ~ (alt | escape_html) ~ '" ', 1) }}{% endmacro -%}
{%- block data_png scoped %}{{ described(super(), output | get_metadata('alt', 'image/png')) }}
{%- endblock -%}
{%- block data_jpg scoped %}{{ described(super(), output | get_metadata('alt', 'image/jpeg')) }}
{%- endblock -%}
"""

OnCell = Callable[[int, int], None]


class LessonError(Exception):
    """A lesson that did not run to its end; the message says in one line where and why."""


def kernel_manager() -> AsyncKernelManager:
    """A manager that starts kernels of this interpreter, whatever kernelspecs are installed."""
    from ipykernel.kernelspec import get_kernel_dict
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    class ThisInterpreter(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            return KernelSpec(**get_kernel_dict())  # its command is `sys.executable -m …`

    manager = AsyncKernelManager(kernel_spec_manager=ThisInterpreter())
    if manager.has_trait("transport_encryption"):  # newer kernels warn where it is not used
        manager.transport_encryption = "auto"
    return manager


def execute(
    notebook: NotebookNode, name: str, preset: str | None, on_cell: OnCell | None = None
) -> None:
    """Runs every cell and puts the outputs into `notebook`.

    The kernel works in a folder of its own that is deleted afterwards.

    Args:
        notebook: changed in place, also where a cell fails.
        name: what to call the lesson in an error.
        preset: `"smoke"`, `"class"` or `"gpu"`; `None` lets the lesson choose.
        on_cell: called after each cell with the number of cells done and of all cells.

    Raises:
        LessonError: where a cell fails or the kernel dies.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellControlSignal

    if preset is not None:
        choose("preset", preset, PRESETS)
    environment = os.environ | ({PRESET_VARIABLE: preset} if preset else {})
    environment |= absolute_folders(cache.VARIABLE, resume.VARIABLE)  # it starts in another one
    code = _forget_outputs(notebook)
    started: list[int] = []

    def finished(cell_index: int, **_: object) -> None:
        if on_cell is not None:
            on_cell(code.index(cell_index) + 1, len(code))

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        client = NotebookClient(
            notebook,
            km=kernel_manager(),
            timeout=CELL_SECONDS,
            interrupt_on_timeout=True,
            store_widget_state=True,
            record_timing=False,
            coalesce_streams=True,
            resources={"metadata": {"path": folder}},
            on_cell_start=lambda cell_index, **_: started.append(cell_index),
            on_cell_executed=finished,
        )
        try:
            client.execute(env=environment, cleanup_kc=True)
        except (CellControlSignal, RuntimeError) as error:  # RuntimeError: the kernel is gone
            raise LessonError(_explain(notebook, name, started, error)) from error


def _forget_outputs(notebook: NotebookNode) -> list[int]:
    """Removes what an earlier run left; returns the places of the cells that will run."""
    notebook.metadata.pop("widgets", None)
    code = [i for i, c in enumerate(notebook.cells) if c.cell_type == "code" and c.source.strip()]
    for index in code:
        notebook.cells[index].update(outputs=[], execution_count=None)
    return code


def _explain(notebook: NotebookNode, name: str, started: list[int], error: Exception) -> str:
    """One line: which cell failed, as a reader counts and sees it, and why."""
    kind, reason = getattr(error, "ename", type(error).__name__), getattr(error, "evalue", error)
    if kind == "KeyboardInterrupt":
        kind, reason = "time limit", f"more than {CELL_SECONDS} s"
    reason = (str(reason).strip().splitlines() or [""])[0]
    if not started:
        return f"{name}: the kernel did not start: {reason}"
    done = notebook.cells[: started[-1] + 1]
    number = sum(cell.cell_type == "code" for cell in done)
    first_line = done[-1].source.strip().splitlines()[0]
    return f"{name}: code cell {number} (`{first_line}`) failed with {kind}: {reason}"


def still(notebook: NotebookNode) -> NotebookNode:
    """Returns a copy whose widgets are what they last showed, for a page that has no kernel.

    A widget's live view would need a CDN and a kernel. Where it came with a picture the picture
    stays, where it came with a text alone a note says so, and where it came with nothing its still
    follows (see `stills`). The badge goes: it is a web picture.
    """
    from copy import deepcopy

    notebook = deepcopy(notebook)
    notebook.metadata.pop("widgets", None)
    notebook.cells = [c for c in notebook.cells if "badge" not in c.metadata.get("tags", ())]
    for cell in notebook.cells:
        if "outputs" in cell:
            cell.outputs = [o for o in cell.outputs if set(o.get("data", ())) != {WIDGET_VIEW}]
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if data.pop(WIDGET_VIEW, None) is not None and set(data) == {"text/plain"}:
                data["text/plain"] = NOTE
    return notebook


def to_html(notebook: NotebookNode, folder: Path, title: str) -> str:
    """Converts an executed notebook into one page with all its pictures inside.

    Args:
        notebook: left as it is.
        folder: where pictures that the text refers to are.
        title: of the page.
    """
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(template_name="lab", embed_images=True)
    exporter.raw_template = PAGE
    resources = {"metadata": {"name": title, "path": str(folder)}}
    html, _ = exporter.from_notebook_node(still(notebook), resources=resources)
    return html


@contextmanager
def writing(path: Path, what: str, advice: str, kind: type[Exception] = OSError) -> Iterator[None]:
    """Turns an error of a file that cannot be written into one that says so and what helps.

    Args:
        path: of the file.
        what: was there before, the start of a sentence; it is told where there was something.
        advice: what to do.
        kind: of the error that is raised.
    """
    try:
        yield
    except OSError as error:
        before = f" {what} is still there." if path.is_file() else ""
        raise kind(
            f"Could not write {path} ({error.strerror or error}).{before} {advice}"
        ) from error


def run(
    lesson_path: Path, preset: str | None, output_dir: Path, on_cell: OnCell | None = None
) -> Path:
    """Runs a lesson in a kernel of this interpreter and writes what it shows as one HTML page.

    Nothing is written next to the lesson. Where a cell fails the page is written all the same,
    with the error in its place.

    Args:
        lesson_path: the notebook.
        preset: `"smoke"`, `"class"` or `"gpu"`; `None` lets the lesson choose.
        output_dir: where the page goes.
        on_cell: called after each cell with the number of cells done and of all cells.

    Returns:
        The page, `output_dir/NN_name.html`.

    Raises:
        LessonError: which cell failed and why.
        OSError: the page could not be written.
    """
    import nbformat

    lesson_path, page = Path(lesson_path), Path(output_dir) / f"{Path(lesson_path).stem}.html"
    notebook = nbformat.reads(decode(lesson_path.read_bytes()), as_version=4)
    failure = None
    telling = page, "A page from before", "Choose a folder with room that you may write to."
    with writing(*telling):
        check_writable(page)
    try:
        execute(notebook, lesson_path.stem, preset, on_cell)
    except LessonError as error:
        failure = error
    html = to_html(notebook, lesson_path.parent, lesson_path.stem)
    with writing(*telling):
        write_or_keep(page, html)
    if failure is not None:
        raise failure
    return page
