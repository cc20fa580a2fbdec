"""The map of the lessons: one telling picture of each, small, taken from its executed notebook.

    python -m docs.lesson_map            # writes notebooks/images/map/NN.png
    python -m docs.lesson_map --readme   # and a picture into each row of the README's map

A picture is named by the beginning of its alternative text, which stays when a lesson is built
anew. What a lesson shows and how long it computes is said once, in the README's map.
"""

from __future__ import annotations

import argparse
import base64
import html
import io
import re
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops

from tgan_lessons import lessons
from tgan_lessons.execute import PICTURES
from tgan_lessons.files import write_text

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
FOLDER = ROOT / "notebooks" / "images" / "map"
SIZE, EDGE = (360, 216), 8  # of a thumbnail, and the white around its picture, in pixels
SHOWN = 160  # its width in the README
COLORS = 64
HEADER = "| | lesson |"
ROW = re.compile(
    r"^\|(?P<picture> <img [^|]*\|)? \[(?P<number>\d\d)\]\((?P<path>notebooks/\w+\.ipynb)\) "
    r"\| (?P<title>[^|]+) \| (?P<told>[^|]+) \| (?P<time>[^|]+) \|$",
    re.MULTILINE,
)
WHOLE = (0.0, 0.0, 1.0, 1.0)
# How the alternative text of a lesson's picture begins, and the part of it to show, as shares of
# width and height within its white edges: left, top, right, bottom.
MAP: dict[str, tuple[str, tuple[float, float, float, float]]] = {
    "00": ("Loss after 1,000 steps", WHOLE),
    "01": ("Accuracy over labels per class for pixels", WHOLE),
    "02": ("Gain over depth for four frozen sources", WHOLE),
    "03": ("Accuracy over steps for training False and True", WHOLE),
    "04": ("D turns the ground orange", WHOLE),
    "05": ("Ten columns, each one noise vector", (0, 0.28, 1, 1)),
    "06": ("By the book D's steps are a flat line", (0, 0, 0.78, 0.32)),
    "07": ("The grid: the plain game leaves modes empty", WHOLE),
    "08": ("D drops from 1 to 0 between the humps", WHOLE),
    "09": ("Drawings of the ten combinations never seen", (0, 0.5, 1, 1)),
    "10": ("Left: an orange cloud apart", WHOLE),
    "11": ("H, E, A, R, T three times each", WHOLE),
    "12": ("A sheet of decoded digits", (0.04, 0, 1, 0.62)),
    "13": ("Wrong bits of random keys", (0, 0, 0.67, 1)),
    "14": ("Eight sentences of each author", (0.33, 0, 1, 1)),
    "15": ("Three test scenes: the map that was found", WHOLE),
}


@dataclass(frozen=True)
class Row:
    """What the README's map says of a lesson.

    Attributes:
        number: two digits.
        path: of the notebook, in the checkout.
        title: its name.
        told: what a learner will see.
        time: how long it computes.
    """

    number: str
    path: str
    title: str
    told: str
    time: str


def rows(readme: str) -> list[Row]:
    """Returns the rows of the map in a README."""
    found = (row.groupdict() for row in ROW.finditer(readme))
    return [Row(**{key: row[key] for key in Row.__dataclass_fields__}) for row in found]


def find_picture(notebook_path: Path, alt: str) -> tuple[Image.Image, str]:
    """Returns the one picture of a notebook whose alternative text begins so, and that text.

    Raises:
        ValueError: where none begins so, or several do; names the texts.
    """
    import nbformat

    notebook = nbformat.read(notebook_path, as_version=4)
    texts, found = [], []
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            for kind in set(PICTURES) & set(output.get("data", ())):
                texts.append(output.metadata.get(kind, {}).get("alt", ""))
                found += [(output.data[kind], texts[-1])] if texts[-1].startswith(alt) else []
    if len(found) != 1:
        raise ValueError(
            f"`alt` must begin the text of one picture of {notebook_path.name}: {texts}. "
            f"Received: alt={alt!r}"
        )
    data, text = found[0]
    return Image.open(io.BytesIO(base64.b64decode(data))), text


def shrink(picture: Image.Image, box: tuple[float, float, float, float] = WHOLE) -> Image.Image:
    """Returns a part of a picture, as large as fits into `SIZE`, in the middle of white."""
    paper = Image.new("RGBA", picture.size, "white")
    paper.alpha_composite(picture.convert("RGBA"))
    paper = paper.convert("RGB")
    blank = Image.new("RGB", paper.size, "white")
    paper = paper.crop(ImageChops.difference(paper, blank).getbbox())
    edges = zip(box, 2 * paper.size, strict=True)
    part = paper.crop([round(share * side) for share, side in edges])
    scale = min((SIZE[0] - 2 * EDGE) / part.width, (SIZE[1] - 2 * EDGE) / part.height)
    small = part.resize((round(scale * part.width), round(scale * part.height)), Image.LANCZOS)
    page = Image.new("RGB", SIZE, "white")
    page.paste(small, ((SIZE[0] - small.width) // 2, (SIZE[1] - small.height) // 2))
    return page


def make(number: str) -> tuple[Image.Image, str]:
    """Returns a lesson's thumbnail as its notebook has it now, and its alternative text."""
    alt, box = MAP[number]
    picture, text = find_picture(lessons.find(number, ROOT / "notebooks").path, alt)
    return shrink(picture, box), text


def write(number: str) -> Path:
    """Writes a lesson's thumbnail and returns its path."""
    path = FOLDER / f"{number}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    small = make(number)[0].quantize(COLORS, dither=Image.Dither.NONE)
    small.save(path, optimize=True)
    return path


def with_pictures(readme: str) -> str:
    """Returns a README whose map has a column of pictures; one that has it stays as it is."""

    def add(row: re.Match[str]) -> str:
        if row["picture"]:
            return row[0]
        alt = html.escape(make(row["number"])[1])
        place = f"notebooks/images/map/{row['number']}.png"
        return f'| <img src="{place}" width="{SHOWN}" alt="{alt}"> {row[0]}'

    readme = readme.replace(f"\n{HEADER}", f"\n| {HEADER}")
    lines = readme.split("\n")
    place = lines.index(next(line for line in lines if HEADER in line))
    columns = lines[place].count("|") - 1
    lines[place + 1] = "|" + "---|" * columns
    return ROW.sub(add, "\n".join(lines))


def cards() -> str:
    """Returns the map as the site's first page shows it: HTML, a card for each lesson."""
    cards = []
    for row in rows(README.read_text(encoding="utf-8")):
        told = re.sub(r"`([^`]*)`", r"<code>\1</code>", html.escape(row.told, quote=False))
        cards.append(
            f'<a href="{row.path.removesuffix("ipynb")}html">'
            f'<img src="notebooks/images/map/{row.number}.png" alt="">'
            f"<b>{row.number} · {html.escape(row.title)}</b>"
            f"<span>{told}</span><small>{row.time}</small></a>"
        )
    return '<div class="lessons">\n' + "\n".join(cards) + "\n</div>"


def main() -> None:
    """Writes all thumbnails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--readme", action="store_true", help="a picture into each row as well")
    options = parser.parse_args()
    for number in MAP:
        path = write(number)
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")
    if options.readme:
        write_text(README, with_pictures(README.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
