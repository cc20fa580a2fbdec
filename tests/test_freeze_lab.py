"""The freezing lab: what its controls do to the networks, and what it keeps of a race."""

import io

import ipywidgets as widgets
import numpy as np
import pytest
from PIL import Image

from tgan_lessons import freeze_lab, freezing, pools, small_nets
from tgan_lessons.data import Dataset
from tgan_lessons.freeze_lab import FreezeLab
from tgan_lessons.freeze_view import Gain, draw_gains, draw_learning
from tgan_lessons.metrics import mean_interval

COPIED = {"conv1", "conv2", "conv3"}


@pytest.fixture(scope="module")
def pool():
    rng = np.random.default_rng(0)

    def part(each, classes):
        y = np.repeat(np.arange(classes), each).astype(np.int32)
        return rng.uniform(-1, 1, (len(y), 28, 28, 1)).astype(np.float32), y

    letters = Dataset(*part(12, 6), *part(4, 6), tuple("abcdef"), "noise")
    return pools.make_pool(letters, Dataset(*part(12, 3), *part(1, 3), tuple("012"), "noise"))


@pytest.fixture(scope="module")
def sources(pool):
    names = ("letters", "shuffled")
    return {
        name: small_nets.new_weights(pool.plan, (10 * i, 10 * i + 1))
        for i, name in enumerate(names, start=1)
    }


@pytest.fixture
def lab(pool, sources):
    return FreezeLab(pool, sources)


def moved(lab, steps=2):
    """The layers of the networks with transfer that move in some steps."""
    before = [array[lab._count :].copy() for array in lab.networks.weights[::2]]
    lab.advance(steps)
    after = [array[lab._count :] for array in lab.networks.weights[::2]]
    pairs = zip(freeze_lab.LAYERS, before, after, strict=True)
    return {name for name, old, new in pairs if not np.array_equal(old, new)}


def test_it_begins_with_copies_and_equal_new_layers(lab, sources):
    scratch, ours = ([array[part] for array in lab.networks.weights] for part in ([0, 1], [2, 3]))
    for i, (fresh, array) in enumerate(zip(scratch, ours, strict=True)):
        assert np.array_equal(array, (sources["letters"] if i < 6 else scratch)[i])
        assert i % 2 or i >= 6 or not np.array_equal(fresh, array)


def test_frozen_and_fine_tuned_switch_in_the_middle_of_a_race(lab):
    assert moved(lab) == set(freeze_lab.LAYERS) - COPIED
    lab.panel.set(then="fine-tuned")
    assert lab.networks.steps == 2
    assert moved(lab) == set(freeze_lab.LAYERS)
    lab.panel.set(then="frozen")
    assert moved(lab) == set(freeze_lab.LAYERS) - COPIED


def test_both_groups_see_the_same_target_images(lab):
    drawn = lab._draw(3)
    assert np.array_equal(drawn[:, :2], drawn[:, 2:])
    for seed, (rows, _) in enumerate(lab.target.draws):
        assert set(drawn[:, seed].ravel()) <= set(rows)


def test_joint_training_adds_the_source_and_lambda_weighs_it(lab, pool):
    lab.panel.set(joint=True)
    drawn, shares = lab._draw(2), lab._shares()
    size = freeze_lab.SIZE
    assert set(drawn[..., size:].ravel()) <= set(pool.rows["letters"])
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_allclose(shares[:2, size:], 0, err_msg="scratch learns the target only")
    lab.panel.set(**{"lambda": 10.0})
    ours = lab._shares()[2]
    assert ours[:size].sum() / ours[size:].sum() == pytest.approx(10)
    lab.panel.set(then="fine-tuned")
    assert moved(lab) == set(freeze_lab.LAYERS)


def test_the_pull_holds_copied_layers_only(lab, sources):
    lab.panel.set(then="fine-tuned", copied=1e-2)

    def distance():
        lab.reset()
        lab.advance(6)
        kernels = zip(lab.networks.weights[:6:2], sources["letters"][:6:2], strict=True)
        return sum(np.abs(now[2:] - old).sum() for now, old in kernels)

    free = distance()
    lab.panel.set(pull=1.0)
    assert distance() < free


