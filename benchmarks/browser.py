"""Drives a notebook, and the live lab in it, in a real browser: for tests and for measurements.

Works with JupyterLab 4 and Notebook 7. Nothing here waits by counting seconds: what is waited for
is asked again and again, up to a generous limit, because the machine may be busy with other work.
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from nbformat import NotebookNode
    from playwright.sync_api import Browser, Locator, Page

    from benchmarks.jupyter import Server

VARIABLE = "TGAN_LESSONS_CHROMIUM"  # a path, where the browser is not found by its name
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = ("--no-sandbox", "--disable-background-networking", "--disable-dev-shm-usage")
SIZE = (1280, 720)  # pixels of the page: a projector's
SECONDS = 60  # for anything on a page
KERNEL_SECONDS = 180  # for a kernel to start, for cells to run: TensorFlow is imported in them

T = TypeVar("T")

PANEL = "window.jupyterapp?.shell?.currentWidget"
KERNEL = f"{PANEL}?.sessionContext?.session?.kernel"
IS_CONNECTED = f"() => {KERNEL}?.connectionStatus === 'connected'"
IS_READY = f"() => {KERNEL}?.connectionStatus === 'connected' && {KERNEL}?.status === 'idle'"
# Runs code in the kernel, on the connection that the page has to it; the answer is fetched later.
REQUEST = f"""([key, code, expression]) => {{
    const answers = (window.tganAnswers ??= {{}});
    const request = {{code, store_history: false, user_expressions: {{value: expression}},
                      allow_stdin: false, stop_on_error: false}};
    {KERNEL}.requestExecute(request).done.then(
        message => {{ answers[key] = message.content; }},
        error => {{ answers[key] = {{status: "error", ename: "page", evalue: String(error)}}; }});
}}"""
# Starts one of the front end's own commands; its end is asked for later, never awaited.
COMMAND = """([key, name, options]) => {
    const ended = (window.tganEnded ??= {});
    window.jupyterapp.commands.execute(name, options).then(
        () => { ended[key] = "done"; }, error => { ended[key] = String(error); });
}"""
ERRORS = f"""() => {PANEL}.content.widgets.flatMap(cell =>
    (cell.model.sharedModel.outputs ?? []).filter(output => output.output_type === "error")
    ).map(error => `${{error.ename}}: ${{error.evalue}}`)"""
COUNT = """() => {
    window.tganObserver?.disconnect();
    const frames = (window.tganFrames = []);
    window.tganObserver = new MutationObserver(changes => changes.forEach(change => {
        if (change.target.matches("img.tgan-picture, .tgan-picture img"))
            frames.push(performance.timeOrigin + performance.now());
    }));
    window.tganObserver.observe(
        document.body, {subtree: true, attributes: true, attributeFilter: ["src"]});
}"""


def find_chromium() -> str | None:
    """The browser's path: that of the variable `TGAN_LESSONS_CHROMIUM`, else found by its name."""
    names = (os.environ.get(VARIABLE, ""), *NAMES)
    return next(filter(None, map(shutil.which, filter(None, names))), None)


def missing(front_end: str = "lab") -> str | None:
    """Why no browser can be driven here, in a sentence; `None` where one can."""
    for package in ("playwright", {"lab": "jupyterlab"}.get(front_end, front_end)):
        if importlib.util.find_spec(package) is None:
            return f"{package} is not installed: pip install {package}"
    if find_chromium() is None:
        return f"no Chromium found: install one, or set {VARIABLE} to its path"
    return None


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Starts the browser, without a window; ends it at the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=[*OPTIONS])
        try:
            yield browser
        finally:
            browser.close()


def write_notebook(
    server: Server, name: str, cells: Sequence[str], kernel: str = "python3"
) -> Path:
    """Writes a notebook of code cells into the server's folder; returns its path."""
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    spec = {"name": kernel, "display_name": kernel, "language": "python"}
    notebook = new_notebook(
        cells=[new_code_cell(cell) for cell in cells], metadata={"kernelspec": spec}
    )
    path = server.folder / name
    nbformat.write(notebook, path)
    return path


@contextlib.contextmanager
def open_notebook(
    browser: Browser,
    server: Server,
    cells: Sequence[str],
    *,
    name: str = "lesson.ipynb",
    size: tuple[int, int] = SIZE,
) -> Iterator[NotebookPage]:
    """Writes a notebook, opens it, runs every cell; at the end shuts its kernel down.

    Args:
        browser: from `chromium`.
        server: from `jupyter.serve`.
        cells: the source of each code cell.
        name: of its file; two notebooks of one server need two names.
        size: of the page, in pixels.
    """
    write_notebook(server, name, cells)
    with open_page(browser, server, name, size=size) as page:
        page.wait_for_kernel()
        page.run_all()
        yield page


