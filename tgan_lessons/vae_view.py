"""Pictures of lesson 12: who is near and who reaches all, active dimensions, a map of codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons import metrics, plots
from tgan_lessons.charts import TEXT
from tgan_lessons.data import check_labels, to_uint8
from tgan_lessons.planes import FAKE, REAL, font

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

# Okabe & Ito's colours, one for each class that a code may have; the digit itself tells as well
CLASSES = ("#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7") * 2
STYLES = (("#D55E00", "^"), ("#56B4E9", "s"), ("#009E73", "D"), ("#CC79A7", "v"), ("#000000", "o"))
CELLS, PLACES, SIDE = 8, 400, 28  # cells of the lab's map along a side, its pixels, an image's
EXTENT = 2.8  # the map covers [-EXTENT, EXTENT] along both axes
TILE, CHARTS = 74, (250, 250)  # pixels of one image beside the map, and of the charts above


def plot_trade(
    points: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    perfect: tuple[float, float],
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draws coverage over density: means over seeds with 95 % intervals, and real samples.

    Args:
        points: for each name (densities, coverages), one of each per seed.
        perfect: (density, coverage) of real samples.
        ax: where to draw.
    """
    ax = ax or plots.new_axes()
    for (name, values), (color, marker) in zip(points.items(), STYLES, strict=False):
        (x, across), (y, up) = (metrics.mean_interval(v) for v in values)
        style = {"color": color, "marker": marker, "markersize": 12, "capsize": 4}
        ax.errorbar(x, y, up, across, linestyle="", label=name, **style)
    ax.plot(*perfect, "*", color="#777777", markersize=20, label="other real digits")
    ax.set(xlabel="density: near to real digits", ylabel="coverage: reaches all of them")
    ax.set(xlim=(0, None), ylim=(0, 1))
    ax.legend(fontsize=13, frameon=False, loc="lower right")
    return ax


def plot_search(
    errors: Mapping[str, np.ndarray], at_once: float, *, ax: Axes | None = None
) -> Axes:
    """Draws how the search for a code went on, beside what an encoder's one look gets.

    Args:
        errors: for each name the mean error after each step, shape (steps + 1,).
        at_once: the encoder's mean error.
        ax: where to draw.
    """
    ax = ax or plots.new_axes()
    for (name, values), line in zip(errors.items(), ("-", "--"), strict=False):
        color = STYLES[line == "--"][0]
        ax.plot(values, line, color=color, linewidth=2.8, label=f"{name}, searched")
    ax.axhline(at_once, color="black", linestyle=":", linewidth=2, label="VAE, one look")
    ax.set(xlabel="step of the search", ylabel="½ squared error", yscale="log")
    ticks = [10 * 2**k for k in range(6)]
    ax.set_yticks(ticks, [str(tick) for tick in ticks])
    ax.minorticks_off()
    ax.legend(fontsize=13, frameon=False)
    return ax


def plot_choice(mix: np.ndarray, cost: Sequence[float], blends: np.ndarray) -> Figure:
    """Draws the mean cost of each mixture of two digits, and three of the mixtures.

    Args:
        mix: share of the second digit in each mixture, from 0 to 1, an odd number of them.
        cost: of each mixture.
        blends: the mixtures, shape (n, 28, 28, 1).
    """
    figure = plots.new_axes(10, 3.6).figure
    figure.clear()
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.4))
    left.plot(mix, cost, color="#0072B2", linewidth=3)
    left.set_xlabel("share of the nine", fontsize=14)
    left.set_ylabel("½ squared error, on average", fontsize=14)
    left.set_ylim(0, 1.2 * max(cost))
    left.tick_params(labelsize=12)
    shown = [0, len(mix) // 2, len(mix) - 1]
    names = "the four", "both", "the nine"
    titles = [f"{name}\n{cost[i]:.0f}" for name, i in zip(names, shown, strict=True)]
    plots.show_images(blends[shown], titles, ax=right)
    return figure


def plot_dimensions(kl: Mapping[str, np.ndarray], *, ax: Axes | None = None) -> Axes:
    """Draws what each latent dimension says of an image, the most talkative one first.

    Args:
        kl: for each name the KL of each dimension, in nats, shape (latent_dim,).
        ax: where to draw.
    """
    ax = ax or plots.new_axes()
    for index, (name, values) in enumerate(kl.items()):
        color, marker, line = (*plots.STYLES.values(), *plots.FALLBACK_STYLES)[index]
        ordered = np.sort(values)[::-1]
        style = {"color": color, "marker": marker, "linestyle": line, "linewidth": 2.2}
        ax.plot(range(1, len(ordered) + 1), ordered, markersize=8, label=name, **style)
    ax.set(xlabel="latent dimension, sorted", ylabel="KL, nats", ylim=(-0.1, None))
    ax.legend(fontsize=13, frameon=False)
    return ax


def plot_codes(codes: np.ndarray, labels: np.ndarray, *, ax: Axes | None = None) -> Axes:
    """Draws two-dimensional codes, each as the digit that it stands for, and the class means.

    Args:
        codes: shape (n, 2).
        labels: class numbers from 0 to 9, shape (n,).
        ax: where to draw.
    """
    labels = check_labels(labels, len(codes), classes=len(CLASSES), name="labels")
    ax = ax or plots.new_axes(7, 7)
    for label in np.unique(labels):
        own, color = codes[labels == label], CLASSES[label]
        ax.plot(*own.T, linestyle="", marker=f"${label}$", color=color, markersize=7, alpha=0.5)
        x, y = own.mean(axis=0)
        box = {"boxstyle": "circle", "facecolor": "white", "edgecolor": color, "linewidth": 2}
        ax.text(x, y, str(label), fontsize=14, color=color, ha="center", va="center", bbox=box)
    ax.set(xlabel="$z_1$", ylabel="$z_2$", aspect="equal")
    return ax


def map_codes(cells: int = CELLS, extent: float = EXTENT) -> np.ndarray:
    """The codes at the centres of cells × cells squares, row by row from the top left: (n, 2)."""
    centres = ((np.arange(cells) + 0.5) / cells * 2 - 1) * extent
    x, y = np.meshgrid(centres, -centres)
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)


