"""The ward, its patients, the lab and the exercises of lesson 06."""

import io

import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from PIL import Image

from tgan_lessons import clinic_exercises as checks
from tgan_lessons import clinic_patients as ward
from tgan_lessons import clinic_view, gan_models, losses
from tgan_lessons.clinic_lab import PATIENTS, ClinicLab
from tgan_lessons.clinic_rules import CHOICES, Rules, d_loss, g_loss
from tgan_lessons.clinic_ward import Patient

POINTS = ward.real_samples(500)


def small(rules=None, **options):
    networks = gan_models.build_mlp_generator(2, (8,)), gan_models.build_mlp_discriminator((8,))
    return Patient(*networks, POINTS, rules, batch_size=16, **options)


@pytest.fixture(scope="module")
def healthy():
    return small()


def weights(network):
    return np.concatenate([part.ravel() for part in network.get_weights()])


def test_what_is_recorded_is_what_happened(healthy):
    before = weights(healthy.discriminator), weights(healthy.generator)
    logs = healthy.advance(1)
    after = weights(healthy.discriminator), weights(healthy.generator)
    d, g = (np.linalg.norm(b - a) for a, b in zip(before, after, strict=True))
    assert logs["d_by_d"] == pytest.approx(d, rel=1e-4) and logs["d_by_g"] == 0.0
    assert logs["g_by_g"] == pytest.approx(g, rel=1e-4)
    assert healthy.history[-1]["round"] == healthy.round


def test_a_look_changes_nothing(healthy):
    before = weights(healthy.generator)
    one, other = (healthy.sample(5, seed=3, training=mode) for mode in (True, False))
    assert np.array_equal(one, other) and np.array_equal(before, weights(healthy.generator))


def test_the_first_step_is_that_of_the_losses():
    """Adam's first step has the size of its rate, along the sign of the gradient."""
    patient = small(rates=(0.01, 0.02))
    logs = patient.advance(1)
    numbers = len(weights(patient.discriminator))
    assert 0.5 * 0.01 * numbers**0.5 < logs["d_by_d"] <= 0.01 * numbers**0.5 * 1.001


def test_losses_by_hand():
    real, fake = tf.constant([[2.0], [-1.0]]), tf.constant([[0.5], [-3.0]])
    r, f = real.numpy().ravel(), fake.numpy().ravel()
    by_hand = np.mean(np.log1p(np.exp(-r))) + np.mean(np.log1p(np.exp(f)))
    assert float(d_loss("logits", real, fake)) == pytest.approx(by_hand, rel=1e-5)
    assert float(d_loss("critic", real, fake)) == pytest.approx(f.mean() - r.mean())
    p = np.clip([0.5, 1e-7], 1e-7, 1 - 1e-7)
    expected = -np.mean(np.log(p))
    assert float(g_loss("probabilities", fake)) == pytest.approx(expected, rel=1e-3)
    assert float(g_loss("saturating", fake)) == pytest.approx(float(losses.saturating(fake)))


def test_rules_name_what_they_accept():
    with pytest.raises(ValueError, match="'together'"):
        Rules(batch="mixed")
    assert all(getattr(Rules(), name) == accepted[0] for name, accepted in CHOICES.items())


@pytest.mark.parametrize(
    ("field", "value", "log", "zero"),
    [
        ("g_trains", "all", "d_by_g", False),
        ("freeze", "before the first step", "d_by_d", True),
    ],
)
def test_an_illness_and_its_treatment_in_the_same_patient(field, value, log, zero):
    patient = small(Rules(**{field: value}))
    assert (patient.advance(1)[log] == 0) is zero
    patient.treat(**{field: CHOICES[field][0]})
    assert (patient.advance(1)[log] == 0) is not zero


@pytest.mark.parametrize("name", ward.ILLNESSES)
def test_one_rule_differs_and_its_treatment_rights_it(name):
    illness = ward.ILLNESSES[name]
    ill, right = illness.rules(True), illness.rules(False)
    wrong = {key for key in CHOICES if getattr(ill, key) != getattr(right, key)}
    assert wrong == set(illness.wrong) == set(ward.TREATMENTS[illness.treatment])
    patient = small(ill)  # not traced: no round is played
    others = [one for one in ward.TREATMENTS if one not in ("none", illness.treatment)]
    assert not any(ward.treat(patient, one) for one in others), "a placebo"
    assert ward.treat(patient, illness.treatment) and patient.rules == right


def test_twins_begin_with_the_same_weights():
    ill, right = (ward.admit(7, defect=defect) for defect in (True, False))
    assert np.array_equal(weights(ill.discriminator), weights(right.discriminator))
    assert ward.IN_ORDER[6] == "shared statistics" and ill.rules.batch == "together"
    with pytest.raises(ValueError, match="predicted fakes"):
        ward.admit("flu")


def test_a_flat_critic_is_lost_in_one_round():
    patient = ward.admit("√0")
    assert np.isnan(patient.advance(1)["d_loss"]) and np.isnan(ward.distance(patient))
    view = clinic_view.look(patient)
    assert len(view.fakes) == 0
    assert clinic_view.draw(patient, 100).size == (100, 100)


def test_digits_in_two_ranges():
    digits = np.random.default_rng(0).uniform(-1, 1, (20, 28, 28, 1)).astype(np.float32)
    ill, right = (ward.admit_digits(digits, defect=defect) for defect in (True, False))
    assert ill.data.numpy().min() >= 0 and right.data.numpy().min() < 0
    np.testing.assert_allclose(2 * ill.data.numpy() - 1, right.data.numpy(), atol=1e-6)


