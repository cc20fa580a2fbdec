"""Games on disk: all that decides how a game goes on, in one file that a kill cannot spoil.

A training that may be killed at any moment, and goes on where the cell is run again:

    game.feed(data)
    checkpoint.train(game, "gan.npz", rounds=2000, every=100)

    checkpoint.resume(game, "gan.npz")  # the same, for a loop of one's own
    while game.rounds < 2000:
        game.advance(100)
        checkpoint.save(game, "gan.npz")

Both end with the weights of a training that nobody killed, bit for bit.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tgan_lessons.files import read_arrays, write_arrays
from tgan_lessons.game import Game
from tgan_lessons.rounds import log_names
from tgan_lessons.runtime import announce

SEED = "seed"  # of the game's own batches: a number, not a variable


class CheckpointError(Exception):
    """A checkpoint that cannot be read, written or given to this game."""


def _named(game: Game) -> dict[str, keras.Variable]:
    """Each variable of a game once; Keras's names depend on what else was built in the session."""
    named = {"rounds": game.rounds}
    known = {id(game.rounds), *(id(v) for metric in game.metrics for v in metric.variables)}

    def add(owner: str, variables: Iterable[keras.Variable]) -> None:
        for number, variable in enumerate(variables):
            if id(variable) not in known:
                known.add(id(variable))
                named[f"{owner}/{number}"] = variable

    for player in game.players:
        add(f"{player.name}/network", (v for n in player.networks for v in n.variables))
        add(f"{player.name}/optimizer", player.optimizer.variables)
    add("game", game.variables)  # the rest: moves, coefficients, random states, other networks
    return named


def snapshot(game: Game) -> dict[str, np.ndarray]:
    """Copies all that decides how a game goes on, but the data.

    Weights and statistics of all networks, moments and learning rates of all optimizers, random
    states, coefficients, moves, the round.
    """
    arrays = {name: np.array(variable.numpy()) for name, variable in _named(game).items()}
    return arrays | {SEED: np.array(game.seed, np.int64)}


def restore(game: Game, arrays: Mapping[str, np.ndarray]) -> None:
    """Gives a game the `snapshot` of one that was built alike; all of it or, on errors, nothing.

    Raises:
        CheckpointError: names, shapes or types differ.
    """
    named = _named(game)
    expected = {name: f"{v.dtype} {tuple(v.shape)}" for name, v in named.items()}
    expected[SEED] = "int64 ()"
    received = {name: f"{array.dtype.name} {array.shape}" for name, array in arrays.items()}
    for name in expected | received:
        if expected.get(name) != received.get(name):
            raise CheckpointError(
                f"the state must be of a game built like this one. `{name}` must be "
                f"{expected.get(name, 'absent')}. Received: {received.get(name, 'nothing')}"
            )
    for name, variable in named.items():
        variable.assign(arrays[name])
    game.seed = int(arrays[SEED])


def save(game: Game, path: str | Path) -> None:
    """Writes a game to a file, which is at all times the old one or the new one, whole.

    Raises:
        CheckpointError: the folder has no room or may not be written to. A file from before stays.
    """
    try:
        write_arrays(Path(path), snapshot(game))
    except OSError as error:
        raise CheckpointError(
            f"Could not save the game to {path} ({error.strerror or error}). What was saved before "
            "is still there. Choose a folder with room that you may write to."
        ) from error


def load(game: Game, path: str | Path) -> None:
    """Gives a game the state in a file; on errors it stays as it is.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: it cannot be read, is damaged, no checkpoint, or one of another game.
    """
    try:
        restore(game, typed(game, _read(Path(path))))
    except CheckpointError as error:
        raise CheckpointError(
            f"{path} does not fit: {error}. Choose another, or delete it to start anew"
        ) from None


def typed(game: Game, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """A `snapshot` as `files.read_arrays` gives it, with the types that its game asks for."""
    types = {name: variable.dtype for name, variable in _named(game).items()}
    return {name: _from_plain(a, types.get(name, "float32")) for name, a in arrays.items()}


def resume(game: Game, path: str | Path) -> int:
    """Loads the file, where there is one, and says so; call it before `game.batches()`.

    Returns:
        How many rounds the game has played.
    """
    if os.path.exists(path):
        load(game, path)
        announce(f"Going on from round {int(game.rounds.numpy())}, saved in {path}")
    return int(game.rounds.numpy())


class Checkpoint(keras.callbacks.Callback):
    """Saves the game while `fit` trains it, at the ends of epochs, unless it has diverged.

    Put it last in the list: what other callbacks change at the end of an epoch is saved too. What
    they remember is not: the patience of `EarlyStopping` begins anew with every start.

    Args:
        path: of the file, see `save`.
        every: rounds at least from one save to the next; the last epoch is saved anyway.
    """

    def __init__(self, path: str | Path, *, every: int = 1) -> None:
        super().__init__()
        self.path, self.every = Path(path), every

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Refuses to write over a training that is further than this one."""
        self._saved = int(self.model.rounds.numpy())
        kept = int(_read(self.path).get("rounds", 0)) if self.path.exists() else 0
        if kept > self._saved:
            raise CheckpointError(
                f"{self.path} holds round {kept}, the game is in round {self._saved}. Call "
                "`resume(game, path)` before `game.batches()` to go on from it, or delete it"
            )

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Saves, where it is time."""
        rounds, names = int(self.model.rounds.numpy()), log_names(self.model.players)
        is_sound = all(math.isfinite((logs or {}).get(name, 0.0)) for name in names)
        is_last = self.model.stop_training or epoch + 1 == self.params["epochs"]
        if is_sound and (is_last or rounds >= self._saved + self.every):
            save(self.model, self.path)
            self._saved = rounds


def train(
    game: Game,
    path: str | Path,
    *,
    rounds: int,
    every: int = 100,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    **options: Any,
) -> keras.callbacks.History:
    """Trains a fed game with `fit` until it has played `rounds`, from the file where there is one.

    Args:
        game: built and fed as at the first start.
        path: of the file, see `save`.
        rounds: in all, those of earlier starts included.
        every: rounds from one save to the next; each such stretch is an epoch of `fit`.
        callbacks: for `fit`. What they remember is not saved, see `Checkpoint`.
        options: for `fit`.

    Raises:
        ValueError: `every` does not divide the rounds that are left.
    """
    left = max(0, rounds - resume(game, path))
    if not every >= 1 or every % 1 or left % every:
        raise ValueError(f"`every` must divide the {left} rounds left. Received: every={every}")
    epochs = math.ceil(rounds / every)
    return game.fit(
        game.batches(),
        steps_per_epoch=every,
        epochs=epochs,
        initial_epoch=epochs - left // every,
        callbacks=[*callbacks, Checkpoint(path)],
        **options,
    )


def _read(path: Path) -> dict[str, np.ndarray]:
    """All arrays of a file; says what is wrong with it."""
    try:
        return read_arrays(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        reason = error.strerror or error
        raise CheckpointError(f"{path} cannot be read ({reason}). Choose another") from error
    except ValueError as error:
        raise CheckpointError(
            f"{path} is no whole checkpoint ({error}). Choose another, or delete it to start anew"
        ) from error


def _from_plain(array: np.ndarray, dtype: str) -> np.ndarray:
    """What `write_arrays` stored as bytes, where the variable is of such a type."""
    as_bytes = f"V{np.dtype(dtype).itemsize}"
    return array.view(dtype) if np.dtype(dtype).kind == "V" and array.dtype == as_bytes else array
