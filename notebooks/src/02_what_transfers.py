# %% [markdown]
# # 02 · What transfers

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/02_what_transfers.ipynb)

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
# Lesson 01 copied a whole backbone. But a network has layers. **Which of them are worth having?
# Does it help to freeze them? And can a source do harm?** You will copy the first layers, one more
# each time, and watch the gain rise and fall. Then you will find a source that poisons.
#
# **After this lesson you can** choose how deep to transfer without looking at test data, tell
# joint training from fine-tuning, prove that a source harms, put four brakes on a small target, and
# look into a network before you trust it.
#
# **Time:** 60 minutes, about three of them computing on two cores.

# %% [markdown]
# ## Two tasks of the same kind
#
# Every other letter is task **A**, the ones between are task **B**: no class in common, everything
# else alike. B is our target. The images are halved to 14×14 pixels, so that hundreds of networks
# can learn within minutes.

# %%
from tgan_lessons import data, plots, pools

letters = data.load_emnist("letters")
pool = pools.make_pool(letters, data.load_mnist())
names = letters.class_names
print(letters, "", f"A: {' '.join(names[::2])}", f"B: {' '.join(names[1::2])}", sep="\n")

# %%
import numpy as np

sheet = []
for source in ("letters", "B", "digits", "inverted", "shuffled"):
    rows = pool.rows[source]
    _, first = np.unique(pool.y[rows], return_index=True)
    sheet += [pool.x[rows[i]] for i in np.resize(first, 18)]
ax = plots.show_images(np.stack(sheet), columns=18)
plots.show(ax, "Five rows: letters A, letters B, digits, A inverted, and A with shuffled labels.")

# %% [markdown]
# Rows from above: **letters** (A), **B**, and three more sources: **digits**; A **inverted**, black
# for white; and A with **shuffled** labels. Each row should show its classes in order. The last one
# shows anything: every image got the label of another.

# %% [markdown]
# ## Twenty networks in one call
#
# A network here has three convolutions, two dense layers and a head. Five seeds of four sources
# make twenty networks. They learn *side by side*: each array of weights has one more axis in
# front, the network's. None of them notices the others.

# %%
from tgan_lessons import freezing

seeds = range(preset.pick(2, 5, 10))
source_steps = preset.pick(10, 800, 2000)
kinds = ("letters", "digits", "inverted", "shuffled")
sources = freezing.train_sources(pool, kinds, seeds, steps=source_steps, rate=3e-3)

# %%
from tgan_lessons.ensembles import Ensemble

for kind, weights in sources.items():
    rows = pool.rows[kind]
    read = Ensemble(pool.plan, weights).accuracy(pool.x[rows], pool.y[rows])
    print(f"{kind:>9}: {read.mean():.0%} of its own training images read")

# %% [markdown]
# Each layer of each network has a learning rate $\eta$ of its own:
# $w \leftarrow w - \eta_\text{layer} \cdot \text{Adam}(\nabla L)$. **Freezing is a rate of
# zero.** No flag, nothing to compile again. Look at how far the weights of each layer move in ten
# steps, with the first three frozen:

# %%
budget = {"per_class": preset.pick(6, 20, 20), "held_back": preset.pick(2, 5, 5)}
target = freezing.Target(pool, **budget, seeds=seeds, steps=10)
start = target.start(sources["letters"], depth=3)
networks = target.learn(start, freezing.layer_rates(3, copied=0, new=1e-2))
for name, old, new in zip(freezing.LAYERS, start[::2], networks.weights[::2], strict=True):
    print(f"{name:>7} moved by {np.abs(new - old).mean() / np.abs(old).mean():7.2%}")

# %% [markdown]
# ## The freeze slider
#
# Now the experiment of Yosinski and colleagues (2014). Train a network on one task. Copy its first
# $n$ layers into a new one, the rest is random. Train that on B. Four ways:
#
# | | copied layers frozen | copied layers go on learning |
# |---|---|---|
# | copied from task A | **AnB** | **AnB+** |
# | copied from B itself | **BnB** | **BnB+** |
#
# BnB is the control. What it loses was not lost by changing the task. The target has 15 labels of
# each letter to learn from and 5 held back for later. Every seed draws other ones.

