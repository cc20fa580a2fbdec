"""The checks of the exercises of lesson 05: they test behaviour, never text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tgan_lessons.checks import Unfinished, call, exercise, expect


@exercise("05.1", "Every step of the walk is as long as its ends: noise as G knows it.")
def check_slerp(slerp: Callable[[np.ndarray, np.ndarray, float], np.ndarray]) -> None:
    """Tests (a, b, t) → a point on the arc from a to b."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 16))
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    start, middle, end = (np.asarray(call(slerp, a.copy(), b.copy(), t)) for t in (0.0, 0.5, 1.0))
    expect(middle.shape == a.shape, f"Return a vector of shape {a.shape}, not {middle.shape}.")
    expect(np.allclose(start, a) and np.allclose(end, b), "t = 0 must give a, and t = 1 give b.")
    length = float(np.linalg.norm(middle))
    expect(
        abs(length - 1) < 1e-6,
        f"Both ends have length 1, your middle {length:.2f}: that is the straight line, or the "
        "angle is not the one between a and b.",
    )
    quarter = np.asarray(slerp(a.copy(), b.copy(), 0.25))
    angle = np.arccos(np.clip([a @ quarter, a @ b], -1, 1))
    expect(abs(angle[0] - angle[1] / 4) < 1e-6, "At t = ¼ a quarter of the angle should be done.")
    long = np.asarray(slerp(3 * a, 3 * b, 0.5))
    expect(
        abs(np.linalg.norm(long) - 3) < 1e-6,
        "Longer vectors: the angle comes from their *directions*, so divide by the lengths first.",
    )


@exercise("05.2", "Another game, the same engine: only the losses differ.")
def check_least_squares(losses: Callable[[Any, Any], dict[str, Any]]) -> None:
    """Tests (real scores, fake scores) → the losses of D and G in the least-squares game."""
    import tensorflow as tf

    real, fake = tf.constant([[2.0], [0.0], [1.0]]), tf.constant([[1.0], [-2.0], [0.5]])
    answer = call(losses, real, fake)
    expect(isinstance(answer, dict) and set(answer) == {"D", "G"}, 'Return {"D": …, "G": …}.')
    if any(value is ... or value is None for value in answer.values()):
        raise Unfinished
    for name, value in answer.items():
        expect(np.ndim(value) == 0, f"The loss of {name} should be one number: take the mean.")
    loss_d, loss_g = float(answer["D"]), float(answer["G"])
    # ½(1 + 1 + 0)/3 + ½(1 + 4 + 0.25)/3, and ½(0 + 9 + 0.25)/3
    expect(abs(loss_d - 1.208333) < 1e-4, f"For the test scores L_D is 1.2083; yours {loss_d:.4f}.")
    expect(abs(loss_g - 1.541667) < 1e-4, f"For the test scores L_G is 1.5417; yours {loss_g:.4f}.")
    with tf.GradientTape() as tape:
        tape.watch(fake)
        loss = losses(real, fake)["G"]
    slope = tape.gradient(loss, fake)
    expect(slope is not None, "G must be able to learn: use operations of Keras or TensorFlow.")


@exercise("05.3", "Now put a few fakes beside their nearest real digits, and look.")
def check_nearest(nearest: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> None:
    """Tests (fakes, reals) → for each fake the index of the nearest real image."""
    rng = np.random.default_rng(1)
    reals = rng.uniform(-1, 1, (30, 28, 28, 1)).astype(np.float32)
    wanted = np.array([7, 0, 29, 7])
    fakes = (reals[wanted] + rng.normal(0, 0.1, (4, 28, 28, 1))).astype(np.float32)
    answer = np.asarray(call(nearest, fakes.copy(), reals.copy()))
    expect(answer.shape == (4,), f"Four fakes, four numbers: shape (4,), not {answer.shape}.")
    expect(np.all(answer == wanted), "Some fakes have a nearer real image than the one you found.")
