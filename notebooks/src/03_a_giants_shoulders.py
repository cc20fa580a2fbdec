# %% [markdown]
# # 03 · A giant's shoulders

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/03_a_giants_shoulders.ipynb)

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
# You have ten pictures of each letter you want to read. Somebody else trained a network for days, on
# 1.3 million photographs, and gives it away. **How do you stand on its shoulders without breaking
# its back?** Two small mistakes break it, and neither of them raises an error.
#
# **After this lesson you can** put a large trained network to work, frozen and fine-tuned; feed it
# what it expects; say what `trainable` and `training` do, and what they do not; and prove that a
# frozen backbone is really frozen.
#
# **Time:** 45 minutes, about four of them computing on two cores.

# %% [markdown]
# ## Ask for a giant
#
# The giant is **MobileNetV2** with the weights that it learned from ImageNet; Keras Applications
# has it. Is there a network? We ask, and wait at most four seconds for an answer.

# %%
from tgan_lessons import giants

giant = giants.load_imagenet(ask=preset.pick(False, True, True))

# %% [markdown]
# Read that line. **With** ImageNet's weights, all that follows runs on MobileNetV2, and the next
# training is skipped. **Without** them, this notebook trains a small giant of its own: the same
# parts, the same traps, the same steps. The figures that you find in the published notebook are
# those of the second way. Each is computed here, so yours tell of *your* giant.

# %% [markdown]
# ## Three tasks, one backbone
#
# All images are 28×28 pixels, in colour.
#
# - **Ours:** twelve letters, written with a pen on a page. We have a few labels of each.
# - **A colleague's:** digits over the photograph of a temple. Her head sits on the same frozen
#   backbone as ours.
# - **The small giant's school**, where one is needed: digits and 25 *other* letters, over the temple.

# %%
from tgan_lessons import data, signs

digits, letters = data.load_mnist(), data.load_emnist("letters")
ours, theirs = signs.make_target(letters), signs.make_colleague(digits)
print(ours, theirs, sep="\n\n")

# %%
if giant is None:
    school = signs.make_source(digits, letters)
    giant = giants.train_own(school, steps=preset.pick(6, 800, 3000))
backbone = giant.backbone
print(giant)

# %%
import numpy as np

from tgan_lessons import plots

one, labels = data.sample_per_class(ours.x_train, ours.y_train, 1, seed=1)
hers, numbers = data.sample_per_class(theirs.x_train, theirs.y_train, 1, seed=1)
names = [ours.class_names[k] for k in labels] + [theirs.class_names[k] for k in numbers]
ax = plots.show_images(np.concatenate([one, hers]), names, columns=12)
plots.show(ax, "First row: our twelve letters, on pages. Below: digits over a temple.")

# %% [markdown]
# ## Frozen: features once, then a line
#
# The backbone turns an image into one row of numbers. A linear model learns our letters from a few
# of these rows. That is lesson 01's feature transfer, and the cheapest use of any giant.

# %%
from tgan_lessons import transfer

budget = 10
x, y = data.sample_per_class(ours.x_train, ours.y_train, budget, seed=0)
features = giants.features(backbone, x)
linear = transfer.fit_linear(features, y, strength=0.03)
test_features = giants.features(backbone, ours.x_test)
print(features.shape, f"{transfer.score_linear(linear, test_features, ours.y_test):.1%} read")

# %% [markdown]
# ## First trap: the range
#
# This giant grew up with pixels between $-1$ and $1$. Other networks want 0 to 1, or 0 to 255, or
# channels with their means taken away. A camera gives 0 to 255. What if you feed it that?

# %%
from tgan_lessons import questions

guess_range = questions.predict(
    "The same frozen features, a new head for them, but pixels from 0 to 255 all along. It reads",
    "clearly worse, by 5 points or more",
    -0.05,
    "about as well as before: the head adapts",
)
guess_range

# %%
ranges = {
    "-1 … 1\nas it should be": lambda x: x,
    "0 … 1": lambda x: (x + 1) / 2,
    "0 … 255": lambda x: (x + 1) * 127.5,
    "prepared\ntwice": lambda x: x / 127.5 - 1,
}

# %% [markdown]
# The last one happens as easily: `preprocess_input` of Keras computes $x / 127.5 - 1$, and so does
# a careful loader. Who calls both gets an almost black image.

