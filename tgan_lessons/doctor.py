"""Is this machine ready for the course? What is missing, and what to do about it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Literal

from tgan_lessons import files, machine, packages, runtime
from tgan_lessons.packages import DISTRIBUTION, on_colab, requirements
from tgan_lessons.packages import version as _version
from tgan_lessons.report import Finding, Report, Verdict, shown, without_folders

GIGABYTE = 2**30
WANTED_MEMORY, LEAST_MEMORY = 2.0, 1.0  # gigabytes; TensorFlow alone takes 0.75
WANTED_DISK, LEAST_DISK = 1.0, 0.2

# Every cache file: what its absence means, for a person to read.
CACHES = {
    "mnist": "downloaded at first use (12 MB); without a network 5,000 bundled real digits serve",
    "mnist_5k": "prepared in seconds where the full MNIST cannot be had",
    "emnist_balanced": "downloaded at first use (minutes); without a network drawn letters serve",
    "letters_stand_in": "drawn where EMNIST cannot be had",
    "optical_digits": "prepared at first use, in a second, from scikit-learn",
}
FROM_NETWORK = ("mnist", "emnist_balanced")
IMAGENET = "imagenet"  # weights, in a file of Keras's own form
FALLBACKS = ("mnist_5k", "letters_stand_in")
MOST_TMPDIR = 80  # letters: `tgan-lessons check` has sockets there, whose names have 107 at most


def examine_python() -> Iterator[Finding]:
    """The interpreter and the packages, against the ranges that the course declares."""
    from packaging.specifiers import SpecifierSet

    version = ".".join(map(str, sys.version_info[:3]))
    try:
        rows = [(need, found or "none", fits) for need, found, fits in requirements()]
        wanted = metadata.metadata(DISTRIBUTION)["Requires-Python"]
    except metadata.PackageNotFoundError:
        advice = "In the folder of pyproject.toml: pip install -e ."
        yield Finding("Packages", "note", f"Python {version}; the course is not installed", advice)
        return
    if SpecifierSet(wanted).contains(version):
        yield Finding("Python", "ok", version)
    else:
        advice = "Make an environment with a Python in that range."
        yield Finding("Python", "problem", f"{version}, {wanted} is needed", advice)
    wrong = [(need, version) for need, version, fits in rows if not fits]
    for need, version in wrong:
        found = f"{need} is needed, {version} is installed"
        yield Finding("Packages", "problem", found, packages.advise(need))
    told, advice = packages.newer()
    if told:
        yield Finding("Packages", "note", told, advice)
    if not wrong:
        found = f"TensorFlow {_version('tensorflow')}, Keras {_version('keras')}"
        yield Finding("Packages", "ok", f"{found}, and {len(rows) - 2} more in their ranges")


def examine_devices() -> Iterator[Finding]:
    """What TensorFlow computes on, and the preset that follows. Loads TensorFlow."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    cores = os.cpu_count() or 1
    try:
        gpu = runtime.has_gpu()
        fault = runtime.gpu_fault() if gpu else ""
    except Exception as error:  # a broken installation fails in every way
        reason = without_folders((str(error).splitlines() or [type(error).__name__])[0])
        advice = "pip install --force-reinstall tensorflow"
        yield Finding("TensorFlow", "problem", f"cannot be loaded: {reason}", advice)
        return
    if fault:
        advice = "Lessons go on on the CPU. A newer TensorFlow may know the card."
        yield Finding("GPU", "note", f"listed, but it computes nothing: {fault}", advice)
        gpu = False
    found = f"{'a GPU' if gpu else 'no GPU, the CPU'}, {cores} cores"
    if gpu or cores > 1:
        yield Finding("Computing", "ok", found)
    else:
        advice = "Lessons take twice their time. Google Colab is faster."
        yield Finding("Computing", "note", found, advice)
    try:
        preset = runtime.find_preset("class" if fault else None).name
    except ValueError as error:
        yield Finding("Preset", "problem", str(error), f"Unset {runtime.PRESET_VARIABLE}.")
    else:
        yield Finding("Preset", "ok", preset)


