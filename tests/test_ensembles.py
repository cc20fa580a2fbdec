"""Networks that learn side by side learn exactly what each would learn alone."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from sklearn.decomposition import PCA

from tgan_lessons import ensembles, freezing, interpret, pools, regularise, small_nets
from tgan_lessons.data import Dataset
from tgan_lessons.ensembles import Ensemble
from tgan_lessons.small_nets import LAYERS, Plan

PLAN = Plan((3, 4, 5), (6, 7), (0, 0, 1, 1, 1, 0))
COUNT, IMAGES, SIZE, STEPS = 3, 20, 6, 4


@pytest.fixture(scope="module")
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(1)
    x = rng.uniform(-1, 1, (IMAGES, 14, 14, 1)).astype(np.float32)
    return x, rng.integers(0, 6, IMAGES)


@pytest.fixture(scope="module")
def batches():
    return np.random.default_rng(2).integers(0, IMAGES, (STEPS, COUNT, SIZE))


def new(seeds=range(COUNT)):
    return small_nets.new_weights(PLAN, seeds)


def in_keras(weights, network):
    """The same network in plain Keras."""
    model = keras.Sequential([keras.Input((14, 14, 1))])
    for filters, stride in zip(PLAN.filters, small_nets.STRIDES, strict=True):
        model.add(layers.ZeroPadding2D(1))
        model.add(layers.Conv2D(filters, 3, strides=stride, activation="relu"))
    model.add(layers.Flatten())
    for units in PLAN.units:
        model.add(layers.Dense(units, activation="relu"))
    model.add(layers.Dense(len(PLAN.groups)))
    shapes = [w.shape for w in model.weights]
    model.set_weights([w[network].reshape(s) for w, s in zip(weights, shapes, strict=True)])
    return model


def keras_loss(model, x, y, shares):
    """Cross-entropy among the classes of each image's own task, written for one image at a time."""
    logits, total = model(x), 0.0
    for row, label, share in zip(logits, y, shares, strict=True):
        rivals = [c for c, group in enumerate(PLAN.groups) if group == PLAN.groups[label]]
        total += share * (tf.reduce_logsumexp(tf.gather(row, rivals)) - row[label])
    return total


def assert_same(ensemble, network, model, tolerance=2e-5):
    for ours, theirs in zip(ensemble.weights, model.get_weights(), strict=True):
        np.testing.assert_allclose(ours[network].ravel(), theirs.ravel(), atol=tolerance)


def test_outputs_are_those_of_keras(images):
    weights = new()
    outputs = small_nets.forward([tf.constant(w) for w in weights], images[0][np.newaxis])
    for network in range(COUNT):
        model = in_keras(weights, network)
        kinds = (layers.Conv2D, layers.Dense)
        inner = [layer.output for layer in model.layers if isinstance(layer, kinds)]
        seen = keras.Model(model.inputs[0], inner)(images[0])
        for ours, theirs in zip(outputs, seen, strict=True):
            theirs = np.reshape(theirs, ours[network].shape)
            np.testing.assert_allclose(ours[network], theirs, atol=1e-5)


def test_each_learns_as_a_keras_model_with_keras_adam(images, batches):
    x, y = images
    ensemble = Ensemble(PLAN, new())
    losses = ensemble.train(x, y, batches, 1e-2)
    for network in range(COUNT):
        model, adam = in_keras(new(), network), keras.optimizers.Adam(1e-2)
        for step, rows in enumerate(batches[:, network]):
            with tf.GradientTape() as tape:
                loss = keras_loss(model, x[rows], y[rows], np.full(SIZE, 1 / SIZE))
            assert losses[step, network] == pytest.approx(float(loss), abs=1e-4)
            adam.apply(tape.gradient(loss, model.weights), model.weights)
        assert_same(ensemble, network, model)


def test_rates_pace_shares_and_pull_against_a_loop_by_hand(images, batches, rng):
    x, y = images
    rates = rng.uniform(0, 1e-2, (COUNT, len(LAYERS)))
    pull = rng.uniform(0, 1, (COUNT, len(LAYERS)))
    shares, pace = rng.uniform(0, 1, (COUNT, SIZE)), rng.uniform(0, 1, STEPS)
    anchors = new(range(7, 7 + COUNT))
    ensemble = Ensemble(PLAN, new())
    ensemble.train(x, y, batches, rates, pace=pace, shares=shares, anchors=anchors, pull=pull)
    network = 1
    model = in_keras(new(), network)
    goal = in_keras(anchors, network).get_weights()
    first, second = ([np.zeros(w.shape) for w in model.weights] for _ in range(2))
    for t, rows in enumerate(batches[:, network], start=1):
        with tf.GradientTape() as tape:
            loss = keras_loss(model, x[rows], y[rows], shares[network])
        for i, gradient in enumerate(tape.gradient(loss, model.weights)):
            w, layer = model.weights[i], i // 2
            g = gradient.numpy() + pull[network, layer] * (w.numpy() - goal[i])
            first[i] = 0.9 * first[i] + 0.1 * g
            second[i] = 0.999 * second[i] + 0.001 * g**2
            alpha = rates[network, layer] * pace[t - 1] * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
            w.assign(w.numpy() - alpha * first[i] / (np.sqrt(second[i]) + 1e-7))
    assert_same(ensemble, network, model)


