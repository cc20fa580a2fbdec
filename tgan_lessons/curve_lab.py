"""Lesson 00's instrument: a curve that bends to points while its learning rate is on a slider."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons.labs import SIZE, Lab
from tgan_lessons.runtime import choose

if TYPE_CHECKING:
    from PIL.Image import Image

CURVES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "wave": lambda x: np.sin(3 * x),
    "step": lambda x: np.where(x > 0, 0.8, -0.8),
    "hat": lambda x: 1 - np.abs(x),
}


class CurveLab(Lab):
    """A small network bends a curve to points while its learning rate is on a slider.

    Args:
        curve: where the points lie: `"wave"`, `"step"` or `"hat"`.
        seed: of the points' noise and of the network's first weights.
    """

    def __init__(self, curve: str = "wave", seed: int = 0) -> None:
        choose("curve", curve, tuple(CURVES))
        self.seed, self.curve = seed, curve
        self._build()
        super().__init__()

    def _build(self) -> None:
        import keras
        import tensorflow as tf
        from keras import layers

        def dense(units: int, index: int, **options: object) -> layers.Dense:
            start = keras.initializers.GlorotUniform(seed=self.seed + index)
            return layers.Dense(units, kernel_initializer=start, **options)

        self.model = keras.Sequential(
            [
                keras.Input((1,)),
                dense(32, 0, activation="tanh"),
                dense(32, 1, activation="tanh"),
                dense(1, 2),
            ]
        )
        self.optimizer = keras.optimizers.SGD(0.05)
        self.optimizer.build(self.model.trainable_variables)
        self.x = np.linspace(-2, 2, 60, dtype=np.float32)[:, np.newaxis]
        inputs, self._targets = tf.constant(self.x), tf.Variable(self.x)
        self._start = self.model.get_weights()

        @tf.function(input_signature=[tf.TensorSpec((), tf.int32)])
        def advance(steps: tf.Tensor) -> tf.Tensor:
            loss = tf.constant(0.0)
            for _ in tf.range(steps):
                with tf.GradientTape() as tape:
                    errors = self.model(inputs, training=True) - self._targets
                    loss = tf.reduce_mean(tf.square(errors))
                gradients = tape.gradient(loss, self.model.trainable_variables)
                self.optimizer.apply(gradients, self.model.trainable_variables)
            return loss

        self._advance = advance
        advance(0)  # traced now, not at the first tick

    def advance(self, steps: int) -> float:
        """Takes `steps` gradient steps and returns the last loss."""
        return float(self._advance(steps))

    def controls(self) -> list[object]:
        """Learning rate, and the points to fit."""
        import ipywidgets as widgets

        self.learning_rate = widgets.FloatLogSlider(
            value=0.05,
            base=10,
            min=-3,
            max=0,
            step=0.1,
            readout_format=".3g",
            description="learning rate",
        )
        self.curves = widgets.ToggleButtons(
            options=list(CURVES), value=self.curve, description="points"
        )
        self.learning_rate.observe(self._guarded(lambda _: self._set_rate()), "value")
        self.curves.observe(self._guarded(lambda _: self._set_points()), "value")
        for widget in (self.learning_rate, self.curves):
            widget.style.description_width = "90px"
        self.curves.style.button_width = "60px"
        return [self.learning_rate, self.curves]

    def _set_rate(self) -> None:
        with self.lock:
            self.optimizer.learning_rate = self.learning_rate.value

    def _set_points(self) -> None:
        with self.lock:
            noise = np.random.default_rng(self.seed).normal(0, 0.08, self.x.shape)
            self.y = (CURVES[self.curves.value](self.x) + noise).astype(np.float32)
            self._targets.assign(self.y)
            self.show()

    def restart(self) -> None:
        """The first weights again; points and rate as the controls say."""
        self.model.set_weights(self._start)
        self.steps, self.loss = 0, float("nan")
        self._set_rate()
        self._set_points()

    def burst(self, seconds: float) -> None:
        """Takes 20 gradient steps: far less than `seconds`, slow enough for the eye to follow."""
        self.loss = self.advance(20)
        self.steps += 20
        if not np.isfinite(self.loss):
            raise FloatingPointError(
                "the learning rate was too high, the weights left the numbers. Lower it and reset."
            )

    def draw(self) -> Image:
        """Points, the network's curve, steps and loss."""
        from PIL import Image, ImageDraw, ImageFont

        width, height = SIZE
        frame = Image.new("RGB", SIZE, "white")
        pen = ImageDraw.Draw(frame)
        low = float(self.y.min()) - 0.6
        scale = height / (float(self.y.max()) + 0.6 - low)

        def place(x: float, y: float) -> tuple[float, float]:
            return (x + 2.1) / 4.2 * width, height - (min(max(y, low - 1), 9) - low) * scale

        for x, y in zip(self.x[:, 0], self.y[:, 0], strict=True):
            u, v = place(x, y)
            pen.ellipse((u - 5, v - 5, u + 5, v + 5), fill="#56B4E9")
        xs = np.linspace(-2.1, 2.1, 200, dtype=np.float32)[:, np.newaxis]
        ys = np.nan_to_num(self.model(xs, training=False).numpy()[:, 0])
        pen.line([place(*p) for p in zip(xs[:, 0], ys, strict=True)], fill="#D55E00", width=5)
        text = f"step {self.steps:,}   loss {self.loss:.4f}" if self.steps else "not trained yet"
        pen.text((12, 8), text, fill="black", font=ImageFont.load_default(size=22))
        return frame

    def describe(self) -> str:
        """The lab's state in a sentence."""
        return (
            f"Live picture: blue points along a {self.curves.value}, and the orange curve of a "
            f"small network after {self.steps} steps of training, loss {self.loss:.3g}."
        )


def losses_by_rate(learning_rates: Sequence[float], *, steps: int, seed: int = 0) -> list[float]:
    """Trains the lab's network anew at each rate; NaN where the weights left the numbers.

    Args:
        learning_rates: positive numbers.
        steps: gradient steps for each of them.
        seed: as in `CurveLab`.

    Returns:
        The last loss of each run.
    """
    lab = CurveLab(seed=seed)
    losses = []
    for rate in learning_rates:
        lab.reset()
        lab.optimizer.learning_rate = rate
        loss = lab.advance(steps)
        losses.append(loss if np.isfinite(loss) else float("nan"))
    return losses
