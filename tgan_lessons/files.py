"""Arrays and texts on disk, in files that a kill or a full disk cannot spoil. No pickles."""

from __future__ import annotations

import errno
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np

MARK = "\ufeff"  # at a table's start: without it a spreadsheet spoils umlauts


@contextmanager
def replaced(path: Path) -> Iterator[BinaryIO]:
    """A file to write into, which takes its place at `path` in one step, when it is whole.

    Raises:
        OSError: the folder has no room or may not be written to. A file from before stays.
    """
    _refuse_special(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
            temporary = Path(file.name)
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:  # also where the learner presses stop
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes a text, see `replaced`."""
    with replaced(path) as file:
        file.write(text.encode(errors="backslashreplace"))  # half a pair, or a name of no encoding


def _refuse_special(path: Path) -> None:
    """Where a folder or a device is, no file is put: a rename would take a device's place."""
    if os.path.isdir(path):
        raise OSError(errno.EISDIR, "it is a folder")
    if os.path.exists(path) and not os.path.isfile(path):
        raise OSError(errno.EINVAL, "it is no regular file")


def check_writable(path: Path) -> None:
    """Finds out whether a file can be written, before the work on what shall be in it.

    Nothing is left behind, and a file from before stays as it is.

    Raises:
        OSError: it cannot be.
    """
    path = Path(os.path.abspath(path))
    _refuse_special(path)
    folder = next(parent for parent in path.parents if os.path.lexists(parent))
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        file.write(bytes(4096))
    for part in path.relative_to(folder).parts:  # is each a name that this file system takes?
        with suppress(FileNotFoundError):
            os.lstat(folder / part)
    if os.path.exists(path):  # it may be protected, or open in a spreadsheet on Windows
        with open(path, "r+b"):
            pass


def write_or_keep(path: Path, text: str) -> None:
    """Writes a text that took long to make; where its place takes it no more, it goes elsewhere.

    Raises:
        OSError: it is not at `path`. `strerror` says why, and where it is kept instead.
    """
    try:
        write_text(path, text)
    except OSError as error:
        reason = error.strerror or str(error)
        for folder in (None, "~", "."):
            with suppress(OSError):
                place = os.path.expanduser(folder) if folder else tempfile.gettempdir()
                kept = Path(place, f"{os.getpid()}-{path.name}").absolute()
                write_text(kept, text)
                reason = f"{reason}; what should be in it is kept in {kept}"
                break
        raise OSError(error.errno, reason) from error


def decode(data: bytes) -> str:
    """A text as editors write it: UTF-8 with or without a mark at its start, or UTF-16.

    Raises:
        UnicodeDecodeError: it is neither.
    """
    return data.decode(json.detect_encoding(data))


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes named arrays, see `replaced`.

    As `np.savez` does, which leaves its archive open where the disk is full: Python then complains
    on the page.
    """
    with replaced(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            plain = _to_plain(np.asanyarray(array))
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, plain, allow_pickle=False)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """All arrays of a file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is damaged, or holds other things than arrays.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if broken := archive.testzip():  # np.load does not compare all checksums
                raise ValueError(f"{broken} is damaged")
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        if not all(isinstance(array, np.ndarray) for array in arrays.values()):
            raise ValueError("it holds other things than arrays")
        return arrays
    except (FileNotFoundError, MemoryError):
        raise
    except Exception as error:  # a file from outside can be wrong in every way
        raise ValueError(str(error) or type(error).__name__) from error


def _to_plain(array: np.ndarray) -> np.ndarray:
    """As NumPy's files can hold it: bfloat16 and its like as bytes."""
    return array.view(f"V{array.itemsize}") if array.dtype.kind == "V" else array
