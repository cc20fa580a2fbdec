import numpy as np
import pytest
from sklearn.datasets import load_sample_image

from tgan_lessons import mnist_m
from tgan_lessons.data import DIGITS, Dataset, load_optical_digits, to_float, to_uint8

PHOTOS = [load_sample_image(name) for name in ("china.jpg", "flower.jpg")]
STRIP = 64  # columns: a tenth of 640


def dataset(x_train, x_test):
    labels = [np.arange(len(x), dtype=np.int32) % 10 for x in (x_train, x_test)]
    return Dataset(to_float(x_train), labels[0], to_float(x_test), labels[1], DIGITS, "test")


def plain(value, train=40, test=30):
    shape = (28, 28)
    return dataset(*(np.full((n, *shape), value, np.uint8) for n in (train, test)))


def places(patch):
    """The columns where `patch` occurs in a photograph, by comparing every window."""
    found = []
    for photo in PHOTOS:
        rows, columns = np.nonzero((photo[:-27, :-27] == patch[0, 0]).all(axis=2))
        found += [
            column
            for row, column in zip(rows, columns, strict=True)
            if np.array_equal(photo[row : row + 28, column : column + 28], patch)
        ]
    return found


@pytest.fixture(scope="module")
def patches():
    """Where the digit is black the patch shows: black digits reveal the patches of seed 3."""
    x_train, _, x_test, _ = mnist_m.blend(plain(0), seed=3)
    return to_uint8(x_train), to_uint8(x_test)


def test_patches_are_crops_of_their_own_strips(patches):
    for part, kinds in zip(patches, ({0, 1}, {2}), strict=True):
        for patch in part[:20]:
            columns = [c for c in places(patch) if c // STRIP == (c + 27) // STRIP]
            assert any(column // STRIP % 3 in kinds for column in columns)


def test_every_pixel_is_the_difference(patches):
    rng = np.random.default_rng(0)
    digits = rng.integers(0, 256, (40, 28, 28)).astype(np.uint8)
    x_train, _, x_test, _ = mnist_m.blend(dataset(digits, digits[:30]), seed=3)
    for blended, parts in ((to_uint8(x_train), patches[0]), (to_uint8(x_test), patches[1])):
        for k in (0, 7, 29):
            for row in range(28):
                for column in range(28):
                    for channel in range(3):
                        patch, digit = parts[k, row, column, channel], digits[k, row, column]
                        expected = abs(int(patch) - int(digit))
                        assert blended[k, row, column, channel] == expected


def test_a_white_digit_inverts_the_photograph(patches):
    x_train, _, x_test, _ = mnist_m.blend(plain(255), seed=3)
    assert np.array_equal(to_uint8(x_train), 255 - patches[0])
    assert np.array_equal(to_uint8(x_test), 255 - patches[1])


def test_both_photographs_and_their_whole_width_serve():
    rng = np.random.default_rng(0)
    columns = np.broadcast_to(np.arange(100, dtype=np.uint8)[:, None], (60, 100, 3))
    coded = [columns, columns + np.uint8(100)]  # a value tells photograph and column
    corners = mnist_m.crop_patches(coded, 4000, rng)[:, 0, 0, 0]
    assert set(corners) == {*range(73), *range(100, 173)}
    # each photograph about every second time: 2000 ± 5 standard deviations of 32
    assert abs((corners >= 100).sum() - 2000) < 160


def test_strips_are_the_whole_photographs_and_no_column_is_in_both_parts():
    train, test = mnist_m.split_photos(PHOTOS)
    assert (len(train), len(test)) == (14, 6)
    for photo, first, others in zip(PHOTOS, (0, 7), (0, 3), strict=True):
        t, h = train[first : first + 7], test[others : others + 3]
        strips = [t[0], t[1], h[0], t[2], t[3], h[1], t[4], t[5], h[2], t[6]]
        assert np.array_equal(np.concatenate(strips, axis=1), photo)


def test_both_parts_of_the_photographs_are_equally_busy():
    rng = np.random.default_rng(0)
    parts = mnist_m.split_photos(PHOTOS)
    busy = [mnist_m.crop_patches(part, 4000, rng).std(axis=(1, 2)).mean() for part in parts]
    assert busy[1] == pytest.approx(busy[0], rel=0.15)


def test_real_digits_blend_into_a_data_set(tmp_path, monkeypatch):
    monkeypatch.setenv("TGAN_LESSONS_DATA", str(tmp_path))
    digits = load_optical_digits()
    blended = mnist_m.blend(digits, seed=0)
    result = Dataset(*blended, class_names=DIGITS, source="test")
    assert result.x_train.shape == (len(digits.x_train), 28, 28, 3)
    assert result.x_test.dtype == np.float32
    assert np.array_equal(result.y_train, digits.y_train)
    assert np.array_equal(result.y_test, digits.y_test)
    # photographs are colourful, digits were not
    assert np.ptp(result.x_train, axis=3).mean() > 0.1


def test_the_first_digits_are_used(monkeypatch):
    monkeypatch.setattr(mnist_m, "MAX_TRAIN", 5)
    monkeypatch.setattr(mnist_m, "MAX_TEST", 2)
    shades = np.repeat(np.uint8([0, 0, 0, 0, 255, 9, 9]), 784).reshape(7, 28, 28)
    x_train, y_train, x_test, y_test = mnist_m.blend(dataset(shades, shades), seed=3)
    black, *_ = mnist_m.blend(plain(0), seed=3)
    assert y_train.tolist() == [0, 1, 2, 3, 4]
    assert y_test.tolist() == [0, 1]
    assert np.array_equal(x_train[:4], black[:4])
    assert np.allclose(x_train[4], -black[4], atol=1e-6)
    assert len(x_test) == 2


def test_limits_are_the_documented_ones():
    assert (mnist_m.MAX_TRAIN, mnist_m.MAX_TEST) == (10_000, 2_000)


def test_the_seed_decides():
    one, same, other = (mnist_m.blend(plain(40), seed=seed) for seed in (1, 1, 2))
    for a, b in zip(one, same, strict=True):
        assert np.array_equal(a, b)
    assert not np.array_equal(one[0], other[0])
    assert not np.array_equal(one[2], other[2])


def test_refuses_colour_images(patches):
    coloured = Dataset(
        *(to_float(patches[0]), np.zeros(40, int), to_float(patches[1]), np.zeros(30, int)),
        class_names=DIGITS,
        source="test",
    )
    with pytest.raises(ValueError, match=r"`digits` must .*Received: .*\(40, 28, 28, 3\)"):
        mnist_m.blend(coloured, seed=0)
