"""What lesson 08 says in words, held to the numbers that its published notebook shows."""

import re
from pathlib import Path

import keras
import numpy as np
import pytest

from tgan_lessons.gan import GAN
from tgan_lessons.gan_models import build_mlp_discriminator

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "08_wasserstein.ipynb"
NUMBER = r"([+-]?[\d.]+(?:e[+-]?\d+)?)"


def numbers(pattern: str, printed: str) -> list[float]:
    found = re.search(pattern, printed)
    assert found, f"{pattern} is not in the notebook's outputs"
    return [float(group) for group in found.groups()]


def test_it_was_executed_at_class(printed: str):
    assert "preset 'class'" in printed


def test_jsd_is_flat_where_the_earth_mover_slopes(printed: str):
    far, near = numbers(rf"JSD at 5: {NUMBER}\nJSD at 4: {NUMBER}", printed)
    assert far == pytest.approx(near, abs=1e-6) and far == pytest.approx(np.log(2), abs=1e-6)
    stuck, moved = numbers(rf"Jensen–Shannon to {NUMBER}, by the earth mover to {NUMBER}", printed)
    assert stuck == 4 and moved == pytest.approx(2)


def test_sorting_is_the_cheapest_plan(printed: str):
    (cheapest,) = numbers(rf"cheapest of 720: {NUMBER}", printed)
    assert numbers(rf"first to first: {NUMBER}", printed) == [cheapest]
    assert numbers(rf"dearest: {NUMBER}", printed)[0] > cheapest + 0.5


def test_d_is_flat_at_the_fakes_and_the_critic_a_meter(printed: str):
    d, critic = numbers(rf"'D': '{NUMBER}', 'critic': '{NUMBER}'", printed)
    assert abs(d) < 0.01 and critic == pytest.approx(-1, abs=0.15)
    assert numbers(rf"critic's estimate: {NUMBER}", printed)[0] == pytest.approx(6, abs=0.5)


def test_clipping_at_0_1_was_no_distance_and_0_01_let_nothing_through(printed: str):
    estimates = [numbers(rf"clipped at {c} *: estimate {NUMBER}", printed)[0] for c in (0.01, 1.0)]
    assert estimates[1] / estimates[0] > 1000
    assert numbers(r"clipped at 0.1: (\d+)% of all weights", printed)[0] > 80
    assert numbers(r"gradient penalty: (\d+)% of all weights", printed)[0] < 20
    share = {c: numbers(rf"clipped at {c}: layer 1 gets {NUMBER}", printed)[0] for c in (0.01, 0.3)}
    assert share[0.01] < 1e-6 and share[0.3] > 10
    assert 0.05 < numbers(rf"gradient penalty: layer 1 gets {NUMBER}", printed)[0] < 20


def test_the_critic_s_loss_is_a_meter_and_the_usual_loss_is_not(printed: str):
    (usual,) = numbers(rf"usual: D's loss {NUMBER}", printed)
    (critic,) = numbers(rf"Wasserstein: D's loss {NUMBER}", printed)
    assert critic >= 0.8 and usual < critic - 0.15


def test_from_two_critic_moves_on_the_meter_is_true_and_more_cost_rounds(printed: str):
    found = re.findall(
        rf"n_critic +(\d+): +{NUMBER} s, estimate off by {NUMBER} ± {NUMBER}, "
        rf"true distance at the end {NUMBER} ± {NUMBER}",
        printed,
    )
    rows = {int(n): tuple(map(float, rest)) for n, *rest in found}
    assert set(rows) == {1, 2, 5, 10}
    assert max(rows[n][1] for n in (2, 5, 10)) < 0.6 * rows[1][1]
    assert max(rows[1][3], rows[2][3]) < rows[10][3]
    (floor,) = numbers(rf"a perfect generator: {NUMBER}", printed)
    assert floor < min(row[3] for row in rows.values())


def test_on_a_line_a_weight_of_10_keeps_the_wrong_slope():
    """And with 1 the critic settles at slope 4, as the lesson says."""
    normal = np.random.default_rng(0).normal(size=(5000, 1)).astype(np.float32)
    slopes = {}
    for weight in (1.0, 10.0):
        shift = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        shift.set_weights([np.ones((1, 1)), np.array([6.0])])
        critic = build_mlp_discriminator((32, 32), input_dim=1)
        scores = critic(np.array([[0.0], [6.0]], np.float32)).numpy().ravel()
        if scores[1] < scores[0]:  # begin with the wrong slope
            last = critic.layers[-1]
            last.set_weights([-part for part in last.get_weights()])
        rules = {"penalty": "gradient", "penalty_weight": weight, "rates": (1e-3, 1e-3)}
        game = GAN(shift, critic, "wasserstein", **rules)
        game.feed(normal, batch_size=256)
        game.move("discriminator", 600)
        ends = critic(np.array([[2.0], [4.0]], np.float32)).numpy().ravel()
        slopes[weight] = float(ends[1] - ends[0]) / 2
    assert slopes[1.0] == pytest.approx(-4, abs=0.8)  # 1 + θ / 2λ
    assert slopes[10.0] == pytest.approx(0.7, abs=0.15)  # 1 - θ / 2λ, with the wrong sign
