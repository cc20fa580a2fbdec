"""Lesson 07: stacked digits and their count, the cures, the pictures, the exercises."""

import io

import numpy as np
import pytest
from PIL import Image
from scipy import stats

from tgan_lessons import collapse, collapse_view, modes, plots, stacked, toys
from tgan_lessons import collapse_exercises as checks
from tgan_lessons.crowd import Rules
from tgan_lessons.planes import View

RING = toys.load_toy("ring")

# Stacked digits


def fake_digits():
    """Images whose brightness is their digit."""
    return np.arange(10, dtype=np.float32).reshape(10, 1, 1, 1) * np.ones((1, 28, 28, 1), "f")


def classify(images):
    return images[:, 0, 0, 0].astype(int)


def test_a_stack_holds_three_digits_and_is_read_as_its_number():
    pictures = stacked.stack(fake_digits(), 50, seed=1)
    assert pictures.shape == (50, 28, 28, 3) and pictures.dtype == np.float32
    channels = pictures[:, 3, 4].astype(int)
    right = [int("".join(map(str, row))) for row in channels]
    assert stacked.read(pictures, classify).tolist() == right and len(set(right)) > 40
    again = stacked.stack(fake_digits(), 50, seed=1)
    np.testing.assert_array_equal(pictures, again)


def test_modes_and_divergence_of_stacks():
    numbers = np.repeat([7, 123, 999, 500], (5, 5, 5, 5))
    found = stacked.count_stacks(numbers, np.arange(10))
    assert found.modes.value == 4
    even = np.full(1000, 1e-3)
    shares = np.bincount(numbers, minlength=1000) / 20
    assert found.kl.value == pytest.approx(stats.entropy(shares, even))
    all_of_them = stacked.count_stacks(np.arange(1000), np.arange(10))
    assert all_of_them.modes.value == 1000 and all_of_them.kl.value == pytest.approx(0)


def test_the_floor_of_stacks_is_what_real_ones_get():
    """A perfect generator misses modes, and its divergence is about 999 / 2n."""
    n = 5000
    found = stacked.count_stacks(np.zeros(n, int), np.arange(10))
    assert found.modes.perfect == pytest.approx(1000 * (1 - 0.999**n), abs=2)
    assert found.kl.perfect == pytest.approx(999 / (2 * n), rel=0.15)
    assert found.kl.band[0] <= found.kl.perfect <= found.kl.band[1]
    blind = stacked.count_stacks(np.zeros(n, int), np.array([1, 1, 2]))  # a judge of two words
    assert blind.modes.perfect == 8


@pytest.mark.parametrize(
    ("numbers", "digits", "said"),
    [([1000], [1], "numbers"), ([-1], [1], "numbers"), ([], [1], "numbers"), ([1], [10], "digits")],
)
def test_what_cannot_be_counted(numbers, digits, said):
    with pytest.raises(ValueError, match=said):
        stacked.count_stacks(np.array(numbers, int), np.array(digits))


# Cures


def test_each_cure_differs_from_the_plain_game_by_its_switch():
    names = ("rates", "smoothing", "spectral", "r1", "group", "packing", "packing", "packing")
    for cure, switch in zip(list(collapse.CURES)[1:], names, strict=True):
        ours, plain = vars(collapse.CURES[cure]), vars(collapse.PLAIN)
        assert [name for name in ours if ours[name] != plain[name]] == [switch]


def test_cures_are_compared_for_each_seed():
    found = collapse.compare(
        {"tiny": Rules(units_d=(4,), units_g=(4,))}, RING, seeds=(1, 2), rounds=3
    )
    counts = found["tiny"]
    assert len(counts) == 2 and counts[0].served.samples == collapse.SAMPLES
    assert collapse.column(counts, "quality") == [count.quality.value for count in counts]


def test_every_point_belongs_to_its_nearest_mode():
    points = np.concatenate([RING.modes * 1.5, RING.modes[:2] * 0.5])
    shares = collapse.shares_at_modes(points, RING)
    np.testing.assert_allclose(shares, [0.2, 0.2] + [0.1] * 6)


# Pictures


def drawn(ax):
    return Image.open(io.BytesIO(plots.to_png(ax.figure)))


def test_crosses_mark_the_modes_that_are_missing():
    clouds = {"half": RING.modes[:4] + 0.01, "all": RING.modes}
    ax = collapse_view.show_clouds(clouds, RING)
    marked = [len(found.get_offsets()) for found in ax.collections]
    assert marked == [4, 4] and ax.get_title() == "half"
    assert [len(c.get_offsets()) for c in ax.figure.axes[1].collections] == [8, 0]
    assert drawn(ax).width > 300


