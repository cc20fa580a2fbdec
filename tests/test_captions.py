"""Captions, their data, the game they are played in, its labs, and the exercises of lesson 09."""

import io

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tgan_lessons import (
    attributes,
    caption_data,
    caption_gan,
    caption_models,
    caption_view,
    captions,
    gan_models,
    judge,
)
from tgan_lessons import caption_exercises as checks
from tgan_lessons.caption_lab import CaptionLab
from tgan_lessons.captions import CaptionError, Wish
from tgan_lessons.data import load_mnist
from tgan_lessons.gan import GAN
from tgan_lessons.picker_lab import PickerLab

BAND = st.integers(-1, 1)
WISH = st.builds(Wish, st.integers(0, 9), st.tuples(BAND, BAND, BAND))

# Words


@given(WISH, st.integers(0, 10**6))
def test_what_is_written_is_read_again(wish, seed):
    text = captions.write(wish, np.random.default_rng(seed))
    assert captions.read(text) == wish
    assert captions.read(str(wish)) == wish
    row = captions.encode([text])[0]
    assert row.shape == (captions.LENGTH,) and captions.decode(row) == text


def test_a_wish_is_said_in_many_ways():
    rng = np.random.default_rng(0)
    said = {captions.write(Wish(7, (1, 1, 0)), rng) for _ in range(200)}
    assert len(said) > 30
    assert {"a thick slanted seven", "the 7 leaning and bold"} <= said
    assert str(Wish(5, (0, -1, 0))) == "an upright five"


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("A thick, slanted SEVEN.", Wish(7, (1, 1, 0))),
        ("7", Wish(7)),
        ("fine 0 tiny", Wish(0, (-1, 0, -1))),
        ("thick thick bold 3", Wish(3, (1, 0, 0))),
        ("a seven 7", Wish(7)),
    ],
)
def test_other_ways_to_say_it(text, wish):
    assert captions.read(text) == wish


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a purple seven", "“purple”"),
        ("a thikc two", "Did you mean “thick”"),
        ("a thick one and two", "one and two"),
        ("a thick digit", "no digit"),
        ("", "no digit"),
        ("a thin bold one", "thin and thick at once"),
        ("a a a a a a a a one", "at most 8 words"),
        ("11", "“11”"),
    ],
)
def test_a_person_is_told_what_was_not_understood(text, told):
    with pytest.raises(CaptionError, match=told):
        captions.read(text)
    with pytest.raises(CaptionError):
        captions.encode([text])


@given(WISH, st.integers(0, 10**6))
def test_a_contradiction_differs_in_one_thing_and_is_false(wish, seed):
    wrong = captions.contradict(wish, np.random.default_rng(seed))
    changed = [wish.digit != wrong.digit]
    changed += [a != b for a, b in zip(wish.bands, wrong.bands, strict=True)]
    assert sum(changed) == 1
    assert wish.is_true(wish.digit, wish.bands)
    assert not wrong.is_true(wish.digit, wish.bands)


@given(WISH, st.integers(0, 9), st.tuples(BAND, BAND, BAND))
def test_truth_is_every_mentioned_thing(wish, digit, bands):
    parts = {(place, band) for place, band in enumerate(wish.bands) if band}
    shown = set(enumerate(bands))
    assert wish.is_true(digit, bands) == (wish.digit == digit and parts <= shown)


# Data


@pytest.fixture(scope="module")
def digits():
    return judge.unseen(load_mnist())


@pytest.fixture(scope="module")
def pairs(digits):
    return caption_data.make_pairs(digits.x_train[::4], digits.y_train[::4], copies=2)


def test_true_captions_are_true_of_what_is_measured_and_wrong_ones_false(pairs):
    bands = attributes.find_bands(attributes.measure(pairs.images))
    assert np.array_equal(bands, pairs.bands)
    mentioned = 0
    for digit, band, text, lie in zip(pairs.digits, bands, pairs.texts, pairs.wrong, strict=True):
        assert captions.read(text).is_true(digit, band)
        assert not captions.read(lie).is_true(digit, band)
        mentioned += len(captions.read(text).style())
    share = mentioned / np.count_nonzero(bands)
    assert share == pytest.approx(caption_data.MENTIONED, abs=0.05)


