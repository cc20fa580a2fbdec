"""What the players of a GAN minimise. D's outputs are scores (logits): no sigmoid in the network.

With D(x) = sigmoid(score), log D = -softplus(-score) and log(1 - D) = -softplus(score).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf
from keras import ops
from keras.ops import maximum, mean, softplus, square

from tgan_lessons.runtime import check_whole, choose

Tensor = Any


@dataclass(frozen=True)
class Loss:
    """What each side minimises, from the scores that D gives to real samples and to fakes.

    Attributes:
        name: what `find_loss` calls it.
        discriminator: (real scores, fake scores, label smoothing) → scalar.
        generator: (fake scores) → scalar.
        smooths: whether label smoothing means anything here.
        logits: whether a sigmoid of a score is D's probability.
    """

    name: str
    discriminator: Callable[[Tensor, Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]
    smooths: bool = True
    logits: bool = True


def cross_entropy(real: Tensor, fake: Tensor, smoothing: Tensor = 0.0) -> Tensor:
    """D's -E[log D(x)] - E[log(1 - D(G(z)))]; 2·ln 2 where D = ½ everywhere.

    Args:
        real: scores of real samples, any shape.
        fake: scores of fakes, any shape.
        smoothing: ε of one-sided label smoothing: the target of real samples is 1 - ε.

    Source: Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661; smoothing: Salimans et al.
    2016, https://arxiv.org/abs/1606.03498
    """
    _check_numbers(real=real, fake=fake)
    return mean(softplus(-real)) + smoothing * mean(real) + mean(softplus(fake))


def saturating(fake: Tensor) -> Tensor:
    """G's E[log(1 - D(G(z)))], the minimax game's own: flat where D is sure of the fakes."""
    _check_numbers(fake=fake)
    return -mean(softplus(fake))


def non_saturating(fake: Tensor) -> Tensor:
    """G's -E[log D(G(z))]: the same fixed point, steep where D is sure of the fakes."""
    _check_numbers(fake=fake)
    return mean(softplus(-fake))


def squared_error(real: Tensor, fake: Tensor, smoothing: Tensor = 0.0) -> Tensor:
    """D's ½E[(D(x) - 1)²] + ½E[D(G(z))²], on the scores themselves.

    Source: Mao et al. 2017 (LSGAN), https://arxiv.org/abs/1611.04076
    """
    _check_numbers(real=real, fake=fake)
    return 0.5 * (mean(square(real - (1.0 - smoothing))) + mean(square(fake)))


def squared_error_generator(fake: Tensor) -> Tensor:
    """G's ½E[(D(G(z)) - 1)²]."""
    _check_numbers(fake=fake)
    return 0.5 * mean(square(fake - 1.0))


def hinge(real: Tensor, fake: Tensor, smoothing: Tensor = 0.0) -> Tensor:
    """D's E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))].

    Source: Lim & Ye 2017, https://arxiv.org/abs/1705.02894
    """
    _check_numbers(real=real, fake=fake)
    return mean(maximum(0.0, 1.0 - real)) + mean(maximum(0.0, 1.0 + fake))


def wasserstein(real: Tensor, fake: Tensor, smoothing: Tensor = 0.0) -> Tensor:
    """The critic's E[D(G(z))] - E[D(x)]: minus the distance it has found, if it is 1-Lipschitz.

    Source: Arjovsky et al. 2017, https://arxiv.org/abs/1701.07875
    """
    _check_numbers(real=real, fake=fake)
    return mean(fake) - mean(real)


def raise_score(fake: Tensor) -> Tensor:
    """G's -E[D(G(z))], of the hinge and the Wasserstein game."""
    _check_numbers(fake=fake)
    return -mean(fake)


_LOSSES = {
    loss.name: loss
    for loss in (
        Loss("minimax", cross_entropy, saturating),
        Loss("non-saturating", cross_entropy, non_saturating),
        Loss("least squares", squared_error, squared_error_generator, logits=False),
        Loss("hinge", hinge, raise_score, smooths=False, logits=False),
        Loss("wasserstein", wasserstein, raise_score, smooths=False, logits=False),
    )
}
LOSSES = tuple(_LOSSES)


def find_loss(name: str) -> Loss:
    """Returns the loss `name`, one of `LOSSES`; raises a `ValueError` for any other."""
    choose("loss", name, LOSSES)
    return _LOSSES[name]


def gradient_penalty(
    critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, alpha: Tensor
) -> Tensor:
    """E[(‖∇D(x̂)‖ - 1)²] at points x̂ on the straight lines between real samples and fakes.

    Args:
        critic: samples → scores.
        real: shape (n, ...).
        fake: the same shape.
        alpha: uniform in [0, 1], shape (n, 1, ..., 1): one number per sample, not per pixel.

    Source: Gulrajani et al. 2017 (WGAN-GP), https://arxiv.org/abs/1704.00028
    """
    _check_numbers(real=real, fake=fake, alpha=alpha)
    if len(real.shape) != len(fake.shape) or real.shape[1:] != fake.shape[1:]:
        raise ValueError(f"`fake` must be shaped as `real`. Received: {fake.shape}, {real.shape}")
    between = alpha * real + (1.0 - alpha) * fake
    norm = ops.sqrt(_squared_slope(critic, between) + 1e-12)  # √0 has no slope: NaN without it
    return mean(square(norm - 1.0))


def r1(critic: Callable[[Tensor], Tensor], real: Tensor) -> Tensor:
    """½E[‖∇D(x)‖²] at real samples.

    Source: Mescheder et al. 2018, https://arxiv.org/abs/1801.04406
    """
    _check_numbers(real=real)
    return 0.5 * mean(_squared_slope(critic, real))


def _check_numbers(**tensors: Tensor) -> None:
    """Raises a `ValueError` unless each is a tensor of floats, and not empty: its mean is NaN."""
    for name, tensor in tensors.items():
        shape, dtype = getattr(tensor, "shape", None), str(getattr(tensor, "dtype", ""))
        if shape is None or 0 in tuple(shape) or "float" not in dtype:
            received = f"{dtype} {shape}" if dtype else repr(tensor)
            raise ValueError(
                f"`{name}` must be a tensor of floats, at least one. Received: {name}={received}"
            )


def _squared_slope(critic: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """‖∇D(x)‖² of each sample, shape (n,)."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        scores = critic(x)
    return ops.sum(square(tape.gradient(scores, x)), axis=tuple(range(1, len(x.shape))))


def pack(samples: Tensor, together: int) -> Tensor:
    """Joins every few samples along the last axis, so that D judges them as one.

    A D that sees several samples side by side notices when they are all alike.

    Args:
        samples: shape (n, ..., c), n divisible by `together`.
        together: how many.

    Returns:
        Shape (n / together, ..., c · together).

    Raises:
        ValueError: n, where it is known, is not divisible.

    Source: Lin et al. 2018 (PacGAN), https://arxiv.org/abs/1712.04086
    """
    together = check_whole("together", together)
    _check_numbers(samples=samples)
    if together == 1:
        return samples
    if samples.shape[0] is not None and samples.shape[0] % together:
        raise ValueError(
            f"`samples` must be divisible by together={together}. Received: {samples.shape[0]}"
        )
    return ops.concatenate(ops.split(samples, together), axis=-1)
