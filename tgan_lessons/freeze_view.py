"""Pictures of the freezing lab: two groups of networks learning, and the gains found so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons.metrics import mean_interval
from tgan_lessons.planes import font

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

COLORS = {"scratch": "#000000", "frozen": "#0072B2", "fine-tuned": "#D55E00", "joint": "#009E73"}
SIZE, CHART = (400, 400), (270, 400)  # pixels
SCALE = 2  # drawn larger, then made smaller: smooth lines
GREY, PALE = "#999999", "#DDDDDD"
POINTS = 150  # of a curve that are drawn


@dataclass(frozen=True)
class Gain:
    """What one run of the lab found: points above scratch, ± half a 95 % interval."""

    depth: int
    then: str
    source: str
    mean: float
    half: float


def draw_learning(
    steps: Sequence[int], groups: dict[str, np.ndarray], *, task: str, chance: float
) -> Image:
    """Draws accuracy over steps: each network thin, the mean of its group thick.

    Args:
        steps: of each measurement.
        groups: by name, accuracies (measurements, networks); the first is `"scratch"`.
        task: what is read.
        chance: the accuracy of a guess.
    """
    from PIL import Image, ImageDraw

    frame = Image.new("RGB", [SCALE * side for side in SIZE], "white")
    pen, (left, top, right, bottom) = ImageDraw.Draw(frame), (92, 60, 620, 720)
    longest = max(100, steps[-1])

    def place(step: float, score: float) -> tuple[float, float]:
        return left + step / longest * (right - left), bottom - score * (bottom - top)

    pen.text((left, 6), task, "black", font(28))
    for score in (0, 0.25, 0.5, 0.75, 1):
        pen.line([place(0, score), place(longest, score)], PALE, 2)
        pen.text((left - 10, place(0, score)[1]), f"{score:.0%}", "black", font(26), "rm")
    pen.text((left, bottom + 10), "0", "black", font(26), "mt")
    pen.text((right, bottom + 10), f"{longest} steps", "black", font(26), "rt")
    pen.line([place(0, chance), place(longest, chance)], GREY, 2)
    pen.text(place(longest, chance), "guessing", "#555555", font(24), "rb")
    thin = slice(None, None, max(1, len(steps) // POINTS))
    level = bottom + 100.0  # of the label below
    for name, curves in sorted(groups.items(), key=lambda item: item[1][-1].mean()):
        color, width = COLORS[name], 8 if name == "scratch" else 10
        for curve in curves[thin].T:
            _line(pen, [place(*p) for p in zip(steps[thin], curve, strict=True)], color, 1)
        mean = [place(*p) for p in zip(steps[thin], curves[thin].mean(axis=1), strict=True)]
        _line(pen, mean, color, width // 2 if name == "scratch" else width)
        level = min(place(0, curves[-1].mean())[1], level - 64)
        told = f"{name}\n{curves[-1].mean():.0%}"
        pen.text((right + 10, level), told, color, font(28), "lm", spacing=2)
    return frame.resize(SIZE, Image.Resampling.BOX)


def draw_gains(found: Sequence[Gain], now: Gain | None, depths: int) -> Image:
    """Draws the gains of all runs so far over the depth of transfer, the present one larger.

    Args:
        found: of earlier runs.
        now: of this run; `None` before it has begun.
        depths: the largest number of copied layers.
    """
    from PIL import Image, ImageDraw

    frame = Image.new("RGB", [SCALE * side for side in CHART], "white")
    pen, (left, top, right, bottom) = ImageDraw.Draw(frame), (84, 76, 520, 700)
    everyone = [*found, *([now] if now else [])]
    reach = max([10.0, *(100 * (abs(gain.mean) + gain.half) for gain in everyone)])
    reach = min(5 * np.ceil(reach / 5), 60)

    def place(depth: float, points: float) -> tuple[float, float]:
        share = (np.clip(points, -reach, reach) + reach) / (2 * reach)
        return left + (depth + 0.5) / (depths + 1) * (right - left), bottom - share * (bottom - top)

    pen.text((10, 6), "points above scratch", "black", font(28))
    pen.text((10, 38), "your runs: mean, 95 % interval", "#555555", font(24))
    for points in (-reach, -reach / 2, 0, reach / 2, reach):
        y = place(0, points)[1]
        pen.line((left, y, right, y), "black" if points == 0 else PALE, 3 if points == 0 else 2)
        pen.text((left - 8, y), f"{points:+.0f}" if points else "0", "black", font(26), "rm")
    for depth in range(depths + 1):
        pen.text((place(depth, 0)[0], bottom + 8), str(depth), "black", font(26), "mt")
    pen.text((right, bottom + 42), "layers copied", "black", font(26), "rt")
    for index, gain in enumerate(everyone):
        _mark(pen, gain, place, large=gain is now, shift=7 * (index % 5 - 2))
    return frame.resize(CHART, Image.Resampling.BOX)


def _mark(pen: ImageDraw, gain: Gain, place: object, *, large: bool, shift: int) -> None:
    """A square for frozen, a triangle for fine-tuned, a circle for joint; its source's initial."""
    color, r = COLORS[gain.then], 14 if large else 9
    ends = [place(gain.depth, 100 * (gain.mean + sign * gain.half)) for sign in (-1, 1)]
    x, y = place(gain.depth, 100 * gain.mean)
    x = x + shift
    pen.line([(x, end) for _, end in ends], color, 5 if large else 3)
    if gain.then == "frozen":
        pen.rectangle((x - r, y - r, x + r, y + r), color, "white", 2)
    elif gain.then == "fine-tuned":
        pen.polygon([(x, y - 1.3 * r), (x - 1.2 * r, y + r), (x + 1.2 * r, y + r)], color, "white")
    else:
        pen.ellipse((x - r, y - r, x + r, y + r), color, "white", 2)
    pen.text((x + r + 2, y), gain.source[0].upper(), color, font(24), "lm")


def _line(pen: ImageDraw, points: list[tuple[float, float]], color: str, width: int) -> None:
    if len(points) > 1:
        pen.line(points, color, width)


def measure_gain(depth: int, then: str, source: str, ours: np.ndarray, scratch: np.ndarray) -> Gain:
    """The paired gain of a run, from the accuracies of both groups, one per seed."""
    mean, half = mean_interval(ours - scratch)
    return Gain(depth, then, source, mean, half)
