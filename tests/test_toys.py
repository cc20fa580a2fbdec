import numpy as np
import pytest
from scipy import integrate, stats

from tgan_lessons import toys

N = 40_000
MIXTURES = ("ring", "grid", "gaussians")


def moment(function):
    """The mean of `function(s)` where s is the square root of a uniform number."""
    return integrate.quad(lambda s: function(s) * 2 * s, 0, 1, limit=200)[0]


def spiral_moments():
    def x(s):
        return 3.5 * s * np.cos(4 * np.pi * s)

    def y(s):
        return 3.5 * s * np.sin(4 * np.pi * s)

    mean = np.array([moment(x), moment(y)])
    second = [
        [moment(lambda s: x(s) ** 2), moment(lambda s: x(s) * y(s))],
        [moment(lambda s: x(s) * y(s)), moment(lambda s: y(s) ** 2)],
    ]
    return mean, np.array(second) - np.outer(mean, mean)


# Mean and covariance without the noise, on paper. A uniform number on [-a, a] has variance a²/3,
# a point on a circle of radius r has r²/2 along each axis.
MOMENTS = {
    "line": ((0, 0), [[3.0, 1.5], [1.5, 0.75]]),
    "ring": ((0, 0), [[2, 0], [0, 2]]),
    "grid": ((0, 0), [[8, 0], [0, 8]]),
    "gaussians": ((0, 0), [[2, 0], [0, 2]]),
    "disjoint": ((0, 0), [[4, 0], [0, 4 / 3]]),
    "spiral": spiral_moments(),
    "moons": (
        (0, 0),
        4 * np.array([[0.75, 0.125 - 1 / np.pi], [0.125 - 1 / np.pi, 9 / 16 - 1 / np.pi]]),
    ),
}
STD = {
    "line": 0.05,
    "ring": 0.02,
    "grid": 0.05,
    "gaussians": 0.4,
    "disjoint": 0.05,
    "spiral": 0.05,
    "moons": 0.1,
}


def assert_moments(points, mean, covariance):
    """Within five standard errors, each computed from the sample."""
    error = points.std(axis=0) / np.sqrt(len(points))
    assert (np.abs(points.mean(axis=0) - mean) < 5 * error).all()
    centred = points.astype(np.float64) - mean
    products = centred[:, :, None] * centred[:, None, :]
    error = products.std(axis=0) / np.sqrt(len(points))
    assert (np.abs(products.mean(axis=0) - covariance) < 5 * error).all()


def test_every_toy_has_its_expectation_here():
    assert set(toys.TOYS) == set(MOMENTS) == set(STD)


@pytest.mark.parametrize("name", toys.TOYS)
def test_mean_and_covariance(name):
    toy = toys.load_toy(name)
    points = toy.sample(N, seed=0)
    assert points.shape == (N, 2)
    assert points.dtype == np.float32
    assert toy.name == name
    assert toy.std == STD[name]
    mean, covariance = MOMENTS[name]
    assert_moments(points, mean, np.asarray(covariance) + STD[name] ** 2 * np.eye(2))


@pytest.mark.parametrize("name", toys.TOYS)
def test_stays_on_the_page(name):
    points = toys.load_toy(name).sample(N, seed=1)
    assert np.abs(points).max() < 4.4
    assert points.std() > 1.0


def test_modes_are_those_of_the_papers():
    ring = toys.load_toy("ring").modes
    corner = np.sqrt(2.0)
    axes = [(2, 0), (0, 2), (-2, 0), (0, -2)]
    diagonals = [(corner, corner), (-corner, corner), (-corner, -corner), (corner, -corner)]
    expected = [point for pair in zip(axes, diagonals, strict=True) for point in pair]
    assert np.allclose(ring, expected, atol=1e-6)
    grid = toys.load_toy("grid").modes
    assert len(grid) == 25
    assert {tuple(mode) for mode in grid} == {
        (x, y) for x in range(-4, 5, 2) for y in range(-4, 5, 2)
    }


@pytest.mark.parametrize("name", MIXTURES)
def test_mixtures_visit_every_mode_equally_often(name):
    toy = toys.load_toy(name)
    points = toy.sample(N, seed=2)
    distance = np.linalg.norm(points[:, None] - toy.modes[None], axis=2)
    counts = np.bincount(distance.argmin(axis=1), minlength=len(toy.modes))
    assert stats.chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize("name", ["ring", "grid"])
def test_the_noise_around_a_mode_is_gaussian(name):
    toy = toys.load_toy(name)
    points = toy.sample(N, seed=3)
    nearest = np.linalg.norm(points[:, None] - toy.modes[None], axis=2).argmin(axis=1)
    for axis in (0, 1):
        noise = (points - toy.modes[nearest])[:, axis] / toy.std
        assert stats.kstest(noise, "norm").pvalue > 1e-3