def test_a_picture_has_a_row_for_each_and_says_what_it_shows(shell, healthy):
    patient = healthy
    patient.run(4, notes=4)
    figure = clinic_view.plot_patients({"one": patient, "two": patient})
    assert len(figure.axes) == 8 and figure.axes[0].get_title() == "one"
    clinic_view.show({"one": patient}, "what it shows")
    with pytest.raises(ValueError, match="`alt`"):
        clinic_view.show({"one": patient}, " ")


# The lab


@pytest.fixture(scope="module")
def lab():
    return ClinicLab(patient="patient 2")


def test_it_plays_and_shows(lab):
    before = lab.image.value
    lab.tick()
    assert lab.patient.round >= 10 and lab.image.value != before
    assert Image.open(io.BytesIO(lab.chart.value)).size[0] == 250
    assert "D went" in lab.numbers() and "learns" not in lab.describe()


def test_one_step_says_who_moved(lab):
    lab.take_step()
    assert "In D's turn D moved by" in lab.message.value


def test_the_button_tells_and_every_patient_has_a_diagnosis(lab):
    lab.diagnosis_button.click()
    assert "B19a" in lab.message.value
    assert set(PATIENTS.values()) == {"", *ward.ILLNESSES}


def test_a_treatment_acts_at_once_and_a_placebo_changes_nothing(lab):
    lab.panel.set(treatment="a guard at √0")
    assert "changes nothing" in lab.message.value and lab.patient.rules.g_trains == "all"
    done, patient = lab.patient.round, lab.patient
    lab.panel.set(treatment="each turn trains its own player")
    assert lab.patient is patient and patient.round == done
    lab.tick()
    assert patient.history[-1]["d_by_g"] == 0


def test_reset_goes_back_under_the_treatment_and_without_it_the_illness_returns(lab):
    lab.reset()
    assert lab.patient.round == 0 and lab.patient.rules.g_trains == "own"
    lab.panel.set(treatment="none")
    assert lab.patient.rules.g_trains == "all"
    lab.close()


# The exercises


def g_turn(generator, discriminator, optimizer, noise, both=False, sign=1.0):
    with tf.GradientTape() as tape:
        scores = discriminator(generator(noise, training=True), training=True)
        loss = sign * ops.mean(ops.softplus(-scores))
    variables = generator.trainable_variables
    variables = variables + (discriminator.trainable_variables if both else [])
    optimizer.apply(tape.gradient(loss, variables), variables)


def dotted(generator, discriminator, optimizer, noise):
    with tf.GradientTape() as tape:
        loss = ops.mean(ops.softplus(-discriminator(generator(noise))))
    variables = ...
    optimizer.apply(tape.gradient(loss, variables), variables)


def switched(generator, discriminator, optimizer, noise):
    discriminator.trainable = False
    g_turn(generator, discriminator, optimizer, noise)


def same_range(real, fake):
    slack = 0.1 * np.ptp(real)
    return max(abs(real.min() - fake.min()), abs(real.max() - fake.max())) < slack


def diagnose(own, other):
    if np.isnan([*own, *other]).any():
        return checks.LOST
    return checks.SHARED if other.max() > 0 else checks.FINE if own.max() > 0 else checks.STILL


def alpha(n, rng):
    return rng.uniform(size=(n, 1, 1, 1))


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (checks.check_g_turn, g_turn),
        (checks.check_alpha, alpha),
        (checks.check_same_range, same_range),
        (checks.check_diagnose, diagnose),
    ],
)
def test_a_right_answer_passes(check, answer):
    assert check(answer).passed, check(answer)


@pytest.mark.parametrize(
    ("check", "answer", "hint"),
    [
        (checks.check_g_turn, lambda *a: g_turn(*a, both=True), "Whose variables"),
        (checks.check_g_turn, lambda *a: g_turn(*a, sign=-1.0), "wants it to rise"),
        (checks.check_g_turn, lambda *a: 1, "G did not move"),
        (checks.check_g_turn, switched, "trainable"),
        (checks.check_alpha, lambda n, r: r.normal(size=(n, 1, 1, 1)), "lie outside"),
        (checks.check_alpha, lambda n, r: r.uniform(size=(n, 28, 28, 1)), "shape (n, 1, 1, 1)"),
        (checks.check_alpha, lambda n, r: np.full((n, 1, 1, 1), r.uniform()), "same α"),
        (checks.check_alpha, lambda n, r: r.uniform(size=(n, 1, 1, 1)) ** 2, "equally likely"),
        (
            checks.check_alpha,
            lambda n, r: np.random.default_rng(0).uniform(size=(n, 1, 1, 1)),
            "same each time",
        ),
        (checks.check_same_range, lambda r, f: True, "that is two ranges"),
        (checks.check_same_range, lambda r, f: r.min() == f.min(), "the same range"),
        (checks.check_same_range, lambda r, f: abs(r.mean() - f.mean()) < 0.1, "G's business"),
        (checks.check_same_range, lambda r, f: 1, "True or False"),
        (checks.check_diagnose, lambda a, b: "ill", "Return one of"),
        (checks.check_diagnose, lambda a, b: checks.FINE, "0.0"),
        (
            checks.check_diagnose,
            lambda a, b: checks.FINE if a.max() > 1e-4 else checks.STILL,
            "small",
        ),
    ],
)
def test_a_wrong_answer_gets_the_hint_that_fits(check, answer, hint):
    result = check(answer)
    assert result.verdict == "not yet" and hint in result.message, result


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (checks.check_g_turn, dotted),
        (checks.check_alpha, lambda n, r: ...),
        (checks.check_same_range, lambda r, f: ...),
        (checks.check_diagnose, lambda a, b: ...),
    ],
)
def test_an_unfinished_answer_is_no_mistake(check, answer):
    assert check(answer).verdict == "unfinished"
