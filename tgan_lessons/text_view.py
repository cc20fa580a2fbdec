"""Pictures of sentences: what breaks the grammar stands out in colour and is underlined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons import grammar
from tgan_lessons.planes import FAKE, font

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from PIL.Image import Image

LINE = 26  # pixels from one sentence to the next
STYLES = ("o", "s", "^", "D", "v")
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "black")


def draw_sentences(sentences: Sequence[Sequence[int]], width: int = 560) -> Image:
    """Sentences, one under the other; from the first word on that the grammar rejects in orange.

    Args:
        sentences: word numbers, shape (n, 8).
        width: of the picture, in pixels.
    """
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (width, LINE * len(sentences) + 8), "white")
    pen, letters = ImageDraw.Draw(picture), font(17)
    for row, sentence in enumerate(sentences):
        error, x, y = grammar.first_error(sentence), 34.0, 4 + LINE * row
        pen.text((10, y), "✔" if error is None else "✘", "black", font=letters)
        for place, word in enumerate(grammar.decode(sentence).split()):
            wrong = error is not None and place >= error
            pen.text((x, y), word, FAKE if wrong else "black", font=letters)
            end = x + pen.textlength(word, font=letters)
            if error == place:
                pen.line([(x, y + 21), (end, y + 21)], FAKE, 3)
            x = end + 7
    return picture


def show_sentences(groups: Mapping[str, np.ndarray], width: int = 410) -> Axes:
    """Draws sentences of several authors side by side, their names above.

    Args:
        groups: by author, word numbers (n, 8).
        width: of each column, in pixels.
    """
    from PIL import Image, ImageDraw

    from tgan_lessons import plots

    most = max(map(len, groups.values()))
    sheet = Image.new("RGB", (width * len(groups), LINE * most + 44), "white")
    for column, (name, sentences) in enumerate(groups.items()):
        sheet.paste(draw_sentences(sentences, width), (column * width, 36))
        pen = ImageDraw.Draw(sheet)
        pen.text((column * width + 10, 6), name, "black", font=font(20))
    ax = plots.new_axes(sheet.width / 80, sheet.height / 80)
    ax.imshow(np.asarray(sheet))
    ax.axis("off")
    return ax


def plot_surprise(surprises: Mapping[str, np.ndarray], perfect: float) -> Axes:
    """Draws how surprised each author is by real sentences, as histograms.

    Args:
        surprises: by author, -log p of each sentence, shape (n,).
        perfect: the surprise of a perfect author, the same for all sentences.
    """
    from tgan_lessons import plots

    ax = plots.new_axes()
    bins = np.linspace(5, min(60, max(map(np.max, surprises.values()))), 60)
    for index, (name, values) in enumerate(surprises.items()):
        style = {"color": COLORS[index], "hatch": ("", "//")[index % 2], "alpha": 0.55}
        ax.hist(values.clip(bins[0], bins[-1]), bins, label=name, **style)
    ax.axvline(perfect, color="black", linestyle=":")
    ax.text(perfect, ax.get_ylim()[1], " a perfect author", va="top", fontsize=13)
    ax.set(xlabel="surprise −log p of a real sentence", ylabel="sentences")
    ax.legend(fontsize=13, frameon=False, loc="center right")
    return ax


def plot_trade(
    authors: Mapping[str, Sequence[tuple[float, float]]], limit: float | None = None
) -> Axes:
    """Draws validity over diversity, a point for each reading of an author, joined in order.

    Args:
        authors: by name, (distinct valid sentences, share of valid ones) of each reading.
        limit: the most distinct sentences that a perfect author writes.
    """
    from tgan_lessons import plots

    ax = plots.new_axes()
    for (name, readings), marker, color in zip(authors.items(), STYLES, COLORS, strict=False):
        x, y = zip(*readings, strict=True)
        ax.plot(x, y, marker=marker, color=color, markersize=9, linewidth=2, label=name)
    if limit is not None:
        ax.axvline(limit, color="gray", linestyle=":")
        ax.text(limit, 0.02, "a perfect author ", ha="right", fontsize=12)
    ax.set(xlabel="distinct valid sentences", ylabel="share of valid sentences")
    ax.set(xlim=(0, None), ylim=(-0.02, 1.05))
    ax.legend(fontsize=13, frameon=False, loc="center left")
    return ax