# %%
seeds = range(preset.pick(2, 3, 5) if giant.is_imagenet else preset.pick(2, 5, 10))
draws = [data.sample_per_class(ours.x_train, ours.y_train, budget, seed) for seed in seeds]


def read_with(change):
    tests = giants.features(backbone, change(ours.x_test))
    rows = [(giants.features(backbone, change(x)), y) for x, y in draws]
    heads = [transfer.fit_linear(row, y, strength=0.03) for row, y in rows]
    return [transfer.score_linear(head, tests, ours.y_test) for head in heads]


by_range = {name: read_with(change) for name, change in ranges.items()}

# %%
ax = plots.plot_bars(by_range, y_label="test accuracy")
ax.set_title(f"Frozen features, {budget} labels per class, {len(seeds)} draws, 95 % intervals")
plots.show(ax, "Bars of accuracy for four ranges of the pixels.")

# %%
from tgan_lessons import metrics

as_it_should, *wrong = by_range
for name in wrong:
    mean, half = metrics.mean_interval(np.subtract(by_range[name], by_range[as_it_should]))
    print(f"{name!r}: {100 * mean:+.1f} ± {100 * half:.1f} points")
mean, half = metrics.mean_interval(np.subtract(by_range["0 … 255"], by_range[as_it_should]))
guess_range.compare(mean, half)

# %% [markdown]
# No error, no warning: only a number, and where it is low you would blame the giant. The
# documentation of a network says which range it wants. Exercise 03.1 is about that.

# %% [markdown]
# ## Second trap: two words that sound alike
#
# A convolution has weights. A **batch normalisation** has weights, too, and something else besides:
#
# $$\text{in training:}\quad \gamma\,\frac{x-\mu_B}{\sqrt{\sigma_B^2+\epsilon}}+\beta,
# \qquad \mu \leftarrow m\,\mu + (1-m)\,\mu_B$$
#
# $$\text{in inference:}\quad \gamma\,\frac{x-\mu}{\sqrt{\sigma^2+\epsilon}}+\beta$$
#
# $\gamma$ and $\beta$ are learned from gradients. $\mu_B$ and $\sigma_B^2$ are mean and variance of
# *this batch*. $\mu$ and $\sigma^2$ are its **memory** of all batches, with momentum $m$; no gradient
# ever touches them.

# %%
from tgan_lessons import giant_models

for name, layers in giant_models.stages(backbone).items():
    learned = sum(int(np.prod(w.shape)) for layer in layers for w in layer.trainable_weights)
    memory = sum(int(np.prod(w.shape)) for layer in layers for w in layer.non_trainable_weights)
    print(f"{name:>9}: {learned:>7,} weights, {memory:>6,} numbers of memory")

# %% [markdown]
# Now two words. `trainable` is a property of a layer. `training` is an argument of a call. Four ways
# to freeze, three ways to call: we take one training step with each, as `fit` does, and look what
# has moved. *Learns by* and *predicts by* are measured as well: does the answer for one image change
# when its neighbours in the batch do?

# %%
guess_freeze = questions.predict(
    "The optimizer gets the weights of the head only. The backbone is called with training=True. "
    "Of the backbone,",
    "nothing changes: the optimizer cannot reach it",
    "only the statistics change",
    "weights and statistics change",
)
guess_freeze

# %%
from tgan_lessons import norm_trap

outcomes = norm_trap.try_all(backbone, x[:12], y[:12], len(ours.class_names))
norm_trap.print_outcomes(outcomes)

# %%
last = outcomes[-1]
words = ("nothing changes: the optimizer cannot reach it", "only the statistics change")
both = "weights and statistics change"
guess_freeze.compare(both if last.weights_moved else words[int(last.statistics_moved)])

# %% [markdown]
# Read the table by its rows.
#
# - `trainable = False` on the whole backbone protects it, whatever is called how. In Keras a frozen
#   normalisation runs on its memory. That is Keras' kindness: in PyTorch `requires_grad = False`
#   stops gradients only, and the memory goes on moving until you say `.eval()`.
# - Weights that are *kept from the optimizer* are not protected: it is `training` that decides.
# - *Put together* means `head(backbone(images, training=False))`, as the Keras guide on transfer
#   learning has it. Look at its rows. Where they say *MOVE*, the argument was overruled: `fit` says
#   `training=True` to the whole model, and a functional model hands that on to every layer. In Keras
#   2 your word held; a Keras 3 that does this is the subject of issue 20285. A model with a `call` of
#   its own keeps its word.
# - To fine-tune weights and keep the memory, freeze *the normalisations*: rows 7 to 9.

