"""Scenes, intersection over union, and a classifier that becomes fully convolutional."""

import io

import keras
import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import confusion_matrix, jaccard_score

from tgan_lessons import models, scene_view, scenes, segment, segmenter
from tgan_lessons import segment_exercises as checks
from tgan_lessons.scenes import BACKGROUND
from tgan_lessons.segment_lab import STARTS, SegmentLab, build_like


def scramble(network, seed=0):
    """Weights as after training: normalisation with statistics that are not 0 and 1."""
    rng = np.random.default_rng(seed)
    for variable in network.weights:
        positive = "variance" in variable.path or "gamma" in variable.path
        low, high = (0.5, 1.5) if positive else (-0.5, 0.5)
        variable.assign(rng.uniform(low, high, variable.shape))
    return network


@pytest.fixture(scope="module")
def reader():
    return scramble(segment.build_reader((3, 4), 5))


@pytest.fixture(scope="module")
def pool():
    """Twenty rectangles of ink, 10 by 14 pixels, in the middle of black; their classes."""
    x = np.full((20, 28, 28, 1), -1, np.float32)
    rng = np.random.default_rng(0)
    x[:, 7:21, 9:19] = rng.uniform(0.2, 1, (20, 14, 10, 1))
    return x, np.arange(20, dtype=np.int32) % 10


# Scenes


def test_a_digit_s_ink_has_its_class_and_all_else_is_background(pool):
    made = scenes.make_scenes(pool, 8, seed=1, digits=3, scraps=2, side=70)
    assert made.x.shape == (8, 70, 70, 1) and made.y.shape == (8, 70, 70)
    for image, label in zip(made.x[..., 0], made.y, strict=True):
        assert (label[image <= scenes.INK] == BACKGROUND).all()
        for digit in set(np.unique(label)) - {BACKGROUND}:
            pixels = np.sort(image[label == digit])
            originals = [np.sort(x[7:21, 9:19, 0].ravel()) for x in pool[0][pool[1] == digit]]
            assert any(np.array_equal(pixels, o) for o in originals) or len(pixels) == 280
    assert (made.x[..., 0][made.y == BACKGROUND] > scenes.INK).any(), "scraps are ink, too"


def test_digits_do_not_cover_each_other(pool):
    made = scenes.make_scenes(pool, 20, seed=2, digits=9, scraps=0, side=64)
    ink = (made.y != BACKGROUND).sum(axis=(1, 2))
    assert (ink % 140 == 0).all() and (ink > 0).all()


def test_the_same_seed_makes_the_same_scenes(pool):
    first, again, other = (scenes.make_scenes(pool, 3, seed=seed) for seed in (4, 4, 5))
    assert np.array_equal(first.x, again.x) and np.array_equal(first.y, again.y)
    assert not np.array_equal(first.x, other.x)


def test_an_empty_image_is_no_piece_of_ink():
    assert scenes.crop(np.full((28, 28), -1.0)).shape == (28, 28)


def test_the_two_pools_share_no_digit(pool):
    from tgan_lessons.data import DIGITS, Dataset

    digits = Dataset(*pool, *pool, class_names=DIGITS, source="bars")
    one, other = scenes.split_digits(digits, share=0.7)
    assert (len(one[1]), len(other[1])) == (14, 6)
    rows = np.concatenate([one[0], other[0]]).reshape(20, -1)
    assert np.array_equal(np.unique(rows, axis=0), np.unique(pool[0].reshape(20, -1), axis=0))
    with pytest.raises(ValueError, match="`share` must be between 0 and 1"):
        scenes.split_digits(digits, share=1)


