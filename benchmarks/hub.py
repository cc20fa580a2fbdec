"""A class on one JupyterHub: memory per learner, time to the first picture, ticks per second.

    python -m benchmarks hub [--quick]

The deployed hub with its proxy; every learner logs in, starts a server and a kernel, runs lesson 04
up to its GAN lab, and plays, all at the same time. Each tick is a message through the proxy, and
its picture comes back the same way, as on a page. Linux only: memory is counted by its kernel.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import classroom, measure
from tgan_lessons import lessons
from tgan_lessons.plots import new_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from benchmarks.classroom import Hub, Kernel

LEARNERS = 8
INTERVAL = 0.02  # seconds between ticks, as the lab's clock has it
IDLE = 60  # seconds until a kernel is culled here; 20 minutes where it is deployed
CULL = f"""
c.Spawner.args = [
    *(argument for argument in c.Spawner.args if "cull" not in argument),
    "--MappingKernelManager.cull_idle_timeout={IDLE}",
    "--MappingKernelManager.cull_interval=5",
    "--MappingKernelManager.cull_connected=True",
]
"""
PHASES = ("server alone", "kernel started", "imports", "playing", "idle afterwards", "culled")
# One setting at a time, against what is deployed.
SETTINGS = {
    "as deployed": "",
    "JupyterLab with all its parts": "c.Spawner.args = []",
    "MALLOC_ARENA_MAX=1": "c.Spawner.environment['MALLOC_ARENA_MAX'] = '1'",
    "MALLOC_TRIM_THRESHOLD_=65536": "c.Spawner.environment['MALLOC_TRIM_THRESHOLD_'] = '65536'",
    "TensorFlow on one thread": "c.Spawner.environment |= "
    "{'TF_NUM_INTRAOP_THREADS': '1', 'TF_NUM_INTEROP_THREADS': '1', 'OMP_NUM_THREADS': '1'}",
    "TF_ENABLE_ONEDNN_OPTS=0": "c.Spawner.environment['TF_ENABLE_ONEDNN_OPTS'] = '0'",
}
IMPORTS = "from tgan_lessons import runtime\nfrom tgan_lessons.gan_lab import GanLab"


@dataclass
class Seat:
    """A learner at work.

    Attributes:
        learner: who.
        kernel: the learner's, once started.
        started: when the server was asked for, on `time.monotonic`.
        seconds: from then until something was seen.
        ticks: per second, with a picture each.
    """

    learner: classroom.Learner
    kernel: Kernel | None = None
    started: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    ticks: float = 0.0

    def saw(self, what: str) -> None:
        """Notes the time since the server was asked for, the first time."""
        self.seconds.setdefault(what, time.monotonic() - self.started)

    def enter(self) -> None:
        """Logs in and starts the server."""
        if self.learner.log_in() != 200:
            raise RuntimeError(f"{self.learner.name} cannot log in")
        self.started = time.monotonic()
        self.learner.start_server()
        self.saw("server")

    def begin(self) -> None:
        """Starts the kernel."""
        self.kernel = self.learner.start_kernel()
        self.kernel.text("1")
        self.saw("kernel")

    def read(self, cells: Sequence[str]) -> None:
        """Runs cells; notes the first picture, and the first one of a widget."""
        for cell in cells:
            for message in self.kernel.run(cell):
                if any("image/" in kind for kind in message["content"].get("data", ())):
                    self.saw("first picture")
                if message["buffers"]:
                    self.saw("first picture of a lab")

    def play(self, seconds: float) -> None:
        """Sends ticks, as the page's clock does, and counts those whose picture came back."""
        started, pictures = time.monotonic(), 0
        while time.monotonic() < started + seconds:
            pictures += any([message["buffers"] for message in self.kernel.run("lab.tick()")])
            time.sleep(INTERVAL)
        self.ticks = pictures / (time.monotonic() - started)


