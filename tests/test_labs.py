import base64
import copy
import io
import threading

import numpy as np
import pytest
from PIL import Image

from tgan_lessons import labs, models, transfer
from tgan_lessons.curve_lab import CURVES, CurveLab, losses_by_rate
from tgan_lessons.data import Dataset
from tgan_lessons.transfer_lab import TransferLab

FILTERS = (2, 3)


@pytest.fixture(scope="module")
def letters():
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(3), (12, 40, 60)).astype(np.int32)
    y_test = np.repeat(np.arange(3), 10).astype(np.int32)
    x, x_test = (rng.uniform(-1, 1, (len(n), 28, 28, 1)).astype(np.float32) for n in (y, y_test))
    return Dataset(x, y, x_test, y_test, ("a", "b", "c"), "noise")


@pytest.fixture(scope="module")
def source():
    backbone = models.build_backbone(FILTERS, seed=9)
    rng = np.random.default_rng(1)
    backbone.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in backbone.get_weights()])
    return backbone


@pytest.fixture(scope="module")
def curve_lab():
    return CurveLab()


@pytest.fixture(scope="module")
def transfer_lab(source, letters):
    return TransferLab(source, letters, seed=3)


@pytest.fixture(params=["curve", "transfer"])
def lab(request):
    """Both labs, each as it is when it has just been made."""
    lab = request.getfixturevalue(f"{request.param}_lab")
    lab.learning_rate.value = {"curve": 0.05, "transfer": 3e-3}[request.param]
    lab.play.value = lab.play.min
    if request.param == "transfer":
        lab.trials.clear()
        lab.start.value, lab.per_class.value, lab.frozen_blocks.value = "digits", 5, 0
        lab.trials.clear()
    else:
        lab.curves.value = "wave"
    lab.reset()
    return lab


def weights_of(lab):
    model = lab.model if isinstance(lab, CurveLab) else lab.learner.model
    return model.get_weights()


def optimizer_of(lab):
    return lab.optimizer if isinstance(lab, CurveLab) else lab.learner.model.optimizer


def same(left, right):
    return all(np.array_equal(a, b) for a, b in zip(left, right, strict=True))


def is_playing(lab):
    return lab.play.playing if lab.play.has_trait("playing") else lab.play._playing


def play_on(lab):
    setattr(lab.play, "playing" if lab.play.has_trait("playing") else "_playing", True)
    lab.play.value += 1


def in_thread(function):
    thread = threading.Thread(target=function)
    thread.start()
    return thread


# What every lab does


def test_a_tick_trains_and_changes_the_picture(lab):
    weights, frame = weights_of(lab), lab.image.value
    lab.tick()
    assert not any(np.array_equal(a, b) for a, b in zip(weights, weights_of(lab), strict=True))
    assert lab.image.value != frame
    assert lab.steps > 0
    assert lab.status.value == ""


def test_reset_gives_the_first_weights_and_the_first_picture_again(lab):
    weights, frame = weights_of(lab), lab.image.value
    for _ in range(2):
        for _ in range(3):
            lab.tick()
        if isinstance(lab, TransferLab):
            lab.trials.clear()  # kept curves belong in the picture
        lab.reset_button.click()
        assert same(weights_of(lab), weights)
        assert lab.image.value == frame
        assert lab.steps == 0
    moments = [v for v in optimizer_of(lab).variables if v is not optimizer_of(lab).learning_rate]
    if isinstance(lab, TransferLab):
        assert all(not np.any(variable.numpy()) for variable in moments)


def test_the_learning_rate_acts_at_once(lab):
    lab.tick()
    for rate in (0.001, 0.01):
        lab.learning_rate.value = rate
        assert float(optimizer_of(lab).learning_rate) == pytest.approx(rate)
        lab.tick()
        assert float(optimizer_of(lab).learning_rate) == pytest.approx(rate)


def test_a_tenth_of_the_rate_moves_less(lab):
    moves = {}
    for rate in (0.01, 0.001):
        lab.learning_rate.value = rate
        before, steps = weights_of(lab), lab.steps
        lab.tick()
        kernel = weights_of(lab)[0] - before[0]
        moves[rate] = np.abs(kernel).mean() / (lab.steps - steps)
    assert moves[0.001] < 0.4 * moves[0.01]


