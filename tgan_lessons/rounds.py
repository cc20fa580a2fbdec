"""How a round of a game is played: one forward pass, then steps along each mover's gradient."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from tgan_lessons.pieces import Pieces
from tgan_lessons.players import Player, Rates, check_gradients, check_losses, check_players

Tensor = Any
Batch = Any
Logs = dict[str, Tensor]


class Rounds(keras.Model):
    """How a round is played: the part of `Game` that is traced into the graph.

    See `Game` for the arguments.
    """

    def __init__(
        self,
        players: Sequence[Player],
        *,
        simultaneous: bool = False,
        coefficients: dict[str, float] | None = None,
        seed: int = 0,
        jit_compile: bool = False,
        name: str | None = None,
    ) -> None:
        check_players(players, simultaneous)
        super().__init__(name=name)
        self.players = tuple(players)
        self.simultaneous = simultaneous
        self.seeds = keras.random.SeedGenerator(seed)  # of what `losses` draws
        self.sampling = keras.random.SeedGenerator(seed + 1)  # of the samples that a move sees
        self.seed = seed
        self._networks = [network for player in players for network in player.networks]
        self._optimizers = {player.name: player.optimizer for player in players}  # saved with it
        self.rounds = self._counter("rounds")
        self._moves = {p.name: self._counter(f"{p.name}_moves", p.moves) for p in players}
        self._repeats = dict.fromkeys(self._moves, False)
        self.coefficients = {
            name: self.add_weight(
                name=name, initializer=keras.initializers.Constant(value), trainable=False
            )
            for name, value in (coefficients or {}).items()
        }
        self._trackers = {key: keras.metrics.Mean(name=key) for key in log_names(self.players)}
        for player in self.players:
            player.optimizer.build(player.variables)
        self._compiled: dict[object, Callable[..., Logs]] = {}
        self._pieces: dict[str | None, Pieces] = {}
        self.built = True
        self.compile(jit_compile=jit_compile)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """The loss that each player would minimise now, by name: the rules of the game.

        One forward pass for all. When a single player moves, what its loss does not need is not
        computed. Networks are called with `training=` said explicitly.

        Args:
            batch: real samples, or a tuple such as (samples, labels).
        """
        raise NotImplementedError(f"{type(self).__name__} must define `losses(batch)`")

    def compile(self, *, jit_compile: bool = False, **options: object) -> None:
        """As in Keras, without optimizer and loss: the players have theirs."""
        super().compile(optimizer=None, jit_compile=jit_compile, **options)
        self.optimizer = Rates(self.players)

    def train_step(self, data: Batch) -> Logs:
        """One round of `fit`; every move of the round sees this batch, with fresh noise."""
        batch = _unpack(data)
        return self._track(self._round(lambda: batch, tf.constant(True))[0])

    def test_step(self, data: Batch) -> Logs:
        """The losses on a batch; nobody moves."""
        with keras.StatelessScope():
            losses = self.losses(_unpack(data))
        return self._track({f"{name}_loss": value for name, value in losses.items()})

    def _track(self, logs: Logs) -> Logs:
        """The means of the epoch so far, as Keras reports them."""
        for name, value in logs.items():
            self._trackers[name].update_state(value)
        return {name: self._trackers[name].result() for name in logs}

    def _round(self, draw: Callable[[], Batch], goes_on: Tensor) -> tuple[Logs, Tensor]:
        """Every player moves as often as it may; `draw` gives the batch of a move.

        Nobody moves any more after a move that could not be made: `goes_on`, handed from move to
        move, is false from there.
        """
        self.rounds.assign_add(tf.cast(goes_on, "int64"))
        if self.simultaneous:
            return self._move(self.players, draw, goes_on)
        logs: Logs = {}
        for player in self.players:
            move = functools.partial(self._move, (player,), draw)
            if self._repeats[player.name]:
                moves = self._moves[player.name].value
                new, goes_on = repeat(moves, move, log_names([player]), goes_on)
            else:  # a loop around one move would cost a toy game a fifth of its speed
                new, goes_on = move(goes_on)
            logs |= new
        return logs, goes_on

    def _move(
        self, movers: Sequence[Player], draw: Callable[[], Batch], goes_on: Tensor
    ) -> tuple[Logs, Tensor]:
        """One forward pass, then the movers step along their own gradients: all, or none."""
        batch = draw()
        with keras.StatelessScope() as scope, tf.GradientTape(len(movers) > 1) as tape:
            losses = self.losses(batch)
        check_losses(losses, self.players)
        self._adopt(scope, self._chance())
        logs: Logs = {}
        steps = []
        for player in movers:
            loss = losses[player.name]
            gradients = tape.gradient(loss, player.variables)
            check_gradients(gradients, player)
            norm = tf.linalg.global_norm([tf.cast(g, tf.float32) for g in gradients])
            goes_on &= tf.math.is_finite(loss) & tf.math.is_finite(norm)
            steps.append((player, gradients))
            logs[f"{player.name}_loss"] = tf.cast(loss, tf.float32)
            logs[f"{player.name}_gradient_norm"] = norm

        def step() -> Tensor:
            for player, gradients in steps:
                player.optimizer.apply(gradients, player.variables)
                self._adopt(scope, player.statistics)
            return tf.constant(True)

        tf.cond(goes_on, step, lambda: tf.constant(False))
        return logs, goes_on

    def _adopt(self, scope: keras.StatelessScope, variables: Sequence[keras.Variable]) -> None:
        """Makes the changes of a forward pass to these variables real; all others are dropped."""
        for variable in variables:
            value = scope.get_current_value(variable)
            if value is not None:
                variable.assign(value)

    def _chance(self) -> list[keras.Variable]:
        """The states of all random generators: noise and dropout differ at each move."""
        weights = {id(v) for network in self._networks for v in network.weights}
        dropout = [v for n in self._networks for v in n.variables if id(v) not in weights]
        return [self.seeds.state, *dropout]

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """As in Keras, and the states of the random generators, which Keras leaves out."""
        super().save_own_variables(store)
        for number, state in enumerate([self.sampling.state, *self._chance()]):
            store[f"random_{number}"] = state

    def load_own_variables(self, store: dict[str, Any]) -> None:
        """The inverse of `save_own_variables`."""
        states = {f"random_{i}": s for i, s in enumerate([self.sampling.state, *self._chance()])}
        super().load_own_variables({k: store[k] for k in store.keys() if k not in states})  # noqa: SIM118
        for key, state in states.items():
            state.assign(store[key])

    def _counter(self, name: str, value: int = 0) -> keras.Variable:
        start = keras.initializers.Constant(value)
        return self.add_weight(name=name, initializer=start, dtype="int64", trainable=False)


def log_names(players: Sequence[Player]) -> list[str]:
    """What a round of these players logs."""
    return [f"{player.name}_{what}" for player in players for what in ("loss", "gradient_norm")]


def repeat(
    times: Tensor,
    step: Callable[[Tensor], tuple[Logs, Tensor]],
    names: Sequence[str],
    goes_on: Tensor,
) -> tuple[Logs, Tensor]:
    """Takes a step `times` times, in the graph; returns the logs of the last one that was tried.

    It ends one step after `goes_on` has become false. That step changes nothing; asking about the
    step before, not the last one, lets TensorFlow begin a step while the last one still runs.
    """

    def body(i: Tensor, logs: Logs, now: Tensor, before: Tensor) -> tuple[Any, ...]:
        new, still = step(now)
        new = {name: tf.where(now, new[name], old) for name, old in logs.items()}
        return i + 1, new, still, now

    nothing = {name: tf.constant(0.0) for name in names}
    start = (tf.zeros([], times.dtype), nothing, goes_on, goes_on)
    end = tf.while_loop(lambda i, _, now, before: (i < times) & before, body, start)
    return end[1], end[2]


def _unpack(data: Batch) -> Batch:
    """What Keras hands to a step, as `losses` takes it."""
    x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
    return x if y is None else (x, y)
