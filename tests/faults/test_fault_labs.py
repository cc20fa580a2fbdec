"""Every lab with absurd settings: refused by name, or finite; foreign saved runs: refused."""

import inspect
import json
import math
import threading

import numpy as np
import pytest
from targets import find_labs

keras = pytest.importorskip("keras")

import drive_labs  # noqa: E402

from tgan_lessons import controls, runs  # noqa: E402
from tgan_lessons.files import read_arrays  # noqa: E402
from tgan_lessons.game import Diverged  # noqa: E402

FOUND = find_labs()
GROUPS = ("gan_labs", "transfer_labs", "mixed_labs", "asked_labs")
ABSURD = [None, "many", "", [], {}, (), 3j, object(), math.nan, math.inf, -math.inf, 10**30]
ABSURD += [-(10**9), np.array([1, 2]), np.array([1]), np.full((2, 2), math.nan), b"1", 0.123456]


def is_offered(control, value):
    """Said again, in other words than the package's."""
    if isinstance(value, np.ndarray | list | dict):
        return False
    if isinstance(control.value, bool):
        return value is True or value is False
    if control.options is not None:
        return value in control.options
    if not isinstance(value, int | float):
        return False
    whole = not control.log and all(
        part == int(part) for part in (*control.limits, control.step, control.value)
    )
    return control.limits[0] <= value <= control.limits[1] and (not whole or value == int(value))


def set_absurd_values(panel):
    """Tries all on each control; returns how many."""
    tried = 0
    for name, control in panel.controls.items():
        for value in ABSURD:
            tried += 1
            before = panel.values
            if is_offered(control, value):
                continue
            with pytest.raises((ValueError, TypeError)) as told:
                panel.set(**{name: value})
            said = str(told.value)
            assert f"`{name}`" in said and "Received" in said, said
            assert panel.values == before
    with pytest.raises(ValueError, match=r"`name` must be one of .*Received: name='nonsense'"):
        panel.set(nonsense=3)
    return tried + 1


ALONE = ("GanLab", "DistanceLab", "ClinicLab", "SpiralLab", "CipherLab")


@pytest.mark.parametrize("name", ALONE)
def test_a_panel_refuses_absurd_values_by_name(name, count):
    """The controls of the labs that need no data, without the model behind them."""
    declared = FOUND[name].controls(FOUND[name].__new__(FOUND[name]))
    panel = controls.Panel(declared, lambda names: None, threading.RLock(), lambda handler: handler)
    count(set_absurd_values(panel))


@pytest.mark.parametrize(
    "name", ["DistanceLab", "SpiralLab", pytest.param("GanLab", marks=pytest.mark.long)]
)
def test_a_constructor_refuses_absurd_settings_by_name(name, count):
    """Before anything is built."""
    kind, tried = FOUND[name], 0
    declared = kind.controls(kind.__new__(kind))
    for control in declared:
        for value in ABSURD:
            if is_offered(control, value):
                continue
            tried += 1
            with pytest.raises((ValueError, TypeError)) as told:
                kind(**{control.name: value})
            assert f"`{control.name}`" in str(told.value) and "Received" in str(told.value)
    with pytest.raises(ValueError, match="Received"):
        kind(nonsense=3)
    count(tried + 1)


SHOWS_NAN = {"ClinicLab"}  # one of its patients has just this illness


def push(lab, name, value):
    """Sets a control as a page does, and trains; whatever happens is said."""
    widget = lab.panel.widgets[name]
    if widget.disabled:
        return
    widget.value = value
    if lab.message.value.find("Stopped:") >= 0:
        assert "Diverged" in lab.message.value or "FloatingPointError" in lab.message.value
        lab.reset()
        return
    try:
        lab.burst(0.0)
        lab.show()
    except (Diverged, FloatingPointError) as error:
        assert "not made" in str(error) or "left the numbers" in str(error)
        lab.reset()
    if type(lab).__name__ not in SHOWS_NAN:
        assert "nan" not in lab.numbers(), lab.numbers()


def ends_of(control):
    if isinstance(control.value, bool):
        return (not control.value, control.value)
    return control.options if control.options is not None else (*control.limits, control.value)


@pytest.mark.long
@pytest.mark.parametrize("group", GROUPS)
def test_a_lab_at_all_its_ends(group, count, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tried = 0
    for build in getattr(drive_labs, group)():
        lab = build()
        tried += set_absurd_values(lab.panel)
        for name, control in lab.panel.controls.items():
            for value in ends_of(control):
                tried += 1
                push(lab, name, value)
                lab.panel.set(**{name: control.value})
        for name in ("", "none such", None, 3, math.nan, []):
            tried += 1
            with pytest.raises((ValueError, TypeError)) as told:
                lab.load_preset(name)
            assert "`name`" in str(told.value) and "Received" in str(told.value)
        weights = [w for m in models_of(lab) for w in m.get_weights()]
        assert type(lab).__name__ in SHOWS_NAN or all(np.isfinite(w).all() for w in weights)
        lab.close()
    count(tried)


def models_of(lab):
    game = getattr(lab, "game", None)
    if game is not None:
        return [network for player in game.players for network in player.networks]
    return [value for value in vars(lab).values() if isinstance(value, keras.Model)]


@pytest.mark.long
def test_every_lab_is_tried():
    built = {type(build()).__name__ for group in GROUPS for build in getattr(drive_labs, group)()}
    assert built == set(FOUND), "add a small one to tests/drive_labs.py"


@pytest.mark.long
@pytest.mark.parametrize("trials", [200])
def test_a_saved_run_that_was_tampered_with(trials, count, tmp_path, monkeypatch):
    """Bytes and contents: the lab stays as it was, or shows the run as it was saved."""
    from tgan_lessons.gan_lab import GanLab

    monkeypatch.chdir(tmp_path)
    lab = GanLab(width=8, layers=1)
    lab.burst(0.01)
    lab.show()
    path = lab.shelf.save("good")
    whole, arrays = path.read_bytes(), read_arrays(path)
    about = json.loads(str(arrays["about"]))
    rng = np.random.default_rng(0)
    broken = [None, 3, [], {}, "x", math.nan, [None], [[1]], {"history": 3}, {"seed": 10**30}]
    for trial in range(trials):
        before = lab.state()
        if trial % 2:
            damaged = bytearray(whole)
            for place in rng.integers(0, len(whole), rng.integers(1, 30)):
                damaged[place] = rng.integers(256)
            path.write_bytes(damaged)
        else:
            key = rng.choice(sorted(arrays))
            changed = dict(arrays)
            if key == "about" or trial % 4 == 0:
                part = rng.choice([*about, "all"])
                value = broken[rng.integers(len(broken))]
                text = json.dumps(value if part == "all" else about | {str(part): value})
                changed["about"] = np.array(text)
            else:
                changed[key] = rng.choice([0.0, np.nan]) * np.zeros(rng.integers(0, 4, 2))
            np.savez(path, **changed)
        try:
            lab.shelf.load("good")
        except runs.RunError as error:
            assert "run" in str(error)
        after = lab.state()
        assert all(np.array_equal(before[key], after[key]) for key in before), trial
        assert lab.numbers()
    count(trials)


def test_the_labs_that_have_settings_are_known():
    """Those whose constructor takes settings hand them to the panel, which refuses by name."""
    for name, kind in FOUND.items():
        parameters = inspect.signature(kind.__init__).parameters.values()
        if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters):
            assert any(p.name == "settings" for p in parameters), name