@pytest.mark.parametrize("wrong", [{"count": 0}, {"side": 27}])
def test_scenes_that_cannot_be(pool, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        scenes.make_scenes(pool, **({"count": 1, "seed": 0} | wrong))


# Numbers about maps


def test_iou_is_scikit_learn_s():
    rng = np.random.default_rng(0)
    truth, found = rng.integers(0, 11, (2, 4, 9, 9))
    pair, labels = (truth.ravel(), found.ravel()), range(11)
    expected = jaccard_score(*pair, labels=labels, average=None)
    np.testing.assert_allclose(scenes.iou_per_class(truth, found), expected)
    assert scenes.mean_iou(truth, found) == pytest.approx(jaccard_score(*pair, average="macro"))
    assert np.array_equal(scenes.confusion(truth, found), confusion_matrix(*pair, labels=labels))


def test_a_class_that_neither_map_has_does_not_count():
    truth, found = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    iou = scenes.iou_per_class(truth, found, classes=3)
    np.testing.assert_allclose(iou, [1 / 2, 2 / 3, np.nan])
    assert scenes.mean_iou(truth, found, classes=3) == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert scenes.pixel_accuracy(truth, found) == 3 / 4
    with pytest.raises(ValueError, match="`found` must have the shape"):
        scenes.mean_iou(truth, found[:3])


# Fully convolutional


def test_every_window_of_a_padded_scene_gets_the_classifier_s_answer(reader):
    """At stride 4, each position cut out by hand."""
    network = segment.convolutionalise(reader)
    scene = np.random.default_rng(1).uniform(-1, 1, (1, 40, 52, 1)).astype(np.float32)
    padded = segment.pad(scene)
    assert padded.shape == (1, 64, 76, 1)
    maps = network(padded, training=False).numpy()[0]
    assert maps.shape == (10, 13, 10)
    for row in range(10):
        for column in range(13):
            window = padded[:, 4 * row : 4 * row + 28, 4 * column : 4 * column + 28]
            answer = reader(window, training=False).numpy()[0]
            np.testing.assert_allclose(maps[row, column], answer, rtol=1e-3, atol=1e-4)
    cut = segment.cut_windows(padded[0])
    assert cut.shape == (10, 13, 28, 28, 1)
    assert np.array_equal(cut[2, 3], padded[0, 8:36, 12:40])


@pytest.mark.parametrize("hidden", [None, 6])
def test_the_classifiers_of_lesson_01_become_convolutional_but_their_padding_shows(hidden):
    backbone = models.build_backbone((3, 4, 5), hidden=hidden)
    classifier = scramble(models.build_classifier(backbone, 7, augment=True))
    network = segment.convolutionalise(classifier)
    rng = np.random.default_rng(2)
    x = rng.uniform(-1, 1, (6, 28, 28, 1)).astype(np.float32)
    expected = classifier(x, training=False).numpy()
    np.testing.assert_allclose(network(x)[:, 0, 0], expected, rtol=1e-3, atol=1e-4)
    scene = rng.uniform(-1, 1, (1, 44, 44, 1)).astype(np.float32)
    window = classifier(scene[:, 8:36, 8:36], training=False).numpy()[0]
    assert np.abs(network(scene, training=False).numpy()[0, 1, 1] - window).max() > 1e-3


def test_activations_and_missing_biases_are_kept():
    layers = keras.layers
    parts = [keras.Input((6, 5, 2)), layers.Flatten(), layers.Dense(4, activation="relu")]
    classifier = scramble(keras.Sequential([*parts, layers.Dense(3, use_bias=False)]))
    x = np.random.default_rng(0).normal(size=(5, 6, 5, 2)).astype(np.float32)
    mine = segment.convolutionalise(classifier)(x)[:, 0, 0]
    np.testing.assert_allclose(mine, classifier(x), rtol=1e-4, atol=1e-5)


def test_a_classifier_with_branches_is_refused():
    inputs = keras.Input((4, 4, 1))
    both = keras.layers.Add()([inputs, keras.layers.ReLU()(inputs)])
    outputs = keras.layers.Dense(2)(keras.layers.Flatten()(both))
    with pytest.raises(ValueError, match="layers in a row"):
        segment.convolutionalise(keras.Model(inputs, outputs))


def test_what_cannot_be_built():
    with pytest.raises(ValueError, match="`filters` must be two numbers"):
        segment.build_reader((3,))
    with pytest.raises(ValueError, match="`window` must divide the 10 rows"):
        segment.as_kernel(np.zeros((10, 2)), (3, 3))


# The segmenter


@pytest.mark.parametrize("skip", [True, False])
def test_a_new_segmenter_says_of_digits_what_the_reader_says(reader, skip):
    """Its ten digit scores are the coarse map, enlarged half-pixel bilinearly, by hand."""
    *_, model = segmenter.build_segmenter(reader, skip=skip)
    x = np.random.default_rng(3).uniform(-1, 1, (2, 32, 40, 1)).astype(np.float32)
    coarse = segment.convolutionalise(reader)(segment.pad(x), training=False).numpy()
    assert coarse.shape == (2, 8, 10, 10)
    for axis, size in ((1, 32), (2, 40)):
        places = np.clip((np.arange(size) + 0.5) / 4 - 0.5, 0, size // 4 - 1)
        low = np.minimum(places.astype(int), size // 4 - 2)
        share = (places - low).reshape([-1 if a == axis else 1 for a in range(4)])
        near, far = np.take(coarse, low, axis), np.take(coarse, low + 1, axis)
        coarse = (1 - share) * near + share * far
    logits = model(x, training=False).numpy()
    np.testing.assert_allclose(logits[..., :10], coarse, rtol=1e-3, atol=1e-4)
    assert (logits[..., BACKGROUND] == 0).all()


def test_the_skip_looks_at_its_own_pixel(reader):
    """The first layer's 3×3 window is centred on the pixel whose score it corrects."""
    trunk, *_ = segmenter.build_segmenter(reader)
    black, dot = (np.full((1, 32, 32, 1), -1, np.float32) for _ in range(2))
    dot[0, 10, 21] = 1
    changed = np.abs(trunk(dot)[0] - trunk(black)[0])[0].max(axis=-1)
    rows, columns = np.nonzero(changed > 1e-6)
    assert (rows.min(), rows.max()) == (9, 11) and (columns.min(), columns.max()) == (20, 22)


@pytest.fixture(scope="module")
def learner(reader):
    return segmenter.Segmenter(reader)


def test_frozen_training_moves_the_last_layers_only_and_all_of_it_moves_the_rest(
    learner, reader, pool
):
    made = scenes.make_scenes(pool, 6, seed=0)
    learner.start(reader)
    trunk, top = learner.trunk.get_weights(), learner.top.get_weights()
    learner.train(made, steps=2, rate=1e-2, frozen=True)
    assert all(map(np.array_equal, trunk, learner.trunk.get_weights()))
    assert not any(map(np.array_equal, top, learner.top.get_weights()))
    learner.train(made, steps=2, rate=1e-2)
    assert not any(map(np.array_equal, trunk, learner.trunk.get_weights()))


def test_frozen_training_is_that_of_keras_on_the_whole_network(learner, reader, pool):
    made = scenes.make_scenes(pool, 4, seed=1)
    learner.start(reader)
    learner.train(made, steps=3, rate=1e-2, frozen=True)
    trunk, _, model = segmenter.build_segmenter(reader)
    trunk.trainable = False
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-2), loss)
    model.fit(made.x, made.y, epochs=3, batch_size=4, shuffle=False, verbose=0)
    for mine, theirs in zip(learner.model.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-4)


def test_a_start_forgets_everything(learner, reader, pool):
    made, ends = scenes.make_scenes(pool, 5, seed=0), []
    for _ in range(2):
        learner.start(reader)
        learner.train(made, steps=2, rate=1e-2, seed=3, frozen=True)
        learner.train(made, steps=2, rate=1e-2, seed=3)
        ends.append(learner.model.get_weights())
    for mine, theirs in zip(*ends, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-4)
    assert learner.find(made.x).shape == (5, 64, 64)


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"rate": 0.0}])
def test_training_that_cannot_be(learner, pool, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        learner.train(scenes.make_scenes(pool, 1, 0), **({"steps": 1, "rate": 1e-3} | wrong))


# Pictures


def test_a_map_shows_each_class_in_its_colour():
    labels = np.full((12, 12), BACKGROUND)
    labels[:2, :2] = 4  # too small to be written on
    picture = np.asarray(scene_view.draw_map(labels, scale=2))
    assert picture.shape == (24, 24, 3)
    assert (picture[:4, :4] == scene_view.PALETTE[4]).all() and (picture[4:] == 0).all()
    labels[4:, 4:] = 4
    written = np.asarray(scene_view.draw_map(labels, scale=2))[8:, 8:]
    assert (written == scene_view.PALETTE[4]).all(axis=-1).mean() > 0.3
    assert (written == 255).all(axis=-1).any(), "a white digit on the patch"
    assert len(np.unique(scene_view.PALETTE, axis=0)) == scenes.CLASSES


def test_ink_shines_through_a_map():
    ink = np.where(np.eye(6)[..., np.newaxis] > 0, 1.0, -1.0)
    picture = np.asarray(scene_view.draw_map(np.full((6, 6), 1), ink=ink, scale=1, least=99))
    full = np.asarray(scene_view.PALETTE[1], float)
    np.testing.assert_allclose(picture[2, 2], full)
    np.testing.assert_allclose(picture[2, 3], scene_view.DARK * full, atol=1)


def test_scene_window_and_bars():
    scene = np.zeros((40, 40, 1), np.float32)
    view = scene_view.draw_scene(scene, scale=3)
    assert view.size == (120, 120) and np.all(np.asarray(view) == 128)
    framed = np.asarray(scene_view.draw_window(view, 4, 8, scale=3))
    assert np.any(framed != 128) and np.all(np.asarray(view) == 128)
    sizes = [scene_view.draw_bars(v, (200, 90)).size for v in (np.eye(10)[3], np.full(10, np.nan))]
    assert sizes == [(200, 90)] * 2


# The lab


@pytest.fixture(scope="module")
def lab(reader, pool):
    return SegmentLab(reader, pool, scenes.make_scenes(pool, 3, seed=9))


def test_the_lab_trains_and_tells_what_it_measured(lab, pool):
    lab.reset()
    before = lab.segmenter.model.get_weights()
    for _ in range(3):
        lab.tick()
    assert lab.steps >= 3 and lab.latest[0] == lab.steps
    truth, found = lab.test.y, lab.segmenter.find(lab.test.x)
    assert lab.latest[1] == pytest.approx(scenes.mean_iou(truth, found))
    assert f"mean IoU {lab.latest[1]:.3f}" in lab.numbers()
    assert not all(map(np.array_equal, before, lab.segmenter.model.get_weights()))
    with Image.open(io.BytesIO(lab.image.value)) as frame:
        assert frame.size == (608, 350)
    lab.reset()
    assert lab.steps == 0
    assert all(map(np.array_equal, before, lab.segmenter.model.get_weights()))


def test_the_window_asks_the_classifier(lab, reader):
    lab.panel.set(scene=1, row=2, column=5)
    window = segment.pad(lab.test.x[1:2])[:, 8:36, 20:48]
    expected = keras.ops.softmax(reader(window, training=False)).numpy()[0]
    np.testing.assert_allclose(lab.opinion(), expected, atol=1e-4)
    frame = lab.image.value
    lab.panel.set(column=9)
    assert lab.image.value != frame and lab.steps == 0


def test_what_begins_a_new_run_and_what_does_not(lab, reader):
    lab.panel.reset()
    lab.tick()
    lab.panel.set(rate=1e-2, frozen=True)
    steps, trunk = lab.steps, lab.segmenter.trunk.get_weights()
    lab.tick()
    assert lab.steps > steps > 0
    assert all(map(np.array_equal, trunk, lab.segmenter.trunk.get_weights()))
    lab.panel.set(start=STARTS[1], seed=2)
    assert lab.steps == 0 and not lab.frame.playing
    fresh = segment.build_reader((3, 4), 5, seed=2).get_layer("block1_conv").get_weights()
    assert np.array_equal(lab.segmenter.trunk.get_weights()[0], fresh[0])
    lab.panel.set(budget=5)
    assert len(lab.shown) == 5
    lab.panel.set(skip=False)
    assert not lab.segmenter.skip
    lab.panel.reset()
    assert lab.segmenter.skip


def test_one_step_is_explained(lab):
    lab.panel.reset()
    lab.take_step()
    assert lab.steps == 1 and "of 4096 pixels of this scene changed" in lab.message.value


def test_a_pause_brings_the_numbers_up_to_date(lab):
    lab.panel.reset()
    lab.reset()
    lab.frame.playing = True
    lab.tick()
    assert lab.latest[0] == 0 < lab.steps  # the clock does not wait for a test each time
    lab.frame.playing = False
    assert lab.latest[0] == lab.steps and f"step {lab.steps}:" in lab.status.value


def test_lost_weights_stop_the_lab(lab, monkeypatch):
    lab.reset()
    monkeypatch.setattr(lab.segmenter, "train", lambda *_, **__: float("nan"))
    with pytest.raises(FloatingPointError, match="left the numbers"):
        lab.tick()


def test_a_network_like_the_reader_has_other_weights(reader):
    like = build_like(reader, 7)
    assert [w.shape for w in like.weights] == [w.shape for w in reader.weights]


# The exercises


def iou_of(truth, found, label):
    return np.sum((truth == label) & (found == label)) / np.sum((truth == label) | (found == label))


def geometry(chain):
    stride, window = 1, 1
    for kernel, step in chain:
        window, stride = window + (kernel - 1) * stride, stride * step
    return stride, window


def roof(factor):
    return 1 - np.abs((np.arange(2 * factor) + 0.5) / factor - 1)


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (checks.check_iou, iou_of),
        (checks.check_geometry, geometry),
        (checks.check_bilinear, roof),
    ],
)
def test_a_right_answer_passes(check, answer):
    result = check(answer)
    assert result.passed, result


