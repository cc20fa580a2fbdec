"""Lesson 09's second instrument: type a caption, and see it drawn while the game goes on."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tgan_lessons import caption_data, caption_view, captions
from tgan_lessons.asked_lab import AskedLab
from tgan_lessons.caption_gan import CaptionGAN
from tgan_lessons.charts import Chart, Curve, draw_charts
from tgan_lessons.controls import Control, number, set_tooltip
from tgan_lessons.game_lab import click_control, player_controls

if TYPE_CHECKING:
    import ipywidgets as widgets
    from PIL.Image import Image

    from tgan_lessons.judge import Judge

FIRST = "a thick slanted seven"
OTHERS = ("thin small 3", "large upright 0", "thin slanted 4", "bold tiny 8")
DRAWN, SMALL = 16, 10  # images of the caption that was typed, and of each other one
MEASURED = 200  # drawings whose obedience is measured


class CaptionLab(AskedLab):
    """Draws whatever a caption asks for, and marks the drawings that obey.

    Args:
        game: fed, with a mismatch above 0. A reset goes back to its state now.
        eye: reads the digits.
        seed: of the noise that is painted again and again.
    """

    def __init__(self, game: CaptionGAN, eye: Judge, *, seed: int = 0) -> None:
        if not isinstance(game, CaptionGAN) or "mismatch" not in game.coefficients:
            raise ValueError(
                "`game` must be a CaptionGAN with a mismatch above 0. "
                f"Received: a {type(game).__name__}"
            )
        self.game, self.eye, self.text = game, eye, FIRST
        self._noise = game.sample_noise(DRAWN + SMALL * len(OTHERS), seed)
        self._wishes = caption_data.draw_wishes(MEASURED, seed=seed + 1)
        super().__init__()

    def controls(self) -> Sequence[Control]:
        """The weights of wrong captions and of variety, and the players' rates."""
        rates = {p.name: float(p.optimizer.learning_rate) for p in self.game.players}
        told = "How much D learns from real images with a wrong caption. At 0, hardly anybody asks "
        return [
            number("mismatch", "mismatch", 0.0, 0.9, float(self.game.coefficients["mismatch"]),
                   f"{told}whether the style fits.", step=0.1, group="train"),
            number("variety", "variety", 0.0, 1.0, float(self.game.coefficients["variety"]),
                   "How much G pays where the noise changes, and the drawing does not.", step=0.05,
                   group="train"),
            *(c for c in player_controls(tuple(rates), rates) if c.name.startswith("rate")),
            click_control(),
        ]  # fmt: skip

    def change(self, names: tuple[str, ...]) -> None:
        """Rates, mismatch and variety; the game goes on."""
        super().change(names)
        for name in {"mismatch", "variety"} & set(names):
            self.game.set_coefficient(name, float(self.panel[name]))

    # What is asked for

    def ask(self, text: str) -> None:
        """Draws this caption from now on.

        Raises:
            captions.CaptionError: it cannot be understood; the last caption stays.
        """
        captions.read(text)
        with self.lock:
            self.text = text.strip()
            self.box.value = self.text
            self.say(f"Drawing “{html.escape(self.text)}”.")
            self.show()
            self._show_numbers()

    def buttons(self) -> list[widgets.Widget]:
        """The text box joins the buttons."""
        import ipywidgets as widgets

        self.box = widgets.Text(value=FIRST, description="draw", continuous_update=False)
        self.box.layout.width = "330px"
        self.box.style.description_width = "40px"
        set_tooltip(self.box, "A caption, such as: a thin upright four. Enter draws it.")
        self.box.add_class("tgan-caption")
        self.box.observe(self._guarded(self._typed), "value")
        return [*super().buttons(), self.box]

    def _typed(self, change: dict[str, Any]) -> None:
        if change["new"].strip() == self.text:
            return
        try:
            self.ask(change["new"])
        except captions.CaptionError as error:
            self.say(html.escape(str(error)), "Sorry.")

    # Readings and pictures

    def read(self) -> dict[str, float]:
        """The share of digits, and of each attribute, that is as asked."""
        drawn = self.game.draw([str(wish) for wish in self._wishes], seed=2)
        return caption_data.check(drawn, self._wishes, self.eye).shares()

    def look(self) -> np.ndarray:
        """The typed caption's drawings, checked, then those of the others."""
        texts = [self.text] * DRAWN + [text for text in OTHERS for _ in range(SMALL)]
        painted = self.game.paint(self._noise, captions.encode(texts))
        wishes = [captions.read(self.text)] * DRAWN
        self.found = caption_data.check(painted[:DRAWN], wishes, self.eye)
        return painted

    def draw(self) -> Image:
        """The caption's drawings, each marked, and other captions' beneath."""
        rest = self.view[DRAWN:, ..., 0].reshape(len(OTHERS), SMALL, 28, 28)
        others = dict(zip(OTHERS, rest, strict=True))
        right = self.found.everything
        return caption_view.draw_answers(self.text, self.view[:DRAWN, ..., 0], right, others)

    def draw_charts(self) -> Image:
        """Shares obeyed, and the losses."""
        colors = ("black", "#D55E00", "#0072B2", "#009E73")
        obeyed = [
            Curve(name, self.recorded(name), color)
            for name, color in zip(self.shares, colors, strict=True)
        ]
        first = Chart("", obeyed, low=0.0, high=1.0, marks={"85 %": 0.85})
        return draw_charts([first, Chart("losses", self.curves("loss"))])

    def numbers(self) -> str:
        """Round, losses, and what is obeyed."""
        told = ", ".join(f"{name} {share:.0%}" for name, share in self.shares.items())
        good = int(self.found.everything.sum())
        return f"{super().numbers()}; obeyed: {told}; of these {DRAWN}: {good} in everything"

    def describe(self) -> str:
        """The lab's state in words."""
        return (
            f"Live picture: {DRAWN} drawings of “{self.text}”, with a tick or a cross each; "
            f"beneath them {SMALL} each of {', '.join(OTHERS)}. {self.numbers()}."
        )
