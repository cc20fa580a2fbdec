"""The live labs in a real browser: frames, training while they play, sliders, pause, memory.

    python -m benchmarks labs [--quick]

JupyterLab, its kernel and Chromium share this machine, as they do on a learner's. A rate "headless"
is that of the same game in the same kernel, while its lab stands still.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import browser, jupyter, measure
from tgan_lessons.plots import new_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from playwright.sync_api import Browser

    from benchmarks.browser import NotebookPage
    from benchmarks.jupyter import Server

IMAGES = Path(__file__).parent.parent / "notebooks" / "images"  # shown by README and lessons
WIDE = {"width": 1600, "height": 900}  # pixels of the page, for a picture of the whole lab
SETUP = "from tgan_lessons import runtime\npreset = runtime.setup('class')\n"
# What stands in the cell above the lab's, and the lab's own cell, as in the lessons.
LABS = {
    "GAN lab": (
        "from tgan_lessons.gan_lab import GanLab\nfrom tgan_lessons.gan import GAN",
        "lab = GanLab('ring')\nlab",
    ),
    "digits lab": (
        "from tgan_lessons import data, gan_models\nfrom tgan_lessons.digit_lab import DigitLab\n"
        "from tgan_lessons.gan import GAN\ndigits = data.load_mnist()\n"
        "networks = gan_models.build_generator(16, seed=1), gan_models.build_discriminator(seed=1)",
        "game = GAN(*networks, simultaneous=True, rates=(2e-3, 2e-3), beta_1=0.0)\n"
        "game.feed(digits.x_train, batch_size=32)\nlab = DigitLab(game)\nlab",
    ),
    "transfer lab": (
        "import keras\nfrom tgan_lessons import data, models, transfer\n"
        "from tgan_lessons.transfer_lab import TransferLab\n"
        "digits, letters = data.load_mnist(), data.load_emnist('letters')\n"
        "backbone = models.build_backbone((8, 32, 64))\n"
        "source = models.build_classifier(backbone, 10, augment=True)\n"
        "loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)\n"
        "source.compile(optimizer=keras.optimizers.Adam(3e-3), loss=loss)\n"
        "shown = transfer.batches(digits.x_train, digits.y_train, steps=600, seed=0, batch_size=64)"
        "\nsource.fit(shown, shuffle=False, verbose=0)",
        "lab = TransferLab(backbone, letters)\nlab",
    ),
}
RATE = {"GAN lab": "rate_d", "digits lab": "rate_d"}  # the slider that is moved
# In the kernel: how far the training is, and when what happened, on this machine's one clock.
WATCH = """
import time
stamps = {"pictures": [], "rates": [], "ticks": []}
lab.image.observe(lambda change: stamps["pictures"].append(1000 * time.time()), "value")
def watched(function, name):
    def call(*arguments, **options):
        stamps[name].append(1000 * time.time())
        return function(*arguments, **options)
    return call
lab.burst = watched(lab.burst, "ticks")
def steps():
    return int(lab.game.rounds) if hasattr(lab, "game") else int(lab.race.steps)
def headless(seconds):
    train = lab.game.advance if hasattr(lab, "game") else lab.race.advance
    count, start = 10, time.perf_counter()
    train(count)
    count = max(10, int(count * seconds / (time.perf_counter() - start)))
    start = time.perf_counter()
    train(count)
    return count / (time.perf_counter() - start)
def memory():
    import psutil
    return psutil.Process().memory_info().rss / 2**20
