"""Files on disk that get cut, flipped, locked away, fought over and killed half-way."""

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import textwrap
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tgan_lessons import cache


def make_arrays(train=3, test=2, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "x_train": rng.integers(0, 256, (train, 28, 28), dtype=np.uint8),
        "y_train": rng.integers(0, 47, train, dtype=np.uint8),
        "x_test": rng.integers(0, 256, (test, 28, 28), dtype=np.uint8),
        "y_test": rng.integers(0, 47, test, dtype=np.uint8),
    }


def assert_same(received, expected):
    assert sorted(received) == sorted(expected)
    for key in expected:
        assert received[key].dtype == expected[key].dtype
        np.testing.assert_array_equal(received[key], expected[key], err_msg=key)


def files_in(folder):
    """All but the lock files."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def start(code, folder, *arguments):
    """Starts a Python process that runs `code` with `folder` as its data folder."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        env={**os.environ, cache.VARIABLE: str(folder), "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def finish(process, seconds=60):
    """The JSON that the process printed last; fails where it complained."""
    try:
        said, complained = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    assert process.returncode == 0, complained
    assert complained == ""
    return json.loads(said.splitlines()[-1])


def test_what_is_written_is_read_back_by_us_and_by_numpy(folder):
    arrays, path = make_arrays(), folder / "digits.npz"
    assert cache.write(path, arrays) is True
    assert_same(cache.read(path), arrays)
    with np.load(path, allow_pickle=False) as file:
        assert_same(dict(file), arrays)
    assert files_in(folder) == ["digits.npz"]


def test_files_of_others_may_be_compressed_and_hold_more(folder):
    arrays, path = make_arrays(), folder / "digits.npz"
    np.savez_compressed(path, **arrays, note=np.array("from the teacher"))
    assert_same(cache.read(path), arrays)


@pytest.mark.skipif(os.name != "posix", reason="file modes are a matter of POSIX")
def test_everybody_may_read_a_file(folder):
    cache.write(folder / "digits.npz", make_arrays())
    assert (folder / "digits.npz").stat().st_mode & 0o777 == 0o644


def test_the_folder_is_the_variables_and_else_the_platforms_own(monkeypatch, tmp_path):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    assert cache.cache_path("mnist") == tmp_path / "mnist.npz"
    monkeypatch.setenv(cache.VARIABLE, "")
    assert "tgan_lessons" in cache.cache_dir().parts and cache.cache_dir().is_absolute()


# Damage ----------------------------------------------------------------------------------------


def survives(path, content, arrays):
    """Reads a damaged file: true where the original came out, false where it was refused."""
    path.write_bytes(content)
    try:
        received = cache.read(path)
    except cache.DamagedCacheError as error:
        assert str(error).strip()
        return False
    assert_same(received, arrays)
    return True


@pytest.mark.filterwarnings("ignore::UserWarning")  # NumPy's, about odd headers
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_truncated_file_is_refused_wherever_it_ends(folder, save):
    arrays, path = make_arrays(1, 1), folder / "digits.npz"
    save(path, **arrays)
    content = path.read_bytes()
    assert survives(path, content, arrays)
    for length in range(0, len(content), 5):
        assert not survives(path, content[:length], arrays), length


@pytest.mark.filterwarnings("ignore")  # NumPy's and Python's, about odd headers
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_flipped_bit_is_refused_or_harmless(folder, save):
    """Two bits in every byte of the zip and array headers, and 300 among the pixels."""
    arrays, path = make_arrays(), folder / "digits.npz"
    save(path, **arrays)
    content, rng = path.read_bytes(), np.random.default_rng(0)
    if save is np.savez:
        pixels = np.zeros(len(content), bool)
        for key in ("x_train", "x_test"):
            first = content.index(arrays[key].tobytes())
            pixels[first : first + arrays[key].size] = True
        headers = np.flatnonzero(~pixels)
        assert 500 < len(headers) < 2500
        bits = [(place, bit) for place in headers for bit in rng.choice(8, 2, replace=False)]
    else:
        pixels, bits = np.ones(len(content), bool), []
    bits += [(place, rng.integers(8)) for place in rng.choice(np.flatnonzero(pixels), 300)]
    survived = []
    for place, bit in bits:
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(bit)
        survived.append(survives(path, bytes(damaged), arrays))
    assert 0.5 < 1 - np.mean(survived) < 1  # dates and the like do no harm


