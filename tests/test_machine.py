"""Machines that were set up otherwise: each in a process of its own."""

import json
import os
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import nbformat
import numpy as np
import pytest

from tgan_lessons import answers, cache, execute, files, machine, resume
from tgan_lessons.run_table import RunTable

ROOT = str(Path(__file__).parent.parent)
NAME = "TGAN_LESSONS_DATA"


def run(code, *arguments, cwd=None, before="", **variables):
    """What a process says and how it ended; variables that are `None` are not set."""
    environment = os.environ | {"PYTHONPATH": ROOT, **variables}
    environment = {k: v for k, v in environment.items() if v is not None}
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        env=environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=240,
    )


# Folders of the environment ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("here", "{started}/here"),
        ("./here/", "{started}/here"),
        ("  /a/b \n", "/a/b"),
        ('"/a/b c"', "/a/b c"),
        ("'/a'", "/a"),
        ("~/x", "{home}/x"),
        ("$PLACE/x", "/place/x"),
        ("${PLACE}", "/place"),
        ("$NOTHING/x", "{started}/$NOTHING/x"),
    ],
)
def test_a_folder_is_read_as_a_shell_does(monkeypatch, tmp_path, text, expected):
    home = tmp_path / "home"
    monkeypatch.setattr(files, "STARTED", tmp_path)
    for name, value in {"HOME": str(home), "PLACE": "/place", NAME: text}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NOTHING", raising=False)
    monkeypatch.setenv(resume.VARIABLE, text)
    monkeypatch.chdir("/")  # as a `%cd`
    wanted = Path(expected.format(started=tmp_path, home=home))
    assert cache.cache_dir() == resume.folder() == wanted
    assert files.absolute_folders(NAME) == {NAME: str(wanted)}


@pytest.mark.parametrize("text", ["", " ", '""'])
def test_an_empty_text_names_no_folder(monkeypatch, text):
    monkeypatch.setenv(NAME, text)
    monkeypatch.setenv(resume.VARIABLE, text)
    assert files.folder_from(NAME) is None and resume.folder() is None
    assert cache.cache_dir().is_absolute()
    assert files.absolute_folders(NAME) == {}


def test_a_home_that_nobody_knows_is_an_error_that_names_the_variable(monkeypatch):
    monkeypatch.setenv(NAME, "~nobody-of-this-name/x")
    with pytest.raises(ValueError, match=rf"`{NAME}` must be a folder.*Received: {NAME}='~nobody"):
        cache.cache_dir()


def test_a_relative_cache_of_the_desktop_s_does_not_count(monkeypatch, tmp_path):
    monkeypatch.delenv(NAME)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    if sys.platform == "linux":
        assert cache.cache_dir() == tmp_path / ".cache" / "tgan_lessons"


