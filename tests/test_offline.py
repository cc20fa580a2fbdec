"""Every lesson runs where there is no network: `pytest -m long tests/test_offline.py`."""

import os
import shutil
import subprocess
import sys

import pytest

from tgan_lessons import cache, lessons

# A network namespace of its own: nothing but the loopback, which kernels talk over.
ALONE = ["unshare", "--net", "--map-root-user", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
ASK = "import socket; socket.create_connection(('{}', {}), 2)"
pytestmark = [pytest.mark.long]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A copy of a filled data folder, as a teacher hands it out."""
    if not (shutil.which("unshare") and shutil.which("ip")):
        pytest.skip("needs the commands unshare and ip, of Linux")
    if subprocess.run([*ALONE, "true"], capture_output=True).returncode:
        pytest.skip("this user may not make a network namespace")
    copy = tmp_path_factory.mktemp("handed out")
    for path in cache.cache_dir().glob("*.npz"):
        shutil.copy(path, copy)
    return copy


def run(folder, *command, **options):
    variables = {cache.VARIABLE: str(folder), "TGAN_LESSONS_PRESET": "smoke"}
    return subprocess.run(
        [*ALONE, sys.executable, *command],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=900,
        **options,
    )


def test_there_is_no_network_in_there(folder):
    done = run(folder, "-c", ASK.format("192.0.2.1", 443))
    assert "Network is unreachable" in done.stderr
    done = run(folder, "-c", ASK.format("www.openml.org", 443))
    assert "gaierror" in done.stderr


@pytest.mark.parametrize("lesson", [lesson.name for lesson in lessons.all_lessons()])
def test_a_lesson_runs(folder, tmp_path, lesson):
    done = run(folder, "-m", "tgan_lessons", "run", lesson, "--output", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / f"{lesson}.html").stat().st_size > 100_000


def test_the_folder_verifies(folder):
    done = run(folder, "-m", "tgan_lessons", "data", "--verify")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "damaged" not in done.stdout