@pytest.mark.parametrize(
    ("check", "answer", "hint"),
    [
        (checks.check_iou, lambda t, f, c: np.mean(f[t == c] == c), "true pixels"),
        (checks.check_iou, lambda t, f, c: np.mean(t == f), "one class only"),
        (
            checks.check_iou,
            lambda t, f, c: np.sum((t == c) & (f == c)) / (np.sum(t == c) + np.sum(f == c)),
            "counted twice",
        ),
        (checks.check_iou, lambda t, f, c: iou_of(t, f, 1), "Of class 0"),
        (checks.check_geometry, lambda chain: 4, "two numbers"),
        (checks.check_geometry, lambda chain: (1, geometry(chain)[1]), "Strides multiply"),
        (checks.check_geometry, lambda chain: (geometry(chain)[0], 3), "adds k - 1"),
        (checks.check_bilinear, lambda f: np.ones(f), "Return 8 numbers"),
        (checks.check_bilinear, lambda f: np.ones(2 * f), "add up to 1"),
        (checks.check_bilinear, lambda f: np.ones(2 * f) / 2, "must stay one"),
        (checks.check_bilinear, lambda f: np.arange(2 * f) / f, "both sides"),
    ],
)
def test_a_wrong_answer_gets_a_hint(check, answer, hint):
    result = check(answer)
    assert result.verdict == "not yet"
    assert hint in result.message


@pytest.mark.parametrize("check", [checks.check_iou, checks.check_geometry, checks.check_bilinear])
def test_an_unfinished_answer_is_no_error(check):
    assert check(lambda *_: ...).verdict == "unfinished"