@pytest.mark.parametrize("name", MIXTURES)
def test_modes_are_float32_and_cannot_be_changed(name):
    modes = toys.load_toy(name).modes
    assert modes.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        modes[0] = 9.0


def test_curves_have_no_modes():
    assert {name for name in toys.TOYS if toys.load_toy(name).modes is None} == (
        set(toys.TOYS) - set(MIXTURES)
    )


def test_spiral_points_lie_on_the_spiral():
    points = toys.load_toy("spiral").sample(N, seed=4).astype(np.float64)
    radius = np.hypot(*points.T)
    turn = radius / 3.5 * 4 * np.pi
    off = np.angle(np.exp(1j * (np.arctan2(points[:, 1], points[:, 0]) - turn)))
    outer = radius > 1.0  # at the centre the noise turns the angle
    # Moving by r·dφ along the circle, and by dr across it: the noise allows 6 deviations
    assert (np.abs(off[outer]) < 6 * 0.05 * (1 / radius[outer] + 4 * np.pi / 3.5)).all()
    assert outer.mean() > 0.9


def test_moons_lie_on_two_half_circles():
    points = toys.load_toy("moons").sample(N, seed=5).astype(np.float64)
    upper = np.abs(np.hypot(points[:, 0] + 1.0, points[:, 1] + 0.5) - 2.0)
    lower = np.abs(np.hypot(points[:, 0] - 1.0, points[:, 1] - 0.5) - 2.0)
    assert np.minimum(upper, lower).max() < 0.6  # 6 standard deviations
    closer = (upper < lower).mean()
    assert 0.45 < closer < 0.55


def test_nothing_lies_between_the_walls():
    x = toys.load_toy("disjoint").sample(N, seed=6)[:, 0]
    assert np.abs(x).min() > 1.7
    assert stats.binomtest(int((x > 0).sum()), N).pvalue > 1e-3


@pytest.mark.parametrize("name", toys.TOYS)
def test_the_seed_decides(name):
    toy = toys.load_toy(name)
    assert np.array_equal(toy.sample(50, seed=7), toy.sample(50, seed=7))
    assert not np.array_equal(toy.sample(50, seed=7), toy.sample(50, seed=8))


def test_a_generator_goes_on():
    toy = toys.load_toy("ring")
    rng = np.random.default_rng(9)
    first, second = toy.sample(50, rng), toy.sample(50, rng)
    assert np.array_equal(first, toy.sample(50, seed=9))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("n", [0, -3, 2.0, "5", None])
def test_refuses_a_bad_number(n):
    with pytest.raises(ValueError, match=rf"`n` must be .*1\. Received: n={n!r}$"):
        toys.load_toy("line").sample(n, seed=0)


def test_accepts_a_numpy_number():
    assert toys.load_toy("line").sample(np.int64(3), seed=0).shape == (3, 2)


def test_unknown_names_are_told_the_choices():
    with pytest.raises(ValueError, match=r"`name` must be one of 'line', .* Received: name='rign'"):
        toys.load_toy("rign")


def test_drawn_points_have_the_moments_of_a_kernel_density():
    points = np.array([(-3, 0.5), (1, 2), (1.5, -1), (0, 0)])
    toy = toys.from_points(points, bandwidth=0.3)
    covariance = np.cov(points.T, bias=True) + 0.09 * np.eye(2)
    assert_moments(toy.sample(N, seed=10), points.mean(axis=0), covariance)
    assert toy.modes is None
    assert toy.std == 0.3


def test_without_bandwidth_the_points_themselves_come_back():
    points = [(0, 1), (2, 3), (-1, -1.5)]
    drawn = toys.from_points(points, bandwidth=0).sample(3000, seed=11)
    values, counts = np.unique(drawn, axis=0, return_counts=True)
    assert {tuple(value) for value in values} == set(points)
    assert stats.chisquare(counts).pvalue > 1e-3


def test_drawn_points_are_copied():
    points = np.zeros((4, 2))
    toy = toys.from_points(points, bandwidth=0)
    points += 3.0
    assert (toy.sample(20, seed=0) == 0).all()


@pytest.mark.parametrize(
    "points",
    [
        [],
        np.zeros((0, 2)),
        [1.0, 2.0],
        np.zeros((3, 3)),
        np.zeros((2, 2, 2)),
        [(0, 1), (2,)],
        [("a", "b")],
        [(0, np.nan)],
        [(np.inf, 0)],
        None,
    ],
    ids=repr,
)
def test_refuses_bad_points(points):
    with pytest.raises(ValueError, match=r"(?s)`points` must be .*\. Received: points="):
        toys.from_points(points)


@pytest.mark.parametrize("bandwidth", [-0.1, np.nan, np.inf])
def test_refuses_a_bad_bandwidth(bandwidth):
    with pytest.raises(ValueError, match=r"`bandwidth` must be .* Received: bandwidth="):
        toys.from_points([(0, 0)], bandwidth=bandwidth)