# %%
from tgan_lessons import questions

guess = questions.predict(
    "The first n layers come from A and are frozen. From n = 1 to n = 5 the gain over scratch",
    "rises with every layer",
    "rises, then falls",
    "falls with every layer",
)
guess

# %%
steps = preset.pick(5, 250, 500)
target = freezing.Target(pool, **budget, seeds=seeds, steps=steps)
rates = {"copied": 1e-3, "new": 1e-2}
scratch = target.test(target.learn(target.start(), 3e-3))[0]
pair = {"letters": sources["letters"], "B": target.own_source(3e-3)}
print(f"from scratch: {scratch.mean():.1%}")

# %% [markdown]
# The learning rates were chosen with the roles exchanged, A as the target
# (`python -m benchmarks.freeze_rates`): one for scratch, one for new layers, one for copied layers.


# %%
def sweep(chosen, tuned, depths=freezing.DEPTHS):
    todo = freezing.sweep(target, chosen, tuned=tuned, depths=depths, **rates)
    return list(runtime.track(todo, len(chosen) * len(depths), f"× {len(seeds)} networks"))


frozen = sweep(pair, tuned=False)

# %%
outcomes = frozen + sweep(pair, tuned=True)

# %%
from tgan_lessons import freeze_plots

ax = freeze_plots.plot_gains_by_depth(outcomes, scratch)
ax.set_title(f"What transfers: means of {len(seeds)} seeds, paired 95 % intervals")
plots.show(ax, "Transfer gain over depth for AnB, AnB+, BnB and BnB+, with intervals.")

# %%
from tgan_lessons import metrics


def tell(outcome):
    mean, half = metrics.mean_interval(outcome.test - scratch)
    gain = f"{100 * mean:+.1f} ± {100 * half:.1f} points"
    print(f"{outcome.source}, {outcome.mode}, n = {outcome.depth}: {gain}")


for outcome in outcomes:
    tell(outcome)

# %%
test = {(o.mode, o.depth): o.test for o in outcomes}
best = max(freezing.DEPTHS, key=lambda depth: test["AnB", depth].mean())
sure = []
for one, n, other, m in (("AnB", best, "AnB", 1), ("AnB", best, "AnB", 5), ("AnB+", 5, "AnB", 5)):
    mean, half = metrics.mean_interval(test[one, n] - test[other, m])
    sure.append(mean > half)
    told = f"{100 * mean:+.1f} ± {100 * half:.1f} points"
    print(f"{one} at n = {n} against {other} at n = {m}: {told}")
guess.compare("rises, then falls" if all(sure[:2]) else None)

# %% [markdown]
# Read the blue line from left to right. The gain *rises* as long as the layers are general: strokes
# and their junctions serve both tasks, and the source saw ten times as many images. It *falls*
# where the layers have become **specific**: the last ones tell A's letters apart, and B's not so
# well. For tasks as close as these the fall is small, and its interval above still includes
# zero. In a moment you will see a steep one.
#
# The orange line shows the cure. Let the copied layers learn, and the last ones may forget A. The
# last comparison above says how much that is worth where all five are copied.
#
# The grey line and the pink one are the control. A source that saw only B's few labels has nothing
# to give: the gains stay near zero, whatever the depth. In Yosinski's large networks BnB showed a
# dip of its own, since layers that had learned *together* were torn apart. Here every interval of
# BnB includes zero: so small a network and five seeds do not show it.

# %% [markdown]
# ## A source that harms
#
# Everything so far was a gain. Pan and Yang warn of the opposite: **negative transfer**. A frozen
# layer cannot be unlearned, so let us freeze, and try the other sources.

# %%
guess_source = questions.predict(
    "All five layers frozen. Which source is the worst?",
    "digits: other characters",
    "inverted: the right letters, black for white",
    "shuffled: the right images, labels without meaning",
    "none of them harms",
)
guess_source

# %%
others = {kind: sources[kind] for kind in kinds[1:]}
harm = sweep(others, tuned=False)

