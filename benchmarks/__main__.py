"""Runs a measurement: `python -m benchmarks NAME [--quick]`; without a name, lists them."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

NAMES = (
    "engine",
    "toy",
    "digits",
    "modes",
    "transfer_rates",
    "judge",
    "labs",
    "presets",
    "lessons",
    "device",
    "hub",
    "faults",
    "processors",
)


def describe() -> str:
    """The names, each with the first line of its module; imports none of them."""
    lines = []
    for name in NAMES:
        tree = ast.parse(Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8"))
        lines.append(f"  {name:<15} {(ast.get_docstring(tree) or '').splitlines()[0]}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Hands over to the measurement that the first argument names.

    Raises:
        SystemExit: without a known name, after a list of all.
    """
    name, *others = [*(sys.argv[1:] if arguments is None else arguments)] or [""]
    usage = f"usage: python -m benchmarks NAME [--quick]\n\n{describe()}"
    if name in ("", "-h", "--help"):
        raise SystemExit(print(usage))
    if name not in NAMES:
        raise SystemExit(f"there is no measurement {name!r}\n{usage}")
    sys.argv = [f"python -m benchmarks {name}", *others]  # where each main reads its options
    importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
