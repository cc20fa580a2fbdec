"""Alice, Bob and Eve, the audits of their secret, and their lab."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tgan_lessons import cipher, cipher_audit, cipher_view
from tgan_lessons import security_exercises as checks
from tgan_lessons.cipher import BITS, CipherGame, random_bits
from tgan_lessons.cipher_lab import WITH_PAIRS, CipherLab


def pad(message, key):
    return message * key


@pytest.fixture(scope="module")
def game():
    """Ten hidden units, a few rounds."""
    game = CipherGame((10,), asks=(cipher.same, cipher.are_pairs_equal), seed=3)
    game.feed(random_bits(500), batch_size=32)
    game.advance(3)
    return game


# Networks and losses


def test_a_hidden_unit_is_a_product_of_two_sums():
    network = cipher.build_network(3, 2, (5,), seed=1)
    weights = {layer.name: layer.get_weights() for layer in network.layers if layer.weights}
    (a, b, end), x = weights.values(), np.random.default_rng(0).normal(size=(4, 3))
    hidden = np.tanh(x @ a[0] + a[1]) * (x @ b[0] + b[1])
    np.testing.assert_allclose(network(x), np.tanh(hidden @ end[0] + end[1]), rtol=1e-4, atol=1e-6)


def test_without_products_it_is_a_plain_network():
    network = cipher.build_network(3, 2, (5, 4), multiplies=False)
    assert [layer.activation.__name__ for layer in network.layers[1:]] == ["relu", "relu", "tanh"]


def test_losses_are_those_of_the_paper(game):
    """From what the three networks say, by hand; the keys are those that the game draws."""
    message = random_bits(40, 5)
    with keras.StatelessScope() as scope:
        losses = game.losses(tf.constant(message))
    assert scope.get_current_value(game.seeds.state) is not None  # fresh keys
    with keras.StatelessScope():
        key = cipher.draw_bits(message.shape, game.seeds).numpy()
    sent = game.encrypt(message, key)
    bob = np.abs(message - game.decrypt(sent, key)).sum(axis=1).mean() / 2
    bits, pairs = (cipher.run_network(eve, sent) for eve in game.eves)
    equal = np.array([[row[i] * row[j] for i in range(BITS) for j in range(i)] for row in message])
    shares = [np.abs(message - bits).mean() / 2, np.abs(equal - pairs).mean() / 2]
    partners = bob + sum((1 - 2 * s) ** 2 for s in shares)
    assert float(losses["partners"]) == pytest.approx(partners, 1e-4)
    assert float(losses["eve"]) == pytest.approx(16 * sum(shares), 1e-4)
    first = (8 - 16 * shares[0]) / 8
    assert (1 - 2 * shares[0]) ** 2 == pytest.approx(first**2)  # as the lesson writes it


def test_keys_are_fair_and_new_for_each_message():
    seeds = keras.random.SeedGenerator(0)
    bits = cipher.draw_bits((4000, BITS), seeds).numpy()
    assert set(np.unique(bits)) == {-1, 1} and abs(bits.mean()) < 0.02
    assert not np.array_equal(bits, cipher.draw_bits((4000, BITS), seeds).numpy())
    assert abs((random_bits(4000, 1) * bits).mean()) < 0.02


def test_neighbours_and_pairs():
    message = np.array([[1, 1, -1] + [1] * 13], np.float32)
    assert cipher.are_neighbours_equal(message).tolist() == [[1, -1, -1] + [1] * 12]
    pairs = np.asarray(cipher.are_pairs_equal(message))
    assert pairs.shape == (1, 120) and (pairs < 0).sum() == 15
    turned = np.asarray(cipher.are_pairs_equal(-message))
    assert np.array_equal(pairs, turned)


def test_wrong_bits_by_sign():
    bits = np.array([[1.0, -1.0, 1.0]])
    assert cipher.count_wrong(bits, np.array([[0.1, -9.0, 0.0]])).tolist() == [1]
    with pytest.raises(ValueError, match="`guess`"):
        cipher.count_wrong(bits, np.ones((1, 2)))


def test_partners_and_eve_learn():
    """With no secrecy asked for, both read; it takes a moment."""
    game = CipherGame(secrecy=0.0, multiplies=False, seed=1)
    game.feed(random_bits(5000), batch_size=256)
    game.advance(400)
    seen = game.test(2000)
    assert seen["bob"] < 3 and seen["eve"] < 4


# Audits


def test_an_audit_leaves_alice_alone_and_teaches_each_eve(game):
    before = [w.copy() for w in game.alice.get_weights()]
    audit = cipher_audit.Audit(game.alice, builds={"a": {"units": (8,)}, "b": {"units": (6, 6)}})
    audit.feed(random_bits(500), batch_size=32)
    starts = [eve.get_weights()[0] for eve in audit.eves.values()]
    audit.advance(2)
    assert all(np.array_equal(a, b) for a, b in zip(before, game.alice.get_weights(), strict=True))
    for start, eve in zip(starts, audit.eves.values(), strict=True):
        assert not np.array_equal(start, eve.get_weights()[0])
    assert set(audit.test(100)) == {"a", "b"}


def test_fresh_eves_read_an_alice_who_sends_the_message_itself():
    seen = keras.Input((2 * BITS,))
    alice = keras.Model(seen, seen[:, :BITS])
    audit = cipher_audit.Audit(alice, builds={"Eve": {"units": (32,)}}, rate=1e-2)
    audit.feed(random_bits(5000), batch_size=128)
    audit.advance(300)
    assert audit.test(1000)["Eve"] < 0.1


def test_with_a_known_message_of_the_same_key_the_pad_falls():
    """What she overhears: c, then (m', c'); with m'·c' = k the message is c·m'·c'."""
    seen = keras.Input((2 * BITS,))
    alice = keras.Model(seen, seen[:, :BITS] * seen[:, BITS:])
    audit = cipher_audit.Audit(alice, known=1, builds={"Eve": {"units": (4,)}})
    message, key, other = (random_bits(50, i) for i in range(3))
    heard = np.asarray(audit.overhear(message, key, [other]))
    assert heard.shape == (50, 3 * BITS)
    c, m, d = np.split(heard, 3, axis=1)
    assert np.array_equal(c * m * d, message)
    with pytest.raises(ValueError, match="`known`"):
        cipher_audit.Audit(alice, known=-1)


def test_wrong_keys_of_a_pad_are_coins_and_all_keys_read_all_messages():
    message, key = random_bits(300, 1), random_bits(300, 2)
    wrong = cipher_audit.try_wrong_keys(pad, message, message * key, 50)
    assert wrong.shape == (300, 50) and abs(wrong.mean() - 8) < 0.1
    shares = np.bincount(wrong.ravel(), minlength=17) / wrong.size
    assert np.abs(shares - cipher_view.COIN_SHARES).max() < 0.01
    assert cipher_view.COIN_SHARES.sum() == pytest.approx(1)
    count, entropy = cipher_audit.count_readings(pad, (message * key)[0])
    assert count == 65_536 and entropy == pytest.approx(16)
    assert len(np.unique(cipher_audit.all_keys(), axis=0)) == 65_536


def test_a_cipher_that_uses_one_bit_of_its_key():
    """Half of the keys read all, half the opposite: 8 wrong on average, one bit left to guess."""
    message, key = random_bits(200, 1), random_bits(200, 2)
    turn = lambda m, k: m * k[:, :1]  # noqa: E731
    wrong = cipher_audit.try_wrong_keys(turn, message, turn(message, key), 40)
    assert set(np.unique(wrong)) == {0, 16} and abs(wrong.mean() - 8) < 0.5
    assert cipher_audit.count_readings(turn, message[0]) == (2, pytest.approx(1))
    with pytest.raises(ValueError, match="`count`"):
        cipher_audit.try_wrong_keys(turn, message, message, 0)


# Letters and pictures


def test_letters_and_bits():
    bits = cipher_view.text_to_bits("Hé")
    assert bits.shape == (16,) and cipher_view.bits_to_text(bits) == "Hé"
    assert [int(b > 0) for b in bits[:8]] == [0, 1, 0, 0, 1, 0, 0, 0]  # 72
    assert cipher_view.bits_to_text(-np.ones(16)) == "··"
    for wrong in ("a", "abc", "日本"):
        with pytest.raises(ValueError, match="`text`"):
            cipher_view.text_to_bits(wrong)


def test_wrong_bits_are_framed():
    truth = random_bits(2, 0)
    right = np.asarray(cipher_view.draw_messages({"Eve reads": truth}, truth))
    wrong = np.asarray(cipher_view.draw_messages({"Eve reads": -truth}, truth))
    orange = lambda p: int(((p == (213, 94, 0)).all(axis=-1)).sum())  # noqa: E731
    assert orange(right) == 0 and orange(wrong) > 2 * BITS * 20


def test_pictures_of_teams():
    ax = cipher_view.plot_teams([0, 10, 20], {"Bob": np.ones((3, 3)), "Eve": np.ones((3, 3))})
    assert len(ax.lines) == 3 + 3 + 1
    ax = cipher_view.plot_audit([0.0, 0.1], np.full((2, 5), 7.9), limit=7)
    assert ax.get_xlabel() == "team"
    figure = cipher_view.plot_wrong_keys({"a": np.array([0, 16]), "b": np.array([[8]])})
    assert [round(p.get_height(), 2) for p in figure.axes[0].patches][::16] == [0.5, 0.5]


def test_the_lab_plays_and_its_settings_act():
    lab = CipherLab()
    lab.tick()
    assert lab.rounds > 0 and "Bob reads" in lab.describe() and "moved" in lab.step()
    lab.panel.set(secrecy=3.0)
    assert float(lab.game.coefficients["secrecy"]) == 3.0
    lab.panel.set(asks=WITH_PAIRS)
    assert len(lab.game.eves) == 2 and lab.rounds == 0
    lab.panel.set(multiplies=False)
    assert lab.game.alice.layers[1].activation.__name__ == "relu"


# Exercises


def test_the_one_time_pad_passes():
    assert checks.check_one_time_pad(pad, pad).passed


@pytest.mark.parametrize(
    ("encrypt", "decrypt", "hint"),
    [
        (lambda m, k: ..., lambda c, k: ..., None),
        (lambda m, k: m, lambda c, k: c, "message itself"),
        (lambda m, k: m * k, lambda c, k: c, "does not read"),
        (lambda m, k: m * k[:, :1], lambda c, k: c * k[:, :1], "each bit"),
        (lambda m, k: m + k, lambda c, k: c - k, "-1 and 1 only"),
    ],
)
def test_other_ciphers_do_not(encrypt, decrypt, hint):
    result = checks.check_one_time_pad(encrypt, decrypt)
    assert not result.passed and (hint is None or hint in str(result))


@pytest.mark.parametrize(
    ("loss", "passes"),
    [
        (lambda b, e: b + ((8 - e) / 8) ** 2, True),
        (lambda b, e: b - e, False),
        (lambda b, e: b + (8 - e) / 8, False),
        (lambda b, e: b + (8 - e) ** 2, False),
        (lambda b, e: ..., False),
    ],
)
def test_partners_loss(loss, passes):
    assert checks.check_partners_loss(loss).passed is passes


@pytest.mark.parametrize(
    ("area", "passes"),
    [
        (lambda m, s: np.mean((m[:, None] > s) + 0.5 * (m[:, None] == s)), True),
        (lambda m, s: np.mean(m[:, None] > s), False),
        (lambda m, s: np.mean(m[:, None] < s), False),
        (lambda m, s: (np.mean(m > np.median(s)) + 1) / 2, False),
        (lambda m, s: ..., False),
    ],
)
def test_area(area, passes):
    assert checks.check_area(area).passed is passes
