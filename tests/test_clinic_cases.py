"""Every row of the clinic: the symptom is there with the defect and not without."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import integrate, stats

from tgan_lessons import (
    clinic,
    clinic_gan,
    clinic_keras,
    clinic_math,
    clinic_penalty,
    clinic_references,
    clinic_stack,
    losses,
)

ROWS = [one.row for one in clinic.all_cases()]


def test_all_23_rows_and_every_trap_are_there():
    numbers = {"".join(sign for sign in row if not sign.islower()) for row in ROWS}
    assert numbers == {*(f"B{i}" for i in range(1, 24)), *(f"K{i}" for i in range(1, 11))}
    assert len(set(ROWS)) == len(ROWS)


@pytest.mark.parametrize("row", ROWS)
def test_a_case_shows_its_symptom_ill_and_not_cured(row):
    found = clinic.find(row)
    assert found(True).ill and not found(False).ill
    assert all((found.name, found.symptom, found.cause, found.cure))


def test_a_row_that_is_none():
    with pytest.raises(ValueError, match="B19a"):
        clinic.find("B99")


def test_rows_stand_in_order():
    assert ROWS.index("B2a") + 1 == ROWS.index("B2b") < ROWS.index("B10") < ROWS.index("K1")


def test_tables_say_what_the_records_say():
    table = clinic.examine("B8", "B13")
    assert [row[1][0] for row in table.rows] == ["✘", "✘"]
    assert [row[2][0] for row in table.rows] == ["✔", "✔"]
    assert "NameError" in str(table) and "<td" in table._repr_html_()
    book = clinic.handbook()
    assert [row[0] for row in book.rows] == ROWS
    lines = book.to_markdown().splitlines()
    assert len(lines) == len(ROWS) + 2 and len({line.count(" | ") for line in lines[2:]}) == 1


# Each beside something independent


def test_b2_the_slopes_are_those_of_calculus():
    score = tf.Variable(-3.0)
    for loss, slope in ((losses.saturating, -1), (losses.non_saturating, None)):
        with tf.GradientTape() as tape:
            value = loss(score)
        d = 1 / (1 + np.exp(3.0))
        expected = -d if slope else d - 1
        assert float(tape.gradient(value, score)) == pytest.approx(expected, rel=1e-5)


def test_b3_the_equilibrium_s_value_and_jsd():
    p, q = stats.norm(0, 1).pdf, stats.norm(1, 0.5).pdf

    def value(x):
        return p(x) * np.log(p(x) / (p(x) + q(x))) + q(x) * np.log(q(x) / (p(x) + q(x)))

    def half(a):
        return integrate.quad(lambda x: a(x) * np.log(2 * a(x) / (p(x) + q(x))), -8, 8)[0]

    best = integrate.quad(value, -8, 8)[0]
    assert best == pytest.approx(-np.log(4) + half(p) + half(q), abs=1e-6)


def test_b4_limits_of_the_joint_loss():
    source, tuned = clinic_math.SOURCE[1], clinic_math.fine_tune()
    assert tuned == pytest.approx([3, 1])
    assert clinic_math.joint_minimum(1e-9) == pytest.approx(source, abs=1e-6)
    far = clinic_math.joint_minimum(1e9)
    assert far[0] == pytest.approx(3, abs=1e-6), "the target is fitted"
    assert far[1] == pytest.approx(0, abs=1e-6), "and the other weight dragged along"
    for weight in (0.1, 1.0, 10.0):  # by going downhill
        (a, at_a), (b, at_b) = clinic_math.SOURCE, clinic_math.TARGET
        w = np.zeros(2)
        for _ in range(20_000):
            w -= 0.05 / (1 + weight) * (a @ (w - at_a) + weight * b @ (w - at_b))
        assert clinic_math.joint_minimum(weight) == pytest.approx(w, abs=1e-4)


def test_b6_one_head_by_hand():
    words = np.random.default_rng(2).normal(size=(4, 3))
    rng = np.random.default_rng(0)
    q, k, v = (words @ rng.normal(size=(3, 3)) for _ in range(3))
    for causal in (True, False):
        for i in range(4):
            seen = range(i + 1) if causal else range(4)
            w = np.exp([q[i] @ k[j] / np.sqrt(3) for j in seen])
            expected = sum(a * v[j] for a, j in zip(w / w.sum(), seen, strict=True))
            np.testing.assert_allclose(clinic_math.attend(words, causal)[i], expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("B7a", ("Pan, Yang", "22(10)", "2010", "Knowledge and Data Engineering")),
        ("B7b", ("Long, Shelhamer, Darrell", "CVPR 2015")),
        ("B7c", ("Ramesh", "2021")),
        ("B7d", ("Arjovsky, Chintala, Bottou", "214–223")),
        ("B7e", ("Ganin, Lempitsky", "2015", "Unsupervised domain adaptation by backpropagation")),
        ("B7f", ("listed twice",)),
        ("B7g", ("two entries could not be found anywhere", "not invented")),
    ],
)
def test_b7_each_corrected_reference(part, words):
    (row,) = [row for row in clinic_references.corrected().rows if row[0] == part]
    assert all(word in " | ".join(row) for word in words)


def test_b7_a_list_is_inspected():
    entries = clinic_references.ENTRIES
    assert clinic_references.inspect(entries) == []
    assert len(clinic_references.inspect([*entries, entries[2]])) == 1


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("B8", "not enough values to unpack (expected 4, got 2)"),
        ("B13", "name 'np' is not defined"),
        ("B14", "The total size of the tensor must be unchanged"),
        ("B15", "(1024, 1024, 1)"),
        ("B18", "No loss"),
        ("K3", "Unknown variable"),
    ],
)
def test_errors_that_are_really_raised(row, said):
    assert said in clinic.find(row)(True).seen


def test_b16_the_one_line_judge():
    real, fake = np.zeros((4, 2, 2)), np.zeros((4, 2, 2))
    fake[:3, 0, 0] = -1
    assert clinic_gan.judge_by_darkest(real, fake) == pytest.approx((3 / 4 + 1) / 2)
    assert clinic_gan.judge_by_darkest(real, real) == 0.5


def test_b17_gradients_outside_0_1_are_exactly_zero():
    scores = tf.Variable([[-3.0], [0.4], [2.0]])
    with tf.GradientTape() as tape:
        loss = keras.losses.BinaryCrossentropy(from_logits=False)(tf.ones((3, 1)), scores)
    slopes = tape.gradient(loss, scores).numpy().ravel()
    assert slopes[0] == 0 and slopes[2] == 0 and slopes[1] != 0


# B19, the centrepiece


def data():
    return np.random.default_rng(0).normal(2, 1, (500, 2)).astype(np.float32)


def weights(model):
    return [part.copy() for part in model.get_weights()]


def same(before, model):
    return all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_b19_never_frozen_d_learns_to_call_fakes_real_in_g_s_turn():
    stack = clinic_stack.Stack(data(), "never", eager=True)
    noise = stack._noise(64)
    fakes = np.asarray(stack.generator(noise))
    before, score = weights(stack.discriminator), stack.discriminator(fakes).numpy().mean()
    for _ in range(10):
        stack.g_turn()
    assert not same(before, stack.discriminator)
    assert stack.discriminator(fakes).numpy().mean() > score, "the very same fakes"


def test_b19_the_classic_cure_moves_d_by_exactly_zero_in_its_own_turn():
    """Measured with Keras 3.15.1; another version that behaves otherwise is named here."""
    stack = clinic_stack.Stack(data(), "before the first step")
    before = weights(stack.discriminator)
    stack.play(5, notes=5)
    told = f"Keras {keras.__version__}: D went {stack.recorded('d_by_d')} in its own turns"
    print(told)
    assert stack.recorded("d_by_d") == [0.0] * 5, told
    assert stack.recorded("d_by_g") == [0.0] * 5, told
    assert same(before, stack.discriminator), told
    assert stack.gone == 0.0 and len(stack.warned) <= 2, told


def test_b19_the_same_construction_traced_one_step_earlier_learns():
    stack = clinic_stack.Stack(data(), "after the first step").play(3, notes=3)
    assert min(stack.recorded("d_by_d")) > 0 and stack.recorded("d_by_g") == [0.0] * 3
    assert not stack.discriminator.trainable


def test_b19_who_is_not_a_way_to_freeze():
    with pytest.raises(ValueError, match="after the first step"):
        clinic_stack.Stack(data(), "now and then")
    with pytest.raises(ValueError, match="eager"):
        clinic_stack.Stack(data(), "before the first step", eager=True)


# Traps of Keras


def test_k2_recompiling_is_what_makes_a_freeze_count():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1), keras.layers.Dense(1)])
    x, y = data()[:8], np.ones((8, 1), np.float32)
    model.compile(optimizer="sgd", loss="mse")
    model.train_on_batch(x, y)
    model.layers[0].trainable = False
    model.compile(optimizer="sgd", loss="mse")
    before = model.layers[0].get_weights()[0].copy()
    model.train_on_batch(x, y)
    assert np.array_equal(before, model.layers[0].get_weights()[0])


def test_k7_the_moments_themselves(tmp_path):
    for hidden in (True, False):
        seen = []
        for _ in range(2):
            model = clinic_keras.TwoPlayers(hidden)
            restore = keras.callbacks.BackupAndRestore(str(tmp_path / str(hidden)))
            stop = clinic_keras._Interrupt(2)
            with pytest.raises(InterruptedError):
                model.fit(data()[:64], epochs=4, verbose=0, callbacks=[restore, stop])
            seen.append([v.numpy() for v in model.other().variables[2:]])
        kept = all(np.array_equal(a, b) for a, b in zip(*seen, strict=True))
        assert kept is not hidden
        if hidden:
            assert all((part == 0).all() for part in seen[1])


@pytest.mark.parametrize(
    ("alpha", "share"),
    [("uniform", 0.0), ("normal", 1 - (stats.norm.cdf(1) - stats.norm.cdf(0))), ("per number", 1)],
)
def test_k8_how_many_places_lie_off_the_line(alpha, share):
    assert clinic_penalty.off_the_line(alpha) == pytest.approx(share, abs=0.03)