def join_sheet(images: np.ndarray) -> np.ndarray:
    """Square sheet of n² images (n², height, width, 1), row by row: (n · height, n · width)."""
    n = int(np.sqrt(len(images)))
    if n * n != len(images):
        raise ValueError(f"`images` must be a square number of them. Received: {len(images)}")
    height, width = images.shape[1:3]
    grid = images.reshape(n, n, height, width).transpose(0, 2, 1, 3)
    return grid.reshape(n * height, n * width)


def plot_map(images: np.ndarray, extent: float = EXTENT, *, ax: Axes | None = None) -> Axes:
    """Draws what is decoded at `map_codes`, as a map with its coordinates."""
    ax = ax or plots.new_axes(7, 7)
    ends = (-extent, extent, -extent, extent)
    ax.imshow(join_sheet(images), cmap="gray", vmin=-1, vmax=1, extent=ends)
    ax.set(xlabel="$z_1$", ylabel="$z_2$")
    return ax


# The lab's pictures, from numbers to Pillow


def place(code: Sequence[float]) -> tuple[float, float]:
    """Where a code stands on the lab's map, in pixels; those outside stand at the edge."""
    x, y = np.clip(np.asarray(code, float) / EXTENT, -1, 1)
    return (1 + x) / 2 * PLACES, (1 - y) / 2 * PLACES


def draw_map(
    images: np.ndarray, here: Sequence[float], there: tuple[np.ndarray, np.ndarray]
) -> Image:
    """Draws the decoded digits of all cells, the sliders' code and a real digit's.

    Args:
        images: at `map_codes`, shape (CELLS², 28, 28, 1).
        here: the sliders' code, (2,): an orange ring.
        there: mean and standard deviation of the real digit's code, both (2,): a blue cross with
            arms as long as two standard deviations.
    """
    from PIL import Image, ImageDraw

    sheet = Image.fromarray(to_uint8(join_sheet(images))).resize((PLACES, PLACES))
    frame = sheet.convert("RGB")
    pen = ImageDraw.Draw(frame)
    _mark(pen, here, *there)
    return frame


def draw_scatter(
    codes: np.ndarray,
    labels: np.ndarray,
    here: Sequence[float],
    there: tuple[np.ndarray, np.ndarray],
) -> Image:
    """Draws the codes (n, 2) of real digits, each as its digit; the rest as in `draw_map`."""
    from PIL import Image, ImageDraw

    frame = Image.new("RGB", (PLACES, PLACES), "white")
    pen, letters = ImageDraw.Draw(frame), font(TEXT)
    for code, label in zip(codes, labels, strict=True):
        pen.text(place(code), str(label), CLASSES[label], font=letters, anchor="mm")
    _mark(pen, here, *there)
    return frame


def _mark(pen: ImageDraw, here: Sequence[float], mean: np.ndarray, deviation: np.ndarray) -> None:
    for axis in np.eye(2):
        ends = [place(mean + sign * 2 * deviation * axis) for sign in (-1, 1)]
        pen.line([*ends[0], *ends[1]], REAL, 4)
    x, y = place(here)
    pen.ellipse((x - 9, y - 9, x + 9, y + 9), outline=FAKE, width=4)


def draw_tiles(images: Mapping[str, np.ndarray], width: int) -> Image:
    """Draws a few images (28, 28, 1) side by side, each under its name."""
    from PIL import Image, ImageDraw

    frame = Image.new("RGB", (width, TILE + 38), "white")
    pen, apart = ImageDraw.Draw(frame), width // len(images)
    for index, (name, image) in enumerate(images.items()):
        picture = Image.fromarray(to_uint8(image[..., 0])).resize((TILE, TILE))
        frame.paste(picture, (index * apart + 2, 34))
        pen.multiline_text((index * apart + 2, 0), name, "black", font=font(TEXT), spacing=2)
    return frame
