"""The trap of the frozen backbone: what batch normalisation changes while no weight moves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons import giants, transfer
from tgan_lessons.data import Dataset, check_labels, sample_per_class
from tgan_lessons.giant_models import copy_of, norms
from tgan_lessons.models import check_model
from tgan_lessons.runtime import check_whole, choose

if TYPE_CHECKING:
    import keras

FREEZING = ("nothing", "all but the head", "the normalisations", "kept from the optimizer")
CALLS = ("put together, training=False", "own call, training=False", "own call, training=True")


@dataclass(frozen=True)
class Outcome:
    """What one training step did, and what the network does afterwards.

    Attributes:
        freezing: what was frozen, one of `FREEZING`: the first three by `trainable = False`, the
            last by giving the optimizer the head's weights only.
        call: how the backbone was called, one of `CALLS`.
        learns_by_batch: whether in training an image's answer depends on its neighbours.
        predicts_by_batch: the same in inference.
        statistics_moved: whether a moving mean or variance changed in the step.
        weights_moved: whether any other value of the backbone did.
    """

    freezing: str
    call: str
    learns_by_batch: bool
    predicts_by_batch: bool
    statistics_moved: bool
    weights_moved: bool


def try_all(backbone: keras.Model, x: np.ndarray, y: np.ndarray, classes: int) -> list[Outcome]:
    """Tries every way to freeze with every way to call; one training step each, measured.

    Args:
        backbone: a giant's; it stays as it is.
        x: a batch of images, at least two.
        y: their class numbers.
        classes: how many there are.
    """
    twin = copy_of(backbone)
    return [try_out(twin, *pair, x, y, classes) for pair in product(FREEZING, CALLS)]


def try_out(
    backbone: keras.Model, freezing: str, call: str, x: np.ndarray, y: np.ndarray, classes: int
) -> Outcome:
    """Takes one training step under a new head, as `fit` does, and puts the backbone back.

    Args:
        backbone: a giant's.
        freezing: one of `FREEZING`.
        call: one of `CALLS`.
        x: a batch of images, at least two.
        y: their class numbers.
        classes: how many there are.
    """
    choose("freezing", freezing, FREEZING)
    y = check_labels(y, len(x), classes=classes)
    _freeze(backbone, freezing)
    model = build_on(backbone, call, classes)
    keep = freezing == FREEZING[3]
    learning = model.layers[-1].trainable_variables if keep else model.trainable_variables
    before = backbone.get_weights()
    by_batch = [_asks_the_neighbours(model, x, training) for training in (True, False)]
    _learn(model, learning, x, y)
    moved = [bool(np.any(a != b)) for a, b in zip(before, backbone.get_weights(), strict=True)]
    kinds = ["moving" in weight.path for weight in backbone.weights]
    statistics = any(m for m, is_moving in zip(moved, kinds, strict=True) if is_moving)
    weights = any(m for m, is_moving in zip(moved, kinds, strict=True) if not is_moving)
    backbone.set_weights(before)
    return Outcome(freezing, call, *by_batch, statistics, weights)


def _freeze(backbone: keras.Model, freezing: str) -> None:
    for layer in backbone.layers:  # one by one: `backbone.trainable = True` may not reach them
        layer.trainable = freezing != FREEZING[1]
    if freezing == FREEZING[2]:
        for layer in norms(backbone):
            layer.trainable = False


def build_on(backbone: keras.Model, call: str, classes: int) -> keras.Model:
    """Puts a new head on a backbone, which is shared and called as `call` says.

    *Put together* is a functional model of Keras: `head(backbone(images, training=False))`, as the
    Keras guide has it. *Own call* is a model with a `call` of its own, in which the same is said.
    """
    choose("call", call, CALLS)
    classes = check_whole("classes", classes)
    check_model("backbone", backbone)
    import keras

    head = keras.layers.Dense(classes, name="head")
    if call == CALLS[0]:
        images = keras.Input(backbone.input_shape[1:])
        return keras.Model(images, head(backbone(images, training=False)))
    said = call == CALLS[2]

    class OwnCall(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.backbone, self.head = backbone, head

        def call(self, x: object, training: bool | None = None) -> object:
            return self.head(self.backbone(x, training=said))

    model = OwnCall()
    model(keras.Input(backbone.input_shape[1:]))  # builds it without a step
    return model


def _learn(
    model: keras.Model, learning: Sequence[keras.Variable], x: np.ndarray, y: np.ndarray
) -> None:
    """One step of gradient descent; `training=True` is what `fit` says to a model."""
    import keras
    import tensorflow as tf

    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        loss = keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True)
    slopes = tape.gradient(loss, learning)
    for weight, slope in zip(learning, slopes, strict=True):
        weight.assign_sub(0.1 * slope)


def _asks_the_neighbours(model: keras.Model, x: np.ndarray, training: bool) -> bool:
    """Whether the answer for the first image changes where the others are inverted."""
    other = np.concatenate([x[:1], -x[1:]])
    state = [variable.numpy() for variable in model.variables]
    answers = []
    for batch in (x, other):
        answers.append(model(batch, training=training).numpy()[0])
        for variable, value in zip(model.variables, state, strict=True):
            variable.assign(value)
    return not np.allclose(*answers, rtol=1e-3, atol=1e-4)


def print_outcomes(outcomes: Iterable[Outcome]) -> None:
    """Prints a table: a row per outcome."""
    print(_line(("frozen", "the backbone is", "learns by", "predicts by", "statistics", "weights")))
    for o in outcomes:
        flags = (o.learns_by_batch, o.predicts_by_batch)
        by = ["the batch" if flag else "memory" for flag in flags]
        moved = ["MOVE" if flag else "stay" for flag in (o.statistics_moved, o.weights_moved)]
        print(_line((o.freezing, o.call, *by, *moved)))


def _line(cells: Sequence[str]) -> str:
    widths = (25, 31, 11, 13, 12, 7)
    return "".join(f"{c:<{w}}" for c, w in zip(cells, widths, strict=True)).rstrip()


class Colleague:
    """Somebody else's head on the same backbone: fitted once, never touched again.

    Args:
        backbone: a giant's, as it was when the colleague trained.
        task: the colleague's.
        per_class: labels of each class that the head was fitted to.
        tested: test images at most.
        seed: of the labels.
    """

    def __init__(
        self,
        backbone: keras.Model,
        task: Dataset,
        *,
        per_class: int = 20,
        tested: int = 600,
        seed: int = 0,
    ) -> None:
        x, y = sample_per_class(task.x_train, task.y_train, per_class, seed)
        self.x, self.y = task.x_test[:tested], task.y_test[:tested]
        self.linear = transfer.fit_linear(giants.features(backbone, x), y, strength=0.03)

    def score(self, backbone: keras.Model) -> float:
        """The share of the colleague's test images that the old head still reads correctly."""
        return transfer.score_linear(self.linear, giants.features(backbone, self.x), self.y)


def forgotten(momentum: float, steps: int) -> float:
    """Which share of the old moving statistics is gone after so many steps: 1 - momentum^steps."""
    return 1.0 - momentum**steps


def momentum_of(backbone: keras.Model) -> float:
    """The momentum of a backbone's first normalisation."""
    return float(norms(backbone)[0].momentum)
