import io

import numpy as np
import pytest
from PIL import Image

from tgan_lessons import planes, plots

EXTENT = 3.0


def view(landscape=0.5, fakes=(), pushes=None):
    fakes = np.reshape(np.array(fakes, np.float32), (-1, 2))
    pushes = np.zeros_like(fakes) if pushes is None else np.array(pushes, np.float32)
    landscape = np.broadcast_to(np.float32(landscape), (20, 20))
    return planes.View(landscape, fakes, pushes, EXTENT)


def pixel(point, size):
    """Column and row of a place in the plane, by hand."""
    x, y = point
    return round((x + EXTENT) / (2 * EXTENT) * size), round((EXTENT - y) / (2 * EXTENT) * size)


def rgb(color):
    return tuple(int(color[i : i + 2], 16) for i in (1, 3, 5))


def dark(image):
    """Where it is nearly black, as (rows, columns)."""
    return np.asarray(image).max(axis=2) < 40


NOBODY = np.zeros((0, 2))


def test_grid_points_are_the_centres_of_cells_from_the_top_left():
    points = planes.grid_points(3.0, 3)
    assert points.shape == (9, 2) and points.dtype == np.float32
    np.testing.assert_allclose(points[:4], [[-2, 2], [0, 2], [2, 2], [-2, 0]])


def test_colours_say_what_d_says():
    fake, unsure, real = planes.tint(np.array([[0.0, 0.5, 1.0]]))[0].astype(int)
    assert tuple(unsure) == (255, 255, 255)
    for sure, name in ((fake, planes.FAKE), (real, planes.REAL)):
        np.testing.assert_allclose(255 - sure, planes.TINT * (255 - np.array(rgb(name))), atol=1)


def test_the_surer_the_deeper():
    depth = 255 - planes.tint(np.linspace(0, 1, 101)[np.newaxis])[0].astype(int).min(axis=1)
    assert (np.diff(depth[:51]) <= 0).all() and (np.diff(depth[50:]) >= 0).all()


def test_what_is_not_a_number_is_white():
    assert (planes.tint(np.array([[np.nan]])) == 255).all()


def test_the_landscape_stands_upright():
    landscape = np.zeros((20, 20), np.float32)
    landscape[:10] = 1.0  # D says real in the upper half
    frame = planes.draw_plane(view(landscape), NOBODY, size=200)
    top, bottom = (np.array(frame.getpixel((100, y)), int) for y in (20, 180))
    assert top[2] > top[0] and bottom[0] > bottom[2]


def test_points_lie_where_they_are():
    real, fake = (1.0, 2.0), (-2.0, -1.0)
    frame = planes.draw_plane(view(fakes=[fake]), np.array([real]), size=360)
    assert frame.size == (360, 360)
    assert frame.getpixel(pixel(real, 360)) == rgb(planes.REAL)
    assert frame.getpixel(pixel(fake, 360)) == rgb(planes.FAKE)


@pytest.mark.parametrize("push", [(1, 0), (-1, 0), (0, 1), (0, -1), (0.6, 0.8)])
def test_an_arrow_points_along_the_push(push):
    frame = dark(planes.draw_plane(view(fakes=[(0, 0)], pushes=[push]), NOBODY, size=360))
    length = planes.LONGEST * 360
    for share, seen in ((0.5, True), (0.8, True), (1.2, False)):
        x, y = (180 + share * length * push[0], 180 - share * length * push[1])
        near = frame[round(y) - 2 : round(y) + 3, round(x) - 2 : round(x) + 3]
        assert near.any() == seen


def test_arrows_are_in_proportion():
    fakes = [(-2, 0), (0, 0)]
    frame = dark(planes.draw_plane(view(fakes=fakes, pushes=[(0, 1), (0, 2)]), NOBODY, size=360))
    left, right = frame[:, 30:90], frame[:, 150:210]
    heights = [np.ptp(np.flatnonzero(part.any(axis=1))) for part in (left, right)]
    assert heights[0] < 0.75 * heights[1]


def test_only_some_get_an_arrow():
    fakes, pushes = np.repeat(np.arange(-2.0, 3), 2).reshape(5, 2), np.tile([0.0, 1.0], (5, 1))
    some = dark(planes.draw_plane(view(fakes=fakes, pushes=pushes), NOBODY, arrows=2))
    none = dark(planes.draw_plane(view(fakes=fakes, pushes=pushes), NOBODY, arrows=0))
    every = dark(planes.draw_plane(view(fakes=fakes, pushes=pushes), NOBODY))
    assert none.sum() < some.sum() < every.sum()


