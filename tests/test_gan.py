import os

import numpy as np
import pytest

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from keras import layers  # noqa: E402

from tgan_lessons import gan_models, losses  # noqa: E402
from tgan_lessons.gan import GAN  # noqa: E402


def build_generator(dtype=None):
    return keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(4, use_bias=False, dtype=dtype),
            layers.BatchNormalization(dtype=dtype),
            layers.ReLU(dtype=dtype),
            layers.Dense(2, dtype=dtype),
        ]
    )


def build_discriminator(together=1, dtype=None):
    return keras.Sequential(
        [
            keras.Input((2 * together,)),
            layers.Dense(4, dtype=dtype),
            layers.LeakyReLU(dtype=dtype),
            layers.Dense(1, dtype=dtype),
        ]
    )


def build_conditional():
    """Samples and scores that depend on the label, through embeddings."""
    z, y = keras.Input((3,)), keras.Input((), dtype="int32")
    joined = layers.Concatenate()([z, layers.Embedding(4, 2)(y)])
    generator = keras.Model([z, y], layers.Dense(2)(joined))
    x, y = keras.Input((2,)), keras.Input((), dtype="int32")
    joined = layers.Concatenate()([x, layers.Embedding(4, 2)(y)])
    hidden = layers.Dense(16, activation="relu")(joined)  # else x and y could not interact
    return generator, keras.Model([x, y], layers.Dense(1)(hidden))


