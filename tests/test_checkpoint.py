import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from crash_run import build  # noqa: E402

from tgan_lessons import checkpoint  # noqa: E402
from tgan_lessons.checkpoint import CheckpointError  # noqa: E402
from tgan_lessons.game import Diverged  # noqa: E402

HERE = Path(__file__).parent


def assert_same(left, right):
    assert left.keys() == right.keys()
    for name in left:
        assert left[name].dtype == right[name].dtype
        np.testing.assert_array_equal(left[name], right[name], err_msg=name)


def read(path):
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def files_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def game():
    """One that has played; tests give it back as it was."""
    game = build(penalty="r1", smoothing=0.1)
    game.advance(5)
    return game


@pytest.fixture
def untouched(game):
    before = checkpoint.snapshot(game)
    yield before
    assert_same(before, checkpoint.snapshot(game))


# Snapshots


def variables_of(game):
    """All there are, found without the package: the object's own lists, and both optimizers'."""
    found = [*game.generator.variables, *game.discriminator.variables]
    found += [v for name in ("discriminator", "generator") for v in optimizer_of(game, name)]
    found += [game.rounds, *game._moves.values(), *game.coefficients.values()]
    return [*found, game.seeds.state, game.sampling.state]


def optimizer_of(game, name):
    optimizer = game.player(name).optimizer
    moments = [*optimizer._momentums, *optimizer._velocities]
    return [optimizer.iterations, optimizer._learning_rate, *moments]


def test_a_snapshot_holds_each_variable_once(game):
    variables = variables_of(game)
    before = checkpoint.snapshot(game)
    assert len(before) == len(variables) + 1  # and the seed
    seen = set()
    for variable in variables:
        value = variable.numpy()
        variable.assign(value + np.ones_like(value))
        after = checkpoint.snapshot(game)
        changed = [name for name in before if np.any(before[name] != after[name])]
        assert len(changed) == 1, (variable.path, changed)
        seen.add(changed[0])
        variable.assign(value)
    assert seen == before.keys() - {"seed"}
    assert_same(before, checkpoint.snapshot(game))


def test_a_snapshot_is_a_copy(game):
    kernel = game.generator.trainable_variables[0]
    before = checkpoint.snapshot(game)["generator/network/0"]
    value = kernel.numpy()
    np.testing.assert_array_equal(before, value)
    kernel.assign(value + 1)
    np.testing.assert_array_equal(before, value)
    kernel.assign(value)


def test_a_restored_game_goes_on_as_the_other_would(game):
    """In a session where Keras has given other names to everything."""
    start = checkpoint.snapshot(game)
    other = build(seed=3, penalty="r1", smoothing=0.1)
    other.set_rate("generator", 0.5)
    other.set_moves("generator", 7)
    other.set_coefficient("penalty", 9.0)
    checkpoint.restore(other, start)
    assert_same(start, checkpoint.snapshot(other))
    for one in (game, other):
        one.advance(3)
        one.fit(one.batches(), steps_per_epoch=2, verbose=0)
    assert_same(checkpoint.snapshot(game), checkpoint.snapshot(other))
    assert int(other.rounds) == 10 and other.seed == 0
    checkpoint.restore(game, start)
    assert_same(start, checkpoint.snapshot(game))


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("rounds", None, r"`rounds` must be int64 \(\). Received: nothing"),
        ("seed", None, r"`seed` must be int64 \(\). Received: nothing"),
        ("seed", np.zeros(2, np.int64), r"`seed` must be int64 \(\). Received: int64 \(2,\)"),
        ("more", np.zeros(2), r"`more` must be absent. Received: float64 \(2,\)"),
        (
            "generator/network/0",
            np.zeros((4, 2), np.float32),
            r"`generator/network/0` must be float32 \(2, 4\). Received: float32 \(4, 2\)",
        ),
        ("generator/network/0", np.zeros((2, 4)), r"float32 \(2, 4\). Received: float64 \(2, 4\)"),
    ],
)
def test_the_state_of_another_game_is_refused_whole(game, untouched, name, array, message):
    state = {key: np.zeros_like(value) for key, value in untouched.items()} | {name: array}
    state = {key: value for key, value in state.items() if value is not None}
    with pytest.raises(
        CheckpointError, match="^the state must be of a game built like.*" + message
    ):
        checkpoint.restore(game, state)