# %%
known = [o for o in outcomes if o.mode == "AnB"]
ax = freeze_plots.plot_gains_by_depth(known + harm, scratch, by="source")
ax.set_title("Copied and frozen: four sources")
plots.show(ax, "Gain over depth for four frozen sources; all but letters A end far below zero.")
for outcome in harm:
    tell(outcome)

# %%
at_five = {o.source: o.test - scratch for o in harm if o.depth == 5}
for kind, gains in at_five.items():
    mean, half = metrics.mean_interval(gains)
    verdict = "harms" if mean + half < 0 else "no harm proven"
    print(f"{kind}, 5 frozen: {100 * mean:+.1f} ± {100 * half:.1f} points: {verdict}")
worst = metrics.clear_best({kind: -gains for kind, gains in at_five.items()})
words = [option for option in guess_source.options if worst and option.startswith(worst)]
guess_source.compare(words[0] if words else None)

# %% [markdown]
# The proof is the interval: it lies below zero as a whole. One bad run proves nothing.
#
# At $n = 1$ all four stand together: one frozen convolution costs little, whoever made it. Later
# layers carry the harm, and the further the source's task, the steeper the fall. Yosinski found the
# same for natural against man-made things. The shuffled source is the instructive one. It saw the
# very images that made a good source of A. Only the labels were noise, and they made its deep
# layers useless. **Features come from the task, not from the images alone.**
#
# Does fine-tuning undo it? A learner who knows nothing about the source would hope so.

# %%
rescue = sweep(others, tuned=True, depths=(5,))
for outcome in rescue:
    tell(outcome)

# %% [markdown]
# Better by far. But look which intervals stay below zero: even free to learn, two of the sources
# are worse than nothing. Random weights are ready to become anything. Weights made for a
# senseless task first have to be unmade, and few labels are little force. Wang and colleagues
# (2019) trace negative transfer to how far the *joint* distributions of images and labels lie
# apart. You met both kinds: other images, and other labels.

# %% [markdown]
# ## Your turn: the freezing lab
#
# Networks from scratch race networks with transfer, one of each for every seed. **Press ▶**, then
# pause, change *layers copied*, and play again: each race leaves its gain on the right, with its
# interval. You are drawing Yosinski's picture yourself. *Frozen* and *fine-tuned* switch in the
# middle of a race, and so do λ and the rates. **Find a setting whose whole interval lies below
# zero. Then save it without changing the source.**

# %%
from tgan_lessons.freeze_lab import FreezeLab

lab = FreezeLab(pool, sources | {"B": pair["B"]})
for depth in preset.pick((3,), (1, 3, 5), (1, 3, 5)):
    lab.panel.set(depth=depth)
    for _ in range(preset.pick(2, 50, 50)):
        lab.tick()
lab

# %% [markdown]
# ## Both tasks at once
#
# Some texts write transfer as a sum:
#
# $$L = L_\text{source} + \lambda \, L_\text{target}$$
#
# This is **joint training**: one network, both losses, $\lambda$ says what the target counts.
# Fine-tuning is something else. It minimises $L_\text{target}$ only, and the source gives the
# *start*. Here both stand side by side, three values of $\lambda$ and its two limits.

# %%
guess_joint = questions.predict(
    "With λ → ∞ joint training becomes",
    "fine-tuning from the source",
    "training from scratch on the target",
    "the source network",
)
guess_joint

# %%
from tgan_lessons import regularise, small_nets

lambdas = (0, 0.1, 1, 10, np.inf)
joint = regularise.learn_jointly(
    target,
    "letters",
    small_nets.join(*[target.start()] * len(lambdas)),
    lambdas,
    steps=preset.pick(5, 500, 1500),
    rate=3e-3,
)

# %% [markdown]
# Beside them the source itself, and a network that was *fine-tuned from it*, its old head still in
# place: does it still read A?

# %%
tuned_rates = freezing.layer_rates(5, copied=1e-3, new=1e-2)
sequential = target.learn(target.start(sources["letters"], 6), tuned_rates)
alone = Ensemble(pool.plan, sources["letters"])


