"""Many small networks that learn side by side in one compiled call, each as if it were alone.

Every array has one more axis in front, the network's. So a layer of all networks is one product of
matrices, and five seeds of four methods cost little more than a few networks in turn. How much a
layer may learn is a number for each network, its learning rate; 0 is a frozen layer.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tgan_lessons import resume
from tgan_lessons.data import check_labels
from tgan_lessons.pieces import Pieces, traced
from tgan_lessons.small_nets import (
    LAYERS,
    SIDE,
    Plan,
    Tensor,
    Weights,
    first_windows,
    forward,
    forward_windows,
)

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7  # Adam's, as in Keras
CHUNK = 64  # images that are looked at together
WINDOW = 9  # pixels that a filter of the first layer sees


class Ensemble:
    """Networks that train together; none of them knows of the others.

    Args:
        plan: their shape.
        weights: their weights at the start, from `new_weights` or `transplant`; copied.

    Attributes:
        weights: as they are now.
        steps: taken so far.
    """

    def __init__(self, plan: Plan, weights: Weights) -> None:
        received = [np.shape(array)[1:] for array in weights[::2]]
        if received != plan.shapes():
            raise ValueError(
                f"`weights` must have kernels of shapes {plan.shapes()}. Received: {received}"
            )
        self.plan, self.count, self.steps = plan, len(weights[0]), 0
        self.weights, self._pieces = [np.array(array, np.float32) for array in weights], Pieces()
        self._moments = [np.zeros_like(array) for _ in range(2) for array in weights]

    def train(
        self,
        x: np.ndarray,
        y: np.ndarray,
        batches: np.ndarray,
        rates: np.ndarray | float,
        *,
        pace: np.ndarray | None = None,
        shares: np.ndarray | None = None,
        anchors: Weights | None = None,
        pull: np.ndarray | float = 0.0,
    ) -> np.ndarray:
        """Takes a step of Adam for each row of `batches`.

        An interrupt is heard within about a second, and leaves the networks as they were before.

        Args:
            x: images (n, 14, 14, 1), the pool of all networks.
            y: their classes (n,).
            batches: rows of the pool, shape (steps, networks, batch size).
            rates: learning rates, (networks, layers) or what broadcasts to it; 0 freezes.
            pace: factors of all rates, (steps,); by default 1.
            shares: what each place of a batch counts in the loss, (networks, batch size); by
                default 1 over the batch size: the mean.
            anchors: weights that a penalty pulls toward; by default zeros.
            pull: α of the penalty α/2 |w - anchor|², (networks, layers) or a number.

        Returns:
            The losses without penalty, (steps, networks).

        Raises:
            ValueError: batches or rates for another number of networks, a negative rate.
            FloatingPointError: weights are not finite any more; it says in which networks.
        """
        count, size, y = self.count, np.shape(batches)[-1], check_labels(y, len(x))
        if np.ndim(batches) != 3 or np.shape(batches)[1] != count or not np.size(batches):
            raise ValueError(
                f"`batches` must have shape (steps, {count}, size), steps ≥ 1. "
                f"Received: {np.shape(batches)}"
            )
        if batches.size < len(x):  # a few steps in a lab: no need to prepare the whole pool
            rows, inverse = np.unique(batches, return_inverse=True)
            x, y, batches = x[rows], y[rows], inverse.reshape(batches.shape)
        rates = self._by_layer("rates", rates)
        pull = self._by_layer("pull", pull)
        pace = np.ones(len(batches)) if pace is None else pace
        shares = np.full((count, size), 1 / size) if shares is None else shares
        anchors = [np.zeros_like(array) for array in self.weights] if anchors is None else anchors
        rates, pace, shares, pull = (np.asarray(a, np.float32) for a in (rates, pace, shares, pull))
        pool = (first_windows(np.float32(x)[np.newaxis])[0], y.astype(np.int32))
        batches = batches.astype(np.int32)
        given = (*pool, batches, rates, pace, shares, pull, anchors)
        if self._pieces.expected(len(batches)) < resume.LEAST:
            resume.skip()
            learned = self._learn(*given)
        else:
            start = (repr(self.plan), self.weights, self._moments, self.steps)
            learned = resume.recall(lambda: self._learn(*given), start, given)
        new, done, half = list(learned.values()), self.steps + len(batches), len(self.weights)
        # an interrupt leaves the networks as they were: none is heard between these
        self.weights, self._moments, self.steps = new[1 : half + 1], new[half + 1 :], done
        self._check_finite()
        return new[0]

    def _learn(
        self, windows: np.ndarray, y: np.ndarray, batches: np.ndarray, rates: np.ndarray,
        pace: np.ndarray, *penalty: Any,
    ) -> dict[str, np.ndarray]:  # fmt: skip
        """The losses, weights and moments after a step for each row of `batches`."""
        weights, moments, losses, done = self.weights, self._moments, [], 0
        for count in self._pieces.counts(len(batches)):
            state, now = (weights, moments, np.int32(self.steps + done)), slice(done, done + count)
            given = (windows, y, batches[now], rates, pace[now], *penalty)
            weights, moments, lost = _compiled(self.plan)[0](*state, *given)
            losses.append(lost.numpy())
            done += count
        arrays = [np.concatenate(losses), *(array.numpy() for array in (*weights, *moments))]
        return {f"{i:03d}": array for i, array in enumerate(arrays)}

    def _by_layer(self, name: str, numbers: np.ndarray | float) -> np.ndarray:
        try:
            array = np.broadcast_to(np.asarray(numbers, np.float32), (self.count, len(LAYERS)))
        except ValueError:
            array = np.full(1, -1.0)
        if not (array >= 0).all():
            raise ValueError(
                f"`{name}` must hold numbers from 0 for {self.count} networks and {len(LAYERS)} "
                f"layers. Received: shape {np.shape(numbers)}, least {np.min(numbers):g}"
            )
        return array

    def _check_finite(self) -> None:
        good = np.all([np.isfinite(array).all(axis=(1, 2)) for array in self.weights], axis=0)
        if not good.all():
            raise FloatingPointError(
                f"networks {np.flatnonzero(~good).tolist()} left the numbers. Lower their rates."
            )

    def look(self, x: np.ndarray, layer: str = "head") -> np.ndarray:
        """What a layer of each network makes of images: (networks, n, …); see `forward`."""
        index, see = LAYERS.index(layer), _compiled(self.plan)[1]
        chunks = [x[np.newaxis, i : i + CHUNK] for i in range(0, len(x), CHUNK)]
        return np.concatenate([see(self.weights, part)[index].numpy() for part in chunks], axis=1)

    def read(self, x: np.ndarray, task: int) -> np.ndarray:
        """The class of a task that each network takes each image for: (networks, n)."""
        classes = np.flatnonzero(np.array(self.plan.groups) == task)
        return classes[self.look(x)[:, :, classes].argmax(axis=2)]

    def accuracy(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The share of images of one task that each network reads correctly: (networks,)."""
        y = check_labels(y, len(x), classes=len(self.plan.groups))
        return (self.read(x, self.plan.groups[y[0]]) == y).mean(axis=1)


