# %% [markdown]
# # 15 · From one label to a map

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/15_from_one_label_to_a_map.ipynb)

# %% tags=["setup"]
# Set-up: adds the course on Colab and changes nothing else; where it is installed, adds nothing.
import sys
from subprocess import check_call

try:
    from tgan_lessons.packages import runtime
except ImportError:  # absent, older, or only a folder of that name
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--force-reinstall"]
    check_call([*pip, "https://github.com/tgan-lessons/tgan_lessons/archive/refs/heads/main.zip"])
    sys.modules.pop("tgan_lessons", None)
    from tgan_lessons.packages import runtime

preset = runtime.setup()  # or: runtime.setup("smoke"), "class", "gpu"

# %% [markdown]
# A classifier says one thing about an image: *this is a 3*. A scene has many digits, at many
# places. The question is no longer *what is it* but *what is where*: a class for every pixel, a
# **segmentation**. Long, Shelhamer and Darrell found that a classifier is nearly there. **You will
# turn one into a network that colours a whole scene**, without training it again at first.
#
# **After this lesson you can** rewrite dense layers as convolutions and prove that nothing changed,
# say what a sliding classifier sees and what it never saw, add background, upsampling and a skip
# connection, and compare maps by intersection over union.
#
# **Time:** 45 minutes, about three of them computing on two cores.

# %% [markdown]
# ## Scenes
#
# Digits and scraps of ink lie at random places of a black square, 64×64 pixels. The true map has
# eleven classes: 0 to 9 on the ink of a digit, **background** on all else, scraps included. Three
# groups of digits share nothing: one to train the classifier, one for labelled scenes, one for
# tests.

# %%
from tgan_lessons import data, scenes

digits = data.load_mnist()
to_read, to_paste = scenes.split_digits(digits)
count = preset.pick(10, 60, 200)
test = scenes.make_scenes((digits.x_test, digits.y_test), count, seed=0)
print(digits)
print(f"to read {len(to_read[1]):,}, to paste {len(to_paste[1]):,}; {len(test)} test scenes")

# %%
from tgan_lessons import planes, plots
from tgan_lessons.scene_view import draw_map, draw_scene

views = {f"scene {i}": draw_scene(test.x[i]) for i in range(3)}
maps = {f"its true map ({i})": draw_map(test.y[i]) for i in range(3)}
ax = planes.show_planes(views | maps, columns=3)
plots.show(ax.figure, "Three scenes of white ink; beneath each its map, a colour for each digit.")

# %% [markdown]
# ## A reader of single digits
#
# Two convolutions, then two dense layers, as so many classifiers. Two things are prepared for what
# comes. The convolutions do **not pad**. And the digits it learns from are moved by up to ten
# pixels, because a window in a scene is rarely centred on a digit.

# %%
from tgan_lessons import segment

filters, hidden = preset.pick(((8, 16), 32), ((16, 32), 64), ((32, 64), 128))
reader = segment.build_reader(filters, hidden, augment=True)
for layer in reader.layers:
    print(f"{layer.name:>16}  {layer.output.shape[1:]}")

# %%
import keras

from tgan_lessons import transfer

reader = segment.build_reader(filters, hidden, augment=True)  # anew where the cell runs again
steps = preset.pick(20, 1500, 6000)
rate = keras.optimizers.schedules.CosineDecay(3e-3, steps)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
reader.compile(keras.optimizers.Adam(rate), loss)
shown = transfer.batches(*to_read, steps=steps, seed=0, batch_size=64)
reader.fit(shown, shuffle=False, verbose=0)
print(f"test digits read: {transfer.accuracy(reader, digits.x_test, digits.y_test):.1%}")

# %% [markdown]
# ## A dense layer is a convolution
#
# Behind the second block stands a map of 5×5 places with $C$ channels. Flattened, it is a vector
# $x$ with entries $x_{ijc}$. A dense unit computes $\sum_{ijc} w_{ijc}\,x_{ijc} + b$. Now call the
# same numbers $w$ a *kernel* of 5×5. Laid on a 5×5 map it fits in one place only, and the
# convolution computes the very same sum. So the weights need no change but their shape.

