import math

import numpy as np
import pytest
from scipy import linalg, stats

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


def gaussian(mean, spread, n, seed=0):
    return np.random.default_rng(seed).normal(mean, spread, (n, len(mean)))


def exactly(mean, spread, n=1000):
    """Samples whose mean and standard deviations are not about these, but these."""
    samples = gaussian(mean, spread, n)
    whitened = (samples - samples.mean(axis=0)) @ np.linalg.inv(
        np.linalg.cholesky(np.cov(samples.T).reshape(len(mean), -1)).T
    )
    return whitened * spread + mean


def test_frechet_between_gaussians_by_hand():
    # (3 - 1)² + (2 - 0.5)²
    assert metrics.frechet(exactly([3], [2]), exactly([1], [0.5])) == pytest.approx(6.25)
    # the same in each dimension: 4 + 2.25, 0 + 1, 1 + 0
    a, b = exactly([3, 0, 1], [2, 1, 1]), exactly([1, 0, 2], [0.5, 2, 1], n=70)
    assert metrics.frechet(a, b) == pytest.approx(8.25)


def textbook(a, b):
    covariances = np.cov(a.T), np.cov(b.T)
    root = linalg.sqrtm(covariances[0] @ covariances[1]).real
    return np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(sum(covariances) - 2 * root)


def test_frechet_is_the_textbooks():
    rng = np.random.default_rng(3)
    a = rng.normal(size=(400, 16)) @ rng.normal(size=(16, 16))
    b = rng.exponential(size=(300, 16)) @ rng.normal(size=(16, 16)) + 1
    assert metrics.frechet(a, b) == pytest.approx(textbook(a, b), rel=1e-9)
    assert metrics.frechet(b, a) == pytest.approx(metrics.frechet(a, b), rel=1e-12)
    turn = np.linalg.qr(rng.normal(size=(16, 16)))[0]
    assert metrics.frechet(a @ turn + 5, b @ turn + 5) == pytest.approx(metrics.frechet(a, b))


def test_frechet_where_the_covariance_has_no_full_rank():
    rng = np.random.default_rng(4)
    flat = rng.normal(size=(50, 2)) @ rng.normal(size=(2, 100))  # fewer samples than features
    assert metrics.frechet(flat, flat) == pytest.approx(0, abs=1e-9)
    assert metrics.frechet(flat, flat + 1) == pytest.approx(100, rel=1e-9)
    constant = np.ones((20, 100))  # a collapsed generator: what is left is mean and variance
    expected = np.sum((flat.mean(0) - 1) ** 2) + flat.var(0, ddof=1).sum()
    assert metrics.frechet(constant, flat) == pytest.approx(expected, rel=1e-12)


def test_the_floor_of_the_distance_falls_with_the_samples():
    floors = {}
    for n in (100, 400, 1600):
        real, other, reference = (gaussian(np.zeros(8), 1, m, m) for m in (n, n + 1, 5000))
        reading = metrics.frechet_distance(other[:n], real, reference)
        assert reading.samples == n
        assert reading.value == pytest.approx(reading.perfect, rel=0.7)  # as good as real
        assert reading.perfect == metrics.frechet(real, reference)
        floors[n] = reading.perfect
    assert floors[100] > 2.5 * floors[400] > 5 * floors[1600] > 0


def test_distance_is_from_fake_to_reference():
    real, reference = gaussian([0, 0], 1, 500, 1), gaussian([0, 0], 1, 700, 2)
    reading = metrics.frechet_distance(gaussian([3, 4], 1, 500, 3), real, reference)
    assert reading.value == pytest.approx(25, rel=0.1)
    assert reading.perfect < 0.1


def loops(points, reference, k):
    """Density and coverage, word for word from the paper."""

    def ball(i):
        others = [math.dist(reference[i], x) for j, x in enumerate(reference) if j != i]
        return sorted(others)[k - 1]

    balls = [ball(i) for i in range(len(reference))]
    within = [
        [
            math.dist(point, centre) <= radius
            for centre, radius in zip(reference, balls, strict=True)
        ]
        for point in points
    ]
    covered = sum(any(row[i] for row in within) for i in range(len(reference)))
    return sum(map(sum, within)) / (k * len(points)), covered / len(reference)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_density_and_coverage_against_loops(k):
    fake, real = gaussian([0.5, 0], 1.5, 17), gaussian([0, 0], 1, 17, 1)
    reference = gaussian([0, 0], 1, 23, 2)
    density, coverage = metrics.density_and_coverage(fake, real, reference, k=k)
    assert (density.value, coverage.value) == pytest.approx(loops(fake, reference, k))
    assert (density.perfect, coverage.perfect) == pytest.approx(loops(real, reference, k))
    assert density.samples == coverage.samples == 17