def test_nobody_notices_the_others(images, batches):
    together = Ensemble(PLAN, new())
    together.train(*images, batches, 1e-2)
    alone = Ensemble(PLAN, small_nets.pick(new(), [2]))
    alone.train(*images, batches[:, [2]], 1e-2)
    for ours, theirs in zip(together.weights, alone.weights, strict=True):
        np.testing.assert_allclose(ours[2], theirs[0], atol=1e-6)


def test_labels_in_a_column_are_labels(images, batches):
    x, y = images
    one, other = Ensemble(PLAN, new()), Ensemble(PLAN, new())
    one.train(x, y, batches, 1e-2)
    other.train(x, y[:, np.newaxis], batches, 1e-2)
    assert all(map(np.array_equal, one.weights, other.weights))
    chosen = np.isin(y, np.flatnonzero(np.array(PLAN.groups) == PLAN.groups[y[0]]))
    x, y = x[chosen], y[chosen]
    assert np.array_equal(one.accuracy(x, y), one.accuracy(x, y[:, np.newaxis]))
    for wrong in (np.eye(6, dtype=int)[y], y[:-1], y.astype(float), y + 6):
        with pytest.raises((TypeError, ValueError), match=r"^`y` must"):
            one.accuracy(x, wrong)


def test_two_trainings_are_one_longer_training(images, batches):
    once, twice = Ensemble(PLAN, new()), Ensemble(PLAN, new())
    once.train(*images, batches, 1e-2)
    twice.train(*images, batches[:1], 1e-2)
    twice.train(*images, batches[1:], 1e-2)
    assert once.steps == twice.steps == STEPS
    for ours, theirs in zip(once.weights, twice.weights, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize("depth", range(len(LAYERS) + 1))
def test_a_rate_of_zero_freezes_to_the_bit_and_all_else_moves(images, batches, depth):
    ensemble = Ensemble(PLAN, new())
    ensemble.train(*images, batches, freezing.layer_rates(depth, copied=0.0, new=1e-2))
    for i, (old, now) in enumerate(zip(new(), ensemble.weights, strict=True)):
        assert np.array_equal(old, now) == (i // 2 < depth)


def test_a_seed_gives_one_network_in_any_company():
    for ours, theirs in zip(new([5, 8]), new([8]), strict=True):
        assert np.array_equal(ours[1], theirs[0])
    assert not np.array_equal(new([5])[0], new([6])[0])


def test_transplant_copies_from_below():
    target, source = new([1]), new([2])
    mixed = small_nets.transplant(target, source, 2)
    for i, array in enumerate(mixed):
        assert np.array_equal(array, (source if i < 4 else target)[i])


def test_reading_is_among_the_classes_of_the_task(images):
    ensemble = Ensemble(PLAN, new())
    for task, classes in ((0, {0, 1, 5}), (1, {2, 3, 4})):
        assert set(np.unique(ensemble.read(images[0], task))) <= classes
    of_task = images[0][:5], np.full(5, 3)
    assert ensemble.accuracy(*of_task).shape == (COUNT,)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"batches": np.zeros((2, 1, 4), int)}, r"batches.*\(steps, 3, size\)"),
        ({"batches": np.zeros((0, 3, 4), int)}, "steps ≥ 1"),
        ({"rates": -1.0}, "`rates`.*from 0.*least -1"),
        ({"rates": np.ones((2, 6))}, "`rates`.*3 networks"),
        ({"pull": np.full(6, np.nan)}, "`pull`"),
    ],
)
def test_errors_name_the_argument(images, batches, change, told):
    given = {"batches": batches, "rates": 1e-3} | change
    with pytest.raises(ValueError, match=told):
        Ensemble(PLAN, new()).train(*images, **given)


