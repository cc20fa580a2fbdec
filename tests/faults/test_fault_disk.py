"""A full disk: what it says, what it keeps, and that it leaves no half files.

Caches are in tests/test_cache.py, checkpoints under a limit in tests/test_checkpoint.py.
"""

from contextlib import suppress

import kill_jobs
import nbformat
import numpy as np
import pytest

from tgan_lessons import answers, build, execute, files, runs


def fill(folder):
    """Leaves less room than any file below needs."""
    with (folder / "ballast").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(1024))


def contents(folder):
    """All files but locks, which hold nothing."""
    paths = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return {path.name: path.read_bytes() for path in paths}


def says_what_to_do(said, name):
    assert "No space left on device" in said and name in said
    assert "folder" in said or "room" in said


@pytest.mark.parametrize("kilobytes", [32, 64, 200])
def test_files(full_disk, count, kilobytes):
    folder = full_disk(kilobytes)
    files.write_text(folder / "text", "old")
    files.write_arrays(folder / "arrays.npz", {"x": np.arange(9)})
    before = contents(folder)
    for _ in range(10):
        with pytest.raises(OSError, match="No space left"):
            files.write_text(folder / "text", "new" * 100_000)
        with pytest.raises(OSError, match="No space left"):
            files.write_arrays(folder / "arrays.npz", {"x": np.zeros(100_000)})
        assert contents(folder) == before
    count(20)


def test_answers(full_disk, monkeypatch, count):
    folder = full_disk(16)
    monkeypatch.chdir(folder)
    assert answers.Record("quiz", "What?", "ab").keep("a") == ""
    fill(folder)
    before = contents(folder)
    for number in range(10):
        record = answers.Record("quiz", f"Which {number}?" * 99, "ab")
        says_what_to_do(record.keep("b"), answers.FILE)
        assert record.answer.answer == "b"  # in this session it counts
        assert contents(folder) == before
    assert [answer.question for answer in answers.read_answers(folder / answers.FILE)] == ["What?"]
    count(10)


def test_runs(full_disk, count):
    folder = full_disk(2200)
    shelf = runs.Shelf(kill_jobs.NumberLab(), folder)
    shelf.save("first")
    before = contents(folder)
    for _ in range(5):
        with pytest.raises(runs.RunError) as told:
            shelf.save("second")
        says_what_to_do(str(told.value), "second.npz")
        assert contents(folder) == before
    shelf.load("first")
    assert shelf.names() == ["first"]
    count(5)


def test_the_page_of_a_run(full_disk, tmp_path, monkeypatch, count):
    """A page is larger than its notebook; the one of an earlier run stays."""
    folder, lesson = full_disk(64), tmp_path / "00_tiny.ipynb"
    text = nbformat.v4.new_markdown_cell("text")
    nbformat.write(nbformat.v4.new_notebook(cells=[text]), lesson)
    monkeypatch.setattr(execute, "execute", lambda *arguments: None)  # no kernel: writes alone
    page = folder / "00_tiny.html"
    page.write_text("an earlier page")
    for _ in range(3):
        with pytest.raises(OSError) as told:
            execute.run(lesson, None, folder)
        says_what_to_do(str(told.value), "00_tiny.html")
        assert contents(folder) == {"00_tiny.html": b"an earlier page"}
    count(3)


def test_a_notebook_build(full_disk, monkeypatch, count):
    folder = full_disk(200)
    (folder / "src").mkdir()
    script, notebook = folder / "src" / "00_tiny.py", folder / "00_tiny.ipynb"
    script.write_text("# %% [markdown]\n# # 00 · Tiny\n\n# %%\n6 * 7\n")
    monkeypatch.setattr(execute, "execute", lambda *arguments: None)
    monkeypatch.setattr(build, "execute", lambda *arguments: None)
    build.build_notebook(notebook, kill_jobs.Cells("old", "1"), "smoke")
    fill(folder)
    before = contents(folder)
    for number in range(3):
        with pytest.raises(execute.LessonError) as told:
            build.build_notebook(notebook, kill_jobs.Cells("new" * 9999, str(number)), "smoke")
        says_what_to_do(str(told.value), "00_tiny.py")
        assert contents(folder) == before
        with pytest.raises(execute.LessonError) as told:
            _build_larger(notebook)
        says_what_to_do(str(told.value), "00_tiny.ipynb")
        assert contents(folder) == before
    count(6)


def _build_larger(notebook):
    """The same script; outputs make the notebook too large."""

    def print_much(notebook, *arguments):
        output = nbformat.v4.new_output("stream", text="much " * 10_000)
        notebook.cells[-1].outputs = [output]

    before, build.execute = build.execute, print_much
    try:
        build.build_notebook(notebook, kill_jobs.Cells("old", "1"), "smoke")
    finally:
        build.execute = before


def test_a_checkpoint(full_disk, count):
    pytest.importorskip("keras")
    from crash_run import build as build_game

    from tgan_lessons import checkpoint

    game, folder = build_game(), full_disk(64)
    checkpoint.save(game, folder / "game.npz")
    fill(folder)
    before = contents(folder)
    for _ in range(10):
        with pytest.raises(checkpoint.CheckpointError) as told:
            checkpoint.save(game, folder / "game.npz")
        says_what_to_do(str(told.value), "game.npz")
        assert contents(folder) == before
    checkpoint.load(game, folder / "game.npz")
    count(10)
