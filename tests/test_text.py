"""The small language, its authors, its lab and the exercises of lesson 14."""

import io
from itertools import product

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tgan_lessons import grammar, text_games, text_view, writers
from tgan_lessons import text_exercises as checks
from tgan_lessons.grammar import NUMBERS, VERBS, WORDS
from tgan_lessons.text_lab import GUMBEL, LIKELIHOOD, REINFORCE, TextLab

# The language


@pytest.fixture(scope="module")
def language():
    """All sentences, by enumeration."""
    return {
        (*first, verb, *last, ".")
        for subject, other in product(NUMBERS, NUMBERS)
        for first in grammar.phrases(subject)
        for verb in VERBS[subject]
        for last in grammar.phrases(other)
    }


def test_it_has_57600_sentences_and_all_of_them_pass(language):
    assert len(language) == 57_600 and len(set(WORDS)) == len(WORDS) == 27
    some = sorted(language)[::97]
    assert grammar.is_valid(grammar.encode(some)).all()


def test_samples_are_of_the_language_and_even(language):
    drawn = grammar.sample(6000, seed=1)
    assert {tuple(grammar.decode(row).split()) for row in drawn} <= language
    assert np.array_equal(drawn, grammar.sample(6000, seed=1))
    plural = np.isin(drawn[:, 0], [WORDS.index(word) for word in ("two", "many")])
    assert abs(plural.mean() - 1 / 3) < 0.03  # a third begin with each kind, a third with "the"


def test_one_changed_word_is_judged_as_the_enumeration_does(language):
    rng = np.random.default_rng(0)
    drawn = grammar.sample(3000, seed=2)
    drawn[np.arange(3000), rng.integers(0, 8, 3000)] = rng.integers(0, 27, 3000)
    rows = [[WORDS[i] for i in row] for row in drawn]
    stripped = []
    for row in rows:
        end = len(row)
        while end and row[end - 1] == grammar.BLANK:
            end -= 1
        stripped.append(tuple(row[:end]))
    expected = [words in language for words in stripped]
    assert 0.05 < np.mean(expected) < 0.95
    assert np.array_equal(grammar.is_valid(drawn), expected)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a cat sees the dogs .", None),
        ("a cats sees the dogs .", 1),
        ("two old cats sees the dogs .", 3),
        ("the small red cat sees a dog .", 2),
        ("cat sees a dog .", 0),
        ("a cat sees a dog", 5),
        ("a cat sees a dog . .", 6),
        ("a cat sees", 3),
        ("", 0),
    ],
)
def test_where_a_sentence_breaks(text, place):
    assert grammar.first_error(grammar.encode([text.split()])[0]) == place


def test_words_that_are_none():
    with pytest.raises(ValueError, match="mouse"):
        grammar.encode([["a", "mouse"]])
    with pytest.raises(ValueError, match="`count`"):
        grammar.sample(0, seed=0)


# Authors


@pytest.fixture(scope="module")
def writer():
    return writers.Writer(8, seed=3)


def test_likelihoods_add_up_to_one_over_all_first_words(writer):
    """Chances of all two-word beginnings, by hand from the logits."""
    rows = grammar.sample(4, seed=0)
    logits = writer(rows).numpy().astype(float)
    chances = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    by_hand = np.log(np.take_along_axis(chances, rows[..., None], axis=2)[..., 0]).sum(axis=1)
    np.testing.assert_allclose(writer.log_likelihood(rows), by_hand, rtol=1e-4)


def test_a_word_depends_on_those_before_it_only(writer):
    rows = grammar.sample(2, seed=0)
    changed = rows.copy()
    changed[:, 5:] = 3
    one, other = (writer(part).numpy() for part in (rows, changed))
    np.testing.assert_allclose(one[:, :6], other[:, :6], atol=1e-6)
    assert np.abs(one[:, 6:] - other[:, 6:]).max() > 1e-4


def test_written_words_have_the_chances_of_the_logits(writer):
    drawn = writer.sample(6000, seed=0)
    first = writer(drawn[:1]).numpy()[0, 0].astype(float)
    chances = np.exp(first) / np.exp(first).sum()
    shares = np.bincount(drawn[:, 0], minlength=27) / 6000
    assert np.abs(shares - chances).max() < 5 * np.sqrt(chances.max() / 6000)
    assert np.array_equal(drawn, writer.sample(6000, seed=0))
    assert not np.array_equal(drawn, writer.sample(6000, seed=1))
    cold = writer.sample(200, seed=0, temperature=1e-3)
    assert (cold[:, 0] == first.argmax()).all()


