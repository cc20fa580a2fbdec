"""What lesson 04 says in words, held to the numbers that its published notebook shows."""

import re
from pathlib import Path

import numpy as np
import pytest

from tgan_lessons import planes, spiral_lab, toys

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "04_the_gan_game.ipynb"
NUMBER = r"(-?[\d.,]+(?:e[+-]?\d+)?)"


def numbers(printed: str, pattern: str) -> list[tuple[float, ...]]:
    """The numbers at each `#` of a pattern, for every place where it occurs."""
    pattern = NUMBER.join(re.escape(part) for part in pattern.split("#"))
    found = re.findall(pattern, printed)
    rows = [row if isinstance(row, tuple) else (row,) for row in found]
    assert rows, pattern
    return [tuple(float(n.replace(",", "").rstrip(".")) for n in row) for row in rows]


def test_it_was_executed_at_class(printed):
    assert "preset 'class'" in printed


def test_v_is_minus_log_4_where_d_cannot_tell(printed):
    ((v, named),) = numbers(printed, "D cannot tell:   #, which is -log 4 = #")
    assert v == named == pytest.approx(-np.log(4), abs=1e-3)


def test_both_sides_of_the_theorem_agree(printed):
    rows = numbers(printed, "fakes of width # around #: V = #, by JSD #")
    assert len(rows) == 14
    for *_, left, right in rows:
        assert left == pytest.approx(right, abs=2e-6)
    ((worst,),) = numbers(printed, "largest difference: #")
    assert worst < 1e-6


def test_the_lowest_value_belongs_to_one_g_only_and_far_away_v_is_flat(printed):
    rows = numbers(printed, "fakes of width # around #: V = #, by JSD #")
    lowest = [row[:2] for row in rows if row[2] < -np.log(4) + 1e-3]
    assert lowest == [(1.0, 0.0)]
    v = {row[:2]: row[2] for row in rows}
    for width in (1.0, 0.5):
        assert v[width, 6.0] - v[width, 5.0] < 0.03 < 0.2 < v[width, 2.0] - v[width, 1.0]


def test_d_approaches_the_best_one(printed):
    far = [row[1] for row in numbers(printed, "after # moves: # from the best D")]
    assert len(far) == 3
    assert far[0] > 5 * far[1] > 15 * far[2]
    assert far[2] < 0.02


def test_the_straight_line_found_its_equilibrium(printed):
    ((width, centre),) = numbers(printed, "so fakes of width # around #")
    assert (width, centre) == (pytest.approx(1, abs=0.1), pytest.approx(0, abs=0.1))
    ((loss, goal),) = numbers(printed, "D's loss, -V: #. At the equilibrium: #")
    assert loss == pytest.approx(goal, abs=0.02)


def test_with_d_s_loss_the_fakes_flee(printed):
    ((start, end),) = numbers(printed, "both get D's loss: fakes went from # to #")
    assert start == 1.5 and end > 2
    assert "Measured: move away from the real ones." in printed


def test_only_the_second_term_depends_on_g(printed):
    assert "E[log D(x)] depends on G: False" in printed
    assert "E[log(1 - D(G(z)))] depends on G: True" in printed


def test_where_d_is_sure_the_saturating_loss_leaves_g_without_a_direction(printed):
    rows = numbers(printed, "saturating: D(G(z)) = # at the end, G's gradient #")
    assert len(rows) == 2
    assert all(sure < 0.01 for sure, _ in rows)
    ((ratio,),) = numbers(printed, "non-saturating / saturating: #")
    assert ratio > 100
    assert "Measured: non-saturating." in printed


def test_simultaneous_play_grows_by_exactly_that_factor(printed):
    for pattern in ("after one round: #, and √(1 + η²) = #", "rounds: #, and √(1 + η²)^50 = #"):
        ((measured, formula),) = numbers(printed, pattern)
        assert measured == formula > 1
    assert "Measured: grows." in printed


def test_alternating_circles_and_extragradient_arrives(printed):
    rows = re.findall(rf"(\w+): from {NUMBER} to {NUMBER} in 2,000 rounds, now {NUMBER}", printed)
    orbit = {name: tuple(float(n) for n in row) for name, *row in rows}
    assert set(orbit) == set(spiral_lab.XY_ROUNDS)
    assert orbit["simultaneous"][2] > 1e6
    assert orbit["alternating"][0] > 0.9 and orbit["alternating"][1] < 1.1
    assert orbit["extragradient"][2] < 1e-6
    ((middle,),) = numbers(printed, "mean of all places: # from the centre")
    assert middle < 0.01


def test_one_side_moves_and_the_other_holds_still(printed):
    still = numbers(printed, "D's moves took the fakes # far")
    ground = numbers(printed, "G's moves changed the ground by #; #% followed their arrow")
    assert still == [(0.0,)] * 3
    assert [row[0] for row in ground] == [0.0, 0.0]
    assert all(50 < row[1] < 100 for row in ground)  # most, and not every one


def test_fakes_sit_at_every_hump_and_yet_none_is_perfect(printed):
    recovered = numbers(printed, "modes recovered of 8: # (perfect generator #, 2,000 samples)")
    assert recovered == [(8.0, 8.0)] * 3
    quality = numbers(printed, "share of high quality # (perfect generator #, 2,000 samples)")
    assert len(quality) == 3
    assert all(value < perfect for value, perfect in quality)


def test_the_seed_decides_and_so_does_when_you_stop(printed):
    served = [
        row[0] for row in numbers(printed, "modes served of 8: # (perfect generator #, 2,000")
    ]
    assert len(served) == 3 and len(set(served)) > 1
    ((lost,),) = numbers(printed, "times that a game served fewer humps than 500 rounds before: #")
    assert lost >= 3
    worst = min(served)
    verdict = "all 8" if worst == 8 else "3 or fewer" if worst <= 3 else "4 to 7"
    assert f"Measured: {verdict}." in printed


def test_three_standard_deviations_are_less_than_a_blue_square():
    reach = 3 * toys.load_toy("ring").std
    assert reach == pytest.approx(0.06)
    nobody = planes.View(np.full((9, 9), 0.5), np.zeros((0, 2)), np.zeros((0, 2)), 3.0)
    frame = np.asarray(planes.draw_plane(nobody, np.zeros((1, 2)), size=720)).astype(int)
    blue = (frame[360, :, 2] - frame[360, :, 0] > 100).sum() * 6 / 720
    assert blue > reach
