"""What a cipher that networks have learned is worth: Eves trained afterwards, and wrong keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from tgan_lessons.cipher import (
    BITS,
    build_network,
    count_wrong,
    draw_bits,
    random_bits,
    run_network,
    same,
    wrong_bits,
)
from tgan_lessons.game import Game
from tgan_lessons.players import Player

Tensor = Any
Decrypt = Callable[[np.ndarray, np.ndarray], np.ndarray]
BUILDS: Mapping[str, dict[str, Any]] = {
    "products 64": {"units": (64,)},
    "products 128-64": {"units": (128, 64)},
    "ReLU 256-128": {"units": (256, 128), "multiplies": False},
    "ReLU 64-64-64": {"units": (64, 64, 64), "multiplies": False},
    "ReLU 512": {"units": (512,), "multiplies": False},
}


class Audit(Game):
    """Fresh Eves learn to read Alice, who learns no more; each is a player of its own.

    It is fed messages (n, 16).

    Args:
        alice: the network whose ciphertexts are attacked.
        ask: what Eve is asked about a message (n, 16): bits (n, k) of -1 and 1.
        known: messages with their ciphertexts, under the same key, that Eve has in hand.
        builds: how each Eve is built, by name; see `cipher.build_network`.
        rate: Adam's learning rate.
        seed: of weights, keys and batches.
        options: of `Game`.

    Source: Abadi & Andersen 2016, https://arxiv.org/abs/1610.06918, section 2.5: five fresh Eves
    """

    def __init__(
        self,
        alice: keras.Model,
        *,
        ask: Callable[[Tensor], Tensor] = same,
        known: int = 0,
        builds: Mapping[str, Mapping[str, Any]] = BUILDS,
        rate: float = 1e-3,
        seed: int = 0,
        **options: Any,
    ) -> None:
        if known < 0 or known % 1:
            raise ValueError(f"`known` must be a whole number of at least 0. Received: {known}")
        answers = ask(random_bits(1)).shape[-1]
        self.eves = {
            name: build_network(BITS * (1 + 2 * known), answers, seed=5000 + 10 * seed + i, **build)
            for i, (name, build) in enumerate(builds.items())
        }
        players = [
            Player(name, eve, keras.optimizers.Adam(float(rate))) for name, eve in self.eves.items()
        ]
        super().__init__(players, **({"simultaneous": True, "seed": seed} | options))
        self.alice, self.ask, self.known = alice, ask, int(known)

    def losses(self, message: Tensor) -> dict[str, Tensor]:
        """The wrong answers of each Eve."""
        shape = ops.shape(message)
        known = [draw_bits(shape, self.seeds) for _ in range(self.known)]
        seen = ops.stop_gradient(self.overhear(message, draw_bits(shape, self.seeds), known))
        truth = self.ask(message)
        return {
            name: wrong_bits(truth, eve(seen, training=True)) for name, eve in self.eves.items()
        }

    def overhear(self, message: Tensor, key: Tensor, known: list[Tensor]) -> Tensor:
        """What Eve has: the ciphertext, then each known message with its own, same key."""
        columns = [self._encrypt(message, key)]
        for other in known:
            columns += [other, self._encrypt(other, key)]
        return ops.concatenate(columns, axis=-1)

    def test(self, n: int = 5000, seed: int = 1) -> dict[str, float]:
        """The wrong answers of each Eve about fresh messages, by their signs."""
        message, key, *known = (random_bits(n, seed + i) for i in range(2 + self.known))
        seen = ops.convert_to_numpy(self.overhear(message, key, known))
        truth = ops.convert_to_numpy(self.ask(message))
        return {
            name: float(count_wrong(truth, run_network(eve, seen)).mean())
            for name, eve in self.eves.items()
        }

    def _encrypt(self, message: Tensor, key: Tensor) -> Tensor:
        return self.alice(ops.concatenate([message, key], axis=-1), training=False)


def try_wrong_keys(
    decrypt: Decrypt, message: np.ndarray, cipher: np.ndarray, count: int = 100, seed: int = 0
) -> np.ndarray:
    """Reads each ciphertext with random keys, as a thief of Bob's machine would.

    Args:
        decrypt: (ciphertexts, keys) → readings, whose sign is the bit; shapes (n, 16).
        message: what was sent, shape (n, 16).
        cipher: its ciphertexts, shape (n, 16).
        count: keys tried for each.
        seed: of the keys.

    Returns:
        The wrong bits of each reading, shape (n, count).
    """
    if count < 1 or count % 1:
        raise ValueError(f"`count` must be a whole number of at least 1. Received: {count}")
    keys = random_bits(len(message) * count, seed)
    readings = decrypt(np.repeat(cipher, count, axis=0), keys)
    return count_wrong(np.repeat(message, count, axis=0), readings).reshape(-1, count)


def all_keys() -> np.ndarray:
    """Each of the 65,536 keys once, -1 or 1, shape (65536, 16)."""
    return 2 * ((np.arange(2**BITS)[:, None] >> np.arange(BITS)) & 1).astype(np.float32) - 1


def count_readings(decrypt: Decrypt, cipher: np.ndarray) -> tuple[int, float]:
    """Reads one ciphertext with every key there is.

    Args:
        decrypt: see `try_wrong_keys`.
        cipher: one ciphertext, shape (16,).

    Returns:
        How many different messages come out, and their entropy in bits: what Eve still does not
        know if she has Bob's machine and believes every key as likely. At most 65,536 and 16.
    """
    keys = all_keys()
    signs = decrypt(np.tile(cipher, (len(keys), 1)), keys) > 0
    _, counts = np.unique(signs @ (1 << np.arange(BITS)), return_counts=True)
    shares = counts / counts.sum()
    return len(counts), float(-(shares * np.log2(shares)).sum())
