# %% [markdown]
# # 11 · Transfer meets GAN

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/11_transfer_meets_gan.ipynb)

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
# A classifier that knew digits learned letters from five examples each. Can a *generator* do the
# same? Somebody has a digit generator, you have **a hundred letters**, and a few seconds. Then the
# uncomfortable questions: did it learn, or did it copy? And are its letters good for anything?
#
# **After this lesson you can** fine-tune a GAN, hold a part of one player still, measure it with
# few images and an honest floor, catch it copying, and test whether generated images help a
# classifier.
#
# **Time:** 45 minutes, about four of them computing on two cores.

# %% [markdown]
# ## A word to be learned
#
# Five letters, the word HEART: with 25 images that is five of each, with 400 it is eighty. Half of
# the training letters are set aside, as a **reference** that nobody learns from. Neither does
# anybody learn from the test letters.

# %%
from tgan_lessons import data, few_shot_gan, few_shot_task, plots

task = few_shot_task.pick_letters(data.load_emnist("letters"), "HEART")
print(f"{len(task.x)} to learn from, {len(task.reference)} set aside, {len(task.real)} for tests")
x, y = task.draw(100, seed=0)
ax = plots.show_images(x[y.argsort(kind="stable")], columns=20)
plots.show(ax, "A hundred handwritten letters: twenty each of H, E, A, R and T.")

# %% [markdown]
# ## The source
#
# The conditional game of lesson 05: $G$ is told which digit to draw, $D$ which one it is supposed to
# see. It learns digits once, and serves the whole lesson.

# %%
import time

from tgan_lessons import judge

digits = judge.unseen(data.load_mnist())
source = few_shot_gan.build_game()
source.feed((digits.x_train, digits.y_train), batch_size=32)
start = time.perf_counter()
source.advance(preset.pick(5, 2500, 5000))
print(f"{int(source.rounds)} rounds on digits in {time.perf_counter() - start:.0f} s")

# %%
import numpy as np

ax = plots.show_images(source.generate(20, np.arange(20) % 10, seed=1), columns=10)
plots.show(ax, "Two rows of generated digits, 0 to 9: what the source can draw.")

# %% [markdown]
# ## May a judge of digits measure letters?
#
# The **Fréchet distance** (lesson 05) compares the judge's features of fakes and of real images. But
# this judge learned to read *digits*. Are its 64 features any good for letters? A linear reader will
# tell: it learns our five letters from the features, or from the 784 pixels, and is tested.

# %%
from tgan_lessons import transfer

eye = judge.load_judge()


def letters_read(look):
    model = transfer.fit_linear(look(task.x), task.y)
    return transfer.score_linear(model, look(task.real), task.real_y)


print(f"pixels {letters_read(lambda x: x):.1%}, judge's features {letters_read(eye.features):.1%}")

# %% [markdown]
# The features tell the letters apart at least as well as the pixels do, so a distance in them means
# something here. It is *not* the distance of lesson 05: other images, other sample sizes. As many
# real test letters give its **floor**: what a perfect generator would get.

# %%
meter = few_shot_task.Meter(task, eye)
print("the source's digits, taken for letters:", meter.distance(source))

# %% [markdown]
# ## Three ways to begin
#
# **From scratch**: random weights. **Fine-tuned**: both networks start as copies of the source's,
# and everything goes on learning. The letter H takes over the place of the 0, E that of the 1, and
# so on. What $D$ knew about *each* digit is set to zero: the classes are new, only the general eye
# stays.

# %%
tuned = few_shot_gan.build_game()
transfer.copy_weights(source.generator, tuned.generator)
transfer.copy_weights(source.discriminator, tuned.discriminator)
few_shot_gan.forget_labels(tuned.discriminator)

# %% [markdown]
# **FreezeD** (Mo, Cho, Shin 2020) also copies, but the first layer of $D$ stays as it is: edges are
# edges. With few images the danger is that $D$ learns *them* by heart; the less of it can move, the
# less it can. In our engine nothing is switched off: the player $D$ is simply given fewer
# variables, so that its moves *cannot* reach the others.

# %%
held = few_shot_gan.build_game(frozen=1)
for name, game in {"fine-tuned": tuned, "FreezeD": held}.items():
    trained = game.player("discriminator").variables
    print(f"{name}: D's moves train", [tuple(v.shape) for v in trained])

# %% [markdown]
# Is it so? One round, and we look which layers have moved.

