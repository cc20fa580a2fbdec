"""What lesson 13 says in words, held to its published notebook."""

import re
from pathlib import Path

import pytest

from tgan_lessons import cipher_audit
from tgan_lessons.cipher import BITS, CipherGame, build_network

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "13_adversaries_for_security.ipynb"
NUMBER = r"([\d.,]+)"


def find(pattern: str, printed: str) -> list[float]:
    found = re.search(pattern, printed)
    assert found, f"{pattern} is not in the notebook's outputs"
    return [float(group.replace(",", "")) for group in found.groups()]


def test_it_was_executed_at_class(printed: str):
    assert "preset 'class'" in printed


def test_at_least_seven_of_ten_teams_pass_the_audit(printed: str):
    count, teams, low, high = find(
        rf"secret by this measure: {NUMBER} of {NUMBER} teams \({NUMBER}% to {NUMBER}%\)", printed
    )
    assert teams == 10 and count >= 7 and low < 10 * count < high + 1


def test_the_largest_fresh_eve_is_twelve_times_the_size_of_the_game_s():
    sizes = [build_network(BITS, **build).count_params() for build in cipher_audit.BUILDS.values()]
    assert len(sizes) == 5 and round(max(sizes) / CipherGame().eves[0].count_params()) == 12


def test_random_keys_open_the_learned_cipher_and_not_the_pad(printed: str):
    mean, half = find(rf"all but one wrong: {NUMBER}% ± {NUMBER}%", printed)
    (pad,) = find(rf"with a one-time pad: {NUMBER}%", printed)
    assert mean - half > 5 and pad < 0.2


def test_a_thief_has_few_bits_to_guess_and_the_wiser_game_leaves_more(printed: str):
    (usual,) = find(rf"asked for bits: {NUMBER} of 16 bits are left", printed)
    (wiser,) = find(rf"bits and pairs: {NUMBER} of 16 bits are left", printed)
    assert usual + 2 < wiser < 13
    assert find(rf"one-time pad: {NUMBER} \({NUMBER} bits\)", printed) == [65_536, 16.0]


def test_another_question_gets_an_answer(printed: str):
    mean, half = find(rf"wrong answers of a fresh Eve: {NUMBER}% ± {NUMBER}%", printed)
    assert mean + half < 45


def test_without_products_eve_reads_along(printed: str):
    eves = [float(x) for x in re.findall(r"the game's own Eve ([\d.]+) wrong", printed)]
    assert len(eves) == 4 and max(eves) < 7


def test_the_same_key_twice_is_fatal(printed: str):
    left = [float(x) for x in re.findall(r"rounds Eve has ([\d.]+) of 16", printed)]
    assert left == sorted(left, reverse=True) and left[-1] < 4


def test_text_can_be_guessed_unseen(printed: str):
    (wrong,) = find(rf"always the usual bit: {NUMBER} of 16", printed)
    assert wrong < 6


@pytest.fixture(scope="module")
def attacks(printed: str) -> dict[int, list[float]]:
    """(mean, half, mean, half) with D and with fakes only, by the number of members."""
    pattern = rf"with D {NUMBER} ± {NUMBER}, with fakes only {NUMBER} ± {NUMBER}"
    return {n: find(rf"\b{n} members: {pattern}", printed) for n in (25, 100, 400, 800)}


def test_d_betrays_few_members_and_hardly_any_of_many(attacks):
    with_d = [row[0] for row in attacks.values()]
    assert with_d == sorted(with_d, reverse=True)
    assert with_d[0] > 0.9 and with_d[-1] < 0.65
    assert attacks[25][0] - attacks[25][1] > attacks[400][0] + attacks[400][1]


def test_fakes_alone_betray_less(attacks):
    assert all(attacks[members][2] < attacks[members][0] for members in (25, 100))
    assert attacks[25][2] - attacks[25][3] > 0.5


def test_noise_costs_quality_and_buys_no_more_than_stopping_early(printed: str):
    ends = {
        name: find(rf"{name}, end: attack {NUMBER}, Fréchet distance {NUMBER}", printed)
        for name in ("no noise", "noise 0.01")
    }
    assert ends["noise 0.01"][0] < ends["no noise"][0]
    assert ends["noise 0.01"][1] > ends["no noise"][1]