@functools.cache
def _compiled(plan: Plan) -> tuple[Any, Any]:
    """Training and looking, traced once for all ensembles of a plan, of whatever size."""
    import tensorflow as tf

    real, whole = tf.float32, tf.int32
    stacks = []
    for inputs, units in plan.shapes():
        stacks += [tf.TensorSpec((None, inputs, units)), tf.TensorSpec((None, 1, units))]
    batches = tf.TensorSpec((None, None, None), whole)
    pairs = tf.TensorSpec((None, None), real)
    signature = [stacks, [*stacks, *stacks], tf.TensorSpec((), whole)]
    signature += [tf.TensorSpec((None, None, WINDOW)), tf.TensorSpec((None,), whole), batches]
    signature += [pairs, tf.TensorSpec((None,), real), pairs, pairs, stacks]
    train = tf.function(functools.partial(_train, plan), signature)
    see = tf.function(forward, [stacks, tf.TensorSpec((1, None, SIDE, SIDE, 1))])
    return traced(train), traced(see)


def _train(
    plan: Plan, weights: Weights, moments: Weights, steps: Tensor, windows: Tensor, y: Tensor,
    batches: Tensor, rates: Tensor, pace: Tensor, shares: Tensor, pull: Tensor, anchors: Weights,
) -> tuple[Weights, Weights, Tensor]:  # fmt: skip
    import tensorflow as tf

    rivals = tf.constant(np.equal.outer(plan.groups, plan.groups))  # classes of the same task
    losses = tf.TensorArray(tf.float32, tf.shape(batches)[0])
    for i in tf.range(tf.shape(batches)[0]):
        chosen = batches[i]
        labels = tf.gather(y, chosen)
        with tf.GradientTape() as tape:
            tape.watch(weights)
            logits = forward_windows(weights, tf.gather(windows, chosen))[-1]
            logits = tf.where(tf.gather(rivals, labels), logits, -1e9)
            each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            loss = tf.reduce_sum(shares * each, axis=1)
        gradients = tape.gradient(loss, weights)  # of the sum: no network is in another's loss
        losses = losses.write(i, loss)
        steps += 1
        weights, moments = _adam(weights, moments, gradients, steps, pace[i] * rates, pull, anchors)
    return weights, moments, losses.stack()


def _adam(
    weights: Weights, moments: Weights, gradients: Weights, steps: Tensor, rates: Tensor,
    pull: Tensor, anchors: Weights,
) -> tuple[Weights, Weights]:  # fmt: skip
    """One step. Source: Kingma & Ba 2015, https://arxiv.org/abs/1412.6980."""
    import tensorflow as tf

    t = tf.cast(steps, tf.float32)
    bias = tf.sqrt(1 - BETA_2**t) / (1 - BETA_1**t)
    new, means, squares = [], [], []
    for i, (w, g) in enumerate(zip(weights, gradients, strict=True)):
        rate, alpha = (each[:, i // 2, tf.newaxis, tf.newaxis] for each in (rates, pull))
        g += alpha * (w - anchors[i])
        means.append(BETA_1 * moments[i] + (1 - BETA_1) * g)
        squares.append(BETA_2 * moments[len(weights) + i] + (1 - BETA_2) * tf.square(g))
        new.append(w - rate * bias * means[i] / (tf.sqrt(squares[i]) + EPSILON))
    return new, [*means, *squares]
