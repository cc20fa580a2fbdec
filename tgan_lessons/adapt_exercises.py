"""The checks of the exercises of lesson 10: they test behaviour, never text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tgan_lessons.checks import call, exercise, expect


@exercise("10.1", "From 0, steeply, and never quite to 1.")
def check_schedule(grow: Callable[[Any, float], Any]) -> None:
    """Tests (progress, γ) → λ."""
    zero, one = (float(np.asarray(call(grow, p, 10.0))) for p in (0.0, 1.0))
    expect(abs(zero - 0.5) > 1e-6, "λ(0) is ½: that is the sigmoid. Stretch it by 2, move it by 1.")
    expect(abs(zero) < 1e-9, f"λ(0) must be 0; yours is {zero:g}.")
    expect(one > 0, "It falls. Mind the sign in the exponent.")
    expect(abs(one - np.tanh(5)) < 1e-6, f"λ(1) must be {np.tanh(5):.5f} for γ = 10, not {one:g}.")
    gentle = float(np.asarray(grow(0.5, 2.0)))
    expect(abs(gentle - np.tanh(0.5)) < 1e-6, "Right for γ = 10 only: use the argument gamma.")
    p = np.linspace(0, 1, 5)
    many = np.asarray(grow(p, 4.0), float)
    expect(
        many.shape == p.shape and np.allclose(many, np.tanh(2 * p)),
        "For an array it must give an array: np.exp, not math.exp.",
    )


@exercise("10.2", "One line, and any network plays against its own features.")
def check_reversal(reverse: Callable[[Any, float], Any]) -> None:
    """Tests (features, λ) → the same values with the gradient times -λ."""
    import tensorflow as tf

    values = np.array([[0.5, -1.0, 2.0]], np.float32)
    for weight in (1.0, 0.3, 0.0):
        x = tf.Variable(values)
        with tf.GradientTape() as tape:
            answer = call(reverse, tf.convert_to_tensor(x), weight)
            expect(hasattr(answer, "shape"), "Return a tensor.")
            loss = tf.reduce_sum(tf.convert_to_tensor(answer) ** 2)
        shape = tuple(answer.shape)
        expect(shape == values.shape, f"Keep the shape {values.shape}; yours is {shape}.")
        expect(
            np.allclose(answer, values, atol=1e-6),
            f"Going forward nothing may change. For λ = {weight:g} your values are others: "
            "add something whose value is 0 but whose gradient is not.",
        )
        slope = tape.gradient(loss, x)
        got = np.zeros_like(values) if slope is None else np.asarray(slope)
        _check_slope(got, 2 * values, weight)


def _check_slope(got: np.ndarray, plain: np.ndarray, weight: float) -> None:
    expect(
        weight == 0 or np.abs(got).max() > 1e-6,
        "No gradient passes at all: only a part may be inside stop_gradient.",
    )
    expect(
        weight == 0 or not np.allclose(got, weight * plain, atol=1e-5),
        "The gradient passes with +λ: it is not reversed.",
    )
    expect(
        np.allclose(got, -weight * plain, atol=1e-5),
        f"With λ = {weight:g} the gradient must be {-weight:g} times the plain one. "
        "-λ·t has that gradient; what must be added so that the value is t?",
    )


@exercise("10.3", "No opponent, all moments at once: zero only where the two clouds are one.")
def check_mmd(mmd: Callable[[Any, Any, float], Any]) -> None:
    """Tests the squared maximum mean discrepancy with a Gaussian kernel, all pairs."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=(12, 3)).astype(np.float32)
    b = rng.normal(0.5, 1.5, size=(9, 3)).astype(np.float32)
    answer = np.asarray(call(mmd, a, b, 1.5), float)
    expect(answer.size == 1, f"Return one number. Yours has the shape {answer.shape}.")
    value, right = float(answer.reshape(())), _mmd(a, b, 1.5)
    same = float(np.asarray(mmd(a, a, 1.5)))
    expect(
        abs(same) < 1e-5,
        f"Of a cloud with itself it must be 0, not {same:.3g}. Means over pairs, not sums; the "
        "mixed term counts twice.",
    )
    expect(abs(value - np.sqrt(right)) > 1e-5, "That is its root: leave it squared.")
    wrong = _mmd(a, b, 1.5 / np.sqrt(2))
    expect(abs(value - wrong) > 1e-5, "The kernel divides by 2·s², yours by s².")
    expect(
        abs(value - right) < 1e-4,
        f"Two clouds of 12 and 9 points: {right:.4f}, yours {value:.4f}. Squared distances of "
        "*all* pairs: f_s[:, None] - f_t[None].",
    )
    other = float(np.asarray(mmd(a, b, 0.7)))
    expect(abs(other - _mmd(a, b, 0.7)) < 1e-4, "Right for one width only: use the argument s.")


def _mmd(a: np.ndarray, b: np.ndarray, s: float) -> float:
    from scipy.spatial.distance import cdist

    def mean(x: np.ndarray, y: np.ndarray) -> float:
        return float(np.exp(-cdist(x, y, "sqeuclidean") / (2 * s**2)).mean())

    return mean(a, a) + mean(b, b) - 2 * mean(a, b)


@exercise("10.4", "Before any training you know what perfect hiding must cost.")
def check_bound(least: Callable[[np.ndarray, np.ndarray], float]) -> None:
    """Tests (class shares of source, of target) → ½ Σ |difference|."""
    all_ten, half = np.full(10, 0.1), np.repeat([0.2, 0.0], 5)
    value = float(np.asarray(call(least, all_ten.copy(), half.copy())))
    expect(abs(value - 1.0) > 1e-9, "Each misplaced share is counted twice, here and there: halve.")
    expect(abs(value) > 1e-9, "The differences cancel: take their absolute values.")
    expect(abs(value - 0.5) < 1e-9, f"Ten digits against five: it must be 0.5, not {value:g}.")
    expect(abs(float(least(half, half))) < 1e-9, "Equal shares cost nothing: it must be 0.")
    p, q = np.array([0.7, 0.2, 0.1]), np.array([0.1, 0.5, 0.4])
    value = float(least(p, q))
    expect(abs(value - 0.6) < 1e-9, f"0.7, 0.2, 0.1 against 0.1, 0.5, 0.4 is 0.6, not {value:g}.")
