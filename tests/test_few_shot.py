import numpy as np
import pytest
import tensorflow as tf
from scipy.spatial.distance import cdist

from tgan_lessons import (
    checkpoint,
    few_shot_copies,
    few_shot_gan,
    few_shot_task,
    few_shot_view,
    gan_models,
)
from tgan_lessons.data import Dataset
from tgan_lessons.gan import GAN

NAMES = tuple("AEHRTX")


def made_up(seed=0, per_class=8):
    rng = np.random.default_rng(seed)
    y = np.tile(np.arange(len(NAMES), dtype=np.int32), per_class)
    x = rng.uniform(-1, 1, (len(y), 28, 28, 1)).astype(np.float32)
    test = rng.uniform(-1, 1, x.shape).astype(np.float32)
    return Dataset(x, y, test, y.copy(), NAMES, "made up")


@pytest.fixture(scope="module")
def source():
    game = few_shot_gan.build_game()
    game.discriminator.set_weights(
        [w + 0.001 for w in game.discriminator.get_weights()]  # as if it had learned
    )
    return game


@pytest.fixture(scope="module")
def task():
    return few_shot_task.pick_letters(made_up(), "HEART")


class Eye:
    """Features that need no network: mean brightness of four stripes."""

    @staticmethod
    def features(images):
        return images.reshape(len(images), 4, -1).mean(axis=-1)


# The letters


def test_letters_are_numbered_as_in_the_word_and_no_image_serves_twice(task):
    letters = made_up()
    for number, name in enumerate("HEART"):
        wanted = letters.x_train[letters.y_train == NAMES.index(name)]
        assert np.array_equal(task.x[task.y == number], wanted[:4])
        assert np.array_equal(task.reference[task.reference_y == number], wanted[4:])
    assert np.array_equal(np.bincount(task.real_y), [8] * 5)


def test_a_draw_has_equally_many_of_each(task):
    x, y = task.draw(10, seed=1)
    assert x.shape == (10, 28, 28, 1) and np.array_equal(np.bincount(y), [2] * 5)
    assert not np.array_equal(x, task.draw(10, seed=2)[0])
    with pytest.raises(ValueError, match="multiple of 5"):
        task.draw(12, seed=0)


@pytest.mark.parametrize("word", ["H", "HH", "HZ", ""])
def test_other_words_are_refused(word):
    with pytest.raises(ValueError, match="`word` must be"):
        few_shot_task.pick_letters(made_up(), word)


# The game


def kernels(game):
    return [x.get_weights() for x in few_shot_gan.find_convolutions(game.discriminator)]


@pytest.mark.parametrize(("frozen", "shift"), [(1, 0), (1, 2)])
def test_what_is_frozen_never_moves_and_all_else_does(frozen, shift, task):
    game = few_shot_gan.build_game(frozen=frozen, shift=shift)
    game.feed((task.x, task.y), batch_size=4)
    before, generator = kernels(game), game.generator.get_weights()
    game.advance(2)
    for number, (old, new) in enumerate(zip(before, kernels(game), strict=True)):
        same = all(np.array_equal(a, b) for a, b in zip(old, new, strict=True))
        assert same == (number < frozen)
    assert not np.array_equal(generator[0], game.generator.get_weights()[0])
    assert all(layer.trainable for layer in game.discriminator.layers)


def test_frozen_layers_still_pass_the_gradient_to_the_generator(task):
    games = [few_shot_gan.build_game(frozen=frozen) for frozen in (0, 2)]
    moved = []
    for game in games:
        game.feed((task.x, task.y), batch_size=4)
        game.move("generator", 1)
        moved.append(game.generator.get_weights())
    for one, other in zip(*moved, strict=True):  # D did not move: the same gradient
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize("shift", [0, 2])
def test_every_weight_of_the_discriminator_is_either_trained_or_frozen(shift):
    discriminator = gan_models.build_discriminator((3, 4), classes=10)
    if shift:
        discriminator = few_shot_gan.put_shift_before(discriminator, shift)
    for frozen in range(3):
        trained = {
            v.path
            for layer in few_shot_gan.layers_above(discriminator, frozen)
            for v in layer.trainable_variables
        }
        everything = {v.path for v in discriminator.trainable_variables}
        held = few_shot_gan.find_convolutions(discriminator)[:frozen]
        assert everything - trained == {v.path for x in held for v in x.trainable_variables}


