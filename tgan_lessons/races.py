"""Networks that race: the same labels, the same batches, equally many steps. No widgets here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tgan_lessons import models, transfer
from tgan_lessons.data import Dataset, sample_per_class
from tgan_lessons.pieces import held_back, traced
from tgan_lessons.runtime import check_number, choose

if TYPE_CHECKING:
    import keras

HELD_OUT = 10  # test images of each class that a race is measured on
SHIFT = 1000  # of seeds: no new head may be the one that a source was trained with
Tensor = Any


@dataclass(frozen=True, eq=False)
class Contestant:
    """How one network of a race begins, and how it learns.

    Attributes:
        start: a trained backbone, copied; `None` for new weights.
        frozen_blocks: how many blocks of its backbone stay as they are.
        learning_rate: of Adam.
    """

    start: keras.Model | None = None
    frozen_blocks: int = 0
    learning_rate: float = 1e-3


class Runner:
    """A network with its optimizer and its compiled training; serves in many races.

    Args:
        build: returns a new classifier for a seed.
        frozen_blocks: of its backbone; Keras reads it once, when training is traced.
    """

    def __init__(self, build: Callable[[int], keras.Model], frozen_blocks: int) -> None:
        import keras
        import tensorflow as tf

        self.model = build(0)
        transfer.freeze_blocks(self.model.get_layer("backbone"), frozen_blocks)
        self.optimizer = keras.optimizers.Adam()
        self.optimizer.build(self.model.trainable_variables)
        images = tf.TensorSpec([None, *self.model.input_shape[1:]])
        spec = [images, tf.TensorSpec([None], tf.int32), tf.TensorSpec([None, None], tf.int32)]
        self._keep = tf.function(self._train, spec), tf.function(self._look, [images])
        with held_back():
            self.train, self.look = (each.get_concrete_function() for each in self._keep)

    def _train(self, x: Tensor, y: Tensor, batches: Tensor) -> Tensor:
        """A step for each row of `batches`; returns whether all weights are finite."""
        import keras
        import tensorflow as tf

        loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        weights = self.model.trainable_variables
        for chosen in batches:
            with tf.GradientTape() as tape:
                logits = self.model(tf.gather(x, chosen), training=True)
                loss = loss_of(tf.gather(y, chosen), logits)
            self.optimizer.apply(tape.gradient(loss, weights), weights)
        finite = [tf.reduce_all(tf.math.is_finite(weight)) for weight in self.model.weights]
        return tf.reduce_all(tf.stack(finite))

    def _look(self, x: Tensor) -> Tensor:
        return self.model(x, training=False)

    def place(self, fresh: keras.Model, contestant: Contestant) -> None:
        """Puts it at a start: the weights of `fresh`, or the contestant's on top of its head."""
        for variable, new in zip(self.model.variables, fresh.variables, strict=True):
            variable.assign(new)
        if contestant.start is not None:
            transfer.copy_weights(contestant.start, self.model.get_layer("backbone"))
        self._start = [(variable, variable.numpy()) for variable in self.model.variables]
        self.optimizer.learning_rate = contestant.learning_rate

    def reset(self) -> None:
        """Back to the last start, without moments; the learning rate stays."""
        for variable, value in self._start:
            variable.assign(value)
        for variable in self.optimizer.variables:
            if variable is not self.optimizer.learning_rate:
                variable.assign(np.zeros(variable.shape))


