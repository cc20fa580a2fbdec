"""SIGKILL at random moments, in real processes: what is on disk is the old or the new, whole."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import kill_jobs
import numpy as np
import psutil
import pytest
from trials import few_or_many

from tgan_lessons import answers, cache, files, runs

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="jobs are forked")
FOREVER = 10**9


class Server:
    """Forks jobs, see `kill_jobs`."""

    def __init__(self):
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
        self.process = subprocess.Popen(
            [sys.executable, kill_jobs.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,  # else `select` does not see a line that was read with the one before
            env=environment,
        )
        assert self.process.stdout.readline() == b"ready\n"
        self.child = None

    def start(self, job, folder, *arguments):
        """Starts a child; what a test that failed has left running is ended first."""
        self.kill()
        self.process.stdin.write(json.dumps([job, str(folder), arguments]).encode() + b"\n")
        word, child = self._answer(60).split()
        assert word == "started" and int(child) > 1
        self.child = self.session = int(child)

    def kill(self):
        """Ends the child that was started last; returns its exit status."""
        if self.child is None:
            return None
        with suppress(ProcessLookupError):  # it may have ended by itself
            os.kill(self.child, signal.SIGKILL)
        return self.status()

    def status(self, seconds=120):
        """Of the child that was started last, when it has ended."""
        word, child, status = self._answer(seconds).split()
        assert word == "ended" and int(child) == self.child
        self.child = None
        return int(status)

    def _answer(self, seconds):
        assert select.select([self.process.stdout], [], [], seconds)[0], "it hangs"
        return self.process.stdout.readline().decode()

    def close(self):
        self.kill()
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def server():
    server = Server()
    yield server
    server.close()


def wait_for_news(log, known, seconds=60):
    end = time.monotonic() + seconds
    while len(log.read()) <= known and time.monotonic() < end:
        time.sleep(0.001)


def kill_in(server, folder, job, arguments, rng, news, seconds):
    """Starts the job, waits for news from it or not, and kills it somewhere in so many seconds."""
    log = kill_jobs.Log(f"{folder}.log")
    known = len(log.read())
    server.start(job, folder, FOREVER, *arguments)
    if news:
        wait_for_news(log, known)
    time.sleep(rng.uniform(0, seconds))
    assert server.kill() == -signal.SIGKILL, "the job has ended by itself"
    return log


def count_parts(folder):
    """How many kills hit a write in its middle: each left half a file under another name."""
    parts = list(folder.glob("*.part"))
    for part in parts:
        part.unlink()
    return len(parts)


def is_whole_cache(folder, log):
    try:
        arrays = cache.read(folder / "digits.npz")
    except FileNotFoundError:  # the job itself removes the file before it prepares it anew
        return
    values = {int(v) for array in arrays.values() for v in np.unique(array)}
    assert len(values) == 1 and values <= {1, 2, 3}


def is_whole_text(folder, log):
    if not log.read():
        assert not (folder / "text").exists() or len((folder / "text").read_text()) == 1_000_000
        return
    text = (folder / "text").read_text()
    assert len(text) == 1_000_000 and len(set(text)) == 1 and text[0] in "abc"


def is_whole_arrays(folder, log):
    if log.read():
        x = files.read_arrays(folder / "arrays.npz")["x"]
        assert len(x) == 200_000 and len(set(x)) == 1


def keeps_all_answers(folder, log):
    if log.read():
        kept = answers.read_answers(folder / answers.FILE)
        assert int(log.read()[-1]) < len(
            kept
        )  # each answer that was told to be kept, and its order
        for number, answer in enumerate(kept):
            assert (answer.question, answer.answer) == (f"Question {number}?", "abcd"[number % 4])


def keeps_all_runs(folder, log):
    shelf = runs.Shelf(kill_jobs.NumberLab(), folder)
    names = shelf.names()
    assert set(log.read()) <= set(names)
    for name in names:
        arrays = files.read_arrays(shelf.folder / f"{name}.npz")
        number = json.loads(str(arrays["about"]))["settings"]["number"]
        assert np.all(arrays["state/weights"] == number)
    for name in names[-2:]:
        shelf.load(name)


TARGETS = {
    "prepare_cache": is_whole_cache,
    "write_text": is_whole_text,
    "write_arrays": is_whole_arrays,
    "answer": keeps_all_answers,
    "save_runs": keeps_all_runs,
}


@few_or_many(5, 50)
@pytest.mark.parametrize("job", TARGETS)
def test_killed_at_a_random_moment(server, tmp_path, monkeypatch, count, job, trials):
    rng, folder, halves = np.random.default_rng(trials), tmp_path / "data", 0
    folder.mkdir()
    for trial in range(trials):
        news = trial % 4 > 0  # the others may be killed before anything is there
        log = kill_in(server, folder, job, (), rng, news, 0.02)
        TARGETS[job](folder, log)
        halves += count_parts(folder) + count_parts(folder / "NumberLab")
        known = len(log.read())
        server.start(job, folder, 1)  # the next start: whatever the killed one held is free
        assert server.status() == 0
        TARGETS[job](folder, log)
        assert len(log.read()) == known + 1
    count(trials)
    if trials >= 50:
        assert halves >= 5  # else the kills came at no interesting moment


TINY = """\
# %% [markdown]
# # 00 · Tiny

