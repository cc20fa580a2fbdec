"""Where a lesson runs: preset, device, seeds and what it says to the learner."""

from __future__ import annotations

import math
import operator
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

PresetName = Literal["smoke", "class", "gpu"]
PRESETS: tuple[PresetName, ...] = ("smoke", "class", "gpu")
PRESET_VARIABLE = "TGAN_LESSONS_PRESET"
MOST_UNITS = 100_000  # of a layer: more would not fit into a learner's memory
MOST_SEED = 4_000_000  # a layer's own seed is up to 1,000 times as high, and must stay below 2^32

T = TypeVar("T")


@dataclass(frozen=True)
class Preset:
    """How much computing a lesson may spend.

    `smoke` proves that every cell runs, `class` fits two CPU cores and a 45-minute lesson,
    `gpu` uses bigger networks and all the data.
    """

    name: PresetName

    def pick(self, smoke: T, classroom: T, gpu: T) -> T:
        """Returns the value that belongs to this preset."""
        return {"smoke": smoke, "class": classroom, "gpu": gpu}[self.name]


def choose(argument: str, value: str, accepted: tuple[str, ...]) -> None:
    """Raises a `ValueError` that names the choices unless `value` is one of `accepted`."""
    if not isinstance(value, str) or value not in accepted:
        choices = ", ".join(repr(name) for name in accepted)
        raise ValueError(f"`{argument}` must be one of {choices}. Received: {argument}={value!r}")


def check_number(name: str, value: float, *, above: float = -math.inf) -> None:
    """Raises a `ValueError` unless `value` is a finite number above a bound."""
    is_number = isinstance(value, int | float) or getattr(value, "shape", None) == ()
    try:
        fits = is_number and math.isfinite(value) and value > above
    except (TypeError, OverflowError):  # an array of text; a whole number beyond all floats
        fits = False
    if not fits:
        bound = "" if above == -math.inf else f" above {above:g}"
        raise ValueError(f"`{name}` must be a finite number{bound}. Received: {name}={value!r}")


def check_whole(
    name: str, value: Any, *, least: int = 1, most: int = MOST_UNITS, several: bool = False
) -> Any:
    """Raises a `ValueError` unless `value` is a whole number from `least` to `most`.

    Args:
        name: of the argument.
        value: a whole number of Python or NumPy.
        least: the lowest accepted.
        most: the highest accepted.
        several: whether `value` must be a list of such numbers, at least one.

    Returns:
        The number as Python's own, or a tuple of them: Keras knows no others.
    """
    is_list = hasattr(value, "__len__") and not isinstance(value, str | bytes | dict)
    try:
        if several and not (is_list and len(value)):
            raise TypeError
        numbers = tuple(operator.index(number) for number in (value if several else (value,)))
        if all(least <= number <= most for number in numbers):
            return numbers if several else numbers[0]
    except TypeError:
        pass
    what = "a list of whole numbers" if several else "a whole number"
    raise ValueError(
        f"`{name}` must be {what} from {least:,} to {most:,}. Received: {name}={value!r}"
    )


def announce(message: str) -> None:
    """Tells the learner something in plain sight: in the notebook, or on the terminal."""
    print(message, flush=True)


def open_streams() -> None:
    """Gives stdout and stderr somewhere to go where this process was started without them.

    As `pythonw`, services and `2>&-` do. Libraries write to them unasked; and a file that is opened
    next would get their number, and what TensorFlow's C++ code says.
    """
    for number, name in ((1, "stdout"), (2, "stderr")):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
        stream = getattr(sys, name)
        if stream is None or getattr(stream, "closed", False):
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps what TensorFlow's C++ code writes while it is loaded off the page."""
    open_streams()
    sys.stderr.flush()
    saved = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def has_gpu() -> bool:
    """Whether TensorFlow sees a GPU. Imports TensorFlow."""
    with quiet():
        import tensorflow as tf

        return bool(tf.config.list_physical_devices("GPU"))


def grow_memory() -> None:
    """Lets TensorFlow take a GPU's memory as it needs it, not all at once. Imports TensorFlow.

    Several notebooks may then share a GPU. It must be said before a GPU is used; where that is too
    late, this is announced.
    """
    with quiet():
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
    try:
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)
    except RuntimeError as error:
        announce(
            "This notebook keeps the GPU's whole memory, since TensorFlow was used before the "
            f"set-up. Restart the kernel to share it with others. ({error})"
        )


def find_preset(name: str | None = None) -> Preset:
    """Chooses the preset: `name`, else the environment's, else what the hardware suggests.

    Args:
        name: `"smoke"`, `"class"` or `"gpu"`. By default the variable `TGAN_LESSONS_PRESET`
            decides, and without it `"gpu"` where TensorFlow finds one, `"class"` elsewhere.

    Raises:
        ValueError: for any other name.
    """
    origin = "preset" if name else PRESET_VARIABLE
    name = name or os.environ.get(PRESET_VARIABLE) or ("gpu" if has_gpu() else "class")
    choose(origin, name, PRESETS)
    return Preset(name)


def setup(preset: str | None = None, seed: int = 0) -> Preset:
    """Prepares a notebook: TensorFlow, the preset, the seeds; prints one line about them.

    Args:
        preset: see `find_preset`.
        seed: for Python's, NumPy's and Keras's random numbers.

    Returns:
        The preset that the lesson runs at.
    """
    from tgan_lessons import machine

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read when TensorFlow is loaded
    told = machine.prepare()
    chosen = find_preset(preset)
    gpu = has_gpu()
    if gpu:
        grow_memory()
    import keras
    import tensorflow as tf

    told += machine.set_keras()
    if told:
        announce(" ".join(told))
    keras.utils.set_random_seed(seed)
    python = ".".join(map(str, sys.version_info[:2]))
    device = "GPU" if gpu else f"CPU, {os.cpu_count()} cores"
    announce(
        f"Ready: preset '{chosen.name}', {device}, Python {python}, "
        f"TensorFlow {tf.__version__}, Keras {keras.__version__}"
    )
    return chosen


def track(items: Iterable[T], total: int, label: str) -> Iterator[T]:
    """Passes `items` on, and keeps one line on the page: how many are done, how long it takes.

    Args:
        items: any iterable.
        total: how many there will be.
        label: what they are, in the plural.
    """
    from IPython.display import display

    start = time.perf_counter()
    line = display({"text/plain": f"0 of {total} {label}"}, raw=True, display_id=True)
    for done, item in enumerate(items, start=1):
        yield item
        seconds = time.perf_counter() - start
        left = f", about {seconds / done * (total - done):.0f} s left" if done < total else ""
        text = f"{done} of {total} {label} in {seconds:.0f} s{left}"
        if line is not None:  # outside a notebook there is no line to change
            line.update({"text/plain": text}, raw=True)
