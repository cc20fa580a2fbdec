import functools
import io
import time

import keras
import numpy as np
import pytest
from PIL import Image
from scipy import spatial, special

from tgan_lessons import checkpoint, digit_view, gan_models, kept_lab
from tgan_lessons.digit_lab import DigitLab
from tgan_lessons.digit_view import Neighbours
from tgan_lessons.game import Diverged
from tgan_lessons.gan import GAN

RATE = 1e-3


def make_game(classes=None, latent_dim=4, **options):
    game = GAN(
        gan_models.build_generator(latent_dim, (4, 4), classes=classes),
        gan_models.build_discriminator((4, 4), classes=classes),
        **{"simultaneous": True, "rates": (RATE, RATE), **options},
    )
    images = np.random.default_rng(0).uniform(-1, 1, (64, 28, 28, 1)).astype("float32")
    labels = np.arange(64) % 10
    game.feed(images if classes is None else (images, labels), batch_size=8)
    return game


@functools.cache
def traced(number):
    """A game of which nothing needs to be traced again, and its state at the start."""
    game = make_game()
    DigitLab(game)
    return game, checkpoint.snapshot(game)


def fresh(number=0):
    """A game that nobody has played; another number is another game."""
    game, start = traced(number)
    checkpoint.restore(game, start)
    return game


@pytest.fixture(scope="module")
def one():
    return DigitLab(make_game())


@pytest.fixture(scope="module")
def told():
    """A conditional one, in turn."""
    return DigitLab(make_game(classes=10, simultaneous=False))


def put_back(lab):
    lab.frame.playing = False
    lab.play.value = lab.play.min
    lab.panel.reset()
    lab.reset()
    lab.pick(0, 0)
    return lab


@pytest.fixture
def lab(one):
    """The lab as it is when it has just been made."""
    return put_back(one)


@pytest.fixture
def asked(told):
    return put_back(told)


def weights(lab):
    return [w.copy() for player in lab.game.players for w in player.network.get_weights()]


def same(left, right):
    return all(np.array_equal(a, b) for a, b in zip(left, right, strict=True))


def traces(lab, monkeypatch):
    """Counts how often the losses are traced from now on."""
    counted, losses = [], lab.game.losses

    def count(batch):
        counted.append(1)
        return losses(batch)

    monkeypatch.setattr(lab.game, "losses", count)
    return counted


def size(image):
    return Image.open(io.BytesIO(image.value)).size


# Playing


def test_a_tick_trains_and_changes_the_picture(lab):
    before, frame = weights(lab), lab.image.value
    lab.tick()
    assert lab.rounds >= 1 and not same(before, weights(lab))
    assert lab.image.value != frame
    assert size(lab.image) == (400, 400) and size(lab.chart) == (250, 400)


def test_the_picture_is_what_the_generator_makes_of_the_same_noise(lab):
    lab.tick()
    noise = lab.game.sample_noise(64, seed=0)
    expected = lab.game.paint(noise)[..., 0]
    np.testing.assert_allclose(lab.view[:-1], expected, atol=1e-5)
    assert np.array_equal(np.asarray(lab.draw()), np.asarray(lab.draw()))


def test_samples_stand_row_by_row_and_the_picked_one_is_framed(lab):
    images = np.full((64, 28, 28), -1.0)
    images[2 * 8 + 5] = 1.0  # white
    drawn = np.asarray(digit_view.draw_sheet(images, (7, 0)).convert("L"))
    centres = drawn[25::50, 25::50]
    assert centres[2, 5] > 250 and np.sort(centres, axis=None)[-2] < 5
    framed = np.asarray(digit_view.draw_sheet(images, (7, 0)))[351, 2:48]
    assert (framed == (0xD5, 0x5E, 0x00)).all()


def test_a_conditional_game_has_a_column_for_each_class(asked):
    asked.tick()
    noise = asked.game.sample_noise(80, seed=0)
    expected = asked.game.paint(noise, np.tile(np.arange(10), 8))[..., 0]
    np.testing.assert_allclose(asked.view[:-1], expected, atol=1e-5)
    assert size(asked.image) == (400, 320 + digit_view.HEAD)


