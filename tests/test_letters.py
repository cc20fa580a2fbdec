from collections import Counter

import matplotlib
import numpy as np
import pytest
from matplotlib.ft2font import FT2Font
from PIL import Image
from scipy import ndimage
from sklearn.linear_model import LogisticRegression

from tgan_lessons import cache, data, letters
from tgan_lessons.data import BALANCED

FONTS = letters.TRAIN_FONTS + letters.TEST_FONTS


@pytest.fixture(scope="module")
def small():
    return letters.render(train_per_class=28, test_per_class=14, seed=0)


def of_class(arrays, char, part="train"):
    return arrays[f"x_{part}"][arrays[f"y_{part}"] == BALANCED.index(char)]


def boxes(images):
    """First and last inked row and column of each image, from a plain loop."""
    found = []
    for image in images > 100:
        rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
        found.append((rows[0], rows[-1], columns[0], columns[-1]))
    return np.array(found)


def holes(image):
    """Regions of background that do not touch the outside."""
    background = np.pad(~image, 1, constant_values=True)
    return ndimage.label(background)[1] - 1


def pooled(images):
    return images.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(len(images), -1) / 255


def test_keeps_the_contract_of_a_cache_file(small):
    cache.validate(small)
    for part, per_class in (("train", 28), ("test", 14)):
        counts = Counter(small[f"y_{part}"].tolist())
        assert counts == {label: per_class for label in range(47)}
        assert (np.diff(small[f"y_{part}"].astype(int)) < 0).any(), "the classes are in order"


@pytest.mark.parametrize("name", FONTS)
def test_every_font_has_every_character(name):
    path = f"{matplotlib.get_data_path()}/fonts/ttf/{name}.ttf"
    known = FT2Font(path).get_charmap()
    missing = letters.draw_glyph("\U0010fffd", name)
    glyphs = {}
    for char in BALANCED:
        glyph = letters.draw_glyph(char, name)
        assert ord(char) in known
        assert not np.array_equal(glyph, missing), f"{char} is drawn as a box"
        outermost = np.concatenate([glyph[0], glyph[-1], glyph[:, 0], glyph[:, -1]])
        assert not outermost.any(), f"{char} leaves the canvas"
        glyphs[glyph.tobytes()] = char
    assert len(glyphs) == len(BALANCED)


def test_training_and_test_fonts_are_different():
    assert len(set(FONTS)) == len(FONTS) == 20


@pytest.mark.parametrize("name", ["DejaVuSans-Bold", "STIXGeneral"])
def test_thinning_keeps_pieces_and_holes(name):
    ink = np.stack([letters.draw_glyph(char, name) for char in BALANCED])
    lines = letters.thin(ink)
    assert not (lines & ~ink).any()
    for char, glyph, line in zip(BALANCED, ink, lines, strict=True):
        eight = np.ones((3, 3))
        assert ndimage.label(line, eight)[1] == ndimage.label(glyph, eight)[1], char
        assert holes(line) == holes(glyph), char
        # one pixel wide: a disc of 3×3 fits nowhere
        assert not ndimage.binary_erosion(line, eight).any(), char
    assert lines.sum() < 0.5 * ink.sum()


def test_thinning_a_bar_leaves_its_middle():
    bar = np.zeros((1, 9, 30), bool)
    bar[0, 2:7, 3:27] = True
    line = letters.thin(bar)[0]
    assert set(np.flatnonzero(line.any(axis=1))) == {4}
    assert line[4, 6:24].all()


@pytest.mark.parametrize(
    ("chars", "expected"), [("8B", 2), ("06ADOPRbe", 1), ("1235CEFHILMNSTUVWXYZhnr", 0)]
)
def test_classes_have_the_holes_of_their_letters(small, chars, expected):
    for char in chars:
        assert np.median([holes(x) for x in of_class(small, char) > 60]) == expected, char


def fitted(char, name):
    """A glyph as the font has it, scaled to the box by Pillow alone."""
    glyph = letters.draw_glyph(char, name)
    top, bottom, left, right = boxes(glyph[None] * 255)[0]
    ink = Image.fromarray(np.uint8(255 * glyph[top : bottom + 1, left : right + 1]))
    scale = 24 / max(ink.size)
    ink = ink.resize([max(1, round(scale * side)) for side in ink.size])
    image = np.zeros((28, 28))
    row, column = (28 - ink.height) // 2, (28 - ink.width) // 2
    image[row : row + ink.height, column : column + ink.width] = ink
    return ndimage.gaussian_filter(image, 1.0)


def test_each_class_looks_like_its_own_letter(small):
    templates = [np.mean([fitted(c, f) for f in FONTS], axis=0).ravel() for c in BALANCED]
    means = [of_class(small, char).mean(axis=0).ravel() for char in BALANCED]
    likeness = np.corrcoef(means, templates)[:47, 47:]
    rank = (likeness > likeness.diagonal()[:, None]).sum(axis=1)
    assert (rank == 0).sum() >= 40
    assert rank.max() <= 3  # G is like 0 and O: blurred, look-alikes may come first


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
def test_a_classifier_reads_the_other_fonts(small):
    model = LogisticRegression(C=1.0, max_iter=15).fit(pooled(small["x_train"]), small["y_train"])
    predicted = model.predict(pooled(small["x_test"]))
    right = predicted == small["y_test"]
    assert right.mean() > 0.5  # chance is 0.02
    for label in range(47):
        assert right[small["y_test"] == label].any(), BALANCED[label]


def test_letters_fill_the_box_and_sit_in_the_middle(small):
    top, bottom, left, right = boxes(small["x_train"]).T
    side = 1 + np.maximum(bottom - top, right - left)
    assert 22 <= np.median(side) <= 25
    assert np.percentile(side, 1) >= 19
    assert abs(np.mean(top + bottom) / 2 - 13.5) < 0.5
    assert abs(np.mean(left + right) / 2 - 13.5) < 0.5
    corners = small["x_train"][:, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert (corners == 0).mean() > 0.99
    assert small["x_train"].max() == 255


def test_letters_keep_their_proportions(small):
    def width(char):
        _, _, left, right = boxes(of_class(small, char)).T
        return np.mean(right - left)

    assert width("I") + 4 < width("M")
    assert width("1") < width("W")


def test_pens_differ_in_width(small):
    ink = of_class(small, "O").mean(axis=(1, 2))
    assert ink.max() > 1.8 * ink.min()


def test_the_seed_decides_everything(monkeypatch):
    monkeypatch.setattr(data, "BALANCED", tuple("7Ag"))  # three classes are enough
    one, same, other = (letters.render(15, 8, seed=seed) for seed in (1, 1, 2))
    for key in cache.KEYS:
        assert np.array_equal(one[key], same[key])
    seen = {image.tobytes() for image in one["x_train"]}
    assert not any(image.tobytes() in seen for image in other["x_train"])


def test_no_image_occurs_twice(small):
    images = [*small["x_train"], *small["x_test"]]
    assert len({image.tobytes() for image in images}) == len(images) == 47 * 42


@pytest.mark.parametrize("argument", ["train_per_class", "test_per_class"])
def test_refuses_an_empty_class(argument):
    with pytest.raises(ValueError, match=rf"`{argument}` must be .* Received: {argument}=0"):
        letters.render(**{"train_per_class": 1, "test_per_class": 1, argument: 0})
