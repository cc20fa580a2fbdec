"""Long compiled loops in pieces, so that Python hears when a person wants to stop.

While TensorFlow runs a compiled loop, Ctrl-C and the notebook's stop button wait. A loop whose
state lives outside of it can be played in pieces, and ends at the same numbers, bit for bit.

While TensorFlow traces, an interrupt breaks it: Keras's `fit` cannot be called again then, and at
times nothing computes any more until the kernel is restarted. There an interrupt has to wait.
"""

from __future__ import annotations

import contextlib
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

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


@contextlib.contextmanager
def held_back() -> Iterator[Callable[[], None]]:
    """Ctrl-C and the stop button wait until the block has ended, or calls what it is given.

    Signals reach the main thread alone: in any other, nothing has to be held.
    """
    heard: list[int] = []
    mine = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT) if mine else None

    def release() -> None:
        nonlocal before
        if before is not None:
            signal.signal(signal.SIGINT, before)
            before = None
            if heard:
                signal.raise_signal(signal.SIGINT)

    if before is not None:  # there is none where another program put Python in
        signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        yield release
    finally:
        release()


def traced(function: Any) -> Any:
    """A `tf.function` of one signature, traced now; an interrupt waits for that."""
    with held_back():
        function.get_concrete_function()
    return function


def fit(model: keras.Model, *args: Any, callbacks: Any = (), **options: Any) -> Any:
    """`keras.Model.fit`; an interrupt waits until the first step is made, and all is traced."""
    import keras

    with held_back() as release:
        first = keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs=None: release()
        )
        return model.fit(*args, callbacks=[*callbacks, first], **options)
