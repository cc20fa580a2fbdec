import numpy as np
import pytest
from scipy import stats

from tgan_lessons import metrics
from tgan_lessons.transfer import Run

SAMPLES = 2000


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("n", [2, 3, 5, 30])
def test_interval_is_students(n, confidence):
    values = np.random.default_rng(n).normal(0.6, 0.05, n)
    mean, half = metrics.mean_interval(list(values), confidence)
    low, high = stats.t.interval(confidence, n - 1, loc=values.mean(), scale=stats.sem(values))
    assert mean - half == pytest.approx(low, rel=1e-12)
    assert mean + half == pytest.approx(high, rel=1e-12)
    assert isinstance(mean, float) and isinstance(half, float)


def test_interval_by_hand():
    # mean 2, standard deviation 1, t(0.975, 2) = 4.302653 from a printed table
    assert metrics.mean_interval([1, 2, 3]) == pytest.approx((2, 4.302653 / np.sqrt(3)), abs=1e-6)


@pytest.mark.parametrize("n", [2, 5, 10])
def test_interval_covers_the_truth_as_often_as_it_says(n):
    samples = np.random.default_rng(17 + n).normal(0.62, 0.03, (SAMPLES, n))
    intervals = np.array([metrics.mean_interval(sample) for sample in samples])
    covered = np.abs(intervals[:, 0] - 0.62) <= intervals[:, 1]
    assert 0.935 <= covered.mean() <= 0.965


def test_one_value_over_and_over_has_no_width():
    assert metrics.mean_interval([0.5, 0.5, 0.5]) == (0.5, 0)


@pytest.mark.parametrize("values", [[], [0.6], 0.6, [[0.6, 0.7]]])
def test_too_few_values(values):
    with pytest.raises(ValueError, match=r"`values` must hold at least 2 numbers.*Received: "):
        metrics.mean_interval(values)


@pytest.mark.parametrize("confidence", [0, 1, 95, -0.1, float("nan")])
def test_impossible_confidence(confidence):
    with pytest.raises(ValueError, match=r"`confidence` must be in \(0, 1\)"):
        metrics.mean_interval([0.6, 0.7], confidence)


def make_runs(**accuracies):
    return [
        Run(method, 5, seed, value)
        for method, values in accuracies.items()
        for seed, value in enumerate(values)
    ]


RUNS = make_runs(scratch=[0.50, 0.55, 0.60], tuned=[0.60, 0.70, 0.65])


def test_accuracies_are_those_of_method_and_budget_by_seed():
    others = [Run("tuned", 10, 0, 0.9), Run("frozen", 5, 0, 0.8)]
    shuffled = [RUNS[i] for i in (5, 0, 3, 2, 4, 1)]
    assert metrics.accuracies(others + shuffled, "tuned", 5) == [0.60, 0.70, 0.65]
    assert metrics.accuracies(iter(others + shuffled), "tuned", 10) == [0.9]
    assert metrics.accuracies(RUNS, "tuned", 7) == []


def test_a_cell_that_is_run_twice_does_not_count_twice():
    again = make_runs(tuned=[0.61, 0.71, 0.66])
    assert metrics.accuracies(RUNS + again, "tuned", 5) == [0.61, 0.71, 0.66]
    assert metrics.transfer_gain(RUNS + RUNS, "tuned", 5) == metrics.transfer_gain(RUNS, "tuned", 5)


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4, 5), (5, 0, 3, 2, 4, 1)])
def test_gain_by_hand(order):
    # differences 0.10, 0.15, 0.05: mean 0.10, standard deviation 0.05
    mean, half = metrics.transfer_gain([RUNS[i] for i in order], "tuned", 5)
    assert mean == pytest.approx(0.10)
    assert half == pytest.approx(4.302653 * 0.05 / np.sqrt(3), abs=1e-7)


def test_gain_is_paired():
    luck = [0.1, 0.4, 0.7, 0.2]
    runs = make_runs(scratch=luck, tuned=[value + 0.05 for value in luck])
    mean, half = metrics.transfer_gain(runs, "tuned", 5)
    assert mean == pytest.approx(0.05)
    assert half == pytest.approx(0, abs=1e-12)  # unpaired, the luck would make it wide
    reverse = metrics.transfer_gain(runs, "scratch", 5, baseline="tuned")
    assert reverse[0] == pytest.approx(-0.05)


def test_gain_of_the_baseline_over_itself_is_nothing():
    assert metrics.transfer_gain(RUNS, "scratch", 5) == (0, 0)


@pytest.mark.parametrize("seeds", [(1, 2, 3), (0, 1), (0, 1, 2, 3)])
def test_gain_refuses_to_pair_different_seeds(seeds):
    runs = RUNS + [Run("other", 5, seed, 0.7) for seed in seeds]
    with pytest.raises(ValueError, match=r"`other` and `scratch`.*same seeds"):
        metrics.transfer_gain(runs, "other", 5)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [(("guess", 5), "guess"), (("tuned", 6), "tuned"), (("tuned", 5, "guess"), "guess")],
)
def test_gain_names_what_was_not_run(arguments, name):
    with pytest.raises(ValueError, match=f"{name}"):
        metrics.transfer_gain(RUNS, *arguments)
