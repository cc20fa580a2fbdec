"""Labs whose run is kept in a file: paused today, gone on with tomorrow."""

from __future__ import annotations

import html
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from tgan_lessons import checkpoint
from tgan_lessons.files import read_arrays, write_arrays
from tgan_lessons.game_lab import GameLab
from tgan_lessons.gan import GAN
from tgan_lessons.stills import is_closed

SAVE_EVERY = 20.0  # seconds of play


class KeptGameLab(GameLab):
    """A game's lab that saves its run whenever the clock stops, and goes on from the file.

    A subclass sets `path` and `given` before `GameLab.__init__`, and calls `go_on` after it.

    Attributes:
        path: of the file, a checkpoint of `given`; `None` to keep nothing. A run never writes over
            a longer one: it then takes the next free name beside it.
        given: the game as the caller gave it; the lab may play a variant of it.
    """

    path: Path | None
    given: GAN
    _writers: ClassVar[dict[Path, KeptGameLab]] = {}  # who wrote a file last

    def __init__(self) -> None:
        self._file, self._unsaved, self._saved_at = None, False, time.perf_counter()
        super().__init__()

    def go_on(self) -> None:
        """Goes on from the file, where there is one."""
        if self.path is not None:
            with self.lock:
                self._resume()

    def restart(self) -> None:
        """See `GameLab`. What was played is saved before, and what comes now is another run."""
        self._keep()
        super().restart()
        self._file, self._unsaved = None, False

    def save(self) -> Path | None:
        """Writes the run to its file, where it has one and something new was played.

        Returns:
            The file; `None` where nothing was written.

        Raises:
            CheckpointError: the folder has no room or may not be written to.
            OSError: the same, of the settings beside it.
        """
        if self.path is None or not self._unsaved:
            return None
        with self.lock:
            if self._file is None or not self._may_write(self._file):
                self._file = next(file for file in self._files() if self._may_write(file))
            self._writers[self._file.resolve()] = self
            if self.game is not self.given:  # the file is of the game that the caller gave
                self.given.go_on_from(self.game)
            checkpoint.save(self.given, self._file)
            about = json.dumps({"settings": self.settings(), "records": self.records()})
            write_arrays(_about(self._file), {"about": np.array(about)})
            self._unsaved, self._saved_at = False, time.perf_counter()
        return self._file

    def _may_write(self, file: Path) -> bool:
        """Whether a file holds no longer run, and none of another lab that is on the page."""
        writer = self._writers.get(file.resolve(), self)
        is_free = writer is self or is_closed(writer.frame.box) or writer._file != file
        return is_free and _rounds_in(file) <= self.rounds

    def _files(self) -> Iterator[Path]:
        """The lab's file and those beside it: the last one does not exist yet."""
        yield self.path
        file, count = self.path, 1
        while file.exists():
            count += 1
            file = self.path.with_stem(f"{self.path.stem} {count}")
            yield file

    def _resume(self) -> None:
        """Goes on from the longest run on file, under its settings."""
        kept = [file for file in self._files() if file.exists()]
        if not kept:
            return
        whole = [file for file in kept if _rounds_in(file) < np.inf]
        file = max(whole or kept, key=_rounds_in)
        checkpoint.load(self.given, file)
        about = _read_about(file)
        settings = about["settings"] if about else {"controls": self.values_of(self.given)}
        self.panel.start(**settings["controls"])
        self.change(tuple(self.panel.controls))
        if about:
            self.set_records(about["records"])
            self.show_settings(settings)
        self._file, self._unsaved = file, False
        self._begin()
        self.say(
            f"Going on from round {self.rounds:,}, saved in {html.escape(str(file))}. A reset "
            "begins anew; the file stays."
        )

    def set_state(self, arrays: Mapping[str, np.ndarray]) -> None:
        """See `GameLab`. What goes on from there is another run."""
        super().set_state(arrays)
        self._file, self._unsaved = None, False

    def _note(self, logs: dict[str, float]) -> None:
        super()._note(logs)
        self._unsaved = True
        if time.perf_counter() - self._saved_at > SAVE_EVERY:
            self._keep()

    def pause(self) -> None:
        """Stops the clock, and saves the run where it has a file."""
        super().pause()
        self._keep()

    def paused(self) -> None:
        """Says where the run was saved."""
        if file := self._keep():
            self.say(f"Saved in {html.escape(str(file))}.")

    def _keep(self) -> Path | None:
        """Saves; a disk that is full is no reason to stop."""
        try:
            return self.save()
        except (checkpoint.CheckpointError, OSError) as error:
            self._saved_at = time.perf_counter()
            self.say(html.escape(str(error)), "Not saved:")
            return None

    def values_of(self, game: GAN) -> dict[str, Any]:
        """What the controls must say of a game whose settings are lost."""
        return {}

    def show_settings(self, settings: Mapping[str, Any]) -> None:
        """Takes over what `settings` say beyond the controls."""


def _about(file: Path) -> Path:
    """Where the settings of a run stand."""
    return file.with_suffix(".settings.npz")


def _read_about(file: Path) -> dict[str, Any] | None:
    """The settings of a run on file; `None` where they are lost."""
    try:
        return json.loads(str(read_arrays(_about(file))["about"]))
    except (OSError, KeyError, ValueError):
        return None


def _rounds_in(file: Path) -> float:
    """How many rounds a file holds: 0 where there is none, infinity where it cannot be read."""
    if not file.exists():
        return 0
    try:
        return int(read_arrays(file)["rounds"])
    except (OSError, KeyError, ValueError):
        return np.inf
