"""On Colab the set-up cell adds the course, and leaves every package that is there as it is."""

import json
import os
import re
import subprocess
import sys

import pytest

from tgan_lessons import lessons

CONSTRAINTS = lessons.checkout() / "constraints-colab.txt"


def normal(name):
    return re.sub(r"[-_.]+", "-", name.lower())


def theirs():
    lines = CONSTRAINTS.read_text().splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {normal(name): version for name, version in pairs}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", folder]
    subprocess.run([*command, lessons.checkout()], capture_output=True, check=True)
    return next(folder.glob("*.whl"))


def resolve(wheel, folder, packages):
    """What pip would install beside these packages, with no index to take anything else from.

    They are stood for by their names and versions: an environment that pip reads as Colab's.
    """

    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    python = venv / ("Scripts" if os.name == "nt" else "bin") / "python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout
    for name, version in packages.items():
        info = folder.joinpath(site.strip(), f"{name.replace('-', '_')}-{version}.dist-info")
        info.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        (info / "METADATA").write_text(metadata)
        (info / "RECORD").write_text("")
    command = [sys.executable, "-m", "pip", "--python", python, "install", "--no-index"]
    command += ["--dry-run", "--quiet", "--report", folder / "report.json", wheel]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode:
        return done.stderr
    report = json.loads((folder / "report.json").read_text())
    return [normal(item["metadata"]["name"]) for item in report["install"]]


@pytest.mark.parametrize("numpy", ["2.1.3", "2.0.2"])  # both are in Colab's lists of 2026
def test_the_set_up_cell_replaces_nothing_and_adds_the_course_alone(wheel, tmp_path, numpy):
    assert resolve(wheel, tmp_path, theirs() | {"numpy": numpy}) == ["tgan-lessons"]


def test_an_older_package_would_be_replaced(wheel, tmp_path):
    """The test above can fail."""
    told = resolve(wheel, tmp_path, theirs() | {"keras": "3.10.0"})
    assert "keras" in told
    assert "No matching distribution" in told


def test_the_constraints_are_the_versions_that_are_promised():
    promised = {
        "tensorflow": "2.20.0",
        "keras": "3.13.2",
        "ipywidgets": "7.7.1",
        "ipython": "7.34.0",
        "ipykernel": "6.17.1",
        "numpy": "2.1.3",
        "matplotlib": "3.10.0",
        "scikit-learn": "1.6.1",
        "mlxtend": "0.23.4",
        "pillow": "11.3.0",
    }
    assert promised.items() <= theirs().items()
