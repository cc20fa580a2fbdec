"""Where a lesson runs: preset, device, seeds and what it says to the learner."""

from __future__ import annotations

import functools
import math
import operator
import os
import subprocess
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
GPU_SECONDS = 240  # TensorFlow must be loaded; kernels compiled for a new card take many minutes
GPU_PROOF = """
import tensorflow as tf
tf.config.set_soft_device_placement(False)
for card in tf.config.list_physical_devices("GPU"):
    tf.config.experimental.set_memory_growth(card, True)
with tf.device("/GPU:0"):
    x = tf.random.normal((1, 8, 8, 3))
    y = tf.nn.conv2d(x, tf.ones((3, 3, 3, 4)), 1, "SAME")
    float(tf.reduce_sum(tf.matmul(y, y, transpose_b=True)))
"""
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
    """Whether TensorFlow has a GPU: listed, and not hidden. Imports TensorFlow."""
    with quiet():
        import tensorflow as tf

        return bool(tf.config.get_visible_devices("GPU"))


@functools.cache
def gpu_fault() -> str:
    """Why the GPU that TensorFlow lists computes nothing; "" where it does.

    A card that is newer than TensorFlow is listed, and fails at the first operation, which may end
    the process: another one tries.
    """
    command = [sys.executable, "-c", GPU_PROOF]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=GPU_SECONDS
        )
    except subprocess.TimeoutExpired:
        return f"no answer in {GPU_SECONDS} seconds"
    lines = done.stderr.strip().splitlines() or [f"the process ended with {done.returncode}"]
    return lines[-1] if done.returncode else ""


def prove_gpu() -> None:
    """Where the GPU cannot be used says so, and hides it: the lesson then goes on on the CPU."""
    if not has_gpu() or not (fault := gpu_fault()):
        return
    import tensorflow as tf

    go_on = "the lesson goes on on the CPU, which takes longer"
    try:
        tf.config.set_visible_devices([], "GPU")
    except RuntimeError:  # TensorFlow was used before
        go_on = "restart the kernel, and run the set-up cell first: it then chooses the CPU"
    announce(f"TensorFlow lists a GPU that it cannot use; {go_on}. ({fault})")


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

    More lines tell of packages newer than those tested, a GPU that cannot be used, and on Colab
    what is kept.

    Args:
        preset: see `find_preset`.
        seed: for Python's, NumPy's and Keras's random numbers.

    Returns:
        The preset that the lesson runs at.
    """
    if preset or os.environ.get(PRESET_VARIABLE):
        find_preset(preset)  # a wrong one is told before TensorFlow is loaded
    from tgan_lessons import packages  # it imports this module

    packages.prepare()
    from tgan_lessons import machine, resume  # need packages that were perhaps missing

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read when TensorFlow is loaded
    told = machine.prepare()
    prove_gpu()
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
    for sentence in filter(None, (" ".join(packages.newer()).strip(), resume.where_kept())):
        announce(sentence)
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
