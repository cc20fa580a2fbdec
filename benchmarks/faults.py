"""Counts of the fault suite: how often each fault was tried, and how often it did harm.

    python -m benchmarks faults [--quick]

Runs `tests/faults` with pytest; `--quick` runs what the daily tests run.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

from benchmarks import measure
from tgan_lessons.files import write_or_keep

ROOT = Path(__file__).parents[1]
Counts = dict[str, dict[str, Any]]


def run(quick: bool) -> Counts:
    """Runs the suite and returns the counts of each of its modules."""
    which = "not long" if quick else "long or not long"
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "tests/faults", "-n", "0", "-m", which]
        options = [f"--junitxml={report}", "-o", "junit_family=xunit1", "-p", "no:cacheprovider"]
        subprocess.run([*command, *options], cwd=ROOT)  # failures are counted below
        return read(report)


def read(report: Path) -> Counts:
    """Adds up pytest's report by module: tests, trials, tests that failed or were skipped.

    Args:
        report: of `pytest --junitxml`, where tests record the property "trials".
    """
    counts: Counts = {}
    for case in ET.parse(report).getroot().iter("testcase"):
        module = case.get("classname", "").split(".")[-1].removeprefix("test_fault_")
        row = counts.setdefault(
            module, {"tests": 0, "trials": 0, "failed": 0, "skipped": 0, "seconds": 0.0}
        )
        row["tests"] += 1
        row["seconds"] += float(case.get("time", 0))
        row["failed"] += case.find("failure") is not None or case.find("error") is not None
        row["skipped"] += case.find("skipped") is not None
        trials = [p for p in case.iter("property") if p.get("name") == "trials"]
        row["trials"] += sum(int(p.get("value", 0)) for p in trials)
    return counts


def main() -> None:
    """Prints the table and writes `results/faults.json`."""
    quick = measure.options(__doc__.splitlines()[0])
    counts = run(quick)
    header = ("faults", "tests", "trials", "failed", "skipped", "seconds")
    rows = [[name, *(f"{value:.0f}" for value in row.values())] for name, row in counts.items()]
    print(measure.table(header, rows))
    folder = measure.RESULTS / "quick" if quick else measure.RESULTS
    folder.mkdir(parents=True, exist_ok=True)
    result = {"quick": quick, "machine": measure.machine(), "faults": counts}
    path = folder / "faults.json"
    write_or_keep(path, json.dumps(result, indent=1) + "\n")
    if any(row["failed"] for row in counts.values()) or not counts:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
