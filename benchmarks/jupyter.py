"""A Jupyter server of its own for a test or a measurement: nothing of the user's is touched."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 180  # until it answers; two cores and another test beside it
STOP_SECONDS = 20  # until it is killed; it ends its kernels first
LIFE_SECONDS = 3600  # whatever happens to the test, the server does not live longer

# Each front end: the module that starts it, and the address of a notebook in it. JupyterLab gives
# each notebook a workspace of its own, so that it does not open the tabs of the one before.
FRONT_ENDS = {
    "lab": ("jupyterlab.labapp", "lab/workspaces/{stem}/tree/{name}"),
    "notebook": ("notebook.app", "notebooks/{name}"),
}
# Asks no network and opens no window over the page.
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/extensionmanager-extension:plugin": {"enabled": False},
}
# The server ends when its standard input does, which is when the program that started it ends, in
# whatever way; and after `LIFE_SECONDS`. Its files go with it.
START = """
import os, shutil, signal, sys, threading
from {module} import main
def end():
    os.kill(os.getpid(), signal.SIGTERM)
def wait():
    sys.stdin.buffer.read()
    end()
threading.Thread(target=wait, daemon=True).start()
limit = threading.Timer({seconds}, end)
limit.daemon = True
limit.start()
try:
    main([])
finally:
    shutil.rmtree({home!r}, ignore_errors=True)
"""


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        front_end: one of `FRONT_ENDS`.
        address: `http://127.0.0.1:PORT/`.
        token: what opens it.
        folder: where its notebooks are.
        log: what it wrote.
        process: of the server; its kernels are children of it.
    """

    front_end: str
    address: str
    token: str
    folder: Path
    log: Path
    process: subprocess.Popen[bytes]

    def notebook_address(self, name: str) -> str:
        """Where a browser finds the notebook `name`."""
        path = FRONT_ENDS[self.front_end][1].format(stem=Path(name).stem, name=name)
        return f"{self.address}{path}?token={self.token}"

    def ask(self, path: str, method: str = "GET") -> object:
        """Calls the server's API, such as `api/kernels`; returns the JSON it answers."""
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(self.address + path, method=method, headers=headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")


@contextlib.contextmanager
def serve(front_end: str = "lab", environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Starts a server on a free port of this machine and ends it, with its kernels, at the end.

    Args:
        front_end: `"lab"`, or `"notebook"` for Notebook 7.
        environment: variables for the server and its kernels besides those of this process.

    Raises:
        RuntimeError: if it does not answer in time; the message ends with what it wrote.
    """
    with tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as home:
        server = _start(front_end, Path(home), environment or {})
        try:
            _wait(server)
            yield server
        finally:
            _end(server.process)


def _start(front_end: str, home: Path, environment: Mapping[str, str]) -> Server:
    folder, log, token = home / "notebooks", home / "log", secrets.token_hex(16)
    folder.mkdir()
    _write_json(home / "config" / "labconfig" / "default_setting_overrides.json", SETTINGS)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel = {"argv": command, "display_name": "Python 3", "language": "python"}
    _write_json(home / "data" / "kernels" / "python3" / "kernel.json", kernel)
    port = free_port()
    _write_json(home / "config" / "jupyter_server_config.json", _config(port, token, folder))
    start = START.format(module=FRONT_ENDS[front_end][0], seconds=LIFE_SECONDS, home=str(home))
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", start],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=os.environ | _places(home) | environment,
        )
    return Server(front_end, f"http://127.0.0.1:{port}/", token, folder, log, process)


def _config(port: int, token: str, folder: Path) -> dict[str, object]:
    """The server's options; in a file, because Notebook 7 overlooks its own as arguments here."""
    options = {
        "ip": "127.0.0.1",
        "port": port,
        "port_retries": 0,
        "open_browser": False,
        "allow_root": True,
        "root_dir": str(folder),
    }
    return {
        "ServerApp": options,
        "IdentityProvider": {"token": token},
        "LabApp": {"extension_manager": "readonly", "expose_app_in_browser": True},
        "JupyterNotebookApp": {"expose_app_in_browser": True},
    }


def _places(home: Path) -> dict[str, str]:
    """Where Jupyter and IPython keep what is theirs; their kernel is that of this interpreter."""
    return {
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTER_PATH": str(home / "data"),  # asked first
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
    }


def _write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _wait(server: Server) -> None:
    """Returns when the server answers."""
    limit = time.monotonic() + START_SECONDS
    while time.monotonic() < limit and server.process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, OSError):
            server.ask("api/status")
            return
        time.sleep(0.2)
    told = server.log.read_text(encoding="utf-8", errors="replace")[-2000:]
    state = "it does not answer" if server.process.poll() is None else "it has ended"
    raise RuntimeError(f"the Jupyter server did not start, {state}: {told}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the server and whatever it started, kindly at first."""
    import psutil

    with contextlib.suppress(psutil.NoSuchProcess):
        family = psutil.Process(process.pid).children(recursive=True)
        process.stdin.close()  # it shuts its kernels down and goes
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        for left in (process, *family):
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                left.kill()
    process.wait(STOP_SECONDS)
