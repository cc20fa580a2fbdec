"""The checks of lesson 02's exercises: right answers pass, typical errors get their hint."""

import numpy as np
import pytest

from tgan_lessons import freezing_exercises as exercises


def right_cka(a, b):
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    return np.linalg.norm(a.T @ b) ** 2 / np.linalg.norm(a.T @ a) / np.linalg.norm(b.T @ b)


def right_penalty(weights, source, alpha):
    return alpha / 2 * sum(np.sum((w - s) ** 2) for w, s in zip(weights, source, strict=True))


def right_choice(depths, validate, test):
    scores = {depth: validate(depth) for depth in depths}
    best = max(scores, key=scores.get)
    return [best, test(best)]


def right_rates(layers, frozen, top, factor):
    return [0.0 if i < frozen else top / factor ** (layers - 1 - i) for i in range(layers)]


RIGHT = (
    (exercises.check_cka, right_cka),
    (exercises.check_l2_sp, right_penalty),
    (exercises.check_choose_depth, right_choice),
    (exercises.check_layer_rates, right_rates),
)


@pytest.mark.parametrize(("check", "answer"), RIGHT, ids=lambda part: part.__name__)
def test_a_right_answer_passes(check, answer):
    assert check(answer).passed


@pytest.mark.parametrize("check", [check for check, _ in RIGHT])
@pytest.mark.parametrize("answer", [..., None, lambda *arguments: ..., lambda *arguments: None])
def test_dots_are_unfinished(check, answer):
    assert check(answer).verdict == "unfinished"


@pytest.mark.parametrize("check", [check for check, _ in RIGHT])
@pytest.mark.parametrize("answer", [lambda *a: 1 / 0, lambda *a: 3.0, lambda *a: "x", 7])
def test_nonsense_never_raises_and_never_passes(check, answer):
    assert check(answer).verdict == "not yet"


def no_centring(a, b):
    return np.linalg.norm(a.T @ b) ** 2 / np.linalg.norm(a.T @ a) / np.linalg.norm(b.T @ b)


def by_column(a, b):
    count = min(a.shape[1], b.shape[1])
    return np.mean([np.corrcoef(a[:, i], b[:, i])[0, 1] ** 2 for i in range(count)])


def test_choosing_by_the_test_is_noticed():
    seen = []

    def peek(depths, validate, test):
        seen.append(depths)
        return max(depths, key=test), 0.0

    assert "Each look" in exercises.check_choose_depth(peek).message
    assert seen


WRONG = (
    (exercises.check_cka, no_centring, "Centre first"),
    (exercises.check_cka, lambda a, b: np.sqrt(right_cka(a, b)), "squared"),
    (exercises.check_cka, by_column, "turned and scaled"),
    (exercises.check_l2_sp, lambda w, s, a: right_penalty(w, [0 * x for x in s], a), "toward zero"),
    (exercises.check_l2_sp, lambda w, s, a: 2 * right_penalty(w, s, a), "Halve it"),
    (
        exercises.check_l2_sp,
        lambda w, s, a: a / 2 * sum(np.linalg.norm(x - y) for x, y in zip(w, s, strict=True)),
        "squared",
    ),
    (exercises.check_choose_depth, lambda d, v, t: (max(d), t(max(d))), "every depth"),
    (
        exercises.check_choose_depth,
        lambda d, v, t: (max(d, key=v), t(max(d, key=v)) and max(map(v, d))),
        "not the validation's",
    ),
    (exercises.check_layer_rates, lambda n, f, t, k: [t] * n, "rate 0"),
    (
        exercises.check_layer_rates,
        lambda n, f, t, k: [0 if i < f else t / k**i for i in range(n)],
        "last layer learns at top",
    ),
    (
        exercises.check_layer_rates,
        lambda n, f, t, k: [0 if i < f else t / 2.6 ** (n - 1 - i) for i in range(n)],
        "factor times faster",
    ),
)


@pytest.mark.parametrize(("check", "answer", "hint"), WRONG)
def test_a_typical_error_gets_its_hint(check, answer, hint):
    result = check(answer)
    assert result.verdict == "not yet"
    assert hint in result.message
