"""The frame that all labs share, around a lab that counts instead of training."""

import io
import threading
from types import MappingProxyType

import numpy as np
import pytest
from IPython.utils.capture import capture_output
from PIL import Image

from tgan_lessons import labs
from tgan_lessons.controls import choice, number
from tgan_lessons.lab_frame import NO_PRESET
from tgan_lessons.stills import CLOSED, WIDGET_VIEW, is_closed


class CountLab(labs.Lab):
    presets = MappingProxyType(
        {"fast": labs.Preset("a <big> number", {"speed": 5}), "usual": labs.Preset("nothing")}
    )

    def __init__(self):
        self.renewed = self.restarted = self.drawn = 0
        super().__init__()

    def controls(self):
        return [
            number("speed", "speed", 1, 9, 1, "How much a tick counts."),
            choice("size", "size", (1, 2), "Of the model.", renews=True),
        ]

    def renew(self):
        self.renewed += 1
        self.restart()

    def restart(self):
        self.restarted += 1
        self.count, self.speed = 0, int(self.panel["speed"])

    def change(self, names):
        self.speed = int(self.panel["speed"])

    def burst(self, seconds):
        if self.count > 1000:
            raise FloatingPointError("too <far>")
        self.count += self.speed

    def step(self):
        self.count += 1
        return "one <b>more</b>"

    def draw(self):
        self.drawn += 1
        return Image.new("RGB", (64, 48), (min(20 * self.count, 255), 0, 0))

    def draw_charts(self):
        return Image.new("RGB", (16, 16), (0, min(20 * self.count, 255), 0))

    def numbers(self):
        return f"count <{self.count}>"


@pytest.fixture
def lab():
    return CountLab()


def red(picture, channel=0):
    return int(np.asarray(Image.open(io.BytesIO(picture)))[10, 10, channel])


def click_through_time(lab, ticks=1):
    """What the page does while the clock runs."""
    lab.frame.playing = True
    for _ in range(ticks):
        lab.play.value += 1


def test_a_tick_trains_and_shows(lab):
    lab.tick()
    assert lab.count == 1 and red(lab.image.value) == pytest.approx(20, abs=6)
    assert lab.status.value == "count &lt;1&gt;"
    click_through_time(lab, 3)
    assert lab.count == 4 and red(lab.image.value) == pytest.approx(80, abs=6)


def test_the_stop_button_is_no_tick(lab):
    click_through_time(lab, 2)
    lab.frame.playing = False
    lab.play.value = lab.play.min
    assert lab.count == 2


def test_what_acts_at_once_keeps_the_model(lab):
    lab.tick()
    lab.panel.widgets["speed"].value = 4
    assert (lab.renewed, lab.restarted, lab.count) == (1, 1, 1)
    lab.tick()
    assert lab.count == 5


def test_what_renews_begins_anew(lab):
    lab.tick()
    lab.panel.widgets["size"].value = 2
    assert (lab.renewed, lab.count, len(lab.film)) == (2, 0, 1)


def test_reset_restarts_and_forgets(lab):
    for _ in range(3):
        lab.tick()
    lab.say("something")
    lab.reset_button.click()
    assert (lab.renewed, lab.restarted, lab.count, len(lab.film)) == (1, 2, 0, 1)
    assert red(lab.image.value) == 0 and "something" not in lab.message.value


def test_a_tick_is_skipped_while_another_handler_is_at_work(lab):
    with lab.lock:
        thread = threading.Thread(target=lab.tick)
        thread.start()
        thread.join(10)
        assert not thread.is_alive() and lab.count == 0
    lab.tick()
    assert lab.count == 1


def test_a_button_waits_for_the_tick_that_runs(lab):
    lab.tick()
    with lab.lock:
        thread = threading.Thread(target=lab.reset)
        thread.start()
        thread.join(0.2)
        assert thread.is_alive() and lab.count == 1
    thread.join(10)
    assert lab.count == 0


def test_an_error_stops_the_clock_and_is_told(lab):
    lab.count = 2000
    with pytest.raises(FloatingPointError):
        lab.tick()
    click_through_time(lab)
    assert not lab.frame.playing
    assert "Stopped:" in lab.message.value
    assert "FloatingPointError: too &lt;far&gt;" in lab.message.value
    lab.reset_button.click()
    lab.tick()
    assert "Stopped" not in lab.message.value


