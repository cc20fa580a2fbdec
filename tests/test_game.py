import functools
import itertools
import logging

import numpy as np
import pytest

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from keras import layers, ops  # noqa: E402

from tgan_lessons.checkpoint import restore, snapshot  # noqa: E402
from tgan_lessons.game import Diverged, Game  # noqa: E402
from tgan_lessons.players import Player  # noqa: E402

BATCH = 6
RATES, BETAS = (0.01, 0.02), (0.5, 0.9375)  # betas that single precision holds exactly
ADAM = functools.partial(keras.optimizers.Adam, beta_1=BETAS[0], beta_2=BETAS[1])


def dense(units, seed, **options):
    return layers.Dense(
        units, kernel_initializer=keras.initializers.GlorotUniform(seed=seed), **options
    )


def build_generator(seed=0, dtype=None):
    return keras.Sequential(
        [
            keras.Input((3,)),
            dense(
                5, seed + 1, use_bias=False, dtype=dtype
            ),  # a bias would have a gradient of noise alone
            layers.BatchNormalization(momentum=0.7, dtype=dtype),
            layers.LeakyReLU(dtype=dtype),
            layers.Dropout(0.2, seed=5, dtype=dtype),
            dense(2, seed + 2, dtype=dtype),
        ]
    )


def build_discriminator(seed=0, dtype=None):
    return keras.Sequential(
        [
            keras.Input((2,)),
            dense(5, seed + 3, dtype=dtype),
            layers.LeakyReLU(dtype=dtype),
            layers.BatchNormalization(
                momentum=0.6, dtype=dtype
            ),  # in front, it would undo G's last bias
            layers.Dropout(0.3, seed=6, dtype=dtype),
            dense(1, seed + 4, dtype=dtype),
        ]
    )


class Duel(Game):
    """D scores samples up and fakes down, as far as `weight` says; G wants its fakes up."""

    def __init__(self, *, start=0, moves=(1, 1), optimizer=ADAM, dtype=None, **options):
        self.generator = build_generator(start, dtype)
        self.discriminator = build_discriminator(start, dtype)
        optimizers = [optimizer(rate) for rate in RATES]
        players = (
            Player("D", self.discriminator, optimizers[0], moves[0]),
            Player("G", self.generator, optimizers[1], moves[1]),
        )
        super().__init__(players, coefficients={"weight": 1.0}, **options)
        self.traces, self.batch_seen = 0, None

    def losses(self, batch):
        self.traces += 1
        self.batch_seen = tf.nest.map_structure(lambda t: (t.shape[1:], t.dtype.name), batch)
        real = batch[0] if isinstance(batch, tuple) else batch
        noise = keras.random.normal((ops.shape(real)[0], 3), seed=self.seeds)
        fake = self.discriminator(self.generator(noise, training=True), training=True)
        real = self.discriminator(real, training=True)
        d_loss = ops.mean(ops.softplus(-real)) + ops.mean(ops.softplus(fake))
        g_loss = ops.mean(ops.softplus(-fake))
        return {"D": ops.cast(self.coefficients["weight"], d_loss.dtype) * d_loss, "G": g_loss}


def draw_data(n=40, seed=0):
    return np.random.default_rng(seed).normal(2, 1, (n, 2)).astype(np.float32)


def make(**options):
    game = Duel(**options)
    game.feed(draw_data(), batch_size=BATCH)
    return game


def state(player):
    """Trained, statistics, optimizer."""
    statistics = [v for v in player.network.non_trainable_weights]
    groups = (player.network.trainable_variables, statistics, player.optimizer.variables)
    return [[v.numpy() for v in group] for group in groups]


def flat(groups):
    return list(itertools.chain.from_iterable(groups))


def assert_same(left, right, **tolerance):
    for a, b in zip(left, right, strict=True):
        np.testing.assert_allclose(a, b, **({"rtol": 0, "atol": 0} | tolerance))


def assert_same_games(left, right):
    left, right = snapshot(left), snapshot(right)
    assert left.keys() == right.keys()
    assert_same(left.values(), right.values())


def weights(game):
    return [*game.generator.get_weights(), *game.discriminator.get_weights()]


