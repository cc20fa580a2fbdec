import contextlib
import io
import os
import shutil
import subprocess
import sys
import time

import jupytext
import nbformat
import pytest
from jupytext.cli import jupytext as jupytext_command
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tgan_lessons import build, execute, hygiene, lessons

ROOT = lessons.checkout()
PLACES = (ROOT / "notebooks", ROOT / "notebooks" / "solutions")
NOTEBOOKS = [path for place in PLACES for path in sorted(place.glob("[0-9]*.ipynb"))]
CHOSEN = build.Settings(repository="someone/course", branch="trunk")
PNG = "iVBORw0KGgo/tmp/AAAA/root/x"  # base64 may spell anything


# The notebooks of the course ----------------------------------------------------------------


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=build.published_path)
def test_a_notebook_agrees_with_its_script(notebook):
    assert build.in_sync(build.script_of(notebook), notebook) == []


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=build.published_path)
def test_a_notebook_is_fit_to_be_published(notebook):
    assert hygiene.findings(notebook) == []


def test_every_script_was_built():
    scripts = {path for place in PLACES for path in (place / "src").glob("[0-9]*.py")}
    assert scripts == {build.script_of(notebook) for notebook in NOTEBOOKS}


# The generated cells ------------------------------------------------------------------------


def test_the_badge_opens_the_published_notebook():
    cells = CHOSEN.cells(build.published_path(ROOT / "notebooks" / "solutions" / "01_a.ipynb"))
    kind, badge = cells["badge"]
    address = "https://colab.research.google.com/github/someone/course/blob/trunk/"
    assert kind == "markdown"
    assert badge.startswith("[![Open in Colab](https://")
    assert badge.endswith(f"({address}notebooks/solutions/01_a.ipynb)")


def test_the_settings_are_those_of_pyproject():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'repository = "{build.settings().repository}"' in text
    assert f'branch = "{build.settings().branch}"' in text


# What lies in the working folder or is installed before the set-up cell runs, and whether pip is
# then asked for the course.
BEFORE = {
    "nothing": ([], True),
    "a clone of the course's name": (["here/tgan_lessons/README.md"], True),
    "a clone with its package": (["here/tgan_lessons/tgan_lessons/__init__.py"], True),
    "an empty folder": (["here/tgan_lessons/notebooks/00.ipynb"], True),
    "an older course": (["site/tgan_lessons/__init__.py", "site/tgan_lessons/runtime.py"], True),
    "half a course": (["site/tgan_lessons/__init__.py"], True),
    "the course": (["new"], False),
    "the course beside a clone": (["new", "here/tgan_lessons/README.md"], False),
}
PIP_STANDS_IN = """
import shutil, subprocess, sys
sys.path[:] = ["", sys.argv[1], *sys.path[1:]]
def check_call(command):
    print(command[1:])
    shutil.copytree(sys.argv[2], sys.argv[1] + "/tgan_lessons", dirs_exist_ok=True)
subprocess.check_call = check_call
"""


@pytest.mark.parametrize("before", BEFORE)
def test_the_setup_cell_installs_only_where_the_course_is_absent(tmp_path, before):
    new, site, here = (tmp_path / name for name in ("new", "site", "here"))
    for folder in (new, site, here):
        folder.mkdir()
    (new / "__init__.py").write_text("")
    (new / "packages.py").write_text("from tgan_lessons import runtime")
    (new / "runtime.py").write_text("def setup(): return 'the preset'")
    files, asked = BEFORE[before]
    for name in files:
        if name == "new":
            shutil.copytree(new, site / "tgan_lessons")
        else:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("")
    code = PIP_STANDS_IN + CHOSEN.cells("x")["setup"][1] + "\nprint(preset)"
    command = [sys.executable, "-S", "-c", code, str(site), str(new)]  # -S: of all that is here
    done = subprocess.run(
        command, cwd=here, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": ""}
    )
    assert done.returncode == 0, done.stderr
    address = "https://github.com/someone/course/archive/refs/heads/trunk.zip"
    pip = ["-m", "pip", "install", "-q", "--no-deps", "--force-reinstall", address]
    assert done.stdout == f"{pip}\n" * asked + "the preset\n"


