import threading

import pytest

from tgan_lessons.controls import Panel, choice, number, set_tooltip, switch


def make(on_change=lambda names: None):
    controls = [
        choice("loss", "loss", ("hinge", "least squares"), "What is minimised."),
        number(
            "smoothing",
            "label smoothing",
            0.0,
            0.5,
            0.0,
            "Softer targets.",
            step=0.1,
            when=lambda values: values["loss"] != "hinge",
        ),
        number("rate", "learning rate", 1e-5, 1e-1, 1e-3, "How far.", log=True),
        number("layers", "layers", 1, 4, 2, "Depth.", renews=True, group="model"),
        switch("arrows", "arrows", True, "Show <arrows>.", group="view"),
    ]
    return Panel(controls, on_change, threading.RLock(), lambda handler: handler)


@pytest.fixture
def changes():
    return []


@pytest.fixture
def panel(changes):
    return make(changes.append)


def test_values_at_the_start(panel):
    assert panel.values == {
        "loss": "hinge",
        "smoothing": 0.0,
        "rate": pytest.approx(1e-3),
        "layers": 2,
        "arrows": True,
    }
    assert isinstance(panel["layers"], int)


def test_a_widget_that_moves_tells_once(panel, changes):
    panel.widgets["layers"].value = 3
    assert changes == [("layers",)] and panel["layers"] == 3
    panel.widgets["layers"].value = 3
    assert len(changes) == 1


def test_several_at_once_are_one_change(panel, changes):
    panel.set(loss="least squares", smoothing=0.2, layers=1)
    assert [set(names) for names in changes] == [{"loss", "smoothing", "layers"}]
    panel.set(layers=1)
    assert len(changes) == 1


def test_what_means_nothing_is_grey_and_counts_as_unset(panel, changes):
    assert panel.widgets["smoothing"].disabled
    panel.set(loss="least squares", smoothing=0.3)
    assert not panel.widgets["smoothing"].disabled and panel["smoothing"] == pytest.approx(0.3)
    panel.set(loss="hinge")
    assert panel.widgets["smoothing"].disabled and panel["smoothing"] == 0.0
    assert set(changes[-1]) == {"loss", "smoothing"}, "the smoothing in force has changed, too"


@pytest.mark.parametrize(
    "values",
    [
        {"loss": "wasserstein"},
        {"smoothing": 0.6},
        {"smoothing": float("nan")},
        {"rate": "fast"},
        {"rate": None},
        {"layers": True},
        {"arrows": 1},
        {"depth": 2},
    ],
)
def test_what_is_not_offered_is_refused_whole(panel, changes, values):
    before = panel.values
    name = "name" if "depth" in values else next(iter(values))
    with pytest.raises(ValueError, match=rf"`{name}` must be .*Received"):
        panel.set(layers=4, **values) if "layers" not in values else panel.set(**values)
    assert panel.values == before and changes == []


def test_reset_is_one_change_back_to_the_start(panel, changes):
    start = panel.values
    panel.set(loss="least squares", smoothing=0.2, layers=4, arrows=False)
    panel.reset(layers=3)
    assert panel.values == start | {"layers": 3}
    assert len(changes) == 2


def test_start_tells_nobody(panel, changes):
    panel.start(layers=4)
    assert panel["layers"] == 4 and changes == []
    panel.set(arrows=False)
    assert changes == [("arrows",)]


def test_what_the_page_rounds_is_no_change(panel, changes):
    """A slider with marks moves what the code sets to the next mark, and says so."""
    panel.set(rate=2e-3)
    panel.widgets["rate"].value = 10**-2.7
    assert panel["rate"] == 2e-3 and len(changes) == 1
    panel.widgets["rate"].value = 10**-2.6  # the learner's next mark
    assert panel["rate"] == 10**-2.6 and len(changes) == 2
    panel.widgets["rate"].value = 10**-2.7
    assert panel["rate"] == 2e-3 and len(changes) == 3


def test_an_error_while_taking_over_reaches_the_caller():
    def refuse(names):
        raise RuntimeError("no")

    panel = make(refuse)
    with pytest.raises(RuntimeError, match="no"):
        panel.set(layers=3)


def test_what_begins_a_new_model_says_so(panel):
    assert panel.widgets["layers"].description == "layers ⟳"
    assert panel.widgets["rate"].description == "learning rate"
    told = {
        n: getattr(w, "tooltip", None) or w.description_tooltip for n, w in panel.widgets.items()
    }
    assert "Begins a new model" in told["layers"] and "Acts at once" in told["rate"]
    page = panel.explain()
    assert page.count("<dt>") == 5 and "Show &lt;arrows&gt;." in page and "⟳ begins" in page


def test_groups_become_pages(panel):
    assert list(panel.pages) == ["training", "model", "view"]
    assert [len(page.children) for page in panel.pages.values()] == [3, 1, 1]


def test_each_control_has_a_class_of_its_own(panel):
    assert all(f"tgan-control-{n}" in w._dom_classes for n, w in panel.widgets.items())


def test_a_widget_without_a_tooltip_is_left_alone():
    class Plain:
        def has_trait(self, name):
            return False

    set_tooltip(Plain(), "text")
