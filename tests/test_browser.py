"""The lab of lesson 04 as people meet it: a real front end, a real kernel, real clicks and keys.

Nothing is asserted about speed: `python -m benchmarks labs` measures it.
"""

import re

import nbformat
import pytest

from benchmarks import browser, jupyter
from tgan_lessons import execute


def needs(front_end):
    reason = browser.missing(front_end)
    return pytest.mark.skipif(reason is not None, reason=str(reason))


pytestmark = [pytest.mark.browser, needs("lab")]

SETUP = "from tgan_lessons import runtime\npreset = runtime.setup('smoke')"
LAB = "from tgan_lessons import gan_lab\nlab = gan_lab.GanLab('ring')\nlab"
ANOTHER = "answer = 6 * 7\nanswer"
CELLS = (SETUP, LAB, ANOTHER)

# What the tests ask in the kernel; nothing of the course's own.
HELPERS = """
import hashlib
import numpy as np

def numbers_of(player):
    return [v.numpy() for network in player.networks for v in network.variables]

def fingerprints():
    with lab.lock:
        return {p.name: hashlib.sha256(b"".join(v.tobytes() for v in numbers_of(p))).hexdigest()
                for p in lab.game.players}

def is_finite():
    with lab.lock:
        return all(np.isfinite(v).all() for p in lab.game.players for v in numbers_of(p))

def rates():
    return {p.name: float(p.optimizer.learning_rate) for p in lab.game.players}
"""
# As when the notebook had just been run; what a test has put in the lab's way goes.
ANEW = """
vars(lab).pop("burst", None)
lab.pause()
lab.panel.reset()
lab.reset()
"""
# `losses` is called from Python while it is traced, and never by what was traced.
COUNT_TRACES = """
traces, original = [], type(lab.game).losses
def losses(*arguments, **options):
    traces.append(1)
    return original(*arguments, **options)
type(lab.game).losses = losses
"""


@pytest.fixture(scope="module")
def chromium():
    with browser.chromium() as started:
        yield started


@pytest.fixture(scope="module")
def server():
    with jupyter.serve("lab") as started:
        yield started


@pytest.fixture(scope="module")
def one(chromium, server):
    """A notebook with a lab in JupyterLab; kernels start slowly, so the tests share it."""
    with browser.open_notebook(chromium, server, CELLS, name="shared.ipynb") as notebook:
        notebook.execute(HELPERS)
        yield notebook


@pytest.fixture
def lab(one):
    """The lab on its page, as it is when it has just been made."""
    one.execute(ANEW)
    one.lab.wait_for()
    one.wait_until(lambda: not one.lab.is_playing, "the clock stands still")
    one.lab.count_frames()
    return one.lab


def play(lab, frames=3):
    lab.count_frames()
    lab.play()
    lab.wait_for_frames(frames)


def stop(lab):
    lab.pause()
    lab.notebook.wait_until(lambda: not lab.notebook.evaluate("lab.frame.playing"), "it stopped")


# While it plays -----------------------------------------------------------------------------


def test_play_makes_frames_and_pause_stops_within_two(one, lab):
    assert one.evaluate("lab.rounds") == 0
    play(lab, 5)
    lab.pause()
    clicked = one.page.evaluate("() => performance.timeOrigin + performance.now()")
    one.wait_until(lambda: not one.evaluate("lab.frame.playing"), "the kernel knows")
    rounds = one.evaluate("lab.rounds")
    one.page.wait_for_timeout(1500)  # in which a clock that runs would tick 75 times
    assert rounds > 0
    assert one.evaluate("lab.rounds") == rounds
    assert sum(frame > clicked for frame in lab.frames()) <= 2
    assert f"round {rounds:,}" in lab.text("status")