def build_images(together=1):
    generator = keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(4 * 4 * 2),
            layers.Reshape((4, 4, 2)),
            layers.Conv2DTranspose(1, 3, padding="same"),
        ]
    )
    discriminator = keras.Sequential(
        [
            keras.Input((4, 4, together)),
            layers.Conv2D(2, 3, strides=2),
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    return generator, discriminator


def draw_data(n=50, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 2)).astype(np.float32)


def make(batch_size=8, data=None, together=1, **options):
    game = GAN(build_generator(), build_discriminator(together), **options)
    game.feed(draw_data() if data is None else data, batch_size=batch_size)
    return game


def is_finite(logs):
    return all(np.isfinite(value) for value in logs.values())


# What it minimises


@pytest.mark.parametrize("name", losses.LOSSES)
def test_its_losses_are_those_it_was_told(name):
    """Replays the noise, and gives the scores to the formulas."""
    game = make(loss=name, latent="uniform", seed=4)
    batch = tf.constant(draw_data(6, seed=1))
    received = game.losses(batch)
    noise = keras.random.uniform((6, 3), -1, 1, seed=keras.random.SeedGenerator(4))
    fake = game.discriminator(game.generator(noise, training=True))
    real = game.discriminator(batch)
    kind = losses.find_loss(name)
    expected = float(kind.discriminator(real, fake, 0.0))
    assert float(received["discriminator"]) == pytest.approx(expected, rel=1e-5)
    assert float(received["generator"]) == pytest.approx(float(kind.generator(fake)), rel=1e-5)


def test_a_balanced_game_is_worth_minus_log_four():
    game = make()
    game.discriminator.set_weights([np.zeros_like(w) for w in game.discriminator.get_weights()])
    received = game.losses(tf.constant(draw_data(6)))
    assert float(received["discriminator"]) == pytest.approx(2 * np.log(2))
    assert float(received["generator"]) == pytest.approx(np.log(2))


def linear_gan(a, **options):
    discriminator = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    discriminator.set_weights([np.array(a, np.float32)[:, None], np.zeros(1, np.float32)])
    return GAN(build_generator(), discriminator, "wasserstein", **options)


@pytest.mark.parametrize(
    ("penalty", "expected"), [("gradient", 7.0 * (5 - 1) ** 2), ("r1", 7.0 * 0.5 * 25)]
)
def test_penalties_are_added_with_their_weight(penalty, expected):
    batch = tf.constant(draw_data(6))
    game = linear_gan([3.0, 4.0], penalty=penalty, penalty_weight=7.0, seed=1)
    plain = linear_gan([3.0, 4.0], seed=1)
    plain.generator.set_weights(game.generator.get_weights())
    with_penalty, without = game.losses(batch), plain.losses(batch)
    added = float(with_penalty["discriminator"]) - float(without["discriminator"])
    assert added == pytest.approx(expected, rel=1e-4)
    assert float(with_penalty["generator"]) == pytest.approx(float(without["generator"]))
    game.set_coefficient("penalty", 0.0)
    assert float(linear_gan([3.0, 4.0], seed=1).losses(batch)["generator"]) is not None


def test_alpha_is_one_number_per_sample():
    shape = GAN._one_per_sample(tf.zeros([5, 4, 3, 2]))
    assert [int(n) for n in shape] == [5, 1, 1, 1]


def test_smoothing_may_change_while_it_trains():
    game = make(smoothing=0.1)
    before = float(game.coefficients["smoothing"])
    game.set_coefficient("smoothing", 0.3)
    assert (before, float(game.coefficients["smoothing"])) == pytest.approx((0.1, 0.3))
    noise = keras.random.normal((6, 3), seed=keras.random.SeedGenerator(0))
    batch = tf.constant(draw_data(6))
    received = float(game.losses(batch)["discriminator"])
    fake = game.discriminator(game.generator(noise, training=True))
    expected = losses.cross_entropy(game.discriminator(batch), fake, 0.3)
    assert received == pytest.approx(float(expected), rel=1e-5)


def test_a_gan_learns_where_the_samples_are():
    data = (0.1 * draw_data() + [2.0, -1.0]).astype(np.float32)
    # R1, because a plain GAN circles around the samples
    game = make(data=data, batch_size=32, rates=(0.02, 0.02), penalty="r1", penalty_weight=1.0)
    before = np.linalg.norm(game.generate(200).mean(axis=0) - [2, -1])
    game.advance(600)
    assert np.linalg.norm(game.generate(200).mean(axis=0) - [2, -1]) < 0.5 * before


# Clipping


def test_weights_are_clipped_after_each_move_and_the_limit_may_change():
    game = make(loss="wasserstein", clip=0.05, rates=(0.1, 0.1))

    def largest(network):
        return max(float(np.abs(w).max()) for w in network.get_weights())

    assert largest(game.discriminator) > 0.05
    for _ in range(2):
        game.move("discriminator")
        assert largest(game.discriminator) == pytest.approx(0.05)
    game.set_coefficient("clip", 0.02)
    game.move("discriminator")
    assert largest(game.discriminator) == pytest.approx(0.02)
    game.move("generator", 3)
    assert largest(game.generator) > 0.05
    assert all(variable.constraint is None for variable in game.generator.variables)


def test_clip_by_hand():
    clip = gan_models.Clip(keras.Variable(0.5))
    np.testing.assert_array_equal(
        clip(np.array([-2.0, -0.25, 0.75], np.float32)), [-0.5, -0.25, 0.5]
    )


# Variants

DATA = np.random.default_rng(0).normal(2.0, 1.0, (200, 2)).astype(np.float32)


def build_dense():
    """Alike at every call."""
    pair = (gan_models.build_mlp_generator, gan_models.build_mlp_discriminator)
    return [build(units=(8,), seed=3) for build in pair]


def test_a_variant_plays_the_other_game_with_the_same_networks():
    """Equal to a game that had the other rules from the start, at the same weights and moments."""

    def build(loss):
        game = GAN(*build_dense(), loss, rates=(0.01, 0.01), seed=3)
        game.feed(DATA, batch_size=16)
        return game

    game, other = build("minimax"), build("hinge")
    variant = game.variant(loss="hinge")
    assert variant.kind.name == "hinge" and variant.generator is game.generator
    variant.advance(5)
    other.advance(5)
    for mine, its in zip(
        variant.generator.get_weights(), other.generator.get_weights(), strict=True
    ):
        np.testing.assert_allclose(mine, its, rtol=1e-5, atol=1e-6)
    assert int(variant.rounds) == 5 and int(game.rounds) == 0


def test_a_variant_keeps_what_is_not_named():
    game = GAN(*build_dense(), "least squares", smoothing=0.2, latent="uniform", moves=(2, 1))
    game.feed(DATA, batch_size=16)
    game.advance(3)
    variant = game.variant(penalty="r1", penalty_weight=2.0)
    assert (variant.kind.name, variant.latent, int(variant.rounds)) == (
        "least squares",
        "uniform",
        3,
    )
    assert float(variant.coefficients["smoothing"]) == pytest.approx(0.2)
    assert float(variant.coefficients["penalty"]) == pytest.approx(2.0)
    assert variant.player("discriminator").moves == 2
    iterations = int(variant.player("discriminator").optimizer.iterations)
    variant.advance(1)
    assert int(variant.player("discriminator").optimizer.iterations) == iterations + 2
    assert "smoothing" not in variant.variant(loss="wasserstein").coefficients
    with pytest.raises(ValueError, match="`smoothing`"):
        variant.variant(loss="hinge", smoothing=0.1)


# Labels


@pytest.mark.parametrize("penalty", [None, "gradient"])
def test_a_conditional_gan_learns_what_a_label_means(penalty):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200).astype(np.int32)
    data = (0.1 * rng.normal(size=(200, 2)) + labels[:, None] * [3, 0]).astype(np.float32)
    options = {} if penalty is None else {"loss": "wasserstein", "penalty": penalty}
    game = GAN(*build_conditional(), rates=(0.05, 0.05), **options)
    game.feed((data, labels), batch_size=16)
    assert is_finite(game.advance(1 if penalty else 300))
    history = game.fit(data, labels, batch_size=50, verbose=0).history
    assert np.isfinite(history["generator_loss"]).all()
    zeros, ones = (game.generate(60, np.full(60, label)) for label in (0, 1))
    assert zeros.shape == (60, 2)
    if not penalty:
        assert ones[:, 0].mean() - zeros[:, 0].mean() > 0.5
    np.testing.assert_array_equal(ones, game.generate(60, np.ones(60, int)))


