"""What lesson 02 says in words, held to the numbers that its published notebook shows."""

import re
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "02_what_transfers.ipynb"
GAIN = re.compile(r"(\w+), ([AB]nB\+?), n = (\d): ([+-][\d.]+) ± ([\d.]+) points")
PAIR = r"{}: ([+-][\d.]+) ± ([\d.]+) points"
Interval = tuple[float, float]


@pytest.fixture(scope="module")
def gains(printed: str) -> dict[tuple[str, str, int], Interval]:
    found = {(m[1], m[2], int(m[3])): (float(m[4]), float(m[5])) for m in GAIN.finditer(printed)}
    assert len(found) == 20 + 15 + 3, "5 depths × 4 modes, three more sources, three rescues"
    return found


@pytest.fixture(scope="module")
def pair(printed: str):
    def find(what: str) -> Interval:
        match = re.search(PAIR.format(re.escape(what)), printed)
        assert match, what
        return float(match[1]), float(match[2])

    return find


def low(interval: Interval) -> float:
    return interval[0] - interval[1]


def high(interval: Interval) -> float:
    return interval[0] + interval[1]


def test_it_was_executed_on_real_handwriting_at_class(printed: str):
    assert "preset 'class'" in printed
    assert "EMNIST Balanced: real handwriting (letters)" in printed


def test_the_gain_of_frozen_layers_rises_and_falls(gains):
    means = [gains["letters", "AnB", n][0] for n in range(1, 6)]
    best = means.index(max(means)) + 1
    assert 1 < best < 5
    assert low(gains["letters", "AnB", best]) > 0


def test_rising_is_proven_and_fine_tuning_mends_the_last_layers(printed: str, pair):
    best = re.search(r"AnB at n = (\d) against AnB at n = 1", printed)[1]
    assert low(pair(f"AnB at n = {best} against AnB at n = 1")) > 0
    assert low(pair(f"AnB at n = {best} against AnB at n = 5")) <= 0, "the fall is not proven"
    assert low(pair("AnB+ at n = 5 against AnB at n = 5")) > 0


def test_every_interval_of_bnb_includes_zero(gains):
    for n in range(1, 6):
        assert low(gains["B", "BnB", n]) < 0 < high(gains["B", "BnB", n])


def test_one_frozen_convolution_costs_little_whoever_made_it(gains):
    for source in ("letters", "digits", "inverted", "shuffled"):
        assert gains[source, "AnB", 1][0] > -2.5


def test_three_sources_harm_where_five_layers_are_frozen(gains, printed: str):
    for source in ("digits", "inverted", "shuffled"):
        assert high(gains[source, "AnB", 5]) < 0
        assert re.search(rf"{source}, 5 frozen: .*: harms", printed)
    depths = [gains["shuffled", "AnB", 5], gains["inverted", "AnB", 5], gains["digits", "AnB", 5]]
    assert depths == sorted(depths), "shuffled is the worst, digits the least bad"


def test_two_sources_harm_even_where_all_may_learn(gains):
    for source in ("inverted", "shuffled"):
        assert high(gains[source, "AnB+", 5]) < 0
        assert gains[source, "AnB+", 5][0] > gains[source, "AnB", 5][0] + 5, "better by far"
    assert high(gains["digits", "AnB+", 5]) > 0


@pytest.fixture(scope="module")
def both(printed: str) -> dict[str, tuple[float, float]]:
    rows = re.findall(r"^ *(\S[^:\n]*): source ([\d.]+)%, target ([\d.]+)%", printed, re.M)
    return {name: (float(a), float(b)) for name, a, b in rows}


def test_the_limits_of_joint_training_and_what_fine_tuning_forgets(both, pair):
    chance = 100 / 18
    assert abs(both["0"][1] - chance) < 3, "λ = 0 reads the target at chance"
    assert both["∞"][0] < 12, "λ = ∞ never asked for the source"
    assert high(pair("λ = ∞ against fine-tuned, on the target")) < 0
    assert both["1"][0] > 75 and both["1"][1] > both["∞"][1], "in between one network does both"
    assert both["fine-tuned"][0] < both["source alone"][0] - 3, "it forgot part of A"


def test_two_brakes_are_proven_and_two_are_not(pair):
    for brake in ("L2-SP", "layer-wise rates"):
        assert low(pair(f"{brake} against none")) > 0
    for brake in ("weight decay", "early stopping"):
        assert low(pair(f"{brake} against none")) < 0
    assert low(pair("L2-SP against weight decay")) > 0


def test_validation_never_took_a_poisoned_source(printed: str, pair):
    chosen = re.findall(r"seed \d: (\w+), \d layers, (?:frozen|fine-tuned)", printed)
    assert len(chosen) == 5
    assert not {"inverted", "shuffled"} & set(chosen)
    assert low(pair("chosen by validation, against scratch")) > 0
    assert pair("against the best in hindsight")[0] > -3


def test_first_layers_are_most_alike(printed: str):
    rows = re.findall(r"^(.+): conv1 ([\d.]+), dense5 ([\d.]+)$", printed, re.M)
    values = {title: (float(first), float(last)) for title, first, last in rows}
    assert values["source A and fine-tuned B"][0] > 0.95
    assert all(first > last + 0.05 for first, last in values.values())
    assert values["shuffled A and B from scratch"][1] < values["source A and B from scratch"][1]


def test_painting_out_salient_pixels_hurts_more_than_random_ones(printed: str):
    read = dict(re.findall(r"painted out +(\w[\w ]*): ([\d.]+)% read", printed))
    assert float(read["salient after"]) < float(read["random"]) - 5 < float(read["nothing"])


def test_the_sources_features_sort_letters_that_it_never_saw(printed: str):
    share = {
        name: float(value)
        for name, value in re.findall(r"(\w+): (\d+)% of the spread lies between", printed)
    }
    assert share["before"] > 1.5 * max(share["pixels"], share["untrained"])
    assert share["after"] > share["before"]
