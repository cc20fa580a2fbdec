"""Half precision: each player's loss is scaled up, so that small gradients are not rounded to 0.

Keras's `LossScaleOptimizer` does it, one for each player with a scale of its own: where a gradient
overflows, it halves the scale and this move is skipped. mixed_bfloat16 needs none of this.

Source: Micikevicius et al. 2018, https://arxiv.org/abs/1710.03740
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import keras
import tensorflow as tf

from tgan_lessons.players import Player

Tensor = Any


def with_scaling(players: Sequence[Player]) -> tuple[Player, ...]:
    """The players, with scaled losses where a layer of anybody's network is of mixed_float16.

    Gradients of one run through the networks of others. An optimizer that scales already is kept.
    """
    layers = [layer for p in players for n in p.networks for layer in n._flatten_layers()]
    if not any(layer.dtype_policy.name == "mixed_float16" for layer in layers):
        return tuple(players)
    return tuple(replace(player, optimizer=_scaled(player.optimizer)) for player in players)


def _scaled(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    wrapper = keras.optimizers.LossScaleOptimizer
    return optimizer if isinstance(optimizer, wrapper) else wrapper(optimizer)


def measure(
    gradients: Sequence[Tensor], optimizer: keras.optimizers.Optimizer
) -> tuple[Tensor, Tensor | None]:
    """The norm of a player's gradient, and whether its optimizer will skip it.

    A gradient of a loss that was scaled up and is not finite is an overflow: it is skipped, and its
    norm counts as 0. Where the scale has come down to 1, it is the game that has diverged.

    Args:
        gradients: of the scaled loss.
        optimizer: the player's, which scaled it.

    Returns:
        The norm without scale, and a boolean; `None` where nothing is ever skipped.
    """
    gradients = [tf.cast(gradient, tf.float32) for gradient in gradients]
    if not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        fixed = optimizer.loss_scale_factor
        gradients = gradients if fixed is None else [g / fixed for g in gradients]
        return tf.linalg.global_norm(gradients), None
    scale = optimizer.dynamic_scale.value
    norm = tf.linalg.global_norm([gradient / scale for gradient in gradients])
    is_finite = [tf.reduce_all(tf.math.is_finite(g)) for g in map(tf.convert_to_tensor, gradients)]
    skipped = ~tf.reduce_all(is_finite) & (scale > 1)
    return tf.where(skipped, 0.0, norm), skipped
