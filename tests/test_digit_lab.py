import io

import numpy as np
import pytest
from PIL import Image

from tgan_lessons import gan_models
from tgan_lessons.digit_lab import DigitLab
from tgan_lessons.game import Diverged
from tgan_lessons.gan import GAN


def make_game(classes=None):
    game = GAN(
        gan_models.build_generator(4, (4, 4), classes=classes),
        gan_models.build_discriminator((4, 4), classes=classes),
        simultaneous=True,
    )
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (64, 28, 28, 1)).astype("float32")
    labels = np.arange(64) % 10
    game.feed(images if classes is None else (images, labels), batch_size=8)
    return game


@pytest.fixture(scope="module")
def lab():
    return DigitLab(make_game())


@pytest.fixture(autouse=True)
def anew(lab):
    for name, slider in lab.rates.items():
        slider.value = 1e-3
        assert name in ("discriminator", "generator")
    lab.reset()


def weights(lab):
    return [v.numpy().copy() for v in lab.game.generator.weights]


def test_a_tick_trains_and_changes_the_picture(lab):
    before, frame = weights(lab), lab.image.value
    lab.tick()
    assert int(lab.game.rounds) >= 1
    assert any(np.any(a != b) for a, b in zip(before, weights(lab), strict=True))
    assert lab.image.value != frame
    assert Image.open(io.BytesIO(lab.image.value)).size == (600, 360)


def test_the_same_noise_is_painted_again(lab):
    first = np.asarray(lab.draw())
    assert np.array_equal(first, np.asarray(lab.draw()))


def test_a_slider_changes_one_players_rate(lab):
    lab.rates["generator"].value = 1e-5
    rates = [float(player.optimizer.learning_rate) for player in lab.game.players]
    assert rates == pytest.approx([1e-3, 1e-5])


def test_reset_goes_back_to_the_start_and_keeps_the_sliders(lab):
    start = weights(lab)
    lab.rates["discriminator"].value = 1e-4
    lab.tick()
    lab.reset()
    assert all(np.array_equal(a, b) for a, b in zip(start, weights(lab), strict=True))
    assert int(lab.game.rounds) == 0
    assert float(lab.game.players[0].optimizer.learning_rate) == pytest.approx(1e-4)


def test_a_burst_keeps_its_time(lab):
    lab.tick()
    start = int(lab.game.rounds)
    lab.burst(0.2)
    assert int(lab.game.rounds) > start + 1, "several rounds fit into a burst of 200 ms"


def test_a_game_that_diverges_stops_the_clock_and_says_why(lab):
    game = lab.game
    data = game._data
    game.feed(np.full((8, 28, 28, 1), np.nan, "float32"), batch_size=8)
    try:
        with pytest.raises(Diverged):
            lab.tick()
        lab.play.value += 1  # as the clock does
        assert "last good state" in lab.status.value
        assert all(np.isfinite(w).all() for w in weights(lab))
    finally:
        game.feed(data, batch_size=8)


def test_a_conditional_game_is_asked_for_each_digit():
    lab = DigitLab(make_game(classes=10))
    lab.tick()
    assert "round" in lab.describe()