def test_the_clock_ticks(lab):
    weights = weights_of(lab)
    play_on(lab)
    assert not same(weights_of(lab), weights)
    assert is_playing(lab)
    assert lab.status.value == ""


def test_the_stop_button_is_no_tick(lab):
    play_on(lab)
    weights, frame, steps = weights_of(lab), lab.image.value, lab.steps
    lab.play.value = lab.play.min
    assert same(weights_of(lab), weights)
    assert (lab.image.value, lab.steps) == (frame, steps)


def test_pause_stops_the_clock(lab):
    play_on(lab)
    lab.pause()
    assert not is_playing(lab)


def test_a_tick_is_skipped_while_another_handler_works(lab):
    weights, frame = weights_of(lab), lab.image.value
    held, done = threading.Event(), threading.Event()

    def work():
        with lab.lock:
            held.set()
            done.wait(10)

    thread = in_thread(work)
    assert held.wait(10)
    try:
        lab.tick()
        play_on(lab)
        assert same(weights_of(lab), weights)
        assert (lab.image.value, lab.steps) == (frame, 0)
        assert is_playing(lab) and lab.status.value == ""  # skipped, not stopped
    finally:
        done.set()
        thread.join()
    lab.tick()
    assert lab.steps > 0


@pytest.mark.parametrize("handler", ["reset", "rate"])
def test_buttons_and_sliders_wait_for_a_tick(lab, handler):
    lab.tick()
    steps, rate = lab.steps, float(optimizer_of(lab).learning_rate)

    def press():
        if handler == "reset":
            lab.reset_button.click()
        else:
            lab.learning_rate.value = 0.02

    with lab.lock:
        thread = in_thread(press)
        thread.join(0.1)
        assert thread.is_alive()
        assert (lab.steps, float(optimizer_of(lab).learning_rate)) == (steps, rate)
    thread.join(10)
    assert not thread.is_alive()
    if handler == "reset":
        assert lab.steps == 0
    else:
        assert float(optimizer_of(lab).learning_rate) == pytest.approx(0.02)


def poison(lab):
    model = lab.model if isinstance(lab, CurveLab) else lab.learner.model
    model.set_weights([np.full_like(w, np.nan) for w in model.get_weights()])


def test_what_is_not_a_number_raises_in_a_cell(lab):
    poison(lab)
    with pytest.raises(FloatingPointError, match="left the numbers"):
        lab.tick()
    assert lab.lock.acquire(blocking=False)  # given back
    lab.lock.release()


def test_what_is_not_a_number_is_told_on_the_page_and_stops_the_clock(lab):
    poison(lab)
    play_on(lab)
    assert not is_playing(lab)
    assert "Stopped" in lab.status.value
    assert "FloatingPointError" in lab.status.value and "left the numbers" in lab.status.value
    lab.reset_button.click()
    assert lab.status.value == ""
    lab.tick()
    assert all(np.isfinite(w).all() for w in weights_of(lab))


def test_errors_are_escaped_on_the_page(lab, monkeypatch):
    def fail(seconds):
        raise TypeError("expected <tf.Tensor> & more")

    monkeypatch.setattr(lab, "burst", fail)
    play_on(lab)
    assert "TypeError: expected &lt;tf.Tensor&gt; &amp; more" in lab.status.value


def test_frames_are_pictures_of_the_size_promised(lab):
    for _ in range(2):
        with Image.open(io.BytesIO(lab.image.value)) as frame:
            assert frame.format == "PNG"
            assert frame.size == labs.SIZE
            assert len(frame.convert("RGB").getcolors(1_000_000)) > 2  # not blank
        lab.tick()
    assert (int(lab.image.width), int(lab.image.height)) == labs.SIZE


def test_drawing_leaves_pyplot_alone(lab):
    from matplotlib import pyplot

    lab.tick()
    assert pyplot.get_fignums() == []


