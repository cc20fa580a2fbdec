import json

import pytest


@pytest.fixture(scope="module")
def printed(request) -> str:
    """All that the published notebook of a test module, its `NOTEBOOK`, says in text."""
    cells = json.loads(request.module.NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    texts = [o.get("text") or o.get("data", {}).get("text/plain", "") for o in outputs]
    return "\n".join("".join(text) for text in texts)
