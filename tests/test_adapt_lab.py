import numpy as np
import pytest

from tgan_lessons import adapt_lab, adapt_runs, adapt_view
from tgan_lessons.data import DIGITS, Dataset


def domain(seed, shift):
    """Digits that are bars at ten heights: easy, and of two domains."""
    rng = np.random.default_rng(seed)
    y = (np.arange(200) % 10).astype(np.int32)
    x = rng.uniform(-1, -0.6, (200, 28, 28, 1)).astype(np.float32)
    for image, label in zip(x, y, strict=True):
        image[2 * label + 2 : 2 * label + 6, shift : shift + 10] = 0.9
    return Dataset(x[:140], y[:140], x[140:], y[140:], DIGITS, "bars")


SOURCE, TARGET = domain(0, 3), domain(1, 14)


@pytest.fixture(scope="module")
def lab():
    return adapt_lab.AdaptLab(SOURCE, TARGET)


def values(lab):
    return {p.name: [v.numpy() for v in p.variables] for p in lab.game.players}


def moved(before, lab):
    after = values(lab)
    return {
        name
        for name in before
        if any((a != b).any() for a, b in zip(before[name], after[name], strict=True))
    }


def test_a_tick_plays_and_shows_what_both_domains_read(lab):
    before, frame = values(lab), lab.image.value
    lab.tick()
    assert moved(before, lab) == {"F", "D"} and lab.image.value != frame
    assert "target" in lab.numbers() and len(lab.history) == 1
    assert set(lab.history[0]) >= {"source", "target", "domain", "F_loss", "D_loss"}


def test_a_button_moves_one_player_alone(lab):
    for name in ("F", "D"):
        before = values(lab)
        lab.move_buttons[name].click()
        assert moved(before, lab) == {name}


def test_the_slider_sets_lambda_and_rates_while_it_trains(lab):
    before, game = values(lab), lab.game
    lab.panel.set(rate_d=1e-2, **{"lambda": 2.5})
    assert lab.game is game and moved(before, lab) == set()
    assert float(game.coefficients["lambda"]) == 2.5
    assert float(game.player("D").optimizer.learning_rate) == pytest.approx(1e-2)


def test_half_the_digits_leave_the_target_only(lab):
    lab.panel.set(target=adapt_lab.HALF)
    source, target = lab.classes
    assert set(target) == set(range(5)) and set(source) == set(range(10))
    lab.tick()
    lab.panel.set(target=adapt_lab.ALL)
    assert set(lab.classes[1]) == set(range(10))


def test_reset_goes_back_to_the_start(lab):
    lab.reset()
    before, frame = values(lab), lab.image.value
    lab.tick()
    lab.reset()
    assert moved(before, lab) == set() and lab.image.value == frame and lab.rounds == 0


def test_slow_motion_explains_each_player(lab):
    lab.take_step()
    assert "F moved" in lab.message.value and "the landscape is the same" in lab.message.value
    lab.take_step()
    assert "D moved" in lab.message.value and "No digit has moved" in lab.message.value


@pytest.mark.parametrize("name", adapt_lab.AdaptLab.presets)
def test_presets_load_and_play(lab, name):
    lab.load_preset(name)
    lab.tick()
    assert "Stopped" not in lab.message.value


def test_coloured_images_are_refused():
    x = np.zeros((20, 28, 28, 3), np.float32)
    y = np.zeros(20, np.int32)
    with pytest.raises(ValueError, match="`target` must hold images"):
        adapt_lab.AdaptLab(SOURCE, Dataset(x, y, x, y, DIGITS, "colour"))


# Pictures and probe


def test_the_window_holds_nearly_all_and_the_grid_fills_it():
    places = np.random.default_rng(0).normal(3, 2, (500, 2))
    low, high = adapt_view.find_window(places)
    assert ((places > low) & (places < high)).all(axis=1).mean() > 0.98
    grid = adapt_view.window_grid((low, high), 4)
    assert grid.shape == (16, 2)
    np.testing.assert_allclose(
        grid[0], [low[0] * 7 / 8 + high[0] / 8, low[1] / 8 + high[1] * 7 / 8]
    )
    assert np.isfinite(np.concatenate(adapt_view.find_window(np.full((3, 2), np.nan)))).all()


