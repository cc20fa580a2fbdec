"""A generator of digits that learns letters from a few images, whole or with D's first layer held.

Source: Wang et al. 2018 (Transferring GANs), https://arxiv.org/abs/1805.01677; Mo, Cho & Shin 2020
(FreezeD), https://arxiv.org/abs/2002.10964; Zhao et al. 2020 (DiffAugment),
https://arxiv.org/abs/2006.10738
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from tgan_lessons import checkpoint, gan_models, transfer
from tgan_lessons.gan import GAN
from tgan_lessons.runtime import MOST_SEED, check_number, check_whole, choose

LATENT, CLASSES, BATCH = 16, 10, 32
NEW_WEIGHTS = 100  # added to seeds: nothing may start where the source did
RATE = 2e-3  # of D and G: the best for scratch, see `python -m benchmarks.few_shot_rates`
SHIFTED = "FreezeD, shifts"
FROZEN = {"scratch": 0, "fine-tuned": 0, "FreezeD": 1, SHIFTED: 1}  # convolutions of D
SHIFT, MOST_SHIFT = 2, 27  # pixels; by more, nothing of an image would be left
METHODS = tuple(FROZEN)


class RandomShift(keras.layers.Layer):
    """Moves each image by a few pixels at random while training; the gradient passes through.

    Put before D, it changes real images and fakes alike: differentiable augmentation.

    Args:
        pixels: largest move, either way, along each side.
        seed: of the moves.
    """

    def __init__(self, pixels: int = SHIFT, seed: int = 0) -> None:
        super().__init__(name="shift")
        self.pixels, self.seeds = pixels, keras.random.SeedGenerator(seed)

    def call(self, images: Any, training: bool = False) -> Any:
        """Images (n, height, width, 1) with a black ground, -1, and the same ones moved."""
        if not training:
            return images
        rows, columns = (self._draw_moves(ops.shape(images)[0], side) for side in images.shape[1:3])
        ink = images[..., 0] + 1.0  # so that what comes in from outside, zero, is black
        return ops.matmul(ops.matmul(rows, ink), columns)[..., None] - 1.0

    def _draw_moves(self, count: Any, side: int) -> Any:
        """For each image a matrix that moves its rows: ones on a diagonal beside the main one."""
        reach = self.pixels
        steps = keras.random.randint((count, 1, 1), -reach, reach + 1, seed=self.seeds)
        places = ops.arange(side)
        return ops.cast(places[None, :, None] + steps == places[None, None, :], self.compute_dtype)


def put_shift_before(discriminator: keras.Model, pixels: int, seed: int = 0) -> keras.Model:
    """The conditional D behind a `RandomShift`, as one network with the same weights."""
    images, labels = (keras.Input(x.shape[1:], dtype=x.dtype) for x in discriminator.inputs)
    score = discriminator([RandomShift(pixels, seed)(images), labels])
    return keras.Model([images, labels], score, name="shifted_discriminator")


def _find_network(discriminator: keras.Model) -> keras.Model:
    """D itself, also where a shift stands before it."""
    inner = (layer for layer in discriminator.layers if isinstance(layer, keras.Model))
    return next(inner, discriminator)


def find_convolutions(discriminator: keras.Model) -> list[keras.Layer]:
    """D's convolutions, the one next to the image first."""
    layers = _find_network(discriminator).layers
    return [layer for layer in layers if isinstance(layer, keras.layers.Conv2D)]


def layers_above(discriminator: keras.Model, frozen: int) -> list[keras.Layer]:
    """What D's moves still train in FreezeD: every layer but the first `frozen` convolutions.

    Raises:
        ValueError: for more convolutions than there are.
    """
    found = find_convolutions(discriminator)
    if not 0 <= frozen <= len(found):
        raise ValueError(
            f"`frozen` must be from 0 to {len(found)}, D's convolutions. Received: frozen={frozen}"
        )
    inner, held = _find_network(discriminator), {id(layer) for layer in found[:frozen]}
    outer = [layer for layer in discriminator.layers if inner is not discriminator]
    everything = [layer for layer in outer if layer is not inner] + inner.layers
    return [layer for layer in everything if id(layer) not in held]


def build_game(*, frozen: int = 0, shift: int = 0, rate: float = RATE, seed: int = 0) -> GAN:
    """The conditional game of lesson 05, for ten classes.

    Args:
        frozen: convolutions of D that no move changes.
        shift: pixels by which all that D sees is moved at random; 0 for not at all.
        rate: of both players.
        seed: of weights, noise and batches.
    """
    frozen = check_whole("frozen", frozen, least=0)
    shift = check_whole("shift", shift, least=0, most=MOST_SHIFT)
    check_number("rate", rate, above=0.0)
    seed = check_whole("seed", seed, least=0, most=MOST_SEED)
    discriminator = gan_models.build_discriminator(classes=CLASSES, seed=seed)
    if shift:
        discriminator = put_shift_before(discriminator, shift, seed)
    return GAN(
        gan_models.build_generator(LATENT, classes=CLASSES, seed=seed),
        discriminator,
        trains=layers_above(discriminator, frozen),
        simultaneous=True,
        rates=(rate, rate),
        beta_1=0.0,
        seed=seed,
    )


def forget_labels(discriminator: keras.Model) -> None:
    """Sets to zero what D knows of each class: the new ones are others. The common score stays."""
    for layer in _find_network(discriminator).layers:
        if isinstance(layer, keras.layers.Dense) and not layer.use_bias:  # that of the classes
            layer.set_weights([np.zeros_like(weights) for weights in layer.get_weights()])


class Studio:
    """One method with its game, traced once, that learns from many draws of images in turn.

    Args:
        method: one of `METHODS`.
        source: the trained game that it starts from; "scratch" does not use it.
        frozen: convolutions of D that no move changes, in place of the method's.
        shift: pixels, in place of the method's, see `build_game`.
        rate: of both players.

    Attributes:
        game: as the last `begin` and its rounds left it.
    """

    def __init__(
        self,
        method: str,
        source: GAN,
        *,
        frozen: int | None = None,
        shift: int | None = None,
        rate: float = RATE,
    ) -> None:
        choose("method", method, METHODS)
        self.method, self.source = method, source
        held = FROZEN[method] if frozen is None else frozen
        pixels = SHIFT * (method == SHIFTED) if shift is None else shift
        self.game = build_game(frozen=held, shift=pixels, rate=rate)
        self._start = checkpoint.snapshot(self.game)

    def begin(self, x: np.ndarray, y: np.ndarray, seed: int = 0) -> GAN:
        """Puts the game at its start, with these images to learn from.

        Args:
            x: images, shape (n, 28, 28, 1).
            y: class numbers below 10.
            seed: of new weights, noise and batches.
        """
        game = self.game
        checkpoint.restore(game, self._start)
        start = build_game(seed=seed + NEW_WEIGHTS) if self.method == "scratch" else self.source
        for mine, its in (
            (game.generator, start.generator),
            (game.discriminator, start.discriminator),
        ):
            transfer.copy_weights(its, mine)
        if self.method != "scratch":
            forget_labels(game.discriminator)
        game.seeds.state.assign([NEW_WEIGHTS, seed])
        game.sampling.state.assign([NEW_WEIGHTS + 1, seed])
        game.feed((x, y), batch_size=BATCH)
        return game

    def learn(self, x: np.ndarray, y: np.ndarray, rounds: int, seed: int = 0) -> GAN:
        """`begin`, and so many rounds."""
        game = self.begin(x, y, seed)
        game.advance(rounds)
        return game