def iterations(game):
    return {p.name: int(p.optimizer.iterations) for p in game.players}


# What a move changes


def assert_moved(before, after):
    trained, statistics, optimizer = (
        [bool(np.any(a != b)) for a, b in zip(old, new, strict=True)]
        for old, new in zip(before, after, strict=True)
    )
    assert all(trained) and all(statistics) and len(statistics) == 2
    assert optimizer.count(False) == 1  # the learning rate


def test_a_move_changes_its_player_and_nobody_else():
    game = make(simultaneous=True)
    for name, other in (("D", "G"), ("G", "D")):
        mover, resting = game.player(name), game.player(other)
        before, kept = state(mover), state(resting)
        logs = game.move(name, 2)
        assert set(logs) == {f"{name}_loss", f"{name}_gradient_norm"}
        assert_moved(before, state(mover))
        assert_same(flat(kept), flat(state(resting)))
    assert iterations(game) == {"D": 2, "G": 2}
    assert int(game.rounds) == 0


# Against a loop by hand


class ByHand:
    """The same game without the engine: eager TensorFlow, Adam and the random states in NumPy.

    In double precision: Adam makes a step of the same size of rounding errors alone.
    """

    def __init__(self, data, moves, seed):
        self.data, self.seed, self.moves = data, seed, dict(zip("DG", moves, strict=True))
        self.nets = {"D": build_discriminator(0, "float64"), "G": build_generator(0, "float64")}
        self.rates = dict(zip("DG", np.float32(RATES).astype(float), strict=True))
        self.draws = self.noises = 0
        self.moments = {
            name: [[np.zeros(v.shape)] * 2 for v in net.trainable_variables]
            for name, net in self.nets.items()
        }
        self.steps = {"D": 0, "G": 0}

    def draw(self):
        seed = np.array([self.seed + 1, self.draws])
        self.draws += 1
        index = tf.random.stateless_uniform([BATCH], seed, maxval=len(self.data), dtype=tf.int32)
        return self.data[index.numpy()]

    def gradients(self, names, batch):
        noise = tf.random.stateless_normal((BATCH, 3), np.array([self.seed, self.noises], np.int32))
        self.noises += 1
        kept = {
            name: [v.numpy() for v in net.non_trainable_weights] for name, net in self.nets.items()
        }
        with tf.GradientTape(persistent=True) as tape:
            fake = self.nets["D"](self.nets["G"](noise, training=True), training=True)
            real = self.nets["D"](batch, training=True)
            log_d, log_not_d = tf.math.log_sigmoid(real), tf.math.log_sigmoid(-fake)
            losses = {
                "D": -tf.reduce_mean(log_d) - tf.reduce_mean(log_not_d),
                "G": -tf.reduce_mean(tf.math.log_sigmoid(fake)),
            }
        for name, values in kept.items():
            if name not in names:
                for variable, value in zip(
                    self.nets[name].non_trainable_weights, values, strict=True
                ):
                    variable.assign(value)
        self.logs = {name: float(losses[name]) for name in names}
        return {n: tape.gradient(losses[n], self.nets[n].trainable_variables) for n in names}

    def step(self, name, gradients):
        """Kingma & Ba, algorithm 1, in the form of section 2's end, as Keras has it."""
        self.steps[name] += 1
        t, (beta_1, beta_2) = self.steps[name], BETAS
        rate = self.rates[name] * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
        for i, variable in enumerate(self.nets[name].trainable_variables):
            g = gradients[i].numpy().astype(np.float64)
            m, v = self.moments[name][i]
            m, v = beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g**2
            self.moments[name][i] = (m, v)
            variable.assign(variable.numpy() - rate * m / (np.sqrt(v) + 1e-7))

    def round(self, batch=None, simultaneous=False):
        if simultaneous:
            gradients = self.gradients("DG", self.draw() if batch is None else batch)
            for name in "DG":
                self.step(name, gradients[name])
            return
        for name in "DG":
            for _ in range(self.moves[name]):
                drawn = self.draw() if batch is None else batch
                self.step(name, self.gradients([name], drawn)[name])

    def weights(self):
        return [*self.nets["G"].get_weights(), *self.nets["D"].get_weights()]