# Packing


def test_packing_judges_several_samples_as_one():
    game = make(together=2, packing=2)
    assert is_finite(game.advance(2))
    with pytest.raises(
        ValueError, match=r"^`batch_size` must be divisible by packing=2. Received: batch_size=7"
    ):
        game.feed(draw_data(), batch_size=7)
    assert is_finite(game.advance(1))  # what it was fed before is still there
    with pytest.raises(
        ValueError, match=r"^`samples` must be divisible by together=2. Received: 5"
    ):
        game.losses(tf.constant(draw_data(5)))


@pytest.mark.parametrize("options", [{}, {"together": 2, "penalty": "gradient"}])
def test_images(options):
    together = options.get("together", 1)
    options = {key: value for key, value in options.items() if key != "together"}
    game = GAN(*build_images(together), packing=together, simultaneous=True, **options)
    images = np.random.default_rng(0).uniform(-1, 1, (20, 4, 4, 1))
    game.feed(images, batch_size=6)  # doubles, from NumPy
    assert is_finite(game.advance(2))
    assert game.generate(3).shape == (3, 4, 4, 1)


# Half precision


# Capped so, TensorFlow itself crashes at a product of two bfloat16 matrices, where the processor
# has instructions for it and oneDNN may not use them.
CAPPED = os.environ.get("ONEDNN_MAX_CPU_ISA") in (
    "SSE41",
    "AVX",
    "AVX2",
    "AVX2_VNNI",
    "AVX2_VNNI_2",
)


@pytest.mark.parametrize(
    "dtype",
    [
        "mixed_float16",
        *(
            pytest.param(dtype, marks=pytest.mark.skipif(CAPPED, reason="TensorFlow crashes"))
            for dtype in ("mixed_bfloat16", "bfloat16")
        ),
    ],
)
def test_losses_of_half_precision_networks_are_of_single_precision(dtype):
    game = GAN(build_generator(dtype), build_discriminator(dtype=dtype), penalty="gradient")
    received = game.losses(tf.constant(draw_data(6)))
    assert {loss.dtype for loss in received.values()} == {tf.float32}
    if dtype == "bfloat16":
        game.feed(draw_data())
        assert is_finite(game.advance(2))


# Samples


def test_the_same_seed_draws_the_same_samples_and_changes_nothing():
    game = make()
    before = [v.numpy() for v in game.variables]
    first, again, other = game.generate(5), game.generate(5), game.generate(5, seed=1)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3
    for a, b in zip(before, game.variables, strict=True):
        np.testing.assert_array_equal(a, b.numpy())
    np.testing.assert_allclose(game.generate(3, seed=0), first[:3], rtol=1e-5)
    assert isinstance(first, np.ndarray) and first.dtype == np.float32