def test_every_seed_is_a_dot_beside_the_interval():
    counts = {
        name: [modes.count_modes(RING.modes[:count], RING) for count in found]
        for name, found in (("plain", (1, 4, 7)), ("cure", (7, 8, 8)))
    }
    ax = collapse_view.plot_cures(counts, "recovered")
    dots = [line.get_xdata().tolist() for line in ax.lines if len(line.get_xdata()) == 3]
    assert dots == [[1, 4, 7], [7, 8, 8]]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["plain", "cure"]
    assert drawn(ax).width > 300


def test_the_clock_is_dark_where_the_fakes_are():
    ax = collapse_view.show_clock([np.eye(8)[i] for i in (0, 3, 3)], [10, 20, 30])
    np.testing.assert_array_equal(ax.images[0].get_array()[3], [0, 1, 1])
    assert ax.get_xlim() == (10, 30)
    assert drawn(ax).width > 300


def test_stretching_keeps_the_order_and_fills_the_colours():
    land = np.array([[0.5, 0.52], [0.49, 0.5]])
    view = View(land, np.zeros((1, 2)), np.zeros((1, 2)), 3.0)
    out = collapse_view.stretch(view).landscape
    assert (np.argsort(out, axis=None) == np.argsort(land, axis=None)).all()
    assert max(abs(out - 0.5).ravel()) == pytest.approx(0.5)
    flat = collapse_view.stretch(view._replace(landscape=np.full((2, 2), 0.7))).landscape
    np.testing.assert_allclose(flat, 0.5)


# Exercises


def count_recovered(points, centres, std):
    distances = np.linalg.norm(points[:, None] - centres[None], axis=2)
    return (distances.min(axis=0) <= 3 * std).sum()


def add_spread(x, spread=lambda x: x.std(axis=0).mean()):
    return np.concatenate([x, np.full((len(x), 1), spread(x))], axis=1)


def pack(x, together):
    return x.reshape(len(x) // together, -1)


def surely_better(ours, theirs):
    gain = np.subtract(ours, theirs)
    return stats.ttest_1samp(gain, 0).statistic > stats.t.ppf(0.975, len(gain) - 1)


RIGHT = (
    (checks.check_count, count_recovered),
    (checks.check_spread, add_spread),
    (checks.check_pack, pack),
    (checks.check_pack, lambda x, m: np.concatenate(np.split(x, m), axis=1)),  # PacGAN's way
    (checks.check_surely_better, surely_better),
)


@pytest.mark.parametrize(("check", "answer"), RIGHT)
def test_right_answers_pass(check, answer):
    result = check(answer)
    assert result.passed, result.message


@pytest.mark.parametrize("check", [pair[0] for pair in RIGHT])
def test_unfinished_answers_are_no_errors(check):
    assert check(lambda *_: ...).verdict == "unfinished"
    assert check(...).verdict == "unfinished"


WRONG = (
    (checks.check_count, lambda p, c, s: len(p), "beyond|one mode"),
    (checks.check_count, lambda p, c, s: count_recovered(p, c, s / 3), "nearer than three"),
    (checks.check_count, lambda p, c, s: count_recovered(p, c, 0.05), "0.2"),
    (
        checks.check_count,
        lambda p, c, s: (abs(p[:, None] - c).max(axis=2).min(axis=0) <= 3 * s).sum(),
        "straight distance",
    ),
    (checks.check_spread, lambda x: x.std(axis=0).mean(), "one column more"),
    (checks.check_spread, lambda x: np.column_stack([x, x.std(axis=1)]), "same number"),
    (checks.check_spread, lambda x: add_spread(x, np.std), "all numbers together"),
    (checks.check_spread, lambda x: add_spread(x, lambda x: x.var(axis=0).mean()), "variance"),
    (checks.check_spread, lambda x: add_spread(x, lambda x: x.std(axis=0).sum()), "sum over"),
    (checks.check_spread, lambda x: add_spread(x, lambda x: 1.0), "should be"),
    (checks.check_pack, lambda x, m: np.tile(x[: len(x) // m], m), "only once"),
    (checks.check_pack, lambda x, m: x.T.reshape(len(x) // m, -1), "side by side"),
    (checks.check_pack, lambda x, m: x, "together"),
    (checks.check_surely_better, lambda a, b: np.mean(a) > np.mean(b), "interval holds 0"),
    (checks.check_surely_better, lambda a, b: min(a) > max(b), "Look at the differences"),
    (checks.check_surely_better, lambda a, b: min(np.subtract(a, b)) >= 0, "not enough"),
)


@pytest.mark.parametrize(("check", "answer", "hint"), WRONG)
def test_wrong_answers_get_a_hint(check, answer, hint):
    result = check(answer)
    assert result.verdict == "not yet"
    import re

    assert re.search(hint, result.message), result.message
