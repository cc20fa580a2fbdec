import base64
import io

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.axes import Axes
from PIL import Image

from tgan_lessons import metrics, plots
from tgan_lessons.transfer import Run

BUDGETS = (1, 5, 20)
METHODS = ("pixels", "scratch", "fine-tuned", "of my own")


@pytest.fixture(autouse=True)
def pyplot_is_left_alone():
    pyplot.close("all")
    yield
    assert pyplot.get_fignums() == []


@pytest.fixture(scope="module")
def runs():
    rng = np.random.default_rng(0)
    return [
        Run(method, budget, seed, float(np.clip(0.3 + 0.1 * index + rng.normal(0, 0.05), 0, 1)))
        for index, method in enumerate(METHODS)
        for budget in BUDGETS
        for seed in range(4)
    ]


def draw_all(runs, ax=None):
    images = np.zeros((3, 4, 4, 1))
    return {
        "images": plots.show_images(images, ax=ax),
        "line": plots.plot_line([0.1, 1], [2, 1], x_label="rate", y_label="loss", ax=ax),
        "budgets": plots.plot_budgets(runs, ax=ax),
        "gains": plots.plot_gains(runs, ax=ax),
        "bars": plots.plot_bars({"scratch": [0.3, 0.4]}, y_label="accuracy", ax=ax),
        "curves": plots.plot_curves({"a": [1, 2, 3]}, ax=ax),
    }


def test_every_plot_function_is_tested_here():
    drawing = {name for name in vars(plots) if name.startswith("plot_")} | {"show_images"}
    assert drawing == {f"plot_{n}" for n in ("line", "budgets", "gains", "bars", "curves")} | {
        "show_images"
    }


def test_every_plot_returns_new_axes_that_can_be_rendered(runs):
    drawn = draw_all(runs)
    assert len({id(ax.figure) for ax in drawn.values()}) == len(drawn)
    for ax in drawn.values():
        assert isinstance(ax, Axes)
        with Image.open(io.BytesIO(plots.to_png(ax.figure, dpi=20))) as picture:
            assert len(picture.convert("L").getcolors(10_000)) > 1


def test_every_plot_draws_on_the_axes_it_is_given(runs):
    ax = plots.new_axes()
    assert all(returned is ax for returned in draw_all(runs, ax).values())
    assert ax.images and ax.lines and ax.patches


def test_axes_are_labelled(runs):
    drawn = draw_all(runs)
    labels = {name: (ax.get_xlabel(), ax.get_ylabel()) for name, ax in drawn.items()}
    assert labels["line"] == ("rate", "loss")
    assert labels["budgets"] == ("labels per class", "test accuracy")
    assert labels["gains"] == ("labels per class", "points above scratch")
    assert labels["bars"][1] == "accuracy"
    assert [tick.get_text() for tick in drawn["bars"].get_xticklabels()] == ["scratch"]
    assert labels["curves"][0] == "step"
    assert plots.plot_curves({"a": [1]}, x_label="round").get_xlabel() == "round"


def test_new_axes_are_readable_from_the_back_row():
    ax = plots.new_axes(6, 3)
    assert tuple(ax.figure.get_size_inches()) == (6, 3)
    assert min(ax.xaxis.label.get_fontsize(), ax.yaxis.label.get_fontsize()) >= 14
    ax.set_xlabel("x")
    assert ax.xaxis.label.get_fontsize() >= 14


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def error_bars(ax):
    """For each name: the x values, means and half widths that are really drawn."""
    found = {}
    for container in ax.containers:
        if hasattr(container, "has_yerr"):
            segments = np.array(container.lines[2][0].get_segments())
            low, high = segments[:, 0, 1], segments[:, 1, 1]
            found[container.get_label()] = (segments[:, 0, 0], (high + low) / 2, (high - low) / 2)
    return found


def test_budgets_shows_the_metrics(runs):
    ax = plots.plot_budgets(runs)
    assert legend(ax) == list(METHODS)
    bars = error_bars(ax)
    assert set(bars) == set(METHODS)
    for method, (x, means, halves) in bars.items():
        expected = [
            metrics.mean_interval(metrics.accuracies(runs, method, budget)) for budget in BUDGETS
        ]
        np.testing.assert_allclose(x, BUDGETS)
        np.testing.assert_allclose(np.transpose([means, halves]), expected)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1", "5", "20"]
    assert ax.get_ylim() == (0, 1)


@pytest.mark.parametrize("baseline", ["scratch", "pixels"])
def test_gains_shows_the_metrics_in_points(runs, baseline):
    ax = plots.plot_gains(runs, baseline=baseline)
    others = [method for method in METHODS if method != baseline]
    assert legend(ax) == others
    bars = error_bars(ax)
    assert set(bars) == set(others)
    for method, (x, means, halves) in bars.items():
        gains = [metrics.transfer_gain(runs, method, budget, baseline) for budget in BUDGETS]
        np.testing.assert_allclose(x, BUDGETS)
        np.testing.assert_allclose(np.transpose([means, halves]), 100 * np.array(gains))
    assert ax.get_ylabel() == f"points above {baseline}"


def test_methods_differ_in_more_than_colour():
    looks = [*plots.STYLES.values(), *plots.FALLBACK_STYLES]
    assert len({color for color, _, _ in looks}) == len(looks)
    assert len({marker for _, marker, _ in looks}) == len(looks)