def test_the_setup_cell_is_short_and_formatted():
    code = build.settings().cells("x")["setup"][1]
    assert sum(bool(line.strip()) for line in code.splitlines()) <= 12
    for command in (["format", "--check"], ["check", "--ignore", "D,ANN,E402"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--stdin-filename", "cell.py", "-"]
        done = subprocess.run(ruff, input=code + "\n", capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == 0, done.stdout + done.stderr


# Building -----------------------------------------------------------------------------------

SCRIPT = """\
# %% [markdown]
# # 02 · Made up
#
# $x^2$

# %% tags=["long"]
import os, ipywidgets
print(os.environ["TGAN_LESSONS_PRESET"])
ipywidgets.IntSlider()

# %% [markdown] tags=["badge"]
# an old badge

# %%
%config InlineBackend.dpi = 50
print(1); print(2)
"""


@pytest.fixture
def script(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "SETUP_CODE", "branch = '{branch}'")
    path = tmp_path / "notebooks" / "src" / "02_made_up.py"
    path.parent.mkdir(parents=True)
    path.write_text(SCRIPT.replace("%config", "# %config"), encoding="utf-8")
    return path


def test_build(script):
    target = script.parent.parent / "02_made_up.ipynb"
    build.build_notebook(target, CHOSEN)
    first, text = target.read_bytes(), script.read_text(encoding="utf-8")
    notebook = nbformat.read(target, as_version=4)

    assert [build.tags(cell) for cell in notebook.cells] == [[], ["badge"], ["setup"], ["long"], []]
    assert "an old badge" not in text and "someone/course/blob/trunk" in text
    assert text.startswith("# %% [markdown]\n# # 02") and '# %% tags=["setup"]\nbranch =' in text
    assert [cell.id for cell in notebook.cells] == [f"cell-0{i}" for i in range(5)]
    code = notebook.cells[2:]
    assert [cell.execution_count for cell in code] == [1, 2, 3]
    assert code[1].outputs[0].text == "class\n"
    assert code[2].outputs == [new_output("stream", name="stdout", text="1\n2\n")]
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.language_info == {"name": "python"}
    assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells)
    shown = code[1].outputs[1].data["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert int(shown, 16) < 10, "numbered, so that the same script gives the same file"
    assert build.in_sync(script, target) == []
    assert hygiene.findings(target, CHOSEN) == []

    build.build_notebook(target, CHOSEN)
    assert target.read_bytes() == first
    assert script.read_text(encoding="utf-8") == text


def test_a_build_that_fails_leaves_the_notebook_as_it_was(script):
    target = script.parent.parent / "02_made_up.ipynb"
    target.write_text("the one before")
    script.write_text("# %% [markdown]\n# # 02\n\n# %%\n1 / 0\n")
    with pytest.raises(execute.LessonError, match=r"code cell 2 .*ZeroDivisionError"):
        build.build_notebook(target, CHOSEN)
    assert target.read_text() == "the one before"


def test_a_notebook_that_cannot_be_written_is_told_before_a_cell_runs(script, monkeypatch):
    target = script.parent.parent / "02_made_up.ipynb"
    target.mkdir()
    script.write_text("# %% [markdown]\n# # 02\n\n# %%\n1 / 0\n")
    with pytest.raises(execute.LessonError, match=r"Could not write .*it is a folder") as told:
        build.build_notebook(target, CHOSEN)
    assert "still there" not in str(told.value)


def test_targets_are_a_lesson_and_its_solutions(tmp_path, monkeypatch):
    monkeypatch.setattr(lessons, "notebooks_dir", lambda: tmp_path)
    for name in ("src/01_a.py", "src/02_b.py", "solutions/src/01_a.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    solved = tmp_path / "solutions" / "01_a.ipynb"
    assert build.targets("1") == [tmp_path / "01_a.ipynb", solved]
    assert build.targets() == [tmp_path / "01_a.ipynb", solved, tmp_path / "02_b.ipynb"]
    with pytest.raises(ValueError, match="'01_a', '02_b'"):
        build.targets("3")


@pytest.mark.parametrize("place", ["notebooks", "notebooks/solutions"])
def test_pairing_works_both_ways(tmp_path, place):
    folder = tmp_path / place
    (folder / "src").mkdir(parents=True)
    for part in {"notebooks", place}:
        shutil.copy(ROOT / part / "jupytext.toml", tmp_path / part)
    script, notebook = folder / "src" / "01_a.py", folder / "01_a.ipynb"
    script.write_text('# %% [markdown]\n# # 01 · A\n\n# %% tags=["setup"]\nx = 1\n')

    def sync(path, seconds):
        os.utime(path, (time.time() + seconds,) * 2)
        with contextlib.redirect_stdout(io.StringIO()):
            jupytext_command(["--sync", str(path)])
        assert build.in_sync(script, notebook) == []

    sync(script, 0)
    edited = nbformat.read(notebook, as_version=4)
    edited.cells[1].source = "x = 2"
    edited.cells[1].outputs = [new_output("stream", name="stdout", text="kept")]
    nbformat.write(edited, notebook)
    sync(notebook, 10)
    assert script.read_text() == '# %% [markdown]\n# # 01 · A\n\n# %% tags=["setup"]\nx = 2\n'

    script.write_text(script.read_text().replace("01 · A", "01 · B"))
    sync(script, 20)
    result = nbformat.read(notebook, as_version=4)
    assert result.cells[0].source == "# 01 · B"
    assert result.cells[1].outputs[0].text == "kept"


# What the checks catch ----------------------------------------------------------------------


def clean():
    """A notebook without any fault."""
    generated = CHOSEN.cells("notebooks/03_clean.ipynb")
    picture = new_output("display_data", {"image/png": PNG}, metadata={"image/png": {"alt": "A"}})
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# 03 · Clean"),
            new_markdown_cell(generated["badge"][1], metadata={"tags": ["badge"]}),
            new_code_cell(generated["setup"][1], metadata={"tags": ["setup"]}),
            new_code_cell("show(1)", outputs=[picture]),
            new_code_cell(
                "x = 1\ny = 2", outputs=[new_output("stream", text="~/home/tmp/ a/tmp/")]
            ),
        ]
    )
    build.normalise(notebook)
    return notebook


def findings(tmp_path, notebook):
    path = tmp_path / "notebooks" / "03_clean.ipynb"
    path.parent.mkdir()
    nbformat.write(notebook, path)
    return hygiene.findings(path, CHOSEN)


def test_a_clean_notebook_has_no_findings(tmp_path):
    assert findings(tmp_path, clean()) == []


def an_error(cells):
    cells[4].outputs = [new_output("error", ename="NameError", evalue="x", traceback=[])]


def stderr(cells):
    cells[4].outputs = [new_output("stream", name="stderr", text="a warning")]


def printed(text):
    def change(cells):
        cells[4].outputs = [new_output("stream", text=text)]

    return change


def no_alt(cells):
    cells[3].outputs[0].metadata = {}


def empty_alt(cells):
    cells[3].outputs[0].metadata["image/png"]["alt"] = " "


def jpeg_without_alt(cells):
    cells[3].outputs[0].data["image/jpeg"] = "x"


def another_badge(cells):
    cells[1].source = cells[1].source.replace("trunk", "main")


def no_badge(cells):
    del cells[1]


def two_setups(cells):
    cells.append(new_code_cell(cells[2].source, execution_count=4, metadata=cells[2].metadata))


def setup_too_late(cells):
    cells[2], cells[3] = cells[3], cells[2]
    cells[2].execution_count, cells[3].execution_count = 1, 2


def untagged_setup(cells):
    cells[2].metadata = {}


def not_executed(cells):
    cells[4].execution_count = None


def out_of_order(cells):
    cells[3].execution_count, cells[4].execution_count = 3, 2


def no_title(cells):
    cells[0].source = "Text"


def too_long(cells):
    cells[4].source = "\n\n".join(["x = 1"] * 13)


def too_long_in_the_middle(cells):
    cells[3].source = cells[4].source = "\n".join(["x = 1"] * 7)


def too_big(cells):
    cells[3].outputs[0].data["image/png"] = "A" * 1_600_000


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (an_error, "code cell 3: failed with NameError"),
        (stderr, "code cell 3: wrote to stderr: 'a warning'"),
        (printed("saved in /home/me/x.npz"), "a path of one machine: /home/"),
        (printed("'/tmp/x'"), "a path of one machine: /tmp/"),
        (printed(r"at C:\Users\me"), r"a path of one machine: C:\Users"),
        (printed("lib/site-packages/keras/x.py"), "a path of one machine: site-packages"),
        (no_alt, "code cell 2: a picture without alternative text (image/png)"),
        (empty_alt, "code cell 2: a picture without alternative text (image/png)"),
        (jpeg_without_alt, "code cell 2: a picture without alternative text (image/jpeg)"),
        (another_badge, "the cell tagged `badge` is not the generated one"),
        (no_badge, "the cell tagged `badge` must be cell 1 and the only one: []"),
        (two_setups, "the cell tagged `setup` must be cell 2 and the only one: [2, 5]"),
        (setup_too_late, "the cell tagged `setup` must be cell 2 and the only one: [3]"),
        (untagged_setup, "the cell tagged `setup` must be cell 2 and the only one: []"),
        (not_executed, "the code cells were not executed once each, in order"),
        (out_of_order, "the code cells were not executed once each, in order"),
        (no_title, "the first cell is not a title, `# NN · Title`"),
        (too_long, "code cell 3: 13 lines, more than 12"),
        (too_long_in_the_middle, "half of the code cells have more than 6 lines"),
        (too_big, "1.6 MB, more than 1.5 MB"),
    ],
)
def test_each_fault_is_found(tmp_path, spoil, message):
    notebook = clean()
    spoil(notebook.cells)
    assert message in findings(tmp_path, notebook)


def test_a_cell_tagged_long_may_be_long(tmp_path):
    notebook = clean()
    too_long(notebook.cells)
    notebook.cells[4].metadata = {"tags": ["long"]}
    assert findings(tmp_path, notebook) == []


@pytest.mark.parametrize(
    ("spoil", "difference"),
    [
        (lambda cells: cells[4].update(source="x = 3"), "cell 4: another source"),
        (lambda cells: cells[4].metadata.update(tags=["long"]), "cell 4: another tags"),
        (lambda cells: cells.pop(), "5 cells in the script, 4 in the notebook"),
        (
            lambda cells: cells.__setitem__(3, new_markdown_cell(cells[3].source)),
            "cell 3: another type",
        ),
    ],
)
def test_in_sync_finds_each_difference(tmp_path, spoil, difference):
    script, target = tmp_path / "03_clean.py", tmp_path / "03_clean.ipynb"
    notebook = clean()
    jupytext.write(notebook, script, fmt="py:percent")
    nbformat.write(notebook, target)
    assert build.in_sync(script, target) == []
    spoil(notebook.cells)
    nbformat.write(notebook, target)
    assert build.in_sync(script, target) == [difference]
