"""The VAE of lesson 12, the search for codes, and what is measured in strokes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import integrate, stats

from tgan_lessons import gan_models, inversion, readings, strokes, vae_models
from tgan_lessons.vae import VAE, kl_to_prior, reparameterise

SIDE = 2  # images of 2×2 pixels
W = np.array([[1.0, 0.0, 1.0, 0.0], [0.0, 2.0, 0.0, -1.0]], np.float32)  # orthogonal rows


def linear(weights, bias=0.0, shape=None):
    layer = keras.layers.Dense(weights.shape[1])
    layer.build((None, weights.shape[0]))
    layer.set_weights([weights, np.full(weights.shape[1], bias, np.float32)])
    return keras.Sequential([layer, *([keras.layers.Reshape(shape)] if shape else [])])


def linear_vae(mean_of, log_var, beta=1.0):
    """x = zW + noise; the code's mean is x · mean_of, its log-variance a constant per dimension."""
    images, codes = keras.Input((SIDE, SIDE, 1)), keras.Input((2,))
    flat = keras.layers.Flatten()(images)
    spread = keras.layers.Dense(2)
    encoder = keras.Model(images, [linear(mean_of)(flat), spread(flat)])
    spread.set_weights([np.zeros((4, 2), np.float32), np.float32(log_var)])
    decoder = keras.Model(codes, linear(W, shape=(SIDE, SIDE, 1))(codes))
    return VAE(encoder, decoder, beta=beta)


def small_vae(seed=0, **options):
    encoder = vae_models.build_encoder(3, (4, 4), seed=seed)
    return VAE(encoder, gan_models.build_generator(3, (4, 4), bias=True, seed=seed), **options)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).uniform(-1, 1, (40, 28, 28, 1)).astype(np.float32)


# The formula


@pytest.mark.parametrize(("mean", "sd"), [(0.0, 1.0), (1.2, 0.5), (-2.0, 1.7)])
def test_kl_is_the_integral(mean, sd):
    p, q = stats.norm(mean, sd), stats.norm()
    right, _ = integrate.quad(
        lambda z: p.pdf(z) * (p.logpdf(z) - q.logpdf(z)), mean - 12 * sd, mean + 12 * sd
    )
    value = kl_to_prior(np.float32(mean), np.float32(2 * np.log(sd)))
    assert float(value) == pytest.approx(right, abs=1e-5)


def test_a_reparameterised_draw_is_a_draw_and_has_a_slope():
    mean, log_var = tf.Variable(1.5), tf.Variable(float(np.log(0.25)))
    noise = np.random.default_rng(0).normal(size=50_000).astype(np.float32)
    with tf.GradientTape() as tape:
        z = reparameterise(mean, log_var, noise)
        cost = tf.reduce_mean(z**2)
    assert stats.kstest(z.numpy(), "norm", args=(1.5, 0.5)).pvalue > 1e-3
    slopes = [float(g) for g in tape.gradient(cost, [mean, log_var])]
    # E[z²] = μ² + σ², so 2μ and, for log σ², σ²
    np.testing.assert_allclose(slopes, [3.0, 0.25], rtol=0.03)


def test_the_bound_is_the_evidence_where_q_is_the_posterior_and_below_it_elsewhere():
    x = np.array([0.5, -1.0, 1.5, 0.3], np.float32)
    evidence = stats.multivariate_normal(np.zeros(4), np.eye(4) + W.T @ W).logpdf(x)
    precision = 1 + np.sum(W**2, axis=1)
    many = np.tile(x.reshape(1, SIDE, SIDE, 1), (60_000, 1, 1, 1))

    def bound(mean_of, variance):
        game = linear_vae(np.float32(mean_of), np.log(variance))
        return -float(game.losses(many)["VAE"]) - 2 * np.log(2 * np.pi)

    assert bound(W.T / precision, 1 / precision) == pytest.approx(evidence, abs=0.02)
    assert bound(W.T / precision, 3 / precision) < evidence - 0.3
    assert bound(0 * W.T, 1 / precision) < evidence - 0.3