def test_slow_motion_explains_each_step(lab):
    lab.frame.slow.value = True
    assert lab.play.interval == labs.SLOW_INTERVAL
    click_through_time(lab, 2)
    assert lab.count == 2 and "one <b>more</b>" in lab.message.value
    lab.frame.slow.value = False
    assert lab.play.interval == labs.INTERVAL


def test_a_step_stops_the_clock(lab):
    click_through_time(lab)
    lab.frame.step.click()
    assert lab.count == 2 and not lab.frame.playing and "more" in lab.message.value


def test_the_filmstrip_goes_back_and_play_goes_on(lab):
    click_through_time(lab, 5)
    lab.frame.playing = False
    assert (lab.frame.film.max, lab.frame.film.value) == (5, 5)
    lab.frame.film.value = 2
    assert red(lab.image.value) == pytest.approx(40, abs=6)
    assert "Looking back: count &lt;2&gt;" in lab.message.value
    assert lab.count == 5, "looking changes nothing"
    lab.frame.film.value = 5
    assert "Looking back" not in lab.message.value
    lab.tick()
    assert red(lab.image.value) == pytest.approx(120, abs=6)


def test_the_filmstrip_of_a_shorter_run(lab):
    for _ in range(4):
        lab.tick()
    lab.reset()
    assert (lab.frame.film.max, lab.frame.film.value) == (0, 0)
    assert "Looking back" not in lab.message.value


def test_presets(lab):
    lab.tick()
    lab.frame.preset.value = "fast"
    assert lab.panel["speed"] == 5 and lab.count == 0
    assert "Look for: a &lt;big&gt; number" in lab.message.value
    lab.panel.set(speed=7, size=2)
    assert lab.frame.preset.value == "", "it is no longer what the preset said"
    lab.frame.preset.value = "fast"
    assert lab.panel["speed"] == 5, "so it can be chosen again"
    lab.load_preset("usual")
    assert lab.frame.preset.value == "usual"
    assert lab.panel.values == {"speed": 1, "size": 1}
    with pytest.raises(ValueError, match="`name` must be one of"):
        lab.load_preset("slow")
    assert [label for label, _ in lab.frame.preset.options[:1]] == [NO_PRESET]


def test_charts_are_drawn_less_often_while_the_clock_runs(lab):
    charts = []
    lab.chart.observe(lambda change: charts.append(1), "value")
    click_through_time(lab, 2 * labs.CHARTS_EVERY)
    assert len(charts) == 2
    lab.frame.playing = False
    assert red(lab.chart.value, 1) == pytest.approx(120, abs=6), "pause shows the present"
    lab.tick()
    assert red(lab.chart.value, 1) == pytest.approx(140, abs=6)


def test_words_and_last_frame(lab):
    lab.tick()
    assert "CountLab: count &lt;1&gt;" in lab.frame.words.value
    assert "How much a tick counts." in lab.frame.words.value
    page, text = lab._last_frame()
    assert text == "CountLab: count <1>"
    assert page.count("data:image/jpeg;base64,") == 2
    assert 'alt="CountLab: count &lt;1&gt;"' in page


def test_a_long_run_keeps_a_bounded_number_of_frames(lab):
    for _ in range(3 * lab.film.limit):
        lab.tick()
    assert len(lab.film) <= lab.film.limit


def test_parts_have_names_for_tests_and_styles(lab):
    assert "tgan-lab" in lab.frame.box._dom_classes
    for name in ("play", "reset", "step", "film", "preset", "status", "message"):
        assert f"tgan-{name}" in getattr(lab.frame, name)._dom_classes
    assert "tgan-picture" in lab.image._dom_classes and "tgan-chart" in lab.chart._dom_classes


def test_closing_takes_all_widgets_off(lab):
    lab.close()
    assert lab.frame.box.comm is None and lab.play.comm is None and lab.image.comm is None


