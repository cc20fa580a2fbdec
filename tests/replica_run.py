"""Plays games on two logical devices and on one, for tests/test_replicas.py; prints what it found.

A process of its own: logical devices must be made before TensorFlow starts.
"""

import json
import sys
import tempfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from tgan_lessons import checkpoint
from tgan_lessons.game import Game
from tgan_lessons.gan import GAN
from tgan_lessons.players import Player
from tgan_lessons.replicas import APART

BATCH, ROUNDS = 8, 6
RNG = np.random.default_rng(0)
REAL, NOISE = (RNG.normal(1, 1, (n, k)).astype(np.float32) for n, k in ((48, 2), (48, 3)))
OPTIMIZERS = {
    "SGD": lambda: keras.optimizers.SGD(0.1),
    "Adam": lambda: keras.optimizers.Adam(0.01, beta_1=0.5),
}


class Plain(Game):
    """A game that is no `GAN`: the losses are written here."""

    def __init__(self, generator, discriminator, optimizers, **options):
        players = [Player("D", discriminator, optimizers[0]), Player("G", generator, optimizers[1])]
        super().__init__(players, **options)
        self.generator, self.discriminator = generator, discriminator

    def losses(self, batch):
        real, noise = batch
        fake = self.discriminator(self.generator(noise, training=True), training=True)
        real = self.discriminator(real, training=True)
        d_loss = ops.mean(ops.square(real - 1)) + ops.mean(ops.square(fake))
        return {"D": d_loss, "G": ops.mean(ops.square(fake - 1))}


class Given(GAN):
    """A GAN whose noise comes in the batch, so that it is the same on any number of devices."""

    def losses(self, batch):
        real, self._given = batch
        return super().losses(real)

    def noise(self, n):
        return self._given


