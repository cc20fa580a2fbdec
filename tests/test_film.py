import numpy as np
import pytest

from tgan_lessons.film import Film


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 16, 17, 1000, 4096])
def test_it_spans_the_run_evenly_in_bounded_memory(count):
    film = Film(limit=8)
    for number in range(count):
        film.add(number)
    kept = list(film)
    assert len(kept) == len(film) <= 8
    assert kept[:1] == [0][:count]
    steps = set(np.diff(kept))
    assert len(steps) <= 1, "always the same number of moments between two kept ones"
    if count > 8:
        assert len(kept) >= 4 and kept[-1] >= count / 2


def test_short_runs_are_kept_whole():
    film = Film(limit=8)
    film.fill("abcdefgh")
    assert "".join(film) == "abcdefgh" and film[-1] == "h" and film[2] == "c"
    film.clear()
    assert len(film) == 0


@pytest.mark.parametrize("limit", [0, 1, 7, -2])
def test_odd_limits_are_refused(limit):
    with pytest.raises(ValueError, match=r"`limit`.*Received"):
        Film(limit)
