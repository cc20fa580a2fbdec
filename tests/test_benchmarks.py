"""The measurements run with tiny numbers, and the peers do what they are said to do."""

import importlib.util
import json
import math
import sys

import keras
import numpy as np
import pytest

import benchmarks.__main__ as command
from benchmarks import browser, device, digits, engine, measure, modes, peers, toy
from tgan_lessons import data, gan_models

HAS_TORCH = importlib.util.find_spec("torch") is not None
needs_torch = pytest.mark.skipif(not HAS_TORCH, reason="needs PyTorch")


def tiny_networks():
    return gan_models.build_generator(4, (4, 2)), gan_models.build_discriminator((2, 4))


def tiny_images(n=40):
    return np.random.default_rng(0).uniform(-1, 1, (n, 28, 28, 1)).astype(np.float32)


def copies(network):
    return [variable.numpy().copy() for variable in network.trainable_variables]


def how_far(before, network):
    """The largest change of each variable."""
    return [float(np.abs(a - b).max()) for a, b in zip(before, copies(network), strict=True)]


def check_files(folder, name):
    """The JSON is strict and names the machine; the picture is one."""

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    written = json.loads((folder / f"{name}.json").read_text("utf-8"), parse_constant=refuse)
    assert {"date", "cores", "python", "versions"} <= written["machine"].keys()
    assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    return written


class Clock:
    """Time that only peers spend."""

    def __init__(self, monkeypatch):
        self.now, self.calls = 0.0, []
        monkeypatch.setattr(measure.time, "perf_counter", lambda: self.now)

    def peer(self, name, seconds_per_round, start=0.0):
        def make():
            self.now += start

            def advance(rounds):
                self.calls.append((name, rounds))
                self.now += rounds * seconds_per_round

            return advance

        return measure.Peer(name, make)


def test_peers_take_turns_and_start_up_is_kept_apart(monkeypatch):
    clock = Clock(monkeypatch)
    crowd = [clock.peer("a", 0.01, start=3.0), clock.peer("b", 0.02)]
    timings = measure.alternate(crowd, repeats=3, seconds=1.0)
    assert [name for name, _ in clock.calls[-6:]] == ["a", "b"] * 3
    assert [rounds for _, rounds in clock.calls[-2:]] == [100, 50]
    assert timings["a"].start_seconds == pytest.approx(3.01)
    assert timings["a"].rates == pytest.approx([100.0] * 3)
    assert measure.ratio(timings, "a", "b") == pytest.approx(2.0)


def test_a_peer_slower_than_its_turn_plays_one_round(monkeypatch):
    clock = Clock(monkeypatch)
    timings = measure.alternate([clock.peer("slow", 7.0)], repeats=2, seconds=1.0)
    assert clock.calls[-2:] == [("slow", 1)] * 2
    assert timings["slow"].median == pytest.approx(1 / 7)


def test_a_missing_package_is_reported_and_not_dropped(capsys, tmp_path):
    absent = measure.Peer("theirs", lambda: 1 / 0, package="no_such_package_at_all")
    timings = measure.alternate(
        [measure.Peer("ours", lambda: lambda rounds: None), absent], repeats=1, seconds=0.0
    )
    found = measure.report(timings, [measure.Target("ours", "theirs", 2.0)])
    assert found["peers"]["theirs"] == "not installed"
    assert found["targets"][0]["ratio"] is None and found["targets"][0]["reached"] is None
    assert capsys.readouterr().out.count("not installed") == 2
    measure.write("x", {"quick": True, **found}, measure.plot_rates({"all": timings}), tmp_path)


@pytest.mark.parametrize(("least", "reached"), [(1.9, True), (2.1, False), (0.0, None)])
def test_targets_compare_repeats_in_pairs(least, reached):
    # The machine was four times slower during the second repeat; each pair still says 2
    timings = {
        "ours": measure.Timing(0.0, (80.0, 20.0, 80.0)),
        "theirs": measure.Timing(0.0, (40.0, 10.0, 40.0)),
    }
    check = measure.Target("ours", "theirs", least).check(timings)
    assert check["ratio"] == 2.0 and check["reached"] is reached


def test_tables_line_up():
    text = measure.table(("name", "n"), [("a", 1), ("longer", 23)])
    assert text.splitlines() == [
        "| name   | n  |",
        "| ------ | -- |",
        "| a      | 1  |",
        "| longer | 23 |",
    ]


