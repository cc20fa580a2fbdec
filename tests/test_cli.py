import base64
import errno
import io
import json
import os
import subprocess
import sys
from html.parser import HTMLParser

import nbformat
import numpy as np
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image
from typer.testing import CliRunner

from tgan_lessons import cache, cli, execute, files, lessons

PIXELS = io.BytesIO()
Image.new("RGB", (5, 4), (230, 159, 0)).save(PIXELS, "png")
PNG = base64.b64encode(PIXELS.getvalue()).decode()
SHOW = f"""\
from IPython.display import display
png = "{PNG}"
described = {{"image/png": {{"alt": 'an "orange" <field>'}}}}
display({{"image/png": png}}, raw=True, metadata=described)"""
VIEW = '{"model_id": "x", "version_major": 2, "version_minor": 0}'
LAB = f"""\
view = {{"application/vnd.jupyter.widget-view+json": {VIEW}, "text/plain": "La" + "b()"}}
display(view | {{"image/png": png}}, raw=True, metadata={{"image/png": {{"alt": "last frame"}}}})
display(view, raw=True)"""
WHERE = "import os; print('preset', os.environ.get('TGAN_LESSONS_PRESET'), os.getcwd())"


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "data"))
    monkeypatch.delenv("TGAN_LESSONS_PRESET", raising=False)
    monkeypatch.setattr(lessons, "notebooks_dir", lambda: tmp_path / "notebooks")
    return tmp_path


def make_lesson(folder, *cells, name="07_made_up"):
    (folder / "notebooks").mkdir(exist_ok=True)
    path = folder / "notebooks" / f"{name}.ipynb"
    badge = new_markdown_cell("[![b](https://x.org/b.svg)](u)", metadata={"tags": ["badge"]})
    code = [new_code_cell(c) if isinstance(c, str) else c for c in cells]
    nbformat.write(new_notebook(cells=[new_markdown_cell("# 07 · Made up"), badge, *code]), path)
    return path


def call(*arguments):
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


class Page(HTMLParser):
    """What a page loads: pictures with their alt text, and everything with an address."""

    def __init__(self, text):
        super().__init__()
        self.pictures, self.loaded = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "img":
            self.pictures.append((attrs["src"], attrs["alt"]))
        elif tag in ("script", "link", "iframe") and (attrs.get("src") or attrs.get("href")):
            self.loaded.append(attrs)


def test_a_lesson_becomes_a_page_with_its_pictures(places):
    stale = new_code_cell(WHERE, outputs=[nbformat.v4.new_output("stream", text="STALE")])
    path = make_lesson(places, stale, SHOW, LAB)
    before, running, steps = path.read_bytes(), set(psutil.Process().children()), []

    def on_cell(*step):
        steps.append(step)

    page = execute.run(path, "smoke", places / "pages", on_cell)

    text = page.read_text(encoding="utf-8")
    found = Page(text)
    source = f"data:image/png;base64,{PNG}"
    assert page == places / "pages" / "07_made_up.html"
    assert found.pictures == [(source, 'an "orange" <field>'), (source, "last frame")]
    assert execute.NOTE in text and "Lab()" not in text and "STALE" not in text
    assert "preset smoke" in text
    assert [("mathjax" in item["src"], "async" in item) for item in found.loaded] == [(True, True)]
    assert steps == [(1, 3), (2, 3), (3, 3)]
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]
    assert os.listdir(page.parent) == [page.name]
    assert set(psutil.Process().children()) <= running  # no kernel goes on


def test_a_failing_cell_is_named_and_shown(places):
    make_lesson(places, "1 + 1", "\n# reason\nraise ValueError('first\\nsecond')", "6 * 111111")
    result = call("run", "7", "--output", places)
    assert result.exit_code == 1
    expected = "07_made_up: code cell 2 (`# reason`) failed with ValueError: first"
    page = places / "07_made_up.html"
    assert result.stderr.strip() == f"{expected} (shown in {page})"
    text = page.read_text(encoding="utf-8")
    assert "second" in text and "666666" not in text


def test_a_cell_over_the_time_limit_is_interrupted(places, monkeypatch):
    monkeypatch.setattr(execute, "CELL_SECONDS", 1)
    path = make_lesson(places, "import time\ntime.sleep(300)")
    with pytest.raises(execute.LessonError, match="failed with time limit: more than 1 s"):
        execute.run(path, None, places)


def test_a_dead_kernel_is_told(places):
    path = make_lesson(places, "import os; os._exit(3)")
    with pytest.raises(execute.LessonError, match=r"code cell 1 .* Kernel died"):
        execute.run(path, None, places)


