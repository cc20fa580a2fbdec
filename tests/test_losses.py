import numpy as np
import pytest

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from tgan_lessons import losses  # noqa: E402

REAL = np.array([[2.0], [-1.0], [0.5]], np.float32)
FAKE = np.array([[-0.5], [1.5], [-3.0]], np.float32)
D_REAL, D_FAKE = (1 / (1 + np.exp(-score.astype(np.float64))) for score in (REAL, FAKE))


def value(loss):
    return float(loss)


# Values, from the formulas of the papers


@pytest.mark.parametrize(
    ("name", "discriminator", "generator"),
    [
        (
            "minimax",
            -np.log(D_REAL).mean() - np.log(1 - D_FAKE).mean(),
            np.log(1 - D_FAKE).mean(),
        ),
        (
            "non-saturating",
            -np.log(D_REAL).mean() - np.log(1 - D_FAKE).mean(),
            -np.log(D_FAKE).mean(),
        ),
        # ½ · mean(1, 4, ¼) + ½ · mean(¼, 9/4, 9) and ½ · mean(9/4, ¼, 16)
        ("least squares", 0.5 * 5.25 / 3 + 0.5 * 11.5 / 3, 0.5 * 18.5 / 3),
        # mean(0, 2, ½) + mean(½, 2½, 0)
        ("hinge", 2.5 / 3 + 3 / 3, 2 / 3),
        ("wasserstein", -2 / 3 - 0.5, 2 / 3),
    ],
)
def test_values_by_hand(name, discriminator, generator):
    loss = losses.find_loss(name)
    assert loss.name == name
    assert value(loss.discriminator(REAL, FAKE, 0.0)) == pytest.approx(discriminator, rel=1e-5)
    assert value(loss.generator(FAKE)) == pytest.approx(generator, rel=1e-5)


def test_all_names_are_known_and_others_are_refused():
    assert losses.LOSSES == ("minimax", "non-saturating", "least squares", "hinge", "wasserstein")
    with pytest.raises(
        ValueError, match=r"^`loss` must be one of 'minimax', .*Received: loss='kl'"
    ):
        losses.find_loss("kl")


def test_a_discriminator_that_cannot_tell_pays_two_ln_two():
    nothing = np.zeros((5, 1), np.float32)
    d_loss = value(losses.cross_entropy(nothing, nothing))
    assert d_loss == pytest.approx(2 * np.log(2))
    assert -d_loss == pytest.approx(-np.log(4))  # the value of the game at its solution
    assert value(losses.saturating(nothing)) == pytest.approx(-np.log(2))
    assert value(losses.non_saturating(nothing)) == pytest.approx(np.log(2))


def test_scores_of_any_size_are_finite():
    for score in (1e4, -1e4):
        scores = np.full((2, 1), score, np.float32)
        for name in losses.LOSSES:
            loss = losses.find_loss(name)
            assert np.isfinite(value(loss.discriminator(scores, -scores, 0.1)))
            assert np.isfinite(value(loss.generator(scores)))


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_smoothing_is_the_cross_entropy_with_another_target(smoothing):
    entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    expected = value(entropy(np.full_like(REAL, 1 - smoothing), REAL))
    expected += value(entropy(np.zeros_like(FAKE), FAKE))
    received = value(losses.cross_entropy(REAL, FAKE, smoothing))
    assert received == pytest.approx(expected, rel=1e-5)


def test_smoothing_of_least_squares_moves_the_target():
    expected = 0.5 * np.mean((REAL - 0.9) ** 2) + 0.5 * np.mean(FAKE**2)
    received = losses.squared_error(REAL, FAKE, 0.1)
    assert value(received) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["hinge", "wasserstein"])
def test_losses_without_targets_do_not_smooth(name):
    loss = losses.find_loss(name)
    assert not loss.smooths
    smoothed, plain = (value(loss.discriminator(REAL, FAKE, s)) for s in (0.3, 0.0))
    assert smoothed == plain


