"""What the fault suite shares: how many trials a test makes, and a disk that is full."""

import os
import subprocess
import sys

import pytest


@pytest.fixture
def count(record_property):
    """Tells the report how many trials were made; `python -m benchmarks faults` adds them up."""
    return lambda trials: record_property("trials", trials)


@pytest.fixture
def full_disk(tmp_path):
    """Mounts a file system of so many kB; returns its folder."""
    mounted = []

    def mount(kilobytes):
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
        if sys.platform != "linux" or os.geteuid() != 0 or subprocess.run(command).returncode:
            pytest.skip("a small disk can only be mounted by root on Linux")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", str(folder)], check=True)