def test_a_race_leaves_its_gain_on_the_chart(lab):
    lab.tick()
    lab.measure()
    scores = lab.history[-1][1]
    mean, half = mean_interval(scores[2:] - scores[:2])
    assert lab.gain() == Gain(3, "frozen", "letters", mean, half)
    lab.panel.set(depth=5, source="shuffled")
    assert lab.found == [Gain(3, "frozen", "letters", mean, half)]
    assert lab.networks.steps == 0 and lab.gain() is None
    assert "letters, 3 layers, frozen" in lab.describe()
    lab.panel.set(depth=1)
    assert len(lab.found) == 1, "a race that never began found nothing"


def test_a_reset_repeats_the_race(lab):
    lab.advance(4)
    first = lab.measure()
    lab.reset()
    lab.advance(2)
    lab.advance(2)
    np.testing.assert_allclose(lab.measure(), first)


def test_slow_motion_tells_how_far_each_layer_moved(lab):
    lab.take_step()
    assert "conv1 0.00%" in lab.message.value
    assert "head 0.00%" not in lab.message.value
    assert lab.networks.steps == 1


@pytest.mark.parametrize("name", FreezeLab.presets)
def test_presets_play(lab, name):
    lab.load_preset(name)
    lab.tick()
    assert lab.networks.steps
    lab.take_step()


def test_a_rate_too_high_is_told_on_the_page(lab):
    lab.panel.set(new=0.1)
    lab.networks.weights[0][3] = np.nan
    lab.play.value += 1
    assert "Stopped:" in lab.message.value and "[3]" in lab.message.value


def test_pictures(lab):
    lab.tick()
    for value, size in ((lab.image.value, (400, 400)), (lab.chart.value, (270, 400))):
        assert Image.open(io.BytesIO(value)).size == size
    assert "gain" in lab.numbers() and "over 2 seeds" in lab.numbers()
    assert isinstance(lab.frame.box, widgets.Widget)


def test_the_chart_shows_a_gain_where_it_belongs():
    for sign in (1, -1):
        picture = np.asarray(draw_gains([Gain(2, "frozen", "letters", sign * 0.08, 0.02)], None, 5))
        is_blue = np.abs(picture.astype(int) - (0, 114, 178)).sum(axis=2) < 30
        rows, columns = np.nonzero(is_blue)
        zero = (76 + 700) / 4
        assert len(rows) and ((rows < zero) if sign > 0 else (rows > zero)).all()
        assert 100 < columns.mean() < 160, "above the 2"


def test_learning_is_drawn_for_one_measurement_and_for_many():
    for count in (1, 2, 1000):
        groups = {"scratch": np.full((count, 3), 0.2), "joint": np.full((count, 3), 0.9)}
        picture = draw_learning(list(range(count)), groups, task="read", chance=0.1)
        assert np.asarray(picture).std() > 5


def test_sources_must_be_equally_many(pool):
    one, two = (small_nets.new_weights(pool.plan, range(n)) for n in (1, 2))
    for wrong in ({"letters": one}, {"letters": two, "shuffled": one}):
        with pytest.raises(ValueError, match="`sources` must be equally many"):
            FreezeLab(pool, wrong)


def test_settings_are_taken(pool, sources):
    lab = FreezeLab(pool, sources, depth=5, then="fine-tuned")
    assert (lab.panel["depth"], lab._set_up) == (5, ("letters", 5, "fine-tuned"))
    assert lab.panel["depth"] in freezing.DEPTHS


def test_joint_training_tells_how_well_the_source_is_still_read(lab):
    assert "source" not in lab.numbers()
    lab.load_preset("Both at once")
    x, y = lab.pool.x[lab.pool.rows["letters"]], lab.pool.y[lab.pool.rows["letters"]]
    share = lab.networks.accuracy(x, y)[2:].mean()
    assert lab.read_source() == pytest.approx(share), "so few images are all shown"
    assert f"source {share:.0%}" in lab.numbers()