def test_a_kernel_in_another_folder_has_the_same_folders(monkeypatch, tmp_path):
    monkeypatch.setattr(files, "STARTED", tmp_path)
    monkeypatch.setenv(NAME, "data")
    monkeypatch.setenv(resume.VARIABLE, "kept")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    code = (
        "import json, os\nfrom tgan_lessons import cache, resume\n"
        "resume.LEAST = 0\nresume.recall(lambda: {'w': 1}, 'a')\n"
        "print(json.dumps([os.getcwd(), str(cache.cache_dir()), str(resume.folder())]))"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    execute.execute(notebook, "one", None)
    where, data, kept = json.loads(notebook.cells[0].outputs[0].text)
    assert where != os.getcwd()
    assert (data, kept) == (str(tmp_path / "data"), str(tmp_path / "kept"))
    assert len(list((tmp_path / "kept").glob("*.npz"))) == 1  # the training stays


def test_the_commands_hand_absolute_folders_on(tmp_path):
    code = """
        import os, sys
        from typer.testing import CliRunner
        from tgan_lessons import cli
        done = CliRunner().invoke(cli.app, ["data", "optical_digits"])
        print(done.output, os.environ["TGAN_LESSONS_RESUME"], os.environ["TGAN_LESSONS_DATA"])
    """
    done = run(code, cwd=tmp_path, TGAN_LESSONS_DATA="a", TGAN_LESSONS_RESUME="b/c")
    assert done.stdout.strip().endswith(f"{tmp_path}/b/c {tmp_path}/a"), done.stderr
    code = code.replace("output", "stderr").replace(', os.environ["TGAN_LESSONS_RESUME"]', "")
    done = run(code, cwd=tmp_path, TGAN_LESSONS_DATA="~nobody-of-this-name")
    assert done.stdout.startswith("`TGAN_LESSONS_DATA` must be a folder"), done.stderr


# Files of others ---------------------------------------------------------------------------------

# As a user who is not this one: everything is imported before, as that one may not reach Python.
LEARNER = """
    import json, os, sys, warnings
    import numpy as np, csv, filelock, platformdirs, zipfile, encodings.cp437, encodings.utf_8_sig
    import IPython
    from tgan_lessons import answers, cache, giants, resume, run_table
    os.chdir(sys.argv[1])
    os.setuid(65534)
    arrays = {"x_train": np.full((2, 28, 28), 5, np.uint8), "y_train": np.zeros(2, np.uint8)}
    arrays |= {"x_test": arrays["x_train"], "y_test": arrays["y_train"]}
    got = cache.load_or_make("digits", lambda: arrays)
    resume.LEAST = 0
    told = [int(resume.recall(lambda: {"w": np.array(7)}, "a")["w"]), int(got["x_train"][0, 0, 0])]
    told.append(answers.Record("quiz", "Why?", "ab").keep("a"))
    table = run_table.RunTable("runs.csv")
    table.put({"id": "x"})
    told += [table.note, [row["id"] for row in table.rows()]]
    for name in ("digits.npz", "runs.csv"):
        cache.set_aside(cache.cache_dir() / name, "told to")
    print(json.dumps(told))
"""


@pytest.fixture
def shared():
    """A folder in which everybody may do everything, with files that only their owner may read."""
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("needs to be root, to become somebody else")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        x, y = np.zeros((3, 28, 28), np.uint8), np.zeros(3, np.uint8)
        cache.write(folder / "digits.npz", {"x_train": x, "y_train": y, "x_test": x, "y_test": y})
        (folder / answers.FILE).write_text("[]\n")
        (folder / "runs.csv").write_text("id\nteacher\n")
        yield folder


@pytest.mark.parametrize("damaged", [False, True])
def test_what_is_another_s_is_never_renamed_nor_written_over(shared, damaged):
    """Unreadable, or readable and damaged."""
    variables = {NAME: str(shared), resume.VARIABLE: str(shared / "kept")}
    (shared / "kept").mkdir(mode=0o777)
    (shared / "kept").chmod(0o777)
    for path in list(shared.glob("[!.]*.*")):
        if damaged:
            path.write_bytes(b"half")
        path.chmod(0o644 if damaged else 0o600)
    content = {path.name: path.read_bytes() for path in shared.glob("[!.]*.*")}

    done = run(LEARNER, str(shared), **variables)

    assert done.returncode == 0 and done.stderr == "", done.stderr
    said = done.stdout.splitlines()
    weights, pixel, told, note, rows = json.loads(said[-1])
    assert (weights, pixel, rows) == (7, 5, ["x"])  # the session works
    assert "cannot be written" in told and "cannot be written" in note
    assert {p.name: p.read_bytes() for p in shared.glob("[!.]*.*")} == content
    wanted = "cannot be used (" if damaged else "digits.npz cannot be read (Permission denied)"
    assert wanted in said[0]
    if not damaged:
        assert "damaged" not in done.stdout.split("[7, 5")[0]

    (kept,) = (shared / "kept").iterdir()  # a training of this user's; now root's, and unreadable
    os.chown(kept, 0, 0)
    kept.write_bytes(b"half") if damaged else None
    kept.chmod(0o644 if damaged else 0o600)
    before = kept.read_bytes()
    done = run(LEARNER, str(shared), **variables)
    assert json.loads(done.stdout.splitlines()[-1])[0] == 7, done.stderr
    assert [path.read_bytes() for path in (shared / "kept").iterdir()] == [before]


def test_a_file_that_grows_is_left(tmp_path, monkeypatch):
    path = tmp_path / "digits.npz"
    path.write_bytes(b"half")
    sleep = time.sleep

    def grow(seconds):
        path.write_bytes(b"half, and more")
        sleep(0.01)

    monkeypatch.setattr(files.time, "sleep", grow)
    assert files.reason_to_leave(path) == "it is being written"
    monkeypatch.setattr(files.time, "sleep", sleep)
    assert files.reason_to_leave(path) == ""
    monkeypatch.setenv(NAME, str(tmp_path))
    monkeypatch.setattr(files.time, "sleep", grow)
    x, y = np.zeros((3, 28, 28), np.uint8), np.zeros(3, np.uint8)
    arrays = {"x_train": x, "y_train": y, "x_test": x, "y_test": y}
    path.write_bytes(b"half")
    assert cache.load_or_make("digits", lambda: arrays) is arrays
    assert path.read_bytes() == b"half, and more"  # neither renamed nor written over


def test_a_table_of_one_s_own_is_set_aside(tmp_path):
    table = RunTable(tmp_path / "runs.csv")
    table.path.write_bytes(b"half")
    table.put({"id": "x"})
    assert "set aside" in table.note
    assert (tmp_path / "runs.csv.damaged").read_bytes() == b"half"


# No home, no streams -----------------------------------------------------------------------------

CLOSED = """
    import os, sys
    from tgan_lessons import data, runtime
    runtime.setup("smoke")
    count = len(data.load_optical_digits().x_train)
    print("said", file=sys.stderr)
    with open("told", "w") as file:
        file.write(f"{count} {file.fileno() > 2}")
"""


@pytest.mark.parametrize("how", ["closed", "none"])
def test_set_up_and_loaders_without_stdout_and_stderr(tmp_path, how):
    code = textwrap.dedent(CLOSED)
    if how == "none":  # as pythonw
        code = "import sys; sys.stdout = sys.stderr = None\n" + code
    shell = '"$0" -c "$1"' + (" >&- 2>&-" if how == "closed" else "")
    environment = os.environ | {"PYTHONPATH": ROOT, NAME: str(tmp_path)}
    command = ["sh", "-c", shell, sys.executable, code]
    done = subprocess.run(command, env=environment, cwd=tmp_path, timeout=240)
    assert done.returncode == 0
    assert (tmp_path / "told").read_text() == "1438 True"


def test_commands_without_stderr(tmp_path):
    for command in ("data optical_digits --fetch", "data --verify", "run nothing"):
        shell = f'"$0" -m tgan_lessons {command} 2>&-'
        environment = os.environ | {"PYTHONPATH": ROOT, NAME: str(tmp_path)}
        done = subprocess.run(
            ["sh", "-c", shell, sys.executable],
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.returncode == (2 if "nothing" in command else 0), command
        assert "Traceback" not in done.stdout


NOBODY = """
    import os, sys
    import filelock, platformdirs, psutil, zipfile, encodings.cp437, packaging.requirements
    import IPython, matplotlib, packaging.specifiers, sklearn.datasets, PIL.Image
    from typer.testing import CliRunner
    from tgan_lessons import cli, data, doctor, fetch, giants, machine, report
    os.chdir("/")
    fetch.optical_digits()  # all that it imports
    if os.geteuid() == 0:
        os.setuid(12345)
    for command in (["data"], ["data", "optical_digits", "--fetch"]):
        print(CliRunner().invoke(cli.app, command, catch_exceptions=False).output)
    print(len(data.load_optical_digits().x_train), os.path.expanduser("~"))
"""


@pytest.mark.skipif(os.name != "posix", reason="users have numbers on POSIX")
@pytest.mark.parametrize("home", [None, "/", "/proc/none"])
def test_commands_and_loaders_without_a_home(home):
    with tempfile.TemporaryDirectory() as temporary:
        os.chmod(temporary, 0o777)
        if home is None and os.geteuid() != 0:
            pytest.skip("needs to be root, to become somebody whom nobody knows")
        variables = {"HOME": home, "TMPDIR": temporary, NAME: None, "XDG_CACHE_HOME": None}
        done = run(NOBODY, **variables, IPYTHONDIR=None, MPLCONFIGDIR=None)
        assert done.returncode == 0, done.stderr[-2000:]
        assert "A temporary home folder serves (" in done.stdout
        assert machine.ADVICE_HOME in done.stdout
        assert "1438" in done.stdout.splitlines()[-1]
        (place,) = Path(temporary).glob(f"{machine.TEMPORARY}*")
        assert done.stdout.strip().endswith(str(place) if home is None else home)


# A foreign Keras ---------------------------------------------------------------------------------

TELL = """
    import json, sys
    from tgan_lessons import runtime
    runtime.setup("smoke")
    import keras
    c = keras.config
    print(json.dumps([c.backend(), c.floatx(), c.epsilon(), c.image_data_format(),
                      c.dtype_policy().name, c.max_epochs()]))
"""
OURS = ["tensorflow", "float32", 1e-7, "channels_last", "float32", None]


def set_up(tmp_path, content=None, code=TELL, **variables):
    file = tmp_path / "keras.json"
    if content is not None:
        file.write_text(content if isinstance(content, str) else json.dumps(content))
    done = run(code, KERAS_HOME=str(tmp_path), cwd=tmp_path, **variables)
    if content is not None:
        before = content if isinstance(content, str) else json.dumps(content)
        assert file.read_text() == before  # the user's file stays
    return done


def test_a_foreign_keras_is_set_for_this_process_and_told(tmp_path):
    content = {"image_data_format": "channels_first", "floatx": "float16", "epsilon": 1e-3}
    done = set_up(
        tmp_path, content | {"backend": "torch"}, KERAS_BACKEND="jax", KERAS_MAX_EPOCHS="1"
    )
    told, ready, values = done.stdout.splitlines()
    assert json.loads(values) == OURS
    assert ready.startswith("Ready: ")
    for word in ("KERAS_BACKEND was jax", "KERAS_MAX_EPOCHS", "floatx float16", "channels_first"):
        assert word in told, told
    assert "epsilon 0.001 is 1e-07 here" in told


@pytest.mark.parametrize("content", ["{nonsense", '{"backend": "jax"}'])
def test_what_keras_does_not_mind_is_not_told(tmp_path, content):
    ready, values = set_up(tmp_path, content).stdout.splitlines()
    assert json.loads(values) == OURS and ready.startswith("Ready: ")


@pytest.mark.parametrize(
    "content", ['{"floatx": "int8"}', "[1]", '{"epsilon": 1}', '{"image_data_format": "NHWC"}']
)
def test_a_file_that_keeps_keras_from_loading_is_named(tmp_path, monkeypatch, content):
    """Keras itself is the other judge: it cannot be loaded with any of these."""
    done = set_up(tmp_path, content, code="import keras", KERAS_BACKEND="tensorflow")
    assert done.returncode != 0
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    with pytest.raises(RuntimeError, match=r"json is no use .* Delete or rename") as caught:
        machine.prepare()
    assert "\n" not in str(caught.value)


def test_a_keras_that_was_loaded_on_another_backend(tmp_path):
    code = 'import sys, types\nconfig = types.SimpleNamespace(backend=lambda: "jax")\n'
    code += 'sys.modules["keras"] = types.SimpleNamespace(config=config)\n'
    done = set_up(tmp_path, code=code + textwrap.dedent(TELL))
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("RuntimeError: Lessons need Keras on tensorflow, and in this kernel")
    assert "loaded on jax. Restart the kernel" in last


def test_a_learner_s_own_module_is_named(tmp_path):
    (tmp_path / "ipywidgets.py").write_text("")
    (tmp_path / "test.py").write_text("")  # hides nothing that is needed
    done = set_up(tmp_path)
    assert f"{tmp_path / 'ipywidgets.py'} hides a module that lessons need" in done.stdout
    assert "test.py hides" not in done.stdout
    (tmp_path / "keras").mkdir()
    (tmp_path / "keras" / "__init__.py").write_text("")
    found = machine.find_shadows([tmp_path])
    assert [path.relative_to(tmp_path).as_posix() for path in found] == [
        "ipywidgets.py",
        "keras/__init__.py",
    ]


def test_pictures_go_onto_the_page_whatever_matplotlib_was_told(tmp_path, monkeypatch):
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\n")
    for name, value in {
        "MATPLOTLIBRC": str(tmp_path),
        "MPLBACKEND": "TkAgg",
        "PATH": os.path.dirname(sys.executable),  # no LaTeX
        "IPYTHONDIR": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    cells = [
        "from tgan_lessons import runtime\nruntime.setup('smoke')",
        "import matplotlib.pyplot as plt\nplt.plot([0, 1])\nplt.title('a');",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    execute.execute(notebook, "one", "smoke")
    said = notebook.cells[0].outputs[0].text
    assert "MPLBACKEND was TkAgg" in said and "LaTeX" in said
    assert any("image/png" in output.get("data", {}) for output in notebook.cells[1].outputs)