# %%
held.feed((x, y), batch_size=32)
convolutions = few_shot_gan.find_convolutions(held.discriminator)
before = [layer.get_weights()[0] for layer in convolutions]
held.advance(1)
for layer, old in zip(convolutions, before, strict=True):
    print(f"{layer.name}: largest change {np.abs(layer.get_weights()[0] - old).max():.1e}")

# %% [markdown]
# ## A hundred examples
#
# Each gets the same hundred letters, the same rounds, and the learning rate that is the best *for
# scratch*, chosen on other letters (`python -m benchmarks.few_shot_rates`).

# %%
from tgan_lessons import questions

guess = questions.predict(
    "A hundred letters, the same rounds. Against scratch, the transferred generator's distance is",
    "higher",
    0,
    "lower, by at most three quarters",
    0.75,
    "less than a quarter of it",
)
guess

# %%
stops = preset.pick([1, 2], [50, 100, 150, 200, 300], [50, 100, 200, 300, 400])
studios = {m: few_shot_gan.Studio(m, source) for m in ("scratch", "fine-tuned", "FreezeD")}
asked = np.repeat(np.arange(5), 3)


def follow(method):
    game, sheets, readings = studios[method].begin(x, y, seed=0), [], []
    for stop in stops:
        game.advance(stop - int(game.rounds))
        sheets.append(game.generate(15, asked, seed=3))
        readings.append(meter.distance(game))
    return sheets, readings


followed = {method: follow(method) for method in studios}

# %%
from tgan_lessons import few_shot_view

early = len(stops) // 3
rows = {f"{m}, round {stops[i]}": followed[m][0][i] for i in (early, -1) for m in studios}
real = np.concatenate([task.real[task.real_y == k][:3] for k in range(5)])
ax = few_shot_view.show_rows(rows | {"real": real})
plots.show(ax, "H, E, A, R, T three times each, by scratch, fine-tuned and FreezeD, and real ones.")

# %%
curves = {method: [r.value for r in readings] for method, (_, readings) in followed.items()}
floor = followed["scratch"][1][-1].perfect
ax = few_shot_view.plot_rounds(curves, stops, floor)
ax.set_title(f"A hundred letters, one seed; {len(task.real)} fakes against {len(task.reference)}")
plots.show(ax, "Distance over rounds: the two transferred generators are ahead of scratch.")

# %% [markdown]
# The transferred generators begin with digits, which are nearer to letters than noise is. Their
# first rounds bring little: $D$ took digits for real, and has to change its mind before it can tell
# $G$ anything. From then on $G$'s strokes and $D$'s edges pay.

# %% [markdown]
# ## 25, 100, 400, and three seeds
#
# One seed shows little. A seed draws the letters, the weights of scratch, the noise. The source is
# the same for all, so its own luck is not in the intervals.

# %%
budgets, seeds = preset.pick((25, 100), (25, 100, 400), (25, 100, 400)), range(preset.pick(2, 3, 5))
rounds, runs, games = stops[-1], {}, [(n, seed) for n in budgets for seed in seeds]


def learn(method, games):
    start = time.perf_counter()
    for images, seed in runtime.track(games, len(games), f"generators, {method}"):
        game = studios[method].learn(*task.draw(images, seed), rounds, seed)
        runs[method, images, seed] = meter.distance(game).value
    print(f"{method}: {(time.perf_counter() - start) / len(games):.1f} s each, measuring included")


# %%
learn("scratch", games)

# %%
learn("fine-tuned", games)

# %%
learn("FreezeD", games)

# %%
ax = few_shot_view.plot_images_needed(runs, floor)
ax.set_title(f"After {rounds} rounds: means of {len(seeds)} seeds, 95 % intervals")
plots.show(ax, "Distance over images for three methods; the transferred ones are lower.")

# %%
for method in ("fine-tuned", "FreezeD"):
    for images in budgets:
        mean, half = few_shot_task.reduction(runs, method, images)
        print(
            f"{method}, {images} images: {100 * mean:.0f} ± {100 * half:.0f} % lower than scratch"
        )

# %%
guess.compare(*few_shot_task.reduction(runs, "FreezeD", 100))

# %% [markdown]
# With a hundred and with 400 letters, transfer pays, and a round costs the same. With 25 there is
# little to choose between the three. (Three seeds make wide bars: read them.) What is it about 25?

