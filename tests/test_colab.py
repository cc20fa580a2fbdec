"""On Colab the set-up cell adds the course, and leaves every package that is there as it is."""

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata

import pytest
from IPython.core.interactiveshell import InteractiveShell
from packaging.requirements import Requirement

from tgan_lessons import lessons, packages

CONSTRAINTS = lessons.checkout() / "constraints-colab.txt"
PROJECT = tomllib.loads((lessons.checkout() / "pyproject.toml").read_text())["project"]


def normal(name):
    return re.sub(r"[-_.]+", "-", name.lower())


def theirs():
    lines = CONSTRAINTS.read_text().splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {normal(name): version for name, version in pairs}


# What else Colab offers beside the latest runtime, and offered in 2026, by what differs there for
# the course (googlecolab/backend-info). CPU and GPU runtimes do not differ in any of it.
NEXT = {"tensorflow": "2.23.0", "keras": "3.17.0", "numpy": "2.5.1", "ipywidgets": "9.0.0"}
FIT = {
    "2026.08, CPU or GPU": {},
    "2026.07, CPU or GPU": {
        **{"numpy": "2.0.2", "pandas": "2.2.2", "platformdirs": "4.10.0"},
        **{"typer": "0.26.8", "filelock": "3.29.7"},
    },
    "a next one": NEXT | {"ipython": "9.8.0", "ipykernel": "7.1.0", "pandas": "3.0.1"},
}
TPU = {"tensorflow": None, "mlxtend": None}
UNFIT = {  # and what is told about it
    "2026.08, TPU": (TPU | {"pillow": "12.3.0", "rich": "15.0.0"}, "has no tensorflow"),
    "2026.04, CPU or GPU": ({"tensorflow": "2.19.0", "numpy": "2.0.2"}, "tensorflow 2.19.0"),
    "2026.01, CPU or GPU": ({"tensorflow": "2.19.0", "keras": "3.10.0"}, "tensorflow 2.19.0"),
    "2026.01, TPU": (TPU | {"keras": "3.10.0", "typer": None}, "has no tensorflow"),
    "an old Keras": ({"keras": "3.10.0"}, "keras 3.10.0"),
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", folder]
    subprocess.run([*command, lessons.checkout()], capture_output=True, check=True)
    return next(folder.glob("*.whl"))


def resolve(wheel, folder, versions):
    """What pip would install beside these packages, with no index to take anything else from.

    They are stood for by their names and versions: an environment that pip reads as Colab's.
    """

    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    python = venv / ("Scripts" if os.name == "nt" else "bin") / "python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout
    for name, version in versions.items():
        if version is None:
            continue
        info = folder.joinpath(site.strip(), f"{name.replace('-', '_')}-{version}.dist-info")
        info.mkdir()
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        (info / "METADATA").write_text(text)
        (info / "RECORD").write_text("")
    command = [sys.executable, "-m", "pip", "--python", python, "install", "--no-index"]
    command += ["--dry-run", "--quiet", "--report", folder / "report.json", wheel]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode:
        return done.stderr
    report = json.loads((folder / "report.json").read_text())
    return [normal(item["metadata"]["name"]) for item in report["install"]]


@pytest.mark.parametrize("name", FIT)
def test_pip_replaces_nothing_and_adds_the_course_alone(wheel, tmp_path, name):
    assert resolve(wheel, tmp_path, theirs() | FIT[name]) == ["tgan-lessons"]


@pytest.mark.parametrize("name", UNFIT)
def test_elsewhere_pip_would_replace_or_add_what_the_set_up_refuses(wheel, tmp_path, name):
    """The test above can fail."""
    told = resolve(wheel, tmp_path, theirs() | UNFIT[name][0])
    assert "No matching distribution" in told
    assert any(package in told for package in ("tensorflow", "keras", "mlxtend"))


def test_no_upper_bound_can_downgrade_a_newer_package():
    bounds = [bound for text in PROJECT["dependencies"] for bound in Requirement(text).specifier]
    assert {bound.operator for bound in bounds} == {">="}
    assert PROJECT["requires-python"] == ">=3.11"


# What the set-up says ---------------------------------------------------------------------------


@pytest.fixture
def colab(monkeypatch):
    """Makes this kernel look like Colab's with these versions; what pip is asked is returned."""

    def make(versions):
        def version(name):
            if (found := versions.get(normal(name))) is None:
                raise metadata.PackageNotFoundError(name)
            return found

        asked = []
        monkeypatch.setitem(sys.modules, "google.colab", sys)
        monkeypatch.setattr(metadata, "version", version)
        monkeypatch.setattr(metadata, "requires", lambda name: PROJECT["dependencies"])
        monkeypatch.setattr(packages, "_other_tensorflow", lambda: False)
        monkeypatch.setattr(packages, "_add", lambda names: asked.append(names) or "Added.")
        return asked

    return make


@pytest.mark.parametrize("name", FIT)
def test_nothing_is_said_or_added_where_all_fits(colab, capsys, name):
    asked = colab(theirs() | FIT[name])
    packages.prepare()
    assert (asked, capsys.readouterr().out) == ([], "")


@pytest.mark.parametrize("name", UNFIT)
def test_an_unfit_runtime_is_told_in_a_sentence_with_what_to_choose(colab, capsys, name):
    versions, told = UNFIT[name]
    asked = colab(theirs() | versions)
    with pytest.raises(packages.UnfitError) as caught:
        packages.prepare()
    message = str(caught.value)
    assert told in message and "Change runtime type → CPU or GPU" in message
    assert "\n" not in message and asked == []


def test_a_notebook_shows_the_sentence_without_a_traceback(colab, capsys):
    colab(theirs() | TPU)
    shell = InteractiveShell()
    result = shell.run_cell("from tgan_lessons import packages\npackages.prepare()")
    shown = capsys.readouterr().out
    assert not result.success  # cells below do not run
    assert shown.startswith("This Colab runtime has no tensorflow") and shown.count("\n") == 1


def test_what_is_missing_is_added_and_what_is_old_is_told(colab, capsys):
    asked = colab(theirs() | {"mlxtend": None, "typer": None, "joblib": "1.3.0"})
    packages.prepare()
    assert asked == [["mlxtend>=0.23.4", "typer>=0.15"]]
    assert "joblib>=1.4; this is 1.3.0" in capsys.readouterr().out


def test_newer_packages_are_told(colab):
    colab(theirs())
    assert packages.newer() == ("", "")
    colab(theirs() | NEXT)
    told, advice = packages.newer()
    assert all(f"{name} {version}" in told for name, version in NEXT.items())
    assert advice == "Where a lesson fails, choose an older runtime version."
    colab(theirs() | {"keras": "3.15.9", "tensorflow": "2.21.3rc1", "numpy": "2.4.9"})
    assert packages.newer() == ("", "")
    colab(theirs() | {"tensorflow": None})  # another build
    assert packages.newer() == ("", "")


def test_tensorflow_under_another_name_fits(colab, monkeypatch):
    colab(theirs() | {"tensorflow": None})
    monkeypatch.setattr(packages, "_other_tensorflow", lambda: True)
    packages.prepare()


def write_wheel(folder, name, version, *needs):
    info = f"{name}-{version}.dist-info"
    lines = [f"Requires-Dist: {need}\n" for need in needs]
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        archive.writestr(f"{info}/METADATA", head + "".join(lines))
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


def test_what_is_added_replaces_nothing(tmp_path, monkeypatch):
    """With pip itself, without an index, on a trial run: it may take made-up wheels alone."""
    variables = {"NO_INDEX": "1", "FIND_LINKS": str(tmp_path), "DRY_RUN": "1", "CONFIG_FILE": ""}
    for name, value in variables.items():
        monkeypatch.setenv(f"PIP_{name}", value or os.devnull)
    write_wheel(tmp_path, "made_up", "1.0", "numpy>=2")
    write_wheel(tmp_path, "greedy", "1.0", "numpy>=99")
    write_wheel(tmp_path, "numpy", "99.0")
    assert packages._add(["made_up"]) == "Added: made_up."
    assert packages._add(["greedy"]).startswith("Missing, and pip could not add them: greedy (")


def test_the_constraints_are_the_versions_that_are_promised():
    promised = {
        "tensorflow": "2.20.0",
        "keras": "3.13.2",
        "ipywidgets": "7.7.1",
        "ipython": "7.34.0",
        "ipykernel": "6.17.1",
        "numpy": "2.1.3",
        "pandas": "2.2.3",
        "matplotlib": "3.10.0",
        "scikit-learn": "1.6.1",
        "mlxtend": "0.23.4",
        "pillow": "11.3.0",
    }
    assert promised.items() <= theirs().items()
