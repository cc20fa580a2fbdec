"""A head that learns on a giant: each stage held or free, and `training` said at each step."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tgan_lessons import giants, resume, transfer
from tgan_lessons.data import check_images, check_labels
from tgan_lessons.giant_models import check_top, copy_of, norms, stages
from tgan_lessons.pieces import traced
from tgan_lessons.runtime import check_number, choose

if TYPE_CHECKING:
    import keras

ORDERS = ("mixed", "class by class")
EPSILON = 1e-3  # of the normalisations, as in Keras
Tensor = Any


class Tuning:
    """A head, and as much of a backbone as is wanted, learn a task step by step.

    The backbone is a copy. Its stages are held by not being told to the optimizer, which is how a
    loop of one's own freezes; `training` is said at each call. So both can be set apart.

    Args:
        backbone: a giant's.
        classes: of the task.

    Attributes:
        model: backbone and head.
        steps: taken since the last start.
    """

    def __init__(self, backbone: keras.Model, classes: int) -> None:
        import keras

        self.backbone = copy_of(backbone)
        self.backbone.trainable = True
        images = keras.Input(backbone.input_shape[1:])
        self.head = keras.layers.Dense(classes, name="head")
        self.model = keras.Model(images, self.head(self.backbone(images)), name="tuned")
        self._weights = self.backbone.trainable_variables
        self._stage_of = self._number_weights()
        self._optimizers = [keras.optimizers.Adam(), keras.optimizers.Adam()]
        for optimizer, weights in zip(self._optimizers, self._groups(), strict=True):
            optimizer.build(weights)
        self._first = self.backbone.get_weights()
        self._first_weights = [weight.numpy() for weight in self._weights]
        self._first_norms = self._read_norms()
        self._loops: dict[tuple[bool, bool], Callable[..., None]] = {}

    def _groups(self) -> tuple[list[keras.Variable], list[keras.Variable]]:
        return self.head.trainable_variables, self._weights

    def _number_weights(self) -> np.ndarray:
        """The stage of each weight of the backbone."""
        numbers = {}
        for number, layers in enumerate(stages(self.backbone).values()):
            numbers |= {id(w): number for layer in layers for w in layer.trainable_variables}
        return np.array([numbers[id(weight)] for weight in self._weights])

    def start(
        self,
        x: np.ndarray,
        y: np.ndarray,
        *,
        linear: object = None,
        fresh: keras.Model | None = None,
        seed: int = 0,
    ) -> None:
        """Back to the giant's weights and statistics, with a head and labels to learn from.

        Args:
            x: images, shape (n, height, width, channels).
            y: class numbers, shape (n,).
            linear: what `transfer.fit_linear` found on the giant's features, for the head; by
                default the head begins at zero.
            fresh: a network of the same shapes to take weights from instead, for training from
                scratch.
            seed: of the batches.
        """
        y = check_labels(y)
        check_images(x, y, classes=self.head.units)
        self.backbone.set_weights(fresh.get_weights() if fresh is not None else self._first)
        self.head.set_weights([np.zeros(w.shape) for w in self.head.weights])
        if linear is not None:
            transfer.set_head(self.model, linear)
        for optimizer in self._optimizers:
            for variable in optimizer.variables:
                variable.assign(np.zeros(variable.shape, variable.dtype))
        self.x, self.y = x, y.astype(np.int32)
        self._rng, self._queue, self.steps = np.random.default_rng(seed), np.empty(0, np.int32), 0

    def advance(
        self,
        steps: int,
        *,
        training: bool,
        top: int = 0,
        rate: float = 1e-3,
        top_rate: float = 1e-4,
        batch_size: int = transfer.BATCH_SIZE,
        order: str = "mixed",
    ) -> None:
        """Trains by `steps` steps.

        Args:
            steps: batches to learn from.
            training: what the backbone is told: whether it normalises by the batch.
            top: how many of its last stages learn; 0 for the head alone.
            rate: Adam's learning rate of the head.
            top_rate: of the stages.
            batch_size: images in a batch, at most.
            order: `"mixed"`, or `"class by class"` as files in folders are.

        Raises:
            FloatingPointError: the weights are not finite any more.
        """
        check_top(top, int(self._stage_of.max()) + 1)
        check_number("rate", rate, above=0.0)
        check_number("top_rate", top_rate, above=0.0)
        loop = self._find_loop(bool(training), top > 0)
        held = self._stage_of <= self._stage_of.max() - top
        batches = self._draw(steps, batch_size, order)
        for optimizer, value in zip(self._optimizers, (rate, top_rate), strict=True):
            optimizer.learning_rate = value
        resume.recall_variables(
            [*self.model.variables, *(v for o in self._optimizers for v in o.variables)],
            lambda: loop(self.x, self.y, batches, held),
            *(self.x, self.y, batches, held, bool(training)),
        )
        self.steps += steps
        if not all(np.isfinite(weight.numpy()).all() for part in self._groups() for weight in part):
            raise FloatingPointError("the weights left the numbers. Lower the rate and reset.")

    def _draw(self, steps: int, batch_size: int, order: str) -> np.ndarray:
        """Indices (steps, batch size) of the next batches."""
        choose("order", order, ORDERS)
        size = min(batch_size, len(self.y))
        while len(self._queue) < steps * size:
            again = self._rng.permutation(len(self.y)).astype(np.int32)
            if order != ORDERS[0]:
                again = again[np.argsort(self.y[again], kind="stable")]
            self._queue = np.concatenate([self._queue, again])
        drawn, self._queue = np.split(self._queue, [steps * size])
        return drawn.reshape(steps, size)

    def _find_loop(self, training: bool, learns: bool) -> Callable[..., None]:
        """The compiled training of a flag; traced when it is first asked for."""
        if (training, learns) not in self._loops:
            import tensorflow as tf

            def run(x: Tensor, y: Tensor, batches: Tensor, held: Tensor) -> None:
                for chosen in batches:
                    images, labels = tf.gather(x, chosen), tf.gather(y, chosen)
                    self._step(images, labels, held, training=training, learns=learns)

            kinds = (tf.float32, tf.int32, tf.int32, tf.bool)
            shapes = ([None, *self.backbone.input_shape[1:]], [None], [None, None], [None])
            spec = [tf.TensorSpec(s, k) for s, k in zip(shapes, kinds, strict=True)]
            self._loops[training, learns] = traced(tf.function(run, spec))
        return self._loops[training, learns]

    def _step(self, x: Tensor, y: Tensor, held: Tensor, *, training: bool, learns: bool) -> None:
        """One step of gradient descent; what is held is put back bit for bit."""
        import keras
        import tensorflow as tf

        loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        head, weights = self._groups()
        learning = [*head, *weights] if learns else head
        with tf.GradientTape() as tape:
            features = self.backbone(x, training=training)  # the word that this is all about
            loss = loss_of(y, self.head(features))
        gradients = tape.gradient(loss, learning)
        self._optimizers[0].apply(gradients[: len(head)], head)
        if learns:
            before = [tf.identity(weight) for weight in weights]
            self._optimizers[1].apply(gradients[len(head) :], weights)
            for index, (weight, old) in enumerate(zip(weights, before, strict=True)):
                weight.assign(tf.where(held[index], old, weight))

    # What it has become

    def score(self, x: np.ndarray, y: np.ndarray) -> float:
        """The share of images read correctly, in inference mode."""
        features = giants.features(self.backbone, x)
        kernel, bias = self.head.get_weights()
        return float(np.mean((features @ kernel + bias).argmax(axis=1) == check_labels(y, len(x))))

    def moved(self) -> float:
        """The largest change of any weight of the backbone since the start; statistics aside."""
        pairs = zip(self._weights, self._first_weights, strict=True)
        return max(float(np.abs(now.numpy() - first).max()) for now, first in pairs)

    def drift(self) -> float:
        """How far the memory of the normalisations has gone, the mean over all channels.

        For a channel √(Δμ² + Δσ²) / σ: the 2-Wasserstein distance of the remembered distribution
        from the giant's, both as Gaussians, in the giant's standard deviations.
        """
        return float(np.concatenate(self._far()).mean())

    def _far(self) -> list[np.ndarray]:
        far = []
        for (m, v), (m0, v0) in zip(self._read_norms(), self._first_norms, strict=True):
            s, s0 = np.sqrt(v + EPSILON), np.sqrt(v0 + EPSILON)
            far.append(np.hypot(m - m0, s - s0) / s0)
        return far

    def _read_norms(self) -> list[tuple[np.ndarray, np.ndarray]]:
        layers = norms(self.backbone)
        return [(n.moving_mean.numpy(), n.moving_variance.numpy()) for n in layers]

    def by_stage(self) -> dict[str, tuple[float, float]]:
        """For each stage how far its memory has gone, and its weights, as a share."""
        far = dict(zip([n.name for n in norms(self.backbone)], self._far(), strict=True))
        changed: dict[int, list[float]] = {}
        pairs = zip(self._weights, self._first_weights, self._stage_of, strict=True)
        for weight, first, stage in pairs:
            share = np.abs(weight.numpy() - first).mean() / (np.abs(first).mean() + 1e-6)
            changed.setdefault(int(stage), []).append(float(share))
        told = {}
        for number, (name, layers) in enumerate(stages(self.backbone).items()):
            gone = [far[layer.name].mean() for layer in layers if layer.name in far]
            told[name] = float(np.mean(gone)), float(np.mean(changed[number]))
        return told
