import os
import subprocess
import sys
import types

import pytest

from tgan_lessons import runtime

CHOICES = "'smoke', 'class', 'gpu'"


@pytest.fixture(autouse=True)
def no_preset(monkeypatch):
    monkeypatch.delenv(runtime.PRESET_VARIABLE, raising=False)


@pytest.fixture
def no_hardware(monkeypatch):
    """Whoever asks for the hardware loads TensorFlow: not wanted where the preset is given."""

    def asked():
        raise AssertionError("the hardware was asked although the preset was given")

    monkeypatch.setattr(runtime, "has_gpu", asked)


@pytest.mark.parametrize("name", runtime.PRESETS)
def test_argument_decides(monkeypatch, no_hardware, name):
    monkeypatch.setenv(runtime.PRESET_VARIABLE, "gpu" if name != "gpu" else "smoke")
    assert runtime.find_preset(name).name == name


@pytest.mark.parametrize("name", runtime.PRESETS)
def test_environment_decides_without_an_argument(monkeypatch, no_hardware, name):
    monkeypatch.setenv(runtime.PRESET_VARIABLE, name)
    assert runtime.find_preset().name == name


@pytest.mark.parametrize(("gpu", "name"), [(True, "gpu"), (False, "class")])
@pytest.mark.parametrize("variable", [None, ""])
def test_hardware_decides_last(monkeypatch, gpu, name, variable):
    if variable is not None:
        monkeypatch.setenv(runtime.PRESET_VARIABLE, variable)
    monkeypatch.setattr(runtime, "has_gpu", lambda: gpu)
    assert runtime.find_preset().name == name


@pytest.mark.parametrize("name", ["Smoke", "big", "class ", "smoke,class"])
def test_wrong_argument_is_named_with_the_choices(monkeypatch, no_hardware, name):
    monkeypatch.setenv(runtime.PRESET_VARIABLE, "class")
    with pytest.raises(ValueError) as caught:
        runtime.find_preset(name)
    message = str(caught.value)
    assert message == f"`preset` must be one of {CHOICES}. Received: preset={name!r}"


def test_wrong_environment_is_named_with_the_choices(monkeypatch, no_hardware):
    monkeypatch.setenv(runtime.PRESET_VARIABLE, "huge")
    with pytest.raises(ValueError) as caught:
        runtime.find_preset()
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"`TGAN_LESSONS_PRESET` must be one of {CHOICES}.")
    assert message.endswith("TGAN_LESSONS_PRESET='huge'")


def test_pick_gives_each_preset_its_own_value():
    values = {"smoke": 10, "class": "twenty", "gpu": None}
    for name, value in values.items():
        assert runtime.Preset(name).pick(10, "twenty", None) == value
        keywords = runtime.Preset(name).pick(gpu=None, classroom="twenty", smoke=10)
        assert keywords == value


def test_setup_seeds_and_says_where_it_runs(monkeypatch, capsys):
    seeds = []
    config = types.SimpleNamespace(
        backend=lambda: "tensorflow", dtype_policy=lambda: types.SimpleNamespace(name="float32")
    )
    utils = types.SimpleNamespace(set_random_seed=seeds.append)
    keras = types.SimpleNamespace(__version__="3.99", utils=utils, config=config)
    monkeypatch.setitem(sys.modules, "keras", keras)
    monkeypatch.setitem(sys.modules, "tensorflow", types.SimpleNamespace(__version__="2.99"))
    monkeypatch.setattr(runtime, "has_gpu", lambda: True)
    monkeypatch.setattr(runtime, "gpu_fault", lambda: "")
    monkeypatch.setattr(runtime, "grow_memory", lambda: None)
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "1")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    preset = runtime.setup("smoke", seed=7)
    assert preset == runtime.Preset("smoke")
    assert seeds == [7]
    said = capsys.readouterr().out
    assert said.count("\n") == 2
    for word in ("'smoke'", "GPU", "TensorFlow 2.99", "Keras 3.99"):
        assert word in said
    assert "KERAS_BACKEND was jax; here it is tensorflow." in said
    assert os.environ["KERAS_BACKEND"] == "tensorflow"  # no lesson runs on another
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "1"  # a learner's own choice stays


def test_setup_reports_a_wrong_preset_before_tensorflow(monkeypatch, no_hardware):
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # an import would raise ImportError
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(ValueError, match="`preset`"):
        runtime.setup("large")


FAULTS = {
    "import sys; sys.exit('CUDA_ERROR_NO_BINARY_FOR_GPU')": "CUDA_ERROR_NO_BINARY_FOR_GPU",
    "import os; os.write(2, b'what \\xff\\nthe last line\\n'); os.abort()": "the last line",
    "import os; os._exit(3)": "ended with 3",
    "while True: pass": "no answer in 0.5 seconds",
}


@pytest.mark.parametrize("proof", FAULTS)
@pytest.mark.parametrize("too_late", [False, True])
def test_a_gpu_that_cannot_compute_is_hidden(monkeypatch, capsys, proof, too_late):
    """There is no GPU here: TensorFlow's list of devices is made up, and what the card does."""
    visible = ["GPU:0"]

    def hide(devices, kind):
        if too_late:
            raise RuntimeError("Visible devices cannot be modified after being initialized")
        assert kind == "GPU"
        visible[:] = devices

    config = types.SimpleNamespace(
        get_visible_devices=lambda kind: visible, set_visible_devices=hide
    )
    monkeypatch.setitem(sys.modules, "tensorflow", types.SimpleNamespace(config=config))
    monkeypatch.setattr(runtime, "GPU_PROOF", proof)
    monkeypatch.setattr(runtime, "GPU_SECONDS", 0.5 if "while" in proof else 60)
    runtime.gpu_fault.cache_clear()
    runtime.prove_gpu()
    runtime.gpu_fault.cache_clear()
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and FAULTS[proof] in said
    assert ("restart the kernel" if too_late else "goes on on the CPU") in said
    assert runtime.has_gpu() is too_late
    monkeypatch.delenv(runtime.PRESET_VARIABLE, raising=False)
    assert runtime.find_preset().name == ("gpu" if too_late else "class")


