import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from tgan_lessons import modes, toys
from tgan_lessons.toys import load_toy

RING, GRID = load_toy("ring"), load_toy("grid")


def beside(toy, *standard_deviations):
    """A point at each mode's number of standard deviations to the right."""
    steps = np.array(standard_deviations) * toy.std
    return toy.modes[: len(steps)] + np.column_stack((steps, np.zeros(len(steps))))


def test_modes_counted_by_hand():
    # modes 0 and 1 hit twice and once, mode 2 just missed, one point far from everything
    points = np.concatenate([beside(RING, 0, 2.9, 3.1), RING.modes[:1], [[0, 0]]])
    assert modes.samples_per_mode(points, RING).tolist() == [2, 1, 0, 0, 0, 0, 0, 0]
    count = modes.count_modes(points, RING)
    assert (count.recovered.value, count.quality.value) == (2, 3 / 5)
    assert count.recovered.samples == 5


def test_distance_is_straight():
    corner = np.full(2, 2.9 * GRID.std)  # within 3 along each axis, 4.1 away
    assert modes.samples_per_mode(GRID.modes[:1] + corner, GRID).sum() == 0
    assert modes.samples_per_mode(GRID.modes[:1] + corner / np.sqrt(2), GRID)[0] == 1


@pytest.mark.parametrize("toy", [RING, GRID, load_toy("gaussians")], ids=lambda toy: toy.name)
def test_real_data_score_the_closed_form(toy):
    n = 50_000
    count = modes.count_modes(toy.sample(n, 1), toy, seed=2)
    share = 1 - np.exp(-9 / 2)
    for reached in (count.quality.value, count.quality.perfect):
        assert reached == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / n))
    assert count.quality.value != count.quality.perfect  # other samples
    k = len(toy.modes)
    assert {r.value for r in count[:2]} == {r.perfect for r in count[:2]} == {k}


def test_a_mode_is_served_from_a_fifth_of_its_share_on():
    # 800 samples, 8 modes: the fair share is 100, a fifth of it 20
    numbers = [500, 20, 19, 1, 0, 21, 239, 0]
    points = np.repeat(RING.modes, numbers, axis=0)
    count = modes.count_modes(points, RING)
    assert (count.recovered.value, count.served.value, count.quality.value) == (6, 4, 1)
    assert (count.recovered.perfect, count.served.perfect) == (8, 8)


def test_the_share_is_of_all_samples_not_only_the_good_ones():
    points = np.concatenate([np.repeat(RING.modes, 10, axis=0), np.zeros((720, 2))])
    count = modes.count_modes(points, RING)  # 10 of a fair share of 100
    assert (count.recovered.value, count.served.value) == (8, 0)


def test_few_samples_are_few_for_a_perfect_generator_too():
    # each of 25 modes is missed by 25 samples with probability (1 - 0.989 / 25)^25
    count = modes.count_modes(GRID.sample(25, 1), GRID)
    share = 1 - np.exp(-9 / 2)
    assert count.recovered.perfect == pytest.approx(25 * (1 - (1 - share / 25) ** 25), abs=1.5)
    assert count.quality.perfect == pytest.approx(share, abs=0.02)


def test_readings_read_well():
    count = modes.count_modes(np.repeat(RING.modes[:1], 1000, axis=0), RING)
    assert str(count.recovered) == "modes recovered of 8: 1 (perfect generator 8, 1,000 samples)"


@pytest.mark.parametrize("points", [np.zeros(2), np.zeros((3, 3)), np.zeros((0, 2)), [[1], [1, 2]]])
@pytest.mark.parametrize("measure", [modes.count_modes, modes.js_divergence])
def test_points_of_another_shape(measure, points):
    with pytest.raises(ValueError, match=r"`points` must have shape \(n, 2\).*Received: "):
        measure(points, RING)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("measure", [modes.count_modes, modes.js_divergence])
def test_a_diverged_generator_is_named(measure, bad):
    points = RING.sample(10, 0)
    points[3, 1] = bad
    with pytest.raises(ValueError, match=r"`points` must be finite.*1 of 10 points"):
        measure(points, RING)


@pytest.mark.parametrize("toy", [load_toy("line"), toys.from_points([[0, 0]])])
def test_no_modes_to_count(toy):
    with pytest.raises(ValueError, match=rf"`toy` must be a mixture.*'{toy.name}'"):
        modes.count_modes(np.zeros((1, 2)), toy)