def test_more_errors(images, batches):
    with pytest.raises(ValueError, match="`weights` must have kernels"):
        Ensemble(Plan((3, 4, 5), (6, 6), PLAN.groups), new())
    with pytest.raises(ValueError, match="layers=7"):
        small_nets.transplant(new(), new(), 7)
    with pytest.raises(ValueError, match="`source`"):
        small_nets.transplant(new(), new([1]), 1)
    with pytest.raises(ValueError, match=r"\(n, 28, 28, 1\)"):
        small_nets.shrink(images[0])
    rates = np.repeat([[1e-3], [1e30], [1e-3]], len(LAYERS), axis=1)
    with pytest.raises(FloatingPointError, match=r"\[1\]"):
        Ensemble(PLAN, new()).train(*images, batches, rates)


def test_shrink_averages():
    image = np.arange(784, dtype=np.float32).reshape(1, 28, 28, 1)
    assert small_nets.shrink(image)[0, 3, 5, 0] == image[0, 6:8, 10:12].mean()


# Pools, targets, sweeps ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def pool():
    rng = np.random.default_rng(3)

    def part(each, classes, start=0):
        y = np.repeat(np.arange(classes), each).astype(np.int32)
        return rng.uniform(-1, 1, (len(y), 28, 28, 1)).astype(np.float32), y

    classes = tuple("abcdefghijklmnopqrstuvwxyz")
    letters = Dataset(*part(12, 26), *part(3, 26), classes, "noise")
    return pools.make_pool(letters, Dataset(*part(30, 10), *part(1, 10), tuple("0123456789"), ""))


def test_the_two_tasks_share_no_class(pool):
    of = {name: set(pool.y[rows] % 2) for name, rows in pool.rows.items()}
    assert of == {"letters": {0}, "B": {1}, "inverted": {0}, "shuffled": {0}, "digits": {0}}
    assert {name: set(y % 2) for name, (_, y) in pool.tests.items()} == {"letters": {0}, "B": {1}}
    assert len(set(pool.y[pool.rows["digits"]])) == 10


def test_sources_differ_as_their_names_say(pool):
    letters, inverted, shuffled = (pool.rows[n] for n in ("letters", "inverted", "shuffled"))
    assert np.array_equal(pool.x[inverted], -pool.x[letters])
    assert np.array_equal(pool.y[inverted], pool.y[letters])
    assert np.array_equal(pool.x[shuffled], pool.x[letters])
    assert np.array_equal(np.sort(pool.y[shuffled]), np.sort(pool.y[letters]))
    assert np.mean(pool.y[shuffled] == pool.y[letters]) < 0.3


def test_a_draw_holds_labels_back(pool):
    learn, held = pool.draw(6, seed=4, held_back=2)
    assert set(learn) | set(held) <= set(pool.rows["B"])
    assert not set(learn) & set(held)
    assert np.unique(pool.y[learn], return_counts=True)[1].tolist() == [4] * 13
    assert np.unique(pool.y[held], return_counts=True)[1].tolist() == [2] * 13
    assert np.array_equal(np.sort(pool.draw(6, 4, 2)[0]), np.sort(learn))
    assert set(pool.draw(6, 5, 2)[0]) != set(learn)
    with pytest.raises(ValueError, match=r"`held_back` must be from 0 to 5.*held_back=6"):
        pool.draw(6, seed=4, held_back=6)


def test_batches_show_everything_once_before_anything_twice():
    rows = [np.arange(10), np.arange(50, 57)]
    drawn = pools.batches(rows, [0, 0], steps=7, size=4)
    assert drawn.shape == (7, 2, 4)
    assert sorted(drawn[:, 0].ravel()[:10]) == list(range(10))
    assert sorted(drawn[:, 1].ravel()[:7]) == list(range(50, 57))


@pytest.fixture(scope="module")
def target(pool):
    return freezing.Target(pool, per_class=4, held_back=1, seeds=(0, 1), steps=2)


@pytest.fixture(scope="module")
def sources(pool):
    return freezing.train_sources(pool, ("letters", "shuffled"), (0, 1), steps=2, rate=1e-2)


def test_a_new_head_is_not_its_sources_head(target):
    """Made with one seed they would be equal, and transfer would begin with the old head."""
    own = small_nets.new_weights(target.pool.plan, target.seeds)
    assert not np.any(np.isclose(target.start()[-2], own[-2]).mean() > 0.01)
    for one, other in zip(target.start()[6:], target.start(own, 3)[6:], strict=True):
        assert np.array_equal(one, other), "new layers do not depend on what is copied"


def test_sources_learn_side_by_side_what_they_learn_alone(pool, sources):
    alone = freezing.train_sources(pool, ("shuffled",), (1,), steps=2, rate=1e-2)["shuffled"]
    for ours, theirs in zip(sources["shuffled"], alone, strict=True):
        np.testing.assert_allclose(ours[1], theirs[0], atol=1e-6)


