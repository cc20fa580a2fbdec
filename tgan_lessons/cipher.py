"""Adversarial cryptography: Alice and Bob share a key, Eve listens, and all three learn.

Bits are -1 and 1. For teaching: nothing here keeps a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from tgan_lessons.game import Game
from tgan_lessons.players import Player
from tgan_lessons.runtime import MOST_SEED, check_whole

Tensor = Any
BITS = 16  # of a message, of its key, and numbers of its ciphertext
LATER, EARLIER = np.tril_indices(BITS, -1)


def build_network(
    inputs: int,
    outputs: int = BITS,
    units: Sequence[int] = (64,),
    *,
    multiplies: bool = True,
    seed: int = 0,
    name: str | None = None,
) -> keras.Model:
    """Builds a dense network: numbers (n, inputs) → guesses (n, outputs) between -1 and 1.

    Args:
        inputs: numbers that it sees: bits or symbols of a ciphertext.
        outputs: numbers that it gives.
        units: of each hidden layer.
        multiplies: whether a hidden unit is the product of two weighted sums, one of them through
            tanh; else it is a ReLU of one.
        seed: of the initial weights.
        name: of the model.

    Source of the products: Dauphin et al. 2017 (gated linear units), with another gate,
    https://arxiv.org/abs/1612.08083
    """
    inputs, outputs = check_whole("inputs", inputs), check_whole("outputs", outputs)
    units = check_whole("units", units, several=True)
    seed = check_whole("seed", seed, least=0, most=MOST_SEED)
    starts = iter(range(1000 * seed, 1000 * seed + 1000))

    def dense(x: Tensor, width: int, activation: str | None) -> Tensor:
        start = keras.initializers.GlorotUniform(seed=next(starts))
        return layers.Dense(width, activation=activation, kernel_initializer=start)(x)

    x = seen = keras.Input((inputs,))
    for width in units:
        x = (
            dense(x, width, "tanh") * dense(x, width, None)
            if multiplies
            else dense(x, width, "relu")
        )
    return keras.Model(seen, dense(x, outputs, "tanh"), name=name)


def draw_bits(shape: Sequence[int | Tensor], seeds: keras.random.SeedGenerator) -> Tensor:
    """Fair bits, -1 or 1."""
    return 2.0 * ops.cast(keras.random.uniform(shape, seed=seeds) > 0.5, "float32") - 1.0


def random_bits(n: int, seed: int = 0) -> np.ndarray:
    """`n` rows of fair bits, -1 or 1, float32, shape (n, 16)."""
    return 2 * np.random.default_rng(seed).integers(0, 2, (n, BITS)).astype(np.float32) - 1


def wrong_bits(bits: Tensor, guess: Tensor) -> Tensor:
    """How many bits of a row are wrong, on average; a guess of 0 counts as half wrong."""
    return bits.shape[-1] * ops.mean(ops.abs(bits - guess)) / 2


def count_wrong(bits: np.ndarray, guess: np.ndarray) -> np.ndarray:
    """How many bits of each row have the wrong sign, shape (n,).

    Args:
        bits: -1 or 1, shape (n, k).
        guess: any numbers, same shape; 0 is wrong.
    """
    if np.shape(bits) != np.shape(guess):
        raise ValueError(
            f"`guess` must have the shape of `bits`. Received: {np.shape(guess)} and "
            f"{np.shape(bits)}"
        )
    return (np.sign(guess) != bits).sum(axis=-1)


def same(message: Tensor) -> Tensor:
    """The usual question to Eve: which bits?"""
    return message


def are_neighbours_equal(message: Tensor) -> Tensor:
    """Another question: is each bit equal to the next (1) or not (-1)? Shape (n, 15)."""
    return message[:, :-1] * message[:, 1:]


def are_pairs_equal(message: Tensor) -> Tensor:
    """The same about any two bits, shape (n, 120)."""
    return ops.take(message, EARLIER, axis=1) * ops.take(message, LATER, axis=1)


class CipherGame(Game):
    """Alice makes a ciphertext of a message and a key; Bob, who has the key, reads it; Eve tries.

    Players: "partners", who are Alice and Bob, and "eve". It is fed messages (n, 16); the keys are
    drawn anew for each message. The coefficient "secrecy" may change while it trains.

    Args:
        units: of each hidden layer of Alice and Bob, and of Eve.
        asks: what Eve is asked; for each question she has a network of her own.
        multiplies: see `build_network`.
        secrecy: how much Eve's knowledge costs the partners.
        rates: Adam's learning rates of (partners, eve).
        seed: of weights, keys and batches.
        options: of `Game`.

    Source: Abadi & Andersen 2016, https://arxiv.org/abs/1610.06918, whose networks are larger, and
    whose Eve is asked for the bits
    """

    def __init__(
        self,
        units: Sequence[int] = (64,),
        *,
        asks: Sequence[Callable[[Tensor], Tensor]] = (same,),
        multiplies: bool = True,
        secrecy: float = 1.0,
        rates: tuple[float, float] = (4e-3, 4e-3),
        seed: int = 0,
        **options: Any,
    ) -> None:
        def network(inputs: int, outputs: int, number: int, name: str) -> keras.Model:
            rules = {"multiplies": multiplies, "seed": 10 * seed + number, "name": name}
            return build_network(inputs, outputs, units, **rules)

        self.alice, self.bob = (
            network(2 * BITS, BITS, number, name) for number, name in enumerate(("alice", "bob"))
        )
        answers = [ask(random_bits(1)).shape[-1] for ask in asks]
        self.eves = [network(BITS, k, 2 + i, f"eve_{i}") for i, k in enumerate(answers)]
        adam = keras.optimizers.Adam
        players = (
            Player("partners", (self.alice, self.bob), adam(rates[0])),
            Player("eve", self.eves, adam(rates[1])),
        )
        options = {"simultaneous": True, "seed": seed} | options
        super().__init__(players, coefficients={"secrecy": secrecy}, **options)
        self.asks = tuple(asks)

    def losses(self, message: Tensor) -> dict[str, Tensor]:
        """Eve wants few wrong answers; the partners few wrong bits, and her at a coin's flip."""
        key = draw_bits(ops.shape(message), self.seeds)
        cipher = self.alice(ops.concatenate([message, key], -1), training=True)
        bob = wrong_bits(message, self.bob(ops.concatenate([cipher, key], -1), training=True))
        truths = [ask(message) for ask in self.asks]
        wrong = [
            wrong_bits(truth, eve(cipher, training=True)) / truth.shape[-1]
            for truth, eve in zip(truths, self.eves, strict=True)
        ]
        known = sum((1 - 2 * share) ** 2 for share in wrong)
        return {
            "partners": bob + self.coefficients["secrecy"] * known,
            "eve": BITS * sum(wrong),
        }

    def encrypt(self, message: np.ndarray, key: np.ndarray) -> np.ndarray:
        """Alice's ciphertexts of messages and keys (n, 16): numbers in [-1, 1], shape (n, 16)."""
        return run_network(self.alice, message, key)

    def decrypt(self, cipher: np.ndarray, key: np.ndarray) -> np.ndarray:
        """Bob's readings: numbers in [-1, 1] whose sign is the bit, shape (n, 16)."""
        return run_network(self.bob, cipher, key)

    def test(self, n: int = 10_000, seed: int = 1) -> dict[str, float]:
        """Wrong bits of 16 in fresh messages, by their signs: {"bob": …, "eve": …}.

        Eve's are her answers to the first question.
        """
        message, key = random_bits(n, seed), random_bits(n, seed + 1)
        cipher = self.encrypt(message, key)
        bob = count_wrong(message, self.decrypt(cipher, key)).mean()
        truth = ops.convert_to_numpy(self.asks[0](message))
        eve = count_wrong(truth, run_network(self.eves[0], cipher)).mean()
        return {"bob": float(bob), "eve": float(eve)}


def run_network(network: keras.Model, *columns: np.ndarray, batch_size: int = 16_384) -> np.ndarray:
    """What a network says of rows of numbers, in inference mode."""
    rows = np.concatenate(columns, axis=-1)
    parts = [
        network(rows[i : i + batch_size], training=False) for i in range(0, len(rows), batch_size)
    ]
    return np.concatenate([ops.convert_to_numpy(part) for part in parts])
