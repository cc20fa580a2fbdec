import csv
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from typer.testing import CliRunner

from tgan_lessons import cache, check, cli, lessons, sandbox, submissions

MODULE = """
from tgan_lessons.checks import call, exercise, expect

@exercise("91.1", "Twice as much.")
def check_double(double):
    expect(call(double, 4) == 8, "Twice four is eight.")

@exercise("91.2", "That is it.")
def check_answer(answer):
    expect(answer == 42, "Another number.")
"""
SETUP = "import math\nready = True"
ONE = (
    "import tiny_exercises\n\ndef double(x):\n    return {}\n\ntiny_exercises.check_double(double)"
)
TWO = "answer = {}\ntiny_exercises.check_answer(answer)"
RIGHT = ONE.format("2 * x"), TWO.format("42")
MARK = "98765.4321"  # the argument of a `sleep` that nobody else starts
LIMITS = sandbox.Limits(cell_seconds=8, notebook_seconds=100, memory_gb=4)


def body(*lines):
    """The first exercise, its function doing more than it should."""
    inside = "\n    ".join(lines)
    return ONE.replace("    return {}", f"    {inside}\n    return 2 * x")


LONG_LOOP = """\
import time
while True:
    try:
        time.sleep(1)
    except BaseException:
        pass"""
FAKES = """\
import tiny_exercises
from tgan_lessons import checks
print("✔ Exercise 91.1, passed: Twice as much.")
def cheat(answer):
    class Fake:
        verdict, message, passed = "passed", "", True
    checks.Result = tiny_exercises.Result = lambda *a: Fake()
    checks.expect = tiny_exercises.expect = lambda *a: None
    tiny_exercises.check_double = tiny_exercises.check_answer = lambda *a: Fake()
    return answer
double = cheat(lambda x: 5)
check_double = lambda f: checks.Result("91.1", "passed", "Twice as much.")
tiny_exercises.check_double(double)
check_double(double)"""
CLASS = {
    "anna": RIGHT,
    "ben": (ONE.format("x"), TWO.format("...")),
    "cleo": (ONE.format("..."), RIGHT[0], ONE.format("..."), RIGHT[1]),
    "dan": RIGHT[:1],
    "eve": (FAKES, "answer = cheat(41)\n(lambda a: print('passed'))(answer)"),
    "fay": (
        body("while True:", "    try: __import__('time').sleep(1)", "    except: pass"),
        RIGHT[1],
    ),
    "gus": (body("import os", "os._exit(3)"), RIGHT[1]),
    "hal": (body("exit()"), RIGHT[1]),
    "ida": (body("bytearray(10**12)"), RIGHT[1]),
    "jan": ("def double(x:\n    return 2 * x\ntiny_exercises.check_double(double)", *RIGHT),
    "kai": (
        "def double(x:\n    return 2 * x\ncheck_double(double)",
        RIGHT[0].split("\n")[0],
        RIGHT[1],
    ),
    "max": (body("print('x' * 10**8)"), "raise ValueError('x' * 100)", RIGHT[1]),
    "oto": (
        body(
            "import subprocess",
            f"subprocess.Popen(['sleep', '{MARK}'], start_new_session=True)",
        ),
        RIGHT[1],
    ),
    "pia": (body("import os", "raise ValueError(dict(os.environ).get('TGAN_SECRET', 'none'))"),),
    "quin": (LONG_LOOP, "raise SystemExit", *RIGHT),
    "rex": ("exec('factor = 2')", ONE.format("factor * x"), TWO.format("factor * 21")),
    "sue": (ONE.format("x * (1 + ready)"), TWO.format("math.floor(42.5)")),
    "tom": (*RIGHT, "for answer in [1]:\n    break"),
    "vic": (
        "def double(x):\n    return 2 * x",
        "%%time\nfrom tiny_exercises import check_answer as check\nimport tiny_exercises as t",
        "%%time\nt.check_answer(6 * 7)",
    ),
    "uma": ("answer = 1 / 0", "import tiny_exercises", "tiny_exercises.check_answer(answer)"),
}