# %% [markdown]
# ## The player that learns by heart
#
# $D$ has to tell real from fake. With 25 real letters there is a cheap way: know those 25. From then
# on every other good letter counts as fake, and $G$ is led astray. A cure: **shift everything that
# $D$ sees** by up to two pixels at random, *real images and fakes alike*. Each letter now has 25
# places, and is harder to know by heart. The gradient passes through the shift back to $G$. It is
# the simplest form of *differentiable augmentation* (Zhao et al. 2020).

# %%
guess_long = questions.predict(
    "FreezeD on 25 letters, more than twice as many rounds. Without shifts, the Fréchet distance",
    "goes on falling",
    1.05,
    "ends within a fifth of its lowest",
    1.2,
    "rises again",
)
guess_long

# %%
from tgan_lessons import few_shot_copies

long_stops = preset.pick([1, 2, 3], [50, 100, 200, 400, 600, 800], [50, 300, 1000, 2000])
unseen = task.reference, task.reference_y


def watch(method, images):
    learned, labels = task.draw(images, seed=0)
    game, kept = studios[method].begin(learned, labels, seed=0), []
    for stop in long_stops:
        game.advance(stop - int(game.rounds))
        fakes = meter.paint(game)
        copies = few_shot_copies.copying_share(fakes, learned, unseen, images // 5)
        kept.append((meter.distance(game).value, copies))
    return learned, fakes, *zip(*kept, strict=True)


# %%
studios[few_shot_gan.SHIFTED] = few_shot_gan.Studio(few_shot_gan.SHIFTED, source)
long_runs = {method: watch(method, 25) for method in ("FreezeD", few_shot_gan.SHIFTED)}

# %%
ax = few_shot_view.plot_rounds({name: run[2] for name, run in long_runs.items()}, long_stops, floor)
ax.set(title="25 letters, one seed", yscale="linear", ylim=(0, None))
plots.show(ax, "Without shifts the distance falls, then rises; with shifts it stays low.")

# %%
values = long_runs["FreezeD"][2]
guess_long.compare(values[-1] / min(values))

# %% [markdown]
# One seed again. Over all three, after the usual rounds:

# %%
learn(few_shot_gan.SHIFTED, [(n, seed) for n, seed in games if n < 400])

# %%
ax = few_shot_view.plot_images_needed(runs, floor)
ax.set_title(f"After {rounds} rounds: means of {len(seeds)} seeds, 95 % intervals")
plots.show(ax, "Distance over images for four methods, FreezeD with shifts among them.")
for images in (25, 100):
    mean, half = few_shot_task.reduction(runs, few_shot_gan.SHIFTED, images)
    print(f"with shifts, {images} images: {100 * mean:.0f} ± {100 * half:.0f} % lower than scratch")

# %% [markdown]
# ## Did it learn, or did it copy?
#
# A generator that stored its 25 letters would look wonderful. So look for the nearest image it
# learned from. But a small distance proves nothing: smooth, clean fakes are near to *everything*.
# Compare with as many letters that it never saw. Nearer to a learned one in half of the cases: no
# memory. In all cases: a parrot.

# %%
guess_copy = questions.predict(
    "Fine-tuned on 25 letters. How many fakes are nearer to a learned letter than to an unseen one?",
    "at most three in five",
    0.6,
    "three to four in five",
    0.8,
    "four in five, or more",
)
guess_copy

# %%
few, many = long_runs["FreezeD"], watch("FreezeD", budgets[-1])
by_chance = few_shot_copies.copying_share(task.real, few[0], unseen, 5)
named = {"25 letters": few, "25, shifts": long_runs[few_shot_gan.SHIFTED]}
named[f"{budgets[-1]} letters"] = many

# %%
ax = plots.plot_curves(
    {name: run[3] for name, run in named.items()}, x=long_stops, x_label="rounds on letters"
)
ax.axhline(by_chance, color="gray", linestyle=":", linewidth=2)
ax.text(long_stops[-1], by_chance, "real letters", ha="right", va="bottom", fontsize=13)
ax.set(ylim=(0, 1), ylabel="share nearer to a learned one")
plots.show(ax, "The share of copies over rounds: high with 25 letters, lower with more.")

# %%
share = few[3][-1]
for name, run in named.items():
    print(f"{name}: {run[3][-1]:.0%} of the fakes are nearer to a learned one")
print(f"real letters: {by_chance:.0%}")
guess_copy.compare(share)

# %%
every = len(few[1]) // 12
shown = few[1][::every][:12]
nearest = few_shot_copies.find_nearest(shown, few[0]).index
ax = few_shot_view.show_rows({"generated": shown, "nearest learned": few[0][nearest]})
plots.show(
    ax, "Twelve letters generated from 25, above the nearest letters they were learned from."
)

# %%
distances = {
    f"generated from {len(few[0])}": few_shot_copies.find_nearest(few[1], few[0]).distance,
    "real, unseen": few_shot_copies.find_nearest(task.real, few[0]).distance,
}
ax = few_shot_view.plot_nearest(distances)
plots.show(ax, "Generated letters lie much nearer to the 25 learned ones than real letters do.")

# %% [markdown]
# There it is: the fakes *are* the training letters. Shifts rescued the distance, but they brought
# no new letters. And no distance to real letters can tell you, because copies of real letters look
# real. **Few-shot generators need a memory check**, one that compares with unseen images.

# %% [markdown]
# ## Closing the loop: do generated letters teach a reader?
#
# The few-shot reader of lesson 01: a backbone that learned digits, frozen, and logistic regression
# on its features. Five or twenty labels per letter. Now we have a machine that makes *more*
# labelled letters, nine for each real one. Will the reader get better?

# %%
guess_loop = questions.predict(
    "Five real letters per class, plus 45 generated ones. Accuracy on test letters, in points:",
    "falls by more than one",
    -0.01,
    "stays within one",
    0.01,
    "rises by more than one",
)
guess_loop

# %%
import keras

from tgan_lessons import models

backbone = models.build_backbone((8, 32, 64))
reader = models.build_classifier(backbone, 10, augment=True)
steps = preset.pick(5, 500, 3000)
rate = keras.optimizers.schedules.CosineDecay(3e-3, steps)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
reader.compile(keras.optimizers.Adam(rate), loss)
shown = transfer.batches(digits.x_train, digits.y_train, steps=steps, seed=0, batch_size=64)
reader.fit(shown, shuffle=False, verbose=0)
print(f"digits read: {transfer.accuracy(reader, digits.x_test, digits.y_test):.1%}")

# %% [markdown]
# Plain augmentation is the opponent to beat: each letter turned, moved and scaled a little, nine
# times. It costs no training at all.

# %%
augmenter = models.build_augmenter(seed=1)
test_features = transfer.extract_features(backbone, task.real)
TIMES = preset.pick(1, 9, 9)


def read(x, y):
    features = transfer.extract_features(backbone, x)
    return transfer.score_linear(
        transfer.fit_linear(features, y, strength=0.03), test_features, task.real_y
    )


# %%
def extended(x, y, seed):
    game = studios[few_shot_gan.SHIFTED].learn(x, y, 2 * rounds // 3, seed)
    labels = np.tile(y, TIMES)
    made = game.generate(len(labels), labels, seed=seed + 10)
    altered = np.concatenate([augmenter(x, training=True) for _ in range(TIMES)]).clip(-1, 1)
    return {
        "real only": ([x], [y]),
        "generated": ([x, made], [y, labels]),
        "altered": ([x, altered], [y, labels]),
        "both": ([x, made, altered], [y, labels, labels]),
    }


# %%
many_seeds = preset.pick({25: 2, 100: 2}, {25: 10, 100: 4}, {25: 20, 100: 10})
readings, draws = [], [(n, s) for n, count in many_seeds.items() for s in range(count)]
for images, seed in runtime.track(draws, len(draws), "generators and readers"):
    for name, parts in extended(*task.draw(images, seed), seed).items():
        accuracy = read(*(np.concatenate(part) for part in parts))
        readings.append(transfer.Run(name, images // 5, seed, accuracy))

# %%
ax = plots.plot_gains(readings, baseline="real only")
ax.set(title="What more images add to a reader of real letters only")
plots.show(ax, "Points gained at 5 and 20 labels per class: generated, altered, and both.")

# %%
from tgan_lessons import metrics

for per_class in (5, 20):
    plain = np.mean(metrics.accuracies(readings, "real only", per_class))
    print(f"{per_class} per class, real only: {plain:.1%}")
    for name in ("generated", "altered", "both"):
        mean, half = metrics.transfer_gain(readings, name, per_class, "real only")
        print(f"   {name} added: {100 * mean:+.1f} ± {100 * half:.1f} points")
    mean, half = metrics.transfer_gain(readings, "altered", per_class, "generated")
    print(f"   altered against generated: {100 * mean:+.1f} ± {100 * half:.1f} points")

# %%
guess_loop.compare(*metrics.transfer_gain(readings, "generated", 5, "real only"))

# %% [markdown]
# A gain is one only where its interval clears zero; that of the generated letters does not. No
# surprise after the memory check: the generator saw *the same few letters* as the reader, and what
# it draws is mostly these, once more. It cannot know how a sixth person writes an R. Altered letters
# cost nothing, and at five labels they beat the generated ones, seed by seed: **we** told them what
# may change without changing the letter. Knowledge comes from data or from people, not from a
# detour.

# %% [markdown]
# ## Your turn: the few-shot lab
#
# Orange rows are generated, the blue row beneath shows the nearest letters that it learned from.
# **Press ▶.** Start from scratch or from digits, hold no, one or two layers of $D$, shift what
# it sees, change the number of letters; the learning rates act while it runs. *How long does scratch need to catch up?
# When do orange and blue become alike?*

# %%
from tgan_lessons.few_shot_lab import FewShotLab

lab = FewShotLab(source, task, eye)
for _ in range(preset.pick(1, 40, 60)):
    lab.tick()
lab

# %% [markdown]
# ## Exercises
#
# **11.1** Write the memory check: the share of fakes whose nearest learned image is nearer than
# their nearest unseen one. All arguments are arrays $(n, 28, 28, 1)$.

# %%
from tgan_lessons import few_shot_exercises


def copied_share(fakes, learned, unseen):
    return ...


few_shot_exercises.check_copies(copied_share)

# %% [markdown]
# **11.2** FreezeD: return the list of layers that $D$ may still train when its first `frozen`
# convolutions stay. Do not touch `trainable`.


# %%
def layers_to_train(discriminator, frozen):
    return ...


few_shot_exercises.check_frozen(layers_to_train)

# %% [markdown]
# **11.3** Differentiable augmentation by any `change`: return $D$'s scores of the real images and of
# the fakes. What happens if only the real ones are changed?


# %%
def changed_scores(judge_images, change, real, fake):
    return ...


few_shot_exercises.check_diff_augment(changed_scores)

# %% [markdown]
# ## What you take with you
#
# - A GAN is fine-tuned like a classifier: copy *both* players, let go of what belongs to old classes.
# - FreezeD gives one player fewer variables. Nothing else changes.
# - A distance needs features that fit, a sample size, and the floor of a perfect generator.
# - With very few images $D$ learns them by heart. Shift all that it sees, real and fake alike.
# - Ask what was copied. Compare with images that the generator never saw.
# - A generator adds no knowledge that its data did not have. Test before you augment.

# %% tags=["long"]
from tgan_lessons.questions import Question, quiz

quiz(
    Question(
        "FreezeD holds still",
        right="the first layers of the discriminator",
        wrong=("the first layers of the generator", "the whole discriminator"),
        why="Edges are edges in both tasks; the score on top has to learn what a letter is.",
    ),
    Question(
        "Fakes lie very near to the training images. That",
        right="proves copying only if they are farther from as many unseen ones",
        wrong=("proves copying", "is a sign of quality"),
        why="Smooth images are near to everything. The unseen letters are the control.",
    ),
    Question(
        "A generator learned from the same few labels as the classifier. Its images",
        right="carry no new knowledge about the classes, so measure before you use them",
        wrong=("are as good as new labels", "always do harm"),
        why="Both saw the same images. What helps must come from the source or from us.",
    ),
)

# %% [markdown]
# **References**
#
# - Wang et al. (2018), *Transferring GANs: generating images from limited data*,
#   [arXiv:1805.01677](https://arxiv.org/abs/1805.01677).
# - Mo, Cho, Shin (2020), *Freeze the discriminator: a simple baseline for fine-tuning GANs*,
#   [arXiv:2002.10964](https://arxiv.org/abs/2002.10964).
# - Karras et al. (2020), *Training generative adversarial networks with limited data* (ADA),
#   [arXiv:2006.06676](https://arxiv.org/abs/2006.06676).
# - Zhao et al. (2020), *Differentiable augmentation for data-efficient GAN training*,
#   [arXiv:2006.10738](https://arxiv.org/abs/2006.10738).
# - Meehan, Chaudhuri, Dasgupta (2020), *A non-parametric test to detect data-copying in generative
#   models*, [arXiv:2004.05675](https://arxiv.org/abs/2004.05675).
# - Heusel et al. (2017), *GANs trained by a two time-scale update rule converge to a local Nash
#   equilibrium* (the Fréchet distance), [arXiv:1706.08500](https://arxiv.org/abs/1706.08500).
