"""Lesson 00's lab, with gradient descent on paper as the oracle."""

import io
import re

import numpy as np
import pytest
from PIL import Image

from tgan_lessons import curve_lab
from tgan_lessons.curve_lab import CURVES, CurveLab, losses_by_rate


@pytest.fixture(scope="module")
def made():
    return CurveLab()


@pytest.fixture
def lab(made):
    """As it is when it has just been made."""
    made.panel.reset()
    made.reset()
    return made


def same(left, right):
    return all(np.array_equal(a, b) for a, b in zip(left, right, strict=True))


def numpy_steps(weights, x, y, rate, steps):
    """Gradient descent on the mean squared error of a 1-32-32-1 tanh network, on paper."""
    w1, b1, w2, b2, w3, b3 = (w.astype(np.float64) for w in weights)
    for _ in range(steps):
        h1 = np.tanh(x @ w1 + b1)
        h2 = np.tanh(h1 @ w2 + b2)
        error = h2 @ w3 + b3 - y
        loss = np.mean(error**2)
        d3 = 2 * error / len(x)
        d2 = (d3 @ w3.T) * (1 - h2**2)
        d1 = (d2 @ w2.T) * (1 - h1**2)
        w3, b3 = w3 - rate * h2.T @ d3, b3 - rate * d3.sum(axis=0)
        w2, b2 = w2 - rate * h1.T @ d2, b2 - rate * d2.sum(axis=0)
        w1, b1 = w1 - rate * x.T @ d1, b1 - rate * d1.sum(axis=0)
    return [w1, b1, w2, b2, w3, b3], loss


def test_a_step_is_gradient_descent_and_sliders_act_without_a_new_trace(lab):
    for rate, curve, steps in ((0.05, "wave", 1), (0.2, "hat", 3), (0.01, "step", 20)):
        lab.learning_rate.value, lab.curves.value = rate, curve
        expected, loss = numpy_steps(lab.model.get_weights(), lab.x, lab.y, rate, steps)
        assert lab.advance(steps) == pytest.approx(loss, abs=1e-5)
        for mine, oracle in zip(lab.model.get_weights(), expected, strict=True):
            np.testing.assert_allclose(mine, oracle, rtol=0, atol=1e-5)
    assert lab._advance.experimental_get_tracing_count() == 1


def test_a_reset_gives_the_first_weights_and_the_first_picture_again(lab):
    weights, frame = lab.model.get_weights(), lab.image.value
    lab.learning_rate.value, lab.curves.value = 0.1, "hat"
    for _ in range(3):
        lab.tick()
    assert lab.steps == 60 and lab.image.value != frame
    lab.reset_button.click()
    assert same(lab.model.get_weights(), weights) and lab.steps == 0
    assert float(lab.optimizer.learning_rate) == pytest.approx(0.1)  # as the slider says
    lab.curves.value = "wave"
    assert lab.image.value == frame


def test_a_reset_draws_once(lab, monkeypatch):
    drawn, draw = [], lab.draw
    monkeypatch.setattr(lab, "draw", lambda: drawn.append(1) or draw())
    lab.reset()
    assert drawn == [1]


@pytest.mark.parametrize("curve", CURVES)
def test_points_lie_along_their_curve(lab, curve):
    lab.curves.value = curve
    truth = {
        "wave": np.sin(3 * lab.x),
        "step": 0.8 * np.sign(lab.x),
        "hat": 1 - np.abs(lab.x),
    }[curve]
    assert 0.05 < (lab.y - truth).std() < 0.11
    assert curve in lab.describe()


def test_new_points_keep_the_weights(lab):
    lab.tick()
    weights, frame = lab.model.get_weights(), lab.image.value
    lab.curves.value = "hat"
    assert same(lab.model.get_weights(), weights)
    assert lab.image.value != frame


def test_it_bends(lab):
    lab.curves.value = "hat"
    lab.tick()
    first = lab.loss
    lab.advance(1500)
    lab.tick()
    assert lab.loss < 0.1 * first
    assert f"{lab.steps} steps" in lab.describe()


def test_one_step_is_explained_in_true_numbers(lab):
    expected, loss = numpy_steps(lab.model.get_weights(), lab.x, lab.y, 0.05, 1)
    _, after = numpy_steps(expected, lab.x, lab.y, 0.05, 1)
    lab.take_step()
    told = [float(number) for number in re.findall(r"\d\.\d{5}", lab.message.value)]
    assert told == pytest.approx([loss, after], abs=1e-4)
    assert lab.steps == 1 and "closer" in lab.message.value
    lab.learning_rate.value = 1.0
    lab.take_step()
    assert "jumped too far" in lab.message.value


def test_the_highest_rate_explodes_and_the_page_says_so(lab):
    lab.learning_rate.value = 1.0
    with pytest.raises(FloatingPointError, match="left the numbers"):
        for _ in range(50):
            lab.tick()
    lab.play.value += 1
    assert "Stopped" in lab.message.value and "left the numbers" in lab.message.value
    lab.reset_button.click()
    assert all(np.isfinite(w).all() for w in lab.model.get_weights())


def test_the_picture_has_the_size_promised_and_leaves_pyplot_alone(lab):
    from matplotlib import pyplot

    lab.tick()
    with Image.open(io.BytesIO(lab.image.value)) as frame:
        assert frame.size == curve_lab.SIZE
        assert len(frame.getcolors(1_000_000)) > 2
    assert pyplot.get_fignums() == []


def test_a_seed_decides_points_and_weights():
    first, again, other = CurveLab(seed=0), CurveLab(seed=0), CurveLab(seed=1)
    assert same(first.model.get_weights(), again.model.get_weights())
    assert first.image.value == again.image.value
    assert not np.array_equal(first.model.get_weights()[0], other.model.get_weights()[0])
    assert np.abs(first.y - other.y).max() > 0.01


def test_the_first_curve_can_be_chosen_and_unknown_ones_are_refused():
    assert CurveLab("hat").curves.value == "hat"
    with pytest.raises(ValueError, match="`curve` must be one of 'wave', 'step', 'hat'"):
        CurveLab(curve="line")


def test_losses_by_rate_start_anew_at_each_rate():
    rates = [1.0, 0.05, 0.0125]
    losses = losses_by_rate(rates, steps=300)
    assert np.isnan(losses[0])
    lab = CurveLab()
    for rate, loss in zip(rates[1:], losses[1:], strict=True):
        _, expected = numpy_steps(lab.model.get_weights(), lab.x, lab.y, rate, 300)
        assert loss == pytest.approx(expected, rel=1e-3)
