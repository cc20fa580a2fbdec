import os
import shutil
import subprocess
import sys
import zipfile

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from tgan_lessons import lessons

MADE_UP = "90_made_up"
IGNORED = shutil.ignore_patterns(
    ".git", ".venv*", "venv", "*.egg-info", "__pycache__", ".*_cache", "dist"
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of a copy of the checkout that has one more lesson and some rubbish.

    Built as by default, from the source distribution: that is what leaves rubbish out.
    """
    folder = tmp_path_factory.mktemp("wheel")
    copy = shutil.copytree(lessons.checkout(), folder / "checkout", ignore=IGNORED)
    notebook = new_notebook(cells=[new_markdown_cell("# 90 · Made up")])
    for place in ("", "solutions/", ".ipynb_checkpoints/"):
        path = copy / "notebooks" / f"{place}{MADE_UP}.ipynb"
        path.parent.mkdir(exist_ok=True)
        nbformat.write(notebook, path)
    (copy / "notebooks" / "src" / f"{MADE_UP}.py").write_text("# %% [markdown]\n# # 90 · Made up\n")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, copy]
    subprocess.run(command, capture_output=True, check=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def site(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run(site, folder, *arguments):
    variables = {"PYTHONPATH": str(site), "TGAN_LESSONS_DATA": str(folder / "data")}
    environment = {**os.environ, **variables, "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_the_wheel_holds_the_package_and_the_notebooks(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    root = lessons.checkout()
    modules = {f"tgan_lessons/{path.name}" for path in (root / "tgan_lessons").glob("*.py")}
    notebooks = {
        f"tgan_lessons/{path.relative_to(root)}"
        for path in (root / "notebooks").rglob("[0-9]*.ipynb")
    }
    made_up = {f"tgan_lessons/notebooks/{place}{MADE_UP}.ipynb" for place in ("", "solutions/")}
    modules.add("tgan_lessons/judge.npz")
    assert modules | made_up | {n for n in notebooks if ".ipynb_checkpoints" not in n} <= set(names)
    assert not [name for name in names if "_checkpoints" in name or "pycache" in name]
    assert not [name for name in names if name.startswith(("notebooks", "tests"))]


def test_lessons_are_found_in_the_wheel(site, tmp_path):
    code = """
from tgan_lessons import lessons
lesson = lessons.find("90")
print(lessons.checkout(), lesson.title, lesson.solutions.exists(), lesson.path)"""
    status, output, error = run(site, tmp_path, "-X", "utf8", "-c", code)
    path = site / "tgan_lessons" / "notebooks" / f"{MADE_UP}.ipynb"
    assert (status, output) == (0, f"None 90 · Made up True {path}\n"), error


def test_light_commands_work_from_the_wheel(site, tmp_path):
    status, output, error = run(site, tmp_path, "-m", "tgan_lessons", "data")
    assert (status, output.count(".npz")) == (0, 5), error
    status, _, error = run(site, tmp_path, "-m", "tgan_lessons", "run", "99")
    assert (status, MADE_UP in error) == (2, True)
    status, _, error = run(site, tmp_path, "-m", "tgan_lessons", "build", "90")
    assert status == 1
    assert error.strip() == "lessons are built in a checkout of the course, not from the wheel"


def test_copies_from_the_wheel_do_not_overwrite(site, tmp_path):
    code = """
from pathlib import Path
from tgan_lessons import lessons
copied, kept = lessons.copy_missing(Path("mine"))
print(len(copied), len(kept))"""
    _, first, error = run(site, tmp_path, "-c", code)
    mine = tmp_path / "mine" / f"{MADE_UP}.ipynb"
    assert mine.exists(), error
    mine.write_text("my work")
    (tmp_path / "mine" / "solutions" / f"{MADE_UP}.ipynb").unlink()
    _, second, _ = run(site, tmp_path, "-c", code)
    copied = int(first.split()[0])
    assert second.split() == ["1", str(copied - 1)]
    assert mine.read_text() == "my work"
    assert not (tmp_path / "mine" / "src").exists()
