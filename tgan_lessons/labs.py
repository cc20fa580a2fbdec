"""Instruments: controls beside a picture that moves while a model trains.

The `Play` widget is the clock: each tick trains for a short burst and sets one image, and between
ticks the kernel is free, so that a slider acts at once. Only what ipywidgets 7.7 and 8 share is
used: no threads of our own, no custom JavaScript.
"""

from __future__ import annotations

import base64
import html
import io
import threading
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from tgan_lessons import cells
from tgan_lessons.controls import Control, Panel
from tgan_lessons.film import Film
from tgan_lessons.lab_frame import Frame
from tgan_lessons.runtime import choose
from tgan_lessons.stills import Still

if TYPE_CHECKING:
    import ipywidgets as widgets
    from PIL.Image import Image

BURST = 0.062  # seconds of training per tick
INTERVAL = 20  # milliseconds between ticks
SLOW_INTERVAL = 1600  # in slow motion: time to read what happened
CHARTS_EVERY = 3  # frames
JPEG = {"format": "JPEG", "quality": 82, "subsampling": 0}  # a tenth of PNG's time


@dataclass(frozen=True)
class Preset:
    """Settings with a name: what differs from the lab's own, and what to look for."""

    watch: str
    settings: Mapping[str, Any] = field(default_factory=dict)


