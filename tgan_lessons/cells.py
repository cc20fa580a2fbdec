"""Which cell of a notebook runs now: the same one as before, or another."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any


def running() -> tuple[Hashable, Hashable] | None:
    """The cell that runs, or ran last, and which of its runs this is; `None` without IPython.

    A cell is the front end's name for it, so that two with the same text are two: Jupyter and VS
    Code tell it in one way, Colab in another. Where nobody tells it, the cell is its text.
    """
    from IPython import get_ipython

    if (shell := get_ipython()) is None:
        return None
    asked: dict[str, Any] = getattr(shell, "get_parent", dict)()
    told = asked.get("metadata") or {}
    name = told.get("cellId") or (told.get("colab") or {}).get("cell_id")
    code = shell.user_ns.get("In") or [""]
    run = asked.get("header", {}).get("msg_id", shell.execution_count)
    return name or ("text", code[-1]), run