class Class:
    """All learners of a hub.

    Args:
        hub: where they learn.
        count: how many they are.
    """

    def __init__(self, hub: Hub, count: int) -> None:
        self.seats = [Seat(classroom.Learner(hub, f"learner{n}")) for n in range(1, count + 1)]
        self.memory: dict[str, list[dict[str, float]]] = {}

    def all(self, work: Callable[[Seat], None], during: Callable[[], None] | None = None) -> None:
        """Each learner does `work`, all at the same time; raises what goes wrong for one.

        Who is done first keeps the kernel awake until the last one is, as no idle one stays.
        """
        done: list[Seat] = []

        def one(seat: Seat) -> None:
            try:
                work(seat)
            finally:
                done.append(seat)
            while seat.kernel and len(done) < len(self.seats):
                seat.kernel.text("1")
                time.sleep(1)

        with ThreadPoolExecutor(len(self.seats)) as pool:
            jobs = [pool.submit(one, seat) for seat in self.seats]
            if during:
                during()
        for job in jobs:
            job.result()

    def weigh(self, phase: str) -> None:
        """Notes the memory of each learner."""
        self.memory[phase] = [seat.learner.memory() for seat in self.seats]

    def weigh_while_playing(self, seconds: float) -> None:
        """Notes it in the second half of a play."""
        time.sleep(0.6 * seconds)
        self.weigh("playing")

    def wait_until_culled(self) -> None:
        """Returns when no learner has a kernel."""
        limit = time.monotonic() + 3 * IDLE
        while any(seat.learner.kernels() for seat in self.seats):
            if time.monotonic() > limit:
                raise RuntimeError(f"after {3 * IDLE} s idle kernels are still there")
            time.sleep(2)


def lesson_cells() -> list[str]:
    """The code of lesson 04 up to and including its GAN lab."""
    import nbformat

    cells = nbformat.read(lessons.find("04").path, as_version=4).cells
    codes = [cell.source for cell in cells if cell.cell_type == "code"]
    last = next(i for i, code in enumerate(codes) if "GanLab(" in code)
    return codes[: last + 1]


def measure_class(count: int, seconds: float, preset: str) -> dict[str, Any]:
    """All figures of a class of `count`, who play for `seconds`."""
    cells = lesson_cells()
    more = f"{CULL}\nc.Spawner.environment['TGAN_LESSONS_PRESET'] = {preset!r}"
    with classroom.serve(more) as hub:
        room = Class(hub, count)
        room.all(Seat.enter)
        room.weigh("server alone")
        room.all(Seat.begin)
        room.weigh("kernel started")
        room.all(lambda seat: seat.read([*cells[:1], IMPORTS]))
        room.weigh("imports")
        room.all(lambda seat: seat.read(cells[1:]))
        room.all(lambda seat: seat.play(seconds), lambda: room.weigh_while_playing(seconds))
        time.sleep(5)
        room.weigh("idle afterwards")
        room.wait_until_culled()
        room.weigh("culled")
        processes = [hub.process.pid, *_children(hub, without=room)]
        shared = sum(classroom.pss(pid) for pid in processes)
    return {
        "learners": count,
        "memory": room.memory,
        "hub_and_proxy": shared,
        "seconds": [seat.seconds for seat in room.seats],
        "ticks_per_second": [seat.ticks for seat in room.seats],
    }


def _children(hub: Hub, without: Class) -> list[int]:
    """The processes of the hub that belong to no learner."""
    import psutil

    names = {seat.learner.name for seat in without.seats}
    family = psutil.Process(hub.process.pid).children(recursive=True)
    return [p.pid for p in family if p.environ().get("JUPYTERHUB_USER") not in names]