def both_tasks(networks):
    return [networks.accuracy(*pool.tests[task]) for task in ("letters", "B")]


# %%
read = [part.reshape(len(lambdas), -1) for part in both_tasks(joint)]
path = {
    "∞" if value == np.inf else f"{value:g}": (a, b)
    for value, a, b in zip(lambdas, *read, strict=True)
}
points = {"fine-tuned": both_tasks(sequential), "source alone": both_tasks(alone)}
ax = freeze_plots.plot_two_tasks(path, points)
ax.set_title("One network, two tasks")
plots.show(ax, "Accuracy on both tasks: joint training over λ, the source, and fine-tuning.")

# %%
for name, (a, b) in (path | points).items():
    print(f"{name:>12}: source {a.mean():.1%}, target {b.mean():.1%}")
from_infinity = np.subtract(path["∞"][1], points["fine-tuned"][1])
mean, half = metrics.mean_interval(from_infinity)
print(f"λ = ∞ against fine-tuned, on the target: {100 * mean:+.1f} ± {100 * half:.1f} points")
forgot = path["∞"][0].mean() < 0.5 * points["source alone"][0].mean()
guess_joint.compare("training from scratch on the target" if forgot and mean < -half else None)

# %% [markdown]
# At $\lambda = 0$ the target is never asked: its part of the head stays random, and reads at
# chance. At $\lambda = \infty$ the source is never asked: this *is* training from scratch, whatever
# source you had. **Neither limit is fine-tuning.** Between them lies a network that does both, and
# a good $\lambda$ there needs the source's data, all the time. Fine-tuning needs only its weights,
# and pays with the source: it forgot part of A.

# %% [markdown]
# ## Four brakes for a small target
#
# Now only 5 labels of each letter, and 3 more for validation. All five layers are copied, and all
# learn at *one* rate, the one that suits a new head. That is too much for copied layers. What
# people do about it:
#
# - **weight decay** pulls all weights toward zero: $\frac{\alpha}{2} \lVert w \rVert^2$;
# - **L2-SP** pulls copied weights toward the source: $\frac{\alpha}{2} \lVert w - w_S \rVert^2$;
# - **layer-wise rates**: each layer learns $k$ times slower than the one above it;
# - **early stopping**: keep the network of the step that validated best.
#
# Zero is an arbitrary place. The source is where the knowledge is.

# %%
guess_brake = questions.predict(
    "Five labels per letter, one rate for all layers. Which brake gains most?",
    "weight decay",
    "L2-SP",
    "layer-wise rates",
    "early stopping",
    "none proves a gain",
)
guess_brake

# %%
few = {"per_class": preset.pick(4, 8, 8), "held_back": preset.pick(2, 3, 3)}
small = freezing.Target(pool, **few, seeds=seeds, steps=preset.pick(10, 200, 400))
begin = small.start(sources["letters"], 5)
strengths, factors = (1e-3, 1e-2, 1e-1, 1.0), (1.5, 2.6, 5.0)
rate = 1e-2


# %%
def penalised(depth):
    copies = [begin] * len(strengths)
    anchors = [regularise.anchor_at_source(begin, depth)] * len(strengths)
    pull = np.repeat(strengths, len(seeds))[:, np.newaxis]
    penalty = {"anchors": small_nets.join(*anchors), "pull": pull}
    return small.learn(small_nets.join(*copies), rate, **penalty)


tried = {"none": small.learn(begin, rate)}
tried |= {"weight decay": penalised(0), "L2-SP": penalised(5)}

# %%
slower = np.stack([regularise.falling_rates(rate, k) for k in factors])
copies = small_nets.join(*[begin] * len(factors))
tried["layer-wise rates"] = small.learn(copies, np.repeat(slower, len(seeds), axis=0))
tried["early stopping"], _ = regularise.stop_early(small, begin, rate)

# %% [markdown]
# Strength and factor are chosen for each seed by the labels held back, never by the test images.

# %%
read = {}
for name, networks in tried.items():
    chosen = small.validate(networks).argmax(axis=0)
    read[name] = small.test(networks)[chosen, range(len(seeds))]