def test_nothing_of_the_held_out_combinations_is_left(pairs):
    for wish in caption_data.HELD_OUT:
        assert len(wish.style()) == 2
        for digit, bands, text, lie in zip(
            pairs.digits, pairs.bands, pairs.texts, pairs.wrong, strict=True
        ):
            assert not wish.is_true(digit, bands)
            for said in (captions.read(text), captions.read(lie)):
                assert not wish.is_true(said.digit, said.bands)
    assert {wish.digit for wish in caption_data.HELD_OUT} == set(range(10))
    drawn = caption_data.draw_wishes(500, seed=1)
    assert not any(caption_data.is_held_out(w.digit, w.bands) for w in drawn)


def test_without_held_out_combinations_nothing_is_lost(digits):
    some = digits.x_test[::20], digits.y_test[::20]
    whole = caption_data.make_pairs(*some, held_out=())
    assert len(whole.images) == len(some[0])
    again = caption_data.make_pairs(*some, held_out=())
    assert whole.texts == again.texts and np.array_equal(whole.images, again.images)
    assert whole.texts != caption_data.make_pairs(*some, held_out=(), seed=1).texts


class Reader:
    """A judge who reads what it was told."""

    def __init__(self, digits):
        self.digits = np.asarray(digits)

    def classify(self, images):
        return self.digits


def test_obedience_counts_what_was_asked_and_nothing_else(pairs):
    images, bands, eye = pairs.images[:60], pairs.bands[:60], Reader(pairs.digits[:60])
    truth = [Wish(int(d), tuple(map(int, b))) for d, b in zip(eye.digits, bands, strict=True)]
    found = caption_data.check(images, truth, eye)
    assert found.everything.all() and set(found.shares().values()) == {1.0}
    lies = [Wish(w.digit, (-w.bands[0], *w.bands[1:])) for w in truth]
    shares = caption_data.check(images, lies, eye).shares()
    assert shares == {"digit": 1.0, "thickness": 0.0, "slant": 1.0, "size": 1.0}
    silent = caption_data.check(images, [Wish(w.digit) for w in truth], eye)
    assert silent.everything.all() and np.isnan(silent.shares()["slant"])
    other = caption_data.check(images, [Wish((w.digit + 1) % 10) for w in truth], eye)
    assert other.shares()["digit"] == 0


def test_words_are_counted_one_by_one(pairs):
    texts = ["a bold seven", "7 thick", "the small two"]
    style = np.array([[True, True, True], [False, True, True], [True, True, False]])
    found = caption_data.Obedience(np.array([True, False, True]), style, style)
    assert caption_data.count_words(texts, found) == {
        "bold": (1, 1),
        "thick": (0, 1),
        "small": (0, 1),
        "digit in words": (2, 2),
        "digit as numeral": (0, 1),
    }


# Networks


def test_the_encoder_adds_the_words_vectors():
    encoder = caption_models.build_encoder(5, seed=1)
    vectors = encoder.get_layer("words").get_weights()[0]
    rows = captions.encode(["a thick 7", "7 thick a", "a thin 7"])
    by_hand = np.stack([vectors[row[row > 0]].sum(axis=0) for row in rows])
    coded = encoder(rows).numpy()
    np.testing.assert_allclose(coded, by_hand, atol=1e-6)
    np.testing.assert_allclose(coded[0], coded[1], atol=1e-6)
    assert np.abs(coded[0] - coded[2]).max() > 0.05


@pytest.fixture(scope="module")
def game(pairs):
    built = caption_gan.CaptionGAN(
        caption_models.build_generator(6, (8, 4), units=8),
        caption_models.build_discriminator((4, 8), units=8),
        mismatch=0.3,
        simultaneous=True,
        rates=(2e-3, 2e-3),
        beta_1=0.0,
    )
    built.feed(pairs.feed(), batch_size=8)
    built.advance(3)
    return built


def test_the_score_is_a_common_part_and_one_for_each_word(game, pairs):
    discriminator, (images, said, _) = game.discriminator, pairs.feed()
    images, said = images[:9], said[:9]
    nothing = discriminator([images, np.zeros_like(said)], training=False).numpy()
    votes = caption_models.score_words(discriminator, images)
    by_hand = [nothing[i, 0] + votes[i, row[row > 0]].sum() for i, row in enumerate(said)]
    scores = discriminator([images, said], training=False).numpy()[:, 0]
    np.testing.assert_allclose(scores, by_hand, rtol=1e-3, atol=1e-4)


