import numpy as np
import pytest

from tgan_lessons import digit_exercises as checks


def slerp(a, b, t):
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    omega = np.arccos(a @ b / lengths)
    return (np.sin((1 - t) * omega) * a + np.sin(t * omega) * b) / np.sin(omega)


def least_squares(s_real, s_fake):
    import tensorflow as tf

    mean, square = tf.reduce_mean, tf.square
    loss_d = (mean(square(s_real - 1)) + mean(square(s_fake))) / 2
    return {"D": loss_d, "G": mean(square(s_fake - 1)) / 2}


def nearest(fakes, reals):
    return np.array([np.square(reals - fake).sum(axis=(1, 2, 3)).argmin() for fake in fakes])


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (checks.check_slerp, slerp),
        (checks.check_least_squares, least_squares),
        (checks.check_nearest, nearest),
    ],
)
def test_a_right_answer_passes(check, answer):
    result = check(answer)
    assert result.passed, result


@pytest.mark.parametrize(
    ("check", "answer", "hint"),
    [
        (checks.check_slerp, lambda a, b, t: (1 - t) * a + t * b, "straight line"),
        (checks.check_slerp, lambda a, b, t: slerp(b, a, t), "t = 0 must give a"),
        (checks.check_slerp, lambda a, b, t: 1.0, "vector of shape"),
        (
            checks.check_slerp,
            lambda a, b, t: (
                (
                    np.sin((1 - t) * np.arccos(np.clip(a @ b, -1, 1))) * a
                    + np.sin(t * np.arccos(np.clip(a @ b, -1, 1))) * b
                )
                / np.sin(np.arccos(np.clip(a @ b, -1, 1)))
            ),
            "divide by the lengths",
        ),
        (checks.check_least_squares, lambda r, f: least_squares(f, r), "L_D is"),
        (checks.check_least_squares, lambda r, f: {"D": 1.208333, "G": f}, "take the mean"),
        (checks.check_least_squares, lambda r, f: (1, 2), "Return"),
        (checks.check_nearest, lambda f, r: np.zeros(4, int), "nearer real image"),
        (checks.check_nearest, lambda f, r: nearest(r, f), "shape (4,)"),
        (checks.check_nearest, lambda f, r: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_a_wrong_answer_gets_a_hint(check, answer, hint):
    result = check(answer)
    assert result.verdict == "not yet"
    assert hint in result.message


def test_losses_that_g_cannot_learn_from_get_a_hint():
    def cut(s_real, s_fake):
        losses = least_squares(s_real, s_fake)
        return {name: np.float64(value) for name, value in losses.items()}

    result = checks.check_least_squares(cut)
    assert result.verdict == "not yet"


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (checks.check_slerp, lambda a, b, t: ...),
        (checks.check_least_squares, lambda r, f: {"D": ..., "G": ...}),
        (checks.check_nearest, lambda f, r: None),
    ],
)
def test_an_unfinished_answer_is_no_error(check, answer):
    assert check(answer).verdict == "unfinished"