@pytest.mark.parametrize(("simultaneous", "moves"), [(False, (2, 3)), (True, (1, 1))])
def test_rounds_equal_a_loop_by_hand(simultaneous, moves):
    game = make(simultaneous=simultaneous, moves=moves, seed=7, dtype="float64")
    by_hand = ByHand(draw_data(), moves, seed=7)
    start = weights(game)
    assert_same(start, by_hand.weights())
    logs = game.advance(4)
    for _ in range(4):
        by_hand.round(simultaneous=simultaneous)
    assert_same(weights(game), by_hand.weights(), atol=1e-8)
    assert all(np.abs(a - b).max() > 1e-5 for a, b in zip(start, weights(game), strict=True))
    for name, loss in by_hand.logs.items():
        assert logs[f"{name}_loss"] == pytest.approx(loss, abs=1e-5)
    assert iterations(game) == by_hand.steps
    assert int(game.rounds) == 4


def test_fit_equals_a_loop_by_hand_and_logs_the_mean():
    game = make(moves=(2, 1), seed=3, dtype="float64")
    by_hand = ByHand(draw_data(), (2, 1), seed=3)
    losses = []
    for batch in game.batches().take(6):
        by_hand.round(batch=batch.numpy())
        losses.append(by_hand.logs["G"])
    history = game.fit(game.batches(), steps_per_epoch=3, epochs=2, verbose=0).history
    assert_same(weights(game), by_hand.weights(), atol=1e-8)
    means = [np.mean(losses[:3]), np.mean(losses[3:])]
    assert history["G_loss"] == pytest.approx(means, abs=1e-5)
    assert int(game.rounds) == 6
    # where it is asked again, it goes on
    seen = [b.numpy() for b in game.batches().take(2)]
    other = make(seed=3)
    assert_same(seen, [b.numpy() for b in other.batches().skip(6).take(2)])


# Changing things while it plays


@pytest.fixture(scope="module")
def shared():
    """One for tests that need no fresh weights."""
    return make(optimizer=keras.optimizers.SGD)


def test_nothing_that_changes_is_traced_anew_and_all_of_it_acts(shared):
    game = shared
    game.feed(draw_data(), batch_size=BATCH)
    before = iterations(game)
    game.set_moves("D", 3)
    game.advance(2)
    assert iterations(game) == {"D": before["D"] + 6, "G": before["G"] + 2}
    game.set_moves("D", 1)
    kernel = game.discriminator.trainable_variables[-2]

    def step(**changes):
        for variable, value in zip(game.variables, kept, strict=True):
            variable.assign(value)
        game.set_rate("D", changes.get("rate", 0.01))
        game.set_coefficient("weight", changes.get("weight", 1.0))
        start = kernel.numpy()
        logs = game.move("D")
        return kernel.numpy() - start, logs["D_loss"]

    kept = [v.numpy() for v in game.variables]
    game.move("D", 0)
    traces = game.traces
    plain, loss = step()
    change, same_loss = step(rate=0.03)
    np.testing.assert_allclose(change, 3 * plain, rtol=1e-3, atol=1e-6)
    assert same_loss == loss
    change, double_loss = step(weight=2.0)
    np.testing.assert_allclose(change, 2 * plain, rtol=1e-3, atol=1e-6)
    assert double_loss == pytest.approx(2 * loss, rel=1e-6)
    game.feed(np.full((1, 2), 50, np.float32), batch_size=BATCH + 5)
    assert step()[1] != loss
    game.feed(draw_data(7, seed=9), batch_size=1)
    game.advance(1)
    assert game.traces == traces
    pair = (draw_data().astype(np.float64), np.arange(40, dtype=np.uint8))
    game.feed(pair, batch_size=BATCH)  # another form: once more, by itself; doubles are singles
    game.advance(1)
    assert game.traces > traces
    assert game.batch_seen == ((tf.TensorShape([2]), "float32"), (tf.TensorShape([]), "uint8"))


def test_many_games_make_no_warnings(caplog):
    class Alone(Game):
        def losses(self, batch):
            return {"a": ops.mean(ops.square(self.players[0].network(batch)))}

    with caplog.at_level(logging.WARNING, logger="tensorflow"):
        for _ in range(6):
            network = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
            game = Alone([Player("a", network, keras.optimizers.SGD(0.01))])
            game.feed(draw_data())
            before = float(game.advance(1)["a_loss"])
    assert "retracing" not in caplog.text
    assert game.advance(50)["a_loss"] < before


