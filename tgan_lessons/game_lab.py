"""What the labs around a game share: players on sliders, half-moves, curves, a way back."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tgan_lessons.charts import Chart, Curve
from tgan_lessons.controls import Control, choice, number
from tgan_lessons.film import Film
from tgan_lessons.lab_frame import button
from tgan_lessons.labs import Lab

if TYPE_CHECKING:
    import ipywidgets as widgets

    from tgan_lessons.game import Game

LETTERS = {"discriminator": "D", "generator": "G"}
COLORS = ("black", "#D55E00", "#0072B2", "#009E73")
PER_CLICK = (1, 5, 25, 100)  # moves
MOST_MOVES = 10  # of a player in a round, on its slider


def letter(name: str) -> str:
    """How a player is called on the page."""
    return LETTERS.get(name, name)


def player_controls(names: Sequence[str], rates: Mapping[str, float]) -> list[Control]:
    """A learning rate and a number of moves for each player; they act while it trains."""
    rows = [
        number(
            f"rate_{letter(name).lower()}",
            f"{letter(name)}'s learning rate",
            1e-5,
            1e-1,
            rates[name],
            f"How far each move of {letter(name)} goes. 0.001 is usual with Adam.",
            log=True,
            group="train",
        )
        for name in names
    ]
    rows += [
        number(
            f"moves_{letter(name).lower()}",
            f"{letter(name)}'s moves/round",
            1,
            MOST_MOVES,
            1,
            f"How often {letter(name)} moves before the other side's turn.",
            group="train",
        )
        for name in names
    ]
    return rows


def click_control() -> Control:
    """How many moves a click makes."""
    return choice(
        "per_click",
        "moves per click",
        PER_CLICK,
        "How often one side moves when you press its button.",
        group="train",
    )


class GameLab(Lab):
    """A lab around a game of the engine.

    A subclass sets `game` in `renew`, and ends there with `remember_start()`.

    Attributes:
        game: fed.
        history: of the run, for the curves: (round, what was logged) of kept moments.
    """

    chunk: ClassVar[int] = 1  # rounds that tell how many more fit into a burst
    game: Game

    def remember_start(self) -> None:
        """Keeps the game as it is now as the start that a reset goes back to."""
        states = [self.game.seeds.state, self.game.sampling.state, self.game.rounds]
        parts = [v for p in self.game.players for n in p.networks for v in n.variables]
        parts += [v for p in self.game.players for v in p.optimizer.variables]
        self._start = [(variable, variable.numpy()) for variable in parts]
        self._chance = [state.numpy() for state in states]
        self._begin_history()

    def restart(self) -> None:
        """Weights, moments and random numbers of the start again; settings as the controls say."""
        for variable, value in self._start:
            variable.assign(value)
        self.game.seeds.state.assign(self._chance[0])
        self.game.sampling.state.assign(self._chance[1])
        self.game.rounds.assign(self._chance[2])
        self.change(tuple(self.panel.controls))
        self._begin_history()

    def _begin_history(self) -> None:
        self.history: Film[dict[str, float]] = Film()
        self._logs: dict[str, float] = {}
        self._turn = 0

    @property
    def rounds(self) -> int:
        """How many rounds were played; a move alone is not a round."""
        return int(self.game.rounds)

    def change(self, names: tuple[str, ...]) -> None:
        """Learning rates and moves per round; the game goes on."""
        for player in self.game.players:
            sign = letter(player.name).lower()
            if f"rate_{sign}" in names:
                self.game.set_rate(player.name, float(self.panel[f"rate_{sign}"]))
            if f"moves_{sign}" in names:
                self.game.set_moves(player.name, int(self.panel[f"moves_{sign}"]))

    def burst(self, seconds: float) -> None:
        """Plays rounds for about `seconds`: a chunk, and in one call as many as then fit."""
        start = time.perf_counter()
        logs = self.game.advance(self.chunk)
        taken = time.perf_counter() - start
        rest = int(self.chunk * (seconds - taken) / taken)
        if rest > 0:
            logs = self.game.advance(rest)
        self._note(logs)

    def move(self, name: str, moves: int = 1) -> None:
        """Moves one side alone and shows what became of it; the clock stops."""
        with self.lock:
            self.pause()
            self._note(self.game.move(name, moves))
            self.show()

    def step(self) -> str:
        """One move of the player whose turn it is, explained."""
        turns = [p.name for p in self.game.players for _ in range(int(self.game._moves[p.name]))]
        name = turns[self._turn % len(turns)]
        self._turn += 1
        before = self.look()
        logs = self.game.move(name)
        self._note(logs)
        size = logs[f"{name}_gradient_norm"]
        what = f"<b>{letter(name)} moved.</b> Its loss was {logs[f'{name}_loss']:.3f}, its slope "
        return f"{what}{size:.2g}. {self.explain_move(name, before, self.look())}"

    def look(self) -> Any:
        """What `explain_move` compares; taken before and after a move."""
        return None

    def explain_move(self, name: str, before: Any, after: Any) -> str:
        """What a move changed, in a sentence."""
        return "All others held still."

    def _note(self, logs: dict[str, float]) -> None:
        self._logs = {**self._logs, **logs}  # who did not move keeps the last
        self.history.add({"round": self.rounds, **self._logs, **self.measure()})

    def measure(self) -> dict[str, float]:
        """Further numbers for the curves."""
        return {}

    def curves(self, what: str) -> list[Curve]:
        """The curves of all players: `"loss"` or `"gradient_norm"`."""
        return [
            Curve(letter(player.name), self.recorded(f"{player.name}_{what}"), color)
            for player, color in zip(self.game.players, COLORS, strict=False)
        ]

    def recorded(self, key: str) -> list[float]:
        """One number over the run so far; NaN where it was not known."""
        return [entry.get(key, np.nan) for entry in self.history]

    def charts(self) -> list[Chart]:
        """Losses and slopes of all players."""
        return [
            Chart("losses", self.curves("loss")),
            Chart("size of the gradients", self.curves("gradient_norm"), log=True),
        ]

    def numbers(self) -> str:
        """Round and losses."""
        losses = [
            f"{letter(p.name)}'s loss {self._logs[f'{p.name}_loss']:.3f}"
            for p in self.game.players
            if f"{p.name}_loss" in self._logs
        ]
        return ", ".join([f"round {self.rounds:,}", *losses])

    def buttons(self) -> list[widgets.Widget]:
        """A button for each player that moves it alone."""
        self.move_buttons: dict[str, widgets.Button] = {}
        for player in self.game.players:
            sign = letter(player.name)
            move = button(f"move {sign}", f"{sign} moves, all others hold still")
            move.add_class(f"tgan-move-{sign}")
            move.on_click(self._guarded(lambda _, name=player.name: self._clicked(name)))
            self.move_buttons[player.name] = move
        return list(self.move_buttons.values())

    def _clicked(self, name: str) -> None:
        with self.lock:
            self.move(name, int(self.panel["per_click"]))
            self.say(f"{letter(name)} alone has moved {self.panel['per_click']} times.")

    # Runs on disk, see `runs`

    def state(self) -> dict[str, np.ndarray]:
        """All that decides how the run goes on."""
        from tgan_lessons import checkpoint

        return checkpoint.snapshot(self.game)

    def set_state(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Goes on from a `state`, under the same settings."""
        from tgan_lessons import checkpoint

        checkpoint.restore(self.game, arrays)

    def records(self) -> dict[str, Any]:
        """What the curves and the status line are made of."""
        return {"history": list(self.history), "logs": self._logs}

    def set_records(self, records: Mapping[str, Any]) -> None:
        """Puts `records` back."""
        self.history.fill(records["history"])
        self._logs = dict(records["logs"])