# Files


def test_a_file_holds_the_snapshot(game, untouched, tmp_path):
    path = tmp_path / "new" / "game.npz"
    checkpoint.save(game, path)
    assert files_in(path.parent) == ["game.npz"]
    assert_same(read(path), untouched)
    checkpoint.restore(game, {k: np.zeros_like(v) for k, v in untouched.items()})
    checkpoint.load(game, str(path))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float64"])
def test_all_precisions_survive(tmp_path, dtype):
    game, path = build(dtype=dtype), tmp_path / "game.npz"
    kernel = game.generator.trainable_variables[0]
    kernel.assign(np.linspace(-3, 1e-3, 8).reshape(2, 4))
    before = checkpoint.snapshot(game)
    assert kernel.dtype == dtype == before["generator/network/0"].dtype.name
    checkpoint.save(game, path)
    checkpoint.restore(game, {k: np.zeros_like(v) for k, v in before.items()})
    checkpoint.load(game, path)
    assert_same(before, checkpoint.snapshot(game))
    for other in {"bfloat16", "float16", "float32"} - {dtype}:
        with pytest.raises(CheckpointError, match=r"game\.npz does not fit: .*network/0` must be"):
            checkpoint.load(build(dtype=other), path)


class Bomb:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def write_foreign(path, kind, snapshot):
    match kind:
        case "empty":
            path.write_bytes(b"")
        case "text":
            path.write_text("no checkpoint")
        case "npy":
            with path.open("wb") as file:
                np.save(file, np.zeros(3))
        case "folder":
            path.mkdir()
        case "pickle":
            np.savez(path, **(snapshot | {"rounds": np.array([Bomb(path.parent / "evil")])}))
        case "zip":
            import zipfile

            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("notes.txt", "no array")


@pytest.mark.parametrize("kind", ["empty", "text", "npy", "folder", "pickle", "zip"])
def test_what_is_no_checkpoint_is_refused(game, untouched, tmp_path, kind):
    path = tmp_path / "game.npz"
    write_foreign(path, kind, untouched)
    for call in (checkpoint.load, checkpoint.resume):
        with pytest.raises(
            CheckpointError, match=r"game\.npz is no whole checkpoint \(.+\). Choose"
        ):
            call(game, path)
    assert not (tmp_path / "evil").exists()


def test_damage_is_found(game, untouched, tmp_path):
    path = tmp_path / "game.npz"
    checkpoint.save(game, path)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for length in rng.choice(len(whole), 40, replace=False):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match=r"game\.npz is no whole checkpoint"):
            checkpoint.load(game, path)
    found = 0
    for position in rng.choice(len(whole), 250, replace=False):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        try:
            checkpoint.load(game, path)  # dates and the like decide nothing
        except CheckpointError as error:
            found += 1
            assert str(path) in str(error)
        assert_same(untouched, checkpoint.snapshot(game))
    assert found > 100


def test_another_game_and_no_game(game, untouched, tmp_path):
    path = tmp_path / "game.npz"
    checkpoint.save(build(units=5), path)
    with pytest.raises(CheckpointError, match=r"^.*game\.npz does not fit: .*Choose another, or"):
        checkpoint.load(game, path)
    with pytest.raises(FileNotFoundError, match=r"none\.npz"):
        checkpoint.load(game, tmp_path / "none.npz")


def test_resume_says_where_it_goes_on(game, untouched, tmp_path, capsys):
    path = tmp_path / "game.npz"
    assert checkpoint.resume(game, path) == 5
    assert capsys.readouterr().out == ""
    checkpoint.save(game, path)
    game.rounds.assign(0)
    assert checkpoint.resume(game, path) == 5
    assert capsys.readouterr().out == f"Going on from round 5, saved in {path}\n"


# Folders that refuse


