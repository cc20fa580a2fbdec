"""Every `build_*` with absurd values: an error that names the argument, or a finite network."""

import functools
import inspect
import math
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from targets import arguments_of, find_functions
from trials import few_or_many

keras = pytest.importorskip("keras")

BUILDERS = find_functions("build_")
NO_NETWORK = {"build.build_notebook"}  # tests/faults/test_fault_kills.py and test_fault_disk.py

WHOLE = st.integers(1, 6)
SEED = st.sampled_from([0, 1, 7, np.int64(3)])
WIDTHS = st.lists(WHOLE, min_size=1, max_size=3) | st.sampled_from([(4,), np.array([3, 5])])
FLAG = st.booleans()
RATE = st.sampled_from([1e-3, 0.1, np.float32(0.01)])
SHARE = st.sampled_from([0.0, 0.3, 0.9, np.float32(0.5)])
IMAGE = st.sampled_from([(28, 28, 1), (8, 8, 3), (16, 8, 2), [12, 12, 1]])
NO_NUMBER = [None, "many", "", [], {}, object(), math.nan, math.inf, -math.inf, 1j]
NO_WHOLE = [*NO_NUMBER, 0, -1, -(10**9), 2.5, 10**30, "3", [3], (), np.array([2, 2])]
NO_WIDTHS = [*NO_NUMBER, 0, -3, [0], [-1, 4], [2.5], [math.nan], ["8"], [None], [[4]], "44", [1j]]
NO_RATE = [*NO_NUMBER, 0.0, -1.0, -1e-30, "0.1", [0.1], np.array([0.1, 0.1])]
NO_SHARE = [*NO_NUMBER, -0.1, 1.0, 1.5, -1e9, 1e30, "0.5", [0.5]]
NO_IMAGE = [*NO_NUMBER, (28, 28), (0, 28, 1), (28, 28, 0), (-4, 4, 1), (math.nan,) * 3]
NO_IMAGE += ["281", (28, 28, 1, 1), 28, (8.5, 8, 1), ("8", "8", "1")]
NO_CHOICE = ["", "none such", None, 3, math.nan, [], ["relu"], object()]
NO_SEED = [*NO_NUMBER, -1, -(10**9), 2.5, 10**30, 2**32, 2**31, "3", [3], np.array([2, 2])]
NO_MODEL = [None, "model", 3, math.nan, object(), [], np.zeros(3)]


def choices(*sane, absurd=NO_CHOICE):
    return st.sampled_from(sane), absurd


@functools.cache
def model(kind):
    from tgan_lessons import models, segment

    if kind == "reader":
        return segment.build_reader((2, 3), 4)
    return models.build_backbone((2, 3), input_shape=(8, 8, 1))


def some_filters(builder):
    """As many as the image can be halved, and more."""
    return st.sampled_from([(4,), [3, 4], np.array([2, 3]), (2, 2, 2), (1,) * 9])


# What is sane, and what is absurd, for each argument by its name; each may be wrong at once.
ARGUMENTS = {
    "activation": choices("relu", "leaky_relu", "tanh", "elu"),
    "augment": (FLAG, NO_NUMBER),
    "backbone": (st.builds(model, st.just("backbone")), NO_MODEL),
    "bias": (FLAG, NO_NUMBER),
    "call": choices("put together, training=False", "own call, training=True"),
    "channels": (WHOLE, NO_WHOLE),
    "classes": (st.integers(2, 5), [*NO_WHOLE, 1]),
    "dropout": (SHARE, NO_SHARE),
    "filters": (some_filters(None), NO_WIDTHS),
    "first": (WHOLE, NO_WHOLE),
    "frozen": (st.integers(0, 2), [*NO_WHOLE[:-1], 3]),
    "group": (st.sampled_from([1, 2, 4]), NO_WHOLE),
    "hidden": (WHOLE, NO_WHOLE),
    "image_shape": (IMAGE, NO_IMAGE),
    "input_dim": (WHOLE, NO_WHOLE),
    "input_shape": (IMAGE, NO_IMAGE),
    "inputs": (WHOLE, NO_WHOLE),
    "last": (WHOLE, NO_WHOLE),
    "latent_dim": (WHOLE, NO_WHOLE),
    "map_size": (WHOLE, NO_WHOLE),
    "method": choices("source only", "CORAL", "DANN"),
    "mismatch": (SHARE, NO_SHARE),
    "momentum": (SHARE, NO_SHARE),
    "multiplies": (FLAG, NO_NUMBER),
    "name": (st.sampled_from(["encoder", "n"]), [3, "a/b", math.nan, [], object()]),
    "normalise": (FLAG, NO_NUMBER),
    "output_dim": (WHOLE, NO_WHOLE),
    "outputs": (WHOLE, NO_WHOLE),
    "packing": (st.integers(1, 3), NO_WHOLE),
    "plan": (
        st.sampled_from([[(1, 4, 1)], ((2, 4, 2), (2, 4, 1))]),
        [*NO_WIDTHS, [(1, 2)], [(0, 4, 1)], [(1, 4, math.nan)], [(1, 4, 2.5)], [("1", "4", "1")]],
    ),
    "rate": (RATE, NO_RATE),
    "rates": (
        st.tuples(RATE, RATE),
        [*NO_NUMBER, 0.1, (0.1,), (0.1, -1.0), (math.nan, 0.1), ("a", "b"), (None, None)],
    ),
    "reader": (st.builds(model, st.just("reader")), NO_MODEL),
    "rotation": (st.sampled_from([0, 12.0, 180]), NO_SHARE[:10]),
    "seed": (SEED, NO_SEED),
    "shift": (st.integers(0, 3), [*NO_NUMBER, -1, -2.5, 1e30, "1", [1]]),
    "skip": (FLAG, NO_NUMBER),
    "spectral": (FLAG, NO_NUMBER),
    "temperature": (st.sampled_from([0.1, 1.0, np.float32(5)]), NO_RATE),
    "units": (WHOLE, NO_WHOLE),
    "zoom": (SHARE, NO_SHARE),
}
LISTS_OF_UNITS = {
    "cipher.build_network",
    "gan_models.build_mlp_generator",
    "gan_models.build_mlp_discriminator",
    "minibatch.build_watchful_discriminator",
}
OWN = {name: {"units": (WIDTHS, NO_WIDTHS)} for name in LISTS_OF_UNITS}
OWN["models.build_augmenter"] = {"shift": (SHARE, NO_SHARE)}


