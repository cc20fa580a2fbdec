"""Small line charts from numbers to Pillow: a few milliseconds each, fast enough to move.

Pure functions. Axes by matplotlib cost ten times as much, see `benchmarks/README.md`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons.planes import font

if TYPE_CHECKING:
    from PIL.Image import Image

SIZE = (250, 400)  # pixels of a chart beside a picture
TEXT = 13  # pixels high
BAND = "#D9EAD3"


@dataclass(frozen=True)
class Curve:
    """One line of a chart.

    Attributes:
        name: as shown.
        values: one per kept moment of the run; what is not finite leaves a gap.
        color: of line and name.
    """

    name: str
    values: Sequence[float]
    color: str


@dataclass(frozen=True)
class Chart:
    """What a small chart shows.

    Attributes:
        title: what is measured.
        curves: the lines.
        low: the lowest value shown; `None` for that of the data.
        high: the highest; `None` for that of the data.
        log: whether the axis is logarithmic.
        marks: horizontal lines with a name, such as an equilibrium.
        band: what a perfect generator gets, from luck to luck: (low, high).
    """

    title: str
    curves: Sequence[Curve]
    low: float | None = None
    high: float | None = None
    log: bool = False
    marks: Mapping[str, float] = field(default_factory=dict)
    band: tuple[float, float] | None = None


def draw_charts(charts: Sequence[Chart], size: tuple[int, int] = SIZE) -> Image:
    """Draws charts one beneath the other, all of the same height."""
    from PIL import Image

    frame = Image.new("RGB", size, "white")
    height = size[1] // max(len(charts), 1)
    for row, chart in enumerate(charts):
        frame.paste(draw_chart(chart, (size[0], height)), (0, row * height))
    return frame


def draw_chart(chart: Chart, size: tuple[int, int]) -> Image:
    """Draws one chart: title and names above, the axis' ends at the left, the run across.

    Args:
        chart: what it shows.
        size: pixels (width, height).
    """
    from PIL import Image, ImageDraw

    frame = Image.new("RGB", size, "white")
    pen, (width, height) = ImageDraw.Draw(frame), size
    across = 4
    for text, color in [(chart.title, "black"), *((c.name, c.color) for c in chart.curves)]:
        pen.text((across, 2), text, color, font=font(TEXT))
        across += pen.textlength(text, font=font(TEXT)) + 10
    top, bottom, left = 22, height - 8, 40
    low, high = _limits(chart)

    def level(values: Sequence[float]) -> np.ndarray:
        numbers = np.asarray(values, float)
        if chart.log:
            numbers = np.log10(np.maximum(numbers, 1e-30))
        share = (numbers - low) / max(high - low, 1e-12)
        return bottom - np.clip(share, -0.02, 1.02) * (bottom - top)

    if chart.band is not None:
        upper, lower = level(sorted(chart.band, reverse=True))
        pen.rectangle((left, upper - 1.5, width - 6, lower + 1.5), BAND)
    for name, value in chart.marks.items():
        y = float(level([value])[0])
        pen.line((left, y, width - 6, y), "#999999")
        pen.text((width - 8, y), name, "#555555", font=font(TEXT - 1), anchor="rb")
    pen.line((left, top, left, bottom, width - 6, bottom), "#777777")
    for value, y in ((high, top), (low, bottom)):
        shown = 10**value if chart.log else value
        pen.text((left - 3, y), _short(shown), "black", font=font(TEXT - 1), anchor="rm")
    for curve in chart.curves:
        _draw_curve(pen, curve, level(curve.values), (left + 1, width - 6))
    return frame


def _draw_curve(pen: object, curve: Curve, levels: np.ndarray, ends: tuple[int, int]) -> None:
    """The line, in pieces where values are missing, and a dot where it stands now."""
    across = np.linspace(*ends, max(len(levels), 2))[: len(levels)]
    fine = np.isfinite(np.asarray(curve.values, float)) & np.isfinite(levels)
    for piece in np.split(np.arange(len(levels)), np.flatnonzero(~fine)):
        points = [(across[i], levels[i]) for i in piece if fine[i]]
        if len(points) > 1:
            pen.line(points, curve.color, 2)
    if len(levels) and fine[-1]:
        x, y = across[-1], levels[-1]
        pen.ellipse((x - 3, y - 3, x + 3, y + 3), curve.color)


def _limits(chart: Chart) -> tuple[float, float]:
    """The ends of the axis, of the exponent where it is logarithmic."""
    values = [v for curve in chart.curves for v in curve.values]
    values += [*chart.marks.values(), *(chart.band or ())]
    values = [v for v in values if math.isfinite(v) and (v > 0 or not chart.log)] or [0.1, 1.0]
    low = min(values) if chart.low is None else chart.low
    high = max(values) if chart.high is None else chart.high
    if chart.log:
        return math.floor(math.log10(low)), math.ceil(math.log10(max(high, low * 1.01)))
    return (low, high) if high > low else (low, low + 1.0)


def _short(value: float) -> str:
    return f"{value:.0e}" if value and not 0.01 <= abs(value) < 1000 else f"{value:.3g}"
