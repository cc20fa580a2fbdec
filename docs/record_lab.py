"""Records the GAN lab of lesson 04 in play: a real JupyterLab, a real kernel, real key presses.

    python -m docs.record_lab        # writes notebooks/images/GAN_lab.webp

A slider is moved while the model trains: at first the fakes spread over the ring, then G may move
ten times a round before D answers, then once again. Frames last as long as they did: the film is
neither faster nor slower than the lab was, so record it while nothing else keeps the machine busy.
The lines around the slider are the film's, not the lab's.
"""

from __future__ import annotations

import argparse
import io
import itertools
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from benchmarks import browser, jupyter, measure

if TYPE_CHECKING:
    from benchmarks.browser import LabOnPage

PATH = Path(__file__).resolve().parents[1] / "notebooks" / "images" / "GAN_lab.webp"
CELLS = (
    "from tgan_lessons import runtime\npreset = runtime.setup('class')",
    "from tgan_lessons.gan_lab import GanLab\nlab = GanLab('ring')\nlab",
)
PAGE = (1460, 900)  # pixels: room for controls and charts beside the picture, and no more
WIDTH = 760  # of the film, in pixels
QUALITY = 75  # of a frame, 0 to 100
SECONDS = 9.0  # that the film lasts
PER_SECOND = 8  # frames at most
SLIDER = "moves_g"
MOVES = ((3.0, "ArrowRight"), (6.0, "ArrowLeft"))  # second and key
PRESSES, AT_ONCE = 9, 3  # of a key in all, and between two frames
EDGE = 6  # pixels around what the film shows
MARK = f".tgan-control-{SLIDER}:focus-within {{ outline: 3px solid #D55E00 }}"
ENDS = ("play", "picture", "film", "chart")  # what the film shows reaches to these parts


def record(lab: LabOnPage) -> list[tuple[bytes, float]]:
    """Plays the lab from its beginning; returns PNG pictures, each with the second it was taken."""
    left = {key: PRESSES for _, key in MOVES}
    box, frames = _shown(lab), []
    lab.play()
    start = time.monotonic()
    while (now := time.monotonic() - start) < SECONDS:
        for second, key in MOVES:
            if now >= second and left[key]:
                lab.slide(SLIDER, key, AT_ONCE)
                left[key] -= AT_ONCE
        frames.append((lab.page.screenshot(clip=box), time.monotonic() - start))
        ready = start + len(frames) / PER_SECOND
        lab.page.wait_for_timeout(1000 * max(0.0, ready - time.monotonic()))
    lab.pause()
    return frames


def _shown(lab: LabOnPage) -> dict[str, float]:
    """The part of the page that the film shows."""
    boxes = [lab.part(name).bounding_box() for name in ENDS]
    left, top = (min(box[side] for box in boxes) - EDGE for side in ("x", "y"))
    right = max(box["x"] + box["width"] for box in boxes) + EDGE
    bottom = max(box["y"] + box["height"] for box in boxes) + EDGE
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}


def write(frames: list[tuple[bytes, float]], path: Path) -> None:
    """Writes the pictures as a film that is repeated for ever."""
    pictures = [Image.open(io.BytesIO(png)).convert("RGB") for png, _ in frames]
    scale = WIDTH / pictures[0].width
    size = WIDTH, round(scale * pictures[0].height)
    pictures = [picture.resize(size, Image.LANCZOS) for picture in pictures]
    seconds = [taken for _, taken in frames]
    lasts = [1000 * (after - taken) for taken, after in itertools.pairwise(seconds)]
    lasts.append(1500)  # the last picture stays a moment
    options = {"quality": QUALITY, "method": 6, "duration": [round(last) for last in lasts]}
    pictures[0].save(path, "WEBP", save_all=True, append_images=pictures[1:], loop=0, **options)


def main() -> None:
    """Records, writes, and says what came out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=PATH, help="the film's file")
    path = parser.parse_args().output
    if reason := browser.missing("lab"):
        raise SystemExit(reason)
    measure.must_be_writable(path)
    with (
        browser.chromium() as chromium,
        jupyter.serve("lab") as server,
        browser.open_notebook(chromium, server, CELLS, size=PAGE) as notebook,
    ):
        notebook.lab.wait_for()
        notebook.page.add_style_tag(content=MARK)
        notebook.lab.part("lab").evaluate("e => e.scrollIntoView({block: 'center'})")
        notebook.execute("lab.tick()")  # the status has its two lines: nothing moves down later
        frames = record(notebook.lab)
    write(frames, path)
    rate = len(frames) / frames[-1][1]
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB, {len(frames)} frames, {rate:.1f} a second")


if __name__ == "__main__":
    main()
