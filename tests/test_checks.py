import numpy as np
import pytest
from scipy import stats

from tgan_lessons import checks, exercises

CHECKS = {name: c for name, c in vars(exercises).items() if name.startswith("check_")}
ON_VALUES = ("check_too_high",)  # the others take a function


# Right answers


def to_pixels(images):
    return np.rint((images + 1) * 127.5).astype(np.uint8)


def to_pixels_in_place(images):
    images += 1
    images *= 127.5
    return images.astype(np.uint8)


def gain(ours, theirs):
    difference = np.subtract(ours, theirs)
    low, high = stats.t.interval(
        0.95, len(difference) - 1, loc=difference.mean(), scale=stats.sem(difference)
    )
    return difference.mean(), (high - low) / 2


def fit_head(classifier, x, y):
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    classifier.compile(optimizer="adam", loss=loss)
    classifier.fit(x, y, batch_size=16, verbose=0)
    return classifier


def train_head(classifier, x, y):
    classifier.get_layer("backbone").trainable = False
    return fit_head(classifier, x, y)


def nearest(features, labels, new, distance):
    classes = np.unique(labels)
    means = np.stack([features[labels == c].mean(axis=0) for c in classes])
    distances = [[distance(row, mean) for mean in means] for row in new]
    return classes[np.argmin(distances, axis=1)]


def euclidean(row, mean):
    return np.linalg.norm(row - mean)


def nearest_mean(features, labels, new):
    return nearest(features, labels, new, euclidean)


RIGHT = {
    "check_to_pixels": [to_pixels, to_pixels_in_place, lambda x: ((x + 1) * 127.5).astype(int)],
    "check_too_high": [0.8, 1],
    "check_gain": [gain, lambda ours, theirs: list(gain(ours, theirs))],
    "check_head_only": [train_head],
    "check_nearest_mean": [nearest_mean, lambda *a: list(map(float, nearest_mean(*a)))],
}


# Wrong answers, each with a word of the hint it should get


def normal_quantile(ours, theirs):
    difference = np.subtract(ours, theirs)
    return difference.mean(), stats.norm.ppf(0.975) * stats.sem(difference)


def no_ddof(ours, theirs):
    difference = np.subtract(ours, theirs)
    return difference.mean(), stats.t.ppf(0.975, 3) * difference.std() / 2


def unpaired(ours, theirs):
    spread = np.sqrt(np.var(ours, ddof=1) / 4 + np.var(theirs, ddof=1) / 4)
    return np.mean(ours) - np.mean(theirs), stats.t.ppf(0.975, 6) * spread


def sorted_apart(ours, theirs):
    ours.sort()
    theirs.sort()
    return gain(ours, theirs)


def normalising(classifier, x, y):
    """Gives the optimizer the head alone, but runs batch normalisation in training mode."""
    import keras
    import tensorflow as tf

    head, optimizer = classifier.get_layer("head"), keras.optimizers.Adam()
    with tf.GradientTape() as tape:
        losses = keras.losses.sparse_categorical_crossentropy(
            y, classifier(x, training=True), from_logits=True
        )
    gradients = tape.gradient(losses, head.trainable_variables)
    optimizer.apply(gradients, head.trainable_variables)
    return classifier


def half_frozen(classifier, x, y):
    for layer in classifier.get_layer("backbone").layers:
        layer.trainable = "block2" in layer.name
    return fit_head(classifier, x, y)


def all_frozen(classifier, x, y):
    classifier(x)
    return classifier


def city_block(*answers):
    return nearest(*answers, lambda row, mean: np.abs(row - mean).sum())


def cosine(*answers):
    return nearest(*answers, lambda row, mean: -row @ mean / np.linalg.norm(mean))


def farthest(*answers):
    return nearest(*answers, lambda row, mean: -euclidean(row, mean))


def nearest_neighbour(features, labels, new):
    return labels[[np.argmin(np.linalg.norm(features - row, axis=1)) for row in new]]


def by_position(features, labels, new):
    """Takes every five rows for a class: right only where the labels happen to be sorted."""
    return nearest(features, np.repeat(np.arange(6), 5), new, euclidean)


WRONG = {
    "check_to_pixels": [
        (lambda x: x * 255, "black"),
        (lambda x: (x + 1) / 2, "must become 255"),
        (lambda x: 255 - (x + 1) * 127.5, "black"),
        (lambda x: 255 * (x > 0) + 127 * (x == 0), "straight line"),
        (lambda x: ((x + 1) * 128).astype(int).astype(np.uint8), "must become 255"),
        (lambda x: ((x + 1) * 127.5).ravel(), "shape"),
        (lambda x: np.full(x.shape, np.nan), "black"),
    ],
    "check_too_high": [
        (0.05, "alive"),
        (0, "slider"),
        (-0.5, "slider"),
        (2, "slider"),
        (float("nan"), "slider"),
        ("0.8", "number"),
        ([0.8], "number"),
        (True, "number"),
        (lambda: 0.8, "number"),
    ],
    "check_gain": [
        (normal_quantile, "1.96"),
        (no_ddof, "ddof"),
        (unpaired, "differences"),
        (sorted_apart, "differences"),
        (lambda a, b: gain(b, a), "mean of the differences"),
        (lambda a, b: (gain(a, b)[0], 2 * gain(a, b)[1]), "Half width"),
        (lambda a, b: np.mean(a) - np.mean(b), "two numbers"),
        (lambda a, b: (*gain(a, b), 0), "two numbers"),
    ],
    "check_head_only": [
        (normalising, "moving statistics"),
        (fit_head, "backbone learned"),
        (half_frozen, "backbone learned"),
        (all_frozen, "did not move"),
        (lambda classifier, x, y: "done", "did not move"),
    ],
    "check_nearest_mean": [
        (city_block, "Euclidean"),
        (cosine, "Euclidean"),
        (farthest, "Euclidean"),
        (nearest_neighbour, "nearest mean"),
        (by_position, "nearest mean"),
        (lambda features, labels, new: nearest_mean(features, labels, new)[:5], "per row"),
        (lambda *a: nearest_mean(*a) + 1, "occur in labels"),
    ],
}