# %% [markdown]
# ## One wrong word
#
# Your head works. Your colleague's works, too. You train yours a little longer, in a loop of your
# own, with only the head's weights in the optimizer. One word is wrong: `backbone(x, training=True)`.

# %%
from tgan_lessons.tuning import Tuning

colleague = norm_trap.Colleague(backbone, theirs, tested=300)
run = Tuning(backbone, len(ours.class_names))
tested = data.sample_per_class(ours.x_test, ours.y_test, 25, seed=0)
print(f"before: the colleague's head reads {colleague.score(backbone):.1%}")

# %%
guess_ours = questions.predict(
    "After 100 such steps, not one weight of the backbone has moved. The colleague's head",
    "reads as before",
    0.01,
    "has lost some points (up to 10)",
    0.1,
    "has lost more than 10 points",
)
guess_ours

# %%
stops = preset.pick([0, 1, 2], [0, 5, 10, 20, 50, 100], [0, 5, 10, 20, 50, 100, 200])
heads = [transfer.fit_linear(giants.features(backbone, x), y, strength=0.03) for x, y in draws]


def watch(training, seed):
    run.start(*draws[seed], linear=heads[seed], seed=seed)
    scores = []
    for stop in stops:
        run.advance(stop - run.steps, training=training)
        scores.append((run.score(*tested), colleague.score(run.backbone), run.drift()))
    return np.transpose(scores)


# %%
from tgan_lessons import runtime

few = seeds[:3]
jobs = [(flag, seed) for flag in (False, True) for seed in few]
seen = [watch(*job) for job in runtime.track(jobs, len(jobs), "heads trained")]
runs = {False: seen[: len(few)], True: seen[len(few) :]}
print(f"largest change of any weight of the backbone: {run.moved()}")

# %%
from tgan_lessons import giant_view

panels = {
    title: {flag: [curves[part] for curves in runs[flag]] for flag in runs}
    for part, title in enumerate(("our letters", "the colleague's digits"))
}
figure = giant_view.plot_trap(stops, panels, "The same backbone, not one weight moved")
plots.show(figure, "Accuracy over steps for training False and True, for our head and another.")

# %%
lost = [float(curve[1][0] - curve[1][-1]) for curve in runs[True]]
mean, half = metrics.mean_interval(lost)
print(f"the colleague lost {100 * mean:.1f} ± {100 * half:.1f} points")
guess_ours.compare(mean, half)

# %% [markdown]
# She changed nothing. Nobody touched her head, and the backbone has the very same weights. What left
# is the memory of its normalisations: it now remembers *our* pages, and her temple is measured
# with them.
#
# Your own curve is the treacherous one. While you train, each image is normalised by its batch; when
# you test, by the memory, which is on its way from one world to the other. You may lose, and with
# time you may recover, since the memory arrives at *your* images. Your colleague will not.

# %%
momentum = norm_trap.momentum_of(backbone)
for steps in (1, 10, 100, 1000):
    gone = norm_trap.forgotten(momentum, steps)
    print(f"momentum {momentum:g}, {steps:>4} steps: {gone:6.1%} of the old memory is gone")
drift = np.mean([curve[2][-1] for curve in runs[True]])
print(f"after {stops[-1]} steps it has moved by {drift:.2f} standard deviations, on average")

# %% [markdown]
# After $k$ steps $1 - m^k$ of the old memory is gone. MobileNetV2 has $m = 0.999$, Keras' own value is
# $0.99$, our small giant's $0.9$. A slow memory is no protection: it leaves you longer between the
# worlds.

# %% [markdown]
# ## Fine-tuning with care
#
# Now the backbone may learn. Three rules follow from what you saw:
#
# 1. **Only the last stages**, which are the most particular to the old task.
# 2. **A small rate**, and a head that is good already, so that its errors shake nothing.
# 3. **The memory stays**: `training=False` in a loop of your own, or frozen normalisations in `fit`.
#
# Two of them are broken once.

# %%
ways = {
    "frozen": {"training": False, "top": 0},
    "fine-tuned": {"training": False, "top": 3, "top_rate": 1e-3},
    "memory\nmoves": {"training": True, "top": 3, "top_rate": 1e-3},
    "rate\ntoo high": {"training": False, "top": 3, "top_rate": 5e-2},
}


