"""A language of 57,600 sentences whose grammar can be checked exactly."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from tgan_lessons.runtime import check_number

LENGTH = 8  # words of a sentence, full stop and blanks included
BLANK = "_"
ADJECTIVES = ("small", "old", "red", "happy")
# number → words of that number; "the" goes with both
DETERMINERS = {"one": ("a", "every", "the"), "many": ("two", "many", "the")}
NOUNS = {"one": ("cat", "dog", "bird", "girl"), "many": ("cats", "dogs", "birds", "girls")}
VERBS = {"one": ("sees", "hears", "likes", "chases"), "many": ("see", "hear", "like", "chase")}
NUMBERS = ("one", "many")
WORDS = (
    BLANK, ".", "the", "a", "every", "two", "many", *ADJECTIVES,
    *NOUNS["one"], *NOUNS["many"], *VERBS["one"], *VERBS["many"],
)  # fmt: skip
_INDEX = {word: index for index, word in enumerate(WORDS)}


def phrases(number: str) -> list[tuple[str, ...]]:
    """All noun phrases of a number: a determiner, perhaps an adjective, a noun."""
    adjectives = [(), *((adjective,) for adjective in ADJECTIVES)]
    parts = product(DETERMINERS[number], adjectives, NOUNS[number])
    return [(first, *middle, noun) for first, middle, noun in parts]


def sample(count: int, seed: int) -> np.ndarray:
    """Draws sentences, all 57,600 equally likely.

    Args:
        count: how many.
        seed: the same seed draws the same sentences.

    Returns:
        Word numbers, int32, shape (count, 8); see `WORDS`.
    """
    check_number("count", count, above=0)
    rng = np.random.default_rng(seed)
    sides = {number: phrases(number) for number in NUMBERS}
    sentences = []
    for _ in range(int(count)):
        subject, other = (NUMBERS[i] for i in rng.integers(2, size=2))
        verb = VERBS[subject][rng.integers(len(VERBS[subject]))]
        first, last = (sides[n][rng.integers(len(sides[n]))] for n in (subject, other))
        sentences.append((*first, verb, *last, "."))
    return encode(sentences)


def encode(sentences: Sequence[Sequence[str]]) -> np.ndarray:
    """Sentences, each a list of words, as word numbers (n, 8), blanks at the end."""
    rows = np.zeros((len(sentences), LENGTH), np.int32)
    for row, sentence in zip(rows, sentences, strict=True):
        unknown = [word for word in sentence if word not in _INDEX]
        if unknown or len(sentence) > LENGTH:
            raise ValueError(
                f"`sentences` must have at most {LENGTH} words of `grammar.WORDS`. "
                f"Received: {' '.join(sentence)!r}"
            )
        row[: len(sentence)] = [_INDEX[word] for word in sentence]
    return rows


def decode(sentence: Sequence[int]) -> str:
    """A row of word numbers as text; blanks at the end are left out."""
    return " ".join(WORDS[index] for index in sentence).rstrip(f" {BLANK}")


def first_error(sentence: Sequence[int]) -> int | None:
    """Where a sentence first breaks the grammar.

    Args:
        sentence: word numbers, shape (8,).

    Returns:
        The place of the first word with which no sentence of the language begins like this;
        `None` for a sentence of the language.
    """
    words = [WORDS[index] for index in sentence]
    place, number, error = _read_phrase(words, 0)
    if error is not None:
        return error
    if place >= LENGTH or words[place] not in VERBS[number]:
        return min(place, LENGTH - 1)
    place, _, error = _read_phrase(words, place + 1)
    if error is not None:
        return error
    for offset, word in enumerate(words[place:]):
        if word != (BLANK if offset else "."):
            return place + offset
    return None


def _read_phrase(words: list[str], place: int) -> tuple[int, str, int | None]:
    """Reads a noun phrase: (place behind it, its number, place of an error)."""
    numbers = [n for n in NUMBERS if words[place] in DETERMINERS[n]] if place < LENGTH else []
    if not numbers:
        return place, "", min(place, LENGTH - 1)
    place += 1
    if place < LENGTH and words[place] in ADJECTIVES:
        place += 1
    fitting = [n for n in numbers if place < LENGTH and words[place] in NOUNS[n]]
    if not fitting:
        return place, "", min(place, LENGTH - 1)
    return place + 1, fitting[0], None


def is_valid(sentences: np.ndarray) -> np.ndarray:
    """Which of the sentences (n, 8) belong to the language: bool, shape (n,)."""
    return np.array([first_error(sentence) is None for sentence in sentences], bool)