def examine_widgets() -> Iterator[Finding]:
    """Whether sliders and buttons will show."""
    widgets = _version("ipywidgets")
    if widgets is None:
        yield Finding("Widgets", "problem", "ipywidgets is missing", "pip install ipywidgets")
        return
    if on_colab():
        yield Finding("Widgets", "ok", f"ipywidgets {widgets}, inside Colab")
        return
    pages = {"JupyterLab": "jupyterlab_widgets", "Notebook": "widgetsnbextension"}
    present = [page for page, package in pages.items() if _version(package)]
    if present:
        yield Finding("Widgets", "ok", f"ipywidgets {widgets} for {' and '.join(present)}")
    else:
        advice = "pip install jupyterlab_widgets widgetsnbextension"
        yield Finding("Widgets", "problem", f"ipywidgets {widgets}, no page shows it", advice)
    if _version("jupyterlab") is None:
        advice = f'pip install "{DISTRIBUTION}[lab]", or open the lessons in VS Code or Colab.'
        yield Finding("JupyterLab", "note", "not installed", advice)


def cache_state(name: str) -> tuple[Literal["ok", "damaged", "unreadable", "absent"], str]:
    """Reads one cache file completely.

    Args:
        name: the file's name without `.npz`, or `"imagenet"`.

    Returns:
        Its state, and how many images and bytes it has or what is wrong with it.
    """
    from tgan_lessons import cache

    if name == IMAGENET:
        from tgan_lessons import giants

        return giants.weights_state()

    path = cache.cache_path(name)
    try:
        arrays = cache.read(path)
    except FileNotFoundError:
        return "absent", CACHES.get(name, "")
    except cache.DamagedCacheError as error:
        return "damaged", without_folders(str(error))
    except OSError as error:
        return "unreadable", error.strerror or without_folders(str(error))
    train, test = len(arrays["x_train"]), len(arrays["x_test"])
    return "ok", f"{train:,} + {test:,} images, {path.stat().st_size / 1e6:.1f} MB"


def examine_data() -> Iterator[Finding]:
    """Every data set that is kept on this machine."""
    from tgan_lessons import cache

    try:
        folder = cache.cache_dir()
    except ValueError:  # `examine_settings` says so
        return
    for name in (*CACHES, IMAGENET):
        state, details = cache_state(name)
        if state in ("damaged", "unreadable"):
            found = f"{name} {'is damaged' if state == 'damaged' else 'cannot be read'}: {details}"
            yield Finding("Data", "problem", found, _advise(name))
        elif name == IMAGENET:
            continue  # lesson 03 says what it found
        elif state == "ok":
            yield Finding("Data", "ok", f"{name}: {details}")
        elif name in FROM_NETWORK:
            advice = "tgan-lessons data --fetch, before the lesson."
            yield Finding("Data", "note", f"{name} is not here: {details}", advice)
        elif name not in FALLBACKS:
            yield Finding("Data", "ok", f"{name}: {details}")
    if os.path.exists(folder) and not folder.is_dir():
        advice = f"Set {cache.VARIABLE} to a folder."
        yield Finding("Data", "problem", f"{shown(folder)} is a file, no folder", advice)
    elif not os.access(_existing(folder), os.W_OK):
        advice = f"Set {cache.VARIABLE} to a folder that you may write to."
        yield Finding("Data", "note", f"{shown(folder)} cannot be written to", advice)


def _advise(name: str) -> str:
    """What to do about a data file that is of no use."""
    from tgan_lessons import cache, giants

    path = giants.weights_path() if name == IMAGENET else cache.cache_path(name)
    if why := files.reason_to_leave(path):
        return f"Ask whoever put {path.name} there ({why}), or set {cache.VARIABLE}."
    if name in (*FROM_NETWORK, IMAGENET):
        return f"tgan-lessons data --fetch, or copy {path.name} again."
    return f"Delete {path.name}: it is prepared anew."


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if os.path.exists(path))


