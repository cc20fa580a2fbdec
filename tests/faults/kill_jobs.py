"""What is killed: each job writes again and again, and logs what it was told is on disk.

For each JSON line `[job, folder, arguments]` on stdin a child is forked that does the job; the
answers are `started` and its process id, and `ended`, its process id and its exit status when it
has ended. So everything is imported once.
"""

import json
import os
import signal
import sys
import traceback
from itertools import count, cycle
from pathlib import Path

import filelock  # noqa: F401
import ipywidgets  # noqa: F401
import jupytext
import nbformat  # noqa: F401
import numpy as np
import platformdirs  # noqa: F401

from tgan_lessons import answers, build, cache, execute, files, film, runs

OPTIONS = tuple("abcd")


class NumberLab:
    """As much of a lab as a shelf needs; its state is large enough to be killed in the middle."""

    def __init__(self):
        import threading

        self.lock, self.film, self.number = threading.RLock(), film.Film(), 0
        self.film.add(("round 0", bytes(50_000)))

    def settings(self):
        return {"number": self.number}

    def set_settings(self, settings):
        self.number = settings["number"]

    def state(self):
        return {"weights": np.full(200_000, self.number)}

    def set_state(self, arrays):
        assert np.all(arrays["weights"] == self.number)

    def records(self):
        return {}

    def set_records(self, records):
        pass

    def pause(self):
        pass

    def show(self):
        pass

    def _guarded(self, handler):
        return handler


class Cells(build.Settings):
    """Generated cells without TensorFlow, with a text that says which build it was."""

    def cells(self, path):
        return {"badge": ("markdown", self.repository), "setup": ("code", f"print({self.branch})")}


def make(value, images=1500):
    x, y = np.full((images, 28, 28), value, np.uint8), np.full(images, value, np.uint8)
    return {"x_train": x, "y_train": y, "x_test": x, "y_test": y}


def prepare_cache(folder, log, times):
    for number in range(times):
        cache.cache_path("digits").unlink(missing_ok=True)
        cache.load_or_make("digits", lambda value=number % 3 + 1: make(value))
        log(number)


def write_text(folder, log, times):
    for number, letter in zip(range(times), cycle("abc"), strict=False):
        files.write_text(folder / "text", letter * 1_000_000)
        log(number)


def write_arrays(folder, log, times):
    for number in range(times):
        files.write_arrays(folder / "arrays.npz", {"x": np.full(200_000, number)})
        log(number)


def answer(folder, log, times):
    """Goes on with the first question that has no answer."""
    os.chdir(folder)
    done = 0
    for number in count():
        record = answers.Record("quiz", f"Question {number}?", OPTIONS)
        if record.answer is None:
            assert record.keep(OPTIONS[number % 4]) == ""
            log(number)
            done += 1
        if done == times:
            return


def save_runs(folder, log, times):
    """Goes on with the first number that is not taken."""
    lab = NumberLab()
    shelf = runs.Shelf(lab, folder)
    for _ in range(times):
        lab.number = len(shelf.names())
        log(f"{shelf.save('run').stem}")


def build_notebooks(folder, log, times, executes):
    """With `executes`, cells run in a real kernel; without, only the writes are left."""
    if not executes:
        build.execute = lambda *arguments: None
    for _ in range(times):
        notebook = folder / "00_tiny.ipynb"
        number = len(log.read()) + 1
        build.build_notebook(notebook, Cells("badge" * 20_000, str(number)), "smoke")
        log(number)


def load_held(folder, log, _):
    """Prepares a cache, and is not done before it is killed."""
    import time

    def hold():
        log("held")
        time.sleep(600)

    cache.load_or_make("digits", hold)


class Log:
    """One line for each thing that is done: a learner may count on it from here on."""

    def __init__(self, path):
        self.path = Path(path)

    def __call__(self, said):
        with self.path.open("a") as file:
            file.write(f"{said}\n")

    def read(self):
        text = self.path.read_text() if self.path.exists() else ""
        return [line for line in text.split("\n")[:-1] if line]


JOBS = {
    function.__name__: function
    for function in (
        prepare_cache,
        write_text,
        write_arrays,
        answer,
        save_runs,
        build_notebooks,
        load_held,
    )
}


def run(job, folder, arguments):
    os.environ[cache.VARIABLE] = folder
    JOBS[job](Path(folder), Log(f"{folder}.log"), *arguments)


LONGEST = 600  # seconds that a job may live


def serve():
    assert "tensorflow" not in sys.modules and jupytext and execute
    print("ready", flush=True)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os.setsid()
            signal.alarm(LONGEST)  # where nobody is left to kill it
            status = 1
            try:
                os.dup2(2, 1)  # what it says is not an answer
                run(*json.loads(line))
                status = 0
            except BaseException:
                traceback.print_exc()
            os._exit(status)
        print("started", child, flush=True)
        print("ended", child, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()
