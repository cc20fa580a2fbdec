"""A JupyterHub of its own for a test or a measurement, and learners who come to it over HTTP."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import requests
import websocket

from benchmarks import jupyter

CONFIG = Path(__file__).parent.parent / "deploy" / "jupyterhub_config.py"
START_SECONDS = 120
SERVER_SECONDS = 300  # a whole class on two cores
CELL_SECONDS = 1800  # the slowest cell, beside seven others
# The deployed configuration, and what only a throw-away hub has: ports that are free, and root's
# consent where the machine has no other account, as in a container.
OVERRIDES = """
import os
load_subconfig({config!r})
c.JupyterHub.hub_port = {hub}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
{more}
if os.geteuid() == 0 and c.JupyterHub.spawner_class == "simple":
    c.Spawner.args = [*c.Spawner.args, "--allow-root"]
"""
# The hub ends when its standard input does: with the program that started it, in whatever way.
START = """
import os, signal, sys, threading
from jupyterhub.app import main
def wait():
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=wait, daemon=True).start()
main(sys.argv[1:])
"""


def missing() -> str:
    """Why no hub can be started here; empty where it can."""
    try:
        import jupyterhub  # noqa: F401
    except ImportError:
        return 'JupyterHub is not installed: pip install -e ".[lab,hub]"'
    place = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    if shutil.which("configurable-http-proxy", path=place) is None or not shutil.which("node"):
        return "configurable-http-proxy or Node.js is not installed: see deploy/README.md"
    return ""


@dataclass(frozen=True)
class Hub:
    """A running hub.

    Attributes:
        address: `http://127.0.0.1:PORT`.
        password: of the class.
        folder: where the hub and its learners keep their files.
        log: what hub, proxy and servers wrote.
        process: of the hub; all others descend from it.
    """

    address: str
    password: str
    folder: Path
    log: Path
    process: subprocess.Popen[bytes]


@contextlib.contextmanager
def serve(more: str = "", environment: Mapping[str, str] | None = None) -> Iterator[Hub]:
    """Starts the deployed hub on free ports and ends it, with every server, at the end.

    Args:
        more: lines of configuration after the deployed ones.
        environment: variables besides those of this process.

    Raises:
        RuntimeError: if it does not answer in time; the message ends with what it wrote.
    """
    with tempfile.TemporaryDirectory(prefix="hub-", ignore_cleanup_errors=True) as home:
        hub = _start(Path(home), more, environment or {})
        try:
            _wait(hub)
            yield hub
        finally:
            end(hub.process)


def _start(home: Path, more: str, environment: Mapping[str, str]) -> Hub:
    address, password = f"http://127.0.0.1:{jupyter.free_port()}", secrets.token_hex(8)
    config, log = home / "config.py", home / "log"
    ports = {"hub": jupyter.free_port(), "api": jupyter.free_port()}
    config.write_text(OVERRIDES.format(config=str(CONFIG), more=more, **ports), encoding="utf-8")
    hub = {
        "TGAN_HUB_ACCOUNTS": "one",
        "TGAN_HUB_PASSWORD": password,
        "TGAN_HUB_FOLDER": str(home / "state"),
        "TGAN_HUB_URL": address,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", START, "-f", str(config)],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=home,
            env=os.environ | hub | environment,
        )
    return Hub(address, password, home / "state", log, process)


def _wait(hub: Hub) -> None:
    limit = time.monotonic() + START_SECONDS
    while time.monotonic() < limit and hub.process.poll() is None:
        with contextlib.suppress(requests.RequestException):
            if Learner(hub, "").session.get(f"{hub.address}/hub/health", timeout=5).ok:
                return
        time.sleep(0.2)
    told = hub.log.read_text(encoding="utf-8", errors="replace")[-3000:]
    raise RuntimeError(f"the hub did not start: {told}")


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends the hub and all that descends from it, kindly at first."""
    with contextlib.suppress(psutil.NoSuchProcess):
        family = psutil.Process(process.pid).children(recursive=True)
        process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(60)
        for left in (process, *family):
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                left.kill()
    process.wait(20)


