"""What lies in a teacher's folder: every file is a row or is counted, and belongs to somebody."""

import csv
import errno
import os
import unicodedata
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from typer.testing import CliRunner

from tgan_lessons import answers, check, cli, files, grading, handed_in, lessons, submissions

LESSON = lessons.all_lessons()[1].name
NOTEBOOK = nbformat.writes(new_notebook(cells=[new_code_cell("name = 'Größe'")]))


def put(folder, *names):
    for name in names:
        path = os.path.join(os.fsencode(folder), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(NOTEBOOK.encode())


def named(found):
    return {file.path.name: file.trouble for file in found}


@pytest.fixture
def graded(monkeypatch):
    """Every notebook is of lesson 01 and solved, without a kernel."""

    class Solved:
        def __init__(self, *arguments):
            pass

        def grade(self):
            return {"01.1": grading.Outcome("passed")}

    monkeypatch.setattr(check, "Grader", Solved)

    def call(*arguments):
        command = ["check", *map(str, arguments), "--lesson", "01"]
        return CliRunner().invoke(cli.app, command, env={"COLUMNS": "200"})

    return call


def read(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_notebooks_of_every_name_are_found(tmp_path):
    names = ["a.ipynb", "b.IPYNB", "c.ipynb.txt", "d.ipynb.json", "x" * 240 + ".ipynb"]
    put(tmp_path, *names, "deep/dir.ipynb/e.ipynb", "new\nline.ipynb")
    (tmp_path / "empty").mkdir()
    found, others = handed_in.find([tmp_path, tmp_path / "a.ipynb"], ".ipynb")
    assert named(found) == dict.fromkeys([*names, "e.ipynb", "new\nline.ipynb"], "")
    assert others == ""


def test_what_cannot_be_read_says_why(tmp_path):
    put(tmp_path, "z.zip", "y.tar.gz", "old.ipynb.bak", "half.ipynb.part")
    os.mkfifo(tmp_path / "pipe.ipynb")
    found, others = handed_in.find([tmp_path], ".ipynb")
    assert named(found) == {
        "z.zip": "a packed file: unpack it first",
        "y.tar.gz": "a packed file: unpack it first",
        "old.ipynb.bak": "not named *.ipynb",
        "half.ipynb.part": "not named *.ipynb",
        "pipe.ipynb": "no file that can be read",
    }
    assert others == ""
    assert named(handed_in.find([tmp_path / "pipe.ipynb"], ".ipynb")[0])["pipe.ipynb"]


def test_what_else_lies_there_is_counted(tmp_path):
    put(tmp_path, "a/my_answers.json", "b/my_answers.json", "a.png", "__MACOSX/._a.ipynb", "notes")
    put(tmp_path, ".ipynb_checkpoints/a-checkpoint.ipynb", "._a.ipynb", ".DS_Store")
    found, others = handed_in.find([tmp_path], ".ipynb")
    assert found == []
    assert set(others.split(", ")) == {
        "2 × .json", "1 × .png", "1 × __MACOSX", "1 × notes", "1 × .ipynb_checkpoints",
        "2 × hidden file",
    }  # fmt: skip


def test_no_link_is_followed_out_of_the_folder(tmp_path):
    put(tmp_path, "other/secret.ipynb")
    folder = tmp_path / "class"
    folder.mkdir()
    for name, target in {
        "anna": tmp_path / "other",
        "ben.ipynb": tmp_path / "other" / "secret.ipynb",
        "loop": folder,
        "self": "self",
        "broken": "nowhere",
    }.items():
        (folder / name).symlink_to(target)
    found, _ = handed_in.find([folder], ".ipynb")
    assert named(found) == dict.fromkeys(os.listdir(folder), handed_in.LINK)
    # but a link that the teacher names is meant
    assert named(handed_in.find([folder / "anna"], ".ipynb")[0]) == {"secret.ipynb": ""}


def test_a_folder_that_cannot_be_opened_is_told(tmp_path, monkeypatch):
    put(tmp_path, "locked/a.ipynb", "open/b.ipynb")
    listdir = os.listdir

    def refuse(path):
        if Path(path).name == "locked":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return listdir(path)

    monkeypatch.setattr(os, "listdir", refuse)
    found, _ = handed_in.find([tmp_path], ".ipynb")
    assert named(found) == {"locked": "cannot be opened: Permission denied", "b.ipynb": ""}


def test_folders_deeper_than_a_path_may_be_are_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(25):
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
    (found,), _ = handed_in.find([tmp_path], ".ipynb")
    assert found.trouble
    assert len(handed_in.owner(found.path, [])[0]) <= 60


@pytest.mark.parametrize(
    "name",
    [
        "{}", "Copy of {}", "Kopie von {}", "Copie de {}", "{}-Copy1", "{} - Copy", "{} - Copy (2)",
        "{} - Kopie", "{} Kopie 2", "{}_copy", "{} (1)", "{}(1)", "{} 2", "{}-1", "{}的副本",
        "Copy of Copy of {} (3)", "{}-checkpoint",
    ],
)  # fmt: skip
@pytest.mark.parametrize("ending", [".ipynb", ".IPYNB", ".ipynb.txt", ".zip"])
def test_a_copy_belongs_to_its_folder_s_owner(tmp_path, name, ending):
    path = tmp_path / "anna" / (name.format(LESSON) + ending)
    assert handed_in.owner(path, ["00_other", LESSON]) == ("anna", path.parent)
    upper = path.with_name(name.format(LESSON.upper()) + ending)
    assert handed_in.owner(upper, [LESSON])[0] == "anna"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ben", "ben"), ("Copy of ben", "ben"), ("ben (1)", "ben"), ("ben 2", "ben 2"),
        ("(1)", "(1)"), ("Copy", "Copy"), (f"ben_{LESSON}",) * 2, ("copycat", "copycat"),
        ("Ann Kopiec", "Ann Kopiec"), ("x" * 200, "x" * 59 + "…"), ("new\nline", "new line"),
        ("M\udc81ller", "M\\udc81ller"), (unicodedata.normalize("NFD", "Müller"), "Müller"),
    ],
)  # fmt: skip
def test_a_file_with_a_learner_s_name_is_theirs(tmp_path, name, expected):
    path = tmp_path / "class" / f"{name}.ipynb"
    assert handed_in.owner(path, [LESSON]) == (expected, path)


