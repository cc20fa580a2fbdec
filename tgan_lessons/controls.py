"""What a learner can set in a lab: declared once, shown as widgets, never in a bad combination."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

from tgan_lessons.runtime import choose

if TYPE_CHECKING:
    import threading

    import ipywidgets as widgets

RENEWS = "⟳"  # the mark on a control that begins a new model
WIDTH, LABEL = 310, 118  # pixels of a control, and of its label
Value = Any


@dataclass(frozen=True, eq=False)
class Control:
    """One setting of a lab. Make it by `choice`, `number` or `switch`.

    Attributes:
        name: what the code calls it.
        label: the standard term, with its unit where it has one.
        help: one sentence for a person: what it changes.
        value: at the start, and whenever `when` forbids the control.
        options: to choose from, or `None` for a number on a slider.
        limits: the lowest and the highest number.
        step: between numbers; of the exponent where `log`.
        log: whether the slider is logarithmic.
        renews: whether a change begins a new model; all else acts while it trains.
        group: the tab that it stands on.
        when: values of all controls → whether this one means anything now; else it is grey.
    """

    name: str
    label: str
    help: str
    value: Value
    options: tuple[Value, ...] | None = None
    limits: tuple[float, float] | None = None
    step: float | None = None
    log: bool = False
    renews: bool = False
    group: str = "training"
    when: Callable[[Mapping[str, Value]], bool] | None = None


def choice(name: str, label: str, options: Sequence[Value], help: str, **rest: Any) -> Control:
    """A control that offers `options`; the first is its value at the start, unless `value` says."""
    return Control(name, label, help, rest.pop("value", options[0]), tuple(options), **rest)


def number(
    name: str,
    label: str,
    low: float,
    high: float,
    value: float,
    help: str,
    *,
    step: float | None = None,
    **rest: Any,
) -> Control:
    """A control that offers the numbers from `low` to `high`; see `Control` for the rest."""
    step = step or (0.1 if rest.get("log") else 1)
    return Control(name, label, help, value, limits=(low, high), step=step, **rest)


def switch(name: str, label: str, value: bool, help: str, **rest: Any) -> Control:
    """A control that is on or off."""
    return Control(name, label, help, value, **rest)


class Panel:
    """The widgets of some controls.

    Args:
        controls: in the order shown.
        on_change: called with the names that have changed, under the lock.
        lock: of the lab: handlers may run on different threads.
        guard: wraps a handler that the page calls.

    Attributes:
        widgets: the widget of each control, by name.
        pages: a box of widgets for each group, by title.
    """

    def __init__(
        self,
        controls: Sequence[Control],
        on_change: Callable[[tuple[str, ...]], None],
        lock: threading.RLock,
        guard: Callable[[Callable[..., None]], Callable[..., None]],
    ) -> None:
        self.controls = {control.name: control for control in controls}
        self.widgets = {control.name: _build(control) for control in controls}
        self._on_change, self._lock, self._holding = on_change, lock, False
        self._set = {control.name: control.value for control in controls}  # by the code
        self._allow()
        self._known = self.values
        self.pages = self._arrange()
        for widget in self.widgets.values():
            widget.observe(guard(self._settle), "value")

    @property
    def values(self) -> dict[str, Value]:
        """What is set now, by name; of a grey control the value that changes nothing."""
        return {
            name: control.value if self.widgets[name].disabled else self._read(name)
            for name, control in self.controls.items()
        }

    def _read(self, name: str) -> Value:
        """What was set, as long as the slider stands at the mark beside it; else what it says."""
        told, known = self.widgets[name].value, self._set[name]
        return known if _is_near(self.controls[name], told, known) else told

    def __getitem__(self, name: str) -> Value:
        choose("name", name, tuple(self.controls))
        return self.values[name]

    def set(self, **values: Value) -> None:
        """Sets several controls as one change; all of them or, on errors, none.

        Raises:
            ValueError: no such control, or a value that it does not offer.
        """
        with self._lock:
            self._assign(values)
            self._settle()

    def start(self, **values: Value) -> None:
        """As `set`, but tells nobody: before there is a model."""
        with self._lock:
            self._assign(values)
            self._allow()
            self._known = self.values

    def _assign(self, values: Mapping[str, Value]) -> None:
        for name, value in values.items():
            choose("name", name, tuple(self.controls))
            _check(self.controls[name], value)
        self._holding = True
        try:
            for name, value in values.items():
                self.widgets[name].value = self._set[name] = value
        finally:
            self._holding = False

    def reset(self, **values: Value) -> None:
        """All controls as at the start, but for `values`: one change."""
        self.set(**{name: control.value for name, control in self.controls.items()} | values)

    def _settle(self, _: object = None) -> None:
        """Greys what means nothing now and tells what has changed."""
        with self._lock:
            if self._holding:
                return
            self._allow()
            before, self._known = self._known, self.values
            changed = tuple(name for name, value in self._known.items() if value != before[name])
            if changed:
                self._on_change(changed)

    def _allow(self) -> None:
        for name, control in self.controls.items():
            if control.when is not None:
                self.widgets[name].disabled = not control.when(self.values)

    def _arrange(self) -> dict[str, widgets.Widget]:
        import ipywidgets as widgets

        groups: dict[str, list[object]] = {}
        for name, control in self.controls.items():
            groups.setdefault(control.group, []).append(self.widgets[name])
        return {title: widgets.VBox(members) for title, members in groups.items()}

    def explain(self) -> str:
        """What each control does, as HTML that unfolds."""
        rows = [
            f"<dt><b>{html.escape(_title(control))}</b></dt>"
            f"<dd style='margin-left: 1.2em'>{html.escape(control.help)}</dd>"
            for control in self.controls.values()
        ]
        if not rows:
            return ""
        renewing = any(control.renews for control in self.controls.values())
        mark = f" ({RENEWS} begins a new model, all others act at once)" if renewing else ""
        return (
            f"<details><summary>What each control does{mark}</summary>"
            f"<dl style='line-height: 1.4'>{''.join(rows)}</dl></details>"
        )


def _title(control: Control) -> str:
    return f"{control.label} {RENEWS}" if control.renews else control.label


def _build(control: Control) -> widgets.Widget:
    """The widget of a control: only kinds and traits that ipywidgets 7.7 and 8 share."""
    import ipywidgets as widgets

    common = {
        "description": _title(control),
        "style": {"description_width": f"{LABEL}px"},
        "layout": widgets.Layout(width=f"{WIDTH}px"),
    }
    if isinstance(control.value, bool):
        common["indent"] = False
        widget = widgets.Checkbox(value=control.value, **common)
    elif control.options is not None:
        widget = widgets.Dropdown(
            options=[(str(option), option) for option in control.options],
            value=control.value,
            **common,
        )
    else:
        widget = _slider(control, common)
    effect = "Begins a new model." if control.renews else "Acts at once."
    set_tooltip(widget, f"{control.help} {effect}")
    widget.add_class(f"tgan-control-{control.name}")
    return widget


def _slider(control: Control, common: dict[str, object]) -> widgets.Widget:
    import ipywidgets as widgets
    import numpy as np

    low, high = control.limits
    if control.log:
        low, high = float(np.log10(low)), float(np.log10(high))  # its ends are exponents
        return widgets.FloatLogSlider(
            value=control.value,
            base=10,
            min=low,
            max=high,
            step=control.step,
            readout_format=".2g",
            **common,
        )
    kind = widgets.IntSlider if _is_whole(control) else widgets.FloatSlider
    return kind(value=control.value, min=low, max=high, step=control.step, **common)


def _is_whole(control: Control) -> bool:
    """Whether a number's slider knows whole numbers only."""
    parts = (*control.limits, control.step, control.value)
    return not control.log and all(float(part).is_integer() for part in parts)


