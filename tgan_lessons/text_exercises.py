"""The checks of the exercises of lesson 14: they test behaviour, never text."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import softmax

from tgan_lessons.checks import call, exercise, expect

LOGITS = np.log([0.5, 0.3, 0.15, 0.05])


@exercise("14.1", "A fair draw without any dice inside: the noise came from outside.")
def check_draw(draw: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> None:
    """Tests the Gumbel-max trick: logits (n, words), uniform numbers alike → word numbers (n,)."""
    rng = np.random.default_rng(0)
    n = 20_000
    logits, u = np.tile(LOGITS, (n, 1)), rng.uniform(size=(n, 4))
    words = np.asarray(call(draw, logits.copy(), u.copy()))
    expect(words.shape == (n,), f"Return one word for each row, shape ({n},), not {words.shape}.")
    shares = np.bincount(words.astype(int), minlength=4) / n
    expect(
        shares.max() < 1, "Always the likeliest word. Add the noise before you take the largest."
    )
    expect(np.ptp(shares) > 0.05, "All words are equally likely: use the logits, too.")
    told = ", ".join(f"{share:.2f}" for share in shares)
    expect(
        np.abs(shares - softmax(LOGITS)).max() < 0.015,
        f"The words should come in shares 0.50, 0.30, 0.15, 0.05; yours {told}. "
        "The noise is -log(-log u).",
    )


@exercise("14.2", "What could not be differentiated is drawn, and the formula does the rest.")
def check_gradient(gradient: Callable[..., np.ndarray]) -> None:
    """Tests REINFORCE for one word: (logits, word, reward, baseline) → gradient of the logits."""
    rng = np.random.default_rng(0)
    rewards = np.array([1.0, 0.0, 0.5, 0.2])
    chances = softmax(LOGITS)
    first = np.asarray(call(gradient, LOGITS.copy(), 1, 1.0, 0.0), float)
    expect(first.shape == (4,), f"Return one number for each logit, shape (4,), not {first.shape}.")
    one = np.eye(4)[1]
    expect(
        not np.allclose(first, chances - one),
        "Uphill, please: a word with a reward must become likelier.",
    )
    expect(not np.allclose(first, one), "The other words' chances fall: subtract the softmax.")
    expect(
        np.allclose(first, one - chances),
        "∇ log p(word) is 1 at the word's place and 0 elsewhere, minus all chances.",
    )
    drawn = rng.choice(4, size=4000, p=chances)
    for baseline in (0.0, 0.7):
        mean = np.mean([gradient(LOGITS, w, rewards[w], baseline) for w in drawn], axis=0)
        right = chances * (rewards - chances @ rewards)
        expect(
            np.abs(mean - right).max() < 0.05,
            f"With baseline {baseline} the mean over many words should be the true gradient.",
        )
    none = np.asarray(gradient(LOGITS, 2, 0.7, 0.7), float)
    expect(
        np.allclose(none, 0), "A reward equal to the baseline changes nothing. Use the baseline."
    )


@exercise("14.3", "27 equally likely words: 27. A model that knows the next word: 1.")
def check_perplexity(perplexity: Callable[[np.ndarray], float]) -> None:
    """Tests perplexity from the probabilities that a model gave to the words that came."""
    even = float(call(perplexity, np.full(12, 1 / 27)))
    expect(
        abs(even - np.log(27)) > 1e-6, "That is the mean of -log p. Perplexity is its exponential."
    )
    expect(abs(even - 27) < 1e-6, f"12 words of chance 1/27 each: 27 expected, yours {even:.3f}.")
    p = np.random.default_rng(0).uniform(0.05, 1, 30)
    answer, right = float(perplexity(p)), float(np.exp(-np.log(p).mean()))
    expect(abs(answer - np.mean(1 / p)) > 1e-6, "Take the mean of the logarithms, not of 1 / p.")
    expect(abs(answer - right) < 1e-6, f"{right:.3f} expected, yours is {answer:.3f}.")
