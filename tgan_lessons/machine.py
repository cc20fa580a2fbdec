"""What a machine has been told elsewhere, and a lesson does not expect: found, and set for here.

Nothing of the user's is written to: what is set holds for this process and those that it starts.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tgan_lessons import files

BACKEND = "tensorflow"
# What the lessons were written for: Keras's own defaults. The function of `keras.config` that sets
# each is `set_` and its name.
EXPECTED: dict[str, Any] = {
    "floatx": "float32",
    "epsilon": 1e-7,
    "image_data_format": "channels_last",
    "max_epochs": None,
    "max_steps_per_epoch": None,
}
LIMITS = ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH")  # cut every `fit`
INLINE = "module://matplotlib_inline.backend_inline"
FOLDERS = ("TGAN_LESSONS_DATA", "TGAN_LESSONS_RESUME")
TEMPORARY = "tgan-lessons-home-"
WRITTEN = ("JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR")  # below the home folder
ADVICE_HOME = "Set HOME to a folder that stays and that you may write to."
# What the course imports by name, besides Python's own modules.
NEEDED = (
    *("IPython", "PIL", "filelock", "ipykernel", "ipywidgets", "joblib", "keras", "matplotlib"),
    *("mlxtend", "nbclient", "nbconvert", "numpy", "platformdirs", "psutil", "rich", "scipy"),
    *("sklearn", "tensorflow", "typer"),
)


def find_home() -> str:
    """Gives a process without a home folder that may be written to one for the session.

    A container's user may have none; Jupyter, IPython and matplotlib then end in a traceback.

    Returns:
        What there is to say; empty where there is a home.
    """
    home = Path(os.path.expanduser("~"))
    if home.is_absolute() and os.access(home, os.W_OK | os.X_OK):
        return ""
    # a home that can only be read stays: what a teacher has prepared there is found
    names = [name for name in WRITTEN if name not in os.environ] if home.is_absolute() else ["HOME"]
    if not names:
        return ""
    place = tempfile.mkdtemp(prefix=TEMPORARY)
    os.environ.update({n: place if n == "HOME" else f"{place}/{n.lower()}" for n in names})
    why = f"{home} cannot be written to" if home.is_absolute() else "this user has none"
    return f"A temporary home folder serves ({why}). {ADVICE_HOME}"


def has_temporary_home() -> bool:
    """Whether `find_home` has helped this process, or the one that started it."""
    return any(TEMPORARY in os.environ.get(name, "") for name in ("HOME", *WRITTEN))


def prepare() -> list[str]:
    """Sets what must be set before Keras and matplotlib are loaded.

    Returns:
        Sentences for the learner.

    Raises:
        RuntimeError: something that cannot be set from here.
    """
    told = [find_home()]
    os.environ.update(files.absolute_folders(*FOLDERS))
    told += [f"{path} hides a module that lessons need: rename it." for path in find_shadows()]
    if wrong := wrong_backend():
        raise RuntimeError(
            f"Lessons need Keras on {BACKEND}, and in this kernel it was loaded on {wrong}. "
            "Restart the kernel, and run the set-up first."
        )
    if os.environ.get("KERAS_BACKEND", BACKEND) not in ("", BACKEND):
        told.append(f"KERAS_BACKEND was {os.environ['KERAS_BACKEND']}; here it is {BACKEND}.")
    os.environ["KERAS_BACKEND"] = BACKEND
    for name in LIMITS:
        if os.environ.pop(name, None) is not None:
            told.append(f"{name} does not count here: it would cut every training.")
    if "keras" not in sys.modules and (wrong := broken_keras_file()):
        raise RuntimeError(wrong)
    told += _prepare_pictures()
    return [sentence for sentence in told if sentence]


def set_keras() -> list[str]:
    """Sets what lessons expect of Keras, which is loaded; returns sentences about what differed."""
    import keras

    found = []
    for name, expected in EXPECTED.items():
        received = getattr(keras.config, name, lambda expected=expected: expected)()
        if received != expected:
            getattr(keras.config, f"set_{name}")(expected)
            found.append(f"{name} {received} is {expected} here")
    if (policy := keras.config.dtype_policy().name) != EXPECTED["floatx"]:
        keras.config.set_dtype_policy(EXPECTED["floatx"])
        found.append(f"dtype policy {policy} is {EXPECTED['floatx']} here")
    return [f"Keras was set up otherwise: {', '.join(found)}."] if found else []


def wrong_backend() -> str:
    """What Keras was loaded on in this process where it is not ours; else empty."""
    config = getattr(sys.modules.get("keras"), "config", None)
    return "" if config is None or config.backend() == BACKEND else config.backend()


def keras_file() -> Path:
    """Where Keras reads its configuration."""
    home = os.environ.get("KERAS_HOME")
    if not home:
        base = os.path.expanduser("~")
        home = os.path.join(base if os.access(base, os.W_OK) else "/tmp", ".keras")
    return Path(os.path.expanduser(os.path.join(home, "keras.json")))


def read_keras_file() -> dict[str, Any]:
    """Keras's configuration; empty where there is none, or one that Keras does not read either.

    Raises:
        OSError: it may not be read.
        TypeError: it is JSON of another kind.
    """
    try:
        content = json.loads(keras_file().read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    if not isinstance(content, dict):
        raise TypeError("it holds no settings")
    return content


def broken_keras_file() -> str:
    """What is wrong with Keras's configuration where it keeps Keras from being loaded, or empty."""
    accepted = {
        "floatx": ("float16", "float32", "float64"),
        "image_data_format": ("channels_last", "channels_first"),
    }
    try:
        content = read_keras_file()
        for name, values in accepted.items():
            if name in content and content[name] not in values:
                raise TypeError(f"`{name}` must be one of {values}. Received: {content[name]!r}")
        if not isinstance(content.get("epsilon", 1e-7), float):
            raise TypeError(f"`epsilon` must be a float. Received: {content['epsilon']!r}")
    except (OSError, TypeError) as error:
        reason = getattr(error, "strerror", None) or error
        return f"Keras cannot be loaded: {keras_file()} is no use ({reason}). Delete or rename it."
    return ""


