import os
import subprocess
import sys

import numpy as np
import pytest
from scipy import ndimage

from tgan_lessons import cache, data, fetch, judge, metrics, transfer


@pytest.fixture(scope="module")
def arrays():
    return cache.load_or_make("mnist_5k", fetch.bundled_mnist)


def dataset(x_train, y_train, x_test, y_test):
    parts = (data.to_float(x_train), np.int32(y_train), data.to_float(x_test), np.int32(y_test))
    return data.Dataset(*parts, class_names=data.DIGITS, source="a test")


@pytest.fixture(scope="module")
def digits(arrays):
    return dataset(**arrays)


@pytest.fixture(scope="module")
def reader():
    return judge.load_judge()


def as_set(images):
    return {image.tobytes() for image in images}


def test_reads_digits_that_it_never_saw(reader, digits):
    read = reader.classify(digits.x_test)
    assert read.shape == (1000,) and read.dtype == np.int64
    right = read == digits.y_test
    assert right.mean() >= 0.98
    assert min(right[digits.y_test == digit].mean() for digit in range(10)) >= 0.93


def test_classes_probabilities_and_features_fit_together(reader, digits):
    some = digits.x_test[::7]
    probabilities, features = reader.probabilities(some), reader.features(some)
    assert (probabilities.shape, features.shape) == ((143, 10), (143, judge.FEATURES))
    assert probabilities.dtype == features.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert (probabilities.argmax(axis=1) == reader.classify(some)).all()
    model = transfer.fit_linear(features, digits.y_test[::7], strength=1.0)
    others = reader.features(digits.x_test[1::7])
    assert transfer.score_linear(model, others, digits.y_test[1::7]) > 0.93


def test_features_do_not_depend_on_company(reader, digits):
    alone = [reader.features(digits.x_test[i : i + 1])[0] for i in (0, 600, 999)]
    together = reader.features(digits.x_test)[[0, 600, 999]]
    np.testing.assert_allclose(alone, together, atol=1e-4)


def test_features_have_full_rank(reader, digits):
    eigenvalues = np.linalg.eigvalsh(np.cov(reader.features(digits.x_test).T))
    assert eigenvalues[0] > 1e-4 * eigenvalues[-1]


def test_distance_tells_digits_from_what_is_none(reader, digits):
    left = judge.unseen(digits)
    rng = np.random.default_rng(0)
    order = rng.permutation(2000)
    fresh, reference = left.x_train[order[:1000]], reader.features(left.x_train[order[1000:]])
    real = reader.features(digits.x_test)

    def measure(images):
        features = reader.features(images.astype(np.float32))
        return metrics.frechet_distance(features, real, reference)

    floor = measure(fresh)
    assert floor.value == pytest.approx(floor.perfect, rel=0.5)  # real digits are near the floor
    blurred = [measure(ndimage.gaussian_filter(fresh, (0, s, s, 0))).value for s in (0.5, 1, 2)]
    assert floor.value < blurred[0] < blurred[1] < blurred[2]
    assert blurred[1] > 2 * floor.value
    assert measure(rng.uniform(-1, 1, fresh.shape)).value > 50 * floor.value
    few = measure(np.repeat(fresh[:20], 50, axis=0))  # real, but always the same
    assert few.value > 3 * floor.value


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (np.zeros((2, 28, 28)), TypeError, r"`images` must be a NumPy array of float32s.*float64"),
        ([[0.0]], TypeError, r"`images` must be a NumPy array of float32s.*Received: list"),
        (np.zeros((2, 28, 28), np.float32), ValueError, r"`images` must have shape \(n, height"),
        (np.zeros((0, 28, 28, 1), np.float32), ValueError, r"`images` must have shape.*n ≥ 1"),
        (
            np.zeros((2, 28, 28, 3), np.float32),
            ValueError,
            r"`images` must be digits of shape.*3\)",
        ),
        (
            np.full((2, 28, 28, 1), 1.1, np.float32),
            ValueError,
            r"`images`.*\[-1, 1\].*Received val",
        ),
        (
            np.full((2, 28, 28, 1), np.nan, np.float32),
            ValueError,
            r"`images`.*finite.*Received val",
        ),
    ],
)
@pytest.mark.parametrize("method", ["features", "probabilities", "classify"])
def test_no_digits(reader, method, images, error, message):
    with pytest.raises(error, match=message):
        getattr(reader, method)(images)


def test_the_judges_half_is_the_last_200_of_each_class(arrays):
    generators, judges = judge.split()
    for digit in range(10):
        members = arrays["x_train"][arrays["y_train"] == digit]
        assert np.array_equal(generators["x"][generators["y"] == digit], members[:200])
        assert np.array_equal(judges["x"][judges["y"] == digit], members[200:])


