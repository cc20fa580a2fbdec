"""What lesson 14 says in words, held to its published notebook and to two further seeds."""

import re
from pathlib import Path

import numpy as np
import pytest

from tgan_lessons import grammar, text_games, writers

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "14_gans_and_text.ipynb"
NUMBER = r"([+-]?[\d.,]+)"


def find(pattern: str, printed: str) -> list[float]:
    found = re.search(pattern, printed)
    assert found, f"{pattern} is not in the notebook's outputs"
    return [float(group.replace(",", "")) for group in found.groups()]


def test_it_was_executed_at_class(printed: str):
    assert "preset 'class'" in printed


def test_no_gradient_passes_a_drawn_word(printed: str):
    assert re.search(r"of \d+ gradients, 0 are there", printed)


def test_nobody_is_both_calm_and_right(printed: str):
    rows = dict(
        (name, (float(off), float(noise)))
        for name, off, noise in re.findall(
            r"(REINFORCE|with baseline|Gumbel, τ [\d.]+): on average off by (\d+)%, "
            r"noise ([\d.]+) times",
            printed,
        )
    )
    assert len(rows) == 5
    assert rows["with baseline"][1] < rows["REINFORCE"][1]
    assert rows["Gumbel, τ 2.0"][0] > 50 and rows["Gumbel, τ 2.0"][1] < 1
    assert rows["Gumbel, τ 0.05"][1] > 4 * rows["Gumbel, τ 2.0"][1]


@pytest.fixture(scope="module")
def ends(printed: str) -> dict[str, tuple[float, ...]]:
    """(seconds, share of valid sentences, distinct ones) of each author at the end."""
    names = "likelihood", "GAN, REINFORCE", "GAN, Gumbel"
    pattern = rf"{NUMBER} s, valid {NUMBER}%, distinct {NUMBER}"
    return {name: tuple(find(rf"{name}: +{pattern}", printed)) for name in names}


def test_likelihood_writes_at_least_95_percent_valid_sentences(ends):
    assert ends["likelihood"][1] >= 95
    assert ends["likelihood"][0] < min(ends["GAN, REINFORCE"][0], ends["GAN, Gumbel"][0])


def test_reinforce_gets_there_and_finds_real_sentences_unlikely(printed: str, ends):
    assert ends["GAN, REINFORCE"][1] > 90
    (gap,) = find(rf"a real sentence is {NUMBER} times less likely", printed)
    (surprise,) = find(rf" likelihood: {NUMBER}, perplexity", printed)
    assert gap > 100 and surprise < np.log(57_600) + 0.5


def test_the_language_model_s_dial_reaches_furthest(printed: str):
    most = {
        name: find(rf"{name}: at most {NUMBER} distinct", printed)[0]
        for name in ("likelihood", "GAN, REINFORCE", "GAN, Gumbel")
    }
    assert max(most, key=most.get) == "likelihood"


@pytest.mark.long
def test_two_further_seeds_say_the_same():
    """Valid and varied samples; a surprise far above the language model's."""
    learned, unseen = grammar.sample(5000, seed=0), grammar.sample(1000, seed=99)
    for seed in (1, 2):
        authors = (
            text_games.Likelihood(writers.Writer(seed=seed), seed=seed),
            text_games.ReinforceGAN(
                writers.Writer(seed=seed), writers.build_reader(seed=seed), seed=seed
            ),
        )
        surprise, valid = [], []
        for game, rounds in zip(authors, (500, 1600), strict=True):
            game.feed(learned, batch_size=64)
            game.advance(rounds)
            valid.append(grammar.is_valid(game.writer.sample(1000, seed=3)).mean())
            surprise.append(-float(game.writer.log_likelihood(unseen).numpy().mean()))
        print(f"seed {seed}: valid {valid}, surprise {surprise}")
        assert valid[0] >= 0.95 and valid[1] >= 0.85
        assert surprise[0] < np.log(57_600) + 0.5 and surprise[1] > surprise[0] + np.log(100)
