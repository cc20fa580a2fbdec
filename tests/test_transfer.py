import itertools
import warnings

import numpy as np
import pytest

from tgan_lessons import data, models, transfer
from tgan_lessons.data import Dataset

SHAPE = (8, 8, 1)
CLASSES = 3


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


def draw_images(n=48, seed=0):
    """Noise with a bright row that depends on the class: there is something to learn."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 0.5, (n, *SHAPE)).astype(np.float32)
    y = rng.permutation(np.arange(n) % CLASSES).astype(np.int32)
    for image, label in zip(x, y, strict=True):
        image[2 * label + 1] += 0.5
    return x, y


def build_backbone(seed=0, **options):
    return models.build_backbone((3, 4), input_shape=SHAPE, seed=seed, **options)


def build(seed, **options):
    return models.build_classifier(build_backbone(seed, **options), CLASSES, seed=seed)


def blur_statistics(model, seed):
    """Gives every array of a model its own values, moving statistics included."""
    rng = np.random.default_rng(seed)
    model.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in model.get_weights()])
    return model


def assert_same(left, right, **tolerance):
    for a, b in zip(left, right, strict=True):
        np.testing.assert_allclose(a, b, **({"rtol": 0, "atol": 0} | tolerance))


def differ(left, right):
    return [bool(np.any(a != b)) for a, b in zip(left, right, strict=True)]


# Networks


@pytest.mark.parametrize(
    ("filters", "hidden", "shape", "features"),
    [
        ((16, 32, 64), None, (28, 28, 1), 3 * 3 * 64),
        ((5,), None, (9, 6, 3), 4 * 3 * 5),
        ((2, 3, 4, 5), 7, (28, 28, 1), 7),
        ((2, 3), 1, (4, 5, 1), 1),
    ],
)
def test_backbone_has_the_shapes_it_says(keras, filters, hidden, shape, features):
    backbone = models.build_backbone(filters, hidden=hidden, input_shape=shape)
    assert backbone.name == "backbone"
    assert backbone.input_shape == (None, *shape)
    assert backbone.output_shape == (None, features)
    channels = (shape[-1], *filters)
    for block, (into, out) in enumerate(itertools.pairwise(channels), start=1):
        convolution = backbone.get_layer(f"block{block}_conv")
        assert [tuple(w.shape) for w in convolution.weights] == [(3, 3, into, out)]
        assert len(backbone.get_layer(f"block{block}_norm").weights) == 4
    blocks = len(filters) + (hidden is not None)
    assert transfer.count_blocks(backbone) == blocks
    assert f"block{blocks}_relu" in {layer.name for layer in backbone.layers}


def test_default_backbone_takes_digits(keras):
    assert models.build_backbone().input_shape == (None, 28, 28, 1)


def test_momentum_is_how_much_of_the_past_stays(keras):
    x, _ = draw_images()
    for momentum in (0.0, 0.6):
        backbone = build_backbone(momentum=momentum)
        norm = backbone.get_layer("block1_norm")
        inner = keras.Model(backbone.input, backbone.get_layer("block1_pool").output)
        seen = inner(x).numpy()
        backbone(x, training=True)
        expected = (1 - momentum) * seen.mean(axis=(0, 1, 2))  # the start is 0
        np.testing.assert_allclose(norm.moving_mean.numpy(), expected, atol=1e-5)


@pytest.mark.parametrize("hidden", [None, 5])
def test_a_seed_decides_all_weights(keras, hidden):
    weights = [
        models.build_classifier(build_backbone(s, hidden=hidden), CLASSES, seed=s).get_weights()
        for s in (3, 3, 4)
    ]
    assert_same(weights[0], weights[1])
    # gamma, beta and the statistics start at ones and zeros, as does the head's bias
    kernels = [i for i, w in enumerate(weights[0]) if w.ndim > 1]
    assert len(kernels) == 3 + (hidden is not None)
    assert all(np.array(differ(weights[0], weights[2]))[kernels])


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("filters", {"filters": ()}),
        ("filters", {"filters": (16, 0)}),
        ("filters", {"filters": (-1,)}),
        ("filters", {"filters": (2, 2, 2, 2, 2)}),
        ("filters", {"filters": (2, 2, 2), "input_shape": (28, 7, 1)}),
        ("hidden", {"hidden": 0}),
        ("hidden", {"hidden": -3}),
        ("input_shape", {"input_shape": (28, 28)}),
        ("input_shape", {"input_shape": (28, 0, 1)}),
        ("input_shape", {"input_shape": (28, 28, 0)}),
        ("momentum", {"momentum": 1.0}),
        ("momentum", {"momentum": -0.1}),
        ("momentum", {"momentum": float("nan")}),
    ],
)
def test_impossible_backbones_are_refused_before_tensorflow(monkeypatch, name, arguments):
    for module in ("keras", "tensorflow"):
        monkeypatch.setitem(__import__("sys").modules, module, None)  # an import would fail
    with pytest.raises(ValueError, match=f"^`{name}` must .*Received: {name}="):
        models.build_backbone(**arguments)


@pytest.mark.parametrize("classes", [1, 0, -2])
def test_a_classifier_needs_two_classes(monkeypatch, classes):
    for module in ("keras", "tensorflow"):
        monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(ValueError, match=f"^`classes` must .*Received: classes={classes}"):
        models.build_classifier(None, classes)


def test_classifier_is_a_linear_layer_on_the_same_backbone(keras):
    backbone = blur_statistics(build_backbone(), 1)
    classifier = models.build_classifier(backbone, 4)
    assert classifier.get_layer("backbone") is backbone
    x, _ = draw_images(6)
    kernel, bias = classifier.get_layer("head").get_weights()
    assert kernel.shape == (backbone.output_shape[-1], 4)
    expected = backbone.predict(x, verbose=0) @ kernel + bias
    np.testing.assert_allclose(classifier.predict(x, verbose=0), expected, rtol=1e-4)


def test_augmenter_changes_images_in_training_only(keras):
    augmenter = models.build_augmenter(seed=3)
    x = draw_images(20)[0]
    np.testing.assert_array_equal(augmenter(x, training=False), x)
    first, second = (augmenter(x, training=True).numpy() for _ in range(2))
    assert first.shape == x.shape
    moved = np.abs(first - x).max(axis=(1, 2, 3))
    assert (moved > 0.01).mean() > 0.9
    assert np.abs(first - second).max() > 0.1  # other changes at every call
    same = np.repeat(x[:1], 20, axis=0)
    turned = augmenter(same, training=True).numpy()
    assert np.abs(turned - turned[0]).max(axis=(1, 2, 3))[1:].min() > 0.01  # one for each image


def test_augmenter_fills_with_black(keras):
    augmenter = models.build_augmenter(shift=0.3, seed=1)
    black = np.full((30, *SHAPE), -1, np.float32)
    np.testing.assert_allclose(augmenter(black, training=True), black, atol=1e-5)
    white = augmenter(-black, training=True).numpy()
    assert white.min() == pytest.approx(-1, abs=1e-5)
    assert white.max() == pytest.approx(1, abs=1e-5)
    noise = augmenter(draw_images(30)[0], training=True).numpy()
    assert np.abs(noise).max() <= 1 + 1e-5


def test_augmenting_classifier_augments_in_training_only(keras):
    classifier = models.build_classifier(build_backbone(), CLASSES, augment=True)
    plain = models.build_classifier(classifier.get_layer("backbone"), CLASSES)
    plain.get_layer("head").set_weights(classifier.get_layer("head").get_weights())
    classifier.get_layer("backbone").trainable = False  # its normalisation stays out of it
    x = draw_images(6)[0]
    expected = plain(x, training=False).numpy()
    np.testing.assert_allclose(classifier(x, training=False), expected, atol=1e-6)
    assert np.abs(classifier(x, training=True) - expected).max() > 1e-3


# Copying and freezing


def test_copying_takes_the_moving_statistics_along(keras):
    source, target = blur_statistics(build_backbone(0), 1), build_backbone(1)
    kept = source.get_weights()
    transfer.copy_weights(source, target)
    assert_same(target.get_weights(), kept)
    x = draw_images(6)[0]
    assert_same([target.predict(x, verbose=0)], [source.predict(x, verbose=0)])
    blur_statistics(source, 2)  # a copy, not a loan
    assert_same(target.get_weights(), kept)


@pytest.mark.parametrize("other", [{"hidden": 4}, {"filters": (3, 5)}, {"filters": (3,)}])
def test_copying_needs_equal_shapes(keras, other):
    target = models.build_backbone(**({"filters": (3, 4), "input_shape": SHAPE} | other))
    before = target.get_weights()
    with pytest.raises(ValueError, match="`target` must have weights of the same shapes"):
        transfer.copy_weights(build_backbone(), target)
    assert_same(target.get_weights(), before)


def block_of(path):
    name = next((part for part in path.split("/") if part.startswith("block")), "block9")
    return int(name[5])  # the head counts as block 9


@pytest.mark.parametrize("blocks", [0, 1, 2, 3])
def test_frozen_blocks_stay_to_the_bit_and_all_others_move(keras, blocks):
    classifier = build(0, hidden=5)
    backbone = classifier.get_layer("backbone")
    blur_statistics(backbone, 1)
    transfer.freeze_blocks(backbone, 3)  # freezing is set, not added to
    transfer.freeze_blocks(backbone, blocks)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    classifier.compile(keras.optimizers.Adam(0.01), loss)
    before = classifier.get_weights()
    classifier.fit(*draw_images(64), batch_size=16, epochs=2, verbose=0)
    paths = [weight.path for weight in classifier.weights]
    assert len(paths) == 3 * 5 + 2
    moved = differ(before, classifier.get_weights())
    assert dict(zip(paths, moved, strict=True)) == {p: block_of(p) > blocks for p in paths}


def test_a_frozen_block_runs_on_its_statistics_in_training_too(keras):
    backbone = blur_statistics(build_backbone(), 1)
    x = draw_images(20)[0]
    transfer.freeze_blocks(backbone, 2)
    frozen = backbone(x, training=True).numpy()
    np.testing.assert_array_equal(frozen, backbone(x, training=False))
    transfer.freeze_blocks(backbone, 0)
    assert np.abs(backbone(x, training=True) - frozen).max() > 0.01


@pytest.mark.parametrize("blocks", [-1, 3])
def test_more_blocks_than_there_are(keras, blocks):
    backbone = build_backbone()
    with pytest.raises(ValueError, match=f"`blocks` must be .* from 0 to 2.*blocks={blocks}"):
        transfer.freeze_blocks(backbone, blocks)
    with pytest.raises(ValueError, match=r"`blocks` must be .* from 0 to 2"):
        transfer.Learner(build, frozen_blocks=blocks)


# Batches


def numbered(n):
    return np.arange(n, dtype=np.float32).reshape(n, 1, 1, 1), np.arange(n, dtype=np.int32)


def listed(data):
    return [(x.numpy().ravel().astype(int).tolist(), y.numpy().tolist()) for x, y in data]


@pytest.mark.parametrize("n", [1, 5, 32, 33, 100])
@pytest.mark.parametrize("steps", [1, 7])
def test_exactly_so_many_batches(keras, n, steps):
    drawn = listed(transfer.batches(*numbered(n), steps=steps, seed=0))
    assert len(drawn) == steps
    assert all(len(x) == min(n, transfer.BATCH_SIZE) for x, _ in drawn)
    assert all(x == y for x, y in drawn)  # labels stay with their images
    images = list(itertools.chain.from_iterable(x for x, _ in drawn))
    for start in range(0, len(images) - n + 1, n):  # nobody is seen twice before all are
        assert sorted(images[start : start + n]) == list(range(n))


def test_a_seed_decides_the_order_of_the_batches(keras):
    first, again, other = (
        listed(transfer.batches(*numbered(40), steps=4, seed=seed, batch_size=10))
        for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other
    assert first[0] != listed(transfer.batches(*numbered(40), steps=5, seed=0))[4]


# Learning


RATE = 0.01


@pytest.fixture(scope="module")
def learner(keras):
    """One for all tests: whatever one of them leaves behind must not matter to the next."""
    learner = transfer.Learner(build, learning_rate=RATE)
    step, learner.traces = learner.model.train_step, []

    def counted(data):
        learner.traces.append(1)
        return step(data)

    learner.model.train_step = counted
    return learner


def train_by_hand(keras, x, y, *, steps, seed, start=None, frozen_blocks=0):
    """What a reader of the Keras manual would write: a new model, compiled, batch by batch."""
    model = build(seed)
    backbone = model.get_layer("backbone")
    if start is not None:
        backbone.set_weights(start.get_weights())
    for layer in backbone.layers:
        if layer.name.startswith("block") and int(layer.name[5]) <= frozen_blocks:
            layer.trainable = False
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(RATE), loss)
    for batch in transfer.batches(x, y, steps=steps, seed=seed):
        model.train_on_batch(*batch)
    return model.get_weights()


def test_training_equals_a_new_model_trained_by_hand(keras, learner):
    source = blur_statistics(build_backbone(9), 9)
    x, y = draw_images()
    few = draw_images(6, seed=1)
    first = learner.train(x, y, steps=8, seed=3).get_weights()
    learner.train(*few, steps=5, seed=1, start=source)
    again = learner.train(x, y, steps=8, seed=3).get_weights()
    assert_same(again, first)
    assert_same(first, train_by_hand(keras, x, y, steps=8, seed=3), atol=1e-6)
    other = learner.train(x, y, steps=8, seed=4).get_weights()
    assert all(differ(first, other))


def test_training_with_frozen_blocks_equals_it_by_hand(keras):
    learner = transfer.Learner(build, learning_rate=RATE, frozen_blocks=1)
    source = blur_statistics(build_backbone(9), 9)
    x, y = draw_images()
    learner.train(x, y, steps=3, seed=5)
    weights = learner.train(x, y, steps=6, seed=2, start=source).get_weights()
    by_hand = train_by_hand(keras, x, y, steps=6, seed=2, start=source, frozen_blocks=1)
    assert_same(weights, by_hand, atol=1e-6)
    assert_same(weights[:5], source.get_weights()[:5])


def test_a_seed_repeats_the_augmentation_too(keras):
    def build_augmented(seed):
        return models.build_classifier(build_backbone(seed), CLASSES, seed=seed, augment=True)

    learner = transfer.Learner(build_augmented, learning_rate=RATE)
    x, y = draw_images()
    first = learner.train(x, y, steps=4, seed=3).get_weights()
    learner.train(x, y, steps=3, seed=1)
    assert_same(learner.train(x, y, steps=4, seed=3).get_weights(), first)


def test_transfer_starts_from_the_source(learner):
    source = blur_statistics(build_backbone(9), 9)
    kept = source.get_weights()
    learner.reset(seed=2, start=source)
    assert_same(learner.backbone.get_weights(), kept)
    head = learner.model.get_layer("head").get_weights()
    assert_same(head, build(2).get_layer("head").get_weights())
    learner.train(*draw_images(), steps=2, seed=2, start=source)
    assert_same(source.get_weights(), kept)  # and leaves it as it was
    learner.reset(seed=2)
    assert_same(learner.model.get_weights(), build(2).get_weights())


def test_many_trainings_are_traced_once(learner):
    source = build_backbone(9)
    model = learner.train(*draw_images(40), steps=2, seed=0)
    once = len(learner.traces)
    assert once > 0
    assert learner.train(*draw_images(6), steps=1, seed=1, start=source) is model
    learner.train(*draw_images(48), steps=3, seed=2)
    assert len(learner.traces) == once


def test_it_learns(learner):
    learner.train(*draw_images(90), steps=60, seed=0)
    assert learner.score(*draw_images(90, seed=1)) > 0.7  # chance is a third


@pytest.mark.parametrize("rate", [0, -1e-3, float("nan")])
def test_impossible_learning_rates(rate):
    with pytest.raises(ValueError, match=f"`learning_rate` must be positive.*={rate}"):
        transfer.Learner(None, learning_rate=rate)


X, Y = draw_images(6)


@pytest.mark.parametrize(
    ("name", "error", "arguments"),
    [
        ("x", TypeError, {"x": X.tolist()}),
        ("x", TypeError, {"x": X.astype(np.float64)}),
        ("x", ValueError, {"x": X[0]}),
        ("x", ValueError, {"x": X[:0], "y": Y[:0]}),
        ("x", ValueError, {"x": X + 3}),
        ("x", ValueError, {"x": np.where(X > 0, np.float32("nan"), X)}),
        ("y", TypeError, {"y": [str(label) for label in Y]}),
        ("y", TypeError, {"y": Y.astype(np.float32)}),
        ("y", ValueError, {"y": Y[:5]}),
        ("y", ValueError, {"y": np.eye(CLASSES, dtype=int)[Y]}),
        ("y", ValueError, {"y": Y - 1}),
        ("y", ValueError, {"y": Y + 1}),
        ("steps", ValueError, {"steps": 0}),
        ("steps", ValueError, {"steps": -4}),
    ],
)
def test_bad_arguments_are_named_and_nothing_is_forgotten(learner, name, error, arguments):
    before = learner.model.get_weights()
    with pytest.raises(error, match=f"^`{name}` must .*Received"):
        learner.train(**({"x": X, "y": Y, "steps": 1, "seed": 7} | arguments))
    assert_same(learner.model.get_weights(), before)


# Labels as people have them


@pytest.mark.parametrize("shaped", [lambda y: y, lambda y: y[:, np.newaxis], list, np.uint8])
def test_labels_of_every_plain_form_count_alike(learner, shaped):
    x, y = draw_images(40)
    learner.train(x, shaped(y), steps=2, seed=3)
    right = np.mean(learner.model.predict(x, verbose=0).argmax(axis=1) == y)
    assert 0 < right < 1
    assert learner.score(x, shaped(y)) == transfer.accuracy(learner.model, x, shaped(y)) == right
    linear = transfer.fit_linear(x, shaped(y))
    assert transfer.score_linear(linear, x, shaped(y)) == transfer.score_linear(linear, x, y)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda y: y.astype(str),
        lambda y: y.astype(float),
        lambda y: np.eye(CLASSES, dtype=int)[y],
        lambda y: y[:-1],
        lambda y: y[np.newaxis],
        lambda y: y == 1,
    ],
)
def test_labels_that_could_be_misread_are_refused(learner, wrong):
    x, y = draw_images(40)
    with pytest.raises((TypeError, ValueError), match=r"^`y` must .*Received"):
        learner.score(x, wrong(y))
    with pytest.raises((TypeError, ValueError), match=r"^`labels` must .*Received"):
        transfer.fit_linear(x, wrong(y))
    with pytest.raises((TypeError, ValueError), match=r"^`y` must .*Received"):
        data.sample_per_class(x, wrong(y), 1, 0)


def test_two_classes_of_colour_images_as_in_lesson_01(keras):
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (40, 32, 32, 3)).astype(np.float32)
    y = np.arange(40).reshape(-1, 1) % 2
    source = models.build_backbone((3, 4), input_shape=(32, 32, 3))
    learner = transfer.Learner(
        lambda seed: models.build_classifier(
            models.build_backbone((3, 4), input_shape=(32, 32, 3), seed=seed), 2, seed=seed
        ),
        frozen_blocks=2,
    )
    features = transfer.extract_features(source, x)
    linear = transfer.fit_linear(features, y)
    learner.reset(seed=1, start=source, head=linear)
    chances = keras.ops.softmax(learner.model(x, training=False)).numpy()
    np.testing.assert_allclose(chances, linear.predict_proba(features), atol=1e-4)
    learner.train(x, y, steps=2, seed=1, start=source, head=linear)
    with pytest.raises(ValueError, match="`labels` must be of at least 2 classes"):
        transfer.fit_linear(features, np.zeros(40, int))
    with pytest.raises(ValueError, match=r"`linear` must map .* classes 0 to 1.*\[0, 2\]"):
        learner.reset(seed=1, head=transfer.fit_linear(features, 2 * y))


def test_networks_of_another_kind_are_named(keras):
    giant = keras.applications.MobileNetV2(weights=None, input_shape=(32, 32, 3), alpha=0.35)
    with pytest.raises(ValueError, match=r"`backbone` must be one of .*Received: 'mobilenetv2"):
        transfer.freeze_blocks(giant, 1)
    with pytest.raises(ValueError, match=r"`build` must return a classifier of .*mobilenetv2"):
        transfer.Learner(lambda seed: giant)


# Evaluation


def rounding(model, x, y):
    """How far float32 may be off: every sum's length times half a unit of the largest term.

    All statistics and weights of `blur_statistics` are positive and at most 1.5, so magnitudes
    only grow on the way: the largest output bounds every sum, and lengths add up over the layers.
    """
    lengths = [w.shape[0] if w.ndim == 2 else w[..., 0].size for w in model.get_weights()]
    largest = np.abs(model.predict(x, verbose=0)).max()
    return sum(lengths) * np.finfo(np.float32).eps * largest


def test_evaluate_equals_predict(keras):
    model = blur_statistics(build(0), 4)
    x, y = draw_images(600)
    expected = model.predict(x, verbose=0)
    for options in ({}, {"batch_size": 7}, {"batch_size": 600}):
        outputs = transfer.evaluate(model, x, **options)
        np.testing.assert_allclose(outputs, expected, rtol=0, atol=rounding(model, x, y))
    right = [int(row.argmax() == label) for row, label in zip(expected, y, strict=True)]
    assert 0 < sum(right) < 600
    assert transfer.accuracy(model, x, y) == pytest.approx(sum(right) / 600)
    features = transfer.extract_features(model.get_layer("backbone"), x)
    kernel, bias = model.get_layer("head").get_weights()
    by_hand = np.float64(features) @ kernel + bias
    np.testing.assert_allclose(by_hand, expected, rtol=0, atol=rounding(model, x, y))


@pytest.mark.parametrize("strength", [0.02, 0.1])
def test_linear_equals_logistic_regression_done_to_the_end(strength):
    from sklearn.linear_model import LogisticRegression

    x, y = draw_images(60)
    x[:, 0, 0] = 0.25  # a pixel that never changes must not divide by zero
    new = draw_images(200, seed=1)
    flat, other = x.reshape(60, -1), new[0].reshape(200, -1)
    mean, scale = flat.mean(axis=0), flat.std(axis=0)
    scale[scale == 0] = 1
    other = other.copy()
    oracle = LogisticRegression(C=strength, max_iter=10_000, tol=1e-8)
    oracle.fit((flat - mean) / scale, y)
    model = transfer.fit_linear(x, y, strength=strength)
    expected = oracle.predict_proba((other - mean) / scale)
    np.testing.assert_allclose(model.predict_proba(other), expected, atol=0.02)
    score = transfer.score_linear(model, *new)
    assert score == np.mean(model.predict(other) == new[1])
    if strength == 0.1:
        default = transfer.fit_linear(x, y).predict_proba(other)
        np.testing.assert_array_equal(default, model.predict_proba(other))


def test_linear_takes_one_label_per_class_without_a_word():
    x = draw_images(20)[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", DeprecationWarning)  # of scikit-learn with a newer SciPy
        model = transfer.fit_linear(x, np.arange(20))
    assert transfer.score_linear(model, x, np.arange(20)) == 1


# Comparison


@pytest.fixture(scope="module")
def letters():
    x, y = draw_images(60)
    x_test, y_test = draw_images(12, seed=1)
    return Dataset(x, y, x_test, y_test, ("a", "b", "c"), "noise with bright rows")


def test_compare_gives_every_method_the_same_images(letters):
    seen = []

    def trainer(name):
        def train(x, y, seed):
            seen.append((name, seed, x.copy(), y.copy()))
            return len(seen) / 100

        return train

    trainers = {name: trainer(name) for name in ("one", "two", "three")}
    runs = transfer.compare(trainers, letters, iter([2, 5]), iter([7, 8]))
    assert seen == []  # nothing is trained before it is asked for
    first = next(runs)
    assert len(seen) == 1
    assert first == transfer.Run("one", 2, 7, 0.01)
    runs = [first, *runs]
    expected = [(m, b, s) for b in (2, 5) for s in (7, 8) for m in trainers]
    assert [(run.method, run.per_class, run.seed) for run in runs] == expected
    assert [run.accuracy for run in runs] == [i / 100 for i in range(1, 13)]
    assert [(name, seed) for name, seed, _, _ in seen] == [(m, s) for m, _, s in expected]
    for start in range(0, 12, 3):
        _, _, x, y = seen[start]
        for _, _, other_x, other_y in seen[start + 1 : start + 3]:
            np.testing.assert_array_equal(other_x, x)
            np.testing.assert_array_equal(other_y, y)
        assert np.bincount(y).tolist() == [expected[start][1]] * 3
        for image, label in zip(x, y, strict=True):  # training images, with their own labels
            (index,) = np.flatnonzero((letters.x_train == image).all(axis=(1, 2, 3)))
            assert letters.y_train[index] == label
    assert np.any(seen[0][2] != seen[3][2])  # another seed draws others


def test_compare_repeats_its_draws(letters):
    def total(x, y, seed):
        return float(x.sum() + (y * np.arange(len(y))).sum())

    once, twice = (list(transfer.compare({"sum": total}, letters, [3], range(4))) for _ in range(2))
    assert once == twice
    assert len({run.accuracy for run in once}) == 4


def test_compare_names_a_budget_that_is_too_large(letters):
    with pytest.raises(ValueError, match="`per_class` must be between 1 and 20"):
        list(transfer.compare({"none": None}, letters, [21], [0]))