# Seeds


def test_a_seed_decides_all_and_rounds_add_up(tmp_path):
    first, again, other = make(seed=0), make(seed=0), make(seed=1)
    assert_same(weights(first), weights(other))
    first.advance(3)
    first.advance(2)
    again.advance(5)
    other.advance(5)
    assert_same_games(first, again)
    assert all(np.any(a != b) for a, b in zip(weights(first), weights(other), strict=True))

    # Keras's own files hold it all: weights, both optimizers, rounds, random states
    path = tmp_path / "game.weights.h5"
    first.set_rate("G", 0.005)
    first.set_moves("G", 2)
    first.save_weights(path)
    other.seed = first.seed  # a number: it belongs to the call
    other.load_weights(path)
    assert_same_games(first, other)
    assert iterations(other) == {"D": 5, "G": 5}
    first.advance(2)
    other.advance(2)
    assert_same_games(first, other)
    assert_same(
        [b.numpy() for b in first.batches().take(2)], [b.numpy() for b in other.batches().take(2)]
    )


# fit


def test_fit_takes_arrays_pairs_and_datasets(shared):
    game, x, y = shared, draw_data(20), np.arange(20, dtype=np.int32)
    pairs = tf.data.Dataset.from_tensor_slices((x, y)).batch(10)
    start = int(game.rounds)
    game.fit(x, y, batch_size=5, verbose=0)
    assert int(game.rounds) == start + 4
    assert game.batch_seen[1] == (tf.TensorShape([]), "int32")
    history = game.fit(pairs, validation_data=pairs, verbose=0).history
    assert {"D_loss", "G_loss", "val_D_loss", "val_G_loss", "D_gradient_norm"} <= set(history)
    before = snapshot(game)
    assert game.evaluate(pairs, return_dict=True, verbose=0).keys() >= {"D_loss", "G_loss"}
    assert_same(before.values(), snapshot(game).values())  # nobody has moved


# Keras knows of no metric but its own whether less is better: they are told by mode="min"
CALLBACKS = {
    "BackupAndRestore": lambda c, d: c(str(d / "backup"), save_freq="epoch"),
    "CSVLogger": lambda c, d: c(str(d / "log.csv")),
    "EarlyStopping": lambda c, d: c(
        monitor="G_loss", mode="min", patience=0, restore_best_weights=True
    ),
    "History": lambda c, d: c(),
    "LambdaCallback": lambda c, d: c(on_epoch_end=lambda epoch, logs: (d / "lambda").touch()),
    "LearningRateScheduler": lambda c, d: c(lambda epoch, rate: rate / 2),
    "ModelCheckpoint": lambda c, d: c(
        str(d / "best.weights.h5"),
        save_weights_only=True,
        monitor="G_loss",
        mode="min",
        save_best_only=True,
    ),
    "ProgbarLogger": lambda c, d: c(),
    "ReduceLROnPlateau": lambda c, d: c(
        monitor="G_loss", mode="min", patience=0, factor=0.5, min_delta=99
    ),
    "TensorBoard": lambda c, d: c(str(d / "board"), write_graph=False),
    "TerminateOnNaN": lambda c, d: c(),
}
NO_CALLBACKS = {
    "Callback": "the base class",
    "CallbackList": "a container; see the test of its own",
    "OrbaxCheckpoint": "needs orbax, and the configuration of a functional model",
    "RemoteMonitor": "sends to a web server; nothing in it depends on the model",
    "SwapEMAWeights": "swaps the variables of the model's one optimizer; a game has several",
}


def test_every_callback_of_keras_is_in_a_list():
    known = {n for n in dir(keras.callbacks) if isinstance(getattr(keras.callbacks, n), type)}
    assert known - {"OrbaxCheckpoint"} == (CALLBACKS.keys() | NO_CALLBACKS) - {"OrbaxCheckpoint"}


