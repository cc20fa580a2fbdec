"""What the engine is measured against: the same networks and losses, written by other hands.

Every peer offers `advance(rounds)`. A round is one move of D and one of G, each with a batch and
noise of its own; in simultaneous rounds both move from one forward pass. Losses are the
non-saturating ones, the optimizer is Adam.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    import torch

Tensor = Any
ADAM = {"learning_rate": 1e-3, "beta_1": 0.5}


def count_parameters(*networks: Any) -> int:
    """How many numbers training changes, of Keras or PyTorch networks."""
    return sum(
        sum(p.numel() for p in network.parameters())
        if hasattr(network, "parameters")
        else sum(int(np.prod(v.shape)) for v in network.trainable_variables)
        for network in networks
    )


def hand_written(
    generator: keras.Model,
    discriminator: keras.Model,
    data: np.ndarray,
    batch_size: int,
    *,
    simultaneous: bool = False,
    joined: bool = False,
) -> Callable[[int], Tensor]:
    """A loop by somebody who knows TensorFlow: drawing, noise and all rounds in one graph.

    `joined` shows D real samples and fakes in one call: the same loss, as D normalises no batch.
    `advance` returns D's loss of the last round.
    """
    samples = tf.constant(data)
    latent_dim = generator.inputs[0].shape[-1]
    optimizers = [keras.optimizers.Adam(**ADAM) for _ in range(2)]
    networks = (discriminator, generator)
    for optimizer, network in zip(optimizers, networks, strict=True):
        optimizer.build(network.trainable_variables)

    def fakes() -> Tensor:
        return generator(tf.random.normal((batch_size, latent_dim)), training=True)

    def discriminator_loss(fake: Tensor) -> tuple[Tensor, Tensor]:
        index = tf.random.uniform((batch_size,), maxval=len(data), dtype=tf.int32)
        real = tf.gather(samples, index)
        if joined:
            both = discriminator(tf.concat([real, fake], axis=0), training=True)
            real_score, fake_score = tf.split(both, 2)
        else:
            real_score, fake_score = (discriminator(x, training=True) for x in (real, fake))
        loss = mean_softplus(-real_score) + mean_softplus(fake_score)
        return loss, fake_score

    def apply(tape: tf.GradientTape, *losses: tuple[int, Tensor]) -> None:
        gradients = [tape.gradient(loss, networks[i].trainable_variables) for i, loss in losses]
        for (i, _), gradient in zip(losses, gradients, strict=True):
            optimizers[i].apply(gradient)

    def alternating_round() -> Tensor:
        fake = fakes()
        with tf.GradientTape() as tape:
            loss, _ = discriminator_loss(fake)
        apply(tape, (0, loss))
        with tf.GradientTape() as tape:
            generator_loss = mean_softplus(-discriminator(fakes(), training=True))
        apply(tape, (1, generator_loss))
        return loss

    def simultaneous_round() -> Tensor:
        with tf.GradientTape(persistent=True) as tape:
            loss, fake_score = discriminator_loss(fakes())
            generator_loss = mean_softplus(-fake_score)
        apply(tape, (0, loss), (1, generator_loss))
        return loss

    @tf.function(input_signature=[tf.TensorSpec([], tf.int32)])
    def play(rounds: Tensor) -> Tensor:
        loss = tf.constant(0.0)
        for _ in tf.range(rounds):
            loss = simultaneous_round() if simultaneous else alternating_round()
        return loss

    return lambda rounds: float(play(tf.constant(rounds)))


def mean_softplus(scores: Tensor) -> Tensor:
    """Cross-entropy where the target is 0; with the score's sign turned, where it is 1."""
    return tf.reduce_mean(tf.nn.softplus(scores))


class ArticleIdiom:
    """The article's loop, repaired: `predict` for the fakes and three calls of `train_on_batch`.

    The article compiles D, sets `trainable = False` and compiles the stack of G and D. In Keras 3
    freezing is read when a step is traced, so D would stand still in its own step too. Here D
    stays trainable and the stack calls it from a `Lambda` layer, which does not own what it calls:
    G's step has no variable of D to train.
    """

    def __init__(
        self, generator: keras.Model, discriminator: keras.Model, data: np.ndarray, batch_size: int
    ) -> None:
        self.generator, self.discriminator = generator, discriminator
        self.data, self.batch_size = data, batch_size
        self.rng = np.random.default_rng(0)
        score = keras.layers.Lambda(lambda x: discriminator(x), output_shape=(1,))
        self.combined = keras.Sequential([generator, score])
        for model in (discriminator, self.combined):
            loss = keras.losses.BinaryCrossentropy(from_logits=True)
            model.compile(optimizer=keras.optimizers.Adam(**ADAM), loss=loss)
        self.ones, self.zeros = np.ones((batch_size, 1)), np.zeros((batch_size, 1))

    def noise(self) -> np.ndarray:
        """Draws a batch of latent vectors."""
        shape = (self.batch_size, self.generator.inputs[0].shape[-1])
        return self.rng.standard_normal(shape, np.float32)

    def move_discriminator(self) -> None:
        """Two steps of D: on real samples, then on fakes."""
        real = self.data[self.rng.integers(len(self.data), size=self.batch_size)]
        fake = self.generator.predict(self.noise(), verbose=0)
        self.discriminator.train_on_batch(real, self.ones)
        self.discriminator.train_on_batch(fake, self.zeros)

    def move_generator(self) -> None:
        """One step of G."""
        self.combined.train_on_batch(self.noise(), self.ones)

    def advance(self, rounds: int) -> None:
        """Plays rounds one after the other, as the article does."""
        for _ in range(rounds):
            self.move_discriminator()
            self.move_generator()


