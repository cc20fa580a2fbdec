"""Damaged files on the way from the disk to a lesson: the same data, or set aside and made anew."""

import json
import warnings

import numpy as np
import pytest
from kill_jobs import make
from trials import few_or_many

from tgan_lessons import answers, cache, files


def damage(content, rng):
    """Bytes cut, lost, doubled, flipped, moved or replaced, one to three times."""
    for _ in range(rng.integers(1, 4)):
        first, last = sorted(rng.integers(0, len(content) + 1, 2))
        block = content[first:last]
        kind = rng.integers(7)
        content = (
            content[:first],
            content[first:],
            content[:first] + content[last:],
            content[:last] + block + content[last:],
            content[:first]
            + bytes(b ^ 1 << rng.integers(8) for b in block[:9])
            + block[9:]
            + content[last:],
            content[:first] + rng.bytes(len(block)) + content[last:],
            content[last:] + block + content[:first],
        )[kind]
        if not content:
            break
    return content


def patterns(seed):
    rng = np.random.default_rng(seed)
    arrays = make(0, images=4)
    return {key: rng.integers(0, 256, array.shape, np.uint8) for key, array in arrays.items()}


@few_or_many(50, 5000)
def test_a_cache(tmp_path, monkeypatch, count, capsys, trials):
    """Through `load_or_make`, as a lesson reads it; a file made anew is whole."""
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    path, whole, new, refused = cache.cache_path("digits"), patterns(0), patterns(1), 0
    cache.write(path, whole)
    content, rng = path.read_bytes(), np.random.default_rng(trials)
    for trial in range(trials):
        path.write_bytes(damage(content, rng))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's and NumPy's, about odd headers
            got = cache.load_or_make("digits", lambda: new)
        expected = new if "prepared anew" in capsys.readouterr().out else whole
        refused += expected is new
        assert sorted(got) == sorted(cache.KEYS)
        assert all(np.array_equal(got[key], expected[key]) for key in cache.KEYS), trial
        for old in tmp_path.glob("*.damaged*"):
            old.unlink()
        assert all(np.array_equal(cache.read(path)[k], expected[k]) for k in cache.KEYS)
    assert refused > 0.8 * trials
    count(trials)


@few_or_many(200, 5000)
def test_arrays(tmp_path, count, trials):
    """Checkpoints and saved runs are read by this."""
    path, whole = (
        tmp_path / "arrays.npz",
        {"x": np.arange(99.0), "n": np.array(3), "t": np.array("ü")},
    )
    files.write_arrays(path, whole)
    content, rng = path.read_bytes(), np.random.default_rng(trials)
    for _ in range(trials):
        path.write_bytes(damage(content, rng))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                got = files.read_arrays(path)
            except ValueError as error:
                assert str(error)
                continue
        assert set(got) <= set(whole)  # a lost member is for the reader to miss
        assert all(np.array_equal(got[key], whole[key]) for key in got)
    count(trials)


@few_or_many(50, 2000)
def test_answers(tmp_path, monkeypatch, count, trials):
    """A damaged file is set aside and named; the new answer is kept."""
    monkeypatch.chdir(tmp_path)
    path, rng = tmp_path / answers.FILE, np.random.default_rng(trials)
    for number in range(3):
        answers.Record("quiz", f"Question {number}?", "abcd").keep("c")
    content = path.read_bytes()
    for _ in range(trials):
        path.write_bytes(damage(content, rng))
        told = answers.Record("quiz", "Another?", "ab").keep("b")
        kept = answers.read_answers(path)
        assert kept[-1].question == "Another?" and kept[-1].answer == "b"
        aside = list(tmp_path.glob("*.damaged-*"))
        assert bool(told) == bool(aside) and ("was damaged" in told or not told)
        for old in aside:
            old.unlink()
    count(trials)


ENTRY = {"kind": "quiz", "question": "What?", "options": ["a", "b"], "first": "a", "answer": "b"}
ENTRY |= {"time": "2026-01-01T00:00:00+00:00"}
FOREIGN = [None, 3, 1e300, "x", [], {}, [[]], [None], [{}], True, {"a": 1}, "[" * 10]


def test_answers_with_foreign_contents(tmp_path, count):
    """Valid JSON that is no list of answers."""
    path, tried = tmp_path / answers.FILE, 0
    entries = [ENTRY | {key: value} for key in ENTRY for value in FOREIGN]
    for text in [*FOREIGN, *([entry] for entry in entries), [ENTRY | {"more": 1}]]:
        path.write_text(json.dumps(text))
        tried += 1
        try:
            for answer in answers.read_answers(path):
                assert {answer.first, answer.answer} <= set(answer.options)
        except answers.DamagedAnswersError as error:
            assert path.name in str(error)
    path.write_text("[" * 100_000)
    with pytest.raises(answers.DamagedAnswersError):
        answers.read_answers(path)
    count(tried + 1)
