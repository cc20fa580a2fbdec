"""Lesson 11's instrument: letters from a few images, each beside the nearest image it learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tgan_lessons import few_shot_copies, few_shot_gan, few_shot_task, metrics
from tgan_lessons.charts import Chart, Curve, draw_charts
from tgan_lessons.controls import Control, choice, number
from tgan_lessons.data import sample_per_class
from tgan_lessons.few_shot_view import draw_pairs
from tgan_lessons.game_lab import GameLab, click_control, player_controls
from tgan_lessons.labs import Preset

if TYPE_CHECKING:
    from PIL.Image import Image

    from tgan_lessons.gan import GAN
    from tgan_lessons.judge import Judge

STARTS = ("digits", "scratch")
IMAGES = (100, 25, 400)
ROWS = 4  # of pairs
MEASURED, EVERY = 20, 10  # images of each letter that are measured, and after how many bursts


class FewShotLab(GameLab):
    """Fine-tunes a digit generator to a few letters, and shows what it may have copied.

    Args:
        source: the trained game, see `few_shot_gan.build_game`.
        task: the letters, see `few_shot_task.pick_letters`.
        eye: whose features the Fréchet distance is measured with.
    """

    chunk = 2
    presets: ClassVar[dict[str, Preset]] = {
        "FreezeD": Preset(
            "strokes after about a hundred rounds; D's first layer is that of the digits.",
            {"frozen": 1},
        ),
        "From nothing": Preset("noise, then blobs, then strokes.", {"start": "scratch"}),
        "By heart": Preset(
            "after some hundred rounds the distance rises again, and orange is like blue.",
            {"images": 25},
        ),
        "By heart, with shifts": Preset(
            "the distance stays lower, but orange is still like blue.",
            {"images": 25, "shift": 2},
        ),
    }

    def __init__(self, source: GAN, task: few_shot_task.Task, eye: Judge) -> None:
        self.source, self.task, self.eye = source, task, eye
        self._studios: dict[tuple[str, int, int], few_shot_gan.Studio] = {}
        classes = len(task.names)
        self._asked = np.tile(np.repeat(np.arange(classes, dtype=np.int32), 2), ROWS)
        self._measured = np.repeat(np.arange(classes, dtype=np.int32), MEASURED)
        most = int(np.bincount(task.real_y).min())
        real, _ = sample_per_class(task.real, task.real_y, min(MEASURED, most), 0)
        self._reference = eye.features(task.reference)
        self.floor = metrics.frechet(eye.features(real), self._reference)
        super().__init__()

    def controls(self) -> Sequence[Control]:
        """All but the rates begins a new model; they act at once."""
        rates = dict.fromkeys(("discriminator", "generator"), few_shot_gan.RATE)
        acting = player_controls(tuple(rates), rates)
        per_letter = len(self.task.y) // len(self.task.names)
        budgets = tuple(n for n in IMAGES if n // len(self.task.names) <= per_letter)
        return [
            choice("start", "start from", STARTS, "The digits' networks, or random weights.",
                   renews=True, group="model"),
            number("frozen", "frozen in D", 0, 2, 0,
                   "How many of D's convolutions no move changes, from the image on.",
                   renews=True, group="model"),
            number("shift", "shifts before D", 0, 3, 0, "All that D sees is moved by up to so many "
                   "pixels at random, real images and fakes.", renews=True, group="model"),
            choice("images", "images", budgets, "How many letters it learns from, all kinds "
                   "together.", renews=True, group="model"),
            number("seed", "seed", 0, 9, 0, "Of the letters drawn, new weights and noise.",
                   renews=True, group="model"),
            *(control for control in acting if control.name.startswith("rate")),
            click_control(),
        ]  # fmt: skip

    def renew(self) -> None:
        """Another start; frozen layers and shifts that were played are not traced again."""
        values, seed = self.panel.values, int(self.panel["seed"])
        method = "scratch" if values["start"] == "scratch" else "fine-tuned"
        key = method, int(values["frozen"]), int(values["shift"])
        if key not in self._studios:
            self._studios[key] = few_shot_gan.Studio(
                method, self.source, frozen=key[1], shift=key[2]
            )
        self.x, self.y = self.task.draw(int(values["images"]), seed)
        self.game = self._studios[key].begin(self.x, self.y, seed)
        self.game.advance(0)
        self._noise = self.game.sample_noise(len(self._asked), seed)
        per_class = len(self.y) // len(self.task.names)
        self._unseen = sample_per_class(self.task.reference, self.task.reference_y, per_class, seed)
        self.change(tuple(self.panel.controls))
        self.remember_start()

    def _begin_history(self) -> None:
        super()._begin_history()
        self._bursts, self.distance = 0, self._measure_distance()

    # Readings and pictures

    def _measure_distance(self) -> float:
        fakes = self.game.generate(len(self._measured), self._measured, seed=1)
        return metrics.frechet(self.eye.features(fakes), self._reference)

    def look(self) -> np.ndarray:
        """What the generator makes of the same noise."""
        return self.game.paint(self._noise, self._asked)

    def copied(self) -> float:
        """How many of the images shown are nearer to a learned one than to any unseen one."""
        near, far = (
            few_shot_copies.find_nearest(self.view, others).distance
            for others in (self.x, self._unseen[0])
        )
        return float(np.mean(near < far))

    def measure(self) -> dict[str, float]:
        """Distance, now and then, and the share of copies."""
        self._bursts += 1
        if self._bursts % EVERY == 0:
            self.distance = self._measure_distance()
        self.view = self.look()
        return {"distance": self.distance, "copied": self.copied()}

    def show(self) -> None:
        """Paints the fixed noise anew, and shows it."""
        self.view = self.look()
        super().show()

    def draw(self) -> Image:
        """Generated letters, each above the nearest image that it learned from."""
        nearest = self.x[few_shot_copies.find_nearest(self.view, self.x).index]
        return draw_pairs(self.view[..., 0], nearest[..., 0], self.task.names)

    def charts(self) -> list[Chart]:
        """Distance with its floor, share of copies with the coin's, losses."""
        distances = [Curve("", self.recorded("distance"), "black")]
        copies = [Curve("", self.recorded("copied"), "black")]
        return [
            Chart("Fréchet distance", distances, log=True, marks={"perfect": self.floor}),
            Chart("nearer to a learned one", copies, low=0.0, high=1.0, marks={"no memory": 0.5}),
            Chart("loss of", self.curves("loss")),
        ]

    def draw_charts(self) -> Image:
        """The curves of the run."""
        return draw_charts(self.charts())

    def numbers(self) -> str:
        """Round, losses, distance, copies."""
        return (
            f"{super().numbers()}; Fréchet distance {self.distance:.1f} (perfect generator "
            f"{self.floor:.1f}); {self.copied():.0%} are nearer to a learned than to an unseen one"
        )

    def explain_move(self, name: str, before: Any, after: Any) -> str:
        """How far the shown letters moved."""
        if name == "discriminator":
            return "No letter has changed."
        moved = float(np.mean(np.abs(after - before))) / 2
        return f"The letters' pixels moved by {moved:.1%} of the way from black to white."

    def describe(self) -> str:
        """The lab's state in words."""
        return (
            f"Live picture: {ROWS} rows of generated letters {', '.join(self.task.names)}, marked "
            "orange, each above the nearest of the images it learned from, marked blue. "
            f"{self.numbers()}."
        )
