"""What lesson 01 says in words, held to the numbers that its published notebook shows."""

import re
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "01_transfer_in_three_steps.ipynb"
GAIN = re.compile(r"(frozen|fine-tuned), (\d+) per class: ([+-][\d.]+) ± ([\d.]+) points")


@pytest.fixture(scope="module")
def gains(printed: str) -> dict[tuple[str, int], tuple[float, float]]:
    found = {(m[1], int(m[2])): (float(m[3]), float(m[4])) for m in GAIN.finditer(printed)}
    assert len(found) == 12, "two methods at six label budgets"
    return found


def test_it_was_executed_on_real_handwriting_at_class(printed: str):
    assert "preset 'class'" in printed
    assert "EMNIST Balanced: real handwriting (letters)" in printed


def test_at_five_labels_fine_tuning_gains_eight_points_and_frozen_breaks_even(gains):
    assert gains["fine-tuned", 5][0] >= 8
    mean, half = gains["frozen", 5]
    assert mean - half >= 0


def test_the_gain_shrinks_as_labels_become_many(gains):
    for method in ("frozen", "fine-tuned"):
        few, many = gains[method, 5], gains[method, 100]
        assert few[0] - few[1] > many[0] + many[1], "the intervals do not even overlap"


def test_all_three_sources_read_digits_well(printed: str):
    scores = [float(score) for score in re.findall(r"digits read: ([\d.]+)%", printed)]
    assert len(scores) == 3
    assert min(scores) >= 95


def test_the_careless_source_loses(printed: str):
    mean, half = map(
        float,
        re.search(r"careless source against scratch: ([+-][\d.]+) ± ([\d.]+)", printed).groups(),
    )
    assert mean + half < 0


def test_something_remains_when_everybody_augments(printed: str):
    rest = re.findall(r"everybody augments: ([+-][\d.]+) ± ([\d.]+)", printed)
    assert len(rest) == 2
    assert all(float(mean) - float(half) > 0 for mean, half in rest)
