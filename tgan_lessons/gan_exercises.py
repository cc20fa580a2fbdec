"""The checks of lesson 04's exercises: they test behaviour, never text."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tgan_lessons.checks import call, exercise, expect

Pair = tuple[float, float]


@exercise("04.1", "The share of real ones at the place, whatever the batch is made of.")
def check_best_discriminator(best: Callable[..., np.ndarray]) -> None:
    """Tests a function (p_data, p_g, share of reals in a batch) → D*, at the same points."""
    p, q = np.array([0.3, 0.3, 0.9, 0.2, 0.0]), np.array([0.3, 0.1, 0.3, 0.8, 0.5])
    answer = np.asarray(call(best, p.copy(), q.copy(), 0.5), float)
    expect(answer.shape == p.shape, f"Return one value per point: (5,), not {answer.shape}.")
    expect(np.isfinite(answer).all(), "Some values are not numbers. Where only G is, D* is 0.")
    right = p / (p + q)
    expect(
        not np.allclose(answer, 1 - right),
        "That is the probability of *fake*. D says how probable it is that a point is real.",
    )
    expect(
        ((answer >= 0) & (answer <= 1)).all(),
        "D is a probability, from 0 to 1: divide by all that lies at the place, real and fake.",
    )
    expect(
        np.isclose(answer[0], 0.5),
        "Equal densities and half a batch of each: D cannot know and says 0.5. "
        f"Yours says {answer[0]:g}.",
    )
    expect(
        np.allclose(answer, right),
        "With half of each it must be the formula above: p_data / (p_data + p_g).",
    )
    many = np.asarray(best(p.copy(), q.copy(), 0.75), float)
    expect(
        not np.allclose(many, right),
        "It does not look at the share. In a batch with more reals, a point is more often real.",
    )
    expect(
        np.allclose(many, 3 * p / (3 * p + q)),
        "Right for halves. Count who lies at the place: share · p_data reals, and "
        "(1 - share) · p_g fakes.",
    )


@exercise("04.2", "Steep where D is sure, flat where G has won, and no overflow.")
def check_generator_loss(loss: Callable[[np.ndarray], object]) -> None:
    """Tests the non-saturating loss of G as a function of D's scores of fakes."""
    at = _reader(loss)
    call(loss, np.zeros((3, 1), np.float32))
    zero, falls = at(0.0), at(-3.0) > at(3.0)
    expect(np.isfinite(zero), "At score 0 it is not a number.")
    is_negative = np.isclose(zero, -np.log(2), atol=1e-4)
    expect(
        not (is_negative and falls),
        "That is log(1 - D(G(z))), the saturating loss: flat where D is sure. Use -log D(G(z)).",
    )
    expect(
        not is_negative,
        "The sign: G minimises this, so it must be small where D takes the fakes for real.",
    )
    expect(
        falls, "It grows with the score. G wants high scores: its loss must fall where they rise."
    )
    expect(
        np.isclose(zero, np.log(2), atol=1e-4),
        f"At score 0, D = ½ and the loss is log 2 = 0.6931. Yours is {zero:.4f}.",
    )
    _check_slopes(at)
    spread = np.array([[-2.0], [0.0], [3.0]], np.float32)
    mean = np.mean([at(float(score)) for score in spread[:, 0]])
    expect(
        np.isclose(float(np.asarray(loss(spread))), mean, rtol=1e-3),
        "Of many scores it must be the mean of their losses: -E[log D(G(z))].",
    )


def _check_slopes(at: Callable[[float], float]) -> None:
    """Compares the slope with that of the formula, -(1 - D), at mild and at extreme scores."""
    for score in (-2.0, 0.0, 2.0):
        right = -1 / (1 + np.exp(score))
        slope = _slope(at, score)
        expect(
            np.isclose(slope, right, atol=0.01),
            f"At score {score:g} its slope is {slope:.3f}; that of -log D is {right:.3f}.",
        )
    for score in (-1000.0, 1000.0):
        expect(
            np.isfinite(at(score)),
            f"At score {score:g} it is {at(score):g}: exp or log has left the numbers. "
            "-log(sigmoid(s)) is softplus(-s), or np.logaddexp(0, -s).",
        )
    slope = _slope(at, -1000.0)
    expect(
        np.isclose(slope, -1, atol=0.01),
        f"At score -1000, D is as sure as can be, and the slope must be -1. Yours is {slope:.3g}: "
        "clipping D cuts the gradient off just where G needs it.",
    )


def _reader(loss: Callable[[np.ndarray], object]) -> Callable[[float], float]:
    """The loss as a function of one score; NumPy's own warnings are no business of the page."""

    def at(score: float) -> float:
        with np.errstate(all="ignore"):
            value = np.asarray(call(loss, np.full((2, 1), score, np.float32)), float)
        expect(value.size == 1, f"Return one number, the mean. Yours has the shape {value.shape}.")
        return float(value.reshape(()))

    return at


def _slope(at: Callable[[float], float], score: float, step: float = 0.125) -> float:
    return (at(score + step) - at(score - step)) / (2 * step)


@exercise("04.3", "One sees where the other went, and the orbit closes instead of growing.")
def check_alternating(play_round: Callable[[float, float, float], Pair]) -> None:
    """Tests one round of V = x · y, x descending and y ascending, one after the other."""
    answer = call(play_round, 1.0, 0.5, 0.1)
    is_pair = isinstance(answer, tuple | list | np.ndarray) and len(answer) == 2
    expect(is_pair, "Return two numbers: the new x and the new y.")
    x, y = np.asarray(answer, float)
    expect(
        not np.allclose((x, y), (0.95, 0.6)),
        "Both moved from where the other *was*: that is simultaneous play. The second to move "
        "must use the first one's new value.",
    )
    expect(x <= 1, "x climbs. It wants V small: subtract its slope, which is y, times eta.")
    expect(y >= 0.5, "y descends. It wants V large: add its slope, which is x, times eta.")
    expect(
        np.allclose((x, y), (0.95, 0.595)) or np.allclose((x, y), (0.94, 0.6)),
        "From x = 1, y = 0.5 with eta = 0.1 the one who moves first makes a step of eta times the "
        "other's value; then the second does, with the first one's new value.",
    )
    _check_orbit(play_round)


def _check_orbit(play_round: Callable[[float, float, float], Pair]) -> None:
    place = (1.0, 0.0)
    for _ in range(2000):
        place = play_round(*place, 0.3)
        far = float(np.hypot(*place))
        expect(0.5 < far < 2, "Right for one round, not for many: does it use x, y and eta?")