# %%
import numpy as np

dense, flat = reader.get_layer("block3_dense"), reader.get_layer("flatten")
features = keras.Model(reader.inputs[0], flat.input)(digits.x_test[:100])
kernel = dense.kernel.numpy().reshape(5, 5, -1, dense.units)
as_convolution = keras.ops.conv(features, kernel, padding="valid") + dense.bias
difference = as_convolution[:, 0, 0] - dense(flat(features))
print(f"{kernel.shape}: largest difference {np.abs(difference).max():.1e}")

# %% [markdown]
# `convolutionalise` does this for every layer and copies all weights. The result takes images of
# *any* size. On 28×28 it must say what the classifier says.

# %%
network = segment.convolutionalise(reader)
one_place = network(digits.x_test, training=False).numpy()
difference = one_place[:, 0, 0] - transfer.evaluate(reader, digits.x_test)
print(f"map of one digit: {one_place.shape[1:]}")
print(f"largest difference on {len(digits.x_test):,} digits: {np.abs(difference).max():.1e}")

# %% [markdown]
# ## Sliding, the slow way and the fast way
#
# On a scene, each place of the output is the answer for one 28×28 window. The next place is the
# next window, 4 pixels on: two poolings, $2 \cdot 2$. With 12 black pixels around the scene there
# are 16×16 windows, and each is centred on 4×4 pixels of the scene.

# %%
from tgan_lessons import questions

guess_speed = questions.predict(
    "One pass over a scene, against the classifier on all 256 windows in one batch:",
    "less than twice as fast",
    2,
    "2 to 40 times faster",
    40,
    "more than 40 times faster",
)
guess_speed

# %%
padded = segment.pad(test.x)
windows = segment.cut_windows(padded[0])
one_by_one = reader(windows.reshape(-1, 28, 28, 1), training=False)
in_one_pass = network(padded[:1], training=False)[0]
difference = keras.ops.reshape(one_by_one, (16, 16, 10)) - in_one_pass
print(f"256 windows, largest difference {np.abs(difference).max():.1e}")

# %%
import time

rounds = preset.pick(2, 30, 30)


def milliseconds(model, x):
    model.predict_on_batch(x)  # traced now
    start = time.perf_counter()
    for _ in range(rounds):
        model.predict_on_batch(x)
    return 1000 * (time.perf_counter() - start) / rounds


# %%
slow = milliseconds(reader, windows.reshape(-1, 28, 28, 1))
fast = milliseconds(network, padded[:1])
print(f"256 windows: {slow:.1f} ms, one pass: {fast:.1f} ms, {slow / fast:.1f} times faster")
guess_speed.compare(slow / fast)

# %% [markdown]
# Neighbouring windows share most of their pixels. The pass computes each convolution once and lets
# all windows use it. The dense layer's 25 products per channel and window are not shared.

# %% [markdown]
# ## The classifier colours a scene
#
# 256 opinions, one colour each. Nobody has shown this network a scene.

# %%
slid = network(padded, training=False).numpy()
patches = slid.argmax(axis=-1).repeat(4, axis=1).repeat(4, axis=2)  # to the scene's size
views = {
    "scene": draw_scene(test.x[0]),
    "what the classifier says": draw_map(patches[0], ink=test.x[0], least=100),
    "true map": draw_map(test.y[0]),
}
ax = planes.show_planes(views, columns=3)
plots.show(ax.figure, "A scene; the same scene under 16×16 coloured patches; the true map.")

# %% [markdown]
# The colours gather where the digits are. And there is not one black patch: the classifier must
# choose among ten digits everywhere. How sure is it where there is *nothing at all*?

# %%
guess_sure = questions.predict(
    "In an all-black window, the classifier's largest probability is",
    "below 30 %: it cannot know",
    0.3,
    "30 to 80 %",
    0.8,
    "above 80 %",
)
guess_sure