def test_a_lab_shows_itself_with_its_last_frame(lab, shell):
    from IPython.utils.capture import capture_output

    lab.tick()
    with capture_output() as captured:
        lab._ipython_display_()
    (output,) = captured.outputs
    view = output.data["application/vnd.jupyter.widget-view+json"]
    assert view == {"version_major": 2, "version_minor": 0, "model_id": lab.box.model_id}
    assert base64.b64decode(output.data["image/png"]) == lab.image.value
    assert output.data["text/plain"] == output.metadata["image/png"]["alt"] == lab.describe()
    assert str(lab.steps) in lab.describe()
    assert captured.stdout == ""


def widgets_in(box):
    inside = [box]
    for child in getattr(box, "children", ()):
        inside += widgets_in(child)
    return inside


def test_all_controls_are_on_the_page(lab):
    shown = widgets_in(lab.box)
    expected = [lab.play, lab.reset_button, lab.image, lab.status, lab.learning_rate]
    expected += (
        [lab.curves] if isinstance(lab, CurveLab) else [lab.start, lab.per_class, lab.frozen_blocks]
    )
    assert all(any(widget is one for one in shown) for widget in expected)


# The curve


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


def test_a_step_is_gradient_descent_and_sliders_act_without_a_new_trace(curve_lab):
    lab = curve_lab
    lab.reset()
    for rate, curve, steps in ((0.05, "wave", 1), (0.2, "hat", 3), (0.01, "step", 20)):
        lab.learning_rate.value, lab.curves.value = rate, curve
        expected, loss = numpy_steps(lab.model.get_weights(), lab.x, lab.y, rate, steps)
        assert lab.advance(steps) == pytest.approx(loss, abs=1e-5)
        for mine, oracle in zip(lab.model.get_weights(), expected, strict=True):
            np.testing.assert_allclose(mine, oracle, rtol=0, atol=1e-5)
    assert lab._advance.experimental_get_tracing_count() == 1


@pytest.mark.parametrize("curve", CURVES)
def test_points_lie_along_their_curve(curve_lab, curve):
    curve_lab.curves.value = curve
    truth = {
        "wave": np.sin(3 * curve_lab.x),
        "step": 0.8 * np.sign(curve_lab.x),
        "hat": 1 - np.abs(curve_lab.x),
    }[curve]
    noise = curve_lab.y - truth
    assert 0.05 < noise.std() < 0.11
    assert curve in curve_lab.describe()


def test_new_points_keep_the_weights(curve_lab):
    curve_lab.reset()
    curve_lab.tick()
    weights, frame = weights_of(curve_lab), curve_lab.image.value
    curve_lab.curves.value = "hat" if curve_lab.curves.value != "hat" else "step"
    assert same(weights_of(curve_lab), weights)
    assert curve_lab.image.value != frame


def test_it_bends(curve_lab):
    curve_lab.learning_rate.value = 0.05
    curve_lab.curves.value = "hat"
    curve_lab.reset()
    curve_lab.tick()
    first = curve_lab.loss
    curve_lab.advance(1500)
    curve_lab.tick()
    assert curve_lab.loss < 0.1 * first
    assert f"{curve_lab.steps} steps" in curve_lab.describe()


def test_the_highest_rate_explodes_through_the_slider(curve_lab):
    curve_lab.curves.value = "wave"
    curve_lab.reset()
    curve_lab.learning_rate.value = 1.0
    with pytest.raises(FloatingPointError):
        for _ in range(50):
            curve_lab.tick()


def test_a_seed_decides_points_and_weights():
    first, again, other = CurveLab(seed=0), CurveLab(seed=0), CurveLab(seed=1)
    assert same(weights_of(first), weights_of(again))
    assert first.image.value == again.image.value
    assert not np.array_equal(weights_of(first)[0], weights_of(other)[0])
    assert np.abs(first.y - other.y).max() > 0.01


def test_unknown_curves_are_refused():
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


# Transfer


def count_traces(learner):
    traces, step = [], learner.model.train_step

    def counted(data):
        traces.append(1)
        return step(data)

    learner.model.train_step = counted
    return traces


def test_changing_the_rate_traces_nothing(source, letters):
    lab = TransferLab(source, letters)
    traces = count_traces(lab.learner)
    lab.tick()
    once = len(traces)
    assert once > 0
    for rate in (0.01, 0.05):
        lab.learning_rate.value = rate
        lab.tick()
    lab.reset()
    lab.tick()
    assert len(traces) == once


