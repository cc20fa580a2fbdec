"""What the clinic sees of a patient: fakes on D's landscape, losses, steps, gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tgan_lessons import clinic_patients, gan_view, planes, plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

EXTENT, CELLS, FAKES = 3.0, 48, 250
D_COLOR, G_COLOR = "black", "#D55E00"
PANELS = {
    "losses": (("d_loss", "D", D_COLOR, "-"), ("g_loss", "G", G_COLOR, "--")),
    "D's steps": (
        ("d_by_d", "in its turn", D_COLOR, "-"),
        ("d_by_g", "in G's turn", G_COLOR, "--"),
    ),
    "gradients": (("d_gradient", "D", D_COLOR, "-"), ("g_gradient", "G", G_COLOR, "--")),
}
LOG = ("gradients",)


def look(patient: Any) -> planes.View:
    """D's landscape and the fakes, now; fakes that are no numbers are left out."""
    from keras import ops

    real, fakes = clinic_patients.real_samples(200, seed=5), patient.sample(FAKES, seed=1)

    def score(points: np.ndarray) -> np.ndarray:
        return np.asarray(patient.discriminator(points, training=False), float)[:, 0]

    places = planes.grid_points(EXTENT, CELLS)
    logits = getattr(getattr(patient, "rules", None), "d_loss", "logits") != "critic"
    opinion = gan_view.opinion(logits, *(score(points) for points in (places, real, fakes)))
    ground = ops.convert_to_numpy(opinion).reshape(CELLS, CELLS)
    fine = fakes[np.isfinite(fakes).all(axis=1)]
    return planes.View(ground, fine, np.zeros_like(fine), EXTENT)


def draw(patient: Any, size: int = 360) -> Image:
    """The plane: real samples as squares, fakes as circles, D's opinion as colour."""
    from PIL import ImageDraw

    view = look(patient)
    real = clinic_patients.real_samples(150, seed=5)
    picture = planes.draw_plane(view, real, arrows=0, size=size)
    missing = FAKES - int((np.abs(view.fakes) < EXTENT).all(axis=1).sum())
    if missing:
        told = "G makes NaN" if not len(view.fakes) else f"{missing / FAKES:.0%} outside"
        pen, font = ImageDraw.Draw(picture), planes.font(size // 18)
        pen.rectangle((0, 0, 8 + pen.textlength(told, font=font), size // 13), "white")
        pen.text((4, 2), told, "black", font=font)
    return picture


def plot_panel(ax: Axes, patient: Any, name: str) -> None:
    """One of `PANELS` over the rounds."""
    rounds = patient.recorded("round")
    for key, label, color, line in PANELS[name]:
        if key in patient.history[-1]:
            values = np.array(patient.recorded(key))
            ax.plot(rounds, values, line, color=color, linewidth=2, label=label)
    if name in LOG:
        ax.set_yscale("log")
    elif name == "D's steps":
        own, other = patient.recorded("d_by_d"), patient.recorded("d_by_g")
        top = np.nanmax([*own, *other, 1e-6])
        ax.set_ylim(*(-0.006, 0.11) if top <= 1e-6 else (-0.06 * top, 1.1 * top))
        if not np.any(own):
            ax.plot(rounds, own, color=D_COLOR, linewidth=5)
            ax.text(0.5, 0.3, "0.0", transform=ax.transAxes, fontsize=30, ha="center")
    if not np.isfinite(patient.history[-1]["d_loss"]):
        ax.text(0.5, 0.5, "NaN", transform=ax.transAxes, fontsize=30, ha="center", va="center")
    ax.set_title(name)
    ax.set_xlabel("round", fontsize=12)
    ax.spines[["top", "right"]].set_visible(False)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(fontsize=11, frameon=False)


def plot_patients(patients: Mapping[str, Any]) -> Figure:
    """A row for each: the plane, losses, how far D goes in both turns, gradients' norms."""
    from matplotlib.figure import Figure

    height = 3.2 * len(patients)
    figure = Figure(figsize=(12.5, height))  # by hand: a constrained layout takes a second
    figure.subplots_adjust(0.01, 0.58 / height, 0.975, 1 - 0.35 / height, 0.24, 0.42)
    rows = figure.subplots(len(patients), 1 + len(PANELS), squeeze=False)
    for (name, patient), row in zip(patients.items(), rows, strict=True):
        row[0].imshow(draw(patient, 440), interpolation="antialiased")
        row[0].set_axis_off()
        row[0].set_title(name)
        for ax, panel in zip(row[1:], PANELS, strict=True):
            plot_panel(ax, patient, panel)
            if panel == "gradients" and "d_gradient" not in patient.history[-1]:
                ax.set_visible(False)
    return figure


def show(patients: Mapping[str, Any], alt: str) -> None:
    """Puts `plot_patients` into the notebook, in 128 colours: a quarter of the bytes.

    Args:
        patients: by name, top row first.
        alt: what the picture shows, for those who cannot see it.
    """
    plots.show(plot_patients(patients), alt, colors=128)
