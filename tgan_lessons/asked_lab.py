"""What lesson 09's labs share: a trained game goes on, and what it draws is read now and then."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from tgan_lessons.game_lab import GameLab


class AskedLab(GameLab):
    """A lab around a game that was given, whose generator is told what to draw.

    A subclass sets `game` before `GameLab.__init__`, and defines `read`, `look` and `draw`.

    Attributes:
        shares: what was obeyed at the last reading, by name.
        view: what `look` painted last.
    """

    chunk = 2
    every: ClassVar[int] = 6  # bursts from one reading to the next

    def renew(self) -> None:
        """Traces the game as it was given."""
        self.game.advance(0)
        self.remember_start()

    def _begin_history(self) -> None:
        super()._begin_history()
        self._bursts, self.shares = 0, self.read()

    def read(self) -> dict[str, float]:
        """The shares of many drawings that show what was asked for, by name."""
        raise NotImplementedError

    def measure(self) -> dict[str, float]:
        """The shares; read anew now and then."""
        self._bursts += 1
        if self._bursts % self.every == 0:
            self.shares = self.read()
        return self.shares

    def show(self) -> None:
        """Paints the fixed noise anew, and shows it."""
        self.view = self.look()
        super().show()

    def explain_move(self, name: str, before: Any, after: Any) -> str:
        """How far the pixels moved."""
        if name == "discriminator":
            return "No drawing has changed."
        moved = float(np.mean(np.abs(after - before))) / 2
        return f"The pixels moved by {moved:.1%} of the way from black to white."