def test_a_shift_is_a_shift_differs_from_call_to_call_and_passes_the_gradient():
    images = tf.constant(made_up().x_train[:24])
    layer = few_shot_gan.RandomShift(2)
    with tf.GradientTape() as tape:
        tape.watch(images)
        moved = layer(images, training=True)
        total = tf.reduce_sum(moved)
    steps = set()
    for before, after in zip(images.numpy(), moved.numpy(), strict=True):
        padded = np.pad(before[..., 0], 2, constant_values=-1.0)
        fits = [
            (i, j)
            for i, j in np.ndindex(5, 5)
            if np.allclose(padded[i : i + 28, j : j + 28], after[..., 0], atol=1e-6)
        ]
        assert len(fits) == 1
        steps.update(fits)
    assert len(steps) > 10
    slope = tape.gradient(total, images).numpy()
    assert (slope[:, 2:-2, 2:-2] == 1).all() and set(np.unique(slope)) == {0, 1}
    assert not np.array_equal(moved, layer(images, training=True))
    assert np.array_equal(images, layer(images, training=False))


def test_a_depth_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="`frozen` must be from 0 to 2"):
        few_shot_gan.build_game(frozen=3)


def test_a_variant_and_a_checkpoint_keep_what_is_frozen(task):
    discriminator = gan_models.build_discriminator((3, 4), classes=10)
    game = GAN(
        gan_models.build_generator(4, (4, 3), classes=10),
        discriminator,
        trains=few_shot_gan.layers_above(discriminator, 1),
    )
    game.feed((task.x, task.y), batch_size=4)
    snapshot, before = checkpoint.snapshot(game), kernels(game)
    other = game.variant(loss="hinge")
    other.advance(1)
    assert np.array_equal(before[0][0], kernels(other)[0][0])
    assert not np.array_equal(before[1][0], kernels(other)[1][0])
    checkpoint.restore(game, snapshot)
    for old, new in zip(before, kernels(game), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(old, new, strict=True))


def test_labels_are_forgotten_and_the_common_score_is_kept(source, task):
    game = few_shot_gan.Studio("fine-tuned", source).begin(task.x, task.y)
    images = task.x[:6]
    scores = [
        game.discriminator([images, np.full(6, label)], training=False).numpy()
        for label in range(3)
    ]
    np.testing.assert_array_equal(scores[0], scores[1])
    np.testing.assert_array_equal(scores[0], scores[2])
    assert np.abs(scores[0]).max() > 0


def test_fine_tuning_starts_at_the_source_and_scratch_does_not(source, task):
    noise, labels = source.sample_noise(3), np.arange(3)
    wanted = source.paint(noise, labels)
    for method in few_shot_gan.METHODS:
        game = few_shot_gan.Studio(method, source).begin(task.x, task.y)
        assert np.allclose(game.paint(noise, labels), wanted) == (method != "scratch")


