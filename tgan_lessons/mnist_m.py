"""MNIST-M: digits blended with patches of photographs, another domain with the same labels."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tgan_lessons.data import Dataset, to_float, to_uint8

MAX_TRAIN, MAX_TEST = 10_000, 2_000  # digits that are blended at most, the first ones
STRIPS = 10  # that each photograph is cut into; every third is for testing
SIDE = 28  # pixels


def load_photos() -> list[np.ndarray]:
    """The photographs that scikit-learn ships: uint8, shape (height, width, 3) each."""
    from sklearn.datasets import load_sample_images

    return load_sample_images().images


def split_photos(photos: list[np.ndarray]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Cuts photographs into upright strips: those for training, and every third, for testing.

    Strips of both kinds alternate, so that both show the same things: the right third of a
    photograph may be nothing but sky.
    """
    train, test = [], []
    for photo in photos:
        for number, strip in enumerate(np.array_split(photo, STRIPS, axis=1)):
            (test if number % 3 == 2 else train).append(strip)
    return train, test


def crop_patches(photos: list[np.ndarray], count: int, rng: np.random.Generator) -> np.ndarray:
    """Crops `count` random patches from random photos or strips: uint8, (count, 28, 28, 3)."""
    patches = np.empty((count, SIDE, SIDE, 3), np.uint8)
    chosen = rng.integers(len(photos), size=count)
    for number, photo in enumerate(photos):
        windows = sliding_window_view(photo, (SIDE, SIDE), axis=(0, 1))  # a view, no copies
        here = np.flatnonzero(chosen == number)
        rows = rng.integers(windows.shape[0], size=len(here))
        columns = rng.integers(windows.shape[1], size=len(here))
        patches[here] = windows[rows, columns].transpose(0, 2, 3, 1)
    return patches


def _blend_part(
    images: np.ndarray, photos: list[np.ndarray], rng: np.random.Generator
) -> np.ndarray:
    digits = to_uint8(images)
    patches = crop_patches(photos, len(digits), rng)
    # |patch - digit| that stays in uint8
    return to_float(np.maximum(patches, digits) - np.minimum(patches, digits))


def blend(digits: Dataset, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Blends digits with photographs: |patch - digit| in each channel.

    Where the digit is black the patch shows, where it is white the patch is inverted.

    Args:
        digits: images of shape (n, 28, 28, 1). The first 10,000 training and the first 2,000
            test images are used, in their order.
        seed: chooses the patches.

    Returns:
        x_train, y_train, x_test and y_test; x is float32 in [-1, 1], shape (n, 28, 28, 3).

    Raises:
        ValueError: where the images have another shape.

    Source: Ganin & Lempitsky 2015, https://arxiv.org/abs/1409.7495, with scikit-learn's two
    sample photographs in place of BSDS500.
    """
    shape = digits.x_train.shape[1:]
    if not shape == digits.x_test.shape[1:] == (SIDE, SIDE, 1):
        raise ValueError(
            f"`digits` must hold images of shape (n, 28, 28, 1). Received: "
            f"x_train.shape={digits.x_train.shape}, x_test.shape={digits.x_test.shape}"
        )
    for_training, for_testing = split_photos(load_photos())
    train_rng, test_rng = np.random.default_rng(seed).spawn(2)
    return (
        _blend_part(digits.x_train[:MAX_TRAIN], for_training, train_rng),
        digits.y_train[:MAX_TRAIN],
        _blend_part(digits.x_test[:MAX_TEST], for_testing, test_rng),
        digits.y_test[:MAX_TEST],
    )
