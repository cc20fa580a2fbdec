import numpy as np
import pytest

from tgan_lessons.draw_pad import CELLS, EXTENT, FIRST, DrawPad


@pytest.fixture
def drawn():
    return []


@pytest.fixture
def pad(drawn):
    pad = DrawPad(lambda: drawn.append(1), lambda handler: handler)
    pad.show(True)
    return pad


def test_cells_lie_where_they_are_seen(pad):
    pad.fill([(0, 0)])
    half = EXTENT / CELLS
    np.testing.assert_allclose(pad.points, [[-EXTENT + half, EXTENT - half]])
    pad.fill([(CELLS - 1, 0), (0, CELLS - 1)])
    assert {tuple(np.sign(point)) for point in pad.points} == {(-1, -1), (1, 1)}


def test_a_click_fills_and_another_empties(pad, drawn):
    pad.fill(())
    drawn.clear()
    cell = pad.cells[2, 5]
    cell.value = True  # as a click does
    assert pad.filled == {(2, 5)} and drawn == [1] and cell.button_style == "primary"
    cell.value = False
    assert pad.filled == set() and drawn == [1, 1] and cell.button_style == ""
    assert pad.points.shape == (0, 2)


def test_emptying_and_filling_tell_once(pad, drawn):
    assert pad.filled == set(FIRST), "there is something to learn at the start"
    pad.empty.click()
    assert pad.filled == set() and drawn == [1]
    assert not any(cell.value for cell in pad.cells.values())
    pad.empty.click()
    assert drawn == [1], "nothing changed"
    pad.fill([(1, 1), (1, 2)])
    assert drawn == [1, 1]
    assert {place for place, cell in pad.cells.items() if cell.value} == {(1, 1), (1, 2)}


def test_cells_beyond_the_grid_are_refused(pad):
    before = set(pad.filled)
    with pytest.raises(ValueError, match=r"`cells`.*Received"):
        pad.fill([(0, CELLS)])
    assert pad.filled == before


def test_it_is_built_when_first_shown():
    pad = DrawPad(lambda: None, lambda handler: handler)
    assert not pad.cells
    pad.fill([(3, 3)])
    pad.show(True)
    assert len(pad.cells) == CELLS**2 and pad.cells[3, 3].value
    pad.show(False)
    assert pad.box.layout.display == "none"
    assert pad.cells[0, 4].tooltip == "row 1, column 5"