# %%
black = np.full((1, 28, 28, 1), -1, np.float32)
chances = keras.ops.softmax(reader(black, training=False)).numpy()[0]
print(f"an empty window is a {chances.argmax()}, {chances.max():.0%} sure")
guess_sure.compare(chances.max())

# %% [markdown]
# A softmax shares out 100 % among the classes it knows. *None of these* is not among them, nor is
# *two at once*. That is the classifier's **blind spot**: its numbers mean something only for the
# kind of images it was trained on. The lab below has a window that you can move.

# %% [markdown]
# ## A number for a map
#
# The obvious one is **pixel accuracy**, the share of pixels with the right class. What does the
# laziest map get, background everywhere?

# %%
guess_lazy = questions.predict(
    "A map that says background everywhere has a pixel accuracy of",
    "below 30 %",
    0.3,
    "30 to 80 %",
    0.8,
    "more than 80 %",
)
guess_lazy

# %%
empty = np.full_like(test.y, scenes.BACKGROUND)
lazy = scenes.pixel_accuracy(test.y, empty)
print(f"pixel accuracy of an empty map: {lazy:.1%}")
guess_lazy.compare(lazy)

# %% [markdown]
# So use **intersection over union**. For class $c$, with $T_c$ its true pixels and $F_c$ those
# found:
#
# $$\mathrm{IoU}_c = \frac{|T_c \cap F_c|}{|T_c \cup F_c|}, \qquad
# \text{mean IoU} = \frac{1}{11}\sum_c \mathrm{IoU}_c.$$
#
# Missed pixels and invented ones both count against a class, and every class counts alike. The
# pixels of all test scenes are counted together.
#
# What can be had without a single labelled scene? Paint each patch's colour on its 4×4 pixels, and
# add a rule of our own: *no ink, no digit*.

# %%
ruled = np.where(test.x[..., 0] > scenes.INK, patches, scenes.BACKGROUND)
simple = {"background everywhere": empty, "classifier, sliding": patches, "with our rule": ruled}
for name, found in simple.items():
    iou, accuracy = scenes.mean_iou(test.y, found), scenes.pixel_accuracy(test.y, found)
    print(f"{name:>22}: pixel accuracy {accuracy:.3f}, mean IoU {iou:.3f}")

# %% [markdown]
# Keep the last figure in mind. A rule that knows what ink is costs no label. It falls for scraps,
# which are ink, too. Whatever learns from labelled scenes has to beat it.

# %% [markdown]
# ## From patches to pixels
#
# Three changes make the sliding classifier a segmenter.
#
# 1. An eleventh output, *background*. Its weights begin at zero; the ten others are the reader's.
# 2. **Upsampling**: the coarse scores are enlarged four times, bilinearly.
# 3. A **skip connection**: a 1×1 convolution turns the *first* layer's maps, which have full
#    resolution, into eleven scores as well, and these are added. Its weights begin at zero.
#
# So a pixel's score is *what the window around it says* plus *what the pixel itself looks like*. The
# paper adds two skips, from pooling layers in between (FCN-16s, FCN-8s); our digits need only one.

# %%
guess_skip = questions.predict(
    "Fine-tuned on 20 labelled scenes: what does the skip add to the mean IoU?",
    "less than 0.02",
    0.02,
    "0.02 to 0.1",
    0.1,
    "more than 0.1",
)
guess_skip

# %% [markdown]
# Fine-tuning goes in two stages. First all that came from the reader is **frozen**, but for its last
# layer: the new parts' first errors would shake it. Then everything learns. The rates were chosen
# on scenes made of other digits (`python -m benchmarks.segment_rates`).

# %%
from tgan_lessons.segmenter import Segmenter

stage_1 = {"steps": preset.pick(2, 150, 400), "rate": 1e-2, "frozen": True}
stage_2 = {"steps": preset.pick(2, 150, 400), "rate": 3e-3}
twenty = scenes.make_scenes(to_paste, 20, seed=0)
found = {}
for name, skip in (("coarse", False), ("with skip", True)):
    model = Segmenter(reader, skip=skip)
    model.train(twenty, **stage_1)
    model.train(twenty, **stage_2)
    found[name] = model.find(test.x)