def write(path, cells, setup=SETUP):
    path.parent.mkdir(parents=True, exist_ok=True)
    tagged = new_code_cell(setup, metadata={"tags": ["setup"]})
    code = [tagged, *(new_code_cell(cell) for cell in cells)]
    nbformat.write(new_notebook(cells=[new_markdown_cell("# 91"), *code]), path)
    return path


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course of one tiny lesson, whose checks can be imported in a kernel."""
    root = tmp_path_factory.mktemp("course")
    (root / "tiny_exercises.py").write_text(MODULE)
    write(root / "91_tiny.ipynb", [ONE.format("..."), TWO.format("...")])
    patch = pytest.MonkeyPatch()
    paths = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    patch.setenv("PYTHONPATH", os.pathsep.join(paths))
    patch.setenv("TGAN_SECRET", "hunter2")
    patch.setenv(cache.VARIABLE, str(root / "data"))
    (root / "data").mkdir()
    (root / "data" / "numbers.npz").write_text("numbers")
    scratch = tempfile.mkdtemp()  # short: the names of sockets must be
    patch.setattr(tempfile, "tempdir", scratch)
    yield root
    patch.undo()
    shutil.rmtree(scratch)


@pytest.fixture(scope="module")
def rows(course):
    folder = course / "handed_in"
    for name, cells in CLASS.items():
        write(folder / f"{name}.ipynb", cells)
    harm = body(  # single files, by their full names, and nothing else
        "import contextlib, os",
        f"with contextlib.suppress(OSError): os.remove({str(folder / 'tom.ipynb')!r})",
        "linked = os.path.join(os.environ['TGAN_LESSONS_DATA'], 'numbers.npz')",
        "if os.path.islink(linked): os.remove(linked)",
        "open('mine', 'w').write('x')",
    )
    write(folder / "ned.ipynb", [harm, RIGHT[1]])
    (folder / "bad.ipynb").write_bytes(b"\x00\xff" * 50)
    (folder / "list.ipynb").write_text(json.dumps([1, {"cells": 3}]))
    write(folder / "other.ipynb", ["print('a shopping list')"])
    write(folder / "zoe" / "91_tiny.ipynb", RIGHT)
    seen = []
    found = check.check(
        [folder], folder=course, limits=LIMITS, jobs=4, on_row=lambda row: seen.append(row.learner)
    )
    assert sorted(seen) == sorted(row.learner for row in found)
    assert os.listdir(tempfile.gettempdir()) == []  # every folder was deleted
    return {row.learner: row for row in found}


def verdicts(row):
    return [outcome.verdict for outcome in row.outcomes.values()]


@pytest.mark.parametrize(
    ("learner", "expected", "told"),
    [
        ("anna", ["passed", "passed"], ""),
        ("ben", ["not yet", "unfinished"], "91.1: Twice four is eight."),
        ("cleo", ["passed", "passed"], "91.1: 3 times, the best counts"),
        ("dan", ["passed", "missing"], ""),
        ("eve", ["not yet", "not yet"], "91.1: 2 times, the best counts"),
        ("fay", ["error", "passed"], "time limit: no end after 8 s"),
        ("gus", ["error", "passed"], "the kernel ended itself (exit code 3)"),
        ("hal", ["error", "passed"], "exit() was called"),
        ("ida", ["not yet", "passed"], "Your code stopped with MemoryError"),
        ("jan", ["passed", "passed"], ""),
        ("kai", ["error", "passed"], "SyntaxError"),
        ("max", ["passed", "passed"], ""),
        ("ned", ["passed", "passed"], ""),
        ("oto", ["passed", "passed"], ""),
        ("pia", ["not yet", "missing"], "ValueError: none"),
        ("quin", ["passed", "passed"], ""),
        ("rex", ["passed", "passed"], ""),
        ("sue", ["passed", "passed"], ""),
        ("tom", ["passed", "passed"], ""),
        ("uma", ["missing", "error"], "code cell 2: ZeroDivisionError"),
        ("vic", ["passed", "passed"], ""),
        ("zoe", ["passed", "passed"], ""),
    ],
)
def test_each_submission_gets_its_own_row(rows, learner, expected, told):
    row = rows[learner]
    assert (verdicts(row), row.lesson) == (expected, "91"), row.note
    assert told in row.note and bool(told) == bool(row.note), row.note


def test_what_is_no_notebook_is_said(rows):
    assert rows["bad"].note == rows["list"].note == "not a notebook"
    assert "no exercise of any lesson" in rows["other"].note
    assert not rows["other"].outcomes and not rows["other"].lesson


def test_what_a_submission_deletes_harms_nobody(rows, course):
    assert (course / "data" / "numbers.npz").read_text() == "numbers"
    assert verdicts(rows["tom"]) == ["passed", "passed"]


def test_nothing_that_a_submission_started_is_left(rows):
    def left():
        lines = [p.info["cmdline"] or [] for p in psutil.process_iter(["cmdline"])]
        return [line for line in lines if MARK in line or tempfile.gettempdir() in " ".join(line)]

    _wait(lambda: not left())  # a killed process may take a moment


@pytest.mark.skipif(not sandbox.find_wall(), reason="this machine has no way to cut the network")
@pytest.mark.parametrize("wall", [w for w in ("bwrap", "unshare") if shutil.which(w)])
def test_a_submission_has_no_network(course, monkeypatch, wall):
    import socket

    monkeypatch.setattr(sandbox, "find_wall", lambda: wall)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        socket.create_connection(address, 5).close()  # from here it can be reached
        with sandbox.Sandbox(LIMITS, "smoke", threading.Event()) as box:
            code = f"import socket\nsocket.create_connection({address!r}, 5)"
            error, _ = box.run(code, 60)
    assert error.startswith(("ConnectionRefusedError", "OSError")), error


def test_without_any_wall_the_rows_are_the_same(course, tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox, "find_wall", lambda: "")
    places = [write(tmp_path / f"{name}.ipynb", CLASS[name]) for name in ("gus", "oto")]
    gus, oto = check.check(places, folder=course, limits=LIMITS)
    assert (verdicts(gus), verdicts(oto)) == (["error", "passed"], ["passed", "passed"])
    assert not [p for p in psutil.process_iter(["cmdline"]) if MARK in (p.info["cmdline"] or ())]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_checker_that_is_stopped_keeps_its_rows_and_leaves_no_kernel(course, tmp_path, number):
    if number == signal.SIGKILL and not sandbox.find_wall():
        pytest.skip("only the wall ends a kernel whose checker was killed")
    write(tmp_path / "in" / "anna.ipynb", RIGHT)
    write(tmp_path / "in" / "fay.ipynb", CLASS["fay"])
    table, scratch = tmp_path / "r.csv", Path(tempfile.mkdtemp())
    command = [sys.executable, "-m", "tgan_lessons", "check", str(tmp_path / "in")]
    command += ["--course", str(course), "--jobs", "1", "--output", str(table)]
    package = str(Path(check.__file__).parent.parent)
    environment = os.environ | {
        "TMPDIR": str(scratch),
        "PYTHONPATH": os.pathsep.join([package, os.environ["PYTHONPATH"]]),
    }

    def kernels():
        found = psutil.process_iter(["cmdline"])
        return [p for p in found if str(scratch) in " ".join(p.info["cmdline"] or ())]

    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        _wait(table.exists)
        _wait(lambda: any(scratch.glob("tgan-check-*/s-*")))  # its sockets: the kernel runs
        assert kernels()
        process.send_signal(number)
        process.wait(60)
        _wait(lambda: not kernels())
        assert number == signal.SIGKILL or not any(scratch.iterdir())
        with table.open(encoding="utf-8-sig") as file:
            anna, fay = csv.DictReader(file)
        assert (anna["exercise 1"], fay["exercise 1"], fay["note"]) == ("passed", "", "not checked")
        assert process.returncode == (130 if number == signal.SIGINT else -signal.SIGKILL)
    finally:
        process.kill()
        shutil.rmtree(scratch)


@pytest.mark.parametrize("length", [90, 300])
def test_a_kernel_starts_whatever_the_folder_for_temporary_files_is(
    course, tmp_path, monkeypatch, length
):
    place = tmp_path / "d" / "/".join(["d" * 29] * (length // 30))
    place.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    with sandbox.Sandbox(LIMITS, "smoke", threading.Event()) as box:
        assert box.run("x = 6 * 7", 60, "str(x)") == ("", "42")
    assert not any(place.iterdir())


def test_where_no_kernel_can_be_started_is_told_once(course, tmp_path, monkeypatch):
    write(tmp_path / "x.ipynb", RIGHT)

    def refuse(**arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    result = CliRunner().invoke(cli.app, ["check", str(tmp_path), "--course", str(course)])
    assert result.exit_code == 1 and "No space left on device" in result.stderr
    assert "TMPDIR" in result.stderr and len(result.stderr.strip().splitlines()) == 1


def _wait(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_the_command_prints_and_writes_the_table(course, tmp_path):
    write(tmp_path / "in" / "=1+1.ipynb", [ONE.format("x"), RIGHT[1]])
    (tmp_path / "in" / "[red]bad.ipynb").write_text("{")
    table = tmp_path / "results.csv"
    arguments = ["check", str(tmp_path / "in"), "--course", str(course), "--output", str(table)]
    result = CliRunner().invoke(cli.app, arguments, env={"COLUMNS": "120"})
    assert result.exit_code == 0, result.output
    assert "[red]bad" in result.output and sandbox.WALLS[sandbox.find_wall()][:10] in result.output
    with table.open(encoding="utf-8-sig") as file:
        formula, bad = csv.DictReader(file)
    assert list(formula) == ["learner", "file", "lesson", "exercise 1", "exercise 2", "note"]
    assert formula["learner"] == "'=1+1" and formula["note"] == "91.1: Twice four is eight."
    assert (formula["exercise 1"], formula["exercise 2"]) == ("not yet", "passed")
    assert (bad["learner"], bad["exercise 1"], bad["note"]) == ("[red]bad", "", "not a notebook")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere"], "Received: path='nowhere'"),
        (["."], "There are no notebooks"),
        (["x.ipynb", "--lesson", "77"], "Received: lesson='77'"),
        (["x.ipynb", "--preset", "huge"], "Received: preset='huge'"),
        (["x.ipynb", "--output", "x.xlsx"], "ends in .csv. Received: output='x.xlsx'"),
    ],
)
def test_wrong_arguments_are_told_in_one_line(course, tmp_path, monkeypatch, arguments, told):
    monkeypatch.chdir(tmp_path)
    if arguments[0] == "x.ipynb":
        (tmp_path / "x.ipynb").touch()
    result = CliRunner().invoke(cli.app, ["check", *arguments, "--course", str(course)])
    assert result.exit_code == 2
    assert told in result.output and len(result.output.splitlines()) == 1


@pytest.mark.parametrize("lesson", lessons.all_lessons(), ids=lambda lesson: lesson.number)
def test_the_exercises_of_the_course_are_found(lesson):
    notebook, exercises = submissions.published(lesson)
    cells = nbformat.read(lesson.path, as_version=4).cells
    headings = [c.source for c in cells if c.cell_type == "markdown"]
    for exercise in exercises:  # numbered as the text has them
        assert sum(f"**{exercise.number}**" in text for text in headings) == 1
    total = sum(cell.source.count("_exercises.check_") for cell in cells)
    assert len(exercises) == total or lesson.number in ("00", "01", "02")  # named `exercises` there
    assert 2 <= len(exercises) <= 4
    # and what a learner is asked for is defined nowhere else in the lesson
    for name in {name for exercise in exercises for name in exercise.names}:
        defined = [s for s in notebook.statements if name in (s.defines, *s.binds)]
        assert defined[-1].code.count("...") or lesson.number == "06"  # given in part there


NUMBERS = [lesson.number for lesson in lessons.all_lessons()]


@pytest.mark.parametrize(
    "number", [n if n in ("02", "14") else pytest.param(n, marks=pytest.mark.long) for n in NUMBERS]
)
def test_solutions_pass_and_published_lessons_are_unfinished(number):
    lesson = lessons.find(number)
    solved, published = check.check([lesson.solutions, lesson.path], jobs=1)
    assert set(verdicts(solved)) == {"passed"}, solved
    dots = {"unfinished"}
    if number == "06":  # where the first one's dots are inside a call that cannot take them
        dots.add("not yet")
    assert set(verdicts(published)) <= dots, published
