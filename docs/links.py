"""Dead links of a built site, and what its pages ask of other hosts.

    python -m docs.links site

MkDocs checks the links of Markdown files; this one reads the pages themselves, so that those of
notebooks, of raw HTML and of the theme are checked too. `mkdocs build` calls it.
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"img", "script", "source", "iframe", "video", "audio", "embed", "object"}
NOT_LOADED = {"canonical", "next", "prev", "alternate", "author", "license"}  # kinds of <link>
IN_STYLE = re.compile(r"""url\(\s*["']?([^"')]+)["']?\s*\)|@import\s+["']([^"']+)["']""")
AT_ROOT = "404.html"  # a server shows it at any address: its links begin at the root


class _Page(HTMLParser):
    """What a page refers to: `links` are followed by a reader, `loads` by the browser itself."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self._in_style = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value for name, value in attrs if value is not None}
        self._in_style = tag == "style"
        self.ids.update(values[key] for key in ("id", "name") if key in values)
        followed = tag != "link" or values.get("rel") in NOT_LOADED
        if "href" in values:
            (self.links if followed else self.loads).append(values["href"])
        if tag in LOADED:
            self.loads += [values[key] for key in ("src", "data", "poster") if key in values]
            self.loads += [part.split()[0] for part in values.get("srcset", "").split(", ") if part]
        self.loads += _in_style(values.get("style", ""))

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.loads += _in_style(data)

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False


def _in_style(text: str) -> list[str]:
    return [found[0] or found[1] for found in IN_STYLE.findall(text)]


def find_dead(site: Path) -> list[str]:
    """Returns what is wrong with the links of a site, a sentence each; empty where nothing is.

    Args:
        site: the folder of the built site.

    Raises:
        ValueError: if there is no page in it.
    """
    site = Path(site).resolve()
    pages = {path: _Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    if not pages:
        raise ValueError(f"`site` must be a folder with HTML pages. Received: site={str(site)!r}")
    dead = []
    for path, page in pages.items():
        name = path.relative_to(site).as_posix()
        dead += [f"{name} loads from another host: {url}" for url in page.loads if _is_foreign(url)]
        dead += [
            f"{name} refers to what is not there: {url}"
            for url in dict.fromkeys(page.links + page.loads)
            if not _is_alive(url, path, site, pages)
        ]
    for sheet in sorted(site.rglob("*.css")):
        urls = _in_style(sheet.read_text(encoding="utf-8"))
        name = sheet.relative_to(site).as_posix()
        dead += [f"{name} loads from another host: {url}" for url in urls if _is_foreign(url)]
    return dead


def _is_foreign(url: str) -> bool:
    return url.startswith("//") or urlsplit(url).scheme in ("http", "https")


def _is_alive(url: str, page: Path, site: Path, pages: dict[Path, _Page]) -> bool:
    """Whether an address leads to a file, and a place in it, of the site; others are not judged."""
    parts = urlsplit(url)
    if parts.scheme or parts.netloc:
        return True
    start = page.parent
    if parts.path.startswith("/"):
        if page.name != AT_ROOT:
            return False  # it would not lead into the site where that is in a folder of a server
        start = site
    target = (start / unquote(parts.path).lstrip("/")).resolve() if parts.path else page
    target = target / "index.html" if target.is_dir() else target
    if not target.is_relative_to(site) or not target.is_file():
        return False
    place = unquote(parts.fragment)
    return not place or target not in pages or place in pages[target].ids


def main() -> None:
    """Prints what is wrong; the exit code tells whether something is."""
    dead = find_dead(Path(sys.argv[1] if len(sys.argv) > 1 else "site"))
    print("\n".join(dead) or "No dead links.")
    sys.exit(bool(dead))


if __name__ == "__main__":
    main()