def softplus(s):
    return np.logaddexp(0, s)


@pytest.mark.parametrize("weight", [0.3, 0.8])
def test_losses_are_those_of_the_formula(game, pairs, weight):
    """With the fakes of the game itself, in NumPy."""
    game.set_coefficient("mismatch", weight)
    game.set_coefficient("variety", 0.2)
    real, said, lie = (tf.constant(part[:16]) for part in pairs.feed())
    state = game.seeds.state.numpy()
    losses = {name: float(value) for name, value in game.losses((real, said, lie)).items()}
    game.seeds.state.assign(state)
    asked = tf.concat([said[:8], said[:8]], 0)
    noise = game.noise(16)
    fake = game.generator([noise, asked], training=True)
    game.seeds.state.assign(state)
    game.set_coefficient("mismatch", 0.3)
    game.set_coefficient("variety", 0.0)

    def score(images, texts):
        return game.discriminator([images, texts], training=True).numpy()

    expected = softplus(-score(real, said)).mean()
    expected += (1 - weight) * softplus(score(fake, asked)).mean()
    expected += weight * softplus(score(real, lie)).mean()
    assert losses["discriminator"] == pytest.approx(expected, rel=1e-4)
    moved = np.abs(fake[:8] - fake[8:]).mean(axis=(1, 2, 3)) + 0.01
    sameness = (np.abs(noise[:8] - noise[8:]).mean(axis=1) / moved).mean()
    expected = softplus(-score(fake, asked)).mean() + 0.2 * sameness
    assert losses["generator"] == pytest.approx(expected, rel=1e-4)


def test_without_mismatch_lies_change_nothing(pairs):
    plain = caption_gan.build_game(mismatch=0.0)
    real, said, lie = (tf.constant(part[:8]) for part in pairs.feed())
    state = plain.seeds.state.numpy()
    readings = []
    for wrong in (lie, said):
        plain.seeds.state.assign(state)
        readings.append(float(plain.losses((real, said, wrong))["discriminator"]))
    assert readings[0] == readings[1]
    with pytest.raises(ValueError, match="`mismatch` must be in"):
        caption_gan.build_game(mismatch=1.0)
    with pytest.raises(ValueError, match="`batch_size` must be even"):
        plain.feed(pairs.feed(), batch_size=7)


def test_sameness_is_large_where_the_noise_changes_nothing():
    noise = np.stack([np.zeros((3, 4)), np.full((3, 4), 2.0)]).reshape(6, 4)
    same = np.zeros((6, 5, 5, 1))
    assert float(caption_gan.sameness(same, noise)) == pytest.approx(2 / 0.01)
    same[3:] = 0.5
    assert float(caption_gan.sameness(same, noise)) == pytest.approx(2 / 0.51)


def test_spread_is_the_deviation_within_a_digit(pairs):
    images, digits = pairs.images, pairs.digits
    values = attributes.measure(images)
    by_hand = [np.std(values[digits == d, 1]) for d in range(10)]
    spread = caption_data.measure_spread(images, digits)
    assert spread["slant"] == pytest.approx(np.mean(by_hand))
    again = [0, 0, len(digits) - 1, len(digits) - 1]
    assert set(caption_data.measure_spread(images[again], digits[again]).values()) == {0.0}


def test_each_loss_reaches_its_player_and_both_encoders_learn(game):
    before = [caption_models.word_vectors(n) for n in (game.discriminator, game.generator)]
    logs = game.advance(2)
    after = [caption_models.word_vectors(n) for n in (game.discriminator, game.generator)]
    assert all(np.isfinite(value) and value > 0 for value in logs.values())
    for old, new in zip(before, after, strict=True):
        assert np.abs(new - old).max() > 0
        assert np.array_equal(old[0], new[0])  # the blank has no part in anything


