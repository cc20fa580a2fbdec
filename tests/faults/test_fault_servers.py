"""Servers that lie about length, redirect for ever, trickle: said in time, and gone on without.

Silence, stalls, drops, errors, portals and wrong checksums of EMNIST are in tests/test_fetch.py.
"""

import io

import numpy as np
import openml_server
import pytest

from tgan_lessons import cache, giants

MNIST = "/tensorflow/tf-keras-datasets/mnist.npz"
WEIGHTS = "/" + giants.ADDRESS.split("/", 3)[3]
QUICK = "\nfetch.STALL, fetch.LONGEST = 0.5, 3.0"
WARM = {
    "emnist": "from tgan_lessons import data, fetch\nimport sklearn.datasets, pandas" + QUICK,
    "mnist": "from tgan_lessons import data, fetch\nimport keras" + QUICK,
    "weights": "from tgan_lessons import fetch, giants\nimport keras" + QUICK,
}
GET = {
    "emnist": "result = fetch.emnist(again=True) is None",
    "mnist": "result = fetch.mnist(again=True) is None",
    "weights": "result = giants.load_imagenet() is None",
}
SAYS = {"emnist": "without it.", "mnist": "without it.", "weights": giants.OWN}


TESTED = np.repeat(np.arange(openml_server.CLASSES), 4)  # of each class, the last seventh


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A server, and one client for all: its folder is new for each test."""
    x_train, y_train, x_test, y_test = openml_server.upright_images()
    images, labels = np.concatenate([x_train, x_test]), np.concatenate([y_train, y_test])
    server = openml_server.OpenML(openml_server.arff(images, labels))
    pixels, buffer = np.full((20, 28, 28), 7, np.uint8), io.BytesIO()
    np.savez(buffer, x_train=pixels, y_train=pixels[:, 0, 0], x_test=pixels, y_test=pixels[:, 0, 0])
    server.files = {MNIST: buffer.getvalue(), WEIGHTS: b"\x89HDF\r\n\x1a\n" + bytes(99_999)}
    with openml_server.Proxy(server, tmp_path_factory.mktemp("proxy")) as proxy:
        environment = openml_server.client_environment(
            tmp_path_factory.mktemp("home"), proxy.address, proxy.authority_file
        )
        client = openml_server.Client(environment)
        yield server, client
        client.close()


KERAS_FAULTS = (
    "status 500",
    "portal",
    "stalled",
    "nonsense",
    "dropped",
    *openml_server.MORE_FAULTS,
)
CASES = [("emnist", fault) for fault in openml_server.MORE_FAULTS]
CASES += [(what, fault) for what in ("mnist", "weights") for fault in KERAS_FAULTS]


@pytest.mark.parametrize(
    ("what", "fault"),
    [
        case if case[0] == "emnist" else pytest.param(*case, marks=pytest.mark.long)
        for case in CASES
    ],
)
def test_a_lie_is_told_in_time_and_nothing_of_it_is_kept(place, tmp_path, count, what, fault):
    server, client = place
    server.fault = fault
    try:
        outcome = client.run(GET[what], tmp_path, before=WARM[what], limit=60)
    finally:
        server.fault = ""
    if (what, fault) == ("emnist", "says more"):  # whole by its checksum all the same
        assert outcome.result is False
        assert np.array_equal(
            np.sort(cache.read(tmp_path / "emnist_balanced.npz")["y_test"]), TESTED
        )
        count(1)
        return
    assert outcome.result is True, outcome.said + outcome.complained
    assert SAYS[what] in outcome.said or "going on without" in outcome.said
    assert "Traceback" not in outcome.complained
    left = [p for p in tmp_path.rglob("*") if p.is_file() and p.suffix != ".lock"]
    assert all("damaged" in path.name for path in left), left
    assert outcome.seconds < 4 + 3 + 10  # patience, longest, and what a busy machine adds
    count(1)