def test_divergence_of_extremes():
    assert modes.js([1, 2, 0], [10, 20, 0]) == pytest.approx(0, abs=1e-15)
    assert modes.js([1, 2, 0, 0], [0, 0, 5, 1]) == pytest.approx(np.log(2), rel=1e-15)


def test_divergence_against_scipy_and_itself():
    p, q = np.random.default_rng(0).poisson(2.0, (2, 7, 7))
    assert modes.js(p, q) == pytest.approx(jensenshannon(p.ravel(), q.ravel()) ** 2, rel=1e-12)
    assert modes.js(p, q) == pytest.approx(modes.js(3 * q, p), rel=1e-12)


@pytest.mark.parametrize("q", [[1, 2], [0, 0, 0], [1, -1, 2], [1, np.nan, 1], [np.inf, 1, 1], []])
def test_no_histograms(q):
    with pytest.raises(ValueError, match=r"`p` and `q` must be histograms"):
        modes.js([1, 2, 3], q)


def test_divergence_of_points():
    far = modes.js_divergence(np.zeros((500, 2)), RING)  # between the modes
    beyond = modes.js_divergence(np.full((500, 2), 100.0), RING)  # outside the grid, yet counted
    assert far.value == beyond.value == pytest.approx(np.log(2), rel=1e-12)
    # all samples at one of 8 equal modes, seen as one cell each: p = 1 and q = 1/8 there
    single = modes.js_divergence(np.repeat(RING.modes[:1], 500, axis=0), RING, bins=9)
    middle = 9 / 16
    expected = (np.log(1 / middle) + np.log(0.125 / middle) / 8 + 0.875 * np.log(2)) / 2
    assert single.value == pytest.approx(expected, abs=2e-3)
    assert single.perfect < 0.02


@pytest.mark.parametrize("toy", [RING, load_toy("spiral")], ids=lambda toy: toy.name)
def test_divergence_of_a_perfect_generator_falls_with_samples(toy):
    floors = [modes.js_divergence(toy.sample(n, 5), toy).perfect for n in (100, 1000, 10_000)]
    assert floors[0] > 2 * floors[1] > 8 * floors[2] > 0
    values = [
        modes.js_divergence(toy.sample(1000, seed), toy).value / floors[1] for seed in range(5, 25)
    ]
    assert np.mean(values) == pytest.approx(1, abs=0.25)  # real points are as good as perfect
    assert len(set(values)) == 20


@pytest.mark.parametrize("grid", [{"bins": 0}, {"bins": 4.5}, {"extent": 0}, {"extent": np.inf}])
def test_no_grid(grid):
    with pytest.raises(ValueError, match=r"`bins` must be a whole number.*Received: bins="):
        modes.js_divergence(np.zeros((1, 2)), RING, **grid)


def labels(*numbers):
    return np.repeat(np.arange(len(numbers)), numbers)


def test_class_balance_by_hand():
    rarest, distance = modes.class_balance(labels(70, 20, 10), labels(40, 40, 20), classes=3)
    assert (rarest.value, rarest.samples) == (0.1, 100)
    assert distance.value == pytest.approx(0.3)  # 30 of 100 would have to change
    missing, _ = modes.class_balance(labels(5, 5), labels(5, 5, 5), classes=3)
    assert missing.value == 0


def test_a_perfect_generator_is_uneven_by_luck():
    # Of n draws from two equal classes the rarer one has n/2 - E|B - n/2|, and the mean deviation
    # of a binomial is close to sqrt(n / 2π); the total variation distance is that over n.
    for n in (100, 10_000):
        rarest, distance = modes.class_balance(labels(n // 2, n // 2), labels(50, 50), classes=2)
        luck = 1 / np.sqrt(2 * np.pi * n)
        assert rarest.perfect == pytest.approx(0.5 - luck, abs=0.1 * luck)
        assert distance.perfect == pytest.approx(luck, rel=0.1)
        assert distance.value == 0  # more even than luck allows


@pytest.mark.parametrize(
    "wrong", [np.array([0, 3]), np.array([-1, 0]), np.array([0.0, 1.0]), np.zeros((2, 2), int), []]
)
def test_no_class_numbers(wrong):
    right = labels(3, 3, 3)
    for name, pair in {"fake_labels": (wrong, right), "real_labels": (right, wrong)}.items():
        with pytest.raises(ValueError, match=rf"`{name}` must hold class numbers.*Received: "):
            modes.class_balance(*pair, classes=3)
