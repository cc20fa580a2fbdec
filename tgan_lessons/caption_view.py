"""Pictures of lesson 09: who is taken for whom, obedience by word, words as vectors, lab sheets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons import plots
from tgan_lessons.charts import TEXT
from tgan_lessons.data import to_uint8
from tgan_lessons.planes import FAKE, REAL, font

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from PIL.Image import Image, ImageDraw

TILE, LARGE, GAP, HEAD = 44, 84, 8, 24  # pixels
SIDE = 28


def show_captioned(images: np.ndarray, texts: Sequence[str], *, columns: int = 8) -> Axes:
    """Draws images with a text of a few lines beneath each.

    Args:
        images: shape (n, 28, 28, 1).
        texts: one for each, lines divided by line breaks.
        columns: images per row.
    """
    lines = max(text.count("\n") + 1 for text in texts)
    across, down = SIDE + 6, SIDE + 3 + 6 * lines
    rows = -(-len(images) // columns)
    sheet = np.ones((rows * down, columns * across))
    ax = plots.new_axes(1.25 * columns, 1.25 * columns * sheet.shape[0] / sheet.shape[1])
    for number, (image, text) in enumerate(zip(images[..., 0], texts, strict=True)):
        y, x = number // columns * down, number % columns * across + 3
        sheet[y : y + SIDE, x : x + SIDE] = (image + 1) / 2
        ax.text(x + SIDE / 2, y + SIDE + 1, text, ha="center", va="top", fontsize=12)
    ax.imshow(sheet, cmap="gray", vmin=0, vmax=1)
    ax.set_axis_off()
    return ax


def plot_table(
    values: np.ndarray,
    rows: Sequence[object],
    columns: Sequence[object],
    *,
    x_label: str = "",
    y_label: str = "",
    digits: int = 1,
) -> Axes:
    """Draws a table of numbers as colours from orange (low) to blue (high), the number in each.

    Args:
        values: shape (rows, columns).
        rows: a name for each row.
        columns: a name for each column.
        x_label: what the columns are.
        y_label: what the rows are.
        digits: behind the point.
    """
    values = np.asarray(values, float)
    ax = plots.new_axes(0.75 * values.shape[1] + 1.6, 0.45 * values.shape[0] + 1.4)
    most = float(np.abs(values).max()) or 1.0
    ax.imshow(values, cmap="PuOr", vmin=-most, vmax=most, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        color = "white" if abs(value) > 0.7 * most else "black"
        ax.text(column, row, f"{value:.{digits}f}", ha="center", va="center", color=color)
    ax.set_xticks(range(len(columns)), [str(c) for c in columns], rotation=45 * _is_long(columns))
    ax.set_yticks(range(len(rows)), [str(r) for r in rows])
    ax.set(xlabel=x_label, ylabel=y_label)
    return ax


def _is_long(names: Sequence[object]) -> bool:
    return max(len(str(name)) for name in names) > 4


def plot_obedience(
    shares: Mapping[str, Mapping[str, float]], *, target: float | None = None
) -> Axes:
    """Draws what was obeyed: a group of bars for each property, a bar for each generator.

    Args:
        shares: by generator, then by property, from 0 to 1.
        target: a line to reach.
    """
    ax = plots.new_axes(9, 4.2)
    styles = (("#999999", ".."), ("#56B4E9", "//"), ("#0072B2", ""), ("#FFFFFF", ""))
    width = 0.8 / len(shares)
    for number, ((name, found), (color, hatch)) in enumerate(
        zip(shares.items(), styles, strict=False)
    ):
        at = np.arange(len(found)) + width * (number - (len(shares) - 1) / 2)
        bars = ax.bar(
            at, list(found.values()), width, label=name, color=color, hatch=hatch, edgecolor="black"
        )
        ax.bar_label(bars, [f"{100 * v:.0f}" for v in found.values()], fontsize=11)
    if target is not None:
        ax.axhline(target, color="black", linestyle=":")
    ax.set_xticks(range(len(found)), list(found), fontsize=13)
    ax.set(ylabel="share obeyed", ylim=(0, 1.08))
    ax.legend(fontsize=12, frameon=False, ncols=len(shares), loc="lower center",
              bbox_to_anchor=(0.5, 1.0))  # fmt: skip
    return ax


def plot_words(
    counts: Mapping[str, tuple[int, int]], *, chance: Mapping[str, float] | None = None
) -> Axes:
    """Draws for each word the share of captions with it that were obeyed, with 95 % intervals.

    Args:
        counts: by word, (obeyed, asked).
        chance: by word, the share of a generator that does not listen, as a mark.
    """
    ax = plots.new_axes(9, 0.34 * len(counts) + 1.2)
    places = np.arange(len(counts))[::-1]
    for y, (word, (obeyed, asked)) in zip(places, counts.items(), strict=True):
        share, (low, high) = obeyed / asked, wilson(obeyed, asked)
        ax.barh(y, share, color="#56B4E9", edgecolor="black")
        ax.plot([low, high], [y, y], color="black", linewidth=2.5)
        if chance is not None:
            ax.plot([chance[word]] * 2, [y - 0.42, y + 0.42], color="#D55E00", linewidth=4)
    ax.set_yticks(places, list(counts), fontsize=13)
    ax.set(xlim=(0, 1.01), xlabel="share of drawings that show the word")
    return ax


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a share by Wilson's formula.

    Args:
        hits: at most `trials`.
        trials: at least 1.

    Source: Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953
    """
    if not 0 <= hits <= trials or trials < 1:
        raise ValueError(
            f"`hits` must be from 0 to `trials`, at least 1. Received: {hits} of {trials}"
        )
    z, share = 1.959964, hits / trials
    centre = share + z**2 / (2 * trials)
    half = z * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    scale = 1 + z**2 / trials
    return float(max(0.0, (centre - half) / scale)), float(min(1.0, (centre + half) / scale))


