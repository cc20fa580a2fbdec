"""What a submitted notebook holds, read without running it: its statements and its exercises.

A lesson's exercises are found in its own notebook; of a submission only those statements are needed
that define the names which an exercise's answer uses. No text of a submission decides a verdict.
"""

from __future__ import annotations

import ast
import functools
import re
import symtable
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tgan_lessons import lessons
from tgan_lessons.files import decode

LARGEST_FILE = 50 * 2**20
HARMLESS = re.compile(r"\A\s*%%(time|capture)\b.*\n")  # magics that only wrap a cell


class UnreadableError(Exception):
    """A file that is no notebook; the message says why."""


@dataclass(frozen=True)
class Statement:
    """A top-level statement of a notebook.

    Attributes:
        cell: the number of its code cell, counted from 1.
        code: its source.
        binds: the names that it defines.
        touches: the variables of which it assigns a part or calls a method.
        defines: the name of the function or class that it is the whole definition of, or "".
        uses: the names that it needs, also those inside functions.
        calls: the calls of checks in it: the check's name, and the source of its arguments.
        imports: each imported name and the dotted path that it stands for.
    """

    cell: int
    code: str
    binds: frozenset[str]
    touches: frozenset[str]
    defines: str
    uses: frozenset[str]
    calls: tuple[tuple[str, str], ...]
    imports: dict[str, str] = field(hash=False)


@dataclass(frozen=True)
class Exercise:
    """An exercise as the published lesson has it: the check, and what is given to it.

    Attributes:
        number: as in `"01.2"`.
        module: where the check is.
        check: its name.
        answers: the source of its arguments.
        names: those that the arguments use.
    """

    number: str
    module: str
    check: str
    answers: str
    names: frozenset[str]


@dataclass(frozen=True)
class Notebook:
    """The code of a notebook.

    Attributes:
        cells: the source of its code cells.
        setup: the source of the cell with the tag `setup`, if there is one.
        statements: of all cells that can be parsed, in order.
        broken: the number of each other cell, and its syntax error.
    """

    cells: tuple[str, ...]
    setup: str
    statements: tuple[Statement, ...]
    broken: dict[int, str] = field(hash=False)

    def calls_of(self, check: str) -> Iterator[tuple[int, str]]:
        """Each statement that calls a check, by place, and the source of the arguments."""
        for place, statement in enumerate(self.statements):
            yield from ((place, source) for name, source in statement.calls if name == check)


def read(path: Path) -> Notebook:
    """Reads a notebook of any version. Nothing in it is run.

    Raises:
        UnreadableError: it is no notebook, or larger than any should be.
    """
    import nbformat

    try:
        if path.stat().st_size > LARGEST_FILE:
            raise UnreadableError(f"larger than {LARGEST_FILE // 2**20} MB")
        cells = nbformat.reads(decode(path.read_bytes()), as_version=4).cells
        code = [cell for cell in cells if cell.cell_type == "code"]
        sources = tuple(str(cell.source) for cell in code)
        setups = [c.source for c in code if "setup" in c.metadata.get("tags", ())]
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror}") from error
    except UnreadableError:
        raise
    except Exception as error:  # a file from outside can be wrong in every way
        raise UnreadableError("not a notebook") from error
    return Notebook(sources, setups[0] if setups else "", *_parse(sources))


def _parse(cells: Iterable[str]) -> tuple[tuple[Statement, ...], dict[int, str]]:
    from IPython.core.inputtransformer2 import TransformerManager

    statements, broken = [], {}
    for number, cell in enumerate(cells, start=1):
        try:  # magics become calls of get_ipython()
            code = TransformerManager().transform_cell(HARMLESS.sub("", cell))
            statements += [_statement(number, node) for node in ast.parse(code).body]
        except Exception as error:  # a cell from outside can be wrong in every way
            broken[number] = f"{type(error).__name__}: {getattr(error, 'msg', error)}"
    return tuple(statements), broken


