"""The checks of the exercises of lesson 06: they test behaviour, never text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tgan_lessons.checks import Unfinished, call, exercise, expect

FINE, STILL, SHARED, LOST = (
    "healthy",
    "D never learns",
    "D learns in G's turn",
    "not a number",
)


@exercise("06.1", "Named variables: no switch to forget, nothing to trace at the wrong time.")
def check_g_turn(g_turn: Callable[[Any, Any, Any, Any], object]) -> None:
    """Tests a step of G: (generator, discriminator, optimizer, noise), nothing returned."""
    import keras
    import tensorflow as tf

    from tgan_lessons import gan_models

    g, d = gan_models.build_mlp_generator(2, (16,)), gan_models.build_mlp_discriminator((16,))
    optimizer = keras.optimizers.SGD(0.05)
    noise = tf.constant(np.random.default_rng(0).normal(size=(64, 2)).astype(np.float32))
    before = [[part.copy() for part in network.get_weights()] for network in (g, d)]
    scored = float(tf.reduce_mean(d(g(noise, training=False), training=False)))
    try:
        g_turn(g, d, optimizer, noise)
    except (TypeError, ValueError, AttributeError) as error:
        if "ellipsis" in str(error).lower():
            raise Unfinished from None
        raise
    far = [
        max(float(np.abs(a - b).max()) for a, b in zip(old, network.get_weights(), strict=True))
        for old, network in zip(before, (g, d), strict=True)
    ]
    expect(d.trainable, "Leave `trainable` alone: it is read when a step is traced, once.")
    expect(far[1] == 0, f"D moved by {far[1]:.2g} in G's turn. Whose variables does the step take?")
    expect(far[0] > 0, "G did not move.")
    rose = float(tf.reduce_mean(d(g(noise, training=False), training=False))) - scored
    expect(rose > 0, f"D's mean score of the fakes changed by {rose:.2g}. G wants it to rise.")


@exercise("06.2", "One number for each sample, evenly from 0 to 1: a place on the line.")
def check_alpha(draw: Callable[[int, np.random.Generator], np.ndarray]) -> None:
    """Tests α for the gradient penalty of n images (n, height, width, channels)."""
    from scipy.stats import kstest

    answer = np.asarray(call(draw, 4000, np.random.default_rng(0)), float)
    expect(
        answer.shape == (4000, 1, 1, 1),
        "One α for each image, spread over its pixels: shape (n, 1, 1, 1). "
        f"Yours is {answer.shape}.",
    )
    outside = float(np.mean((answer < 0) | (answer > 1)))
    expect(outside == 0, f"{outside:.0%} of yours lie outside [0, 1]: beyond real and fake.")
    expect(np.ptp(answer) > 0, "All images got the same α.")
    even = kstest(answer.ravel(), "uniform").pvalue
    expect(even > 1e-4, "All places on the line should be equally likely. Yours are not.")
    again = np.asarray(draw(4000, np.random.default_rng(1)), float)
    expect(not np.array_equal(answer, again), "Draw from `rng`: yours are the same each time.")


@exercise("06.3", "A D of one line cannot live on the range any more.")
def check_same_range(same_range: Callable[[np.ndarray, np.ndarray], bool]) -> None:
    """Tests whether real samples and fakes may come from one range, by their pixels."""
    rng = np.random.default_rng(0)
    in_01, in_11 = rng.uniform(0, 1, (50, 8, 8, 1)), rng.uniform(-1, 1, (50, 8, 8, 1))
    digits = np.where(rng.uniform(size=(50, 8, 8, 1)) > 0.8, 1.0, -1.0)
    told = "data in [0, 1], fakes in [-1, 1]: that is two ranges"
    pairs = (
        (in_01, in_11, False, told),
        (in_11, in_01, False, "data in [-1, 1], fakes in [0, 1]: that is two ranges, too"),
        (255 * in_01, in_11, False, "data up to 255, fakes up to 1: that is two ranges"),
        (in_11, in_11[::-1], True, "both fill [-1, 1]: that is one range"),
        (digits, np.tanh(3 * in_11), True, "the same range; that the means differ is G's business"),
        (digits, 0.95 * in_11, True, "fakes reach ±0.95, data ±1: near enough to be one range"),
    )
    for real, fake, right, hint in pairs:
        answer = call(same_range, real.copy(), fake.copy())
        expect(isinstance(answer, bool | np.bool_), "Return True or False.")
        expect(bool(answer) == right, f"{hint}. You said {bool(answer)}.")


@exercise("06.4", "Four numbers a round, and no loss was needed.")
def check_diagnose(diagnose: Callable[[np.ndarray, np.ndarray], str]) -> None:
    """Tests the reading of two curves: how far D went in its own turn and in G's, both (n,)."""
    rng = np.random.default_rng(0)
    steps, zeros = rng.uniform(0.02, 0.1, 30), np.zeros(30)
    small = 1e-6 * steps
    lost = np.where(np.arange(30) < 3, steps, np.nan)
    for own, other, right, told in (
        (steps, zeros, FINE, "D moves in its own turn only"),
        (small, zeros, FINE, "small steps are steps; only 0.0 is none"),
        (zeros, zeros, STILL, "D goes 0.0 in its own turn"),
        (steps, steps, SHARED, "D moves in G's turn"),
        (steps, small, SHARED, "D moves in G's turn, a little"),
        (zeros, steps, SHARED, "D moves in G's turn, and only there"),
        (lost, lost, LOST, "from round 4 on the curves hold NaN"),
    ):
        answer = call(diagnose, own.copy(), other.copy())
        names = ", ".join(f'"{name}"' for name in (FINE, STILL, SHARED, LOST))
        expect(answer in (FINE, STILL, SHARED, LOST), f"Return one of {names}.")
        expect(answer == right, f'{told}: that is "{right}". You said "{answer}".')
