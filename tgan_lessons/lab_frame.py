"""The widgets around a lab, and how they stand on the page."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from tgan_lessons.controls import LABEL, WIDTH, set_tooltip

if TYPE_CHECKING:
    import ipywidgets as widgets

    from tgan_lessons.labs import Lab

NO_PRESET = "choose …"


class Frame:
    """Clock, buttons, pictures, filmstrip and lines of text of a lab.

    Picture, controls and charts stand side by side where the page is wide enough, and wrap where it
    is not: picture and controls fit beside a file browser on a screen of 1280 pixels.

    Args:
        lab: its `panel` must stand.
    """

    def __init__(self, lab: Lab) -> None:
        import ipywidgets as widgets

        from tgan_lessons.labs import INTERVAL, Lab

        self._lab = lab
        self.play = widgets.Play(interval=INTERVAL, max=10**9, show_repeat=False)
        self.playing_trait = "playing" if self.play.has_trait("playing") else "_playing"  # 8, 7
        self.reset = button("reset", "Back to the start of this run", "refresh")
        self.step = button("step", "One small step, explained", "step-forward")
        self.slow = widgets.Checkbox(description="slow motion", indent=False)
        self.slow.layout.width = "120px"
        set_tooltip(self.slow, "Step by step, each one explained")
        self.picture, self.chart = (widgets.Image(format="jpeg") for _ in range(2))
        self.status, self.message, self.words = (widgets.HTML() for _ in range(3))
        self.film = widgets.IntSlider(description="filmstrip", min=0, max=0, readout=False)
        set_tooltip(self.film, "Scroll back through the run; play goes on from now")
        self.preset = widgets.Dropdown(
            options=[(NO_PRESET, ""), *((name, name) for name in lab.presets)],
            description="preset",
            value="",
        )
        set_tooltip(self.preset, "Sets all controls and starts anew")
        self.has_steps = type(lab).step is not Lab.step
        self.box = self._arrange()
        self._name_parts()

    @property
    def playing(self) -> bool:
        """Whether the clock runs."""
        return getattr(self.play, self.playing_trait)

    @playing.setter
    def playing(self, value: bool) -> None:
        setattr(self.play, self.playing_trait, value)

    def rewind(self, frames: int) -> None:
        """Puts the filmstrip's slider on the last of so many frames."""
        last = max(frames - 1, 0)
        if last < self.film.value:  # a value beyond the end is no value
            self.film.value = last
        self.film.max = last
        self.film.value = last

    def explain(self, words: str) -> str:
        """What unfolds beneath the lab: the controls, and the picture in words."""
        picture = (
            "<details><summary>The picture in words</summary>"
            f"<p style='line-height: 1.4'>{html.escape(words)}</p></details>"
        )
        return self._lab.panel.explain() + picture

    def close(self) -> None:
        """Takes all of it off the page."""
        for widget in _all_of(self.box):
            widget.close()

    def _arrange(self) -> widgets.Widget:
        import ipywidgets as widgets

        from tgan_lessons.labs import Lab

        lab = self._lab
        steps = [self.slow, self.step] if self.has_steps else []
        transport = widgets.HBox(
            [self.play, *steps, *lab.buttons(), self.reset],
            layout=widgets.Layout(flex_flow="row wrap", align_items="center"),
        )
        pages = {**lab.panel.pages, **lab.pages()}
        settings = next(iter(pages.values())) if len(pages) == 1 else _tabs(pages)
        rows = [*([self.preset] if lab.presets else []), settings]
        controls = widgets.VBox(rows, layout=widgets.Layout(flex="0 0 auto"))
        pictures = widgets.VBox([self.picture, self.film], layout=widgets.Layout(flex="0 0 auto"))
        charts = [self.chart] if type(lab).draw_charts is not Lab.draw_charts else []
        stage = widgets.HBox(
            [pictures, controls, *charts], layout=widgets.Layout(flex_flow="row wrap")
        )
        return widgets.VBox([transport, self.message, self.status, stage, self.words])

    def _name_parts(self) -> None:
        """CSS classes, for tests in a browser and for a page's own style."""
        self.box.add_class("tgan-lab")
        for name in ("play", "step", "slow", "reset", "film", "preset", "status", "message"):
            getattr(self, name).add_class(f"tgan-{name}")
        self.picture.add_class("tgan-picture")
        self.chart.add_class("tgan-chart")
        self.preset.style.description_width = f"{LABEL}px"
        self.preset.layout.width = f"{WIDTH}px"
        self.film.layout.width = "auto"
        self.status.layout.min_height = "44px"  # one line or two: the picture must not jump
        self.message.layout.min_height = "28px"
        for picture in (self.picture, self.chart):
            picture.layout.flex = "0 0 auto"
            picture.layout.margin = "2px 8px 2px 2px"
            picture.layout.max_width = "none"


def _tabs(pages: dict[str, widgets.Widget]) -> widgets.Tab:
    import ipywidgets as widgets

    tabs = widgets.Tab(list(pages.values()))
    for index, title in enumerate(pages):
        tabs.set_title(index, title)
    return tabs


def button(name: str, tip: str, icon: str = "") -> widgets.Button:
    """A button that is as wide as its name."""
    import ipywidgets as widgets

    made = widgets.Button(description=name, icon=icon, tooltip=tip)
    made.layout.width, made.layout.flex = "auto", "0 0 auto"
    return made


def _all_of(widget: widgets.Widget) -> list[widgets.Widget]:
    """A widget and all that stand in it, the innermost first."""
    inner = [part for child in getattr(widget, "children", ()) for part in _all_of(child)]
    return [*inner, widget]