def pss(pid: int) -> float:
    """MiB of a process, each page divided by how many share it, by Linux's own count."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    return int(re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)[1]) / 1024


@dataclass
class Learner:
    """One who has the password, or guesses one.

    Attributes:
        hub: where to.
        name: the learner's own.
        session: keeps the cookies, as a browser does.
        token: for the API, after `log_in`.
    """

    hub: Hub
    name: str
    session: requests.Session = field(default_factory=requests.Session)
    token: str = ""

    def __post_init__(self) -> None:
        """No proxy of the environment stands between this machine and itself."""
        self.session.trust_env = False

    def log_in(self, password: str | None = None) -> int:
        """Fills in the login form; returns the status, and keeps a token where it is 200."""
        page = f"{self.hub.address}/hub/login"
        self.session.get(page, timeout=60)
        form = {
            "username": self.name,
            "password": self.hub.password if password is None else password,
            "_xsrf": self._xsrf(),
        }
        # where it leads to, /hub/spawn, would start the server before anything asks for it
        target = f"{page}?next=%2Fhub%2Ftoken"
        status = self.session.post(target, data=form, timeout=60).status_code
        if status == 200:
            headers = {"X-XSRFToken": self._xsrf(), "Referer": f"{self.hub.address}/hub/token"}
            answer = self.session.post(
                f"{self.hub.address}/hub/api/users/{self.name}/tokens",
                json={"note": "class"},
                headers=headers,
                timeout=60,
            )
            answer.raise_for_status()
            self.token = answer.json()["token"]
        return status

    def _xsrf(self) -> str:
        return next(c.value for c in reversed(list(self.session.cookies)) if c.name == "_xsrf")

    def ask(self, path: str, method: str = "GET", **options: Any) -> requests.Response:
        """Calls an address below the hub's with the learner's token, and no cookies."""
        headers = {"Authorization": f"token {self.token}"}
        with requests.Session() as session:
            session.trust_env = False
            url = f"{self.hub.address}/{path}"
            return session.request(method, url, headers=headers, timeout=120, **options)

    def start_server(self) -> float:
        """Starts the learner's server; returns the seconds until it is ready."""
        started = time.monotonic()
        self.ask(f"hub/api/users/{self.name}/server", "POST").raise_for_status()
        while time.monotonic() < started + SERVER_SECONDS:
            servers = self.ask(f"hub/api/users/{self.name}").json()["servers"]
            if servers.get("", {}).get("ready"):
                return time.monotonic() - started
            time.sleep(0.2)
        raise RuntimeError(f"{self.name}'s server did not start in {SERVER_SECONDS} s")

    def start_kernel(self) -> Kernel:
        """A Python kernel on the learner's server."""
        answer = self.ask(f"user/{self.name}/api/kernels", "POST", json={"name": "python3"})
        answer.raise_for_status()
        return Kernel(self, answer.json()["id"])

    def kernels(self) -> list[str]:
        """The ids of those that run; looking is no activity."""
        path = f"user/{self.name}/api/kernels?no_track_activity=1"
        return [kernel["id"] for kernel in self.ask(path).json()]

    def memory(self) -> dict[str, float]:
        """MiB of the learner's processes, `"server"` and `"kernel"`: pages shared are divided."""
        found = {"server": 0.0, "kernel": 0.0}
        for process in psutil.Process(self.hub.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.environ().get("JUPYTERHUB_USER") == self.name:
                    is_kernel = any("ipykernel" in word for word in process.cmdline())
                    found["kernel" if is_kernel else "server"] += pss(process.pid)
        return found


class Kernel:
    """A kernel behind hub, proxy and server, over its websocket, as JupyterLab speaks to it.

    Args:
        learner: whose it is.
        id: the server's name for it.
    """

    def __init__(self, learner: Learner, id: str) -> None:
        self.learner, self.id, self._session = learner, id, uuid.uuid4().hex
        url = learner.hub.address.replace("http", "ws", 1)
        self.socket = websocket.create_connection(
            f"{url}/user/{learner.name}/api/kernels/{id}/channels?session_id={self._session}",
            header={"Authorization": f"token {learner.token}"},
            timeout=CELL_SECONDS,
            http_no_proxy=["127.0.0.1"],
        )

    def run(self, code: str) -> Iterator[dict[str, Any]]:
        """Runs a cell; yields each message that it causes, until the kernel is idle again.

        A message's `"buffers"` is how many came with it: a widget's picture is one.

        Raises:
            RuntimeError: with the traceback, if the cell raises.
        """
        sent = uuid.uuid4().hex
        content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}}
        content |= {"allow_stdin": False, "stop_on_error": True}
        header = {"msg_id": sent, "msg_type": "execute_request", "session": self._session}
        header |= {"username": self.learner.name, "version": "5.3", "date": ""}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        self.socket.send(json.dumps(message | {"channel": "shell", "buffers": []}))
        while True:
            message = _read(self.socket.recv())
            if message["parent_header"].get("msg_id") != sent:
                continue
            if message["msg_type"] == "error":
                raise RuntimeError("\n".join(message["content"]["traceback"]))
            yield message
            if message["content"].get("execution_state") == "idle":
                return

    def text(self, code: str) -> str:
        """Runs a cell; returns what it printed."""
        told = [m["content"]["text"] for m in self.run(code) if m["msg_type"] == "stream"]
        return "".join(told)


def _read(data: str | bytes) -> dict[str, Any]:
    """A message as JSON; one with buffers, such as a picture's, comes as bytes with offsets."""
    count = 1
    if isinstance(data, bytes):
        count = int.from_bytes(data[:4], "big")
        offsets = [int.from_bytes(data[4 * i : 4 * i + 4], "big") for i in range(1, count + 1)]
        data = data[offsets[0] : offsets[1] if count > 1 else None]
    return json.loads(data) | {"buffers": count - 1}
