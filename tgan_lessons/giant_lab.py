"""Lesson 03's instrument: a head learns on a giant, and two switches decide what else moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tgan_lessons import giants, transfer
from tgan_lessons.charts import Chart, Curve, draw_chart, draw_charts
from tgan_lessons.controls import Control, choice, number, switch
from tgan_lessons.data import Dataset, sample_per_class
from tgan_lessons.film import Film
from tgan_lessons.labs import Lab, Preset, train_for
from tgan_lessons.norm_trap import Colleague
from tgan_lessons.planes import font
from tgan_lessons.tuning import ORDERS, Tuning

if TYPE_CHECKING:
    from PIL.Image import Image

    from tgan_lessons.giants import Giant

BUDGETS, BATCHES = (5, 10, 20), (32, 8, 4, 2)
TICKS_PER_TEST = 4
WIDTH, HEIGHT, CELL = 400, 400, 30  # pixels of the picture, and of a row of its map
OURS, THEIRS, INK = "#D55E00", "#0072B2", "black"
FULL = {"statistics": 1.0, "weights": 0.1}  # at these values a cell of the map is full


class GiantLab(Lab):
    """A head, and as many stages as wanted, learn our task; `training` is switched while they do.

    Labels and seed begin a new run, all else acts while it trains. The picture shows what the
    network reads of our test images, what a colleague's old head still reads, and which stages'
    statistics and weights have left the giant's.

    Args:
        giant: to stand on; it stays as it is.
        ours: the task that is learned.
        theirs: the colleague's.
        tested: images of each task that accuracy is measured on, at most.

    Attributes:
        tuning: the `Tuning`.
        history: a record of each measurement.
    """

    presets: ClassVar[dict[str, Preset]] = {
        "As it should be": Preset("nothing of the backbone moves: its map stays white"),
        "One wrong word": Preset(
            "a row of the map fills while the other stays white; both curves fall",
            {"training": True},
        ),
        "Two at a time": Preset(
            "how far the statistics of two images carry", {"training": True, "batch": 2}
        ),
        "As files in folders": Preset(
            "each batch is of one class, and every normalisation believes it is the world",
            {"training": True, "order": ORDERS[1]},
        ),
        "Fine-tuned with care": Preset(
            "weights of the last stages move a little, statistics do not",
            {"top": 3, "top_rate": 3e-4},
        ),
        "Much too fast": Preset("what the giant knew is gone", {"top": 3, "top_rate": 3e-2}),
    }

    def __init__(self, giant: Giant, ours: Dataset, theirs: Dataset, *, tested: int = 240) -> None:
        if tested < 1:
            raise ValueError(f"`tested` must be at least 1. Received: tested={tested}")
        self.giant, self.ours = giant, ours
        self.test = _some(ours, tested)
        self.colleague = Colleague(giant.backbone, theirs, tested=tested)
        self.tuning = Tuning(giant.backbone, len(ours.class_names))
        super().__init__()

    def controls(self) -> list[Control]:
        """The two switches, rates and batches; labels and seed begin anew."""
        now: dict[str, Any] = {"group": "train"}
        new: dict[str, Any] = {"renews": True, "group": "data"}
        _, counts = np.unique(self.ours.y_train, return_counts=True)
        budgets = [budget for budget in BUDGETS if budget <= counts.min()] or [1]
        stages = len(self.tuning.by_stage())
        return [
            switch("training", "training=True", False, "Normalise by the batch.", **now),
            number("top", "stages that learn", 0, stages, 0, "Counted from the end.", **now),
            number("rate", "rate, head", 1e-5, 1e-1, 1e-3, "Adam's, of the head.", log=True, **now),
            number("top_rate", "rate, stages", 1e-6, 1e-1, 3e-4, "Theirs.", log=True, **now),
            choice("batch", "batch size", BATCHES, "Images in a batch.", **now),
            choice("order", "order", ORDERS, "Of the labelled images.", **now),
            choice("labels", "labels per class", budgets, "To learn from.", **new),
            number("seed", "seed", 0, 20, 0, "Of labels and batches.", **new),
        ]

    def renew(self) -> None:
        """New labels, a new linear head on the giant's own features."""
        seed, ours = int(self.panel["seed"]), self.ours
        labels = int(self.panel["labels"])
        self.labelled = sample_per_class(ours.x_train, ours.y_train, labels, seed)
        features = giants.features(self.giant.backbone, self.labelled[0])
        self.linear = transfer.fit_linear(features, self.labelled[1], strength=0.03)
        self.restart()

    def restart(self) -> None:
        """The giant's weights and statistics, and the linear head, again."""
        self.tuning.start(*self.labelled, linear=self.linear, seed=int(self.panel["seed"]))
        self._ticks = 0
        self.history: Film[dict[str, float]] = Film()
        self.measure()

    def burst(self, seconds: float) -> None:
        """Trains for about `seconds`, and now and then tests."""
        train_for(seconds, self._learn)
        self._ticks += 1
        if self._ticks % TICKS_PER_TEST == 0 or not self.frame.playing:
            self.measure()

    def paused(self) -> None:
        """What the numbers say is brought up to date."""
        self.measure()
        self.show()

    def step(self) -> str:
        """One step, and what it moved."""
        before = self.tuning.drift()
        self._learn()
        self.measure()
        told = "the batch's own" if self.panel["training"] else "the giant's"
        by = self.tuning.drift() - before
        return (
            f"<b>Step {self.tuning.steps}.</b> The backbone normalised by {told} statistics. "
            f"Its memory moved by {by:.4f} standard deviations."
        )

    def _learn(self) -> None:
        names = ("training", "top", "rate", "top_rate", "order")
        options = {name: self.panel[name] for name in names}
        options |= {"top": int(options["top"]), "batch_size": int(self.panel["batch"])}
        self.tuning.advance(1, **options)

    def measure(self) -> dict[str, float]:
        """Tests both heads, and looks how far statistics and weights have gone."""
        self.stages = self.tuning.by_stage()
        now = {
            "ours": self.tuning.score(*self.test),
            "theirs": self.colleague.score(self.tuning.backbone),
            "drift": self.tuning.drift(),
            "moved": self.tuning.moved(),
        }
        self.history.add(now)
        return now

    # Numbers and pictures

    def numbers(self) -> str:
        """Steps, both accuracies, and what has moved."""
        now = self.history[-1]
        return (
            f"step {self.tuning.steps:,}: ours {now['ours']:.0%}, the colleague's "
            f"{now['theirs']:.0%}; statistics moved by {now['drift']:.3f} standard deviations, "
            f"weights by at most {now['moved']:.2g}"
        )

    def describe(self) -> str:
        """The lab in words."""
        return (
            "Curves of the test images read by our network and by a colleague's old head on the "
            "same backbone, and a map: a column for each stage, its statistics above, its weights "
            f"below, dark where they have left the giant's. {self.numbers()}."
        )

    def draw(self) -> Image:
        """Both curves, and the map of what has moved."""
        from PIL import Image

        frame = Image.new("RGB", (WIDTH, HEIGHT), "white")
        curves = [
            Curve(name, [entry[key] for entry in self.history], color)
            for name, key, color in (("ours", "ours", OURS), ("colleague's", "theirs", THEIRS))
        ]
        chart = Chart("test images read:", curves, low=0.0, high=1.0)
        frame.paste(draw_chart(chart, (WIDTH, HEIGHT - 3 * CELL - 30)), (0, 0))
        self._draw_map(frame, HEIGHT - 3 * CELL - 26)
        return frame

    def _draw_map(self, frame: Image, top: int) -> None:
        from PIL import ImageDraw

        pen, left = ImageDraw.Draw(frame), 84
        pen.text((4, top), "what has left the giant's, stage by stage", INK, font=font(13))
        width = (WIDTH - left - 6) / len(self.stages)
        for row, (kind, full) in enumerate(FULL.items()):
            y = top + 20 + row * CELL
            pen.text((4, y + CELL / 2), kind, INK, font=font(13), anchor="lm")
            for column, values in enumerate(self.stages.values()):
                share = min(1.0, (values[row] / full) ** 0.5)
                color = tuple(round(255 + share * (c - 255)) for c in (213, 94, 0))
                x = left + column * width
                pen.rectangle((x, y + 1, x + width - 2, y + CELL - 2), color, "#777777")
        pen.text((left, top + 22 + 2 * CELL), "first", INK, font=font(12))
        pen.text((WIDTH - 8, top + 22 + 2 * CELL), "last", INK, font=font(12), anchor="ra")

    def draw_charts(self) -> Image:
        """How far statistics and weights have gone, over the run."""
        charts = []
        for title, key in (("statistics moved by", "drift"), ("weights moved by", "moved")):
            values = [entry[key] for entry in self.history]
            most = max(1e-3, *values)
            unit = 10 ** np.floor(np.log10(most))
            high = float(np.ceil(most / unit) * unit)  # one digit, for which there is room
            charts.append(Chart(title, [Curve("", values, OURS)], low=0.0, high=high))
        return draw_charts(charts)


def _some(task: Dataset, most: int) -> tuple[np.ndarray, np.ndarray]:
    rows = np.random.default_rng(0).permutation(len(task.x_test))[:most]
    return task.x_test[rows], task.y_test[rows]
