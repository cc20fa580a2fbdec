import numpy as np
import pytest
from keras import ops

from tgan_lessons import gan_exercises

CHECKS = {n: c for n, c in vars(gan_exercises).items() if n.startswith("check_")}


# Right answers


def best(p, q, share):
    return share * p / (share * p + (1 - share) * q)


def softplus(scores):
    return ops.mean(ops.softplus(-scores))


def alternating(x, y, eta):
    x = x - eta * y
    return x, y + eta * x


def y_first(x, y, eta):
    y = y + eta * x
    return x - eta * y, y


RIGHT = {
    "check_best_discriminator": [
        best,
        lambda p, q, s: list(1 / (1 + (1 - s) * q / (s * p + 1e-9))),
    ],
    "check_generator_loss": [
        softplus,
        lambda s: np.logaddexp(0, -s).mean(),
        lambda s: -ops.mean(ops.log_sigmoid(s)),
    ],
    "check_alternating": [alternating, y_first, lambda *a: list(alternating(*a))],
}


# Wrong answers, each with a word of the hint it should get


def sigmoid(scores):
    return 1 / (1 + np.exp(-scores))


def clipped(scores):
    return -np.log(np.clip(sigmoid(scores), 1e-7, 1)).mean()


def simultaneous(x, y, eta):
    return x - eta * y, y + eta * x


WRONG = {
    "check_best_discriminator": [
        (lambda p, q, s: p / (p + q), "look at the share"),
        (lambda p, q, s: q / (p + q), "*fake*"),
        (lambda p, q, s: p / q, "not numbers|probability"),
        (lambda p, q, s: p, "cannot know"),
        (lambda p, q, s: 2 * p * p / (2 * p * p + 2 * q * q), "formula above"),
        (lambda p, q, s: best(p, q, 1 - s), "share · p_data"),
        (lambda p, q, s: best(p, q, s)[0], "per point"),
    ],
    "check_generator_loss": [
        (lambda s: -np.log1p(np.exp(s)).mean(), "saturating"),
        (lambda s: -np.logaddexp(0, -s).mean(), "sign"),
        (lambda s: np.logaddexp(0, s).mean(), "grows"),
        (lambda s: -np.log(sigmoid(s)).mean(), "left the numbers"),
        (clipped, "clipping"),
        (lambda s: np.logaddexp(0, -s).sum(), "log 2"),
        (lambda s: np.logaddexp(0, -s), "one number"),
        (lambda s: -s.mean(), "log 2"),
        (lambda s: np.logaddexp(0, -s).max(), "mean"),
        (lambda s: np.log(2) - 0.5 * s.mean(), "slope"),
        (lambda s: np.nan, "not a number"),
    ],
    "check_alternating": [
        (simultaneous, "simultaneous"),
        (lambda x, y, e: alternating(x, y, -e), "climbs"),
        (lambda x, y, e: (x - e * y, y - e * (x - e * y)), "descends"),
        (lambda x, y, e: (x, y), "moves first"),
        (lambda x, y, e: x - e * y, "two numbers"),
        (lambda x, y, e: alternating(x, y, 0.1) if e == 0.1 else (9.0, 9.0), "for many"),
    ],
}


def pairs(table):
    return [
        pytest.param(name, a, id=f"{name}-{i}") for name in table for i, a in enumerate(table[name])
    ]


def test_every_check_is_tested_here():
    assert set(CHECKS) == set(RIGHT) == set(WRONG)
    assert [c(...).exercise for c in CHECKS.values()] == ["04.1", "04.2", "04.3"]


@pytest.mark.parametrize(("name", "answer"), pairs(RIGHT))
def test_right_answers_pass(name, answer):
    result = CHECKS[name](answer)
    assert result.verdict == "passed", result


@pytest.mark.parametrize(("name", "case"), pairs(WRONG))
def test_wrong_answers_get_the_hint_they_need(name, case):
    answer, word = case
    result = CHECKS[name](answer)
    assert result.verdict == "not yet", result
    assert any(part in result.message for part in word.split("|")), result


@pytest.mark.parametrize("name", CHECKS)
def test_unfinished_and_odd_answers_never_raise(name):
    def fails(*_):
        raise ZeroDivisionError("division by zero")

    for nothing in (..., None, lambda *_: ..., lambda *_: None):
        assert CHECKS[name](nothing).verdict == "unfinished"
    for odd in ("text", 1, fails, lambda *_: "text", lambda *_: [[1], [2, 3]], lambda *_: {}):
        assert CHECKS[name](odd).verdict == "not yet"