def test_a_burst_keeps_its_time(lab):
    lab.burst(0.0)
    assert lab.rounds == 1
    spans = []
    for _ in range(5):  # how many rounds fit is guessed from one: a hiccup there makes one short
        start = time.perf_counter()
        lab.burst(0.1)
        spans.append(time.perf_counter() - start)
    assert max(spans) >= 0.05 and lab.rounds >= 6  # a slow machine plays a round in each


def test_a_game_that_diverges_stops_the_clock_and_says_why(lab):
    game, data = lab.game, lab.game._data
    game.feed(np.full((8, 28, 28, 1), np.nan, "float32"), batch_size=8)
    try:
        with pytest.raises(Diverged):
            lab.tick()
        lab.play.value += 1  # as the clock does
        assert "last good state" in lab.message.value
        assert all(np.isfinite(w).all() for w in weights(lab))
    finally:
        game._data = data


def test_reset_gives_the_first_weights_and_the_first_picture_again(lab):
    start, frame, round_number = weights(lab), lab.image.value, lab.rounds
    for loss in ("non-saturating", "hinge"):
        lab.panel.set(rate_d=1e-4, loss=loss)
        lab.tick()
        lab.reset()
        assert same(start, weights(lab)) and lab.image.value == frame
        assert lab.rounds == round_number == 0 and not len(lab.history)
        assert float(lab.game.players[0].optimizer.learning_rate) == pytest.approx(1e-4)


def test_a_game_that_was_played_before_is_reset_to_where_it_was_given():
    game = fresh()
    game.advance(3)
    given = [p.network.get_weights() for p in game.players]
    lab = DigitLab(game)
    lab.tick()
    lab.reset()
    assert lab.rounds == 3
    assert all(same(a, p.network.get_weights()) for a, p in zip(given, game.players, strict=True))


# Controls


def test_controls_begin_with_the_settings_of_the_game():
    options = {"rates": (3e-3, 2e-4), "moves": (3, 2), "smoothing": 0.1, "loss": "minimax"}
    lab = DigitLab(make_game(simultaneous=False, **options))
    values = lab.panel.values
    assert (values["rate_d"], values["rate_g"]) == pytest.approx((3e-3, 2e-4))
    assert (values["moves_d"], values["moves_g"], values["loss"]) == (3, 2, "minimax")
    assert values["smoothing"] == pytest.approx(0.1) and values["turns"] == "alternating"
    lab.tick()
    assert int(lab.game._moves["discriminator"]) == 3


@pytest.mark.parametrize(("sign", "index"), [("d", 0), ("g", 1)])
def test_a_tenth_of_the_rate_moves_that_player_a_tenth(lab, sign, index):
    steps = {}
    for rate in (1e-2, 1e-3):
        lab.reset()
        lab.panel.set(**{f"rate_{sign}": rate})
        network = lab.game.players[index].network
        before = network.trainable_weights[0].numpy()
        lab.game.advance(1)
        steps[rate] = np.abs(network.trainable_weights[0].numpy() - before).mean()
    assert steps[1e-3] == pytest.approx(steps[1e-2] / 10, rel=0.05)


def test_moves_in_a_round_are_for_alternating_players(lab, asked):
    assert lab.panel.widgets["moves_d"].disabled
    assert not asked.panel.widgets["moves_d"].disabled
    asked.panel.set(moves_d=3)
    before = [int(p.optimizer.iterations) for p in asked.game.players]
    asked.game.advance(2)
    now = [int(p.optimizer.iterations) for p in asked.game.players]
    assert np.subtract(now, before).tolist() == [6, 2]


def test_players_can_be_made_to_alternate_and_back(asked):
    asked.panel.set(moves_d=3)
    asked.panel.set(turns="simultaneous")
    assert asked.game.simultaneous
    before = int(asked.game.players[0].optimizer.iterations)
    asked.game.advance(2)
    assert int(asked.game.players[0].optimizer.iterations) == before + 2
    asked.panel.set(turns="alternating")
    asked.game.advance(1)
    assert int(asked.game.players[0].optimizer.iterations) == before + 5


