"""The smallest game with a centre, V = x · y: rounds of it, and lesson 04's lab for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons import planes
from tgan_lessons.controls import Control, number
from tgan_lessons.labs import Lab

if TYPE_CHECKING:
    import ipywidgets as widgets
    from PIL.Image import Image

SIZE = (400, 436)  # pixels: the names stand above the square
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
    """The game x · y, played in three ways at once, with the step size on a slider.

    Attributes:
        rounds: played so far.
    """

    EXTENT = 3.0

    def controls(self) -> list[Control]:
        """The step size."""
        told = "How far each move goes. It bends the paths that are there."
        return [number("eta", "step size η", 0.02, 1.0, 0.2, told, step=0.02)]

    @property
    def eta(self) -> widgets.Widget:
        """The slider."""
        return self.panel.widgets["eta"]

    def renew(self) -> None:
        """All three at the start."""
        self.rounds = 0

    def burst(self, seconds: float) -> None:
        """One round: slow enough for the eye to follow."""
        self.rounds += 1

    def step(self) -> str:
        """One round, and who came closer to the centre."""
        before = self.distances()
        self.rounds += 1
        told = "; ".join(
            f"{name} {before[name]:.3f} → {far:.3f}" for name, far in self.distances().items()
        )
        return f"<b>Round {self.rounds}.</b> Distance from the centre: {told}."

    def paths(self) -> dict[str, np.ndarray]:
        """Where each way of playing has led so far, at the slider's step size."""
        return {
            name: play_xy(play_round, eta=self.panel["eta"], rounds=self.rounds)
            for name, play_round in XY_ROUNDS.items()
        }

    def distances(self) -> dict[str, float]:
        """How far from the centre each stands now."""
        return {name: float(np.linalg.norm(path[-1])) for name, path in self.paths().items()}

    def draw(self) -> Image:
        """The three paths, and how far from the centre each stands."""
        from PIL import Image, ImageDraw

        frame = Image.new("RGB", SIZE, "white")
        square = planes.draw_paths(self.paths(), extent=self.EXTENT, size=SIZE[0])
        frame.paste(square, (0, SIZE[1] - SIZE[0]))
        pen = ImageDraw.Draw(frame)
        for row, (name, far) in enumerate(self.distances().items()):
            text = f"{'●■▲'[row]} {name} {far:.3g}"
            pen.text((8, 4 + 22 * row), text, planes.PATHS[name], font=planes.font(17))
        right = SIZE[0] - 8
        pen.text((right, 4), f"round {self.rounds}", "black", font=planes.font(20), anchor="ra")
        eta = f"step η = {self.panel['eta']:.2f}"
        pen.text((right, 30), eta, "black", font=planes.font(16), anchor="ra")
        return frame

    def numbers(self) -> str:
        """Rounds, and the distances from the centre."""
        told = ", ".join(f"{name} {far:.3g}" for name, far in self.distances().items())
        return f"round {self.rounds}; distance from the centre: {told}"

    def describe(self) -> str:
        """Where the three stand, in a sentence."""
        told = ", ".join(f"{name} {far:.3g}" for name, far in self.distances().items())
        return (
            f"Paths of the game x · y after {self.rounds} rounds at step size "
            f"{self.panel['eta']:.2f}. Distance from the centre: {told}."
        )
