"""Trainings that a lost connection does not lose."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tgan_lessons import answers, resume
from tgan_lessons.resume import Place, fingerprint, recall
from tgan_lessons.run_table import RunTable

# A kernel without a browser: runs the cells that it is given, as a notebook does, and tells how
# the game ended.
KERNEL = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config
shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
for cell in json.loads(sys.argv[1]):
    shell.run_cell(cell, store_history=True).raise_error()
print("END", json.dumps(shell.user_ns.get("told")))
"""
CELLS = [
    "import numpy as np, sys\nsys.path.insert(0, TESTS)\nfrom crash_run import build",
    "from tgan_lessons import resume\nresume.LEAST, resume.EVERY = 0.0, 0.05",
    "game = build(penalty='r1')",
    "logs = [game.advance(n) for n in (400, 1600)]",
    "from tgan_lessons import checkpoint\nstate = checkpoint.snapshot(game)",
    "told = [resume.fingerprint(state), logs, int(game.rounds)]",
]
CELLS[0] = CELLS[0].replace("TESTS", repr(os.path.dirname(__file__)))


def start(folder, cells):
    variables = {"TF_CPP_MIN_LOG_LEVEL": "3", "IPYTHONDIR": str(folder.parent)}
    variables |= {resume.VARIABLE: str(folder)}
    command = [sys.executable, "-c", KERNEL, json.dumps(cells)]
    return subprocess.Popen(
        command, env=os.environ | variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def end(process):
    said, complained = (text.decode() for text in process.communicate(timeout=300))
    assert process.returncode == 0, complained[-2000:]
    last = said.strip().splitlines()[-1]
    return said, json.loads(last.removeprefix("END "))


def test_a_killed_kernel_goes_on_where_it_was_saved_bit_for_bit(tmp_path):
    folder = tmp_path / "kept"
    killed = start(folder, CELLS)
    deadline = time.monotonic() + 300
    while len(list(folder.glob("*.npz"))) < 2 and time.monotonic() < deadline:
        assert killed.poll() is None, "it ended before it could be killed"
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    files = {path: path.stat().st_mtime_ns for path in folder.glob("*.npz")}
    assert len(files) == 2  # one stretch is whole, the other was cut

    said, told = end(start(folder, CELLS))
    assert "Going on from what was trained before" in said
    assert any(path.stat().st_mtime_ns == written for path, written in files.items())  # the whole

    from crash_run import build

    from tgan_lessons import checkpoint

    game = build(penalty="r1")
    logs = [game.advance(n) for n in (400, 1600)]
    assert told == [fingerprint(checkpoint.snapshot(game)), logs, int(game.rounds)]


def test_nothing_is_kept_where_no_folder_is_chosen(monkeypatch, tmp_path):
    monkeypatch.delenv(resume.VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    calls = []
    for _ in range(2):
        recall(lambda: calls.append(1) or {"w": np.ones(2)}, "a")
    assert len(calls) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv(resume.VARIABLE, str(tmp_path / "kept"))
    monkeypatch.setattr(resume, "LEAST", 0.0)
    monkeypatch.setattr(resume, "_told", set())
    monkeypatch.setattr(resume, "_places", resume.Counter())
    return tmp_path / "kept"


def anew(monkeypatch):
    """As in a kernel that has just been started."""
    monkeypatch.setattr(resume, "_places", resume.Counter())
    monkeypatch.setattr(resume, "_told", set())


def test_a_training_is_found_again_and_trained_once(folder, monkeypatch, capsys):
    calls = []

    def train():
        calls.append(1)
        return {"w": np.arange(3.0), "b": np.array("text")}

    first = recall(train, "a", 1)
    anew(monkeypatch)
    again = recall(train, "a", 1)
    assert len(calls) == 1
    assert list(again) == list(first)
    np.testing.assert_array_equal(again["w"], first["w"])
    assert "Going on from what was trained before" in capsys.readouterr().out
    recall(train, "a", 1)  # the second of the cell is another training
    assert len(calls) == 2


def test_short_trainings_are_not_kept(folder, monkeypatch):
    monkeypatch.setattr(resume, "LEAST", 60.0)
    recall(lambda: {"w": np.ones(1)}, "a")
    assert not folder.exists()


def test_trainings_inside_of_one_do_not_move_those_after_it(folder, monkeypatch):
    def outer():
        recall(lambda: {"w": np.zeros(1)}, "inner")
        return {"w": np.ones(1)}

    for _ in range(2):  # the second time the inner one does not happen
        recall(outer, "outer")
        found = recall(lambda: {"w": np.random.default_rng().normal(size=1)}, "after")
        monkeypatch.setattr(resume, "_first", getattr(resume, "_first", found), raising=False)
        anew(monkeypatch)
    np.testing.assert_array_equal(found["w"], resume._first["w"])


def test_a_damaged_file_is_set_aside_and_trained_anew(folder, monkeypatch, capsys):
    recall(lambda: {"w": np.arange(50.0)}, "a")
    (path,) = folder.glob("*.npz")
    path.write_bytes(path.read_bytes()[:-40])
    anew(monkeypatch)
    assert recall(lambda: {"w": np.ones(2)}, "a")["w"].tolist() == [1, 1]
    assert "is damaged" in capsys.readouterr().out
    assert len(list(folder.glob("*.damaged"))) == 1


def test_a_folder_that_cannot_be_written_stops_no_training(monkeypatch, folder, capsys):
    folder.write_text("a file where the folder should be")
    assert recall(lambda: {"w": np.ones(2)}, "a")["w"].tolist() == [1, 1]
    assert "This training is not kept" in capsys.readouterr().out
    assert folder.read_text() == "a file where the folder should be"


def test_the_oldest_go_first_where_the_folder_is_full(folder, monkeypatch):
    monkeypatch.setattr(resume, "LIMIT", 5000)
    for number in range(6):
        Place(number).save({"w": np.zeros(200)})  # 1,600 bytes and a header
        newest = max(folder.glob("*.npz"), key=lambda path: path.stat().st_mtime_ns)
        os.utime(newest, ns=(number * 10**9, number * 10**9))
    left = sorted(path.stat().st_mtime_ns // 10**9 for path in folder.glob("*.npz"))
    assert left == [4, 5] or left == [3, 4, 5]
    assert sum(path.stat().st_size for path in folder.glob("*.npz")) <= 5000


def test_on_colab_a_mounted_drive_is_the_folder(monkeypatch, tmp_path):
    monkeypatch.delenv(resume.VARIABLE, raising=False)
    monkeypatch.setattr(resume, "DRIVE", tmp_path / "drive")
    assert resume.folder() is None
    monkeypatch.setitem(sys.modules, "google.colab", sys)
    assert resume.folder() is None
    (tmp_path / "drive").mkdir()
    assert resume.folder() == tmp_path / "drive" / "tgan_lessons" / "resume"
    monkeypatch.setenv(resume.VARIABLE, "")
    assert resume.folder() is None  # said to be unwanted


@pytest.fixture
def drive(monkeypatch, tmp_path):
    """Colab, whose drive is mounted by `mkdir`."""
    monkeypatch.delenv(resume.VARIABLE, raising=False)
    monkeypatch.setattr(resume, "DRIVE", tmp_path / "drive")
    monkeypatch.setitem(sys.modules, "google.colab", sys)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    resume._told.clear()
    return tmp_path / "drive"


def test_what_a_learner_makes_follows_trainings_into_the_drive(drive, monkeypatch, capsys):
    here = drive.parent / "work"
    assert resume.lasting("runs") == here / "runs"
    assert "are lost with this machine" in resume.where_kept()
    (here / "runs").mkdir()
    drive.mkdir()  # mounted in the middle
    assert resume.lasting("runs") == drive / "tgan_lessons" / "runs"
    assert capsys.readouterr().out.count(f"{here / 'runs'} is lost with this machine") == 1
    (here / "runs").rmdir()
    assert resume.lasting("my_answers.json") == drive / "tgan_lessons" / "my_answers.json"
    assert resume.lasting(here / "mine.npz") == here / "mine.npz"
    assert resume.where_kept().endswith(f"are kept in {drive / 'tgan_lessons'}.")
    assert os.listdir(drive / "tgan_lessons") == []
    monkeypatch.setenv(resume.VARIABLE, str(drive / "kept"))
    assert resume.lasting("runs") == drive / "kept" / "runs"
    monkeypatch.setenv(resume.VARIABLE, "")
    assert resume.lasting("runs") == here / "runs"
    assert capsys.readouterr().out == ""


def test_answers_and_runs_are_found_in_the_drive_by_the_next_machine(drive, monkeypatch):
    drive.mkdir()
    asked = answers.Record("quiz", "Which?", ["a", "b"])
    assert asked.keep("b") == ""
    RunTable().put({"id": "first"})
    other = drive.parent / "another machine"
    other.mkdir()
    monkeypatch.chdir(other)
    assert answers.Record("quiz", "Which?", ["a", "b"]).answer.first == "b"
    assert [row["id"] for row in RunTable().rows()] == ["first"]
    assert os.listdir(other) == []


def test_a_drive_that_cannot_be_written_is_told(drive):
    drive.mkdir()
    (drive / "tgan_lessons").write_text("a file where the folder should be")
    assert resume.where_kept().startswith("Nothing is kept: ")
    note = answers.Record("quiz", "Which?", ["a", "b"]).keep("b")
    assert f"{drive / 'tgan_lessons' / 'my_answers.json'} cannot be written" in note


def test_elsewhere_a_learners_things_lie_in_the_working_folder(monkeypatch, tmp_path):
    monkeypatch.setenv(resume.VARIABLE, str(tmp_path / "kept"))
    monkeypatch.chdir(tmp_path)
    assert resume.lasting("runs/x.csv") == tmp_path / "runs" / "x.csv"
    assert resume.where_kept() == ""


def test_the_code_that_ran_decides(shell, folder):
    def names(cells):
        shell.user_ns["In"] = ["", *cells]
        return resume._code()

    assert names(["a = 1", "train()"]) == ("", "a = 1", "train()")
    changed = names(["a = 1", "a = 2", "train()"])
    back = names(["a = 1", "a = 2", "train()", "a = 1", "train()"])
    assert changed != back  # of equal cells the last counts: a is 1 again
    assert names(["a = 1", "train()", "train()"]) == ("", "a = 1", "train()")


def test_fingerprints_differ_where_anything_does():
    a = np.arange(6.0)
    parts = [
        (a,), (a.astype(np.float32),), (a.reshape(2, 3),), (a[::-1],), (a, None), ("a",), ("a", ""),
        ("", "a"), (["a", ""],), (1,), (1.0,), ("1",), ({"w": a},), ({"v": a},), (np.array("a"),),
        (np.array(1.0),), (True,), ([[a], []],), ([[], [a]],), (np.zeros(0),), (np.zeros((0, 1)),),
    ]  # fmt: skip
    assert len({fingerprint(*part) for part in parts}) == len(parts)
    assert fingerprint(a, {"w": 1}) == fingerprint(a.copy(), {"w": 1})
    with pytest.raises(TypeError, match=r"`parts` must be arrays.*Received: function"):
        fingerprint(lambda: 1)


# The trainers of the lessons: a training that is found is the one that was trained


def twice(monkeypatch, make, state):
    """States after training, and after the same again in a new kernel; and what was trained."""
    states, saved = [], []
    write = resume.write_arrays
    monkeypatch.setattr(resume, "write_arrays", lambda *a: saved.append(1) or write(*a))
    for _ in range(2):
        anew(monkeypatch)
        states.append(fingerprint(state(make())))
        saved.append("|")
    return states, saved


def test_ensembles(folder, monkeypatch):
    from tgan_lessons import small_nets
    from tgan_lessons.ensembles import Ensemble

    plan = small_nets.Plan((4, 4, 4), (8, 8), (0, 0, 0))
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (40, 14, 14, 1)).astype(np.float32)
    y = rng.integers(0, 3, 40)
    batches = rng.integers(0, 40, (5, 2, 8))

    def make():
        networks = Ensemble(plan, small_nets.new_weights(plan, [0, 1]))
        losses = networks.train(x, y, batches, 1e-2)
        return networks, losses

    def state(made):
        networks, losses = made
        moments = [np.asarray(m) for m in networks._moments]
        return networks.weights, moments, networks.steps, losses, networks.look(x[:3])

    states, saved = twice(monkeypatch, make, state)
    assert states[0] == states[1]
    assert saved == [1, "|", "|"]


def test_crowds_also_go_on_alike(folder, monkeypatch):
    from tgan_lessons.crowd import Crowd, Rules

    points = np.random.default_rng(1).normal(size=(100, 2))

    def make():
        crowd = Crowd(Rules(units_d=(4,), units_g=(4,)), (1, 2), points, rounds=20, batch_size=8)
        crowd.train(10)
        monkeypatch.setenv(resume.VARIABLE, "")  # what comes now is trained both times
        crowd.train(5)
        monkeypatch.setenv(resume.VARIABLE, str(folder))
        return crowd

    states, saved = twice(monkeypatch, make, lambda crowd: (crowd.weights, crowd.rounds))
    assert states[0] == states[1]
    assert saved == [1, "|", "|"]


def test_classifiers(folder, monkeypatch):
    from tgan_lessons import models, transfer

    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (24, 28, 28, 1)).astype(np.float32)
    y = rng.integers(0, 3, 24)

    def make(frozen=0):
        def build(seed):
            return models.build_classifier(models.build_backbone((4, 8), seed=seed), 3, seed=seed)

        trainer = transfer.Learner(build, frozen_blocks=frozen)
        return trainer.train(x, y, steps=3, seed=1)

    def state(model):
        return [v.numpy() for v in (*model.variables, *model.optimizer.variables)]

    states, saved = twice(monkeypatch, make, state)
    assert states[0] == states[1]
    assert saved == [1, "|", "|"]
    anew(monkeypatch)
    make(frozen=1)
    assert saved[3:] == [1]  # another training


def test_variants_of_a_game_are_other_games(folder, monkeypatch):
    from crash_run import build

    from tgan_lessons import checkpoint

    def play(loss):
        anew(monkeypatch)
        game = build().variant(loss=loss)
        return game.advance(3), fingerprint(checkpoint.snapshot(game))

    first = play("least squares")
    assert play("wasserstein") != first
    assert len(list(folder.glob("*.npz"))) == 2
    assert play("least squares") == first
    assert len(list(folder.glob("*.npz"))) == 2


def test_adaptations_and_what_watches_them(folder, monkeypatch):
    from tgan_lessons import adapt, adapt_runs

    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (30, 28, 28, 1)).astype(np.float32)
    y = rng.integers(0, 10, 30).astype(np.int32)
    seen = []

    def make():
        game = adapt_runs.build_game("DANN", filters=(4, 4), channels=1)
        game.feed((x, y, -x), batch_size=4)
        seen.append([])
        watch = lambda: seen[-1].append(int(game.rounds))  # noqa: E731
        logs = adapt.train(game, 8, every=2, watch=watch, watch_every=4)
        return game, logs

    def state(made):
        from tgan_lessons import checkpoint

        return checkpoint.snapshot(made[0]), made[1]

    states, saved = twice(monkeypatch, make, state)
    assert states[0] == states[1]
    assert seen == [[4, 8], [4, 8]]
    assert saved[-1] == "|" and saved[-2] == "|"  # nothing was trained the second time
