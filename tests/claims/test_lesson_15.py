"""What lesson 15 says in words, held to the numbers that its published notebook shows."""

import re
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "15_from_one_label_to_a_map.ipynb"
NUMBER = r"([+-]?[\d.]+)"
Gains = dict[tuple[str, int], tuple[float, float]]


def number(pattern: str, printed: str) -> float:
    return float(re.search(pattern, printed)[1])


@pytest.fixture(scope="module")
def gains(printed: str) -> Gains:
    pattern = rf"(frozen|fine-tuned), (\d+) scenes: mean IoU {NUMBER} ± {NUMBER} over scratch"
    found = re.findall(pattern, printed)
    assert len(found) == 6, "two methods at three budgets"
    return {(name, int(n)): (float(mean), float(half)) for name, n, mean, half in found}


@pytest.fixture(scope="module")
def over_frozen(printed: str) -> dict[int, tuple[float, float]]:
    found = re.findall(rf"(\d+) scenes: fine-tuned {NUMBER} ± {NUMBER} over frozen", printed)
    return {int(n): (float(mean), float(half)) for n, mean, half in found}


def test_it_was_executed_at_class(printed: str):
    assert "preset 'class'" in printed


def test_nothing_changed_but_the_shape(printed: str):
    differences = re.findall(r"largest difference.*? ([\d.]+e[+-]\d+)", printed)
    assert len(differences) == 3, "one dense layer, single digits, all windows of a scene"
    assert max(map(float, differences)) < 1e-3


def test_one_pass_is_faster_than_many_windows(printed: str):
    assert number(rf"one pass: [\d.]+ ms, {NUMBER} times faster", printed) > 1


def test_our_rule_beats_sliding_and_the_empty_map(printed: str):
    scores = dict(re.findall(r"(\w[\w ,]+): pixel accuracy [\d.]+, mean IoU ([\d.]+)", printed))
    lowest, rule = float(scores["background everywhere"]), float(scores["with our rule"])
    assert rule > max(lowest, float(scores["classifier, sliding"]))


def test_without_the_skip_no_stroke_is_drawn(printed: str):
    assert number(rf"with skip [\d.]+, gain {NUMBER}", printed) > 0.1


def test_the_classifier_helps_at_every_budget_and_scratch_comes_near(gains: Gains):
    for budget in (5, 20, 100):
        mean, half = gains["fine-tuned", budget]
        assert mean - half > 0
    few, many = gains["fine-tuned", 5], gains["fine-tuned", 100]
    assert few[0] - few[1] > many[0] + many[1]
    assert sum(gains["frozen", 100]) < 0, "scratch has overtaken the frozen network"


def test_frozen_wins_at_five_and_fine_tuning_from_twenty(over_frozen):
    assert sum(over_frozen[5]) < 0
    for budget in (20, 100):
        mean, half = over_frozen[budget]
        assert mean - half > 0


def test_nearly_all_pixels_are_right_where_the_maps_are_poor(printed: str):
    found = re.findall(rf"5 scenes: {NUMBER}% of pixels, IoU {NUMBER}", printed)
    assert len(found) == 3
    shares, ious = zip(*((float(share), float(iou)) for share, iou in found), strict=True)
    assert min(shares) > 85 and max(shares) - min(shares) < 5
    assert max(ious) > 1.5 * min(ious)
