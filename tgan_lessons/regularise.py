"""Keeping a small target from wasting what the source knew: four brakes, and how to choose one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tgan_lessons import small_nets
from tgan_lessons.ensembles import Ensemble
from tgan_lessons.freezing import Outcome, Target, cosine
from tgan_lessons.pools import batches
from tgan_lessons.small_nets import LAYERS, Weights


def anchor_at_source(start: Weights, depth: int) -> Weights:
    """Where L2-SP pulls to: copied layers to where they came from, new layers to zero.

    As anchors of `Ensemble.train` with strength α this adds to the loss
    α/2 |w - w_source|² for copied layers and α/2 |w|² for new ones. With `depth=0` it is plain
    weight decay.

    Args:
        start: the networks before training, from `Target.start`.
        depth: how many layers were copied.

    Source: Li, Grandvalet & Davoine 2018, https://arxiv.org/abs/1802.01483
    """
    return small_nets.transplant([np.zeros_like(array) for array in start], start, depth)


def falling_rates(top: float, factor: float) -> np.ndarray:
    """Discriminative fine-tuning: each layer learns `factor` times slower than the one above it.

    Args:
        top: learning rate of the head.
        factor: at least 1; 1 is plain fine-tuning, and the larger, the closer to freezing.

    Returns:
        A rate for each layer.

    Source: Howard & Ruder 2018, https://arxiv.org/abs/1801.06146 (there the factor is 2.6)
    """
    if not (top > 0 and factor >= 1):
        raise ValueError(
            f"`top` must be positive and `factor` at least 1. Received: top={top}, factor={factor}"
        )
    return (top / factor ** np.arange(len(LAYERS))[::-1]).astype(np.float32)


def stop_early(
    target: Target, weights: Weights, rates: np.ndarray | float, *, looks: int = 10
) -> tuple[Ensemble, np.ndarray]:
    """Trains as `Target.learn` does, and keeps each network as it was at its best validation.

    Args:
        target: what is learned, with labels held back.
        weights: at the start, a network for each seed.
        rates: as in `Ensemble.train`.
        looks: how often validation is measured.

    Returns:
        The networks kept, and the validation accuracies at all looks, (looks, seeds).
    """
    rows = [learn for learn, _ in target.draws]
    networks = Ensemble(target.pool.plan, weights)
    chosen = batches(rows, target.seeds, steps=target.steps)
    curve, kept = [], []
    for part in np.array_split(np.arange(target.steps), looks):
        pace = cosine(target.steps)[part]
        networks.train(target.pool.x, target.pool.y, chosen[part], rates, pace=pace)
        curve.append(target.validate(networks)[0])
        kept.append(networks.weights)
    best = np.argmax(curve, axis=0)
    singles = [small_nets.pick(kept[look], [i]) for i, look in enumerate(best)]
    return Ensemble(networks.plan, small_nets.join(*singles)), np.array(curve)


def choose_by_validation(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """For each seed the outcome with the best validation accuracy; of equal ones the first.

    Test accuracies are not looked at.
    """
    best = np.argmax([outcome.validation for outcome in outcomes], axis=0)
    return [outcomes[index] for index in best]


def learn_jointly(
    target: Target,
    source: str,
    weights: Weights,
    lambdas: Sequence[float],
    *,
    steps: int,
    rate: float,
    size: int = 32,
) -> Ensemble:
    """Minimises L_source + λ L_target: both tasks at once, in one network with one head.

    The sum is divided by 1 + λ. That moves no minimum, and lets λ be infinite.

    Args:
        target: the target, a draw of labels for each seed.
        source: name of the source in the target's pool.
        weights: at the start, for each λ a network for each seed.
        lambdas: from 0 to `inf`.
        steps: of training; each shows `size` images of the source and as many of the target.
        rate: learning rate at the start.
        size: of the two halves of a batch.

    Returns:
        The networks: those of the first λ for each seed, of the second, ….
    """
    if not all(value >= 0 for value in lambdas):
        raise ValueError(f"`lambdas` must be numbers from 0. Received: {tuple(lambdas)}")
    seeds, pool = target.seeds, target.pool
    ours = batches([learn for learn, _ in target.draws], seeds, steps=steps, size=size)
    theirs = batches([pool.rows[source]] * len(seeds), seeds, steps=steps, size=size)
    both = np.tile(np.concatenate([theirs, ours], axis=2), (1, len(lambdas), 1))
    of_target = np.repeat([1 / (1 + 1 / value) if value else 0.0 for value in lambdas], len(seeds))
    shares = np.repeat(np.stack([1 - of_target, of_target], axis=1) / size, size, axis=1)
    networks = Ensemble(pool.plan, weights)
    networks.train(pool.x, pool.y, both, rate, pace=cosine(steps), shares=shares)
    return networks