def test_a_sweep_is_its_trainings_one_by_one(target, sources):
    outcomes = list(
        freezing.sweep(target, sources, tuned=False, copied=1e-3, new=1e-2, depths=(2, 5))
    )
    assert [(o.source, o.depth, o.mode) for o in outcomes] == [
        ("letters", 2, "AnB"), ("shuffled", 2, "AnB"), ("letters", 5, "AnB"), ("shuffled", 5, "AnB")
    ]  # fmt: skip
    start = target.start(sources["shuffled"], 5)
    networks = target.learn(start, freezing.layer_rates(5, copied=0, new=1e-2))
    for old, now in zip(start[:10], networks.weights[:10], strict=True):
        assert np.array_equal(old, now)
    x, y = target.pool.tests["B"]
    for seed in range(2):
        one = Ensemble(target.pool.plan, small_nets.pick(networks.weights, [seed]))
        assert outcomes[-1].test[seed] == one.accuracy(x, y)[0]
        _, rows = target.draws[seed]
        held = target.pool.x[rows], target.pool.y[rows]
        assert outcomes[-1].validation[seed] == one.accuracy(*held)[0]


def test_modes_have_the_papers_names():
    made = [freezing.Outcome(s, 1, t, None, None).mode for s in ("x", "B") for t in (False, True)]
    assert made == ["AnB", "AnB+", "BnB", "BnB+"]


# Brakes, joint training, choosing -----------------------------------------------------------


def test_l2_sp_pulls_copied_layers_to_the_source_and_new_ones_to_zero(target, sources):
    start = target.start(sources["letters"], 3)
    anchors = regularise.anchor_at_source(start, 3)
    for i, (anchor, old) in enumerate(zip(anchors, start, strict=True)):
        assert np.array_equal(anchor, old if i < 6 else np.zeros_like(old))
    free, held = (
        target.learn(start, 1e-2, anchors=anchors, pull=pull).weights for pull in (0.0, 100.0)
    )
    far, near = (
        sum(np.abs(w - s).sum() for w, s in zip(learned[:6], start[:6], strict=True))
        for learned in (free, held)
    )
    assert near < far


def test_falling_rates():
    rates = regularise.falling_rates(0.01, 2.0)
    np.testing.assert_allclose(rates, 0.01 / np.array([32, 16, 8, 4, 2, 1]), rtol=1e-6)
    with pytest.raises(ValueError, match=r"factor=0\.5"):
        regularise.falling_rates(0.01, 0.5)