"""
KEYS = """() => {
    window.tganKeys = [];
    document.addEventListener("keydown", () =>
        window.tganKeys.push(performance.timeOrigin + performance.now()), true);
}"""
HEAP = "() => performance.memory.usedJSHeapSize / 2**20"
NOW = "() => performance.timeOrigin + performance.now()"
TARGETS = {  # what is asked of which lab: (least, most) of a figure
    "GAN lab": {
        "seconds_to_first_frame": (0, 3),
        "frames_per_second": (10, None),
        "share_of_headless": (0.5, None),
        "slider_to_kernel_ms": (0, 150),
        "frames_after_pause": (0, 2),
    },
    "digits lab": {"frames_per_second": (4, None)},
    "transfer lab": {},
}


def measure_lab(
    chromium: Browser,
    server: Server,
    name: str,
    *,
    seconds: float,
    repeats: int,
    picture: Path,
) -> dict[str, Any]:
    """All figures of one lab but memory, in a notebook of its own; and a picture of it in play."""
    above, cell = LABS[name]
    file = f"{name.replace(' ', '_')}.ipynb"
    browser.write_notebook(server, file, [SETUP + above, cell])
    with browser.open_page(chromium, server, file) as notebook:
        notebook.wait_for_kernel()
        notebook.run_cell(0)
        started = time.perf_counter()
        notebook.run_cell(1)
        notebook.lab.wait_for()
        first = time.perf_counter() - started
        notebook.execute(WATCH)
        found = {"seconds_to_first_frame": first, **_play(notebook, seconds, repeats)}
        if name in RATE:
            found |= _slide(notebook, RATE[name], repeats)
        found["frames_after_pause"] = max(_pause(notebook) for _ in range(max(3, repeats // 4)))
        notebook.page.set_viewport_size(WIDE)
        notebook.lab.part("lab").screenshot(path=picture)
        return found


def _play(notebook: NotebookPage, seconds: float, repeats: int) -> dict[str, Any]:
    """Frames and steps per second while it plays, next to the same game headless."""
    frames, playing, headless = [], [], []
    for _ in range(max(3, repeats // 6)):
        headless.append(notebook.evaluate(f"headless({seconds / 4})", seconds=60 + seconds))
        notebook.lab.count_frames()
        notebook.lab.play()
        notebook.lab.wait_for_frames(5)
        notebook.lab.count_frames()
        before = notebook.evaluate("[steps(), time.time()]")
        notebook.page.wait_for_timeout(1000 * seconds)
        after = notebook.evaluate("[steps(), time.time()]")
        shown = notebook.lab.frames()
        frames.append((len(shown) - 1) * 1000 / (shown[-1] - shown[0]))
        playing.append((after[0] - before[0]) / (after[1] - before[1]))
        notebook.lab.pause()
        notebook.wait_until(lambda: not notebook.evaluate("lab.frame.playing"), "paused")
    share = statistics.median(a / b for a, b in zip(playing, headless, strict=True))
    return {
        "frames_per_second": statistics.median(frames),
        "steps_per_second": statistics.median(playing),
        "headless_steps_per_second": statistics.median(headless),
        "share_of_headless": share,
        "repeats": {"frames": frames, "playing": playing, "headless": headless},
    }


def _slide(notebook: NotebookPage, control: str, repeats: int) -> dict[str, Any]:
    """Milliseconds from a key on a slider until the kernel has it, and until it is seen."""
    notebook.execute('lab.game.set_rate = watched(lab.game.set_rate, "rates")')
    notebook.page.evaluate(KEYS)
    notebook.lab.count_frames()
    notebook.lab.play()
    notebook.lab.wait_for_frames(5)
    for repeat in range(repeats):
        notebook.lab.slide(control, "ArrowRight" if repeat % 2 else "ArrowLeft")
        notebook.page.wait_for_timeout(400 + 29 * (repeat % 8))  # at any moment of a tick
    notebook.lab.pause()
    notebook.execute("del lab.game.set_rate")
    stamps, keys = notebook.evaluate("stamps"), notebook.page.evaluate("() => window.tganKeys")
    return latencies(keys, stamps, notebook.lab.frames())


def latencies(
    keys: Sequence[float], stamps: dict[str, Sequence[float]], frames: Sequence[float]
) -> dict[str, Any]:
    """From times in milliseconds: keys in the page, rates, ticks and pictures in the kernel.

    Seen is the first frame on the page whose picture was made by a tick that began with the rate.
    """
    to_kernel, to_page = [], []
    for key in keys:
        rate = _next(stamps["rates"], key)
        picture = _next(stamps["pictures"], _next(stamps["ticks"], rate))
        frame = _next(frames, picture)
        if np.isfinite(frame):
            to_kernel.append(rate - key)
            to_page.append(frame - key)
    return {
        "slider_to_kernel_ms": statistics.median(to_kernel),
        "slider_to_kernel_most_ms": max(to_kernel),
        "slider_to_page_ms": statistics.median(to_page),
        "slider_to_page_most_ms": max(to_page),
        "slider_moves": len(to_page),
    }


def _next(times: Sequence[float], after: float) -> float:
    return min((t for t in times if t >= after), default=float("inf"))


def _pause(notebook: NotebookPage) -> int:
    """How many frames come after a click on pause."""
    notebook.lab.count_frames()
    notebook.lab.play()
    notebook.lab.wait_for_frames(5)
    notebook.lab.pause()
    clicked = notebook.page.evaluate(NOW)
    notebook.wait_until(lambda: not notebook.evaluate("lab.frame.playing"), "paused")
    notebook.page.wait_for_timeout(700)
    return sum(frame > clicked for frame in notebook.lab.frames())


def measure_memory(
    chromium: Browser, server: Server, name: str, *, minutes: float, every: float = 15.0
) -> dict[str, Any]:
    """MiB of kernel and page over a long play."""
    above, cell = LABS[name]
    with browser.open_notebook(
        chromium, server, [SETUP + above, cell, WATCH], name="memory.ipynb"
    ) as notebook:
        notebook.lab.wait_for()
        notebook.lab.play()
        rows, started = [], time.perf_counter()
        while (at := time.perf_counter() - started) <= 60 * minutes:
            kernel, page = notebook.evaluate("memory()"), notebook.page.evaluate(HEAP)
            rows.append((at / 60, kernel, page))
            notebook.page.wait_for_timeout(1000 * every)
        steps = notebook.evaluate("steps()")
    return {"minutes": minutes, "steps": steps, "rows": rows, **growth(rows)}


def growth(rows: Sequence[tuple[float, float, float]]) -> dict[str, float]:
    """MiB per minute after the first fifth, by a straight line through (minute, kernel, page)."""
    late = np.array([row for row in rows if row[0] >= rows[-1][0] / 5])
    kernel, page = (float(np.polyfit(late[:, 0], late[:, i], 1)[0]) for i in (1, 2))
    return {"kernel_mib_per_minute": kernel, "page_mib_per_minute": page}


def report(results: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Prints all figures and what is asked; returns the latter for JSON."""
    names = [key for key in results["GAN lab"] if key != "repeats"]
    rows = [
        [key, *(f"{found[key]:.3g}" if key in found else "" for found in results.values())]
        for key in names
    ]
    print(measure.table(("", *results), rows), "\n")
    checks = []
    for lab, targets in TARGETS.items():
        for key, (least, most) in targets.items():
            if lab in results and key in results[lab]:
                value = results[lab][key]
                reached = value >= least and (most is None or value <= most)
                asked = f"≥ {least:g}" if most is None else f"≤ {most:g}"
                checks.append(
                    {"lab": lab, "figure": key, "value": value, "asked": asked, "reached": reached}
                )
    rows = [
        [c["lab"], c["figure"], f"{c['value']:.3g}", c["asked"], "yes" if c["reached"] else "NO"]
        for c in checks
    ]
    print(measure.table(("lab", "figure", "seen", "asked", "reached"), rows), "\n", flush=True)
    return checks