def test_results_are_strict_json_and_quick_ones_lie_apart(monkeypatch, tmp_path):
    monkeypatch.setattr(measure, "RESULTS", tmp_path)
    figure = measure.new_axes().figure
    result = {"quick": True, "x": np.float32(1.5), "y": [np.inf, np.int64(3)], 64: math.nan}
    quick = measure.write("x", result, figure)
    assert quick == tmp_path / "quick" / "x.json"
    assert json.loads(quick.read_text()) == {"quick": True, "x": 1.5, "y": [None, 3], "64": None}
    assert measure.write("x", result | {"quick": False}, figure) == tmp_path / "x.json"


def test_unknown_names_are_answered_with_all_names():
    with pytest.raises(SystemExit, match="no measurement 'nonsense'") as error:
        command.main(["nonsense"])
    assert all(name in str(error.value) for name in command.NAMES)


def test_without_a_name_all_are_listed(capsys):
    with pytest.raises(SystemExit) as error:
        command.main([])
    assert not error.value.code
    listed = capsys.readouterr().out
    assert all(name in listed for name in command.NAMES)


@pytest.mark.parametrize("name", command.NAMES)
def test_names_lead_to_their_main_with_the_options(monkeypatch, name):
    module = importlib.import_module(f"benchmarks.{name}")
    seen = []
    monkeypatch.setattr(module, "main", lambda: seen.append(list(sys.argv)))
    monkeypatch.setattr(sys, "argv", ["before"])
    command.main([name, "--quick"])
    assert seen == [[f"python -m benchmarks {name}", "--quick"]]


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize("simultaneous", [False, True])
def test_the_hand_written_loop_trains_both(simultaneous, joined):
    generator, discriminator = tiny_networks()
    before = [copies(network) for network in (generator, discriminator)]
    play = peers.hand_written(
        generator, discriminator, tiny_images(), 8, simultaneous=simultaneous, joined=joined
    )
    assert np.isfinite(play(3))
    assert min(how_far(before[0], generator)) > 0
    assert min(how_far(before[1], discriminator)) > 0


def test_the_articles_idiom_moves_d_in_its_step_and_g_in_its_own():
    generator, discriminator = tiny_networks()
    idiom = peers.ArticleIdiom(generator, discriminator, tiny_images(), 8)
    for _ in range(2):  # the second time round, both steps are traced
        before = copies(generator), copies(discriminator)
        idiom.move_discriminator()
        assert max(how_far(before[0], generator)) == 0
        assert min(how_far(before[1], discriminator)) > 0
        before = copies(generator), copies(discriminator)
        idiom.move_generator()
        assert min(how_far(before[0], generator)) > 0
        assert max(how_far(before[1], discriminator)) == 0


def test_the_tutorials_loop_trains_both():
    generator, discriminator = tiny_networks()  # its own would take seconds
    wide = keras.Input((100,))
    generator = keras.Model(wide, generator(keras.layers.Dense(4)(wide)))
    before = copies(generator), copies(discriminator)
    peers.tutorial_loop(generator, discriminator, tiny_images(10), batch_size=4)(4)
    assert min(how_far(before[0], generator)) > 0
    assert min(how_far(before[1], discriminator)) > 0


def test_the_tutorials_networks_have_its_shapes():
    generator, discriminator = peers.build_tutorial()
    assert generator.output_shape == (None, 28, 28, 1)
    kernels = [v.shape for v in generator.trainable_variables if "kernel" in v.path]
    assert kernels == [(100, 12544), (5, 5, 128, 256), (5, 5, 64, 128), (5, 5, 1, 64)]
    kernels = [v.shape for v in discriminator.trainable_variables if "kernel" in v.path]
    assert kernels == [(5, 5, 1, 64), (5, 5, 64, 128), (6272, 1)]


@needs_torch
@pytest.mark.parametrize("module", [engine, toy])
def test_the_torch_networks_are_ours_and_both_train(module):
    import torch

    networks = module.torch_networks()
    assert peers.count_parameters(*networks) == peers.count_parameters(*module.build())
    samples = tiny_images() if module is engine else np.ones((40, 2), np.float32)
    size = 16 if module is engine else 2
    before = [[p.detach().clone() for p in network.parameters()] for network in networks]
    peers.torch_loop(networks, samples, 8, size, threads=1)(2)
    for old, network in zip(before, networks, strict=True):
        pairs = zip(old, network.parameters(), strict=True)
        assert all(not torch.equal(a, b) for a, b in pairs)