ax = plots.plot_bars(
    {name.replace(" ", "\n"): part for name, part in read.items()},
    y_label="accuracy on letters B",
)
ax.set_title("Five labels per letter, five fine-tuned layers")
plots.show(ax, "Test accuracy without a brake and with four of them, with intervals over seeds.")

# %%
proven = {}
for name in list(read)[1:]:
    mean, half = metrics.mean_interval(read[name] - read["none"])
    print(f"{name} against none: {100 * mean:+.1f} ± {100 * half:.1f} points")
    proven |= {name: read[name]} if mean > half else {}
mean, half = metrics.mean_interval(read["L2-SP"] - read["weight decay"])
print(f"L2-SP against weight decay: {100 * mean:+.1f} ± {100 * half:.1f} points")
guess_brake.compare(metrics.clear_best(proven) if proven else "none proves a gain")

# %% [markdown]
# Look at the paired intervals, not at the bars. Where one includes zero, five seeds have not shown
# that the brake helps. The best two keep copied layers near the source: one by a spring, one by small
# steps. Which of them is the better one, these seeds do not say; on another processor one of the two
# has missed its proof by a hair. Weight decay had the same strengths to choose from, and pulls to
# the wrong place. Early stopping does not steer at all, it picks a moment. And remember who
# chose: 54 validation letters, with a shaky hand.

# %% [markdown]
# ## Adaptive transfer: let validation choose
#
# How many layers, frozen or not, from which source? You now have the outcomes of all of these, each
# with a validation accuracy on the 5 labels per letter that were held back. So let each
# seed choose for itself. The test images are asked once, at the end.

# %%
everything = [o for o in outcomes if o.source != "B"] + harm + rescue
chosen = regularise.choose_by_validation(everything)
for seed, outcome in enumerate(chosen):
    how = "fine-tuned" if outcome.tuned else "frozen"
    print(f"seed {seed}: {outcome.source}, {outcome.depth} layers, {how}")

# %%
adaptive = np.array([outcome.test[seed] for seed, outcome in enumerate(chosen)])
compared = {
    "chosen by\nvalidation": adaptive,
    "chosen by\na coin": np.mean([o.test for o in everything], axis=0),
    "scratch": scratch,
}
ax = plots.plot_bars(compared, y_label="accuracy on letters B")
ax.set_title("Adaptive transfer")
plots.show(ax, "Test accuracy of what validation chose, of an average choice, and of scratch.")

# %%
hindsight = max(everything, key=lambda o: o.test.mean())
mean, half = metrics.mean_interval(adaptive - scratch)
print(f"chosen by validation, against scratch: {100 * mean:+.1f} ± {100 * half:.1f} points")
mean, half = metrics.mean_interval(adaptive - hindsight.test)
print(f"against the best in hindsight: {100 * mean:+.1f} ± {100 * half:.1f} points")

# %% [markdown]
# Validation never took a poisoned source, and comes close to what only the test images could have
# told. That last number is a fair price. *Choosing* by the test images would have hidden it: the
# best of many tries looks better than it is.

# %% [markdown]
# ## Looking inside: how alike are two layers?
#
# Two layers may hold the same in other units, in other order. **Linear CKA** does not mind. With
# $X$ and $Y$ the centred features of the same images,
#
# $$\text{CKA}(X, Y) = \frac{\lVert X^\top Y \rVert^2}
# {\lVert X^\top X \rVert \, \lVert Y^\top Y \rVert}$$
#
# 1 means: the same up to a turn and a scale. Rows are layers of the source, columns those of a
# network that reads B.

# %%
from tgan_lessons import interpret

x, y = pool.tests["B"]
tuned = target.learn(target.start(sources["letters"], 5), tuned_rates)
fresh = target.learn(target.start(), 3e-3)
poisoned = Ensemble(pool.plan, sources["shuffled"])

# %%
matrices = {
    "source A and fine-tuned B": interpret.compare_layers(alone, tuned, x),
    "source A and B from scratch": interpret.compare_layers(alone, fresh, x),
    "shuffled A and B from scratch": interpret.compare_layers(poisoned, fresh, x),
}
plots.show(
    freeze_plots.plot_alikeness(matrices),
    "Three matrices of CKA between five layers of the source and five of a network for B.",
)