def test_generators_share_no_bundled_digit_with_the_judge(arrays, digits):
    left = judge.unseen(digits)
    assert (len(left.x_train), len(left.x_test)) == (2000, 1000)
    generators, judges = judge.split()
    shown = as_set(data.to_uint8(left.x_train)) | as_set(data.to_uint8(left.x_test))
    assert not shown & as_set(judges["x"])
    assert shown == as_set(generators["x"]) | as_set(arrays["x_test"])
    assert (np.bincount(left.y_train) == 200).all()
    assert left.source == "a test, without the 2,000 that the judge learned from"


def test_the_judges_digits_are_found_among_others_too(arrays, digits):
    # as in the full MNIST: elsewhere, in another order, and some of them among the test digits
    rng = np.random.default_rng(0)
    _, judges = judge.split()
    made_up = rng.integers(0, 256, (6000, 28, 28), np.uint8)
    nearly = judges["x"][:50].copy()
    nearly[:, 0, 0] ^= 1  # one pixel by one shade
    x = np.concatenate([made_up, judges["x"][:1500], nearly, arrays["x_test"]])
    y = np.arange(len(x)) % 10  # a number for each image, to see that labels stay with theirs
    order = rng.permutation(len(x))
    x_test = np.concatenate([judges["x"], made_up[:3]])
    left = judge.unseen(dataset(x[order], y[order], x_test, y[:2003]))
    assert (len(left.x_train), len(left.x_test)) == (6000 + 50 + 1000, 3)
    assert not as_set(data.to_uint8(left.x_train)) & as_set(judges["x"])
    kept = [i for i in order if not 6000 <= i < 7500]
    assert np.array_equal(left.y_train, y[kept])
    assert np.array_equal(data.to_uint8(left.x_train)[..., 0], x[kept])
    assert "without the 3,500 that" in left.source


def test_nothing_is_taken_from_other_images():
    noise = np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)
    given = dataset(noise, np.arange(20) % 10, noise, np.arange(20) % 10)
    left = judge.unseen(given)
    assert np.array_equal(left.x_train, given.x_train) and np.array_equal(left.x_test, given.x_test)


def test_unseen_needs_no_tensorflow():
    code = """
import sys, numpy as np
from tgan_lessons import data, judge
x, y = np.zeros((2, 28, 28, 1), np.float32), np.zeros(2, np.int32)
judge.unseen(data.Dataset(x, y, x, y, data.DIGITS, ""))
print("tensorflow" in sys.modules)"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


def test_the_file_is_small_and_the_judge_read_once():
    assert judge.WEIGHTS.stat().st_size < 200_000
    assert judge.load_judge() is judge.load_judge()


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There is no .*gone\.npz.*benchmarks\.judge"):
        judge.Judge(tmp_path / "gone.npz")


class Pickled:
    def __reduce__(self):
        return os.abort, ()


def truncated(path, weights):
    path.write_bytes(judge.WEIGHTS.read_bytes()[:-5000])


def flipped(path, weights):
    np.savez(path, **weights)
    content = bytearray(path.read_bytes())
    place = content.find(weights["block3_conv_0"].tobytes()) + 100
    content[place] ^= 255
    path.write_bytes(content)


def pickled(path, weights):
    np.savez(path, **weights | {"head_0": np.array([Pickled()], object)})


def single_array(path, weights):
    with open(path, "wb") as file:
        np.save(file, weights["head_0"])


def lacking(path, weights):
    np.savez(path, **{name: weights[name] for name in weights if name != "head_1"})


def without_digits(path, weights):
    np.savez(path, **{name: weights[name] for name in weights if name != judge.LEARNED_FROM})


def other_shape(path, weights):
    np.savez(path, **weights | {"head_0": weights["head_0"].T})


def not_finite(path, weights):
    np.savez(path, **weights | {"head_0": weights["head_0"] * np.float16(np.nan)})


def surplus(path, weights):
    np.savez(path, **weights, head_2=weights["head_1"])


@pytest.mark.parametrize(
    "damage",
    [
        truncated,
        flipped,
        pickled,
        single_array,
        lacking,
        without_digits,
        other_shape,
        not_finite,
        surplus,
    ],
)
def test_a_damaged_file(tmp_path, damage):
    path = tmp_path / "judge.npz"
    with np.load(judge.WEIGHTS) as archive:
        damage(path, dict(archive))
    with pytest.raises(ValueError, match=r"judge\.npz is damaged \(.*benchmarks\.judge"):
        judge.Judge(path)


def test_what_is_trained_is_what_is_read(tmp_path, digits):
    trained = judge.train(seed=1, steps=2)
    judge.save(trained, tmp_path / "judge.npz")
    read = judge.Judge(tmp_path / "judge.npz").features(digits.x_test[:50])
    live = transfer.extract_features(trained.get_layer("backbone"), digits.x_test[:50])
    np.testing.assert_allclose(read, live, atol=0.02)
    assert live.std() > 0.1
    start = judge.train(seed=1, steps=1).get_weights()
    assert any(
        np.abs(a - b).max() > 1e-3 for a, b in zip(start, trained.get_weights(), strict=True)
    )
