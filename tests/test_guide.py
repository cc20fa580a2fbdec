"""The teacher's guide says what lessons ask, mark as right and show; its table is the JSON's."""

import ast
import html
import json
import re

import pytest

from docs import lesson_times
from tgan_lessons import lessons

GUIDE = lesson_times.PAGE.parent
NUMBERS = [lesson.number for lesson in lessons.all_lessons()]
HEADINGS = [
    "Aim",
    "The picture that changes a mind",
    "Minutes",
    "What learners believe",
    "To discuss",
    "Predictions",
    "Quiz",
    "Hints for the exercises",
    "When it fails",
]
ASKED = re.compile(r"^- “(?P<question>.+?)” → \*\*(?P<answer>.+?)\*\*\.", re.MULTILINE)
MEASURED = re.compile(r"Measured: (.*?)(?: \(the interval .*\))?\. \(You made no")
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
# What is quoted: a number with decimals, with %, s or "times", or of three digits or more.
QUOTED = re.compile(
    r"(?<![\w.])(?:\d+\.\d+(?:e-?\d+)?%?|\d+%|\d+ s\b|\d+(?= times\b)|\d{3,})(?![\w]|\.\d|%)"
)


def page(number):
    return (GUIDE / f"{number}.md").read_text(encoding="utf-8")


def section(text, heading):
    """What stands beneath a heading, each paragraph and list item in one line."""
    body = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.sub(r"\n +", " ", body)


def answers(text, heading):
    text = section(text, heading).replace("\\*", "*")
    return [(m["question"], m["answer"]) for m in ASKED.finditer(text)]


def script(number):
    path = lessons.find(number).path
    return ast.parse((path.parent / "src" / f"{path.stem}.py").read_text(encoding="utf-8"))


def asked_in(tree):
    """The name of each prediction and its question, in the order of the lesson."""
    calls = [
        (node.lineno, node.targets[0].id, ast.literal_eval(node.value.args[0]))
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and "questions.predict(" in ast.unparse(node.value)
    ]
    return [(name, question) for _, name, question in sorted(calls)]


def quiz_of(tree):
    """Each question of the quiz and what the lesson marks as right."""
    calls = [
        (
            node.lineno,
            ast.literal_eval(node.args[0]),
            next(ast.literal_eval(k.value) for k in node.keywords if k.arg == "right"),
        )
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Question"
    ]
    return [(question, right) for _, question, right in sorted(calls)]


def cells(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def shown(cell):
    """The texts that a cell shows."""
    for output in cell.get("outputs", ()):
        yield "".join(output.get("text", ()))
        data = output.get("data", {})
        yield "".join(data.get("text/plain", ()))
        yield html.unescape(re.sub(r"<[^>]+>", " ", "".join(data.get("text/html", ()))))


def measured(number):
    """What each prediction's `compare` said in the published notebook."""
    found, names = {}, "|".join(name for name, _ in asked_in(script(number)))
    for cell in cells(lessons.find(number).path):
        for name in re.findall(rf"\b({names})\.compare\(", "".join(cell["source"])):
            told = [MEASURED.match(text) for text in shown(cell)]
            found[name] = next(match[1] for match in told if match)
    return found


def plain(text):
    """Numbers written in one way: 1,234 as 1234, 50 % as 50%, the dash of a minus as -."""
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))|(?<=\d)_(?=\d)|\\", "", text)
    return re.sub(r"(?<=\d)[ \u00a0]%", "%", text.replace("−", "-"))


def known(number):
    """All that the lesson, its solutions and their outputs say."""
    lesson = lessons.find(number)
    parts = []
    for path in (lesson.path, lesson.solutions):
        for cell in cells(path):
            parts += ["".join(cell["source"]), *shown(cell)]
    return plain("\n".join(parts))


def unknown_numbers(text, source):
    """Those quoted in a text of which the source knows nothing."""
    quoted = {" ".join(token.split()) for token in QUOTED.findall(plain(text))}
    return sorted(
        token
        for token in quoted
        if not re.search(rf"(?<![\d.]){re.escape(token)}(?!\d|\.\d)", source)
    )


def test_there_is_a_page_for_each_lesson():
    assert sorted(path.stem for path in GUIDE.glob("[0-9][0-9].md")) == NUMBERS
    index = (GUIDE / "index.md").read_text(encoding="utf-8")
    assert re.findall(r"\]\((\d\d)\.md\)", index) == NUMBERS


