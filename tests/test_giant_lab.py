import numpy as np
import pytest

from tgan_lessons import giant_exercises as checks
from tgan_lessons import giant_lab, giant_models, giant_view
from tgan_lessons.data import Dataset
from tgan_lessons.giants import Giant


def task(seed, classes=3):
    """Bars in as many places; the label says in which."""
    rng = np.random.default_rng(seed)
    y = (np.arange(102) % classes).astype(np.int32)
    x = rng.uniform(-1, -0.5, (102, 28, 28, 3)).astype(np.float32)
    for image, label in zip(x, y, strict=True):
        image[4 + 7 * label : 9 + 7 * label, 6:22, seed] = 0.8
    return Dataset(x[:66], y[:66], x[66:], y[66:], tuple("abc"[:classes]), "bars")


@pytest.fixture(scope="module")
def made_lab():
    plan = ((2, 6, 1), (2, 6, 2))
    network = giant_models.build_own(plan, first=6, last=8, momentum=0.9, seed=2)
    return giant_lab.GiantLab(Giant(network, "tiny", False), task(0), task(1), tested=12)


@pytest.fixture
def lab(made_lab):
    made_lab.panel.reset()
    made_lab.reset()
    return made_lab


def test_frozen_as_it_should_be_only_the_head_moves(lab):
    before, frame = lab.tuning.head.get_weights(), lab.image.value
    lab.tick()
    assert lab.tuning.steps >= 1
    assert (lab.tuning.moved(), lab.tuning.drift()) == (0.0, 0.0)
    assert any((a != b).any() for a, b in zip(before, lab.tuning.head.get_weights(), strict=True))
    assert lab.image.value != frame and "the colleague's" in lab.numbers()


def test_the_switch_acts_while_it_trains_and_moves_the_memory_only(lab):
    lab.tick()
    steps = lab.tuning.steps
    lab.panel.set(training=True)
    lab.tick()
    assert lab.tuning.steps > steps, "the same run"
    assert lab.tuning.moved() == 0.0 and lab.tuning.drift() > 0
    assert lab.history[-1]["drift"] == pytest.approx(lab.tuning.drift())
    drift = lab.tuning.drift()
    lab.panel.set(training=False)
    lab.tick()
    assert lab.tuning.drift() == drift, "what is gone does not come back"


def test_depth_and_rates_act_at_once(lab):
    lab.panel.set(top=1, top_rate=1e-2)
    lab.tick()
    moved = [weights > 0 for _, weights in lab.stages.values()]
    assert moved == [False, False, False, True]
    lab.reset()
    assert lab.tuning.moved() == 0.0 and lab.tuning.steps == 0


def test_labels_and_seed_begin_a_new_run(lab):
    lab.tick()
    x = lab.tuning.x
    lab.panel.set(seed=3)
    assert lab.tuning.steps == 0 and not np.array_equal(lab.tuning.x, x)
    lab.panel.set(labels=10)
    assert np.bincount(lab.tuning.y).tolist() == [10] * 3


def test_each_preset_says_what_to_look_for(lab):
    for name, preset in lab.presets.items():
        lab.load_preset(name)
        lab.tick()
        assert lab.tuning.steps >= 1 and preset.watch
    lab.load_preset("As files in folders")
    assert lab.panel["order"] == "class by class" and lab.panel["training"] is True


def test_a_step_is_explained_and_described(lab):
    lab.panel.set(training=True)
    lab.take_step()
    assert "the batch's own statistics" in lab.message.value
    assert "standard deviations" in lab.describe()


def test_a_rate_far_too_high_stops_and_says_so(lab):
    lab.panel.set(top=4, top_rate=1e-1, rate=1e-1)
    lab.tuning.head.set_weights([np.full_like(w, np.nan) for w in lab.tuning.head.get_weights()])
    with pytest.raises(FloatingPointError, match="Lower the rate"):
        lab.tick()


def test_tested_must_be_something(lab):
    with pytest.raises(ValueError, match="`tested` must be at least 1"):
        giant_lab.GiantLab(lab.giant, task(0), task(1), tested=0)


def test_the_trap_is_drawn_with_both_words():
    curves = {flag: [[0.9, 0.8], [0.8, 0.7 - flag / 2]] for flag in (False, True)}
    figure = giant_view.plot_trap([0, 10], {"ours": curves, "theirs": curves}, "not one weight")
    assert [ax.get_title() for ax in figure.axes] == ["ours", "theirs"]
    legend = figure.axes[0].get_legend().get_texts()
    assert [text.get_text() for text in legend] == ["training=False", "training=True"]


# The exercises


def alarm(backbone, step):
    before = backbone.get_weights()
    step()
    return any((a != b).any() for a, b in zip(before, backbone.get_weights(), strict=True))


def deaf_alarm(backbone, step):
    before = [w.numpy() for w in backbone.trainable_weights]
    step()
    now = backbone.trainable_weights
    return any((a != b.numpy()).any() for a, b in zip(before, now, strict=True))


def count_steps(momentum, share):
    k = 0
    while 1 - momentum**k < share:
        k += 1
    return k


def free(backbone, norms=False):
    for layer in backbone.layers:
        layer.trainable = layer.name == "Conv_1" or (norms and layer.name == "Conv_1_bn")
    return backbone


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (checks.check_prepare, lambda p: np.interp(p, [0, 255], [-1, 1]).astype("float32")),
        (checks.check_alarm, alarm),
        (checks.check_steps, count_steps),
        (checks.check_fine_tune, free),
    ],
)
def test_right_answers_written_differently_pass(check, answer):
    assert check(answer).passed, check(answer)


@pytest.mark.parametrize(
    ("check", "answer", "hint"),
    [
        (checks.check_prepare, lambda p: p.astype("float32"), "Still from 0 to 255"),
        (checks.check_prepare, lambda p: p / np.float32(255), "0 must become -1"),
        (checks.check_prepare, lambda p: p / 127.5 - 1, "float32"),
        (checks.check_prepare, lambda p: p, "floating-point"),
        (checks.check_alarm, deaf_alarm, "only moving statistics changed"),
        (checks.check_alarm, lambda b, s: True, "never called"),
        (checks.check_steps, lambda m, s: np.log(1 - s) / np.log(m), "round"),
        (checks.check_steps, lambda m, s: 1, "Solve"),
        (checks.check_fine_tune, lambda b: free(b, norms=True), "moving statistics changed"),
        (checks.check_fine_tune, lambda b: b, "before the last stage moved"),
        (checks.check_fine_tune, lambda b: setattr(b, "trainable", False) or b, "Nothing moved"),
    ],
)
def test_wrong_answers_get_a_hint(check, answer, hint):
    result = check(answer)
    assert not result.passed and hint in result.message


@pytest.mark.parametrize(
    "check",
    [checks.check_prepare, checks.check_alarm, checks.check_steps, checks.check_fine_tune],
)
def test_an_unfinished_cell_is_unfinished(check):
    assert check(lambda *_: ...).verdict == "unfinished"


def test_two_classes_are_enough():
    network = giant_models.build_own(((2, 6, 1),), first=6, last=8, seed=2)
    lab = giant_lab.GiantLab(Giant(network, "tiny", False), task(0, 2), task(1, 2), tested=12)
    lab.tick()
    assert lab.tuning.head.units == 2 and "the colleague's" in lab.numbers()