def test_a_lab_must_say_how_it_trains():
    class Nothing(labs.Lab):
        def renew(self):
            pass

        def draw(self):
            return Image.new("RGB", (8, 8))

    lab = Nothing()
    with pytest.raises(NotImplementedError):
        lab.tick()
    assert not lab.frame.has_steps and lab.draw_charts() is None


# Several labs, and one that is shown again ----------------------------------------------------


class Front:
    """What a front end tells of the cell that runs."""

    def __init__(self, shell, monkeypatch):
        self.runs, self.shell = 0, shell
        monkeypatch.setattr(labs.Lab, "_on_page", {})
        monkeypatch.setattr(shell, "get_parent", lambda: self.parent, raising=False)

    def run(self, metadata, *shown, code="lab"):
        """Runs a cell that shows these; returns what the page gets."""
        self.runs += 1
        self.parent = {"header": {"msg_id": str(self.runs)}, "metadata": metadata}
        self.shell.user_ns["In"] = [code]
        with capture_output() as captured:
            for one in shown:
                one._ipython_display_()
        return captured.outputs


@pytest.fixture
def front(shell, monkeypatch):
    return Front(shell, monkeypatch)


def is_alive(*some):
    return [not is_closed(lab.frame.box) for lab in some]


def views(outputs):
    return [
        output.data[WIDGET_VIEW]["model_id"] for output in outputs if WIDGET_VIEW in output.data
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"cellId": "a"}, {"cellId": "b"}),  # Jupyter and VS Code
        ({"colab": {"cell_id": "a"}}, {"colab": {"cell_id": "b"}}),
    ],
)
def test_two_of_a_kind_live_side_by_side(front, one, other):
    first, second, third = CountLab(), CountLab(), CountLab()
    front.run(one, first)
    front.run(other, second)  # with the same text
    assert is_alive(first, second) == [True, True]
    click_through_time(first, 2)
    click_through_time(second, 3)
    assert (first.count, second.count) == (2, 3)
    front.run(one, third, code="edited")
    assert is_alive(first, second, third) == [False, True, True]
    assert not first.frame.playing and second.frame.playing


def test_without_a_name_a_cell_is_its_text(front):
    first, second, third = CountLab(), CountLab(), CountLab()
    front.run({}, first, code="a")
    front.run({}, second, code="b")
    assert is_alive(first, second) == [True, True]
    front.run({}, third, code="b")
    assert is_alive(first, second, third) == [True, False, True]


def test_a_cell_may_show_two(front):
    pair, others = (CountLab(), CountLab()), (CountLab(), CountLab())
    front.run({"cellId": "a"}, *pair)
    assert is_alive(*pair) == [True, True]
    front.run({"cellId": "a"}, *others)
    assert is_alive(*pair, *others) == [False, False, True, True]


def test_one_that_is_shown_again_has_two_views(front, lab):
    first, again = (front.run({"cellId": cell}, lab) for cell in "ab")
    assert views(first) == views(again) == [lab.frame.box.model_id]
    another = CountLab()
    front.run({"cellId": "a"}, another)
    assert is_alive(lab, another) == [True, True]  # the other cell still shows it
    front.run({"cellId": "b"}, lab)  # shown again by the cell that showed it
    assert is_alive(lab) == [True]
    front.run({"cellId": "b"}, another)
    assert is_alive(lab, another) == [False, True]


@pytest.mark.parametrize("seen", [True, False])
def test_one_that_was_closed_is_its_last_frame_and_says_so(front, lab, seen):
    if seen:
        front.run({"cellId": "a"}, lab)
    lab.tick()
    for _ in range(2):
        lab.close()
    (shown,) = front.run({"cellId": "b"}, lab)
    assert WIDGET_VIEW not in shown.data
    assert CLOSED in shown.data["text/html"] and "data:image/jpeg" in shown.data["text/html"]
    assert shown.data["text/plain"] == f"CountLab: count <1> {CLOSED}"
    lab.tick()
    assert lab.count == 2


def test_two_labs_never_train_at_once(front):
    first, second = CountLab(), CountLab()
    with first.lock:
        thread = threading.Thread(target=second.tick)
        thread.start()
        thread.join(10)
    assert second.count == 0 and not thread.is_alive()
