"""Data sets on disk: small `.npz` files, written atomically, checked when read.

A cache file `<name>.npz` holds uint8 arrays `x_train` (n, 28, 28), `y_train` (n,), `x_test` and
`y_test`. A teacher fills the folder once and copies it to every machine.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tgan_lessons.files import folder_from, is_damage, reason_to_leave, write_arrays
from tgan_lessons.runtime import announce

VARIABLE = "TGAN_LESSONS_DATA"
KEYS = ("x_train", "y_train", "x_test", "y_test")
Arrays = Mapping[str, np.ndarray]


class DamagedCacheError(Exception):
    """A cache file that is not what it claims to be."""


def cache_dir() -> Path:
    """The folder of the caches: `TGAN_LESSONS_DATA`, else the platform's own cache folder."""
    import platformdirs

    if (chosen := folder_from(VARIABLE)) is not None:
        return chosen
    place = platformdirs.user_cache_path("tgan_lessons", appauthor=False)
    if not place.is_absolute():  # XDG_CACHE_HOME that is to be ignored; or nobody's home is known
        place = Path(os.path.expanduser("~")) / ".cache" / "tgan_lessons"
    return place if place.is_absolute() else Path(tempfile.gettempdir()) / "tgan_lessons"


def cache_path(name: str) -> Path:
    """The file that holds the data set `name`."""
    return cache_dir() / f"{name}.npz"


def validate(arrays: Arrays) -> None:
    """Raises `DamagedCacheError` unless `arrays` keeps the contract of a cache file."""
    missing = [key for key in KEYS if key not in arrays]
    if missing:
        raise DamagedCacheError(f"lacks {', '.join(missing)}")
    for part in ("train", "test"):
        x, y = arrays[f"x_{part}"], arrays[f"y_{part}"]
        if x.dtype != np.uint8 or y.dtype != np.uint8:
            raise DamagedCacheError(f"{part} must be uint8, is {x.dtype} and {y.dtype}")
        if x.ndim != 3 or x.shape[1:] != (28, 28) or y.shape != x.shape[:1] or not len(x):
            raise DamagedCacheError(f"{part} must be (n, 28, 28) and (n,): {x.shape}, {y.shape}")


def _read_array(archive: zipfile.ZipFile, key: str) -> np.ndarray:
    with archive.open(f"{key}.npy") as member:
        array = np.lib.format.read_array(member, allow_pickle=False)
        if member.read(1):  # the checksum is compared at the end of the member, not before
            raise ValueError(f"{key} is longer than it says")
    return array


def read(path: Path) -> dict[str, np.ndarray]:
    """Reads and checks one cache file.

    Raises:
        FileNotFoundError: where there is none.
        OSError: it may not be read, which is no damage.
        DamagedCacheError: truncated, altered (every member carries a CRC), or of a wrong form.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            arrays = {key: _read_array(archive, key) for key in KEYS if f"{key}.npy" in names}
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(f"There is no {path}") from error
    except MemoryError:
        raise
    except Exception as error:  # a file from outside can be wrong in every way
        if not is_damage(error):
            raise
        raise DamagedCacheError(str(error) or type(error).__name__) from error
    validate(arrays)
    return arrays


def write(path: Path, arrays: Arrays) -> bool:
    """Writes a cache file atomically; says so and goes on where the folder does not allow it.

    Returns:
        Whether the file is on disk now.
    """
    validate(arrays)
    try:
        write_arrays(path, {key: arrays[key] for key in KEYS})
    except OSError as error:
        announce(
            f"Could not keep {path.name} in the data folder ({error.strerror or error}); this "
            f"session works, the next one prepares it again. Set {VARIABLE} to a folder with "
            f"room that you may write to."
        )
        return False
    return True


def set_aside(path: Path, reason: str) -> bool:
    """Renames a damaged file, so that nothing reads it and nobody loses it; says so.

    What is not ours, or not to be read, or still being written stays: see `files.reason_to_leave`.

    Returns:
        Whether its place is free for a new one.
    """
    if why := reason_to_leave(path):
        announce(f"The data file {path.name} cannot be used ({reason}); left where it is ({why}).")
        return False
    target = path.with_name(path.name + ".damaged")
    number = 1
    while os.path.exists(target):  # false, and no error, in a folder that may not be entered
        number += 1
        target = path.with_name(f"{path.name}.damaged-{number}")
    try:
        path.rename(target)
        kept, is_free = f"kept as {target.name}", True
    except OSError as error:
        kept, is_free = f"left where it is ({error.strerror})", False
    announce(f"The data file {path.name} is damaged ({reason}); {kept}, and prepared anew.")
    return is_free


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lets one process at a time prepare `path`; goes on without a lock where none can be had."""
    from filelock import FileLock

    lock = FileLock(path.with_name(f".{path.name}.lock"), mode=0o666)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except (OSError, NotImplementedError):
        lock = None
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


def load_or_make(name: str, make: Callable[[], Arrays | None]) -> Arrays | None:
    """Returns the cached arrays of `name`, or makes and caches them.

    Args:
        name: the file's name without `.npz`.
        make: returns the arrays, or `None` where they cannot be had.

    Raises:
        ValueError: a name that is none of a file in the folder.
        TypeError: `make` cannot be called.
    """
    if not isinstance(name, str) or not name or name != Path(name).name or "\0" in name:
        raise ValueError(f"`name` must be the name of a file, no path. Received: name={name!r}")
    if not callable(make):
        raise TypeError(f"`make` must be a function. Received: make={make!r}")
    path = cache_path(name)
    try:
        return read(path)
    except (OSError, DamagedCacheError):
        pass
    with locked(path):  # another process may have finished meanwhile: look again
        is_free = True
        try:
            return read(path)
        except FileNotFoundError:
            pass
        except DamagedCacheError as error:
            is_free = set_aside(path, str(error))
        except OSError as error:
            is_free = False
            announce(
                f"The data file {path.name} cannot be read ({error.strerror or error}). It stays "
                "as it is, and this session goes on without it. Ask its owner for the right to it."
            )
        arrays = make()
        if arrays is not None and is_free:
            write(path, arrays)
        return arrays