def test_a_slider_moved_while_it_plays_changes_the_rate_without_a_retrace(one, lab):
    one.execute(COUNT_TRACES)
    before = one.evaluate("rates()")
    play(lab)
    lab.slide("rate_d", "ArrowRight", 3)
    lab.slide("rate_g", "ArrowLeft", 3)
    shown = lambda: one.evaluate("lab.panel['rate_d'], lab.panel['rate_g']")  # noqa: E731
    wanted = [before["discriminator"] * 10**0.3, before["generator"] / 10**0.3]
    one.wait_until(lambda: shown() == pytest.approx(wanted, rel=1e-3), "the sliders moved")
    one.wait_until(
        lambda: [*one.evaluate("rates()").values()] == pytest.approx(wanted, rel=1e-3), "the rates"
    )
    lab.count_frames()
    lab.wait_for_frames(3)
    stop(lab)
    assert one.evaluate("len(traces)") == 0
    one.execute("lab.panel.set(penalty='r1')", browser.KERNEL_SECONDS)  # new rules: a new trace
    assert one.evaluate("len(traces)") > 0
    one.execute("type(lab.game).losses = original")


def test_another_cell_runs_while_it_plays(one, lab):
    play(lab)
    one.execute("answer = None")
    one.run_cell(2)
    assert one.evaluate("answer") == 42
    lab.count_frames()
    lab.wait_for_frames(3)
    assert lab.is_playing


def test_reset_while_it_plays_leaves_finite_weights(one, lab):
    play(lab)
    for attempt in range(20):
        lab.click("reset")
        one.page.wait_for_timeout(37 * attempt % 150)  # at another moment of a tick each time
        assert one.evaluate("is_finite()"), f"after {attempt + 1} resets"
    lab.count_frames()
    lab.wait_for_frames(2)
    stop(lab)
    assert one.evaluate("is_finite()")


def test_an_error_in_a_game_is_told_and_the_clock_stops(one, lab):
    one.execute("""
def broken(seconds):
    raise FloatingPointError("the weights <left> the numbers")
lab.burst = broken
""")
    lab.play()
    told = "FloatingPointError: the weights <left> the numbers"
    one.wait_until(lambda: told in lab.text("message"), "the message")
    one.wait_until(lambda: not lab.is_playing, "the clock stands still")
    assert not one.evaluate("lab.frame.playing")
    one.execute("del lab.burst")
    play(lab)


# Buttons and controls -----------------------------------------------------------------------


@pytest.mark.parametrize(("sign", "mover"), [("D", "discriminator"), ("G", "generator")])
def test_a_move_moves_one_side_alone(one, lab, sign, mover):
    before = one.evaluate("fingerprints()")
    lab.click(f"move-{sign}")
    changed = lambda: {n for n, f in one.evaluate("fingerprints()").items() if f != before[n]}  # noqa: E731
    one.wait_until(changed, f"{sign} moved")
    assert changed() == {mover}
    one.wait_until(lambda: f"{sign} alone has moved" in lab.text("message"), "it is told")


def test_a_preset_sets_the_controls_and_says_what_to_look_for(one, lab):
    name = one.evaluate("list(lab.presets)")[0]
    lab.choose("preset", name)
    watch = one.evaluate(f"lab.presets[{name!r}].watch")
    one.wait_until(lambda: watch in lab.text("message"), "what to look for", browser.KERNEL_SECONDS)
    settings = one.evaluate(f"dict(lab.presets[{name!r}].settings)")
    values = one.evaluate("lab.panel.values")
    for key, value in settings.items():  # a slider rounds to its steps
        assert values[key] == (
            pytest.approx(value, rel=0.01) if isinstance(value, float) else value
        )
    play(lab)
    chosen = lab.part("preset").locator("option:checked")
    assert chosen.inner_text().replace("\xa0", " ") == name  # until the learner changes a control
    lab.slide("rate_d", "Home")
    one.wait_until(lambda: chosen.inner_text() != name, "no longer what the preset said")


