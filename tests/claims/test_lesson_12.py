"""What lesson 12 says in words, held to its published notebook."""

import re
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "12_gan_or_vae.ipynb"
NUMBER = r"([+-]?\d+(?:\.\d+)?)"


def find(pattern: str, printed: str) -> list[float]:
    found = re.search(pattern, printed)
    assert found, f"{pattern} is not in the notebook's outputs"
    return [float(group.replace(",", "")) for group in found.groups()]


def test_it_was_executed_at_class(printed: str):
    assert "preset 'class'" in printed


def test_the_painter_is_the_same_network(printed: str):
    counts = [find(rf"{name}: ([\d,]+) numbers", printed) for name in ("generator", "decoder")]
    assert counts[0] == counts[1]


def test_both_saw_equally_many_digits(printed: str):
    for kind in ("VAE", "GAN"):
        assert len(re.findall(rf"{kind}: 64,000 digits seen", printed)) >= 3


def test_the_best_bound_is_the_evidence(printed: str):
    evidence, best = find(rf"log p\(x\) = {NUMBER}, the best bound {NUMBER}", printed)
    assert abs(evidence - best) < 1e-3


def test_no_gradient_passes_where_the_dice_are_inside(printed: str):
    assert re.search(r"drawn inside: cost [\d.]+, slope None", printed)
    (slope,) = find(rf"dice outside: cost [\d.]+, slope {NUMBER}", printed)
    assert abs(slope - 3) < 0.1
    calm, wild = (
        find(rf"{name}: {NUMBER} on average, one draw ±{NUMBER}", printed)
        for name in ("dice outside", "REINFORCE")
    )
    assert abs(calm[0] - 3) < 0.1 and abs(wild[0] - 3) < 0.4 and wild[1] > 3 * calm[1]


@pytest.fixture(scope="module")
def grey(printed: str) -> dict[str, float]:
    names = "real, unseen", "VAE: there and back", "VAE: from noise", "GAN: from noise"
    return {name: find(rf"{name}: {NUMBER}% of the ink", printed)[0] for name in names}


def test_the_vae_is_grey_and_the_gan_is_not(grey):
    assert 28 <= grey["real, unseen"] <= 38, "about a third"
    assert -12 <= grey["GAN: from noise"] - grey["real, unseen"] <= 3
    assert grey["VAE: there and back"] > grey["real, unseen"] + 8
    assert grey["VAE: from noise"] > grey["VAE: there and back"] + 5


def test_the_mean_of_two_costs_half(printed: str):
    assert find(rf"the mean costs {NUMBER}% of what", printed) == [50]


def test_the_order_of_the_copies(printed: str):
    names = (
        "VAE, searched",
        "VAE, one look",
        "GAN, searched",
        "nearest training digit",
        "the mean digit",
    )
    errors = [find(rf"{re.escape(n)}: ½ squared error +{NUMBER}", printed)[0] for n in names]
    assert errors == sorted(errors), "from the nearest copy to the furthest"
    (look,) = find(rf"one look each: {NUMBER} s", printed)
    (search,) = find(rf"200 steps from 4 starts each: {NUMBER} s", printed)
    assert search > 5 * look


@pytest.fixture(scope="module")
def readings(printed: str) -> dict[str, list[float]]:
    """(distance, half interval, density, …, coverage, …) of each way to paint, three seeds."""
    kinds = ", ".join(
        rf"{kind} {NUMBER} ± {NUMBER}" for kind in ("Fréchet distance", "density", "coverage")
    )
    names = ("GAN: from noise", "VAE: from noise", "VAE: fitted codes", "VAE: codes of real digits")
    return {name: find(rf"{name}: {kinds}", printed) for name in names}


def test_from_noise_both_are_far_from_the_floor_and_near_to_each_other(printed: str, readings):
    floor = find(rf"real digits: Fréchet distance {NUMBER}, density {NUMBER}", printed)
    gan, vae = readings["GAN: from noise"], readings["VAE: from noise"]
    assert 2 / 3 < vae[0] / gan[0] < 3 / 2
    assert min(gan[0], vae[0]) > 5 * floor[0]


def test_fitted_codes_cure_the_coverage_and_not_the_blur(printed: str, grey, readings):
    noise, fitted = readings["VAE: from noise"], readings["VAE: fitted codes"]
    assert fitted[0] + fitted[1] < 0.6 * noise[0], "the distance, interval included"
    assert fitted[4] - fitted[5] > 1.5 * noise[4], "the coverage"
    (left,) = find(rf"grey: {NUMBER}% of the ink \(real", printed)
    assert left > grey["real, unseen"] + 10


def test_codes_of_real_digits_show_what_the_decoder_can(readings):
    there, fitted = readings["VAE: codes of real digits"], readings["VAE: fitted codes"]
    assert there[4] > 0.9 * fitted[4] and there[2] > 2 * readings["VAE: from noise"][2]


def test_the_vae_leans_to_what_it_learned_without_repeating_it(printed: str):
    share, half = find(rf"VAE: fitted codes: {NUMBER}% ± {NUMBER}% nearer to a learned", printed)
    assert 50 - half < share < 75
    learned, unseen = find(rf"squared error: learned {NUMBER}, unseen {NUMBER}", printed)
    assert 0.5 * unseen < learned < unseen


def test_beta_trades_copies_for_pictures_and_silences_dimensions(printed: str):
    dial = {
        beta: find(
            rf"β = {beta}: ½ squared error +{NUMBER}, KL +{NUMBER} nats, {NUMBER} of 16", printed
        )
        for beta in ("0.1", "1", "8", "32")
    }
    errors, kl, silent = zip(*dial.values(), strict=True)
    assert list(errors) == sorted(errors) and list(kl) == sorted(kl, reverse=True)
    assert silent[:2] == (0, 0) and 0 < silent[2] < 16 and silent[3] == 16
    distance = {
        b: find(rf"β = {b}: from noise, Fréchet distance {NUMBER}", printed)[0] for b in dial
    }
    assert distance["1"] < distance["0.1"] and distance["1"] < distance["32"]


def test_slant_can_be_added_in_both_latent_spaces(printed: str):
    for name in ("VAE", "GAN"):
        found = re.search(
            rf"{name}: slant \[([^\]]+)\], still the same digit \[([^\]]+)\]", printed
        )
        slants, kept = ([float(part) for part in text.split()] for text in found.groups())
        assert slants == sorted(slants) and slants[3] - slants[1] > 0.1
        assert kept[2] == 1


def test_no_exercise_is_solved(printed: str):
    assert printed.count("unfinished") == 3
