"""The truth about freezing, and the loop that shows it, beside Keras and NumPy."""

import keras
import numpy as np
import pytest

from tgan_lessons import giant_models, norm_trap, transfer
from tgan_lessons.norm_trap import CALLS, FREEZING
from tgan_lessons.tuning import Tuning

PLAN = ((2, 6, 1), (2, 6, 2))


@pytest.fixture(scope="module")
def backbone():
    """Small, and with a memory that fits no batch."""
    network = giant_models.build_own(PLAN, first=6, last=8, momentum=0.9, seed=2)
    for norm in giant_models.norms(network):
        norm.moving_mean.assign(norm.moving_mean + 0.3)
        norm.moving_variance.assign(norm.moving_variance * 1.7)
    return network


@pytest.fixture(scope="module")
def batch():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (12, 28, 28, 3)).astype(np.float32)
    return x, (np.arange(12) % 3).astype(np.int32)


@pytest.fixture(scope="module")
def outcomes(backbone, batch):
    before = backbone.get_weights()
    tried = norm_trap.try_all(backbone, *batch, 3)
    assert same(before, backbone.get_weights())
    return {(o.freezing, o.call): o for o in tried}


@pytest.fixture(scope="module")
def made(backbone):
    return Tuning(backbone, 3)


@pytest.fixture
def run(made, batch):
    made.start(*batch, seed=5)
    return made


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


# The table


def test_trainable_false_protects_everything(outcomes):
    for call in CALLS:
        o = outcomes["all but the head", call]
        assert not (o.statistics_moved or o.weights_moved or o.learns_by_batch)


def test_kept_from_the_optimizer_is_no_protection_against_training_true(outcomes):
    o = outcomes["kept from the optimizer", "own call, training=True"]
    assert o.statistics_moved and o.learns_by_batch and not o.weights_moved
    o = outcomes["kept from the optimizer", "own call, training=False"]
    assert not (o.statistics_moved or o.weights_moved or o.learns_by_batch)


def test_frozen_normalisations_let_weights_move_and_keep_the_memory(outcomes):
    for call in CALLS:
        o = outcomes["the normalisations", call]
        assert o.weights_moved and not o.statistics_moved and not o.learns_by_batch


@pytest.mark.parametrize("freezing", FREEZING[:3])
def test_fit_itself_agrees_about_models_put_together(outcomes, backbone, batch, freezing):
    twin = giant_models.copy_of(backbone)
    norm_trap._freeze(twin, freezing)
    images = keras.Input((28, 28, 3))
    model = keras.Model(images, keras.layers.Dense(3)(twin(images, training=False)))
    model.compile(keras.optimizers.SGD(0.1), "mse")
    before = {w.path: w.numpy() for w in twin.weights}
    model.fit(batch[0], np.eye(3)[batch[1]], verbose=0, batch_size=12)
    moved = [path for path, old in before.items() if np.any(old != _find(twin, path))]
    o = outcomes[freezing, CALLS[0]]
    assert any("moving" in path for path in moved) == o.statistics_moved
    assert any("moving" not in path for path in moved) == o.weights_moved


def _find(model, path):
    return next(w.numpy() for w in model.weights if w.path == path)


def test_the_table_has_a_row_for_each_pair(outcomes, capsys):
    norm_trap.print_outcomes(outcomes.values())
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 13 and max(map(len, lines)) <= 100
    with pytest.raises(ValueError, match="`freezing` must be one of"):
        norm_trap.try_out(None, "a bit", CALLS[0], None, None, 3)
    with pytest.raises(ValueError, match="`call` must be one of"):
        norm_trap.build_on(None, "loudly", 3)


# The loop


def test_the_memory_moves_as_the_formula_says_and_no_weight_does(run, batch):
    norm = giant_models.norms(run.backbone)[0]
    conv = keras.Model(run.backbone.input, run.backbone.get_layer("Conv1").output)
    old = norm.moving_mean.numpy()
    run.advance(3, training=True, batch_size=12)  # each batch holds all images
    mean = conv(batch[0]).numpy().mean(axis=(0, 1, 2))
    expected = mean + 0.9**3 * (old - mean)
    np.testing.assert_allclose(norm.moving_mean, expected, atol=1e-5)
    assert run.moved() == 0.0 and run.drift() > 0.01 and run.steps == 3


def test_nothing_of_the_backbone_moves_without_the_word(run):
    before, head = run.backbone.get_weights(), run.head.get_weights()
    run.advance(4, training=False)
    assert same(before, run.backbone.get_weights())
    assert (run.moved(), run.drift()) == (0.0, 0.0)
    assert not same(head, run.head.get_weights())


def test_labels_in_a_column_are_labels(made, batch):
    x, y = batch
    made.start(x, y[:, np.newaxis], seed=5)
    assert np.array_equal(made.y, y)
    assert made.score(x, y[:, np.newaxis]) == made.score(x, y)
    for wrong in (np.eye(3, dtype=int)[y], y[:5], y.astype(str), y.astype(float)):
        with pytest.raises((TypeError, ValueError), match=r"^`y` must"):
            made.score(x, wrong)