# %%
views = {"scene": draw_scene(test.x[0])}
views |= {f"{name}, 20 scenes": draw_map(maps[0]) for name, maps in found.items()}
ax = planes.show_planes(views | {"true map": draw_map(test.y[0])}, columns=4)
plots.show(ax.figure, "A scene, a coarse map of blobs, a sharp map by the skip, the true map.")

# %%
iou = {name: scenes.mean_iou(test.y, maps) for name, maps in found.items()}
gain = iou["with skip"] - iou["coarse"]
print(f"coarse {iou['coarse']:.3f}, with skip {iou['with skip']:.3f}, gain {gain:+.3f}")
guess_skip.compare(gain)

# %% [markdown]
# A stroke is two or three pixels wide, a patch four. No enlarging of patches draws a stroke. The
# first layer sees where ink is, to the pixel, and nothing else; the window sees which digit it is,
# and not exactly where. Their sum has both.

# %% [markdown]
# ## Is the classifier worth anything here?
#
# The same network, once with the reader's weights and once from new ones. 5, 20 or 100 labelled
# scenes, several seeds. A seed makes the scenes, and all methods get the same ones. Scratch trains
# end to end and gets a third more steps than both stages together.

# %%
guess_best = questions.predict(
    "Five labelled scenes, some thirty digits. The best mean IoU goes to",
    "scratch",
    "frozen (the first stage alone)",
    "fine-tuned (both stages)",
)
guess_best

# %%
budgets = preset.pick((1, 5), (5, 20, 100), (5, 20, 100, 400))
seeds = range(preset.pick(2, 5, 10))
model = Segmenter(reader)


def measure(method, budget, seed):
    maps = model.find(test.x)
    readings = scenes.mean_iou(test.y, maps), scenes.pixel_accuracy(test.y, maps)
    return [transfer.Run(method, budget, seed, reading) for reading in readings]


# %%
def from_classifier(budget, seed):
    labelled = scenes.make_scenes(to_paste, budget, seed)
    model.start(reader)
    model.train(labelled, seed=seed, **stage_1)
    frozen = measure("frozen", budget, seed)
    model.train(labelled, seed=seed, **stage_2)
    return frozen, measure("fine-tuned", budget, seed)


# %%
from_new = {"steps": preset.pick(4, 400, 1000), "rate": 3e-2}


def scratch(budget, seed):
    model.start(segment.build_reader(filters, hidden, seed=seed + 1))
    model.train(scenes.make_scenes(to_paste, budget, seed), seed=seed, **from_new)
    return measure("scratch", budget, seed)


# %%
pairs = [(budget, seed) for budget in budgets for seed in seeds]
few_scenes, many_scenes = pairs[: -len(seeds)], pairs[-len(seeds) :]
todo = runtime.track(few_scenes, len(few_scenes), "networks trained")
scratch_few = [scratch(*pair) for pair in todo]

# %%
todo = runtime.track(many_scenes, len(many_scenes), "networks trained")
scratch_many = [scratch(*pair) for pair in todo]

# %%
todo = runtime.track(pairs, len(pairs), "networks trained, both stages")
tuned = [readings for pair in todo for readings in from_classifier(*pair)]
results, pixel_runs = map(list, zip(*scratch_few, *scratch_many, *tuned, strict=True))

# %%
ax = plots.plot_budgets(results)
free = scenes.mean_iou(test.y, ruled)
ax.axhline(free, color="gray", linestyle=":")
ax.text(budgets[-1], free, "no labels: sliding, with our rule", va="top", ha="right", fontsize=12)
ax.set(xlabel="labelled scenes", ylabel="mean IoU", ylim=(0, 0.9))
ax.set_title(f"Segmenting scenes: means of {len(seeds)} seeds, 95 % intervals")
plots.show(ax, "Mean IoU over labelled scenes for scratch, frozen and fine-tuned, with intervals.")

