"""Cells that are run twice, lessons that are run again, cells that are run after a restart."""

import copy
import json

import jupytext
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tgan_lessons import build, execute, lessons

SHORT = ("00",)  # the others are long
EVERY = [
    pytest.param(one.number, marks=() if one.number in SHORT else pytest.mark.long)
    for one in lessons.all_lessons()
]
# Runs each cell in a copy of what the set-up cell leaves, and notes what it raises.
ALONE = """
import json, traceback
import matplotlib.pyplot as plt
begun, told = dict(globals()), {}
for number, source in enumerate(json.loads(SOURCES)):
    names = dict(begun)
    try:
        exec(compile(source, f"<cell {number}>", "exec"), names)
    except NameError as error:
        told[number] = ["NameError", str(error)]
    except Exception as error:
        told[number] = [type(error).__name__, traceback.format_exc(limit=-3)]
    plt.close("all")
print("TOLD" + json.dumps(told))
"""


def code_of(number):
    script = build.script_of(lessons.find(number).path)
    return [cell for cell in jupytext.read(script).cells if cell.cell_type == "code"]


@pytest.mark.slow
@pytest.mark.parametrize("number", EVERY)
def test_each_cell_twice_and_then_the_whole_lesson_again(number):
    cells = code_of(number)
    twice = [copy.deepcopy(cell) for cell in cells for _ in range(2)]
    execute.execute(new_notebook(cells=[*twice, *cells]), number, "smoke")


@pytest.mark.slow
@pytest.mark.parametrize("number", EVERY)
def test_after_a_restart_a_cell_works_or_says_which_name_is_missing(number):
    cells = code_of(number)
    setup = next(cell for cell in cells if build.SETUP in build.tags(cell))
    sources = json.dumps([cell.source for cell in cells if cell is not setup])
    alone = new_code_cell(f"SOURCES = {sources!r}\n{ALONE}")
    notebook = new_notebook(cells=[setup, alone])
    execute.execute(notebook, number, "smoke")
    text = "".join(o.get("text", "") for o in alone.outputs if o.output_type == "stream")
    told = json.loads(text[text.rindex("TOLD") + 4 :].splitlines()[0])
    assert told, "a lesson's cells build on each other: some name is missing"
    for kind, what in told.values():
        assert kind == "NameError", what
        assert what.startswith("name '") and what.endswith("is not defined"), what
