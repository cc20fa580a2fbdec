"""Data that holds NaN or infinity, or nothing, or other things: named, or announced divergence."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from drive_labs import make_data  # noqa: E402

from tgan_lessons import (  # noqa: E402
    adapt_models,
    adapt_runs,
    cache,
    data,
    gan_models,
    inversion,
    losses,
    metrics,
    models,
    scenes,
    segment,
    segmenter,
    transfer,
    vae,
    vae_models,
)
from tgan_lessons.game import Diverged  # noqa: E402
from tgan_lessons.gan import GAN  # noqa: E402

BAD = (np.nan, np.inf, -np.inf)


def poison(x, value, share=0.1):
    x = np.array(x, np.float32)
    x.flat[:: max(1, int(1 / share))] = value
    return x


# Games: the move is not made, and it is said


def plane(loss="non-saturating", **options):
    networks = gan_models.build_mlp_generator(2, (4,)), gan_models.build_mlp_discriminator((4,))
    return GAN(*networks, loss, **options), np.random.default_rng(0).normal(size=(40, 2))


def pictures(method):
    digits = make_data(10, 4)
    game = adapt_runs.build_game(method, (2, 3), channels=1, map_size=2)
    return game, (digits.x_train, digits.y_train, digits.x_test)


def autoencoder():
    parts = vae_models.build_encoder(2, (2, 2)), gan_models.build_generator(2, (2, 2))
    return vae.VAE(*parts), make_data(2, 8).x_train


GAMES = {
    **{f"GAN, {loss}": lambda loss=loss: plane(loss) for loss in losses.LOSSES},
    "GAN, gradient penalty": lambda: plane("wasserstein", penalty="gradient"),
    "GAN, R1": lambda: plane(penalty="r1"),
    "VAE": autoencoder,
    **{method: lambda method=method: pictures(method) for method in adapt_runs.METHODS},
}
DAILY = ("GAN, non-saturating",)


def weights_of(game):
    return [w for p in game.players for n in p.networks for w in n.get_weights()]


@pytest.mark.parametrize(
    "name",
    [name if name in DAILY else pytest.param(name, marks=pytest.mark.long) for name in GAMES],
)
def test_a_game_says_so_and_keeps_its_weights(name, count):
    game, good = GAMES[name]()
    good = good if isinstance(good, tuple) else (good,)
    tried = 0
    for value in BAD:
        for place, part in enumerate(good):
            if part.dtype.kind != "f":
                continue
            tried += 1
            bad = tuple(poison(p, value, 1.0) if i == place else p for i, p in enumerate(good))
            game.feed(bad if len(bad) > 1 else bad[0], batch_size=8)
            try:
                game.advance(3)
                assert name == "source only" and place == 2  # it does not look at the target
            except Diverged as error:
                assert "became infinite or not a number" in str(error)
            assert all(np.isfinite(w).all() for w in weights_of(game))
    for foreign in (None, [], 3, "text", np.zeros((0, *good[0].shape[1:]), np.float32)):
        tried += 1
        with pytest.raises(ValueError, match=r"`data` must be .*Received"):
            game.feed(foreign)
    for strange in (good[0].astype(str), good[0].astype(complex), good[0].astype(object)):
        tried += 1
        with pytest.raises((ValueError, TypeError), match=r"`data` must .*Received"):
            game.feed((strange, *good[1:]) if len(good) > 1 else strange)
    count(tried)


# All else: the argument is named, and nothing is trained


def learner():
    def build(seed):
        return models.build_classifier(models.build_backbone((2, 2), seed=seed), 3)

    one, digits = transfer.Learner(build), make_data(3, 4)
    return digits.x_train, lambda x: one.train(x, digits.y_train, steps=2, seed=0), "x", one.model


def linear():
    x, y = make_data(3, 4).x_train, make_data(3, 4).y_train
    return x, lambda x: transfer.fit_linear(x, y), "features", None


def maps():
    pasted = scenes.make_scenes((make_data(10, 2).x_train, make_data(10, 2).y_train), 2, 0)
    one = segmenter.Segmenter(segment.build_reader((2, 3), 4))
    learn = lambda x: one.train(scenes.Scenes(x, pasted.y), steps=1, rate=0.01)  # noqa: E731
    return pasted.x, learn, "scenes", one.model


def statistics():
    network = adapt_models.build_features((2, 2), channels=1)
    return (
        make_data(10, 8).x_train,
        lambda x: adapt_models.use_statistics(network, x),
        "images",
        network,
    )


def codes():
    generator = gan_models.build_generator(2, (2, 2))
    x = make_data(2, 2).x_train
    return x, lambda x: inversion.invert(generator, x, steps=1, starts=1), "images", generator


def distance():
    x = np.random.default_rng(0).normal(size=(50, 3))
    return x, lambda bad: metrics.frechet_distance(bad, x[::-1] + 9.0, x), "fake", None


def dataset():
    d = make_data(3, 4)
    make = lambda x: data.Dataset(x, d.y_train, d.x_test, d.y_test, d.class_names, "")  # noqa: E731
    return d.x_train, make, "x_train", None


OTHERS = {f.__name__: f for f in (learner, linear, maps, statistics, codes, distance, dataset)}
DAILY_TOO = ("linear", "distance", "dataset", "codes")


@pytest.mark.parametrize(
    "name",
    [name if name in DAILY_TOO else pytest.param(name, marks=pytest.mark.long) for name in OTHERS],
)
def test_a_trainer_names_its_argument(name, count):
    good, learn, argument, network = OTHERS[name]()
    before = [np.array(w) for w in network.get_weights()] if network else []
    bads = [poison(good, value, share) for value in BAD for share in (1.0, 1e-9)]
    for bad in [*bads, good[:0]]:
        with pytest.raises((ValueError, TypeError)) as told:
            learn(bad)
        assert f"`{argument}" in str(told.value) and "Received" in str(told.value), told.value
    after = network.get_weights() if network else []
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    learn(good)
    count(len(bads) + 1)


@pytest.mark.long
def test_a_rate_that_blows_up_is_said(count):
    """Weights that left the numbers are never handed back in silence."""
    pasted = scenes.make_scenes((make_data(10, 2).x_train, make_data(10, 2).y_train), 2, 0)
    one = segmenter.Segmenter(segment.build_reader((2, 3), 4))
    with pytest.raises(FloatingPointError, match="Lower the rate"):
        one.train(pasted, steps=6, rate=1e30)
    count(1)


def test_a_cache_never_holds_numbers_that_are_none(count):
    """A cache is uint8: NaN cannot be written to it, floats are refused."""
    x = np.full((2, 28, 28), np.nan, np.float32)
    y = np.zeros(2, np.uint8)
    with pytest.raises(cache.DamagedCacheError, match="must be uint8"):
        cache.validate({"x_train": x, "y_train": y, "x_test": x, "y_test": y})
    count(1)
