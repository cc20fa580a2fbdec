import json
import os
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def printed(request) -> str:
    """All that a lesson's notebook, the module's `NOTEBOOK`, says in text.

    The published one; or one of this name in the folder `TGAN_LESSONS_BUILT`, which was built under
    another setting: see `python -m benchmarks processors`.
    """
    path = request.module.NOTEBOOK
    if folder := os.environ.get("TGAN_LESSONS_BUILT"):
        path = Path(folder) / path.name
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    texts = [o.get("text") or o.get("data", {}).get("text/plain", "") for o in outputs]
    return "\n".join("".join(text) for text in texts)
