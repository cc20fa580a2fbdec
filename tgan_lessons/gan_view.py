"""Looking at a GAN in the plane: D's landscape, the fakes and their pushes, G's bent net."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tgan_lessons import planes
from tgan_lessons.losses import pack
from tgan_lessons.runtime import check_number

if TYPE_CHECKING:
    from tgan_lessons.gan import GAN

Tensor = Any
FAKES = 250
NET, POINTS = 13, 25  # lines of the net in each direction, and points along each of them


class Scene:
    """Looks at a GAN in the plane, always at the same fakes: those of the same noise.

    Args:
        gan: with samples (n, 2).
        extent: half the side of the square that is looked at; may change later.
        cells: of D's landscape along each side.
        fakes: how many.
        seed: of their noise.
        real: some real points, shape (m, 2), next to which D judges where it judges several as
            one, and by which scores that are no probabilities are scaled; may change later.
    """

    def __init__(
        self,
        gan: GAN,
        *,
        extent: float = 3.0,
        cells: int = 60,
        fakes: int = FAKES,
        seed: int = 0,
        real: np.ndarray | None = None,
    ) -> None:
        import tensorflow as tf

        check_number("extent", extent, above=0.0)
        self.extent, self.cells = extent, cells
        self.real = np.zeros((1, 2), np.float32) if real is None else real
        count = -(-fakes // gan.packing) * gan.packing
        noise = tf.constant(gan.sample_noise(count, seed))
        net = tf.constant(net_noise(gan.latent_dim, gan.latent))
        grid = tf.constant(planes.grid_points(1.0, cells))

        @tf.function(input_signature=[tf.TensorSpec([]), tf.TensorSpec([None, 2])])
        def look(extent: Tensor, real: Tensor) -> tuple[Tensor, ...]:
            points = gan.generator(noise, training=False)
            with tf.GradientTape() as tape:
                tape.watch(points)
                scores = gan.discriminator(pack(points, gan.packing), training=False)
                loss = fakes * gan.kind.generator(scores)  # it is a mean; this is each fake's own
            real_scores = _judge(gan, real, real)
            landscape = _judge(gan, extent * grid, real)
            opinions = [
                opinion(gan.kind.logits, some, real_scores, scores)
                for some in (landscape, real_scores, scores)
            ]
            bent = gan.generator(net, training=False)
            return *opinions, points, -tape.gradient(loss, points), bent

        self._look = look.get_concrete_function()

    def look(self) -> planes.View:
        """The landscape, the fakes, the pushes and the net, now."""
        found = self._look(np.float32(self.extent), np.float32(self.real))
        landscape, real, fake, points, pushes, net = (tensor.numpy() for tensor in found)
        return planes.View(
            landscape.reshape(self.cells, self.cells),
            points,
            pushes,
            self.extent,
            net.reshape(-1, POINTS, 2),
            real[:, 0],
            fake[:, 0],
        )


def _judge(gan: GAN, points: Tensor, partners: Tensor) -> Tensor:
    """D's scores of points, each packed with real ones where D judges several as one."""
    import tensorflow as tf

    count = tf.shape(points)[0]
    packed = [points]
    for shift in range(1, gan.packing):
        index = (tf.range(count) * 7 + shift) % tf.shape(partners)[0]
        packed.append(tf.gather(partners, index))
    return gan.discriminator(tf.concat(packed, axis=-1), training=False)


def opinion(logits: bool, scores: Tensor, real: Tensor, fake: Tensor) -> Tensor:
    """How real D calls each sample, from 0 to 1; ½ is undecided.

    Args:
        logits: whether a sigmoid of the score is D's probability. Other scores have no scale of
            their own: ½ is then halfway between the mean scores of real samples and of fakes.
        scores: to judge, any shape.
        real: scores of real samples.
        fake: scores of fakes.
    """
    from keras import ops

    if logits:
        return ops.sigmoid(scores)
    high, low = ops.mean(real), ops.mean(fake)
    scale = ops.maximum(ops.abs(high - low), 1e-3)
    return 0.5 + 0.5 * ops.tanh(2.0 * (scores - (high + low) / 2) / scale)


def net_noise(latent_dim: int, latent: str) -> np.ndarray:
    """A square net in noise, as lines: float32 of shape (lines · `POINTS`, latent_dim).

    It lies along the first two directions, the others are 0, and reaches 2 standard deviations (or
    the ends of uniform noise). With one direction it is a single line.
    """
    reach = 2.0 if latent == "normal" else 1.0
    along, across = np.linspace(-reach, reach, POINTS), np.linspace(-reach, reach, NET)
    if latent_dim == 1:
        return along[:, np.newaxis].astype(np.float32)
    x, y = (part.ravel() for part in np.meshgrid(along, across))
    net = np.zeros((2 * len(x), latent_dim), np.float32)
    net[: len(x), 0], net[: len(x), 1] = x, y
    net[len(x) :, 0], net[len(x) :, 1] = y, x
    return net


def share_along(pushes: np.ndarray, steps: np.ndarray) -> float:
    """The share of fakes whose step goes along its push: less than 90° from it.

    Args:
        pushes: shape (n, 2).
        steps: where each fake went, shape (n, 2).
    """
    return float(np.mean(np.sum(pushes * steps, axis=1) > 0))