def _room(area: str, free: float, wanted: float, least: float, advice: str) -> Finding:
    found = f"{free:.1f} GB free"
    if free >= wanted:
        return Finding(area, "ok", found)
    verdict: Verdict = "note" if free >= least else "problem"
    return Finding(area, verdict, f"{found}, {wanted:g} GB are wanted", advice)


def examine_room() -> Iterator[Finding]:
    """Free memory, and free disk where the data sets are kept."""
    import psutil

    from tgan_lessons import cache

    memory = psutil.virtual_memory().available / GIGABYTE
    advice = "Close other programs and shut down notebooks that you do not use."
    yield _room("Memory", memory, WANTED_MEMORY, LEAST_MEMORY, advice)
    try:
        folder = cache.cache_dir()
    except ValueError:  # `examine_settings` says so
        return
    disk = shutil.disk_usage(_existing(folder)).free / GIGABYTE
    yield _room("Disk", disk, WANTED_DISK, LEAST_DISK, "Make room on the disk of the data folder.")


def examine_settings() -> Iterator[Finding]:
    """What this machine was told elsewhere, and lessons do not expect."""
    for variable in machine.FOLDERS:
        try:
            folder = files.folder_from(variable)
        except ValueError as error:
            yield Finding("Folders", "problem", str(error), f"Set {variable} to a whole path.")
            continue
        if folder is not None and "$" in str(folder):
            found = f"{variable} names a variable that is not set: {shown(folder)}"
            yield Finding("Folders", "note", found, f"Set {variable} to a whole path.")
    if machine.has_temporary_home():
        found = "no home folder that may be written to; a temporary one serves"
        yield Finding("Home", "note", found, machine.ADVICE_HOME)
    if len(tempfile.gettempdir()) > MOST_TMPDIR:
        found = "the path of the temporary folder is too long for `tgan-lessons check`"
        yield Finding("Home", "note", found, "Set TMPDIR to a shorter one, such as /tmp.")
    for path in machine.find_shadows():
        found = f"{shown(path)} hides a module that lessons need"
        yield Finding("Modules", "problem", found, f"Rename {path.name}.")


def examine_keras() -> Iterator[Finding]:
    """How Keras and matplotlib are set up on this machine. Does not load Keras."""
    if wrong := machine.broken_keras_file():
        found, _, advice = wrong.rpartition("). ")
        yield Finding("Keras", "problem", f"{without_folders(found)})", advice)
    elif foreign := ", ".join(machine.foreign_keras()):
        advice = "Nothing: the set-up cell sets what lessons need, in its own kernel."
        yield Finding("Keras", "note", f"set up otherwise: {foreign}", advice)
    if wrong := machine.wrong_backend():
        advice = "Restart the kernel, and run the set-up first."
        yield Finding("Keras", "problem", f"was loaded on {wrong} in this kernel", advice)
    if backend := machine.foreign_backend():
        advice = "Nothing: the set-up cell puts pictures onto the page. Elsewhere, unset it."
        yield Finding("Pictures", "note", f"MPLBACKEND={backend}", advice)
        return  # which may keep matplotlib from being loaded
    if machine.lacks_latex():
        advice = "Nothing: the set-up cell does without. Elsewhere, set text.usetex to False."
        yield Finding("Pictures", "note", "matplotlib is to use LaTeX, which is not here", advice)


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    examine_python,
    examine_settings,
    examine_keras,
    examine_devices,
    examine_widgets,
    examine_data,
    examine_room,
)


def examine() -> Report:
    """Looks at everything that the course needs. Loads TensorFlow, changes nothing."""
    return Report(tuple(finding for check in CHECKS for finding in check()))
