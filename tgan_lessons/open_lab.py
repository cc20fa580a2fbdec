"""Starts JupyterLab on a folder, whoever starts it and wherever, and says where it is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import typer

HERE = "127.0.0.1"
POLL = 0.2  # seconds


def start(folder: Path, browser: bool, options: Sequence[str]) -> int:
    """Runs JupyterLab until it ends, and says its address where no browser opens.

    Args:
        folder: what it shows.
        browser: whether to open one, if there is a display.
        options: handed to Jupyter as they are; they win over ours.

    Returns:
        Its exit code.
    """
    browser = browser and _has_display()
    if not os.access(folder, os.W_OK):
        _say(f"{folder} cannot be written: what you change there cannot be kept. For copies of "
             "your own: tgan-lessons lab SOME_FOLDER")  # fmt: skip
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder.resolve()}"]
    command += [f"--ServerApp.ip={HERE}", *([] if browser else ["--no-browser"])]
    if is_root():
        command.append("--allow-root")
        _say(f"You are root, and so is every notebook. {_listens(options)}")
    server = subprocess.Popen([*command, *options])
    for number in (signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])):
        signal.signal(number, lambda number, _: server.send_signal(number))
    address = _address(server)
    if address and not browser:
        _say(f"\nOpen this address in a browser on this machine:\n\n    {address}\n")
    code = _wait(server)
    if code and not address:
        _say(_advice())
    return code


def is_root() -> bool:
    """Whether Jupyter asks for `--allow-root`."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _listens(options: Sequence[str]) -> str:
    """Who can reach the server, as the options have it."""
    named = [word.partition("=")[2] for word in options if word.split("=")[0].endswith("ip")]
    if not named or named[-1] in (HERE, "localhost", "::1"):
        return f"Jupyter listens on this machine only ({HERE})."
    return f"Jupyter listens on {named[-1]}, as you asked: others may reach it, with its token."


def _has_display() -> bool:
    """Whether a browser can be seen: a window system, or Windows beneath a Linux."""
    if sys.platform != "linux":
        return True
    return any(os.environ.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"))


def _address(server: subprocess.Popen) -> str:
    """The server's address with its token, once it is up; empty where it ends before."""
    code = "from jupyter_core.paths import jupyter_runtime_dir; print(jupyter_runtime_dir())"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True)
    about = Path(os.fsdecode(found.stdout).strip()) / f"jpserver-{server.pid}.json"
    while server.poll() is None:
        try:
            told = json.loads(about.read_text(encoding="utf-8"))
            return f"{told['url']}lab" + (f"?token={told['token']}" if told["token"] else "")
        except (OSError, ValueError):  # not there yet, or not whole
            time.sleep(POLL)
    return ""


def _wait(server: subprocess.Popen) -> int:
    while True:
        try:
            return server.wait()
        except KeyboardInterrupt:  # Jupyter has had it, too, and asks or ends
            continue


def _advice() -> str:
    """What to do where Jupyter ended before it could be reached."""
    folder = os.environ.get("JUPYTER_CONFIG_DIR") or os.path.expanduser("~/.jupyter")
    return (
        "JupyterLab did not start; its own words are above. A port that is taken: tgan-lessons lab "
        f"-- --port=0. Settings of yours ({folder}): try JUPYTER_NO_CONFIG=1 tgan-lessons lab"
    )
