"""The static site: what a reader finds in the pages that `mkdocs build --strict` writes."""

import functools
import http.server
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from benchmarks import browser
from docs.links import find_dead

ROOT = Path(__file__).resolve().parents[1]
LESSON = "00_start_here"
PARTS = ("mkdocs", "material", "mkdocs_jupyter", "jupyter_server_mathjax")
missing = [part for part in PARTS if importlib.util.find_spec(part) is None]
needs_mkdocs = pytest.mark.skipif(bool(missing), reason=f"not installed: {missing}")


# The checker of links -----------------------------------------------------------------------

ALIVE = """<h1 id="top">a</h1><a href="#top"><a href="b/c%20d.html?x=1#place"><a href="b/">
<a href="https://example.org/x"><a href="mailto:a@b.c"><img src="data:image/png;base64,AA==">
<link rel="canonical" href="https://example.org/"><p style="background: url('p.png')">"""


@pytest.fixture
def pages(tmp_path):
    site = tmp_path / "site"
    (site / "b").mkdir(parents=True)
    (site / "index.html").write_text(ALIVE)
    (site / "p.png").touch()
    (site / "b" / "c d.html").write_text('<p id="place"><a href="../index.html#top">')
    (site / "b" / "index.html").touch()
    (tmp_path / "outside.html").touch()  # it is there, and does not come with the site
    return site


def test_living_links_are_left_alone(pages):
    assert find_dead(pages) == []


@pytest.mark.parametrize(
    "html",
    [
        '<a href="gone.html">',
        '<a href="#gone">',
        '<a href="b/c d.html#gone">',
        '<a href="b/index.html/c d.html">',
        '<a href="/index.html">',  # not where the site is in a folder of a server
        '<a href="../outside.html">',
        '<img src="gone.png" alt="">',
        '<img srcset="p.png 1x, gone.png 2x">',
        '<script src="gone.js"></script>',
        '<link rel="stylesheet" href="https://example.org/a.css">',
        '<script src="//example.org/a.js"></script>',
        '<img src="https://example.org/a.png">',
        "<style>@import 'https://example.org/a.css';</style>",
        "<style>p { background: url(https://example.org/a.png) }</style>",
        '<p style="background: url(gone.png)">',
    ],
)
def test_a_dead_link_and_a_foreign_file_are_named(pages, html):
    (pages / "new.html").write_text(html)
    (told,) = find_dead(pages)
    assert told.startswith("new.html ")


def test_a_style_sheet_that_asks_another_host_is_named(pages):
    (pages / "a.css").write_text("@font-face { src: url('https://example.org/a.woff') }")
    assert find_dead(pages) == ["a.css loads from another host: https://example.org/a.woff"]


def test_a_folder_without_pages_is_refused(tmp_path):
    with pytest.raises(ValueError, match="`site` must be a folder with HTML pages"):
        find_dead(tmp_path)


# A small site -------------------------------------------------------------------------------

README = """# A course

[A lesson](notebooks/00_start_here.ipynb), [solutions](notebooks/solutions),
[a guide](docs/guide/one.md#part), [code](tests/code.py), [figures](benchmarks/README.md).
"""
FILES = {
    "README.md": README,
    "CONTRIBUTING.md": "# Contributing\n",
    "benchmarks/README.md": "# Figures\n",
    "docs/guide/one.md": "# A guide\n\n## Part\n\nA formula: $x^2$. [Back](../../README.md)\n",
    "tests/code.py": "",
}


@pytest.fixture
def checkout(tmp_path):
    """A repository with one lesson."""
    for path in ("notebooks", "notebooks/solutions"):
        (tmp_path / path).mkdir()
        shutil.copy(ROOT / path / f"{LESSON}.ipynb", tmp_path / path)
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("*.md"))
    for path in ("mkdocs.yml", "pyproject.toml"):
        shutil.copy(ROOT / path, tmp_path / path)
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    return tmp_path


def build(folder, site):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=500
    )


