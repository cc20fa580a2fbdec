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
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from PIL.Image import Image

BURST = 0.06  # seconds of training per tick
INTERVAL = 40  # milliseconds between ticks
SIZE = (600, 360)  # pixels of a frame


class Lab:
    """Play, pause, reset, one picture and a status line around a model.

    A lab defines `controls` (widgets), `burst` (train a little), `restart` (a new model, no new
    trace) and `draw` (the picture). One lock guards the model: a tick that finds it taken is
    skipped, a button waits. A direct call of `tick` raises what goes wrong; in the browser the
    status line shows it and the clock stops.
    """

    _on_page: ClassVar[dict[type, Lab]] = {}

    def __init__(self) -> None:
        import ipywidgets as widgets

        self.lock = threading.RLock()
        self.play = widgets.Play(interval=INTERVAL, max=10**9, description="train")
        self.reset_button = widgets.Button(description="Reset", icon="refresh")
        self.image = widgets.Image(format="png", width=SIZE[0], height=SIZE[1])
        self.status = widgets.HTML()
        self.play.observe(self._guarded(self._clock), "value")
        self.reset_button.on_click(self._guarded(lambda _: self.reset()))
        rows = [widgets.HBox([self.play, self.reset_button]), *self.controls()]
        controls = widgets.VBox(rows, layout=widgets.Layout(flex="0 0 330px"))
        self.box = widgets.VBox([widgets.HBox([controls, self.image]), self.status])
        self.reset()

    def controls(self) -> list[object]:
        """The lab's own widgets, in the order shown."""
        raise NotImplementedError

    def burst(self, seconds: float) -> None:
        """Trains for about `seconds`."""
        raise NotImplementedError

    def restart(self) -> None:
        """Puts the model back to its start."""
        raise NotImplementedError

    def draw(self) -> Image:
        """The picture of the model as it is now."""
        raise NotImplementedError

    def tick(self) -> None:
        """Trains for a burst and shows the result; skipped while another handler is at work."""
        if not self.lock.acquire(blocking=False):
            return
        try:
            self.burst(BURST)
            self.show()
        finally:
            self.lock.release()

    def reset(self) -> None:
        """Starts anew with the settings of the controls."""
        with self.lock:
            self.restart()
            self.status.value = ""
            self.show()

    def show(self) -> None:
        """Puts the present picture on the page."""
        buffer = io.BytesIO()
        self.draw().save(buffer, format="PNG", compress_level=1)  # a third of the time
        self.image.value = buffer.getvalue()

    def pause(self) -> None:
        """Stops the clock."""
        name = "playing" if self.play.has_trait("playing") else "_playing"  # ipywidgets 8, 7
        setattr(self.play, name, False)

    def _clock(self, change: dict[str, object]) -> None:
        if change["new"] != self.play.min:  # the stop button sets the clock back; that is no tick
            self.tick()

    def _guarded(self, handler: Callable[..., None]) -> Callable[..., None]:
        def handle(*arguments: object) -> None:
            try:
                handler(*arguments)
            except Exception as error:  # an exception in a handler is invisible on the page
                self.pause()
                told = f"{type(error).__name__}: {error}"
                self.status.value = f"<b>Stopped:</b> {html.escape(told)}"

        return handle

    def close(self) -> None:
        """Stops the clock and takes the lab off the page."""
        self.pause()
        self.box.close()

    def _ipython_display_(self) -> None:
        from IPython.display import display

        before = self._on_page.get(type(self))
        if before is not None and before is not self:  # its cell was run again
            before.close()
        self._on_page[type(self)] = self

        bundle = {
            "application/vnd.jupyter.widget-view+json": {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self.box.model_id,
            },
            # the last frame, for places that cannot show a widget
            "image/png": base64.b64encode(self.image.value).decode(),
            "text/plain": self.describe(),
        }
        display(bundle, raw=True, metadata={"image/png": {"alt": self.describe()}})

    def describe(self) -> str:
        """What the lab shows, in a sentence, for screen readers and pages without a kernel."""
        return f"{type(self).__name__}: a live picture with controls; run the notebook to use it."
