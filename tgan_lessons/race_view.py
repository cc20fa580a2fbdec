"""Pictures of a race: accuracies over steps, and which classes are taken for which."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons.planes import font
from tgan_lessons.plots import STYLES

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

DASHES = {"scratch": 2, "frozen": 5, "fine-tuned": 0}  # length, also of the gaps
SIDE, CHART = 400, (270, 400)  # pixels
FIELD = (88, 60, 590, 716)  # of the curves, at twice the size: left, top, right, bottom
GREY = "#AAAAAA"
POINTS = 200  # of a curve that are drawn
History = Sequence[tuple[int, Mapping[str, float]]]
Point = tuple[float, float]


def half_width(accuracy: float, images: int) -> float:
    """Half the width of the 95 % interval of an accuracy measured on so many images.

    Source: Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953
    """
    z = 1.959964
    spread = np.sqrt(accuracy * (1 - accuracy) / images + (z / images) ** 2 / 4)
    return float(z * spread / (1 + z**2 / images))


def frequent_confusions(matrix: np.ndarray, names: Sequence[str], count: int = 8) -> list[str]:
    """The most frequent errors of a confusion matrix, in words."""
    errors = np.where(np.eye(len(matrix), dtype=bool), 0, matrix)
    order = np.argsort(-errors, axis=None, kind="stable")[:count]
    pairs = [divmod(int(place), len(matrix)) for place in order]
    return [
        f"{names[true]} read as {names[read]}: {errors[true, read]} of {matrix[true].sum()}"
        for true, read in pairs
        if errors[true, read]
    ]


def percent(accuracy: object, half: object = None) -> str:
    """An accuracy, with half the width of its interval where that is given; “—” for none."""
    if not isinstance(accuracy, float | int) or not np.isfinite(accuracy):
        return "—"
    return f"{accuracy:.0%}" if half is None else f"{100 * accuracy:.0f} ± {100 * half:.0f} %"


def draw_curves(
    history: History, former: Sequence[History], *, tested: int, chance: float
) -> Image:
    """Draws accuracies over steps, each with its name and its 95 % interval at the end.

    Args:
        history: of this race: (steps, accuracy by name) of each measurement.
        former: of earlier races, drawn thin and grey.
        tested: on how many images.
        chance: the accuracy of a guess.
    """
    from PIL import Image, ImageDraw

    frame = Image.new("RGB", (2 * SIDE,) * 2, "white")  # then halved: smooth lines
    (left, top, right, bottom), longest = FIELD, max(100, history[-1][0])

    def place(step: float, score: float) -> Point:
        return left + step / longest * (right - left), bottom - score * (bottom - top)

    pen = ImageDraw.Draw(frame)
    pen.text((left, 4), f"read of {tested} test images", "black", font(28))
    _draw_axes(pen, place, longest, chance)
    for past in former:
        for line in _lines(past).values():
            pen.line([place(*point) for point in line if point[0] <= longest], GREY, 3)
    level = bottom + 40  # of the label below
    rising = sorted(_lines(history).items(), key=lambda item: item[1][-1][1])
    for row, (name, line) in enumerate(rising):
        half, color = half_width(line[-1][1], tested), STYLES[name][0]
        x = place(*line[-1])[0] + 16 + 8 * row  # side by side, to be told apart
        pen.line([(x, place(0, line[-1][1] + sign * half)[1]) for sign in (-1, 1)], color, 5)
        _draw_line(pen, [place(*point) for point in line], name)
        level = min(place(*line[-1])[1], level - 68)
        told = f"{name}\n{percent(line[-1][1], half)}"
        pen.text((right + 44, level), told, color, font(26), "lm", spacing=2)
    return frame.resize((SIDE, SIDE), Image.Resampling.BOX)


def _draw_axes(
    pen: ImageDraw, place: Callable[[float, float], Point], longest: int, chance: float
) -> None:
    left, _, right, bottom = FIELD
    pen.text((right, 2 * SIDE - 36), "training steps", "black", font(28), "rt")
    for score in (0, 0.25, 0.5, 0.75, 1):
        pen.line([place(0, score), place(longest, score)], "#DDDDDD", 2)
        pen.text((left - 10, place(0, score)[1]), f"{score:.0%}", "black", font(26), "rm")
    for step in range(0, longest + 1, _tick(longest)):
        pen.text((place(step, 0)[0], bottom + 8), f"{step}", "black", font(26), "mt")
    pen.line([place(0, chance), place(longest, chance)], "#777777", 2)
    pen.text((right, place(0, chance)[1] - 4), "guessing", "#555555", font(24), "rb")


def _lines(history: History) -> dict[str, list[tuple[int, float]]]:
    """The finite points of each network that has some."""
    lines: dict[str, list[tuple[int, float]]] = {}
    thinned = [*history[:: max(1, len(history) // POINTS)], history[-1]]
    for steps, scores in thinned:
        for name, score in scores.items():
            if np.isfinite(score):
                lines.setdefault(name, []).append((steps, score))
    return lines


def _tick(longest: int) -> int:
    """Steps between two numbers on the axis: 1, 2 or 5 times a power of ten, at most five."""
    size = 10 ** int(np.log10(longest / 5))
    return next(size * factor for factor in (1, 2, 5, 10) if longest <= 5 * size * factor)


def _draw_line(pen: ImageDraw, points: Sequence[Point], name: str) -> None:
    """A line with gaps of its own, and marks of its own along it: never colour alone."""
    color, mark, _ = STYLES[name]
    x, y = np.transpose(points)
    far = np.concatenate([[0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    at = np.arange(0, far[-1], 4.0)
    fine = [*zip(np.interp(at, far, x), np.interp(at, far, y), strict=True), points[-1]]
    for index, piece in enumerate(pairwise(fine)):
        if not DASHES[name] or index % (2 * DASHES[name]) < DASHES[name]:
            pen.line(piece, color, 6)
    for a, b in [fine[-1], *fine[:: max(len(fine) // 5, 40)]]:
        if mark == "s":
            pen.rectangle((a - 9, b - 9, a + 9, b + 9), color, "white", 2)
        elif mark == "^":
            pen.polygon([(a, b - 13), (a - 12, b + 9), (a + 12, b + 9)], color, "white", 2)
        else:
            pen.ellipse((a - 10, b - 10, a + 10, b + 10), color, "white", 2)


def draw_confusions(matrix: np.ndarray, names: Sequence[str], title: str) -> Image:
    """Draws a confusion matrix, with letters where there is room, and the commonest errors.

    Args:
        matrix: how often each class (row) was read as each (column).
        names: of the classes.
        title: above it.
    """
    from PIL import Image, ImageDraw

    frame, count = Image.new("RGB", CHART, "white"), len(names)
    pen, cell = ImageDraw.Draw(frame), (CHART[0] - 40) // len(names)
    pen.text((26, 2), title, "black", font(14))
    pen.text((26, 19), "rows: what it is; columns: read as", "#555555", font(12))
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    right = np.eye(count, dtype=bool)[..., np.newaxis]
    ink = np.where(right, (0, 114, 178), (213, 94, 0))  # blue where right, else orange
    colors = 255 + np.sqrt(shares)[..., np.newaxis] * (ink - 255)
    cells = Image.fromarray(colors.astype(np.uint8))
    corner = (26, 36 + (14 if count <= 12 else 0))
    frame.paste(cells.resize((count * cell,) * 2, Image.Resampling.NEAREST), corner)
    pen.rectangle((corner[0] - 1, corner[1] - 1, *(c + count * cell for c in corner)), None, GREY)
    if count <= 12:
        _write_cells(pen, matrix, names, cell, corner)
    bottom = corner[1] + count * cell
    room = (CHART[1] - bottom - 4) // 15
    for row, error in enumerate(frequent_confusions(matrix, names, min(room, 8))):
        pen.text((26, bottom + 4 + 15 * row), error, "black", font(13))
    return frame


def _write_cells(
    pen: ImageDraw, matrix: np.ndarray, names: Sequence[str], cell: int, corner: tuple[int, int]
) -> None:
    for i, name in enumerate(names):
        middle = (i + 0.5) * cell
        pen.text((corner[0] - 5, corner[1] + middle), name[:3], "black", font(12), "rm")
        pen.text((corner[0] + middle, corner[1] - 2), name[:3], "black", font(12), "mb")
        for j in np.flatnonzero(matrix[i]):
            place = (corner[0] + (j + 0.5) * cell, corner[1] + middle)
            pen.text(place, f"{matrix[i, j]}", "black", font(11), "mm")