def test_another_loss_keeps_the_networks_and_changes_what_is_minimised(lab):
    lab.tick()
    before, rounds = weights(lab), lab.rounds
    lab.panel.set(loss="least squares")
    assert same(before, weights(lab)) and lab.rounds == rounds
    batch = lab.game._data[:8]
    with keras.StatelessScope():
        noise = lab.game.noise(8)
    with keras.StatelessScope():  # draws the same noise
        losses = lab.game.losses(batch)
        fake = lab.game.discriminator(lab.game.generator(noise, training=True))
        real = lab.game.discriminator(batch)
    real, fake = np.asarray(real, float), np.asarray(fake, float)
    by_hand = (np.mean((real - 1) ** 2) + np.mean(fake**2)) / 2
    assert float(losses["discriminator"]) == pytest.approx(by_hand, rel=1e-4)
    assert float(losses["generator"]) == pytest.approx(np.mean((fake - 1) ** 2) / 2, rel=1e-4)
    lab.game.advance(1)
    assert not same(before, weights(lab))


def test_smoothing_acts_and_is_grey_where_the_loss_has_no_targets(lab):
    lab.panel.set(smoothing=0.2)
    assert float(lab.game.coefficients["smoothing"]) == pytest.approx(0.2)
    lab.panel.set(loss="hinge")
    assert lab.panel.widgets["smoothing"].disabled
    lab.tick()
    lab.panel.set(loss="minimax")
    assert float(lab.game.coefficients["smoothing"]) == pytest.approx(0.2)


def test_nothing_but_new_rules_is_traced_anew(lab, asked, monkeypatch):
    for one in (lab, asked):
        counted = traces(one, monkeypatch)
        one.panel.set(rate_d=2e-3, rate_g=5e-3, smoothing=0.3, per_click=5, z1=1.0)
        if one is asked:
            one.panel.set(moves_d=2, moves_g=4, digit=3)
        one.pick(1, 1)
        one.tick()
        one.reset()
        for button in one.move_buttons.values():
            button.click()
        assert counted == []


# Looking closely


def test_the_nearest_real_image_is_that_of_brute_force():
    rng = np.random.default_rng(1)
    real = rng.uniform(-1, 1, (300, 28, 28, 1)).astype(np.float32)
    neighbours = Neighbours(real)
    far = spatial.distance.cdist(real.reshape(300, -1), real.reshape(300, -1))
    for fake in rng.uniform(-1, 1, (5, 28, 28)).astype(np.float32):
        distances = np.sqrt(((real[..., 0] - fake) ** 2).sum((1, 2), dtype=float))
        found = neighbours.find(fake)
        assert np.array_equal(found.image, real[distances.argmin(), ..., 0])
        assert found.distance == pytest.approx(distances.min(), rel=1e-5)
    nearest = np.sort(far, axis=1)[:, 1]  # the first is the image itself
    assert nearest.min() <= neighbours.usual <= nearest.max()
    assert Neighbours(real[:150]).usual == pytest.approx(
        np.median(np.sort(far[:150, :150], axis=1)[:, 1]), rel=1e-5
    )


def test_a_copy_of_a_real_image_is_found_out(lab):
    image = np.asarray(lab.game._data)[17, ..., 0]
    found = lab.neighbours.find(image)
    assert np.array_equal(found.image, image) and found.distance == 0


def test_images_to_look_in_can_be_given():
    real = np.full((3, 28, 28, 1), 1.0, np.float32)
    lab = DigitLab(fresh(), real=real)
    assert (lab.neighbour().image == 1).all() and lab.neighbours.usual == 0


@pytest.mark.parametrize("kind", ["lab", "asked"])
def test_the_latent_sliders_set_the_first_two_numbers_of_the_noise(kind, request):
    lab = request.getfixturevalue(kind)
    lab.tick()
    noise = lab.game.sample_noise(1, seed=1)
    noise[0, :2] = 1.5, -2.0
    labels = ()
    if kind == "asked":
        lab.panel.set(digit=7)
        labels = (np.array([7]),)
    chart = lab.chart.value
    lab.panel.set(z1=1.5, z2=-2.0)
    np.testing.assert_allclose(lab.view[-1], lab.game.paint(noise, *labels)[0, ..., 0], atol=1e-5)
    assert lab.chart.value != chart


