"""A giant from the network (a stand-in serves as its publisher), from a file, or trained."""

import socket

import keras
import numpy as np
import openml_server
import pytest

from tgan_lessons import (
    cache,
    data,
    fetch,
    giant_models,
    giants,
    norm_trap,
    signs,
    transfer,
    tuning,
)
from tgan_lessons.data import Dataset

h5py = pytest.importorskip("h5py")
SERVED = "/tensorflow/keras-applications/mobilenet_v2/" + giants.WEIGHTS


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Weights in the form in which Keras Applications publishes them, of a network of no use."""
    from keras.src.legacy.saving import legacy_h5_format

    path = tmp_path_factory.mktemp("published") / giants.WEIGHTS
    keras.utils.set_random_seed(7)
    network = keras.applications.MobileNetV2(
        input_shape=(96, 96, 3), alpha=0.35, include_top=False, weights=None
    )
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, network)
    return path, network


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    return tmp_path


# From the network ---------------------------------------------------------------------------


LOAD = """
giant = giants.load_imagenet()
result = giant and [giant.is_imagenet, repr(giant), float(giant.backbone.get_weights()[0].sum())]
"""
BEFORE = "from tgan_lessons import fetch, giants\nimport keras\nfetch.STALL = 0.5"


@pytest.fixture(scope="module")
def publisher(tmp_path_factory):
    server = openml_server.OpenML(b"")
    with openml_server.Proxy(server, tmp_path_factory.mktemp("proxy")) as proxy:
        home = tmp_path_factory.mktemp("client")
        client = openml_server.Client(
            openml_server.client_environment(home, proxy.address, proxy.authority_file)
        )
        yield server, client
        client.close()


def test_the_download_is_announced_kept_and_not_repeated(publisher, published, tmp_path):
    server, client = publisher
    server.files, server.fault = {SERVED: published[0].read_bytes()}, ""
    outcome = client.run(LOAD, tmp_path, before=BEFORE, limit=100)
    assert outcome.result[0] is True, outcome.said + outcome.complained
    assert outcome.result[1].startswith("MobileNetV2, trained on")
    first = float(published[1].get_weights()[0].sum())
    assert outcome.result[2] == pytest.approx(first, abs=1e-5)
    assert "Asking storage.googleapis.com" in outcome.said
    assert "runs on MobileNetV2" in outcome.said and "Traceback" not in outcome.complained
    assert (tmp_path / "models" / giants.WEIGHTS).exists()
    assert f"GET storage.googleapis.com{SERVED}" in server.asked

    server.asked.clear()
    server.fault = "status 500"
    assert client.run(LOAD, tmp_path, before=BEFORE, limit=100).result[0] is True
    assert server.asked == []


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("silent", "No network to storage.googleapis.com"),
        ("status 404", "Could not download ImageNet's weights"),
        ("stalled", "Could not download ImageNet's weights"),
        ("portal", "is damaged"),
    ],
)
def test_every_fault_is_told_at_once_and_nothing_is_left(
    publisher, published, tmp_path, fault, told
):
    server, client = publisher
    content = b"<html>please log in</html>" if fault == "portal" else published[0].read_bytes()
    server.files, server.fault = {SERVED: content}, "" if fault == "portal" else fault
    outcome = client.run(LOAD, tmp_path, before=BEFORE, limit=60)
    assert outcome.result is None
    assert told in outcome.said and giants.OWN in outcome.said
    assert "Traceback" not in outcome.complained
    assert not (tmp_path / "models" / giants.WEIGHTS).exists()


def test_no_network_at_all_is_said(tmp_path):
    with socket.socket() as held:  # bound, not listening
        held.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{held.getsockname()[1]}"
        client = openml_server.Client(openml_server.client_environment(tmp_path, address))
        try:
            outcome = client.run(LOAD, tmp_path, before=BEFORE)
        finally:
            client.close()
    assert outcome.result is None
    assert "No network to storage.googleapis.com" in outcome.said and giants.OWN in outcome.said


# From the data folder -----------------------------------------------------------------------


def test_weights_in_the_data_folder_need_no_network(folder, published, monkeypatch, capsys):
    monkeypatch.setattr(fetch, "reachable", lambda *_: pytest.fail("asked the network"))
    assert giants.load_imagenet(ask=False) is None
    assert giants.OWN in capsys.readouterr().out

    giants.weights_path().parent.mkdir()
    giants.weights_path().write_bytes(published[0].read_bytes())
    giant = giants.load_imagenet()
    x = np.random.default_rng(0).uniform(-1, 1, (2, 28, 28, 3)).astype(np.float32)
    large = keras.ops.image.resize(x, (96, 96))
    expected = keras.ops.mean(published[1](large, training=False), axis=(1, 2))
    np.testing.assert_allclose(giants.features(giant.backbone, x), expected, atol=1e-4)


def test_the_data_command_reads_the_weights_completely(folder, published):
    assert giants.weights_state()[0] == "absent"
    path = giants.weights_path()
    path.parent.mkdir()
    path.write_bytes(published[0].read_bytes())
    arrays = len(published[1].weights)
    assert giants.weights_state() == ("ok", f"{arrays} arrays of weights, 2.0 MB")
    path.write_bytes(path.read_bytes()[:-5000])
    assert giants.weights_state()[0] == "damaged"
    path.write_bytes(b"<html>log in first</html>")
    assert giants.weights_state()[0] == "damaged"


def test_a_network_s_stages_are_those_of_the_paper():
    network = giant_models.build_mobilenet()
    parts = giant_models.stages(network)
    assert list(parts) == ["first", *(f"block {k}" for k in range(17)), "last"]
    assert sum(len(layer.weights) for layers in parts.values() for layer in layers) == len(
        network.weights
    )
    assert len(giant_models.norms(network)) == 52


# Our own ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own():
    return giant_models.build_own(((2, 8, 1), (2, 8, 1)), first=8, last=12, seed=1)


def test_our_own_has_the_same_parts_and_its_seed_decides(own):
    assert list(giant_models.stages(own)) == ["first", "block 1", "block 2", "last"]
    assert own.output_shape == (None, 12) and "block_2_add" in [x.name for x in own.layers]
    plan = ((2, 8, 1), (2, 8, 1))
    same, other = (giant_models.build_own(plan, first=8, last=12, seed=s) for s in (1, 2))
    assert np.array_equal(own.get_weights()[0], same.get_weights()[0])
    assert not np.array_equal(own.get_weights()[0], other.get_weights()[0])
    with pytest.raises(ValueError, match="`plan` must list"):
        giant_models.build_own(((2, 8),))


def test_a_copy_shares_nothing(own):
    twin = giant_models.copy_of(own)
    x = np.ones((2, 28, 28, 3), np.float32)
    before = own.get_weights()
    np.testing.assert_allclose(twin(x, training=False), own(x, training=False), atol=1e-6)
    twin(x, training=True)
    assert all(np.array_equal(a, b) for a, b in zip(before, own.get_weights(), strict=True))


def test_a_trained_giant_reads_its_own_task(capsys):
    rng = np.random.default_rng(0)
    y = (np.arange(240) % 3).astype(np.int32)
    x = rng.uniform(-1, -0.5, (240, 28, 28, 3)).astype(np.float32)
    x[np.arange(240), :, :, y] += 1.0  # red, green, blue
    task = Dataset(x[:180], y[:180], x[180:], y[180:], ("r", "g", "b"), "three colours")
    network = giant_models.build_own(((2, 8, 1), (2, 8, 1)), first=8, last=12)
    giant = giants.train_own(task, steps=60, backbone=network)
    assert "three colours" in repr(giant) and not giant.is_imagenet
    assert "of its own test images, 3 classes" in capsys.readouterr().out
    linear = transfer.fit_linear(giants.features(giant.backbone, task.x_train), task.y_train)
    features = giants.features(giant.backbone, task.x_test)
    assert transfer.score_linear(linear, features, task.y_test) > 0.95


# The tasks ----------------------------------------------------------------------------------


def letters(seed=0):
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(37), 3).astype(np.int32)
    x = rng.uniform(-1, 1, (111, 28, 28, 1)).astype(np.float32)
    return Dataset(x, y, x[:37].copy(), np.arange(37, dtype=np.int32), data.BALANCED[10:], "drawn")


def test_ink_inverts_the_photograph():
    photo = np.full((40, 40, 3), (10, 100, 200), np.uint8)
    images = np.full((2, 28, 28, 1), -1, np.float32)
    images[1] = 1.0
    x = signs.write_over(images, [photo], seed=0)
    assert x.dtype == np.float32 and x.shape == (2, 28, 28, 3)
    np.testing.assert_allclose((x[0, 0, 0] + 1) * 127.5, (10, 100, 200), atol=1e-3)
    np.testing.assert_allclose((x[1, 0, 0] + 1) * 127.5, (245, 155, 55), atol=1e-3)


def test_pages_are_light_and_ink_is_a_pen_s():
    images = np.full((60, 28, 28, 1), -1, np.float32)
    images[:, 10:18] = 1.0
    x = signs.write_on(images, seed=0)
    assert x.dtype == np.float32 and x.shape == (60, 28, 28, 3) and abs(x).max() <= 1
    paper, ink = x[:, 0, 0], x[:, 12, 0]
    light = (paper[:, :1] + 1) / (signs.PAPER[0] + 1)
    assert light.min() >= 0.8 and light.max() <= 1.0
    pens = {tuple(np.round(pen, 2)) for pen in (ink + 1) / light - 1}
    assert pens == {tuple(np.round(pen, 2)) for pen in np.float32(signs.PENS)}


def test_the_giant_never_goes_to_school_with_our_letters():
    target = signs.make_target(letters())
    digits = Dataset(
        letters().x_train[:30],
        np.repeat(np.arange(10), 3).astype(np.int32),
        letters().x_test[:10],
        np.arange(10, dtype=np.int32),
        data.DIGITS,
        "drawn",
    )
    school = signs.make_source(digits, letters())
    assert target.class_names == tuple("ABDEFGHMNQRT")
    assert not set(target.class_names) & set(school.class_names)
    assert np.bincount(target.y_train).tolist() == [3] * 12
    assert np.bincount(school.y_train).tolist() == [3] * 35
    hers = signs.make_colleague(digits, most=5)
    assert len(hers.x_test) == 5 and hers.class_names == data.DIGITS


def test_classes_are_numbered_in_the_order_asked_for():
    few = signs.pick_classes(letters(), "CA")
    assert few.class_names == ("C", "A")
    first = letters().x_train[letters().y_train == 2]
    assert np.array_equal(few.x_train[few.y_train == 0], first)
    with pytest.raises(ValueError, match="`names` must be different classes"):
        signs.pick_classes(letters(), "A7")


@pytest.mark.slow
def test_the_lesson_s_loop_and_table_run_on_mobilenet(published):
    network = giant_models.build_mobilenet()
    network.set_weights(published[1].get_weights())
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (6, 28, 28, 3)).astype(np.float32)
    y = (np.arange(6) % 3).astype(np.int32)
    run = tuning.Tuning(network, 3)
    run.start(x, y)
    run.advance(1, training=True)
    assert run.moved() == 0.0 and run.drift() > 0
    assert len(run.by_stage()) == 19 and norm_trap.momentum_of(network) == pytest.approx(0.999)
    pair = norm_trap.FREEZING[3], norm_trap.CALLS[2]
    outcome = norm_trap.try_out(run.backbone, *pair, x, y, 3)
    assert outcome.statistics_moved and not outcome.weights_moved
