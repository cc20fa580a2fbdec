import json
import os
import sys
import tempfile
import types
from collections import namedtuple
from importlib import metadata

import numpy as np
import pytest

from tgan_lessons import cache, doctor, files, machine, packages, report, runtime
from tgan_lessons.report import Finding, Report


@pytest.fixture(autouse=True)
def data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "data"))
    for name in (runtime.PRESET_VARIABLE, "KERAS_BACKEND", "MPLBACKEND", "TGAN_LESSONS_RESUME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


def write_cache(name):
    x, y = np.zeros((3, 28, 28), np.uint8), np.zeros(3, np.uint8)
    cache.write(cache.cache_path(name), {"x_train": x, "y_train": y, "x_test": x, "y_test": y})


def by_area(findings):
    return {finding.area: finding for finding in findings}


def pretend_versions(monkeypatch, **versions):
    real = metadata.version

    def version(name):
        if versions.get(name, "") is None:
            raise metadata.PackageNotFoundError(name)
        return versions.get(name) or real(name)

    monkeypatch.setattr(metadata, "version", version)


def test_this_machine_has_what_the_course_declares():
    found = list(doctor.examine_python())
    assert [item.verdict for item in found] == ["ok", "ok"]
    assert f"Keras {metadata.version('keras')}" in found[1].found


@pytest.mark.parametrize("version", ["2.19.0", None])
def test_a_package_out_of_its_range_is_a_problem(monkeypatch, version):
    pretend_versions(monkeypatch, tensorflow=version)
    monkeypatch.setattr(packages, "_other_tensorflow", lambda: False)
    monkeypatch.setattr(metadata, "requires", lambda name: ["tensorflow>=2.20"])
    (wrong,) = [item for item in doctor.examine_python() if item.verdict == "problem"]
    assert wrong.found.startswith("tensorflow>=2.20 is needed")
    assert (version or "none") in wrong.found
    assert wrong.advice == 'pip install "tensorflow>=2.20"'


def test_a_colab_runtime_is_chosen_and_not_replaced(monkeypatch):
    pretend_versions(monkeypatch, tensorflow="2.19.0", rich="1.0")
    monkeypatch.setitem(sys.modules, "google.colab", sys)
    monkeypatch.setattr(metadata, "requires", lambda name: ["tensorflow>=2.20", "rich>=13"])
    first, second = [item for item in doctor.examine_python() if item.verdict == "problem"]
    assert first.advice == f"{packages.CHOOSE}."  # pip would replace what the runtime brought
    assert second.advice == 'pip install "rich>=13"'


@pytest.mark.parametrize("where", ["here", "colab"])
def test_newer_packages_are_a_note(monkeypatch, where):
    pretend_versions(monkeypatch, keras="4.0.1")
    if where == "colab":
        monkeypatch.setitem(sys.modules, "google.colab", sys)
    (note,) = [item for item in doctor.examine_python() if item.verdict == "note"]
    assert "keras 4.0.1 (tested: up to" in note.found
    how = {"here": "install what was tested", "colab": "choose an older runtime version"}[where]
    assert note.advice == f"Where a lesson fails, {how}."


def test_packages_of_extras_are_not_asked_for(monkeypatch):
    pretend_versions(monkeypatch, hypothesis=None, jupyterlab=None)
    assert [item.verdict for item in doctor.examine_python()] == ["ok", "ok"]


def test_an_unsuitable_python_is_a_problem(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4, "final", 0))
    finding = by_area(doctor.examine_python())["Python"]
    assert (finding.verdict, "3.10.4" in finding.found) == ("problem", True)


@pytest.mark.parametrize(("gpu", "preset"), [(True, "gpu"), (False, "class")])
def test_devices(monkeypatch, gpu, preset):
    monkeypatch.setattr(runtime, "has_gpu", lambda: gpu)
    monkeypatch.setattr(runtime, "gpu_fault", lambda: "")
    monkeypatch.setattr(doctor.os, "cpu_count", lambda: 1)
    found = by_area(doctor.examine_devices())
    assert found["Computing"].verdict == ("ok" if gpu else "note")
    assert found["Preset"].found == preset


