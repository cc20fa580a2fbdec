"""Every `load_*` with absurd arguments: named, or a data set that is whole."""

import math

import numpy as np
import pytest
from kill_jobs import make
from targets import arguments_of, find_functions

from tgan_lessons import cache

LOADERS = find_functions("load_")
NO_TEXT = [None, 3, math.nan, [], {}, object(), b"ring", np.array(["ring", "grid"]), ("ring",)]
NO_NAME = [*NO_TEXT, "", "none such", "RING", "../ring", "a/b", "\0"]
NO_SEED = [None, "many", "", [], {}, object(), math.nan, math.inf, -1, 2.5, 10**30, [3], 1j]
ABSURD = {
    "data.load_emnist": {"part": NO_NAME},
    "data.load_mnist_m": {"seed": NO_SEED},
    "toys.load_toy": {"name": NO_NAME},
    "cache.load_or_make": {
        "name": [*NO_TEXT, "", "../ring", "a/b", "/etc/passwd", "\0"],
        "make": [None, 3, "x", []],
    },
    "giants.load_imagenet": {"ask": []},  # anything is true or false
}
GOOD = {"cache.load_or_make": {"name": "digits", "make": lambda: make(1, 2)}}
NO_ARGUMENTS = {
    "data.load_mnist",
    "data.load_optical_digits",
    "judge.load_judge",
    "mnist_m.load_photos",
}


def test_every_loader_is_tried():
    assert {name for name in LOADERS if not arguments_of(LOADERS[name])} == NO_ARGUMENTS
    for name in set(LOADERS) - NO_ARGUMENTS:
        assert set(ABSURD[name]) == set(arguments_of(LOADERS[name])), name


@pytest.mark.parametrize("name", sorted(ABSURD))
def test_absurd_arguments_are_named(name, count, tmp_path, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    tried = 0
    for argument, values in ABSURD[name].items():
        for value in values:
            tried += 1
            with pytest.raises((ValueError, TypeError)) as told:
                LOADERS[name](**GOOD.get(name, {}) | {argument: value})
            assert f"`{argument}`" in str(told.value) and "Received" in str(told.value)
            assert list(tmp_path.iterdir()) == []
    count(tried)


@pytest.mark.parametrize("name", sorted(NO_ARGUMENTS - {"judge.load_judge"}))
def test_what_is_loaded_is_whole(name):
    loaded = LOADERS[name]()
    arrays = loaded if isinstance(loaded, list) else [loaded.x_train, loaded.x_test]
    assert all(np.isfinite(array).all() and array.size for array in arrays)