@pytest.mark.parametrize("name", sorted(CALLBACKS))
def test_callbacks_work(shared, tmp_path, name):
    if name == "TensorBoard":
        pytest.importorskip("tensorboard")
    game = shared
    game.feed(draw_data(), batch_size=BATCH)
    game.set_rate("D", 0.01)
    game.set_rate("G", 0.02)
    callback = CALLBACKS[name](getattr(keras.callbacks, name), tmp_path)
    start = int(game.rounds)
    history = game.fit(
        game.batches(), steps_per_epoch=2, epochs=4, callbacks=[callback], verbose=0
    ).history
    game._initial_epoch = None  # BackupAndRestore leaves it
    rates = [float(game.player(n).optimizer.learning_rate) for n in "DG"]
    match name:
        case "CSVLogger":
            lines = (tmp_path / "log.csv").read_text().splitlines()
            assert len(lines) == 5 and lines[0].startswith("epoch,D_gradient_norm,D_loss,G_")
        case "EarlyStopping":
            assert 1 <= len(history["G_loss"]) <= 4
            start -= 8 - 2 * len(history["G_loss"])
            if callback.stopped_epoch:  # its best weights bring their round along
                return
        case "LambdaCallback":
            assert (tmp_path / "lambda").exists()
        case "LearningRateScheduler":
            np.testing.assert_allclose(rates, [0.01 / 16, 0.02 / 16], rtol=1e-5)
        case "ReduceLROnPlateau":
            assert rates[0] < 0.01 and rates[1] == pytest.approx(2 * rates[0])
        case "ModelCheckpoint":
            game.load_weights(tmp_path / "best.weights.h5")
            return  # they bring their round along
        case "TensorBoard":
            assert list((tmp_path / "board").rglob("events*"))
    assert int(game.rounds) == start + 8


def test_an_average_of_weights_is_refused_by_keras(shared):
    with pytest.raises(ValueError, match="SwapEMAWeights must be used"):
        shared.fit(draw_data(), callbacks=keras.callbacks.SwapEMAWeights(True), verbose=0)


def test_rates_keep_their_ratio_through_zero(shared):
    shared.set_rate("D", 0.01)
    shared.set_rate("G", 0.03)
    for rate, expected in ((0.0, (0.0, 0.0)), (0.1, (0.1, 0.3)), (0.02, (0.02, 0.06))):
        shared.optimizer.learning_rate = rate
        rates = [float(shared.player(n).optimizer.learning_rate) for n in "DG"]
        assert rates == pytest.approx(expected)
    assert float(shared.optimizer.learning_rate) == pytest.approx(0.02)


# Divergence


@pytest.mark.parametrize("simultaneous", [False, True])
def test_a_move_that_is_not_finite_is_not_made(simultaneous):
    poisoned = draw_data(60)
    poisoned[7] = np.nan  # one of 60: the first rounds do not meet it
    game = make(simultaneous=simultaneous, seed=2)
    game.feed(poisoned, batch_size=BATCH)
    start = snapshot(game)
    explained = r"^D_loss and D_gradient_norm became infinite or not a number in round \d+\. The "
    with pytest.raises(Diverged, match=explained + "move was not made") as caught:
        game.advance(500)
    bad = int(game.rounds)
    assert f"in round {bad}." in str(caught.value)
    assert bad > 2
    assert iterations(game) == {"D": bad - 1, "G": bad - 1}  # nobody moves after it
    assert all(np.isfinite(array).all() for array in snapshot(game).values())
    kept = [flat(state(player)) for player in game.players]
    restore(game, start)
    game.advance(bad - 1)
    for before, player in zip(kept, game.players, strict=True):
        assert_same(before, flat(state(player)))
    game.feed(draw_data(), batch_size=BATCH)
    assert all(np.isfinite(v) for v in game.advance(3).values())