def slope(loss, score):
    score = tf.constant([[score]], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(score)
        lost = loss(score)
    return float(tape.gradient(lost, score)[0, 0])


@pytest.mark.parametrize("score", [-10.0, -4.0, 0.0, 4.0])
def test_saturating_is_flat_where_d_is_sure_of_the_fakes(score):
    d = 1 / (1 + np.exp(-score))
    assert slope(losses.saturating, score) == pytest.approx(-d, rel=1e-4)
    assert slope(losses.non_saturating, score) == pytest.approx(d - 1, rel=1e-4)


def test_both_generators_go_the_same_way():
    flat, steep = slope(losses.saturating, -10.0), slope(losses.non_saturating, -10.0)
    assert flat < 0 and steep < 0
    assert steep / flat > 20_000


# Penalties


def linear(a):
    a = tf.constant(a, tf.float32)
    return lambda x: tf.reduce_sum(a * x, axis=tuple(range(1, len(x.shape))))[:, None] + 3.0


def draw(*shape, seed=0):
    return tf.constant(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


@pytest.mark.parametrize("a", [[1.0, 0.0], [0.6, 0.8], [3.0, 4.0], [0.3, 0.4]])
def test_gradient_penalty_of_linear_critics(a):
    penalty = losses.gradient_penalty(linear(a), draw(5, 2), draw(5, 2, seed=1), draw(5, 1, seed=2))
    assert value(penalty) == pytest.approx((np.linalg.norm(a) - 1) ** 2, abs=1e-5)


def test_gradient_penalty_measures_all_pixels_of_a_sample():
    a = np.full((2, 3, 1), 2.0)
    real, fake = draw(4, 2, 3, 1), draw(4, 2, 3, 1, seed=1)
    penalty = losses.gradient_penalty(linear(a), real, fake, draw(4, 1, 1, 1, seed=2))
    assert value(penalty) == pytest.approx((2 * np.sqrt(6) - 1) ** 2, rel=1e-5)


def test_gradient_penalty_looks_between_the_samples():
    """Of the critic x², the slope at x is 2x: it gives away the points that were looked at."""
    real, fake = tf.constant([[4.0], [2.0]]), tf.constant([[0.0], [-2.0]])
    alpha = tf.constant([[0.25], [1.0]])  # at 1 and at 2
    penalty = losses.gradient_penalty(lambda x: x**2, real, fake, alpha)
    assert value(penalty) == pytest.approx(((2 * 1 - 1) ** 2 + (2 * 2 - 1) ** 2) / 2, rel=1e-5)


def test_a_flat_critic_is_penalised_and_its_gradient_is_finite():
    weight = tf.Variable(tf.zeros([2, 1]))
    with tf.GradientTape() as tape:
        penalty = losses.gradient_penalty(
            lambda x: x @ weight, draw(3, 2), draw(3, 2, seed=1), tf.zeros([3, 1])
        )
    assert value(penalty) == pytest.approx(1.0, abs=1e-4)
    assert np.isfinite(tape.gradient(penalty, weight).numpy()).all()


@pytest.mark.parametrize("a", [[0.0, 0.0], [3.0, 4.0]])
def test_r1_of_linear_critics(a):
    assert value(losses.r1(linear(a), draw(5, 2))) == pytest.approx(0.5 * np.dot(a, a), rel=1e-5)


def test_r1_is_the_mean_over_samples():
    real = tf.constant([[1.0], [3.0]])
    assert value(losses.r1(lambda x: x**2, real)) == pytest.approx(0.5 * (4 + 36) / 2, rel=1e-5)


# Packing


def test_one_sample_stays_as_it_is():
    samples = draw(3, 2)
    assert losses.pack(samples, 1) is samples


@pytest.mark.parametrize(("together", "shape"), [(2, (6, 2)), (3, (6, 2)), (2, (4, 3, 5, 2))])
def test_packing_joins_samples_along_the_last_axis_and_loses_none(together, shape):
    n = shape[0] // together
    samples = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    packed = np.array(losses.pack(tf.constant(samples), together))
    assert packed.shape == (n, *shape[1:-1], shape[-1] * together)
    for i in range(n):  # sample i meets those that are n further on
        for j in range(together):
            part = packed[i, ..., j * shape[-1] : (j + 1) * shape[-1]]
            np.testing.assert_array_equal(part, samples[i + j * n])


def test_samples_that_cannot_be_shared_out_are_refused():
    with pytest.raises(
        ValueError, match=r"^`samples` must be divisible by together=2. Received: 5"
    ):
        losses.pack(draw(5, 2), 2)