@pytest.mark.parametrize("beta", [0.0, 1.0, 4.0])
def test_the_loss_is_half_the_squared_error_and_beta_times_kl(beta):
    mean_of = np.random.default_rng(1).normal(size=(4, 2)).astype(np.float32)
    game = linear_vae(mean_of, [-40.0, -40.0], beta)  # σ = 2e-9: no dice
    x = np.random.default_rng(2).normal(size=(7, SIDE, SIDE, 1)).astype(np.float32)
    flat = x.reshape(7, 4).astype(float)
    codes = flat @ mean_of
    error = 0.5 * np.sum((flat - codes @ W) ** 2, axis=1)
    kl = 0.5 * (codes**2 + np.exp(-40) - 1 + 40)
    np.testing.assert_allclose(game.measure(x).reconstruction, error, rtol=1e-4)
    np.testing.assert_allclose(game.measure(x).kl, kl, rtol=1e-4)
    expected = np.mean(error + beta * kl.sum(axis=1))
    assert float(game.losses(x)["VAE"]) == pytest.approx(expected, rel=1e-4)


# The game


def test_both_networks_learn_and_the_loss_falls(images):
    game = small_vae()
    game.feed(images, batch_size=20)
    before = [v.numpy() for v in game.encoder.trainable_variables[:1]]
    before += [game.decoder.trainable_variables[0].numpy()]
    first = game.advance(1)["VAE_loss"]
    assert game.advance(60)["VAE_loss"] < 0.9 * first
    after = game.encoder.trainable_variables[0], game.decoder.trainable_variables[0]
    assert all((a != b.numpy()).any() for a, b in zip(before, after, strict=True))


def test_a_large_beta_silences_the_code(images):
    loud, quiet = small_vae(beta=0.01), small_vae(beta=0.01)
    quiet.set_coefficient("beta", 500.0)
    for game in (loud, quiet):
        game.feed(images, batch_size=20)
        game.advance(150)
    loud_kl, quiet_kl = (game.measure(images).kl.sum(axis=1).mean() for game in (loud, quiet))
    assert quiet_kl < 0.1 < loud_kl / 5


def test_codes_and_pictures(images):
    game = small_vae()
    mean, log_var = game.encode(images)
    assert mean.shape == log_var.shape == (40, 3)
    expected = [part.numpy() for part in game.encoder(images, training=False)]
    np.testing.assert_allclose([mean, log_var], expected, atol=1e-5)
    rebuilt = game.decoder(mean, training=False)
    np.testing.assert_allclose(game.reconstruct(images), rebuilt, atol=1e-5)
    assert np.array_equal(game.generate(4, seed=1), game.generate(4, seed=1))
    assert not np.array_equal(game.generate(4, seed=1), game.generate(4, seed=2))
    many = np.repeat(images[:1], 4000, axis=0)
    drawn = game.draw_codes(many, seed=3)
    np.testing.assert_allclose(drawn.mean(axis=0), mean[0], atol=0.1)
    np.testing.assert_allclose(drawn.std(axis=0), np.exp(log_var[0] / 2), rtol=0.06)


def test_the_encoder_is_the_discriminator_but_for_its_last_layer():
    encoder = vae_models.build_encoder(5, (4, 6), seed=3)
    discriminator = gan_models.build_discriminator((4, 6), seed=3)
    ours, theirs = encoder.get_weights(), discriminator.get_weights()
    for mine, its in zip(ours[:4], theirs[:4], strict=True):
        np.testing.assert_array_equal(mine, its)
    features = 7 * 7 * 6
    assert encoder.count_params() - discriminator.count_params() == 9 * (features + 1)
    assert not np.array_equal(ours[4], ours[6])  # mean and log-variance start differently


def test_a_bias_lets_zero_noise_be_a_picture():
    plain, biased = (gan_models.build_generator(3, (4, 4), bias=bias) for bias in (False, True))
    assert biased.count_params() - plain.count_params() == 7 * 7 * 4
    layer = next(a for a in biased.layers if a.name.startswith("dense"))
    start = np.random.default_rng(0).normal(size=7 * 7 * 4).astype(np.float32)
    layer.set_weights([layer.get_weights()[0], start])
    even, picture = (
        g(np.zeros((1, 3), np.float32)).numpy()[0, 8:20, 8:20] for g in (plain, biased)
    )
    assert np.ptp(even) < 1e-6 < 0.01 < np.ptp(picture)


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (lambda: small_vae(beta=-1.0), "`beta`"),
        (lambda: small_vae(rate=0.0), "`rate`"),
        (lambda: vae_models.build_encoder(0), "`latent_dim`"),
        (lambda: vae_models.build_encoder(2.5), "`latent_dim`"),
        (
            lambda: VAE(vae_models.build_encoder(4, (4, 4)), gan_models.build_generator(3, (4, 4))),
            "`encoder`",
        ),
        (
            lambda: VAE(
                vae_models.build_encoder(3, (4, 4), image_shape=(8, 8, 1)),
                gan_models.build_generator(3, (4, 4)),
            ),
            "`decoder` must paint",
        ),
    ],
)
def test_what_makes_no_vae(build, told):
    with pytest.raises(ValueError, match=told):
        build()