@pytest.mark.filterwarnings("ignore")
def test_a_file_with_lost_blocks_is_refused(folder):
    """A disk that fails loses blocks: zeros or another file's bytes in their place."""
    arrays, path = make_arrays(), folder / "digits.npz"
    cache.write(path, arrays)
    content = path.read_bytes()
    for seed in range(200):
        rng = np.random.default_rng(seed)
        size = int(rng.integers(16, 512))
        first = int(rng.integers(0, len(content) - size))
        block = bytes(size) if seed % 2 else rng.bytes(size)
        damaged = content[:first] + block + content[first + size :]
        assert not survives(path, damaged, arrays), seed


@pytest.mark.parametrize("train", [3, 100, 700])  # zipfile reads ahead in small members
def test_a_header_that_moves_the_pixels_is_refused(folder, train):
    """Valid in form, and every byte read is from the file, but not where the pixels are."""
    arrays, path = make_arrays(train), folder / "digits.npz"
    cache.write(path, arrays)
    content = bytearray(path.read_bytes())
    header = content.index(b"\x93NUMPY")
    length = int.from_bytes(content[header + 8 : header + 10], "little")
    content[header + 8 : header + 10] = (length - 4).to_bytes(2, "little")
    assert not survives(path, bytes(content), arrays)


class Bomb:
    """Creates the file that it names when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_a_pickle_is_refused_and_never_run(folder, tmp_path):
    arrays, path, evil = make_arrays(), folder / "digits.npz", tmp_path / "evil"
    np.savez(path, **{**arrays, "y_train": np.array([Bomb(evil)] * 3, dtype=object)})
    with pytest.raises(cache.DamagedCacheError, match=r"[Oo]bject arrays cannot be loaded"):
        cache.read(path)
    assert not evil.exists()
    np.load(path, allow_pickle=True)["y_train"]  # the bomb works
    assert evil.exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_test": None}, "lacks y_test"),
        ({"x_train": None, "x_test": None}, "lacks x_train, x_test"),
        ({"x_train": np.zeros((3, 28, 28), np.float32)}, "train must be uint8, is float32"),
        ({"y_test": np.zeros(2, np.int64)}, "test must be uint8, is uint8 and int64"),
        ({"x_train": np.zeros((3, 784), np.uint8)}, r"train must be \(n, 28, 28\)"),
        ({"x_train": np.zeros((3, 28, 28, 1), np.uint8)}, r"train must be \(n, 28, 28\)"),
        ({"x_test": np.zeros((2, 28, 27), np.uint8)}, r"test must be \(n, 28, 28\)"),
        ({"y_train": np.zeros(4, np.uint8)}, r"train must be .*\(4,\)"),
        ({"x_test": np.zeros((0, 28, 28), np.uint8), "y_test": np.zeros(0, np.uint8)}, "test must"),
    ],
)
def test_arrays_of_another_form_are_neither_read_nor_written(folder, changes, message):
    arrays, path = {**make_arrays(), **changes}, folder / "digits.npz"
    arrays = {key: array for key, array in arrays.items() if array is not None}
    with pytest.raises(cache.DamagedCacheError, match=message):
        cache.write(path, arrays)
    assert files_in(folder) == []
    np.savez(path, **arrays)
    with pytest.raises(cache.DamagedCacheError, match=message):
        cache.read(path)


def test_a_missing_file_is_missing_and_not_damaged(folder):
    with pytest.raises(FileNotFoundError):
        cache.read(folder / "none.npz")
    (folder / "file").write_text("")
    with pytest.raises(FileNotFoundError):
        cache.read(folder / "file" / "none.npz")


def test_damaged_files_are_set_aside_whole_and_made_anew(folder, capsys):
    arrays, path = make_arrays(), folder / "digits.npz"
    for number, content in enumerate((b"first" * 99, b"second" * 99, b"third" * 99), start=1):
        path.write_bytes(content)
        made = []
        received = cache.load_or_make("digits", lambda made=made: made.append(1) or arrays)
        assert_same(received, arrays)
        assert made == [1]
        assert_same(cache.read(path), arrays)
        name = "digits.npz.damaged" + (f"-{number}" if number > 1 else "")
        said = capsys.readouterr().out
        assert said.startswith("The data file digits.npz is damaged (")
        assert f"kept as {name}, and prepared anew" in said and said.count("\n") == 1
        assert (folder / name).read_bytes() == content
    kept = [(folder / f"digits.npz.damaged{end}").read_bytes()[:5] for end in ("", "-2", "-3")]
    assert kept == [b"first", b"secon", b"third"]
    assert len(files_in(folder)) == 4
    assert_same(cache.load_or_make("digits", lambda: pytest.fail("made again")), arrays)
    assert capsys.readouterr().out == ""


def test_where_nothing_can_be_had_nothing_is_kept(folder):
    assert cache.load_or_make("digits", lambda: None) is None
    assert files_in(folder) == []


# Folders that refuse ---------------------------------------------------------------------------


def refusing_folders(tmp_path):
    (tmp_path / "file").write_text("a file, no folder")
    yield tmp_path / "file" / "data"
    if sys.platform == "linux":
        yield "/proc/data"


@pytest.mark.parametrize("which", [0, 1])
def test_a_folder_that_cannot_be_is_announced_and_the_data_arrives(
    tmp_path, monkeypatch, capsys, which
):
    folders = list(refusing_folders(tmp_path))
    if which >= len(folders):
        pytest.skip("there is no /proc on this system")
    monkeypatch.setenv(cache.VARIABLE, str(folders[which]))
    arrays = make_arrays()
    for _ in range(2):
        assert_same(cache.load_or_make("digits", lambda: arrays), arrays)
        said = capsys.readouterr().out
        assert said.startswith("Could not keep digits.npz in the data folder (")
        assert cache.VARIABLE in said and said.count("\n") == 1
    assert (tmp_path / "file").read_text() == "a file, no folder"


UNPRIVILEGED = """
    import json, os, sys
    import numpy as np, filelock, platformdirs, zipfile, encodings.cp437
    from tgan_lessons import cache

    if os.geteuid() == 0:  # everything is imported: another user may not reach the interpreter
        os.setuid(65534)
    value = int(sys.argv[1])
    arrays = {"x_train": np.full((2, 28, 28), value, np.uint8), "y_train": np.zeros(2, np.uint8)}
    arrays |= {"x_test": arrays["x_train"], "y_test": arrays["y_train"]}
    received = cache.load_or_make("digits", lambda: arrays)
    print(json.dumps([int(received["x_train"][0, 0, 0]), os.access(cache.cache_dir(), os.W_OK)]))
