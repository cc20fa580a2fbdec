"""How a round of a game is played: one forward pass, then steps along each mover's gradient."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from tgan_lessons import replicas
from tgan_lessons.pieces import Pieces
from tgan_lessons.players import Player, Rates, check_gradients, check_losses, check_players
from tgan_lessons.runtime import MOST_SEED, check_whole
from tgan_lessons.scaling import measure, with_scaling

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
        seed = check_whole("seed", seed, least=0, most=MOST_SEED)
        super().__init__(name=name)
        self.players = with_scaling(players)
        self.simultaneous = simultaneous
        self.seeds = keras.random.SeedGenerator(seed)  # of what `losses` draws
        self.sampling = keras.random.SeedGenerator(seed + 1)  # of the samples that a move sees
        self.seed = seed
        self._networks = [network for player in self.players for network in player.networks]
        self._optimizers = {
            player.name: player.optimizer for player in self.players
        }  # saved with it
        self.rounds = self._counter("rounds")
        self._moves = {p.name: self._counter(f"{p.name}_moves", p.moves) for p in self.players}
        self._repeats = dict.fromkeys(self._moves, 0)  # the moves that the graph repeats, if any
        self._is_shared = tf.distribute.has_strategy()
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
        for name in ("optimizer", "loss", "loss_weights"):
            if options.pop(name, None) is not None:
                raise ValueError(
                    f"`{name}` is not for a game: each player has an optimizer and a loss of its "
                    "own, given when the game is made"
                )
        super().compile(optimizer=None, jit_compile=jit_compile, **options)
        self.optimizer = Rates(self.players)

    def _maybe_symbolic_build(self, *args: object, **options: object) -> None:
        """Not needed: a game is built at once. Keras's refuses parts of different sizes."""

    def call(self, *args: object, **options: object) -> Tensor:
        """A game has no output of its own."""
        raise NotImplementedError(
            "A game is no network. Call one of its networks, such as game.generator(noise)"
        )

    def get_config(self) -> dict[str, object]:
        """A game cannot be rebuilt from a description: its rules are code."""
        raise NotImplementedError(
            "A game is not saved or cloned as a whole. Save its networks, as "
            "game.generator.save('generator.keras'), or the training: checkpoint.save(game, path)"
        )

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
            if self._is_shared:  # devices cannot wait for each other inside of a loop
                new, goes_on = unroll(max(1, self._repeats[player.name]), move, goes_on)
            elif self._repeats[player.name]:
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
        batch, chance, shared = draw(), self._chance(), replicas.is_one_of_many()
        mine = replicas.own_chance(chance) if shared else None
        with keras.StatelessScope(mine) as scope, tf.GradientTape(len(movers) > 1) as tape:
            losses = self.losses(batch)
            check_losses(losses, self.players)
            goals = [player.optimizer.scale_loss(losses[player.name]) for player in movers]
        if not shared:
            _assign(_changed(scope, chance))
        logs: Logs = {}
        steps = []
        for player, goal in zip(movers, goals, strict=True):
            gradients = tape.gradient(goal, player.variables)
            check_gradients(gradients, player)
            found = losses[player.name], gradients, _changed(scope, player.statistics)
            loss, gradients, statistics = replicas.mean(found, batch) if shared else found
            norm, skipped = measure(gradients, player.optimizer)
            goes_on &= tf.math.is_finite(loss) & tf.math.is_finite(norm)
            if skipped is not None:
                statistics = [(v, tf.where(skipped, v.value, new)) for v, new in statistics]
            steps.append((player, gradients, statistics))
            logs[f"{player.name}_loss"] = tf.cast(loss, tf.float32)
            logs[f"{player.name}_gradient_norm"] = norm
        if shared:
            replicas.step_together(steps, goes_on, _changed(scope, chance))
            return logs, goes_on

        def step() -> Tensor:
            for player, gradients, statistics in steps:
                player.optimizer.apply(gradients, player.variables)
                _assign(statistics)
            return tf.constant(True)

        tf.cond(goes_on, step, lambda: tf.constant(False))
        return logs, goes_on

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
        return self.add_weight(
            name=name,
            initializer=start,
            dtype="int64",
            trainable=False,
            aggregation="only_first_replica",  # several devices count a round once
        )


def _changed(
    scope: keras.StatelessScope, variables: Sequence[keras.Variable]
) -> list[tuple[keras.Variable, Tensor]]:
    """What a forward pass would make of these variables, where it changes them."""
    pairs = [(variable, scope.get_current_value(variable)) for variable in variables]
    return [(variable, value) for variable, value in pairs if value is not None]


def _assign(pairs: Sequence[tuple[keras.Variable, Tensor]]) -> None:
    """Makes changes of a forward pass real; all others are dropped."""
    for variable, value in pairs:
        variable.assign(value)


def log_names(players: Sequence[Player]) -> list[str]:
    """What a round of these players logs."""
    return [f"{player.name}_{what}" for player in players for what in ("loss", "gradient_norm")]


def unroll(
    times: int, step: Callable[[Tensor], tuple[Logs, Tensor]], goes_on: Tensor
) -> tuple[Logs, Tensor]:
    """As `repeat` for a fixed number of times, without a loop in the graph."""
    logs, now = step(goes_on)
    for _ in range(times - 1):
        new, still = step(now)
        logs = {name: tf.where(now, new[name], old) for name, old in logs.items()}
        now = still
    return logs, now


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