def test_the_last_stages_learn_as_keras_teaches_them(run, backbone, batch):
    run.advance(1, training=False, top=2, rate=1e-2, top_rate=1e-3, batch_size=12)
    twin = giant_models.copy_of(backbone)
    head = keras.layers.Dense(3, kernel_initializer="zeros")
    model = keras.Sequential([twin, head])
    model.build((None, 28, 28, 3))
    first = {w.path: w.numpy() for w in twin.weights}
    for layer in twin.layers:
        free = layer.name.startswith(("block_2", "Conv_1"))
        layer.trainable = free and not isinstance(layer, keras.layers.BatchNormalization)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-2), loss)
    model.train_on_batch(*batch)
    np.testing.assert_allclose(run.head.kernel, head.kernel, atol=1e-4)  # of 1e-2
    for weight in run.backbone.weights:
        moved = np.any(weight.numpy() != first[weight.path])
        assert not moved or weight.path.startswith(("block_2", "Conv_1"))
    assert run.drift() == 0.0  # the head is zero at the first step: no gradient behind it yet
    run.advance(1, training=False, top=2, batch_size=12)
    stages = run.by_stage()
    assert [weights > 0 for _, weights in stages.values()] == [False, False, True, True]
    assert all(statistics == 0 for statistics, _ in stages.values())


def test_a_start_takes_everything_back(run, batch, backbone):
    run.advance(3, training=True, top=3, top_rate=1e-2)
    first = run.model.get_weights()
    run.start(*batch, seed=5)
    assert same(run.backbone.get_weights(), backbone.get_weights()) and run.steps == 0
    run.advance(3, training=True, top=3, top_rate=1e-2)
    for a, b in zip(first, run.model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_from_scratch_it_starts_with_other_weights(run, batch, backbone):
    other = giant_models.build_own(PLAN, first=6, last=8, momentum=0.9, seed=9)
    run.start(*batch, fresh=other)
    assert same(run.backbone.get_weights(), other.get_weights())
    assert not same(run.backbone.get_weights(), backbone.get_weights())


def test_batches_mixed_and_class_by_class(run, batch):
    drawn = run._draw(6, 4, "class by class")
    classes = [np.unique(batch[1][row]).tolist() for row in drawn]
    assert classes == [[0], [1], [2], [0], [1], [2]]
    run.start(*batch)
    assert sorted(run._draw(3, 4, "mixed").ravel()) == list(range(12))


def test_scores_are_those_of_keras(run, batch):
    run.advance(5, training=True, top=1, rate=1e-2)
    read = run.model.predict(batch[0], verbose=0).argmax(axis=1)
    assert run.score(*batch) == pytest.approx(np.mean(read == batch[1]))


def test_weights_that_are_no_numbers_are_told(run):
    with pytest.raises(FloatingPointError, match="Lower the rate"):
        for _ in range(5):
            run.advance(2, training=False, top=4, top_rate=1e30)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"top": 9}, "`top` must be from 0 to 4"),
        ({"rate": 0.0}, "`rate` must be a finite"),
        ({"top_rate": -1.0}, "`top_rate` must be a finite"),
        ({"order": "by size"}, "`order` must be one of"),
    ],
)
def test_what_cannot_be_is_refused(run, options, match):
    with pytest.raises(ValueError, match=match):
        run.advance(1, training=False, **options)


# The colleague, and her memory


def test_a_colleague_s_head_is_fitted_once(backbone, batch):
    from tgan_lessons.data import Dataset

    x = np.concatenate([batch[0]] * 2)
    y = np.concatenate([batch[1]] * 2)
    task = Dataset(x, y, x[:9].copy(), y[:9].copy(), tuple("abc"), "noise")
    her = norm_trap.Colleague(backbone, task, per_class=8, tested=6)
    twin = giant_models.copy_of(backbone)
    features = transfer.evaluate(twin, x[:6])
    assert her.score(twin) == pytest.approx(np.mean(her.linear.predict(features) == y[:6]))
    kernel, bias = her.linear[-1].coef_.copy(), her.linear[-1].intercept_.copy()
    for _ in range(30):
        twin(x, training=True)
    her.score(twin)
    assert same((kernel, bias), (her.linear[-1].coef_, her.linear[-1].intercept_))


def test_what_is_forgotten_is_what_the_moving_mean_forgets(backbone):
    norm = keras.layers.BatchNormalization(momentum=0.95)
    norm.build((None, 1))
    norm.moving_mean.assign([1.0])
    for _ in range(7):
        norm(np.zeros((4, 1), np.float32), training=True)
    assert norm_trap.forgotten(0.95, 7) == pytest.approx(1 - float(norm.moving_mean[0]), abs=1e-6)
    assert norm_trap.momentum_of(backbone) == pytest.approx(0.9)