"""


@pytest.fixture
def guarded():
    """A folder that users without privileges can reach, unlike pytest's own."""
    if os.name != "posix":
        pytest.skip("file modes are a matter of POSIX")
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
        os.chmod(folder, 0o700)


def test_a_read_only_folder_is_read_and_otherwise_announced(guarded):
    guarded.chmod(0o555)
    process = start(UNPRIVILEGED, guarded, 5)
    said, complained = process.communicate(timeout=60)
    assert process.returncode == 0 and complained == ""
    announcement, result = said.splitlines()
    assert announcement.startswith(
        "Could not keep digits.npz in the data folder (Permission denied)"
    )
    assert json.loads(result) == [5, False]
    assert list(guarded.iterdir()) == []

    guarded.chmod(0o755)  # the teacher's file is used as it is
    arrays = make_arrays()
    arrays["x_train"][:] = 9
    cache.write(guarded / "digits.npz", arrays)
    guarded.chmod(0o555)
    process = start(UNPRIVILEGED, guarded, 5)
    said, complained = process.communicate(timeout=60)
    assert (said, complained) == ("[9, false]\n", "")

    content = b"damaged, and not to be renamed"
    (guarded / "digits.npz").write_bytes(content)
    process = start(UNPRIVILEGED, guarded, 5)
    said, complained = process.communicate(timeout=60)
    assert process.returncode == 0 and complained == ""
    assert "digits.npz cannot be used (File is not a zip file)" in said
    reason = "it belongs to somebody else" if os.geteuid() == 0 else "Permission denied"
    assert f"left where it is ({reason})" in said
    assert json.loads(said.splitlines()[-1]) == [5, False]
    assert (guarded / "digits.npz").read_bytes() == content


