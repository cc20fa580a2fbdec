# %% [markdown]
# # 01 · Transfer in three steps

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/01_transfer_in_three_steps.ipynb)

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
# You have five examples of each handwritten letter. That is little. But somebody else has
# thousands of digits. **Can a network that learned digits read letters sooner?** Three steps will
# tell: train a source, reuse it, evaluate.
#
# **After this lesson you can** reuse a network in two ways, compare it fairly with one that
# started from nothing, say how sure you are, and recognise a source that does not help.
#
# **Time:** 45 minutes, about four of them computing on two cores.

# %% [markdown]
# ## Two tasks
#
# The **source**: digits, with thousands of labels. The **target**: 37 kinds of letters.

# %%
from tgan_lessons import data, plots

digits = data.load_mnist()
letters = data.load_emnist("letters")
print(digits, letters, sep="\n\n")

# %%
import numpy as np

few, labels = data.sample_per_class(letters.x_train, letters.y_train, 1, seed=1)
sheet = np.concatenate([digits.x_train[:: len(digits.x_train) // 13][:13], few])
titles = [""] * 13 + [letters.class_names[label] for label in labels]
ax = plots.show_images(sheet, titles, columns=13)
plots.show(ax, "First row: digits, the source. Below: one image of each of the 37 letters.")

# %% [markdown]
# In the terms of Pan and Yang: a **domain** is a space of inputs with a distribution $P(X)$; a
# **task** is a set of labels with a rule $P(Y \mid X)$ to be learned.
#
# - *Ordinary learning* learns each task on its own, from that task's labels alone.
# - *Transfer learning* uses what it learned from a source domain and task to do better on a target.
#
# Here the domains are close (ink on paper, 28×28 pixels) and the tasks differ (10 classes, 37
# others). There are a few target labels, so this is **inductive** transfer. Where the source makes
# the target *worse*, it is called **negative transfer**. Nothing guarantees a gain.

# %%
from tgan_lessons import questions

guess = questions.predict(
    "Five labels per letter. Against a network that starts from nothing, transfer will be",
    "worse",
    -0.02,
    "about the same (within 2 points)",
    0.02,
    "better",
)
guess

# %% [markdown]
# ## Step 1: train a source
#
# The part of a network that looks is its **backbone**: images in, features out. A linear layer on
# top, the **head**, turns features into one number per class. We will throw the head away.

# %%
from tgan_lessons import models, transfer

filters = preset.pick(smoke=(4, 8, 16), classroom=(8, 32, 64), gpu=(32, 64, 128))
models.build_backbone(filters).summary(line_length=70)

# %% [markdown]
# Each image is turned, moved and scaled a little every time it is shown. The learning rate falls
# along a cosine. It takes less than a minute.

# %%
import keras

backbone = models.build_backbone(filters)
source = models.build_classifier(backbone, 10, augment=True)
source_steps = preset.pick(smoke=10, classroom=1500, gpu=6000)
rate = keras.optimizers.schedules.CosineDecay(3e-3, source_steps)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
source.compile(optimizer=keras.optimizers.Adam(rate), loss=loss)
shown = transfer.batches(digits.x_train, digits.y_train, steps=source_steps, seed=0, batch_size=64)
source.fit(shown, shuffle=False, verbose=0)
print(f"digits read: {transfer.accuracy(source, digits.x_test, digits.y_test):.1%}")

# %% [markdown]
# What does it see when it meets a letter, which nobody ever showed it? These are the responses of
# its first block. They follow edges and strokes, and letters are
# made of those, too.

# %%
first = keras.Model(backbone.input, backbone.get_layer("block1_relu").output)
letter = letters.x_test[letters.y_test == letters.class_names.index("G")][:1]
maps = first(letter).numpy()[0].transpose(2, 0, 1)[..., np.newaxis]
scaled = 2 * maps / maps.max(axis=(1, 2, 3), keepdims=True).clip(1e-6) - 1
tiles = np.concatenate([letter[:, ::2, ::2], scaled[:8]])
ax = plots.show_images(tiles, ["the letter", *map(str, range(1, len(tiles)))], columns=9)
plots.show(
    ax, "A letter G, and what channels of the first block respond to: its edges and strokes."
)

# %% [markdown]
# ## Step 2: reuse it
#
# Five labels per class, one draw of them, three ways to use them.
#
# **Feature transfer.** The backbone stays as it is, *frozen*. Its features are computed once, and a
# linear model learns letters from them: plain logistic regression.

# %%
x, y = data.sample_per_class(letters.x_train, letters.y_train, 5, seed=0)
test_features = transfer.extract_features(backbone, letters.x_test)


def linear_head(x, y):
    return transfer.fit_linear(transfer.extract_features(backbone, x), y, strength=0.03)


def frozen(x, y, seed):
    return transfer.score_linear(linear_head(x, y), test_features, letters.y_test)


print(f"frozen features: {frozen(x, y, 0):.1%}")

# %% [markdown]
# **Parameter transfer.** A new network starts with the source's weights, copied, and *all* of them
# go on learning: fine-tuning. It minimises the target's loss only; the source gives the start.
# A new head is wrong about everything, and its first errors would shake the copied weights. So the
# head starts from the logistic regression above.


# %%
def build(seed):
    return models.build_classifier(models.build_backbone(filters, seed=seed), 37, seed=seed)


def steps_for(images):
    return preset.pick(2, min(400, 50 + len(images) // 8), min(1000, 200 + len(images) // 2))


tuner = transfer.Learner(build, learning_rate=1e-3)


# %%
def fine_tuned(x, y, seed):
    head = linear_head(x, y)
    tuner.train(x, y, steps=steps_for(x) // 2, seed=seed, start=backbone, head=head)
    return tuner.score(letters.x_test, letters.y_test)


print(f"fine-tuned: {fine_tuned(x, y, 0):.1%}")

# %% [markdown]
# **Nothing transferred.** The same network and the same labels from random weights. It gets twice
# the steps and a learning rate of its own, since it has further to go.

# %%
learner = transfer.Learner(build, learning_rate=1e-2)


def scratch(x, y, seed):
    learner.train(x, y, steps=steps_for(x), seed=seed)
    return learner.score(letters.x_test, letters.y_test)


print(f"from scratch: {scratch(x, y, 0):.1%}")

# %% [markdown]
# Three numbers from one draw of 185 images. Another draw gives others. A comparison needs many
# draws, and a fourth competitor: **logistic regression on the raw pixels**, scaled and with enough
# iterations. If a network cannot beat that, it has no business here.

# %% [markdown]
# ## Step 3: evaluate
#
# Label budgets from 1 to 100 per class, several seeds each. A seed draws the letters, and every
# method gets the same ones. All are tested on the same images, which no method has seen. Learning
# rates and penalties were chosen for each method on *other* letters
# (`python -m benchmarks.transfer_rates`), never on these.

# %%
budgets = preset.pick((1, 5), (1, 2, 5, 10, 20, 100), (1, 2, 5, 10, 20, 100))
seeds = range(preset.pick(2, 5, 10))


def run(**trainers):
    todo = transfer.compare(trainers, letters, budgets, seeds)
    total = len(trainers) * len(budgets) * len(seeds)
    return list(runtime.track(todo, total, "networks trained"))


# %%
def pixels(x, y, seed):
    model = transfer.fit_linear(x, y, strength=0.01)
    return transfer.score_linear(model, letters.x_test, letters.y_test)


features_only = run(pixels=pixels, frozen=frozen)

# %%
from_new = run(scratch=scratch)

# %%
runs = features_only + from_new + run(**{"fine-tuned": fine_tuned})

# %%
ax = plots.plot_budgets(runs)
ax.set_title(f"Reading letters: means of {len(seeds)} seeds, 95 % intervals")
plots.show(ax, "Accuracy over labels per class for pixels, scratch, frozen and fine-tuned.")

# %% [markdown]
# The bars are 95 % intervals of the mean over seeds. Two methods whose bars overlap may still
# differ: they saw the same letters, so what counts is the difference *within* each seed. That is
# the **transfer gain**.

# %%
ax = plots.plot_gains(runs)
ax.set_title("Transfer gain over the same network from scratch")
plots.show(ax, "Points above scratch over labels per class, with intervals of the paired gains.")

# %%
from tgan_lessons import metrics

for name in ("frozen", "fine-tuned"):
    for budget in budgets:
        mean, half = metrics.transfer_gain(runs, name, budget)
        print(f"{name}, {budget} per class: {100 * mean:+.1f} ± {100 * half:.1f} points")

# %%
guess.compare(*metrics.transfer_gain(runs, "fine-tuned", 5))

# %% [markdown]
# The gain is large where labels are few, and shrinks as they become many: with a hundred per class
# the letters speak for themselves. So the question is never *does transfer work*, but *at
# which budget, and from which source*.

# %% [markdown]
# ## A weak source is the first lesson of transfer
#
# The source above was made with care. Now a careless one: shown each digit as it is, and cut at its
# last layer, 32 numbers that were made for telling digits apart.

# %%
guess_weak = questions.predict(
    "Frozen features of the careless source, five labels per class, against scratch:",
    "they lose",
    -0.02,
    "they break even (within 2 points)",
    0.02,
    "they win",
)
guess_weak


# %%
def careless_source(hidden):
    weak = models.build_backbone(filters, hidden=hidden)
    network = models.build_classifier(weak, 10)
    network.compile(optimizer=keras.optimizers.Adam(3e-3), loss=loss)
    steps = preset.pick(10, 300, 1500)
    shown = transfer.batches(digits.x_train, digits.y_train, steps=steps, seed=0, batch_size=64)
    network.fit(shown, shuffle=False, verbose=0)
    print(f"digits read: {transfer.accuracy(network, digits.x_test, digits.y_test):.1%}")
    return weak


# %%
sources = {
    "careless,\nlast layer": careless_source(hidden=32),
    "careless,\nall its maps": careless_source(hidden=None),
    "augmented,\nall its maps": backbone,
}


# %%
def probe(name, x, y):
    model = transfer.fit_linear(transfer.extract_features(sources[name], x), y, strength=0.03)
    features = transfer.extract_features(sources[name], letters.x_test)
    return transfer.score_linear(model, features, letters.y_test)


draws = [data.sample_per_class(letters.x_train, letters.y_train, 5, seed) for seed in seeds]
probed = {name: [probe(name, *draw) for draw in draws] for name in sources}

# %%
from_nothing = metrics.accuracies(runs, "scratch", 5)
ax = plots.plot_bars(probed | {"scratch": from_nothing}, y_label="accuracy at 5 labels per class")
plots.show(ax, "Frozen features of three sources beside the network from scratch, with intervals.")

# %%
difference = np.subtract(probed["careless,\nlast layer"], from_nothing)
mean, half = metrics.mean_interval(difference)
print(f"careless source against scratch: {100 * mean:+.1f} ± {100 * half:.1f} points")
guess_weak.compare(mean, half)

# %% [markdown]
# All three sources read digits well. That is the trap: *how well a source does its own task says
# little about what it passes on.* The last layer kept what separates ten digits and threw the rest
# away. The maps before it still hold strokes. And a network that saw digits turned and moved had
# to find features that survive it; letters vary in the same ways.

# %% [markdown]
# ## The trap: a network that has learned and does not know it
#
# Batch normalisation uses the batch's own mean and variance while it trains, and *moving* ones when
# it is tested. Keras moves them by 1 % per step (momentum 0.99). After a hundred steps,
# $0.99^{100} \approx 37\,\%$ of the first guess is still in them.


# %%
def test_curve(momentum, chunks, steps=20):
    slow = models.build_backbone(filters, momentum=momentum)
    one = transfer.Learner(lambda seed: models.build_classifier(slow, 37), learning_rate=1e-2)
    shown = transfer.batches(x, y, steps=steps, seed=0)
    scores = []
    for _ in range(chunks):
        one.model.fit(shown, shuffle=False, verbose=0)
        scores.append(one.score(letters.x_test, letters.y_test))
    return scores


# %%
chunks = preset.pick(2, 10, 10)
curves = {f"momentum {m}": test_curve(m, chunks) for m in (0.9, 0.99)}
ax = plots.plot_curves(curves, x=[20 * (i + 1) for i in range(chunks)], x_label="training steps")
ax.axhline(1 / 37, color="gray", linestyle=":")
ax.set(ylabel="test accuracy", title="The same network, the same updates of its weights")
plots.show(ax, "Accuracy over steps: momentum 0.9 rises at once, 0.99 waits at chance first.")

# %% [markdown]
# Both networks learn the same weights. The second is tested with statistics from its past. A
# comparison over few steps would call it hopeless, and transfer a miracle: the fine-tuned network
# brings good statistics along. All networks of this lesson use momentum 0.9.

# %% [markdown]
# ## The objection: was it only the augmentation?
#
# The source saw turned and moved digits. The others saw each letter as it was. What if *everybody*
# may augment? Ten altered copies of each letter for the linear model, fresh ones at each step for
# the networks. Scratch gets four times the steps, fine-tuning twice: there is more to learn from.

# %%
augmenter = models.build_augmenter(seed=1)


def augmented_head(x, y):
    copies = [augmenter(x, training=True).numpy().clip(-1, 1) for _ in range(9)]
    return linear_head(np.concatenate([x, *copies]), np.tile(y, 10))


def augmented_frozen(x, y, seed):
    return transfer.score_linear(augmented_head(x, y), test_features, letters.y_test)


# %%
def build_augmented(seed):
    new = models.build_backbone(filters, seed=seed)
    return models.build_classifier(new, 37, augment=True, seed=seed)


augmented_learner = transfer.Learner(build_augmented, learning_rate=3e-3)
augmented_tuner = transfer.Learner(build_augmented, learning_rate=1e-3)


# %%
def augmented_scratch(x, y, seed):
    augmented_learner.train(x, y, steps=4 * steps_for(x), seed=seed)
    return augmented_learner.score(letters.x_test, letters.y_test)


def augmented_tuned(x, y, seed):
    start = {"start": backbone, "head": augmented_head(x, y)}
    augmented_tuner.train(x, y, steps=steps_for(x), seed=seed, **start)
    return augmented_tuner.score(letters.x_test, letters.y_test)


# %%
trainers = {
    "scratch": augmented_scratch,
    "frozen": augmented_frozen,
    "fine-tuned": augmented_tuned,
}
todo = transfer.compare(trainers, letters, [5], seeds)
fair = list(runtime.track(todo, 3 * len(seeds), "networks trained"))

# %%
both = {}
for name in ("scratch", "frozen", "fine-tuned"):
    both[f"{name}\nas it is"] = metrics.accuracies(runs, name, 5)
    both[f"{name}\naugmented"] = metrics.accuracies(fair, name, 5)
ax = plots.plot_bars(both, y_label="accuracy at 5 labels per class")
plots.show(ax, "Scratch, frozen and fine-tuned at five labels, without and with augmentation.")

# %%
for name in ("frozen", "fine-tuned"):
    mean, half = metrics.transfer_gain(fair, name, 5)
    print(f"{name:>10}, everybody augments: {100 * mean:+.1f} ± {100 * half:.1f} points")

# %% [markdown]
# Compare these gains with the ones above. Where they shrink, part of what the source passed on was
# *what may change without changing the letter*, and scratch can learn that from altered copies.
# What remains came from the digits. A report that does not say what each side was allowed says
# little.

# %% [markdown]
# ## Your turn: the transfer lab
#
# ![The transfer lab in play: three curves, its controls, a matrix of confusions](images/transfer_lab.png)
#
# Three networks race on the same labels, batch by batch: one from scratch, one with a frozen
# backbone, one fine-tuned. **Press ▶.** Source, label budget, frozen blocks and seed begin a new
# race; the learning rates act while it runs. All three heads start from the same new weights, not
# from the regression above. *Can you make transfer lose?*

# %%
from tgan_lessons.transfer_lab import TransferLab

candidates = {"augmented": backbone, "careless": sources["careless,\nall its maps"]}
lab = TransferLab(candidates, letters)
for _ in range(preset.pick(2, 40, 40)):
    lab.tick()
lab

# %% [markdown]
# The percentages carry the luck of the test images, ± 5 points here. A gap smaller than that needs
# more than one race: change the seed. The matrix shows which letters a network takes for which. Each
# race that you pause or leave joins the table *my runs*, kept in `runs/transfer.csv`.

# %% [markdown]
# ## Exercises
#
# **01.1** Write the transfer gain yourself: from two lists of accuracies, one number per seed each,
# the mean of the differences and half the width of its 95 % interval.

# %%
from tgan_lessons import exercises


def gain(ours, theirs):
    return ...


exercises.check_gain(gain)

# %% [markdown]
# **01.2** Train only the head of a classifier: compile and `fit` it so that *nothing* in its
# backbone changes, the statistics of its normalisation included. Return the classifier.


# %%
def train_head(classifier, x, y):
    return ...


exercises.check_head_only(train_head)

# %% [markdown]
# **01.3** With one label per class even logistic regression has little to fit. Write the classifier
# that gives each new row of features the class whose mean is nearest.


# %%
def nearest_mean(features, labels, new):
    return ...


exercises.check_nearest_mean(nearest_mean)

# %% [markdown]
# ## What you take with you
#
# - Transfer in three steps: train a source, reuse it frozen or as a start, evaluate against scratch.
# - A gain belongs to a budget and a source. It shrinks as labels grow.
# - A good score on the source's own task does not make good features.
# - Same labels, same tests, several seeds, paired differences, intervals. And a linear baseline.
# - Ask what the other side was allowed: augmentation, steps, a learning rate of its own.

# %% tags=["long"]
from tgan_lessons.questions import Question, quiz

quiz(
    Question(
        "Fine-tuning minimises",
        right="the target's loss, starting from the source's weights",
        wrong=("the sum of both losses", "the source's loss on target images"),
        why="The sum is joint training: another method, which lesson 02 puts beside this one.",
    ),
    Question(
        "Two methods' intervals overlap. Then",
        right="look at the paired differences",
        wrong=("they are equally good", "the better mean wins"),
        why="Both saw the same letters at each seed; the draw's luck cancels in the difference.",
    ),
    Question(
        "A source reads 99 % of its own digits. Its features for letters are",
        right="unknown until measured",
        wrong=("good", "useless"),
        why="You saw three sources that read digits well, and what each of them passed on.",
    ),
)

# %% [markdown]
# **References**
#
# - Pan, Yang (2010), *A survey on transfer learning*, IEEE Transactions on Knowledge and Data
#   Engineering 22(10), [doi:10.1109/TKDE.2009.191](https://doi.org/10.1109/TKDE.2009.191).
# - Yosinski, Clune, Bengio, Lipson (2014), *How transferable are features in deep neural
#   networks?*, [arXiv:1411.1792](https://arxiv.org/abs/1411.1792).
# - Cohen, Afshar, Tapson, van Schaik (2017), *EMNIST*,
#   [arXiv:1702.05373](https://arxiv.org/abs/1702.05373).
# - Kumar, Raghunathan, Jones, Ma, Liang (2022), *Fine-tuning can distort pretrained features and
#   underperform out-of-distribution*, [arXiv:2202.10054](https://arxiv.org/abs/2202.10054).
# - Ioffe, Szegedy (2015), *Batch normalization*,
#   [arXiv:1502.03167](https://arxiv.org/abs/1502.03167).
