"""The checks of the exercises of lesson 12: they test behaviour, never text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tgan_lessons.checks import call, exercise, expect


@exercise("12.1", "And with m₂ = 0, s₂ = 1 it is the formula of the lesson.")
def check_kl(kl: Callable[[Any, Any, Any, Any], Any]) -> None:
    """Tests (m₁, s₁, m₂, s₂) → KL(N(m₁, s₁²) ‖ N(m₂, s₂²)), against numerical integration."""
    from scipy import integrate, stats

    same = float(call(kl, 0.7, 1.3, 0.7, 1.3))
    expect(abs(same) < 1e-9, f"Two equal distributions are 0 nats apart; yours {same:.4f}.")
    for m1, s1, m2, s2 in ((1.5, 0.5, 0.0, 1.0), (0.3, 1.2, -1.0, 0.6), (0.0, 2.0, 0.0, 1.0)):
        p, q = stats.norm(m1, s1), stats.norm(m2, s2)
        right, _ = integrate.quad(
            lambda x, p=p, q=q: p.pdf(x) * (p.logpdf(x) - q.logpdf(x)), m1 - 12 * s1, m1 + 12 * s1
        )
        back = np.log(s1 / s2) + (s2**2 + (m1 - m2) ** 2) / (2 * s1**2) - 0.5
        answer = float(kl(m1, s1, m2, s2))
        expect(
            abs(answer - back) > 1e-6 or abs(back - right) < 1e-6,
            "That is KL of the second from the first. The mean is taken over N(m₁, s₁²).",
        )
        expect(
            abs(answer - right) < 1e-6,
            f"KL(N({m1}, {s1}²) ‖ N({m2}, {s2}²)) is {right:.4f}; yours {answer:.4f}. Are s the "
            "standard deviations, and is the logarithm of their ratio there?",
        )


@exercise("12.2", "The dice lie outside, and the slope passes. Any distribution with a formula.")
def check_wait(wait: Callable[[Any, Any], Any]) -> None:
    """Tests (rate λ, u) → a draw from the exponential distribution, differentiable in λ."""
    import tensorflow as tf
    from scipy import stats

    uniform = np.random.default_rng(0).uniform(size=20_000)
    rate, u = tf.Variable(2.0, dtype=tf.float64), tf.constant(uniform)
    with tf.GradientTape() as tape:
        drawn = call(wait, rate, u)
        mean = tf.reduce_mean(drawn)
    expect(tuple(np.shape(drawn)) == u.shape, f"One draw for each u, shape {tuple(u.shape)}.")
    expect(np.min(drawn) >= 0, "A waiting time is never negative: mind the sign of the logarithm.")
    told = f"With λ = 2 the mean wait is 0.5; yours {float(mean):.3f}. Divide by λ."
    expect(abs(float(mean) - 0.5) < 0.02, told)
    fits = stats.kstest(np.asarray(drawn), "expon", args=(0, 0.5)).pvalue
    expect(fits > 1e-4, "The mean is right, the distribution is not: use the logarithm of u.")
    slope = tape.gradient(mean, rate)
    expect(slope is not None, "No gradient reaches λ: use operations of TensorFlow or Keras.")
    expect(
        abs(float(slope) + 0.25) < 0.02,
        f"The mean is 1/λ, its slope at λ = 2 is -1/4; yours {float(slope):.3f}.",
    )


@exercise("12.3", "Blur has gentle slopes. Now measure the rows of the page with it.")
def check_edges(edges: Callable[[np.ndarray], np.ndarray]) -> None:
    """Tests images (n, h, w, 1) → mean squared step between neighbouring pixels, (n,)."""
    from scipy.ndimage import gaussian_filter

    flat = np.full((2, 6, 6, 1), 0.3)
    answer = np.asarray(call(edges, flat.copy()))
    expect(answer.shape == (2,), f"One number for each image, shape (2,), not {answer.shape}.")
    expect(np.allclose(answer, 0), "An even grey has no steps at all: 0 expected.")
    lines = np.full((2, 6, 6, 1), -1.0)
    lines[0, :, 3:], lines[1, 3:] = 1.0, 1.0
    across, up = np.asarray(edges(lines.copy()), float)
    expect(across > 0, "A vertical edge was missed: compare each pixel with its right neighbour.")
    expect(up > 0, "A horizontal edge was missed: compare each pixel with the one beneath it.")
    told = (
        "In a 6×6 picture that is half black, half white, 6 of 30 steps across are 2 high and all "
        f"30 up are 0. Both means together: 0.8. Yours {across:.3f} and {up:.3f}."
    )
    expect(np.allclose([across, up], 0.8), told)
    sharp = np.random.default_rng(0).choice([-1.0, 1.0], (3, 12, 12, 1))
    soft = gaussian_filter(sharp, (0, 1, 1, 0))
    expect(np.all(edges(soft) < edges(sharp)), "The blurred pictures should score less.")
