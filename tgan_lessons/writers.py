"""Networks that write sentences: word by word from the words before, or all words at once."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from tgan_lessons.grammar import LENGTH, WORDS
from tgan_lessons.runtime import MOST_SEED, check_number, check_whole

Tensor = Any
START = len(WORDS)  # what stands before the first word


@keras.saving.register_keras_serializable("tgan_lessons")
class Writer(keras.Model):
    """A small recurrent language model: each word from all words before it.

    Args:
        units: of the gated recurrent unit.
        seed: of the initial weights.
    """

    def __init__(self, units: int = 64, seed: int = 0) -> None:
        super().__init__(name="writer")
        units, seed = (
            check_whole("units", units),
            check_whole("seed", seed, least=0, most=MOST_SEED),
        )
        start = [keras.initializers.GlorotUniform(seed=100 * seed + i) for i in range(3)]
        again = keras.initializers.OrthogonalInitializer(seed=seed)
        self.embedding = layers.Embedding(len(WORDS) + 1, 24, embeddings_initializer=start[0])
        self.cell = layers.GRUCell(
            units, kernel_initializer=start[1], recurrent_initializer=again, reset_after=False
        )
        self.head = layers.Dense(len(WORDS), kernel_initializer=start[2])
        self.units, self._chance = units, keras.random.SeedGenerator(0)
        self._compiled = tf.function(lambda n, heat: self.write(n, self._chance, heat))
        self(np.zeros((1, LENGTH), np.int32))

    def call(self, sentences: Tensor) -> Tensor:
        """Logits of each word, given the words before it: (n, 8) → (n, 8, words)."""
        before = ops.concatenate(
            [ops.full_like(sentences[:, :1], START), sentences[:, :-1]], axis=1
        )
        state = ops.zeros((ops.shape(sentences)[0], self.units))
        logits = []
        for place in range(LENGTH):
            state = self.cell(self.embedding(before[:, place]), [state])[0]
            logits.append(self.head(state))
        return ops.stack(logits, axis=1)

    def write(self, n: Tensor, seeds: Any, temperature: Tensor = 1.0) -> Tensor:
        """Draws `n` sentences, word by word: int32, (n, 8). No gradient can pass through this.

        Args:
            n: how many.
            seeds: a seed, or a generator of seeds.
            temperature: divides the logits: below 1 the likely words become likelier.
        """
        word = ops.full((n,), START, "int32")
        state, words = ops.zeros((n, self.units)), []
        for _ in range(LENGTH):
            state = self.cell(self.embedding(word), [state])[0]
            logits = self.head(state) / temperature
            word = keras.random.categorical(logits, 1, dtype="int32", seed=seeds)[:, 0]
            words.append(word)
        return ops.stack(words, axis=1)

    def log_likelihood(self, sentences: Tensor) -> Tensor:
        """The logarithm of the probability of each sentence: (n, 8) → (n,)."""
        logits = ops.log_softmax(self(sentences))
        chosen = ops.one_hot(sentences, len(WORDS))
        return ops.sum(logits * chosen, axis=(1, 2))

    def sample(self, n: int, seed: int = 0, temperature: float = 1.0) -> np.ndarray:
        """Draws `n` sentences; the same seed draws the same ones. See `write`."""
        check_number("temperature", temperature, above=0.0)
        self._chance.state.assign([seed, 0])
        return self._compiled(ops.convert_to_tensor(n), ops.cast(temperature, "float32")).numpy()


def gumbel(shape: Tensor, seeds: Any) -> Tensor:
    """Noise -log(-log u) with u uniform: the largest of logits + noise is a fair draw.

    Source: Maddison et al. 2017, https://arxiv.org/abs/1611.00712
    """
    u = keras.random.uniform(shape, 1e-7, 1.0 - 1e-7, seed=seeds)
    return -ops.log(-ops.log(u))


@keras.saving.register_keras_serializable("tgan_lessons")
class GumbelSoftmax(layers.Layer):
    """softmax((logits + gumbel noise) / τ): almost a drawn word, and it has a gradient.

    Args:
        temperature: τ. Towards 0 the output becomes one word, and its gradient wild.
        seed: of the noise.

    Attributes:
        temperature: a variable; it may change while a network trains.

    Source: Jang et al. 2017, https://arxiv.org/abs/1611.01144
    """

    def __init__(self, temperature: float = 1.0, seed: int = 0, **options: Any) -> None:
        super().__init__(**options)
        check_number("temperature", temperature, above=0.0)
        self.seeds = keras.random.SeedGenerator(seed)
        self.temperature = self.add_weight(
            (), keras.initializers.Constant(temperature), trainable=False, name="temperature"
        )

    def call(self, logits: Tensor) -> Tensor:
        """Logits (…, words) → nearly one-hot rows of the same shape."""
        noisy = logits + gumbel(ops.shape(logits), self.seeds)
        return ops.softmax(noisy / self.temperature)


def build_sentence_generator(
    latent_dim: int = 32, units: int = 128, *, temperature: float = 1.0, seed: int = 0
) -> keras.Model:
    """Builds a generator that writes all words at once: noise (n, latent_dim) → (n, 8, words).

    Args:
        latent_dim: length of a noise vector.
        units: of its two hidden layers.
        temperature: τ of its last layer, a `GumbelSoftmax` named "words".
        seed: of weights and noise.
    """
    latent_dim, units = check_whole("latent_dim", latent_dim), check_whole("units", units)
    check_number("temperature", temperature, above=0.0)
    seed = check_whole("seed", seed, least=0, most=MOST_SEED)
    start = [keras.initializers.GlorotUniform(seed=100 * seed + i) for i in range(3)]
    x = noise = keras.Input((latent_dim,), name="noise")
    for index in range(2):
        x = layers.Dense(units, activation="relu", kernel_initializer=start[index])(x)
    x = layers.Dense(LENGTH * len(WORDS), kernel_initializer=start[2], name="logits")(x)
    x = layers.Reshape((LENGTH, len(WORDS)))(x)
    words = GumbelSoftmax(temperature, seed, name="words")(x)
    return keras.Model(noise, words, name="generator")


def build_reader(units: int = 128, seed: int = 0) -> keras.Model:
    """Builds a discriminator of sentences: one-hot, or nearly, (n, 8, words) → scores (n, 1)."""
    units = check_whole("units", units)
    seed = check_whole("seed", seed, least=0, most=MOST_SEED)
    start = [keras.initializers.GlorotUniform(seed=100 * seed + 50 + i) for i in range(3)]
    x = words = keras.Input((LENGTH, len(WORDS)), name="words")
    x = layers.Flatten()(x)
    for index in range(2):
        x = layers.Dense(units, kernel_initializer=start[index])(x)
        x = layers.LeakyReLU(negative_slope=0.2)(x)
    return keras.Model(words, layers.Dense(1, kernel_initializer=start[2])(x), name="discriminator")
