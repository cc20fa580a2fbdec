"""Lesson 13's instrument: Alice, Bob and Eve learn while their messages pass over the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tgan_lessons import cipher_view
from tgan_lessons.charts import Chart, Curve, draw_charts
from tgan_lessons.cipher import (
    BITS,
    CipherGame,
    are_pairs_equal,
    count_wrong,
    random_bits,
    run_network,
    same,
)
from tgan_lessons.cipher_audit import try_wrong_keys
from tgan_lessons.controls import Control, choice, number, switch
from tgan_lessons.game_lab import GameLab, player_controls
from tgan_lessons.labs import Preset

if TYPE_CHECKING:
    from PIL.Image import Image

TEXTS = ("HI", "NO", "42")
BITS_ONLY, WITH_PAIRS = "which bits?", "bits, and which are equal?"
BATCH, MESSAGES, TESTED = 256, 50_000, 400


class CipherLab(GameLab):
    """Two partners learn to keep a secret from Eve, who learns to read them.

    Args:
        settings: controls that differ from their usual values, by name.
    """

    presets: ClassVar[dict[str, Preset]] = {
        "the game of 2016": Preset("Bob reads, Eve does not; and what a wrong key reads", {}),
        "no secrecy asked": Preset("Bob and Eve learn together", {"secrecy": 0.0}),
        "nobody can multiply": Preset("Eve reads along", {"multiplies": False}),
        "Eve asks for pairs": Preset("wrong keys read less", {"asks": WITH_PAIRS, "secrecy": 6.0}),
    }

    def controls(self) -> list[Control]:
        """What Eve is asked, how much secrecy counts, the rates, the networks."""
        rates = player_controls(("partners", "eve"), {"partners": 4e-3, "eve": 4e-3})[:2]
        told = "How much Eve's knowledge costs Alice and Bob."
        asked = "What Eve learns to say, and the partners learn to hide."
        gates = "Whether a hidden unit is a product of two sums; else it is a ReLU."
        return [
            choice("asks", "Eve is asked", (BITS_ONLY, WITH_PAIRS), asked, renews=True,
                   group="train"),
            number("secrecy", "secrecy", 0.0, 10.0, 1.0, told, step=0.5, group="train"),
            *rates,
            switch("multiplies", "units multiply", True, gates, renews=True, group="model"),
            number("seed", "seed", 0, 9, 0, "Of weights, keys and batches.", renews=True,
                   group="model"),
        ]  # fmt: skip

    def renew(self) -> None:
        """New networks."""
        asks = (same, are_pairs_equal) if self.panel["asks"] == WITH_PAIRS else (same,)
        multiplies, seed = bool(self.panel["multiplies"]), int(self.panel["seed"])
        self.game = CipherGame(asks=asks, multiplies=multiplies, seed=seed)
        self.game.feed(random_bits(MESSAGES, seed), batch_size=BATCH)
        self.game.advance(0)
        shown = [cipher_view.text_to_bits(text) for text in TEXTS]
        self.messages = np.concatenate([shown, random_bits(TESTED, 1)])
        self.keys = random_bits(len(self.messages), 2)
        self.change(tuple(self.panel.controls))
        self.remember_start()

    def change(self, names: tuple[str, ...]) -> None:
        """Rates and secrecy; the game goes on."""
        super().change(names)
        if "secrecy" in names:
            self.game.set_coefficient("secrecy", float(self.panel["secrecy"]))

    # Readings and pictures

    def look(self) -> dict[str, np.ndarray]:
        """The messages that are shown and tested, as all three have them now."""
        cipher = self.game.encrypt(self.messages, self.keys)
        return {
            "Alice writes": self.messages,
            "Alice sends": cipher,
            "Bob reads": self.game.decrypt(cipher, self.keys),
            "Eve reads": run_network(self.game.eves[0], cipher),
        }

    def measure(self) -> dict[str, float]:
        """Wrong bits of Bob and Eve; how often a random key reads all, or the opposite of all."""
        view = self.look()
        wrong = {
            name: float(count_wrong(self.messages, view[f"{name} reads"]).mean())
            for name in ("Bob", "Eve")
        }
        tried = try_wrong_keys(self.game.decrypt, self.messages, view["Alice sends"], 1)
        hit = np.isin(tried, (0, 1, BITS - 1, BITS)).mean()
        return {**wrong, "guessed": float(hit)}

    def show(self) -> None:
        """Looks once, then draws."""
        self.view = self.look()
        super().show()

    def draw(self) -> Image:
        """Three messages on their way."""
        rows = {name: values[: len(TEXTS)] for name, values in self.view.items()}
        return cipher_view.draw_messages(rows, self.messages[: len(TEXTS)])

    def draw_charts(self) -> Image:
        """Wrong bits, what a guessed key opens, and losses."""
        wrong = [
            Curve("Bob", self.recorded("Bob"), cipher_view.BOB),
            Curve("Eve", self.recorded("Eve"), cipher_view.EVE),
        ]
        guessed = [Curve("", self.recorded("guessed"), "#CC79A7")]
        half = {"coin": cipher_view.COIN}
        return draw_charts(
            [
                Chart("wrong bits of 16", wrong, low=0.0, high=10.0, marks=half),
                Chart("opened by a guessed key", guessed, low=0.0, high=1.0),
                Chart("losses", self.curves("loss")),
            ]
        )

    def numbers(self) -> str:
        """Round, wrong bits, guessed keys."""
        wrong = {
            name: count_wrong(self.messages, self.view[f"{name} reads"]).mean()
            for name in ("Bob", "Eve")
        }
        return (
            f"round {self.rounds:,}; of {BITS} bits Bob reads {wrong['Bob']:.2f} wrong, "
            f"Eve {wrong['Eve']:.2f}"
        )

    def explain_move(self, name: str, before: dict[str, Any], after: dict[str, Any]) -> str:
        """How far the ciphertexts moved, and the readings."""
        moved = np.abs(after["Alice sends"] - before["Alice sends"]).mean()
        return f"A number of the ciphertext changed by {moved:.3f} on average."

    def describe(self) -> str:
        """The lab in words."""
        letters = {
            name: " ".join(cipher_view.bits_to_text(row) for row in self.view[f"{name} reads"][:3])
            for name in ("Bob", "Eve")
        }
        return (
            f"Three messages, {', '.join(TEXTS)}: as Alice writes and sends them, and as Bob and "
            f"Eve read them. Bob reads {letters['Bob']}, Eve {letters['Eve']}. {self.numbers()}."
        )