def test_the_proof_of_a_gpu_passes_where_the_device_computes(monkeypatch):
    """On this processor; and it fails where there is no GPU."""
    runtime.gpu_fault.cache_clear()
    assert runtime.has_gpu() or runtime.gpu_fault()
    runtime.gpu_fault.cache_clear()
    monkeypatch.setattr(runtime, "GPU_PROOF", runtime.GPU_PROOF.replace("/GPU:0", "/CPU:0"))
    assert runtime.gpu_fault() == ""
    runtime.gpu_fault.cache_clear()


@pytest.mark.parametrize("too_late", [False, True])
def test_the_memory_of_every_gpu_grows(monkeypatch, capsys, too_late):
    """There is no GPU here: a list of names stands for TensorFlow's devices."""
    seen = []

    def set_memory_growth(device, grows):
        if too_late:
            raise RuntimeError("Physical devices cannot be modified after being initialized")
        seen.append((device, grows))

    config = types.SimpleNamespace(
        list_physical_devices=lambda kind: ["GPU:0", "GPU:1"] if kind == "GPU" else ["CPU:0"],
        experimental=types.SimpleNamespace(set_memory_growth=set_memory_growth),
    )
    monkeypatch.setitem(sys.modules, "tensorflow", types.SimpleNamespace(config=config))
    runtime.grow_memory()
    said = capsys.readouterr().out
    if too_late:
        assert said.count("\n") == 1 and "Restart the kernel" in said
        assert "cannot be modified after being initialized" in said
    else:
        assert seen == [("GPU:0", True), ("GPU:1", True)] and said == ""


def test_quiet_hides_what_c_code_writes_and_nothing_after(capfd):
    os.write(2, b"before ")
    with runtime.quiet():
        os.write(2, b"hidden ")
    os.write(2, b"after")
    assert capfd.readouterr().err == "before after"


def test_quiet_restores_stderr_after_an_exception(capfd):
    descriptors = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else None
    with pytest.raises(KeyError, match="inside"), runtime.quiet():
        os.write(2, b"hidden")
        raise KeyError("inside")
    os.write(2, b"seen again")
    assert capfd.readouterr().err == "seen again"
    if descriptors is not None:
        assert len(os.listdir("/proc/self/fd")) == descriptors  # none left open


class Line:
    """Stands in for the handle of a displayed line."""

    def __init__(self):
        self.texts = []

    def update(self, bundle, raw):
        assert raw
        self.texts.append(bundle["text/plain"])


@pytest.fixture
def line(monkeypatch):
    line = Line()

    def display(bundle, *, raw, display_id):
        assert raw and display_id
        line.texts.append(bundle["text/plain"])
        return line

    monkeypatch.setattr("IPython.display.display", display)
    return line


def test_track_passes_items_on_one_at_a_time_and_counts(line):
    drawn = []

    def source():
        for item in "abc":
            drawn.append(item)
            yield item

    tracked = runtime.track(source(), 3, "networks trained")
    assert drawn == []
    assert next(tracked) == "a"
    assert drawn == ["a"]
    assert line.texts == ["0 of 3 networks trained"]
    assert list(tracked) == ["b", "c"]
    counts = [text.split(" networks trained")[0] for text in line.texts]
    assert counts == ["0 of 3", "1 of 3", "2 of 3", "3 of 3"]
    assert ["left" in text for text in line.texts] == [False, True, True, False]


def test_track_tells_the_time_that_is_left(line, monkeypatch):
    clock = iter([100.0, 110.0, 120.0, 130.0, 140.0])
    monkeypatch.setattr(runtime.time, "perf_counter", lambda: next(clock))
    assert list(runtime.track(range(4), 4, "runs")) == [0, 1, 2, 3]
    assert line.texts[1:] == [
        "1 of 4 runs in 10 s, about 30 s left",
        "2 of 4 runs in 20 s, about 20 s left",
        "3 of 4 runs in 30 s, about 10 s left",
        "4 of 4 runs in 40 s",
    ]


def test_track_works_where_nothing_can_be_displayed(monkeypatch):
    monkeypatch.setattr("IPython.display.display", lambda *_, **__: None)
    assert list(runtime.track(iter([1, 2]), 2, "runs")) == [1, 2]


def test_importing_the_helpers_does_not_load_tensorflow():
    import subprocess

    names = "runtime, models, transfer, metrics, plots, checks, questions, exercises, labs"
    code = f"from tgan_lessons import {names}, curve_lab, transfer_lab; import sys\n"
    code += "print([m for m in ('tensorflow', 'keras', 'matplotlib.pyplot') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert done.stderr == ""


def test_setup_says_one_line_and_keeps_tensorflow_quiet():
    code = "from tgan_lessons import runtime; runtime.setup('smoke')"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0
    assert run.stderr == ""
    (line,) = run.stdout.splitlines()
    assert line.startswith("Ready: preset 'smoke', ")
