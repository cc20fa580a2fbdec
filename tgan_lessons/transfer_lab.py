"""Lesson 01's instrument: a network from nothing, a frozen one and a fine-tuned one race."""

from __future__ import annotations

import html
import uuid
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tgan_lessons import models, transfer
from tgan_lessons.controls import Control, choice, number
from tgan_lessons.data import Dataset
from tgan_lessons.labs import Lab, train_for
from tgan_lessons.race_view import (
    History,
    draw_confusions,
    draw_curves,
    frequent_confusions,
    half_width,
    percent,
)
from tgan_lessons.races import Contestant, Race, rebuild
from tgan_lessons.run_table import RunTable, to_html

if TYPE_CHECKING:
    import ipywidgets as widgets
    import keras
    from PIL.Image import Image

BUDGETS = (1, 2, 5, 10, 20, 50, 100)
RATES = {"scratch": 1e-2, "frozen": 1e-2, "fine-tuned": 3e-3}
NAMES = tuple(RATES)
CHUNK = 2  # steps between two looks at the clock
TICKS_PER_TEST = 3
FORMER, SHOWN_RUNS = 6, 12


class TransferLab(Lab):
    """Scratch, frozen and fine-tuned learn side by side, from the same few labels.

    Source, label budget, freezing depth and seed begin a new race, the learning rates act while it
    runs. Each race joins the learner's table of runs.

    Args:
        sources: a trained backbone of `models.build_backbone`, or several by name, all of one
            shape.
        target: the data to learn.
        seed: of the first race: labels, new weights, batches.
        runs: the file of the table.

    Attributes:
        race: the `Race`.
        table: the `RunTable`.
    """

    def __init__(
        self,
        sources: keras.Model | Mapping[str, keras.Model],
        target: Dataset,
        *,
        seed: int = 0,
        runs: str | Path = "runs/transfer.csv",
    ) -> None:
        self.sources = dict(sources) if isinstance(sources, Mapping) else {"source": sources}
        shapes = {str([w.shape for w in source.weights]) for source in self.sources.values()}
        if len(shapes) != 1:
            raise ValueError(
                f"`sources` must be one or more backbones of one shape. Received: {len(shapes)}"
            )
        self.target, self._seed = target, seed
        self.table = RunTable(runs)
        self.former: deque[History] = deque(maxlen=FORMER)
        super().__init__()

    def controls(self) -> list[Control]:
        """What begins a new race, the rates, and what the matrix shows."""
        _, counts = np.unique(self.target.y_train, return_counts=True)
        budgets = [budget for budget in BUDGETS if budget <= counts.min()]
        depth, seed = transfer.count_blocks(next(iter(self.sources.values()))) - 1, self._seed
        new: dict[str, Any] = {"renews": True, "group": "race"}
        return [
            choice("source", "source", list(self.sources), "The network to learn from.", **new),
            choice(
                "per_class",
                "labels per class",
                budgets,
                "How many labelled images of each class all three learn from.",
                value=5 if 5 in budgets else budgets[-1],
                **new,
            ),
            number(
                "frozen_blocks",
                "frozen blocks",
                0,
                depth,
                0,
                "Blocks of the fine-tuned network that stay as they are. All of them: “frozen”.",
                **new,
            ),
            number("seed", "seed", 0, max(20, seed), seed, "Of labels, weights, batches.", **new),
            *self._live_controls(),
        ]

    def _live_controls(self) -> list[Control]:
        rates = [
            number(
                f"rate_{name}",
                f"{name}'s rate",
                1e-5,
                1e-1,
                rate,
                f"Adam's learning rate of “{name}”.",
                log=True,
                group="race",
            )
            for name, rate in RATES.items()
        ]
        told = "Whose errors the matrix shows: rows are true classes, columns what was read."
        shown = choice("shown", "confusions of", NAMES, told, value=NAMES[-1], group="race")
        return [*rates, shown]

    def _contestants(self) -> dict[str, Contestant]:
        source, values = self.sources[self.panel["source"]], self.panel.values
        blocks = transfer.count_blocks(source)
        starts = {"scratch": None, "frozen": source, "fine-tuned": source}
        depths = {"frozen": blocks, "fine-tuned": int(values["frozen_blocks"])}
        return {
            name: Contestant(start, depths.get(name, 0), float(values[f"rate_{name}"]))
            for name, start in starts.items()
        }

    def renew(self) -> None:
        """A new race as the controls say; networks that raced before are not traced again."""
        contestants = self._contestants()
        settings = {name: int(self.panel[name]) for name in ("per_class", "seed")}
        if hasattr(self, "race"):
            self._leave()
            self.race.enter(contestants, **settings)
        else:
            source, classes = contestants["frozen"].start, len(self.target.class_names)

            def build(seed: int) -> keras.Model:
                return models.build_classifier(rebuild(source, seed), classes, seed=seed)

            self.race = Race(contestants, build, self.target, **settings)
        self._begin_row()

    def restart(self) -> None:
        """The same race from its start."""
        self._leave()
        self.race.reset()
        self._begin_row()

    def _begin_row(self) -> None:
        now = datetime.now().isoformat(" ", "minutes")
        names = ("source", "per_class", "frozen_blocks", "seed")
        self._row = {"id": uuid.uuid4().hex[:12], "when": now, "target": self.target.source}
        self._row |= {name: self.panel[name] for name in names}
        self._ticks = 0
        self.race.measure()

    def change(self, names: tuple[str, ...]) -> None:
        """Learning rates; the race goes on."""
        for name in NAMES:
            if f"rate_{name}" in names:
                self.race.set_rate(name, float(self.panel[f"rate_{name}"]))

    def burst(self, seconds: float) -> None:
        """Trains all three for about `seconds`, and now and then tests them."""
        train_for(seconds, lambda: self.race.advance(CHUNK))
        self._ticks += 1
        if self._ticks % TICKS_PER_TEST == 0:
            self.race.measure()

    # The table of runs

    def paused(self) -> None:
        """The race joins the table, or its row is brought up to date."""
        self._record()
        self.show()

    def _record(self) -> None:
        """One row for one race, however often it pauses."""
        if not self.race.steps:
            return
        tested = len(self.race.held_out[1])
        self._row |= {"steps": self.race.steps, "tested": tested}
        for name, accuracy in self.race.accuracies().items():
            half = half_width(accuracy, tested)
            rate = float(f"{self.race.rate(name):.3g}")
            self._row |= {name: round(accuracy, 4), f"{name} ±": round(half, 4)}
            self._row[f"{name} rate"] = rate
        self.table.put(self._row)
        self._list_runs()

    def _leave(self) -> None:
        self._record()
        if self.race.steps:
            self.former.append(self.race.history)

    def show(self) -> None:
        """Puts the picture on the page, and what there is to say about the table's file."""
        super().show()
        self._tell()

    def _tell(self) -> None:
        if self.table.note:
            self.say(html.escape(self.table.note))
            self.table.note = ""

    def close(self) -> None:
        """Keeps the race in the table and takes the lab off the page."""
        with self.lock:
            self._record()
        super().close()

    def pages(self) -> dict[str, widgets.Widget]:
        """The learner's last runs."""
        import ipywidgets as widgets

        self.runs = widgets.HTML()
        self._list_runs()
        return {"my runs": self.runs}

    def _list_runs(self) -> None:
        rows = []
        for row in reversed(self.table.rows()[-SHOWN_RUNS:]):
            row = dict.fromkeys((*self._row, "steps", *NAMES), "") | row
            cells = [f"{row[name]}" for name in ("per_class", "frozen_blocks", "steps")]
            cells += [percent(row[name], row.get(f"{name} ±")) for name in NAMES]
            rates = " / ".join(f"{row.get(f'{name} rate', '')}" for name in NAMES)
            small = f"{row['source']} · seed {row['seed']} · rates {rates} · {row['when']}"
            rows.append((cells, small))
        self.runs.value = to_html(("labels", "depth", "steps", *NAMES), rows)

    # Numbers and pictures

    def numbers(self) -> str:
        """Steps, and what each network reads, with the luck of the test images."""
        steps, scores = self.race.history[-1]
        tested = len(self.race.held_out[1])
        half = max(half_width(s, tested) for s in (*scores.values(), 0.0) if np.isfinite(s))
        told = ", ".join(f"{name} {percent(score)}" for name, score in scores.items())
        return (
            f"step {steps:,}: {told} of {tested} test images read, each ± {100 * half:.0f} points"
        )

    def describe(self) -> str:
        """The race in words."""
        shown = self.panel["shown"]
        errors = frequent_confusions(self.race.confusions(shown), self.target.class_names, 3)
        return (
            f"Accuracy of three networks over training steps, on the same test images, from "
            f"{self.panel['per_class']} labels of each class. {self.numbers()}. Most frequent "
            f"errors of {shown}: {'; '.join(errors) or 'none'}."
        )

    def draw(self) -> Image:
        """The curves of this race, and grey ones of those before."""
        tested, chance = len(self.race.held_out[1]), 1 / len(self.target.class_names)
        return draw_curves(self.race.history, self.former, tested=tested, chance=chance)

    def draw_charts(self) -> Image:
        """Which classes the chosen network takes for which."""
        name = self.panel["shown"]
        title = f"{name} at step {self.race.history[-1][0]:,}"
        return draw_confusions(self.race.confusions(name), self.target.class_names, title)
