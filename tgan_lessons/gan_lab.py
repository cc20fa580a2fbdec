"""Lesson 04's instrument: a GAN in the plane, all of it on sliders while it trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tgan_lessons import modes, planes, toys
from tgan_lessons.charts import Chart, Curve, draw_charts
from tgan_lessons.controls import Control
from tgan_lessons.draw_pad import DrawPad
from tgan_lessons.game_lab import GameLab, player_controls
from tgan_lessons.gan_controls import DRAWN, RULES, build_gan, gan_controls
from tgan_lessons.gan_presets import PRESETS
from tgan_lessons.gan_view import Scene, share_along
from tgan_lessons.runs import Shelf

if TYPE_CHECKING:
    import ipywidgets as widgets
    from PIL.Image import Image

    from tgan_lessons.gan import GAN

PLANE = 400  # pixels along each side of the picture
FAKES, SHOWN = 500, 250  # that are measured, of which so many are drawn
REALS = 120  # points drawn, of the many it learns from
SAMPLES = 20_000


class GanLab(GameLab):
    """A GAN in the plane: play it, slow it down, move one side alone, change anything.

    Args:
        data: one of `toys.TOYS`, or `"drawn"`: what is on the grid of the tab *data*.
        settings: other controls that differ from their usual values, by name.
    """

    chunk = 10
    presets = PRESETS
    game: GAN
    _is_fresh = False  # whether the view is of the game as it is now

    def __init__(self, data: str = "ring", **settings: Any) -> None:
        super().__init__(data=data, **settings)

    def controls(self) -> Sequence[Control]:
        """See `gan_controls`."""
        rates = {"discriminator": 1e-3, "generator": 1e-3}
        return [*player_controls(tuple(rates), rates), *gan_controls()]

    def renew(self) -> None:
        """New networks, optimizers and a new game, its rounds traced now."""
        if not hasattr(self, "pad"):  # the first time
            self.pad = DrawPad(self._drawn, self._guarded)
        self.game = build_gan(self.panel.values)
        self._variants = {self._rules(): self.game}
        self._feed()
        self._trace()
        self.change(tuple(self.panel.controls))
        self.remember_start()

    def _rules(self) -> tuple[Any, ...]:
        return tuple(self.panel[name] for name in RULES)

    def _trace(self) -> None:
        self.game.advance(0)  # a move alone is traced at its first click, in half a second
        self.scene = Scene(
            self.game,
            extent=self._extent,
            fakes=FAKES,
            seed=int(self.panel["seed"]),
            real=self.real,
        )

    def _feed(self) -> None:
        """Gives the game the samples of the chosen distribution; nothing is traced anew."""
        values = self.panel.values
        drawn = values["data"] == DRAWN
        self.pad.show(drawn)
        if not drawn:
            self.toy = toys.load_toy(values["data"])
        elif len(self.pad.points):
            self.toy = toys.from_points(self.pad.points, values["blur"])
        samples = self.toy.sample(SAMPLES, int(values["seed"]))
        self.real = samples[:REALS]
        self._extent = 1.5 * float(np.abs(self.real).max())
        for game in self._variants.values():
            game.feed(samples, batch_size=int(values["batch_size"]))

    def _drawn(self) -> None:
        with self.lock:
            if not len(self.pad.points):
                self.say("The grid is empty: the last distribution stays until you fill a cell.")
            self.change(("data",))
            self.show()

    def change(self, names: tuple[str, ...]) -> None:
        """Rates, moves, rules, data, batch size: the networks stay, and the game goes on."""
        super().change(names)
        if {"data", "blur", "batch_size"} & set(names):
            self._feed()
            if hasattr(self, "scene"):
                self.scene.extent, self.scene.real = self._extent, self.real
        if self._rules() != self._playing:
            self._change_rules()
        for name, coefficient in (("smoothing", "smoothing"), ("penalty_weight", "penalty")):
            if coefficient in self.game.coefficients:
                self.game.set_coefficient(coefficient, float(self.panel[name]))

    @property
    def _playing(self) -> tuple[Any, ...]:
        """The rules of the game that is played."""
        return next(rules for rules, game in self._variants.items() if game is self.game)

    def _change_rules(self) -> None:
        """The same networks under other rules: a moment for tracing, the first time."""
        rules, before = self._rules(), self.game
        if rules in self._variants:
            self.game = self._variants[rules]
            self.game.go_on_from(before)
        else:
            self.say("Preparing the new rules …")
            penalty = self.panel["penalty"]
            self.game = before.variant(
                loss=self.panel["loss"],
                penalty=None if penalty == "none" else penalty,
                latent=self.panel["latent"],
            )
            self._variants[rules] = self.game
            self.say("")
        GameLab.change(self, tuple(self.panel.controls))
        self._trace()

    # What a move did

    def look(self) -> planes.View:
        """The plane now."""
        return self.scene.look()

    def explain_move(self, name: str, before: planes.View, after: planes.View) -> str:
        """How opinions changed, or where the fakes went."""
        real, fake = (
            [float(np.mean(part > 0.5)) for part in pair]
            for pair in (
                (before.real_opinions, after.real_opinions),
                (before.fake_opinions, after.fake_opinions),
            )
        )
        if name == "discriminator":
            return (
                f"It now calls {real[1]:.0%} of the real points real (before: {real[0]:.0%}), and "
                f"{fake[1]:.0%} of the fakes (before: {fake[0]:.0%}). The ground has changed its "
                "colour; no fake has moved."
            )
        steps = after.fakes - before.fakes
        return (
            f"{share_along(before.pushes, steps):.0%} of the fakes went along their arrow, on "
            f"average {np.linalg.norm(steps, axis=1).mean():.3f} far. D now calls {fake[1]:.0%} of "
            f"them real (before: {fake[0]:.0%}). The ground has kept its colour."
        )

    # Numbers and pictures

    def show(self) -> None:
        """Puts the picture and the numbers on the page."""
        if not self._is_fresh:
            self.measure()
        super().show()
        self._is_fresh = False

    def measure(self) -> dict[str, float]:
        """How far the fakes are from the data, and how many of its modes they serve."""
        self.view, self._is_fresh = self.scene.look(), True
        self.readings = self._read(self.view.fakes)
        return {reading.name: reading.value for reading in self.readings}

    def _read(self, fakes: np.ndarray) -> list[modes.Reading]:
        """Divergence and, of a mixture, modes served: each next to a perfect generator's."""
        if not np.isfinite(fakes).all():
            return []
        found = [modes.js_divergence(fakes, self.toy)]
        if self.toy.modes is not None:
            found.append(modes.count_modes(fakes, self.toy).served)
        return found

    def numbers(self) -> str:
        """Round, losses and readings."""
        return "; ".join([super().numbers(), *map(repr, self.readings)])

    def charts(self) -> list[Chart]:
        """Losses, gradients and readings, these with what a perfect generator gets."""
        charts = super().charts()
        for reading in self.readings:
            is_count = reading.name.startswith("modes")
            top = float(len(self.toy.modes)) if is_count else float(np.log(2))
            curve = Curve("", self.recorded(reading.name), planes.FAKE)
            title = "modes served" if is_count else "JS divergence"
            title += "; green: perfect"
            charts.append(Chart(title, [curve], low=0.0, high=top, band=reading.band))
        return charts

    def draw_charts(self) -> Image:
        """The curves of the run."""
        return draw_charts(self.charts())

    def draw(self) -> Image:
        """The plane: D's landscape, G's net, real points, fakes and arrows, as chosen."""
        values = self.panel.values
        shown = self.view._replace(fakes=self.view.fakes[:SHOWN], pushes=self.view.pushes[:SHOWN])
        return planes.draw_plane(
            shown,
            self.real,
            arrows=50 if values["arrows"] else 0,
            landscape=values["landscape"],
            net=values["net"],
            unit=1.0,
            size=PLANE,
        )

    def describe(self) -> str:
        """The lab's state in words."""
        return (
            f"Live picture: {self.toy.description}, as blue squares; fakes as orange circles; the "
            "ground is blue where D says real and orange where it says fake; arrows push the "
            f"fakes; violet is a net in the noise as G bends it. {self.numbers()}."
        )

    def pages(self) -> Mapping[str, widgets.Widget]:
        """The grid to draw on joins the tab *data*; saved runs have a tab."""
        import ipywidgets as widgets

        data = widgets.VBox([*self.panel.pages["data"].children, self.pad.box])
        self.shelf = Shelf(self)
        return {"data": data, "runs": self.shelf.box}

    # Runs on disk

    def settings(self) -> dict[str, Any]:
        """All that is set, and what is drawn."""
        return {"controls": self.panel.values, "cells": sorted(self.pad.filled)}

    def set_settings(self, settings: Mapping[str, Any]) -> None:
        """Sets the lab up as `settings` say."""
        self.pad.fill(map(tuple, settings["cells"]))
        self.panel.reset(**settings["controls"])
        self.restart()
