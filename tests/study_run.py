"""Tiny studies of lessons 01, 02 and 07, for tests/test_studies.py; prints their results.

    python study_run.py serial | loky | dask

As in a notebook, what the studies call is defined in `__main__`.
"""

import contextlib
import json
import os
import sys

import joblib
import keras
import numpy as np
from keras import layers

from tgan_lessons import collapse, data, freezing, pools, small_nets, toys, transfer

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (80, 8, 8, 1)).astype(np.float32)
Y = np.arange(80, dtype=np.int32) % 4
LETTERS = data.Dataset(X[:60], Y[:60], X[60:], Y[60:], tuple("abcd"), "noise")


def build(seed):
    """As `models.build_classifier`: a backbone of blocks with normalisation, and a head."""
    start = [keras.initializers.GlorotUniform(seed=seed + i) for i in range(2)]
    conv = layers.Conv2D(4, 3, kernel_initializer=start[0], name="block1_conv")
    norm = layers.BatchNormalization(name="block1_norm")
    pool = layers.GlobalAveragePooling2D()
    backbone = keras.Sequential([keras.Input((8, 8, 1)), conv, norm, pool], name="backbone")
    drop = layers.Dropout(0.3, seed=seed)
    head = layers.Dense(4, kernel_initializer=start[1], name="head")
    return keras.Sequential([keras.Input((8, 8, 1)), backbone, drop, head])


def study_transfer():
    learner = transfer.Learner(build, learning_rate=1e-2)

    def scratch(x, y, seed):
        learner.train(x, y, steps=10, seed=seed)
        print("learned by", os.getpid(), file=sys.stderr)
        return learner.model.get_weights()[0].ravel().tolist()  # all that it learned

    def pixels(x, y, seed):
        return transfer.score_linear(transfer.fit_linear(x, y), LETTERS.x_test, LETTERS.y_test)

    trainers = {"scratch": scratch, "pixels": pixels}
    runs = transfer.compare(trainers, LETTERS, (2, 5), range(2))
    return [[run.method, run.per_class, run.seed, run.accuracy] for run in runs]


def study_freezing():
    x = RNG.uniform(-1, 1, (60, 14, 14, 1)).astype(np.float32)
    y = np.arange(60) % 6
    rows = {"letters": np.flatnonzero(y < 3), "B": np.flatnonzero(y >= 3)}
    tests = {"letters": (x[y < 3], y[y < 3]), "B": (x[y >= 3], y[y >= 3])}
    pool = pools.Pool(x, y, rows, tests, (0, 0, 0, 1, 1, 1))
    target = freezing.Target(pool, per_class=6, held_back=2, seeds=(0, 1), steps=8)
    sources = {"letters": small_nets.new_weights(pool.plan, (5, 6))}
    found = freezing.sweep(target, sources, tuned=True, copied=1e-3, new=1e-2, depths=(1, 3))
    return [[o.source, o.depth, o.validation.tolist(), o.test.tolist()] for o in found]


def study_collapse():
    cures = {name: collapse.CURES[name] for name in ("plain", "R1", "packing 2")}
    counts = collapse.compare(cures, toys.load_toy("ring"), seeds=(1, 2), rounds=30)
    return {name: [[r.value for r in count] for count in each] for name, each in counts.items()}


@contextlib.contextmanager
def scheduler(name):
    if name == "serial":
        yield
    elif name == "loky":
        with joblib.parallel_config(backend="loky", n_jobs=2):
            yield
    else:
        from dask.distributed import Client, LocalCluster

        options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
        with (
            LocalCluster(**options) as cluster,
            Client(cluster),
            joblib.parallel_config(backend="dask"),
        ):
            yield


def main(name):
    with scheduler(name):
        found = [study_transfer(), study_freezing(), study_collapse()]
    print(json.dumps({"pid": os.getpid(), "found": found}))


if __name__ == "__main__":
    main(sys.argv[1])
