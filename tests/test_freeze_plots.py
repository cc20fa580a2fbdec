"""The pictures of lesson 02 show the numbers that they are given."""

import numpy as np
import pytest

from tgan_lessons import freeze_plots
from tgan_lessons.freezing import Outcome
from tgan_lessons.metrics import mean_interval


@pytest.fixture
def scratch():
    return np.array([0.5, 0.6, 0.55])


def outcome(source, depth, tuned, gain):
    test = np.array([0.5, 0.6, 0.55]) + gain + np.array([0.0, 0.01, -0.01])
    return Outcome(source, depth, tuned, test, test)


def test_gains_are_paired_and_in_points(scratch):
    outcomes = [outcome("letters", depth, False, -0.02 * depth) for depth in (3, 1)]
    ax = freeze_plots.plot_gains_by_depth([*outcomes, outcome("B", 1, True, 0.0)], scratch)
    line, bars = ax.containers[0].lines[0], ax.containers[0].lines[2][0]
    np.testing.assert_allclose(line.get_ydata(), [-2, -6])
    _, half = mean_interval(outcomes[0].test - scratch)
    ends = np.array([segment[:, 1] for segment in bars.get_segments()])
    np.testing.assert_allclose(ends[1], [-6 - 100 * half, -6 + 100 * half])
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert sorted(labels) == ["AnB", "BnB+", "from scratch"]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1\nconv1", "3\nconv3"]


def test_gains_by_source(scratch):
    outcomes = [outcome(name, 1, False, 0.0) for name in ("shuffled", "digits")]
    ax = freeze_plots.plot_gains_by_depth(outcomes, scratch, by="source")
    assert len(ax.containers) == 2


def test_two_tasks():
    point = np.array([0.2, 0.3]), np.array([0.6, 0.8])
    ax = freeze_plots.plot_two_tasks({"0": point, "∞": point}, {"fine-tuned": point})
    assert [text.get_text() for text in ax.texts] == ["λ = 0", "λ = ∞"]
    assert ax.texts[0].xy == pytest.approx((0.25, 0.7))


def test_matrices_are_written_out():
    ax = freeze_plots.plot_alikeness({"one": np.eye(5), "two": np.zeros((5, 5))})
    assert len(ax.figure.axes) == 2
    assert [text.get_text() for text in ax.texts[:3]] == ["1.00", "0.00", "0.00"]


def test_an_overlay_is_orange_where_the_map_is_strong():
    x = np.full((1, 14, 14, 1), -1, np.float32)
    maps = np.zeros((1, 14, 14))
    maps[0, 2, 3] = 5.0
    colors = freeze_plots.overlay(x, maps)
    assert colors.shape == (1, 14, 14, 3)
    red, _, blue = colors[0, 2, 3]
    assert (red, blue) == (1, -1)
    assert (colors[0, 0, 0] == -1).all()
    ax = freeze_plots.plot_rows({"a": colors, "b": colors})
    assert len(ax.images) == 2


def test_letters_stand_where_their_features_are():
    places = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    ax = freeze_plots.plot_plane(places, np.array([1, 0, 1]), ("a", "b"))
    shown = {(text.get_text(), text.get_position()) for text in ax.texts}
    assert shown == {("a", (2.0, 3.0)), ("b", (0.0, 1.0)), ("b", (4.0, 5.0))}