# The search for a code


def test_the_search_finds_the_least_squares_code_and_leaves_the_generator_alone():
    codes = keras.Input((2,))
    generator = keras.Model(codes, linear(W, 0.3, (SIDE, SIDE, 1))(codes))
    before = generator.get_weights()
    x = np.random.default_rng(0).normal(size=(5, SIDE, SIDE, 1)).astype(np.float32)
    right = np.linalg.lstsq(W.T, (x.reshape(5, 4) - 0.3).T, rcond=None)[0].T
    found = inversion.invert(generator, x, steps=300, starts=2)
    np.testing.assert_allclose(found.codes, right, atol=0.02)
    np.testing.assert_allclose(found.images, generator(found.codes), atol=1e-5)
    ends = 0.5 * np.sum((x - found.images) ** 2, axis=(1, 2, 3))
    np.testing.assert_allclose(found.errors[-1], ends, atol=1e-4)
    assert found.errors.shape == (301, 5) and np.all(found.errors[-1] <= found.errors[0])
    assert all(np.array_equal(a, b) for a, b in zip(before, generator.get_weights(), strict=True))


def test_of_several_starts_the_best_counts():
    generator = gan_models.build_generator(2, (4, 4))
    x = np.random.default_rng(0).uniform(-1, 1, (3, 28, 28, 1)).astype(np.float32)
    one = inversion.invert(generator, x, steps=3, starts=1)
    more = inversion.invert(generator, x, steps=3, starts=6)
    assert more.errors[-1].sum() < one.errors[-1].sum()
    with pytest.raises(ValueError, match="`images`"):
        inversion.invert(generator, x[:, :14])
    with pytest.raises(ValueError, match="`starts`"):
        inversion.invert(generator, x, starts=0)


# Strokes


def bar(shear):
    """A vertical bar of 21 rows that leans by `shear` pixels to the right per pixel up."""
    picture = np.full((28, 28, 1), -1.0)
    for row in range(3, 24):
        picture[row, 13 + round(shear * (13 - row)), 0] = 1.0
    return picture


def test_slant_of_bars_that_lean():
    leans = strokes.slant(np.stack([bar(s) for s in (-1, -0.5, 0, 0.5, 1)]))
    np.testing.assert_allclose(leans, [-1, -0.5, 0, 0.5, 1], atol=0.03)
    assert strokes.slant(np.full((1, 28, 28, 1), -1.0)) == 0


def test_grey():
    picture = np.array([-1.0, -0.6, -0.4, 0.0, 0.4, 0.6, 1.0, 1.0])
    assert strokes.grey_share(picture) == pytest.approx(3 / 6)
    assert np.isnan(strokes.grey_share(np.full(9, -1.0)))


def test_direction_is_the_difference_of_the_extremes_means():
    rng = np.random.default_rng(0)
    codes, values = rng.normal(size=(50, 3)), rng.normal(size=50)
    order = np.argsort(values)
    expected = codes[order[40:]].mean(axis=0) - codes[order[:10]].mean(axis=0)
    np.testing.assert_allclose(strokes.direction(codes, values), expected)
    for bad in ({"share": 0.6}, {"share": 0.001}):
        with pytest.raises(ValueError, match="`share`"):
            strokes.direction(codes, values, **bad)
    with pytest.raises(ValueError, match="`codes`"):
        strokes.direction(codes, values[:9])


# Readings


class Eye:
    """A judge that sees two pixels."""

    @staticmethod
    def features(images):
        return images.reshape(len(images), -1)[:, :2].astype(float)


def test_readings_are_those_of_the_metrics():
    from tgan_lessons import metrics

    rng = np.random.default_rng(0)
    fake, real, reference = (rng.normal(size=(n, 2, 2, 1)) for n in (30, 30, 50))
    found = readings.Examiner(Eye, real, reference).read(fake)
    seen = [Eye.features(part) for part in (fake, real, reference)]
    expected = metrics.frechet_distance(*seen), *metrics.density_and_coverage(*seen)
    assert tuple(found) == expected
    told = readings.summarise([found, found])
    assert f"Fréchet distance {found.distance.value:.2f} ± 0.00" in told and "coverage" in told
    assert f"density {found.density.perfect:.2f}" in readings.perfect(found)