def read(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def described(notebook_path):
    """The alternative texts of a notebook's pictures, as they are in the file."""
    cells = json.loads(notebook_path.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    pictures = [o for o in outputs if "image/png" in o.get("data", {})]
    return [o["metadata"]["image/png"]["alt"] for o in pictures]


def check_lesson(site, path, source):
    """One page of a notebook: pictures with their texts, links, and its own file beside it."""
    page = read(site / path)
    pictures = page.select(".jp-RenderedImage img")
    assert [picture["alt"] for picture in pictures] == described(source)
    assert all(picture["src"].startswith("data:image/png;base64,") for picture in pictures)
    links = {link.get_text(): link["href"] for link in page.select("a.md-button")}
    assert links["Open in Colab"].endswith(
        f"/notebooks/{path.removeprefix('notebooks/')[:-5]}.ipynb"
    )
    assert (site / path).with_name(
        links["Download the notebook"]
    ).read_bytes() == source.read_bytes()
    other = links.get("Solutions") or links["Lesson"]
    assert ("solutions" in path) != ("solutions" in other)
    assert len(page.find_all("h1")) == 1
    return page


@needs_mkdocs
def test_a_lesson_becomes_a_page(checkout, tmp_path):
    site = tmp_path / "site"
    done = build(checkout, site)
    assert done.returncode == 0, done.stdout + done.stderr
    assert find_dead(site) == []
    for folder in ("notebooks", "notebooks/solutions"):
        check_lesson(site, f"{folder}/{LESSON}.html", checkout / folder / f"{LESSON}.ipynb")
    links = {a.get_text(): a["href"] for a in read(site / "index.html").select("article a")}
    assert links["A lesson"] == f"notebooks/{LESSON}.html"
    assert links["solutions"] == f"notebooks/solutions/{LESSON}.html"
    assert links["code"] == "https://github.com/tgan-lessons/tgan_lessons/blob/main/tests/code.py"
    assert links["a guide"] == "docs/guide/one.html#part"


@needs_mkdocs
def test_dead_links_fail_the_build(checkout, tmp_path):
    (checkout / "docs" / "guide" / "two.md").write_text(
        "# Two\n\n[no](one.md#gone) [no](gone.md)\n"
    )
    path = checkout / "notebooks" / f"{LESSON}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"][-1]["source"] = ["[no](images/gone.png), [no](00_gone.html)"]
    path.write_text(json.dumps(notebook), encoding="utf-8")
    done = build(checkout, tmp_path / "site")
    assert done.returncode != 0
    for dead in ("one.md#gone", "gone.md", "images/gone.png", "00_gone.html"):
        assert dead in done.stderr


# The whole site -----------------------------------------------------------------------------

# What the page shows on a telephone: its width, what stands out of it, formulas, pictures.
LOOK = """() => {
    const scrolls = e => e && e !== document.body
        && (getComputedStyle(e).overflowX !== "visible" || scrolls(e.parentElement));
    const wide = [...document.querySelectorAll("article *")].filter(
        e => e.getBoundingClientRect().right > innerWidth + 1 && !scrolls(e.parentElement));
    const texts = [...document.querySelectorAll(".jp-RenderedMarkdown")].map(e => e.innerText);
    return {
        width: document.documentElement.scrollWidth,
        wide: wide.map(e => `${e.tagName} ${e.textContent.slice(0, 60)}`),
        formulas: document.querySelectorAll("article .MathJax").length,
        raw: texts.filter(text => text.includes("$")),
        errors: document.querySelectorAll(".MathJax_Error, .noError").length,
        unseen: [...document.images].filter(i => !i.complete || !i.naturalWidth).map(i => i.src),
    };
}"""
TYPESET = "() => new Promise(done => MathJax.Hub.Queue(() => done(true)))"
WIDTH = 390  # pixels


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    site = tmp_path_factory.mktemp("whole") / "site"
    done = build(ROOT, site)
    assert done.returncode == 0, done.stdout + done.stderr
    return site


@pytest.fixture(scope="module")
def address(whole):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=str(whole))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.long
@needs_mkdocs
def test_the_whole_site_has_every_notebook_and_no_dead_link(whole):
    assert find_dead(whole) == []
    for folder in ("notebooks", "notebooks/solutions"):
        sources = sorted((ROOT / folder).glob("[0-9]*.ipynb"))
        assert len(sources) == 16
        for source in sources:
            check_lesson(whole, f"{folder}/{source.stem}.html", source)
    assert len(read(whole / "lessons.html").select(".lessons a")) == 16


@pytest.mark.long
@needs_mkdocs
@pytest.mark.browser
@pytest.mark.skipif(browser.missing() is not None, reason=str(browser.missing()))
def test_every_page_is_read_on_a_telephone_and_asks_nobody_else(whole, address):
    asked, seen = set(), {}
    with browser.chromium() as chromium:
        page = chromium.new_page(viewport={"width": WIDTH, "height": 844})
        page.on("request", lambda request: asked.add(request.url))
        for path in sorted(whole.rglob("*.html")):
            name = path.relative_to(whole).as_posix()
            page.goto(address + name, timeout=120_000)
            page.evaluate(TYPESET)
            page.wait_for_function("() => [...document.images].every(i => i.complete)")
            seen[name] = page.evaluate(LOOK)
        page.goto(f"{address}index.html")
        page.locator("label[for=__search]").first.click()
        page.get_by_role("textbox", name="Search").press_sequentially("Wasserstein")
        page.locator(".md-search-result__link").first.wait_for(timeout=60_000)
    foreign = {url for url in asked if not url.startswith((address, "data:", "blob:"))}
    assert foreign <= {"about:blank"}
    for name, look in seen.items():
        assert look["width"] <= WIDTH and look["wide"] == [], name
        assert look["raw"] == look["unseen"] == [] and look["errors"] == 0, name
    assert seen["notebooks/04_the_gan_game.html"]["formulas"] > 20
