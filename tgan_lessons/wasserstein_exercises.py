"""The checks of the exercises of lesson 08: they test behaviour, never text."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tgan_lessons.checks import call, exercise, expect


@exercise("08.1", "Sorting is the whole plan on a line, for six grains or a million.")
def check_distance(distance: Callable[[np.ndarray, np.ndarray], float]) -> None:
    """Tests the earth mover's distance between two sets of n numbers."""
    from scipy.stats import wasserstein_distance

    rng = np.random.default_rng(0)
    x, y = rng.normal(1, 1, 40), rng.normal(0, 3, 40)
    answer = float(call(distance, x.copy(), y.copy()))
    expect(
        abs(answer - np.abs(x - y).mean()) > 1e-6,
        "You carry the first to the first as they come. Sort both before.",
    )
    expect(
        abs(answer - abs(x.mean() - y.mean())) > 1e-6,
        "That is the distance of the means. Two humps of different widths have one, too.",
    )
    way = np.abs(np.sort(x) - np.sort(y))
    expect(abs(answer - way.sum()) > 1e-6, "That is the sum of all ways. Take the mean.")
    told = "Those are squared ways: W₂. The earth mover pays by length."
    expect(min(abs(answer - m) for m in ((way**2).mean(), (way**2).mean() ** 0.5)) > 1e-6, told)
    for a, b in ((x, y), (x, x[::-1]), (y, x + 5)):
        right, answer = wasserstein_distance(a, b), float(distance(a.copy(), b.copy()))
        expect(abs(answer - right) < 1e-6, f"{right:.3f} expected, yours is {answer:.3f}.")


@exercise("08.2", "No logarithm, no sigmoid: the shortest losses of this course.")
def check_losses(losses: Callable[[np.ndarray, np.ndarray], dict[str, float]]) -> None:
    """Tests the losses of critic and generator from scores of real samples and fakes."""
    rng = np.random.default_rng(0)
    real, fake = rng.normal(2, 1, (30, 1)), rng.normal(-1, 1, (20, 1))
    answer = call(losses, real.copy(), fake.copy())
    named = isinstance(answer, dict) and set(answer) == {"critic", "generator"}
    expect(named, 'Return a dictionary with the names "critic" and "generator".')
    parts = (call(answer.get, name) for name in ("critic", "generator"))
    critic, generator = (np.asarray(part, float) for part in parts)
    expect(not (critic.ndim or generator.ndim), "Each loss is one number: take means.")
    gap, mean = real.mean() - fake.mean(), fake.mean()
    expect(
        abs(critic - gap) > 1e-6,
        "Your critic wants high scores for fakes. Its loss must fall as real scores rise.",
    )
    expect(abs(critic + gap) < 1e-6, f"The critic's loss should be {-gap:.3f}, not {critic:.3f}.")
    expect(abs(generator - mean) > 1e-6, "Your G wants low scores for its fakes: turn the sign.")
    expect(
        abs(generator - gap) > 1e-6 and abs(generator + gap) > 1e-6,
        "G cannot change the scores of real samples. Leave them out of its loss.",
    )
    expect(abs(generator + mean) < 1e-6, f"G's loss should be {-mean:.3f}, not {generator:.3f}.")


@exercise("08.3", "One number for each pair: a place on the line, not a mixture of pixels.")
def check_between(between: Callable[..., np.ndarray]) -> None:
    """Tests places between real images and fakes (n, height, width, channels), `alpha` (n,)."""
    rng = np.random.default_rng(0)
    real, fake = rng.uniform(-1, 1, (2, 5, 4, 5, 1))
    told = "Give `alpha` the shape (n, 1, 1, 1), so that each image gets one number."
    try:
        answer = np.asarray(call(between, real.copy(), fake.copy(), rng.uniform(size=5)))
    except ValueError as error:
        expect("broadcast" not in str(error), told)
        raise
    expect(answer.shape == real.shape, f"{told} Yours has the shape {answer.shape}.")
    for alpha, right, what in ((0.0, fake, "fake"), (1.0, real, "real image")):
        got = np.asarray(between(real.copy(), fake.copy(), np.full(5, alpha)))
        expect(np.allclose(got, right), f"At alpha = {alpha:.0f} the place must be the {what}.")
    real, fake, alpha = np.ones((4, 4, 4, 1)), np.zeros((4, 4, 4, 1)), np.linspace(0, 1, 4)
    got = np.asarray(between(real, fake, alpha))
    flat = got.reshape(4, -1)
    expect(np.allclose(flat, flat[:, :1]), "Pixels of one image are mixed differently. " + told)
    expect(np.allclose(flat[:, 0], alpha), f"Shares {alpha.round(2)} became {flat[:, 0].round(2)}.")


@exercise("08.4", "So weight 10, good in many dimensions, is too much at distance 6 on a line.")
def check_largest_weight(largest_weight: Callable[[float], float]) -> None:
    """Tests the largest penalty weight that lets slope 1 roll to slope 0, for a distance θ."""
    call(largest_weight, 6.0)
    for theta in (6.0, 1.0, 20.0):
        answer = float(largest_weight(theta))
        right = _largest_weight(theta)
        expect(
            answer <= right * 1.01,
            f"θ = {theta:g}, weight {answer:g}: the ball stops at slope "
            f"{_where_it_stops(theta, answer):.2f}. Where is the derivative zero?",
        )
        expect(
            answer >= right * 0.99,
            f"θ = {theta:g}: a weight of {right:.3g} would still let it through, {answer:g} is not "
            "the largest.",
        )


def _where_it_stops(theta: float, weight: float) -> float:
    """By rolling: gradient steps on a θ + λ (|a| - 1)² from a = 1, down to 0 at most."""
    a, step = 1.0, 0.02 / (theta + weight)
    for _ in range(20_000):
        slope = theta + 2 * weight * (a - 1)
        if a <= 0 or abs(slope) < 1e-7 * theta:
            break
        a -= step * slope
    return max(a, 0.0)


def _largest_weight(theta: float) -> float:
    """By trying, between too small and too large."""
    low, high = 0.0, 100 * theta
    while high - low > 1e-4 * theta:
        middle = (low + high) / 2
        low, high = (middle, high) if _where_it_stops(theta, middle) <= 0 else (low, middle)
    return low
