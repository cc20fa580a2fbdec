"""What the doctor found, for a person to read: on a terminal or in a notebook."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Verdict = Literal["ok", "note", "problem"]
SYMBOLS: dict[Verdict, str] = {"ok": "✓", "note": "!", "problem": "✗"}
FOLDERS = re.compile(r"(?<![\w/\\])(?!//)(?:[A-Za-z]:)?(?:[\\/]+[^\\/\s'\":]+)*[\\/]+(?=[^\\/\s])")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        area: what was looked at.
        verdict: `"ok"`, `"note"` (works, with less) or `"problem"`.
        found: what is there.
        advice: what to do; empty where there is nothing to do.
    """

    area: str
    verdict: Verdict
    found: str
    advice: str = ""


@dataclass(frozen=True)
class Report:
    """All findings; prints as text, shows as a table in a notebook."""

    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing found is a problem."""
        return all(finding.verdict != "problem" for finding in self.findings)

    @property
    def summary(self) -> str:
        """One sentence."""
        count = sum(finding.verdict == "problem" for finding in self.findings)
        return "Ready for the course." if not count else f"To solve first: {count}, marked ✗."

    def __str__(self) -> str:
        lines = []
        for item in self.findings:
            lines.append(f"{SYMBOLS[item.verdict]} {item.verdict:8}{item.area:14}{item.found}")
            if item.advice:
                lines.append(f"{'':24}→ {item.advice}")
        return "\n".join([*lines, self.summary])

    def _repr_html_(self) -> str:
        rows = []
        for item in self.findings:
            verdict = f"{SYMBOLS[item.verdict]} {item.verdict}"
            cells = (item.area, verdict, item.found, item.advice)
            columns = "".join(
                f'<td style="text-align:left">{html.escape(text)}</td>' for text in cells
            )
            rows.append(f"<tr>{columns}</tr>")
        head = "".join(f"<th>{name}</th>" for name in ("What", "Verdict", "Found", "What to do"))
        return f"<table><tr>{head}</tr>{''.join(rows)}</table><p>{html.escape(self.summary)}</p>"


def without_folders(text: str) -> str:
    """Replaces the folders of absolute paths by `…/`, so that a report can be published."""
    return FOLDERS.sub("…/", text)


def shown(path: Path) -> str:
    """A folder as a person may publish it: below `~`, else only its last part."""
    try:
        return f"~/{path.resolve().relative_to(Path.home().resolve()).as_posix()}"
    except (ValueError, RuntimeError):
        return f"…/{path.name}"
