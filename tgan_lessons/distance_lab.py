"""Lesson 08's instrument: a generator of one number rolls down a distance to the real samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons.controls import Control, choice, number
from tgan_lessons.labs import Lab
from tgan_lessons.planes import FAKE, REAL, font

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

EXTENT = 6.0  # the fakes stay within ± this
X = np.linspace(-2 * EXTENT, 2 * EXTENT, 4001)
SIZE, HILL, VALLEY = (560, 420), 165, 400  # pixels: picture, base of the humps, of the curves
SPAN = np.linspace(-EXTENT, EXTENT, 521)


@dataclass(frozen=True)
class Distance:
    """A distance between a hump at 0 and the same hump at θ.

    Attributes:
        value: (θ, width) → the distance.
        slope: (θ, width) → its derivative in θ.
        color: of its curve.
        dash: pixels drawn, pixels left out; how it differs without colour.
    """

    value: Callable[[float, float], float]
    slope: Callable[[float, float], float]
    color: str
    dash: tuple[int, int]


def log_hump(centre: float, width: float) -> np.ndarray:
    """The logarithm of a normal distribution's density on the grid `X`."""
    return -(((X - centre) / width) ** 2) / 2 - np.log(width * np.sqrt(2 * np.pi))


def jensen_shannon(theta: float, width: float) -> float:
    """½ KL(p ‖ m) + ½ KL(q ‖ m) with m = (p + q) / 2, integrated on a grid; at most log 2."""
    p, q = log_hump(0, width), log_hump(theta, width)
    m = np.logaddexp(p, q) - np.log(2)  # by logarithms: densities far out are 0 in a computer
    return float(np.trapezoid(np.exp(p) * (p - m) + np.exp(q) * (q - m), X)) / 2


def jensen_shannon_slope(theta: float, width: float) -> float:
    """½ ∫ q'(x) log(q / m) dx, where q' is the change of q with θ."""
    p, q = log_hump(0, width), log_hump(theta, width)
    change = np.exp(q) * (X - theta) / width**2
    return float(np.trapezoid(change * (q - np.logaddexp(p, q)), X)) / 2


DISTANCES = {
    "Jensen–Shannon": Distance(jensen_shannon, jensen_shannon_slope, "#CC79A7", (12, 7)),
    "earth mover's": Distance(
        lambda t, _: abs(t), lambda t, _: float(np.sign(t)), "#009E73", (1, 0)
    ),
}


@cache
def heights(name: str, width: float) -> np.ndarray:
    """A distance at each of `SPAN`, as a share of its value at the last of them."""
    values = np.array([DISTANCES[name].value(theta, width) for theta in SPAN])
    return values / values[-1]


class DistanceLab(Lab):
    """Real samples form a hump at 0, fakes the same hump at θ, and θ rolls down a distance.

    Attributes:
        theta: where the fakes are now.
        steps: taken.
    """

    def controls(self) -> list[Control]:
        """Which distance, how wide the humps, how long a step, where it starts."""
        told = "Of both humps: the standard deviation."
        down = "What G makes small. Both are drawn; the ball is on this one."
        rate = "A step is this times the slope."
        return [
            choice("distance", "distance", tuple(DISTANCES), down),
            number("width", "width", 0.1, 2.0, 0.3, told, step=0.05),
            number("rate", "learning rate", 0.01, 1.0, 0.1, rate, step=0.01),
            number("start", "start at", -5.0, 5.0, 4.0, "θ of the start.", step=0.1, renews=True),
        ]

    def renew(self) -> None:
        """The fakes at their start."""
        self.theta, self.steps = float(self.panel["start"]), 0

    def burst(self, seconds: float) -> None:
        """One step down the slope: slow enough for the eye to follow."""
        moved = self.theta - self.panel["rate"] * self.slope()
        self.theta = float(np.clip(moved, -EXTENT, EXTENT))
        self.steps += 1

    def step(self) -> str:
        """One step, and what made it."""
        slope, before = self.slope(), self.theta
        self.burst(0.0)
        return (
            f"<b>Step {self.steps}.</b> Slope {slope:.3g}, so θ moved by {self.theta - before:.3g}."
        )

    def value(self, name: str | None = None) -> float:
        """The distance `name`, or the chosen one, at θ."""
        chosen = DISTANCES[name or self.panel["distance"]]
        return chosen.value(self.theta, self.panel["width"])

    def slope(self) -> float:
        """The chosen distance's slope at θ."""
        return DISTANCES[self.panel["distance"]].slope(self.theta, self.panel["width"])

    def numbers(self) -> str:
        """Steps, θ, both distances and the slope."""
        both = ", ".join(f"{name} {self.value(name):.4f}" for name in DISTANCES)
        return f"step {self.steps}: θ {self.theta:.2f}; {both}; slope {self.slope():.2g}"

    def describe(self) -> str:
        """The picture in a sentence."""
        return (
            f"Two humps, real samples at 0, fakes at {self.theta:.2f}; beneath them both distances "
            f"over θ, each as a share of its height at 6, with a ball on {self.panel['distance']}. "
            f"{self.numbers()}."
        )

    def draw(self) -> Image:
        """Above the humps, beneath them the distances over θ with the ball."""
        from PIL import Image, ImageDraw

        frame = Image.new("RGB", SIZE, "white")
        pen = ImageDraw.Draw(frame)
        width = self.panel["width"]
        for centre, color, name in ((0.0, REAL, "real"), (self.theta, FAKE, "fakes")):
            shape = np.exp(-(((SPAN - centre) / width) ** 2) / 2)
            outline = [(_right(x), HILL - 125 * y) for x, y in zip(SPAN, shape, strict=True)]
            pen.line(outline, fill=color, width=4)
            pen.text((_right(centre), HILL + 4), name, color, font=font(17), anchor="ma")
        pen.line([(_right(-EXTENT), HILL), (_right(EXTENT), HILL)], "gray")
        for row, (name, distance) in enumerate(DISTANCES.items()):
            _draw_distance(pen, distance, heights(name, width))
            told = f"{name} {self.value(name):.3f}"
            pen.text((12, 196 + 22 * row), told, distance.color, font=font(17))
        below = np.interp(self.theta, SPAN, heights(self.panel["distance"], width))
        x, y = _right(self.theta), _up(below)
        pen.ellipse([x - 10, y - 21, x + 10, y - 1], "black")
        right = SIZE[0] - 12
        pen.text((right, 196), f"θ = {self.theta:.2f}", "black", font=font(18), anchor="ra")
        pen.text((right, 220), f"slope {self.slope():.2g}", "black", font=font(17), anchor="ra")
        return frame


def _draw_distance(pen: ImageDraw, distance: Distance, heights: np.ndarray) -> None:
    places = [(_right(t), _up(height)) for t, height in zip(SPAN, heights, strict=True)]
    drawn, left_out = distance.dash
    for i in range(len(places) - 1):
        if i % (drawn + left_out) < drawn:
            pen.line(places[i : i + 2], fill=distance.color, width=4)


def _right(x: float) -> float:
    """Where a number stands in the picture."""
    return SIZE[0] / 2 + x * (SIZE[0] / 2 - 20) / EXTENT


def _up(height: float) -> float:
    """Where a share of the largest distance stands in the picture."""
    return VALLEY - 125 * height