def test_a_distribution_that_is_drawn_feeds_the_game(one, lab):
    one.page.get_by_role("tab", name="data").click()
    lab.choose("control-data", "drawn")
    lab.part("cell").wait_for(state="visible")
    lab.click("empty")
    one.wait_until(lambda: one.evaluate("len(lab.pad.points)") == 0, "the grid is empty")
    for title in ("row 2, column 3", "row 11, column 9"):
        lab.page.locator(f".tgan-cell[title='{title}']").click()
    one.wait_until(lambda: one.evaluate("len(lab.pad.points)") == 2, "two cells are filled")
    with_lock = "(lambda lock: (lock.acquire(), {}, lock.release())[1])(lab.lock)"
    near = "np.linalg.norm(lab.real[:, None] - lab.pad.points[None], axis=-1)"
    distances = one.evaluate(with_lock.format(near))
    closest = [min(pair) for pair in distances]
    assert max(closest) < 6 * one.evaluate("lab.panel['blur']")
    assert {pair.index(min(pair)) for pair in distances} == {0, 1}  # samples of both cells
    play(lab)
    stop(lab)
    one.page.get_by_role("tab", name="train").click()


def test_the_keyboard_alone_plays_pauses_and_moves_a_slider(one, lab):
    def tab_to(selector, key="Tab"):
        reached = "selector => document.activeElement?.matches(selector)"
        for _ in range(60):
            if one.page.evaluate(reached, selector):
                return
            one.page.keyboard.press(key)
        pytest.fail(f"{key} did not reach {selector}")

    one.page.locator(".jp-CodeCell").nth(1).focus()
    lab.count_frames()
    tab_to(".tgan-play button")
    one.page.keyboard.press("Space")
    lab.wait_for_frames(3)
    rate = one.evaluate("lab.panel['rate_d']")
    tab_to(".tgan-control-rate_d [role=slider]")
    one.page.keyboard.press("ArrowRight")
    one.wait_until(lambda: one.evaluate("lab.panel['rate_d']") > rate, "the slider moved")
    tab_to(".tgan-play button", "Shift+Tab")
    tab_to(".tgan-play button:has(.fa-pause)", "Shift+Tab")
    one.page.keyboard.press("Enter")
    one.wait_until(lambda: not one.evaluate("lab.frame.playing"), "paused")


# On the page --------------------------------------------------------------------------------

# Parts that stand out of what clips them: to the right or left of the notebook's panel, or of a
# box that scrolls.
CLIPPED = """() => {
    const lab = document.querySelector(".tgan-lab"), found = [];
    const seen = e => e.getClientRects().length && getComputedStyle(e).visibility !== "hidden";
    const panel = lab.closest(".jp-NotebookPanel, .jp-Notebook").getBoundingClientRect();
    for (const e of [lab, ...lab.querySelectorAll("*")].filter(seen)) {
        const box = e.getBoundingClientRect(), name = e.tagName + "." + e.className;
        if (box.width && (box.left < panel.left || box.right > panel.right)) found.push(name);
        const scrolls = ["auto", "scroll", "hidden"].includes(getComputedStyle(e).overflowX);
        if (scrolls && e.scrollWidth > e.clientWidth + 1) 
            found.push(`${name} scrolls: ${e.scrollWidth} > ${e.clientWidth}`);
    }
    return found;
}"""
# Contrast of a text with what is behind it, as WCAG 2 defines it.
CONTRAST = """selector => {
    const numbers = color => color.match(/[\\d.]+/g).map(Number);
    const opaque = e => { const c = numbers(getComputedStyle(e).backgroundColor);
        return c.length < 4 || c[3] === 1 ? c : opaque(e.parentElement); };
    const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(
        v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4
        ).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const text = document.querySelector(selector);
    const pair = [light(numbers(getComputedStyle(text).color)), light(opaque(text))];
    return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
}"""


def test_nothing_is_clipped_on_a_projector(one, lab):
    play(lab)
    stop(lab)
    lab.part("lab").evaluate("e => e.scrollIntoView()")
    assert one.page.viewport_size == {"width": 1280, "height": 720}
    assert one.page.locator(".jp-FileBrowser").first.is_visible()
    assert one.page.evaluate(CLIPPED) == []
    bottom = one.page.locator(".jp-WindowedPanel-outer").first.bounding_box()
    for name in ("play", "status", "picture", "control-rate_d"):
        box = lab.part(name).bounding_box()
        assert box["y"] + box["height"] <= bottom["y"] + bottom["height"], name


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
def test_texts_can_be_read_in_either_theme(one, lab, theme):
    lab.click("move-D")
    one.wait_until(lambda: lab.text("message"), "a message")
    one.set_theme(theme)  # the light one last
    texts = (".tgan-status .widget-html-content", ".tgan-message [role=status]")
    for selector in (*texts, ".tgan-control-rate_d label", ".tgan-reset"):
        assert one.page.evaluate(CONTRAST, selector) >= 4.5, selector