def test_painting_is_inference_in_parts():
    game = make()
    game.generator.layers[1].set_weights([np.full(4, w) for w in (2.0, 0.5, 0.3, 4.0)])
    noise = np.random.default_rng(0).normal(size=(11, 3)).astype(np.float32)
    whole = game.generator(noise, training=False)
    np.testing.assert_allclose(game.paint(noise, batch_size=4), whole, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("latent", ["normal", "uniform"])
def test_noise_is_of_the_distribution_it_says(latent):
    game = make(latent=latent, seed=3)
    painted = []
    game.generator.call = lambda z, **_: painted.append(np.array(z)) or z
    noises = [np.array(game.noise(4000))]
    game.paint = lambda noise: noises.append(noise)
    game.generate(4000)
    for noise in noises:
        assert noise.shape == (4000, 3) and noise.dtype == np.float32
        assert abs(noise.mean()) < 0.05
        if latent == "uniform":
            assert -1 <= noise.min() < -0.99 and 0.99 < noise.max() <= 1
        else:
            assert noise.std() == pytest.approx(1, abs=0.05) and np.abs(noise).max() > 2.5
    assert np.abs(np.array(game.noise(4000)) - noises[0]).max() > 0.1


# Arguments


def test_options_reach_the_players():
    game = make(rates=(0.1, 0.2), beta_1=0.3, moves=(4, 1))
    d, g = game.players
    assert (d.name, g.name, d.moves, g.moves) == ("discriminator", "generator", 4, 1)
    assert [float(p.optimizer.learning_rate) for p in (d, g)] == pytest.approx([0.1, 0.2])
    assert {p.optimizer.beta_1 for p in (d, g)} == {0.3}
    own = [keras.optimizers.SGD(0.1), keras.optimizers.RMSprop(0.1)]
    assert [p.optimizer for p in make(optimizers=own).players] == own


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "kl"}, "^`loss` must be one of"),
        ({"penalty": "r2"}, "^`penalty` must be one of 'gradient', 'r1'. Received: penalty='r2'"),
        ({"penalty": "r1", "penalty_weight": float("nan")}, "^`penalty_weight` must be a finite"),
        ({"latent": "cauchy"}, "^`latent` must be one of 'normal', 'uniform'"),
        ({"smoothing": 1.0}, r"^`smoothing` must be in \[0, 1\). Received: smoothing=1.0"),
        ({"smoothing": -0.1}, r"^`smoothing` must be in \[0, 1\)"),
        ({"smoothing": float("nan")}, "^`smoothing` must be a finite number"),
        ({"loss": "hinge", "smoothing": 0.1}, "^`smoothing` must be 0 with the loss 'hinge'"),
        ({"clip": 0.0}, "^`clip` must be a finite number above 0. Received: clip=0.0"),
        ({"packing": 2}, r"^`discriminator` must judge what `generator` makes, 2 together."),
        ({"packing": 0}, "^`packing` must be a whole number of at least 1.*packing=0"),
        ({"packing": 1.5}, "^`packing` must be a whole number of at least 1.*packing=1.5"),
        ({"rates": (0.1, float("nan"))}, "^`rates` must be a finite number above 0. .*rates=nan"),
        ({"rates": (0.1, -1.0)}, "^`rates` must be a finite number above 0"),
        ({"rates": (0.1,)}, r"^`rates` must be two, of \(discriminator, generator\). Received: 1"),
        ({"moves": (1, 2, 3)}, "^`moves` must be two, .*Received: 3"),
        ({"moves": (0, 1)}, "^`moves` of 'discriminator' must be a whole number of at least 1"),
        ({"optimizers": ["one"]}, "^`optimizers` must be two"),
        ({"moves": (2, 1), "simultaneous": True}, "^`simultaneous` rounds have one move"),
    ],
)
def test_impossible_gans(options, message):
    with pytest.raises(ValueError, match=message):
        GAN(build_generator(), build_discriminator(), **options)


def test_labels_cannot_be_packed():
    with pytest.raises(ValueError, match=r"^`packing` must be .*takes labels. Received: packing=2"):
        GAN(*build_conditional(), packing=2)


@pytest.mark.parametrize("which", [0, 1])
def test_networks_must_be_built(which):
    networks = [build_generator(), build_discriminator()]
    networks[which] = keras.Sequential([layers.Dense(2)])
    with pytest.raises(ValueError, match=r"^`generator` and `discriminator` must be built"):
        GAN(*networks)


def test_networks_must_fit():
    with pytest.raises(ValueError, match=r"samples of shape \(2,\) and a discriminator of shape"):
        GAN(build_generator(), build_discriminator(3))


# What learners write -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def asked():
    """A conditional game of digits, not trained."""
    game = GAN(
        gan_models.build_generator(4, (8, 4), classes=3),
        gan_models.build_discriminator((4, 8), classes=3),
    )
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (12, 28, 28, 1)).astype(np.float32)
    return game, x, np.arange(12) % 3


@pytest.mark.parametrize("form", [list, tuple, np.uint8, lambda y: y[:, np.newaxis]])
def test_labels_to_paint_come_in_every_plain_form(asked, form):
    game, _, y = asked
    np.testing.assert_array_equal(game.generate(12, form(y)), game.generate(12, y))