def test_run_says_where_the_page_is(places):
    make_lesson(places, WHERE)
    result = call("run", "made", "--preset", "gpu", "--output", places / "out")
    page = places / "out" / "07_made_up.html"
    assert (result.exit_code, page.exists()) == (0, True)
    assert result.stdout.startswith(f"{page} after ")
    assert "preset gpu" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("is_there", [False, True])
def test_a_page_that_cannot_be_written_is_told_before_a_cell_runs(places, monkeypatch, is_there):
    make_lesson(places, WHERE)
    monkeypatch.setattr(execute, "execute", None)  # not called
    (places / "file").write_text("a file, no folder")
    output = places / "file"
    if is_there:
        (places / "07_made_up.html").write_text("an earlier page")
        output = places

        def refuse(**options):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

        monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    result = call("run", "7", "--output", output)
    assert result.exit_code == 1 and f"Could not write {output}/07_made_up.html (" in result.stderr
    assert ("A page from before is still there." in result.stderr) == is_there
    assert sorted(os.listdir(places))[-2:] == ["file", "notebooks"]


def test_a_page_is_kept_elsewhere_where_the_disk_is_full_at_the_end(places, monkeypatch):
    path, write = make_lesson(places), files.write_text

    def fill(page, text):
        if page.parent == places / "out":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(page, text)

    monkeypatch.setattr(files, "write_text", fill)
    monkeypatch.setattr("tempfile.tempdir", str(places))
    monkeypatch.setattr(execute, "execute", lambda *arguments: None)
    with pytest.raises(OSError, match="No space left on device; what should be in it is kept in"):
        execute.run(path, None, places / "out")
    assert "Made up" in next(places.glob("*-07_made_up.html")).read_text(encoding="utf-8")


def test_the_kernel_is_this_interpreter_whatever_is_installed(places, monkeypatch):
    spec = places / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True)
    other = {"argv": ["/nowhere/python"], "display_name": "other", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(other))
    monkeypatch.setenv("JUPYTER_PATH", str(places / "jupyter"))
    assert execute.kernel_manager().kernel_spec.argv[0] == sys.executable


@pytest.mark.parametrize(
    ("arguments", "choices"),
    [
        (("run", "nothing"), "'07_made_up'"),
        (("run", "7", "--preset", "fast"), "'smoke', 'class', 'gpu'"),
        (("run", "7", "--output", "page.html"), "must be a folder. Received: output='page.html'"),
        (("data", "cifar"), "'mnist', 'emnist', 'optical_digits', 'mnist_m', 'imagenet'"),
        (("build",), "--all"),
        (("build", "8"), "no lessons"),
    ],
)
def test_a_wrong_name_gives_one_line_with_the_choices(places, arguments, choices):
    make_lesson(places)
    result = call(*arguments)
    assert result.exit_code == 2
    assert choices in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert result.stdout == ""


def write_cache(name, count=2):
    x, y = np.zeros((count, 28, 28), np.uint8), np.zeros(count, np.uint8)
    cache.write(cache.cache_path(name), {"x_train": x, "y_train": y, "x_test": x, "y_test": y})


def states(result):
    rows = [line.split() for line in result.stdout.splitlines() if ".npz " in line]
    return {row[0]: row[1] for row in rows}


def test_data_lists_and_verifies(places):
    assert set(states(call("data")).values()) == {"absent"}
    assert not (places / "data").exists()
    write_cache("mnist")
    result = call("data", "--verify", "mnist", "optical_digits")
    assert result.exit_code == 0
    expected = {"mnist.npz": "ok", "mnist_5k.npz": "absent", "optical_digits.npz": "absent"}
    assert states(result) == expected
    assert "2 + 2 images, 0.0 MB" in result.stdout


def test_data_verify_fails_for_a_damaged_file_and_keeps_it(places):
    write_cache("mnist")
    path = cache.cache_path("mnist")
    content = bytearray(path.read_bytes())
    content[400] ^= 255
    path.write_bytes(content)
    result = call("data", "--verify")
    assert (result.exit_code, states(result)["mnist.npz"]) == (1, "damaged")
    assert path.read_bytes() == content
    assert call("data").exit_code == 0
    assert call("data", "--verify", "emnist").exit_code == 0