def test_no_gradient_passes_a_drawn_word(writer):
    with tf.GradientTape() as tape:
        words = writer.write(4, keras.random.SeedGenerator(0))
        total = tf.reduce_sum(tf.cast(words, tf.float32))
    assert all(g is None for g in tape.gradient(total, writer.trainable_variables))


def test_gumbel_softmax_draws_fairly_and_hardens():
    logits = np.log(np.array([0.6, 0.3, 0.1], np.float32))
    many = np.tile(logits, (8000, 1))
    hard = writers.GumbelSoftmax(0.01)(many).numpy()
    np.testing.assert_allclose(hard.sum(axis=1), 1, atol=1e-5)
    assert np.mean(hard.max(axis=1) > 0.99) > 0.9
    np.testing.assert_allclose(hard.mean(axis=0), [0.6, 0.3, 0.1], atol=0.02)
    assert writers.GumbelSoftmax(50.0)(many).numpy().max() < 0.5


def test_reinforce_follows_the_true_gradient_of_the_expected_reward():
    """Many small batches, each with its own baseline, against one very large one."""
    writer = writers.Writer(4, seed=1)
    reader = writers.build_reader(8, seed=2)
    game = text_games.ReinforceGAN(writer, reader, seed=0)
    real = tf.constant(np.tile(grammar.sample(8, seed=0), (64, 1)))

    @tf.function
    def one_gradient():
        with tf.GradientTape() as tape:
            loss = game.losses(real)["generator"]
        return tape.gradient(loss, writer.head.bias)

    total = sum(one_gradient().numpy() for _ in range(150))
    drawn = writer.write(60_000, keras.random.SeedGenerator(9))
    reward = keras.ops.sigmoid(reader(keras.ops.one_hot(drawn, 27)))[:, 0]
    with tf.GradientTape() as tape:
        centred = tf.stop_gradient(reward - tf.reduce_mean(reward))
        true = -tf.reduce_mean(centred * writer.log_likelihood(drawn))
    expected = tape.gradient(true, writer.head.bias).numpy()
    cosine = np.dot(total, expected) / np.linalg.norm(total) / np.linalg.norm(expected)
    assert cosine > 0.7


def test_likelihood_learns_the_language():
    game = text_games.Likelihood(writers.Writer(32))
    game.feed(grammar.sample(2000, seed=0), batch_size=32)
    before = game.advance(1)["generator_loss"]
    after = game.advance(250)["generator_loss"]
    assert before == pytest.approx(8 * np.log(27), rel=0.05) and after < 0.65 * before
    assert grammar.is_valid(game.writer.sample(300)).mean() > 0.2


def test_the_gumbel_game_moves_and_its_temperature_is_a_variable():
    game = text_games.gumbel_gan(temperature=0.5)
    game.feed(np.eye(27, dtype=np.float32)[grammar.sample(64, seed=0)], batch_size=16)
    logs = game.advance(2)
    assert np.isfinite(list(logs.values())).all()
    layer = game.generator.get_layer("words")
    layer.temperature.assign(5.0)
    soft = game.generate(20, seed=0)
    assert soft.shape == (20, 8, 27)
    layer.temperature.assign(0.01)
    assert soft.max(axis=-1).mean() < game.generate(20, seed=0).max(axis=-1).mean()
    with pytest.raises(ValueError, match="`temperature`"):
        writers.GumbelSoftmax(0.0)


# Pictures and the lab


def test_a_broken_sentence_is_underlined_from_its_error_on():
    good, bad = grammar.encode([s.split() for s in ("a cat sees a dog .", "a cats sees a dog .")])
    orange = (0xD5, 0x5E, 0x00)
    drawn = [np.asarray(text_view.draw_sentences([row])) for row in (good, bad)]
    found = [(picture == orange).all(axis=-1) for picture in drawn]
    assert not found[0].any() and found[1].any()
    assert np.flatnonzero(found[1].any(axis=0)).min() > 40  # behind the first word


