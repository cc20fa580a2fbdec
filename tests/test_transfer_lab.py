"""The race of three networks, its lab, and the learner's table of runs."""

import csv
import io
import json
import subprocess
import sys
import threading

import ipywidgets as widgets
import keras
import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import confusion_matrix

from tgan_lessons import models, race_view, races, transfer, transfer_lab
from tgan_lessons.data import Dataset, sample_per_class
from tgan_lessons.races import Contestant, Race
from tgan_lessons.run_table import RunTable, to_html
from tgan_lessons.transfer_lab import TransferLab

FILTERS, SHAPE = (2, 3), (12, 12, 1)


@pytest.fixture(scope="module")
def letters():
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(3), (12, 40, 60)).astype(np.int32)
    y_test = np.repeat(np.arange(3), 15).astype(np.int32)
    x, x_test = (rng.uniform(-1, 1, (len(n), *SHAPE)).astype(np.float32) for n in (y, y_test))
    return Dataset(x, y, x_test, y_test, ("a", "b", "c"), "noise")


def make_source(seed):
    backbone = models.build_backbone(FILTERS, input_shape=SHAPE, seed=seed)
    rng = np.random.default_rng(seed)
    backbone.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in backbone.get_weights()])
    return backbone


@pytest.fixture(scope="module")
def source():
    return make_source(9)


def build(seed):
    backbone = models.build_backbone(FILTERS, input_shape=SHAPE, seed=seed)
    return models.build_classifier(backbone, 3, seed=seed)


def contestants(source, frozen_blocks=1):
    return {
        "scratch": Contestant(learning_rate=1e-2),
        "frozen": Contestant(source, 2, 1e-2),
        "fine-tuned": Contestant(source, frozen_blocks, 3e-3),
    }


@pytest.fixture(scope="module")
def made_race(source, letters):
    return Race(contestants(source), build, letters, per_class=12, seed=3)


@pytest.fixture
def race(made_race, source):
    made_race.enter(contestants(source), per_class=12, seed=3)
    return made_race


def weights(race):
    return {name: runner.model.get_weights() for name, runner in race.runners.items()}


def same(left, right):
    return all(np.array_equal(a, b) for a, b in zip(left, right, strict=True))