def _is_near(control: Control, one: float, other: float) -> bool:
    """Whether a slider shows two numbers at the same mark: a page moves what we set to a mark."""
    if not control.log:
        return False
    return abs(math.log10(one / other)) <= control.step / 2


def _check(control: Control, value: Value) -> None:
    """Raises a `ValueError` unless the control offers the value."""
    if isinstance(control.value, bool):
        if not isinstance(value, bool):
            raise ValueError(f"`{control.name}` must be True or False. Received: {value!r}")
    elif control.options is not None:
        if not isinstance(value, Hashable) or value not in control.options:  # arrays are neither
            raise ValueError(
                f"`{control.name}` must be one of {control.options}. Received: {value!r}"
            )
    else:
        low, high = control.limits
        is_number = isinstance(value, Real) or getattr(value, "shape", None) == ()
        if not (is_number and not isinstance(value, bool) and low <= value <= high):
            raise ValueError(
                f"`{control.name}` must be a number from {low:g} to {high:g}. Received: {value!r}"
            )
        if _is_whole(control) and value % 1:  # the slider would cut it in silence
            raise ValueError(f"`{control.name}` must be a whole number. Received: {value!r}")


def set_tooltip(widget: widgets.Widget, text: str) -> None:
    """What appears where a pointer rests; ipywidgets 8 and 7 name it differently."""
    for trait in ("tooltip", "description_tooltip"):
        if widget.has_trait(trait):
            setattr(widget, trait, text)
            return
