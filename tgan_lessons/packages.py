"""Whether the packages beside the course fit it. What somebody brought is never replaced.

The set-up cell asks for this module, which older courses lack; importing it needs Python alone.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from tgan_lessons import runtime

if TYPE_CHECKING:
    from packaging.requirements import Requirement

DISTRIBUTION = "tgan-lessons"
TESTED = {"tensorflow": "2.21", "keras": "3.15", "numpy": "2.4", "ipywidgets": "8.1"}  # the newest
NEEDED = ("tensorflow", "keras")  # of these an older one cannot serve at all
CHOOSE = (
    "Choose Runtime → Change runtime type → CPU or GPU, the latest runtime version, and run all "
    "cells again"
)


class UnfitError(Exception):
    """No lesson can run beside these packages. A notebook shows the sentence alone."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows of it."""
        return [str(self)]


def on_colab() -> bool:
    """Whether this kernel is one of Google Colab's."""
    return "google.colab" in sys.modules


def version(name: str) -> str | None:
    """The installed version, `None` where the package is absent."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def requirements() -> Iterator[tuple[Requirement, str | None, bool]]:
    """Requirement, installed version and whether it fits, for each package the course needs.

    TensorFlow under another distribution's name (tensorflow-cpu) fits.

    Raises:
        PackageNotFoundError: the course itself is not installed.
    """
    from packaging.requirements import Requirement

    for text in metadata.requires(DISTRIBUTION) or ():
        need = Requirement(text)
        if need.marker is None or need.marker.evaluate({"extra": ""}):
            found = version(need.name)
            if found is None and need.name == "tensorflow" and _other_tensorflow():
                yield need, "another build", True
                continue
            fits = found is not None and need.specifier.contains(found, prereleases=True)
            yield need, found, fits


def _other_tensorflow() -> bool:
    spec = importlib.util.find_spec("tensorflow")
    return spec is not None and spec.origin is not None


def prepare() -> None:
    """Adds packages that are missing, leaves all others as they are, and says what does not fit.

    Raises:
        UnfitError: the TensorFlow or Keras here cannot serve.
    """
    try:
        wrong = [(need, found) for need, found, fits in requirements() if not fits]
    except metadata.PackageNotFoundError:  # run from a folder: nobody said what is needed
        wrong = []
    for need, found in wrong:
        if need.name in NEEDED and (found or on_colab()):
            raise UnfitError(_unfit(need, found))
    missing = [str(need) for need, found in wrong if found is None]
    if missing:
        runtime.announce(_add(missing))
    for need, found in wrong:
        if found:
            runtime.announce(f"The course needs {need}; this is {found}. Some lessons may fail.")


def _unfit(need: Requirement, found: str | None) -> str:
    has = f"has {need.name} {found}" if found else f"has no {need.name}, as TPU runtimes"
    where = "Colab runtime" if on_colab() else "environment"
    return f"This {where} {has}; the course needs {need}. {advise(need)}"


def advise(need: Requirement) -> str:
    """What to do where a package does not fit: Colab's TensorFlow and Keras are never replaced."""
    if on_colab() and need.name in NEEDED:
        return f"{CHOOSE}."
    return f'pip install "{need}"'


def newer() -> tuple[str, str]:
    """Which packages are newer than what was tested, and what to do where a lesson fails.

    Returns:
        A sentence each; `("", "")` where none is.
    """
    from packaging.version import Version

    names = [
        f"{name} {found} (tested: up to {tested})"
        for name, tested in TESTED.items()
        if (found := version(name)) and Version(found).release[:2] > Version(tested).release
    ]
    if not names:
        return "", ""
    how = "choose an older runtime version" if on_colab() else "install what was tested"
    return f"Newer than what was tested: {', '.join(names)}.", f"Where a lesson fails, {how}."


def _add(missing: list[str]) -> str:
    """Installs packages, with what is here as constraints: pip then replaces nothing."""
    here = {dist.name: dist.version for dist in metadata.distributions() if dist.name}
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder, "constraints.txt")
        kept.write_text("".join(f"{name}=={found}\n" for name, found in here.items()))
        pip = [sys.executable, "-m", "pip", "install", "-q", "-c", str(kept), *missing]
        done = subprocess.run(pip, capture_output=True, text=True, check=False)
    importlib.invalidate_caches()
    if done.returncode == 0:
        return f"Added: {', '.join(missing)}."
    reason = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
    return f"Missing, and pip could not add them: {', '.join(missing)} ({reason})"
