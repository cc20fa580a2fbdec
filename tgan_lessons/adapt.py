"""Domain adaptation: labels in one domain, images without labels in another.

DANN is a game of two players, CORAL a loss without an opponent; both train the same networks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from tgan_lessons.adapt_models import use_statistics
from tgan_lessons.data import check_labels
from tgan_lessons.game import Game
from tgan_lessons.kept_game import KeptGame
from tgan_lessons.players import Player
from tgan_lessons.runtime import check_number

Tensor = Any
Batch = tuple[Tensor, Tensor, Tensor]
AVERAGE = 0.998  # of the averaged weights: about the last 500 rounds
LAST_RATE = 0.02  # share of its learning rate that a player ends with


class Adaptation(Game):
    """Features and a classifier, player F, that learn from the source: alone here, no adaptation.

    A batch is (x_s, y_s, x_t): source images, their labels, and target images *without* labels.
    A subclass adds to `losses` what draws the two domains together. Each domain is normalised by
    its own statistics, as in AdaBN.

    The coefficient "lambda" may change while it trains.

    Args:
        features: images → feature vectors; batch normalisation is welcome.
        classifier: feature vectors → logits.
        rate: Adam's learning rate of F.
        opponents: who plays against F.
        options: of `Game`: `seed`, `jit_compile`.

    Source of separate statistics: Li et al. 2016, https://arxiv.org/abs/1603.04779
    """

    def __init__(
        self,
        features: keras.Model,
        classifier: keras.Model,
        *,
        rate: float = 2e-3,
        opponents: Sequence[Player] = (),
        **options: Any,
    ) -> None:
        optimizer = keras.optimizers.Adam(float(rate), use_ema=True, ema_momentum=AVERAGE)
        players = (Player("F", (features, classifier), optimizer), *opponents)
        super().__init__(players, simultaneous=True, coefficients={"lambda": 0.0}, **options)
        self.features, self.classifier = features, classifier
        self.rates = tuple(float(player.optimizer.learning_rate) for player in players)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """F minimises L_y. See `Game.losses`."""
        x_s, y_s, _ = batch
        return {"F": self.label_loss(self.look(x_s), y_s)}

    def look(self, images: Tensor) -> Tensor:
        """Features of a batch of one domain, normalised by that batch.

        Grey images become three equal channels where the network expects colours.

        Raises:
            ValueError: images of more channels than the network has.
        """
        channels = self.features.input_shape[-1]
        if images.shape[-1] not in (1, channels):
            raise ValueError(
                f"`features` reads images of {channels} channels, or grey ones. "
                f"Received: images of shape {tuple(images.shape)}"
            )
        shape = (*ops.shape(images)[:3], channels)
        return self.features(ops.broadcast_to(images, shape), training=True)

    def label_loss(self, f_s: Tensor, y_s: Tensor) -> Tensor:
        """L_y: the mean cross-entropy of the labels."""
        logits = self.classifier(f_s, training=True)
        return ops.mean(keras.losses.sparse_categorical_crossentropy(y_s, logits, from_logits=True))

    def reader(self, images: np.ndarray, *, averaged: bool = True) -> keras.Model:
        """A copy that reads images of one domain: images → logits.

        Args:
            images: of that domain, without labels, at least 64; the normalisation takes its
                statistics from them.
            averaged: whether it has F's weights averaged over the last rounds, or those of now.

        Returns:
            A `keras.Sequential` of the parts "features" and "classifier".
        """
        copies = [keras.models.clone_model(n) for n in (self.features, self.classifier)]
        for copy, own in zip(copies, (self.features, self.classifier), strict=True):
            copy.set_weights(own.get_weights())
        if averaged and int(self.player("F").optimizer.iterations):
            # Keras offers the averages only by overwriting the weights with them
            means = self.player("F").optimizer._model_variables_moving_average
            targets = [v for copy in copies for v in copy.trainable_variables]
            for variable, mean in zip(targets, means, strict=True):
                variable.assign(mean)
        use_statistics(copies[0], images)
        return keras.Sequential(copies)


class DANN(Adaptation):
    """F reads digits and hides the domain; D, the judge, tells source from target.

    Args:
        features: see `Adaptation`.
        classifier: see `Adaptation`.
        judge: feature vectors → one score, positive for the source; no sigmoid.
        rates: Adam's learning rates of F and D.
        options: see `Adaptation`.

    Source: Ganin & Lempitsky 2015, https://arxiv.org/abs/1409.7495
    """

    def __init__(
        self,
        features: keras.Model,
        classifier: keras.Model,
        judge: keras.Model,
        *,
        rates: Sequence[float] = (2e-3, 2e-3),
        **options: Any,
    ) -> None:
        opponent = Player("D", judge, keras.optimizers.Adam(float(rates[1])))
        super().__init__(features, classifier, rate=rates[0], opponents=(opponent,), **options)
        self.judge = judge

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """F minimises L_y - λ L_d, D minimises L_d: the gradient reversal, as two players."""
        x_s, y_s, x_t = batch
        f_s, f_t = self.look(x_s), self.look(x_t)
        loss_y, loss_d = self.label_loss(f_s, y_s), self.domain_loss(f_s, f_t)
        return {"F": loss_y - self.coefficients["lambda"] * loss_d, "D": loss_d}

    def domain_loss(self, f_s: Tensor, f_t: Tensor) -> Tensor:
        """L_d: D's mean cross-entropy, source 1 and target 0; log 2 where D is lost."""
        of_source = ops.softplus(-self.judge(f_s, training=True))
        of_target = ops.softplus(self.judge(f_t, training=True))
        return (ops.mean(of_source) + ops.mean(of_target)) / 2


