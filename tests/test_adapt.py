import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tgan_lessons import adapt, adapt_models, transfer

KINDS = {"alone": adapt.Adaptation, "coral": adapt.CORAL, "dann": adapt.DANN}


def images(n, seed=0, channels=1):
    return np.random.default_rng(seed).uniform(-1, 1, (n, 28, 28, channels)).astype(np.float32)


def make(kind="dann", seed=0, channels=1, **options):
    features = adapt_models.build_features((2, 3), channels=channels, seed=seed)
    size = features.output_shape[-1]
    parts = [features, adapt_models.build_head(size, 10, hidden=4, seed=seed)]
    if kind == "dann":
        parts.append(adapt_models.build_head(size, 1, hidden=4, seed=seed + 1))
    game = KINDS[kind](*parts, seed=seed, **options)
    labels = (np.arange(40) % 10).astype(np.int32)
    game.feed((images(40), labels, images(40, 1, channels) / 2), batch_size=16)
    return game


def weights(game):
    return {player.name: [v.numpy() for v in player.variables] for player in game.players}


def moved(before, after):
    return {n for n in before if any((a != b).any() for a, b in zip(before[n], after[n]))}  # noqa: B905


# The schedule and the losses


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 1.0])
def test_the_schedule_is_a_stretched_hyperbolic_tangent(p):
    assert adapt.schedule(p) == pytest.approx(np.tanh(5 * p))
    assert adapt.schedule(p, gamma=2) == pytest.approx(np.tanh(p))


def test_coral_is_the_distance_of_numpys_covariances():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(50, 4)).astype(np.float32)
    b = rng.normal(1, 2, size=(30, 4)).astype(np.float32)
    difference = np.cov(a.T) - np.cov(b.T)
    right = np.sum(difference**2) / (4 * 4**2)
    assert float(adapt.coral(tf.constant(a), tf.constant(b))) == pytest.approx(right, rel=1e-4)
    assert float(adapt.coral(tf.constant(a), tf.constant(a + 3))) == pytest.approx(0, abs=1e-6)


def by_hand(game, batch, weight):
    """Both gradients, written out with a layer that reverses the gradient, as in the paper."""
    x_s, y_s, x_t = (tf.constant(part) for part in batch)

    @tf.custom_gradient
    def reverse(f):
        return f, lambda slope: -weight * slope

    with tf.GradientTape() as tape:
        f_s, f_t = game.features(x_s, training=True), game.features(x_t, training=True)
        logits = game.classifier(f_s, training=True)
        loss_y = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y_s, logits=logits)
        )
        scores = tf.concat([game.judge(reverse(f_s)), game.judge(reverse(f_t))], axis=0)[:, 0]
        truth = tf.repeat([1.0, 0.0], [len(x_s), len(x_t)])
        loss_d = tf.reduce_mean(
            tf.nn.sigmoid_cross_entropy_with_logits(labels=truth, logits=scores)
        )
        total = loss_y + loss_d
    lists = [game.player("F").variables, game.player("D").variables]
    return tape.gradient(total, lists), float(loss_y), float(loss_d)


def test_two_players_have_the_gradients_of_a_reversal_layer():
    game, weight = make(), 0.7
    game.set_coefficient("lambda", weight)
    batch = images(12), (np.arange(12) % 10).astype(np.int32), images(12, 5) / 2
    (right_f, right_d), loss_y, loss_d = by_hand(game, batch, weight)
    with tf.GradientTape(persistent=True) as tape:
        losses = game.losses(tuple(tf.constant(part) for part in batch))
    assert float(losses["F"]) == pytest.approx(loss_y - weight * loss_d, rel=1e-5)
    assert float(losses["D"]) == pytest.approx(loss_d, rel=1e-5)
    for name, right in (("F", right_f), ("D", right_d)):
        ours = tape.gradient(losses[name], game.player(name).variables)
        for one, other in zip(ours, right, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)


# Playing


@pytest.mark.parametrize("name", ["F", "D"])
def test_a_player_moves_alone(name):
    game = make()
    game.set_coefficient("lambda", 1.0)
    before = weights(game)
    game.move(name)
    assert moved(before, weights(game)) == {name}


@pytest.mark.parametrize("kind", KINDS)
def test_all_kinds_learn_the_labels(kind):
    game = make(kind)
    first = game.advance(1)["F_loss"]
    assert game.advance(60)["F_loss"] < first


def test_without_a_weight_dann_learns_as_if_alone():
    one, other = make("dann"), make("alone")
    one.advance(5), other.advance(5)
    for ours, theirs in zip(weights(one)["F"], weights(other)["F"], strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-3)


def test_grey_source_images_meet_coloured_targets():
    game = make(channels=3)
    assert np.isfinite(game.advance(2)["F_loss"])
    grey = game.look(tf.constant(images(8))).numpy()
    colour = game.look(tf.constant(np.repeat(images(8), 3, axis=-1))).numpy()
    np.testing.assert_allclose(grey, colour, atol=1e-5)