def clean(lab):
    """The lab with its first settings and without trials."""
    lab.start.value, lab.per_class.value, lab.frozen_blocks.value = "digits", 5, 0
    lab.learning_rate.value = 3e-3
    lab.trials.clear()
    lab.reset()
    return lab


def test_budgets_never_exceed_the_smallest_class(transfer_lab, letters):
    assert transfer_lab.per_class.options == (1, 2, 5, 10)
    for budget in transfer_lab.per_class.options:
        transfer_lab.per_class.value = budget
        assert np.bincount(transfer_lab._labels).tolist() == [budget] * 3
        assert transfer_lab.status.value == ""
    assert transfer_lab.frozen_blocks.max == len(FILTERS)


def test_a_start_from_the_source_or_from_nothing(transfer_lab, source):
    lab = clean(transfer_lab)
    assert same(lab.learner.backbone.get_weights(), source.get_weights())
    lab.start.value = "nothing"
    fresh = models.build_backbone(FILTERS, seed=3)
    assert same(lab.learner.backbone.get_weights(), fresh.get_weights())
    lab.tick()
    lab.start.value = "digits"
    assert same(lab.learner.backbone.get_weights(), source.get_weights())


@pytest.mark.parametrize("blocks", [0, 1, 2])
def test_frozen_blocks_do_not_move_while_it_ticks(transfer_lab, blocks):
    lab = clean(transfer_lab)
    lab.frozen_blocks.value = blocks
    assert lab.status.value == ""
    before = weights_of(lab)
    for _ in range(2):
        lab.tick()
    moved = [np.any(a != b) for a, b in zip(before, weights_of(lab), strict=True)]
    assert moved == [False] * 5 * blocks + [True] * (5 * (len(FILTERS) - blocks) + 2)


def test_the_source_stays_as_it_was(transfer_lab, source):
    before = source.get_weights()
    lab = clean(transfer_lab)
    lab.tick()
    assert same(source.get_weights(), before)


def test_the_curve_is_measured_on_held_out_letters(transfer_lab, letters):
    lab = clean(transfer_lab)
    lab.tick()
    (trial,) = lab.trials
    assert trial.steps == [lab.steps]
    score = transfer.accuracy(lab.learner.model, letters.x_test, letters.y_test)
    assert trial.scores == [pytest.approx(score)]  # all ten of each class are held out


def test_each_trial_keeps_its_settings_and_its_curve(transfer_lab):
    lab = clean(transfer_lab)
    lab.tick()
    first = copy.deepcopy(lab.trials[0])
    assert (first.start, first.per_class, first.frozen_blocks) == ("digits", 5, 0)
    assert first.learning_rate == pytest.approx(3e-3)
    frame = lab.image.value
    lab.per_class.value = 2
    lab.start.value = "nothing"  # two changes without a tick between them make one trial
    assert len(lab.trials) == 2
    lab.learning_rate.value = 0.02
    for _ in range(4):
        lab.tick()
    assert lab.trials[0] == first
    second = lab.trials[1]
    assert (second.start, second.per_class, second.frozen_blocks) == ("nothing", 2, 0)
    assert second.learning_rate == pytest.approx(0.02)
    assert len(second.steps) == len(second.scores) == 2  # every third tick
    assert second.steps == sorted(second.steps)
    assert "from digits, 5 per class" in lab.describe() and "from nothing, 2" in lab.describe()
    assert lab.image.value != frame


def test_a_trial_without_a_step_says_so(transfer_lab):
    lab = clean(transfer_lab)
    assert len(lab.trials) == 1
    assert str(lab.trials[0]) == "from digits, 5 per class, 0 frozen, rate 0.003: no step"
    lab.reset()
    assert len(lab.trials) == 1


def test_many_trials_still_fit_the_picture(transfer_lab):
    lab = clean(transfer_lab)
    lab.trials[:0] = [copy.copy(lab.trials[0]) for _ in range(9)]
    for number, trial in enumerate(lab.trials[:-1]):
        trial.steps, trial.scores = [100 * number + 1], [number / 10]
    lab.show()
    with Image.open(io.BytesIO(lab.image.value)) as frame:
        assert frame.size == labs.SIZE
    lab.trials.clear()