def test_a_single_latent_number_has_a_single_slider():
    lab = DigitLab(make_game(latent_dim=1, latent="uniform"))
    assert "z1" in lab.panel.values and "z2" not in lab.panel.values
    assert lab.panel.controls["z1"].limits == (-1, 1)


def test_a_button_picks_the_sample_that_stands_there(lab, asked):
    for one, columns in ((lab, 8), (asked, 10)):
        assert len(one.pad.cells) == 8 * columns
        button = one.pad.cells[2, 5]
        assert button.tooltip == "row 3, column 6" and "tgan-pick" in button._dom_classes
        chart, picture = one.chart.value, one.image.value
        button.click()
        assert np.array_equal(one._sample(), one.view[2 * columns + 5])
        assert one.chart.value != chart and one.image.value != picture
        marked = [place for place, cell in one.pad.cells.items() if cell.description == "●"]
        assert all(cell.description for cell in one.pad.cells.values())  # "" would leave the dot
        assert marked == [(2, 5)] and button.button_style == "primary"
        assert "row 3, column 6" in one.describe() and "Stopped" not in one.message.value


def test_a_sample_that_is_not_there_cannot_be_picked(lab):
    with pytest.raises(ValueError, match="`row` must be from 0 to 7"):
        lab.pick(8, 0)
    assert lab.picked == (0, 0)


# What a move did


def test_a_move_is_explained_by_what_changed(lab):
    lab.take_step()
    assert "<b>D moved.</b>" in lab.message.value and "No fake has changed" in lab.message.value
    before = lab.view.copy()
    lab.take_step()
    moved = np.abs(lab.view[:-1] - before[:-1]).mean() / 2
    assert "<b>G moved.</b>" in lab.message.value and f"changed by {moved:.1%}" in lab.message.value


def test_the_opinion_is_d_s_own(lab, asked):
    images, opinion = lab.look()
    scores = lab.game.discriminator(images[..., np.newaxis], training=False).numpy()
    assert opinion == pytest.approx(special.expit(scores).mean(), rel=1e-5)
    lab.panel.set(loss="wasserstein")
    assert lab.look()[1] == pytest.approx(scores.mean(), rel=1e-4)
    images, opinion = asked.look()
    labels = np.tile(np.arange(10), 8)
    scores = asked.game.discriminator([images[..., np.newaxis], labels], training=False).numpy()
    assert opinion == pytest.approx(special.expit(scores).mean(), rel=1e-5)


# Pause and resume


def played(path, rounds, **settings):
    """A lab that has played so many rounds and then paused."""
    lab = DigitLab(fresh(), path=path)
    lab.panel.set(**settings)
    lab.frame.playing = True
    lab._note(lab.game.advance(rounds))
    lab.frame.playing = False
    return lab


def test_a_fresh_lab_goes_on_exactly(tmp_path):
    path = tmp_path / "digits.npz"
    settings = {"loss": "hinge", "rate_d": 3e-3, "turns": "alternating", "moves_d": 2, "z1": 1.0}
    lab = played(path, 3, **settings)
    assert "Saved in" in lab.message.value and path.exists()
    lab.pick(3, 4)
    again = DigitLab(fresh(1), path=path)
    assert "Going on from round 3" in again.message.value
    assert again.rounds == 3 and len(again.history) == 1
    assert {name: again.panel[name] for name in settings} == settings
    for one in (lab, again):
        one.game.advance(4)
    assert same(weights(lab), weights(again))


def test_a_reset_after_resuming_goes_back_to_the_game_as_it_was_given(tmp_path):
    path = tmp_path / "digits.npz"
    played(path, 3)
    lab, new = DigitLab(fresh(), path=path), DigitLab(fresh(1))
    assert not same(weights(lab), weights(new))
    lab.reset()
    assert same(weights(lab), weights(new)) and lab.rounds == 0 and path.exists()