@pytest.mark.parametrize("as_list", [False, True])
def test_fit_stops_where_it_diverges_and_says_so_once(shared, capsys, as_list):
    game, data = shared, draw_data(8)
    data[-1] = np.nan
    before, start = snapshot(game), int(game.rounds)
    callbacks = keras.callbacks.CallbackList([], model=game) if as_list else None
    game.fit(data, batch_size=2, shuffle=False, epochs=5, callbacks=callbacks, verbose=0)
    assert game.batch_seen == (tf.TensorShape([2]), "float32")  # an array on its own
    said = capsys.readouterr().out
    assert said.count("Training stopped: ") == 1 == said.count("\n")
    assert "D_loss" in said and f"in round {start + 4}. The move was not made" in said
    assert int(game.rounds) == start + 4
    assert all(np.isfinite(a).all() for a in snapshot(game).values())
    assert before.keys() == snapshot(game).keys()


# Networks


def test_networks_of_a_player_may_share_layers():
    inner = keras.Sequential([keras.Input((2,)), layers.Dense(2)])
    outer = keras.Sequential([keras.Input((2,)), inner, layers.Dense(2)])
    player = Player("a", [inner, outer], keras.optimizers.Adam(0.1))
    assert len(player.variables) == 4
    assert len(player.networks) == 2


def test_frozen_layers_stay():
    game = Duel()
    game.generator.layers[0].trainable = False
    players = [Player(p.name, p.network, keras.optimizers.SGD(0.1), moves=1) for p in game.players]

    class Again(Game):
        losses = Duel.losses
        generator, discriminator, traces = game.generator, game.discriminator, 0

    again = Again(players, coefficients={"weight": 1.0})
    again.feed(draw_data())
    before = game.generator.get_weights()
    again.advance(3)
    moved = [
        bool(np.any(a != b)) for a, b in zip(before, game.generator.get_weights(), strict=True)
    ]
    assert moved == [False, *[True] * 6]


# Errors


class Rules(Game):
    """Its losses are what it is told."""

    def losses(self, batch):
        return self.rules(self, batch)


def net(*shape):
    return keras.Sequential([keras.Input((2,)), layers.Dense(1)])


def players_with(**changes):
    a = {"name": "a", "network": net(), "optimizer": keras.optimizers.SGD(), "moves": 1}
    b = {"name": "b", "network": net(), "optimizer": keras.optimizers.SGD(), "moves": 1}
    return [Player(**a), Player(**(b | changes))]


def used_optimizer():
    optimizer = keras.optimizers.SGD()
    optimizer.build(net().trainable_variables)
    return optimizer


def shared_network():
    first, second = players_with()
    second = Player("b", [second.network, first.network], second.optimizer)
    return [first, second]


def shared_optimizer():
    first, second = players_with()
    return [first, Player("b", second.network, first.optimizer)]


def frozen_network():
    network = net()
    network.trainable = False
    return players_with(network=network)


@pytest.mark.parametrize(
    ("players", "options", "message"),
    [
        (lambda: [], {}, r"^`players` must be one or more, of different names. Received: \[\]"),
        (lambda: players_with(name="a"), {}, r"different names. Received: \['a', 'a'\]"),
        (shared_network, {}, "belong to one player. Received: .*kernel of 'a' and of 'b'"),
        (
            lambda: players_with(network=keras.Sequential([layers.Dense(1)])),
            {},
            "^`network` of 'b' must be built and have something to train",
        ),
        (frozen_network, {}, "^`network` of 'b' must be built and have something to train"),
        (
            lambda: players_with(optimizer=used_optimizer()),
            {},
            "^`optimizer` of 'b' must be a new one. Received: one that was built for other",
        ),
        (shared_optimizer, {}, "^`optimizer` must be each player's own. Received: the same"),
        *[
            (
                lambda moves=moves: players_with(moves=moves),
                {},
                f"^`moves` of 'b' must be a whole number of at least 1. Received: moves={moves}$",
            )
            for moves in (0, -1, 1.5, float("nan"), float("inf"))
        ],
        (
            lambda: players_with(moves=2),
            {"simultaneous": True},
            "^`simultaneous` rounds have one move for each player. Received: moves=2 of 'b'",
        ),
    ],
)
def test_impossible_players(players, options, message):
    with pytest.raises(ValueError, match=message):
        Rules(players(), **options)


