"""Traps of Keras 3, rows K1 to K7, as the installed Keras has them."""

from __future__ import annotations

import tempfile
from types import SimpleNamespace

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tgan_lessons.clinic import Finding, case
from tgan_lessons.clinic_transfer import told


def _dense(units: int = 1) -> keras.Model:
    return keras.Sequential([keras.Input((2,)), layers.Dense(units)])


def noise(n: int = 64, seed: int = 0) -> np.ndarray:
    """Points of the plane, (n, 2)."""
    return np.random.default_rng(seed).normal(size=(n, 2)).astype(np.float32)


@case(
    "K1",
    "compile() without an optimizer",
    symptom="a model that has its own optimizers saves and schedules another one",
    cause="the default is not none: it is RMSprop",
    cure="super().compile(optimizer=None)",
)
def default_optimizer(defect: bool) -> Finding:
    """Which optimizer a compiled model has."""
    model = _dense()
    model.compile(**({} if defect else {"optimizer": None}))
    kind = type(model.optimizer).__name__ if model.optimizer is not None else "none"
    return Finding(f"model.optimizer: {kind}", model.optimizer is not None)


@case(
    "K2",
    "frozen after the first step",
    symptom="trainable = False, and the weights go on moving",
    cause="what trains is read when the step is traced, once",
    cure="freeze, then compile again; or name the variables that a step trains",
)
def frozen_too_late(defect: bool) -> Finding:
    """A step, `trainable = False`, another step: did the second one move the weights?"""
    model, x = _dense(), noise()
    y = np.ones((64, 1), np.float32)
    model.compile(optimizer="sgd", loss="mse")
    model.train_on_batch(x, y)
    model.layers[0].trainable = False
    if not defect:
        model = keras.Sequential([model, layers.Dense(1)])  # something must be left to train
        model.compile(optimizer="sgd", loss="mse")
    kernel = model.layers[0].weights[0]
    before = kernel.numpy()
    model.train_on_batch(x, y)
    far = float(np.abs(kernel.numpy() - before).max())
    return Finding(f"the frozen layer moved by {far:.2g}", far > 0)


@case(
    "K3",
    "one optimizer, another player's variables",
    symptom="ValueError: unknown variable",
    cause="an optimizer keeps moments for the variables it was built with, and for no others",
    cure="an optimizer for each player, built with its variables before anything is traced",
)
def shared_optimizer(defect: bool) -> Finding:
    """G's variables for an optimizer that was built with D's."""
    first, second = _dense(), _dense()
    optimizer = keras.optimizers.Adam()
    optimizer.build((first if defect else second).trainable_variables)
    variables = second.trainable_variables
    try:
        optimizer.apply([tf.ones_like(v.value) for v in variables], variables)
    except ValueError as error:
        return Finding(told(error)[:70], True)
    return Finding("the step is made", False)


@case(
    "K4",
    "a sub-model without training=",
    symptom="moving averages stay at 0 and 1 although it trains",
    cause="called on its own, a model assumes inference",
    cure="say training=True or False at each call",
)
def silent_mode(defect: bool) -> Finding:
    """Ten passes over samples around 5: what the moving mean has become."""
    norm = layers.BatchNormalization(momentum=0.5)
    network = keras.Sequential([keras.Input((2,)), norm])
    for seed in range(10):
        network(noise(seed=seed) + 5, **({} if defect else {"training": True}))
    mean = float(norm.moving_mean.numpy().mean())
    return Finding(f"moving mean {mean:.2f}, the samples' is 5", abs(mean - 5) > 1)


@case(
    "K5",
    "batch normalisation in a frozen backbone",
    symptom="not one trained weight moves, and the features drift all the same",
    cause="training=True renews the moving averages, whoever is trained",
    cure="call a frozen backbone with training=False",
)
def drifting_backbone(defect: bool) -> Finding:
    """A backbone left out of the optimizer sees another domain: do its features change?"""
    backbone = keras.Sequential([keras.Input((2,)), layers.BatchNormalization()])
    before = backbone(noise(), training=False).numpy()
    for seed in range(50):
        backbone(3 * noise(seed=seed) + 5, training=defect)
    far = float(np.abs(backbone(noise(), training=False).numpy() - before).mean())
    return Finding(f"the features of the same samples moved by {far:.2g}", far > 0)


@case(
    "K6",
    "an integer seed",
    symptom="the same noise in every step; few fakes, learned by heart",
    cause="seed=3 is a state, not a stream: each call starts there",
    cure="hold a keras.random.SeedGenerator",
)
def frozen_noise(defect: bool) -> Finding:
    """How many of ten draws are different."""
    seed = 3 if defect else keras.random.SeedGenerator(3)
    draws = {keras.random.normal((4,), seed=seed).numpy().tobytes() for _ in range(10)}
    return Finding(f"{len(draws)} of 10 draws are different", len(draws) < 10)


class TwoPlayers(keras.Model):
    """Two networks, each with an optimizer; Keras sees the second one, or does not."""

    def __init__(self, hidden: bool) -> None:
        super().__init__()
        self.first, self.second = _dense(), _dense()
        other = keras.optimizers.Adam(0.01)
        other.build(self.second.trainable_variables)
        self.held = SimpleNamespace(optimizer=other) if hidden else other
        self.built = True
        self.compile(optimizer=keras.optimizers.Adam(0.01), run_eagerly=True)
        self.optimizer.build(self.first.trainable_variables)

    def other(self) -> keras.optimizers.Optimizer:
        """The second player's optimizer. No property: Keras would look through it, and save."""
        return getattr(self.held, "optimizer", self.held)

    def train_step(self, data: tf.Tensor) -> dict[str, tf.Tensor]:
        """Each network brings its outputs nearer to 0."""
        for network, optimizer in ((self.first, self.optimizer), (self.second, self.other())):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(network(data, training=True)))
            variables = network.trainable_variables
            optimizer.apply(tape.gradient(loss, variables), variables)
        return {"loss": loss}


class _Interrupt(keras.callbacks.Callback):
    """Stops a training at the beginning of an epoch, as a lost session would."""

    def __init__(self, epoch: int) -> None:
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if epoch == self.epoch:
            raise InterruptedError


@case(
    "K7",
    "BackupAndRestore and the second player",
    symptom="after a resume one player's moments are 0, without a word",
    cause="it saves what Keras sees; an optimizer in an object of your own is not among it",
    cure="make each optimizer an attribute of the model, built at once; check after a resume",
)
def half_a_resume(defect: bool) -> Finding:
    """Two epochs of two steps, a crash, a resume: at which step the optimizers stand."""
    with tempfile.TemporaryDirectory() as folder:
        for stop in (2, 2):  # the second one restores, and is stopped before its first step
            model = TwoPlayers(hidden=defect)
            restore = keras.callbacks.BackupAndRestore(folder)
            try:
                model.fit(noise(), epochs=4, verbose=0, callbacks=[restore, _Interrupt(stop)])
            except InterruptedError:
                steps = [int(o.iterations) for o in (model.optimizer, model.other())]
    seen = f"after the resume the optimizers stand at steps {steps[0]} and {steps[1]}"
    return Finding(seen, steps[0] != steps[1])


CASES = (
    default_optimizer,
    frozen_too_late,
    shared_optimizer,
    silent_mode,
    drifting_backbone,
    frozen_noise,
    half_a_resume,
)
