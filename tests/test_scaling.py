"""Half precision: small gradients survive, an overflow costs a move, divergence is still seen."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from tgan_lessons.checkpoint import restore, snapshot
from tgan_lessons.game import Diverged, Game
from tgan_lessons.gan import GAN
from tgan_lessons.players import Player

Scaled = keras.optimizers.LossScaleOptimizer
POINTS = np.random.default_rng(0).normal(1, 1, (60, 2)).astype(np.float32)


def dense(units, number, dtype):
    start = keras.initializers.GlorotUniform(seed=number)
    return layers.Dense(units, kernel_initializer=start, dtype=dtype)


def networks(dtype):
    generator = keras.Sequential(
        [
            keras.Input((3,)),
            dense(8, 1, dtype),
            layers.BatchNormalization(momentum=0.5, dtype=dtype),
            layers.Activation("tanh", dtype=dtype),
            dense(2, 2, dtype),
        ]
    )
    discriminator = keras.Sequential(
        [keras.Input((2,)), dense(8, 3, dtype), layers.ReLU(dtype=dtype), dense(1, 4, dtype)]
    )
    return generator, discriminator


def build(dtype="mixed_float16", **options):
    game = GAN(*networks(dtype), seed=3, **options)
    game.feed(POINTS, batch_size=16)
    return game


def scaled(first, second=2.0**15):
    return [Scaled(keras.optimizers.SGD(0.1), initial_scale=scale) for scale in (first, second)]


def scales(game):
    return [float(player.optimizer.dynamic_scale) for player in game.players]


def weights(game):
    return [w for n in (game.generator, game.discriminator) for w in n.get_weights()]


def test_each_player_has_a_scale_of_its_own_where_it_is_needed():
    game = build()
    assert [type(p.optimizer) for p in game.players] == [Scaled, Scaled]
    assert scales(game) == [2.0**15, 2.0**15]
    variant = game.variant(loss="hinge")
    assert [p.optimizer for p in variant.players] == [p.optimizer for p in game.players]
    for dtype in (None, "mixed_bfloat16"):
        assert not any(isinstance(p.optimizer, Scaled) for p in build(dtype).players)
    mixed = GAN(networks(None)[0], networks("mixed_float16")[1])  # G's gradient runs through D
    assert all(isinstance(p.optimizer, Scaled) for p in mixed.players)


class Faint(Game):
    """Its gradient is about 1e-9, which half precision takes for 0."""

    def __init__(self, dtype, scale):
        network = keras.Sequential([keras.Input((2,)), dense(1, 1, dtype)])
        sgd = keras.optimizers.SGD(1e6)
        sgd = sgd if scale is None else Scaled(sgd, initial_scale=scale)
        super().__init__([Player("a", network, sgd)])

    def losses(self, batch):
        score = ops.cast(self.players[0].network(batch), "float32")
        return {"a": 1e-9 * ops.mean(score)}


def test_what_half_precision_takes_for_zero_is_learned_with_scale():
    moved, half = {}, "mixed_float16"
    ways = {"single": (None, None), "plain": (half, 1.0), "scaled": (half, 2.0**15)}
    for name, (dtype, scale) in ways.items():
        game = Faint(dtype, scale)
        game.feed(POINTS, batch_size=16)
        before = game.players[0].network.get_weights()[0]
        norm = game.advance(4)["a_gradient_norm"]
        moved[name] = game.players[0].network.get_weights()[0] - before, norm
    assert np.abs(moved["single"][0]).min() > 1e-4
    assert np.abs(moved["plain"][0]).max() == 0 and moved["plain"][1] == 0
    np.testing.assert_allclose(moved["scaled"][0], moved["single"][0], rtol=0.02)
    assert moved["scaled"][1] == pytest.approx(moved["single"][1], rel=0.02)


@pytest.mark.parametrize("simultaneous", [False, True])
def test_an_overflow_lowers_the_scale_and_skips_this_players_move_alone(simultaneous):
    game = build(optimizers=scaled(2.0**60), simultaneous=simultaneous)
    before = game.discriminator.get_weights(), game.generator.get_weights()
    logs = game.advance(1)
    assert scales(game) == [2.0**59, 2.0**15]
    assert [int(p.optimizer.iterations) for p in game.players] == [0, 1]
    assert logs["discriminator_gradient_norm"] == 0 < logs["generator_gradient_norm"]
    for a, b in zip(before[0], game.discriminator.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.abs(before[1][0] - game.generator.get_weights()[0]).max() > 0
    game.advance(79)
    halvings = round(np.log2(2.0**60 / scales(game)[0]))
    assert 30 < halvings < 60  # it recovers, and moves from there on
    assert [int(p.optimizer.iterations) for p in game.players] == [80 - halvings, 80]
    assert all(np.isfinite(array).all() for array in snapshot(game).values())


def test_statistics_of_a_skipped_move_are_dropped():
    game = build(optimizers=scaled(2.0**15, 2.0**60))
    norm = game.generator.layers[1]
    game.advance(1)
    assert np.all(norm.moving_mean.numpy() == 0) and np.all(norm.moving_variance.numpy() == 1)
    game.advance(60)
    assert np.abs(norm.moving_mean.numpy()).max() > 0


def test_half_precision_ends_near_single_precision():
    """The same first weights, noise and batches; half precision rounds at 5e-4."""
    single, half = (build(d, optimizers=o) for d, o in ((None, sgd()), ("mixed_float16", sgd())))
    start = weights(single)
    logs = [game.advance(60) for game in (single, half)]
    assert all(isinstance(p.optimizer, Scaled) for p in half.players)
    far = max(np.abs(a - b).max() for a, b in zip(start, weights(single), strict=True))
    apart = max(np.abs(a - b).max() for a, b in zip(weights(half), weights(single), strict=True))
    assert far > 0.1 and apart < 0.1 * far
    for name, value in logs[0].items():
        assert logs[1][name] == pytest.approx(value, rel=0.1), name


def sgd():
    return [keras.optimizers.SGD(0.05) for _ in range(2)]


class Root(Game):
    """Its loss is finite and its gradient is not, at any scale."""

    def losses(self, batch):
        score = ops.cast(self.players[0].network(batch), "float32")
        return {"a": ops.mean(tf.sqrt(score * 0.0))}


def test_a_gradient_that_no_scale_makes_finite_is_divergence():
    network = keras.Sequential([keras.Input((2,)), dense(1, 1, "mixed_float16")])
    game = Root([Player("a", network, keras.optimizers.SGD(0.1))])
    game.feed(POINTS, batch_size=16)
    before = network.get_weights()
    with pytest.raises(Diverged, match=r"^a_gradient_norm became infinite or not a number in"):
        game.advance(100)
    assert int(game.rounds) == 16 and scales(game) == [1.0]
    for a, b in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_fixed_scale_changes_neither_the_step_nor_the_norm():
    plain = build(None, optimizers=sgd())
    fixed = build(
        None, optimizers=[keras.optimizers.SGD(0.05, loss_scale_factor=8.0) for _ in range(2)]
    )
    assert plain.advance(5) == fixed.advance(5)  # a power of two rounds nothing
    for a, b in zip(weights(plain), weights(fixed), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_scale_is_kept_in_a_checkpoint():
    game = build(optimizers=scaled(2.0**40))
    game.advance(5)
    arrays = snapshot(game)
    other = build(optimizers=scaled(2.0**10))
    restore(other, arrays)
    assert scales(other) == [2.0**35, 2.0**15]
    for each in (game, other):
        each.advance(3)
    left, right = snapshot(game), snapshot(other)
    assert left.keys() == right.keys()
    for name, array in left.items():
        np.testing.assert_array_equal(array, right[name], err_msg=name)


def test_fit_goes_on_after_an_overflow():
    game = build(optimizers=scaled(2.0**60))
    history = game.fit(game.batches(), steps_per_epoch=50, verbose=0).history
    assert int(game.rounds) == 50 and np.isfinite(history["discriminator_gradient_norm"]).all()
    assert 0 < int(game.players[0].optimizer.iterations) < 50