UNREACHABLE = """
    import json, os
    import numpy as np, filelock, platformdirs, urllib.request
    from tgan_lessons import cache, fetch

    if os.geteuid() == 0:
        os.setuid(65534)
    fetch.reachable = lambda url: False
    x, y = np.zeros((2, 28, 28), np.uint8), np.zeros(2, np.uint8)
    arrays = dict(x_train=x, y_train=y, x_test=x, y_test=y)
    received = cache.load_or_make("digits", lambda: arrays)
    print(json.dumps([len(received), fetch.emnist()]))
"""


def test_a_folder_that_may_not_be_entered_stops_nobody(guarded):
    (guarded / "data").mkdir()
    cache.write(guarded / "data" / "digits.npz", make_arrays())
    guarded.chmod(0)
    process = start(UNREACHABLE, guarded / "data")
    said, complained = process.communicate(timeout=60)
    guarded.chmod(0o700)
    assert process.returncode == 0 and complained == "", complained
    assert json.loads(said.splitlines()[-1]) == [4, None]
    assert "Permission denied" in said
    assert files_in(guarded / "data") == ["digits.npz"]


WRITE_TOO_MUCH = """
    import json, sys
    import numpy as np
    from pathlib import Path
    from tgan_lessons import cache

    if sys.argv[1] == "limit":
        import resource, signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    small, large = np.full((2, 28, 28), 3, np.uint8), np.full((200, 28, 28), 4, np.uint8)
    def arrays(x):
        y = np.zeros(len(x), np.uint8)
        return {"x_train": x, "y_train": y, "x_test": x[:1], "y_test": y[:1]}
    path = cache.cache_path("digits")
    kept = cache.write(path, arrays(small))
    refused = cache.write(path, arrays(large))
    other = cache.load_or_make("other", lambda: arrays(large))
    print(json.dumps([kept, refused, len(other["x_train"]), int(cache.read(path)["x_test"].max())]))
"""


@pytest.fixture
def full_disk(tmp_path):
    """A file system of 64 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if sys.platform != "linux" or os.geteuid() != 0 or subprocess.run(command).returncode:
        pytest.skip("a small disk can only be mounted by root on Linux")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("how", ["limit", "full disk"])
def test_a_failing_write_spoils_nothing(folder, request, how):
    pytest.importorskip("resource")
    folder = request.getfixturevalue("full_disk") if how == "full disk" else folder
    process = start(WRITE_TOO_MUCH, folder, how)
    said, complained = process.communicate(timeout=60)
    assert process.returncode == 0 and complained == ""
    *announcements, result = said.splitlines()
    assert json.loads(result) == [True, False, 200, 3]
    reason = "File too large" if how == "limit" else "No space left on device"
    assert [line.split("; ")[0] for line in announcements] == [
        f"Could not keep {name}.npz in the data folder ({reason})" for name in ("digits", "other")
    ]
    assert files_in(folder) == ["digits.npz"]


def test_stop_during_a_write_leaves_nothing(folder, monkeypatch):
    def interrupted(member, array, **options):
        member.write(b"half of it")
        raise KeyboardInterrupt

    arrays, path = make_arrays(), folder / "digits.npz"
    cache.write(path, arrays)
    monkeypatch.setattr(np.lib.format, "write_array", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cache.write(path, make_arrays(seed=1))
    assert files_in(folder) == ["digits.npz"]
    assert_same(cache.read(path), arrays)


# More than one process -------------------------------------------------------------------------

WRITE_FOREVER = """
    import itertools, sys
    import numpy as np
    from tgan_lessons import cache

    x, y = np.empty((1500, 28, 28), np.uint8), np.zeros(1500, np.uint8)
    print("ready", flush=True)
    for value in itertools.cycle((1, 2, 3)):
        x[:] = value
        cache.write(cache.cache_path("digits"), dict(x_train=x, y_train=y, x_test=x, y_test=y))
