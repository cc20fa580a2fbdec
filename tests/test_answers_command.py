import csv
import json
import shutil
from dataclasses import asdict
from html.parser import HTMLParser

import pytest
from typer.testing import CliRunner

from tgan_lessons import class_answers, cli, lessons
from tgan_lessons.answers import Answer
from tgan_lessons.submissions import published

PREDICTION = ("prediction", "Which way will it fall?", ("up", "down", "<b>not</b>"))
# of lesson 00, which knows the right answer
QUIZ = ("quiz", "A pixel has the value −1. What do you see there?", ("Grey", "Black", "White"))


def answer(question, first, last, minute=0):
    time = f"2026-01-01T10:{minute:02d}:00+00:00"
    kind, text, options = question
    return asdict(Answer(kind, text, options, first, last, time))


def write(path, *answers):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(answers), encoding="utf-8")
    return path


@pytest.fixture
def handed_in(tmp_path):
    """Four learners, and what else lies in such a folder."""
    folder = tmp_path / "class"
    ada = [answer(PREDICTION, "up", "down"), answer(QUIZ, "White", "Black")]
    write(folder / "ada" / "my_answers.json", *ada)
    shutil.copy(folder / "ada" / "my_answers.json", folder / "ada" / "my_answers (1).json")
    turned = (*PREDICTION[:2], PREDICTION[2][::-1])  # the lesson's options in another order
    write(folder / "bob" / "my_answers.json", answer(turned, "up", "up"))
    write(folder / "bob" / "my_answers.damaged-1.json", answer(PREDICTION, "down", "down", 7))
    write(folder / "cy.json", answer(QUIZ, "Black", "Black", 1), answer(PREDICTION, "down", "up"))
    write(folder / "di.json", answer(QUIZ, "Grey", "Grey", 2))
    (folder / "ed").mkdir()
    (folder / "ed" / "my_answers.json").write_text('[{"kind": "quiz"', encoding="utf-8")
    (folder / "package.json").write_text('{"name": "x"}', encoding="utf-8")
    return folder


def call(*arguments):
    command = ["answers", *map(str, arguments)]
    return CliRunner().invoke(cli.app, command, env={"COLUMNS": "100"})


def read(path):
    with path.open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_each_option_is_counted_first_and_last(handed_in, tmp_path):
    result = call(handed_in, "--output", tmp_path / "table.csv")
    assert result.exit_code == 0, result.output
    rows = read(tmp_path / "table.csv")
    counted = [tuple(row[k] for k in ("option", "right", "first", "last")) for row in rows]
    assert counted == [
        ("Grey", "no", "1", "1"),
        ("Black", "yes", "1", "2"),
        ("White", "no", "1", "0"),
        ("up", "", "2", "2"),
        ("down", "", "1", "1"),
        ("<b>not</b>", "", "0", "0"),
    ]
    assert {(r["lesson"], r["answered"], r["changed"]) for r in rows} == {
        ("00", "3", "1"),
        ("", "3", "2"),
    }
    assert "3 answered, 1 changed their mind, right at first 33%, at last 67%" in result.output
    assert "4 files, 2 questions." in result.output


def test_what_does_not_count_is_named(handed_in):
    output = call(handed_in).output.replace("\n", "")
    for name, reason in {
        "ed/my_answers.json": "not a file of answers",
        "package.json": "not a file of answers",
        "my_answers.damaged-1.json": "a damaged copy that was set aside",
        "ada/my_answers.json": "the same content as",
    }.items():
        assert f"{name}: {reason}" in output or f"{reason} {handed_in / 'ada'}" in output


def test_names_are_shown_only_when_asked_for(handed_in, tmp_path):
    learners = ("ada", "bob", "cy", "di")
    for suffix in ("csv", "html"):
        hidden, shown = tmp_path / f"hidden.{suffix}", tmp_path / f"shown.{suffix}"
        told = call(handed_in, "--output", hidden).stdout
        call(handed_in, "--output", shown, "--names")
        words = [
            set(path.read_text(encoding="utf-8").replace("<", " ").split())
            for path in (hidden, shown)
        ]
        assert not set(learners) & (words[0] | set(told.split()))
    black = next(row for row in read(tmp_path / "shown.csv") if row["option"] == "Black")
    assert black["names"] == "ada, cy"


class Cells(HTMLParser):
    """The texts of a page, and its tags."""

    def __init__(self):
        super().__init__()
        self.texts, self.tags = [], []

    def handle_data(self, data):
        self.texts.append(data)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)


def test_the_page_shows_texts_as_texts_and_loads_nothing(handed_in, tmp_path):
    page = tmp_path / "answers.html"
    assert call(handed_in, "--output", page).exit_code == 0
    cells = Cells()
    cells.feed(page.read_text(encoding="utf-8"))
    assert "<b>not</b>" in cells.texts and "✔ Black" in cells.texts
    assert not {"b", "script", "img", "link"} & set(cells.tags)


def test_a_class_without_a_readable_file_is_an_error(tmp_path):
    (tmp_path / "x.json").write_text("{")
    result = call(tmp_path)
    assert result.exit_code == 1 and "x.json: not a file of answers" in result.output
    assert call(tmp_path / "nowhere").exit_code == 2
    assert call(tmp_path, "--output", "x.pdf").exit_code == 2


def test_the_right_answers_of_all_quizzes_are_known():
    asked = class_answers._asked(None)
    for lesson in lessons.all_lessons():
        text = "\n".join(published(lesson)[0].cells)
        right = [r for number, r in asked.values() if number == lesson.number and r]
        assert len(right) == text.count("Question(\n")
        predictions = [q for q, (number, r) in asked.items() if number == lesson.number and not r]
        assert len(predictions) == text.count("questions.predict(")
