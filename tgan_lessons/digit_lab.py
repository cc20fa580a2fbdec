"""Lesson 05's instrument: the same noise becoming handwriting, both learning rates on sliders."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons import checkpoint
from tgan_lessons.data import to_uint8
from tgan_lessons.gan import GAN
from tgan_lessons.labs import SIZE, Lab

if TYPE_CHECKING:
    from PIL.Image import Image

COLUMNS, ROWS, CELL, TOP = 12, 6, 50, 60  # digits, and pixels of the frame


class DigitLab(Lab):
    """Pictures from fixed noise while a GAN trains.

    Args:
        game: fed with digits; its state now is the one that a reset goes back to.
        seed: of the noise that is painted again and again.
    """

    def __init__(self, game: GAN, seed: int = 0) -> None:
        self.game = game
        game.advance(0)  # traced now, not at the first tick
        self._start = checkpoint.snapshot(game)
        count = COLUMNS * ROWS
        self._noise = game.sample_noise(count, seed=seed)
        inputs = game.generator.inputs
        self._labels = (np.arange(count) // ROWS % 10,) if len(inputs) > 1 else ()
        super().__init__()

    def controls(self) -> list[object]:
        """The learning rate of each player."""
        import ipywidgets as widgets

        self.rates = {}
        for player in self.game.players:
            slider = widgets.FloatLogSlider(
                value=float(player.optimizer.learning_rate),
                base=10,
                min=-5,
                max=-1,
                step=0.1,
                readout_format=".2g",
                description=f"rate of {player.name}",
                style={"description_width": "130px"},
            )
            slider.observe(self._guarded(lambda _: self._set_rates()), "value")
            self.rates[player.name] = slider
        return list(self.rates.values())

    def _set_rates(self) -> None:
        with self.lock:
            for name, slider in self.rates.items():
                self.game.set_rate(name, slider.value)

    def restart(self) -> None:
        """The game as it was when the lab was made; rates as the sliders say."""
        checkpoint.restore(self.game, self._start)
        self._set_rates()
        self.logs: dict[str, float] = {}

    def burst(self, seconds: float) -> None:
        """Plays at least one round, and more while there is time."""
        end = time.perf_counter() + seconds
        while True:
            self.logs = self.game.advance(1)
            if time.perf_counter() >= end:
                return

    def draw(self) -> Image:
        """Rounds, losses, and what the generator makes of the fixed noise."""
        from PIL import Image, ImageDraw, ImageFont

        images = to_uint8(self.game.paint(self._noise, *self._labels))[..., 0]
        sheet = images.reshape(COLUMNS, ROWS, 28, 28).transpose(1, 2, 0, 3)
        sheet = Image.fromarray(sheet.reshape(ROWS * 28, COLUMNS * 28))
        frame = Image.new("RGB", SIZE, "white")
        frame.paste(sheet.resize((COLUMNS * CELL, ROWS * CELL)), (0, TOP))
        pen = ImageDraw.Draw(frame)
        pen.text((12, 16), self._caption(), fill="black", font=ImageFont.load_default(size=22))
        return frame

    def _caption(self) -> str:
        if not self.logs:
            return f"round {int(self.game.rounds):,}"
        losses = [f"{p.name} {self.logs[f'{p.name}_loss']:.2f}" for p in self.game.players]
        return f"round {int(self.game.rounds):,}   losses: {', '.join(losses)}"

    def describe(self) -> str:
        """The lab's state in a sentence."""
        return (
            f"Live picture: {COLUMNS * ROWS} images that the generator makes of fixed noise after "
            f"{int(self.game.rounds)} rounds of training."
        )
