"""The smallest game with a centre, V = x · y: rounds of it, and lesson 04's lab for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons import planes
from tgan_lessons.labs import SIZE, Lab

if TYPE_CHECKING:
    from PIL.Image import Image

Round = Callable[[float, float, float], tuple[float, float]]


def simultaneous(x: float, y: float, eta: float) -> tuple[float, float]:
    """Both move at once: x down its slope y, y up its slope x."""
    return x - eta * y, y + eta * x


def alternating(x: float, y: float, eta: float) -> tuple[float, float]:
    """In turn: x moves, and y sees where it went."""
    x = x - eta * y
    return x, y + eta * x


def extragradient(x: float, y: float, eta: float) -> tuple[float, float]:
    """Both look one step ahead, and move from here along the slopes found there.

    Source: Korpelevich 1976; for GANs: Gidel et al. 2019, https://arxiv.org/abs/1802.10551
    """
    ahead_x, ahead_y = simultaneous(x, y, eta)
    return x - eta * ahead_y, y + eta * ahead_x


XY_ROUNDS: dict[str, Round] = {
    "simultaneous": simultaneous,
    "alternating": alternating,
    "extragradient": extragradient,
}


def play_xy(
    play_round: Round, *, eta: float, rounds: int, start: tuple[float, float] = (1.0, 0.0)
) -> np.ndarray:
    """Plays V = x · y; x wants it small, y wants it large.

    Args:
        play_round: (x, y, eta) → the next (x, y).
        eta: the step size of both.
        rounds: how many.
        start: (x, y).

    Returns:
        Where they stood, the start included, shape (rounds + 1, 2).
    """
    path = [start]
    for _ in range(rounds):
        path.append(play_round(*path[-1], eta))
    return np.array(path, float)


class SpiralLab(Lab):
    """The game x · y, played in three ways at once, with the step size on a slider."""

    EXTENT = 3.0

    def controls(self) -> list[object]:
        """The step size."""
        import ipywidgets as widgets

        self.eta = widgets.FloatSlider(
            value=0.2, min=0.02, max=1.0, step=0.02, description="step η"
        )
        self.eta.observe(self._guarded(lambda _: self._redraw()), "value")
        return [self.eta]

    def _redraw(self) -> None:
        with self.lock:
            self.show()

    def restart(self) -> None:
        """All three at the start again."""
        self.rounds = 0

    def burst(self, seconds: float) -> None:
        """One round: slow enough for the eye to follow."""
        self.rounds += 1

    def paths(self) -> dict[str, np.ndarray]:
        """Where each way of playing has led so far, at the slider's step size."""
        return {
            name: play_xy(play_round, eta=self.eta.value, rounds=self.rounds)
            for name, play_round in XY_ROUNDS.items()
        }

    def draw(self) -> Image:
        """The three paths, and how far from the centre each stands."""
        from PIL import Image, ImageDraw

        paths, left = self.paths(), SIZE[0] - SIZE[1]
        frame = Image.new("RGB", SIZE, "white")
        frame.paste(planes.draw_paths(paths, extent=self.EXTENT, size=SIZE[1]), (left, 0))
        pen = ImageDraw.Draw(frame)
        pen.text((10, 6), f"round {self.rounds}", "black", font=planes.font(24))
        pen.text((10, 40), f"step η = {self.eta.value:.2f}", "black", font=planes.font(18))
        pen.text((10, 90), "distance from the centre:", "black", font=planes.font(16))
        for row, (name, path) in enumerate(paths.items()):
            text = f"{'●■▲'[row]} {name} {np.linalg.norm(path[-1]):.3g}"
            pen.text((10, 118 + 28 * row), text, planes.PATHS[name], font=planes.font(17))
        return frame

    def describe(self) -> str:
        """Where the three stand, in a sentence."""
        far = {name: np.linalg.norm(path[-1]) for name, path in self.paths().items()}
        told = ", ".join(f"{name} {distance:.3g}" for name, distance in far.items())
        return (
            f"Paths of the game x · y after {self.rounds} rounds at step size "
            f"{self.eta.value:.2f}. Distance from the centre: {told}."
        )
