"""The controls of the freezing lab, and settings with a name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tgan_lessons.controls import Control, choice, number, switch
from tgan_lessons.freezing import DEPTHS
from tgan_lessons.labs import Preset

BUDGETS = (5, 10, 15, 40)
RATE = 5e-3  # of networks from scratch, and of new layers at the start
PRESETS = {
    "Frozen too deep": Preset(
        "a quick start, and a ceiling: the last layers were made for other letters",
        {"depth": 5, "then": "frozen"},
    ),
    "Set free": Preset(
        "the same five layers without the ceiling", {"depth": 5, "then": "fine-tuned"}
    ),
    "Poisoned source": Preset(
        "a gain below zero: this source learned labels without meaning",
        {"source": "shuffled", "depth": 5, "then": "frozen"},
    ),
    "Both at once": Preset(
        "joint training; move λ and see which task gives way", {"depth": 0, "joint": True}
    ),
}


def freeze_controls(sources: Sequence[str], most: int) -> list[Control]:
    """What begins a new race of the lab, and what acts in it.

    Args:
        sources: their names.
        most: labels of each class that the target has.
    """
    budgets = tuple(budget for budget in BUDGETS if budget <= most) or (most,)
    usual = min(budgets, key=lambda budget: abs(budget - 15))
    new: dict[str, Any] = {"renews": True, "group": "transfer"}
    return [
        choice("source", "source", tuple(sources), "What was learned before.", **new),
        number("depth", "layers copied", 0, DEPTHS[-1], 3, "From below; 0 copies none.", **new),
        choice("then", "copied layers", ("frozen", "fine-tuned"), "Stay, or go on learning.",
               group="transfer"),
        choice("per_class", "labels per class", budgets, "Of the target.", value=usual, **new),
        number("seed", "seed", 0, 20, 0, "Of labels, new layers and batches.", **new),
        *_losses(),
        number("new", "rate of new layers", 1e-4, 1e-1, RATE, "Adam's, with transfer.",
               log=True, group="rates"),
        number("copied", "rate of copied layers", 1e-5, 1e-1, 1e-3, "Where fine-tuned.",
               log=True, group="rates", when=lambda values: values["then"] == "fine-tuned"),
    ]  # fmt: skip


def _losses() -> list[Control]:
    return [
        switch("joint", "go on with the source, too", False, "The loss becomes the sum "
               "L_source + λ L_target.", group="losses",
               when=lambda values: values["source"] != "B"),
        number("lambda", "λ", 1e-2, 1e2, 1.0, "What the target counts, against the source.",
               log=True, group="losses",
               when=lambda values: values["joint"] and values["source"] != "B"),
        number("pull", "pull to the source α", 1e-5, 1.0, 1e-5, "L2-SP: α/2 |w - w_source|² of "
               "the copied layers.", log=True, group="losses"),
    ]  # fmt: skip