def test_a_caption_is_drawn_the_same_with_the_same_seed(game):
    one, other = (game.draw(["a thick 7", "a 2"], seed=s) for s in (0, 1))
    assert one.shape == (2, 28, 28, 1)
    assert np.array_equal(one, game.draw(["a thick 7", "a 2"], seed=0))
    assert not np.array_equal(one, other)
    with pytest.raises(CaptionError):
        game.draw(["a thick unicorn"])


def test_the_game_learns_to_draw_what_is_said(pairs):
    """A few hundred rounds: far more often than chance, and the votes find the style."""
    played = caption_gan.build_game()
    played.feed(pairs.feed(), batch_size=32)
    played.advance(200)
    wishes = caption_data.draw_wishes(300, seed=1)
    drawn, eye = played.draw([str(wish) for wish in wishes]), judge.load_judge()
    listened = caption_data.check(drawn, wishes, eye)
    shuffled = caption_data.check(drawn, wishes[7:] + wishes[:7], eye)
    assert listened.digit.mean() > shuffled.digit.mean() + 0.2
    reads = caption_models.read_style(played.discriminator, pairs.images, pairs.bands)
    assert min(reads.values()) > 0.7


# Pictures and labs


def test_wilson_against_scipy():
    from scipy.stats import binomtest

    for hits, trials in ((0, 10), (7, 10), (50, 50), (431, 600)):
        low, high = caption_view.wilson(hits, trials)
        expected = binomtest(hits, trials).proportion_ci(method="wilson")
        assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-6)
    with pytest.raises(ValueError, match="`hits`"):
        caption_view.wilson(3, 2)


