import html
import json
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.utils.capture import capture_output
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tgan_lessons import answers, execute, questions, stills
from tgan_lessons.answers import read_answers
from tgan_lessons.questions import Question, predict, quiz

FILE = answers.FILE


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Each test answers in a notebook folder of its own."""
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    return tmp_path / "notebooks"


def files():
    return sorted(name for name in os.listdir() if not name.endswith(".lock"))


def ask(*options):
    return predict("Is a < b & c?", *(options or ("yes <b>", "no", "sometimes")))


def make_quiz():
    return quiz(
        Question("Is 1 < 2?", right="yes", wrong=("no", "at times"), why="1 & 1 make <2>."),
        Question("Is black −1?", right="yes, here", wrong=("no",), why="Images run from −1."),
    )


# Predictions --------------------------------------------------------------------------------


def test_nothing_is_predicted_for_the_learner():
    guess = ask()
    assert guess.answer is None
    told = guess.compare("no")
    assert told.predicted is None
    assert "Measured: no." in str(told) and "no prediction" in str(told)


def test_a_prediction_is_compared():
    guess = ask()
    guess.choose("no")
    assert guess.answer == "no"
    assert "as you predicted" in str(guess.compare("no"))
    told = guess.compare("sometimes")
    assert repr(told) == str(told) == ("You predicted: no. Measured: sometimes — a surprise.")


def test_a_changed_prediction_is_told():
    guess = ask()
    guess.choose("no")
    guess.choose("yes <b>")
    guess.choose("sometimes")
    told = "You predicted first: no, then: sometimes. Measured: sometimes — as you predicted."
    assert str(guess.compare("sometimes")) == told
    guess.choose("no")
    assert str(guess.compare("no")) == "You predicted: no. Measured: no — as you predicted."


def test_a_click_is_a_prediction():
    guess = ask()
    guess._radio.value = "sometimes"
    assert guess.answer == "sometimes"


def test_predictions_are_escaped():
    guess = ask()
    assert "a &lt; b &amp; c" in guess._heading.value
    assert guess._radio.options == ("yes <b>", "no", "sometimes")
    guess.choose("yes <b>")
    page = guess.compare("yes <b>")._repr_html_()
    assert "yes &lt;b&gt;" in page and "<b>" not in page


@pytest.mark.parametrize("option", ["maybe", "", 1, "No"])
def test_wrong_options_are_refused(option):
    guess = ask()
    guess.choose("no")
    with pytest.raises(ValueError, match=r"`option` must be one of .*'sometimes'.*Received"):
        guess.choose(option)
    with pytest.raises(ValueError, match=r"`measured` must be one of .*'sometimes'.*Received"):
        guess.compare(option)
    assert guess.answer == "no"


def ask_number():
    return predict("How far?", "fewer", -0.05, "about as many", 0.05, "more")


@pytest.mark.parametrize(
    ("mean", "half", "measured"),
    [
        (-0.2, 0.1, "fewer"),
        (0.0, 0.04, "about as many"),
        (0.05, 0.0, "more"),  # a border belongs to the upper option
        (-0.05, 0.0, "about as many"),
        (np.float32(0.3), np.float64(0.2), "more"),
        (float("inf"), 0.0, "more"),
        (-0.147, 0.158, None),
        (0.0, 0.06, None),
        (0.0, float("inf"), None),
        (float("nan"), 0.0, None),
        (0.1, float("nan"), None),
    ],
)
def test_an_option_of_a_number_holds_the_whole_interval_or_nothing_is_decided(mean, half, measured):
    guess = ask_number()
    assert guess.options == ("fewer", "about as many", "more")
    told = guess.compare(mean, half)
    assert told.measured == measured
    assert (measured or questions.UNDECIDED) in str(told)


def test_what_is_not_decided_shows_where_the_interval_begins_and_ends():
    guess = ask_number()
    assert "(the interval reaches from “fewer” to “about as many”)" in str(
        guess.compare(-0.147, 0.158)
    )
    assert "from “fewer” to “more”" in str(guess.compare(0, 0.1))
    assert "(no interval could be measured)" in str(guess.compare(float("nan")))
    guess.choose("more")
    told = str(guess.compare(-0.147, 0.158))
    assert told.startswith("You predicted: more. Measured: not decided by these seeds (")
    assert "surprise" not in told and "as you predicted" not in told
    assert str(ask().compare(None)).startswith("Measured: not decided by these seeds.")


@given(
    st.lists(st.floats(-9, 9), min_size=1, max_size=4, unique=True).map(sorted),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
)
def test_every_number_has_one_option(borders, number):
    names = [str(place) for place in range(len(borders) + 1)]
    mixed = [part for pair in zip(names, [*borders, None], strict=True) for part in pair][:-1]
    measured = predict("?", *mixed).compare(number).measured
    assert int(measured) == np.searchsorted(borders, number, side="right")


@pytest.mark.parametrize("measured", ["more", None, [0.1], np.zeros(2)])
def test_a_question_about_a_number_wants_a_number(measured):
    with pytest.raises(ValueError, match=r"`measured` must be a number.*Received"):
        ask_number().compare(measured)


@pytest.mark.parametrize(
    "options",
    [
        ("a", 1, "b", 1, "c"),
        ("a", 2, "b", 1, "c"),
        ("a", 1, "b", 2),
        (1, "a", 2, "b"),
        ("a", "b", 1, "c"),
        ("a", float("nan"), "b"),
        ("a", float("inf"), "b"),
        ("a", None, "b"),
    ],
)
def test_borders_leave_no_gap_and_overlap_nowhere(options):
    with pytest.raises(ValueError, match=r"`options` must be texts, or texts with a number"):
        predict("?", *options)


@pytest.mark.parametrize("options", [(), ("one",), ("same", "same")])
def test_a_prediction_needs_two_options(options):
    with pytest.raises(ValueError, match="`options` must be at least 2 different texts"):
        predict("Which?", *options)


# Quizzes ------------------------------------------------------------------------------------


def test_a_quiz_begins_without_answers():
    asked = make_quiz()
    assert [radio.value for radio in asked.radios] == [None, None]
    assert asked.score == 0
    assert [reply.value for reply in asked.replies] == ["", ""]
    assert set(asked.radios[0].options) == {"yes", "no", "at times"}
    headings = [part.value for part in asked._still.box.children[:-2:3]]
    assert "1. Is 1 &lt; 2?" in headings[0] and "2. " in headings[1]


def test_a_quiz_answers_at_once_and_explains():
    asked = make_quiz()
    asked.radios[0].value = "no"
    assert asked.score == 0
    assert asked.replies[0].value == "✘ Not quite. 1 &amp; 1 make &lt;2&gt;."
    assert asked.replies[1].value == ""
    asked.radios[0].value = "yes"
    assert asked.score == 1
    assert asked.replies[0].value == "✔ Yes. 1 &amp; 1 make &lt;2&gt;."
    asked.radios[1].value = "yes, here"
    assert asked.score == 2
    assert asked.replies[1].value == "✔ Yes. Images run from −1."
    asked.radios[1].value = "no"
    assert asked.score == 1


def test_the_place_of_an_answer_does_not_tell_whether_it_is_right():
    wrong = ("alpha", "omega")
    places = {
        list(quiz(Question("?", right, wrong, "")).radios[0].options).index(right)
        for right in ("a", "middle", "z")
    }
    assert places == {0, 1, 2}


# What is kept -------------------------------------------------------------------------------


def test_an_unanswered_lesson_leaves_no_file(shell):
    with capture_output():
        for asked in (ask(), make_quiz()):
            asked._ipython_display_()
    str(ask().compare("no"))
    assert os.listdir() == []


def test_an_answer_is_there_again_and_the_first_one_stays():
    guess = ask()
    guess.choose("no")
    guess.choose("sometimes")
    again = ask()
    assert (again.answer, again._note.value) == ("sometimes", questions.EARLIER)
    assert again.compare("no").first == "no"
    again.choose("yes <b>")
    assert again._note.value == ""
    (kept,) = read_answers(Path(FILE))
    assert (kept.kind, kept.question, kept.options) == ("prediction", guess.question, guess.options)
    assert (kept.first, kept.answer, kept.changed) == ("no", "yes <b>", True)
    assert files() == [FILE]


def test_a_quiz_is_there_again_with_its_replies():
    asked = make_quiz()
    asked.radios[0].value = "yes"
    again = make_quiz()
    assert [radio.value for radio in again.radios] == ["yes", None]
    assert [reply.value for reply in again.replies] == [reply.value for reply in asked.replies]
    assert again.score == 1
    (kept,) = read_answers(Path(FILE))
    assert (kept.kind, kept.first, kept.changed) == ("quiz", "yes", False)


SESSION = """
from tgan_lessons.questions import predict
guess = predict("Größer?", "ja", "nein")
print(guess.answer, guess.compare("ja").first)
guess.choose("{}")
"""


def test_a_new_process_knows_the_answers():
    said = []
    for option in ("ja", "nein", "ja"):
        command = [sys.executable, "-c", SESSION.format(option)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        said.append(done.stdout.strip())
    assert said == ["None None", "ja ja", "nein ja"]
    assert "Größer?" in Path(FILE).read_text(encoding="utf-8")  # for human eyes


def test_a_choice_taken_back_is_no_answer():
    guess = ask()
    guess._radio.value = "no"
    guess._radio.value = None
    assert guess.compare("no").predicted is None
    assert [answer.answer for answer in read_answers(Path(FILE))] == ["no"]


def test_looking_changes_no_byte(folder):
    ask().choose("no")
    before, time = Path(FILE).read_bytes(), os.stat(FILE).st_mtime_ns
    ask().compare("no")
    make_quiz()
    assert (Path(FILE).read_bytes(), os.stat(FILE).st_mtime_ns) == (before, time)


def test_other_options_are_another_question():
    ask().choose("no")
    other = ask("no", "yes")
    assert other.answer is None
    other.choose("yes")
    assert ask().answer == "no"
    assert ask("yes", "no").answer == "yes"  # the same ones in another order
    assert quiz(Question("Is a < b & c?", "yes", ("no",), "")).radios[0].value is None
    assert [answer.answer for answer in read_answers(Path(FILE))] == ["no", "yes"]


def test_answers_stay_with_the_notebook(monkeypatch, tmp_path):
    guess = ask()
    monkeypatch.chdir(tmp_path)
    guess.choose("no")
    assert FILE not in os.listdir(tmp_path)
    assert len(read_answers(tmp_path / "notebooks" / FILE)) == 1


def answer_often(start, number):
    start.wait(60)
    for i in range(15):
        predict(f"Question {number}.{i}?", "a", "b").choose("a")
        predict("Both?", "a", "b").choose("ab"[i % 2])


def test_two_kernels_lose_nothing():
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(2)
    workers = [context.Process(target=answer_often, args=(start, i)) for i in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
        assert worker.exitcode == 0
    asked = [answer.question for answer in read_answers(Path(FILE))]
    assert sorted(asked) == sorted(
        ["Both?", *(f"Question {n}.{i}?" for n in "01" for i in range(15))]
    )
    assert files() == [FILE]


ENTRY = {
    "kind": "quiz",
    "question": "?",
    "options": ["a", "b"],
    "first": "a",
    "answer": "b",
    "time": "2026-01-01T10:00:00+01:00",
}


def entry(**changes):
    return json.dumps([ENTRY | changes]).encode()


DAMAGED = {
    "empty": b"",
    "half": entry()[:40],
    "not text": b"\xff\xfe\x00",
    "not a list": b"3",
    "deep": b"[" * 100_000,
    "a list of something else": b'[["a"]]',
    "incomplete": b'[{"options": []}]',
    "another kind": entry(kind="exam"),
    "a number for a text": entry(first=1),
    "options that are none": entry(options=3),
    "an answer nobody could choose": entry(answer="c"),
    "something more": entry(code="x"),
}


def test_a_whole_file_is_read():
    Path(FILE).write_bytes(entry())
    (kept,) = read_answers(FILE)
    assert (kept.options, kept.first, kept.answer) == (("a", "b"), "a", "b")
    with pytest.raises(AttributeError):
        kept.answer = "a"


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_set_aside(data):
    Path(FILE).write_bytes(data)
    with pytest.raises(answers.DamagedAnswersError, match=FILE):
        read_answers(Path(FILE))
    guess = ask()
    assert guess.answer is None
    assert Path(FILE).read_bytes() == data  # looking moves nothing
    guess.choose("no")
    assert "damaged-1" in guess._note.value
    assert Path("my_answers.damaged-1.json").read_bytes() == data
    assert [answer.answer for answer in read_answers(Path(FILE))] == ["no"]
    guess.choose("sometimes")
    assert guess._note.value == ""


def test_a_second_damaged_file_does_not_replace_the_first():
    for number in (1, 2):
        Path(FILE).write_text(f"damage {number}")
        ask().choose("no")
        assert Path(f"my_answers.damaged-{number}.json").read_text() == f"damage {number}"
    assert Path("my_answers.damaged-1.json").read_text() == "damage 1"


def test_no_file_is_an_os_error():
    with pytest.raises(FileNotFoundError):
        read_answers(Path(FILE))


# Where nothing can be written ---------------------------------------------------------------


def test_a_directory_in_the_files_place_is_told_and_harmless():
    os.mkdir(FILE)
    guess, asked = ask(), make_quiz()
    guess.choose("no")
    asked.radios[0].value = "yes"
    for note in (guess._note.value, asked._note.value):
        assert "not kept" in note and FILE in note
    assert (guess.answer, asked.score) == ("no", 1)
    assert files() == [FILE] and os.listdir(FILE) == []
    guess.choose("sometimes")  # what was first is known all the same
    assert guess.compare("no").first == "no"
    os.rmdir(FILE)
    guess.choose("yes <b>")
    assert guess._note.value == ""
    assert read_answers(Path(FILE))[0].first == "no"


def test_a_folder_that_refuses_keeps_what_is_there(monkeypatch):
    ask().choose("no")
    before = Path(FILE).read_bytes()

    def refuse(*_):
        raise OSError(28, "No space left <here>")

    monkeypatch.setattr(answers, "write_text", refuse)
    guess = ask()
    guess.choose("sometimes")
    assert "No space left &lt;here&gt;" in guess._note.value
    assert Path(FILE).read_bytes() == before


def test_an_unreadable_file_is_not_replaced(monkeypatch):
    ask().choose("no")
    before = Path(FILE).read_bytes()

    def refuse(_):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(answers, "read_answers", refuse)
        guess = ask()
        assert guess.answer is None
        guess.choose("sometimes")
    assert "Permission denied" in guess._note.value
    assert Path(FILE).read_bytes() == before


def test_a_half_written_file_is_never_seen(monkeypatch):
    ask().choose("no")
    before = Path(FILE).read_bytes()

    def fail(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "replace", fail)
    guess = ask()
    guess.choose("sometimes")
    assert "not kept" in guess._note.value
    assert Path(FILE).read_bytes() == before
    assert files() == [FILE]


def test_a_folder_that_is_gone_is_harmless(folder, monkeypatch):
    folder.rmdir()
    guess = ask()
    guess.choose("no")
    assert guess.answer == "no"
    assert "not kept" in guess._note.value


# The still ----------------------------------------------------------------------------------


def show(asked):
    with capture_output() as captured:
        asked._ipython_display_()
    return captured.outputs


def test_a_widget_is_followed_by_its_still(shell):
    for asked in (ask(), make_quiz()):
        live, still = show(asked)
        assert set(live.data) == {stills.WIDGET_VIEW}
        assert live.data[stills.WIDGET_VIEW]["model_id"] == asked._still.box.model_id
        assert set(still.data) == {"text/html", "text/plain"}
        texts = [q.text for q in getattr(asked, "questions", ())] or [asked.question]
        assert all(html.escape(text) in still.data["text/html"] for text in texts)
        assert all(text in still.data["text/plain"] for text in texts)
        assert "Not answered." in still.data["text/html"]


def test_the_live_widget_hides_its_own_still_alone(shell):
    one, two = ask()._still, ask()._still
    *_, style = one.box.children
    assert style.value.startswith(f"<style>.{one.name}{{display:none}}")
    assert style.layout.display == "none"
    assert two.name not in style.value
    (_, still) = show(ask())
    assert "display:none}</style><div class=" in still.data["text/html"]  # hides what failed


def updates(asked, choose):
    """The outputs that answering publishes, as updates of one display."""
    with capture_output() as captured:
        asked._ipython_display_()
        shown = captured.outputs[-1]
        choose()
    return shown, captured._outputs[2:]


def test_an_answer_updates_the_still(shell):
    guess = ask()
    _, (update,) = updates(guess, lambda: guess.choose("yes <b>"))
    assert update["update"] is True
    assert update["transient"] == {"display_id": guess._still.name}
    page = update["data"]["text/html"]
    assert "<li>● <b>yes &lt;b&gt;</b> (your answer)</li><li>○ no</li>" in page
    assert "Not answered" not in page
    assert update["data"]["text/plain"].endswith("— your answer: yes <b>.")


def test_a_quizs_still_shows_what_is_right(shell):
    asked = make_quiz()
    _, (update,) = updates(asked, lambda: setattr(asked.radios[0], "value", "no"))
    page = update["data"]["text/html"]
    assert "<li>✘ <b>no</b> (your answer)</li>" in page
    assert "<p>✘ Not quite. 1 &amp; 1 make &lt;2&gt;.</p>" in page
    assert page.count("Not answered.") == 1 and "Images run" not in page
    _, (update,) = updates(asked, lambda: setattr(asked.radios[1], "value", "yes, here"))
    assert "<li>✔ <b>yes, here</b> (your answer)</li>" in update["data"]["text/html"]


def test_an_earlier_answer_is_in_the_still(shell):
    ask().choose("no")
    _, still = show(ask())
    assert "● <b>no</b>" in still.data["text/html"]


def test_a_page_shows_each_question_once(shell, tmp_path):
    guess = ask()
    guess.choose("sometimes")
    outputs = [new_output("display_data", shown.data) for shown in show(guess) + show(make_quiz())]
    notebook = new_notebook(cells=[new_code_cell("1", outputs=outputs)])
    page = execute.to_html(notebook, tmp_path, "A lesson")
    assert page.count("Is a &lt; b &amp; c?") == page.count("2. Is black −1?") == 1
    assert "● <b>sometimes</b>" in page
    assert execute.NOTE not in page and stills.WIDGET_VIEW not in page


def test_without_ipython_the_question_is_printed(capsys):
    guess = ask()
    guess._ipython_display_()
    guess.choose("no")
    assert capsys.readouterr().out == "Predict. Is a < b & c? — not answered.\n"