def batches_on_paper(n, size, steps, seed):
    """Epochs of shuffled images, cut into batches."""
    rng = np.random.default_rng(seed)
    epochs = np.concatenate([rng.permutation(n) for _ in range(steps * size // n + 1)])
    return epochs[: steps * size].reshape(steps, size)


# The race


def test_each_network_learns_as_keras_itself_teaches_it(race, letters, source):
    x, y = sample_per_class(letters.x_train, letters.y_train, 12, seed=3)
    start = weights(race)
    race.advance(2)
    race.advance(3)
    assert race.steps == 5
    for name, contestant in contestants(source).items():
        model = build(0)
        transfer.freeze_blocks(model.get_layer("backbone"), contestant.frozen_blocks)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(contestant.learning_rate), loss)
        model.set_weights(start[name])
        for chosen in batches_on_paper(36, 32, 5, seed=3):
            model.train_on_batch(x[chosen], y[chosen])
        for mine, theirs in zip(weights(race)[name], model.get_weights(), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-5)


def test_frozen_blocks_stay_bit_for_bit_their_statistics_included(race):
    before = weights(race)
    race.advance(4)
    moved = {
        name: [bool(np.any(a != b)) for a, b in zip(before[name], now, strict=True)]
        for name, now in weights(race).items()
    }
    assert moved["scratch"] == [True] * 12
    assert moved["frozen"] == [False] * 10 + [True] * 2
    assert moved["fine-tuned"] == [False] * 5 + [True] * 7


def test_starts_are_the_source_s_or_new_and_all_heads_are_equal(race, source):
    start = weights(race)
    fresh = build(3 + races.SHIFT).get_weights()
    assert same(start["scratch"], fresh)
    for name in ("frozen", "fine-tuned"):
        assert same(start[name][:-2], source.get_weights())
        assert same(start[name][-2:], fresh[-2:])


def test_a_new_head_is_not_the_one_that_the_source_was_trained_with(race, source):
    """It would read at once what it was trained on: a source's seed must not come back."""
    for seed in range(3):
        race.enter({"frozen": Contestant(source, 2)}, per_class=2, seed=seed)
        assert not same(weights(race)["frozen"][-2:-1], build(seed).get_weights()[-2:-1])


def test_the_source_stays_as_it_was(race, source):
    before = source.get_weights()
    race.advance(3)
    assert same(source.get_weights(), before)


def test_a_reset_gives_the_same_race_again(race):
    start = weights(race)
    race.advance(5)
    first = weights(race)
    race.measure()
    race.reset()
    assert (race.steps, race.history) == (0, [])
    assert all(same(start[name], weights(race)[name]) for name in start)
    race.advance(5)
    for name, end in weights(race).items():
        for mine, theirs in zip(end, first[name], strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-5)


def test_a_rate_acts_at_the_next_step_and_traces_nothing(race):
    moves = {}
    for rate in (1e-2, 1e-3):
        race.reset()
        race.set_rate("scratch", rate)
        before = weights(race)["scratch"][0]
        race.advance(1)
        moves[rate] = np.abs(weights(race)["scratch"][0] - before).mean()
    assert moves[1e-3] == pytest.approx(moves[1e-2] / 10, rel=0.02)
    assert race.rate("frozen") == pytest.approx(1e-2)
    assert race._loop.experimental_get_tracing_count() == 1


def test_a_depth_is_traced_once(race, source, monkeypatch):
    made, init = [], races.Runner.__init__

    def counted(self, build, frozen_blocks):
        made.append(frozen_blocks)
        init(self, build, frozen_blocks)

    monkeypatch.setattr(races.Runner, "__init__", counted)
    for depth in (1, 0, 1, 0):
        race.enter(contestants(source, depth), per_class=5, seed=depth)
        race.advance(1)
        assert race._loop.experimental_get_tracing_count() == 1
    assert made == [0]  # depth 1 is what the fixture begins with


def test_accuracy_and_confusions_are_those_of_the_held_out_images(race, letters):
    race.advance(3)
    scores = race.accuracies()
    assert race.history == [(3, scores)]
    x, y = race.held_out
    assert np.bincount(y).tolist() == [10, 10, 10]
    for name, runner in race.runners.items():
        assert scores[name] == pytest.approx(transfer.accuracy(runner.model, x, y))
        read = runner.model.predict(x, verbose=0).argmax(axis=1)
        expected = confusion_matrix(y, read, labels=range(3))
        assert np.array_equal(race.confusions(name), expected)
    assert race.accuracies() is scores  # measured once at each step


def test_the_held_out_images_are_the_same_in_every_race(race, source):
    before = race.held_out[0].copy()
    race.enter(contestants(source), per_class=5, seed=8)
    assert np.array_equal(race.held_out[0], before)


def test_any_contestants_can_race(letters, source):
    field = {f"{k} frozen": Contestant(source, k) for k in range(3)} | {"new": Contestant()}
    race = Race(field, build, letters, per_class=2)
    race.advance(2)
    assert list(race.accuracies()) == list(field)
    assert same(weights(race)["2 frozen"][:-2], source.get_weights())


def test_weights_that_are_no_numbers_are_told_and_the_others_go_on(race):
    bad = race.runners["scratch"].model
    bad.set_weights([np.full_like(w, np.nan) for w in bad.get_weights()])
    before = weights(race)["frozen"][-1]
    with pytest.raises(FloatingPointError, match=r"scratch \(learning rate 0.01\) left"):
        race.advance(1)
    scores = race.measure()
    assert np.isnan(scores["scratch"]) and np.isfinite(scores["frozen"])
    assert race.confusions("scratch").sum() == 0
    assert not np.array_equal(weights(race)["frozen"][-1], before)
    race.reset()
    race.advance(1)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"contestants": {}}, "`contestants` must name at least one"),
        ({"contestants": {"a": Contestant(learning_rate=0.0)}}, "`learning_rate` must be a finite"),
        (
            {"contestants": {"a": Contestant(frozen_blocks=3)}},
            "`blocks` must be a whole number from 0 to 2",
        ),
        ({"per_class": 13}, "`per_class` must be between 1 and 12"),
    ],
)
def test_what_cannot_race_is_refused_and_the_race_goes_on(race, source, change, match):
    with pytest.raises(ValueError, match=match):
        race.enter(**{"contestants": contestants(source), "per_class": 5, **change})
    race.advance(1)
    assert (race.steps, len(race.y)) == (1, 36)
    with pytest.raises(ValueError, match="`name` must be one of"):
        race.set_rate("nobody", 0.1)


