"""What lesson 05 says in words, held to the numbers that its published notebook shows."""

import re
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "05_digits_from_noise.ipynb"
NUMBER = r"([\d.]+)"


def find(pattern: str, text: str) -> list[float]:
    match = re.search(pattern, text)
    assert match, f"{pattern} is not in the notebook's outputs"
    return [float(group.replace(",", "")) for group in match.groups()]


def test_it_was_executed_at_class_on_real_digits_that_the_judge_has_not_seen(printed):
    assert "preset 'class'" in printed
    assert "5,000 real digits" in printed and "without the 2,000 that the judge" in printed


def test_the_first_losses_are_those_of_a_tie(printed):
    loss_d, loss_g = find(rf"L_D = {NUMBER}   L_G = {NUMBER}", printed)
    assert loss_d == pytest.approx(1.39, abs=0.15)
    assert loss_g == pytest.approx(0.69, abs=0.1)


def test_the_distance_falls_while_the_loss_of_g_does_not(printed):
    readings = re.findall(rf"round +(\d+): Fréchet distance {NUMBER}", printed)
    distances = [float(value) for _, value in readings]
    assert len(distances) == 9
    assert distances[-1] < distances[0] / 10
    assert "Measured: wanders or rises" in printed


def test_first_digits_can_be_read_after_hundreds_of_rounds(printed):
    assert "Measured: 100 to 3,000." in printed


def test_labels_bring_the_distance_below_half(printed):
    told, floor = find(rf"told: +Fréchet distance {NUMBER} \(perfect generator {NUMBER}", printed)
    (untold,) = find(rf"not told: Fréchet distance {NUMBER}", printed)
    assert told < untold / 2
    assert floor < told
    assert "Measured: less than half" in printed


def test_the_judge_reads_what_was_asked_for(printed):
    (share,) = find(rf"reads what was asked for: {NUMBER}%", printed)
    assert share >= 90


def test_a_network_of_twice_the_channels_multiplies_more_than_three_times_as_much(printed):
    one = find(r"this lesson: G +([\d,]+) +D +([\d,]+)", printed)
    two = find(r"twice: G +([\d,]+) +D +([\d,]+)", printed)
    assert all(b > 3 * a for a, b in zip(one, two, strict=True))


def test_the_tutorials_size_is_several_times_slower(printed):
    (ours,) = find(rf"this lesson: +{NUMBER} ms a round", printed)
    (theirs,) = find(rf"tutorials: +{NUMBER} ms a round", printed)
    assert theirs > 4 * ours


def test_a_shared_round_costs_less_than_two_moves(printed):
    parts = rf"D alone {NUMBER} ms, G alone {NUMBER} ms, one shared round {NUMBER}"
    d, g, both = find(parts, printed)
    assert both < d + g