def score(game, name, batch):
    return game.player(name).network(batch)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (lambda g, x: {"a": ops.mean(score(g, "a", x))}, r"for each of \['a', 'b'\]. Rec.*\['a'\]"),
        (lambda g, x: ops.mean(score(g, "a", x)), "`losses` must return one loss for each of"),
        (
            lambda g, x: {"a": ops.mean(score(g, "a", x)), "b": score(g, "b", x)[:, 0]},
            r"^the loss of 'b' must be a single number: take its mean. Received: shape \(4,\)",
        ),
        (
            lambda g, x: {"a": ops.mean(score(g, "a", x)), "b": ops.mean(score(g, "a", x))},
            "^the loss of 'b' must depend on all that it trains. No gradient reaches .*kernel, ",
        ),
    ],
)
def test_impossible_losses(rules, message):
    game = Rules(players_with())
    game.rules = rules
    game.feed(draw_data(), batch_size=4)
    with pytest.raises(ValueError, match=message.replace(r"\(4,\)", r"\((4|None),\)")):
        game.advance()


def test_a_game_needs_rules():
    game = Game(players_with())
    game.feed(draw_data())
    with pytest.raises(NotImplementedError, match=r"Game must define `losses\(batch\)`"):
        game.advance()


@pytest.mark.parametrize(
    ("data", "batch_size", "message"),
    [
        ([1.0, 2.0], 4, r"^`data` must be an array .*Received: \['list'\]"),
        (np.float32(3), 4, r"^`data` must be .*Received: \[\(\)\]"),
        (np.zeros((0, 2)), 4, r"^`data` must be .*n ≥ 1.*Received: \[\(0, 2\)\]"),
        ((), 4, r"^`data` must be .*Received: \[\]"),
        ((np.zeros((3, 2)), np.zeros(2)), 4, r"same length. Received: \[\(3, 2\), \(2,\)\]"),
        ((np.zeros((3, 2)), "ab"), 4, r"^`data` must be .*Received: \[\(3, 2\), 'str'\]"),
        *[
            (np.zeros((3, 2)), size, f"^`batch_size` must be .*at least 1. Received: {size}$")
            for size in (0, -4, 2.5, float("nan"))
        ],
    ],
)
def test_impossible_feeds(shared, data, batch_size, message):
    with pytest.raises(ValueError, match=message):
        shared.feed(data, batch_size=batch_size)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda g: g.advance(-1), "^`rounds` must be a whole number of at least 0. Received: -1$"),
        (lambda g: g.advance(2.5), "^`rounds` must be a whole .* Received: 2.5$"),
        (lambda g: g.advance(float("nan")), "^`rounds` must be a whole .* Received: nan$"),
        (lambda g: g.move("D", -1), "^`moves` must be a whole .* Received: -1$"),
        (lambda g: g.move("E"), "^`name` must be one of 'D', 'G'. Received: name='E'"),
        (lambda g: g.player("E"), "^`name` must be one of 'D', 'G'. Received: name='E'"),
        (lambda g: g.set_rate("E", 1.0), "^`name` must be one of 'D', 'G'"),
        (lambda g: g.set_moves("E", 1), "^`name` must be one of 'D', 'G'"),
        (lambda g: g.set_moves("D", 0), "^`moves` of 'D' must be .*Received: moves=0"),
        (lambda g: g.set_coefficient("mass", 1.0), "^`name` must be one of 'weight'"),
        (lambda g: g.set_coefficient("weight", float("inf")), "^`value` must be a finite number"),
        *[
            (
                lambda g, r=rate: g.set_rate("D", r),
                "^`learning_rate` must be a finite number above 0",
            )
            for rate in (0.0, -1.0, float("nan"), float("inf"), "fast")
        ],
    ],
)
def test_impossible_requests_change_nothing(shared, call, message):
    before = snapshot(shared)
    with pytest.raises(ValueError, match=message):
        call(shared)
    assert_same(before.values(), snapshot(shared).values())


def test_simultaneous_rounds_stay_at_one_move():
    with pytest.raises(ValueError, match=r"^`simultaneous` rounds .* Received: moves=2 of 'D'"):
        Duel(simultaneous=True).set_moves("D", 2)


@pytest.mark.parametrize("call", [Game.advance, Game.batches, lambda g: g.move("D")])
def test_nothing_is_played_before_there_is_data(call):
    with pytest.raises(RuntimeError, match=r"no samples yet: call `feed\(data\)` first"):
        call(Duel())
