"""Studies of many independent pieces, here or wherever a scheduler has room.

A piece carries its own seeds, so that its result is the same wherever it is computed. By default
they run one after another in this process: it uses all cores, and each further process would load
TensorFlow anew. A teacher with a cluster wraps the cell that runs a study:

    from dask.distributed import Client

    with Client("tcp://scheduler:8786"), joblib.parallel_config(backend="dask"):
        counts = collapse.compare(cures, grid, seeds=range(5), rounds=2500)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import joblib

T = TypeVar("T")


def spread(function: Callable[..., T], pieces: Iterable[tuple[Any, ...]]) -> Iterator[T]:
    """Calls a function for each piece; where, `joblib.parallel_config` decides.

    Args:
        function: that can be pickled, as can its arguments and what it returns.
        pieces: its arguments for each call.

    Yields:
        What it returned, in the order of the pieces, each as soon as it and those before are there.
    """
    calls = (joblib.delayed(function)(*piece) for piece in pieces)
    yield from joblib.Parallel(return_as="generator")(calls)