def test_stopping_early_keeps_the_best_look(pool, sources):
    target = freezing.Target(pool, per_class=4, held_back=1, seeds=(0, 1), steps=12)
    start = target.start(sources["letters"], 3)
    networks, curve = regularise.stop_early(target, start, 1e-2, looks=4)
    assert curve.shape == (4, 2)
    np.testing.assert_allclose(target.validate(networks)[0], curve.max(axis=0))
    whole, _ = regularise.stop_early(target, start, 1e-2, looks=1)
    for ours, theirs in zip(whole.weights, target.learn(start, 1e-2).weights, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_choosing_looks_at_validation_only():
    outcomes = [
        freezing.Outcome("a", 1, False, np.array([0.5, 0.9, 0.7]), np.array([9.0, 0.0, 0.0])),
        freezing.Outcome("b", 2, False, np.array([0.6, 0.1, 0.7]), np.array([0.0, 9.0, 9.0])),
    ]
    assert [o.source for o in regularise.choose_by_validation(outcomes)] == ["b", "a", "a"]


def test_the_limits_of_joint_training(target):
    lambdas, steps = (0, 1, np.inf), 3
    start = target.start()
    begin = small_nets.join(*[start] * 3)
    joint = regularise.learn_jointly(target, "letters", begin, lambdas, steps=steps, rate=1e-2)
    of_b = np.array(target.pool.groups) == pools.B
    for network in range(2):
        head = joint.weights[-2][network]
        assert np.array_equal(head[:, of_b], start[-2][network][:, of_b]), "λ = 0: B not asked"
        assert not np.array_equal(head[:, ~of_b], start[-2][network][:, ~of_b])
    alone = Ensemble(target.pool.plan, start)  # λ = ∞ is training from scratch on the target
    chosen = pools.batches([rows for rows, _ in target.draws], target.seeds, steps=steps)
    pace = freezing.cosine(steps)
    alone.train(target.pool.x, target.pool.y, chosen, 1e-2, pace=pace)
    for ours, theirs in zip(joint.weights, alone.weights, strict=True):
        # The gradients differ by the order of their sums, the longest over the pixels of a batch;
        # Adam divides by the gradient's size, so each step differs by that part of the rate.
        longest = np.prod(chosen.shape[2:]) * np.prod(target.pool.x.shape[1:])
        off = steps * 1e-2 * longest * np.finfo(np.float32).eps
        np.testing.assert_allclose(ours[4:], theirs, rtol=0, atol=off)
    with pytest.raises(ValueError, match="`lambdas`"):
        regularise.learn_jointly(target, "letters", begin, (-1,), steps=1, rate=1e-2)


# Looking inside -----------------------------------------------------------------------------


def test_cka_against_the_definition_and_its_invariances(rng):
    a, b = rng.normal(2, 1, (30, 4)), rng.normal(size=(30, 50))
    b[:, 0] += 3 * a[:, 1]
    x, y = a - a.mean(0), b - b.mean(0)
    slow = np.sum((x.T @ y) ** 2) / np.sqrt(np.sum((x.T @ x) ** 2) * np.sum((y.T @ y) ** 2))
    assert interpret.linear_cka(a, b) == pytest.approx(slow)
    turn = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    assert interpret.linear_cka(a, 3 * a @ turn + 5) == pytest.approx(1)
    assert interpret.linear_cka(a, b) == interpret.linear_cka(a.reshape(30, 2, 2), b)
    planes = PCA(4).fit_transform(a)
    assert interpret.linear_cka(a, planes) == pytest.approx(1)
    for wrong in (b[:20], np.ones((30, 2))):
        with pytest.raises(ValueError, match="`a` and `b`"):
            interpret.linear_cka(a, wrong)


def test_layers_of_one_network_are_like_themselves(images):
    one = Ensemble(PLAN, new())
    matrix = interpret.compare_layers(one, one, images[0])
    np.testing.assert_allclose(np.diag(matrix), 1)
    np.testing.assert_allclose(matrix, matrix.T)


def test_saliency_is_the_slope_of_the_logit(images):
    networks, (x, y) = Ensemble(PLAN, new()), images
    maps = interpret.saliency(networks, x[:2], y[:2])
    assert maps.shape == (COUNT, 2, 14, 14)
    model = in_keras(new(), 1)
    with tf.GradientTape() as tape:
        tape.watch(image := tf.constant(x[1:2]))
        logit = model(image)[0, y[1]]
    slope = np.abs(tape.gradient(logit, image).numpy()[0, :, :, 0])
    np.testing.assert_allclose(maps[1, 1], slope, atol=1e-6)


def test_grad_cam_against_keras(images):
    networks, (x, y) = Ensemble(PLAN, new()), images
    model = in_keras(new(), 2)
    convs = [layer for layer in model.layers if isinstance(layer, layers.Conv2D)]
    with tf.GradientTape() as tape:
        h = tf.constant(x[:1])
        for layer in model.layers:
            h = layer(h)
            if layer is convs[1]:
                tape.watch(maps := h)
        logit = h[0, y[0]]
    weights = tape.gradient(logit, maps).numpy()[0].mean(axis=(0, 1))
    cam = np.maximum(np.sum(maps.numpy()[0] * weights, axis=-1), 0)
    found = interpret.grad_cam(networks, x[:1], y[:1], "conv2")[2, 0]
    assert found.shape == (14, 14)
    np.testing.assert_allclose(found[[0, 4, 7, 11]][:, [0, 4, 7, 11]], cam, atol=1e-6)
    with pytest.raises(ValueError, match="`layer`"):
        interpret.grad_cam(networks, x[:1], y[:1], "dense4")


def test_erase_paints_out_the_strongest(images):
    x, maps = images[0][:1], np.zeros((1, 14, 14))
    maps[0, 3, 4] = maps[0, 0, 0] = 1
    painted = interpret.erase(x, maps, 2 / 196)
    assert np.argwhere(painted != x)[:, 1:3].tolist() == [[0, 0], [3, 4]]
    assert painted[0, 3, 4, 0] == -1
    with pytest.raises(ValueError, match="share=2"):
        interpret.erase(x, maps, 2)


def test_training_is_traced_once_for_ensembles_of_all_sizes(images, batches):
    train, _ = ensembles._compiled(PLAN)
    Ensemble(PLAN, new()).train(*images, batches, 1e-3)
    Ensemble(PLAN, small_nets.pick(new(), [0])).train(*images, batches[:2, :1, :3], 1e-3)
    assert train.experimental_get_tracing_count() == 1