class Halves(GAN):
    """A GAN on one device that draws as two would: the second half from the second one's seed."""

    def noise(self, n):
        seed = self.seeds.next()
        shape = (n // 2, self.latent_dim)
        shift = tf.constant([APART, 0], seed.dtype)
        return tf.concat(
            [tf.random.stateless_normal(shape, tf.cast(s, "int32")) for s in (seed, seed + shift)],
            axis=0,
        )


def networks(normalise=False):
    def dense(units, number):
        return layers.Dense(units, kernel_initializer=keras.initializers.GlorotUniform(seed=number))

    norm = [layers.BatchNormalization(momentum=0.5)] if normalise else []
    generator = keras.Sequential(
        [keras.Input((3,)), dense(5, 1), *norm, layers.Activation("tanh"), dense(2, 2)]
    )
    discriminator = keras.Sequential(
        [keras.Input((2,)), dense(5, 3), layers.Activation("tanh"), dense(1, 4)]
    )
    return generator, discriminator


def build(kind, strategy, optimizer="SGD", normalise=False, **options):
    with strategy.scope():
        optimizers = [OPTIMIZERS[optimizer]() for _ in range(2)]
        return kind(*networks(normalise), optimizers=optimizers, seed=3, **options)


def weights(game):
    return [w for n in (game.generator, game.discriminator) for w in n.get_weights()]


def train(game, x=(REAL, NOISE), batch_size=BATCH, **options):
    data = tf.data.Dataset.from_tensor_slices(x).batch(batch_size)
    return game.fit(data, verbose=0, **options).history


def furthest(game, other):
    return max(
        float(np.abs(a - b).max()) for a, b in zip(weights(game), weights(other), strict=True)
    )


def copies_differ(game):
    """The largest difference between two devices' copies of any variable of the game."""
    pairs = [game.distribute_strategy.experimental_local_results(v.value) for v in game.variables]
    arrays = [[copy.numpy().astype(float) for copy in pair] for pair in pairs]
    return max(float(np.abs(a - b).max()) for a, b in arrays)


def compare(one, two, kind=Given, other=None, x=(REAL, NOISE), batch_size=BATCH, **options):
    """Trains on one device and on two, and says how far they are apart."""
    games = [build(k, s, **options) for k, s in ((other or kind, one), (kind, two))]
    start = weights(games[0])
    histories = [train(game, x, batch_size) for game in games]
    logs = [np.abs(np.subtract(histories[0][k], histories[1][k])).max() for k in histories[0]]
    return {
        "moved": min(
            float(np.abs(a - b).max()) for a, b in zip(start, weights(games[0]), strict=True)
        ),
        "apart": furthest(*games),
        "logs": float(max(logs)),
        "copies": copies_differ(games[1]),
        "rounds": [int(game.rounds.numpy()) for game in games],
    }


def diverge(two):
    """A sample that is not a number, in the second device's part of the second batch."""
    game, poisoned = build(Given, two), REAL.copy()
    poisoned[BATCH + BATCH - 1] = np.nan
    train(game, (REAL[:BATCH], NOISE[:BATCH]))
    kept = weights(game)
    train(game, (poisoned[BATCH:], NOISE[BATCH:]))
    same = all(np.array_equal(a, b) for a, b in zip(kept, weights(game), strict=True))
    return {"same": same, "rounds": int(game.rounds.numpy()), "copies": copies_differ(game)}


def save_and_load(one, two):
    """From two devices to one and back, and on."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "game.npz"
        game, alone, again = build(Given, two), build(Given, one), build(Given, two)
        train(game)
        checkpoint.save(game, path)
        checkpoint.load(alone, path)
        checkpoint.load(again, path)
    for each in (game, alone, again):
        train(each)
    return {
        "alone": furthest(game, alone),
        "again": furthest(game, again),
        "copies": copies_differ(again),
    }


def feed(two):
    """The engine's own batches, many moves, batch normalisation, `evaluate`, and the refusal."""
    game = build(GAN, two, normalise=True, moves=(3, 1))
    game.feed(REAL, batch_size=BATCH)
    history = game.fit(game.batches(), steps_per_epoch=4, verbose=0).history
    game.set_moves("discriminator", 2)
    game.fit(game.batches(), steps_per_epoch=1, verbose=0)
    held = game.evaluate(tf.data.Dataset.from_tensor_slices(REAL).batch(8), verbose=0)
    try:
        game.advance(1)
        refused = ""
    except RuntimeError as error:
        refused = str(error)
    return {
        "moves": [int(p.optimizer.iterations.numpy()) for p in game.players],
        "finite": bool(np.isfinite([v for k in history.values() for v in k]).all()),
        "held": bool(np.isfinite(list(held)).all()),
        "copies": copies_differ(game),
        "refused": refused,
    }


def overflow(two):
    """Scaled losses: Keras's optimizers wait for each other in there too."""
    keras.mixed_precision.set_dtype_policy("mixed_float16")
    with two.scope():
        scaled = [
            keras.optimizers.LossScaleOptimizer(OPTIMIZERS["SGD"](), initial_scale=scale)
            for scale in (2.0**40, 2.0**4)
        ]
        game = Given(*networks(), optimizers=scaled)
    train(game, epochs=6)
    keras.mixed_precision.set_dtype_policy("float32")
    return {
        "scales": [float(p.optimizer.dynamic_scale.numpy()) for p in game.players],
        "moves": [int(p.optimizer.iterations.numpy()) for p in game.players],
        "copies": copies_differ(game),
    }


def main():
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
    )
    one, two = tf.distribute.get_strategy(), tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    odd = {"x": (REAL[:46], NOISE[:46]), "batch_size": 9}  # 5 and 4 each; last 1 and none
    runs = {
        "SGD, in turn": lambda: compare(one, two, moves=(2, 1)),
        "SGD, at once": lambda: compare(one, two, simultaneous=True, penalty="r1"),
        "Adam, in turn": lambda: compare(one, two, Plain, optimizer="Adam"),
        "Adam, at once": lambda: compare(one, two, optimizer="Adam", simultaneous=True),
        "odd parts": lambda: compare(one, two, **odd),
        "own noise": lambda: compare(one, two, GAN, Halves, x=REAL),
        "diverge": lambda: diverge(two),
        "save": lambda: save_and_load(one, two),
        "feed": lambda: feed(two),
        "overflow": lambda: overflow(two),
    }
    found = {name: run() for name, run in runs.items() if name in (sys.argv[1:] or runs)}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
