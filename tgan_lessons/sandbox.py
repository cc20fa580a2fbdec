"""A kernel for code that nobody has read: own folder, own processes, limits, no secrets.

It keeps mistakes from doing harm. It is no wall against somebody who wants to get out.
"""

from __future__ import annotations

import ast
import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from types import TracebackType

from tgan_lessons import cache
from tgan_lessons.runtime import PRESET_VARIABLE

PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SYSTEMROOT", "LD_LIBRARY_PATH")
LONGEST_PLACE = 70  # bytes; with what comes behind, macOS takes 103 of a socket's path
REPLY_BYTES = 5_000_000  # a longer reply is not taken in; what cells print is never read
_NAMESPACES = ["--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
WALLS = {
    "bwrap": "no network, and nothing can be written outside a submission's own folder",
    "unshare": "no network, and left-over processes are ended",
    "": "the network could NOT be switched off here, and files outside were not protected",
}


class KernelGoneError(Exception):
    """The kernel is no more: it died, or was ended at a limit; the message says which."""


@dataclass(frozen=True)
class Limits:
    """What one submission may use.

    Attributes:
        cell_seconds: for one statement or one check.
        notebook_seconds: for all of it.
        memory_gb: address space of the kernel, in GiB.
    """

    cell_seconds: float = 60.0
    notebook_seconds: float = 300.0
    memory_gb: float = 12.0


def make_folder() -> Path:
    """Makes a folder where sockets fit, whose paths a system limits: not in each `TMPDIR`.

    Raises:
        OSError: there is none that may be written to.
    """
    reason = "no folder has a short enough name"
    for place in (tempfile.gettempdir(), "/tmp", "/var/tmp", os.path.expanduser("~")):
        place = os.path.realpath(place)
        if os.name == "nt" or len(os.fsencode(place)) <= LONGEST_PLACE:
            try:
                return Path(tempfile.mkdtemp(prefix="tgan-check-", dir=place))
            except OSError as error:
                reason = error.strerror or str(error)
    raise OSError(f"No kernel can be started ({reason}). Set TMPDIR to a short folder with room.")


def _wall_command(wall: str, folder: str) -> list[str]:
    if wall == "bwrap":
        own = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--bind", folder, folder]
        return ["bwrap", *own, "--unshare-net", "--unshare-pid", "--die-with-parent"]
    if wall == "unshare":
        return ["setpriv", "--pdeathsig", "KILL", "unshare", *_NAMESPACES]
    return []


@functools.cache
def find_wall() -> str:
    """The first of `WALLS` that works on this machine; `""` where none does."""
    for wall in ("bwrap", "unshare"):
        with suppress(OSError, subprocess.SubprocessError):
            command = [*_wall_command(wall, tempfile.gettempdir()), sys.executable, "-c", ""]
            if subprocess.run(command, capture_output=True, timeout=30).returncode == 0:
                return wall
    return ""


def _environment(folder: Path, preset: str) -> dict[str, str]:
    """A short list of variables: what may hold a secret is not passed on."""
    import tgan_lessons

    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    package = str(Path(tgan_lessons.__file__).resolve().parent.parent)
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    own = dict.fromkeys(("HOME", "USERPROFILE", "IPYTHONDIR", "MPLCONFIGDIR"), str(folder / "home"))
    return kept | own | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder / "tmp")) | {
        "PYTHONPATH": os.pathsep.join(paths),
        cache.VARIABLE: str(_link_data(folder)),
        PRESET_VARIABLE: preset,
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }  # fmt: skip


def _link_data(folder: Path) -> Path:
    """A folder of links to the data files, so that deleting them deletes links."""
    source, target = cache.cache_dir().absolute(), folder / "data"
    target.mkdir()
    try:
        for path in source.glob("[!.]*"):
            (target / path.name).symlink_to(path)
    except OSError:  # Windows asks for a privilege
        return source
    return target


