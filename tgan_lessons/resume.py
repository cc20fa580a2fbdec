"""Trainings that a lost connection does not lose: kept in a folder, and found when run again.

A training is found by all that decides it: what it starts from, its data, the code that this kernel
has run so far, its place among the trainings of the cell, the versions. So whoever changes anything
trains anew, and whoever opens the lesson after a disconnect and runs all cells gets back what was
trained, bit for bit.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tgan_lessons import __version__
from tgan_lessons.cache import set_aside
from tgan_lessons.files import folder_from, read_arrays, replaced, write_arrays
from tgan_lessons.packages import on_colab
from tgan_lessons.runtime import announce

if TYPE_CHECKING:
    import keras

VARIABLE = "TGAN_LESSONS_RESUME"
DRIVE = Path("/content/drive/MyDrive")  # where Colab mounts it
LEAST = 2.0  # seconds: what was trained in less is trained again
EVERY = 20.0  # seconds from one save of a long training to the next
LIMIT = 500e6  # bytes in the folder; the oldest files go first
_told: set[object] = set()  # cells, and what they have said
_places: Counter[object] = Counter()  # trainings of each cell so far


def folder() -> Path | None:
    """Where trainings are kept: `TGAN_LESSONS_RESUME`; on Colab, without it, a mounted drive.

    Returns:
        The folder, `None` where nothing is kept.
    """
    if VARIABLE not in os.environ and on_colab() and DRIVE.is_dir():
        return DRIVE / "tgan_lessons" / "resume"
    return folder_from(VARIABLE)


def lasting(path: str | Path) -> Path:
    """Where a learner's own file or folder lies: answers, saved runs.

    On Colab it follows the trainings into the drive, where a relative path is given; elsewhere it
    lies in the working folder of now, also after a %cd.
    """
    here, home = Path(path).absolute(), _home()
    if home is None or Path(path).is_absolute():
        return here
    there = home / path
    if here.exists() and not there.exists():  # the drive came later
        _tell_once(f"{here} is lost with this machine. From now on {there} is used: copy it there.")
    return there


def _home() -> Path | None:
    """The folder that outlives Colab's machine; `None` where there is none, and elsewhere."""
    where = folder() if on_colab() else None
    return where.parent if where is not None and where.name == "resume" else where


def where_kept() -> str:
    """A sentence for a learner on Colab: what is lost with the machine; "" elsewhere."""
    if not on_colab():
        return ""
    if (kept := _home()) is None:
        return (
            "Answers, saved runs and trainings are lost with this machine. To keep them, mount a "
            "drive before this cell (docs/colab.md)."
        )
    try:
        with replaced(kept / ".writable") as file:
            file.write(bytes(1000))  # also where the drive is full
        (kept / ".writable").unlink()
    except OSError as error:
        return f"Nothing is kept: {kept} cannot be written ({error.strerror or error})."
    return f"Answers, saved runs and trainings are kept in {kept}."


class Place:
    """Where one training is kept.

    Args:
        parts: all that decides how it ends: arrays, numbers, texts, mappings and sequences of them.
            The code that the kernel has run, the trainings before it in the cell and the versions
            are added.
    """

    def __init__(self, *parts: object) -> None:
        self.path = None
        if (where := folder()) is not None:
            versions = [__version__, *map(metadata.version, ("keras", "tensorflow", "numpy"))]
            self._cell, self._count = _cell(), _places[_cell()]
            self.path = where / f"{fingerprint(parts, versions, _code(), self._count)}.npz"
            skip()
        self._begun = self._saved = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Since this place was asked for."""
        return time.perf_counter() - self._begun

    def load(self) -> dict[str, np.ndarray] | None:
        """What was kept; `None` where nothing was. A damaged file is set aside, and said to be."""
        if self.path is None or not os.path.exists(self.path):
            return None
        try:
            arrays = read_arrays(self.path)
        except (OSError, ValueError) as error:
            if not set_aside(self.path, str(error)):
                self.path = None  # another's: this training is not written over it
            return None
        _tell_once(f"Going on from what was trained before, kept in {self.path.parent}.")
        return arrays

    def save(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Keeps the state of a training; says so and goes on where the folder does not allow it."""
        if self.path is None:
            return
        self._saved = time.perf_counter()
        try:
            write_arrays(self.path, arrays)
            _prune(self.path.parent)
        except OSError as error:
            _tell_once(
                f"This training is not kept: {self.path.parent} cannot be written "
                f"({error.strerror or error})."
            )

    def is_due(self) -> bool:
        """Whether it is time to save a training that still runs."""
        return self.path is not None and time.perf_counter() - self._saved > EVERY

    def end(self) -> None:
        """The training has ended; those that it was made of do not count in the cell."""
        if self.path is not None:
            _places[self._cell] = self._count + 1