# After it -----------------------------------------------------------------------------------


def test_after_a_reload_of_the_page_the_lab_works(one, lab):
    play(lab)
    one.save()
    one.reload()
    lab.wait_for(seconds=browser.KERNEL_SECONDS)
    if lab.is_playing:
        stop(lab)
    rounds = one.evaluate("lab.rounds")
    play(lab)
    lab.slide("rate_d", "Home")
    one.wait_until(lambda: one.evaluate("lab.panel['rate_d']") == pytest.approx(1e-5), "the slider")
    stop(lab)
    assert one.evaluate("lab.rounds") > rounds


@pytest.fixture
def saved(one, lab):
    """The notebook as it is saved after a run, and the round that it ended with."""
    one.run_cell(1)
    one.execute(ANEW)
    lab.wait_for()
    play(lab)
    stop(lab)
    one.page.wait_for_timeout(500)
    return one.save(), one.evaluate("lab.rounds")


PICTURE_OF_A_STILL = "img[src^='data:image/']"


def test_a_saved_notebook_without_a_kernel_shows_the_last_frame(saved, chromium, server):
    notebook, rounds = saved
    notebook.metadata = {"kernelspec": {"name": "nowhere", "display_name": "Nowhere"}}
    nbformat.write(notebook, server.folder / "no_kernel.ipynb")
    with browser.open_page(chromium, server, "no_kernel.ipynb") as page:
        page.page.locator(".jp-Dialog button", has_text="No Kernel").click()
        check_still(page.page.locator(".jp-Notebook"), rounds)


def test_a_saved_notebook_with_a_new_kernel_shows_the_last_frame(saved, chromium, server):
    notebook, rounds = saved
    nbformat.write(notebook, server.folder / "new_kernel.ipynb")
    with browser.open_page(chromium, server, "new_kernel.ipynb") as page:
        page.wait_for_kernel()
        check_still(page.page.locator(".jp-Notebook"), rounds)


def test_a_page_made_of_a_saved_notebook_shows_the_last_frame(saved, chromium, tmp_path):
    notebook, rounds = saved
    path = tmp_path / "page.html"
    path.write_text(execute.to_html(notebook, tmp_path, "page"), encoding="utf-8")
    context = chromium.new_context(offline=True)
    try:
        page = context.new_page()
        page.goto(path.as_uri())
        check_still(page.locator("body"), rounds)
    finally:
        context.close()


def check_still(place, rounds):
    still = place.locator(PICTURE_OF_A_STILL).first
    still.scroll_into_view_if_needed()
    still.wait_for(state="visible")
    assert still.evaluate("e => e.complete && e.naturalWidth > 100")
    assert still.get_attribute("alt")
    assert re.search(rf"\bround {rounds:,}\b", place.inner_text())


# Notebook 7 ---------------------------------------------------------------------------------


@needs("notebook")
def test_it_works_in_notebook_7_too(chromium):
    with (
        jupyter.serve("notebook") as server,
        browser.open_notebook(chromium, server, CELLS) as notebook,
    ):
        lab = notebook.lab
        lab.wait_for()
        play(lab)
        before = notebook.evaluate("lab.panel['rate_d']")
        lab.slide("rate_d", "PageUp")  # Notebook 7 keeps the arrow keys for itself
        notebook.wait_until(lambda: notebook.evaluate("lab.panel['rate_d']") > before, "the rate")
        lab.count_frames()
        lab.wait_for_frames(3)
        stop(lab)
        assert notebook.page.evaluate(CLIPPED) == []
        assert notebook.evaluate("lab.rounds") > 0