def test_one_label_serves_all(asked):
    game, *_ = asked
    np.testing.assert_array_equal(game.generate(4, 2), game.generate(4, [2] * 4))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((3, [0, 1, 3]), "`labels` must hold class numbers from 0 to 2.*to 3"),
        ((3, [0, -1, 1]), "`labels` must hold class numbers from 0 to 2.*from -1"),
        ((3, [0, 1]), r"`labels` must be one class number for each sample, shape \(3,\)"),
        ((3, ["0", "1", "2"]), "`labels` must hold class numbers, whole ones"),
        ((3, [0.0, 1.0, 2.0]), "`labels` must hold class numbers, whole ones"),
        ((3,), "`labels`: this generator takes labels"),
        ((3, [0] * 3, [0] * 3), "`labels`: this generator takes labels"),
        ((0, []), "`n` must be a whole number from 1"),
        ((-1, []), "`n` must be a whole number from 1"),
        ((2.5, []), "`n` must be a whole number from 1"),
    ],
)
def test_what_cannot_be_painted_is_named(asked, arguments, told):
    with pytest.raises((TypeError, ValueError), match=told):
        asked[0].generate(*arguments)


@pytest.mark.parametrize("seed", [None, "a", -1, 1.5])
def test_seeds_are_whole_numbers_everywhere(asked, seed):
    game, *_ = asked
    with pytest.raises(ValueError, match="`seed` must be a whole number from 0"):
        game.generate(1, [0], seed=seed)
    with pytest.raises(ValueError, match="`seed` must be a whole number from 0"):
        GAN(game.generator, game.discriminator, seed=seed)


@pytest.mark.parametrize(
    ("feed", "told"),
    [
        (lambda x, y: (x, y + 1), "`labels` must hold class numbers from 0 to 2.*from 1 to 3"),
        (lambda x, y: (x, y - 1), "`labels` must hold class numbers from 0 to 2.*from -1"),
        (lambda x, y: (x, y[:5]), "`labels` must be one class number for each sample"),
        (lambda x, y: (x, np.eye(3)[y]), "`labels` must hold class numbers"),
        (lambda x, y: x, r"`data` must be a tuple \(samples, labels\)"),
        (lambda x, y: [x, y], r"`data` must be a tuple \(samples, labels\)"),
        (lambda x, y: ((x * 127).astype(np.uint8), y), "`data` must hold samples of .* floats"),
        (lambda x, y: (x[:, :20], y), r"`data` must hold samples of shape \(28, 28, 1\)"),
    ],
)
def test_what_cannot_be_fed_is_named_at_once(asked, feed, told):
    game, x, y = asked
    with pytest.raises((TypeError, ValueError), match=told):
        game.feed(feed(x, y), batch_size=4)


def test_labels_in_a_column_are_fed(asked):
    game, x, y = asked
    game.feed((x, y[:, np.newaxis]), batch_size=4)
    assert game._data[1].shape == (12,)


def test_points_of_whole_numbers_and_tables_are_refused_where_they_are_fed():
    game = GAN(build_generator(), build_discriminator())
    with pytest.raises(ValueError, match=r"`data` must hold samples of shape \(2,\), floats.*int"):
        game.feed(np.ones((5, 2), int))
    pandas = pytest.importorskip("pandas")
    with pytest.raises(ValueError, match="`data` must"):
        game.feed(pandas.DataFrame(np.zeros((5, 2))))
    with pytest.raises(ValueError, match="`data` must be samples alone"):
        game.feed((np.zeros((5, 2), np.float32), np.zeros(5, int)))


def test_what_keras_offers_and_a_game_does_not_have(tmp_path):
    game = GAN(build_generator(), build_discriminator())
    for name in ("optimizer", "loss"):
        with pytest.raises(ValueError, match=f"`{name}` is not for a game: each player"):
            game.compile(**{name: "adam"})
    with pytest.raises(NotImplementedError, match=r"game\.generator\.save"):
        game.save(tmp_path / "game.keras")
    with pytest.raises(NotImplementedError, match=r"game\.generator\.save"):
        keras.models.clone_model(game)
    with pytest.raises(
        NotImplementedError, match=r"A game is no network.*game\.generator\(noise\)"
    ):
        game(np.zeros((1, 2), np.float32))
    lines = []
    game.summary(print_fn=lambda line, **_: lines.append(line))
    assert "sequential" in "".join(lines) and f"{game.count_params():,}" in "".join(lines)