@pytest.mark.parametrize("number", NUMBERS)
def test_pages_are_built_alike(number):
    text, lesson = page(number), lessons.find(number)
    assert text.startswith(f"# {lesson.title}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    questions = re.findall(r"^\d\. \*.+?\* \S", section(text, "To discuss"), re.MULTILINE)
    assert 3 <= len(questions) <= 5, "each with its answer"
    assert len(text.splitlines()) <= 110 and max(map(len, text.splitlines())) <= 200
    exercises = set(re.findall(rf"\*\*({number}\.\d)\*\*", known(number)))
    assert set(re.findall(r"\*\*(\d\d\.\d)\*\*", text)) == exercises


@pytest.mark.parametrize("number", NUMBERS)
def test_the_picture_is_one_that_the_lesson_shows(number):
    told = re.match(r"\s*\*(.+?)\.?\*", section(page(number), HEADINGS[1]))[1]
    outputs = [o for cell in cells(lessons.find(number).path) for o in cell.get("outputs", ())]
    texts = [kind.get("alt", "") for o in outputs for kind in o.get("metadata", {}).values()]
    assert sum(text.startswith(told) for text in texts) == 1


@pytest.mark.parametrize("number", NUMBERS)
def test_predictions_are_answered_as_measured(number):
    told, right = asked_in(script(number)), measured(number)
    assert told, "a lesson without a prediction"
    expected = [(question, right[name]) for name, question in told]
    assert answers(page(number), "Predictions") == expected


@pytest.mark.parametrize("number", NUMBERS)
def test_quiz_answers_are_those_that_the_lesson_marks(number):
    expected = quiz_of(script(number))
    assert expected and answers(page(number), "Quiz") == expected


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_are_the_lessons_own(number):
    assert unknown_numbers(page(number), known(number)) == []


def test_an_invented_number_is_found():
    source = plain("gain 13.4 ± 1.7 points, 4,087 times, 50 % in 44 s, from 0.5 to 13.45")
    text = "13.4 points and 4,087 times; 50% of them in 44 s; 0.5; the n = 4 of five."
    assert unknown_numbers(text, source) == []
    for wrong in ("13.5", "3.4", "4087.1", "51 %", "45 s", "408", "44.0"):
        assert unknown_numbers(f"It was {wrong}.", source), wrong


def test_an_answer_that_the_lesson_does_not_give_is_found():
    text = "\n## Quiz\n\n- “What is\n  \\*it\\*?” → **a\n  thing**. Why\n\n## Next\n"
    assert answers(text, "Quiz") == [("What is *it*?", "a thing")]


@pytest.mark.parametrize("path", sorted(GUIDE.glob("*.md")), ids=lambda path: path.stem)
def test_links_lead_somewhere(path):
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        if target.startswith(("http:", "https:")):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        assert file.is_file(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"\W+", "-", h.lower()) for h in headings}, target


def test_the_table_is_what_was_measured():
    presets = json.loads(lesson_times.RESULTS.read_text(encoding="utf-8"))["presets"]
    assert lesson_times.PAGE.read_text(encoding="utf-8") == lesson_times.render(presets), (
        "python -m docs.lesson_times"
    )


def test_a_row_of_the_table():
    machine = {
        "cores": 2,
        "processor": "x",
        "python": "3.11.7",
        "versions": {"tensorflow": "2.21.0", "keras": "3.15.1", "numpy": "2.4.6"},
        "load": [0.25, 0, 0],
    }
    cell = {"number": 7, "seconds": 54.4, "first_line": "maps |= f(`x`)"}
    result = {"seconds": 123.4, "start_seconds": 6.6, "longest_cell": cell, "peak_mib": 1234.5}
    text = lesson_times.render({"class": {"01": result | {"machine": machine}}})
    row = next(line for line in text.splitlines() if line.startswith("| [01"))
    assert row.endswith("| 123 s | 7 s | 54 s: `maps \\|= f('x')` | 1,234 MiB |")
    assert text.count("| not measured |") == len(NUMBERS) - 1
    assert "Measured on 2 cores (x), Python 3.11.7, tensorflow 2.21.0" in text
    assert "0.2 to 0.2" in text and "no GPU was available" in text
