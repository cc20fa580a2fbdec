"""Two logical devices, in a process of their own, train as one does at the same global batch.

Weights and logs after six rounds are compared with those of one device, which knows nothing of
replicas. Differences of 6e-8 are roundings: parts of a batch are summed in another order.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
GAMES = ("SGD, in turn", "SGD, at once", "Adam, in turn", "Adam, at once", "odd parts", "own noise")


def run(*names):
    environment = os.environ | {"PYTHONPATH": str(HERE.parent), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, str(HERE / "replica_run.py"), *names]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=900)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def check_equal(found):
    assert found["moved"] > 0.01
    assert found["apart"] <= 1e-6 and found["logs"] <= 1e-6
    assert found["copies"] == 0.0  # the devices' copies of all variables, random states included
    assert found["rounds"] == [6, 6]


def check_diverged(found):
    """One sample is not a number; it is in one device's part, and no device moves."""
    assert found == {"same": True, "rounds": 2, "copies": 0.0}


def test_two_devices_train_as_one():
    names = ("Adam, in turn", "own noise")  # the second one with SGD
    found = run(*names, "diverge")
    for name in names:
        check_equal(found[name])
    check_diverged(found["diverge"])


@pytest.mark.long
def test_two_devices_train_as_one_in_all_ways():
    found = run()
    for name in GAMES:
        check_equal(found[name])
    check_diverged(found["diverge"])
    saved = found["save"]
    assert saved["again"] == 0.0 == saved["copies"] and saved["alone"] <= 1e-6
    fed = found["feed"]
    assert fed["moves"] == [4 * 3 + 2, 5] and fed["finite"] and fed["held"]
    assert fed["copies"] == 0.0
    assert fed["refused"].startswith("`advance` and `move` play on one device")
    # 2^40 is halved until D's gradient fits into half precision; G's scale fits at once
    overflow = found["overflow"]
    assert overflow["moves"][1] == 36 and overflow["scales"][1] == 16.0
    halvings = 36 - overflow["moves"][0]
    assert 10 < halvings < 36 and overflow["scales"][0] == 2.0 ** (40 - halvings)
    assert overflow["copies"] == 0.0
