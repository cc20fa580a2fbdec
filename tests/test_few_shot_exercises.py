import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.spatial.distance import cdist

from tgan_lessons import few_shot_exercises as checks


def share(fakes, learned, unseen):
    flat = [images.reshape(len(images), -1) for images in (fakes, learned, unseen)]
    near, far = (cdist(flat[0], others).min(axis=1) for others in flat[1:])
    return np.mean(near < far)


def layers(discriminator, frozen):
    found = [x for x in discriminator.layers if isinstance(x, keras.layers.Conv2D)]
    return [layer for layer in discriminator.layers if layer not in found[:frozen]]


def switched_off(discriminator, frozen):
    kept = layers(discriminator, frozen)
    for layer in discriminator.layers:
        layer.trainable = layer in kept
    return kept


def scores(judge, change, real, fake):
    return judge(change(real)), judge(change(fake))


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (checks.check_copies, share),
        (checks.check_frozen, layers),
        (checks.check_diff_augment, scores),
    ],
)
def test_a_right_answer_passes(check, answer):
    result = check(answer)
    assert result.passed, result


@pytest.mark.parametrize(
    ("check", "answer", "hint"),
    [
        (checks.check_copies, lambda f, a, b: share(f, b, a), "other way round"),
        (checks.check_copies, lambda f, a, b: share(f, a, b) * len(f), "divide by the number"),
        (checks.check_copies, lambda f, a, b: [1, 2], "one number"),
        (checks.check_copies, lambda f, a, b: 1 / 0, "ZeroDivisionError"),
        (
            checks.check_copies,
            lambda f, a, b: np.mean([np.sum((x - a[0]) ** 2) < np.sum((x - b[0]) ** 2) for x in f]),
            "smallest",
        ),
        (checks.check_frozen, lambda d, n: layers(d, 0), "can still move: "),
        (checks.check_frozen, lambda d, n: layers(d, n)[-1:], "must still train"),
        (checks.check_frozen, lambda d, n: d.layers[2 * n + 3 :], "must still train"),
        (checks.check_frozen, lambda d, n: [x.name for x in d.layers], "layers themselves"),
        (checks.check_frozen, lambda d, n: 3, "list of layers"),
        (checks.check_frozen, switched_off, "Leave `trainable` alone"),
        (checks.check_diff_augment, lambda d, t, r, f: (d(r), d(f)), "Nothing was changed"),
        (checks.check_diff_augment, lambda d, t, r, f: (d(t(r)), d(f)), "shown as they are"),
        (checks.check_diff_augment, lambda d, t, r, f: (d(r), d(t(f))), "real images must"),
        (checks.check_diff_augment, lambda d, t, r, f: (d(t(r)), d(t(t(f)))), "once"),
        (checks.check_diff_augment, lambda d, t, r, f: d(t(r)), "two"),
        (
            checks.check_diff_augment,
            lambda d, t, r, f: (d(t(r)), d(tf.constant(t(f).numpy()))),
            "No gradient",
        ),
    ],
)
def test_a_wrong_answer_gets_the_hint_that_fits(check, answer, hint):
    result = check(answer)
    assert result.verdict == "not yet" and hint in result.message


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (checks.check_copies, lambda f, a, b: ...),
        (checks.check_frozen, lambda d, n: ...),
        (checks.check_diff_augment, lambda d, t, r, f: ...),
        (checks.check_diff_augment, lambda d, t, r, f: (..., ...)),
        (checks.check_diff_augment, ...),
    ],
)
def test_an_unfinished_answer_is_no_mistake(check, answer):
    assert check(answer).verdict == "unfinished"
