"""Would it hold elsewhere? Tests and lessons under the processors that this machine can play.

    python -m benchmarks processors [--settings NAME …]
    python -m benchmarks processors --lessons NN … [--preset class] [--built FOLDER]

oneDNN can be told to leave out the newer instructions of a processor, or be left out itself;
TensorFlow and OpenBLAS take fewer threads and other kernels. Sums are then added in another order,
and a training ends elsewhere. Without `--lessons` the tests that compare numbers run under each
setting. With it the lessons are built, what they conclude is set beside the published notebooks,
and the claims tests are held against what was built; `--built` keeps it, and uses what is there.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tgan_lessons import build, lessons
from tgan_lessons.execute import LessonError, execute
from tgan_lessons.runtime import PRESETS, choose

NUMERIC = ("-m", "numeric and not long and not browser", "-q", "--no-header", "tests")
# oneDNN's names, each with the flag of the processor that it needs
INSTRUCTIONS = {
    "SSE41": "sse4_1",
    "AVX": "avx",
    "AVX2": "avx2",
    "AVX512_CORE": "avx512bw",
    "AVX512_CORE_VNNI": "avx512_vnni",
    "AVX512_CORE_BF16": "avx512_bf16",
    "AVX512_CORE_AMX": "amx_tile",
}
THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")


def settings() -> dict[str, dict[str, str]]:
    """The processors that this one can play: a name, and what to set in the environment."""
    found: dict[str, dict[str, str]] = {"as it is": {}}
    info = Path("/proc/cpuinfo")
    flags = set(info.read_text().split()) if info.is_file() else set()
    found |= {
        name: {"ONEDNN_MAX_CPU_ISA": name} for name, flag in INSTRUCTIONS.items() if flag in flags
    }
    found["no oneDNN"] = {"TF_ENABLE_ONEDNN_OPTS": "0"}
    found["one thread"] = dict.fromkeys((*THREADS, "OPENBLAS_NUM_THREADS"), "1")
    found["two threads"] = {THREADS[0]: "2", THREADS[1]: "1", THREADS[2]: "2"}
    if platform.machine() in ("x86_64", "AMD64"):
        found["another OpenBLAS"] = {"OPENBLAS_CORETYPE": "Nehalem"}
    return found


def test(environment: dict[str, str], *arguments: str) -> tuple[bool, str]:
    """Runs pytest; returns whether it passed, and what it says of what did not."""
    command = [sys.executable, "-m", "pytest", *arguments]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)
    lines = done.stdout.strip().splitlines()
    told = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return done.returncode == 0, "\n".join([*told, lines[-1] if lines else done.stderr])


def verdicts(path: Path) -> dict[str, str]:
    """What a notebook concluded: each prediction's name, and what was measured."""
    found = {}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        calls = re.findall(r"^(guess\w*)\.compare\(", "".join(cell["source"]), re.MULTILINE)
        for output in cell.get("outputs", ()):
            text = "".join(output.get("data", {}).get("text/plain", ()))
            if calls and text.startswith("Measured: "):
                found[calls[0]] = text.removeprefix("Measured: ").split(" (You made no")[0]
    return found


def build_lesson(
    lesson: lessons.Lesson, folder: Path, environment: dict[str, str], preset: str
) -> Path:
    """Builds a lesson under a setting, in a folder; one that is there already stays."""
    import jupytext
    import nbformat

    path = folder / lesson.path.name
    if path.is_file():
        return path
    notebook = jupytext.read(build.script_of(lesson.path), fmt="py:percent")
    before = dict(os.environ)
    os.environ.update(environment)  # the kernel inherits it
    try:
        execute(notebook, lesson.name, preset)
    finally:
        os.environ.clear()
        os.environ.update(before)
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


def hold(lesson: lessons.Lesson, folder: Path, environment: dict[str, str], preset: str) -> bool:
    """Builds a lesson, prints what differs from the published one; whether all claims hold."""
    try:
        built = build_lesson(lesson, folder, environment, preset)
    except LessonError as error:
        print(f"  {error}")
        return False
    ours, theirs = verdicts(lesson.path), verdicts(built)
    changed = {name for name in ours if ours[name] != theirs.get(name)}
    print(f"  {lesson.number}: {len(ours) - len(changed)} of {len(ours)} verdicts as published")
    for name in sorted(changed):
        print(f"    {name}: {theirs.get(name)!r}, published {ours[name]!r}")
    claims = lessons.checkout() / "tests" / "claims" / f"test_lesson_{lesson.number}.py"
    if not claims.is_file() or preset != "class":
        return True
    passed, told = test(environment | {"TGAN_LESSONS_BUILT": str(folder)}, "-q", str(claims))
    print("    claims: " + told.replace("\n", "\n    "))
    return passed


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs tests or lessons under each setting.

    Raises:
        SystemExit: 1 where a test or a claim failed; 2 for an unknown name.
    """
    known = settings()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--settings", nargs="+", default=list(known), metavar="NAME")
    parser.add_argument("--lessons", nargs="+", default=[], metavar="NN")
    parser.add_argument("--preset", choices=PRESETS, default="class")
    parser.add_argument("--built", type=Path, metavar="FOLDER")
    options = parser.parse_args(arguments)
    try:
        for name in options.settings:
            choose("settings", name, tuple(known))
        chosen = [lessons.find(name) for name in options.lessons]
    except ValueError as error:
        parser.error(str(error))
    failed = []
    with tempfile.TemporaryDirectory() as temporary:
        for name in options.settings:
            print(f"{name}: {' '.join('='.join(pair) for pair in known[name].items())}", flush=True)
            folder = (options.built or Path(temporary)) / name.replace(" ", "_")
            if chosen:
                held = [hold(lesson, folder, known[name], options.preset) for lesson in chosen]
            else:
                passed, told = test(known[name], *NUMERIC)
                print(f"  {told}", flush=True)
                held = [passed]
            failed += [] if all(held) else [name]
    print(f"failed under: {', '.join(failed)}" if failed else "all hold under all settings")
    raise SystemExit(1 if failed else 0)