def test_a_gpu_that_computes_nothing_is_a_note(monkeypatch):
    monkeypatch.setattr(runtime, "has_gpu", lambda: True)
    monkeypatch.setattr(runtime, "gpu_fault", lambda: "CUDA_ERROR_INVALID_HANDLE")
    found = by_area(doctor.examine_devices())
    assert found["GPU"].verdict == "note" and "CUDA_ERROR_INVALID" in found["GPU"].found
    assert "no GPU, the CPU" in found["Computing"].found
    assert found["Preset"].found.startswith("class")


def test_a_misspelt_preset_is_a_problem(monkeypatch):
    monkeypatch.setattr(runtime, "has_gpu", lambda: False)
    monkeypatch.setenv(runtime.PRESET_VARIABLE, "smok")
    preset = by_area(doctor.examine_devices())["Preset"]
    assert preset.verdict == "problem"
    assert "'smoke', 'class', 'gpu'" in preset.found


def test_a_broken_tensorflow_is_a_problem_told_without_folders(monkeypatch):
    def fail():
        raise ImportError("/opt/env/lib/libtf.so: undefined symbol\nmore")

    monkeypatch.setattr(runtime, "has_gpu", fail)
    (finding,) = doctor.examine_devices()
    assert finding.verdict == "problem"
    assert finding.found == "cannot be loaded: …/libtf.so: undefined symbol"


@pytest.mark.parametrize(
    ("absent", "verdicts"),
    [
        ((), {"Widgets": "ok"}),
        (("ipywidgets",), {"Widgets": "problem"}),
        (("jupyterlab_widgets",), {"Widgets": "ok"}),
        (("jupyterlab_widgets", "widgetsnbextension"), {"Widgets": "problem"}),
        (("jupyterlab",), {"Widgets": "ok", "JupyterLab": "note"}),
    ],
)
def test_widgets(monkeypatch, absent, verdicts):
    present = {"jupyterlab": "4.4", "jupyterlab_widgets": "3.0", "widgetsnbextension": "4.0"}
    pretend_versions(monkeypatch, **(present | dict.fromkeys(absent)))
    found = by_area(doctor.examine_widgets())
    assert {area: item.verdict for area, item in found.items()} == verdicts


def test_colab_brings_its_own_widgets(monkeypatch):
    pretend_versions(monkeypatch, jupyterlab=None, jupyterlab_widgets=None, widgetsnbextension=None)
    monkeypatch.setitem(sys.modules, "google.colab", object())
    (finding,) = doctor.examine_widgets()
    assert (finding.verdict, "Colab" in finding.found) == ("ok", True)


def test_data(data_folder):
    write_cache("mnist")
    damaged = cache.cache_path("emnist_balanced")
    write_cache("emnist_balanced")
    damaged.write_bytes(damaged.read_bytes()[:-100])
    before = sorted(path.name for path in data_folder.iterdir())

    found = list(doctor.examine_data())

    verdicts = {item.found.split()[0].rstrip(":"): item.verdict for item in found}
    assert verdicts == {"mnist": "ok", "emnist_balanced": "problem", "optical_digits": "ok"}
    assert "3 + 3 images" in found[0].found
    assert sorted(path.name for path in data_folder.iterdir()) == before


def test_absent_data_is_announced_and_no_problem(data_folder):
    found = list(doctor.examine_data())
    assert [item.verdict for item in found] == ["note", "note", "ok"]
    assert all("--fetch" in item.advice for item in found[:2])
    assert not data_folder.exists()


# An advice each ----------------------------------------------------------------------------------


def test_a_damaged_download_is_fetched_again_and_what_is_made_here_deleted(data_folder, capsys):
    for name in ("emnist_balanced", "optical_digits"):
        write_cache(name)
        cache.cache_path(name).write_bytes(b"half")
    advices = {item.found.split()[0]: item.advice for item in doctor.examine_data()}
    assert advices["emnist_balanced"].startswith("tgan-lessons data --fetch, or copy emnist_bal")
    assert advices["optical_digits"] == "Delete optical_digits.npz: it is prepared anew."
    cache.cache_path("optical_digits").unlink()
    x, y = np.zeros((3, 28, 28), np.uint8), np.zeros(3, np.uint8)
    for name in ("emnist_balanced", "optical_digits"):  # what the two advices lead to
        cache.load_or_make(name, lambda: dict(zip(cache.KEYS, (x, y, x, y), strict=True)))
    assert {item.verdict for item in doctor.examine_data()} == {"note", "ok"}  # mnist is not here


