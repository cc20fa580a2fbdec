import io
import time

import keras
import numpy as np
import pytest
from PIL import Image
from scipy import special

from tgan_lessons import gan_lab, labs, planes, spiral_lab
from tgan_lessons.game import Diverged


@pytest.fixture(scope="module")
def one():
    return gan_lab.GanLab(seed=1)


@pytest.fixture
def lab(one):
    """The lab as it is when it has just been made."""
    for slider in one.rates.values():
        slider.value = 1e-3
    one.moves.value = 5
    one.play.value = one.play.min
    one.reset()
    return one


def weights(lab):
    gan = lab.gan
    return {
        "discriminator": gan.discriminator.get_weights(),
        "generator": gan.generator.get_weights(),
    }


def same(left, right):
    return all(np.array_equal(a, b) for a, b in zip(left, right, strict=True))


def moved(lab, before):
    return {name for name, now in weights(lab).items() if not same(now, before[name])}


# The scene


def scores_of(lab, points):
    return lab.gan.discriminator(np.float32(points), training=False).numpy()


def test_the_landscape_is_what_d_says(lab):
    lab.tick()
    look = lab.scene.look()
    points = planes.grid_points(look.extent, lab.scene.cells)
    expected = special.expit(scores_of(lab, points)).reshape(look.landscape.shape)
    np.testing.assert_allclose(look.landscape, expected, atol=1e-5)


def test_a_push_lowers_g_s_loss_of_that_fake(lab):
    lab.tick()
    look = lab.scene.look()
    step = 1e-2

    def losses(points):  # -log D, of each fake by itself
        return np.logaddexp(0, -scores_of(lab, points)[:, 0].astype(float))

    for axis in (0, 1):
        shift = step * np.eye(2)[axis]
        slopes = (losses(look.fakes + shift) - losses(look.fakes - shift)) / (2 * step)
        bent = np.abs(slopes + look.pushes[:, axis]) > 0.05  # a step across a bend of D
        assert bent.mean() < 0.1
    assert np.linalg.norm(look.pushes, axis=1).max() > 0.01


def test_a_scene_always_looks_at_the_same_noise(lab):
    first, second = lab.scene.look(), lab.scene.look()
    assert np.array_equal(first.fakes, second.fakes)
    state = lab.gan.seeds.state.numpy()
    lab.scene.look()
    assert np.array_equal(lab.gan.seeds.state.numpy(), state)  # looking changes nothing


def test_scenes_refuse_no_extent(lab):
    with pytest.raises(ValueError, match="`extent`"):
        gan_lab.Scene(lab.gan, extent=0.0)


def test_share_along():
    pushes = np.array([[1, 0], [1, 0], [0, 1], [0, 1]])
    steps = np.array([[2, 5], [-1, 0], [0, 0.1], [1, -1]])
    assert gan_lab.share_along(pushes, steps) == 0.5


# The lab


def test_a_tick_plays_rounds_and_changes_the_picture(lab):
    before, frame = weights(lab), lab.image.value
    lab.tick()
    assert moved(lab, before) == {"discriminator", "generator"}
    assert lab.image.value != frame
    assert lab.rounds > 0 and lab.rounds % gan_lab.CHUNK == 0


@pytest.mark.parametrize("name", ["discriminator", "generator"])
def test_a_button_moves_one_side_alone(lab, name):
    before, frame = weights(lab), lab.image.value
    lab.move_buttons[name].click()
    assert moved(lab, before) == {name}
    assert lab.image.value != frame
    assert lab.rounds == 0
    assert "Stopped" not in lab.status.value


def test_moves_per_click(lab):
    def adam_steps():
        return int(lab.gan.player("generator").optimizer.iterations)

    for moves in gan_lab.MOVES:
        before = adam_steps()
        lab.moves.value = moves
        lab.move_buttons["generator"].click()
        assert adam_steps() - before == moves


def test_reset_gives_the_first_weights_and_the_first_picture_again(lab):
    before, frame = weights(lab), lab.image.value
    variables = {v.path: v.numpy() for p in lab.gan.players for v in p.optimizer.variables}
    for _ in range(2):
        lab.tick()
        lab.move_buttons["generator"].click()
        lab.reset_button.click()
        assert moved(lab, before) == set()
        assert lab.image.value == frame
        assert lab.rounds == 0 and lab.losses == {"discriminator": [], "generator": []}
        for player in lab.gan.players:
            for variable in player.optimizer.variables:
                assert np.array_equal(variable.numpy(), variables[variable.path])


