"""Pictures of messages in bits, of teams side by side, and of what wrong keys read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons.cipher import BITS
from tgan_lessons.planes import FAKE, font

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

CELL, LINE, LEFT = 11, 62, 82  # pixels: a bit, a row, the names
BOB, EVE, FRESH = "#0072B2", "#D55E00", "#009E73"
COIN = BITS / 2  # wrong bits of a coin's flips
COIN_SHARES = np.array([comb(BITS, k) for k in range(BITS + 1)]) / 2**BITS  # of 0 to 16 wrong


def text_to_bits(text: str) -> np.ndarray:
    """Two letters as 16 bits of -1 and 1, eight for each, shape (16,).

    Raises:
        ValueError: other than two characters of Latin-1.
    """
    try:
        codes = np.frombuffer(text.encode("latin-1"), np.uint8)
    except UnicodeEncodeError:
        codes = np.empty(0)
    if len(codes) != 2:
        raise ValueError(f"`text` must be two characters of Latin-1. Received: {text!r}")
    return 2 * np.unpackbits(codes).astype(np.float32) - 1


def bits_to_text(bits: np.ndarray) -> str:
    """The two letters that 16 numbers stand for by their signs; · for what cannot be shown."""
    codes = np.packbits(np.asarray(bits) > 0)
    letters = bytes(codes.tolist()).decode("latin-1")
    return "".join(letter if letter.isprintable() else "·" for letter in letters)


def draw_messages(rows: Mapping[str, np.ndarray], truth: np.ndarray) -> Image:
    """Draws what passes from Alice to Bob: a row for each reading, a column for each message.

    Args:
        rows: by name, numbers in [-1, 1], shape (n, 16): 1 is black. Names that end in "reads" are
            readings: their wrong bits get a frame, and their letters stand below.
        truth: the messages, shape (n, 16).
    """
    from PIL import Image, ImageDraw

    width = LEFT + len(truth) * (BITS * CELL + 18)
    picture = Image.new("RGB", (width, LINE * len(rows) + 4), "white")
    pen = ImageDraw.Draw(picture)
    for row, (name, values) in enumerate(rows.items()):
        top = 6 + LINE * row
        for line, word in enumerate(name.split(" ", 1)):
            pen.text((4, top + 17 * line), word, "black", font=font(15))
        is_cipher = name.endswith("sends")
        for column, numbers in enumerate(values):
            left = LEFT + column * (BITS * CELL + 18)
            _draw_row(pen, numbers, (left, top), None if is_cipher else truth[column])
            said = "" if is_cipher else _reading(numbers, truth[column])
            pen.text((left, top + CELL + 9), said, "black", font=font(15))
    return picture


def _draw_row(
    pen: object, numbers: np.ndarray, corner: tuple[int, int], truth: np.ndarray | None
) -> None:
    """One row of squares; against a truth only the sign counts, and wrong ones get a frame."""
    for place, number in enumerate(numbers):
        x, y = corner[0] + place * CELL, corner[1]
        level = number if truth is None else np.sign(number)
        grey = round(255 * (1 - level) / 2)
        box = (x, y, x + CELL - 2, y + CELL + 4)
        pen.rectangle(box, (grey, grey, grey), "gray")
        if truth is not None and level != truth[place]:
            pen.rectangle(box, None, FAKE, 3)


def _reading(numbers: np.ndarray, truth: np.ndarray) -> str:
    wrong = int((np.sign(numbers) != truth).sum())
    return f"{bits_to_text(numbers)}" + (f"   {wrong} wrong" if wrong else "")


def plot_teams(
    rounds: Sequence[int], followed: Mapping[str, np.ndarray], ax: Axes | None = None
) -> Axes:
    """Draws wrong bits over rounds, a thin line for each team.

    Args:
        rounds: of the readings, length t.
        followed: by reader, wrong bits, shape (teams, t).
        ax: where to draw.
    """
    from tgan_lessons import plots

    ax = ax or plots.new_axes()
    for (name, lines), color, style in zip(followed.items(), (BOB, EVE), ("-", "--"), strict=False):
        ax.plot(rounds, np.transpose(lines), style, color=color, linewidth=1.5, alpha=0.8)
        middle = float(np.mean(lines, axis=0)[1])
        ax.annotate(name, (rounds[1], middle), (6, 6), textcoords="offset points", color=color,
                    fontsize=16)  # fmt: skip
    ax.axhline(COIN, color="black", linestyle=":")
    ax.text(rounds[-1], COIN + 0.15, "a coin's flips", ha="right", fontsize=13)
    ax.set(xlabel="rounds", ylabel=f"wrong bits of {BITS}", ylim=(-0.3, COIN + 1))
    return ax


def plot_audit(
    bob: Sequence[float], eves: np.ndarray, limit: float, ax: Axes | None = None
) -> Axes:
    """Draws each team's Bob and the fresh Eves that listened to it.

    Args:
        bob: wrong bits of each team's Bob.
        eves: of its fresh Eves, shape (teams, eves).
        limit: the least wrong bits of an Eve with which a team counts as secret.
        ax: where to draw.
    """
    from tgan_lessons import plots

    ax = ax or plots.new_axes()
    teams = np.arange(1, len(bob) + 1)
    ax.plot(teams, bob, "s", color=BOB, markersize=10, label="Bob")
    ax.plot(np.repeat(teams, eves.shape[1]), np.ravel(eves), "o", color=FRESH, markersize=8,
            fillstyle="none", label="fresh Eves")  # fmt: skip
    ax.axhline(COIN, color="black", linestyle=":", label="a coin's flips")
    ax.axhline(limit, color=EVE, linestyle="--", label="asked of every Eve")
    ax.set(xlabel="team", ylabel=f"wrong bits of {BITS}", ylim=(-0.4, 9), xticks=teams)
    ax.legend(fontsize=13, frameon=False, loc="center right")
    return ax


def plot_wrong_keys(wrong: Mapping[str, np.ndarray]) -> Figure:
    """Draws how many bits random keys get wrong, beside a coin's flips: a panel for each cipher.

    Args:
        wrong: by cipher, wrong bits of 16 of many readings, any shape.
    """
    from tgan_lessons import plots

    figure = plots.new_axes(4.2 * len(wrong), 3.8).figure
    figure.clear()
    axes = figure.subplots(1, len(wrong), sharey=True, squeeze=False)[0]
    places = np.arange(BITS + 1)
    for ax, (name, counts) in zip(axes, wrong.items(), strict=True):
        shares = np.bincount(np.ravel(counts), minlength=BITS + 1) / np.size(counts)
        ax.bar(places, shares, color=EVE, label="a random key")
        ax.plot(places, COIN_SHARES, "k.:", markersize=9, label="a coin's flips")
        ax.set(title=f"{name}: {np.mean(counts):.1f} on average", xlabel=f"wrong bits of {BITS}")
        ax.set_xticks(places[::4])
        ax.xaxis.label.set_fontsize(14)
        ax.tick_params(labelsize=12)
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("share of the readings", fontsize=14)
    axes[0].legend(fontsize=13, frameon=False, loc="upper left")
    return figure
