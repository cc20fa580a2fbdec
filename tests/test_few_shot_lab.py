import numpy as np
import pytest
from test_few_shot import Eye, made_up

from tgan_lessons import few_shot_copies, few_shot_gan, few_shot_lab, few_shot_task


@pytest.fixture(scope="module")
def lab():
    task = few_shot_task.pick_letters(made_up(per_class=50), "HEART")
    return few_shot_lab.FewShotLab(few_shot_gan.build_game(), task, Eye)


def weights(lab):
    return {p.name: [v.numpy() for v in p.variables] for p in lab.game.players}


def moved(before, lab):
    after = weights(lab)
    return {
        name
        for name in before
        if any((a != b).any() for a, b in zip(before[name], after[name], strict=True))
    }


def test_a_tick_plays_and_shows_letters_above_what_they_learned_from(lab):
    before, frame = weights(lab), lab.image.value
    lab.tick()
    assert moved(before, lab) == {"discriminator", "generator"} and lab.image.value != frame
    expected = lab.game.paint(lab._noise, lab._asked)
    np.testing.assert_allclose(lab.view, expected, atol=1e-5)
    assert set(lab.history[0]) >= {"distance", "copied", "discriminator_loss"}
    assert "Fréchet distance" in lab.numbers()


def test_only_as_many_images_as_there_are_can_be_chosen(lab):
    assert lab.panel.controls["images"].options == (100, 25)


@pytest.mark.parametrize("images", [25, 100])
def test_the_number_of_images_is_what_it_learns_from(lab, images):
    lab.panel.set(images=images)
    assert len(lab.x) == images and lab.rounds == 0
    assert lab.game._fed()[0].shape[0] == images
    assert len(lab._unseen[0]) == images


def test_frozen_layers_do_not_move_and_are_not_traced_twice(lab):
    lab.panel.set(frozen=1)
    game = lab.game
    first, second = few_shot_gan.find_convolutions(game.discriminator)
    before = first.get_weights()[0], second.get_weights()[0]
    lab.tick()
    assert np.array_equal(before[0], first.get_weights()[0])
    assert not np.array_equal(before[1], second.get_weights()[0])
    lab.panel.set(frozen=0)
    assert lab.game is not game
    lab.panel.set(frozen=1)
    assert lab.game is game and np.array_equal(before[1], second.get_weights()[0])


def test_scratch_starts_elsewhere(lab):
    lab.panel.set(start="digits", frozen=0)
    digits = lab.view.copy()
    np.testing.assert_allclose(digits, lab.source.paint(lab._noise, lab._asked), atol=1e-5)
    lab.panel.set(start="scratch")
    assert not np.allclose(lab.view, digits)
    lab.panel.set(start="digits")
    np.testing.assert_allclose(lab.view, digits, atol=1e-5)


def test_rates_act_while_it_trains(lab):
    before, game = weights(lab), lab.game
    lab.panel.set(rate_d=1e-3)
    assert lab.game is game and moved(before, lab) == set()
    rate = game.player("discriminator").optimizer.learning_rate
    assert float(rate) == pytest.approx(1e-3)


def test_a_button_moves_one_player_alone(lab):
    for name in ("discriminator", "generator"):
        before = weights(lab)
        lab.move_buttons[name].click()
        assert moved(before, lab) == {name}


def test_reset_goes_back_to_the_start(lab):
    lab.reset()
    before, frame = weights(lab), lab.image.value
    lab.tick()
    lab.reset()
    assert moved(before, lab) == set() and lab.image.value == frame and lab.rounds == 0


def test_slow_motion_explains_each_player(lab):
    lab.take_step()
    assert "D moved" in lab.message.value and "No letter has changed" in lab.message.value
    lab.take_step()
    assert "G moved" in lab.message.value and "pixels moved" in lab.message.value


def test_the_share_of_copies_is_that_of_the_images_shown(lab):
    lab.view = lab.x[: len(lab.view)].copy()
    assert lab.copied() == 1.0
    lab.view = lab._unseen[0][:20].copy()
    assert lab.copied() == 0.0
    near = few_shot_copies.find_nearest(lab.view, lab._unseen[0])
    assert near.distance.max() == 0


@pytest.mark.parametrize("name", few_shot_lab.FewShotLab.presets)
def test_presets_load_and_play(lab, name):
    lab.load_preset(name)
    lab.tick()
    assert "Stopped" not in lab.message.value
