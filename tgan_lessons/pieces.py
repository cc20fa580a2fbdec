"""Long compiled loops in pieces, so that Python hears when a person wants to stop.

While TensorFlow runs a compiled loop, Ctrl-C and the notebook's stop button wait. A loop whose
state lives outside of it can be played in pieces, and ends at the same numbers, bit for bit.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

SECONDS = 0.5  # that a piece should take
GROWTH = 8  # at most, from piece to piece: the first ones also pay for warming up


class Pieces:
    """Finds out how many steps of a loop fit into half a second.

    Attributes:
        size: steps of the next piece.
    """

    def __init__(self) -> None:
        self.size = 1

    def counts(self, total: int) -> Iterator[int]:
        """Yields how many steps to take now, again and again, `total` in all; once 0 for none.

        What is done between two of them is timed.
        """
        left = total
        while True:
            count = min(left, self.size)
            start = time.monotonic()
            yield count
            self._adapt(count, time.monotonic() - start)
            left -= count
            if left <= 0:
                return

    def expected(self, steps: int) -> float:
        """Seconds that so many steps will take; infinite while nothing is known."""
        return steps / self.size * SECONDS if self.size > 1 else math.inf

    def _adapt(self, count: int, seconds: float) -> None:
        if count == self.size or seconds > SECONDS:  # a short rest tells little
            fitting = count * SECONDS / max(seconds, 1e-9)
            self.size = max(1, int(min(fitting, GROWTH * self.size)))