@contextlib.contextmanager
def no_room(limit):
    """Files of this process may not be larger."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_without_room_the_old_file_stays(game, untouched, tmp_path):
    path = tmp_path / "game.npz"
    checkpoint.save(game, path)
    whole = path.read_bytes()
    for limit in (0, 1000, len(whole) - 1):
        with (
            no_room(limit),
            pytest.raises(
                CheckpointError,
                match=r"^Could not save the game to .*game\.npz \(File too large\). What",
            ),
        ):
            checkpoint.save(game, path)
        assert files_in(tmp_path) == ["game.npz"]
        assert path.read_bytes() == whole
    with no_room(len(whole) + 9):
        checkpoint.save(game, path)


def test_a_folder_that_cannot_be(game, untouched, tmp_path):
    (tmp_path / "file").write_text("a file")
    (tmp_path / "folder.npz").mkdir()
    paths = [tmp_path / "file" / "game.npz", tmp_path / "folder.npz"]
    for path in paths + [Path("/proc/data/game.npz")] * (sys.platform == "linux"):
        with pytest.raises(
            CheckpointError, match=r"^Could not save the game to .* Choose a folder"
        ):
            checkpoint.save(game, path)
    assert files_in(tmp_path) == ["file", "folder.npz"]


def test_stop_during_a_save_leaves_the_old_file(game, untouched, tmp_path, monkeypatch):
    path = tmp_path / "game.npz"
    checkpoint.save(game, path)
    whole = path.read_bytes()

    def interrupted(member, array, **options):
        member.write(b"half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(np.lib.format, "write_array", interrupted)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save(game, path)
    assert files_in(tmp_path) == ["game.npz"]
    assert path.read_bytes() == whole


# While it trains


class Rounds(keras.callbacks.Callback):
    """Notes which epoch ended at which round, and which round is on disk then."""

    def __init__(self, path):
        super().__init__()
        self.path, self.seen = path, []

    def on_epoch_end(self, epoch, logs=None):
        on_disk = int(read(self.path)["rounds"]) if self.path.exists() else 0
        self.seen.append((epoch, int(self.model.rounds), on_disk))


def test_training_in_parts_equals_training_at_once(tmp_path, capsys):
    path = tmp_path / "parts.npz"
    halve = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5 ** (epoch > 2))
    whole, parts = build(), build()
    checkpoint.train(whole, tmp_path / "whole.npz", rounds=8, every=2, callbacks=[halve], verbose=0)
    checkpoint.train(parts, path, rounds=4, every=2, callbacks=[halve], verbose=0)
    parts.advance(7)  # all that is lost
    parts.set_rate("generator", 9.0)
    seen = Rounds(path)
    history = checkpoint.train(parts, path, rounds=8, every=2, callbacks=[halve, seen], verbose=0)
    assert history.epoch == [2, 3]
    assert seen.seen == [(2, 6, 4), (3, 8, 6)]
    assert_same(checkpoint.snapshot(whole), checkpoint.snapshot(parts))
    assert_same(read(tmp_path / "whole.npz"), read(path))
    assert "Going on from round 4, saved in " in capsys.readouterr().out
    assert checkpoint.train(parts, path, rounds=8, every=2, verbose=0).epoch == []
    assert checkpoint.train(parts, path, rounds=9, every=1, verbose=0).epoch == [8]


@pytest.mark.parametrize("every", [0, -1, 3, 2.5, float("nan")])
def test_every_must_divide_what_is_left(game, untouched, tmp_path, every):
    with pytest.raises(
        ValueError, match=rf"^`every` must divide the 10 rounds left. Received: every={every}$"
    ):
        checkpoint.train(game, tmp_path / "game.npz", rounds=15, every=every)


def test_saves_where_it_is_time_and_at_the_end(game, tmp_path):
    before, path = checkpoint.snapshot(game), tmp_path / "game.npz"
    seen = Rounds(path)
    saving = checkpoint.Checkpoint(path, every=3)
    options = {"steps_per_epoch": 2, "epochs": 5, "verbose": 0, "callbacks": [saving, seen]}
    game.fit(game.batches(), **options)
    assert seen.seen == [(0, 7, 0), (1, 9, 9), (2, 11, 9), (3, 13, 13), (4, 15, 15)]
    assert_same(read(path), checkpoint.snapshot(game))

    checkpoint.restore(game, before)  # a cell that is run again without `resume`
    message = r"game\.npz holds round 15, the game is in round 5. Call `resume\(game, path\)`"
    with pytest.raises(CheckpointError, match=message):
        game.fit(game.batches(), **options)
    assert_same(before, checkpoint.snapshot(game))

    stop = keras.callbacks.EarlyStopping("generator_loss", mode="max", min_delta=99, patience=0)
    path.unlink()
    game.fit(game.batches(), **(options | {"callbacks": [stop, saving]}))
    assert int(read(path)["rounds"]) == int(game.rounds) < 15
    checkpoint.restore(game, before)


def test_divergence_keeps_the_last_good_file(game, tmp_path, capsys):
    before, path = checkpoint.snapshot(game), tmp_path / "game.npz"
    game.fit(game.batches(), steps_per_epoch=1, callbacks=checkpoint.Checkpoint(path), verbose=0)
    good = read(path)
    assert int(good["rounds"]) == 6
    poisoned = np.full((9, 2), np.nan, np.float32)
    saving = checkpoint.Checkpoint(path)
    game.fit(poisoned, batch_size=3, epochs=3, callbacks=saving, verbose=0)
    assert "Training stopped: " in capsys.readouterr().out
    assert_same(good, read(path))
    checkpoint.restore(game, before)
    game.feed(poisoned, batch_size=8)
    with pytest.raises(Diverged):
        game.advance(3)
    assert all(np.isfinite(a).all() for a in checkpoint.snapshot(game).values())
    checkpoint.restore(game, before)


# Kills


@pytest.fixture(scope="module")
def server():
    if not hasattr(os, "fork"):
        pytest.skip("without fork, each start would import TensorFlow anew")
    environment = os.environ | {"PYTHONPATH": str(HERE.parent), "TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.Popen(
        [sys.executable, str(HERE / "crash_run.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    assert process.stdout.readline() == "ready\n"
    yield process
    process.stdin.close()
    process.wait(timeout=60)


def start(server, path, mode, slow=0.0):
    """Starts a child; returns its process id."""
    server.stdin.write(f"{path} {mode} {ROUNDS} {slow}\n")
    server.stdin.flush()
    return int(server.stdout.readline())


def lines_in(path):
    log = Path(f"{path}.log")
    return log.read_text().splitlines() if log.exists() else []


def wait_for(path, lines, word="", seconds=120):
    """Until that many new lines with this word are in the log, or the training has ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        now = lines_in(path)
        if sum(word in line for line in now) >= lines or any("finished" in line for line in now):
            return
        time.sleep(0.001)
    pytest.fail(f"the training hangs: {lines_in(path)}")


