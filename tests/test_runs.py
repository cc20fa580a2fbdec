"""Saved runs of a lab that only remembers a number."""

import numpy as np
import pytest

from tgan_lessons import runs
from tgan_lessons.film import Film


class NumberLab:
    """As much of a lab as a shelf needs."""

    def __init__(self):
        import threading

        self.lock, self.told = threading.RLock(), []
        self.number, self.speed = 1, 2
        self.history, self.film = Film(), Film()

    def settings(self):
        return {"speed": self.speed}

    def set_settings(self, settings):
        self.speed = settings["speed"]

    def state(self):
        return {"number": np.array(self.number)}

    def set_state(self, arrays):
        if arrays["number"].shape:
            raise ValueError("`number` must be one number")
        self.number = int(arrays["number"])

    def records(self):
        return {"history": list(self.history)}

    def set_records(self, records):
        self.history.fill(records["history"])

    def pause(self):
        pass

    def show(self):
        self.told.append("shown")

    def say(self, text):
        self.told.append(text)

    def _guarded(self, handler):
        return handler


@pytest.fixture
def lab():
    lab = NumberLab()
    lab.history.add({"round": 0, "D_loss": 0.5})
    lab.history.add({"round": 1, "D_loss": float("nan")})
    lab.film.add(("round 0", b"picture \x00\xff"))
    return lab


@pytest.fixture
def shelf(lab, tmp_path):
    return runs.Shelf(lab, tmp_path)


def test_there_and_back(lab, shelf):
    shelf.save("first")
    lab.number, lab.speed = 7, 8
    lab.history.clear(), lab.film.clear()
    shelf.load("first")
    assert (lab.number, lab.speed) == (1, 2)
    assert lab.history[0] == {"round": 0, "D_loss": 0.5} and np.isnan(lab.history[1]["D_loss"])
    assert list(lab.film) == [("round 0", b"picture \x00\xff")]


def test_nothing_is_written_over(lab, shelf):
    paths = [shelf.save(name) for name in ("a", "a", "a 2", "", "../../etc/x", "ü/é")]
    assert len(set(paths)) == 6
    assert all(path.parent == shelf.folder for path in paths)
    assert [path.stem for path in paths[:4]] == ["a", "a 2", "a 2 2", "run"]


def test_buttons(lab, shelf):
    shelf.name.value = "by hand"
    shelf.save_button.click()
    assert shelf.saved.options == ("by hand",) and "Saved as “by hand”" in lab.told[-1]
    lab.number = 5
    shelf.load_button.click()
    assert lab.number == 1 and "Reloaded" in lab.told[-1]


def test_what_does_not_fit_leaves_the_lab_as_it_was(lab, shelf):
    path = shelf.save("good")
    whole = path.read_bytes()
    (shelf.folder / "cut.npz").write_bytes(whole[: len(whole) // 2])
    np.savez(shelf.folder / "other.npz", x=np.zeros(3))
    lab.number = 9
    for name in ("cut", "other"):
        with pytest.raises(runs.RunError, match=f"{name}.npz is no whole run"):
            shelf.load(name)
    with pytest.raises(runs.RunError, match="`name` must be one of"):
        shelf.load("absent")
    lab.state = lambda: {"number": np.zeros(2)}
    shelf.save("misfit")
    del lab.state
    with pytest.raises(runs.RunError, match="does not fit"):
        shelf.load("misfit")
    assert (lab.number, lab.speed) == (9, 2)


def test_a_folder_that_cannot_be_written_to(lab, tmp_path):
    (tmp_path / "file").write_text("in the way")
    shelf = runs.Shelf(lab, tmp_path / "file")
    with pytest.raises(runs.RunError, match="Could not save the run"):
        shelf.save("x")
