import json

import pytest

from tgan_lessons import lessons

NAMES = ("00_start_here", "01_transfer_in_three_steps", "05_digits_from_noise", "11_letters")


def write_notebook(path, *sources):
    cells = [{"cell_type": "markdown", "metadata": {}, "source": source} for source in sources]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}), encoding="utf-8")


@pytest.fixture
def folder(tmp_path):
    for name in NAMES:
        write_notebook(tmp_path / f"{name}.ipynb", f"# {name[:2]} · Title of {name[3:]}\n\nText")
    write_notebook(tmp_path / ".ipynb_checkpoints" / "01_x-checkpoint.ipynb", "# no")
    write_notebook(tmp_path / "scratch.ipynb", "# no")
    return tmp_path


def test_the_course_is_the_checkouts_own():
    assert (lessons.checkout() / "pyproject.toml").exists()
    assert lessons.notebooks_dir() == lessons.checkout() / "notebooks"


def test_an_installed_package_uses_the_copy_in_the_wheel(tmp_path, monkeypatch):
    package = tmp_path / "tgan_lessons"
    (tmp_path / "notebooks").mkdir()  # somebody else's, beside the package
    monkeypatch.setattr(lessons, "PACKAGE", package)
    assert lessons.checkout() is None
    assert lessons.notebooks_dir() == package / "notebooks"


def test_all_lessons_are_in_order_and_nothing_else_is(folder):
    found = lessons.all_lessons(folder)
    assert tuple(lesson.name for lesson in found) == NAMES
    assert [lesson.number for lesson in found] == ["00", "01", "05", "11"]


@pytest.mark.parametrize("text", ["01", "1", "01_transfer_in_three_steps", "three_STEPS"])
def test_find(folder, text):
    lesson = lessons.find(text, folder)
    assert lesson.path == folder / "01_transfer_in_three_steps.ipynb"
    assert lesson.title == "01 · Title of transfer_in_three_steps"
    assert lesson.solutions == folder / "solutions" / "01_transfer_in_three_steps.ipynb"


@pytest.mark.parametrize("text", ["0", "00"])
def test_zero_is_a_number(folder, text):
    assert lessons.find(text, folder).name == "00_start_here"


@pytest.mark.parametrize("text", ["7", "99", "gan", "", "²"])
def test_an_unknown_lesson_names_the_choices(folder, text):
    with pytest.raises(ValueError) as error:
        lessons.find(text, folder)
    message = str(error.value)
    assert all(repr(name) in message for name in NAMES)
    assert message.endswith(f"Received: lesson={text!r}")
    assert "\n" not in message


def test_an_ambiguous_part_names_those_that_have_it(folder):
    choices = "must be one of '00_start_here', '01_transfer_in_three_steps'. Received"
    with pytest.raises(ValueError, match=choices):
        lessons.find("_s", folder)


def test_an_empty_folder_says_so(tmp_path):
    with pytest.raises(ValueError, match="no lessons"):
        lessons.find("1", tmp_path)


def test_a_notebook_without_heading_is_called_by_its_name(tmp_path):
    write_notebook(tmp_path / "03_bare.ipynb", "Text only")
    assert lessons.find("3", tmp_path).title == "03_bare"


def test_copies_never_touch_what_is_there(folder, tmp_path_factory):
    write_notebook(folder / "solutions" / "01_transfer_in_three_steps.ipynb", "# solved")
    write_notebook(folder / "src" / "01_transfer_in_three_steps.py", "source")
    for name in ("jupytext.toml", ".hidden"):
        (folder / name).write_text("")
    target = tmp_path_factory.mktemp("mine")
    mine = target / "00_start_here.ipynb"
    mine.write_text("my own work")
    dangling = target / "11_letters.ipynb"
    dangling.symlink_to(target / "nowhere")

    copied, kept = lessons.copy_missing(target, folder)

    assert mine.read_text() == "my own work"
    assert dangling.is_symlink()
    assert {path.as_posix() for path in kept} == {"00_start_here.ipynb", "11_letters.ipynb"}
    there = {p.relative_to(target).as_posix() for p in target.rglob("*") if p.is_file()}
    assert there == {path.as_posix() for path in copied} | {"00_start_here.ipynb"}
    assert "solutions/01_transfer_in_three_steps.ipynb" in there
    assert not any(name.startswith((".", "src")) or "toml" in name for name in there)
    first = lessons.find("1", target).path
    assert first.read_bytes() == lessons.find("1", folder).path.read_bytes()

    first.write_text("changed")
    assert lessons.copy_missing(target, folder)[0] == []
    assert first.read_text() == "changed"
