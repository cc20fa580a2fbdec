"""The adversarial game: players with their own variables, loss and optimizer, who move in turn.

A game subclasses `Game`, keeps its networks, and defines `losses`. The engine does the rest.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

import keras
import tensorflow as tf

from tgan_lessons import resume
from tgan_lessons.draws import check_feed, stream, take, to_tensors
from tgan_lessons.kept_game import KeptGame
from tgan_lessons.pieces import Pieces, held_back
from tgan_lessons.players import Player, check_moves
from tgan_lessons.rounds import Batch, Logs, Rounds, Tensor, log_names, repeat
from tgan_lessons.runtime import announce, check_number, check_whole, choose


class Diverged(ArithmeticError):
    """A loss or a gradient was not finite. The move was not made."""


class Game(Rounds):
    """A `keras.Model` whose training step is one round: each player moves, in the order given.

    A move changes the variables and the normalisation statistics of the player who moves and
    nobody else's, whatever networks the losses run through. A move whose loss or gradient is not
    finite is not made, and none after it: the networks keep their last good state, and `Diverged`
    says what happened.

    Where a network is of mixed_float16, each player's loss is scaled by Keras's
    `LossScaleOptimizer`. A gradient that overflows skips this player's move, lowers its scale, and
    is logged as 0.

    Built in the scope of a `tf.distribute.MirroredStrategy`, a game is trained by `fit` on several
    devices as on one with the same batch, if the losses are means over the samples. Each device
    draws noise of its own. Batch normalisation sees the part of one device only; its moving
    averages are the means over the devices.

    Args:
        players: in the order in which they move.
        simultaneous: whether all move at once, from one shared forward pass.
        coefficients: numbers in the losses that may change while training, by name.
        seed: of noise and of the choice of samples.
        jit_compile: whether XLA compiles the rounds. Off: on a CPU it was slower, and on a GPU we
            have not measured it; `python -m benchmarks device` does.
    """

    _data_print: str | None = None  # of the samples, where somebody asked: see `kept_game`
    _last: Logs | None = None  # of the last round that `advance` played

    def feed(self, data: Batch, *, batch_size: int = 64) -> None:
        """Gives the game the samples that `advance`, `move` and `batches` draw from.

        Changing them later, or the batch size, traces nothing anew.

        Args:
            data: one array (n, ...), or a tuple of arrays of the same length, as `losses` takes.
            batch_size: samples of a move, drawn with replacement.
        """
        check_feed(data, batch_size)
        self._data = to_tensors(data)
        self._specs = tf.nest.map_structure(
            lambda t: tf.TensorSpec([None, *t.shape[1:]], t.dtype), self._data
        )
        self._batch_size, self._data_print = tf.constant(int(batch_size), tf.int32), None

    def advance(self, rounds: int = 1) -> dict[str, float]:
        """Plays rounds in a compiled loop; each move draws a batch of its own.

        Ctrl-C and the stop button end it between two rounds, within about a second or a round that
        takes longer. The game is then one that has played `rounds` rounds, and can go on.

        Args:
            rounds: how many, at least 0; 0 traces the loop and moves nobody.

        Returns:
            Each player's loss and gradient norm, `{"D_loss": …, "D_gradient_norm": …}`, of the
            last round, also where that was played before.

        Raises:
            Diverged: a loss or a gradient was not finite. That move was not made.
        """
        logs = self._play(None, rounds)
        if rounds:
            self._last = logs
        return dict(self._last or logs)

    def advance_to(self, rounds: int) -> dict[str, float]:
        """Plays what is left of so many rounds in all, which may be none. Otherwise like `advance`.

        A cell that calls it may be run again: it plays nothing twice, and returns the same.
        """
        goal = check_whole("rounds", rounds, least=0, most=sys.maxsize)
        return self.advance(max(0, goal - int(self.rounds.numpy())))

    def move(self, name: str, moves: int = 1) -> dict[str, float]:
        """Moves one player alone; all others stay as they are. Otherwise like `advance`."""
        choose("name", name, tuple(player.name for player in self.players))
        return self._play(name, moves)

    def batches(self) -> tf.data.Dataset:
        """The data for `fit`: endless batches, a function of the game's seed and round alone.

        A game that is restored and asked again goes on with the batches it would have seen.
        """
        return stream(self._fed(), self._batch_size, self.seed, start=int(self.rounds.numpy()))

    def _fed(self) -> Batch:
        if not hasattr(self, "_data"):
            raise RuntimeError("the game has no samples yet: call `feed(data)` first")
        return self._data

    def _play(self, name: str | None, times: int) -> dict[str, float]:
        if not times >= 0 or times % 1:
            what = "moves" if name else "rounds"
            raise ValueError(f"`{what}` must be a whole number of at least 0. Received: {times}")
        data = self._fed()
        if self._is_shared:
            raise RuntimeError(
                "`advance` and `move` play on one device, and this game was built for several, in "
                f"the scope of a {type(self.distribute_strategy).__name__}. Train it with "
                "`fit(game.batches(), steps_per_epoch=…)`"
            )
        self._see_moves()
        key = (name, self._specs)
        if key not in self._compiled:
            self._compiled[key] = self._compile_loop(name)
        pieces = self._pieces.setdefault(name, Pieces())
        is_long = bool(times) and pieces.expected(int(times)) >= resume.LEAST  # no burst of a lab
        kept = KeptGame(self, int(times), name, keep=is_long)
        left = int(times) - kept.done
        for count in pieces.counts(left) if left or not times else ():
            last = self._compiled[key](data, self._batch_size, tf.constant(count, tf.int32))
            logs = {key: float(value) for key, value in last.items()}
            _check_finite(logs, int(self.rounds.numpy()))
            kept.note(count, logs)
        return kept.logs

    def _compile_loop(self, name: str | None) -> Callable[..., Logs]:
        movers = [player for player in self.players if player.name == name]

        def loop(data: Batch, batch_size: Tensor, times: Tensor) -> Logs:
            def draw() -> Batch:
                return take(data, self.sampling.next(), batch_size)

            def step(goes_on: Tensor) -> tuple[Logs, Tensor]:
                if movers:
                    return self._move(movers, draw, goes_on)
                return self._round(draw, goes_on)

            return repeat(times, step, log_names(movers or self.players), tf.constant(True))[0]

        whole = tf.TensorSpec([], tf.int32)
        compiled = tf.function(
            loop,
            input_signature=[self._specs, whole, whole],
            autograph=False,
            jit_compile=self.jit_compile or None,
        )
        with held_back():  # TensorFlow warns of the fifth game where this is not asked for
            return compiled.get_concrete_function()

    def player(self, name: str) -> Player:
        """The player of this name."""
        choose("name", name, tuple(player.name for player in self.players))
        return next(player for player in self.players if player.name == name)

    def set_rate(self, name: str, learning_rate: float) -> None:
        """Changes a player's learning rate, without a retrace."""
        check_number("learning_rate", learning_rate, above=0.0)
        self.player(name).optimizer.learning_rate = learning_rate

    def set_moves(self, name: str, moves: int) -> None:
        """Changes how often a player moves in a round.

        The graph is traced anew where the player moved once a round until now, and never again.
        """
        player = replace(self.player(name), moves=moves)
        check_moves(player, self.simultaneous)
        self._moves[name].assign(moves)
        self._see_moves()

    def _see_moves(self) -> None:
        """Traces anew where a player who moved once a round may now move more often.

        On several devices, wherever the number of moves has changed.
        """
        for name, moves in self._moves.items():
            before, now = self._repeats[name], int(moves.numpy())
            if (not before and now > 1) or (self._is_shared and before and now != before):
                self._repeats[name] = now
                self._compiled = {}
                if self.train_function is not None:  # also in the middle of `fit`
                    self.make_train_function(force=True)

    def set_coefficient(self, name: str, value: float) -> None:
        """Changes a number in the losses, without a retrace."""
        choose("name", name, tuple(self.coefficients))
        check_number("value", value)
        self.coefficients[name].assign(value)

    def fit(self, x: object, *args: object, callbacks: object = (), **options: object) -> object:
        """As in Keras; a loss that is not finite stops it with an explanation."""
        self._see_moves()
        if isinstance(x, tf.data.Dataset):
            options.setdefault("shuffle", False)  # the data set shuffles itself; else Keras warns
        with held_back() as release:
            stop = StopWhenDiverged(release)
            if isinstance(callbacks, keras.callbacks.CallbackList):
                stop.set_model(self)  # the list gave its model to the others when it was made
                callbacks.callbacks.append(stop)
            else:
                callbacks = [*(tf.nest.flatten(callbacks) if callbacks else ()), stop]
            return super().fit(x, *args, callbacks=callbacks, **options)


class StopWhenDiverged(keras.callbacks.Callback):
    """Stops `fit` where a loss or a gradient is not finite, and says so.

    Args:
        release: called after every round: from the first one on, an interrupt may come.
    """

    def __init__(self, release: Callable[[], None]) -> None:
        super().__init__()
        self._release = release

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Looks at the losses of the round."""
        self._release()
        bad = [name for name, value in (logs or {}).items() if not math.isfinite(value)]
        if bad and not self.model.stop_training:
            self.model.stop_training = True
            announce(f"Training stopped: {_explain(bad, int(self.model.rounds.numpy()))}")


def _check_finite(logs: dict[str, float], round_number: int) -> None:
    """Raises `Diverged` where a loss or a gradient norm is not a finite number."""
    bad = [name for name, value in logs.items() if not math.isfinite(value)]
    if bad:
        raise Diverged(_explain(bad, round_number))


def _explain(names: Sequence[str], round_number: int) -> str:
    """What to tell a person whose game has diverged."""
    return (
        f"{' and '.join(names)} became infinite or not a number in round {round_number}. The move "
        "was not made: all networks keep their last good state. Lower the learning rates or start "
        "anew. Data that holds NaN does this at once."
    )