# The labs' sheets


def draw_picker(sheet: np.ndarray, digit: int, large: np.ndarray) -> Image:
    """Draws rows of the same noise under ten labels, one label framed, and that one large.

    Args:
        sheet: shape (rows · 10, 28, 28), row by row, in [-1, 1].
        digit: the framed column.
        large: images of it, shape (n, 28, 28).
    """
    from PIL import Image, ImageDraw

    rows = len(sheet) // 10
    height = HEAD + rows * TILE + GAP + LARGE
    frame = Image.new("RGB", (10 * TILE, height), "white")
    pen = ImageDraw.Draw(frame)
    frame.paste(join(sheet, 10, TILE), (0, HEAD))
    for column in range(10):
        color = FAKE if column == digit else "black"
        place = ((column + 0.5) * TILE, HEAD / 2)
        pen.text(place, str(column), color, font=font(TEXT + 3), anchor="mm")
    box = (digit * TILE, HEAD, (digit + 1) * TILE - 1, HEAD + rows * TILE - 1)
    pen.rectangle(box, outline=FAKE, width=3)
    frame.paste(join(large, len(large), LARGE), (0, height - LARGE))
    return frame


def draw_answers(
    text: str, images: np.ndarray, right: np.ndarray, others: Mapping[str, np.ndarray]
) -> Image:
    """Draws what a caption asked for, framed blue with ✔ or orange with ✘; other captions beneath.

    Args:
        text: the caption.
        images: drawn for it, shape (n, 28, 28), two rows.
        right: whether each shows what was asked, shape (n,).
        others: for further captions, images (k, 28, 28).
    """
    from PIL import Image, ImageDraw

    columns, small = len(images) // 2, TILE - 4
    width, side = columns * (LARGE // 2 + 12), LARGE // 2 + 12
    top = HEAD + 6
    frame = Image.new("RGB", (width, top + 2 * side + GAP + len(others) * (small + 20)), "white")
    pen = ImageDraw.Draw(frame)
    pen.text((4, 4), f"“{text}”", "black", font=font(TEXT + 4))
    frame.paste(join(images, columns, side), (0, top))
    for number, good in enumerate(right):
        _mark(pen, number % columns * side, top + number // columns * side, side, bool(good))
    y = top + 2 * side + GAP
    for caption, tiles in others.items():
        pen.text((4, y), caption, "black", font=font(TEXT))
        frame.paste(join(tiles, len(tiles), small), (0, y + 18))
        y += small + 20
    return frame


def _mark(pen: ImageDraw.ImageDraw, x: int, y: int, side: int, good: bool) -> None:
    color, sign = (REAL, "✔") if good else (FAKE, "✘")
    pen.rectangle((x, y, x + side - 1, y + side - 1), outline=color, width=3)
    pen.rectangle((x + side - 17, y + side - 17, x + side - 1, y + side - 1), fill=color)
    pen.text((x + side - 9, y + side - 9), sign, "white", font=font(TEXT - 1), anchor="mm")


def join(images: np.ndarray, columns: int, size: int) -> Image:
    """Images (n, 28, 28) side by side, row by row, each of `size` pixels."""
    from PIL import Image

    rows = len(images) // columns
    grid = to_uint8(images).reshape(rows, columns, SIDE, SIDE).transpose(0, 2, 1, 3)
    sheet = Image.fromarray(grid.reshape(rows * SIDE, columns * SIDE))
    return sheet.resize((columns * size, rows * size))
