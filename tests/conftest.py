"""Fixtures that several test modules share."""

import sys

import pytest


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
