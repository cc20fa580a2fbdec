"""A giant to stand on: MobileNetV2 with ImageNet's weights, or a small one that we train."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from tgan_lessons import cache, fetch, models, pieces, resume, transfer
from tgan_lessons.data import Dataset
from tgan_lessons.files import is_damage
from tgan_lessons.giant_models import ALPHA, ROWS, build_mobilenet, build_own, norms, stages
from tgan_lessons.runtime import announce

if TYPE_CHECKING:
    import keras

WEIGHTS = f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{ALPHA}_{ROWS}_no_top.h5"
ADDRESS = f"https://storage.googleapis.com/tensorflow/keras-applications/mobilenet_v2/{WEIGHTS}"
AT_ONCE = 128  # images in a forward pass: enlarged ones need room
OWN = "We train a giant of our own, and every step below runs on that one."


@dataclass(frozen=True, eq=False)
class Giant:
    """A trained backbone, and where its weights came from.

    Attributes:
        backbone: images (n, 28, 28, 3) in [-1, 1] to features (n, d).
        story: for a person to read.
        is_imagenet: whether it learned from ImageNet.
    """

    backbone: keras.Model
    story: str
    is_imagenet: bool

    def __repr__(self) -> str:
        weights = sum(int(np.prod(weight.shape)) for weight in self.backbone.weights)
        return (
            f"{self.story}\n{weights:,} weights, {len(norms(self.backbone))} batch normalisations, "
            f"{len(stages(self.backbone))} stages, {self.backbone.output_shape[-1]} features"
        )


def weights_path() -> Path:
    """Where ImageNet's weights are kept: a teacher copies this file to every machine."""
    return cache.cache_dir() / "models" / WEIGHTS


def weights_state() -> tuple[Literal["ok", "damaged", "unreadable", "absent"], str]:
    """Reads the file of ImageNet's weights completely; see `doctor.cache_state`."""
    import h5py

    path = weights_path()
    if not os.path.exists(path):
        return (
            "absent",
            "downloaded by lesson 03 (2 MB); without a network a giant of our own serves",
        )
    arrays: list[np.ndarray] = []
    try:
        with h5py.File(path) as file:
            file.visititems(
                lambda _, item: arrays.append(item[()]) if hasattr(item, "shape") else None
            )
    except Exception as error:  # a file from outside can be wrong in every way
        state = "damaged" if is_damage(error) else "unreadable"
        return state, (str(error).splitlines() or [type(error).__name__])[0]
    if not arrays or not all(np.isfinite(array).all() for array in arrays):
        return "damaged", "it holds no finite weights"
    return "ok", f"{len(arrays)} arrays of weights, {path.stat().st_size / 1e6:.1f} MB"


def load_imagenet(*, ask: bool = True) -> Giant | None:
    """MobileNetV2 with ImageNet's weights, from the data folder or the network; says which.

    Never waits for a silent network longer than `fetch.PATIENCE` seconds, nor for a download that
    stands still longer than `fetch.STALL` or takes longer than `fetch.LONGEST`.

    Args:
        ask: whether the network may be asked.

    Returns:
        The giant; `None`, after a line in plain sight, where the weights cannot be had.
    """
    path = weights_path()
    if not os.path.exists(path):
        path = _download(path) if ask else None
    if path is None:
        where = "" if ask else f"No ImageNet weights in the data folder ({WEIGHTS}). "
        announce(f"{where}{OWN}")
        return None
    backbone = build_mobilenet()
    try:
        backbone.load_weights(path)
        if not all(np.isfinite(weight).all() for weight in backbone.get_weights()):
            raise ValueError("weights that are not finite")
    except Exception as error:  # a file from outside can be wrong in every way
        cache.set_aside(path, (str(error).splitlines() or [type(error).__name__])[0][:80])
        announce(OWN)
        return None
    announce("ImageNet's weights are here: every step below runs on MobileNetV2.")
    return Giant(backbone, "MobileNetV2, trained on 1.3 million photographs of ImageNet", True)


def _download(path: Path) -> Path | None:
    """Asks for ImageNet's weights; says that it asks, and what came of it."""
    host = ADDRESS.split("/")[2]
    announce(
        f"Asking {host} for ImageNet's weights (2 MB); "
        f"waiting at most {fetch.PATIENCE:g} s for an answer …"
    )
    if not fetch.reachable(ADDRESS):
        announce(f"No network to {host}: no ImageNet today.")
        return None
    import keras

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, ignore_cleanup_errors=True) as folder:
            place = {"cache_dir": folder, "cache_subdir": "whole"}  # Keras writes as it downloads
            got = fetch.in_time(lambda: keras.utils.get_file(WEIGHTS, ADDRESS, **place))
            return Path(got).replace(path)
    except Exception as error:  # a download can fail in every way; each is told
        announce(f"Could not download ImageNet's weights ({error}).")
        return None


def train_own(
    task: Dataset,
    *,
    steps: int,
    backbone: keras.Model | None = None,
    rate: float = 4e-3,
    seed: int = 0,
) -> Giant:
    """Trains a small MobileNetV2; says how well it reads its own task.

    Args:
        task: colour images (n, 28, 28, 3), as many classes as possible.
        steps: batches of 64.
        backbone: what to train; by default a new one of `giant_models.build_own`.
        rate: Adam's learning rate at the start; it falls along a cosine.
        seed: of weights and batches.
    """
    import keras

    backbone = build_own(seed=seed) if backbone is None else backbone
    model = models.build_classifier(backbone, len(task.class_names), seed=seed)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps)), loss)
    shown = transfer.batches(task.x_train, task.y_train, steps=steps, seed=seed, batch_size=64)
    resume.recall_variables(
        model.variables,
        lambda: pieces.fit(model, shown, shuffle=False, verbose=0),
        *(task.x_train, task.y_train, steps, rate, seed),
    )
    read = transfer.accuracy(model, task.x_test, task.y_test)
    announce(f"Our giant reads {read:.1%} of its own test images, {len(task.class_names)} classes.")
    return Giant(backbone, f"A small MobileNetV2 of our own, trained on {task.source}", False)


def features(backbone: keras.Model, x: np.ndarray) -> np.ndarray:
    """What a frozen backbone makes of images, in inference mode: (n, d)."""
    return transfer.evaluate(backbone, x, batch_size=AT_ONCE)