def test_operations_are_counted_as_by_hand():
    generator, discriminator = engine.build()
    # A transposed convolution works at each place of its input, a convolution at each of its output
    dense, up, last = 16 * 1568, 7 * 7 * 4 * 4 * 32 * 16, 14 * 14 * 4 * 4 * 16
    assert engine.count_operations(generator) == (2 * (dense + up + last), 2 * dense)
    down, deep, score = 14 * 14 * 4 * 4 * 16, 7 * 7 * 4 * 4 * 16 * 32, 1568
    assert engine.count_operations(discriminator) == (2 * (down + deep + score), 2 * down)


def test_engine_and_its_report(tmp_path, monkeypatch):
    monkeypatch.setattr(engine.data, "load_mnist", lambda: fake_digits())
    result = engine.run(
        quick=True, batch_sizes=(4,), repeats=2, seconds=0.02, size=64, folder=tmp_path
    )
    written = check_files(tmp_path, "engine")
    assert written["parameters"] == result["parameters"] == 43_698
    found = written["batch"]["4"]
    assert engine.MATMUL not in found["peers"]
    for name, peer in found["peers"].items():
        if "PyTorch" in name and not HAS_TORCH:
            assert peer == "not installed"
        else:
            assert len(peer["rates"]) == 2 and peer["median"] > 0 and peer["start_seconds"] > 0
    shares = found["machine_share"]
    assert shares["round_mflop"]["engine"] > shares["round_mflop"]["engine, simultaneous"] > 0


def test_toy_and_its_report(tmp_path):
    toy.run(quick=True, repeats=2, seconds=0.02, folder=tmp_path)
    written = check_files(tmp_path, "toy")
    assert written["enough"]["rounds_per_second"] == written["peers"]["engine"]["median"]


@pytest.mark.long
def test_the_device_and_its_report(tmp_path):
    before = keras.config.dtype_policy().name
    device.run(quick=True, batch_sizes=(4,), repeats=2, seconds=0.02, folder=tmp_path)
    assert keras.config.dtype_policy().name == before
    written = check_files(tmp_path, "device")
    assert set(written["batch"]["4"]["peers"]) == {"plain", "XLA", "mixed", "mixed and XLA"}
    for peer in written["batch"]["4"]["peers"].values():
        assert len(peer["rates"]) == 2 and peer["median"] > 0


def test_a_mixed_game_is_mixed_and_leaves_the_policy_alone():
    mixed = device.play(fake_digits(), 4, "mixed_float16", False).__self__
    plain = device.play(fake_digits(), 4, "float32", True).__self__
    for game, name in ((mixed, "mixed_float16"), (plain, "float32")):
        assert game.generator.layers[-1].dtype_policy.name == name
    assert plain.jit_compile and not mixed.jit_compile
    assert keras.config.dtype_policy().name == "float32"


def fake_digits():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (120, 28, 28, 1)).astype(np.float32)
    y = np.arange(120, dtype=np.int32) % 10
    return data.Dataset(x[:90], y[:90], x[90:], y[90:], data.DIGITS, "noise")


@pytest.mark.parametrize(
    ("distance", "rarest", "read"),
    [(1.0, 1.0, True), (1.001, 1.0, False), (1.0, 0.99, False), (math.nan, 1.0, False)],
)
def test_digits_are_read_by_both_measures(distance, rarest, read):
    check = digits.Check(1.0, 1, distance * digits.THRESHOLD, rarest * digits.RAREST)
    assert check.is_read is read


class Examiner:
    """Says what the test wants, one check after the other."""

    labels = np.zeros(30, np.int32)

    def __init__(self, distances):
        self.distances = iter(distances)

    def look(self, images):
        return next(self.distances) * digits.THRESHOLD, 1.0


def trained(monkeypatch, distances, cap):
    """A contender whose every round takes a second, building four."""
    clock = Clock(monkeypatch)
    monkeypatch.setattr(digits, "STEP", 1.0)

    def build(digits_, seed):
        advance = clock.peer("it", 1.0, start=4.0).make()

        def paint(labels):
            clock.now += 1000.0  # judging is not training
            return np.zeros((len(labels), 28, 28, 1), np.float32)

        return advance, paint

    contender = digits.Contender("it", build, (0,), cap)
    return digits.train(contender, 0, None, Examiner(distances))


def test_the_clock_counts_training_alone_and_stops_after_half_as_long_again(monkeypatch):
    found = trained(monkeypatch, [9, 9, 1, 9, 9, 9, 9, 9], cap=100.0)
    assert found.reached == 7.0  # four to build, three rounds
    assert [check.seconds for check in found.checks] == [5, 6, 7, 8, 9, 10, 11]
    assert [check.seconds for check in found.images] == [7, 11]
    assert digits.describe([found]) == "7.0"


