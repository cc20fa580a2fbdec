"""What a class handed in: the files in a teacher's folders, and whose they are."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PACKED = (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz")
# A browser or an editor may put one more behind a file's own.
ENDINGS = re.compile(rf"({'|'.join(map(re.escape, ('.ipynb', '.json', '.txt', *PACKED)))})*$", re.I)
LINK = "a link, which is not followed: name it itself if it is to be read"
# What a copy is called, by Colab and Drive, Jupyter, Windows, macOS and browsers.
_WORD = r"(copy|kopie|kopia|kopi|copie|copia|cópia|копия)"
COPY = re.compile(
    rf"^{_WORD}\s+(of|von|van|av|af|de|di|da)\s+|[\s_-]+{_WORD}\s*\d*$|的?副本$|のコピー$"
    r"|\s*\(\d+\)$|-checkpoint$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class HandedIn:
    """A file that a learner handed in.

    Attributes:
        path: where it is.
        trouble: why it is not to be read; empty where it is.
    """

    path: Path
    trouble: str = ""


def one_line(text: str) -> str:
    """A text with an escape for each character that a terminal or a file could not take."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def clean(text: str, longest: int = 160) -> str:
    """A text from outside as one line that a terminal and a table can take."""
    text = one_line(" ".join(text[: 4 * longest].split()))
    return text if len(text) <= longest else text[: longest - 1] + "…"


def find(paths: Iterable[Path], ending: str) -> tuple[list[HandedIn], str]:
    """The files of a kind at the given places, each once; links inside folders are not followed.

    Args:
        paths: files, which count whatever they are called, and folders.
        ending: of the files that count in folders.

    Returns:
        These files, with what looks like one and cannot be read: packed files, links, folders that
        cannot be opened. And what else was there, counted by kind; empty where nothing was.

    Raises:
        ValueError: a place that does not exist.
    """
    found: dict[str, HandedIn] = {}
    others: Counter[str] = Counter()
    for path in paths:
        if not os.path.exists(path):
            raise ValueError(f"`path` must be a file or a folder. Received: path={str(path)!r}")
        inside = [HandedIn(path, _trouble(path))]
        if os.path.isdir(path):
            inside = sorted(_walk(path, ending, others), key=lambda item: item.path)
        for item in inside:
            place = item.path.absolute() if item.trouble else os.path.realpath(item.path)
            found.setdefault(str(place), item)
    listed = ", ".join(f"{count} × {one_line(kind)}" for kind, count in sorted(others.items()))
    return list(found.values()), listed


def _trouble(path: Path) -> str:
    if path.suffix.lower() in PACKED:
        return "a packed file: unpack it first"
    return "" if os.path.isfile(path) else "no file that can be read"


def _walk(folder: Path, ending: str, others: Counter[str]) -> Iterator[HandedIn]:
    """What is in a folder and the folders in it; counts what else is there, by kind."""
    todo = [folder]
    while todo:
        folder = todo.pop()
        try:
            names = os.listdir(folder)
        except OSError as error:
            yield HandedIn(folder, f"cannot be opened: {error.strerror}")
            continue
        for path in (folder / name for name in names):
            counts = ending in path.name.lower() or path.suffix.lower() in PACKED
            linked = os.path.islink(path) or getattr(os.path, "isjunction", os.path.islink)(path)
            if path.name.startswith(".") or path.name == "__MACOSX":  # the system's and Jupyter's
                others[path.name if os.path.isdir(path) else "hidden file"] += 1
            elif linked and (counts or not os.path.isfile(path)):
                yield HandedIn(path, LINK)
            elif os.path.isdir(path):
                todo.append(path)
            elif counts or not os.path.exists(path):  # where names are longer than a system reads
                named = ending in ENDINGS.search(path.name.lower())[0]
                yield HandedIn(path, _trouble(path) or ("" if named else f"not named *{ending}"))
            else:
                others[path.suffix.lower() or path.name] += 1


def owner(path: Path, names: Iterable[str]) -> tuple[str, Path]:
    """Who handed a file in: its name, or its folder's where it is named as one of `names`.

    What a program adds to the name of a copy does not count.

    Returns:
        The name, and the file or folder that has it.
    """
    path = path.absolute()
    stem = unicodedata.normalize("NFC", ENDINGS.sub("", path.name))
    while (shorter := COPY.sub("", stem).strip()) not in ("", stem):
        stem = shorter
    for name in names:
        if re.fullmatch(rf"{re.escape(name)}([\s_-]*\d+)?", stem, re.IGNORECASE):
            return clean(unicodedata.normalize("NFC", path.parent.name), 60), path.parent
    return clean(stem, 60), path