def skip() -> None:
    """Counts a training of this cell that is too short to be kept, where any is."""
    if folder() is not None:  # else nobody asks, and IPython need not be loaded
        _places[_cell()] += 1


def recall(
    train: Callable[[], Mapping[str, np.ndarray]], *parts: object
) -> Mapping[str, np.ndarray]:
    """What `train` returns; without training where the folder has it from a time before.

    Args:
        train: trains, and returns all that is needed later.
        parts: see `Place`.
    """
    place = Place(*parts)
    arrays = place.load()
    if arrays is None:
        arrays = train()
        if place.seconds >= LEAST:
            place.save(arrays)
    place.end()
    return arrays


def recall_variables(
    variables: Sequence[keras.Variable], train: Callable[[], object], *parts: object
) -> None:
    """Calls `train`, which changes Keras variables; without training where the folder has the end.

    Args:
        variables: all that the training changes and is wanted later: weights, moments, statistics.
        train: trains.
        parts: what else decides how it ends, see `Place`.
    """
    if folder() is None:
        train()
        return

    def values() -> dict[str, np.ndarray]:
        return {str(i): np.array(v.numpy()) for i, v in enumerate(variables)}

    def work() -> dict[str, np.ndarray]:
        train()
        return values()

    learns = [bool(variable.trainable) for variable in variables]
    arrays = recall(work, values(), learns, *parts)
    for i, variable in enumerate(variables):
        variable.assign(arrays[str(i)])


def fingerprint(*parts: object) -> str:
    """A name that is the same for the same parts, and for no others."""
    digest = hashlib.blake2b(digest_size=16)
    _feed(digest.update, parts)
    return digest.hexdigest()


def _feed(update: Callable[[bytes], None], part: Any) -> None:
    """Hashes a part with its kind and length, so that no two read alike."""
    if isinstance(part, Mapping):
        part = tuple(part.items())
    if isinstance(part, list | tuple):
        update(f"sequence of {len(part)}".encode())
        for each in part:
            _feed(update, each)
    elif hasattr(part, "__array__"):
        array = np.ascontiguousarray(part)
        update(f"{array.dtype} {array.shape}".encode())
        update(array.view(np.uint8).data if array.size else b"")
    elif part is None or isinstance(part, str | int | float):
        text = repr(part).encode()
        update(f"{len(text)} ".encode() + text)
    else:
        raise TypeError(
            "`parts` must be arrays, numbers, texts, or mappings and sequences of them. "
            f"Received: {type(part).__name__}"
        )


def _code() -> tuple[str, ...]:
    """The cells that this kernel has run, in order; of equal ones the last, as it decides."""
    from IPython import get_ipython

    shell = get_ipython()
    cells = [] if shell is None else list(shell.user_ns.get("In", []))
    return tuple(reversed(dict.fromkeys(reversed(cells))))


def _tell_once(message: str) -> None:
    """Says something once in a cell: some train a hundred networks."""
    if (_cell(), message) not in _told:
        _told.add((_cell(), message))
        announce(message)


def _cell() -> int | None:
    """The number of the cell that runs, or ran last; `None` outside of a notebook."""
    from IPython import get_ipython

    return getattr(get_ipython(), "execution_count", None)


def _prune(where: Path) -> None:
    """Deletes the oldest trainings where the folder has grown too large."""
    files = sorted(where.glob("*.npz"), key=lambda path: path.stat().st_mtime, reverse=True)
    total = 0
    for path in files:
        total += path.stat().st_size
        if total > LIMIT and path != files[0]:
            path.unlink(missing_ok=True)