@contextlib.contextmanager
def open_page(
    browser: Browser, server: Server, name: str, *, size: tuple[int, int] = SIZE
) -> Iterator[NotebookPage]:
    """Opens a notebook of the server's folder; waits for nothing but the page."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    context.set_default_timeout(1000 * SECONDS)
    notebook = NotebookPage(context.new_page(), server, name)
    try:
        notebook.page.goto(server.notebook_address(name), timeout=1000 * KERNEL_SECONDS)
        yield notebook
    finally:
        notebook.shut_down()
        context.close()


class NotebookPage:
    """A notebook on a page, and the kernel behind it.

    Attributes:
        page: Playwright's.
        lab: the live lab in it.
    """

    def __init__(self, page: Page, server: Server, name: str) -> None:
        self.page, self.server, self.name = page, server, name
        self.lab = LabOnPage(self)
        self.told: list[str] = []  # errors in the browser's console
        self._keys = itertools.count()
        page.on("console", lambda m: self.told.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.told.append(str(error)))

    def wait_until(self, check: Callable[[], T], what: str, seconds: float = SECONDS) -> T:
        """Asks `check` until it is true, and returns what it said.

        Raises:
            TimeoutError: after `seconds`, with `what`, what `check` said last, and the errors in
                the browser's console.
        """
        limit = time.monotonic() + seconds
        while not (value := check()):
            if time.monotonic() > limit:
                told = f"\nThe browser said: {self.told[-5:]}" if self.told else ""
                raise TimeoutError(f"{what}: not after {seconds:g} s, but {value!r}{told}")
            self.page.wait_for_timeout(50)
        return value

    def wait_for_kernel(self) -> None:
        """Returns when the kernel is connected and has nothing to do."""
        self.wait_until(lambda: self.page.evaluate(IS_READY), "kernel ready", KERNEL_SECONDS)

    def run_all(self) -> None:
        """Runs every cell.

        Raises:
            RuntimeError: with the first error that a cell ended with.
        """
        self.command("notebook:run-all-cells", seconds=KERNEL_SECONDS)
        if errors := self.page.evaluate(ERRORS):
            raise RuntimeError(f"a cell of {self.name} failed: {errors[0]}")

    def run_cell(self, index: int) -> None:
        """Runs one cell, which is on the page then."""
        activate = f"index => {{ ({PANEL}).content.activeCellIndex = index; }}"
        self.page.evaluate(activate.replace("?.", "."), index)
        self.command("notebook:run-cell", seconds=KERNEL_SECONDS)

    def command(
        self, name: str, options: dict[str, object] | None = None, *, seconds: float = SECONDS
    ) -> None:
        """Gives one of the front end's own commands and returns when it has ended."""
        key = f"{next(self._keys)}"
        self.page.evaluate(COMMAND, [key, name, options or {}])
        ended = self.wait_until(
            lambda: self.page.evaluate("key => window.tganEnded?.[key]", key), name, seconds
        )
        if ended != "done":
            raise RuntimeError(f"{name}: {ended}")

    def execute(self, code: str, seconds: float = SECONDS) -> None:
        """Runs code in the notebook's kernel, also while a lab plays."""
        self._request(code, "None", seconds)

    def evaluate(self, expression: str, seconds: float = SECONDS) -> Any:
        """What an expression is in the notebook's kernel, as JSON; also while a lab plays.

        It runs between two ticks or, where widgets have a thread of their own, beside one: take
        `lab.lock` where that matters.
        """
        plain = "default=lambda x: x.tolist()"  # NumPy's and TensorFlow's numbers
        text = self._request("", f"__import__('json').dumps(({expression}), {plain})", seconds)
        return json.loads(_unquote(text))

    def _request(self, code: str, expression: str, seconds: float) -> str:
        key = f"{next(self._keys)}"
        self.page.evaluate(REQUEST, [key, code, expression])
        answer = self.wait_until(
            lambda: self.page.evaluate("key => window.tganAnswers?.[key]", key),
            f"the kernel answers {code or expression!r}",
            seconds,
        )
        value = answer.get("user_expressions", {}).get("value", answer)
        if value["status"] != "ok":
            raise RuntimeError(f"in the kernel: {value.get('ename')}: {value.get('evalue')}")
        return value["data"]["text/plain"]

    def save(self) -> NotebookNode:
        """Saves the notebook as its page does; returns what is then in the file."""
        import nbformat

        self.command("docmanager:save")
        return nbformat.read(self.server.folder / self.name, as_version=4)

    def reload(self) -> None:
        """Loads the page anew; the kernel goes on."""
        self.page.reload(timeout=1000 * KERNEL_SECONDS)
        connected = lambda: self.page.evaluate(IS_CONNECTED)  # noqa: E731
        self.wait_until(connected, "connected to the kernel again", KERNEL_SECONDS)

    def set_theme(self, name: str) -> None:
        """Changes the colours, such as to `"JupyterLab Dark"`; returns when they have changed."""
        self.command("apputils:change-theme", {"theme": name})
        themed = "name => document.body.dataset.jpThemeName === name"
        self.wait_until(lambda: self.page.evaluate(themed, name), f"theme {name}")

    def screenshot(self, path: Path | str) -> None:
        """Writes what the page shows as a PNG file."""
        self.page.screenshot(path=path)

    def shut_down(self) -> None:
        """Ends the notebook's kernel, where it has one."""
        for session in self.server.ask("api/sessions"):
            if session["path"] == self.name:
                self.server.ask(f"api/sessions/{session['id']}", "DELETE")