def test_learners_of_one_name_are_told_apart(graded, tmp_path):
    both = [unicodedata.normalize(form, "Müller") for form in ("NFC", "NFD")]
    put(tmp_path / "in", "a/sam.ipynb", "b/Sam.ipynb", f"a/{both[0]}.ipynb", f"b/{both[1]}.ipynb")
    put(tmp_path / "in", f"tim/{LESSON}.ipynb", f"tim/{LESSON} (1).ipynb")  # one Tim, two files
    assert graded(tmp_path / "in", "--output", tmp_path / "r.csv").exit_code == 0
    learners = [row["learner"] for row in read(tmp_path / "r.csv")]
    assert learners[-2:] == ["tim", "tim"] and len(set(learners)) == 5


def test_the_table_takes_every_name(graded, tmp_path):
    names = [
        b"M\x81ller.ipynb", "a,b.ipynb", "new\nline.ipynb", "=cmd|' !A0.ipynb", "x;=1+1.ipynb",
        "-1.ipynb", "＝1.ipynb", 'q";"=1.ipynb', "\u202efdp.ipynb", "Zoë.ipynb",
    ]  # fmt: skip
    put(tmp_path / "in", *names, "z.zip")
    result = graded(tmp_path / "in", "--output", tmp_path / "r.csv")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "r.csv").read_bytes().startswith(b"\xef\xbb\xbflearner,")
    rows = read(tmp_path / "r.csv")
    assert len(rows) == len(names) + 1 and len({row["file"] for row in rows}) == len(rows)
    assert [row["exercise 1"] for row in rows].count("passed") == len(names)
    found = {row["learner"] for row in rows}
    assert found >= {"M\\udc81ller", "a,b", "Zoë", "\\u202efdp", "z", "new line"}
    for row in rows:  # no cell begins as a formula, for a reader of commas or of semicolons
        for cell in row.values():
            assert not any(part.lstrip('"').startswith(tuple("=+-@＝")) for part in cell.split(";"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_notebooks_and_answers_of_every_editor_are_read(tmp_path, encoding):
    path = tmp_path / "x.ipynb"
    path.write_bytes(NOTEBOOK.encode(encoding))
    assert submissions.read(path).cells == ("name = 'Größe'",)
    given = (
        '[{"kind": "quiz", "question": "Größer?", "options": ["ä", "b"], "first": "ä", '
        '"answer": "ä", "time": "2026-01-01T00:00:00+00:00"}]'
    )
    path.write_bytes(given.encode(encoding))
    assert answers.read_answers(path)[0].question == "Größer?"


def test_what_a_lesson_is_called_is_read_from_every_encoding(tmp_path):
    cells = [nbformat.v4.new_markdown_cell("# 01 · Größe")]
    path = tmp_path / "x.ipynb"
    path.write_bytes(nbformat.writes(new_notebook(cells=cells)).encode("utf-8-sig"))
    assert lessons.Lesson("01", "x", path).title == "01 · Größe"


@pytest.mark.parametrize("name", ["folder.csv", "device.csv", "file/x.csv", "x" * 300 + ".csv"])
def test_a_bad_output_is_told_before_anything_is_graded(graded, tmp_path, monkeypatch, name):
    put(tmp_path, "in/a.ipynb", "file")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "device.csv").symlink_to("/dev/null")
    before = sorted(os.listdir(tmp_path))
    monkeypatch.setattr(check, "check", None)  # not called
    for command in ("check", "answers"):
        arguments = [command, str(tmp_path / "in"), "--output", str(tmp_path / name)]
        result = CliRunner().invoke(cli.app, arguments)
        assert result.exit_code == 1 and "cannot be written: " in result.stderr
        assert len(result.output.splitlines()) == 1
    assert sorted(os.listdir(tmp_path)) == before


def test_an_output_is_none_of_the_submissions(graded, tmp_path):
    put(tmp_path, "x.csv")
    result = graded(tmp_path / "x.csv", "--output", tmp_path / "x.csv")
    assert result.exit_code == 2 and "none of the files to read" in result.stderr
    assert (tmp_path / "x.csv").read_bytes() == NOTEBOOK.encode()


def test_what_was_graded_is_kept_where_the_disk_is_full(graded, tmp_path, monkeypatch):
    put(tmp_path, "in/a.ipynb", "in/b.ipynb")
    output, write = tmp_path / "r.csv", files.write_text

    def fill(path, text):
        if path == output:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(path, text)

    monkeypatch.setattr(files, "write_text", fill)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    result = graded(tmp_path / "in", "--output", output)
    assert result.exit_code == 1 and not output.exists()
    assert "passed" in result.stdout and "No space left on device" in result.stderr
    kept = next(path for path in tmp_path.iterdir() if path.name.endswith("-r.csv"))
    assert str(kept) in result.stderr.replace("\n", "")
    assert [row["learner"] for row in read(kept)] == ["a", "b"]


def test_looking_whether_a_file_can_be_written_changes_nothing(tmp_path):
    path = tmp_path / "old.csv"
    path.write_text("old")
    before = path.stat()
    files.check_writable(path)
    files.check_writable(tmp_path / "new" / "deep" / "x.csv")
    assert os.listdir(tmp_path) == ["old.csv"] and path.read_text() == "old"
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_a_text_never_takes_the_place_of_a_device(tmp_path):
    (tmp_path / "null").symlink_to(os.devnull)
    with pytest.raises(OSError, match="no regular file"):
        files.write_text(tmp_path / "null", "x")
    assert (tmp_path / "null").is_symlink()
    files.write_text(tmp_path / "x", "half of a pair: \ud800")
    assert (tmp_path / "x").read_text() == "half of a pair: \\ud800"
