"""What keeps a notebook from being published: errors, private paths, undescribed pictures."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tgan_lessons.build import SETUP, Settings, published_path, settings, tags
from tgan_lessons.execute import PICTURES

if TYPE_CHECKING:
    from nbformat import NotebookNode

LONG = "long"  # the tag of a cell that may have more lines than others
MAX_BYTES = 1_500_000
MAX_LINES, MEDIAN_LINES = 12, 6
MACHINE_PATH = re.compile(
    r"(?<![\w.~-])/(?:home|root|tmp|Users|var/folders)/|[A-Za-z]:\\+Users|site-packages"
)


def findings(notebook_path: Path, chosen: Settings | None = None) -> list[str]:
    """Returns what is wrong with a notebook that is to be published; empty where nothing is.

    Every picture needs an alternative text: `alt` in its output's metadata, under the picture's
    type, where `IPython.display.display(figure, metadata={"image/png": {"alt": ...}})` puts it.
    """
    import nbformat

    notebook = nbformat.read(notebook_path, as_version=4)
    cells = (chosen or settings()).cells(published_path(notebook_path))
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    rhythm = notebook_path.parent.name != "solutions"  # there each cell is a whole answer
    found = [*_wrong_places(notebook, cells), *_wrong_code(code, rhythm)]
    for number, cell in enumerate(code, start=1):
        for output in cell.outputs:
            found += [f"code cell {number}: {problem}" for problem in _wrong_output(output)]
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        found.append("the code cells were not executed once each, in order")
    paths = {path for text in _texts(notebook) for path in MACHINE_PATH.findall(text)}
    found += [f"a path of one machine: {path}" for path in sorted(paths)]
    size = notebook_path.stat().st_size
    if size > MAX_BYTES:
        found.append(f"{size / 1e6:.1f} MB, more than {MAX_BYTES / 1e6} MB")
    return found


def _wrong_places(notebook: NotebookNode, cells: dict[str, tuple[str, str]]) -> Iterator[str]:
    first = notebook.cells[0] if notebook.cells else None
    if first is None or first.cell_type != "markdown" or not first.source.startswith("# "):
        yield "the first cell is not a title, `# NN · Title`"
    for place, (tag, (kind, source)) in enumerate(cells.items(), start=1):
        tagged = [i for i, cell in enumerate(notebook.cells) if tag in tags(cell)]
        if tagged != [place]:
            yield f"the cell tagged `{tag}` must be cell {place} and the only one: {tagged}"
        elif (notebook.cells[place].cell_type, notebook.cells[place].source) != (kind, source):
            yield f"the cell tagged `{tag}` is not the generated one"


def _wrong_code(code: list[NotebookNode], rhythm: bool) -> Iterator[str]:
    lengths = []
    for number, cell in enumerate(code, start=1):
        if {SETUP, LONG} & set(tags(cell)):
            continue
        lengths.append(sum(bool(line.strip()) for line in cell.source.splitlines()))
        if lengths[-1] > MAX_LINES:
            yield f"code cell {number}: {lengths[-1]} lines, more than {MAX_LINES}"
    if rhythm and lengths and statistics.median(lengths) > MEDIAN_LINES:
        yield f"half of the code cells have more than {MEDIAN_LINES} lines"


def _wrong_output(output: NotebookNode) -> Iterator[str]:
    if output.output_type == "error":
        yield f"failed with {output.ename}"
    if output.output_type == "stream" and output.name == "stderr":
        yield f"wrote to stderr: {output.text.strip()[:60]!r}"
    for kind in PICTURES:
        described = output.get("metadata", {}).get(kind, {}).get("alt", "").strip()
        if kind in output.get("data", {}) and not described:
            yield f"a picture without alternative text ({kind})"


def _texts(node: object) -> Iterator[str]:
    """Every string in a notebook except the pictures, whose base64 may spell anything."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for key, value in node.items():
            if key not in (*PICTURES, "buffers"):
                yield from _texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value)
