"""What lesson 07 says in words, held to the numbers that its published notebook shows."""

import re
from pathlib import Path

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "07_mode_collapse.ipynb"
NUMBER = r"([\d.]+)"


def row(track: str, name: str, printed: str, place: int = 0) -> dict[str, tuple[float, float]]:
    """Mean and half width of the interval, by column, of the `place`-th such row."""
    pattern = rf"{track}, {name}: recovered {NUMBER} ± {NUMBER}, served {NUMBER} ± {NUMBER}, "
    found = re.findall(pattern + rf"quality {NUMBER} ± {NUMBER}", printed)
    assert len(found) > place, f"{track}, {name} is not in the notebook's outputs"
    values = [float(number) for number in found[place]]
    return {
        "recovered": tuple(values[:2]),
        "served": tuple(values[2:4]),
        "quality": tuple(values[4:]),
    }


def test_it_was_executed_at_class(printed: str):
    assert "preset 'class'" in printed


def test_the_cheat_buys_the_generous_meter(printed: str):
    assert "cheat: recovered 25, served 1, high quality 100.0%" in printed
    assert "sloppy: recovered 25, served 25, high quality" in printed
    quality = re.search(rf"sloppy: .*? high quality {NUMBER}%", printed)
    assert float(quality[1]) < 50


def test_a_greedy_g_sits_at_one_mode_and_moves_on(printed: str):
    together = re.search(r"at one mode: in (\d+)% of looks", printed)
    moved = re.search(r"at another mode: in (\d+)%", printed)
    assert int(together[1]) >= 50 and int(moved[1]) >= 30
    assert "Measured: all of them move on, to the next mode" in printed


def test_the_ring_is_found_and_the_grid_is_cured(printed: str):
    """The targets: ring 8 of 8, grid at least 24.8 of 25 by the cure, the plain game beside it."""
    for name in ("plain", "R1"):
        assert row("ring", name, printed)["served"][0] == 8
    cured, plain = row("grid", "R1", printed), row("grid", "plain", printed)
    assert cured["recovered"][0] >= 24.8 and cured["served"][0] >= 24.8
    assert cured["quality"][0] > 0.88
    assert plain["served"][0] + plain["served"][1] < 24.5


def test_three_meters_rank_the_cures_differently(printed: str):
    """In the small game: the second rows of the grid."""
    plain = row("grid", "plain", printed, place=1)
    cured = row("grid", "R1", printed, place=1)
    others = [
        *("two rates", "label smoothing", "spectral norm", "minibatch spread"),
        *("packing 2", "packing 3", "packing 4"),
    ]
    rows = {name: row("grid", name, printed) for name in others}
    assert plain["served"][0] > max(found["served"][0] for found in (cured, *rows.values()))
    assert cured["recovered"][0] > max(found["recovered"][0] for found in rows.values())
    for name in ("packing 2", "packing 3", "spectral norm"):  # a mist: modes found, none served
        assert rows[name]["recovered"][0] > plain["recovered"][0]
        assert rows[name]["served"][0] < plain["served"][0]
        assert rows[name]["quality"][0] < 0.5 * plain["quality"][0]
    assert rows["packing 4"]["served"][0] < 1


def test_the_score_depends_on_the_neighbours(printed: str):
    found = re.search(r"seven others: score (-?[\d.]+); beside seven copies: (-?[\d.]+)", printed)
    assert abs(float(found[1]) - float(found[2])) > 0.1


def test_stacked_digits_collapse_and_r1_helps(printed: str):
    pattern = rf"{{}}, round {{}}: {NUMBER} ± {NUMBER} modes, KL {NUMBER} ± {NUMBER}"
    plain, cured = (
        [float(number) for number in re.search(pattern.format(name, 500), printed).groups()]
        for name in ("plain", "R1")
    )
    assert plain[0] + plain[1] < cured[0] - cured[1] and cured[0] > 300
    assert plain[2] > cured[2] + cured[3]
    floor = re.search(rf"a perfect generator: {NUMBER} modes, KL {NUMBER}", printed)
    assert float(floor[1]) > 970 and float(floor[2]) < 0.2


def test_no_switch_surely_serves_more_in_the_small_game(printed: str):
    gains = {}
    for name in (
        "two rates",
        "label smoothing",
        "spectral norm",
        "R1",
        "minibatch spread",
        "packing 2",
    ):
        found = re.search(rf"{name}: ([+-][\d.]+) ± {NUMBER} modes served more", printed)
        gains[name] = tuple(map(float, found.groups()))
    assert all(gain - half < 0 for gain, half in gains.values())
    assert all(gains[name][0] + gains[name][1] < 0 for name in ("spectral norm", "packing 2"))
    assert sum(gains["R1"]) > 0
    plain, cured, packed = (
        row("grid", name, printed, place=place)["recovered"]
        for name, place in (("plain", 1), ("R1", 1), ("packing 2", 0))
    )
    assert min(cured[0] - cured[1], packed[0] - packed[1]) > sum(plain)