def test_a_studio_that_is_used_again_forgets_what_it_learned(source, task):
    studio = few_shot_gan.Studio("FreezeD", source)
    first = studio.learn(task.x, task.y, 2, seed=1).generator.get_weights()
    other = studio.learn(task.x, task.y, 2, seed=2).generator.get_weights()
    again = studio.learn(task.x, task.y, 2, seed=1).generator.get_weights()
    assert not np.allclose(first[0], other[0])
    for a, b in zip(first, again, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


# Measuring


def test_the_meter_compares_with_as_many_real_letters(source, task):
    reading = few_shot_task.Meter(task, Eye).distance(source)
    assert reading.samples == len(task.real) and reading.value > reading.perfect > 0


def test_the_reduction_is_taken_seed_by_seed():
    runs = {("scratch", 25, 0): 4.0, ("scratch", 25, 1): 2.0}
    runs |= {("FreezeD", 25, 0): 2.0, ("FreezeD", 25, 1): 1.0, ("FreezeD", 100, 0): 9.0}
    mean, half = few_shot_task.reduction(runs, "FreezeD", 25)
    assert mean == pytest.approx(0.5) and half == pytest.approx(0.0)


def test_the_nearest_is_found_as_by_hand():
    rng = np.random.default_rng(0)
    images, others = rng.normal(size=(5, 28, 28, 1)), rng.normal(size=(9, 28, 28, 1))
    found = few_shot_copies.find_nearest(images, others)
    for image, index, distance in zip(images, *found, strict=True):
        apart = [np.sqrt(np.sum((image - other) ** 2)) for other in others]
        assert index == np.argmin(apart) and distance == pytest.approx(min(apart))


def test_a_parrot_copies_all_and_a_stranger_half():
    rng = np.random.default_rng(0)
    unseen = rng.normal(size=(300, 28, 28, 1)), np.repeat(np.arange(3), 100)
    learned, _ = np.split(rng.normal(size=(40, 28, 28, 1)), [30])
    strangers = rng.normal(size=(300, 28, 28, 1))
    assert few_shot_copies.copying_share(learned, learned, unseen, 10) == 1.0
    blurred = 0.5 * np.repeat(learned, 3, axis=0)
    assert few_shot_copies.copying_share(blurred, learned, unseen, 10) > 0.95
    share = few_shot_copies.copying_share(strangers, learned, unseen, 10)
    assert share == pytest.approx(0.5, abs=0.15)
    flat = [part.reshape(len(part), -1) for part in (strangers, learned)]
    near = few_shot_copies.find_nearest(strangers, learned).distance
    np.testing.assert_allclose(near, cdist(*flat).min(axis=1))


# Pictures


def test_rows_have_their_names_and_equal_lengths():
    images = np.zeros((4, 28, 28, 1))
    ax = few_shot_view.show_rows({"one": images, "two": images})
    assert [text.get_text() for text in ax.texts] == ["one", "two"]
    with pytest.raises(ValueError, match="same length"):
        few_shot_view.show_rows({"one": images, "two": images[:2]})


def test_pictures_show_every_method_and_the_floor():
    rounds = few_shot_view.plot_rounds({name: [3, 2] for name in few_shot_gan.METHODS}, [1, 2], 0.5)
    runs = {(m, n, s): 3.0 + s for m in few_shot_gan.METHODS for n in (25, 100) for s in (0, 1)}
    budgets = few_shot_view.plot_images_needed(runs, 0.5)
    for ax in (rounds, budgets):
        names = [text.get_text() for text in ax.get_legend().get_texts()]
        assert names == list(few_shot_gan.METHODS)
        assert any("perfect" in text.get_text() for text in ax.texts)


def test_shares_of_a_histogram_sum_to_one():
    ax = few_shot_view.plot_nearest({"a": np.arange(10.0), "b": np.arange(4.0)})
    heights = sum(patch.get_height() for patch in ax.patches if hasattr(patch, "get_height"))
    assert heights == pytest.approx(2.0)


def test_a_pair_stands_one_above_the_other():
    fakes, nearest = np.full((8, 28, 28), 1.0), np.full((8, 28, 28), -1.0)
    drawn = np.asarray(few_shot_view.draw_pairs(fakes, nearest, "AB").convert("L"))
    top, tile = few_shot_view.HEAD, few_shot_view.TILE
    assert (drawn[top : top + tile, 10:] > 250).all()
    assert (drawn[top + tile : top + 2 * tile, 10 : 8 + 4 * tile] < 5).all()