def test_who_never_gets_there_has_a_lower_bound(monkeypatch):
    found = trained(monkeypatch, [9] * 20, cap=10.0)
    assert found.reached is None and found.checks[-1].seconds == 10.0
    assert digits.describe([found]) == "> 10 (not reached)"
    quick = digits.Training("it", 1, 10.0, [digits.Check(3.0, 1, 0.0, 1.0)], reached=3.0)
    assert digits.describe([quick, found, quick]) == "3.0; each: 3.0, > 10 (not reached), 3.0"
    assert digits.describe([quick, found]).startswith("> 10 (not reached);")


def test_digits_and_their_report(tmp_path, monkeypatch):
    monkeypatch.setattr(digits.data, "load_mnist", fake_digits)
    monkeypatch.setattr(digits, "FAKES", 30)
    few = [
        digits.Contender("conditional", digits.ours(10), (0, 1), 0.0),
        digits.Contender("unconditional", digits.ours(None), (0,), 0.0),
    ]
    digits.run(quick=True, contenders=few, folder=tmp_path)
    written = check_files(tmp_path, "digits")
    assert [t["seed"] for t in written["trainings"]] == [0, 1, 0]
    assert written["floor"] > 0 and written["trainings"][0]["checks"][0]["rounds"] == 1
    assert (tmp_path / "digits_samples.png").read_bytes().startswith(b"\x89PNG")


def tiny_method(**options):
    small = {"units": (4,)}
    return modes.Method(rounds=3, batch_size=8, generator=small, discriminator=small, **options)


def test_modes_and_their_report(tmp_path):
    methods = {
        "plain": tiny_method(),
        "cure": tiny_method(gan={"packing": 2}, average=0.9, fall=0.1),
    }
    modes.run(quick=True, methods=methods, toys=("ring",), seeds=(0, 1), folder=tmp_path)
    written = check_files(tmp_path, "modes")
    assert written["settings"]["cure"]["gan"] == {"packing": 2}
    assert [one["rounds"] for one in written["trainings"]["ring"]["plain"]] == [3, 3]
    assert written["summary"]["ring"]["perfect generator"]["recovered"] == [8.0, None]
    assert 0.98 < written["summary"]["ring"]["perfect generator"]["quality"][0] < 0.995


def test_training_for_modes_stops_at_the_cap():
    assert modes.train(tiny_method(), "ring", 0, cap=0.0)["rounds"] == 0


def test_rates_fall_in_a_straight_line():
    gan = modes.build(modes.METHODS["plain"], 0)
    method = modes.Method(fall=0.5, rates=(1.0, 2.0))
    for done, rates in [(0.75, (0.5, 1.0)), (1.0, (0.01, 0.02))]:
        modes.schedule(gan, method, done)
        found = [float(player.optimizer.learning_rate) for player in gan.players]
        assert found == pytest.approx(rates)


def test_samples_are_drawn_with_the_averaged_weights(monkeypatch):
    seen = []
    kept = modes.GAN.generate

    def generate(gan, *args, **options):
        average = gan.player("generator").optimizer._model_variables_moving_average
        seen.append(
            [np.allclose(a, v) for a, v in zip(average, gan.generator.weights, strict=True)]
        )
        return kept(gan, *args, **options)

    monkeypatch.setattr(modes.GAN, "generate", generate)
    modes.train(tiny_method(average=0.5), "ring", 0)
    assert all(seen[0])


# The browser: the tests that drive it are in test_browser ------------------------------------


def test_a_browser_is_found_by_the_variable_before_its_names(monkeypatch, tmp_path):
    for name in ("chosen", "chromium"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(browser.VARIABLE, raising=False)
    assert browser.find_chromium() == str(tmp_path / "chromium")
    monkeypatch.setenv(browser.VARIABLE, str(tmp_path / "chosen"))
    assert browser.find_chromium() == str(tmp_path / "chosen")


def test_what_a_browser_test_lacks_is_said(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name != "notebook" or None)
    monkeypatch.setattr(browser, "find_chromium", lambda: None)
    assert browser.missing("notebook") == "notebook is not installed: pip install notebook"
    assert browser.missing("lab").startswith("no Chromium found")
    monkeypatch.setattr(browser, "find_chromium", lambda: "/a/path")
    assert browser.missing("lab") is None
