"""Arrays and texts on disk, in files that a kill or a full disk cannot spoil. No pickles."""

from __future__ import annotations

import errno
import json
import os
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np

SETTLED = 60.0  # seconds without a change: longer ago, nobody is writing a file


def _started() -> Path:
    try:
        return Path.cwd()
    except OSError:  # the folder has been deleted
        return Path(tempfile.gettempdir())


STARTED = _started()  # the notebook's folder, whatever `%cd` says later


def folder_from(variable: str) -> Path | None:
    """The folder that an environment variable names, absolute; `None` where it names none.

    As a shell reads it: `~` and `$NAME` are replaced. Spaces and quotation marks around it, which
    Windows' `set` keeps, are not part of it. A relative one lies where this process was started.

    Raises:
        ValueError: `~` where no home folder is known, or a character that no path may have.
    """
    text = os.environ.get(variable, "").strip().strip("\"'").strip()
    if not text:
        return None
    place = os.path.expanduser(os.path.expandvars(text))
    if place.startswith("~"):
        raise ValueError(
            f"`{variable}` must be a folder; no home folder is known for its ~. "
            f"Received: {variable}={text!r}"
        )
    return Path(os.path.normpath(STARTED / place))


def absolute_folders(*variables: str) -> dict[str, str]:
    """What a process that is started in another folder must be told: see `folder_from`."""
    places = {name: folder_from(name) for name in variables}
    return {name: str(place) for name, place in places.items() if place is not None}


def is_damage(error: Exception) -> bool:
    """Whether an error while reading speaks of what a file holds, and not of who may read it."""
    return not isinstance(error, OSError) or error.errno in (None, errno.EINVAL, errno.EISDIR)


def reason_to_leave(path: Path) -> str:
    """Why a file that could not be understood must stay where it is; empty where it need not.

    What this user may not read is not known to be damaged, what is another's is theirs to mend, and
    what somebody is writing at this moment is not yet whole.
    """
    try:
        with open(path, "rb") as file:
            file.read(1)
        before = path.stat()
        if hasattr(os, "geteuid") and before.st_uid != os.geteuid():
            return "it belongs to somebody else"
        if abs(time.time() - before.st_mtime) < SETTLED:
            time.sleep(0.3)
            after = path.stat()
            if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                return "it is being written"
    except IsADirectoryError:
        return ""
    except OSError as error:
        return error.strerror or str(error)
    return ""


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
        OSError: it may not be read.
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
    except MemoryError:
        raise
    except Exception as error:  # a file from outside can be wrong in every way
        if not is_damage(error):
            raise
        raise ValueError(str(error) or type(error).__name__) from error


def _to_plain(array: np.ndarray) -> np.ndarray:
    """As NumPy's files can hold it: bfloat16 and its like as bytes."""
    return array.view(f"V{array.itemsize}") if array.dtype.kind == "V" else array
