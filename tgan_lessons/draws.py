"""The samples that the moves of a game see: drawn with replacement, inside the graph."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

Batch = Any
Tensor = Any


def to_tensors(data: Batch) -> Batch:
    """The arrays as tensors, floats in Keras's precision: losses mix them with what it makes."""

    def convert(array: Any) -> Tensor:
        tensor = tf.convert_to_tensor(array)
        return tf.cast(tensor, keras.config.floatx()) if tensor.dtype.is_floating else tensor

    return tf.nest.map_structure(convert, data)


def take(data: Batch, seed: Tensor, size: Tensor) -> Batch:
    """`size` samples drawn with replacement; the same seed draws the same ones."""
    length = tf.shape(tf.nest.flatten(data)[0])[0]
    index = tf.random.stateless_uniform([size], seed, maxval=length, dtype=tf.int32)
    return tf.nest.map_structure(lambda array: tf.gather(array, index), data)


def stream(data: Batch, size: Tensor, seed: int, start: int) -> tf.data.Dataset:
    """Endless batches, the one of each round a function of the seed and the round's number."""

    def at(round_number: Tensor) -> Batch:
        return take(data, tf.stack([tf.cast(seed, tf.int64), round_number]), size)

    options = tf.data.Options()
    options.autotune.enabled = False  # its thread may sleep 2.6 s at the end of a training
    return tf.data.Dataset.counter(start).map(at).prefetch(2).with_options(options)


def check_feed(data: Any, batch_size: int) -> None:
    """Raises a `ValueError` unless samples of `data` can be drawn."""
    arrays = data if isinstance(data, tuple) else (data,)
    shapes = [getattr(array, "shape", None) for array in arrays]
    lengths = {shape[0] if shape is not None and len(shape) else 0 for shape in shapes}
    if not shapes or lengths == {0} or len(lengths) != 1:
        received = [type(a).__name__ if not hasattr(a, "shape") else tuple(a.shape) for a in arrays]
        raise ValueError(
            "`data` must be an array (n, ...), n ≥ 1, or a tuple of arrays of the same length. "
            f"Received: {received}"
        )
    dtypes = [str(getattr(array, "dtype", type(array).__name__)) for array in arrays]
    if not all("float" in dtype or "int" in dtype or dtype == "bool" for dtype in dtypes):
        raise ValueError(f"`data` must be arrays of floats or whole numbers. Received: {dtypes}")
    if not batch_size >= 1 or batch_size % 1:
        raise ValueError(
            f"`batch_size` must be a whole number of at least 1. Received: {batch_size}"
        )