class Sandbox:
    """A running kernel in a folder of its own; a context manager, which deletes both.

    Args:
        limits: what it may use.
        preset: of the lesson.
        stop: when set, the kernel is given up.
    """

    def __init__(self, limits: Limits, preset: str, stop: threading.Event) -> None:
        self._limits, self._preset, self._stop = limits, preset, stop

    def __enter__(self) -> Sandbox:
        self._folder = make_folder()
        try:
            self._start()
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        return self

    def _start(self) -> None:
        import zmq
        from jupyter_client.blocking.client import BlockingKernelClient
        from jupyter_client.connect import write_connection_file

        for name in ("work", "home", "tmp"):
            (self._folder / name).mkdir()
        file = str(self._folder / "kernel.json")
        key = os.urandom(16).hex().encode()
        # sockets that are files work without a network
        way = {} if os.name == "nt" else {"transport": "ipc", "ip": str(self._folder / "s")}
        write_connection_file(file, key=key, **way)
        memory = int(self._limits.memory_gb * 2**30)
        seconds = int(self._limits.notebook_seconds * (os.cpu_count() or 1)) + 60
        command = [sys.executable, "-m", "tgan_lessons.check_kernel", str(memory), str(seconds)]
        self._process = subprocess.Popen(
            [*_wall_command(find_wall(), str(self._folder)), *command, "-f", file],
            cwd=self._folder / "work",
            env=_environment(self._folder, self._preset),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._client = BlockingKernelClient()
        self._client.context.setsockopt(zmq.MAXMSGSIZE, REPLY_BYTES)  # its own, not shared
        self._client.load_connection_file(file)
        self._client.start_channels(iopub=False, stdin=False, hb=False, control=False)

    def run(self, code: str, seconds: float, expression: str = "''") -> tuple[str, str]:
        """Runs code, then evaluates an expression whose value is a text.

        Args:
            code: what a cell may hold.
            seconds: how long it may take.
            expression: evaluated where the code raised nothing.

        Returns:
            The error in one line, empty where there was none; and the expression's value.

        Raises:
            KernelGoneError: the time was up, or the kernel died. It is of no use any more.
        """
        sent = self._client.execute(
            code,
            store_history=False,
            allow_stdin=False,
            stop_on_error=False,  # what is sent next is to run all the same
            user_expressions={"value": expression},
        )
        content = self._reply(sent, seconds)
        if any(item.get("source") == "ask_exit" for item in content.get("payload") or ()):
            raise KernelGoneError("exit() was called")
        if content["status"] != "ok":
            return f"{content.get('ename', 'Error')}: {content.get('evalue', '')}", ""
        try:
            value = content["user_expressions"]["value"]["data"]["text/plain"]
            return "", str(ast.literal_eval(value))
        except (KeyError, TypeError, ValueError, SyntaxError):
            return "the result cannot be read", ""

    def _reply(self, sent: str, seconds: float) -> dict:
        end = time.monotonic() + seconds
        while True:
            if self._stop.is_set():
                raise KernelGoneError("the check was stopped")
            dead = self._process.poll() is not None
            with suppress(Empty):
                message = self._client.get_shell_msg(timeout=0.0 if dead else 0.2)
                if message["parent_header"].get("msg_id") == sent:
                    return message["content"]
                continue
            if dead:
                raise KernelGoneError(_explain(self._process.returncode))
            if time.monotonic() > end:
                raise KernelGoneError(f"time limit: no end after {seconds:.0f} s")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.stop_channels()
        self._client.context.destroy(linger=0)
        kill_group(self._process)
        shutil.rmtree(self._folder, ignore_errors=True)


def _explain(code: int) -> str:
    """What a kernel's exit code says."""
    number = -code if code < 0 else code - 128  # the walls tell a signal as a shell does
    with suppress(ValueError):
        name = signal.Signals(number).name
        told = "was killed, out of memory perhaps" if name == "SIGKILL" else f"died of {name}"
        return f"the kernel {told}"
    return f"the kernel ended itself (exit code {code})"


def kill_group(process: subprocess.Popen) -> None:
    """Ends a process that leads a group, its group, and every child that can be found."""
    import psutil

    found: list[psutil.Process] = []
    with suppress(psutil.Error):
        found = psutil.Process(process.pid).children(recursive=True)
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    for child in found:
        with suppress(psutil.Error):
            child.kill()
    process.kill()
    process.wait()