def test_a_digit_is_drawn_where_its_features_are():
    window = np.zeros(2), np.ones(2)
    drawn = adapt_view.draw_map(
        np.array([[0.25, 0.75]]), np.array([8]), np.array([True]), np.full((4, 4), 0.5), window, 200
    )
    rows, columns = np.nonzero((np.asarray(drawn) != 255).any(axis=-1))
    assert abs(rows.mean() - 50) < 5 and abs(columns.mean() - 50) < 5


def test_maps_keep_neighbours_together():
    rng = np.random.default_rng(0)
    clouds = np.concatenate([rng.normal(c, 0.1, (40, 5)) for c in (0, 5)])
    places = adapt_view.flatten_map(clouds)
    gap = np.linalg.norm(places[:40].mean(axis=0) - places[40:].mean(axis=0))
    assert places.shape == (80, 2) and gap > 2 * places[:40].std()
    figure = adapt_view.plot_maps({"one": (places, np.zeros(80, int), np.arange(80) < 40)})
    assert len(figure.axes[0].texts) == 80


def test_the_probe_is_at_chance_where_there_is_nothing_and_sure_where_there_is():
    rng = np.random.default_rng(0)
    same = rng.normal(size=(2, 600, 4))
    assert adapt_runs.probe(*same) == pytest.approx(0.5, abs=0.07)
    assert adapt_runs.probe(same[0], same[1] + 4) > 0.99


@pytest.mark.parametrize("method", adapt_runs.METHODS)
def test_every_method_is_built_trained_and_measured(method):
    game = adapt_runs.Trainer(method, (4,)).learn(SOURCE, TARGET.x_train, rounds=6)
    tests = (SOURCE.x_test, SOURCE.y_test), (TARGET.x_test, TARGET.y_test)
    reading = adapt_runs.measure(game, *tests, (SOURCE.x_train, TARGET.x_train), averaged=False)
    assert all(0 <= v <= 1 for v in (reading.source, reading.target, reading.probe))
    assert np.isnan(reading.judge) == (method != "DANN")
    assert adapt_runs.score(game, TARGET.x_train, *tests[1]) == pytest.approx(reading.target)
    columns = [(x, y[:, np.newaxis]) for x, y in tests]
    again = adapt_runs.measure(game, *columns, (SOURCE.x_train, TARGET.x_train), averaged=False)
    assert (again.source, again.target) == (reading.source, reading.target)


def test_a_trainer_that_is_used_again_forgets_what_it_learned():
    trainer = adapt_runs.Trainer("DANN", (4,))
    first = trainer.learn(SOURCE, TARGET.x_train, rounds=4, seed=1).features.get_weights()
    other = trainer.learn(SOURCE, TARGET.x_train[:70], rounds=4, seed=2).features.get_weights()
    again = trainer.learn(SOURCE, TARGET.x_train, rounds=4, seed=1).features.get_weights()
    assert any((a != b).any() for a, b in zip(first, other, strict=True))
    for a, b in zip(first, again, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_methods_of_a_seed_start_alike():
    starts = [
        adapt_runs.build_game(m, (4,), seed=3).features.get_weights() for m in adapt_runs.METHODS
    ]
    for other in starts[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(starts[0], other, strict=True))


def test_a_narrow_game_and_a_judge_without_dropout_can_be_asked_for():
    game = adapt_runs.build_game("DANN", (4,), map_size=5, dropout=0.0)
    assert game.features.output_shape == (None, 5) and game.judge.input_shape == (None, 5)
    usual = adapt_runs.build_game("DANN", (4,))
    names = [[type(layer).__name__ for layer in g.judge.layers] for g in (game, usual)]
    assert ["Dropout" in layers for layers in names] == [False, True]


def test_bars_have_a_label_each():
    ax = adapt_view.plot_bars({"source only": 0.5, "DANN": 0.8})
    assert [text.get_text() for text in ax.texts] == ["0.50", "0.80"]
    groups = {
        "a": {"DANN": [0.5, 0.6], "CORAL": [0.4, 0.4]},
        "b": {"DANN": [0, 1], "CORAL": [1, 1]},
    }
    ax = adapt_view.plot_groups(groups)
    assert sorted(text.get_text() for text in ax.texts) == ["0.40", "0.50", "0.55", "1.00"]