def controls_of_the_gan_lab():
    from tgan_lessons.gan_lab import GanLab

    return {c.name: c.value for c in GanLab.controls(GanLab.__new__(GanLab))}


BAD_CONTROLS = [
    controls_of_the_gan_lab() | {name: bad}
    for name, values in {"seed": NO_SEED, "width": NO_WHOLE, "rate_d": NO_RATE}.items()
    for bad in values
]
OWN["gan_controls.build_gan"] = {
    "values": (
        st.builds(controls_of_the_gan_lab),
        [None, 3, {}, {"width": 4}, *BAD_CONTROLS],
    )
}


EVERY_NAME = {*ARGUMENTS, "values", *controls_of_the_gan_lab()}


def table_of(name):
    return ARGUMENTS | OWN.get(name, {})


@pytest.mark.parametrize("name", sorted(set(BUILDERS) - NO_NETWORK))
def test_every_argument_has_values_to_be_tried(name):
    missing = set(arguments_of(BUILDERS[name])) - set(table_of(name))
    assert not missing, f"add what is sane and what is absurd for {missing} to ARGUMENTS"


@st.composite
def calls(draw, name):
    """Keyword arguments, and which of them are absurd."""
    function, table, values = BUILDERS[name], table_of(name), {}
    signature = inspect.signature(function).parameters
    names = arguments_of(function)
    absurd = draw(st.sets(st.sampled_from(names), max_size=1)) if names else set()
    for argument in names:
        sane, bad = table[argument]
        if argument in absurd:
            values[argument] = draw(st.sampled_from(bad))
        elif signature[argument].default is inspect.Parameter.empty or draw(st.booleans()):
            values[argument] = draw(sane)
    return values, absurd


def outputs_of(built):
    """What a network, or all networks of a game, say to noise."""
    if isinstance(built, tuple):
        built = built[-1]
    if isinstance(built, keras.Sequential) and not built.built:
        built.build((None, 28, 28, 1))
    if not getattr(built, "inputs", None) and hasattr(built, "backbone"):  # norm_trap's own call
        yield built(np.zeros((2, *built.backbone.input_shape[1:]), "float32"))
        return
    if not isinstance(built, keras.Model):
        raise AssertionError(f"no network: {built!r}")
    if hasattr(built, "players"):
        for player in built.players:
            for network in player.networks:
                yield from outputs_of(network) if isinstance(network, keras.Model) else ()
        return
    inputs = []
    for spec in built.inputs:
        shape = [8, *(28 if side is None else side for side in spec.shape[1:])]
        whole = "int" in str(spec.dtype)
        noise = np.random.default_rng(0).normal(size=shape)
        inputs.append(np.zeros(shape, "int32") if whole else noise.astype("float32"))
    said = built(inputs if len(inputs) > 1 else inputs[0], training=False)
    yield from said if isinstance(said, list | tuple) else [said]


def try_out(name, values, named):
    """Builds and asks the network, or sees that the error names one of `named`."""
    try:
        built = BUILDERS[name](**values)
    except (ValueError, TypeError) as error:
        said = str(error)
        assert any(f"`{argument}`" in said for argument in named), said
        assert "Received" in said, said
        assert "Traceback" not in said
        return
    for output in outputs_of(built):
        assert np.isfinite(np.asarray(output)).all()


@pytest.mark.parametrize("profile", ["few", pytest.param("many", marks=pytest.mark.long)])
@pytest.mark.parametrize("name", sorted(set(BUILDERS) - NO_NETWORK))
def test_a_clear_error_or_a_finite_network(name, profile, count):
    tried = []

    @settings(settings.get_profile(profile))
    @given(call=calls(name))
    def trial(call):
        tried.append(call)
        values, absurd = call
        try_out(name, values, EVERY_NAME if absurd else set(values))

    trial()
    count(len(tried))


@few_or_many(4, 10**6)
@pytest.mark.parametrize("name", sorted(set(BUILDERS) - NO_NETWORK))
def test_each_absurd_value_alone(name, count, trials):
    """At most so many of each argument, one by one: most are refused before anything is built."""
    function, table, tried, bad = BUILDERS[name], table_of(name), 0, []
    needed = {
        argument: next(iter_sane(table[argument][0]))
        for argument, p in inspect.signature(function).parameters.items()
        if p.default is inspect.Parameter.empty
    }
    for argument in arguments_of(function):
        values = table[argument][1]
        for value in values[zlib.crc32(name.encode()) % 4 :: max(1, len(values) // trials)]:
            tried += 1
            try:
                keys = set(value) if argument == "values" and isinstance(value, dict) else set()
                try_out(name, needed | {argument: value}, {argument} | keys)
            except Exception as error:
                bad.append(f"{argument}={value!r}: {type(error).__name__}: {str(error)[:150]!r}")
    count(tried)
    assert not bad, "\n".join([name, *bad])


def iter_sane(strategy):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # hypothesis: `example` is for exploration
        yield strategy.example()
