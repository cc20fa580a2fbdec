"""What MkDocs does not know about this repository: which of its files are pages of the site.

The site has the repository's own layout, so that a link which works on GitHub works here. Links to
files that are not pages lead to GitHub. `mkdocs.yml` names this module.
"""

from __future__ import annotations

import logging
import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import jupyter_server_mathjax
import mkdocs_jupyter.config
from lesson_map import cards  # MkDocs lets a hook import what lies beside it
from links import find_dead
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.toc import get_toc

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
MATHJAX = Path(jupyter_server_mathjax.__file__).parent / "static"
FORMULAS = (  # what MathJax needs for TeX on a page; the rest of it is three times as large
    "LICENSE",
    "MathJax.js",
    "config/*",
    "extensions/*.js",
    "extensions/TeX/*",
    "extensions/HTML-CSS/*",
    "fonts/**/*",
    "jax/element/**/*",
    "jax/input/TeX/**/*",
    "jax/output/HTML-CSS/**/*",
)
LESSONS, SOLUTIONS = "notebooks/[0-9]*.ipynb", "notebooks/solutions/[0-9]*.ipynb"
GUIDE = ("docs/guide/index.md", "docs/guide/**/*.md")
TEXTS = ("docs/*.md", "deploy/**/*.md")
OTHERS = ("notebooks/images/**/*.*", "docs/assets/*", "docs/**/*.png", "benchmarks/results/*.png")
MAP, TIMES = "lessons.md", "The time is what a lesson computes on two cores."
LINK = re.compile(r"(?<=\]\()([^)\s#:]+)(?=[)#])")
BADGE = re.compile(r'<a href="(https://colab\.[^"]+)">\s*<img [^>]*colab-badge[^>]*>\s*</a>')
HEADING = re.compile(r'<h([1-6]) id="([^"]+)">(.*?)<a class="anchor-link"', re.DOTALL)
TAG = re.compile(r"<[^>]+>")
TABLE = re.compile(r"^\|.*\| lesson \|.*\n(?:\|.*\n)+", re.MULTILINE)  # README's map
BUTTON = ' <a class="md-button" {}>{}</a>'
SOURCE = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["tgan-lessons"]
LOG = logging.getLogger("mkdocs.site")

mkdocs_jupyter.config.settings.templates_dir = str(ROOT / "docs" / "templates")


def _find(*patterns: str, root: Path = ROOT) -> list[str]:
    """The files of a folder that fit, in the patterns' order."""
    paths = [path for pattern in patterns for path in sorted(root.glob(pattern)) if path.is_file()]
    return list(dict.fromkeys(path.relative_to(root).as_posix() for path in paths))


def on_config(config: MkDocsConfig) -> None:
    """The navigation: what there is of each kind."""
    sections = {
        "Start": "README.md",
        "Lessons": [MAP, *_find(LESSONS)],
        "Solutions": _find(SOLUTIONS),
        "Teaching": _find(*GUIDE),
        "A class, a server": _find(*TEXTS),
        "Measured": "benchmarks/README.md",
        "Contributing": "CONTRIBUTING.md",
    }
    config.nav = [{title: pages} for title, pages in sections.items() if pages]


@event_priority(100)  # before the plug-in looks for notebooks among them
def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The theme's files; of the repository the pages and what they show; MathJax."""
    pages = _find("README.md", "CONTRIBUTING.md", "benchmarks/README.md", LESSONS, SOLUTIONS)
    paths = (*pages, *_find(*GUIDE, *TEXTS, *OTHERS))
    ours = [File(path, str(ROOT), config.site_dir, use_directory_urls=False) for path in paths]
    ours += [
        File.generated(config, f"mathjax/{path}", abs_src_path=str(MATHJAX / path))
        for path in _find(*FORMULAS, root=MATHJAX)
    ]
    ours.append(File.generated(config, MAP, content=f"# The lessons\n\n{cards()}\n\n{TIMES}\n"))
    return Files([*(file for file in files if file.src_dir != config.docs_dir), *ours])


def on_page_markdown(markdown: str, page: Page, files: Files, **_: object) -> str:
    """A link to a file of the repository that is no page leads to GitHub, one to a folder into it.

    The README's map of the lessons is cards here: a table of five columns fits no phone.
    """
    folder = Path(page.file.src_uri).parent

    def lead(link: re.Match[str]) -> str:
        uri = os.path.normpath(folder / link[1]).replace(os.sep, "/")
        if files.get_file_from_path(uri) or not (ROOT / uri).exists():
            return link[1]  # MkDocs follows it, and warns of a dead one
        pages = [file.src_uri for file in files.documentation_pages()]
        if inside := [page for page in pages if page.startswith(f"{uri}/")]:
            return os.path.relpath(inside[0], folder).replace(os.sep, "/")
        return f"https://github.com/{SOURCE['repository']}/blob/{SOURCE['branch']}/{uri}"

    return LINK.sub(lead, TABLE.sub(f"{cards()}\n\n{TIMES}\n", markdown))


def on_page_content(html: str, page: Page, **_: object) -> str:
    """Buttons in place of the Colab badge, which is a web picture; a notebook's contents."""
    path, links = Path(page.file.src_uri), ""
    if path.suffix == ".ipynb":
        is_solution = path.parent.name == "solutions"
        other = f"../{path.stem}.html" if is_solution else f"solutions/{path.stem}.html"
        links = BUTTON.format(f'href="{other}"', "Lesson" if is_solution else "Solutions")
        links += BUTTON.format(f'href="{path.name}" download', "Download the notebook")
        page.toc = get_toc(_nest(HEADING.findall(html)))

    def buttons(badge: re.Match[str]) -> str:
        return BUTTON.format(f'href="{badge[1]}"', "Open in Colab") + links

    return BADGE.sub(buttons, html)


def _nest(headings: list[tuple[str, str, str]]) -> list[dict]:
    """The contents as MkDocs wants them, from the level, id and HTML of each heading."""
    top: dict = {"level": 0, "children": []}
    above = [top]
    for level, place, html in headings:
        name = TAG.sub("", html).strip()
        token = {"level": int(level), "id": place, "name": name, "children": []}
        while above[-1]["level"] >= token["level"]:
            above.pop()
        above[-1]["children"].append(token)
        above.append(token)
    return top["children"]


def on_post_build(config: MkDocsConfig) -> None:
    """Warns of each dead link; `--strict` makes it an error."""
    for dead in find_dead(Path(config.site_dir)):
        LOG.warning(dead)