def test_the_interval_is_wilson_s():
    from scipy.stats import binomtest

    for hits, n in ((0, 370), (185, 370), (37, 37), (100, 370)):
        low, high = binomtest(hits, n).proportion_ci(0.95, method="wilson")
        assert race_view.half_width(hits / n, n) == pytest.approx((high - low) / 2, rel=1e-5)


def test_confusions_in_words():
    matrix = np.array([[7, 3, 0], [0, 10, 0], [1, 5, 4]])
    told = ["I read as O: 5 of 10", "0 read as O: 3 of 10", "I read as 0: 1 of 10"]
    assert race_view.frequent_confusions(matrix, "0OI") == told
    assert race_view.frequent_confusions(matrix, "0OI", 1) == told[:1]
    assert race_view.frequent_confusions(np.eye(3, dtype=int), "0OI") == []


# The table


@pytest.fixture
def table(tmp_path):
    return RunTable(tmp_path / "runs" / "transfer.csv")


def test_rows_survive_a_restart_with_their_types(table):
    table.put({"id": "12", "source": 'd, "i"\ngits', "steps": 7, "scratch": 0.25})
    table.put({"id": "b", "source": "x", "steps": 9, "other": float("nan")})
    first, second = RunTable(table.path).rows()
    assert first == {"id": "12", "source": 'd, "i"\ngits', "steps": 7, "scratch": 0.25, "other": ""}
    assert second["steps"] == 9 and np.isnan(second["other"]) and second["scratch"] == ""
    assert not [path for path in table.path.parent.iterdir() if path.suffix == ".part"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "utf-16"])
def test_the_table_is_one_for_a_spreadsheet_and_read_back_from_it(table, encoding):
    table.put({"id": "a", "source": "Größe"})
    written = table.path.read_bytes()
    assert written == "id,source\na,Größe\n".encode("utf-8-sig")  # with a mark: umlauts are right
    table.path.write_bytes(written.decode("utf-8-sig").replace("\n", "\r\n").encode(encoding))
    assert RunTable(table.path).rows() == [{"id": "a", "source": "Größe"}] and not table.note


def test_a_run_is_one_row_however_often_it_is_put(table):
    for steps in (5, 9):
        table.put({"id": "a", "steps": steps})
    assert table.rows() == [{"id": "a", "steps": 9}]
    with pytest.raises(ValueError, match="must have an `id`"):
        table.put({"steps": 3})


def test_two_kernels_lose_no_row(table):
    code = (
        "import sys; from tgan_lessons.run_table import RunTable; t = RunTable(sys.argv[1])\n"
        "for i in range(20): t.put({'id': sys.argv[2] + str(i), 'i': i})"
    )
    command = [sys.executable, "-c", code, str(table.path)]
    writers = [subprocess.Popen([*command, name]) for name in "ab"]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert sorted(r["id"] for r in table.rows()) == sorted(
        f"{n}{i}" for n in "ab" for i in range(20)
    )


@pytest.mark.parametrize(
    "damage",
    [
        b"\xff\xfe\x00junk",
        b"name,steps\na,1\n",
        b"id,steps\na\n",
        b"id,steps\na,1,2\n",
        b'id,steps\n"a,1\n',
        b"",
    ],
)
def test_a_damaged_file_is_set_aside_and_told(table, damage, capsys):
    table.path.parent.mkdir()
    table.path.write_bytes(damage)
    table.put({"id": "a", "steps": 1})
    assert table.rows() == [{"id": "a", "steps": 1}]
    assert "was damaged" in table.note
    kept = table.path.with_name("transfer.csv.damaged")
    assert kept.read_bytes() == damage


