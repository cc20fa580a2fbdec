"""Lesson 14's instrument: three ways to learn to write, sentence by sentence, while they learn."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tgan_lessons import grammar, text_games, text_view, writers
from tgan_lessons.charts import Chart, Curve, draw_charts
from tgan_lessons.controls import Control, choice, number
from tgan_lessons.game_lab import GameLab, player_controls
from tgan_lessons.labs import Preset

if TYPE_CHECKING:
    from PIL.Image import Image

LIKELIHOOD, GUMBEL, REINFORCE = "likelihood", "GAN, Gumbel-softmax", "GAN, REINFORCE"
SHOWN, MEASURED = 12, 200  # sentences
WIDTH = 440  # pixels: room for the longest sentence
NAMES = ("discriminator", "generator")
BATCH = 64


class TextLab(GameLab):
    """An author learns a small language from examples while its sentences are on the page.

    Args:
        sentences: to learn from, word numbers (n, 8).
        settings: controls that differ from their usual values, by name.
    """

    presets: ClassVar[dict[str, Preset]] = {
        "likelihood": Preset("valid sentences within some 200 rounds", {"author": LIKELIHOOD}),
        "Gumbel-softmax": Preset(
            "words first, then their order; agreement comes last", {"author": GUMBEL}
        ),
        "REINFORCE": Preset("how long nothing happens", {"author": REINFORCE}),
    }

    def __init__(self, sentences: np.ndarray, **settings: Any) -> None:
        if np.ndim(sentences) != 2 or np.shape(sentences)[1] != grammar.LENGTH:
            raise ValueError(
                f"`sentences` must have shape (n, {grammar.LENGTH}). "
                f"Received: {np.shape(sentences)}"
            )
        self.sentences = sentences
        super().__init__(**settings)

    def controls(self) -> list[Control]:
        """Who writes, the rates, two temperatures and a seed."""
        rate_d, rate_g, *_ = player_controls(NAMES, {"discriminator": 1e-3, "generator": 2e-3})
        tau = "τ of the Gumbel-softmax: near 0 hard words and wild gradients."
        heat = "Divides the logits when the author writes: below 1 it takes fewer chances."
        authors = (LIKELIHOOD, GUMBEL, REINFORCE)
        return [
            choice("author", "learns by", authors, "Which game it plays.", renews=True,
                   group="train"),
            replace(rate_d, when=lambda values: values["author"] != LIKELIHOOD),
            rate_g,
            number("tau", "τ", 0.1, 5.0, 0.5, tau, log=True, group="train",
                   when=lambda values: values["author"] == GUMBEL),
            number("temperature", "temperature", 0.2, 2.0, 1.0, heat, step=0.1, group="train",
                   when=lambda values: values["author"] != GUMBEL),
            number("seed", "seed", 0, 9, 0, "Of weights and batches.", renews=True, group="model"),
        ]  # fmt: skip

    def renew(self) -> None:
        """A new author, and D where there is one."""
        author, seed = self.panel["author"], int(self.panel["seed"])
        if author == GUMBEL:
            self.game = text_games.gumbel_gan(seed=seed)
            one_hot = np.eye(len(grammar.WORDS), dtype=np.float32)
            self.game.feed(one_hot[self.sentences], batch_size=BATCH)
        else:
            writer = writers.Writer(seed=seed)
            self.game = (
                text_games.Likelihood(writer, seed=seed)
                if author == LIKELIHOOD
                else text_games.ReinforceGAN(writer, writers.build_reader(seed=seed), seed=seed)
            )
            self.game.feed(self.sentences, batch_size=BATCH)
        self.game.advance(0)
        self.change(tuple(self.panel.controls))
        self.remember_start()

    def change(self, names: tuple[str, ...]) -> None:
        """Rates and τ; the game goes on."""
        super().change(names)
        if "tau" in names and self.panel["author"] == GUMBEL:
            self.game.generator.get_layer("words").temperature.assign(self.panel["tau"])

    # Readings and pictures

    def look(self) -> np.ndarray:
        """Sentences of now, from the same random numbers each time."""
        if self.panel["author"] == GUMBEL:
            noise = self.game.sample_noise(MEASURED, seed=1)
            hot = self.game.generator(noise, training=False).numpy()
            return hot.argmax(axis=-1)
        return self.game.writer.sample(MEASURED, 1, float(self.panel["temperature"]))

    def measure(self) -> dict[str, float]:
        """The share of valid sentences, and of distinct ones among all."""
        sentences = self.look()
        distinct = len(np.unique(sentences, axis=0)) / len(sentences)
        return {"valid": float(grammar.is_valid(sentences).mean()), "distinct": distinct}

    def show(self) -> None:
        """Looks once, then draws."""
        self.view = self.look()
        super().show()

    def draw(self) -> Image:
        """Twelve sentences."""
        return text_view.draw_sentences(self.view[:SHOWN], WIDTH)

    def draw_charts(self) -> Image:
        """Validity, diversity and losses."""
        valid = [Curve("", self.recorded("valid"), "#009E73")]
        distinct = [Curve("", self.recorded("distinct"), "#0072B2")]
        return draw_charts(
            [
                Chart("valid sentences", valid, low=0.0, high=1.0),
                Chart("distinct sentences", distinct, low=0.0, high=1.0),
                Chart("losses", self.curves("loss")),
            ]
        )

    def numbers(self) -> str:
        """Round, losses, valid and distinct sentences."""
        valid = int(grammar.is_valid(self.view).sum())
        distinct = len(np.unique(self.view, axis=0))
        return f"{super().numbers()}; of {MEASURED}: {valid} valid, {distinct} distinct"

    def explain_move(self, name: str, before: np.ndarray, after: np.ndarray) -> str:
        """How many of the words shown have changed."""
        changed = int((before != after).sum())
        return f"{changed} of {before.size} words changed."

    def describe(self) -> str:
        """The lab in words."""
        first = grammar.decode(self.view[0])
        return (
            f"{SHOWN} sentences, written now; from the first word on that breaks the grammar they "
            f"are orange. The first one: “{first}”. {self.numbers()}."
        )
