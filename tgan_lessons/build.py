"""Building the notebooks from their scripts.

A contributor edits `notebooks/src/NN_name.py` (jupytext's percent format). `build` writes the two
generated cells, executes the lesson and puts the outputs into `notebooks/NN_name.ipynb`.
"""

from __future__ import annotations

import json
import tomllib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tgan_lessons import lessons
from tgan_lessons.execute import LessonError, OnCell, execute, writing
from tgan_lessons.files import check_writable, write_or_keep

if TYPE_CHECKING:
    from nbformat import NotebookNode

BADGE, SETUP = "badge", "setup"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
SETUP_CODE = """\
# Set-up: adds the course on Colab and changes nothing else; where it is installed, adds nothing.
import sys
from subprocess import check_call

try:
    from tgan_lessons.packages import runtime
except ImportError:  # absent, older, or only a folder of that name
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--force-reinstall"]
    check_call([*pip, "https://github.com/{repository}/archive/refs/heads/{branch}.zip"])
    sys.modules.pop("tgan_lessons", None)
    from tgan_lessons.packages import runtime

preset = runtime.setup()  # or: runtime.setup("smoke"), "class", "gpu"\
"""


@dataclass(frozen=True)
class Settings:
    """Where the course is published: the table `[tool.tgan-lessons]` of `pyproject.toml`."""

    repository: str
    branch: str

    def cells(self, path: str) -> dict[str, tuple[str, str]]:
        """The generated cells of the notebook at `path`: tag to cell type and source."""
        github = f"github/{self.repository}/blob/{self.branch}/{path}"
        colab = "https://colab.research.google.com"
        badge = f"[![Open in Colab]({colab}/assets/colab-badge.svg)]({colab}/{github})"
        code = SETUP_CODE.format(repository=self.repository, branch=self.branch)
        return {BADGE: ("markdown", badge), SETUP: ("code", code)}


def settings() -> Settings:
    """Reads the settings from the checkout; raises `LessonError` where there is none."""
    root = lessons.checkout()
    if root is None:
        raise LessonError("lessons are built in a checkout of the course, not from the wheel")
    tools = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    return Settings(**tools["tgan-lessons"])


def script_of(notebook: Path) -> Path:
    """The script that a notebook is built from."""
    return notebook.parent / "src" / f"{notebook.stem}.py"


def published_path(notebook: Path) -> str:
    """The notebook's path in the repository, for its badge."""
    folder = "notebooks/solutions" if notebook.parent.name == "solutions" else "notebooks"
    return f"{folder}/{notebook.name}"


def tags(cell: NotebookNode) -> list[str]:
    """The tags of a cell, none where it has none."""
    return list(cell.metadata.get("tags", ()))


def generate_cells(notebook: NotebookNode, cells: dict[str, tuple[str, str]]) -> bool:
    """Puts the generated cells in second and third place; returns whether anything changed."""
    from nbformat.v4 import new_code_cell, new_markdown_cell

    make = {"markdown": new_markdown_cell, "code": new_code_cell}
    before = [(cell.cell_type, cell.source, tags(cell)) for cell in notebook.cells]
    written = [cell for cell in notebook.cells if not set(tags(cell)) & set(cells)]
    new = [make[kind](text, metadata={"tags": [tag]}) for tag, (kind, text) in cells.items()]
    notebook.cells = written[:1] + new + written[1:]
    return before != [(cell.cell_type, cell.source, tags(cell)) for cell in notebook.cells]


def normalise(notebook: NotebookNode) -> None:
    """Keeps only what the same script gives on every machine: no ids, times or versions."""
    kept = {"widgets": notebook.metadata["widgets"]} if "widgets" in notebook.metadata else {}
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        **kept,
    }
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    count = 0
    for index, cell in enumerate(notebook.cells):
        cell.id = f"cell-{index:02d}"
        cell.metadata = {"tags": tags(cell)} if tags(cell) else {}
        if cell.cell_type == "code":
            count += bool(cell.source.strip())
            cell.execution_count = count if cell.source.strip() else None
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = count


def _count_widgets(notebook: NotebookNode) -> NotebookNode:
    """Returns the notebook with its widgets' random names replaced by numbers.

    The widgets' state is left out: it is as large as all pictures, and would show controls that
    do nothing without a kernel. Labs and questions leave a still of themselves, see `stills`.
    """
    import nbformat

    state = notebook.metadata.pop("widgets", {}).get(WIDGET_STATE, {}).get("state", {})
    text = json.dumps(notebook)
    for number, model in enumerate(state):
        text = text.replace(model, f"{number:032x}")
    return nbformat.from_dict(json.loads(text))


def build_notebook(
    notebook_path: Path, chosen: Settings, preset: str = "class", on_cell: OnCell | None = None
) -> Path:
    """Builds one notebook from its script; the script gets the generated cells, too.

    Args:
        notebook_path: where the result goes; the script is in `src` beside it.
        chosen: where the course is published.
        preset: what to execute at; what is published is executed at `"class"`.
        on_cell: see `execute.execute`.

    Raises:
        LessonError: where a cell fails or a file cannot be written; the notebook is left as it was.
    """
    import jupytext
    import nbformat

    script = script_of(notebook_path)
    notebook = jupytext.read(script, fmt="py:percent")
    if generate_cells(notebook, chosen.cells(published_path(notebook_path))):
        header = {"notebook_metadata_filter": "-all", "cell_metadata_filter": "tags,-all"}
        notebook.metadata = {"jupytext": header}
        _write(script, jupytext.writes(notebook, fmt="py:percent"))
    with _writing(notebook_path):
        check_writable(notebook_path)
    execute(notebook, notebook_path.stem, preset, on_cell)
    normalise(notebook)
    nbformat.validate(notebook)
    _write(notebook_path, nbformat.writes(_count_widgets(notebook)) + "\n")
    return notebook_path


def _write(path: Path, text: str) -> None:
    with _writing(path):
        write_or_keep(path, text)


def _writing(path: Path) -> AbstractContextManager[None]:
    return writing(path, "What was there before", "Make room, and build again.", LessonError)


def targets(lesson: str | None = None) -> list[Path]:
    """The notebooks that `lesson`, or every lesson, is built into: the lesson, its solutions."""
    folder = lessons.notebooks_dir()
    names = sorted(path.stem for path in (folder / "src").glob(f"{lessons.PATTERN}.py"))
    chosen = names if lesson is None else [lessons.match(lesson, names)]
    places = (folder, folder / "solutions")
    paths = [place / f"{name}.ipynb" for name in chosen for place in places]
    return [path for path in paths if script_of(path).exists()]


def build(number: str, preset: str = "class") -> list[Path]:
    """Builds a lesson and its solutions; see `build_notebook`."""
    return [build_notebook(path, settings(), preset) for path in targets(number)]


def in_sync(script: Path, notebook: Path) -> list[str]:
    """Returns how a script and its notebook differ in cells, cell by cell; empty if they agree."""
    import jupytext

    ours = jupytext.read(script, fmt="py:percent").cells
    theirs = jupytext.read(notebook).cells
    differences = []
    for index, (a, b) in enumerate(zip(ours, theirs, strict=False)):
        pairs = {
            "type": (a.cell_type, b.cell_type),
            "source": (a.source, b.source),
            "tags": (tags(a), tags(b)),
        }
        differences += [f"cell {index}: another {what}" for what, (x, y) in pairs.items() if x != y]
    if len(ours) != len(theirs):
        differences.append(f"{len(ours)} cells in the script, {len(theirs)} in the notebook")
    return differences
