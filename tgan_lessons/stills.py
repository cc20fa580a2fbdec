"""What a widget leaves in the saved notebook: a still that shows where the widget cannot.

A widget lives as long as its kernel. Opened without one, or on a page, the notebook would show
nothing but "Loading widget". So a second output, the still, follows the widget's own. The live
widget carries a style sheet that hides it; where the widget is gone, so is the style, and the
still appears.

After a reload of the page JupyterLab knows the widget again but not its still: what is answered
then is in the still once the cell has run again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tgan_lessons.runtime import announce

if TYPE_CHECKING:
    from ipywidgets import Box, Widget

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
JUPYTER_OUTPUT = ".jp-OutputArea-child"
CLOSED = "This was closed, and shows what it showed last. Run the cell that makes it for a new one."


class Still:
    """A widget and its still, shown together.

    The widget's output holds the live view alone. So a place that cannot show it shows nothing
    twice.

    Args:
        box: the widget; it gets one invisible child more.

    Attributes:
        name: the still's CSS class; each widget has its own.
    """

    def __init__(self, box: Box) -> None:
        import ipywidgets as widgets

        self.box = box
        self.name = f"tgan-still-{'closed' if is_closed(box) else box.model_id}"
        rules = _hide(f".{self.name}", f"{JUPYTER_OUTPUT}:has(.{self.name})")
        style = widgets.HTML(rules, layout=widgets.Layout(display="none"))
        box.children = (*box.children, style)
        self._handle = None

    def display(self, html: str, text: str) -> None:
        """Shows the widget, and beneath it the still; without IPython it prints `text`.

        A widget that was closed is its still, and says so.

        Args:
            html: the still. Escape what does not come from the course.
            text: the same for a terminal, in a sentence or two.
        """
        from IPython import get_ipython
        from IPython.display import display

        if get_ipython() is None:
            announce(text)
            return
        if is_closed(self.box):
            display(self._bundle(f"{html}<p>{CLOSED}</p>", f"{text} {CLOSED}"), raw=True)
            return
        view = {"version_major": 2, "version_minor": 0, "model_id": self.box.model_id}
        display({WIDGET_VIEW: view}, raw=True)
        # one id for all places that show this widget: an update reaches each of them
        self._handle = display(self._bundle(html, text), raw=True, display_id=self.name)

    def update(self, html: str, text: str) -> None:
        """Replaces the still; does nothing before `display`. The arguments are the same."""
        if self._handle is not None:
            self._handle.update(self._bundle(html, text), raw=True)

    def _bundle(self, html: str, text: str) -> dict[str, str]:
        # in the output before, a widget that is gone has a message and no elements
        gone = f"{JUPYTER_OUTPUT}:has(+ * .{self.name}):not(:has(.jp-OutputArea-output *))"
        page = f'{_hide(gone)}<div class="{self.name}">{html}</div>'
        return {"text/html": page, "text/plain": text}


def is_closed(widget: Widget) -> bool:
    """Whether a widget was closed: it has no view any more, and cannot get one."""
    return widget.comm is None


def _hide(*selectors: str) -> str:
    # a rule each: a browser that does not know a selector drops the whole rule
    rules = "".join(f"{selector}{{display:none}}" for selector in selectors)
    return f"<style>{rules}</style>"