# %%
def tune(options, x, y, seed):
    head = transfer.fit_linear(giants.features(backbone, x), y, strength=0.03)
    run.start(x, y, linear=head, seed=seed)
    run.advance(preset.pick(2, 60, 60), **options)
    return run.score(ours.x_test, ours.y_test)


todo = [(name, seed) for name in ways for seed in seeds]
tuned = {name: [] for name in ways}
for name, seed in runtime.track(todo, len(todo), "networks trained"):
    tuned[name].append(tune(ways[name], *draws[seed], seed))

# %%
ax = plots.plot_bars(tuned, y_label="our test accuracy")
ax.set_title(f"{budget} labels per class, {len(seeds)} draws, 95 % intervals")
plots.show(ax, "Bars of accuracy: frozen, fine-tuned with care, and with one rule broken each.")

# %%
for name in list(ways)[1:]:
    mean, half = metrics.mean_interval(np.subtract(tuned[name], tuned["frozen"]))
    told = name.replace("\n", " ")
    print(f"{told}, against frozen: {100 * mean:+.1f} ± {100 * half:.1f} points")

# %% [markdown]
# The differences are taken draw by draw. Where an interval holds zero, these runs do not say which is
# better. And where moving the memory costs *us* little, remember who paid for it in the section
# before. Fine-tuning always changes what the colleague stands on. Leave her the old copy.

# %% [markdown]
# ## Was the giant worth it?
#
# The first question of lesson 01 comes last. The rival from scratch is a network of the small
# giant's kind, which suits images of this size, with new weights, more steps and a rate of its own.
# And there is logistic regression on plain pixels.

# %%
guess_gain = questions.predict(
    "Ten labels per letter. Against the network from scratch, the frozen giant is",
    "worse",
    -0.02,
    "about the same (within 2 points)",
    0.02,
    "better by 2 to 15 points",
    0.15,
    "better by more than 15 points",
)
guess_gain

# %%
small = Tuning(giant_models.build_own(), len(ours.class_names))
rates = {"rate": 3e-3, "top_rate": 3e-3, "top": len(giant_models.stages(small.backbone))}


def scratch(x, y, seed):
    small.start(x, y, fresh=giant_models.build_own(seed=100 + seed), seed=seed)
    small.advance(preset.pick(2, 120, 300), training=True, **rates)
    return small.score(ours.x_test, ours.y_test)


def pixels(x, y, seed):
    model = transfer.fit_linear(x, y, strength=0.01)
    return transfer.score_linear(model, ours.x_test, ours.y_test)


# %%
budgets = preset.pick((1, 10), (2, 10, 40), (2, 10, 40, 100))


def compare(**trainers):
    todo = transfer.compare(trainers, ours, budgets, seeds[:5])
    total = len(trainers) * len(budgets) * len(seeds[:5])
    return list(runtime.track(todo, total, "networks trained"))


rivals = compare(scratch=scratch, pixels=pixels)

# %%
giants_way = {n: (lambda *a, n=n: tune(ways[n], *a)) for n in ("frozen", "fine-tuned")}
account = [*rivals, *compare(**giants_way)]

# %%
ax = plots.plot_budgets(account)
ax.set_title(f"Our letters: means of {len(seeds[:5])} draws, 95 % intervals")
plots.show(ax, "Accuracy over labels per class for scratch, pixels, frozen and fine-tuned.")

# %%
for name in ("frozen", "fine-tuned"):
    for per_class in budgets:
        mean, half = metrics.transfer_gain(account, name, per_class)
        print(f"{name}, {per_class} per class: {100 * mean:+.1f} ± {100 * half:.1f} points")

# %%
guess_gain.compare(*metrics.transfer_gain(account, "frozen", budget))

# %% [markdown]
# A giant is worth what its school has to do with your task. A network that does better on ImageNet
# tends to pass on more (Kornblith et al.), but where the images are of another kind, a small network
# from scratch may come as far (Raghu et al., on medical images). Measure it, as you just did.

