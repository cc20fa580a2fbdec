"""How often each fault is tried: a few times every day, many times in a long test."""

import pytest
from hypothesis import HealthCheck, settings

QUIET = {
    "deadline": None,
    "database": None,
    "derandomize": True,
    "suppress_health_check": list(HealthCheck),
}
settings.register_profile("few", max_examples=2, **QUIET)
settings.register_profile("many", max_examples=150, **QUIET)


def few_or_many(few, many):
    """A number of trials: `few` every day, `many` where long tests are asked for."""
    return pytest.mark.parametrize("trials", [few, pytest.param(many, marks=pytest.mark.long)])