def test_the_same_moves_after_a_reset_lead_to_the_same_place(lab):
    ends = []
    for _ in range(2):
        lab.reset()
        lab.gan.advance(30)
        ends.append(lab.gan.generator.get_weights())
    assert same(*ends)


def test_rates_act_at_once_and_survive_a_reset(lab):
    for name, slider in lab.rates.items():
        slider.value = 1e-4 if name == "generator" else 1e-2
    lab.reset()
    for name, rate in (("generator", 1e-4), ("discriminator", 1e-2)):
        assert float(lab.gan.player(name).optimizer.learning_rate) == pytest.approx(rate)


def test_a_tenth_of_the_rate_moves_less(lab):
    steps = {}
    for rate in (1e-2, 1e-3):
        lab.reset()
        lab.rates["generator"].value = rate
        before = lab.gan.generator.get_weights()
        lab.gan.move("generator", 1)
        now = lab.gan.generator.get_weights()
        steps[rate] = np.abs(now[0] - before[0]).mean()
    assert steps[1e-3] == pytest.approx(steps[1e-2] / 10, rel=0.02)


def test_nothing_is_traced_after_the_lab_was_made(lab, monkeypatch):
    traces = []
    losses = lab.gan.losses

    def counted(batch):
        traces.append(1)
        return losses(batch)

    monkeypatch.setattr(lab.gan, "losses", counted)
    lab.tick()
    for name in lab.rates:
        lab.rates[name].value = 2e-3
        lab.move_buttons[name].click()
    lab.reset()
    lab.tick()
    assert traces == []


def test_the_status_line_says_where_we_are(lab):
    assert lab.status.value.startswith("round 0; modes served of 8")
    lab.tick()
    assert f"round {lab.rounds:,}, discriminator's loss " in lab.status.value
    assert "generator's loss" in lab.status.value and "perfect generator 8" in lab.status.value
    lab.reset()
    lab.move_buttons["generator"].click()
    assert "generator's loss" in lab.status.value and "discriminator" not in lab.status.value
    assert lab.status.value in lab.describe()


def test_losses_on_the_page_are_those_of_the_game(lab):
    for _ in range(3):
        lab.tick()
    assert [len(values) for values in lab.losses.values()] == [3, 3]
    assert all(0 < value < 5 for values in lab.losses.values() for value in values)
    lab.move_buttons["generator"].click()
    still = lab.losses["discriminator"]
    assert still[3] == still[2]


def test_a_burst_lasts_about_as_long_as_it_should(lab):
    lab.burst(0.0)
    assert lab.rounds == gan_lab.CHUNK
    start = time.perf_counter()
    lab.burst(0.05)
    assert 0.05 <= time.perf_counter() - start < 2.0


def test_what_diverges_is_told_on_the_page_and_stops_the_clock(lab):
    good = lab.gan.generator.get_weights()
    lab.gan.generator.set_weights([np.full_like(w, np.nan) for w in good])
    with pytest.raises(Diverged):
        lab.tick()
    lab.play.value += 1
    assert "Stopped" in lab.status.value and "Diverged" in lab.status.value
    lab.reset_button.click()
    lab.tick()
    assert "Stopped" not in lab.status.value
    assert all(np.isfinite(w).all() for w in lab.gan.generator.get_weights())


@pytest.mark.parametrize("kind", ["gan", "spiral"])
def test_frames_are_pictures_of_the_size_promised(lab, kind):
    shown = lab if kind == "gan" else spiral_lab.SpiralLab()
    shown.tick()
    with Image.open(io.BytesIO(shown.image.value)) as frame:
        assert frame.size == labs.SIZE
        assert len(frame.convert("RGB").getcolors(1_000_000)) > 2


def test_a_distribution_without_modes_has_no_count():
    lab = gan_lab.GanLab("spiral")
    lab.tick()
    assert "modes" not in lab.status.value
    with pytest.raises(ValueError, match="`name` must be one of"):
        gan_lab.GanLab("circle")


# The game x · y


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


def test_the_spiral_lab():
    lab = spiral_lab.SpiralLab()
    frame = lab.image.value
    for _ in range(30):
        lab.tick()
    assert lab.rounds == 30 and lab.image.value != frame
    grown = np.linalg.norm(lab.paths()["simultaneous"][-1])
    lab.eta.value = 0.5
    assert lab.rounds == 30  # the slider bends the paths that are there
    assert np.linalg.norm(lab.paths()["simultaneous"][-1]) > grown
    assert "after 30 rounds at step size 0.50" in lab.describe()
    lab.reset_button.click()
    assert lab.rounds == 0
    assert {len(path) for path in lab.paths().values()} == {1}