# %% [markdown]
# ## Your turn: the giant lab
#
# Press ▶. Two curves: our letters, and the digits of the colleague, whose head nobody touches. The
# map beneath has a column for each stage: its statistics above, its weights below, filled as far as
# they have left the giant's.
#
# Switch *training=True* on while it runs: which row fills? Switch it off: does anything come back?
# Then try a batch size of 2, and the order *class by class*. Last, let three stages learn, and find
# the rate at which fine-tuning turns into forgetting.

# %%
from tgan_lessons.giant_lab import GiantLab

lab = GiantLab(giant, ours, theirs)
for training in (False, True):
    lab.panel.set(training=training)
    for _ in range(preset.pick(1, 30, 30)):
        lab.tick()
lab

# %% [markdown]
# ## Exercises
#
# **03.1** A camera sends whole numbers from 0 to 255. Write what the giant expects: float32 from
# $-1$ to $1$.

# %%
from tgan_lessons import giant_exercises


def prepare(pixels):
    return ...


giant_exercises.check_prepare(prepare)

# %% [markdown]
# **03.2** An alarm for frozen backbones. Call `step()` once and tell whether *anything* in the
# backbone has changed by it: `True` or `False`.


# %%
def changed(backbone, step):
    return ...


giant_exercises.check_alarm(changed)

# %% [markdown]
# **03.3** After how many steps is at least this share of the old memory gone?


# %%
def steps_until(momentum, share):
    return ...


giant_exercises.check_steps(steps_until)

# %% [markdown]
# **03.4** Prepare a backbone for `fit`, so that its last stage (layers whose names start with
# `Conv_1`) learns, nothing before it does, and no statistics move. Set `trainable` of its layers and
# return the backbone.


# %%
def free_the_last(backbone):
    return ...


giant_exercises.check_fine_tune(free_the_last)

# %% [markdown]
# ## What you take with you
#
# - Ask for the giant, say in plain sight what you got, and feed it the range that it knows.
# - `trainable` is about gradients, and in Keras about the normalisation's mode; `training` is about
#   whose statistics count. Frozen weights are not a frozen network.
# - Look whether it is frozen: compare everything, statistics included, before and after.
# - Fine-tune late: few stages, a small rate, a good head, the old memory.
# - A shared backbone has other people standing on it.

# %% tags=["long"]
from tgan_lessons.questions import Question, quiz

quiz(
    Question(
        "A backbone's weights are the same to the last bit, and its accuracy has fallen. Look at",
        right="the moving statistics of its normalisations",
        wrong=("the learning rate", "the optimizer's moments"),
        why="They are no weights: no gradient touches them, every call in training mode does.",
    ),
    Question(
        "In Keras, trainable = False on a batch normalisation",
        right="also makes it run on its memory, even with training=True",
        wrong=("stops only its gamma and beta", "switches the normalisation off"),
        why="The table of this lesson measured it. PyTorch's requires_grad does not do that.",
    ),
    Question(
        "After 50 steps with training=True: high training accuracy, low test accuracy. Suspect first",
        right="batch statistics in training, an older memory in the test",
        wrong=("too many labels", "too few classes"),
        why="Overfitting looks the same. Normalise a large mixed test batch by itself and compare.",
    ),
)

# %% [markdown]
# **References**
#
# - Sandler, Howard, Zhu, Zhmoginov, Chen (2018), *MobileNetV2: inverted residuals and linear
#   bottlenecks*, [arXiv:1801.04381](https://arxiv.org/abs/1801.04381).
# - Ioffe, Szegedy (2015), *Batch normalization*,
#   [arXiv:1502.03167](https://arxiv.org/abs/1502.03167).
# - Russakovsky et al. (2015), *ImageNet large scale visual recognition challenge*,
#   [arXiv:1409.0575](https://arxiv.org/abs/1409.0575).
# - Kornblith, Shlens, Le (2019), *Do better ImageNet models transfer better?*,
#   [arXiv:1805.08974](https://arxiv.org/abs/1805.08974).
# - Raghu, Zhang, Kleinberg, Bengio (2019), *Transfusion: understanding transfer learning for medical
#   imaging*, [arXiv:1902.07208](https://arxiv.org/abs/1902.07208).
# - Tan, Le (2021), *EfficientNetV2* (the fused block of our small giant),
#   [arXiv:2104.00298](https://arxiv.org/abs/2104.00298).
# - Keras, [*Transfer learning and fine-tuning*](https://keras.io/guides/transfer_learning/), and
#   [issue 20285](https://github.com/keras-team/keras/issues/20285) on its `training=False`.
