"""MobileNetV2 for our small images, a small relative of it, and their parts by number.

Both networks have the same parts with the same names: a first convolution, inverted residual
blocks, a last convolution, batch normalisation after each. So each step of a lesson runs on either.
The small one widens and looks in a single convolution, which a CPU computes several times faster.

Sources: Sandler et al. 2018, https://arxiv.org/abs/1801.04381 (MobileNetV2); Tan & Le 2021,
https://arxiv.org/abs/2104.00298 (the fused block)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import TYPE_CHECKING

from tgan_lessons.models import check_momentum
from tgan_lessons.runtime import MOST_SEED, check_whole

if TYPE_CHECKING:
    import keras

    Tensor = keras.KerasTensor

ALPHA, ROWS = 0.35, 96  # the narrowest MobileNetV2, for its smallest images: 1.9 MB of weights
PLAN = ((2, 24, 1), (2, 48, 2), (2, 48, 1), (2, 64, 2), (2, 64, 1))  # expansion, channels, stride
SHAPE = (28, 28, 3)


def build_mobilenet() -> keras.Model:
    """Keras' own MobileNetV2 for our images, which it enlarges to 96×96; new weights."""
    import keras

    images = keras.Input(SHAPE, name="images")
    large = keras.layers.Resizing(ROWS, ROWS, name="enlarge")(images)
    network = keras.applications.MobileNetV2(
        input_tensor=large, alpha=ALPHA, include_top=False, pooling="avg", weights=None
    )
    return keras.Model(images, network.output, name="mobilenet")  # its own takes a list only


def build_own(
    plan: Sequence[tuple[int, int, int]] = PLAN,
    *,
    first: int = 24,
    last: int = 192,
    momentum: float = 0.9,
    seed: int = 0,
) -> keras.Model:
    """A small MobileNetV2 for 28×28 colour images, with the layer names of Keras' large one.

    Args:
        plan: for each inverted residual block its expansion, its channels and its stride.
        first: channels of the first convolution, which halves the image.
        last: features at the end, each the mean of one map.
        momentum: of the moving statistics; see `models.build_backbone`.
        seed: of the weights.

    Raises:
        ValueError: no block, or one that is not three positive numbers.
    """
    received = plan
    try:
        plan = [check_whole("plan", block, several=True) for block in plan]
    except (TypeError, ValueError):
        plan = ()
    if not plan or any(len(block) != 3 for block in plan):
        raise ValueError(
            "`plan` must list (expansion, channels, stride) of at least one block, all whole and "
            f"positive. Received: plan={received!r}"
        )
    first, last = check_whole("first", first), check_whole("last", last)
    check_momentum(momentum)
    seed = check_whole("seed", seed, least=0, most=MOST_SEED)
    import keras
    from keras import layers

    seeds = count(1000 * seed)
    x = images = keras.Input(SHAPE, name="images")
    x = layers.Conv2D(first, 3, 2, "same", use_bias=False, **_start(seeds), name="Conv1")(x)
    x = layers.BatchNormalization(momentum=momentum, name="bn_Conv1")(x)
    x = layers.ReLU(6.0, name="Conv1_relu")(x)
    for number, (expansion, channels, stride) in enumerate(plan, start=1):
        x = _block(x, f"block_{number}_", expansion, channels, stride, momentum, seeds)
    x = layers.Conv2D(last, 1, use_bias=False, **_start(seeds), name="Conv_1")(x)
    x = layers.BatchNormalization(momentum=momentum, name="Conv_1_bn")(x)
    x = layers.ReLU(6.0, name="out_relu")(x)
    return keras.Model(images, layers.GlobalAveragePooling2D(name="pool")(x), name="own_giant")


def _start(seeds: Iterator[int]) -> dict[str, object]:
    import keras

    return {"kernel_initializer": keras.initializers.GlorotUniform(seed=next(seeds))}


def _block(
    x: Tensor,
    name: str,
    expansion: int,
    channels: int,
    stride: int,
    momentum: float,
    seeds: Iterator[int],
) -> Tensor:
    """A fused inverted residual block: widen and look, narrow, and add what came in."""
    from keras import layers

    inputs, width = x, x.shape[-1]
    wide, start = expansion * width, _start(seeds)
    x = layers.Conv2D(wide, 3, stride, "same", use_bias=False, **start, name=f"{name}expand")(x)
    x = layers.BatchNormalization(momentum=momentum, name=f"{name}expand_BN")(x)
    x = layers.ReLU(6.0, name=f"{name}expand_relu")(x)
    x = layers.Conv2D(channels, 1, use_bias=False, **_start(seeds), name=f"{name}project")(x)
    x = layers.BatchNormalization(momentum=momentum, name=f"{name}project_BN")(x)
    if stride == 1 and width == channels:
        return layers.Add(name=f"{name}add")([inputs, x])
    return x


def norms(backbone: keras.Model) -> list[keras.Layer]:
    """The batch normalisations of a backbone, in order."""
    import keras

    kind = keras.layers.BatchNormalization
    return [layer for layer in backbone.layers if isinstance(layer, kind)]


def stages(backbone: keras.Model) -> dict[str, list[keras.Layer]]:
    """The layers that have weights, by the part that they belong to, in order: first … last."""
    parts: dict[str, list[keras.Layer]] = {}
    for layer in backbone.layers:
        if layer.weights:
            parts.setdefault(_stage(layer.name), []).append(layer)
    return parts


def _stage(name: str) -> str:
    if name.startswith("block_"):
        return "block " + name.split("_")[1]
    if name.startswith("expanded_conv"):
        return "block 0"
    return "last" if name.startswith("Conv_1") else "first"


def check_top(top: int, most: int) -> None:
    """Raises a `ValueError` unless `top` is a number of stages."""
    if not 0 <= top <= most:
        raise ValueError(
            f"`top` must be from 0 to {most}, the stages of this backbone. Received: top={top}"
        )


def copy_of(backbone: keras.Model) -> keras.Model:
    """A second backbone with the same layers and the same values; nothing is shared."""
    import keras

    twin = keras.models.clone_model(backbone)
    twin.set_weights(backbone.get_weights())
    return twin