"""


def test_a_killed_write_leaves_a_whole_file_or_none(folder):
    rng, absent, half_written = np.random.default_rng(0), 0, 0
    for attempt in range(12):
        if attempt % 3 == 0:
            (folder / "digits.npz").unlink(missing_ok=True)
        process = start(WRITE_FOREVER, folder)
        assert process.stdout.readline() == "ready\n"
        end = time.monotonic() + 30
        while attempt % 3 and not (folder / "digits.npz").exists() and time.monotonic() < end:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.06))
        process.kill()
        process.communicate(timeout=30)
        try:
            arrays = cache.read(folder / "digits.npz")
            assert arrays["x_train"].shape == (1500, 28, 28)
            values = {int(v) for x in ("x_train", "x_test") for v in np.unique(arrays[x])}
            assert len(values) == 1 and values <= {1, 2, 3}
        except FileNotFoundError:
            absent += 1
        half_written += len(list(folder.glob("*.part")))
        for part in folder.glob("*.part"):
            part.unlink()
    assert half_written >= 3  # else no kill came at the right moment and nothing is proven
    assert absent <= 4  # attempts 0, 3, 6 and 9 alone may die before the first file


MAKE_ONCE = """
    import hashlib, json, os, pathlib, sys, time
    import numpy as np, filelock, platformdirs
    from tgan_lessons import cache

    sign, count = map(pathlib.Path, sys.argv[1:])
    def make():
        with count.open("a") as file:
            file.write(f"{os.getpid()}\\n")
        time.sleep(0.3)
        x = np.random.default_rng().integers(0, 256, (9, 28, 28), dtype=np.uint8)  # each differs
        return dict(x_train=x, y_train=x[:, 0, 0], x_test=x, y_test=x[:, 0, 0])
    print("ready", flush=True)
    end = time.monotonic() + 30
    while not sign.exists() and time.monotonic() < end:
        time.sleep(0.001)
    arrays = cache.load_or_make("digits", make)
    print(json.dumps(hashlib.sha256(b"".join(arrays[k].tobytes() for k in cache.KEYS)).hexdigest()))
"""


@pytest.mark.parametrize("before", [None, b"a damaged file"])
def test_four_processes_prepare_a_data_set_once(folder, tmp_path, before):
    if before:
        (folder / "digits.npz").write_bytes(before)
    sign, count = tmp_path / "go", tmp_path / "count"
    processes = [start(MAKE_ONCE, folder, sign, count) for _ in range(4)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    sign.touch()
    digests = {finish(process) for process in processes}
    assert len(count.read_text().splitlines()) == 1
    arrays = cache.read(folder / "digits.npz")
    content = b"".join(arrays[key].tobytes() for key in cache.KEYS)
    assert digests == {hashlib.sha256(content).hexdigest()}
    assert files_in(folder) == ["digits.npz"] + ["digits.npz.damaged"] * bool(before)


def test_a_good_file_of_another_process_is_not_set_aside(folder, monkeypatch, capsys):
    """Another process repairs the file between our first look and our turn."""
    arrays, path = make_arrays(), folder / "digits.npz"
    path.write_bytes(b"damaged")
    lock = cache.locked

    @contextlib.contextmanager
    def locked_after_another(path):
        cache.write(path, arrays)
        with lock(path):
            yield

    monkeypatch.setattr(cache, "locked", locked_after_another)
    assert_same(cache.load_or_make("digits", lambda: pytest.fail("made again")), arrays)
    assert files_in(folder) == ["digits.npz"]
    assert capsys.readouterr().out == ""


def test_the_lock_is_free_again_after_a_failure(folder):
    def fail():
        raise RuntimeError("no such luck")

    with pytest.raises(RuntimeError, match="no such luck"):
        cache.load_or_make("digits", fail)
    assert zipfile.is_zipfile(folder / "digits.npz") is False
    code = """
        import json
        import numpy as np
        from tgan_lessons import cache
        x, y = np.zeros((1, 28, 28), np.uint8), np.zeros(1, np.uint8)
        arrays = dict(x_train=x, y_train=y, x_test=x, y_test=y)
        print(json.dumps(len(cache.load_or_make("digits", lambda: arrays))))
    """
    assert finish(start(code, folder), seconds=20) == 4
