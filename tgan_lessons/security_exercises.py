"""The checks of the exercises of lesson 13: they test behaviour, never text."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tgan_lessons.checks import call, exercise, expect
from tgan_lessons.cipher import BITS, random_bits

Cipher = Callable[[np.ndarray, np.ndarray], np.ndarray]


@exercise("13.1", "Perfect secrecy in one multiplication, as long as no key is ever used twice.")
def check_one_time_pad(encrypt: Cipher, decrypt: Cipher) -> None:
    """Tests a cipher of messages and keys of -1 and 1, shape (n, 16)."""
    message, key = random_bits(200, 0), random_bits(200, 1)
    cipher = np.asarray(call(encrypt, message.copy(), key.copy()))
    back = np.asarray(call(decrypt, cipher.copy(), key.copy()))
    expect(
        cipher.shape == message.shape, f"Ciphertexts of shape {message.shape}, not {cipher.shape}."
    )
    expect(set(np.unique(cipher)) <= {-1, 1}, "A ciphertext should hold -1 and 1 only.")
    expect(np.array_equal(back, message), "Bob, who has the key, does not read the message.")
    expect(not np.array_equal(cipher, message), "That is the message itself.")
    one = np.ones((2**4, BITS), np.float32)
    keys = one.copy()
    keys[:, :4] = 2 * ((np.arange(16)[:, None] >> np.arange(4)) & 1) - 1
    found = np.unique(np.asarray(encrypt(one, keys)), axis=0)
    expect(len(found) == 16, f"16 keys made {len(found)} ciphertexts of one message: use each bit.")
    other = np.asarray(decrypt(cipher, random_bits(200, 2)))
    wrong = (other != message).mean()
    expect(
        0.45 < wrong < 0.55,
        f"With a wrong key {wrong:.0%} of the bits are wrong; a half is secret.",
    )


@exercise("13.2", "An Eve who is always wrong knows everything: turn her answers around.")
def check_partners_loss(loss: Callable[[float, float], float]) -> None:
    """Tests the partners' loss from the wrong bits of Bob and of Eve, of 16."""
    best = float(call(loss, 0.0, 8.0))
    expect(np.isclose(best, 0.0), f"Bob right, Eve at 8 of 16: the loss is 0, not {best:.3f}.")
    expect(
        loss(0.0, 16.0) > loss(0.0, 12.0),
        "An Eve with 16 wrong bits must cost: she need only turn each bit around.",
    )
    expect(loss(0.0, 4.0) > 0 and loss(2.0, 8.0) > 0, "What Eve knows costs; Bob's errors, too.")
    for bob, eve in ((0.5, 0.0), (0.0, 6.0), (3.0, 16.0), (1.0, 10.0)):
        right, answer = bob + ((8 - eve) / 8) ** 2, float(loss(bob, eve))
        expect(
            np.isclose(answer, right),
            f"Bob {bob:g} wrong, Eve {eve:g}: {right:.4f} expected, yours is {answer:.4f}.",
        )


@exercise("13.3", "A guess has 0.5. Every hundredth above it is somebody's privacy.")
def check_area(area: Callable[[np.ndarray, np.ndarray], float]) -> None:
    """Tests the chance that a member's score is above a stranger's, ties counting a half."""
    from sklearn.metrics import roc_auc_score

    sure = float(call(area, np.array([2.0, 3.0]), np.array([0.0, 1.0])))
    expect(np.isclose(sure, 1.0), f"All members above all strangers: 1 expected, not {sure:.3f}.")
    turned = float(area(np.array([0.0, 1.0]), np.array([2.0, 3.0])))
    expect(np.isclose(turned, 0.0), "All members below: 0. Which of the two must be larger?")
    ties = float(area(np.array([1.0, 1.0]), np.array([1.0, 0.0])))
    expect(np.isclose(ties, 0.75), f"Equal scores count a half: 0.75 expected, not {ties:.3f}.")
    rng = np.random.default_rng(0)
    members, strangers = rng.normal(0.5, 1, 70), rng.normal(0, 1, 40)
    right = roc_auc_score(np.repeat([1, 0], [70, 40]), np.concatenate([members, strangers]))
    answer = float(area(members, strangers))
    expect(np.isclose(answer, right), f"{right:.4f} expected, yours is {answer:.4f}.")
