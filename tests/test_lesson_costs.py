"""What a lesson costs is measured in a real kernel, lesson by lesson."""

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from benchmarks import lessons as costs
from tgan_lessons import lessons

MANY = 300  # MiB


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A folder with a lesson that waits and holds memory, and one that fails."""
    slow = ["x = 1", "", "import time\ntime.sleep(1.5)", f"big = b'a' * ({MANY} << 20)", "del big"]
    for name, sources in {"90_slow": slow, "91_bad": ["y = 1", "1 / 0"]}.items():
        cells = [new_markdown_cell(f"# {name}"), *map(new_code_cell, sources)]
        nbformat.write(new_notebook(cells=cells), tmp_path / f"{name}.ipynb")
    monkeypatch.setattr(lessons, "notebooks_dir", lambda: tmp_path)
    return tmp_path


def test_each_lesson_is_measured_and_a_failure_costs_only_its_own(course, tmp_path):
    before = (course / "90_slow.ipynb").read_bytes()
    results = tmp_path / "results"
    earlier = {"seconds": 3.0, "kept": True}
    for preset, number in (("class", "90"), ("smoke", "91"), ("smoke", "90")):
        costs.keep(preset, number, earlier, results)
    failures = costs.run("smoke", (), results)
    assert len(failures) == 1 and "91_bad: code cell 2" in failures[0]
    assert "ZeroDivisionError" in failures[0]
    assert (course / "90_slow.ipynb").read_bytes() == before

    presets = json.loads((results / "lessons.json").read_text("utf-8"))["presets"]
    assert list(presets) == ["smoke", "class"]
    assert presets["class"] == {"90": earlier} and presets["smoke"]["91"] == earlier
    found = presets["smoke"]["90"]
    cell = found["longest_cell"]
    assert cell["number"] == 2 and cell["first_line"] == "import time"
    assert 1.5 <= cell["seconds"] < found["seconds"] - found["start_seconds"]
    assert found["peak_mib"] > MANY, "memory that was given back again counts"
    assert "date" not in found["machine"] and found["machine"]["versions"]["keras"]
    assert (results / "lessons.png").read_bytes().startswith(b"\x89PNG")