# %%
for title, matrix in matrices.items():
    print(f"{title}: conv1 {matrix[0, 0]:.2f}, dense5 {matrix[4, 4]:.2f}")

# %% [markdown]
# Look along the diagonals. Fine-tuning changed the first layers hardly at all and the last ones
# most, though all of them were free to move. Two networks that never met agree best in the first
# layers too: those are the general ones. CKA found without any labels what the freeze slider found
# with a hundred networks.

# %% [markdown]
# ## Looking inside: what does the answer depend on?
#
# **Saliency**: how much does each pixel move the answer, $|\partial \text{logit} / \partial
# \text{pixel}|$? **Grad-CAM**: which places of a convolution's maps speak *for* it?

# %%
_, rows = np.unique(y, return_index=True)
some, asked = x[rows[:9]], y[rows[:9]]
before = Ensemble(pool.plan, target.start(sources["letters"], 5))
maps = [interpret.saliency(each, some, asked)[0] for each in (before, tuned)]
maps.append(interpret.grad_cam(tuned, some, asked)[0])

# %%
rows = {"the letter": np.repeat(some, 3, axis=3)}
for title, each in zip(
    ("saliency\nbefore", "saliency\nafter", "Grad-CAM\nafter"), maps, strict=True
):
    rows[title] = freeze_plots.overlay(some, each)
plots.show(
    freeze_plots.plot_rows(rows),
    "Letters B; saliency before and after fine-tuning; Grad-CAM of the first convolution.",
)

# %% [markdown]
# Before fine-tuning the layers are the source's and the head is new. Such pictures always look
# meaningful. So test what they claim: paint out the tenth of the pixels that a map calls most
# important, and see whether reading suffers more than from a random tenth.

# %%
rng = np.random.default_rng(0)
claims = {"nothing": None, "random": rng.random(x.shape[:3])}
claims["salient before"] = interpret.saliency(before, x, y)[0]
claims["salient after"] = interpret.saliency(tuned, x, y)[0]
for name, claim in claims.items():
    altered = x if claim is None else interpret.erase(x, claim, 0.1)
    print(f"painted out {name:>14}: {tuned.accuracy(altered, y)[0]:.1%} read")

# %% [markdown]
# ## Looking inside: a map of features
#
# The last hidden layer turns each image into 64 numbers. Their two main directions (PCA) make a
# map. Letters that stand together look alike to the network.

# %%
from sklearn.decomposition import PCA

shown = np.isin(y, np.unique(y)[3:10])
figure = plots.new_axes(11, 5).figure
figure.clear()
for ax, (title, each) in zip(
    figure.subplots(1, 2), {"before": before, "after fine-tuning": tuned}.items(), strict=True
):
    places = PCA(2).fit_transform(each.look(x[shown], "dense5")[0])
    freeze_plots.plot_plane(places, y[shown], names, ax=ax).set_title(title)
plots.show(figure, "Seven letters of B on two planes, before and after fine-tuning.")

# %% [markdown]
# Two of 64 directions hide much. So ask all 64: of the spread of all points, how much lies
# *between* the letters, and not within one? 100 % would be a single point for each letter.


# %%
def between(points):
    centres = np.stack([points[y == label].mean(axis=0) for label in y])
    return centres.var(axis=0).sum() / points.var(axis=0).sum()


untrained = Ensemble(pool.plan, target.start())
print(f"pixels: {between(x.reshape(len(x), -1)):.0%} of the spread lies between letters")
for title, each in {"untrained": untrained, "before": before, "after": tuned}.items():
    print(f"{title}: {between(each.look(x, 'dense5')[0]):.0%} of the spread lies between letters")

# %% [markdown]
# The source never saw these letters, and its features sort them far better than pixels or an
# untrained network do: that is what transferred. Fine-tuning then draws each letter together a
# little more.

# %% [markdown]
# ## Exercises
#
# **02.1** Write linear CKA: from two arrays of features, (images, features), one number.

