"""Lesson 04's instrument: a GAN in the plane, one move at a time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons import modes, planes
from tgan_lessons.labs import SIZE, Lab
from tgan_lessons.runtime import check_number
from tgan_lessons.toys import load_toy

if TYPE_CHECKING:
    from PIL.Image import Image

    from tgan_lessons.gan import GAN

CHUNK = 10  # rounds between two looks at the clock
FAKES = 500  # whose modes the status line counts; the first `SHOWN` of them are drawn
SHOWN = 250
REALS = 120  # points drawn, of the many it learns from
KEPT = 300  # frames of losses on the page
MOVES = (1, 5, 25, 100)  # that a click makes


class Scene:
    """Looks at a GAN in the plane, always at the same fakes: those of the same noise.

    Args:
        gan: with samples (n, 2).
        extent: half the side of the square that is looked at.
        cells: of D's landscape along each side.
        fakes: how many.
        seed: of their noise.
    """

    def __init__(
        self, gan: GAN, *, extent: float = 3.0, cells: int = 60, fakes: int = SHOWN, seed: int = 0
    ) -> None:
        import tensorflow as tf

        check_number("extent", extent, above=0.0)
        self.extent, self.cells = extent, cells
        noise = np.random.default_rng(seed).normal(size=(fakes, gan.latent_dim))
        noise = tf.constant(noise, tf.float32)
        grid = tf.constant(planes.grid_points(extent, cells))

        @tf.function(input_signature=[])
        def look() -> tuple[tf.Tensor, ...]:
            points = gan.generator(noise, training=False)
            with tf.GradientTape() as tape:
                tape.watch(points)
                scores = gan.discriminator(points, training=False)
                loss = fakes * gan.kind.generator(scores)  # it is a mean; this is each fake's own
            landscape = tf.sigmoid(gan.discriminator(grid, training=False))
            return landscape, points, -tape.gradient(loss, points)

        self._look = look.get_concrete_function()

    def look(self) -> planes.View:
        """The landscape, the fakes and the pushes, now."""
        landscape, fakes, pushes = (tensor.numpy() for tensor in self._look())
        return planes.View(landscape.reshape(self.cells, self.cells), fakes, pushes, self.extent)


def share_along(pushes: np.ndarray, steps: np.ndarray) -> float:
    """The share of fakes whose step goes along its push: less than 90° from it.

    Args:
        pushes: shape (n, 2).
        steps: where each fake went, shape (n, 2).
    """
    return float(np.mean(np.sum(pushes * steps, axis=1) > 0))


class GanLab(Lab):
    """A GAN in the plane: let it play, or move one side alone while the other holds still.

    Args:
        toy: one of `toys.TOYS`.
        seed: of the networks, the noise and the samples.
    """

    def __init__(self, toy: str = "ring", seed: int = 0) -> None:
        from tgan_lessons import checkpoint

        self.toy, self.seed = load_toy(toy), seed
        self.gan = self._build()
        self.scene = Scene(self.gan, extent=1.5 * self._reach(), fakes=FAKES, seed=seed)
        self._start = checkpoint.snapshot(self.gan)
        super().__init__()

    def _reach(self) -> float:
        return float(np.abs(self.real).max())

    def _build(self) -> GAN:
        """The game, its compiled loops traced now and not at the first tick."""
        from tgan_lessons.gan import GAN
        from tgan_lessons.gan_models import build_mlp_discriminator, build_mlp_generator

        generator = build_mlp_generator(seed=self.seed)
        discriminator = build_mlp_discriminator(seed=self.seed)
        gan = GAN(generator, discriminator, "non-saturating", seed=self.seed)
        samples = self.toy.sample(20_000, self.seed)
        self.real = samples[:REALS]
        gan.feed(samples, batch_size=256)
        gan.advance(0)
        for player in gan.players:
            gan.move(player.name, 0)
        return gan

    def controls(self) -> list[object]:
        """Two buttons that move one side, and a learning rate for each."""
        import ipywidgets as widgets

        self.rates, buttons = {}, []
        self.move_buttons: dict[str, widgets.Button] = {}
        for name, letter in (("discriminator", "D"), ("generator", "G")):
            button = widgets.Button(description=f"move {letter}")
            button.layout.width = "100px"
            button.on_click(self._guarded(lambda _, name=name: self.move(name)))
            slider = widgets.FloatLogSlider(
                value=1e-3, base=10, min=-5, max=-1, step=0.1, readout_format=".2g"
            )
            slider.description = f"{letter}'s rate"
            slider.style.description_width = "90px"
            slider.observe(self._guarded(lambda _: self._set_rates()), "value")
            self.move_buttons[name], self.rates[name] = button, slider
            buttons.append(button)
        self.moves = widgets.SelectionSlider(options=MOVES, value=5, description="moves/click")
        self.moves.style.description_width = "90px"
        return [widgets.HBox(buttons), self.moves, *self.rates.values()]

    def _set_rates(self) -> None:
        with self.lock:
            for name, slider in self.rates.items():
                self.gan.set_rate(name, slider.value)

    def restart(self) -> None:
        """The first weights, moments and random numbers again; the rates as the sliders say."""
        from tgan_lessons import checkpoint

        checkpoint.restore(self.gan, self._start)
        self.losses = {"discriminator": [], "generator": []}
        self._set_rates()

    @property
    def rounds(self) -> int:
        """How many rounds were played; a move alone is not a round."""
        return int(self.gan.rounds)

    def burst(self, seconds: float) -> None:
        """Plays rounds for about `seconds`."""
        end = time.perf_counter() + seconds
        logs = self.gan.advance(CHUNK)
        while time.perf_counter() < end:
            logs = self.gan.advance(CHUNK)
        self._note(logs)

    def move(self, name: str) -> None:
        """Moves one side alone, as often as the slider says, and shows what became of it."""
        with self.lock:
            self._note(self.gan.move(name, self.moves.value))
            self.show()

    def _note(self, logs: dict[str, float]) -> None:
        for name, values in self.losses.items():
            before = values[-1] if values else float("nan")
            values.append(logs.get(f"{name}_loss", before))  # who did not move keeps the last
            del values[:-KEPT]

    def show(self) -> None:
        """Puts the picture and the numbers on the page."""
        self.view = self.scene.look()
        super().show()
        self.status.value = self._numbers()

    def _numbers(self) -> str:
        text = f"round {self.rounds:,}"
        for name, values in self.losses.items():
            if values and np.isfinite(values[-1]):
                text += f", {name}'s loss {values[-1]:.2f}"
        if self.toy.modes is not None and np.isfinite(self.view.fakes).all():
            text += f"; {modes.count_modes(self.view.fakes, self.toy).served}"
        return text

    def draw(self) -> Image:
        """The plane; beside it the round, a legend and the losses."""
        from PIL import Image, ImageDraw

        frame = Image.new("RGB", SIZE, "white")
        side = SIZE[1]
        shown = self.view._replace(fakes=self.view.fakes[:SHOWN], pushes=self.view.pushes[:SHOWN])
        frame.paste(planes.draw_plane(shown, self.real, size=side), (0, 0))
        pen, left = ImageDraw.Draw(frame), side + 14
        pen.text((left, 4), f"round {self.rounds:,}", "black", font=planes.font(24))
        rows = {
            "■ real; blue: D says real": planes.REAL,
            "● fake; orange: D says fake": planes.FAKE,
        }
        for row, (text, color) in enumerate((*rows.items(), ("→ where D pushes it", "black"))):
            pen.text((left, 42 + 22 * row), text, color, font=planes.font(15))
        short = {"D": self.losses["discriminator"], "G": self.losses["generator"]}
        frame.paste(planes.draw_losses(short, (SIZE[0] - left, 200)), (left, 156))
        pen.text((left, 118), "loss of D (black)", "black", font=planes.font(16))
        pen.text((left, 138), "loss of G (orange)", planes.FAKE, font=planes.font(16))
        return frame

    def describe(self) -> str:
        """The lab's state in a sentence."""
        return (
            f"Live picture: {self.toy.description}; blue where D says real, orange where it says "
            f"fake, and arrows that push the fakes. {self._numbers()}."
        )