@pytest.mark.parametrize("name", ["emnist_balanced", "mnist_5k"])
def test_a_damaged_file_of_another_is_theirs_to_mend(data_folder, monkeypatch, name):
    write_cache(name)
    cache.cache_path(name).write_bytes(b"half")
    monkeypatch.setattr(files.os, "geteuid", lambda: 12345, raising=False)
    (found,) = [item for item in doctor.examine_data() if item.verdict == "problem"]
    assert found.advice.startswith(f"Ask whoever put {name}.npz there (it belongs to somebody else")


def test_a_file_that_may_not_be_read_is_not_called_damaged(data_folder, monkeypatch):
    write_cache("mnist")
    real = open

    def refuse(path, *rest, **options):
        if str(path).endswith("mnist.npz"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *rest, **options)

    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr("io.open", refuse)
    (found,) = [item for item in doctor.examine_data() if item.verdict == "problem"]
    assert found.found == "mnist cannot be read: Permission denied"
    assert found.advice.startswith("Ask whoever put mnist.npz there (Permission denied)")


def test_damaged_weights_of_imagenet_are_a_problem(data_folder):
    from tgan_lessons import giants

    giants.weights_path().parent.mkdir(parents=True)
    giants.weights_path().write_bytes(b"half")
    (found,) = [item for item in doctor.examine_data() if item.verdict == "problem"]
    assert found.found.startswith("imagenet is damaged")
    assert found.advice == f"tgan-lessons data --fetch, or copy {giants.WEIGHTS} again."


def test_a_data_folder_that_is_a_file(data_folder):
    data_folder.write_text("")
    found = list(doctor.examine_data())[-1]
    assert (found.verdict, found.found) == ("problem", "…/data is a file, no folder")
    assert found.advice == "Set TGAN_LESSONS_DATA to a folder."


def test_this_machine_is_set_up_as_lessons_expect():
    assert [*doctor.examine_settings(), *doctor.examine_keras()] == []


@pytest.mark.parametrize(
    ("variable", "value", "verdict", "found"),
    [
        ("TGAN_LESSONS_DATA", "~nobody-of-this-name", "problem", "no home folder is known"),
        ("TGAN_LESSONS_RESUME", "~nobody-of-this-name", "problem", "no home folder is known"),
        ("TGAN_LESSONS_RESUME", "$NO_SUCH_PLACE", "note", "names a variable that is not set"),
    ],
)
def test_folders_that_are_none(monkeypatch, variable, value, verdict, found):
    monkeypatch.setenv(variable, value)
    (item,) = doctor.examine_settings()
    assert item.verdict == verdict and found in item.found and variable in item.found
    assert item.advice == f"Set {variable} to a whole path."
    if variable == cache.VARIABLE:  # the rest of the examination goes on
        assert list(doctor.examine_data()) == []
        assert [item.area for item in doctor.examine_room()] == ["Memory"]


def test_no_home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / machine.TEMPORARY))
    (item,) = doctor.examine_settings()
    assert (item.verdict, item.advice) == ("note", machine.ADVICE_HOME)


def test_a_long_temporary_folder(monkeypatch):
    monkeypatch.setattr(tempfile, "gettempdir", lambda: "/" + 104 * "x")
    (item,) = doctor.examine_settings()
    assert (item.verdict, item.advice) == ("note", "Set TMPDIR to a shorter one, such as /tmp.")


def test_a_learner_s_own_keras_py(tmp_path):
    (tmp_path / "keras.py").write_text("")
    (item,) = doctor.examine_settings()
    assert (item.verdict, item.advice) == ("problem", "Rename keras.py.")
    assert item.found == f"…/{'keras.py'} hides a module that lessons need"
    (tmp_path / "keras.py").rename(tmp_path / "my_keras.py")
    assert list(doctor.examine_settings()) == []


@pytest.mark.parametrize(
    ("content", "environment", "told"),
    [
        ({"floatx": "float16", "image_data_format": "channels_first"}, {}, "floatx float16"),
        ({"backend": "torch"}, {}, "backend torch"),
        ({}, {"KERAS_BACKEND": "jax"}, "KERAS_BACKEND=jax"),
        ({}, {"KERAS_MAX_EPOCHS": "1"}, "KERAS_MAX_EPOCHS=1"),
    ],
)
def test_a_foreign_keras_is_noted_and_needs_nothing(monkeypatch, content, environment, told):
    machine.keras_file().parent.mkdir()
    machine.keras_file().write_text(json.dumps(content))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (item,) = doctor.examine_keras()
    assert item.verdict == "note" and told in item.found
    assert item.advice.startswith("Nothing: the set-up cell sets what lessons need")


