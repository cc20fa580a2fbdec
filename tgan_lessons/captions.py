"""Captions of digits: what is asked for, as words, and back.

The words of a caption say which digit, and whatever of thickness, slant and size it mentions.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tgan_lessons.attributes import ABOVE, ATTRIBUTES, BELOW, BETWEEN

DIGIT_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SYNONYMS = {
    "thin": ("thin", "fine"),
    "thick": ("thick", "bold"),
    "upright": ("upright", "straight"),
    "slanted": ("slanted", "leaning"),
    "small": ("small", "tiny"),
    "large": ("large", "big"),
}
FILLERS = ("a", "an", "and", "the", "digit")
BLANK = ""  # fills the places behind the last word
_STYLE = {  # word: (place of the attribute, band)
    word: (place, band)
    for place, attribute in enumerate(ATTRIBUTES)
    for band in (BELOW, ABOVE)
    for word in SYNONYMS[attribute.word(band)]
}
DIGITS = {str(number): number for number in range(10)}
DIGITS |= {word: number for number, word in enumerate(DIGIT_WORDS)}
WORDS = (BLANK, *FILLERS, *DIGITS, *_STYLE)
_INDEX = {word: index for index, word in enumerate(WORDS)}
LENGTH = 8  # words of the longest caption


class CaptionError(ValueError):
    """A text that is no caption; its message is for the person who typed it."""


@dataclass(frozen=True)
class Wish:
    """What a caption asks for.

    Attributes:
        digit: from 0 to 9.
        bands: of each of `ATTRIBUTES`, in their order; `BETWEEN` where it is not mentioned.
    """

    digit: int
    bands: tuple[int, ...] = (BETWEEN,) * len(ATTRIBUTES)

    def __str__(self) -> str:
        return _with_article("a", [*self.style(), DIGIT_WORDS[self.digit]])

    def style(self) -> list[str]:
        """The words for what it mentions, without synonyms."""
        pairs = zip(ATTRIBUTES, self.bands, strict=True)
        return [attribute.word(band) for attribute, band in pairs if band != BETWEEN]

    def is_true(self, digit: int, bands: Sequence[int]) -> bool:
        """Whether it holds of an image with this digit and these bands."""
        mentioned = [
            asked == found
            for asked, found in zip(self.bands, bands, strict=True)
            if asked != BETWEEN
        ]
        return self.digit == digit and all(mentioned)


def write(wish: Wish, rng: np.random.Generator) -> str:
    """Says a wish in one of many ways: synonyms, numerals, and the words in any order."""
    adjectives = [str(rng.choice(SYNONYMS[word])) for word in wish.style()]
    rng.shuffle(adjectives)
    digit = str(rng.choice([DIGIT_WORDS[wish.digit], str(wish.digit)]))
    article = str(rng.choice(["a", "the", ""]))
    joined = [word for a in adjectives[:-1] for word in (a, "and")] + adjectives[-1:]
    form = rng.integers(3 if adjectives else 2)
    if form == 0:
        return _with_article(article, [*adjectives, digit])
    if form == 1:
        return _with_article(article, [*adjectives, "digit", digit])
    return _with_article(article, [digit, *joined])


def _with_article(article: str, words: Sequence[str]) -> str:
    if article == "a" and words[0] in ("upright", "eight", "8"):
        article = "an"
    return " ".join([article, *words]).strip()


def split(text: str) -> list[str]:
    """The words of a text, in small letters, without commas and full stops."""
    return re.sub(r"[,.;:!?]", " ", text.lower()).split()


def read(text: str) -> Wish:
    """Understands a caption: the inverse of `write`.

    Raises:
        CaptionError: an unknown word, no digit or several, or a contradiction such as thick and
            thin.
    """
    words = split(text)
    for word in words:
        if word not in _INDEX:
            raise CaptionError(_explain_unknown(word))
    digits = {DIGITS[word] for word in words if word in DIGITS}
    if len(digits) != 1:
        found = "no digit" if not digits else " and ".join(DIGIT_WORDS[d] for d in sorted(digits))
        raise CaptionError(f"Name one digit, from zero to nine (or 0 to 9). I found {found}.")
    if len(words) > LENGTH:
        raise CaptionError(f"I read at most {LENGTH} words. Yours are {len(words)}.")
    bands = [BETWEEN] * len(ATTRIBUTES)
    for word in words:
        place, band = _STYLE.get(word, (0, BETWEEN))
        if band != BETWEEN and bands[place] == -band:
            raise CaptionError(f"{' and '.join(ATTRIBUTES[place].words)} at once? Choose one.")
        bands[place] = band or bands[place]
    return Wish(digits.pop(), tuple(bands))


def _explain_unknown(word: str) -> str:
    near = difflib.get_close_matches(word, [w for w in WORDS if len(w) > 1], n=1)
    hint = f" Did you mean “{near[0]}”?" if near else ""
    styles = ", ".join(" or ".join(words) for words in SYNONYMS.values())
    return f"I do not know “{word}”.{hint} I know zero to nine, 0 to 9, and: {styles}."


def find_place(word: str) -> int | None:
    """Which of `ATTRIBUTES` a word is about; `None` for any other word."""
    return _STYLE[word][0] if word in _STYLE else None


def encode(texts: Sequence[str]) -> np.ndarray:
    """Captions as word numbers, blanks at the end: int32, shape (n, `LENGTH`).

    Raises:
        CaptionError: see `read`.
    """
    rows = np.zeros((len(texts), LENGTH), np.int32)
    for row, text in zip(rows, texts, strict=True):
        read(text)
        numbers = [_INDEX[word] for word in split(text)]
        row[: len(numbers)] = numbers
    return rows


def decode(row: Sequence[int]) -> str:
    """A row of word numbers as text."""
    return " ".join(WORDS[index] for index in row).rstrip()


def contradict(wish: Wish, rng: np.random.Generator) -> Wish:
    """The same wish with one thing wrong: another digit, or the opposite of one style word."""
    mentioned = [place for place, band in enumerate(wish.bands) if band != BETWEEN]
    chosen = int(rng.integers(-1, len(mentioned)))
    if chosen < 0:
        return Wish(int(wish.digit + rng.integers(1, 10)) % 10, wish.bands)
    bands = list(wish.bands)
    bands[mentioned[chosen]] *= -1
    return Wish(wish.digit, tuple(bands))