def test_a_spreadsheet_s_mark_at_the_beginning_does_no_harm(table):
    table.path.parent.mkdir()
    table.path.write_bytes("\ufeffid,steps\r\na,1\r\n".encode())
    assert table.rows() == [{"id": "a", "steps": 1}]


def test_a_folder_that_cannot_be_written_to_is_told_once_and_made_up_for(tmp_path):
    blocked = tmp_path / "runs"
    blocked.write_text("a file where the folder should be")
    table = RunTable(blocked / "transfer.csv")
    table.put({"id": "a", "steps": 1})
    assert "cannot be written" in table.note
    table.note = ""
    table.put({"id": "b", "steps": 2})
    assert table.note == ""
    assert [row["id"] for row in table.rows()] == ["a", "b"]
    blocked.unlink()
    table.put({"id": "c", "steps": 3})
    assert [row["id"] for row in RunTable(table.path).rows()] == ["a", "b", "c"]


def test_the_table_on_the_page_is_escaped():
    page = to_html(("a<b",), [(("<script>",), "x & y")])
    assert "a&lt;b" in page and "&lt;script&gt;" in page and "x &amp; y" in page


# The lab


@pytest.fixture(scope="module")
def made_lab(letters, source, tmp_path_factory):
    sources = {"one": source, "two": make_source(4)}
    return TransferLab(sources, letters, runs=tmp_path_factory.mktemp("lab") / "first.csv")


@pytest.fixture
def lab(made_lab, tmp_path):
    """As it is when it has just been made, with an empty table."""
    made_lab.table = RunTable(tmp_path / "of_the_test_before.csv")
    made_lab.panel.reset()
    made_lab.reset()
    made_lab.former.clear()
    made_lab.table = RunTable(tmp_path / "transfer.csv")
    made_lab._list_runs()
    made_lab.reset()
    made_lab.play.value = made_lab.play.min
    return made_lab


def play(lab, ticks=1):
    lab.frame.playing = True
    for _ in range(ticks):
        lab.play.value += 1


def test_a_tick_trains_all_three_and_a_reset_takes_it_back(lab):
    start, frame = weights(lab.race), lab.image.value
    for _ in range(transfer_lab.TICKS_PER_TEST):
        lab.tick()
    assert lab.race.steps >= 2 * transfer_lab.TICKS_PER_TEST
    assert not any(same(start[name], now) for name, now in weights(lab.race).items())
    assert lab.image.value != frame
    lab.reset_button.click()
    assert all(same(start[name], now) for name, now in weights(lab.race).items())
    assert lab.race.steps == 0
    lab.former.clear()
    lab.show()
    assert lab.image.value == frame


def test_only_what_the_data_has_can_be_set(lab, letters):
    budgets, depth = (lab.panel.widgets[name] for name in ("per_class", "frozen_blocks"))
    assert [value for _, value in budgets.options] == [1, 2, 5, 10]
    assert (depth.min, depth.max) == (0, 1)
    for budget in (1, 10):
        budgets.value = budget
        assert np.bincount(lab.race.y).tolist() == [budget] * 3
    with pytest.raises(ValueError, match="`per_class` must be one of"):
        lab.panel.set(per_class=20)


def test_source_depth_and_seed_begin_a_new_race(lab):
    lab.panel.widgets["source"].value = "two"
    assert same(weights(lab.race)["frozen"][:-2], lab.sources["two"].get_weights())
    lab.tick()
    lab.panel.widgets["frozen_blocks"].value = 1
    assert lab.race.steps == 0
    before = weights(lab.race)["fine-tuned"]
    lab.tick()
    moved = [
        bool(np.any(a != b)) for a, b in zip(before, weights(lab.race)["fine-tuned"], strict=True)
    ]
    assert moved == [False] * 5 + [True] * 7
    labels = lab.race.x.copy()
    lab.panel.widgets["seed"].value = 1
    assert lab.race.steps == 0 and not np.array_equal(lab.race.x, labels)