# %%
from tgan_lessons import metrics

for name in ("frozen", "fine-tuned"):
    for budget in budgets:
        mean, half = metrics.transfer_gain(results, name, budget)
        print(f"{name}, {budget} scenes: mean IoU {mean:+.3f} ± {half:.3f} over scratch")

# %%
for budget in budgets:
    mean, half = metrics.transfer_gain(results, "fine-tuned", budget, baseline="frozen")
    print(f"{budget} scenes: fine-tuned {mean:+.3f} ± {half:.3f} over frozen")

# %%
few = {
    name: metrics.accuracies(results, name, budgets[0]) for name in plots.STYLES if name != "pixels"
}
best = metrics.clear_best(few)
words = [option for option in guess_best.options if best and option.startswith(best)]
guess_best.compare(words[0] if words else None)

# %% [markdown]
# Read the picture from the left. With **five scenes**, scratch has seen each digit about three times
# and knows where ink is, little more. The classifier's features are there already: leave them
# frozen and teach only the last layer. Fine-tuning everything on thirty digits learns those thirty.
# With **twenty** it pays to let all layers move. At **a hundred** scratch has overtaken the frozen
# network, whose features were made for single digits, and comes near the fine-tuned one. The gain
# belongs to a budget, as in lesson 01.
#
# And the dotted line: our rule, with no label at all, is a hard opponent while scenes are few. An
# honest comparison shows it.

# %% [markdown]
# ## What pixel accuracy hides
#
# The very same maps, scored by the share of right pixels.

# %%
ax = plots.plot_budgets(pixel_runs)
ax.axhline(lazy, color="gray", linestyle=":")
ax.text(budgets[-1], lazy, "background everywhere", va="top", ha="right", fontsize=12)
ax.set(xlabel="labelled scenes", ylabel="pixel accuracy", title="The same maps, by pixel accuracy")
plots.show(ax, "All methods above 0.85 at every budget; the lines lie close together.")

# %%
for name in few:
    right = metrics.accuracies(pixel_runs, name, budgets[0])
    print(
        f"{name:>10}, {budgets[0]} scenes: {np.mean(right):.1%} of pixels, IoU {np.mean(few[name]):.3f}"
    )

# %% [markdown]
# Nearly all pixels are background, and nearly every map gets those right. What is left for ten
# digits to differ in is a few points at the top. A paper that reports pixel accuracy alone on such
# images has reported its background.

# %%
model.start(reader)
model.train(scenes.make_scenes(to_paste, budgets[-1], seed=0), **stage_1)
model.train(scenes.make_scenes(to_paste, budgets[-1], seed=0), **stage_2)
final = model.find(test.x)
per_class = scenes.iou_per_class(test.y, final)
for name, value in zip([*digits.class_names, "background"], per_class, strict=True):
    print(f"{name:>10}  IoU {value:.2f}  {'█' * round(30 * np.nan_to_num(value))}")

# %%
views = {f"found, scene {i}": draw_map(final[i]) for i in (1, 2, 3)}
views |= {f"true map ({i})": draw_map(test.y[i]) for i in (1, 2, 3)}
ax = planes.show_planes(views, columns=3)
plots.show(ax.figure, "Three test scenes: the map that was found, and beneath each the true map.")

# %% [markdown]
# Look for digits in two colours. The network decides at each pixel anew; nothing tells it that a
# stroke belongs to *one* digit.

# %% [markdown]
# ## Your turn: the segmentation lab
#
# **Press ▶** and watch a map colour itself. Start from the classifier, then from nothing. Give it
# one scene, then a hundred. Turn off the skip. Freeze and unfreeze while it runs. On the tab *look*
# you move a window: **what does the classifier say of half a digit, of two, of nothing?** *Can you
# find a setting where scratch catches up?*

# %%
from tgan_lessons.segment_lab import SegmentLab

lab = SegmentLab(reader, to_paste, test)
for _ in range(preset.pick(2, 40, 40)):
    lab.tick()
