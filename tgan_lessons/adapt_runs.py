"""Ready runs of domain adaptation, and the probe that asks what the features still give away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons import adapt, adapt_models, transfer
from tgan_lessons.data import Dataset, check_labels
from tgan_lessons.runtime import MOST_SEED, check_number, check_whole, choose

if TYPE_CHECKING:
    import keras

METHODS = ("source only", "CORAL", "DANN")
WEIGHTS = {"source only": 0.0, "CORAL": 2000.0, "DANN": 0.3}  # λ, see `build_game`
HIDDEN = 64  # of the judge


def build_game(
    method: str,
    filters: Sequence[int] = (24, 32, 64),
    *,
    channels: int = 3,
    map_size: int | None = None,
    dropout: float = 0.5,
    rates: Sequence[float] = (2e-3, 2e-3),
    seed: int = 0,
) -> adapt.Adaptation:
    """Builds the networks and the game of a method; not fed yet.

    The same seed gives all methods the same features and classifier. Rates, dropout and weights
    were fixed beforehand, on training digits blended with a part of the photographs of their own.

    Args:
        method: one of `METHODS`.
        filters: see `adapt_models.build_features`.
        channels: of an image.
        map_size: see `adapt_models.build_features`.
        dropout: of the judge.
        rates: Adam's learning rates of F and D.
        seed: of weights, dropout and batches.
    """
    choose("method", method, METHODS)
    seed = check_whole("seed", seed, least=0, most=MOST_SEED)
    if not isinstance(rates, Sequence) or isinstance(rates, str) or len(rates) != 2:
        raise ValueError(f"`rates` must be two, of F and D. Received: rates={rates!r}")
    for rate in rates:
        check_number("rates", rate, above=0.0)
    features = adapt_models.build_features(filters, channels=channels, map_size=map_size, seed=seed)
    size = features.output_shape[-1]
    parts = [features, adapt_models.build_head(size, 10, seed=seed)]
    if method != "DANN":
        kind = {"source only": adapt.Adaptation, "CORAL": adapt.CORAL}[method]
        return kind(*parts, rate=rates[0], seed=seed)
    judge = adapt_models.build_head(size, 1, hidden=HIDDEN, dropout=dropout, seed=seed + 1)
    return adapt.DANN(*parts, judge, rates=rates, seed=seed)


class Trainer:
    """A method that can be started anew many times without being traced again.

    Args:
        method: one of `METHODS`.
        filters: of the features.
        channels: of the target's images.
        map_size: see `adapt_models.build_features`.
        dropout: of the judge.
    """

    def __init__(
        self,
        method: str,
        filters: Sequence[int] = (8, 16),
        channels: int = 1,
        *,
        map_size: int | None = None,
        dropout: float = 0.5,
    ) -> None:
        self.method, self._options = method, {"filters": filters, "channels": channels}
        self._options |= {"map_size": map_size, "dropout": dropout}
        self.game = build_game(method, **self._options)

    def learn(
        self,
        source: Dataset,
        x_t: np.ndarray,
        *,
        rounds: int,
        top: float | None = None,
        seed: int = 0,
    ) -> adapt.Adaptation:
        """Trains on a source's labels and a target's images; returns the game, the same each time.

        Args:
            source: labelled.
            x_t: training images of the target, without labels.
            rounds: to play.
            top: the λ that it approaches; by default the method's own of `WEIGHTS`.
            seed: of everything.
        """
        fresh = build_game(self.method, **self._options, seed=seed)
        for mine, its in zip(_state(self.game), _state(fresh), strict=True):
            mine.assign(its)
        self.game.feed(adapt.pool(source.x_train, source.y_train, x_t, seed))
        adapt.train(self.game, rounds, top=WEIGHTS[self.method] if top is None else top)
        return self.game


def _state(game: adapt.Adaptation) -> list[keras.Variable]:
    """All that decides how a game goes on, but for λ and the rates, which `train` sets."""
    networks = [v for p in game.players for n in p.networks for v in n.variables]
    optimizers = [v for p in game.players for v in p.optimizer.variables]
    return [*networks, *optimizers, game.seeds.state, game.sampling.state, game.rounds]


def probe(f_s: np.ndarray, f_t: np.ndarray, seed: int = 0) -> float:
    """How well a fresh judge tells the domains apart: 0.5 is chance.

    A logistic regression learns from half of the rows which domain they are of, and is tested on
    the other half. It is nobody's opponent: nobody learned to fool it.

    Args:
        f_s: features of source images, shape (n, d).
        f_t: features of target images, shape (m, d).
        seed: of the halves.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows = np.concatenate([f_s, f_t])
    truth = np.repeat([1, 0], [len(f_s), len(f_t)])
    halves = train_test_split(rows, truth, test_size=0.5, stratify=truth, random_state=seed)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=200))
    return float(model.fit(halves[0], halves[2]).score(halves[1], halves[3]))


@dataclass(frozen=True)
class Reading:
    """What a trained adaptation can do: shares of test images, 0 to 1."""

    source: float
    target: float
    judge: float
    probe: float


def measure(
    game: adapt.Adaptation,
    source: tuple[np.ndarray, np.ndarray],
    target: tuple[np.ndarray, np.ndarray],
    statistics: tuple[np.ndarray, np.ndarray],
    *,
    averaged: bool = True,
) -> Reading:
    """Reads test images of both domains, and asks the game's judge and a fresh probe.

    Args:
        game: trained.
        source: test images and labels of the source.
        target: test images and labels of the target.
        statistics: training images of source and target, for the normalisation.
        averaged: see `Adaptation.reader`.
    """
    readers = [game.reader(images, averaged=averaged) for images in statistics]
    pairs = list(zip(readers, (source, target), strict=True))
    features = [_features(reader, x) for reader, (x, _) in pairs]
    logits = [transfer.evaluate(r.layers[1], f) for r, f in zip(readers, features, strict=True)]
    labels = [check_labels(y, len(x)) for x, y in (source, target)]
    right = [float(np.mean(z.argmax(axis=1) == y)) for z, y in zip(logits, labels, strict=True)]
    told = float("nan")
    if isinstance(game, adapt.DANN):
        of_source, of_target = (transfer.evaluate(game.judge, f) > 0 for f in features)
        told = float(of_source.mean() + 1 - of_target.mean()) / 2
    return Reading(*right, told, probe(*features))


def score(game: adapt.Adaptation, statistics: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    """The share of test images `x` read as `y`, by the weights of now; see `measure`."""
    reader = game.reader(statistics, averaged=False)
    return transfer.accuracy(reader, widen(x, reader), y)


def see(game: adapt.Adaptation, images: np.ndarray, statistics: np.ndarray) -> np.ndarray:
    """The features (n, d) of images of one domain; see `measure` for the statistics."""
    return _features(game.reader(statistics), images)


def _features(reader: keras.Model, images: np.ndarray) -> np.ndarray:
    return transfer.evaluate(reader.layers[0], widen(images, reader))


def widen(images: np.ndarray, network: keras.Model) -> np.ndarray:
    """Grey images with as many equal channels as a network expects."""
    return np.broadcast_to(images, (*images.shape[:3], network.input_shape[-1]))
