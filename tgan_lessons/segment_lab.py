"""Lesson 15's instrument: a map that colours itself, and a window to ask the classifier about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tgan_lessons import scene_view
from tgan_lessons.charts import Chart, Curve, draw_charts
from tgan_lessons.controls import Control, choice, number, switch
from tgan_lessons.film import Film
from tgan_lessons.labs import Lab, train_for
from tgan_lessons.models import check_model
from tgan_lessons.planes import font
from tgan_lessons.scenes import BACKGROUND, Pool, Scenes, make_scenes, mean_iou, pixel_accuracy
from tgan_lessons.segment import PAD, STRIDE, build_reader, convolutionalise, pad
from tgan_lessons.segmenter import Segmenter

if TYPE_CHECKING:
    import keras
    from PIL.Image import Image

BUDGETS = (1, 5, 20, 100)
STARTS = ("the classifier", "nothing (scratch)")
TESTED = 20  # scenes that the numbers are measured on
TICKS_PER_TEST = 3
SCALE, GAP, TOP = 3, 8, 24  # of the picture, in pixels


class SegmentLab(Lab):
    """A segmenter learns while the map of one scene colours itself.

    Start, number of labelled scenes, skip and seed begin a new run; the learning rate and what is
    frozen act while it trains. A window moves over the scene: what the classifier says of it is
    beneath.

    Args:
        reader: a trained classifier of `segment.build_reader`; it stays as it is.
        pool: digits that the labelled scenes are made of.
        test: scenes to measure and to look at.

    Attributes:
        segmenter: the `Segmenter` that learns.
        steps: taken so far.
        latest: (steps, mean IoU, pixel accuracy) of the last measurement.
    """

    def __init__(self, reader: keras.Model, pool: Pool, test: Scenes) -> None:
        if len(test) < 1:
            raise ValueError("`test` must hold at least one scene. Received: none")
        self.reader, self.pool, self.test = reader, pool, test[:TESTED]
        self._made: dict[bool, Segmenter] = {}
        self.fully = convolutionalise(reader)
        super().__init__()

    def controls(self) -> list[Control]:
        """What begins a new run, what acts at once, and where to look."""
        new: dict[str, Any] = {"renews": True, "group": "train"}
        places, last = self.test.x.shape[1] // STRIDE - 1, len(self.test) - 1
        rate = "How far each step goes. 0.003 suits the classifier's weights, 0.03 new ones."
        frozen = "Only the last layer and the skip learn; all layers before them stay."
        look: dict[str, Any] = {"group": "look"}
        return [
            choice("start", "start from", STARTS, "Whose weights the network begins with.", **new),
            choice("budget", "labelled scenes", BUDGETS, "To learn from.", value=20, **new),
            switch("skip", "skip connection", True, "The first layer corrects the map.", **new),
            number("seed", "seed", 0, 20, 0, "Of labelled scenes, batches, new weights.", **new),
            number("rate", "learning rate", 1e-5, 1e-1, 3e-3, rate, log=True, group="train"),
            switch("frozen", "freeze the classifier", False, frozen, group="train"),
            number("scene", "scene", 0, last, 0, "Which test scene is shown.", **look),
            number("row", "window: row", 0, places, places // 2, "Down, 4 pixels a step.", **look),
            number(
                "column",
                "window: column",
                0,
                places,
                places // 2,
                "Right, 4 pixels a step.",
                **look,
            ),
        ]

    def renew(self) -> None:
        """New labelled scenes, and the network that the controls ask for, traced once."""
        skip, seed = bool(self.panel["skip"]), int(self.panel["seed"])
        self.shown = make_scenes(self.pool, int(self.panel["budget"]), seed + 1000)
        if skip not in self._made:
            self._made[skip] = Segmenter(self.reader, skip=skip)
            for frozen in (True, False):
                self._made[skip].train(self.shown, steps=1, rate=1e-9, frozen=frozen)
        self.segmenter = self._made[skip]
        self.restart()

    def restart(self) -> None:
        """The start of this run again."""
        seed = int(self.panel["seed"])
        fresh = self.panel["start"] != STARTS[0]
        self.segmenter.start(build_like(self.reader, seed) if fresh else self.reader)
        self.steps = self._ticks = 0
        self.history: Film[tuple[int, float, float]] = Film()
        self._measure()

    def burst(self, seconds: float) -> None:
        """Trains for about `seconds`, and now and then tests."""
        train_for(seconds, self._learn)
        self._ticks += 1
        if self._ticks % TICKS_PER_TEST == 0 or not self.frame.playing:
            self._measure()

    def paused(self) -> None:
        """What the numbers say is brought up to date."""
        self._measure()
        self.show()

    def step(self) -> str:
        """One step, and what it changed."""
        before = self.segmenter.find(self._scene())[0]
        loss = self._learn()
        self._measure()
        changed = int(np.sum(before != self.segmenter.find(self._scene())[0]))
        told = f"<b>Step {self.steps}.</b> Loss {loss:.3f}. "
        return f"{told}{changed} of {before.size} pixels of this scene changed their class."

    def _learn(self) -> float:
        options = {name: self.panel[name] for name in ("rate", "frozen")}
        seed = 100_000 * int(self.panel["seed"]) + self.steps  # other scenes at each step
        loss = self.segmenter.train(self.shown, steps=1, seed=seed, **options)
        self.steps += 1
        if not np.isfinite(loss):
            raise FloatingPointError("the weights left the numbers. Lower the rate and reset.")
        return loss

    def _measure(self) -> None:
        found, truth = self.segmenter.find(self.test.x), self.test.y
        self.latest = self.steps, mean_iou(truth, found), pixel_accuracy(truth, found)
        self.history.add(self.latest)

    def _scene(self) -> np.ndarray:
        chosen = int(self.panel["scene"])
        return self.test.x[chosen : chosen + 1]

    # Numbers and pictures

    def opinion(self) -> np.ndarray:
        """The classifier's ten probabilities for the window."""
        from scipy.special import softmax

        logits = self.fully(pad(self._scene()), training=False).numpy()[0].astype(float)
        chosen = logits[int(self.panel["row"]), int(self.panel["column"])]
        return softmax(chosen)

    def numbers(self) -> str:
        """Steps, mean IoU and pixel accuracy."""
        steps, iou, accuracy = self.latest
        told = f"step {steps:,}: mean IoU {iou:.3f}, pixel accuracy {accuracy:.3f}"
        return f"{told} on {len(self.test)} test scenes"

    def describe(self) -> str:
        """The lab in words."""
        chance = pixel_accuracy(self.test.y, np.full_like(self.test.y, BACKGROUND))
        opinion = self.opinion()
        return (
            "A scene of digits with a frame around one window, the map that the network makes of "
            f"it, and the true map. Beneath: the classifier says of the window {opinion.argmax()}, "
            f"{100 * opinion.max():.0f} %. {self.numbers()}; a map that is background everywhere "
            f"has pixel accuracy {chance:.3f}."
        )

    def draw(self) -> Image:
        """Scene and window, found map, true map; beneath them the classifier's opinion."""
        from PIL import Image, ImageDraw

        scene, chosen = self._scene(), int(self.panel["scene"])
        row, column = (int(self.panel[name]) * STRIDE - PAD for name in ("row", "column"))
        view = scene_view.draw_scene(scene[0], scale=SCALE)
        found = scene_view.draw_map(self.segmenter.find(scene)[0], scale=SCALE)
        panels = {
            "scene and window": scene_view.draw_window(view, row, column, scale=SCALE),
            f"map at step {self.steps:,}": found,
            "true map": scene_view.draw_map(self.test.y[chosen], scale=SCALE),
        }
        side = view.width
        frame = Image.new("RGB", (3 * side + 4 * GAP, side + 2 * TOP + 110), "white")
        pen = ImageDraw.Draw(frame)
        for index, (title, picture) in enumerate(panels.items()):
            left = GAP + index * (side + GAP)
            pen.text((left, 3), title, "black", font=font(15))
            frame.paste(picture, (left, TOP))
        self._draw_opinion(frame, (row, column), TOP + side + 4)
        return frame

    def _draw_opinion(self, frame: Image, corner: tuple[int, int], top: int) -> None:
        from PIL import ImageDraw

        row, column = corner[0] + PAD, corner[1] + PAD
        window = pad(self._scene())[0, row : row + 28, column : column + 28]
        pen = ImageDraw.Draw(frame)
        pen.text((GAP, top), "the classifier says of this window, in %", "black", font=font(15))
        frame.paste(scene_view.draw_scene(window, scale=SCALE), (GAP, top + TOP))
        size = (frame.width - 28 * SCALE - 4 * GAP, 100)
        frame.paste(scene_view.draw_bars(self.opinion(), size), (28 * SCALE + 3 * GAP, top + 18))

    def draw_charts(self) -> Image:
        """Mean IoU and pixel accuracy, with what a map of background everywhere gets."""
        empty, truth = np.full_like(self.test.y, BACKGROUND), self.test.y
        charts = []
        for index, (title, score) in enumerate(
            {"mean IoU": mean_iou, "pixel accuracy": pixel_accuracy}.items(), start=1
        ):
            values = [entry[index] for entry in self.history]
            marks = {"all background": score(truth, empty)}
            curve = Curve("", values, "#D55E00")
            charts.append(Chart(title, [curve], low=0.0, high=1.0, marks=marks))
        return draw_charts(charts)


def build_like(reader: keras.Model, seed: int) -> keras.Model:
    """A classifier of `segment.build_reader` like this one, with new weights."""
    check_model("reader", reader)
    filters = [reader.get_layer(f"block{block}_conv").filters for block in (1, 2)]
    return build_reader(filters, reader.get_layer("block3_dense").units, seed=seed)
