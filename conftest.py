"""Tests run at the `smoke` preset, on a data folder of their own, and ask no network."""

import os
import tempfile

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Prepares preset and data once, before workers are started; they inherit the environment."""
    os.environ["TGAN_LESSONS_PRESET"] = "smoke"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if hasattr(config, "workerinput") or os.environ.get("TGAN_LESSONS_DATA"):
        return
    from tgan_lessons import cache, fetch, letters

    folder = tempfile.TemporaryDirectory(prefix="tgan-lessons-tests-")
    config.add_cleanup(folder.cleanup)
    os.environ["TGAN_LESSONS_DATA"] = folder.name
    # fallbacks of today: the loaders use them and leave the network alone
    cache.write(cache.cache_path("mnist_5k"), fetch.bundled_mnist())
    cache.write(cache.cache_path("letters_stand_in"), letters.render())