def test_density_and_coverage_over_several_blocks():
    reference = gaussian([0, 0], 1, 600, 2)
    fake, real = gaussian([0, 0], 1, 300), gaussian([0, 0], 1, 300, 1)
    density, coverage = metrics.density_and_coverage(fake, real, reference, k=5)
    assert (density.value, coverage.value) == pytest.approx(loops(fake, reference, 5))
    # Naeem et al., lemma 2: for m of n + m equal points, 1 - the odds that none is among the k
    # nearest: here 1 - Π (600 - 1 - i) / (900 - 1 - i) = 1 - 0.1308
    odds = np.prod([(599 - i) / (899 - i) for i in range(5)])
    assert coverage.perfect == pytest.approx(1 - odds, abs=0.06)
    assert density.perfect == pytest.approx(1, abs=0.1)


def test_collapse_and_noise_are_told_apart():
    real, reference = gaussian([0, 0], 1, 500, 1), gaussian([0, 0], 1, 500, 2)
    density, coverage = metrics.density_and_coverage(np.zeros((500, 2)), real, reference)
    assert density.value > 0.8 * density.perfect  # in the middle of the real ones
    assert coverage.value < 0.1 < 0.9 < coverage.perfect
    density, coverage = metrics.density_and_coverage(gaussian([0, 0], 30, 500, 3), real, reference)
    assert density.value < 0.1 * density.perfect


MEASURES = (metrics.frechet_distance, metrics.density_and_coverage)


@pytest.mark.parametrize("measure", MEASURES)
def test_images_are_flattened(measure):
    sets = [gaussian(np.zeros(12), 1, n, n) for n in (20, 20, 30)]
    sets[0] = sets[0] + 1
    images = [s.reshape(-1, 2, 3, 2).astype(np.float32) for s in sets]
    flat = [s.astype(np.float32) for s in sets]
    assert measure(*images) == measure(*flat)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"real": gaussian([0, 0], 1, 19, 8)}, r"`real` must be as many .* `fake`, 20.*ved: 19"),
        ({"fake": gaussian([0], 1, 20)}, r"same shape.*fake\.shape=\(20, 1\), real\.shape"),
        ({"fake": np.zeros(20)}, r"`fake` must hold at least \d samples.*Received: \(20,\)"),
        ({"fake": [[1], [1, 2]]}, r"`fake` must hold at least \d samples.*Received: list"),
        ({"reference": np.zeros((1, 2))}, r"`reference` must hold at least \d samples"),
        ({"fake": np.full((20, 2), np.nan)}, r"`fake` must hold finite numbers\. Received: 40"),
        ({"real": np.full((20, 2), np.inf)}, r"`real` must hold finite numbers"),
    ],
)
def test_sets_that_cannot_be_compared(measure, change, message):
    sets = {"fake": 0, "real": 1, "reference": 2}
    sets = {name: gaussian([0, 0], 1, 20, seed) for name, seed in sets.items()}
    with pytest.raises(ValueError, match=message):
        measure(**sets | change)


@pytest.mark.parametrize("measure", MEASURES)
def test_the_floor_may_not_measure_itself(measure):
    fake, real = gaussian([0, 0], 1, 20), gaussian([0, 0], 1, 20, 1)
    reference = np.concatenate([gaussian([0, 0], 1, 20, 2), real[:3]])
    with pytest.raises(ValueError, match=r"`real` and `reference` must be two disjoint.*: 3 samp"):
        measure(fake, real, reference)
    measure(reference[:20], real, reference[:20])  # a generator may repeat what it saw


@pytest.mark.parametrize("k", [0, -1, 2.5, None])
def test_no_such_neighbour(k):
    with pytest.raises(ValueError, match=r"`k` must be a whole number of at least 1\. Received: k"):
        metrics.density_and_coverage(*[gaussian([0, 0], 1, 9, seed) for seed in range(3)], k=k)


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((12.34, 1.9, 1000), "Fréchet distance 12.3 (perfect generator 1.9, 1,000 samples)"),
        ((1234.5, 0.0123456, 50), "Fréchet distance 1,234 (perfect generator 0.0123, 50 samples)"),
        ((0.0, 25.0, 1), "Fréchet distance 0 (perfect generator 25, 1 samples)"),
    ],
)
def test_a_reading_reads_well(numbers, text):
    reading = metrics.Reading("Fréchet distance", *numbers)
    assert str(reading) == repr(reading) == text
    with pytest.raises(AttributeError):
        reading.value = 0