def test_charts_show_the_numbers_they_were_given():
    ax = caption_view.plot_table([[1.0, -2.0]], ["r"], ["a", "b"])
    assert [text.get_text() for text in ax.texts] == ["1.0", "-2.0"]
    ax = caption_view.plot_obedience({"a": {"x": 0.5, "y": 1.0}, "b": {"x": 0.25, "y": 0.0}})
    assert [patch.get_height() for patch in ax.patches] == [0.5, 1.0, 0.25, 0.0]
    ax = caption_view.plot_words({"bold": (3, 4), "thin": (1, 1)}, chance={"bold": 0.3, "thin": 0})
    assert [patch.get_width() for patch in ax.patches] == [0.75, 1.0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["bold", "thin"]


@pytest.fixture(scope="module")
def lab(game):
    return CaptionLab(game, judge.load_judge())


def test_the_caption_lab_draws_what_is_typed(lab):
    before = lab.view.copy()
    lab.ask("thin small 3")
    assert lab.text == "thin small 3" and "thin small 3" in lab.describe()
    assert not np.array_equal(before[:16], lab.view[:16])
    assert np.array_equal(before[16:], lab.view[16:])
    lab.tick()
    assert 0 <= lab.recorded("slant")[-1] <= 1
    with Image.open(io.BytesIO(lab.image.value)) as frame:
        assert frame.width == 8 * 54
    lab.take_step()
    assert "moved" in lab.message.value


def test_a_strange_word_is_answered_on_the_page_and_the_drawing_stays(lab):
    lab.ask("a 2")
    lab.box.value = "a purple <b>2"
    assert "Sorry" in lab.message.value and "purple" in lab.message.value
    assert "<b>2" not in lab.message.value and lab.text == "a 2"
    lab.box.value = "  a thick 2 "
    assert lab.text == "a thick 2" and lab.box.value == "a thick 2"
    with pytest.raises(CaptionError, match="unicorn"):
        lab.ask("a unicorn")


def test_mismatch_acts_at_once_and_a_reset_keeps_it(lab):
    lab.panel.set(mismatch=0.0)
    assert float(lab.game.coefficients["mismatch"]) == 0
    lab.reset()
    assert float(lab.game.coefficients["mismatch"]) == 0
    lab.panel.set(mismatch=0.3)
    with pytest.raises(ValueError, match="a GAN"):
        CaptionLab(GAN(gan_models.build_generator(4), gan_models.build_discriminator()), lab.eye)


def test_the_picker_shows_one_noise_in_each_row(digits):
    game = GAN(
        gan_models.build_generator(4, (4, 4), classes=10),
        gan_models.build_discriminator((4, 4), classes=10),
    )
    game.feed((digits.x_train[::20], digits.y_train[::20]), batch_size=8)
    lab = PickerLab(game, judge.load_judge())
    start = lab.view.copy()
    noise = lab._noise[2:3]
    alone = game.paint(np.repeat(noise, 10, axis=0), np.arange(10))[..., 0]
    np.testing.assert_allclose(start[20:30], alone, atol=1e-5)
    lab.panel.set(z1=3.0)
    assert np.abs(lab.view[:10] - start[:10]).max() > 1e-3
    assert np.array_equal(lab.view[10:], start[10:])
    lab.panel.set(digit=2)
    large = game.paint(lab._noise[6:], np.full(5, 2))[..., 0]
    np.testing.assert_allclose(lab.view[60:], large, atol=1e-5)
    lab.tick()
    assert "reads" in lab.numbers() and lab.rounds >= 1
    with pytest.raises(ValueError, match="noise and labels"):
        plain = GAN(gan_models.build_generator(4), gan_models.build_discriminator())
        PickerLab(plain, lab.eye)


# The exercises


def slant(ink):
    return attributes.measure_slant(ink[np.newaxis])[0]


def score(features, labels, w, v):
    return ((w + v[labels]) * features).sum(axis=1)


def reader(text, meanings):
    return {meanings[word] for word in text.lower().replace(",", "").split()} - {""}


def is_lie(asked, shown):
    said = np.c_[np.ones(len(asked), bool), asked[:, 1:] != 0]
    return (said & (asked != shown)).any(axis=1)


RIGHT = {
    checks.check_slant: slant,
    checks.check_projection: score,
    checks.check_reader: reader,
    checks.check_guard: is_lie,
}


@pytest.mark.parametrize("check", RIGHT)
def test_a_right_answer_passes(check):
    result = check(RIGHT[check])
    assert result.passed, result


@pytest.mark.parametrize("check", RIGHT)
def test_an_unfinished_answer_is_no_error(check):
    assert check(lambda *_: ...).verdict == "unfinished"


def keeps_empty(text, meanings):
    return {meanings[word] for word in text.lower().replace(",", "").split()}


def skips_unknown(text, meanings):
    return {meanings.get(word, "") for word in text.lower().replace(",", "").split()} - {""}


def from_the_corner(ink):
    y, x = np.mgrid[ink.shape[0] - 1 : -1 : -1, : ink.shape[1]] - np.float64(20)
    return np.degrees(np.arctan((ink * x * y).sum() / (ink * y * y).sum()))


@pytest.mark.parametrize(
    ("check", "answer", "hint"),
    [
        (checks.check_slant, lambda ink: -slant(ink), "turn y round"),
        (checks.check_slant, lambda ink: np.tan(np.radians(slant(ink))), "arctangent"),
        (checks.check_slant, lambda ink: 2 * slant(ink), "26.6 degrees"),
        (checks.check_slant, lambda ink: slant(ink) + 5, "upright bar"),
        (checks.check_slant, from_the_corner, "from the ink's centre"),
        (checks.check_projection, lambda f, y, w, v: f @ w, "label's row"),
        (checks.check_projection, lambda f, y, w, v: (f * v[y]).sum(axis=1), "common one"),
        (checks.check_projection, lambda f, y, w, v: f @ w + (f @ v.T).sum(axis=1), "own label"),
        (checks.check_projection, lambda f, y, w, v: f @ v.T, "shape (5,)"),
        (checks.check_reader, keeps_empty, "empty meaning"),
        (checks.check_reader, skips_unknown, "raise a `KeyError`"),
        (checks.check_reader, lambda t, m: reader(t.replace(",", " "), m | {"7": "8"}), "capitals"),
        (checks.check_reader, lambda t, m: t.split(), "Return a set"),
        (checks.check_guard, lambda a, s: (a != s).any(axis=1), "not mentioned"),
        (checks.check_guard, lambda a, s: a[:, 0] != s[:, 0], "one wrong word"),
        (checks.check_guard, lambda a, s: is_lie(a, s) & (a[:, 1:] == -s[:, 1:]).all(axis=1), ""),
        (checks.check_guard, lambda a, s: a != s, "One answer for each pair"),
    ],
)
def test_a_wrong_answer_gets_a_hint(check, answer, hint):
    result = check(answer)
    assert result.verdict == "not yet"
    assert hint in result.message
