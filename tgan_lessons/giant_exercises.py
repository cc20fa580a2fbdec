"""The checks of lesson 03's exercises: they test behaviour, never text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons.checks import Unfinished, call, exercise, expect

if TYPE_CHECKING:
    import keras


def _tiny() -> keras.Model:
    from tgan_lessons.giant_models import build_own

    return build_own(((2, 8, 1), (2, 8, 1)), first=8, last=12, momentum=0.9, seed=3)


def _batch(images: int = 12) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (images, 28, 28, 3)).astype(np.float32)
    return x, (np.arange(images) % 3).astype(np.int32)


@exercise("03.1", "Whatever a camera sends, the giant now sees the range that it grew up with.")
def check_prepare(prepare: Callable[[np.ndarray], np.ndarray]) -> None:
    """Tests a function from whole numbers 0 … 255 to float32 in [-1, 1]."""
    pixels = np.array([[[[0, 51, 255]]]], dtype=np.uint8)
    answer = np.asarray(call(prepare, pixels.copy()))
    expect(answer.shape == pixels.shape, f"Keep the shape {pixels.shape}; yours: {answer.shape}.")
    expect(answer.dtype.kind == "f", "Return floating-point numbers; whole ones cannot hold 0.5.")
    low, middle, high = answer.astype(float).ravel()
    expect(abs(high - 255) > 1, "Still from 0 to 255. Divide by 127.5, then subtract 1.")
    expect(abs(low) > 0.01, "0 must become -1: yours starts at 0, a range of other networks.")
    expect(abs(low + 1) < 1e-3 and abs(high - 1) < 1e-3, f"0 and 255 become {low:g} and {high:g}.")
    expect(abs(middle + 0.6) < 1e-3, f"51 is a fifth of the way and must be -0.6, not {middle:g}.")
    expect(answer.dtype == np.float32, f"Networks take float32; yours is {answer.dtype}.")


@exercise("03.2", "Your alarm hears weights and statistics. Put it around every frozen backbone.")
def check_alarm(changed: Callable[..., bool]) -> None:
    """Tests a function (backbone, step) → whether anything in the backbone changed."""
    backbone, (x, _) = _tiny(), _batch()

    def harmless() -> None:
        backbone(x, training=False)

    def learns() -> None:
        kernel = backbone.get_layer("block_2_project").kernel
        kernel.assign(kernel * 1.5)

    def drifts() -> None:
        backbone(x, training=True)

    calls = []
    answer = call(changed, backbone, lambda: calls.append(1))
    expect(calls, "Your function never called step().")
    expect(len(calls) == 1, f"Call step() once; you called it {len(calls)} times.")
    expect(not answer, "This step did nothing at all, and your alarm rang.")
    expect(not changed(backbone, harmless), "A call with training=False changes nothing: no alarm.")
    expect(changed(backbone, learns), "A kernel grew by half, and your alarm was silent.")
    expect(
        changed(backbone, drifts),
        "Here only moving statistics changed, and your alarm was silent. They are in "
        "get_weights(), but not among the trainable weights.",
    )


@exercise("03.3", "So a slow memory is no protection: it is only a longer fuse.")
def check_steps(steps_until: Callable[[float, float], float]) -> None:
    """Tests how many steps it takes until a share of the old statistics is forgotten."""
    for momentum, share in ((0.9, 0.5), (0.99, 0.9), (0.999, 0.1)):
        memory, steps = 1.0, 0
        while 1 - memory < share - 1e-12:
            memory, steps = memory * momentum, steps + 1
        answer = float(call(steps_until, momentum, share))
        expect(
            answer == np.round(answer), f"Steps are whole: round {answer:g} up, as with math.ceil."
        )
        expect(
            answer == steps,
            f"At momentum {momentum:g}, {share:.0%} are gone after {steps} steps; yours says "
            f"{answer:g}. Solve momentum ** k = 1 - share for k.",
        )


@exercise("03.4", "The last stage learned, every memory stayed: fine-tuning as it should be.")
def check_fine_tune(prepare: Callable[[keras.Model], object]) -> None:
    """Tests that after `prepare(backbone)` `fit` moves the last stage only, and no statistics."""
    import keras

    backbone, (x, y) = _tiny(), _batch()
    before = {weight.path: weight.numpy() for weight in backbone.weights}
    flags = [layer.trainable for layer in backbone.layers]
    answer = prepare(backbone)
    untouched = flags == [layer.trainable for layer in backbone.layers]
    if (answer is ... or answer is None) and untouched:
        raise Unfinished
    images = keras.Input((28, 28, 3))
    model = keras.Model(images, keras.layers.Dense(3)(backbone(images)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.5), loss)
    model.fit(x, y, batch_size=6, epochs=1, verbose=0)
    moved = [w.path for w in backbone.weights if np.any(w.numpy() != before[w.path])]
    statistics = [path for path in moved if "moving" in path]
    early = [path for path in moved if "Conv_1" not in path and path not in statistics]
    expect(moved, "Nothing moved. The layers whose names start with Conv_1 must be trainable.")
    expect(
        not early,
        f"{len(early)} weights before the last stage moved. Freeze all layers, then free Conv_1.",
    )
    expect(
        not statistics,
        f"{len(statistics)} moving statistics changed. A normalisation keeps its memory only with "
        "trainable = False of its own.",
    )
    expect(any("Conv_1/kernel" in path for path in moved), "The kernel of Conv_1 did not move.")