def _statement(cell: int, node: ast.stmt) -> Statement:
    code = ast.unparse(node)
    binds, uses = names_of(code)
    imports, calls, touched = {}, [], set()
    for part in ast.walk(node):
        if isinstance(part, ast.ImportFrom | ast.Import):
            start = f"{part.module}." if isinstance(part, ast.ImportFrom) else ""
            imports |= {a.asname or a.name: start + a.name for a in part.names}
        elif isinstance(part, ast.Call):
            name = getattr(part.func, "attr", getattr(part.func, "id", ""))
            calls.append((name, ", ".join(map(ast.unparse, part.args))))
            touched |= _owner(part.func)
        elif isinstance(part, ast.Attribute | ast.Subscript) and isinstance(part.ctx, ast.Store):
            touched |= _owner(part)
    checks = tuple(call for call in calls if call[0].startswith("check_"))
    defines = getattr(node, "name", "")  # of a function or class
    return Statement(cell, code, binds, frozenset(touched & uses), defines, uses, checks, imports)


def _owner(node: ast.expr) -> set[str]:
    """The variable that `node` is a part of: `model` in `model.layers[0].fit`."""
    inner = node
    while isinstance(inner, ast.Attribute | ast.Subscript):
        inner = inner.value
    return {inner.id} if isinstance(inner, ast.Name) and inner is not node else set()


def names_of(code: str) -> tuple[frozenset[str], frozenset[str]]:
    """The module's names that a piece of code defines, and those that it needs."""
    top = symtable.symtable(code, "<cell>", "exec")
    binds, uses, tables = set(), set(), [top]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            if table is top or symbol.is_global():
                made = symbol.is_assigned() or symbol.is_imported()
                (binds if made else uses).add(symbol.get_name())
                if symbol.is_referenced():
                    uses.add(symbol.get_name())
    return frozenset(binds), frozenset(uses)


def exercises_of(lesson: Notebook, number: str) -> list[Exercise]:
    """The exercises of a published lesson, in order; `number` is the lesson's.

    An exercise is a line of the form `module.check_name(answer, …)`.
    """
    imports: dict[str, str] = {}
    found = []
    for statement in lesson.statements:
        imports |= statement.imports
        node = ast.parse(statement.code).body[0]
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
            continue
        first, _, rest = ast.unparse(node.value.func).partition(".")
        module, _, check = f"{imports.get(first, first)}.{rest}".strip(".").rpartition(".")
        if check.startswith("check_") and first in imports:
            answers = ", ".join(map(ast.unparse, node.value.args))
            names = names_of(f"({answers},)")[1]
            found.append(Exercise(f"{number}.{len(found) + 1}", module, check, answers, names))
    return found


def needed(notebook: Notebook, names: Iterable[str], end: int, given: frozenset[str]) -> set[int]:
    """The places of the statements before `end` that define or change names, or what these use.

    All definitions since the last `def` or `class` of that name count: more than is needed, seldom
    less. What a function uses may be defined after it.

    Args:
        notebook: which.
        names: what is asked for.
        end: statements from here on are left out.
        given: names that are there already.
    """
    statements = notebook.statements[:end]
    imported = {name for s in statements for name in s.imports}
    chosen = {place for place, s in enumerate(statements) if "*" in s.imports}
    todo, seen = [(name, end) for name in names], set()
    while todo:
        name, before = wanted = todo.pop()
        if name in given or wanted in seen:
            continue
        seen.add(wanted)
        for place in reversed(range(before)):
            s = statements[place]
            # calling something in a module does not change the module
            if name in s.binds or (name in s.touches and name not in imported):
                chosen.add(place)
                todo += [(used, end if s.defines else place) for used in s.uses]
            if name == s.defines:
                break
    return chosen


@functools.cache
def published(lesson: lessons.Lesson) -> tuple[Notebook, list[Exercise]]:
    """A lesson's own notebook and its exercises."""
    notebook = read(lesson.path)
    return notebook, exercises_of(notebook, lesson.number)


def find_lesson(
    path: Path, notebook: Notebook, folder: Path | None = None
) -> lessons.Lesson | None:
    """The lesson that a submission is of: by the file's name, else by the checks in its cells."""
    everything = lessons.all_lessons(folder)
    named = [lesson for lesson in everything if lesson.name.lower() in path.name.lower()]
    if named:
        return named[0]
    text = "\n".join(notebook.cells)

    def shared(lesson: lessons.Lesson) -> int:
        return sum(f"{exercise.check}(" in text for exercise in published(lesson)[1])

    best = max(everything, key=shared, default=None)
    return best if best is not None and shared(best) else None