def torch_loop(
    networks: tuple[torch.nn.Module, torch.nn.Module],
    data: np.ndarray,
    batch_size: int,
    latent_dim: int,
    threads: int,
) -> Callable[[int], None]:
    """An eager PyTorch loop by somebody who knows PyTorch: no gradient that no move needs.

    `networks` are generator and discriminator; images in `data` have channels last, as in Keras.
    """
    import torch
    from torch.nn.functional import softplus

    samples = torch.from_numpy(np.array(np.moveaxis(data, -1, 1) if data.ndim == 4 else data))
    generator, discriminator = networks
    adam = {"lr": ADAM["learning_rate"], "betas": (ADAM["beta_1"], 0.999), "eps": 1e-7}
    optimizers = {n: torch.optim.Adam(n.parameters(), fused=True, **adam) for n in networks}

    def fakes() -> torch.Tensor:
        return generator(torch.randn(batch_size, latent_dim))

    def step(network: torch.nn.Module, loss: torch.Tensor) -> None:
        optimizers[network].zero_grad()
        loss.backward(inputs=list(network.parameters()))
        optimizers[network].step()

    def advance(rounds: int) -> None:
        torch.set_num_threads(threads)  # of the whole process: each peer sets its own
        for _ in range(rounds):
            real = samples[torch.randint(len(samples), (batch_size,))]
            with torch.no_grad():
                fake = fakes()
            fake_score = discriminator(fake)
            step(discriminator, softplus(-discriminator(real)).mean() + softplus(fake_score).mean())
            step(generator, softplus(-discriminator(fakes())).mean())

    return advance


def build_tutorial() -> tuple[keras.Model, keras.Model]:
    """The networks of TensorFlow's DCGAN tutorial, 28×28 from 100 numbers.

    Source: https://www.tensorflow.org/tutorials/generative/dcgan
    """
    layers = keras.layers
    generator = keras.Sequential([keras.Input((100,)), layers.Dense(7 * 7 * 256, use_bias=False)])
    generator.add(layers.BatchNormalization())
    generator.add(layers.LeakyReLU(negative_slope=0.3))
    generator.add(layers.Reshape((7, 7, 256)))
    same = {"padding": "same", "use_bias": False}
    for channels, strides in ((128, 1), (64, 2)):
        generator.add(layers.Conv2DTranspose(channels, 5, strides=strides, **same))
        generator.add(layers.BatchNormalization())
        generator.add(layers.LeakyReLU(negative_slope=0.3))
    generator.add(layers.Conv2DTranspose(1, 5, strides=2, activation="tanh", **same))
    discriminator = keras.Sequential([keras.Input((28, 28, 1))])
    for channels in (64, 128):
        discriminator.add(layers.Conv2D(channels, 5, strides=2, padding="same"))
        discriminator.add(layers.LeakyReLU(negative_slope=0.3))
        discriminator.add(layers.Dropout(0.3))
    discriminator.add(layers.Flatten())
    discriminator.add(layers.Dense(1))
    return generator, discriminator


def tutorial_loop(
    generator: keras.Model, discriminator: keras.Model, images: np.ndarray, batch_size: int = 256
) -> Callable[[int], None]:
    """The tutorial's loop: a `tf.function` for each batch, both move from one forward pass."""
    entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    optimizers = [keras.optimizers.Adam(1e-4) for _ in range(2)]

    @tf.function
    def train_step(real: Tensor) -> None:
        noise = tf.random.normal((batch_size, 100))
        with tf.GradientTape() as generator_tape, tf.GradientTape() as discriminator_tape:
            fake = generator(noise, training=True)
            real_score = discriminator(real, training=True)
            fake_score = discriminator(fake, training=True)
            generator_loss = entropy(tf.ones_like(fake_score), fake_score)
            loss = entropy(tf.ones_like(real_score), real_score)
            loss += entropy(tf.zeros_like(fake_score), fake_score)
        sides = (
            (optimizers[0], generator_tape, generator_loss, generator),
            (optimizers[1], discriminator_tape, loss, discriminator),
        )
        for optimizer, tape, value, network in sides:
            variables = network.trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(value, variables), variables, strict=True))

    shuffled = tf.data.Dataset.from_tensor_slices(images).shuffle(len(images))
    batches = iter(shuffled.batch(batch_size).repeat())

    def advance(rounds: int) -> None:
        for _ in range(rounds):
            train_step(next(batches))
        discriminator.weights[0].numpy()  # comes back when the last step is done

    return advance
