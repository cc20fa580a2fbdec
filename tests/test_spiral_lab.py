"""The game x · y: what theory says about each way of playing it, and lesson 04's lab."""

import io

import keras
import numpy as np
import pytest
from PIL import Image

from tgan_lessons import spiral_lab


@pytest.mark.parametrize("eta", [0.05, 0.2, 0.7])
def test_simultaneous_play_grows_by_exactly_this_factor(eta):
    far = np.linalg.norm(spiral_lab.play_xy(spiral_lab.simultaneous, eta=eta, rounds=50), axis=1)
    np.testing.assert_allclose(far[1:] / far[:-1], np.sqrt(1 + eta**2), rtol=1e-12)


@pytest.mark.parametrize("eta", [0.05, 0.2, 0.7])
def test_alternating_play_stays_on_its_ellipse(eta):
    x, y = spiral_lab.play_xy(spiral_lab.alternating, eta=eta, rounds=5000, start=(1.0, 0.5)).T
    np.testing.assert_allclose(x**2 + y**2 - eta * x * y, 1.25 - eta * 0.5, rtol=1e-9)
    assert np.hypot(x.mean(), y.mean()) < 0.02


@pytest.mark.parametrize("eta", [0.05, 0.2, 0.7])
def test_extragradient_shrinks(eta):
    far = np.linalg.norm(spiral_lab.play_xy(spiral_lab.extragradient, eta=eta, rounds=50), axis=1)
    np.testing.assert_allclose(far[1:] / far[:-1], np.sqrt(1 - eta**2 + eta**4), rtol=1e-12)


def test_the_engine_s_game_of_xy_grows_by_the_same_factor():
    """The numbers of the lesson are those of the course's own engine, at plain gradient descent."""
    from tgan_lessons.game import Game
    from tgan_lessons.players import Player

    def number(value):
        net = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
        net.set_weights([np.array([[value]])])
        return net

    class Product(Game):
        def losses(self, batch):
            x, y = (player.network(batch[:1], training=True)[0, 0] for player in self.players)
            return {"x": x * y, "y": -x * y}

    for simultaneous, play in ((True, spiral_lab.simultaneous), (False, spiral_lab.alternating)):
        pair = [Player(n, number(v), keras.optimizers.SGD(0.2)) for n, v in (("x", 1), ("y", 0.5))]
        game = Product(pair, simultaneous=simultaneous)
        game.feed(np.ones((1, 1), np.float32))
        game.advance(20)
        place = [float(player.network.get_weights()[0][0, 0]) for player in pair]
        path = spiral_lab.play_xy(play, eta=0.2, rounds=20, start=(1.0, 0.5))
        np.testing.assert_allclose(place, path[-1], rtol=1e-4)


def test_the_lab():
    lab = spiral_lab.SpiralLab()
    frame = lab.image.value
    for _ in range(30):
        lab.tick()
    assert lab.rounds == 30 and lab.image.value != frame
    grown = np.linalg.norm(lab.paths()["simultaneous"][-1])
    lab.eta.value = 0.5
    assert lab.rounds == 30  # the slider bends the paths that are there
    assert lab.distances()["simultaneous"] > grown
    assert "after 30 rounds at step size 0.50" in lab.describe()
    lab.reset_button.click()
    assert lab.rounds == 0
    assert {len(path) for path in lab.paths().values()} == {1}
    lab.eta.value = 0.2
    assert lab.image.value == frame


def test_a_reset_draws_once(monkeypatch):
    lab = spiral_lab.SpiralLab()
    drawn, draw = [], lab.draw
    monkeypatch.setattr(lab, "draw", lambda: drawn.append(1) or draw())
    lab.reset()
    assert drawn == [1]


def test_one_round_is_explained():
    lab = spiral_lab.SpiralLab()
    lab.take_step()
    assert lab.rounds == 1
    assert f"simultaneous 1.000 → {np.sqrt(1.04):.3f}" in lab.message.value


def test_the_picture_has_the_size_promised():
    lab = spiral_lab.SpiralLab()
    lab.tick()
    with Image.open(io.BytesIO(lab.image.value)) as frame:
        assert frame.size == spiral_lab.SIZE
        assert len(frame.getcolors(1_000_000)) > 2