# %%
6 * 7
"""


def is_whole_notebook(folder, log):
    import jupytext
    import nbformat

    script = folder / "src" / "00_tiny.py"
    cells = jupytext.read(script, fmt="py:percent").cells
    assert cells[-1].source == "6 * 7" and len(cells) in (2, 4)
    if log.read():
        notebook = nbformat.read(folder / "00_tiny.ipynb", as_version=4)
        nbformat.validate(notebook)
        assert len(notebook.cells) == 4


def wait_until_alone(session, seconds=30):
    """A kernel whose parent was killed ends by itself."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        left = [p for p in psutil.process_iter() if is_of(p, session)]
        if not left:
            return
        time.sleep(0.05)
    pytest.fail(f"still running: {left}")


def is_of(process, session):
    try:
        return os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False


@pytest.mark.parametrize(
    ("executes", "trials"),
    [
        (False, 5),
        (True, 1),
        pytest.param(False, 50, marks=pytest.mark.long),
        pytest.param(True, 10, marks=pytest.mark.long),
    ],
)
def test_a_notebook_build_that_is_killed(server, tmp_path, count, executes, trials):
    rng, folder, halves = np.random.default_rng(0), tmp_path / "notebooks", 0
    (folder / "src").mkdir(parents=True)
    script = folder / "src" / "00_tiny.py"
    script.write_text(TINY)
    for trial in range(trials):
        news, seconds = not executes and trial % 4 > 0, 3 if executes else 0.1
        log = kill_in(server, folder, "build_notebooks", [executes], rng, news, seconds)
        wait_until_alone(server.session)
        is_whole_notebook(folder, log)
        halves += count_parts(folder) + count_parts(script.parent)
    server.start("build_notebooks", folder, 1, executes)
    assert server.status() == 0
    is_whole_notebook(folder, log)
    assert not list(folder.glob("*.part"))
    count(trials)
    if trials >= 50:
        assert halves >= 5


WAITING = """
import json, sys
import numpy as np, filelock, platformdirs
from tgan_lessons import cache

x, y = np.full((9, 28, 28), int(sys.argv[1]), np.uint8), np.full(9, int(sys.argv[1]), np.uint8)
print("waiting", flush=True)
arrays = cache.load_or_make("digits", lambda: dict(x_train=x, y_train=y, x_test=x, y_test=y))
print(json.dumps(np.unique(arrays["x_train"]).tolist()))
"""


@few_or_many(3, 50)
def test_a_process_that_is_killed_while_it_holds_the_lock(
    server, tmp_path, monkeypatch, count, trials
):
    """Two kernels want the same data; the first dies while it prepares them."""
    folder, log = tmp_path / "data", kill_jobs.Log(tmp_path / "data.log")
    monkeypatch.setenv(cache.VARIABLE, str(folder))
    folder.mkdir()
    for trial in range(trials):
        cache.cache_path("digits").unlink(missing_ok=True)
        server.start("load_held", folder, 1)
        wait_for_news(log, trial)
        command, other = [sys.executable, "-c", WAITING, str(trial % 3 + 1)], None
        if trial % 3 == 0:  # a second process waits already
            other = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            assert other.stdout.readline() == "waiting\n"
        assert server.kill() == -signal.SIGKILL
        if other:
            said, _ = other.communicate(timeout=60)
            assert json.loads(said) == [trial % 3 + 1]
            is_whole_cache(folder, log)
        ours = cache.load_or_make("digits", lambda: kill_jobs.make(2))
        theirs = cache.load_or_make("digits", lambda: pytest.fail("made again"))
        assert all(np.array_equal(ours[key], theirs[key]) for key in cache.KEYS)
    count(trials)
