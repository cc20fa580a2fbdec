"""Networks that read captions: a text encoder, a generator and a discriminator with one each."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers, ops

from tgan_lessons import gan_models
from tgan_lessons.attributes import ATTRIBUTES, BETWEEN
from tgan_lessons.captions import LENGTH, WORDS
from tgan_lessons.runtime import MOST_SEED, check_whole

UNITS = 32  # numbers of a word


def build_encoder(units: int = UNITS, *, seed: int = 0, name: str = "encoder") -> keras.Model:
    """Builds a text encoder: word numbers (n, 8) → the sum of the words' vectors, (n, units).

    A sum does not know the order of the words. In our captions the order says nothing.

    Args:
        units: length of a word's vector.
        seed: of the initial vectors.
        name: of the network.
    """
    units = check_whole("units", units)
    seed = check_whole("seed", seed, least=0, most=MOST_SEED)
    if not isinstance(name, str) or not name or "/" in name:
        raise ValueError(f"`name` must be a text without `/`. Received: name={name!r}")
    words = keras.Input((LENGTH,), dtype="int32", name="caption")
    start = keras.initializers.RandomNormal(stddev=0.3, seed=seed)
    vectors = layers.Embedding(len(WORDS), units, embeddings_initializer=start, name="words")(words)
    there = ops.cast(words > 0, vectors.dtype)[..., None]  # 0 is the blank
    return keras.Model(words, ops.sum(vectors * there, axis=1), name=name)


def build_generator(
    latent_dim: int = 16,
    filters: Sequence[int] = (32, 16),
    *,
    units: int = UNITS,
    seed: int = 0,
) -> keras.Model:
    """Builds a generator: noise (n, latent_dim) and captions (n, 8) → images (n, 28, 28, 1).

    The caption's vector stands beside the noise; from there on it is the generator of lesson 05.

    Args:
        latent_dim: length of a noise vector.
        filters: see `gan_models.build_generator`.
        units: of the encoder.
        seed: of the initial weights.
    """
    latent_dim = check_whole("latent_dim", latent_dim)
    units = check_whole("units", units)
    seed = check_whole("seed", seed, least=0, most=MOST_SEED)
    noise = keras.Input((latent_dim,), name="noise")
    words = keras.Input((LENGTH,), dtype="int32", name="caption")
    said = build_encoder(units, seed=seed)(words)
    painter = gan_models.build_generator(latent_dim + units, filters, seed=seed)
    painted = painter(layers.Concatenate()([noise, said]))
    return keras.Model([noise, words], painted, name="caption_generator")


def build_discriminator(
    filters: Sequence[int] = (16, 32), *, units: int = UNITS, seed: int = 0
) -> keras.Model:
    """Builds a discriminator: images (n, 28, 28, 1) and captions (n, 8) → scores (n, 1).

    The score is one for the image, plus the inner product of what D sees and what D reads: a
    projection. As a caption is the sum of its words, so is that product.

    Args:
        filters: see `gan_models.build_discriminator`.
        units: of the encoder.
        seed: of the initial weights.

    Source: Miyato & Koyama 2018, https://arxiv.org/abs/1802.05637
    """
    units = check_whole("units", units)
    seed = check_whole("seed", seed, least=0, most=MOST_SEED)
    looker = gan_models.build_discriminator(filters, seed=seed)
    words = keras.Input((LENGTH,), dtype="int32", name="caption")
    start = keras.initializers.GlorotUniform(seed=seed + 2000)
    seen = layers.Dense(units, use_bias=False, kernel_initializer=start, name="seen")(
        looker.get_layer("features").output
    )
    read = build_encoder(units, seed=seed + 2000)(words)
    score = looker.output + ops.sum(seen * read, axis=-1, keepdims=True)
    return keras.Model([looker.input, words], score, name="caption_discriminator")


def word_vectors(network: keras.Model) -> np.ndarray:
    """The vectors of all words in a network's encoder, shape (words, units)."""
    return network.get_layer("encoder").get_layer("words").get_weights()[0]


def score_words(discriminator: keras.Model, images: np.ndarray) -> np.ndarray:
    """What each word adds to D's score of each image: shape (n, words)."""
    seen = keras.Model(discriminator.inputs[0], discriminator.get_layer("seen").output)
    return seen(images, training=False).numpy() @ word_vectors(discriminator).T


def read_style(
    discriminator: keras.Model, images: np.ndarray, bands: np.ndarray
) -> dict[str, float]:
    """How well D reads style: for each attribute, the share of images whose true word it prefers.

    Only images count in which the attribute is clear: there, D chooses between the word and its
    opposite, and chance is about ½.

    Args:
        discriminator: of `build_discriminator`.
        images: shape (n, 28, 28, 1).
        bands: measured on them, see `attributes.find_bands`, shape (n, 3).
    """
    votes, found = score_words(discriminator, images), {}
    for attribute, band in zip(ATTRIBUTES, bands.T, strict=True):
        few, much = (votes[:, WORDS.index(word)] for word in attribute.words)
        clear = band != BETWEEN
        found[attribute.name] = float(np.mean((much > few)[clear] == (band[clear] > 0)))
    return found
