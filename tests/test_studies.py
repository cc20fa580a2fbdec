"""Studies give the same results wherever their pieces are computed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import joblib
import pytest

from tgan_lessons import studies

HERE = Path(__file__).parent


def test_pieces_are_computed_in_turn_and_one_at_a_time_in_this_process():
    seen = []

    def square(i):
        seen.append((i, os.getpid()))
        return i * i

    results = studies.spread(square, ((i,) for i in range(4)))
    assert seen == []
    assert next(results) == 0 and len(seen) <= 2
    assert list(results) == [1, 4, 9]
    assert seen == [(i, os.getpid()) for i in range(4)]


def test_results_keep_their_order_among_workers():
    with joblib.parallel_config(backend="threading", n_jobs=4):
        results = list(studies.spread(divmod, ((i, 7) for i in range(40))))
    assert results == [divmod(i, 7) for i in range(40)]


def run(scheduler):
    environment = os.environ | {"PYTHONPATH": str(HERE.parent), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, str(HERE / "study_run.py"), scheduler]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=900)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    lines = [line.split() for line in done.stderr.splitlines()]
    workers = {int(line[-1]) for line in lines if line[:2] == ["learned", "by"]}
    return told["found"], {worker == told["pid"] for worker in workers}


@pytest.mark.long
def test_serial_loky_and_dask_give_the_same_results():
    """Lessons 01, 02 and 07, on two workers; bit for bit, the weights of trained networks too."""
    pytest.importorskip("distributed")
    expected, here = run("serial")
    assert here == {True}
    for scheduler in ("loky", "dask"):
        found, here = run(scheduler)
        assert here == {False}, scheduler
        assert found == expected, scheduler
