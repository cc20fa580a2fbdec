"""The checks of the exercises of lesson 09: they test behaviour, never text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tgan_lessons.checks import Unfinished, call, exercise, expect


def _draw_bar(slope: float, half: float = 1.5, side: int = 41) -> np.ndarray:
    """A smooth bar from bottom to top that goes `slope` pixels to the right for each one up."""
    up, right = np.mgrid[side // 2 : -(side // 2) - 1 : -1, -(side // 2) : side // 2 + 1]
    away = np.abs(right - slope * up)
    return np.clip(half + 0.5 - away, 0, 1) * (np.abs(up) <= 10)


@exercise("09.1", "Two moments and a ratio: the angle that everybody would draw with a ruler.")
def check_slant(slant: Callable[[np.ndarray], float]) -> None:
    """Tests ink (h, w) → the slant in degrees, positive to the right."""
    upright = float(call(slant, _draw_bar(0.0)))
    expect(abs(upright) < 0.5, f"An upright bar has slant 0; yours says {upright:.1f} degrees.")
    leaning, right = float(slant(_draw_bar(0.5))), np.degrees(np.arctan(0.5))
    expect(
        abs(leaning + right) > 1,
        "A bar that leans to the right gets a negative angle. Rows count downwards: turn y round.",
    )
    expect(
        abs(leaning - 0.5) > 0.1,
        "0.5 is the slope. The angle is its arctangent, in degrees (`np.degrees`).",
    )
    expect(
        abs(leaning - right) < 1,
        f"A bar of slope ½ leans by {right:.1f} degrees; yours says {leaning:.1f}. The slope is "
        "m_xy / m_yy.",
    )
    moved = np.roll(_draw_bar(0.5), (3, -5), axis=(0, 1))
    told = float(slant(moved))
    expect(
        abs(told - leaning) < 0.2,
        f"Moved aside, the same bar leans by {told:.1f}? Measure x and y from the ink's centre.",
    )
    faint = float(slant(0.3 * _draw_bar(0.5)))
    expect(abs(faint - leaning) < 0.2, "Paler ink leans as much: weigh every pixel by its ink.")


@exercise("09.2", "That is all there is to a projection: one common row, one row for each label.")
def check_projection(score: Callable[..., Any]) -> None:
    """Tests (features (n, k), labels (n,), w (k,), V (classes, k)) → scores (n,)."""
    rng = np.random.default_rng(0)
    features, w, rows = rng.normal(size=(5, 4)), rng.normal(size=4), rng.normal(size=(3, 4))
    labels = np.array([2, 0, 1, 1, 2])
    answer = np.asarray(call(score, features, labels, w, rows), float)
    expect(answer.shape == (5,), f"Five images, five scores: shape (5,), yours is {answer.shape}.")
    common, own = features @ w, (features * rows[labels]).sum(axis=1)
    expect(not np.allclose(answer, own), "That is the label's part. Add the common one, w·φ.")
    expect(not np.allclose(answer, common), "That is the common part. Add the label's row, v_y·φ.")
    expect(
        not np.allclose(answer, common + (features @ rows.T).sum(axis=1)),
        "Only the row of each image's own label counts, not all of them.",
    )
    expect(np.allclose(answer, common + own), "Each score is (w + v_y)·φ(x).")


@exercise("09.3", "A reader of one line, and it says what it does not know.")
def check_reader(reader: Callable[[str, dict[str, str]], set[str]]) -> None:
    """Tests (text, meanings) → the set of meanings, or a `KeyError` that names a word."""
    meanings = {
        "bold": "thick",
        "thick": "thick",
        "seven": "7",
        "7": "7",
        "a": "",
        "small": "small",
    }
    first = call(reader, "a bold seven", dict(meanings))
    expect(isinstance(first, set), f"Return a set of meanings, not a {type(first).__name__}.")
    expect("" not in first, "Words such as “a” mean nothing: leave the empty meaning out.")
    expect(first == {"thick", "7"}, f"“a bold seven” means thick and 7; yours says {first}.")
    second = reader("A 7, Small, THICK", dict(meanings))
    expect(
        second == {"thick", "7", "small"},
        f"“A 7, Small, THICK” is the same with capitals and commas; yours says {second}.",
    )
    try:
        reader("a purple seven", dict(meanings))
    except KeyError as error:
        expect("purple" in str(error), "Name the unknown word in the `KeyError`.")
    else:
        expect(False, "“purple” is unknown: raise a `KeyError` that names it.")


@exercise("09.4", "Now no true caption is ever punished as a lie.")
def check_guard(is_lie: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> None:
    """Tests (asked (n, 4), shown (n, 4)) → which captions are false of their images."""
    shown = np.array([[7, 1, 1, 0], [7, 1, 1, 0], [7, 1, 1, 0], [7, 1, 1, 0], [3, -1, 0, 1]])
    asked = np.array([[7, 0, 0, 0], [7, 1, 0, 0], [7, 1, -1, 0], [2, 1, 1, 0], [3, 0, 1, 0]])
    answer = call(is_lie, asked.copy(), shown.copy())
    if isinstance(answer, np.ndarray) and answer.dtype == object:
        raise Unfinished
    answer = np.asarray(answer)
    expect(answer.shape == (5,), f"One answer for each pair: shape (5,), yours is {answer.shape}.")
    expect(not answer[0], "“a seven” is true of a thick slanted seven. 0 means: not mentioned.")
    expect(not answer[1], "“a thick seven” is true of a thick slanted seven.")
    expect(
        answer[2], "“a thick upright seven” is false of a slanted one: one wrong word is enough."
    )
    expect(answer[3], "“a thick slanted two” is false of a seven.")
    expect(
        answer[4],
        "“a slanted three” of one that leans a little: the word is not true of it, so it is a lie.",
    )
    rng = np.random.default_rng(1)
    kinds = [np.c_[rng.integers(0, 3, 500), rng.integers(-1, 2, (500, 3))] for _ in range(2)]
    digit = kinds[0][:, 0] != kinds[1][:, 0]
    style = ((kinds[0][:, 1:] != 0) & (kinds[0][:, 1:] != kinds[1][:, 1:])).any(axis=1)
    wrong = np.asarray(is_lie(*kinds)) != (digit | style)
    expect(not wrong.any(), f"{wrong.sum()} of 500 random pairs are judged wrongly.")