class CORAL(Adaptation):
    """No opponent: F makes means and covariances of the two domains' features agree.

    Source: Sun & Saenko 2016, https://arxiv.org/abs/1607.01719 (there without the means, which
    batch normalisation per domain holds together anyway)
    """

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """F minimises L_y + λ · CORAL."""
        x_s, y_s, x_t = batch
        f_s, f_t = self.look(x_s), self.look(x_t)
        return {"F": self.label_loss(f_s, y_s) + self.coefficients["lambda"] * coral(f_s, f_t)}


def coral(f_s: Tensor, f_t: Tensor) -> Tensor:
    """|C_s - C_t|² / 4d², with the covariances C of d features: the loss of Deep CORAL.

    Args:
        f_s: source features, shape (n, d), n ≥ 2.
        f_t: target features, shape (m, d), m ≥ 2.
    """
    a, b = _centre(f_s), _centre(f_t)  # C_s = aᵀa, C_t = bᵀb
    # |aᵀa - bᵀb|² from products of samples: with few of them far cheaper than d × d covariances
    squares = _square(a, a) + _square(b, b) - 2 * _square(a, b)
    return squares / (4 * f_s.shape[-1] ** 2)


def _centre(f: Tensor) -> Tensor:
    return (f - ops.mean(f, axis=0)) / ops.sqrt(ops.cast(ops.shape(f)[0] - 1, f.dtype))


def _square(a: Tensor, b: Tensor) -> Tensor:
    return ops.sum(ops.matmul(a, ops.transpose(b)) ** 2)


def schedule(p: float, gamma: float = 10.0) -> float:
    """λ(p) = 2 / (1 + exp(-γ p)) - 1: from 0 to almost 1 while p, the progress, goes from 0 to 1.

    While λ is small F learns to read; it hides the domain only when there is something to hide.
    """
    return 2 / (1 + math.exp(-gamma * p)) - 1


def train(
    game: Adaptation,
    rounds: int,
    *,
    stop: int | None = None,
    top: float = 1.0,
    every: int = 25,
    watch: Callable[[], None] | None = None,
    watch_every: int = 500,
) -> dict[str, float]:
    """Plays with λ = `top` · `schedule(p)` and learning rates that fall along a cosine.

    Args:
        game: fed; it goes on from the round it is in.
        rounds: of the whole training: p is the share of them that was played.
        stop: the round to pause at; by default the last.
        top: the λ that it approaches.
        every: rounds between two settings of λ and of the rates.
        watch: called now and then.
        watch_every: rounds between two calls of `watch`.

    Returns:
        What the last round logged, also where it was played before.
    """
    check_number("top", top)
    end = rounds if stop is None else min(stop, rounds)
    while (now := int(game.rounds)) < end:
        stretch = min(end, (now // watch_every + 1) * watch_every) - now
        kept = KeptGame(game, stretch, rounds, top, every)
        while kept.done < stretch:
            p = int(game.rounds) / rounds
            game.set_coefficient("lambda", top * schedule(p))
            share = max(LAST_RATE, (1 + math.cos(math.pi * p)) / 2)
            for player, rate in zip(game.players, game.rates, strict=True):
                game.set_rate(player.name, rate * share)
            count = min(every, stretch - kept.done)
            kept.note(count, game.advance(count))
        game._last = kept.logs  # also where nothing was left to play
        if watch and int(game.rounds) % watch_every == 0:
            watch()
    return dict(game._last or {})


def pool(
    x_s: np.ndarray, y_s: np.ndarray, x_t: np.ndarray, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What an adaptation is fed with: source and target in orders of their own, equally long.

    The shorter one is repeated. Nothing says which target image belongs to which source image.

    Args:
        x_s: source images, shape (n, height, width, channels).
        y_s: their labels.
        x_t: target images (m, height, width, channels); their labels are not asked for.
        seed: of the orders.
    """
    y_s = check_labels(y_s, len(x_s), name="y_s")
    rng = np.random.default_rng(seed)
    length = max(len(x_s), len(x_t))
    orders = []
    for images in (x_s, x_t):
        turns = -(-length // len(images))
        orders.append(np.concatenate([rng.permutation(len(images)) for _ in range(turns)])[:length])
    return x_s[orders[0]], y_s[orders[0]].astype(np.int32), x_t[orders[1]]