def measure_setting(more: str, seconds: float) -> dict[str, float]:
    """What two learners need under a setting, who start the lab alone and play."""
    with classroom.serve(more) as hub:
        room = Class(hub, 2)
        room.all(Seat.enter)
        room.all(Seat.begin)
        room.all(lambda seat: seat.read([IMPORTS, "runtime.setup(); lab = GanLab('ring')"]))
        room.all(lambda seat: seat.play(seconds), lambda: room.weigh_while_playing(seconds))
    playing, ticks = room.memory["playing"], [seat.ticks for seat in room.seats]
    mean = {part: statistics.mean(m[part] for m in playing) for part in ("server", "kernel")}
    return mean | {"ticks_per_second": statistics.mean(ticks)}


def report(room: dict[str, Any], settings: dict[str, dict[str, float]]) -> None:
    """Prints all figures."""
    rows = []
    for phase in PHASES:
        parts = room["memory"][phase]
        server, kernel = (statistics.mean(m[part] for m in parts) for part in ("server", "kernel"))
        most = max(sum(m.values()) for m in parts)
        rows.append([phase, *(f"{v:.0f}" for v in (server, kernel, server + kernel, most))])
    header = ("MiB per learner (PSS)", "server", "kernel", "both", "most")
    print(measure.table(header, rows), "\n")
    print(f"hub, proxy: {room['hub_and_proxy']:.0f} MiB for all {room['learners']} learners\n")
    rows = []
    for what in room["seconds"][0]:
        values = [seat[what] for seat in room["seconds"]]
        rows.append([what, f"{statistics.median(values):.1f}", f"{max(values):.1f}"])
    print(measure.table(("seconds from asking for a server", "median", "most"), rows), "\n")
    ticks = room["ticks_per_second"]
    print(f"ticks per second: median {statistics.median(ticks):.2f}, least {min(ticks):.2f}\n")
    rows = [[name, *(f"{v:.3g}" for v in found.values())] for name, found in settings.items()]
    header = ("setting, two learners playing", "server, MiB", "kernel, MiB", "ticks/s")
    print(measure.table(header, rows), "\n", flush=True)


def plot(room: dict[str, Any]) -> Figure:
    """Memory per learner in each phase; a dot for each learner."""
    ax = new_axes(10.0, 4.5)
    for y, phase in enumerate(PHASES):
        parts, left = room["memory"][phase], 0.0
        for part, (color, _) in zip(("server", "kernel"), measure.STYLES, strict=False):
            width = statistics.mean(m[part] for m in parts)
            ax.barh(y, width, left=left, color=color, alpha=0.6, label=part if y == 0 else None)
            left += width
        ax.plot(
            [sum(m.values()) for m in parts], [y] * len(parts), "o", color="black", markersize=4
        )
        ax.text(left, y, f"  {left:.0f}", va="center", fontsize=12)
    ax.set_yticks(range(len(PHASES)), PHASES)
    ax.invert_yaxis()
    ax.set_xlabel("MiB per learner (PSS): bar = mean, dots = learners")
    ax.legend(frameon=False)
    return ax.figure


def run(*, quick: bool = False, folder: Path | None = None) -> dict[str, Any]:
    """Measures, prints, writes `hub.json` and `hub.png`; returns what the first holds."""
    machine = measure.machine()
    count, seconds, preset = (2, 6.0, "smoke") if quick else (LEARNERS, 60.0, "class")
    room = measure_class(count, seconds, preset)
    names = list(SETTINGS)[: 2 if quick else None]
    settings = {name: measure_setting(SETTINGS[name], seconds / 3) for name in names}
    report(room, settings)
    result = {"quick": quick, "machine": machine, "class": room, "settings": settings}
    path = measure.write("hub", result, plot(room), folder)
    print(f"written: {path}")
    return result


def main() -> None:
    """Reads the command line and measures, where a hub can be started."""
    quick = measure.options(__doc__.splitlines()[0])
    reason = classroom.missing() or (
        "" if sys.platform == "linux" else "memory is counted by Linux"
    )
    if reason:
        raise SystemExit(reason)
    run(quick=quick)


if __name__ == "__main__":
    main()
