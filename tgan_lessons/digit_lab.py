"""Lesson 05's instrument: the same noise becoming handwriting, all of it on sliders meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from tgan_lessons.charts import SIZE, draw_charts
from tgan_lessons.controls import Control
from tgan_lessons.digit_controls import LATENT, PRESETS, TURNS, control_values, digit_controls
from tgan_lessons.digit_view import (
    ROWS,
    SIDE,
    Neighbour,
    Neighbours,
    Painter,
    PickPad,
    draw_sheet,
    draw_tiles,
)
from tgan_lessons.gan import GAN
from tgan_lessons.kept_lab import KeptGameLab
from tgan_lessons.resume import lasting
from tgan_lessons.runs import Shelf

if TYPE_CHECKING:
    import ipywidgets as widgets
    from PIL.Image import Image

MOST_CLASSES = 10  # columns


class DigitLab(KeptGameLab):
    """A GAN that draws digits: play it, slow it down, change its rules, look closely at a sample.

    Args:
        game: fed with images (n, 28, 28, 1), or with (images, labels) where it is conditional. A
            reset goes back to its state now.
        real: images to look for the nearest one in; by default those the game was fed with.
        path: of a file where the game is saved whenever the clock stops, and every 20 seconds of
            play; where there is one, the lab goes on from it. A run never writes over a longer
            one: it then takes the next free name beside it.
        seed: of the noise that is painted again and again.

    Raises:
        ValueError: the game or the images are of another kind, or the game has settings beyond
            what the controls offer.
        CheckpointError: the file is damaged, or of another game.
    """

    presets = PRESETS

    def __init__(
        self,
        game: GAN,
        *,
        real: np.ndarray | None = None,
        path: str | Path | None = None,
        seed: int = 0,
    ) -> None:
        _check_game(game)
        images, *labels = data if isinstance(data := game._fed(), tuple) else (data,)
        self.game = self.given = game
        self.classes = [int(label) for label in np.unique(labels)[:MOST_CLASSES]]
        self.neighbours = Neighbours(images if real is None else real)
        self.painter = Painter(game, self.classes, seed)
        self.picked = (0, 0)
        self.path = None if path is None else lasting(path)
        super().__init__()
        self.go_on()

    def controls(self) -> Sequence[Control]:
        """Those of the players, the rules, and the sample of the latent sliders."""
        return digit_controls(self.game, self.classes)

    def renew(self) -> None:
        """Traces the game as it was given; the only time that a lab begins."""
        self.panel.start(**{name: c.value for name, c in self.panel.controls.items()})
        self._variants = {self._rules(): self.game}
        self._trace()
        for player in self.game.players:
            self.game.move(player.name, 0)
        self.change(tuple(self.panel.controls))
        self.remember_start()

    def _trace(self) -> None:
        """Traces the round such that more moves of a player trace nothing anew."""
        moves = {} if self.game.simultaneous else dict(self.game._moves)
        for name, before in {name: int(value) for name, value in moves.items()}.items():
            self.game.set_moves(name, 2)
            self.game.set_moves(name, before)
        self.game.advance(0)

    def _rules(self) -> tuple[str, str]:
        return self.panel["loss"], self.panel["turns"]

    def change(self, names: tuple[str, ...]) -> None:
        """Rates, moves, rules, the sliders' sample: the networks stay, and the game goes on."""
        if self._variants.get(self._rules()) is not self.game:
            self._change_rules()
            names = tuple(self.panel.controls)
        fixed = {"moves_d", "moves_g"} if self.game.simultaneous else set()
        super().change(tuple(set(names) - fixed))
        if "smoothing" in self.game.coefficients:
            self.game.set_coefficient("smoothing", float(self.panel["smoothing"]))
        if {*LATENT, "digit"} & set(names) and hasattr(self, "view"):
            self._look_closely()

    def _change_rules(self) -> None:
        """The same networks under other rules: a moment for tracing, the first time."""
        rules, before = self._rules(), self.game
        if rules in self._variants:
            self.game = self._variants[rules]
            self.game.go_on_from(before)
            return
        self.say("Preparing the new rules …")
        for player in before.players:
            before.set_moves(player.name, 1)  # all that simultaneous rounds allow
        self.game = before.variant(loss=rules[0], simultaneous=rules[1] == TURNS[0])
        self._trace()
        self._variants[rules] = self.game
        self.say("")

    # Looking closely

    def pick(self, row: int, column: int) -> None:
        """Looks closely at this sample of the picture, counted from 0."""
        if not (0 <= row < ROWS and 0 <= column < self.painter.columns):
            raise ValueError(
                f"`row` must be from 0 to {ROWS - 1}, and `column` to {self.painter.columns - 1}. "
                f"Received: row={row}, column={column}"
            )
        with self.lock:
            self.picked = (int(row), int(column))
            self.pad.mark(self.picked)
            self.show()
            self._look_closely()

    def _look_closely(self) -> None:
        """Charts at once: they are where the learner looks now."""
        self.view = self._paint()
        self._show_numbers()

    def _paint(self) -> np.ndarray:
        values, noise = self.panel.values, self.painter.base.copy()
        for place, name in enumerate(name for name in LATENT if name in values):
            noise[place] = values[name]
        return self.painter.paint(noise, values.get("digit", 0))

    def neighbour(self) -> Neighbour:
        """The real image nearest to the picked sample."""
        return self.neighbours.find(self._sample())

    def _sample(self) -> np.ndarray:
        return self.view[self.picked[0] * self.painter.columns + self.picked[1]]

    # What a move did

    def look(self) -> tuple[np.ndarray, float]:
        """The sheet's images, and what D says of them on average."""
        images = self._paint()[:-1]
        scores = self.painter.judge(images).astype(float)
        if self.game.kind.logits:
            scores = special.expit(scores)
        return images, float(scores.mean())

    def explain_move(
        self, name: str, before: tuple[np.ndarray, float], after: tuple[np.ndarray, float]
    ) -> str:
        """How D's opinion of the fakes changed, or how far their pixels went."""
        what, form = "D's mean score of the fakes shown", ".2f"
        if self.game.kind.logits:
            what, form = "How real D calls the fakes shown, on average", ".0%"
        opinion = f"{what}, went from {before[1]:{form}} to {after[1]:{form}}"
        if name == "discriminator":
            return f"{opinion}. No fake has changed."
        moved = float(np.mean(np.abs(after[0] - before[0]))) / 2
        return (
            f"The fakes' pixels changed by {moved:.1%} of the way from black to white, on average. "
            f"{opinion}."
        )

    # Pictures

    def show(self) -> None:
        """Paints the fixed noise anew, and shows it."""
        self.view = self._paint()
        super().show()

    def draw(self) -> Image:
        """What the generator makes of fixed noise; a column for each class, where it has any."""
        return draw_sheet(self.view[:-1], self.picked, self.classes)

    def draw_charts(self) -> Image:
        """The curves of the run, the sliders' sample, the picked one and its neighbour."""
        from PIL import Image

        half = (SIZE[0], SIZE[1] // 2)
        values = self.panel.values
        told = [f"{sign} = {values[name]:+.1f}" for name, sign in LATENT.items() if name in values]
        told += [f"digit {values['digit']}"] if self.classes else []
        frame = Image.new("RGB", SIZE, "white")
        frame.paste(draw_charts(self.charts(), half))
        tiles = draw_tiles(
            self.view[-1], told, self._sample(), self.neighbour(), self.neighbours.usual, half
        )
        frame.paste(tiles, (0, half[1]))
        return frame

    def describe(self) -> str:
        """The lab's state in words."""
        columns, (row, column) = self.painter.columns, self.picked
        order = f", a column for each of {self.classes}" if self.classes else ""
        return (
            f"Live picture: {ROWS} rows of {columns} images that the generator makes of fixed "
            f"noise{order}. {self.numbers()}. The picked sample (row {row + 1}, column "
            f"{column + 1}) is {self.neighbour().distance:.1f} from the nearest real image, pixel "
            f"by pixel; a real image is usually {self.neighbours.usual:.1f} from the nearest other."
        )

    def pages(self) -> Mapping[str, widgets.Widget]:
        """The grid to pick from joins the tab *explore*; saved runs have a tab."""
        import ipywidgets as widgets

        self.pad = PickPad(self.painter.columns, self.pick, self._guarded)
        title = widgets.HTML("Pick a sample of the picture:")
        explore = widgets.VBox([*self.panel.pages["explore"].children, title, self.pad.box])
        self.shelf = Shelf(self)
        return {"explore": explore, "runs": self.shelf.box}

    # On disk

    def settings(self) -> dict[str, Any]:
        """All that is set, and what is picked."""
        return {"controls": self.panel.values, "picked": list(self.picked)}

    def set_settings(self, settings: Mapping[str, Any]) -> None:
        """Sets the lab up as `settings` say."""
        self.panel.reset(**settings["controls"])
        self.restart()
        self.pick(*settings["picked"])

    def values_of(self, game: GAN) -> dict[str, Any]:
        """See `KeptGameLab`."""
        return control_values(game)

    def show_settings(self, settings: Mapping[str, Any]) -> None:
        """The picked sample."""
        self.picked = tuple(settings["picked"])
        self.pad.mark(self.picked)


def _check_game(game: GAN) -> None:
    """Raises a `ValueError` unless the game draws what this lab can show."""
    if not isinstance(game, GAN):
        raise ValueError(f"`game` must be a GAN. Received: a {type(game).__name__}")
    shape, labels = tuple(game.generator.output_shape[1:]), len(game.generator.inputs) > 1
    if shape != (SIDE, SIDE, 1):
        raise ValueError(f"`game` must draw images of (28, 28, 1). Received: {shape}")
    if labels != isinstance(game._fed(), tuple):
        kinds = ("images alone", "(images, labels)")
        raise ValueError(f"`game` must be fed with {kinds[labels]}. Received: {kinds[not labels]}")
