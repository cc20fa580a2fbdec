"""A grid of small buttons: the learner draws a distribution, by mouse, touch or keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import ipywidgets as widgets

CELLS, PIXELS = 12, 23
EXTENT = 4.0  # the grid covers [-4, 4] along both axes
FIRST = tuple((row, 3) for row in range(2, 9)) + tuple((9, column) for column in range(3, 9))


class DrawPad:
    """Cells that a click fills or empties; each filled one is a point of the distribution.

    Core widgets only, so that it works wherever sliders do. Built when it is first shown.

    Args:
        on_draw: called after each change.
        guard: wraps a handler that the page calls.
    """

    def __init__(
        self,
        on_draw: Callable[[], None],
        guard: Callable[[Callable[..., None]], Callable[..., None]],
    ) -> None:
        import ipywidgets as widgets

        self._on_draw, self._guard, self._holding = on_draw, guard, False
        self.filled: set[tuple[int, int]] = set(FIRST)
        self.cells: dict[tuple[int, int], widgets.ToggleButton] = {}
        self.empty = widgets.Button(description="empty the grid", icon="eraser")
        self.empty.on_click(guard(lambda _: self.fill(())))
        self.empty.add_class("tgan-empty")
        self.grid = widgets.VBox()
        self.box = widgets.VBox([self.grid, self.empty])
        self.box.layout.display = "none"

    @property
    def points(self) -> np.ndarray:
        """The centres of the filled cells, shape (k, 2)."""
        cells = np.array(sorted(self.filled), float).reshape(-1, 2)
        across = (cells[:, 1] + 0.5) / CELLS * 2 - 1
        up = 1 - (cells[:, 0] + 0.5) / CELLS * 2
        return EXTENT * np.stack([across, up], axis=1)

    def show(self, shown: bool) -> None:
        """Puts the grid on the page, or hides it."""
        if shown and not self.cells:
            self._build()
        self.box.layout.display = "" if shown else "none"

    def fill(self, cells: Iterable[tuple[int, int]]) -> None:
        """Fills these cells and empties all others: (row, column), from the top left."""
        wanted = {(int(row), int(column)) for row, column in cells}
        if any(not 0 <= part < CELLS for cell in wanted for part in cell):
            raise ValueError(
                f"`cells` must be pairs (row, column) from 0 to {CELLS - 1}. Received: {wanted}"
            )
        self._holding = True
        try:
            for place, cell in self.cells.items():
                _paint(cell, place in wanted)
        finally:
            self._holding = False
        if wanted != self.filled:
            self.filled = wanted
            self._on_draw()

    def _build(self) -> None:
        import ipywidgets as widgets

        size = widgets.Layout(
            width=f"{PIXELS}px", height=f"{PIXELS}px", margin="0 1px 1px 0", padding="0"
        )
        flat = widgets.Layout(margin="0", overflow="hidden")
        rows = []
        for row in range(CELLS):
            cells = []
            for column in range(CELLS):
                cell = widgets.ToggleButton(
                    tooltip=f"row {row + 1}, column {column + 1}", layout=size
                )
                cell.add_class("tgan-cell")
                _paint(cell, (row, column) in self.filled)
                place = (row, column)
                cell.observe(self._guard(lambda change, place=place: self._click(place)), "value")
                self.cells[place] = cell
                cells.append(cell)
            rows.append(widgets.HBox(cells, layout=flat))
        self.grid.children = rows

    def _click(self, place: tuple[int, int]) -> None:
        if self._holding:
            return
        cell = self.cells[place]
        _paint(cell, cell.value)
        (self.filled.add if cell.value else self.filled.discard)(place)
        self._on_draw()


def _paint(cell: widgets.ToggleButton, filled: bool) -> None:
    cell.value = filled
    cell.button_style = "primary" if filled else ""
