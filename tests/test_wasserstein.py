"""The earth mover's distance, the lab of two distances, and the exercises of lesson 08."""

import io
from itertools import permutations

import numpy as np
import pytest
from PIL import Image
from scipy import integrate, stats

from tgan_lessons import transport
from tgan_lessons import wasserstein_exercises as checks
from tgan_lessons.distance_lab import (
    DISTANCES,
    DistanceLab,
    jensen_shannon,
    jensen_shannon_slope,
)

# Transport


def test_no_other_plan_is_cheaper():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 6, 2))
    cost = np.linalg.norm(x[:, None] - y[None], axis=-1)
    best = min(sum(cost[i, plan[i]] for i in range(6)) for plan in permutations(range(6)))
    found = transport.match(x, y)
    assert sorted(found) == list(range(6))
    assert cost[range(6), found].sum() == pytest.approx(best)
    assert transport.earth_movers_distance(x, y) == pytest.approx(best / 6)


def test_on_a_line_it_is_scipy_s_and_a_shift_costs_its_length():
    rng = np.random.default_rng(1)
    x, y = rng.normal(2, 1, 300), rng.exponential(2, 300)
    mine = transport.earth_movers_distance(x[:, None], y[:, None])
    assert mine == pytest.approx(stats.wasserstein_distance(x, y))
    points = rng.normal(size=(50, 2))
    assert transport.earth_movers_distance(points, points + np.array([3, 4])) == pytest.approx(5)


def test_images_are_points_of_many_dimensions():
    images = np.random.default_rng(2).normal(size=(5, 3, 3, 1))
    assert transport.earth_movers_distance(images, images[::-1]) == pytest.approx(0)


def test_a_reading_stands_beside_its_floor():
    rng = np.random.default_rng(3)
    real, reference = rng.normal(size=(2, 200, 2))
    reading = transport.read_distance(real + 9, real, reference)
    assert reading.perfect == pytest.approx(transport.earth_movers_distance(real, reference))
    assert reading.value > 8 > reading.perfect > 0 and reading.samples == 200


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (np.zeros((3, 2)), np.zeros((4, 2)), "equally many"),
        (np.zeros(3), np.zeros(3), "equally many"),
        (np.zeros((0, 2)), np.zeros((0, 2)), "equally many"),
        (np.full((3, 2), np.nan), np.zeros((3, 2)), "finite"),
    ],
)
def test_samples_that_cannot_be_carried(x, y, said):
    with pytest.raises(ValueError, match=said):
        transport.match(x, y)


# Two distances


@pytest.mark.parametrize(("theta", "width"), [(0.0, 0.5), (0.7, 0.5), (-2.0, 1.3), (1.0, 2.0)])
def test_jensen_shannon_is_the_integral(theta, width):
    p, q = stats.norm(0, width).pdf, stats.norm(theta, width).pdf

    def inside(x):
        m = (p(x) + q(x)) / 2
        return (p(x) * np.log(p(x) / m) + q(x) * np.log(q(x) / m)) / 2

    right = integrate.quad(inside, -12 * width, 12 * width, limit=300)[0]
    assert jensen_shannon(theta, width) == pytest.approx(right, abs=1e-7)


@pytest.mark.parametrize("width", [0.3, 1.0])
@pytest.mark.parametrize("theta", [-1.0, 0.4, 2.0])
def test_its_slope_is_that_of_small_differences(theta, width):
    step = 1e-4
    change = jensen_shannon(theta + step, width) - jensen_shannon(theta - step, width)
    assert jensen_shannon_slope(theta, width) == pytest.approx(change / 2 / step, abs=1e-6)


def test_far_apart_it_is_flat_and_finite():
    for width in (0.1, 0.3):
        assert jensen_shannon(5, width) == pytest.approx(np.log(2), abs=1e-6)
        assert abs(jensen_shannon_slope(5, width)) < 1e-6
        assert np.isfinite(jensen_shannon_slope(5.9, width))


# The lab


@pytest.fixture
def lab():
    return DistanceLab()


