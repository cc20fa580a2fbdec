"""Lesson 12's instrument: a map of digits that orders itself while its VAE learns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tgan_lessons import gan_models, vae_models, vae_view
from tgan_lessons.charts import Chart, Curve, draw_charts
from tgan_lessons.controls import Control, choice, number
from tgan_lessons.digit_view import PickPad
from tgan_lessons.game_lab import GameLab, player_controls
from tgan_lessons.labs import Preset
from tgan_lessons.vae import VAE, kl_to_prior

if TYPE_CHECKING:
    import ipywidgets as widgets
    from PIL.Image import Image

    from tgan_lessons.data import Dataset

BATCH, RATE = 32, 2e-3
MEASURED = 300  # unseen digits: the curves' and the scatter's
SHOWN = 20  # of them can be chosen
VIEWS = ("digits", "codes")
KL_SHOWN = 6.0  # nats of a dimension: the chart's height
Tensor = Any


class VaeLab(GameLab):
    """A VAE with two latent numbers learns to order digits on a map, under a β that may change.

    Args:
        digits: to learn from; the curves are those of its test images.
        filters: channels of the decoder before each doubling; the encoder has them reversed.
        settings: controls that differ from their usual values, by name.
    """

    _is_fresh = False  # whether the last look is at the VAE as it is now
    presets: ClassVar[dict[str, Preset]] = {
        "order": Preset("regions of one digit each, within some 300 rounds", {"beta": 1.0}),
        "collapse": Preset(
            "both KL curves fall to 0 and every cell shows the same. Then lower β: does it wake?",
            {"beta": 50.0},
        ),
        "no prior": Preset(
            "codes wander off the map, small crosses; between them nobody practised. Show codes!",
            {"beta": 0.02, "shown": "codes"},
        ),
    }

    def __init__(self, digits: Dataset, filters: Sequence[int] = (32, 16), **settings: Any) -> None:
        self.digits, self.filters = digits, tuple(filters)
        order = np.random.default_rng(0).permutation(len(digits.x_test))[:MEASURED]
        self.x, self.y = digits.x_test[order], digits.y_test[order]
        off = self.x - digits.x_train.mean(axis=0)
        self.mean_error = float(0.5 * np.mean(np.sum(off**2, axis=(1, 2, 3))))
        super().__init__(**settings)

    def controls(self) -> Sequence[Control]:
        """β, the rate, a point of the map, an unseen digit."""
        rate, *_ = player_controls(("VAE",), {"VAE": RATE})
        last = min(SHOWN, len(self.x)) - 1
        told = "Where the orange ring stands: this code is decoded beside the map."
        return [
            number("beta", "β", 0.01, 100.0, 1.0, "Weight of the KL: how much order costs.",
                   log=True, group="train"),
            rate,
            choice("shown", "map of", VIEWS, "Decoded digits, or the codes of unseen real ones.",
                   group="train"),
            number("seed", "seed", 0, 9, 0, "Of weights and batches.", renews=True, group="train"),
            *(number(name, f"z{sign}", -vae_view.EXTENT, vae_view.EXTENT, 0.0, told, step=0.1,
                     group="explore") for name, sign in (("z1", "₁"), ("z2", "₂"))),
            number("digit", "real digit", 0, max(last, 1), 0,
                   "An unseen one: its code is the blue cross, as wide as the encoder is unsure.",
                   group="explore"),
        ]  # fmt: skip

    def renew(self) -> None:
        """A new VAE, its training and its look traced."""
        seed = int(self.panel["seed"])
        encoder = vae_models.build_encoder(2, self.filters[::-1], seed=seed)
        decoder = gan_models.build_generator(2, self.filters, bias=True, seed=seed)
        self.game = VAE(encoder, decoder, rate=RATE, seed=seed)
        self.game.feed(self.digits.x_train, batch_size=BATCH)
        self.game.advance(0)
        self._trace_look()
        self.change(tuple(self.panel.controls))
        self.remember_start()

    def _trace_look(self) -> None:
        import tensorflow as tf

        real, cells = tf.constant(self.x), tf.constant(vae_view.map_codes())

        @tf.function(input_signature=[tf.TensorSpec([1, 2])], autograph=False)
        def look(point: Tensor) -> tuple[Tensor, ...]:
            mean, log_var = self.game.encoder(real, training=False)
            codes = tf.concat([cells, point, mean], 0)
            return mean, log_var, self.game.decoder(codes, training=False)

        self._look = look

    def change(self, names: tuple[str, ...]) -> None:
        """Rate and β; the game goes on."""
        super().change(names)
        if "beta" in names:
            self.game.set_coefficient("beta", float(self.panel["beta"]))
        if {"z1", "z2"} & set(names) and hasattr(self, "pad"):
            self.pad.mark(self._cell())

    # Readings and pictures

    def look(self) -> np.ndarray:
        """Decodes the map, the sliders' point and the unseen digits; returns the map's images."""
        point = np.array([[self.panel["z1"], self.panel["z2"]]], np.float32)
        self.codes, log_var, painted = (part.numpy() for part in self._look(point))
        self.deviations = np.exp(log_var / 2)
        self.map, here, self.rebuilt = np.split(painted, np.cumsum([vae_view.CELLS**2, 1]))
        self.here = here[0]
        self.kl = np.mean(kl_to_prior(self.codes, log_var), axis=0)
        self.error = float(0.5 * np.mean(np.sum((self.x - self.rebuilt) ** 2, axis=(1, 2, 3))))
        return self.map

    def measure(self) -> dict[str, float]:
        """Error and KL of unseen digits."""
        self.look()
        self._is_fresh = True
        return {"error": self.error, "kl_1": float(self.kl[0]), "kl_2": float(self.kl[1])}

    def show(self) -> None:
        """Looks anew, unless a reading just did, then draws."""
        if not self._is_fresh:
            self.look()
        self._is_fresh = False
        super().show()

    def draw(self) -> Image:
        """The map, of digits or of codes, with the sliders' point and the real digit's code."""
        index = int(self.panel["digit"])
        here = self.panel["z1"], self.panel["z2"]
        there = self.codes[index], self.deviations[index]
        if self.panel["shown"] == VIEWS[0]:
            return vae_view.draw_map(self.map, here, there)
        return vae_view.draw_scatter(self.codes, self.y, here, there)

    def draw_charts(self) -> Image:
        """Error and KL over the run; beneath them the ring's digit, a real one and its copy."""
        from PIL import Image

        error = [Curve("", self.recorded("error"), "black")]
        colors = {"1": "#0072B2", "2": "#D55E00"}
        kl = [Curve(f"z{k}", self.recorded(f"kl_{k}"), color) for k, color in colors.items()]
        marks = {"mean digit": self.mean_error}
        charts = [
            Chart("½ squared error, unseen", error, log=True, marks=marks),
            Chart("KL, nats", kl, low=0.0, high=KL_SHOWN),
        ]
        index, (width, height) = int(self.panel["digit"]), vae_view.CHARTS
        images = {"at the\nring": self.here, "real,\nunseen": self.x[index]}
        images["through\nthe code"] = self.rebuilt[index]
        frame = Image.new("RGB", (width, vae_view.PLACES), "white")
        frame.paste(draw_charts(charts, (width, height)))
        frame.paste(vae_view.draw_tiles(images, width), (0, height + 16))
        return frame

    def numbers(self) -> str:
        """Round, loss, error and KL of unseen digits."""
        told = f"unseen digits: ½ squared error {self.error:.1f}, KL {self.kl.sum():.2f} nats"
        return f"{super().numbers()}; {told}"

    def explain_move(self, name: str, before: np.ndarray, after: np.ndarray) -> str:
        """How far the map's pixels went."""
        moved = float(np.mean(np.abs(after - before))) / 2
        return f"The map's pixels changed by {moved:.1%} of the way from black to white."

    def describe(self) -> str:
        """The lab in words."""
        return (
            f"A map of {self.panel['shown']} over two latent numbers, β {self.panel['beta']:.2g}; "
            f"an orange ring at ({self.panel['z1']:.1f}, {self.panel['z2']:.1f}) and its decoded "
            f"digit beside; a real {self.y[int(self.panel['digit'])]} and what becomes of it. "
            f"{self.numbers()}."
        )

    # The pointer

    def pick(self, row: int, column: int) -> None:
        """Puts the ring at the centre of this cell of the map, counted from 0 at the top left."""
        cells = vae_view.CELLS
        if not (0 <= row < cells and 0 <= column < cells):
            raise ValueError(
                f"`row` and `column` must be from 0 to {cells - 1}. "
                f"Received: row={row}, column={column}"
            )
        x, y = vae_view.map_codes()[row * cells + column]
        self.panel.set(z1=float(x), z2=float(y))

    def _cell(self) -> tuple[int, int]:
        apart = vae_view.map_codes() - np.array([self.panel["z1"], self.panel["z2"]])
        return divmod(int(np.sum(apart**2, axis=1).argmin()), vae_view.CELLS)

    def pages(self) -> Mapping[str, widgets.Widget]:
        """A grid to point at joins the tab *explore*."""
        import ipywidgets as widgets

        self.pad = PickPad(vae_view.CELLS, self.pick, self._guarded)
        self.pad.mark(self._cell())
        title = widgets.HTML("Or point at a cell of the map:")
        return {
            "explore": widgets.VBox([*self.panel.pages["explore"].children, title, self.pad.box])
        }
