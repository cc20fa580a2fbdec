"""GANs that learn side by side learn exactly what the engine's GAN learns alone."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tgan_lessons.crowd import Crowd, Rules
from tgan_lessons.gan import GAN
from tgan_lessons.minibatch import MinibatchSpread, add_spread, build_watchful_discriminator

SEEDS, BATCH, ROUNDS = (3, 8), 12, 3
SMALL = {"units_d": (8, 6), "units_g": (7,), "rates": (3e-3, 5e-3)}
POINTS = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)


class Scripted(GAN):
    """Plays with the noise it is given."""

    def noise(self, n):
        return self.script


def scripted(crowd, seed):
    """The engine's own game from the crowd's weights of one seed."""
    game, rules = crowd.gan(seed), crowd.rules
    optimizers = [
        keras.optimizers.Adam(rate, beta_1=rules.beta_1, beta_2=rules.beta_2)
        for rate in rules.rates
    ]
    return Scripted(
        game.generator,
        game.discriminator,
        penalty="r1" if rules.r1 else None,
        penalty_weight=rules.r1,
        smoothing=rules.smoothing,
        packing=rules.packing,
        optimizers=optimizers,
        simultaneous=True,
    )


def batches():
    rng = np.random.default_rng(5)
    shape = (2, ROUNDS, len(SEEDS), BATCH, 2)
    return rng.normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(
    "switches",
    [
        {"smoothing": 0.1, "r1": 0.5, "beta_1": 0.0, "beta_2": 0.99},
        {"packing": 3},
        {"group": 4},
        {"spectral": True},
    ],
    ids=str,
)
def test_each_learns_what_the_engine_s_gan_learns(switches):
    crowd = Crowd(Rules(**SMALL | switches), SEEDS, POINTS, rounds=ROUNDS, batch_size=BATCH)
    games = [scripted(crowd, seed) for seed in SEEDS]
    real, noise = batches()
    if crowd.rules.spectral:  # the search for singular values has to settle first
        real, noise = real[:1], noise[:1]
        for kernel, axis in zip(crowd.weights[:6:2], crowd._axes, strict=True):
            axis[:] = np.linalg.svd(kernel)[2][:, :1].transpose(0, 2, 1)
    crowd.play(real, noise)
    for row, game in enumerate(games):
        for x, z in zip(real[:, row], noise[:, row], strict=True):
            game.script = tf.constant(z)
            game.train_step(tf.constant(x))
        theirs = [*game.discriminator.get_weights(), *game.generator.get_weights()]
        for ours, their in zip(crowd.weights, theirs, strict=True):
            np.testing.assert_allclose(ours[row].ravel(), their.ravel(), atol=2e-4)


def test_nobody_notices_the_others():
    together = Crowd(Rules(**SMALL), SEEDS, POINTS, rounds=9, batch_size=BATCH)
    alone = Crowd(Rules(**SMALL), SEEDS[1:], POINTS, rounds=9, batch_size=BATCH)
    for crowd in (together, alone):
        crowd.train(9)
    for both, one in zip(together.weights, alone.weights, strict=True):
        np.testing.assert_allclose(both[1], one[0], atol=1e-5)


def test_what_it_generates_is_what_its_gan_generates():
    crowd = Crowd(Rules(**SMALL), SEEDS, POINTS, rounds=9, batch_size=BATCH)
    crowd.train(9)
    game = crowd.gan(SEEDS[1])
    np.testing.assert_allclose(crowd.generate(7, seed=2)[1], game.generate(7, seed=2), atol=1e-5)


def test_spectral_norms_settle_at_1():
    rules = Rules(**SMALL, spectral=True)
    crowd = Crowd(rules, SEEDS, POINTS, rounds=30, batch_size=BATCH)
    crowd.train(30)
    for kernel in crowd.weights[:6:2]:
        np.testing.assert_allclose(np.linalg.norm(kernel, 2, axis=(1, 2)), 1, atol=0.02)


def test_rates_and_penalty_fall_as_planned():
    rules = Rules(r1=0.1, last_r1=0.001, fall=0.5)
    done = np.array([0, 0.5, 0.7, 0.75, 0.9, 1])
    np.testing.assert_allclose(rules.pace(done), [1, 1, 0.6, 0.5, 0.2, 0.01])
    np.testing.assert_allclose(rules.weight(done)[[0, 1, 2, 4, 5]], [0.1, 0.1, 0.01, 0.001, 0.001])
    assert (Rules().pace(done) == 1).all() and (Rules(r1=2.0).weight(done) == 2).all()


@pytest.mark.parametrize(
    ("rules", "batch", "said"),
    [({"packing": 0}, 12, "packing"), ({"packing": 5}, 12, "divisible"), ({"group": 7}, 12, "7")],
)
def test_rules_that_cannot_be_played(rules, batch, said):
    with pytest.raises(ValueError, match=said):
        Crowd(Rules(**rules), (0,), POINTS, rounds=1, batch_size=batch)


def test_a_gan_that_left_the_numbers_is_named():
    crowd = Crowd(Rules(**SMALL), SEEDS, POINTS, rounds=1, batch_size=BATCH)
    crowd.weights[0][1] = np.nan
    with pytest.raises(FloatingPointError, match=r"\[8\]"):
        crowd.train(1)


# Minibatch standard deviation


def test_spread_is_numpy_s_standard_deviation():
    x = np.random.default_rng(1).normal(size=(6, 4)).astype(np.float32)
    right = [x[i : i + 3].std(axis=0).mean() for i in (0, 3)]
    for made in (add_spread(x, 3), MinibatchSpread(3)(x)):
        np.testing.assert_allclose(made[:, :4], x)
        np.testing.assert_allclose(made[:, 4], np.repeat(right, 3), atol=1e-5)


def test_a_score_depends_on_the_neighbours():
    judge = build_watchful_discriminator((8, 8), group=2)
    point, near, far = np.float32([[1, 1]]), np.float32([[1, 1]]), np.float32([[-3, 2]])
    alone, beside = (float(judge(np.concatenate([point, other]))[0, 0]) for other in (near, far))
    assert alone != pytest.approx(beside, abs=1e-4)
    assert MinibatchSpread(2).compute_output_shape((None, 5)) == (None, 6)
    assert MinibatchSpread(3).get_config()["group"] == 3