def test_a_checkpoint_of_a_game_alone_can_be_gone_on_from(tmp_path):
    game = fresh()
    game.set_rate("generator", 4e-3)
    game.advance(5)
    checkpoint.save(game, tmp_path / "game.npz")
    lab = DigitLab(fresh(), path=tmp_path / "game.npz")
    assert lab.rounds == 5 and lab.panel["rate_g"] == pytest.approx(4e-3)
    assert checkpoint.resume(fresh(1), tmp_path / "game.npz") == 5


def test_a_longer_run_is_never_written_over(tmp_path):
    path = tmp_path / "digits.npz"
    lab = played(path, 6)
    kept = path.read_bytes()
    lab.reset()
    lab.frame.playing = True
    lab._note(lab.game.advance(2))
    lab.frame.playing = False
    assert path.read_bytes() == kept
    assert kept_lab._rounds_in(tmp_path / "digits 2.npz") == 2
    lab._note(lab.game.advance(7))  # longer than the first now, and still another run
    lab.take_step()
    assert path.read_bytes() == kept
    assert kept_lab._rounds_in(tmp_path / "digits 2.npz") == 9
    assert DigitLab(fresh(), path=path).rounds == 9


def test_reset_saves_what_was_played_before(tmp_path):
    lab = DigitLab(fresh(), path=tmp_path / "digits.npz")
    lab.reset()
    assert not list(tmp_path.iterdir())  # nothing was played
    lab._note(lab.game.advance(4))
    lab.reset()
    assert kept_lab._rounds_in(tmp_path / "digits.npz") == 4


def test_a_long_play_is_saved_on_the_way(tmp_path, monkeypatch):
    lab = DigitLab(fresh(), path=tmp_path / "digits.npz")
    lab.tick()
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(kept_lab, "SAVE_EVERY", 0.0)
    lab.tick()
    assert kept_lab._rounds_in(tmp_path / "digits.npz") == lab.rounds


def test_a_damaged_file_is_told_and_kept(tmp_path):
    path = tmp_path / "digits.npz"
    path.write_bytes(b"not an archive")
    with pytest.raises(checkpoint.CheckpointError, match="no whole checkpoint"):
        DigitLab(fresh(), path=path)
    other = make_game(latent_dim=3)
    checkpoint.save(other, path)
    with pytest.raises(checkpoint.CheckpointError, match="does not fit"):
        DigitLab(fresh(), path=path)


def test_a_disk_that_is_full_stops_nobody(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    lab = DigitLab(fresh(), path=tmp_path / "digits.npz")
    monkeypatch.setattr(checkpoint, "write_arrays", full)
    lab._note(lab.game.advance(1))
    lab.pause()
    assert "Not saved" in lab.message.value and "No space left" in lab.message.value
    lab.tick()
    assert lab.rounds > 1


def test_runs_are_saved_and_reloaded_with_settings(lab, tmp_path):
    lab.shelf.folder = tmp_path
    lab.panel.set(loss="hinge", rate_g=5e-3)
    lab.pick(2, 2)
    lab.tick()
    lab.shelf.save("one")
    before, rounds = weights(lab), lab.rounds
    lab.panel.set(loss="minimax")
    lab.reset()
    lab.shelf.load("one")
    assert same(before, weights(lab)) and lab.rounds == rounds and lab.picked == (2, 2)
    assert lab.panel["loss"] == "hinge" and lab.game.kind.name == "hinge"


# What it refuses


def test_presets_set_controls_that_there_are(lab):
    for name in lab.presets:
        lab.load_preset(name)
        assert name in lab.message.value and lab.rounds == 0
        settings = lab.presets[name].settings
        assert {key: lab.panel[key] for key in settings} == settings


def test_it_refuses_what_it_cannot_show():
    with pytest.raises(ValueError, match="`game` must be a GAN"):
        DigitLab("game")
    plane = GAN(gan_models.build_mlp_generator(), gan_models.build_mlp_discriminator())
    with pytest.raises(ValueError, match=r"`game` must draw images of \(28, 28, 1\)"):
        DigitLab(plane)
    game = fresh()
    with pytest.raises(ValueError, match="`real` must be at least two images"):
        DigitLab(game, real=np.zeros((5, 28, 28)))
    game.set_rate("discriminator", 0.5)
    with pytest.raises(ValueError, match="`rate_d` must be a number from"):
        DigitLab(game)
