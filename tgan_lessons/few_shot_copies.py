"""Did it copy? Distances to the images that a generator learned from, and a fair coin to compare.

Source: Meehan, Chaudhuri & Dasgupta 2020 (data-copying), https://arxiv.org/abs/2004.05675
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tgan_lessons.data import sample_per_class

DRAWS = 20  # of unseen images: with a few of them one draw is luck


class Nearest(NamedTuple):
    """For each image the nearest other one: its index, and how far it is in pixel values."""

    index: np.ndarray
    distance: np.ndarray


def find_nearest(images: np.ndarray, others: np.ndarray) -> Nearest:
    """Finds for each image the nearest of `others`, by the Euclidean distance of all pixels.

    Args:
        images: shape (n, ...).
        others: shape (m, ...), m ≥ 1.
    """
    from scipy.spatial.distance import cdist

    if not len(others) or images.shape[1:] != others.shape[1:]:
        raise ValueError(
            "`others` must be one or more images of the shape of `images`. "
            f"Received: {others.shape} and {images.shape}"
        )
    apart = cdist(images.reshape(len(images), -1), others.reshape(len(others), -1))
    return Nearest(apart.argmin(axis=1), apart.min(axis=1))


def copying_share(
    images: np.ndarray, learned: np.ndarray, unseen: tuple[np.ndarray, np.ndarray], per_class: int
) -> float:
    """How often the nearest image is one that was learned, not one of as many unseen ones.

    A generator that knows what letters look like and remembers none is as near to the ones as to
    the others: ½. One that repeats what it saw: 1. Blur, which lowers all distances, cancels.

    Args:
        images: generated ones, shape (n, ...).
        learned: what the generator saw, `per_class` of each class.
        unseen: images and labels of the same classes, at least `per_class` of each.
        per_class: how many of each class were learned.

    Returns:
        The share, a mean over `DRAWS` draws of the unseen.
    """
    near = find_nearest(images, learned).distance
    shares = []
    for seed in range(DRAWS):
        fresh, _ = sample_per_class(*unseen, per_class, seed)
        far = find_nearest(images, fresh).distance
        shares.append(np.mean(near < far) + np.mean(near == far) / 2)
    return float(np.mean(shares))
