"""Lesson 09's first instrument: the same noise under ten labels, and a digit to pick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons import caption_view
from tgan_lessons.asked_lab import AskedLab
from tgan_lessons.charts import Chart, Curve, draw_charts
from tgan_lessons.controls import Control, choice, number
from tgan_lessons.digit_controls import LATENT
from tgan_lessons.game_lab import click_control, player_controls

if TYPE_CHECKING:
    from PIL.Image import Image

    from tgan_lessons.gan import GAN
    from tgan_lessons.judge import Judge

ROWS, LARGE, CLASSES = 6, 5, 10
MEASURED = 200  # fakes that the judge reads


class PickerLab(AskedLab):
    """A class-conditional GAN at play; each row of the picture is one noise under all labels.

    Args:
        game: fed with (images, labels) of ten classes. A reset goes back to its state now.
        eye: reads the fakes.
        seed: of the noise that is painted again and again.
    """

    def __init__(self, game: GAN, eye: Judge, *, seed: int = 0) -> None:
        if len(game.generator.inputs) != 2 or tuple(game.generator.output_shape[1:]) != (28, 28, 1):
            raise ValueError(
                "`game` must draw images of (28, 28, 1) from noise and labels. Received: "
                f"{len(game.generator.inputs)} input(s), {game.generator.output_shape[1:]}"
            )
        self.game, self.eye = game, eye
        self._noise = game.sample_noise(ROWS + LARGE, seed)
        self._labels = np.arange(CLASSES, dtype=np.int32)
        self._measured = game.sample_noise(MEASURED, seed + 1)
        self._asked = np.arange(MEASURED, dtype=np.int32) % CLASSES
        super().__init__()

    def controls(self) -> Sequence[Control]:
        """The digit, two numbers of the first row's noise, the players' rates."""
        rates = {p.name: float(p.optimizer.learning_rate) for p in self.game.players}
        picked = "The column that is framed, and drawn large."
        return [
            choice("digit", "digit", tuple(range(CLASSES)), picked, value=7),
            *(
                number(name, f"latent {sign}", -3.0, 3.0, 0.0,
                       "One of the numbers that the first row starts from.", step=0.1)
                for name, sign in LATENT.items()
            ),
            *(c for c in player_controls(tuple(rates), rates) if c.name.startswith("rate")),
            click_control(),
        ]  # fmt: skip

    # Readings and pictures

    def read(self) -> dict[str, float]:
        """The share that the judge reads as asked."""
        fakes = self.game.paint(self._measured, self._asked)
        return {"agreement": float(np.mean(self.eye.classify(fakes) == self._asked))}

    def look(self) -> np.ndarray:
        """All rows under all labels, then the picked digit with further noise."""
        noise = self._noise.copy()
        for place, name in enumerate(LATENT):
            noise[0, place] = self.panel[name]
        labels = np.tile(self._labels, ROWS)
        picked = np.full(LARGE, self.panel["digit"], np.int32)
        both = np.concatenate([np.repeat(noise[:ROWS], CLASSES, axis=0), noise[ROWS:]])
        return self.game.paint(both, np.concatenate([labels, picked]))[..., 0]

    def draw(self) -> Image:
        """The sheet, and the picked digit."""
        rest = ROWS * CLASSES
        return caption_view.draw_picker(self.view[:rest], self.panel["digit"], self.view[rest:])

    def draw_charts(self) -> Image:
        """What the judge reads, and the losses."""
        read = [Curve("", self.recorded("agreement"), "black")]
        marks = {"chance": 1 / CLASSES}
        return draw_charts(
            [
                Chart("read as asked", read, low=0.0, high=1.0, marks=marks),
                Chart("losses", self.curves("loss")),
            ]
        )

    def numbers(self) -> str:
        """Round, losses, what the judge reads."""
        return f"{super().numbers()}; the judge reads {self.shares['agreement']:.0%} as asked"

    def describe(self) -> str:
        """The lab's state in words."""
        return (
            f"Live picture: {ROWS} rows, each one noise vector under the labels 0 to 9; beneath "
            f"them {LARGE} large drawings of the picked digit, {self.panel['digit']}. "
            f"{self.numbers()}."
        )
