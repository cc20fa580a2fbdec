"""Fixtures that several test modules share."""

import functools
import re
import sys
from pathlib import Path

import pytest

FLOATS = re.compile(r"\b(assert_allclose|approx|isclose)\(")


@functools.cache
def compares_floats(path: Path) -> bool:
    """Whether a test module's results may depend on the processor."""
    return bool(FLOATS.search(path.read_text(encoding="utf-8")))


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items):
    """Marks the tests of modules that compare floats: `pytest -m numeric`."""
    for item in items:
        if item.path.suffix == ".py" and compares_floats(item.path):
            item.add_marker("numeric")


@pytest.fixture
def shell(monkeypatch, tmp_path):
    """A real IPython shell: what `display` needs to publish anything."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    main, hook, path = sys.modules["__main__"], sys.excepthook, list(sys.path)
    InteractiveShell.clear_instance()
    yield InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    InteractiveShell.clear_instance()
    sys.modules["__main__"], sys.excepthook, sys.path[:] = main, hook, path
