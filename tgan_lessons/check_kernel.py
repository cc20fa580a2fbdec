"""The inside of a checked submission: a kernel with limits that judges by functions kept aside.

`python -m tgan_lessons.check_kernel BYTES SECONDS -f connection.json` is what `sandbox` starts.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from types import ModuleType

FILE_BYTES = 2**30  # the largest file that a submission may write
_kept: dict[str, tuple[ModuleType, dict[str, object]]] = {}


def limit(memory_bytes: int, cpu_seconds: int) -> None:
    """Limits this process and its children; does nothing on Windows, which has no `resource`."""
    try:
        import resource
    except ImportError:
        return
    wanted = {
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_CPU: cpu_seconds,  # also ends what survives a killed checker
        resource.RLIMIT_FSIZE: FILE_BYTES,
        resource.RLIMIT_CORE: 0,
    }
    for kind, value in wanted.items():
        _, hard = resource.getrlimit(kind)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(kind, (value, value))
        except (ValueError, OSError):  # macOS refuses some
            continue


def keep(names: list[str]) -> None:
    """Remembers the modules of the checks as they are before any cell of a learner ran."""
    for name in ("tgan_lessons.checks", *names):
        module = importlib.import_module(name)
        _kept[name] = (module, dict(vars(module)))


def judge(module: str, check: str, answers: Callable[[], tuple]) -> str:
    """Runs a kept check on a learner's answers.

    Args:
        module: where the check is; one of those kept.
        check: its name.
        answers: returns what to check; may raise whatever a learner's expression raises.

    Returns:
        A verdict and a message, as JSON: those of `checks.Result`, `"missing"` where a name of the
        answers is not defined, or `"error"`.
    """
    for kept, content in _kept.values():  # what a cell assigned to them is undone
        vars(kept).clear()
        vars(kept).update(content)
    try:
        values = answers()
    except NameError as error:
        return json.dumps(["missing", str(error)])
    except BaseException as error:
        return json.dumps(["error", f"{type(error).__name__}: {error}"[:500]])
    try:
        result = _kept[module][1][check](*values)
        if not isinstance(result, _kept["tgan_lessons.checks"][1]["Result"]):
            return json.dumps(["error", f"{check} gave no result"])
        return json.dumps([result.verdict, result.message[:500]])
    except BaseException as error:  # SystemExit passes through a check
        return json.dumps(
            ["error", f"Your code stopped with {type(error).__name__}: {error}"[:500]]
        )


if __name__ == "__main__":
    limit(int(sys.argv[1]), int(sys.argv[2]))
    del sys.argv[1:3]
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance()
