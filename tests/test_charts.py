import numpy as np
import pytest

from tgan_lessons.charts import BAND, Chart, Curve, draw_chart, draw_charts
from tgan_lessons.planes import _rgb

SIZE = (200, 120)
RED = "#D55E00"


def pixels(chart):
    return np.asarray(draw_chart(chart, SIZE)).astype(int)


def rows_of(image, color, columns=slice(45, 190)):
    near = np.abs(image[22:, columns] - np.rint(_rgb(color)).astype(int)).max(axis=2) < 3
    return np.flatnonzero(near.any(axis=1))


@pytest.mark.parametrize("log", [False, True])
def test_higher_values_stand_higher(log):
    tops = []
    for value in (1.0, 10.0, 100.0):
        chart = Chart("t", [Curve("", [value] * 5, RED)], low=1.0, high=100.0, log=log)
        tops.append(rows_of(pixels(chart), RED).mean())
    assert tops[0] > tops[1] > tops[2]
    middle = (tops[0] + tops[2]) / 2
    assert (abs(tops[1] - middle) < 2) == log, "ten is in the middle of a logarithmic axis"


def test_a_gap_where_a_value_is_missing():
    chart = Chart("t", [Curve("", [1.0, 1.0, np.nan, np.inf, 1.0, 1.0], RED)], low=0.0, high=2.0)
    image = pixels(chart)
    color = np.rint(_rgb(RED)).astype(int)
    columns = np.flatnonzero((np.abs(image[22:] - color).max(axis=2) < 3).any(axis=0))
    assert np.diff(columns).max() > 30


def test_the_band_of_a_perfect_generator():
    band = np.rint(_rgb(BAND)).astype(int)
    image = pixels(Chart("t", [Curve("", [0.9], RED)], low=0.0, high=1.0, band=(0.1, 0.3)))
    rows = np.flatnonzero((np.abs(image - band).max(axis=2) < 3).sum(axis=1) > 50)
    height = (112 - 22) * 0.2
    assert len(rows) == pytest.approx(height + 3, abs=2)
    assert rows.mean() == pytest.approx(112 - 0.2 * 90, abs=2)


@pytest.mark.parametrize(
    "values", [[], [np.nan], [0.0], [5.0, 5.0], [-1e300, 1e300], [np.inf, -np.inf], [0.0, -1.0]]
)
@pytest.mark.parametrize("log", [False, True])
def test_any_numbers_make_a_picture(values, log):
    chart = Chart("t", [Curve("D", values, RED)], log=log, marks={"log 4": 1.39})
    assert draw_chart(chart, SIZE).size == SIZE


def test_charts_stand_one_beneath_the_other():
    charts = [Chart(str(i), [Curve("", [float(i)], RED)]) for i in range(3)]
    assert draw_charts(charts, (100, 300)).size == (100, 300)
    assert draw_charts([], (100, 300)).size == (100, 300)
