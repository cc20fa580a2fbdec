"""What lesson 03 says in words, held to the numbers that its published notebook shows."""

import re
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "03_a_giants_shoulders.ipynb"
NUMBER = r"([+-]?[\d.]+)"


def find(pattern: str, text: str) -> list[float]:
    match = re.search(pattern, text)
    assert match, f"{pattern} is not in the notebook's outputs"
    return [float(group.replace(",", "")) for group in match.groups()]


def row(printed: str, frozen: str, call: str) -> list[str]:
    (line,) = re.findall(rf"^{frozen} +{call} +(.+)$", printed, re.MULTILINE)
    return re.split(r" {2,}", line.strip())


def test_it_was_executed_at_class_without_imagenet_and_said_so_at_once(printed):
    assert "preset 'class'" in printed
    assert "We train a giant of our own, and every step below runs on that one." in printed
    assert printed.index("giant of our own") < printed.index("with a pen on a page")
    assert "EMNIST Balanced: real handwriting" in printed


def test_a_wrong_range_costs_points(printed):
    for name in ("0 … 1", "0 … 255"):
        mean, half = find(rf"'{name}': {NUMBER} ± {NUMBER} points", printed)
        assert mean + half < 0
    assert "Measured: clearly worse" in printed


def test_trainable_false_protects_whatever_is_called_how(printed):
    rows = re.findall(r"^all but the head .+$", printed, re.MULTILINE)
    assert len(rows) == 3
    for line in rows:
        assert re.split(r" {2,}", line)[-4:] == ["memory", "memory", "stay", "stay"]


def test_kept_from_the_optimizer_the_memory_moves_and_no_weight(printed):
    cells = row(printed, "kept from the optimizer", "own call, training=True")
    assert cells == ["the batch", "the batch", "MOVE", "stay"]
    assert "Measured: only the statistics change" in printed


def test_put_together_the_argument_is_overruled_and_an_own_call_keeps_its_word(printed):
    cells = row(printed, "nothing", "put together, training=False")
    assert cells == ["the batch", "memory", "MOVE", "MOVE"]
    cells = row(printed, "nothing", "own call, training=False")
    assert cells == ["memory", "memory", "stay", "MOVE"]


def test_frozen_normalisations_let_weights_learn(printed):
    rows = re.findall(r"^the normalisations .+$", printed, re.MULTILINE)
    assert len(rows) == 3
    assert all(re.split(r" {2,}", line)[-2:] == ["stay", "MOVE"] for line in rows)


def test_not_one_weight_moved_and_the_colleague_lost_more_than_ten_points(printed):
    assert "largest change of any weight of the backbone: 0.0\n" in printed
    mean, half = find(rf"the colleague lost {NUMBER} ± {NUMBER} points", printed)
    assert mean - half > 10
    assert "Measured: has lost more than 10 points" in printed


def test_the_memory_is_gone_as_the_formula_says(printed):
    momentum, gone = find(rf"momentum {NUMBER}, +100 steps: +{NUMBER}% of the old", printed)
    assert gone == pytest.approx(100 * (1 - momentum**100), abs=0.06)


def test_too_high_a_rate_ruins_and_care_does_not(printed):
    mean, half = find(rf"rate too high, against frozen: {NUMBER} ± {NUMBER}", printed)
    assert mean + half < 0
    mean, half = find(rf"fine-tuned, against frozen: {NUMBER} ± {NUMBER}", printed)
    assert mean + half > 0


def test_the_giant_beats_scratch_most_where_labels_are_few(printed):
    gains = {
        int(budget): (float(mean), float(half))
        for budget, mean, half in re.findall(
            rf"frozen, (\d+) per class: {NUMBER} ± {NUMBER} points", printed
        )
    }
    assert len(gains) == 3
    mean, half = gains[10]
    assert mean - half > 2
