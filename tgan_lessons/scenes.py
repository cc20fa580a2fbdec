"""Scenes of many digits, where each pixel has a label, and numbers about how well it is found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tgan_lessons.data import Dataset, check_images
from tgan_lessons.runtime import check_number

BACKGROUND = 10  # the class after the digits
CLASSES = 11
SIDE = 64  # pixels of a scene
DIGIT = 28
SCRAP = 8  # pixels of a piece of ink that is no digit
INK = 0.0  # a pixel is ink where its value, in [-1, 1], is above
TRIES = 60  # places that a digit tries before it is left out

Pool = tuple[np.ndarray, np.ndarray]  # images and their class numbers


@dataclass(frozen=True, eq=False)
class Scenes:
    """Images and the class of each of their pixels.

    Attributes:
        x: float32 in [-1, 1], shape (n, side, side, 1).
        y: int32, shape (n, side, side): 0 to 9 on a digit's ink, `BACKGROUND` elsewhere.
    """

    x: np.ndarray
    y: np.ndarray

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, which: slice) -> Scenes:
        return Scenes(self.x[which], self.y[which])


def split_digits(digits: Dataset, share: float = 0.6, seed: int = 0) -> tuple[Pool, Pool]:
    """Training digits for a classifier, and others that scenes may be made of.

    Args:
        digits: the data set; its test images stay out of it.
        share: of the training images that the classifier gets.
        seed: of the split.

    Returns:
        Two pairs (images, labels) without a common image.
    """
    if not 0 < share < 1:
        raise ValueError(f"`share` must be between 0 and 1. Received: share={share}")
    order = np.random.default_rng(seed).permutation(len(digits.y_train))
    parts = np.split(order, [round(share * len(order))])
    return tuple((digits.x_train[part], digits.y_train[part]) for part in parts)


def make_scenes(
    pool: Pool,
    count: int,
    seed: int,
    *,
    digits: int = 6,
    scraps: int = 4,
    side: int = SIDE,
) -> Scenes:
    """Pastes digits, and scraps of ink that are none, at random places of black squares.

    No ink covers other ink; a digit that finds no place is left out. A scrap is a square cut out
    of a digit, as in the cluttered digits of Mnih et al. 2014, https://arxiv.org/abs/1406.6247.

    Args:
        pool: (images, labels) that digits and scraps are drawn from.
        count: how many scenes.
        seed: the same seed makes the same scenes.
        digits: in a scene, at most.
        scraps: in a scene, at most.
        side: pixels of a scene, at least 28.
    """
    x, y = pool
    check_images(x, y, classes=BACKGROUND, names=("pool[0]", "pool[1]"))
    check_number("count", count, above=0)
    check_number("side", side, above=DIGIT - 1)
    rng = np.random.default_rng(seed)
    images = np.full((count, side, side), -1, np.float32)
    labels = np.full((count, side, side), BACKGROUND, np.int32)
    for image, label in zip(images, labels, strict=True):
        for chosen in rng.integers(0, len(x), digits):
            _paste(image, label, crop(x[chosen, ..., 0]), int(y[chosen]), rng)
        for chosen in rng.integers(0, len(x), scraps):
            top, left = rng.integers(6, DIGIT - 6 - SCRAP + 1, 2)
            piece = x[chosen, top : top + SCRAP, left : left + SCRAP, 0]
            _paste(image, label, piece, BACKGROUND, rng)
    return Scenes(images[..., np.newaxis], labels)


def crop(image: np.ndarray) -> np.ndarray:
    """The smallest rectangle of an image (height, width) that holds all its ink."""
    rows, columns = (np.flatnonzero((image > -1).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return image
    return image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _paste(
    image: np.ndarray, label: np.ndarray, piece: np.ndarray, digit: int, rng: np.random.Generator
) -> None:
    """Puts `piece` where it and a pixel around it meet nothing, if such a place is found soon."""
    height, width = piece.shape
    for _ in range(TRIES):
        top = rng.integers(0, image.shape[0] - height + 1)
        left = rng.integers(0, image.shape[1] - width + 1)
        around = image[max(top - 1, 0) : top + height + 1, max(left - 1, 0) : left + width + 1]
        if (around == -1).all():
            image[top : top + height, left : left + width] = piece
            label[top : top + height, left : left + width][piece > INK] = digit
            return


def confusion(truth: np.ndarray, found: np.ndarray, classes: int = CLASSES) -> np.ndarray:
    """How many pixels of each class (row) were taken for each (column), over all scenes."""
    if truth.shape != found.shape:
        raise ValueError(
            f"`found` must have the shape of `truth`, {truth.shape}. Received: {found.shape}"
        )
    pairs = truth.ravel().astype(np.int64) * classes + found.ravel()
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def iou_per_class(truth: np.ndarray, found: np.ndarray, classes: int = CLASSES) -> np.ndarray:
    """Intersection over union of each class: pixels in both, over pixels in either.

    Args:
        truth: class numbers, any shape; the pixels of all scenes are counted together.
        found: class numbers, of the same shape.
        classes: how many there are.

    Returns:
        Shape (classes,); NaN for a class that neither map has.

    Source: Everingham et al. 2010, https://doi.org/10.1007/s11263-009-0275-4
    """
    matrix = confusion(truth, found, classes)
    both = matrix.diagonal()
    either = matrix.sum(axis=0) + matrix.sum(axis=1) - both
    return np.where(either > 0, both / np.maximum(either, 1), np.nan)


def mean_iou(truth: np.ndarray, found: np.ndarray, classes: int = CLASSES) -> float:
    """The mean over all classes that occur: every class counts alike, however few its pixels."""
    return float(np.nanmean(iou_per_class(truth, found, classes)))


def pixel_accuracy(truth: np.ndarray, found: np.ndarray) -> float:
    """The share of pixels whose class was found."""
    return float(np.mean(truth == found))