lab

# %% [markdown]
# ## Exercises
#
# **15.1** Intersection over union of *one* class, from two maps of class numbers.

# %%
from tgan_lessons import segment_exercises


def iou_of(truth, found, label):
    return ...


segment_exercises.check_iou(iou_of)

# %% [markdown]
# **15.2** Which pixels does a place of the map see? A chain of layers is a list of pairs (kernel,
# stride), first layer first; none of them pads. Return how many pixels apart two neighbouring
# places are, and how many pixels wide the window of one place is. *Our reader is
# `[(3, 1), (2, 2), (3, 1), (2, 2), (5, 1)]`. You know its stride. Is its window really 28?*


# %%
def geometry(chain):
    return ...


segment_exercises.check_geometry(geometry)

# %% [markdown]
# **15.3** FCN enlarges by a *transposed convolution*: each value lays down a kernel, the next one
# `factor` pixels further, and what overlaps is added. Its kernel begins as bilinear enlarging and
# may learn. Return this kernel in one dimension, `2 * factor` numbers, for an even factor: a roof
# that falls evenly from the middle to both sides.


# %%
def bilinear_kernel(factor):
    return ...


segment_exercises.check_bilinear(bilinear_kernel)

# %% [markdown]
# ## What you take with you
#
# - A dense layer is a convolution whose kernel is as large as its input. Nothing changes but a shape.
# - One pass answers for all windows; what they share is computed once.
# - It knows no *nothing*. Add the class, and show it examples.
# - What comes from deep layers, where from early ones: a skip adds the two.
# - Count intersection over union, per class. Pixel accuracy counts the background.
# - A baseline without any label belongs in the picture, even if it wins.

# %% tags=["long"]
from tgan_lessons.questions import Question, quiz

quiz(
    Question(
        "A dense layer turned into a convolution has",
        right="as many weights as before",
        wrong=("more weights, one set for each window", "fewer weights"),
        why="The same numbers in another shape; every window uses the same ones.",
    ),
    Question(
        "Why must the classifier not pad, if each window is to get its very answer?",
        right="padding puts invented pixels around a window; in a scene there are real ones",
        wrong=("padding is slow", "a padded convolution has other weights"),
        why="With padding, both still agree on an image of the classifier's size, but not in scenes.",
    ),
    Question(
        "Pixel accuracy rose by one point on these scenes. That is",
        right="perhaps a lot: digits are a small share of the pixels",
        wrong=("nothing", "a gain of one point in mean IoU"),
        why="Compare with what background everywhere gets, and look at the IoU of each class.",
    ),
    Question(
        "A skip connection from the first layer alone, without the deep one, could find",
        right="where ink is",
        wrong=("which digit it is", "both"),
        why="The first layer sees 3×3 pixels. No digit can be told from those.",
    ),
)

# %% [markdown]
# **References**
#
# - Long, Shelhamer, Darrell (2015), *Fully convolutional networks for semantic segmentation*,
#   [arXiv:1411.4038](https://arxiv.org/abs/1411.4038).
# - Sermanet, Eigen, Zhang, Mathieu, Fergus, LeCun (2014), *OverFeat: integrated recognition,
#   localization and detection using convolutional networks* (sliding without waste),
#   [arXiv:1312.6229](https://arxiv.org/abs/1312.6229).
# - Ronneberger, Fischer, Brox (2015), *U-Net: convolutional networks for biomedical image
#   segmentation*, [arXiv:1505.04597](https://arxiv.org/abs/1505.04597).
# - Mnih, Heess, Graves, Kavukcuoglu (2014), *Recurrent models of visual attention* (digits among
#   scraps of ink), [arXiv:1406.6247](https://arxiv.org/abs/1406.6247).
# - Everingham, Van Gool, Williams, Winn, Zisserman (2010), *The Pascal visual object classes (VOC)
#   challenge*, [doi:10.1007/s11263-009-0275-4](https://doi.org/10.1007/s11263-009-0275-4).
