"""One move on several devices: each sees its part of the batch, all make the same step.

A `tf.distribute.MirroredStrategy` keeps a copy of every variable on each device. Here what the
devices found is brought together, so that the copies stay equal and the step is the whole batch's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tgan_lessons.players import Player

Tensor = Any
Pairs = Sequence[tuple[keras.Variable, Tensor]]  # what becomes of variables
APART = 7919  # between the seeds of two devices


def is_one_of_many() -> bool:
    """Whether this code is one device's part of a step of several."""
    return tf.distribute.has_strategy() and not tf.distribute.in_cross_replica_context()


def own_chance(states: Sequence[keras.Variable]) -> list[tuple[keras.Variable, Tensor]]:
    """States of random generators for this device; the first device's are those of one alone."""
    return [(state, state.value + _shift(state)) for state in states]


def _shift(state: keras.Variable) -> Tensor:
    number = tf.distribute.get_replica_context().replica_id_in_sync_group
    return tf.cast(tf.stack([APART * number, 0]), state.value.dtype)


def mean(
    found: tuple[Tensor, Sequence[Tensor], Pairs], batch: Any
) -> tuple[Tensor, list[Tensor], Pairs]:
    """The means of loss, gradients and statistics over all devices.

    Each device counts as much as it has samples. So a loss that is a mean over the samples comes
    out as that of the whole batch, where the parts differ in size too.
    """
    loss, gradients, statistics = found
    samples = tf.shape(tf.nest.flatten(batch)[0])[0]
    weighted = []
    for value in (loss, *gradients, *(value for _, value in statistics)):
        value = tf.convert_to_tensor(value)  # gradients of embeddings are sparse
        # without samples a mean is 0 / 0, and counts nothing
        weighted.append(tf.math.multiply_no_nan(value, tf.cast(samples, value.dtype)))
    context = tf.distribute.get_replica_context()
    total = context.all_reduce(tf.distribute.ReduceOp.SUM, tf.cast(samples, tf.float32))
    sums = context.all_reduce(tf.distribute.ReduceOp.SUM, weighted)
    loss, *means = (value / tf.cast(total, value.dtype) for value in sums)
    count = len(gradients)
    pairs = zip([variable for variable, _ in statistics], means[count:], strict=True)
    return loss, means[:count], list(pairs)


def step_together(
    steps: Sequence[tuple[Player, Sequence[Tensor], Pairs]], goes_on: Tensor, chance: Pairs
) -> None:
    """All devices make the same step, or none does.

    Args:
        steps: of each mover the player, its gradients and statistics: from `mean`.
        goes_on: whether to make it.
        chance: states of the random generators; these move on anyway.
    """
    chance = [(state, value - _shift(state)) for state, value in chance]
    context = tf.distribute.get_replica_context()
    is_first = tf.equal(context.replica_id_in_sync_group, 0)
    # Keras's optimizers add up what the devices give them, and all have the mean already
    gradients = [[g * tf.cast(is_first, g.dtype) for g in gradients] for _, gradients, _ in steps]
    statistics = [pair for *_, pairs in steps for pair in pairs]

    def apply(*gradients: Sequence[Tensor]) -> None:
        for (player, *_), own in zip(steps, gradients, strict=True):
            player.optimizer.apply(own, player.variables)

    def together(strategy: Any, goes_on: Any, gradients: Any, states: Any, values: Any) -> None:
        def adopt(pairs: Pairs, values: Sequence[Any]) -> None:
            for (variable, _), value in zip(pairs, values, strict=True):
                variable.assign(strategy.experimental_local_results(value)[0])

        def go() -> Tensor:
            strategy.extended.call_for_each_replica(apply, args=gradients)
            adopt(statistics, values)
            return tf.constant(True)

        adopt(chance, states)
        tf.cond(strategy.experimental_local_results(goes_on)[0], go, lambda: tf.constant(False))

    # the condition stands where all devices are one: inside of one it could not wait for others
    states, values = ([value for _, value in pairs] for pairs in (chance, statistics))
    context.merge_call(together, args=(goes_on, gradients, states, values))
