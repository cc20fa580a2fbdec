"""Looking inside: what a network's answer depends on, and how alike two layers are."""

from __future__ import annotations

import numpy as np

from tgan_lessons.ensembles import Ensemble
from tgan_lessons.runtime import choose
from tgan_lessons.small_nets import LAYERS, SIDE, SIDES, STRIDES, forward


def linear_cka(a: np.ndarray, b: np.ndarray) -> float:
    """Linear centred kernel alignment of two layers' features of the same images.

    With columns centred: |aᵀb|² / (|aᵀa| |bᵀb|), Frobenius norms. 1 where one is a rotation and
    scaling of the other, near 0 where they share nothing; the layers may differ in width.

    Args:
        a: shape (n, ...); each row is flattened.
        b: as `a`, features of the same n images.

    Raises:
        ValueError: another number of images, or features that are the same for every image.

    Source: Kornblith et al. 2019, https://arxiv.org/abs/1905.00414
    """
    if len(a) != len(b) or len(a) < 2:
        raise ValueError(
            "`a` and `b` must be features of the same images, at least 2. "
            f"Received: {len(a)} and {len(b)} rows"
        )
    return _alike(_gram(a), _gram(b))


def _gram(features: np.ndarray) -> np.ndarray:
    """Products of all centred rows with one another, scaled to norm 1."""
    rows = np.reshape(features, (len(features), -1)).astype(np.float64)
    rows = rows - rows.mean(axis=0)
    if not rows.any():
        raise ValueError("`a` and `b` must differ from image to image. Received: a constant one")
    products = rows @ rows.T
    return products / np.linalg.norm(products)


def _alike(a: np.ndarray, b: np.ndarray) -> float:
    """|aᵀb|² is the sum of the products of two Gram matrices: of n × n, however wide the layers."""
    return float(np.vdot(a, b))


def compare_layers(one: Ensemble, other: Ensemble, x: np.ndarray) -> np.ndarray:
    """Linear CKA between each pair of hidden layers of two networks.

    Args:
        one: an ensemble; its first network counts.
        other: another one.
        x: images (n, 14, 14, 1).

    Returns:
        Shape (layers, layers): rows are layers of `one`, columns of `other`.
    """
    ours, theirs = ([_gram(each.look(x, name)[0]) for name in LAYERS[:-1]] for each in (one, other))
    return np.array([[_alike(a, b) for b in theirs] for a in ours])


def saliency(networks: Ensemble, x: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """How much each pixel moves the logit of a class: the size of its derivative.

    Args:
        networks: any number.
        x: images (n, 14, 14, 1).
        classes: of each image the class asked about, (n,).

    Returns:
        Shape (networks, n, 14, 14), from 0.

    Source: Simonyan, Vedaldi & Zisserman 2013, https://arxiv.org/abs/1312.6034
    """
    import tensorflow as tf

    images = tf.repeat(tf.constant(x[np.newaxis]), networks.count, axis=0)
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = forward(networks.weights, images)[-1]
        asked = tf.reduce_sum(logits * tf.one_hot(classes, logits.shape[-1]))
    return np.abs(tape.gradient(asked, images).numpy()[..., 0])


def grad_cam(
    networks: Ensemble, x: np.ndarray, classes: np.ndarray, layer: str = "conv1"
) -> np.ndarray:
    """Where a convolution found what speaks for a class: its maps, weighted by their gradients.

    Args:
        networks: any number.
        x: images (n, 14, 14, 1).
        classes: of each image the class asked about, (n,).
        layer: a convolution; the deeper, the coarser.

    Returns:
        Shape (networks, n, 14, 14), from 0, each place of the map as large as it is in the image.

    Source: Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391
    """
    import tensorflow as tf

    choose("layer", layer, LAYERS[: len(STRIDES)])
    index = LAYERS.index(layer)
    with tf.GradientTape() as tape:
        tape.watch(constants := [tf.constant(array) for array in networks.weights])
        outputs = forward(constants, tf.constant(x[np.newaxis]))
        asked = tf.reduce_sum(outputs[-1] * tf.one_hot(classes, outputs[-1].shape[-1]))
    maps, gradients = outputs[index], tape.gradient(asked, outputs[index])
    importance = tf.reduce_mean(gradients, axis=2, keepdims=True)  # of each channel
    cam = tf.nn.relu(tf.reduce_sum(importance * maps, axis=3)).numpy()
    side = SIDES[index + 1]
    nearest = np.arange(SIDE) * side // SIDE
    cam = cam.reshape(*cam.shape[:2], side, side)
    return cam[:, :, nearest][..., nearest]


def erase(x: np.ndarray, maps: np.ndarray, share: float, *, background: float = -1.0) -> np.ndarray:
    """Paints out the pixels with the largest values of a map: a test of what the map claims.

    Args:
        x: images (n, 14, 14, 1).
        maps: of the same images, (n, 14, 14), such as saliency.
        share: of the pixels to paint out, from 0 to 1.
        background: the colour.

    Returns:
        Altered copies.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"`share` must be from 0 to 1. Received: share={share}")
    count = round(share * SIDE**2)
    worst = np.argsort(-maps.reshape(len(x), -1), axis=1, kind="stable")[:, :count]
    flat = x.reshape(len(x), -1).copy()
    np.put_along_axis(flat, worst, background, axis=1)
    return flat.reshape(x.shape)
