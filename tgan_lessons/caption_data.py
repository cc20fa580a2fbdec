"""Digits with captions that are true of them and captions that are not, and a test of obedience."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons import attributes, captions
from tgan_lessons.attributes import ATTRIBUTES, BETWEEN
from tgan_lessons.captions import Wish
from tgan_lessons.restyle import restyle

if TYPE_CHECKING:
    from tgan_lessons.judge import Judge

MENTIONED = 0.7  # chance that a caption says what there is to say of an attribute
# One combination of each digit that no image and no caption of the training shows
HELD_OUT = tuple(
    captions.read(text)
    for text in (
        *("thin slanted 0", "thick upright 1", "slanted large 2", "thin small 3", "thick small 4"),
        *("upright small 5", "thin large 6", "thick slanted 7", "upright large 8"),
        "slanted small 9",
    )
)


@dataclass(frozen=True, eq=False)
class Pairs:
    """Images and what is said of them.

    Attributes:
        images: shape (n, 28, 28, 1), float32 in [-1, 1].
        digits: shape (n,).
        bands: measured, see `attributes.find_bands`, shape (n, 3).
        texts: a true caption of each.
        wrong: a caption of each with one thing wrong.
    """

    images: np.ndarray
    digits: np.ndarray
    bands: np.ndarray
    texts: tuple[str, ...]
    wrong: tuple[str, ...]

    def feed(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(images, captions, wrong captions), the captions as word numbers, for a game."""
        return self.images, captions.encode(self.texts), captions.encode(self.wrong)


def is_held_out(digit: int, bands: Sequence[int], held_out: Sequence[Wish] = HELD_OUT) -> bool:
    """Whether an image of this kind shows a combination that is kept from the training."""
    return any(wish.is_true(digit, bands) for wish in held_out)


def make_pairs(
    x: np.ndarray,
    y: np.ndarray,
    copies: int = 1,
    *,
    held_out: Sequence[Wish] = HELD_OUT,
    seed: int = 0,
) -> Pairs:
    """Restyles each digit several times, measures what came out, and writes captions.

    Args:
        x: digits, shape (n, 28, 28, 1).
        y: which digits, shape (n,).
        copies: restyled versions of each.
        held_out: combinations of which no image and no caption is kept.
        seed: of styles and words.
    """
    images = np.concatenate([restyle(x, seed=1000 * seed + copy) for copy in range(copies)])
    digits = np.tile(y, copies)
    bands = attributes.find_bands(attributes.measure(images))
    kinds = zip(digits, bands, strict=True)
    keep = np.array([not is_held_out(int(d), b, held_out) for d, b in kinds])
    images, digits, bands = images[keep], digits[keep], bands[keep]
    rng = np.random.default_rng(seed)
    said = np.where(rng.uniform(size=bands.shape) < MENTIONED, bands, BETWEEN)
    wishes = [Wish(int(d), tuple(map(int, b))) for d, b in zip(digits, said, strict=True)]
    wrong = [_contradict(wish, held_out, rng) for wish in wishes]
    texts, lies = (tuple(captions.write(w, rng) for w in group) for group in (wishes, wrong))
    return Pairs(images, digits, bands, texts, lies)


def _contradict(wish: Wish, held_out: Sequence[Wish], rng: np.random.Generator) -> Wish:
    """A wrong caption that shows no held-out combination either."""
    while is_held_out((wrong := captions.contradict(wish, rng)).digit, wrong.bands, held_out):
        pass
    return wrong


def draw_wishes(count: int, seed: int = 0, held_out: Sequence[Wish] = HELD_OUT) -> list[Wish]:
    """Wishes of all digits in turn, each attribute mentioned or not, none of them held out."""
    rng = np.random.default_rng(seed)
    wishes: list[Wish] = []
    while len(wishes) < count:
        wish = Wish(len(wishes) % 10, tuple(map(int, rng.integers(-1, 2, len(ATTRIBUTES)))))
        if not is_held_out(wish.digit, wish.bands, held_out):
            wishes.append(wish)
    return wishes


@dataclass(frozen=True, eq=False)
class Obedience:
    """Whether images show what was asked for.

    Attributes:
        digit: what the judge reads is the digit asked for, shape (n,).
        style: each attribute lies in the band asked for, shape (n, 3); true where not asked.
        asked: which attributes were asked for, shape (n, 3).
    """

    digit: np.ndarray
    style: np.ndarray
    asked: np.ndarray

    @property
    def everything(self) -> np.ndarray:
        """Digit and all that was mentioned, shape (n,)."""
        return self.digit & self.style.all(axis=1)

    def shares(self) -> dict[str, float]:
        """The share obeyed of the digits, and of each attribute among those that asked for it."""
        found = {"digit": float(self.digit.mean())}
        for place, attribute in enumerate(ATTRIBUTES):
            asked = self.asked[:, place]
            found[attribute.name] = (
                float(self.style[asked, place].mean()) if asked.any() else np.nan
            )
        return found


def check(images: np.ndarray, wishes: Sequence[Wish], eye: Judge) -> Obedience:
    """Looks whether each image shows its wish: the digit by the judge, the style by measuring."""
    digits = np.array([wish.digit for wish in wishes])
    bands = np.array([wish.bands for wish in wishes]).reshape(len(wishes), len(ATTRIBUTES))
    found = attributes.find_bands(attributes.measure(images))
    asked = bands != BETWEEN
    return Obedience(eye.classify(images) == digits, ~asked | (found == bands), asked)


def measure_spread(images: np.ndarray, digits: np.ndarray) -> dict[str, float]:
    """How much images of the same digit differ: each attribute's standard deviation.

    Args:
        images: shape (n, 28, 28, 1), at least two of each digit.
        digits: shape (n,).

    Returns:
        By attribute, the mean over the digits.
    """
    values = attributes.measure(images)
    spreads = np.mean([values[digits == d].std(axis=0) for d in np.unique(digits)], axis=0)
    return dict(zip((a.name for a in ATTRIBUTES), map(float, spreads), strict=True))


def count_words(texts: Sequence[str], found: Obedience) -> dict[str, tuple[int, int]]:
    """For each style word, and for digits in words and in numerals: (obeyed, asked).

    Args:
        texts: the captions as they were said.
        found: of their images.
    """
    counts = {word: [0, 0] for group in captions.SYNONYMS.values() for word in group}
    counts |= {"digit in words": [0, 0], "digit as numeral": [0, 0]}
    for row, text in enumerate(texts):
        for word in captions.split(text):
            place = captions.find_place(word)
            if place is not None:
                _add(counts[word], found.style[row, place])
            elif word in captions.DIGITS:
                kind = "digit as numeral" if word.isdigit() else "digit in words"
                _add(counts[kind], found.digit[row])
    return {word: (obeyed, asked) for word, (obeyed, asked) in counts.items() if asked}


def _add(count: list[int], obeyed: bool) -> None:
    count[0] += int(obeyed)
    count[1] += 1
