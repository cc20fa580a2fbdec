"""The lessons that exist and where they are: notebooks named `NN_name.ipynb`."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tgan_lessons.runtime import choose

PACKAGE = Path(__file__).resolve().parent
PATTERN = "[0-9][0-9]_*"


@dataclass(frozen=True)
class Lesson:
    """One notebook of the course.

    Attributes:
        number: two digits, as in the file's name.
        name: the file's name without its ending, `"01_transfer_in_three_steps"`.
        path: the notebook.
    """

    number: str
    name: str
    path: Path

    @cached_property
    def title(self) -> str:
        """The first heading of the notebook; the name where it has none."""
        for cell in json.loads(self.path.read_bytes())["cells"]:
            if cell["cell_type"] == "markdown":
                for line in "".join(cell["source"]).splitlines():
                    if line.startswith("#"):
                        return line.lstrip("#").strip()
        return self.name

    @property
    def solutions(self) -> Path:
        """Where the notebook with the exercises solved is, if there is one."""
        return self.path.parent / "solutions" / self.path.name


def checkout() -> Path | None:
    """The folder of the course's source; `None` where the package was installed from a wheel."""
    root = PACKAGE.parent
    is_checkout = (root / "pyproject.toml").is_file() and (root / "notebooks").is_dir()
    return root if is_checkout else None


def notebooks_dir() -> Path:
    """The folder of the notebooks: the checkout's own, or the copy inside the wheel."""
    root = checkout()
    return (root or PACKAGE) / "notebooks"


def all_lessons(folder: Path | None = None) -> list[Lesson]:
    """Returns the lessons of a folder, by default of the course, in order."""
    paths = sorted((folder or notebooks_dir()).glob(f"{PATTERN}.ipynb"))
    return [Lesson(path.stem[:2], path.stem, path) for path in paths]


def match(lesson: str, names: Sequence[str]) -> str:
    """Returns the one of `names` that `lesson` means.

    Args:
        lesson: a number (`"1"`, `"01"`), a full name, or a part that only one name has.
        names: the names to choose from.

    Raises:
        ValueError: where none fits, or several do; names the choices.
    """
    if not names:
        raise ValueError(f"There are no lessons to choose from. Received: lesson={lesson!r}")
    number = f"{int(lesson):02d}_" if lesson.isdecimal() else None
    rules = (
        lambda name: name == lesson,
        lambda name: number is not None and name.startswith(number),
        lambda name: number is None and bool(lesson) and lesson.lower() in name.lower(),
    )
    for fits in rules:
        found = [name for name in names if fits(name)]
        if len(found) == 1:
            return found[0]
        if found:
            choose("lesson", lesson, tuple(found))
    choose("lesson", lesson, tuple(names))
    return lesson


def find(number_or_name: str, folder: Path | None = None) -> Lesson:
    """Finds a lesson by `"01"`, `"1"`, `"01_transfer_in_three_steps"` or a unique part of it.

    Args:
        number_or_name: which lesson.
        folder: where to look, by default in the course.

    Raises:
        ValueError: for an unknown or ambiguous lesson; names the choices.
    """
    lessons = {lesson.name: lesson for lesson in all_lessons(folder)}
    return lessons[match(number_or_name, tuple(lessons))]


def copy_missing(folder: Path, source: Path | None = None) -> tuple[list[Path], list[Path]]:
    """Copies the lessons into `folder` and leaves every file that is there already untouched.

    Args:
        folder: where the learner works; made where it does not exist.
        source: the notebooks, by default the course's.

    Returns:
        The files copied and the files kept, relative to `folder`.
    """
    source = source or notebooks_dir()
    copied, kept = [], []
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source)
        hidden = any(part.startswith((".", "__")) for part in relative.parts)
        for_contributors = "src" in relative.parts or path.name == "jupytext.toml"
        if not path.is_file() or hidden or for_contributors:
            continue
        target = folder / relative
        if os.path.lexists(target):
            kept.append(relative)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f".{target.name}.part")
        shutil.copyfile(path, unfinished)  # so that no half-copied lesson is ever kept
        unfinished.replace(target)
        copied.append(relative)
    return copied, kept
