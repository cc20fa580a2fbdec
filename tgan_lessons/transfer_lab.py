"""Lesson 01's instrument: fine-tune by hand, with budget, freezing and learning rate on sliders."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons import models, transfer
from tgan_lessons.data import Dataset, sample_per_class
from tgan_lessons.labs import SIZE, Lab

if TYPE_CHECKING:
    import keras
    from PIL.Image import Image

BUDGETS = (1, 2, 5, 10, 20, 50, 100)
STARTS = ("digits", "nothing")
COLORS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#000000", "#E69F00")
TICKS_PER_SCORE = 3
HELD_OUT = 10  # test images per class that the live curve is measured on
LONGEST = 300  # steps on the horizontal axis


@dataclass
class Trial:
    """One training run of the learner's: its settings and its curve."""

    start: str
    per_class: int
    frozen_blocks: int
    learning_rate: float
    steps: list[int] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        score = f"{self.scores[-1]:.0%} after {self.steps[-1]} steps" if self.scores else "no step"
        return (
            f"from {self.start}, {self.per_class} per class, {self.frozen_blocks} frozen, "
            f"rate {self.learning_rate:.2g}: {score}"
        )


class TransferLab(Lab):
    """Train a letter reader by hand and keep the curves of all your trials.

    Budget, start and frozen blocks begin a new trial; the learning rate acts while it trains.

    Args:
        source: a trained backbone.
        letters: the target data.
        seed: draws the labelled letters and the new weights.
    """

    def __init__(self, source: keras.Model, letters: Dataset, *, seed: int = 0) -> None:
        self.source, self.letters, self.seed = source, letters, seed
        self.held_out = sample_per_class(letters.x_test, letters.y_test, HELD_OUT, seed=seed)
        self.trials: list[Trial] = []
        self._learners: dict[int, transfer.Learner] = {}
        super().__init__()

    def controls(self) -> list[object]:
        """Start, label budget, frozen blocks, learning rate."""
        import ipywidgets as widgets

        _, counts = np.unique(self.letters.y_train, return_counts=True)
        budgets = [budget for budget in BUDGETS if budget <= counts.min()]
        blocks = transfer.count_blocks(self.source)
        self.start = widgets.ToggleButtons(options=STARTS, description="start from")
        self.per_class = widgets.SelectionSlider(
            options=budgets,
            value=budgets[-1] if 5 not in budgets else 5,
            description="labels/class",
        )
        self.frozen_blocks = widgets.IntSlider(
            value=0, min=0, max=blocks, description="frozen blocks"
        )
        self.learning_rate = widgets.FloatLogSlider(
            value=3e-3,
            base=10,
            min=-4,
            max=-1,
            step=0.1,
            readout_format=".2g",
            description="learning rate",
        )
        for widget in (self.start, self.per_class, self.frozen_blocks):
            widget.observe(self._guarded(lambda _: self.reset()), "value")
        self.learning_rate.observe(self._guarded(lambda _: self._set_rate()), "value")
        shown = [self.start, self.per_class, self.frozen_blocks, self.learning_rate]
        for widget in shown:
            widget.style.description_width = "90px"
        self.start.style.button_width = "80px"
        return shown

    def _set_rate(self) -> None:
        with self.lock:
            self.learner.model.optimizer.learning_rate = self.learning_rate.value
            self.trials[-1].learning_rate = self.learning_rate.value

    def _learner_for(self, frozen_blocks: int) -> transfer.Learner:
        """A learner for a freezing depth; Keras reads freezing once, so each depth has its own."""
        if frozen_blocks not in self._learners:
            filters = [layer.filters for layer in self.source.layers if hasattr(layer, "filters")]

            def build(seed: int) -> keras.Model:
                backbone = models.build_backbone(filters, seed=seed)
                return models.build_classifier(backbone, len(self.letters.class_names), seed=seed)

            self._learners[frozen_blocks] = transfer.Learner(build, frozen_blocks=frozen_blocks)
        return self._learners[frozen_blocks]

    def restart(self) -> None:
        """Begins a new trial with the settings of the controls."""
        if self.trials and not self.trials[-1].steps:
            self.trials.pop()
        start, frozen = self.start.value, self.frozen_blocks.value
        self.trials.append(Trial(start, self.per_class.value, frozen, self.learning_rate.value))
        self.learner = self._learner_for(frozen)
        self.learner.reset(seed=self.seed, start=self.source if start == "digits" else None)
        self._set_rate()
        letters = self.letters
        self._images, self._labels = sample_per_class(
            letters.x_train, letters.y_train, self.per_class.value, self.seed
        )
        self._order = np.random.default_rng(self.seed)
        self.steps = self.ticks = 0

    def burst(self, seconds: float) -> None:
        """Takes a few steps of training, then now and then reads the held-out letters."""
        import time

        end = time.perf_counter() + seconds
        while True:
            size = min(transfer.BATCH_SIZE, len(self._labels))
            chosen = self._order.choice(len(self._labels), size, replace=False)
            self.learner.model.train_on_batch(self._images[chosen], self._labels[chosen])
            self.steps += 1
            if time.perf_counter() >= end:
                break
        if self.ticks % TICKS_PER_SCORE == 0:
            logits = self.learner.model(self.held_out[0], training=False).numpy()
            if not np.isfinite(logits).all():
                raise FloatingPointError("the weights left the numbers. Lower the rate and reset.")
            trial = self.trials[-1]
            trial.steps.append(self.steps)
            trial.scores.append(float(np.mean(logits.argmax(axis=1) == self.held_out[1])))
        self.ticks += 1

    def draw(self) -> Image:
        """The curves of the last six trials: accuracy on held-out letters over steps."""
        from PIL import Image, ImageDraw, ImageFont

        width, height = SIZE
        frame = Image.new("RGB", SIZE, "white")
        pen, font = ImageDraw.Draw(frame), ImageFont.load_default(size=15)
        left, bottom, top = 52, height - 34, 12
        longest = max([LONGEST, *(trial.steps[-1] for trial in self.trials if trial.steps)])

        def place(step: float, score: float) -> tuple[float, float]:
            return left + step / longest * (width - left - 12), bottom - score * (bottom - top)

        for score in (0, 0.25, 0.5, 0.75, 1):
            pen.line([place(0, score), place(longest, score)], fill="#DDDDDD")
            pen.text((4, place(0, score)[1] - 9), f"{score:.0%}", fill="black", font=font)
        pen.text(
            (left, bottom + 8),
            f"held-out letters read, over training steps (0 to {longest})",
            fill="black",
            font=font,
        )
        shown = self.trials[-len(COLORS) :]
        for row, trial in enumerate(shown):
            color = COLORS[(len(self.trials) - len(shown) + row) % len(COLORS)]
            points = [place(*p) for p in zip([0, *trial.steps], [0.0, *trial.scores], strict=True)]
            pen.line(points, fill=color, width=5 if trial is self.trials[-1] else 3)
            pen.text((left + 6, top + 18 * row), str(trial), fill=color, font=font)
        return frame

    def describe(self) -> str:
        """The trials in words."""
        return "Accuracy on held-out letters over training steps. " + "; ".join(
            map(str, self.trials)
        )
