import base64
import io

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from docs import lesson_map
from tgan_lessons import lessons

NUMBERS = [lesson.number for lesson in lessons.all_lessons()]
README = """\
# A course

| | lesson | what you will see | computing, two cores |
|---|---|---|---|
| [00](notebooks/00_start_here.ipynb) | Start here | one `wrong` word | 16 s |
| [01](notebooks/01_transfer_in_three_steps.ipynb) | Transfer | digits: letters | 224–275 s |

| | another table |
|---|---|
"""


def small(picture):
    """A picture as a person sees it from three metres away: 30×18 grey values."""
    grey = picture.convert("L").resize((30, 18), Image.Resampling.BOX)
    return np.asarray(grey, np.float32)


@pytest.fixture(scope="module")
def looks():
    """What each notebook shows now."""
    return {number: small(lesson_map.make(number)[0]) for number in NUMBERS}


def test_every_lesson_is_on_the_map():
    assert list(lesson_map.MAP) == NUMBERS
    rows = lesson_map.rows(lesson_map.README.read_text(encoding="utf-8"))
    assert [row.number for row in rows] == NUMBERS
    assert [row.path.split("/")[1] for row in rows] == [x.path.name for x in lessons.all_lessons()]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_thumbnail_is_its_notebooks_picture(number, looks):
    path = lesson_map.FOLDER / f"{number}.png"
    assert path.stat().st_size <= 40_000
    thumbnail = Image.open(path)
    assert thumbnail.size == lesson_map.SIZE
    distances = {other: np.abs(small(thumbnail) - look).mean() for other, look in looks.items()}
    assert min(distances, key=distances.get) == number
    assert distances[number] < 5, "another picture by now: python -m docs.lesson_map"


def write_notebook(path, *pictures):
    outputs = []
    for alt, color in pictures:
        buffer = io.BytesIO()
        page = Image.new("RGBA", (200, 100), (255, 255, 255, 0))
        page.paste(color, (50, 20, 150, 80))
        page.save(buffer, "png")
        data = {"image/png": base64.b64encode(buffer.getvalue()).decode()}
        outputs.append(new_output("display_data", data, metadata={"image/png": {"alt": alt}}))
    nbformat.write(new_notebook(cells=[new_code_cell("x", outputs=outputs)]), path)
    return path


def test_a_picture_is_found_by_how_its_text_begins(tmp_path):
    path = write_notebook(tmp_path / "a.ipynb", ("Red, a box.", "red"), ("Blue, a box.", "blue"))
    picture, text = lesson_map.find_picture(path, "Blue")
    assert text == "Blue, a box."
    shown = lesson_map.shrink(picture)
    assert shown.getpixel((180, 108)) == (0, 0, 255)
    assert shown.getpixel((2, 108)) == (255, 255, 255), "white around it"
    left, top, right, bottom = Image.eval(shown.split()[0], lambda value: 255 - value).getbbox()
    assert (right - left) / (bottom - top) == pytest.approx(100 / 60, rel=0.02)
    assert top == lesson_map.EDGE, "without its own white edges, as large as it can be"


def test_only_a_part_is_shown(tmp_path):
    picture = Image.new("RGB", (100, 100), "red")
    picture.paste("blue", (50, 0, 100, 100))
    colors = {c for _, c in lesson_map.shrink(picture, (0.6, 0, 1, 1)).getcolors()}
    assert (0, 0, 255) in colors and (255, 0, 0) not in colors


@pytest.mark.parametrize("alt", ["Green", ""])
def test_none_or_several_pictures_are_an_error(tmp_path, alt):
    path = write_notebook(tmp_path / "a.ipynb", ("Red, a box.", "red"), ("Blue, a box.", "blue"))
    with pytest.raises(ValueError, match=r"'Red, a box.', 'Blue, a box.'.*Received: alt="):
        lesson_map.find_picture(path, alt)


def test_the_readme_gets_a_column_of_pictures_once():
    changed = lesson_map.with_pictures(README)
    assert lesson_map.with_pictures(changed) == changed
    assert lesson_map.rows(changed) == lesson_map.rows(README) and len(lesson_map.rows(README)) == 2
    header, line, first, second = changed.splitlines()[2:6]
    assert header.count("|") == line.count("|") == first.count("|") == second.count("|") == 6
    assert first.startswith('| <img src="notebooks/images/map/00.png" width="160" alt="Loss after')
    assert changed.splitlines()[6:] == README.splitlines()[6:], "the rest stays"


def test_cards_lead_to_the_pages_of_the_site(monkeypatch, tmp_path):
    monkeypatch.setattr(lesson_map, "README", tmp_path / "README.md")
    lesson_map.README.write_text(README, encoding="utf-8")
    cards = lesson_map.cards()
    assert cards.count("<a ") == 2 and 'href="notebooks/00_start_here.html"' in cards
    assert "one <code>wrong</code> word" in cards and "<small>224–275 s</small>" in cards