def test_a_keras_file_that_is_no_use(monkeypatch):
    machine.keras_file().parent.mkdir()
    machine.keras_file().write_text('{"floatx": "int8"}')
    (item,) = doctor.examine_keras()
    assert item.verdict == "problem" and item.found.startswith("Keras cannot be loaded: …/keras.js")
    assert item.advice == "Delete or rename it."
    machine.keras_file().unlink()
    assert list(doctor.examine_keras()) == []


def test_a_keras_on_another_backend_in_this_kernel(monkeypatch):
    config = types.SimpleNamespace(backend=lambda: "jax")
    monkeypatch.setitem(sys.modules, "keras", types.SimpleNamespace(config=config))
    (item,) = doctor.examine_keras()
    assert (item.verdict, item.found) == ("problem", "was loaded on jax in this kernel")
    assert item.advice == "Restart the kernel, and run the set-up first."


def test_foreign_pictures(monkeypatch):
    import matplotlib

    monkeypatch.setitem(matplotlib.rcParams, "text.usetex", True)
    monkeypatch.setenv("PATH", os.getcwd())
    (item,) = doctor.examine_keras()
    assert item.verdict == "note" and "LaTeX, which is not here" in item.found
    monkeypatch.setenv("MPLBACKEND", "TkAgg")
    (item,) = doctor.examine_keras()
    assert (item.verdict, item.found) == ("note", "MPLBACKEND=TkAgg")
    assert item.advice.startswith("Nothing: the set-up cell puts pictures onto the page")
    monkeypatch.setenv("MPLBACKEND", machine.INLINE)
    (item,) = doctor.examine_keras()
    assert "LaTeX" in item.found


def test_an_unwritable_data_folder_is_noted(monkeypatch):
    monkeypatch.setattr(doctor.os, "access", lambda path, mode: False)
    finding = list(doctor.examine_data())[-1]
    assert (finding.verdict, finding.found) == ("note", "…/data cannot be written to")


@pytest.mark.parametrize(("free", "verdict"), [(2.0, "ok"), (1.5, "note"), (0.9, "problem")])
def test_memory(monkeypatch, free, verdict):
    import psutil

    memory = namedtuple("Memory", "available")(free * 2**30)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    assert by_area(doctor.examine_room())["Memory"].verdict == verdict


@pytest.mark.parametrize(("free", "verdict"), [(1.0, "ok"), (0.5, "note"), (0.1, "problem")])
def test_disk(monkeypatch, free, verdict):
    disk = namedtuple("Disk", "free")(free * 2**30)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: disk)
    assert by_area(doctor.examine_room())["Disk"].verdict == verdict


def test_a_report_says_word_and_symbol_and_escapes():
    made = Report((Finding("A", "ok", "<b> & c"), Finding("B", "problem", "bad", "do this")))
    assert not made.healthy
    assert Report(made.findings[:1]).healthy
    text, table = str(made), made._repr_html_()
    assert "✓ ok" in text and "✗ problem" in text and "→ do this" in text
    assert "✓ ok" in table and "✗ problem" in table and "&lt;b&gt; &amp; c" in table
    assert "<b>" not in table
    assert text.endswith("To solve first: 1, marked ✗.")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Permission denied: '/data/of me/x.npz'", "Permission denied: '…/of me/x.npz'"),
        ("no /a/b/c.npz here", "no …/c.npz here"),
        (r"at C:\Users\me\x.npz", "at …/x.npz"),
        ("and/or 3 / 4, https://a.org/b/c", "and/or 3 / 4, https://a.org/b/c"),
    ],
)
def test_without_folders(text, expected):
    assert report.without_folders(text) == expected


def test_folders_are_shown_below_home_or_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr(report.Path, "home", lambda: tmp_path)
    assert report.shown(tmp_path / "cache" / "x") == "~/cache/x"
    assert report.shown(tmp_path.parent / "elsewhere") == "…/elsewhere"


def test_the_whole_examination(monkeypatch):
    monkeypatch.setattr(runtime, "has_gpu", lambda: False)
    made = doctor.examine()
    areas = {finding.area for finding in made.findings}
    assert areas >= {"Python", "Packages", "Computing", "Preset", "Widgets", "Data", "Memory"}
    assert str(doctor.Path.home()) not in str(made)
