import numpy as np
import pytest
import tensorflow as tf

from tgan_lessons import adapt_exercises as checks


def grow(p, gamma):
    return np.tanh(gamma * p / 2)


def sigmoid(p, gamma):
    return 1 / (1 + np.exp(-gamma * p))


def falling(p, gamma):
    return -np.tanh(gamma * p / 2)


def always_ten(p, gamma):
    return np.tanh(5 * p)


@tf.custom_gradient
def reversed_by_tensorflow(features, weight):
    return tf.identity(features), lambda slope: (-weight * slope, None)


def reverse(features, weight):
    return reversed_by_tensorflow(features, tf.constant(weight))


def mmd(a, b, s):
    def k(x, y):
        return np.mean([[np.exp(-np.sum((p - q) ** 2) / (2 * s * s)) for p in x] for q in y])

    return k(a, a) + k(b, b) - 2 * k(a, b)


def bound(p, q):
    return 1 - np.minimum(p, q).sum()


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (checks.check_schedule, grow),
        (checks.check_reversal, reverse),
        (checks.check_mmd, mmd),
        (checks.check_bound, bound),
    ],
)
def test_right_answers_written_differently_pass(check, answer):
    assert check(answer).passed, check(answer)


@pytest.mark.parametrize(
    ("check", "answer", "hint"),
    [
        (checks.check_schedule, sigmoid, "Stretch it"),
        (checks.check_schedule, falling, "sign in the exponent"),
        (checks.check_schedule, always_ten, "argument gamma"),
        (checks.check_reversal, lambda f, w: f, "not reversed"),
        (checks.check_reversal, lambda f, w: -w * f, "nothing may change"),
        (checks.check_reversal, lambda f, w: tf.stop_gradient(f), "No gradient passes"),
        (checks.check_mmd, lambda a, b, s: mmd(a, b, s / np.sqrt(2)), "divides by 2"),
        (checks.check_mmd, lambda a, b, s: np.sqrt(mmd(a, b, s)), "leave it squared"),
        (checks.check_mmd, lambda a, b, s: mmd(a, b, 1.5), "width only"),
        (checks.check_bound, lambda p, q: np.abs(p - q).sum(), "halve"),
        (checks.check_bound, lambda p, q: (p - q).sum(), "absolute"),
    ],
)
def test_wrong_answers_get_a_hint(check, answer, hint):
    result = check(answer)
    assert not result.passed and hint in result.message


@pytest.mark.parametrize(
    "check",
    [checks.check_schedule, checks.check_reversal, checks.check_mmd, checks.check_bound],
)
def test_an_unfinished_cell_is_unfinished(check):
    assert check(lambda *_: ...).verdict == "unfinished"
