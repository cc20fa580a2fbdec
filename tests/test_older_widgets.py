"""All labs and questions under the versions that Colab has, beside those installed here."""

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

OLDER = ("ipywidgets==7.7.1", "ipykernel==6.17.1", "ipython==7.34.0")
THEIRS = ("ipython_genutils", "pickleshare", "backcall", "decorator")  # that only these need
DRIVER = Path(__file__).with_name("drive_labs.py")
LABS = (
    *("SpiralLab", "GanLab", "DigitLab", "DistanceLab", "ClinicLab", "CipherLab"),
    *("TextLab", "VaeLab"),
    *("CurveLab", "TransferLab", "FreezeLab", "GiantLab", "AdaptLab", "SegmentLab"),
    *("FewShotLab", "PickerLab", "CaptionLab", "questions"),
)


@pytest.fixture(scope="module")
def older(request):
    """A folder with the older versions, made once; it shadows the newer ones."""
    if metadata.version("ipywidgets") == "7.7.1":
        pytest.skip("they are the versions installed")
    folder = Path(request.config.cache.mkdir("older-widgets"))
    if not (folder / "complete").exists():
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--upgrade"]
        made = subprocess.run(
            [*command, "--target", str(folder), *OLDER, *THEIRS],
            capture_output=True,
            text=True,
            timeout=300,
        )
        if made.returncode:
            pytest.skip(f"pip could not fetch {', '.join(OLDER)}: {made.stderr[-200:]}")
        (folder / "complete").touch()
    return folder


def drive(path=None):
    variables = {"TF_CPP_MIN_LOG_LEVEL": "3"} | ({"PYTHONPATH": str(path)} if path else {})
    ended = subprocess.run(
        [sys.executable, str(DRIVER)],
        capture_output=True,
        text=True,
        timeout=600,
        env=os.environ | variables,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    lines = ended.stdout.splitlines()
    return lines[0], [line.split(" | ")[0] for line in lines[1:] if " | " in line]


def test_every_lab_under_the_versions_installed():
    _, driven = drive()
    assert tuple(driven) == LABS


def test_every_lab_under_the_older_versions(older):
    versions, driven = drive(older)
    assert versions == "ipywidgets 7.7.1, ipykernel 6.17.1, IPython 7.34.0"
    assert tuple(driven) == LABS