class Race:
    """Networks that learn from the same few labels, step by step, and are tested alike.

    All of them train in one compiled call. So they take equally many steps, on the same batches.

    Args:
        contestants: by name.
        build: returns a new classifier (`models.build_classifier`) for a seed.
        target: what they learn; labels are drawn from its training images.
        per_class: labels of each class.
        seed: of the labels drawn, the new weights (the heads are all equal) and the batches.
        held_out: test images of each class that accuracy is measured on, the same in every race.

    Attributes:
        x: the labelled images.
        y: their class numbers.
        steps: taken so far, by each network.
        history: (steps, accuracy by name) of each measurement; NaN where weights are not finite.
    """

    def __init__(
        self,
        contestants: Mapping[str, Contestant],
        build: Callable[[int], keras.Model],
        target: Dataset,
        *,
        per_class: int = 5,
        seed: int = 0,
        held_out: int = HELD_OUT,
    ) -> None:
        most = int(np.bincount(target.y_test)[np.unique(target.y_test)].min())
        x, y = target.x_test, target.y_test
        self.held_out = sample_per_class(x, y, min(held_out, most), seed=0)
        self.target, self._build = target, build
        self._runners: dict[tuple[str, int], Runner] = {}
        self._loops: dict[tuple[Runner, ...], Callable[..., list[Tensor]]] = {}
        self.enter(contestants, per_class=per_class, seed=seed)

    def enter(
        self, contestants: Mapping[str, Contestant], *, per_class: int, seed: int = 0
    ) -> None:
        """A new race; a name that raced before at this freezing depth is not traced again.

        Raises:
            ValueError: no contestants, a freezing depth that the backbone does not have, a rate
                that is not positive, more labels than the data has. The race before goes on.
        """
        if not contestants:
            raise ValueError("`contestants` must name at least one network. Received: none")
        for contestant in contestants.values():
            check_number("learning_rate", contestant.learning_rate, above=0.0)
        x, y = self.target.x_train, self.target.y_train
        labelled = sample_per_class(x, y, per_class, seed)
        self.runners = {name: self._find_runner(name, c) for name, c in contestants.items()}
        (self.x, self.y), self.per_class, self.seed = labelled, per_class, seed
        fresh = self._build(seed + SHIFT)  # the same new weights for all
        for name, runner in self.runners.items():
            runner.place(fresh, contestants[name])
        self._prepare()
        self.reset()

    def _find_runner(self, name: str, contestant: Contestant) -> Runner:
        key = (name, contestant.frozen_blocks)
        if key not in self._runners:
            self._runners[key] = Runner(self._build, contestant.frozen_blocks)
        return self._runners[key]

    def _prepare(self) -> None:
        """One call that trains all of them: together they use the processor better than in turn."""
        import tensorflow as tf

        self._pool = tf.constant(self.x), tf.constant(self.y.astype(np.int32))
        runners = tuple(self.runners.values())
        if runners not in self._loops:
            spec = runners[0].train.structured_input_signature[0]

            def train(*arguments: Tensor) -> list[Tensor]:
                return [runner.train(*arguments) for runner in runners]

            self._loops[runners] = traced(tf.function(train, spec, autograph=False))
        self._loop = self._loops[runners]

    def reset(self) -> None:
        """Back to the start of this race, with the learning rates as they are."""
        for runner in self.runners.values():
            runner.reset()
        self._rng = np.random.default_rng(self.seed)
        self._queue = np.empty(0, np.int32)
        self.steps, self.history = 0, []
        self._read: dict[str, np.ndarray | None] = {}  # classes, as read at the last measurement

    def set_rate(self, name: str, learning_rate: float) -> None:
        """Changes a network's learning rate; acts at the next step."""
        choose("name", name, tuple(self.runners))
        check_number("learning_rate", learning_rate, above=0.0)
        self.runners[name].optimizer.learning_rate = learning_rate

    def rate(self, name: str) -> float:
        """A network's learning rate now."""
        return float(self.runners[name].optimizer.learning_rate)

    def _draw_batches(self, steps: int) -> np.ndarray:
        """Indices (steps, batch size) of the next batches: the labels in a new order, again."""
        size = min(transfer.BATCH_SIZE, len(self.y))
        while len(self._queue) < steps * size:
            again = self._rng.permutation(len(self.y)).astype(np.int32)
            self._queue = np.concatenate([self._queue, again])
        drawn, self._queue = np.split(self._queue, [steps * size])
        return drawn.reshape(steps, size)

    def advance(self, steps: int = 1) -> None:
        """Trains each network by `steps` steps.

        Raises:
            FloatingPointError: the weights of one are not finite any more; it says whose.
        """
        finite = self._loop(*self._pool, self._draw_batches(steps))
        self.steps += steps
        lost = [name for name, good in zip(self.runners, finite, strict=True) if not good]
        if lost:
            told = " and ".join(f"{name} (learning rate {self.rate(name):.2g})" for name in lost)
            raise FloatingPointError(f"{told} left the numbers. Lower the rate and reset.")

    def measure(self) -> dict[str, float]:
        """Tests all networks on the held-out images, adds that to `history`, and returns it."""
        x, y = self.held_out
        scores = {}
        for name, runner in self.runners.items():
            logits = runner.look(x).numpy()
            finite = bool(np.isfinite(logits).all())
            self._read[name] = logits.argmax(axis=1) if finite else None
            scores[name] = float(np.mean(self._read[name] == y)) if finite else float("nan")
        self.history.append((self.steps, scores))
        return scores

    def accuracies(self) -> dict[str, float]:
        """The share of held-out images that each network reads correctly now."""
        if self.history and self.history[-1][0] == self.steps:
            return self.history[-1][1]
        return self.measure()

    def confusions(self, name: str) -> np.ndarray:
        """How often each class (row) was read as each (column), at the last measurement.

        All zero where the network's weights are not finite.
        """
        choose("name", name, tuple(self.runners))
        if not self.history:
            self.measure()
        matrix = np.zeros((len(self.target.class_names),) * 2, int)
        if self._read[name] is not None:
            np.add.at(matrix, (self.held_out[1], self._read[name]), 1)
        return matrix


def rebuild(backbone: keras.Model, seed: int) -> keras.Model:
    """A backbone of `models.build_backbone` like this one, with new weights."""
    import keras

    kinds = (keras.layers.Conv2D, keras.layers.Dense, keras.layers.BatchNormalization)
    convs, dense, norms = ([x for x in backbone.layers if isinstance(x, kind)] for kind in kinds)
    return models.build_backbone(
        [layer.filters for layer in convs],
        hidden=dense[0].units if dense else None,
        input_shape=backbone.input_shape[1:],
        momentum=norms[0].momentum,
        seed=seed,
    )