def test_training_follows_the_schedule_and_goes_on_where_it_stopped():
    game, seen = make(rates=(2e-3, 1e-3)), []

    def watch():
        seen.append((int(game.rounds), float(game.coefficients["lambda"])))

    adapt.train(game, 20, stop=10, top=2.0, every=5, watch=watch, watch_every=5)
    assert int(game.rounds) == 10
    adapt.train(game, 20, top=2.0, every=5, watch=watch, watch_every=5)
    assert [number for number, _ in seen] == [5, 10, 15, 20]
    right = [2 * adapt.schedule(p) for p in (0, 0.25, 0.5, 0.75)]
    np.testing.assert_allclose([value for _, value in seen], right, rtol=1e-5)
    rate = float(game.player("D").optimizer.learning_rate)
    assert rate == pytest.approx(1e-3 * (1 + np.cos(np.pi * 0.75)) / 2, rel=1e-5)


# Reading


def test_a_reader_has_the_statistics_of_its_domain_and_leaves_the_game_alone():
    game = make()
    game.advance(5)
    before = [v.numpy() for v in game.features.variables]
    domain = images(64, seed=9)
    reader = game.reader(domain, averaged=False)
    right = game.classifier(game.features(domain, training=True), training=False)
    for variable, value in zip(game.features.variables, before, strict=True):
        variable.assign(value)
    np.testing.assert_allclose(reader(domain, training=False), right, atol=1e-3)
    reader2 = game.reader(domain)
    assert all((v.numpy() == b).all() for v, b in zip(game.features.variables, before, strict=True))
    assert transfer.accuracy(reader2, domain, np.zeros(64, int)) >= 0


def test_averaged_weights_follow_the_formula():
    game = make("alone")
    mean = None
    for _ in range(4):
        game.advance(1)
        now = game.features.trainable_variables[0].numpy()
        mean = now if mean is None else adapt.AVERAGE * mean + (1 - adapt.AVERAGE) * now
    reader = game.reader(images(64))
    averaged = reader.layers[0].trainable_variables[0].numpy()
    np.testing.assert_allclose(averaged, mean, atol=1e-6)


def normalised(x):
    """The mean and variance that a normalisation takes from these images."""
    inputs = keras.Input((28, 28, 1))
    network = keras.Model(inputs, layers.BatchNormalization(momentum=0.5)(inputs))
    adapt_models.use_statistics(network, x)
    norm = network.layers[-1]
    assert norm.momentum == 0.5
    return [float(norm.moving_mean[0]), float(norm.moving_variance[0])]


def test_statistics_are_the_mean_over_batches():
    x = images(128)
    np.testing.assert_allclose(normalised(x), [x.mean(), x.var()], rtol=2e-3, atol=1e-4)


def test_statistics_are_of_all_classes_where_images_are_sorted():
    x = np.repeat(np.linspace(-1, 1, 4000, dtype=np.float32), 784).reshape(-1, 28, 28, 1)
    mean, variance = normalised(x)
    assert mean == pytest.approx(0, abs=0.08) and variance == pytest.approx(1 / 3, rel=0.1)


def test_too_few_images_for_statistics_are_named():
    with pytest.raises(ValueError, match="`images` must be at least 64"):
        adapt_models.use_statistics(make().features, images(10))


def test_a_pool_keeps_labels_with_their_images_and_breaks_all_other_ties():
    x_s = np.arange(10, dtype=np.float32).reshape(10, 1, 1, 1)
    x_t = np.arange(30, dtype=np.float32).reshape(30, 1, 1, 1)
    source, labels, target = adapt.pool(x_s, np.arange(10), x_t)
    assert len(source) == len(labels) == len(target) == 30
    assert (source[:, 0, 0, 0] == labels).all() and (np.bincount(labels) == 3).all()
    assert sorted(target[:, 0, 0, 0]) == list(range(30))
    assert (target[:, 0, 0, 0] % 10 != labels).any()


def test_labels_of_a_pool_come_in_a_column_or_are_refused():
    x, y = images(20), np.arange(20) % 10
    assert np.array_equal(adapt.pool(x, y[:, np.newaxis], x)[1], adapt.pool(x, y, x)[1])
    with pytest.raises(ValueError, match=r"^`y_s` must be one class number for each"):
        adapt.pool(x, y[:10], x)


def test_coloured_images_for_a_grey_network_are_named():
    game = make()
    game.feed((images(40), np.arange(40) % 10, images(40, channels=3)), batch_size=16)
    with pytest.raises(ValueError, match="`features` reads images of 1 channels, or grey ones"):
        game.advance(1)


# Networks


def test_networks_have_the_shapes_they_promise():
    features = adapt_models.build_features((2, 3, 4))
    assert features.output_shape == (None, 4 * 4 * 4)
    assert adapt_models.build_features((2,), map_size=2).output_shape == (None, 2)
    head = adapt_models.build_head(64, 10, hidden=5)
    assert head.output_shape == (None, 10)
    with pytest.raises(ValueError, match="`filters`"):
        adapt_models.build_features(())


def test_features_do_not_see_brightness_and_contrast():
    features = adapt_models.build_features((2, 3), channels=1)
    x = images(4)
    bright = features(0.5 * x + 0.3, training=False)
    np.testing.assert_allclose(features(x, training=False), bright, atol=0.03)


def test_a_judge_with_dropout_is_surer_when_tested():
    judge = adapt_models.build_head(8, 1, dropout=0.5)
    x = np.ones((4, 8), np.float32)
    assert np.ptp(judge(x, training=False)) == 0
    assert np.ptp(judge(x, training=True)) > 0
