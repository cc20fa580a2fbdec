"""The checks of the exercises of lesson 11: they test behaviour, never text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tgan_lessons.checks import Unfinished, call, exercise, expect


@exercise("11.1", "½ for a generator that remembers nothing, 1 for a parrot. Blur cancels.")
def check_copies(share: Callable[..., float]) -> None:
    """Tests (fakes, learned, unseen) → share of fakes nearer to a learned image than to unseen."""
    rng = np.random.default_rng(0)
    learned, unseen = rng.uniform(-1, 1, (2, 12, 28, 28, 1)).astype(np.float32)
    noise = rng.normal(0, 0.05, (20, 28, 28, 1)).astype(np.float32)
    parts = {name: np.repeat(x[:4], 5, axis=0) + noise for name, x in
             (("learned", learned), ("unseen", unseen))}  # fmt: skip
    answer = np.asarray(call(share, parts["learned"].copy(), learned.copy(), unseen.copy()), float)
    expect(answer.size == 1, f"Return one number. Yours has the shape {answer.shape}.")
    parrot, none = float(answer.reshape(())), float(share(parts["unseen"], learned, unseen))
    expect(parrot <= 1, "A share: count, then divide by the number of fakes.")
    expect(parrot > none, "That is the share of the others: compare the other way round.")
    expect(
        abs(parrot - 1) < 1e-6,
        f"Twenty near-copies of learned images: the share is 1, yours {parrot:.2f}. Take the "
        "*smallest* distance to all learned images, and the smallest to all unseen ones.",
    )
    expect(abs(none) < 1e-6, f"Copies of unseen images: the share is 0, yours {none:.2f}.")
    mixed = np.concatenate([parts["learned"][:5], parts["unseen"][:15]])
    value = float(share(mixed, learned, unseen))
    expect(abs(value - 0.25) < 1e-6, f"Five copies among twenty: 0.25, yours {value:.2f}.")


@exercise("11.2", "Whatever is not in this list, no move of D can change.")
def check_frozen(layers: Callable[[Any, int], Any]) -> None:
    """Tests (discriminator, frozen) → the layers that D goes on training."""
    from tgan_lessons import gan_models

    discriminator = gan_models.build_discriminator((3, 4), classes=5)
    everything = {v.path for v in discriminator.trainable_variables}
    for frozen in (1, 2, 0):
        answer = call(layers, discriminator, frozen)
        expect(isinstance(answer, list | tuple), "Return a list of layers.")
        expect(
            all(hasattr(layer, "trainable_variables") for layer in answer),
            "Return the layers themselves, not their names or weights.",
        )
        flags = [layer.trainable for layer in discriminator.layers]
        expect(all(flags), "Leave `trainable` alone: the list says it all, and nobody forgets it.")
        got = {v.path for layer in answer for v in layer.trainable_variables}
        held = {
            v.path
            for layer in discriminator.layers[1 : 1 + 2 * frozen]  # convolution, LeakyReLU, …
            for v in layer.trainable_variables
        }
        loose, missing = sorted(got & held), sorted(everything - held - got)
        expect(not loose, f"With frozen={frozen} these can still move: {', '.join(loose)}.")
        expect(not missing, f"With frozen={frozen} D must still train {', '.join(missing)}.")


@exercise("11.3", "D never sees an image as it is, so nothing it learns by heart is of use.")
def check_diff_augment(scores: Callable[..., Any]) -> None:
    """Tests (D, change, real, fake) → scores of real and fake, both changed."""
    import tensorflow as tf

    seen: list[Any] = []

    def change(images: Any) -> Any:
        seen.append(images)
        return tf.roll(tf.convert_to_tensor(images), 1, axis=2) * 0.5

    def judge(images: Any) -> Any:
        return tf.reduce_sum(images * ramp, axis=(1, 2, 3))

    rng = np.random.default_rng(0)
    ramp = tf.constant(rng.normal(size=(1, 28, 28, 1)), tf.float32)
    real, fake = (tf.constant(rng.normal(size=(4, 28, 28, 1)), tf.float32) for _ in range(2))
    with tf.GradientTape() as tape:
        tape.watch(fake)
        answer = call(scores, judge, change, real, fake)
        expect(
            isinstance(answer, list | tuple) and len(answer) == 2,
            "Return two: the scores of the real images, then those of the fakes.",
        )
        if any(part is ... or part is None for part in answer):
            raise Unfinished
        total = tf.reduce_sum(answer[1])
    slope = tape.gradient(total, fake)
    expect(len(seen), "Nothing was changed: call `change` on the images before D sees them.")
    changed = [np.asarray(judge(change(images))) for images in (real, fake)]
    plain = np.asarray(judge(fake))
    got = [np.asarray(part) for part in answer]
    expect(
        not np.allclose(got[1], plain, atol=1e-4),
        "The fakes are shown as they are. D would tell them by that alone, and G would learn to "
        "draw changed letters.",
    )
    expect(np.allclose(got[0], changed[0], atol=1e-4), "The real images must be changed, too.")
    expect(np.allclose(got[1], changed[1], atol=1e-4), "Change the fakes once, then ask D.")
    expect(
        slope is not None and np.abs(slope).max() > 0,
        "No gradient reaches the fakes: G must learn *through* the change. Stay in tensors.",
    )
