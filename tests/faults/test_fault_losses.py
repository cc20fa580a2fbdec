"""Every loss with absurd scores: an error that names the argument, or a finite number."""

import inspect
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from trials import few_or_many  # noqa: F401  (it registers the profiles)

keras = pytest.importorskip("keras")

from tgan_lessons import adapt, caption_gan, cipher, losses, minibatch, vae  # noqa: E402

ELSEWHERE = {
    "coral": adapt.coral,
    "sameness": caption_gan.sameness,
    "wrong_bits": cipher.wrong_bits,
    "add_spread": minibatch.add_spread,
    "kl_to_prior": vae.kl_to_prior,
    "reparameterise": vae.reparameterise,
}
OURS = {
    name: function
    for name, function in vars(losses).items()
    if inspect.isfunction(function) and function.__module__ == losses.__name__ and name[0] != "_"
}
EDGE = 2.0**50  # scores beyond it overflow when they are squared; the engine stops the game then


COLUMN = st.tuples(st.integers(1, 5), st.just(1))


def scores(shape=COLUMN, edge=EDGE):
    number = st.floats(-edge, edge, width=32) | st.sampled_from([0.0, edge, -edge, 2.0**-100])
    return arrays.arrays(np.float32, shape, elements=number)


ROWS = scores(st.tuples(st.just(4), st.just(3)), 2.0**13)
PICTURES = scores(st.just((4, 4, 4, 1)), 2.0**10)
NO_SCORES = [None, "many", [], 3, np.zeros((0, 1), np.float32), np.array([[1]]), object()]


def critic(x):
    from keras import ops

    return ops.sum(ops.square(x), axis=tuple(range(1, len(x.shape))))[:, None]


def tensors(strategy):
    return strategy.map(keras.ops.convert_to_tensor)


SMOOTHING = st.sampled_from([0.0, 0.1, 0.9])
SANE = {  # by argument, or by function and argument
    "real": tensors(scores()),
    "fake": tensors(scores()),
    "smoothing": SMOOTHING,
    "alpha": tensors(scores(st.just((4, 1)), 1.0).map(np.abs)),
    "critic": st.just(critic),
    "name": st.sampled_from(losses.LOSSES),
    "samples": ROWS,
    "together": st.sampled_from([1, 2, 4]),
    "f_s": ROWS,
    "f_t": ROWS,
    "images": PICTURES,
    "noise": ROWS,
    "bits": ROWS,
    "guess": ROWS,
    "x": ROWS,
    "group": st.sampled_from([1, 2, 4]),
    "mean": ROWS,
    "log_var": scores(st.just((4, 3)), 50.0),
    "gradient_penalty.real": tensors(ROWS),
    "gradient_penalty.fake": tensors(ROWS),
    "r1.real": tensors(ROWS),
}
ABSURD = {
    "real": NO_SCORES,
    "fake": NO_SCORES,
    "alpha": NO_SCORES,
    "samples": NO_SCORES,
    "name": ["", None, 3, math.nan, "kl", []],
    "together": [0, -1, 2.5, math.nan, math.inf, None, "2", [2], 3, 10**30],
}


def sane(name, argument):
    return SANE.get(f"{name}.{argument}", SANE.get(argument))


@pytest.mark.parametrize("name", sorted(OURS | ELSEWHERE))
def test_every_argument_has_values_to_be_tried(name):
    missing = [
        a for a in inspect.signature((OURS | ELSEWHERE)[name]).parameters if not sane(name, a)
    ]
    assert not missing, f"add to SANE what {missing} may be"


@pytest.mark.parametrize("profile", ["few", pytest.param("many", marks=pytest.mark.long)])
@pytest.mark.parametrize("name", sorted(OURS | ELSEWHERE))
def test_finite_scores_give_finite_losses(name, profile, count):
    function, tried = (OURS | ELSEWHERE)[name], []
    names = list(inspect.signature(function).parameters)

    @settings(settings.get_profile(profile))
    @given(st.fixed_dictionaries({argument: sane(name, argument) for argument in names}))
    def trial(values):
        tried.append(values)
        result = function(**values)
        if not isinstance(result, losses.Loss):
            assert np.isfinite(np.asarray(result)).all()

    trial()
    count(len(tried))


@pytest.mark.parametrize("name", sorted(OURS))
def test_absurd_arguments_are_named(name, count):
    function, tried = OURS[name], 0
    rows = keras.ops.ones((4, 3))
    good = {"real": rows, "fake": rows, "alpha": rows[:, :1], "critic": critic, "samples": rows}
    good |= {"smoothing": 0.0, "name": "hinge", "together": 2}
    names = list(inspect.signature(function).parameters)
    for argument in set(names) & set(ABSURD):
        for value in ABSURD[argument]:
            tried += 1
            call = {each: good[each] for each in names} | {argument: value}
            with pytest.raises((ValueError, TypeError)) as told:
                function(**call)
            said = str(told.value)
            word = "loss" if argument == "name" else argument
            assert f"`{word}`" in said or (argument == "together" and "`samples`" in said), said
            assert "Received" in said
    count(tried)