# %%
from tgan_lessons import freezing_exercises as exercises


def cka(a, b):
    return ...


exercises.check_cka(cka)

# %% [markdown]
# **02.2** Write the penalty of L2-SP: `weights` and `source` are lists of arrays,
# $\frac{\alpha}{2} \sum (w - w_S)^2$.


# %%
def penalty(weights, source, alpha):
    return ...


exercises.check_l2_sp(penalty)

# %% [markdown]
# **02.3** Choose a depth honestly. `validate(depth)` and `test(depth)` train a network and return
# its accuracy. Return the chosen depth and the accuracy to report.


# %%
def choose_depth(depths, validate, test):
    return ...


exercises.check_choose_depth(choose_depth)

# %% [markdown]
# **02.4** One list for everything between frozen and free: a rate for each of `layers` layers. The
# first `frozen` have rate 0, the last learns at `top`, each other `factor` times slower than
# the one above it.


# %%
def rates_by_layer(layers, frozen, top, factor):
    return ...


exercises.check_layer_rates(rates_by_layer)

# %% [markdown]
# ## What you take with you
#
# - First layers are general, last ones specific. Frozen, the gain rises with depth, then falls.
# - Fine-tuning mends what is too specific. It does not mend every source.
# - A source can harm. The proof is a paired interval that lies below zero as a whole.
# - Joint training and fine-tuning are two methods; no λ turns one into the other.
# - Freezing, fine-tuning and all between are rates by layer. Let validation choose, test once.

# %% tags=["long"]
from tgan_lessons.questions import Question, quiz

quiz(
    Question(
        "BnB copies layers from a network for the same task. It is there",
        right="to show what is lost without any change of task",
        wrong=("because it reads best", "to save time"),
        why="If BnB loses as much as AnB, the loss was not about transfer.",
    ),
    Question(
        "Frozen layers in Adam have a learning rate of 0. A factor of 0.1 on their gradient",
        right="would change next to nothing: Adam divides by the gradient's size",
        wrong=("makes them learn ten times slower", "freezes them"),
        why="That is why layer-wise rates scale the step, not the gradient.",
    ),
    Question(
        "Joint training with λ = 0 reads the target",
        right="at chance",
        wrong=("like the source's frozen features", "like fine-tuning"),
        why="The target's part of the head never gets a gradient.",
    ),
    Question(
        "You tried 25 depths and sources on the test images and report the best. The number is",
        right="too good",
        wrong=("fair", "too bad"),
        why="The best of many lucky draws. Choose on labels held back, then test once.",
    ),
)

# %% [markdown]
# **References**
#
# - Yosinski, Clune, Bengio, Lipson (2014), *How transferable are features in deep neural
#   networks?*, [arXiv:1411.1792](https://arxiv.org/abs/1411.1792).
# - Pan, Yang (2010), *A survey on transfer learning*,
#   [doi:10.1109/TKDE.2009.191](https://doi.org/10.1109/TKDE.2009.191).
# - Wang, Dai, Póczos, Carbonell (2019), *Characterizing and avoiding negative transfer*,
#   [arXiv:1811.09751](https://arxiv.org/abs/1811.09751).
# - Li, Grandvalet, Davoine (2018), *Explicit inductive bias for transfer learning with
#   convolutional networks* (L2-SP), [arXiv:1802.01483](https://arxiv.org/abs/1802.01483).
# - Howard, Ruder (2018), *Universal language model fine-tuning for text classification*,
#   [arXiv:1801.06146](https://arxiv.org/abs/1801.06146).
# - Kornblith, Norouzi, Lee, Hinton (2019), *Similarity of neural network representations
#   revisited* (CKA), [arXiv:1905.00414](https://arxiv.org/abs/1905.00414).
# - Simonyan, Vedaldi, Zisserman (2013), *Deep inside convolutional networks* (saliency),
#   [arXiv:1312.6034](https://arxiv.org/abs/1312.6034).
# - Selvaraju et al. (2017), *Grad-CAM*, [arXiv:1610.02391](https://arxiv.org/abs/1610.02391).
