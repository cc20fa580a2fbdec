"""Lesson 00's instrument: a curve that bends to points while its learning rate is on a slider."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons.controls import Control, choice, number
from tgan_lessons.labs import Lab
from tgan_lessons.planes import font
from tgan_lessons.runtime import choose

if TYPE_CHECKING:
    import ipywidgets as widgets
    from PIL.Image import Image

CURVES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "wave": lambda x: np.sin(3 * x),
    "step": lambda x: np.where(x > 0, 0.8, -0.8),
    "hat": lambda x: 1 - np.abs(x),
}


SIZE = (460, 360)  # pixels
STEPS = 20  # per tick: slow enough for the eye to follow


class CurveLab(Lab):
    """A small network bends a curve to points while its learning rate is on a slider.

    Args:
        curve: where the points lie: `"wave"`, `"step"` or `"hat"`.
        seed: of the points' noise and of the network's first weights.

    Attributes:
        steps: gradient steps taken.
        loss: before the last of them: mean squared error; NaN at the start.
    """

    def __init__(self, curve: str = "wave", seed: int = 0) -> None:
        choose("curve", curve, tuple(CURVES))
        self.seed, self.curve = seed, curve
        super().__init__()

    def controls(self) -> list[Control]:
        """Learning rate, and the points to fit."""
        return [
            number(
                "learning_rate",
                "learning rate",
                1e-3,
                1.0,
                0.05,
                "How far each step goes, against the slope of the loss.",
                log=True,
            ),
            choice(
                "curve",
                "points",
                tuple(CURVES),
                "Where the points lie. The network goes on from where it is.",
                value=self.curve,
            ),
        ]

    @property
    def learning_rate(self) -> widgets.Widget:
        """The slider."""
        return self.panel.widgets["learning_rate"]

    @property
    def curves(self) -> widgets.Widget:
        """The choice of points."""
        return self.panel.widgets["curve"]

    def renew(self) -> None:
        """The network, its points and its compiled training."""
        import keras
        from keras import layers

        def dense(units: int, index: int, **options: object) -> layers.Dense:
            start = keras.initializers.GlorotUniform(seed=self.seed + index)
            return layers.Dense(units, kernel_initializer=start, **options)

        hidden = [dense(32, index, activation="tanh") for index in (0, 1)]
        self.model = keras.Sequential([keras.Input((1,)), *hidden, dense(1, 2)])
        self.optimizer = keras.optimizers.SGD(0.05)
        self.optimizer.build(self.model.trainable_variables)
        self.x = np.linspace(-2, 2, 60, dtype=np.float32)[:, np.newaxis]
        self._start = self.model.get_weights()
        self._compile()
        self.restart()

    def _compile(self) -> None:
        import tensorflow as tf

        inputs, self._targets = tf.constant(self.x), tf.Variable(self.x)

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

    def restart(self) -> None:
        """The first weights again; points and rate as the controls say."""
        self.model.set_weights(self._start)
        self.steps, self.loss = 0, float("nan")
        self.change(tuple(self.panel.controls))

    def change(self, names: tuple[str, ...]) -> None:
        """Rate and points; the weights stay."""
        if "learning_rate" in names:
            self.optimizer.learning_rate = self.panel["learning_rate"]
        if "curve" in names:
            noise = np.random.default_rng(self.seed).normal(0, 0.08, self.x.shape)
            self.y = (CURVES[self.panel["curve"]](self.x) + noise).astype(np.float32)
            self._targets.assign(self.y)

    def advance(self, steps: int) -> float:
        """Takes `steps` gradient steps and returns the last loss."""
        return float(self._advance(steps))

    def burst(self, seconds: float) -> None:
        """Takes 20 gradient steps: far less than `seconds`, slow enough for the eye to follow."""
        self._train(STEPS)

    def _train(self, steps: int) -> None:
        self.loss = self.advance(steps)
        self.steps += steps
        if not np.isfinite(self.loss):
            raise FloatingPointError(
                "the learning rate was too high, the weights left the numbers. Lower it and reset."
            )

    def step(self) -> str:
        """One gradient step, and whether it went down."""
        before = self._errors()
        self._train(1)
        after = self._errors()
        told = "The curve has come closer." if after < before else "It jumped too far."
        return f"<b>Step {self.steps}.</b> The loss was {before:.5f} and is {after:.5f}. {told}"

    def _errors(self) -> float:
        return float(np.mean((self.model(self.x, training=False).numpy() - self.y) ** 2))

    def draw(self) -> Image:
        """Points, the network's curve, steps and loss."""
        from PIL import Image, ImageDraw

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
        pen.text((12, 8), self.numbers(), fill="black", font=font(20))
        return frame

    def numbers(self) -> str:
        """Steps and loss."""
        return f"step {self.steps:,}   loss {self.loss:.4f}" if self.steps else "not trained yet"

    def describe(self) -> str:
        """The lab's state in a sentence."""
        return (
            f"Live picture: blue points along a {self.panel['curve']}, and the orange curve of a "
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
