"""The checks of the exercises of lesson 02: they test behaviour, never text."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tgan_lessons.checks import call, exercise, expect


@exercise("02.1", "Blind to rotation and scale, not to information: that is what CKA is for.")
def check_cka(cka: Callable[[np.ndarray, np.ndarray], float]) -> None:
    """Tests a function (features, features) → linear CKA."""
    from tgan_lessons.interpret import linear_cka

    rng = np.random.default_rng(0)
    a, b = rng.normal(3, 1, (40, 5)), rng.normal(-1, 2, (40, 8))
    b[:, :3] += 2 * a[:, :3]
    answer = np.asarray(call(cka, a.copy(), b.copy()), dtype=float)
    expect(answer.shape == (), f"Return one number; yours has the shape {answer.shape}.")
    raw = np.linalg.norm(a.T @ b) ** 2 / np.linalg.norm(a.T @ a) / np.linalg.norm(b.T @ b)
    expect(abs(answer - raw) > 1e-6, "Centre first: subtract from each column its mean.")
    right = linear_cka(a, b)
    expect(abs(answer - np.sqrt(right)) > 1e-6, "The numerator is squared: |aᵀb|².")
    same = float(call(cka, a.copy(), a.copy()))
    expect(abs(same - 1) < 1e-6, f"A layer compared with itself must give 1, not {same:.3f}.")
    turn = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    turned = float(call(cka, a.copy(), 7 * a @ turn))
    expect(
        abs(turned - 1) < 1e-6,
        f"A layer turned and scaled holds the same: that must give 1, not {turned:.3f}. "
        "Compare products of whole matrices, not column with column.",
    )
    expect(
        abs(answer - right) < 1e-6,
        "|aᵀb|² / (|aᵀa| |bᵀb|) with np.linalg.norm, after centring.",
    )


@exercise("02.2", "Zero at the source, growing with the square of the distance: a spring.")
def check_l2_sp(penalty: Callable[..., float]) -> None:
    """Tests a function (weights, source weights, alpha) → α/2 Σ |w - w_source|²."""
    rng = np.random.default_rng(1)
    weights = [rng.normal(size=shape) for shape in ((3, 4), (4,), (4, 2))]
    source = [rng.normal(size=array.shape) for array in weights]

    def ask(alpha: float, of: list[np.ndarray]) -> float:
        copies = [[array.copy() for array in part] for part in (of, source)]
        answer = np.asarray(call(penalty, *copies, alpha), dtype=float)
        expect(answer.shape == (), f"Return one number; yours has the shape {answer.shape}.")
        return float(answer)

    square = sum(np.sum((w - s) ** 2) for w, s in zip(weights, source, strict=True))
    answer = ask(0.1, weights)
    decay = 0.05 * sum(np.sum(w**2) for w in weights)
    expect(abs(answer - decay) > 1e-9, "That pulls toward zero. L2-SP pulls toward the source.")
    expect(abs(answer - 0.1 * square) > 1e-9, "Halve it: α/2, so that the gradient is α(w - w₀).")
    root = 0.05 * sum(np.linalg.norm(w - s) for w, s in zip(weights, source, strict=True))
    expect(abs(answer - root) > 1e-9, "The distance is squared.")
    expect(abs(ask(0.1, source)) < 1e-12, "At the source itself the penalty must be 0.")
    expect(abs(ask(0.4, weights) - 4 * answer) < 1e-9, "Four times α must give four times as much.")
    expect(
        abs(answer - 0.05 * square) < 1e-9,
        "α/2 times the sum of all squared differences, of all arrays.",
    )


@exercise("02.3", "Validation chose, the test was asked once: the number means what it says.")
def check_choose_depth(choose_depth: Callable[..., tuple[int, float]]) -> None:
    """Tests a function (depths, validate, test) → (depth, test accuracy), test asked once."""
    scores = {1: (0.61, 0.66), 2: (0.70, 0.68), 3: (0.74, 0.69), 4: (0.72, 0.75), 5: (0.55, 0.52)}
    for depths in ((1, 2, 3, 4, 5), (5, 4, 1), (2,)):
        validated: list[int] = []
        tested: list[int] = []

        def validate(depth: int, seen: list[int] = validated) -> float:
            seen.append(depth)
            return scores[depth][0]

        def test(depth: int, seen: list[int] = tested) -> float:
            seen.append(depth)
            return scores[depth][1]

        answer = call(choose_depth, depths, validate, test)
        is_pair = isinstance(answer, tuple | list) and len(answer) == 2
        expect(is_pair, "Return two things: the depth, and its test accuracy.")
        expect(
            len(tested) <= 1,
            f"test was called {len(tested)} times. Each look is a chance to choose by it: call it "
            "once, for the depth that validation chose.",
        )
        expect(set(validated) == set(depths), "Ask validate about every depth.")
        best = max(depths, key=lambda depth: scores[depth][0])
        expect(answer[0] == best, f"Of {depths} validation likes {best} best, not {answer[0]}.")
        expect(tested == [best], "Ask test about the chosen depth.")
        expect(answer[1] == scores[best][1], "Report the test accuracy, not the validation's.")


@exercise("02.4", "Frozen below, slow in the middle, fast on top: one list of numbers says it all.")
def check_layer_rates(rates: Callable[..., object]) -> None:
    """Tests a function (layers, frozen, top, factor) → a learning rate for each layer."""
    answer = np.asarray(call(rates, 6, 2, 0.01, 2.0), dtype=float)
    expect(answer.shape == (6,), f"Return 6 numbers, one for each layer, not {answer.shape}.")
    expect((answer[:2] == 0).all(), "A frozen layer has rate 0; the first two are frozen here.")
    expect((answer[2:] > 0).all(), "Only the first two are frozen; the others must learn.")
    expect(
        abs(answer[-1] - 0.01) < 1e-12, f"The last layer learns at top; yours at {answer[-1]:g}."
    )
    expect(
        np.allclose(answer[3:] / answer[2:-1], 2.0),
        "Each layer learns factor times faster than the one below it.",
    )
    other = np.asarray(call(rates, 4, 0, 0.1, 1.0), dtype=float)
    expect(
        other.shape == (4,) and np.allclose(other, 0.1),
        "With no layer frozen and factor 1 all rates are equal: plain fine-tuning.",
    )
