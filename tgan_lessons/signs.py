"""Three tasks that share one backbone: characters over a photograph, and letters on pages.

The photograph is one of those that scikit-learn ships. Training and test patches come from
different parts of it.
"""

from __future__ import annotations

import numpy as np

from tgan_lessons import mnist_m
from tgan_lessons.data import Dataset

TARGET_LETTERS = "ABDEFGHMNQRT"  # never among the source's classes
PAPER = (0.95, 0.9, 0.8)  # red, green, blue, from -1 to 1
PENS = ((-0.8, -0.7, 0.2), (-0.8, -0.8, -0.8), (0.3, -0.8, -0.7))  # blue, black, red


def write_over(images: np.ndarray, photos: list[np.ndarray], seed: int) -> np.ndarray:
    """Writes each character over a random patch of a photograph: |patch - ink|.

    Args:
        images: float32 in [-1, 1], shape (n, 28, 28, 1); ink is white.
        photos: uint8, shape (height, width, 3) each, or parts of one.
        seed: of the patches.

    Returns:
        float32 in [-1, 1], shape (n, 28, 28, 3). Where there is ink, the photograph is inverted.

    Source: Ganin & Lempitsky 2015, https://arxiv.org/abs/1409.7495
    """
    patches = mnist_m.crop_patches(photos, len(images), np.random.default_rng(seed))
    ink = (images + 1.0) * 127.5
    return (np.abs(patches - ink) / 127.5 - 1.0).astype(np.float32)


def write_on(images: np.ndarray, seed: int) -> np.ndarray:
    """Writes each character on a page, with a blue, a black or a red pen.

    Args:
        images: float32 in [-1, 1], shape (n, 28, 28, 1); ink is white.
        seed: of the pens, and of the light on each page.

    Returns:
        float32 in [-1, 1], shape (n, 28, 28, 3).
    """
    rng = np.random.default_rng(seed)
    light = rng.uniform(0.8, 1.0, (len(images), 1, 1, 1))
    pens = np.array(PENS)[rng.integers(len(PENS), size=len(images))][:, None, None]
    ink = (images + 1.0) / 2
    colors = np.array(PAPER) * (1 - ink) + pens * ink
    return (light * (colors + 1) - 1).astype(np.float32)


def _over_temple(parts: Dataset, seed: int, source: str) -> Dataset:
    """A data set with training and test images over different parts of the photograph."""
    train, test = mnist_m.split_photos(mnist_m.load_photos()[:1])
    return Dataset(
        x_train=write_over(parts.x_train, train, seed),
        y_train=parts.y_train,
        x_test=write_over(parts.x_test, test, seed + 1),
        y_test=parts.y_test,
        class_names=parts.class_names,
        source=f"{source}, over the photograph of a temple",
        stand_in=parts.stand_in,
    )


def pick_classes(characters: Dataset, names: str) -> Dataset:
    """The images of some classes only, numbered anew in the order of `names`.

    Raises:
        ValueError: a class that the data does not have, or one named twice.
    """
    missing = [name for name in names if name not in characters.class_names]
    if missing or not names or len(set(names)) != len(names):
        raise ValueError(
            f"`names` must be different classes of the data: {''.join(characters.class_names)}. "
            f"Received: names={names!r}"
        )
    numbers = [characters.class_names.index(name) for name in names]
    parts = {}
    for part in ("train", "test"):
        x, y = getattr(characters, f"x_{part}"), getattr(characters, f"y_{part}")
        keep = np.isin(y, numbers)
        order = np.full(len(characters.class_names), -1, np.int32)
        order[numbers] = np.arange(len(numbers))
        parts |= {f"x_{part}": x[keep], f"y_{part}": order[y[keep]]}
    told = {"source": characters.source, "stand_in": characters.stand_in}
    return Dataset(**parts, class_names=tuple(names), **told)


def _some(x: np.ndarray, y: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """At most so many images, drawn at random; the files may be sorted by class."""
    rows = np.random.default_rng(0).permutation(len(x))[:most]
    return x[rows], y[rows]


def make_target(letters: Dataset, names: str = TARGET_LETTERS) -> Dataset:
    """Our task: twelve letters on pages.

    Args:
        letters: of `data.load_emnist("letters")`.
        names: which of them.
    """
    few = pick_classes(letters, names)
    return Dataset(
        x_train=write_on(few.x_train, 2),
        y_train=few.y_train,
        x_test=write_on(few.x_test, 3),
        y_test=few.y_test,
        class_names=few.class_names,
        source=f"{letters.source}, with a pen on a page",
        stand_in=letters.stand_in,
    )


def make_colleague(digits: Dataset, most: int = 600) -> Dataset:
    """A colleague's task: digits over a temple.

    Args:
        digits: of `data.load_mnist`.
        most: test images at most.
    """
    part = Dataset(
        *_some(digits.x_train, digits.y_train, 10 * most),
        *_some(digits.x_test, digits.y_test, most),
        digits.class_names,
        digits.source,
        digits.stand_in,
    )
    return _over_temple(part, 4, digits.source)


def make_source(digits: Dataset, letters: Dataset, most: int = 4000) -> Dataset:
    """What a giant of our own learns: digits and all letters that are not ours, over a temple.

    Args:
        digits: of `data.load_mnist`.
        letters: of `data.load_emnist("letters")`.
        most: digits at most, so that a full MNIST does not outnumber the letters by far.
    """
    others = "".join(name for name in letters.class_names if name not in TARGET_LETTERS)
    rest = pick_classes(letters, others)
    joined = {}
    for part in ("train", "test"):
        x, y = _some(getattr(digits, f"x_{part}"), getattr(digits, f"y_{part}"), most)
        joined[f"x_{part}"] = np.concatenate([x, getattr(rest, f"x_{part}")])
        joined[f"y_{part}"] = np.concatenate([y, getattr(rest, f"y_{part}") + np.int32(10)])
    names = (*digits.class_names, *rest.class_names)
    told = f"{digits.source}; {letters.source}"
    both = Dataset(**joined, class_names=names, source=told, stand_in=letters.stand_in)
    return _over_temple(both, 0, f"digits and {len(others)} other letters")
