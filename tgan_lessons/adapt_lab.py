"""Lesson 10's instrument: two clouds of features, with λ and both players' rates on sliders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tgan_lessons import adapt, adapt_models, adapt_view
from tgan_lessons.charts import Chart, Curve, draw_charts
from tgan_lessons.controls import Control, choice, number
from tgan_lessons.data import Dataset
from tgan_lessons.game_lab import GameLab, click_control, player_controls
from tgan_lessons.labs import Preset

if TYPE_CHECKING:
    from PIL.Image import Image

RATES = {"F": 3e-3, "D": 3e-3}
SHOWN = 150  # test images of each domain, drawn and measured
CELLS = 40  # of D's landscape, along each side
ALL, HALF = "all digits", "0 to 4 only"
BATCH = 64


class AdaptLab(GameLab):
    """DANN with features of two numbers: what is drawn is all that D sees.

    Args:
        source: grey images and labels to learn from.
        target: images of another domain; their labels are used for the readings only.
        settings: controls that differ from their usual values, by name.
    """

    chunk = 2
    game: adapt.DANN
    presets: ClassVar[dict[str, Preset]] = {
        "No game": Preset("two clouds that stay apart: F need not hide anything", {"lambda": 0.0}),
        "Too loud": Preset(
            "reading breaks down where hiding counts five times as much", {"lambda": 5.0}
        ),
        "Half the digits": Preset(
            "orange digits pulled under blue ones that are none of theirs", {"target": HALF}
        ),
    }

    def __init__(self, source: Dataset, target: Dataset, **settings: Any) -> None:
        for name, part in (("source", source), ("target", target)):
            if part.x_train.shape[1:] != (28, 28, 1):
                raise ValueError(
                    f"`{name}` must hold images of shape (n, 28, 28, 1). "
                    f"Received: {part.x_train.shape}"
                )
        self.source, self.target = source, target
        super().__init__(**settings)

    def controls(self) -> Sequence[Control]:
        """λ, the rates, the digits of the target, a seed."""
        rates = [c for c in player_controls(("F", "D"), RATES) if c.name.startswith("rate")]
        return [
            number("lambda", "λ", 0.0, 5.0, 1.0, "How much hiding the domain counts.", step=0.1,
                   group="train"),
            *rates,
            click_control(),
            choice("target", "the target shows", (ALL, HALF), "Digits among the target's images.",
                   group="train"),
            number("seed", "seed", 0, 9, 0, "Of weights and batches.", renews=True, group="model"),
        ]  # fmt: skip

    def renew(self) -> None:
        """New networks and a new game, traced now."""
        seed = int(self.panel["seed"])
        features = adapt_models.build_features((8, 16), channels=1, map_size=2, seed=seed)
        classifier = adapt_models.build_head(2, 10, hidden=64, seed=seed)
        judge = adapt_models.build_head(2, 1, hidden=32, seed=seed + 1)
        self.game = adapt.DANN(features, classifier, judge, rates=tuple(RATES.values()), seed=seed)
        self._feed()
        self.game.advance(0)
        self.change(tuple(self.panel.controls))
        self.remember_start()

    def _feed(self) -> None:
        s, t = self.source, self.target
        keep = [y < (10 if self.panel["target"] == ALL else 5) for y in (t.y_train, t.y_test)]
        self.game.feed(adapt.pool(s.x_train, s.y_train, t.x_train[keep[0]]), batch_size=BATCH)
        parts = (s.x_test, s.y_test), (t.x_test[keep[1]], t.y_test[keep[1]])
        chosen = [np.random.default_rng(0).permutation(len(x))[:SHOWN] for x, _ in parts]
        self.images, self.classes = (
            [part[i][rows] for part, rows in zip(parts, chosen, strict=True)] for i in (0, 1)
        )
        self.is_source = np.repeat([True, False], [len(rows) for rows in chosen])

    def change(self, names: tuple[str, ...]) -> None:
        """λ, rates, the target's digits: the networks stay, and the game goes on."""
        super().change(names)
        if "target" in names:
            self._feed()
        if "lambda" in names:
            self.game.set_coefficient("lambda", float(self.panel["lambda"]))

    # Readings and pictures

    def look(self) -> dict[str, Any]:
        """Features of the images shown, D's landscape, and how well all is read."""
        features = [self.game.look(x).numpy() for x in self.images]
        read = [self.game.classifier(f, training=False).numpy().argmax(axis=1) for f in features]
        says = [self.game.judge(f, training=False).numpy()[:, 0] > 0 for f in features]
        window = adapt_view.find_window(np.concatenate(features))
        scores = self.game.judge(adapt_view.window_grid(window, CELLS), training=False).numpy()
        right = [float(np.mean(r == y)) for r, y in zip(read, self.classes, strict=True)]
        return {
            "places": np.concatenate(features),
            "window": window,
            "opinions": 1 / (1 + np.exp(-np.clip(scores, -30, 30))).reshape(CELLS, CELLS),
            "source": right[0],
            "target": right[1],
            "domain": float(np.mean(says[0]) + np.mean(~says[1])) / 2,
        }

    def measure(self) -> dict[str, float]:
        """Accuracies on test images of both domains, and D's, for the curves."""
        now = self.look()
        return {name: now[name] for name in ("source", "target", "domain")}

    def show(self) -> None:
        """Looks once, then draws."""
        self.view = self.look()
        super().show()

    def draw(self) -> Image:
        """The two clouds on D's landscape."""
        now = self.view
        classes = np.concatenate(self.classes)
        return adapt_view.draw_map(
            now["places"], classes, self.is_source, now["opinions"], now["window"]
        )

    def charts(self) -> list[Chart]:
        """Accuracies, D's share of right guesses with chance, and the losses."""
        reads = [
            Curve("source", self.recorded("source"), adapt_view.SOURCE),
            Curve("target", self.recorded("target"), adapt_view.TARGET),
        ]
        tells = [Curve("", self.recorded("domain"), "black")]
        return [
            Chart("digits read:", reads, low=0.0, high=1.0),
            Chart("D tells the domain", tells, low=0.4, high=1.0, marks={"chance": 0.5}),
            Chart("loss of", self.curves("loss")),
        ]

    def draw_charts(self) -> Image:
        """The curves of the run."""
        return draw_charts(self.charts())

    def numbers(self) -> str:
        """Round, losses, and what is read."""
        read = f"read: source {self.view['source']:.0%}, target {self.view['target']:.0%}"
        return f"{super().numbers()}; {read}; D tells {self.view['domain']:.0%} of the domains"

    def explain_move(self, name: str, before: dict[str, Any], after: dict[str, Any]) -> str:
        """How D's guesses or the clouds changed."""
        told = f"D told {before['domain']:.0%} of the domains, and now {after['domain']:.0%}"
        if name == "D":
            return f"{told}. No digit has moved."
        far = float(np.linalg.norm(after["places"] - before["places"], axis=1).mean())
        return f"{told}. The features moved by {far:.2f} on average; the landscape is the same."

    def describe(self) -> str:
        """The lab's state in words."""
        return (
            "Live picture: test images as their digit, at the place of their two features; blue "
            "glyphs are of the source, orange ones of the target; the ground is blue where D says "
            f"source, orange where it says target. {self.numbers()}."
        )
