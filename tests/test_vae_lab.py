"""The map lab, the pictures and the exercises of lesson 12."""

import numpy as np
import pytest
import tensorflow as tf

from tgan_lessons import vae_exercises as checks
from tgan_lessons import vae_view
from tgan_lessons.data import Dataset
from tgan_lessons.vae_lab import VaeLab


@pytest.fixture(scope="module")
def lab():
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(3), 20).astype(np.int32)
    x = rng.uniform(-1, 1, (60, 28, 28, 1)).astype(np.float32)
    digits = Dataset(x, y, x[::-1].copy(), y[::-1].copy(), ("a", "b", "c"), "noise")
    return VaeLab(digits, filters=(4, 4))


def weights(lab):
    return [v.numpy() for v in lab.game.player("VAE").variables]


def test_a_tick_trains_and_shows(lab):
    before, frame = weights(lab), lab.image.value
    lab.tick()
    assert any((a != b).any() for a, b in zip(before, weights(lab), strict=True))
    assert lab.image.value != frame and lab.rounds > 0
    assert set(lab.history[0]) >= {"error", "kl_1", "kl_2", "VAE_loss"}


def test_what_it_shows_is_what_the_vae_says(lab):
    lab.panel.set(z1=1.0, z2=-0.7, digit=2)
    np.testing.assert_allclose(lab.map, lab.game.decode(vae_view.map_codes()), atol=1e-4)
    np.testing.assert_allclose(lab.here, lab.game.decode(np.array([[1.0, -0.7]]))[0], atol=1e-4)
    np.testing.assert_allclose(lab.rebuilt, lab.game.reconstruct(lab.x), atol=1e-4)
    parts = lab.game.measure(lab.x)
    assert lab.error == pytest.approx(parts.reconstruction.mean(), rel=1e-4)
    np.testing.assert_allclose(lab.kl, parts.kl.mean(axis=0), rtol=1e-3, atol=1e-4)


def test_beta_and_rate_act_while_it_trains(lab):
    before, game = weights(lab), lab.game
    lab.panel.set(beta=10.0, rate_vae=1e-3)
    assert lab.game is game and float(game.coefficients["beta"]) == pytest.approx(10.0)
    assert float(game.player("VAE").optimizer.learning_rate) == pytest.approx(1e-3)
    assert all((a == b).all() for a, b in zip(before, weights(lab), strict=True))


def test_pointing_at_a_cell_moves_the_ring(lab):
    frame = lab.image.value
    lab.pad.cells[0, 7].click()
    far = vae_view.EXTENT * 7 / 8
    assert (lab.panel["z1"], lab.panel["z2"]) == pytest.approx((far, far))
    assert lab.image.value != frame and lab.pad.cells[0, 7].description == "●"
    lab.panel.set(z1=-vae_view.EXTENT, z2=-vae_view.EXTENT)
    assert lab.pad.cells[7, 0].description == "●"
    with pytest.raises(ValueError, match="`row`"):
        lab.pick(8, 0)


def test_codes_reset_step_and_presets(lab):
    lab.panel.set(shown="codes")
    assert "codes" in lab.describe()
    lab.take_step()
    assert "pixels changed" in lab.message.value
    lab.reset()
    first = weights(lab)
    assert lab.rounds == 0
    lab.tick()
    lab.reset()
    assert all((a == b).all() for a, b in zip(first, weights(lab), strict=True))
    for name in lab.presets:
        lab.load_preset(name)
        assert "Stopped" not in lab.message.value
    assert lab.panel["shown"] == "codes"
    lab.panel.set(seed=1)
    assert any((a != b).any() for a, b in zip(first, weights(lab), strict=True))


# Pictures


def test_the_map_s_codes_and_places_agree():
    codes = vae_view.map_codes(cells=4, extent=2.0)
    assert codes.shape == (16, 2)
    np.testing.assert_allclose(codes[[0, 3, 12]], [[-1.5, 1.5], [1.5, 1.5], [-1.5, -1.5]])
    half = vae_view.PLACES / 2
    assert vae_view.place((0, 0)) == (half, half)
    assert vae_view.place((99, 99)) == (2 * half, 0)


def test_a_sheet_is_row_by_row():
    images = np.arange(4.0).reshape(4, 1, 1, 1) * np.ones((4, 2, 2, 1))
    sheet = vae_view.join_sheet(images)
    assert sheet.shape == (4, 4) and sheet[0, 3] == 1 and sheet[3, 0] == 2
    with pytest.raises(ValueError, match="square"):
        vae_view.join_sheet(images[:3])