def test_sentences_stand_side_by_side_and_surprises_in_bins():
    rows = grammar.sample(3, seed=0)
    ax = text_view.show_sentences({"one": rows, "other": rows[:2]}, width=300)
    assert ax.images[0].get_array().shape == (3 * text_view.LINE + 44, 600, 3)
    ax = text_view.plot_surprise({"a": np.full(5, 11.0), "b": np.array([20.0, 90.0])}, 10.96)
    counted = [sum(patch.get_height() for patch in part) for part in ax.containers]
    assert counted == [5, 2]  # the largest in the last bin
    ax = text_view.plot_trade({"a": [(10, 0.5), (20, 1.0)]}, limit=30)
    assert ax.lines[0].get_xdata().tolist() == [10, 20]


@pytest.fixture(scope="module")
def lab():
    return TextLab(grammar.sample(100, seed=0))


@pytest.mark.parametrize("author", [LIKELIHOOD, GUMBEL, REINFORCE])
def test_each_author_learns_on_the_page(lab, author):
    lab.panel.set(author=author)
    lab.reset()
    lab.tick()
    assert lab.rounds >= 1 and "valid" in lab.numbers()
    valid, distinct = lab.recorded("valid")[-1], lab.recorded("distinct")[-1]
    assert 0 <= valid <= 1 and 0 < distinct <= 1
    assert lab.view.shape == (200, 8)
    with Image.open(io.BytesIO(lab.image.value)) as frame:
        assert frame.width == 440
    lab.take_step()
    assert "words changed" in lab.message.value


def test_temperatures_act_at_once(lab):
    lab.panel.set(author=GUMBEL, tau=0.3)
    assert float(lab.game.generator.get_layer("words").temperature) == pytest.approx(0.3)
    assert lab.panel.widgets["temperature"].disabled and not lab.panel.widgets["tau"].disabled
    lab.panel.reset()
    lab.game.advance(60)
    warm = lab.look()
    lab.panel.set(temperature=0.2)
    most = [np.bincount(rows[:, 0], minlength=27).max() for rows in (warm, lab.look())]
    assert most[1] > most[0]
    with pytest.raises(ValueError, match="`sentences`"):
        TextLab(np.zeros((3, 5), int))


# The exercises


def draw(logits, u):
    return (logits - np.log(-np.log(u))).argmax(axis=-1)


def softmax(logits):
    return np.exp(logits) / np.exp(logits).sum()


def gradient(logits, word, reward, baseline):
    return (reward - baseline) * (np.eye(len(logits))[word] - softmax(logits))


def perplexity(p):
    return np.exp(-np.log(p).mean())


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (checks.check_draw, draw),
        (checks.check_gradient, gradient),
        (checks.check_perplexity, perplexity),
    ],
)
def test_a_right_answer_passes(check, answer):
    result = check(answer)
    assert result.passed, result


@pytest.mark.parametrize(
    ("check", "answer", "hint"),
    [
        (checks.check_draw, lambda x, u: x.argmax(axis=-1), "Always the likeliest"),
        (checks.check_draw, lambda x, u: u.argmax(axis=-1), "use the logits"),
        (checks.check_draw, lambda x, u: (x + np.log(u)).argmax(axis=-1), "-log(-log u)"),
        (checks.check_draw, lambda x, u: x, "one word for each row"),
        (checks.check_gradient, lambda x, w, r, b: -gradient(x, w, r, b), "Uphill"),
        (checks.check_gradient, lambda x, w, r, b: np.eye(4)[w] * r, "subtract the softmax"),
        (checks.check_gradient, lambda x, w, r, b: gradient(x, w, r, 0), "baseline"),
        (checks.check_gradient, lambda x, w, r, b: r, "one number for each logit"),
        (checks.check_perplexity, lambda p: -np.log(p).mean(), "exponential"),
        (checks.check_perplexity, lambda p: np.mean(1 / p), "not of 1 / p"),
    ],
)
def test_a_wrong_answer_gets_a_hint(check, answer, hint):
    result = check(answer)
    assert result.verdict == "not yet"
    assert hint in result.message


@pytest.mark.parametrize(
    "check", [checks.check_draw, checks.check_gradient, checks.check_perplexity]
)
def test_an_unfinished_answer_is_no_error(check):
    assert check(lambda *_: ...).verdict == "unfinished"