def test_data_fetch_asks_again_and_fills_the_cache(places, monkeypatch):
    from tgan_lessons import fetch

    asked = []
    arrays = {key: np.zeros((2, 28, 28) if "x" in key else 2, np.uint8) for key in cache.KEYS}

    def ask(again=False):
        asked.append(again)
        return arrays

    monkeypatch.setattr(fetch, "mnist", ask)
    result = call("data", "--fetch", "mnist", "optical_digits")
    assert result.exit_code == 0
    assert asked == [True, False]
    assert states(result)["optical_digits.npz"] == "ok"


def test_data_fetch_asks_for_a_folder_before_it_downloads(places, monkeypatch):
    (places / "data").write_text("a file, no folder")
    monkeypatch.setattr(cli, "_prepare", None)  # not called
    result = call("data", "--fetch", "mnist")
    assert result.exit_code == 1 and f"Nothing can be kept in {places / 'data'}" in result.stderr
    assert cache.VARIABLE in result.stderr


def test_data_fetch_fails_where_only_a_stand_in_is_to_be_had(places, monkeypatch):
    from tgan_lessons import fetch

    write_cache("letters_stand_in", count=47)
    monkeypatch.setattr(fetch, "reachable", lambda url: False)
    result = call("data", "--fetch", "emnist")
    assert result.exit_code == 1
    assert "something else stands in: emnist" in result.stderr


def test_doctor_exits_by_its_verdict(monkeypatch):
    from tgan_lessons import doctor
    from tgan_lessons.report import Finding, Report

    for verdict, code in (("ok", 0), ("note", 0), ("problem", 1)):
        made = Report((Finding("Area", verdict, "what was found", "an advice [lab]"),))
        monkeypatch.setattr(doctor, "examine", lambda made=made: made)
        result = call("doctor")
        assert (result.exit_code, result.stdout) == (code, f"{made}\n")


@pytest.fixture
def started(monkeypatch):
    commands = []
    if cli.importlib.util.find_spec("jupyterlab") is None:  # it is not started here anyway
        monkeypatch.setattr(cli.importlib.util, "find_spec", lambda name: object())

    class Ended(subprocess.Popen):
        """A server that is not started; the other programs of the command are."""

        def __init__(self, command, **options):
            self.is_server = "jupyterlab" in command
            if self.is_server:
                commands.append(command)
                command = [sys.executable, "-c", ""]
            super().__init__(command, **options)

    monkeypatch.setattr(subprocess, "Popen", Ended)
    monkeypatch.setenv("DISPLAY", ":0")
    return commands


def test_lab_opens_the_checkout_itself(places, started):
    make_lesson(places)
    assert call("lab", "--no-browser").exit_code == 0
    (command,) = started
    assert command[:3] == [sys.executable, "-m", "jupyterlab"]
    assert f"--ServerApp.root_dir={places / 'notebooks'}" in command
    assert {"--ServerApp.ip=127.0.0.1", "--no-browser"} <= set(command)


def test_lab_from_a_wheel_works_on_a_copy(places, started, monkeypatch):
    make_lesson(places)
    monkeypatch.setattr(lessons, "checkout", lambda: None)
    monkeypatch.chdir(places)
    assert call("lab").exit_code == 0
    copy = places / "tgan_lessons_notebooks" / "07_made_up.ipynb"
    copy.write_text("mine")
    result = call("lab")
    assert result.stdout == "Copied to tgan_lessons_notebooks: 0. Already there, left alone: 1.\n"
    assert copy.read_text() == "mine"
    assert f"--ServerApp.root_dir={copy.parent}" in started[1]
    assert "--no-browser" not in started[1]


def test_lab_into_a_file_says_so(places, started):
    make_lesson(places)
    (places / "file").write_text("")
    result = call("lab", places / "file")
    assert (result.exit_code, started) == (1, [])
    assert "cannot be copied" in result.stderr


def test_lab_without_jupyterlab_says_what_to_install(started, monkeypatch):
    monkeypatch.setattr(cli.importlib.util, "find_spec", lambda name: None)
    result = call("lab")
    assert (result.exit_code, started) == (1, [])
    assert result.stderr == 'JupyterLab is not installed: pip install "tgan-lessons[lab]"\n'


def test_python_m_and_the_version():
    command = [sys.executable, "-m", "tgan_lessons", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "tgan-lessons 0.1.0\n"


def test_importing_the_command_loads_nothing_heavy():
    code = """
import sys
import tgan_lessons.cli
heavy = {"tensorflow", "keras", "numpy", "nbconvert", "nbclient", "jupyter_client", "sklearn"}
print(*heavy & set(sys.modules))"""
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert output.stdout.split() == []