def test_marks_stand_where_the_codes_are():
    dark = np.full((vae_view.CELLS**2, 28, 28, 1), -1.0)
    picture = np.asarray(vae_view.draw_map(dark, (0, 0), (np.array([1.4, 0]), np.full(2, 0.1))))
    bright = picture.max(axis=2) > 60
    rows, _ = np.nonzero(bright)
    assert abs(rows.mean() - 200) < 4
    assert bright[200, 300] and not bright[200, 200]  # a cross, and a ring with an empty middle


def test_charts_hold_what_they_are_given():
    seeds = [0.2, 0.3, 0.25]
    ax = vae_view.plot_trade({"one": (seeds, seeds), "two": (seeds, seeds)}, (0.9, 0.8))
    assert len(ax.get_legend().get_texts()) == 3
    ax = vae_view.plot_dimensions({"a": np.array([0.1, 2.0, 1.0])})
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [2, 1, 0.1])
    ax = vae_view.plot_search({"GAN": np.array([3.0, 2.0])}, 1.5)
    assert ax.get_yscale() == "log" and len(ax.lines) == 2
    codes, labels = np.random.default_rng(0).normal(size=(30, 2)), np.arange(30) % 10
    ax = vae_view.plot_codes(codes, labels)
    assert [text.get_text() for text in ax.texts] == list("0123456789")
    np.testing.assert_allclose(ax.texts[3].get_position(), codes[labels == 3].mean(axis=0))
    blends = np.zeros((5, 28, 28, 1))
    figure = vae_view.plot_choice(np.linspace(0, 1, 5), [2, 1.5, 1, 1.5, 2], blends)
    assert [text.get_text() for text in figure.axes[1].texts][1] == "both\n1"
    assert vae_view.plot_map(np.zeros((9, 28, 28, 1))).get_xlim() == (-2.8, 2.8)


# Exercises


def kl(m1, s1, m2, s2):
    return np.log(s2 / s1) + (s1**2 + (m1 - m2) ** 2) / (2 * s2**2) - 0.5


def test_kl():
    assert checks.check_kl(kl).passed
    assert checks.check_kl(lambda *_: ...).verdict == "unfinished"
    for wrong, told in (
        (lambda m1, s1, m2, s2: kl(m2, s2, m1, s1), "second from the first"),
        (lambda m1, s1, m2, s2: kl(m1, s1**0.5, m2, s2**0.5), "standard"),
        (lambda m1, s1, m2, s2: kl(m1, s1, m2, s2) + 0.5, "0 nats"),
    ):
        assert told in checks.check_kl(wrong).message


def test_waiting_times():
    assert checks.check_wait(lambda rate, u: -tf.math.log(u) / rate).passed
    assert checks.check_wait(lambda rate, u: -tf.math.log(1 - u) / rate).passed
    assert checks.check_wait(lambda rate, u: ...).verdict == "unfinished"
    for wrong, told in (
        (lambda rate, u: tf.math.log(u) / rate, "sign"),
        (lambda rate, u: -tf.math.log(u) * rate, "Divide"),
        (lambda rate, u: u / (0.5 * rate), "distribution"),
        (lambda rate, u: tf.constant(-np.log(u) / rate.numpy()), "No gradient"),
        (lambda rate, u: np.log(u)[:3], "One draw"),
    ):
        assert told in checks.check_wait(wrong).message


def edges(images):
    across, up = np.diff(images, axis=2) ** 2, np.diff(images, axis=1) ** 2
    return across.mean(axis=(1, 2, 3)) + up.mean(axis=(1, 2, 3))


def test_edges():
    assert checks.check_edges(edges).passed
    assert checks.check_edges(lambda images: ...).verdict == "unfinished"
    for wrong, told in (
        (lambda x: edges(x).mean(), "One number for each"),
        (lambda x: (np.diff(x, axis=1) ** 2).mean(axis=(1, 2, 3)), "vertical edge"),
        (lambda x: (np.diff(x, axis=2) ** 2).mean(axis=(1, 2, 3)), "horizontal edge"),
        (lambda x: edges(x) / 2, "0.8"),
        (lambda x: 1 + edges(x), "no steps"),
    ):
        assert told in checks.check_edges(wrong).message