def test_bars_show_the_metrics():
    values = {"scratch\nas it is": [0.2, 0.3, 0.25], "anything": [0.6, 0.7, 0.8]}
    ax = plots.plot_bars(values, y_label="accuracy")
    expected = [metrics.mean_interval(numbers) for numbers in values.values()]
    (_, means, halves) = next(iter(error_bars(ax).values()))
    np.testing.assert_allclose(np.transpose([means, halves]), expected)
    np.testing.assert_allclose([bar.get_height() for bar in ax.patches], [0.25, 0.7])
    assert [text.get_text() for text in ax.texts] == ["0.25", "0.70"]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == list(values)
    assert ax.get_ylim()[1] == 1  # 0.7 ± 0.25 would leave the shares


def test_line_marks_what_is_not_a_number():
    ax = plots.plot_line([1, 10, 100], [3, 2, float("nan")], x_label="x", y_label="y")
    line, cross = ax.lines
    np.testing.assert_array_equal(line.get_ydata(), [3, 2, np.nan])
    np.testing.assert_array_equal(cross.get_xydata(), [[100, 0]])
    assert "not a number" in ax.texts[0].get_text()
    assert ax.get_xscale() == "log"
    assert ax.get_ylim()[0] == 0 and ax.get_ylim()[1] >= 3
    whole = plots.plot_line([1, 2], [3, 2], x_label="x", y_label="y", log_x=False)
    assert len(whole.lines) == 1 and not whole.texts
    assert whole.get_xscale() == "linear"


def test_curves_share_the_axis():
    curves = {"momentum 0.9": [0.1, 0.5], "momentum 0.99": [0.1, 0.2]}
    ax = plots.plot_curves(curves)
    assert legend(ax) == list(curves)
    for line, values in zip(ax.lines, curves.values(), strict=True):
        np.testing.assert_array_equal(line.get_xydata().T, [[1, 2], values])
    ax = plots.plot_curves(curves, x=[20, 40])
    assert all(list(line.get_xdata()) == [20, 40] for line in ax.lines)


def test_show_puts_a_picture_and_its_words_on_the_page(shell):
    from IPython.utils.capture import capture_output

    ax = plots.plot_line([1, 2], [2, 1], x_label="x", y_label="y")
    for what in (ax, ax.figure):
        with capture_output() as captured:
            assert plots.show(what, "A line that falls.") is None
        (output,) = captured.outputs
        assert output.metadata["image/png"]["alt"] == "A line that falls."
        with Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))) as picture:
            assert picture.format == "PNG"
            assert picture.size == (640, 360)  # 8 × 4.5 inches at 80 dots
        assert captured.stdout == ""


@pytest.mark.parametrize("alt", ["", "  \n"])
def test_show_needs_words(alt):
    with pytest.raises(ValueError, match="`alt` must say"):
        plots.show(plots.new_axes(), alt)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("count", "columns"), [(1, 10), (5, 2), (6, 3)])
@pytest.mark.parametrize("titled", [False, True])
def test_sheet_holds_the_images(channels, count, columns, titled):
    height, width = 5, 4
    images = np.random.default_rng(0).uniform(-1, 1, (count, height, width, channels))
    titles = [f"t{i}" for i in range(count)] if titled else None
    ax = plots.show_images(images, titles, columns=columns)
    sheet = np.asarray(ax.images[0].get_array())
    sheet = sheet if channels == 3 else sheet[..., np.newaxis]
    top, used = (10 if titled else 0), np.zeros(sheet.shape, bool)
    for i, image in enumerate(images):
        y = (i // min(columns, count)) * (height + 2 + top) + top
        x = (i % min(columns, count)) * (width + 2)
        np.testing.assert_allclose(sheet[y : y + height, x : x + width], (image + 1) / 2)
        used[y : y + height, x : x + width] = True
    assert (sheet[~used] == 1).all()  # paper
    assert [text.get_text() for text in ax.texts] == (titles or [])
    assert ax.images[0].get_clim() == (0, 1)  # black stays black, whatever the images hold


def test_values_beyond_the_range_are_cut():
    ax = plots.show_images(np.array([-3.0, -1.0, 0.0, 3.0]).reshape(1, 2, 2, 1))
    np.testing.assert_array_equal(ax.images[0].get_array()[:2, :2], [[0, 0], [0.5, 1]])


@pytest.mark.parametrize("shape", [(28, 28), (2, 28, 28), (2, 28, 28, 2), (0, 28, 28, 1)])
def test_wrong_shapes_of_images(shape):
    with pytest.raises(ValueError, match=r"`images` must have shape .*images.shape="):
        plots.show_images(np.zeros(shape))


def test_titles_must_fit_the_images():
    for titles in (["a"], ["a", "b", "c"]):
        with pytest.raises(ValueError, match=r"`titles` must hold one text per image"):
            plots.show_images(np.zeros((2, 4, 4, 1)), titles)


@pytest.mark.parametrize("columns", [0, -1])
def test_there_must_be_a_column(columns):
    with pytest.raises(ValueError, match="`columns` must be at least 1"):
        plots.show_images(np.zeros((2, 4, 4, 1)), columns=columns)


def test_x_and_y_must_fit():
    with pytest.raises(ValueError):
        plots.plot_line([1, 2, 3], [1, 2], x_label="x", y_label="y")


def test_one_seed_has_no_interval():
    with pytest.raises(ValueError, match="`values` must hold at least 2"):
        plots.plot_budgets([Run("scratch", 5, 0, 0.5)])
    with pytest.raises(ValueError, match="`values` must hold at least 2"):
        plots.plot_bars({"scratch": [0.5]}, y_label="accuracy")
