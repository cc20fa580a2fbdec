"""The checks of the exercises of lesson 07: they test behaviour, never text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tgan_lessons.checks import call, exercise, expect


@exercise("07.1", "That is PacGAN's count: one sample near a mode is enough.")
def check_count(count: Callable[[np.ndarray, np.ndarray, float], int]) -> None:
    """Tests the number of modes with a sample within three standard deviations."""
    centres = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]])
    cases = (
        ([[0, 0], [2, 0]], 2, "Two samples, each on a mode of its own: that makes 2."),
        ([[0, 0.1], [0.1, 0], [0, 0]], 1, "Three samples on one mode find one mode, not three."),
        ([[0, 0.14], [2, 0.1]], 2, "0.14 is nearer than three standard deviations of 0.05."),
        ([[0, 0.16], [1, 1]], 0, "0.16 is beyond three standard deviations of 0.05, and so is a "
         "sample between the modes."),
        ([[0.12, 0.12]], 0, "The straight distance counts: 0.12 along both axes is 0.17 far."),
    )  # fmt: skip
    for points, right, told in cases:
        answer = call(count, np.array(points, float), centres.copy(), 0.05)
        expect(np.ndim(answer) == 0, "Return one number: how many modes were found.")
        expect(int(answer) == right, f"{told} Yours says {answer}.")
    wide = int(count(np.array([[0.0, 0.5]]), centres.copy(), 0.2))
    expect(wide == 1, "With a standard deviation of 0.2 a sample 0.5 away finds its mode.")


@exercise("07.2", "One number, the same for all: now D can see that they are alike.")
def check_spread(add_spread: Callable[[np.ndarray], np.ndarray]) -> None:
    """Tests the standard deviation over the batch, averaged over features, as a new column."""
    x = np.random.default_rng(0).normal(size=(6, 3)) * (1, 5, 20) + 3
    answer = np.asarray(call(add_spread, x.copy()), float)
    expect(
        answer.shape == (6, 4),
        f"Six samples with three features become (6, 4), one column more, not {answer.shape}.",
    )
    expect(np.allclose(answer[:, :3], x), "The features themselves must stay, in front.")
    new = answer[:, 3]
    expect(
        np.ptp(new) < 1e-9,
        "All samples get the same number. Yours differ: take the spread over the samples.",
    )
    expect(not np.isclose(new[0], x.std()), "That is the spread of all numbers together: axis=0.")
    expect(
        not np.isclose(new[0], x.std(axis=0).sum()),
        "That is the sum over the features: take the mean.",
    )
    expect(
        not np.isclose(new[0], x.var(axis=0).mean()), "That is the variance. Take its square root."
    )
    right = (x.std(axis=0).mean(), x.std(axis=0, ddof=1).mean())
    expect(
        min(abs(new[0] - value) for value in right) < 1e-6,
        f"It should be {right[0]:.4f}, and is {new[0]:.4f}.",
    )
    same = np.asarray(add_spread(np.full((4, 2), 7.0)), float)
    expect(np.allclose(same[:, 2], 0), "Where all samples are alike, the spread is 0.")


@exercise("07.3", "The pixels are the same, the question is another one.")
def check_pack(pack: Callable[[np.ndarray, int], np.ndarray]) -> None:
    """Tests samples (n, d) joined to (n / together, d · together)."""
    x = np.arange(24.0).reshape(12, 2)
    for together in (2, 3, 4, 1):
        answer = np.asarray(call(pack, x.copy(), together), float)
        shape = (12 // together, 2 * together)
        expect(
            answer.shape == shape,
            f"12 samples of 2 numbers, {together} together: {shape}, not {answer.shape}.",
        )
        parts = answer.reshape(-1, 2)  # the samples that the rows hold, one after the other
        whole = {tuple(part) for part in parts} <= {tuple(row) for row in x}
        expect(whole, "The two numbers of a sample must stay side by side.")
        once = sorted(map(tuple, parts)) == sorted(map(tuple, x))
        expect(once, "Each sample must be used, and only once: a pack holds different samples.")


@exercise("07.4", "Better on average is not enough; better for sure is.")
def check_surely_better(surely_better: Callable[[Sequence[float], Sequence[float]], bool]) -> None:
    """Tests whether the 95 % interval of the differences, seed by seed, lies above 0."""
    from scipy import stats

    cases = (
        (
            [25, 25, 24, 25, 25],
            [18, 20, 16, 21, 17],
            "25 against 18: every seed is better, by far.",
        ),
        ([18, 20, 16, 21, 17], [25, 25, 24, 25, 25], "It is worse for every seed."),
        (
            [22, 12, 25, 15, 20],
            [18, 19, 16, 17, 18],
            "The mean is higher, but seeds 2 and 4 are worse: the interval holds 0.",
        ),
        (
            [12, 16, 20, 23, 25],
            [10, 14, 18, 21, 23.5],
            "Both scatter widely, but every seed gains about 2. Look at the differences, not at "
            "whether two intervals overlap.",
        ),
        (
            [18, 19, 17, 20, 21],
            [17, 19, 17, 19, 19],
            "Gains of 1, 0, 0, 1 and 2 are not enough: with five seeds the interval is ± 2.78 "
            "standard errors.",
        ),
    )
    for ours, theirs, told in cases:
        answer = call(surely_better, list(map(float, ours)), list(map(float, theirs)))
        gain = np.subtract(ours, theirs)
        low = (
            stats.t.interval(0.95, 4, gain.mean(), stats.sem(gain))[0] if np.ptp(gain) else gain[0]
        )
        expect(np.ndim(answer) == 0, "Return True or False.")
        expect(bool(answer) == bool(low > 0), f"{ours} against {theirs}: {told}")