def test_rates_act_while_it_runs(lab):
    lab.tick()
    steps = lab.race.steps
    for name, rate in (("scratch", 0.02), ("frozen", 0.03), ("fine-tuned", 0.0005)):
        lab.panel.widgets[f"rate_{name}"].value = rate
        assert lab.race.rate(name) == pytest.approx(rate)
    assert lab.race.steps == steps
    lab.reset()
    assert lab.race.rate("frozen") == pytest.approx(0.03)


def test_a_race_is_one_row_however_often_it_pauses(lab):
    play(lab)
    lab.pause()
    (row,) = lab.table.rows()
    play(lab, 2)
    lab.pause()
    (again,) = lab.table.rows()
    assert again["id"] == row["id"] and again["steps"] > row["steps"]
    assert again["steps"] == lab.race.steps
    scores = lab.race.accuracies()
    assert {n: again[n] for n in scores} == {n: round(s, 4) for n, s in scores.items()}
    assert (again["source"], again["per_class"], again["tested"]) == ("one", 5, 30)
    assert again["scratch rate"] == 0.01 and again["scratch ±"] > 0.05


@pytest.mark.parametrize("leave", ["reset", "budget", "preset"])
def test_a_race_that_is_left_joins_the_table_and_stays_as_a_grey_curve(lab, leave):
    lab.tick()
    history = lab.race.accuracies() and lab.race.history
    if leave == "reset":
        lab.reset_button.click()
    elif leave == "budget":
        lab.panel.widgets["per_class"].value = 2
    else:
        lab.panel.reset(per_class=1, seed=2)
    assert len(lab.table.rows()) == 1
    assert [list(past) for past in lab.former] == [history]
    lab.reset()  # a race without a step is no row
    assert len(lab.table.rows()) == 1
    lab.tick()
    lab.reset()
    first, second = lab.table.rows()
    assert first["id"] != second["id"]


def parts(box):
    return [box, *(part for child in getattr(box, "children", ()) for part in parts(child))]


def test_the_page_shows_the_last_twelve(lab):
    for number in range(14):
        lab.table.put({"id": str(number), "source": "<b>", "steps": 1000 + number})
    lab._list_runs()
    page = lab.runs.value
    assert "1013" in page and "1002" in page and "1001" not in page
    assert page.index("1013") < page.index("1002")
    assert "&lt;b&gt;" in page
    (tabs,) = [part for part in parts(lab.frame.box) if isinstance(part, widgets.Tab)]
    titles = [tabs.get_title(index) for index in range(len(tabs.children))]
    assert tabs.children[titles.index("my runs")] is lab.runs


def test_a_folder_that_cannot_be_written_to_is_said_and_the_race_goes_on(lab, tmp_path):
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    lab.table = RunTable(blocked / "transfer.csv")
    lab.tick()
    lab.reset_button.click()
    assert "cannot be written" in lab.message.value
    lab.tick()
    lab.reset_button.click()
    assert "cannot be written" not in lab.message.value
    assert lab.runs.value.count("seed 0") == 2


def test_what_diverges_stops_the_clock_and_is_told(lab):
    play(lab)
    model = lab.race.runners["frozen"].model
    model.set_weights([np.full_like(w, np.nan) for w in model.get_weights()])
    play(lab)
    assert not lab.frame.playing
    assert "Stopped" in lab.message.value and "frozen (learning rate 0.01)" in lab.message.value
    (row,) = lab.table.rows()
    assert np.isnan(row["frozen"]) and row["scratch"] >= 0
    assert "frozen —" in lab.status.value
    assert "—" in lab.runs.value
    lab.reset_button.click()
    lab.tick()
    assert np.isfinite(list(lab.race.accuracies().values())).all()


def test_nothing_left_to_draw_still_makes_a_picture(lab):
    for runner in lab.race.runners.values():
        runner.model.set_weights([np.full_like(w, np.nan) for w in runner.model.get_weights()])
    lab.race.reset = lambda: None
    try:
        lab.race.history = []
        lab.race.measure()
        lab.show()
        assert "scratch —, frozen —, fine-tuned —" in lab.numbers()
    finally:
        del lab.race.reset


