"""The GAN lab's presets do what their one line says: `python -m benchmarks presets` for more."""

import pytest

from benchmarks import presets
from tgan_lessons.gan_presets import PRESETS

QUICK = [name for name, (rounds, *_) in presets.CRITERIA.items() if rounds <= 3000]


def test_every_preset_has_a_criterion():
    assert list(PRESETS) == list(presets.CRITERIA)


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_a_preset_does_what_it_says(name):
    passed, seen = presets.judge(name, seed=0)
    assert passed, seen


@pytest.mark.long
@pytest.mark.parametrize("name", ["ring, all eight found", "cure: one move each"])
def test_a_slower_preset_does_what_it_says(name):
    passed, seen = presets.judge(name, seed=0)
    assert passed, seen