def test_one_distance_moves_the_fakes_and_the_other_does_not(lab):
    for _ in range(30):
        lab.tick()
    assert lab.theta == pytest.approx(4.0, abs=1e-6) and lab.steps == 30
    lab.panel.set(distance="earth mover's")
    for _ in range(30):
        lab.tick()
    assert lab.theta == pytest.approx(1.0)
    lab.reset()
    assert (lab.theta, lab.steps) == (4.0, 0)


def test_wide_humps_roll(lab):
    lab.panel.set(width=2.0, rate=1.0)
    for _ in range(60):
        lab.tick()
    assert abs(lab.theta) < 1.0


def test_a_start_begins_anew_and_nobody_leaves_the_picture(lab):
    lab.panel.set(start=-5.0)
    assert (lab.theta, lab.steps) == (-5.0, 0)
    lab.panel.set(distance="earth mover's", rate=1.0)
    for _ in range(9):
        lab.tick()
    assert abs(lab.theta) <= 1.0


def test_picture_and_words(lab):
    lab.take_step()
    assert "Slope" in lab.message.value and "θ moved" in lab.message.value
    assert "Jensen–Shannon 0.6931" in lab.numbers() and "earth mover's 4.0000" in lab.numbers()
    assert "fakes at 4.00" in lab.describe()
    with Image.open(io.BytesIO(lab.image.value)) as frame:
        assert frame.size == (560, 420)
    first = np.asarray(lab.draw())
    lab.panel.set(start=2.0)
    assert (np.asarray(lab.draw()) != first).any()
    assert set(DISTANCES) == {"Jensen–Shannon", "earth mover's"}


# The exercises


def right_losses(real, fake):
    return {"critic": fake.mean() - real.mean(), "generator": -fake.mean()}


def right_between(real, fake, alpha):
    share = alpha[:, None, None, None]
    return share * real + (1 - share) * fake


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (checks.check_distance, stats.wasserstein_distance),
        (checks.check_losses, right_losses),
        (checks.check_between, right_between),
        (checks.check_largest_weight, lambda theta: theta / 2),
    ],
)
def test_a_right_answer_passes(check, answer):
    result = check(answer)
    assert result.passed, result


def way(x, y):
    return np.abs(np.sort(x) - np.sort(y))


@pytest.mark.parametrize(
    ("check", "answer", "hint"),
    [
        (checks.check_distance, lambda x, y: np.abs(x - y).mean(), "Sort both"),
        (checks.check_distance, lambda x, y: abs(x.mean() - y.mean()), "means"),
        (checks.check_distance, lambda x, y: way(x, y).sum(), "Take the mean"),
        (checks.check_distance, lambda x, y: (way(x, y) ** 2).mean() ** 0.5, "squared"),
        (checks.check_distance, lambda x, y: 1.0, "expected"),
        (checks.check_losses, lambda r, f: {"critic": 1}, "the names"),
        (checks.check_losses, lambda r, f: {"critic": f, "generator": -f}, "one number"),
        (
            checks.check_losses,
            lambda r, f: right_losses(r, f) | {"critic": r.mean() - f.mean()},
            "high scores for fakes",
        ),
        (
            checks.check_losses,
            lambda r, f: right_losses(r, f) | {"generator": f.mean()},
            "turn the sign",
        ),
        (
            checks.check_losses,
            lambda r, f: right_losses(r, f) | {"generator": r.mean() - f.mean()},
            "Leave them out",
        ),
        (checks.check_between, lambda r, f, a: a * r + (1 - a) * f, "shape (n, 1, 1, 1)"),
        (checks.check_between, lambda r, f, a: right_between(f, r, a), "At alpha = 0"),
        (checks.check_largest_weight, lambda theta: 10.0, "stops at slope 0.70"),
        (checks.check_largest_weight, lambda theta: theta / 4, "not the largest"),
    ],
)
def test_a_wrong_answer_gets_a_hint(check, answer, hint):
    result = check(answer)
    assert result.verdict == "not yet"
    assert hint in result.message


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (checks.check_distance, lambda *_: ...),
        (checks.check_losses, lambda *_: {"critic": ..., "generator": ...}),
        (checks.check_between, lambda *_: ...),
        (checks.check_largest_weight, lambda *_: ...),
    ],
)
def test_an_unfinished_answer_is_no_error(check, answer):
    assert check(answer).verdict == "unfinished"