class Lab:
    """One frame for all instruments: a clock, controls, pictures, a filmstrip, a status line.

    A lab declares `controls`, and defines `renew` (build a model from `panel`), `restart` (back to
    its start), `change` (take over what acts at once), `burst` (train a little), `draw` and
    `numbers`. Optional are `step` (a small piece of training, with its explanation, for slow
    motion), `draw_charts`, `buttons`, `pages` and `presets`.

    One lock guards the models: a tick that finds it taken is skipped, a button waits. A direct call
    of `tick` raises what goes wrong; in the browser the message line shows it and the clock stops.

    Args:
        settings: controls that begin with another value than their usual one, by name.
    """

    presets: ClassVar[Mapping[str, Preset]] = {}
    # One for all labs, not one each: two may play with the same model.
    lock: ClassVar[Any] = threading.RLock()
    _on_page: ClassVar[dict[Hashable, tuple[Hashable, list[Lab]]]] = {}  # cell: its last run, labs

    def __init__(self, **settings: Any) -> None:
        self.film: Film[tuple[str, bytes]] = Film()
        self._shown, self._still = 0, None
        self._looking_back = self._loading = False  # widgets move by us, not by the learner
        self.panel = Panel(self.controls(), self._take_over, self.lock, self._guarded)
        self.panel.start(**settings)
        with self.lock:
            self.renew()
        self.frame = Frame(self)
        self._connect()
        with self.lock:
            self._begin()

    # What a lab defines

    def controls(self) -> Sequence[Control]:
        """What can be set."""
        return ()

    def renew(self) -> None:
        """Builds a new model as `panel.values` say."""
        raise NotImplementedError

    def restart(self) -> None:
        """Puts the model back to its start, without tracing anew; by default as `renew`."""
        self.renew()

    def change(self, names: tuple[str, ...]) -> None:
        """Takes over new values of these controls, which act at once."""

    def burst(self, seconds: float) -> None:
        """Trains for about `seconds`."""
        raise NotImplementedError

    def step(self) -> str:
        """Trains by one small step and returns what happened, as HTML, for slow motion."""
        raise NotImplementedError

    def paused(self) -> None:
        """What is to be done when the clock has stopped."""

    def draw(self) -> Image:
        """The picture of the model as it is now."""
        raise NotImplementedError

    def draw_charts(self) -> Image | None:
        """The curves beside the picture, drawn less often; `None` for none."""
        return None

    def numbers(self) -> str:
        """Where the training stands, in plain text, for the status line."""
        return ""

    def describe(self) -> str:
        """What the lab shows, in words, for screen readers and pages without a kernel."""
        return f"{type(self).__name__}: {self.numbers()}"

    def buttons(self) -> Sequence[widgets.Widget]:
        """Further buttons beside play and reset."""
        return ()

    def pages(self) -> Mapping[str, widgets.Widget]:
        """Further tabs beside those of the controls, by title."""
        return {}

    # What a learner, a cell or a test does

    def tick(self) -> None:
        """Trains for a burst and shows the result; skipped while another handler is at work."""
        if not self.lock.acquire(blocking=False):
            return
        try:
            if self.frame.slow.value:
                self.say(self.step())
            else:
                self.burst(BURST)
            self.show()
        finally:
            self.lock.release()

    def take_step(self) -> None:
        """One small step, explained; the clock stops."""
        with self.lock:
            self.pause()
            self.say(self.step())
            self.show()

    def reset(self) -> None:
        """Starts anew with the settings of the controls."""
        with self.lock:
            self.restart()
            self._begin()

    def load_preset(self, name: str) -> None:
        """Sets all controls as a preset says, starts anew and says what to look for."""
        choose("name", name, tuple(self.presets))
        preset = self.presets[name]
        with self.lock:
            self._loading = True
            try:
                self.panel.reset(**preset.settings)
                self.frame.preset.value = name
            finally:
                self._loading = False
            self.reset()
            self.say(f"<b>{html.escape(name)}.</b> Look for: {html.escape(preset.watch)}")

    def pause(self) -> None:
        """Stops the clock."""
        self.frame.playing = False

    def say(self, text: str, sign: str = "") -> None:
        """Puts HTML into the message line."""
        bold = f"<b>{sign}</b> " if sign else ""
        self.message.value = f'<div role="status" aria-live="polite">{bold}{text}</div>'

    # How it is shown

    def show(self) -> None:
        """Puts the present picture on the page; charts less often while the clock runs."""
        picture = encode(self.draw())
        self.image.value = picture
        self.film.add((self.numbers(), picture))
        self._shown += 1
        if not self.frame.playing or self._shown % CHARTS_EVERY == 0:
            self._show_numbers()
        if not self.frame.playing:
            self._settle()

    def _show_numbers(self) -> None:
        self.status.value = html.escape(self.numbers())
        charts = self.draw_charts()
        if charts is not None:
            self.chart.value = encode(charts)

    def _settle(self) -> None:
        """What is brought up to date when the clock stands still: filmstrip, words, last frame."""
        self._looking_back = True
        try:
            self.frame.rewind(len(self.film))
        finally:
            self._looking_back = False
        self.frame.words.value = self.frame.explain(self.describe())
        if self._still is not None:
            self._still.update(*self._last_frame())

    def _begin(self) -> None:
        self.film.clear()
        self.say("")
        self.show()
        self._show_numbers()

    def look_back(self, index: int) -> None:
        """Shows a kept frame of the run; the next tick shows the present again."""
        with self.lock:
            self.pause()
            told, picture = self.film[index]
            self.image.value = picture
            last = index == len(self.film) - 1
            self.say("" if last else f"Looking back: {html.escape(told)}. Play goes on from now.")

    # How the page reaches it

    def _connect(self) -> None:
        frame, guarded = self.frame, self._guarded
        self.play, self.image, self.chart = frame.play, frame.picture, frame.chart
        self.status, self.message, self.reset_button = frame.status, frame.message, frame.reset
        frame.play.observe(guarded(self._clock), "value")
        frame.play.observe(guarded(self._played), frame.playing_trait)
        frame.slow.observe(guarded(self._set_pace), "value")
        frame.reset.on_click(guarded(lambda _: self.reset()))
        frame.step.on_click(guarded(lambda _: self.take_step()))
        frame.film.observe(guarded(self._scroll), "value")
        frame.preset.observe(guarded(self._choose_preset), "value")

    def _clock(self, change: dict[str, object]) -> None:
        if change["new"] != self.play.min:  # the stop button sets the clock back; that is no tick
            self.tick()

    def _played(self, change: dict[str, object]) -> None:
        if not change["new"]:
            with self.lock:
                self._show_numbers()
                self._settle()
                self.paused()

    def _set_pace(self, change: dict[str, object]) -> None:
        self.play.interval = SLOW_INTERVAL if change["new"] else INTERVAL

    def _scroll(self, change: dict[str, object]) -> None:
        if not self._looking_back:
            self.look_back(int(change["new"]))

    def _choose_preset(self, change: dict[str, object]) -> None:
        if change["new"] and not self._loading:
            self.load_preset(change["new"])

    def _take_over(self, names: tuple[str, ...]) -> None:
        """Controls have changed: a new model, or the same one under new settings."""
        self.frame.preset.value = ""  # it is no longer what the preset said
        if any(self.panel.controls[name].renews for name in names):
            self.say("Preparing a new model …")
            self.renew()
            self._begin()
        else:
            self.change(names)
            self.show()

    def _guarded(self, handler: Callable[..., None]) -> Callable[..., None]:
        def handle(*arguments: object) -> None:
            try:
                handler(*arguments)
            except Exception as error:  # an exception in a handler is invisible on the page
                self.pause()
                self.say(html.escape(f"{type(error).__name__}: {error}"), "Stopped:")

        return handle

    # How a notebook shows it

    def close(self) -> None:
        """Stops the clock and takes the lab off the page; its last frame stays."""
        self.pause()
        self.frame.close()

    def _ipython_display_(self) -> None:
        self._replace_earlier()
        if self._still is None:
            self._still = Still(self.frame.box)
        self._still.display(*self._last_frame())

    def _replace_earlier(self) -> None:
        """Closes what this cell showed when it was run before: nobody sees those clocks any more.

        A lab that another cell shows as well stays.
        """
        if (now := cells.running()) is None:
            return
        cell, run = now
        before, shown = self._on_page.get(cell, (run, []))
        self._on_page[cell] = run, [*(shown if run == before else ()), self]
        elsewhere = [lab for _, labs in self._on_page.values() for lab in labs]
        for lab in shown:
            if lab not in elsewhere:
                lab.close()

    def _last_frame(self) -> tuple[str, str]:
        """The picture as HTML, and words: for a page without a kernel."""
        words = self.describe()
        pictures = [self.image.value, *([self.chart.value] if self.chart.value else [])]
        tags = "".join(
            f'<img src="data:image/jpeg;base64,{base64.b64encode(picture).decode()}" '
            f'alt="{html.escape(words if not index else "curves", quote=True)}"> '
            for index, picture in enumerate(pictures)
        )
        return f"<div>{tags}</div><p>{html.escape(words)}</p>", words


def train_for(seconds: float, learn: Callable[[], object]) -> None:
    """Calls `learn`, at least once, until so many seconds are over."""
    end = time.perf_counter() + seconds
    learn()
    while time.perf_counter() < end:
        learn()


def encode(picture: Image) -> bytes:
    """The picture as JPEG."""
    buffer = io.BytesIO()
    picture.save(buffer, **JPEG)
    return buffer.getvalue()