def plot_memory(memory: dict[str, Any]) -> Figure:
    """Memory over the minutes of a play."""
    ax = new_axes(10.0, 4.0)
    minutes, kernel, page = np.array(memory["rows"]).T
    for (color, marker), values, label in zip(
        measure.STYLES, (kernel, page), ("kernel", "page (JavaScript)"), strict=False
    ):
        ax.plot(minutes, values, marker=marker, color=color, label=label)
    ax.set(xlabel="minutes of play", ylabel="MiB", ylim=(0, None))
    ax.legend()
    return ax.figure


def run(
    *,
    quick: bool = False,
    names: Sequence[str] = tuple(LABS),
    minutes: float | None = None,
    folder: Path | None = None,
) -> dict[str, Any]:
    """Measures, prints, writes `labs.json` and `labs.png`; returns what the first holds."""
    seconds, repeats = (2.0, 6) if quick else (6.0, 30)
    minutes = minutes or (0.5 if quick else 5.0)
    machine = measure.machine()
    pictures = measure.RESULTS / "quick" if quick else IMAGES
    with jupyter.serve("lab") as server, browser.chromium() as chromium:
        results = {
            name: measure_lab(
                chromium,
                server,
                name,
                seconds=seconds,
                repeats=repeats,
                picture=pictures / f"{name.replace(' ', '_')}.png",
            )
            for name in names
        }
        every = 60 * minutes / 20
        memory = measure_memory(chromium, server, "GAN lab", minutes=minutes, every=every)
    checks = report(results)
    print(
        f"memory: kernel {memory['kernel_mib_per_minute']:+.2f} MiB/minute, "
        f"page {memory['page_mib_per_minute']:+.2f} MiB/minute over {minutes:g} minutes"
    )
    result = {
        "quick": quick,
        "machine": machine,
        "settings": {"seconds": seconds, "repeats": repeats},
        "labs": results,
        "targets": checks,
        "memory": memory,
    }
    path = measure.write("labs", result, plot_memory(memory), folder)
    print(f"written: {path}")
    return result


def main() -> None:
    """Reads the command line and measures, where a browser can be driven."""
    quick = measure.options(__doc__.splitlines()[0])
    if reason := browser.missing():
        raise SystemExit(reason)
    run(quick=quick)


if __name__ == "__main__":
    main()
