"""Runs of a lab on disk: saved under a name, reloaded with their settings, curves and filmstrip."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons.files import read_arrays, write_arrays
from tgan_lessons.resume import lasting

if TYPE_CHECKING:
    from tgan_lessons.game_lab import GameLab

FOLDER = Path("runs")  # see `resume.lasting`
STATE = "state/"


class RunError(Exception):
    """A run that cannot be saved or reloaded."""


class Shelf:
    """Saves and reloads the runs of one lab. Nothing is ever written over.

    Args:
        lab: whose runs.
        folder: where they are kept, one file each.
    """

    def __init__(self, lab: GameLab, folder: Path = FOLDER) -> None:
        import ipywidgets as widgets

        self.lab, self.folder = lab, lasting(folder) / type(lab).__name__
        wide = {"layout": widgets.Layout(width="300px"), "style": {"description_width": "84px"}}
        self.name = widgets.Text(description="name", placeholder="my first ring", **wide)
        self.save_button = widgets.Button(description="save this run", icon="save")
        self.saved = widgets.Dropdown(description="saved runs", **wide)
        self.load_button = widgets.Button(description="reload", icon="folder-open")
        self.save_button.add_class("tgan-save")
        self.load_button.add_class("tgan-load")
        self.save_button.on_click(lab._guarded(lambda _: self._save_clicked()))
        self.load_button.on_click(lab._guarded(lambda _: self._load_clicked()))
        rows = [self.name, self.save_button, self.saved, self.load_button]
        self.box = widgets.VBox(rows)
        self._list()

    def names(self) -> list[str]:
        """The saved runs, by name."""
        return sorted(path.stem for path in self.folder.glob("*.npz"))

    def save(self, name: str) -> Path:
        """Writes the run as it is now, and returns its file.

        Args:
            name: of the run. Where there is one of this name already, a number is added.

        Raises:
            RunError: the folder has no room or may not be written to.
        """
        clean = re.sub(r"[^\w \-]+", "", name).strip()[:60] or "run"
        path, number = self.folder / f"{clean}.npz", 1
        while path.exists():
            number += 1
            path = self.folder / f"{clean} {number}.npz"
        with self.lab.lock:
            arrays = self._pack()
        try:
            write_arrays(path, arrays)
        except OSError as error:
            raise RunError(
                f"Could not save the run to {path} ({error.strerror or error}). The run itself "
                "goes on. Make room, or start Jupyter in a folder that you may write to."
            ) from error
        self._list(path.stem)
        return path

    def load(self, name: str) -> None:
        """Puts the lab where the run of this name was saved; on errors it stays as it is.

        Raises:
            RunError: no such run, or a file that is damaged or of another lab.
        """
        if name not in self.names():
            raise RunError(f"`name` must be one of {self.names()}. Received: {name!r}")
        path = self.folder / f"{name}.npz"
        try:
            arrays = read_arrays(path)
            about = json.loads(str(arrays["about"]))
            state = {k.removeprefix(STATE): v for k, v in arrays.items() if k.startswith(STATE)}
            frames = [bytes(arrays[f"frame/{i}"]) for i in range(len(about["told"]))]
        except (OSError, LookupError, TypeError, ValueError, RecursionError) as error:
            raise RunError(f"{path} is no whole run of this lab ({error})") from error
        with self.lab.lock:
            self._unpack(about, state, frames)

    def _pack(self) -> dict[str, np.ndarray]:
        lab = self.lab
        about = {
            "settings": lab.settings(),
            "records": lab.records(),
            "told": [told for told, _ in lab.film],
        }
        frames = {
            f"frame/{i}": np.frombuffer(picture, np.uint8)
            for i, (_, picture) in enumerate(lab.film)
        }
        state = {f"{STATE}{key}": value for key, value in lab.state().items()}
        return {"about": np.array(json.dumps(about)), **state, **frames}

    def _unpack(self, about: dict, state: dict[str, np.ndarray], frames: list[bytes]) -> None:
        """Settings, state and records; the former ones again where something does not fit."""
        lab = self.lab
        lab.pause()
        before = lab.settings(), lab.state(), lab.records(), list(lab.film)
        try:
            film = list(zip(about["told"], frames, strict=True))
            self._put(about["settings"], state, about["records"], film)
        except Exception as error:  # a file from outside can be wrong in every way
            self._put(*before)
            raise RunError(f"this run does not fit the lab ({error})") from error

    def _put(self, settings: dict, state: dict, records: dict, film: list) -> None:
        self.lab.set_settings(settings)
        self.lab.set_state(state)
        self.lab.set_records(records)
        self.lab.film.fill(film)
        self.lab.show()

    def _list(self, chosen: str | None = None) -> None:
        self.saved.options = self.names()
        self.saved.value = chosen or next(iter(self.saved.options), None)

    def _save_clicked(self) -> None:
        path = self.save(self.name.value)
        self.lab.say(f"Saved as “{path.stem}”, in the folder {path.parent}.")

    def _load_clicked(self) -> None:
        if self.saved.value:
            self.load(self.saved.value)
            self.lab.say(f"Reloaded “{self.saved.value}”. Play goes on from there.")