def foreign_keras() -> Iterator[str]:
    """What the environment and Keras's file say that lessons do not expect, one by one."""
    backend = os.environ.get("KERAS_BACKEND") or BACKEND
    if backend != BACKEND:
        yield f"KERAS_BACKEND={backend}"
    yield from (f"{name}={os.environ[name]}" for name in LIMITS if name in os.environ)
    content = read_keras_file()
    for name, expected in {**EXPECTED, "backend": BACKEND}.items():
        if content.get(name, expected) != expected:
            yield f"{name} {content[name]}"


def find_shadows(folders: Iterable[Path] | None = None) -> list[Path]:
    """Files that Python would take for a module which a lesson needs: a learner's own `keras.py`.

    Args:
        folders: where to look; by default this one, and those of `PYTHONPATH`.
    """
    if folders is None:
        paths = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
        folders = dict.fromkeys([Path(os.path.abspath(path)) for path in (".", *paths)])
    own = set(sys.stdlib_module_names) & set(sys.modules)
    places = [
        folder / place
        for folder in folders
        for name in sorted({*NEEDED, *own})
        for place in (f"{name}.py", f"{name}/__init__.py")
    ]
    installed = {Path(path) for path in sys.path if Path(path).name.endswith("-packages")}
    return [p for p in places if os.path.isfile(p) and not installed & set(p.parents)]


def foreign_backend() -> str:
    """What `MPLBACKEND` says where it is no notebook's: pictures would open elsewhere, or not."""
    backend = os.environ.get("MPLBACKEND", "").strip()
    return "" if backend.startswith("module://") or backend in ("inline", "widget") else backend


def lacks_latex() -> bool:
    """Whether matplotlib was told to write with a LaTeX that is not installed."""
    import matplotlib

    return bool(matplotlib.rcParams["text.usetex"]) and shutil.which("latex") is None


def _prepare_pictures() -> list[str]:
    """Pictures go onto the notebook's page, and are drawn without programs that are not there."""
    from IPython import get_ipython

    told, in_notebook = [], getattr(get_ipython(), "kernel", None) is not None
    if in_notebook and (backend := foreign_backend()):
        told.append(f"MPLBACKEND was {backend}; here pictures go onto the page.")
        os.environ["MPLBACKEND"] = INLINE
        if "matplotlib" in sys.modules:
            sys.modules["matplotlib"].use(INLINE)
    if lacks_latex():
        import matplotlib

        matplotlib.rcParams["text.usetex"] = False
        told.append("matplotlib was to use LaTeX, which is not here; its own letters serve.")
    return told
