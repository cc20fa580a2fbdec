"""`tgan-lessons lab` opens, whoever runs it: real servers, asked for their page."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
import urllib.request
from pathlib import Path

import pytest

from tgan_lessons import lessons, open_lab

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="signals of a terminal"),
]
pytest.importorskip("jupyterlab")
ADDRESS = re.compile(r"^ +(http://\S+/lab\S*)$")
PATIENCE = 240  # seconds: a deadlock guard, a busy machine takes a minute
NOBODY = "54321"
OPENS = "Open this address in a browser on this machine:"


def command(python, *words):
    return [python, "-m", "tgan_lessons", "lab", *words]


def environment(tmp_path, python=sys.executable):
    """Nothing of this machine's user; a home of its own."""
    kept = {k: os.environ[k] for k in ("PATH", "LANG", "TMPDIR") if k in os.environ}
    site = [] if python == sys.executable else [sysconfig.get_path("purelib")]
    path = os.pathsep.join([str(lessons.checkout()), *site])
    return kept | {"HOME": str(tmp_path), "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


class Started:
    """The command, running, and what it says until it gives its address."""

    def __init__(self, words, env, folder):
        self.said, self.address = "", ""
        self.process = subprocess.Popen(
            words, env=env, cwd=folder, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL, text=True, start_new_session=True,
        )  # fmt: skip
        self.guard = threading.Timer(PATIENCE, self.kill)
        self.guard.start()

    def until_open(self):
        opens = False
        for line in self.process.stderr:
            self.said += line
            opens |= OPENS in line
            if opens and (found := ADDRESS.match(line)):
                self.address = found[1]
                break
        assert self.address, self.said
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        return self

    def page(self):
        with urllib.request.urlopen(self.address, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


@pytest.fixture
def start(tmp_path):
    begun = []

    def run(*words, env=None, python=sys.executable, before=()):
        env = environment(tmp_path, python) | (env or {})
        begun.append(Started([*before, *command(python, *words)], env, tmp_path))
        return begun[-1]

    yield run
    for one in begun:
        one.guard.cancel()
        one.kill()
        one.process.wait()


def test_it_opens_and_its_address_gives_the_page(start):
    server = start("--no-browser").until_open()
    status, page = server.page()
    assert status == 200 and "JupyterLab" in page
    assert ("You are root" in server.said) == open_lab.is_root()
    if open_lab.is_root():
        assert "listens on this machine only (127.0.0.1)" in server.said
    assert server.end() in (0, -signal.SIGTERM, 128 + signal.SIGTERM)


def test_without_a_display_no_browser_is_tried_and_a_taken_port_gives_the_right_address(start):
    first = start("--", "--port=9731").until_open()
    second = start("--", "--port=9731").until_open()
    assert first.address.split("?")[0] != second.address.split("?")[0]
    assert first.page()[0] == second.page()[0] == 200


def test_settings_that_break_jupyter_are_named(start, tmp_path):
    folder = tmp_path / ".jupyter"
    folder.mkdir()
    config = folder / "jupyter_server_config.py"
    config.write_text("c.ServerApp.root_dir = '/no/such/folder'\nimport sys; sys.exit(3)\n")
    server = start("--no-browser")
    said = server.process.stderr.read()
    assert server.process.wait(PATIENCE) != 0
    assert f"Settings of yours ({folder})" in said and "JUPYTER_NO_CONFIG=1" in said
    again = start("--no-browser", env={"JUPYTER_NO_CONFIG": "1"}).until_open()
    assert again.page()[0] == 200


def others_python():
    """An interpreter that another user may run, with this environment's packages; or `None`."""
    version = f"python3.{sys.version_info.minor}"
    for python in (sys.executable, shutil.which(version, path="/usr/bin:/usr/local/bin")):
        # setpriv itself may still enter root's folders; what it starts, and that starts, may not
        again = "[sys.executable, '-c', 'import jupyterlab']"
        code = f"import subprocess, sys; sys.exit(subprocess.call({again}))"
        words = [*AS_NOBODY, python, "-c", code]
        env = environment(Path("/tmp"), python)
        if python and subprocess.run(words, env=env, capture_output=True).returncode == 0:
            return python
    return None


AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


@pytest.mark.skipif(not open_lab.is_root() or not shutil.which("setpriv"), reason="root changes")
def test_a_user_without_a_name_and_a_home_gets_a_page_and_is_told(start):
    python = others_python()
    if python is None:
        pytest.skip("no interpreter here may be run by another user: its folder is root's own")
    env = {"HOME": "/nonexistent"}
    server = start("--no-browser", env=env, python=python, before=AS_NOBODY).until_open()
    assert server.page()[0] == 200
    assert "You are root" not in server.said
    assert "A temporary home folder serves (/nonexistent cannot be written to)" in server.said
    assert "notebooks cannot be written" in server.said  # the checkout is root's


@pytest.mark.long
@pytest.mark.parametrize("who", ["me", "nobody"])
def test_the_readmes_line_pasted_in_a_fresh_environment(tmp_path, who):
    """Everything is downloaded and installed: minutes, and 2 GB."""
    if who == "nobody" and not (open_lab.is_root() and shutil.which("setpriv")):
        pytest.skip("only root can become another user")
    readme = (lessons.checkout() / "README.md").read_text(encoding="utf-8")
    line = re.search(r"^python3 -m venv .venv && .*lab$", readme, re.MULTILINE)[0]
    folder = tmp_path / "course"
    left_out = shutil.ignore_patterns(".git", ".venv*", "__pycache__")
    shutil.copytree(lessons.checkout(), folder, ignore=left_out)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
    before = []
    if who == "nobody":
        before, env["PATH"] = AS_NOBODY, "/usr/bin:/bin"  # root's own Python is closed to others
        for path in (tmp_path, *tmp_path.parents[:2]):  # pytest's own, closed to others
            path.chmod(0o755)
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", tmp_path], check=True)
    started = Started([*before, "sh", "-c", line], env | {"HOME": str(tmp_path)}, folder)
    started.guard.cancel()
    try:
        assert started.until_open().page()[0] == 200
        assert ("You are root" in started.said) == (who == "me" and open_lab.is_root())
    finally:
        started.kill()
        started.process.wait()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "this machine only (127.0.0.1)"),
        (("--port=9999",), "this machine only"),
        (("--ip=127.0.0.1",), "this machine only"),
        (("--ip=0.0.0.0",), "listens on 0.0.0.0, as you asked: others may reach it"),
        (("--ServerApp.ip=*",), "listens on *, as you asked"),
    ],
)
def test_who_can_reach_it_is_said_as_it_is(options, told):
    assert told in open_lab._listens(options)
