"""Membership inference: was this person's image among those that a GAN learned from?"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops
from scipy.spatial.distance import cdist

from tgan_lessons.gan import GAN
from tgan_lessons.gan_models import build_mlp_discriminator, build_mlp_generator
from tgan_lessons.metrics import frechet
from tgan_lessons.runtime import check_number

LATENT, UNITS, RATE = 16, (128, 128), 1e-3
STRANGERS, REFERENCE = 400, 500  # images; the largest group of members is what is left of 1,797
FAKES = 2000


class Split(NamedTuple):
    """Images of one kind in three groups that share none, each of shape (n, 64).

    Attributes:
        members: what a GAN learns from.
        strangers: never seen by it.
        reference: never seen either; for the quality of fakes.
    """

    members: np.ndarray
    strangers: np.ndarray
    reference: np.ndarray


class Moment(NamedTuple):
    """How much a GAN gives away in the course of its training, and how well it paints.

    Attributes:
        rounds: played.
        by_score: area under the curve of the attack that has D.
        by_distance: of the attack that has only fakes.
        distance: Fréchet distance of fakes to images nobody learned from, in pixels.
    """

    rounds: int
    by_score: float
    by_distance: float
    distance: float


def split_digits(members: int, seed: int = 0) -> Split:
    """Draws members, strangers and a reference from scikit-learn's 1,797 handwritten digits.

    Args:
        members: how many, at most 897.
        seed: of the draw.

    Returns:
        Rows of 8×8 pixels in [-1, 1], float32.
    """
    from sklearn.datasets import load_digits

    images = (load_digits().data / 8 - 1).astype(np.float32)
    most = len(images) - STRANGERS - REFERENCE
    if not 1 <= members <= most or members % 1:
        raise ValueError(
            f"`members` must be a whole number from 1 to {most}. Received: members={members}"
        )
    drawn = images[np.random.default_rng(seed).permutation(len(images))]
    return Split(drawn[-members:], drawn[:STRANGERS], drawn[STRANGERS : STRANGERS + REFERENCE])


class NoisyAdam(keras.optimizers.Adam):
    """Adam whose gradient is shortened to `bound` and blurred by noise before each step.

    In the manner of differential privacy, without its guarantee: that needs the gradient of each
    single image shortened, and an account of all steps.

    Args:
        learning_rate: as of Adam.
        noise: standard deviation of the noise on each number, in units of `bound`.
        bound: the longest gradient.
        seed: of the noise.
        options: of Adam.

    Source: Abadi et al. 2016, https://arxiv.org/abs/1607.00133
    """

    def __init__(
        self,
        learning_rate: float = RATE,
        *,
        noise: float = 0.0,
        bound: float = 1.0,
        seed: int = 0,
        **options: Any,
    ) -> None:
        check_number("noise", noise)
        if noise < 0:
            raise ValueError(f"`noise` must be at least 0. Received: noise={noise}")
        check_number("bound", bound, above=0.0)
        super().__init__(learning_rate, **options)
        self.noise, self.bound, self.seeds = noise, bound, keras.random.SeedGenerator(seed)

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        """As in Keras, with the gradient shortened and blurred."""
        length = ops.sqrt(sum(ops.sum(ops.square(g)) for g in grads))
        factor = ops.minimum(1.0, self.bound / (length + 1e-12))
        spread = self.noise * self.bound
        super().apply(
            [g * factor + spread * keras.random.normal(g.shape, seed=self.seeds) for g in grads],
            trainable_variables,
        )


def build(members: np.ndarray, *, noise: float | None = None, seed: int = 0) -> GAN:
    """A small GAN of 8×8 images, fed with its members.

    Args:
        members: shape (n, 64).
        noise: of D's `NoisyAdam`; `None` for plain Adam.
        seed: of weights, noise and batches.
    """
    rules = {"rates": (RATE, RATE), "simultaneous": True, "seed": seed}
    if noise is not None:
        rules["optimizers"] = (
            NoisyAdam(noise=noise, seed=seed, beta_1=0.5),
            keras.optimizers.Adam(RATE, beta_1=0.5),
        )
    gan = GAN(
        build_mlp_generator(LATENT, UNITS, output_dim=members.shape[1], seed=seed),
        build_mlp_discriminator(UNITS, input_dim=members.shape[1], seed=seed),
        **rules,
    )
    gan.feed(members, batch_size=32)
    return gan


def area(members: np.ndarray, strangers: np.ndarray) -> float:
    """The chance that a member's score is above a stranger's: 0.5 for a guess, 1 for certainty.

    It is the area under the receiver operating characteristic curve.
    """
    from sklearn.metrics import roc_auc_score

    truth = np.repeat([1, 0], [len(members), len(strangers)])
    return float(roc_auc_score(truth, np.concatenate([members, strangers])))


def scores(gan: GAN, images: np.ndarray) -> np.ndarray:
    """How real D finds each image, shape (n,): high for what it has learned by heart.

    Source: Hayes et al. 2019 (LOGAN), https://arxiv.org/abs/1705.07663
    """
    return ops.convert_to_numpy(gan.discriminator(images, training=False))[:, 0]


def closeness(fakes: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Minus each image's distance to the nearest fake, shape (n,).

    Source: Chen et al. 2020 (GAN-Leaks), https://arxiv.org/abs/1909.03935
    """
    return -cdist(images, fakes).min(axis=1)


def attack(gan: GAN, data: Split) -> Moment:
    """Both attacks on a GAN as it is now."""
    fakes = gan.generate(FAKES, seed=1)
    return Moment(
        int(gan.rounds),
        area(scores(gan, data.members), scores(gan, data.strangers)),
        area(closeness(fakes, data.members), closeness(fakes, data.strangers)),
        frechet(fakes, data.reference),
    )


def follow(
    members: int, *, rounds: int = 3000, looks: int = 6, noise: float | None = None, seed: int = 0
) -> list[Moment]:
    """Trains a GAN on so many images and attacks it several times on the way.

    Args:
        members: images that it learns from.
        rounds: to play in all, at least `looks`.
        looks: attacks, evenly spaced, the last one at the end.
        noise: see `build`.
        seed: of the draw of members and of all else.
    """
    if looks < 1 or rounds < looks:
        raise ValueError(
            f"`rounds` must be at least `looks`, and that at least 1. Received: {rounds}, {looks}"
        )
    data = split_digits(members, seed)
    gan = build(data.members, noise=noise, seed=seed)
    moments = []
    for _ in range(looks):
        gan.advance(rounds // looks)
        moments.append(attack(gan, data))
    return moments


def real_distance(seed: int = 0) -> float:
    """The Fréchet distance of strangers to the reference: both are real, so the least to expect."""
    data = split_digits(1, seed)
    return frechet(data.strangers, data.reference)