ROUNDS = 200
SLOW = 0.02  # seconds
# What a kill waits for: nothing, the game, or so many more lines about saves
MOMENTS = (None, "built", 1, 2, 3, 1, 4, 2, 1, 6)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["fit", "advance"])
def test_a_training_that_is_killed_ends_as_one_that_is_not(server, tmp_path, mode):
    calm, killed = tmp_path / "calm.npz", tmp_path / "killed.npz"
    start(server, calm, mode)
    assert server.stdout.readline() == "0\n"
    rng, rounds, kills = np.random.default_rng(0), [], 0
    for moment in MOMENTS[:: 1 if mode == "fit" else 2]:
        before = lines_in(killed)
        child = start(server, killed, mode, SLOW)
        match moment:
            case None:
                time.sleep(rng.uniform(0, 0.3))
            case "built":
                wait_for(killed, sum("built" in line for line in before) + 1, "built")
                time.sleep(rng.uniform(0, 1))
            case number:
                wait_for(killed, sum("writ" in line for line in before) + number, "writ")
                time.sleep(rng.uniform(0, SLOW))
        os.kill(child, signal.SIGKILL)
        kills += server.stdout.readline() == f"{-signal.SIGKILL}\n"
        rounds.append(int(read(killed)["rounds"]) if killed.exists() else 0)
    half_written = len(list(tmp_path.glob("*.part")))
    start(server, killed, mode)
    assert server.stdout.readline() == "0\n"
    assert lines_in(killed)[-1] == f"finished {ROUNDS}"
    assert_same(read(calm), read(killed))
    assert kills == len(rounds) and rounds == sorted(rounds) and len(set(rounds)) > 2
    assert half_written >= (3 if mode == "fit" else 1)  # else no kill was in the midst of a save