def _unquote(text: str) -> str:
    import ast

    return ast.literal_eval(text)


class LabOnPage:
    """A live lab as a person meets it: found by its parts' CSS classes, moved by mouse and keys."""

    def __init__(self, notebook: NotebookPage) -> None:
        self.notebook, self.page = notebook, notebook.page

    def part(self, name: str) -> Locator:
        """The element of the class `tgan-NAME`."""
        return self.page.locator(f".tgan-{name}").first

    def control(self, name: str) -> Locator:
        """The element of a control."""
        return self.part(f"control-{name}")

    def text(self, name: str) -> str:
        """What a part says."""
        return self.part(name).inner_text()

    def play(self) -> None:
        """Clicks ▶."""
        self.clock("play").click()

    def pause(self) -> None:
        """Clicks ⏸."""
        self.clock("pause").click()

    def clock(self, icon: str) -> Locator:
        """The button of the clock that shows `play`, `pause`, `stop` or `retweet`."""
        return self.part("play").locator(f"button:has(.fa-{icon})")

    @property
    def is_playing(self) -> bool:
        """Whether the clock shows ⏸."""
        return self.clock("pause").count() > 0

    def click(self, name: str) -> None:
        """Clicks a part that is a button."""
        button = self.part(name)
        (
            button if button.evaluate("e => e.tagName") == "BUTTON" else button.locator("button")
        ).click()

    def handle(self, control: str) -> Locator:
        """What a slider is moved by."""
        return self.control(control).locator("[role=slider]").first

    def slide(self, control: str, key: str = "ArrowRight", times: int = 1) -> None:
        """Moves a slider as the keyboard does: focus, then arrow keys."""
        handle = self.handle(control)
        handle.focus()
        for _ in range(times):
            handle.press(key)

    def choose(self, control: str, label: str) -> None:
        """Chooses from a list by what it shows."""
        self.part(control).locator("select").select_option(label=label)

    def picture(self) -> Locator:
        """The image itself."""
        return self.page.locator("img.tgan-picture, .tgan-picture img").first

    def count_frames(self) -> None:
        """Counts the frames from now on."""
        self.page.evaluate(COUNT)

    def frames(self) -> list[float]:
        """When each frame since `count_frames` came: milliseconds, the browser's clock."""
        return self.page.evaluate("() => window.tganFrames ?? []")

    def wait_for_frames(self, count: int, seconds: float = SECONDS) -> list[float]:
        """Returns when `count` frames have come since `count_frames`."""
        enough = lambda: frames if len(frames := self.frames()) >= count else None  # noqa: E731
        return self.notebook.wait_until(enough, f"{count} frames", seconds)

    def wait_for(self, name: str = "lab", seconds: float = SECONDS) -> None:
        """Returns when a part is seen, its pictures loaded."""
        self.part(name).wait_for(state="visible", timeout=1000 * seconds)
        self.notebook.wait_until(self.is_drawn, "the picture is drawn", seconds)

    def is_drawn(self) -> bool:
        """Whether the picture is on the page, with pixels."""
        drawn = "e => e.complete && e.naturalWidth > 0"
        return self.picture().is_visible() and self.picture().evaluate(drawn)