def test_the_matrix_shows_whom_the_learner_chooses(lab):
    lab.tick()
    lab.race.measure()
    for name in transfer_lab.NAMES:
        lab.panel.widgets["shown"].value = name
        told = race_view.frequent_confusions(lab.race.confusions(name), "abc", 3)
        assert f"errors of {name}: {'; '.join(told)}" in lab.describe()
        with Image.open(io.BytesIO(lab.chart.value)) as chart:
            assert chart.size == race_view.CHART


def test_many_classes_become_an_image():
    rng = np.random.default_rng(0)
    matrix, names = (
        rng.integers(0, 9, (37, 37)) + 300 * np.eye(37, dtype=int),
        [str(i) for i in range(37)],
    )
    picture = np.asarray(race_view.draw_confusions(matrix, names, "x").convert("RGB"))
    assert picture.shape == (400, 270, 3)
    blue = (picture[..., 2].astype(int) - picture[..., 0] > 60).any(axis=1)
    assert 200 < np.flatnonzero(blue).max() - np.flatnonzero(blue).min() < 270


def test_curves_of_long_runs_are_drawn_fast_and_to_the_end():
    long = [(3 * i, {"scratch": i / 5000, "frozen": 0.5}) for i in range(5000)]
    picture = race_view.draw_curves(long, [long] * 6, tested=370, chance=0.1)
    assert picture.size == (400, 400)
    lines = race_view._lines(long)
    assert lines["scratch"][-1] == (14997, 4999 / 5000) and len(lines["scratch"]) < 450


def test_the_picture_leaves_pyplot_alone(lab):
    from matplotlib import pyplot

    lab.tick()
    with Image.open(io.BytesIO(lab.image.value)) as frame:
        assert frame.size == (400, 400)
    assert pyplot.get_fignums() == []


def test_a_tick_is_skipped_while_another_handler_works(lab):
    held, done = threading.Event(), threading.Event()

    def work():
        with lab.lock:
            held.set()
            done.wait(10)

    thread = threading.Thread(target=work)
    thread.start()
    assert held.wait(10)
    try:
        lab.tick()
        assert lab.race.steps == 0
    finally:
        done.set()
        thread.join()


def test_any_first_seed_and_a_single_source_will_do(source, letters, tmp_path):
    lab = TransferLab(source, letters, seed=99, runs=tmp_path / "runs.csv")
    x, _ = sample_per_class(letters.x_train, letters.y_train, 5, seed=99)
    assert np.array_equal(lab.race.x, x) and lab.panel["source"] == "source"
    lab.tick()
    lab.close()  # its cell is run again: what was run is kept
    assert [row["seed"] for row in lab.table.rows()] == [99]


def test_sources_that_are_not_alike_are_refused(source, letters):
    other = models.build_backbone((2, 4), input_shape=SHAPE)
    with pytest.raises(ValueError, match="`sources` must be one or more backbones of one shape"):
        TransferLab({"a": source, "b": other}, letters)
    with pytest.raises(ValueError, match="Received: 0"):
        TransferLab({}, letters)


def test_a_backbone_is_rebuilt_as_it_was_built():
    backbone = models.build_backbone((2, 3), hidden=4, input_shape=SHAPE, momentum=0.5, seed=1)
    again = races.rebuild(backbone, seed=1)
    keys = [json.dumps(m.get_config(), default=str, sort_keys=True) for m in (backbone, again)]
    assert keys[0] == keys[1]
    new = models.build_backbone((2, 3), hidden=4, input_shape=SHAPE, seed=7).get_weights()
    assert same(races.rebuild(backbone, seed=7).get_weights(), new)


def test_the_file_is_a_plain_table_that_others_can_read(lab):
    lab.tick()
    lab.reset()
    with open(lab.table.path, newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["source"] == "one" and row["target"] == "noise" and row["when"].startswith("20")
