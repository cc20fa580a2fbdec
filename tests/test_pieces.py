"""Interrupts end a compiled loop between two of its steps, and change nothing else."""

import contextlib
import signal
import threading

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from tgan_lessons import pieces
from tgan_lessons.checkpoint import snapshot
from tgan_lessons.crowd import Crowd, Rules
from tgan_lessons.ensembles import Ensemble
from tgan_lessons.game import Diverged, Game
from tgan_lessons.pieces import Pieces
from tgan_lessons.players import Player
from tgan_lessons.small_nets import Plan, new_weights

POINTS = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
MANY = 40_000  # rounds or steps: many seconds on any machine, and an end should nobody interrupt


class Fit(Game):
    """One player learns noise: enough to see every round."""

    def losses(self, batch):
        noise = keras.random.normal(ops.shape(batch), seed=self.seeds)
        return {"a": ops.mean(ops.square(self.players[0].network(batch) - noise))}


def build():
    start = keras.initializers.GlorotUniform(seed=1)
    network = keras.Sequential([keras.Input((2,)), layers.Dense(2, kernel_initializer=start)])
    game = Fit([Player("a", network, keras.optimizers.Adam(0.01))], seed=3)
    game.feed(POINTS, batch_size=8)
    game.advance(1)
    return game


@contextlib.contextmanager
def interrupted(after=0.3):
    """Ctrl-C after so many seconds."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGALRM"):
        pytest.skip("signals are heard by the main thread, timers of that kind are POSIX's")
    numbers = signal.SIGALRM, signal.SIGINT
    handlers = lambda *_: signal.raise_signal(signal.SIGINT), signal.default_int_handler
    old = [signal.signal(*pair) for pair in zip(numbers, handlers, strict=True)]
    signal.setitimer(signal.ITIMER_REAL, after)
    try:
        with pytest.raises(KeyboardInterrupt):
            yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for pair in zip(numbers, old, strict=True):
            signal.signal(*pair)


def assert_same(left, right):
    assert left.keys() == right.keys()
    for name, array in left.items():
        np.testing.assert_array_equal(array, right[name], err_msg=name)


def test_pieces_add_up_and_grow_to_half_a_second(monkeypatch):
    now = 0.0
    monkeypatch.setattr(pieces.time, "monotonic", lambda: now)
    parts = Pieces()
    taken = []
    for count in parts.counts(10_000):
        taken.append(count)
        now += count * 0.001
    assert sum(taken) == 10_000
    assert taken[:4] == [1, 8, 64, 500] and max(taken) <= 501
    for count in parts.counts(1000):  # a slower machine now
        taken.append(count)
        now += count * 0.1
    assert sum(taken) == 11_000 and taken[-1] == 5
    assert list(parts.counts(0)) == [0]


def test_pieces_change_no_number():
    game, other = build(), build()
    logs = game.advance(23)
    for _ in range(23):
        alone = other.advance(1)
    assert logs == alone
    assert_same(snapshot(game), snapshot(other))
    assert game.move("a", 9) == [other.move("a") for _ in range(9)][-1]
    assert_same(snapshot(game), snapshot(other))


@pytest.mark.parametrize("name", [None, "a"])
def test_an_interrupt_is_between_two_rounds_and_the_game_goes_on(name):
    game, other = build(), build()

    def play(game, times):
        return game.advance(times) if name is None else game.move(name, times)

    for each in (game, other):  # an interrupt shall meet the loop, not its tracing
        play(each, 1)
    with interrupted():
        play(game, MANY)
    played = int(game.players[0].optimizer.iterations)
    assert 0 < played < MANY
    assert int(game.rounds) == (1 if name else played)
    play(other, played - 2)
    assert_same(snapshot(game), snapshot(other))
    assert play(game, 5) == play(other, 5)
    assert_same(snapshot(game), snapshot(other))


class Impatient(layers.Dense):
    """Ctrl-C in the middle of tracing: at the first symbolic call after `is_set`."""

    is_set = False

    def call(self, x):
        if self.is_set and not hasattr(x, "numpy"):
            self.is_set = False
            signal.raise_signal(signal.SIGINT)
        return super().call(x)


@pytest.mark.parametrize("how", ["advance", "move", "fit", "train"])
def test_an_interrupt_waits_until_all_is_traced(how):
    layer = Impatient(3 if how == "train" else 2)
    network = keras.Sequential([keras.Input((2,)), layer])
    if how == "train":
        network.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        shown = (POINTS, np.arange(60) % 3)

        def play():
            return pieces.fit(network, *shown, batch_size=8, verbose=0)

    else:
        game = Fit([Player("a", network, keras.optimizers.Adam(0.01))], seed=3)
        game.feed(POINTS, batch_size=8)

        def play():
            if how == "fit":
                return game.fit(game.batches(), steps_per_epoch=5, verbose=0)
            return game.advance(5) if how == "advance" else game.move("a", 5)

    layer.is_set = True
    with interrupted(after=60):
        play()
    assert not layer.is_set and tf.executing_eagerly()
    optimizer = network.optimizer if how == "train" else game.players[0].optimizer
    made = int(optimizer.iterations)
    assert made == (1 if how in ("fit", "train") else 0)
    play()
    assert int(optimizer.iterations) == made + (8 if how == "train" else 5)


def test_what_holds_an_interrupt_back_leaves_no_trace():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyError), pieces.held_back():
        raise KeyError
    assert signal.getsignal(signal.SIGINT) is before
    with interrupted(after=60), pieces.held_back() as release:
        signal.raise_signal(signal.SIGINT)
        release()
        pytest.fail("the interrupt was lost")
    with pieces.held_back():
        thread = threading.Thread(target=lambda: pieces.held_back().__enter__()())
        thread.start()
        thread.join()
    assert signal.getsignal(signal.SIGINT) is before


def test_divergence_ends_all_pieces():
    game = build()
    game.feed(np.where(np.arange(60)[:, None] == 7, np.nan, POINTS), batch_size=8)
    with pytest.raises(Diverged):
        game.advance(MANY)
    assert int(game.players[0].optimizer.iterations) == int(game.rounds) - 1 < MANY


def test_an_interrupted_crowd_goes_on_as_if_nothing_had_happened():
    rules = Rules(units_d=(8,), units_g=(8,))
    crowd, other = (Crowd(rules, (0, 1), POINTS, rounds=MANY, batch_size=12) for _ in range(2))
    for each in (crowd, other):
        each.train(1)
    with interrupted(0.5):
        crowd.train(MANY)
    assert 0 < crowd.rounds < MANY
    other.train(crowd.rounds - 1)
    for each in (crowd, other):
        each.train(10)
    for mine, its in zip(crowd.weights, other.weights, strict=True):
        np.testing.assert_array_equal(mine, its)


def test_an_interrupted_ensemble_is_as_it_was():
    plan, rng = Plan((3, 4, 5), (6, 7), (0, 0, 0)), np.random.default_rng(0)
    x = rng.uniform(-1, 1, (20, 14, 14, 1)).astype(np.float32)
    y, batches = np.arange(20) % 3, rng.integers(20, size=(MANY, 2, 8))
    networks, other = (Ensemble(plan, new_weights(plan, (0, 1))) for _ in range(2))
    for each in (networks, other):
        each.train(x, y, batches[:3], 1e-3)
    with interrupted(0.5):
        networks.train(x, y, batches, 1e-3)
    assert networks.steps == 3
    losses = networks.train(x, y, batches[:20], 1e-3)
    alone = [other.train(x, y, row[np.newaxis], 1e-3)[0] for row in batches[:20]]
    np.testing.assert_array_equal(losses, alone)
    for mine, its in zip(networks.weights, other.weights, strict=True):
        np.testing.assert_array_equal(mine, its)
