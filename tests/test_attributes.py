"""Slant, thickness and size against bars and discs of which they are known."""

import numpy as np
import pytest
from scipy import ndimage

from tgan_lessons import attributes, judge
from tgan_lessons.data import load_mnist
from tgan_lessons.restyle import RANGES, restyle, thicken, transform

SIDE, SUB = 61, 8  # pixels of a drawing, and points across each


def draw(inside):
    """An image without jagged edges: of each pixel the share of points that lie inside."""
    at = (np.arange(SIDE * SUB) + 0.5) / SUB - SIDE / 2
    drawn = inside(-at[:, None], at[None, :])  # upwards, to the right
    return drawn.reshape(SIDE, SUB, SIDE, SUB).mean(axis=(1, 3))[None].astype(float)


def bar(width, length, slope=0.0):
    return draw(lambda y, x: (np.abs(x - slope * y) < width / 2) & (np.abs(y) < length / 2))


def disc(radius):
    return draw(lambda y, x: x**2 + y**2 < radius**2)


@pytest.mark.parametrize("slope", [-0.6, 0.0, 0.25, 0.7])
def test_a_sheared_bar_has_the_slant_of_its_shear(slope):
    drawn = bar(5, 30, slope)
    degrees = np.degrees(np.arctan(slope))
    assert attributes.measure_slant(drawn)[0] == pytest.approx(degrees, abs=0.2)
    moved = 0.4 * ndimage.shift(drawn[0], (6, -4))[None]
    assert attributes.measure_slant(moved)[0] == pytest.approx(degrees, abs=0.2)


@pytest.mark.parametrize("width", [2.0, 3.5, 5.0])
def test_a_long_bar_is_as_thick_as_it_is_wide(width):
    # 2·w·L / (2·w + 2·L)
    expected = width * 40 / (width + 40)
    assert attributes.measure_thickness(bar(width, 40))[0] == pytest.approx(expected, rel=0.06)
    leaning = attributes.measure_thickness(bar(width, 40, 0.5))[0]
    across = width * np.cos(np.arctan(0.5))
    assert leaning == pytest.approx(across * 44.7 / (across + 44.7), rel=0.12)


def test_a_disc_is_as_thick_as_its_radius():
    """2·π r² / 2·π r."""
    for radius in (4, 9, 15):
        assert attributes.measure_thickness(disc(radius))[0] == pytest.approx(radius, rel=0.08)


def test_soft_edges_do_not_change_the_thickness_of_a_bar_much():
    soft = ndimage.gaussian_filter(bar(5, 40)[0], 0.8)[None]
    assert attributes.measure_thickness(soft)[0] == pytest.approx(4.4, rel=0.1)


def test_size_is_the_longer_side_and_scales():
    assert attributes.measure_size(bar(5, 31))[0] == 31
    assert attributes.measure_size(bar(33, 3))[0] == 33
    assert attributes.measure_size(disc(10))[0] == pytest.approx(20, abs=1)
    half = transform(bar(5, 41), np.zeros(1), np.array([0.5]))
    assert attributes.measure_size(half)[0] == pytest.approx(20, abs=1)


def test_an_empty_image_has_nothing():
    empty = np.full((2, 28, 28, 1), -1.0, np.float32)
    assert np.array_equal(attributes.measure(empty), np.zeros((2, 3)))


def test_bands_include_their_thresholds():
    thickness, slant, size = attributes.ATTRIBUTES
    values = [
        [thickness.low, slant.high, (size.low + size.high) / 2],
        [thickness.low + 0.01, slant.high - 0.1, size.low],
    ]
    assert attributes.find_bands(np.array(values)).tolist() == [[-1, 1, 0], [0, 0, -1]]
    assert [a.word(1) for a in attributes.ATTRIBUTES] == ["thick", "slanted", "large"]
    assert [a.word(-1) for a in attributes.ATTRIBUTES] == ["thin", "upright", "small"]


def test_images_of_another_kind_are_refused():
    with pytest.raises(ValueError, match=r"`images` must have shape .* Received: .*\(2, 28, 28\)"):
        attributes.measure(np.zeros((2, 28, 28)))


# Restyling


@pytest.fixture(scope="module")
def digits():
    return judge.unseen(load_mnist()).x_test[::4]


def test_restyled_digits_fill_the_ranges_evenly(digits):
    styled = restyle(digits, seed=1)
    assert styled.shape == digits.shape and styled.dtype == np.float32
    assert styled.min() >= -1 and styled.max() <= 1
    bands = attributes.find_bands(attributes.measure(styled))
    for band in (-1, 0, 1):
        shares = (bands == band).mean(axis=0)
        assert (shares > 0.2).all() and (shares < 0.5).all(), (band, shares)
    slant = attributes.measure(styled)[:, 1]
    low, high = RANGES["slant"]
    assert np.mean((slant > low - 4) & (slant < high + 4)) > 0.97
    assert np.array_equal(styled, restyle(digits, seed=1))
    assert not np.array_equal(styled, restyle(digits, seed=2))


def test_restyled_digits_can_still_be_read(digits):
    test = judge.unseen(load_mnist())
    read = judge.load_judge().classify(restyle(test.x_test[::4], seed=3))
    assert np.mean(read == test.y_test[::4]) > 0.9


def test_a_transform_shears_and_zooms_about_the_centre():
    drawn = ndimage.shift(bar(4, 24)[0], (5, 3))[None]
    slope, zoom = np.array([0.4]), np.array([1.25])
    changed = transform(drawn, slope, zoom)
    assert attributes.measure_slant(changed)[0] == pytest.approx(np.degrees(np.arctan(0.4)), abs=1)
    assert attributes.measure_size(changed)[0] == pytest.approx(30, abs=1)
    centre = ndimage.center_of_mass(changed[0])
    assert np.allclose(centre, (SIDE - 1) / 2, atol=0.3)
    assert not transform(np.zeros((1, 28, 28)), slope, zoom).any()


def test_thickening_reaches_its_aim_between_the_steps():
    drawn = np.repeat(bar(3, 40), 3, axis=0)
    aims = np.array([3.2, 4.4, 6.0])
    assert attributes.measure_thickness(thicken(drawn, aims)) == pytest.approx(aims, abs=0.3)
