"""Finds what is tried with absurd values: every `build_*`, `load_*` and lab of the package."""

import ast
import importlib
import inspect
from pathlib import Path

import tgan_lessons

FOLDER = Path(tgan_lessons.__file__).parent


def find_functions(prefix):
    """Functions of every module whose name begins so: "module.name" → function."""
    found = {}
    for path in sorted(FOLDER.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        for name in names:
            if name.startswith(prefix):
                module = importlib.import_module(f"tgan_lessons.{path.stem}")
                found[f"{path.stem}.{name}"] = getattr(module, name)
    return found


def find_labs():
    """Every class below `labs.Lab`, found by reading the modules: name → class."""
    bases, homes = {}, {}
    for path in sorted(FOLDER.glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                bases[node.name] = [getattr(b, "id", getattr(b, "attr", "")) for b in node.bases]
                homes[node.name] = path.stem

    def is_lab(name):
        return name == "Lab" or any(is_lab(base) for base in bases.get(name, ()))

    labs = {}
    for name in bases:
        if name != "Lab" and is_lab(name):
            kind = getattr(importlib.import_module(f"tgan_lessons.{homes[name]}"), name)
            if "controls" in dir(kind) and _is_whole(kind):
                labs[name] = kind
    return labs


def _is_whole(kind):
    """Whether a learner can open it: `GameLab` and its like are only a frame for others."""
    from tgan_lessons.labs import Lab

    return kind.renew is not Lab.renew and kind.draw is not Lab.draw


def arguments_of(function):
    """The names of a function's arguments that a caller may set."""
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [p.name for p in inspect.signature(function).parameters.values() if p.kind in kinds]
