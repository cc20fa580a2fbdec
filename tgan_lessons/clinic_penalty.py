"""Traps of published GAN code, rows K8 to K10: the gradient penalty, and shared statistics."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tgan_lessons.clinic import Finding, case
from tgan_lessons.clinic_keras import noise
from tgan_lessons.clinic_rules import Rules, penalty


def places(alpha: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Real (0, …, 0), fake (1, …, 1) in 16 numbers, and where a penalty looks, (2000, 16)."""
    seen = []

    def critic(x: tf.Tensor) -> tf.Tensor:
        seen.append(x)
        return tf.reduce_sum(x, axis=-1, keepdims=True)

    real, fake = tf.zeros((2000, 16)), tf.ones((2000, 16))
    penalty(critic, real, fake, Rules(alpha=alpha), keras.random.SeedGenerator(seed))
    return real.numpy(), fake.numpy(), seen[0].numpy()


def off_the_line(alpha: str) -> float:
    """The share of places that are not on the straight line between real sample and fake."""
    _, _, found = places(alpha)
    same = np.ptp(found, axis=1) < 1e-6
    between = (found >= 0).all(axis=1) & (found <= 1).all(axis=1)
    return float(np.mean(~(same & between)))


@case(
    "K8a",
    "alpha from a normal distribution",
    symptom="the slope is held where nobody goes, beyond real samples and fakes",
    cause="α outside [0, 1] lies outside the line between the two",
    cure="α uniform in [0, 1]",
)
def normal_alpha(defect: bool) -> Finding:
    """The share of places beyond the ends."""
    share = off_the_line("normal" if defect else "uniform")
    return Finding(f"{share:.0%} of the places lie off the line from real to fake", share > 0)


@case(
    "K8b",
    "alpha for each pixel",
    symptom="the slope is held at mixtures that are on no line",
    cause="one α per number, not per sample: a box, not a line",
    cure="α of shape (n, 1, …, 1)",
)
def pixel_alpha(defect: bool) -> Finding:
    """The share of places that are on no line."""
    share = off_the_line("per number" if defect else "uniform")
    return Finding(f"{share:.0%} of the places lie off the line from real to fake", share > 0)


@case(
    "K9",
    "√0 in the penalty",
    symptom="NaN in the first step, often only with some seeds",
    cause="the slope of √ at 0 is infinite; 0 · ∞ is not a number",
    cure="√(… + 1e-12)",
)
def bare_root(defect: bool) -> Finding:
    """A critic that begins flat: the gradient of its penalty."""
    weights = tf.Variable(tf.zeros((2, 1)))
    rules = Rules(norm="bare" if defect else "guarded")
    real, fake = (tf.constant(noise(seed=seed)) for seed in (0, 1))
    with tf.GradientTape() as tape:
        seeds = keras.random.SeedGenerator(0)
        loss = penalty(lambda x: tf.matmul(x, weights), real, fake, rules, seeds)
    norm = float(tf.norm(tape.gradient(loss, weights)))
    return Finding(f"gradient of the penalty: {norm:.2g}", not np.isfinite(norm))


@case(
    "K10",
    "real and fake in one batch, through batch normalisation",
    symptom="D's loss is near 0, G's gradient is large, and the fakes do not improve",
    cause="D reads the company a sample is in; in G's turn that company is another",
    cure="two batches; or, better, no batch normalisation in D",
)
def shared_statistics(defect: bool) -> Finding:
    """The same fakes judged beside real samples, as in D's turn, and alone, as in G's."""
    keras.utils.set_random_seed(0)
    d = keras.Sequential([keras.Input((2,)), layers.Dense(16), layers.BatchNormalization(),
                          layers.ReLU(), layers.Dense(1)])  # fmt: skip
    fake, real = noise() - 2, noise(seed=1) + 2
    together = d(np.concatenate([real, fake]), training=True)[64:]
    in_d_turn = together if defect else d(fake, training=True)
    far = float(np.abs(in_d_turn - d(fake, training=True)).mean())
    return Finding(f"the scores of the same fakes differ by {far:.2g} between the turns", far > 0)


CASES = (normal_alpha, pixel_alpha, bare_root, shared_statistics)
