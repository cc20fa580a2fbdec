"""A long stretch of a game in the folder of `resume`: cut short today, gone on with tomorrow."""

from __future__ import annotations

from dataclasses import is_dataclass
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons import resume

if TYPE_CHECKING:
    from tgan_lessons.game import Game

LOG = "log/"


class KeptGame:
    """What the folder knows of a stretch of a game; nothing where no folder is chosen.

    Args:
        game: fed; put where the stretch ended, or was cut short, in an earlier session.
        times: how often it is going to be played.
        parts: what else decides how it ends, see `resume.Place`.
        keep: `False` for a stretch that is too short to be kept.

    Attributes:
        done: how many of the times are played.
        logs: of the last one of them.
    """

    def __init__(self, game: Game, times: int, *parts: object, keep: bool = True) -> None:
        self.game, self.times, self.done, self.logs = game, times, 0, {}
        self._place = None
        if resume.folder() is None:
            return
        if not keep:
            resume.skip()
            return
        from tgan_lessons import checkpoint

        if game._data_print is None:  # it may be much data: once
            game._data_print = resume.fingerprint([np.asarray(a) for a in _flat(game._data)])
        rules = (_rules(game), game._data_print, int(game._batch_size))
        self._place = resume.Place(checkpoint.snapshot(game), rules, times, *parts)
        if (arrays := self._place.load()) is not None:
            self.done = int(arrays.pop("done"))
            logs = {key: float(arrays.pop(key)) for key in list(arrays) if key.startswith(LOG)}
            self.logs = {key.removeprefix(LOG): value for key, value in logs.items()}
            checkpoint.restore(game, checkpoint.typed(game, arrays))
        if self.done == times:
            self._place.end()

    def note(self, count: int, logs: dict[str, float]) -> None:
        """Some of it was played: saves the game where it is time, and at the end of a long one."""
        self.done, self.logs = self.done + count, logs
        if self._place is None:
            return
        has_ended = self.done == self.times
        if self._place.is_due() or (has_ended and self._place.seconds >= resume.LEAST):
            from tgan_lessons import checkpoint

            told = {LOG + key: np.array(value) for key, value in logs.items()}
            self._place.save(checkpoint.snapshot(self.game) | told | {"done": np.array(self.done)})
        if has_ended:
            self._place.end()


def _rules(game: Game) -> dict[str, object]:
    """What a game is, beside its numbers: switches, and the names of losses.

    No names of networks: Keras counts them through the session.
    """
    values = {k: v for k, v in vars(game).items() if k[0] != "_" and k != "name"}
    named = {k: getattr(v, "name", "") if is_dataclass(v) else v for k, v in values.items()}
    kind = type(game).__qualname__
    return {"game": kind} | {k: v for k, v in named.items() if isinstance(v, str | int | float)}


def _flat(data: object) -> list:
    import tensorflow as tf

    return tf.nest.flatten(data)
