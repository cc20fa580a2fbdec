"""Nothing that is downloaded or handed over is executed or unpickled."""

import ast
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import tgan_lessons
from tgan_lessons import cache, files

FOLDER = Path(tgan_lessons.__file__).parent
MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "yaml"}
CALLS = {"eval", "exec", "compile", "__import__", "load_model", "enable_unsafe_deserialization"}
CALLS |= {"read_pickle", "model_from_json", "deserialize_keras_object", "Lambda", "TFSMLayer"}
# The failure clinic runs one line of its own source: a defect that the learner is to find.
ALLOWED = {
    ("clinic_gan.py", "exec"),  # a line of its own source: the exercise
    ("studies.py", "joblib"),  # spreads studies over processes; loads nothing from a file
}


def find_dangers(path):
    """What in a module could run what it reads."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
            yield node.module
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            owner = getattr(getattr(node.func, "value", None), "id", "")
            is_method = isinstance(node.func, ast.Attribute) and owner != "builtins"
            if name in CALLS and not (is_method and name in ("compile", "eval", "exec")):
                yield name
            if (owner, name) in {("torch", "load"), ("joblib", "load"), ("pickle", "load")}:
                yield f"{owner}.{name}"
            reads = (owner, name) in {("np", "load"), ("numpy", "load"), ("format", "read_array")}
            words = {k.arg: k.value for k in node.keywords}
            if reads and getattr(words.get("allow_pickle"), "value", None) is not False:
                yield f"{owner}.{name} without allow_pickle=False"
            for word, bad in (("allow_pickle", True), ("safe_mode", False), ("shell", True)):
                if word in words and getattr(words[word], "value", None) in (bad, None):
                    yield f"{word}={bad}"


def test_no_module_could_run_what_it_reads(count):
    found, modules = set(), sorted(FOLDER.glob("*.py"))
    for path in modules:
        found |= {(path.name, danger) for danger in find_dangers(path)}
    assert found == ALLOWED
    count(len(modules))


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from joblib import load",
        "eval(text)",
        "builtins.exec(text)",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=flag)",
        "keras.models.load_model(path)",
        "keras.saving.load_model(path, safe_mode=False)",
        "torch.load(path)",
        "keras.layers.Lambda(f)",
        "subprocess.run(text, shell=True)",
    ],
)
def test_the_search_finds(tmp_path, line):
    (tmp_path / "evil.py").write_text(line)
    assert list(find_dangers(tmp_path / "evil.py"))


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_a_pickle_in_a_downloaded_archive_is_refused(tmp_path, monkeypatch, count):
    """As an object array, and as a member that is a bare pickle; by every reader of archives."""
    import pickle

    from tgan_lessons import judge

    evil, good = tmp_path / "evil", np.zeros((2, 28, 28), np.uint8)
    x = {"x_train": good, "y_train": good[:, 0, 0], "x_test": good, "y_test": good[:, 0, 0]}
    path, bare = tmp_path / "digits.npz", tmp_path / "bare.npz"
    np.savez(path, **x | {"y_test": np.array([Bomb(evil)] * 2, object)})
    with zipfile.ZipFile(bare, "w") as archive:
        for key in (*cache.KEYS, judge.LEARNED_FROM):
            archive.writestr(f"{key}.npy", pickle.dumps(Bomb(evil)))
    tried = 0
    for file in (path, bare):
        for reader, error in (
            (cache.read, cache.DamagedCacheError),
            (files.read_arrays, ValueError),
            (judge._read, ValueError),
        ):
            tried += 1
            with pytest.raises(error):
                reader(file)
            assert not evil.exists()
    pickle.loads(pickle.dumps(Bomb(evil)))  # the bomb works
    assert evil.exists()
    count(tried)


LAMBDA = """
import sys
import keras

inputs = keras.Input((2,))
run = lambda x: (open(sys.argv[2], "w"), x)[1]
keras.Model(inputs, keras.layers.Lambda(run, output_shape=(2,))(inputs)).save(sys.argv[1])
"""


@pytest.mark.long
def test_a_model_file_with_code_is_refused(tmp_path, monkeypatch, capsys, count):
    """The package loads weights into networks that it has built, and never a model.

    So a `.keras` file with a Lambda layer is refused by all that reads a file, and Keras's own
    safe mode, which nothing here turns off, refuses it too.
    """
    keras = pytest.importorskip("keras")
    from tgan_lessons import checkpoint, giants

    path, evil = tmp_path / "model.keras", tmp_path / "evil"
    command = [sys.executable, "-c", LAMBDA, str(path), str(evil)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    evil.unlink(missing_ok=True)  # it was called when it was made
    with pytest.raises(ValueError, match="Lambda"):
        keras.saving.load_model(path)
    with pytest.raises(ValueError):
        files.read_arrays(path)
    with pytest.raises(checkpoint.CheckpointError):
        checkpoint._read(path)
    with pytest.raises(cache.DamagedCacheError):
        cache.read(path)
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    giants.weights_path().parent.mkdir()
    giants.weights_path().write_bytes(path.read_bytes())
    assert giants.load_imagenet(ask=False) is None
    assert "damaged" in capsys.readouterr().out
    assert not evil.exists()
    count(5)