def test_lines_come_from_where_the_fakes_were():
    now, before = (1.0, 0.0), (-1.0, 0.0)
    frame = dark(planes.draw_plane(view(fakes=[now]), NOBODY, since=np.array([before])))
    columns = np.flatnonzero(frame[pixel((0, 0), 360)[1]])
    start, end = pixel(before, 360)[0], pixel(now, 360)[0]
    assert abs(columns.min() - start) <= 1 and columns.max() >= end - 4


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
def test_what_left_the_numbers_can_be_drawn(bad):
    lost = view(landscape=np.nan, fakes=[(bad, bad)], pushes=[(bad, 1)])
    assert planes.draw_plane(lost, NOBODY).size == (360, 360)
    planes.draw_plane(lost, NOBODY, since=np.array([[0.0, bad]]))
    planes.draw_paths({"simultaneous": np.array([[1, 0], [bad, bad]])}, extent=3)
    lines = np.full((1, 3, 2), bad)
    planes.draw_plane(lost._replace(net=lines), NOBODY, net=True)


def test_arrows_in_a_unit_shrink_with_the_push():
    def ink(strength, unit):
        seen = view(fakes=[(0, 0)], pushes=[(strength, 0)])
        with_arrow, without = (
            planes.draw_plane(seen, NOBODY, arrows=count, unit=unit) for count in (1, 0)
        )
        return np.count_nonzero(np.asarray(with_arrow) != np.asarray(without))

    assert ink(1e-4, None) == ink(1.0, None) > 0
    assert ink(1e-4, 1.0) == 0 < ink(0.5, 1.0) < ink(1.0, 1.0) == ink(9.0, 1.0)


def test_the_net_and_the_bare_ground():
    lines = np.array([[(-1.0, 1.0), (1.0, 1.0)]])
    seen = view(landscape=0.9)._replace(net=lines)
    bare = planes.draw_plane(seen, NOBODY, landscape=False)
    assert len(bare.getcolors()) == 1
    drawn = planes.draw_plane(seen, NOBODY, landscape=False, net=True)
    rows, columns = np.nonzero((np.asarray(drawn) == rgb(planes.NET)).all(axis=2))
    (left, top), (right, _) = pixel((-1, 1), 360), pixel((1, 1), 360)
    assert abs(rows - top).max() <= 1
    assert abs(columns.min() - left) <= 1 and abs(columns.max() - right) <= 1
    assert (np.asarray(planes.draw_plane(seen, NOBODY)) != np.asarray(bare)).any()


def test_paths_go_where_they_should():
    paths = {"alternating": np.array([[-2.0, 0.0], [2.0, 0.0]])}
    frame = planes.draw_paths(paths, extent=EXTENT, size=360)
    blue = rgb(planes.PATHS["alternating"])
    assert frame.size == (360, 360)
    assert frame.getpixel(pixel((-1, 0), 360)) == blue
    assert frame.getpixel(pixel((2, 0), 360)) == blue  # the mark
    assert frame.getpixel(pixel((0, 1), 360)) != blue


def test_a_path_of_one_place_is_a_mark():
    frames = [
        np.asarray(planes.draw_paths({name: np.zeros((1, 2))}, extent=3)) for name in planes.PATHS
    ]
    assert all((frame < 255).any() for frame in frames)


def test_pictures_side_by_side():
    images = {name: Image.new("RGB", (50, 50), "red") for name in "abcde"}
    ax = planes.show_planes(images, columns=3)
    axes = ax.figure.axes
    assert len(axes) == 6
    assert [one.get_title() for one in axes] == [*"abcde", ""]
    with Image.open(io.BytesIO(plots.to_png(ax.figure, dpi=20))) as picture:
        assert len(picture.convert("L").getcolors(10_000)) > 1


def test_the_font_knows_the_signs_of_the_labs():
    missing = planes.font(20).getmask("\uffff")
    for sign in "η■●▲→√":
        assert bytes(planes.font(20).getmask(sign)) != bytes(missing)


def test_drawing_leaves_pyplot_alone():
    from matplotlib import pyplot

    planes.show_planes({"a": planes.draw_plane(view(), NOBODY)})
    assert pyplot.get_fignums() == []