class Odd:
    """An answer without any use that refuses everything."""

    def __getattr__(self, name):
        raise RuntimeError("odd")

    def __bool__(self):
        raise RuntimeError("odd")


GARBAGE = (
    "text",
    b"",
    "",
    float("nan"),
    np.zeros(0),
    np.full((3, 1), np.nan),
    np.array(["a", "b"]),
    np.array(None),
    [],
    [[1], [2, 3]],
    {"a": 1},
    {1, 2},
    1 + 2j,
    range,
    Odd(),
)
FAULTS = (
    ZeroDivisionError("division by zero"),
    ValueError(""),
    KeyError(),
    AssertionError("first line\nsecond line"),
    RecursionError("too deep"),
    StopIteration(),
    OSError(2, "nothing there"),
)


def raiser(fault):
    def answer(*_):
        raise fault

    return answer


def pairs(table):
    return [
        pytest.param(name, a, id=f"{name}-{i}") for name in table for i, a in enumerate(table[name])
    ]


def test_every_check_is_tested_here():
    assert set(CHECKS) == set(RIGHT) == set(WRONG)
    assert all(len(answers) >= 3 for answers in WRONG.values())
    numbers = [check(...).exercise for check in CHECKS.values()]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize(("name", "answer"), pairs(RIGHT))
def test_right_answers_pass(name, answer):
    result = CHECKS[name](answer)
    assert result.verdict == "passed", result
    assert result.passed
    assert str(result).startswith("✔")


@pytest.mark.parametrize(("name", "case"), pairs(WRONG))
def test_wrong_answers_get_a_hint(name, case):
    answer, word = case
    result = CHECKS[name](answer)
    assert (result.verdict, result.passed) == ("not yet", False)
    assert word in result.message
    assert "Your code stopped" not in result.message


@pytest.mark.parametrize("name", CHECKS)
def test_unfinished_answers_are_said_to_be_unfinished(name):
    answers = [..., None]
    if name not in ON_VALUES:
        answers += [lambda *_: ..., lambda *_: None]
    for answer in answers:
        result = CHECKS[name](answer)
        assert result.verdict == "unfinished"
        assert not result.passed
        assert "Replace the dots" in result.message


@pytest.mark.parametrize("name", CHECKS)
def test_garbage_never_raises_and_never_passes(name):
    for value in GARBAGE:
        answers = [value] if name in ON_VALUES else [value, lambda *_, value=value: value]
        for answer in answers:
            result = CHECKS[name](answer)
            assert result.verdict == "not yet", (name, value)
            assert result.message.strip()
            assert "\n" not in result.message


@pytest.mark.parametrize("name", [name for name in CHECKS if name not in ON_VALUES])
def test_what_the_learners_code_raises_is_told(name):
    for fault in FAULTS:
        result = CHECKS[name](raiser(fault))
        assert result.verdict == "not yet"
        kind = type(fault).__name__
        assert result.message.startswith(f"Your code stopped with {kind}: ")
        assert str(fault).splitlines()[:1] == [] or str(fault).splitlines()[0] in result.message
        assert "second line" not in result.message


@pytest.mark.parametrize("answers", [(), (gain, gain)])
def test_the_wrong_number_of_answers_does_not_raise(answers):
    assert exercises.check_gain(*answers).verdict == "not yet"


def test_stopping_the_cell_stops_the_check():
    with pytest.raises(KeyboardInterrupt):
        exercises.check_gain(raiser(KeyboardInterrupt()))


def test_results_are_escaped():
    @checks.exercise("<i>9</i>", "a < b & c")
    def check(answer):
        checks.expect(answer != "hint", "use <script> & co")

    for answer, text in (
        ("hint", "use &lt;script&gt; &amp; co"),
        ("right", "a &lt; b &amp; c"),
        (None, "Replace the dots"),
    ):
        page = check(answer)._repr_html_()
        assert text in page
        assert "&lt;i&gt;9&lt;/i&gt;" in page
        assert "<script>" not in page and "<i>" not in page
    told = exercises.check_gain(raiser(ValueError("<img src=x onerror=alert(1)>")))
    assert "<img" not in told._repr_html_()
    assert "<img" in str(told)


def test_a_result_looks_like_its_verdict():
    signs = set()
    for verdict in ("passed", "not yet", "unfinished"):
        result = checks.Result("01.1", verdict, "word")
        assert repr(result) == str(result)
        assert verdict in str(result) and "01.1" in str(result) and "word" in str(result)
        assert str(result)[0] in result._repr_html_()
        signs.add(str(result)[0])
    assert len(signs) == 3


def test_a_check_keeps_its_name_and_explanation():
    assert exercises.check_gain.__name__ == "check_gain"
    assert "paired differences" in exercises.check_gain.__doc__
