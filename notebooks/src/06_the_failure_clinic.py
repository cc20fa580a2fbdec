# %% [markdown]
# # 06 · The failure clinic

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/06_the_failure_clinic.ipynb)

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
# A GAN that fails rarely says so. No error, two losses that look like losses, and a picture that is
# no good. What now? A doctor does not guess a drug. A doctor looks, names the illness, treats *one*
# thing and looks again.
#
# This lesson is a clinic. Most of its patients come from one popular article on transfer learning
# and GANs, the rest from tutorials that thousands have copied. Every one of them is built anew
# here, with **one** defect each.
#
# **After this lesson you can** read a GAN's four instruments, find out who moves in whose turn,
# name an illness from its symptoms, prove that a cure has worked, and spot in other people's code
# what will not work.
#
# **Time:** 45 minutes, about two of them computing on two cores.

# %% [markdown]
# ## Four instruments
#
# First a healthy one, to know what healthy looks like. Eight narrow humps on a ring; squares are
# real samples, circles are fakes, and the ground is D's opinion: blue for real, orange for fake.

# %%
from tgan_lessons import clinic_patients as ward
from tgan_lessons import clinic_view, plots

rounds = preset.pick(20, 1200, 1200)
healthy = ward.admit().run(rounds)
clinic_view.show(
    {"healthy": healthy},
    "Fakes near all eight humps; losses level out; D moves in its own turn only; gradients stay.",
)

# %%
print(f"distance of the fakes to the data: {ward.distance(healthy):.2f}")
print(f"a perfect generator gets {ward.floor():.2f}")

# %% [markdown]
# 1. **The picture.** And a number for it: here the earth mover's distance of lesson 08, with what
#    luck alone costs a perfect generator.
# 2. **The losses.** Least to be trusted: two players, two moving targets.
# 3. **D's steps:** how far D's weights go in a turn. In *its own* turn, and in *G's* turn, where it
#    must be 0.0. Hardly anybody draws this curve. It is the one that finds most.
# 4. **The gradients.** Too small to move anything? Exploding? Not a number?

# %% [markdown]
# ## Patient 1

# %%
ill = ward.admit(1).run(rounds)
clinic_view.show(
    {"patient 1": ill},
    "No fake in sight; G's loss is low, D's rises; D moves as far in G's turn as in its own.",
)

# %%
from tgan_lessons import questions

guess_1 = questions.predict(
    "G's loss is low, so G should be winning, yet its fakes have left the picture. Patient 1 has",
    "a D that is too weak for this data",
    "a turn of G that trains D, too",
    "a learning rate that is too high",
)
guess_1

# %%
far = ill.recorded("d_by_g")
print(f"in G's turn D goes {min(far):.3f} to {max(far):.3f}")
guess_1.compare(guess_1.options[1] if max(far) > 0 else guess_1.options[0])

# %% [markdown]
# In G's turn everything that stands between noise and score is trained: G *and D*. The loss there
# says: call the fakes real. There are two ways to make that true. G could paint better. Or **D
# could be talked into it**, and that is the shorter way. G's loss falls, and it means nothing.
#
# The cure: in G's turn, step along *G's* variables only. That is all that sets this patient apart
# from the healthy one above: same weights, same noise, same rates. So the picture of the cure is
# there already.

# %%
clinic_view.show(
    {"ill": ill, "cured": healthy},
    "Above the ill patient; beneath, cured: fakes at the humps, and D holds still in G's turn.",
)
print(f"distance: ill {ward.distance(ill):.2f}, cured {ward.distance(healthy):.2f}")

# %% [markdown]
# ## Patient 2: cured by the book
#
# The book knows this illness, and has a cure that stands in thousands of programs:
#
# ```python
# discriminator.compile(optimizer, loss)
# discriminator.trainable = False              # for the stack only, says the book
# stack = keras.Sequential([generator, discriminator])
# stack.compile(optimizer, loss)
#
# # and then, in turn:
# discriminator.train_on_batch(...)            # D's turn
# stack.train_on_batch(...)                    # G's turn
# ```
#
# It was right for years: D was compiled *before* it was frozen, and kept what it had. `Stack` does
# exactly that, with Keras's own methods.

# %%
guess_2 = questions.predict(
    "The book's cure, in the Keras that is installed here. How far does D go in all its own turns?",
    "as far as in a healthy GAN",
    "only a little",
    "exactly 0.0",
)
guess_2

# %%
import keras

from tgan_lessons.clinic_stack import Stack

turns, points = preset.pick(5, 300, 300), ward.real_samples()
classic = Stack(points, "before the first step").play(turns)
print(f"Keras {keras.__version__}: D went {classic.gone} in its own turns, {turns} of them")
words = guess_2.options
guess_2.compare(words[2] if classic.gone == 0 else words[1] if classic.gone < 0.1 else words[0])

# %%
own = Stack(points, "after the first step").play(turns)
clinic_view.show(
    {"by the book": classic, "one step earlier": own, "own variables": healthy},
    "By the book D's steps are a flat line at 0.0; with one step before the switch D learns.",
)

# %% [markdown]
# **A discriminator that never moves, without any error.** Losses are printed, G learns to please a
# D that knows nothing, and somebody waits for it all night.
#
# And the second row? *Nothing* is different there but the order: D took one step before it was
# frozen. Keras 3 reads `trainable` when a step is **traced**, which happens at its first call. By
# the book that is after the switch: D's own step is traced with nothing to train. An error would
# have stopped our cell. Did Keras not say anything?

# %%
print("warnings:", *(classic.warned or ["none"]))

# %% [markdown]
# One warning, once, at the first of all turns, and it is true of many a model that works. So do not
# repair the order; the next update may change it back. **Use no switch at all.** Take the gradient
# of the player who moves, for that player's own variables:
#
# ```python
# gradients = tape.gradient(loss, generator.trainable_variables)
# optimizer.apply(gradients, generator.trainable_variables)
# ```
#
# (The stack's rounds are slow, so it has played fewer of them than the healthy one.)

# %%
print(f"by the book, distance {ward.distance(classic):.2f}", end="; ")
print(f"own variables, distance {ward.distance(healthy):.2f}, D's steps", end=" ")
own_turn, other_turn = healthy.recorded("d_by_d"), healthy.recorded("d_by_g")
print(f"{min(own_turn):.3f} and more, in G's turn {max(other_turn)}")

# %% [markdown]
# ## Patient 3

# %%
import numpy as np

ill = ward.admit(3).run(rounds)
clinic_view.show(
    {"patient 3": ill},
    "Fakes lie scattered, D's ground stays pale; small steps of D, with sudden jumps.",
)

# %%
guess_3 = questions.predict(
    "D moves in its own turn only, by small steps with sudden jumps. Patient 3 has",
    "too small a learning rate",
    "a D that ends in any number, and a loss made for probabilities",
    "too little data",
)
guess_3

# %% [markdown]
# How steep is D's loss for a real sample, score by score? Keras's cross-entropy is told that it
# gets probabilities, or that it gets logits.

# %%
import tensorflow as tf

scores, slopes = np.linspace(-4, 4, 161, dtype=np.float32)[:, None], {}
for logits in (False, True):
    x = tf.Variable(scores)
    with tf.GradientTape() as tape:
        losses = keras.losses.binary_crossentropy(np.ones_like(scores), x, from_logits=logits)
    slopes[logits] = np.ravel(tape.gradient(losses, x))
dead = np.mean(slopes[False] == 0)
guess_3.compare(guess_3.options[1] if dead > 0.5 else guess_3.options[0])

# %%
ax = plots.new_axes()
ax.plot(scores, slopes[True], color="#009E73", linewidth=3, label="told: logits")
ax.plot(scores, slopes[False], "--", color="#D55E00", linewidth=3, label="told: probabilities")
ax.set(ylim=(-5, 1), xlabel="D's output for a real sample", ylabel="slope of the loss")
ax.legend(fontsize=13, frameon=False, loc="lower right")
plots.show(ax, "For logits the slope runs from -1 to 0; for probabilities it is 0 outside 0 to 1.")
print(f"from -4 to 4, {dead:.0%} of the outputs have a slope of exactly 0")

# %% [markdown]
# A linear last layer gives any number. Below 0 and above 1 the loss *clips* it, and what is clipped
# has no slope. The more wrong D is, the less it learns. Cure: `from_logits=True`.

# %%
clinic_view.show(
    {"ill": ill, "cured": healthy},
    "Ill: small steps and scattered fakes. Cured: fakes at the humps.",
)
steps = [np.median(patient.recorded("d_by_d")) for patient in (ill, healthy)]
print(f"median step of D: ill {steps[0]:.4f}, cured {steps[1]:.4f}")
print(f"distance: ill {ward.distance(ill):.2f}, cured {ward.distance(healthy):.2f}")

# %% [markdown]
# ## Patient 4: digits, and a D of one line
#
# Two small GANs of digits with the same weights and the same noise. G ends in a tanh. One gets its
# digits in $[-1, 1]$, the other in $[0, 1]$, as a data loader likes to give them. Now a D of *one
# line*: **fake is what has a pixel darker than any real pixel.**

# %%
guess_4 = questions.predict(
    "Digits in [0, 1], fakes from a tanh. After the last round, the D of one line is right in",
    "less than 60 %: it can hardly tell",
    0.6,
    "60 to 90 %",
    0.9,
    "90 % or more",
)
guess_4

# %%
from tgan_lessons import clinic_gan, data

digits = data.load_mnist().x_train[:4000]
twins = {name: ward.admit_digits(digits, defect=name == "ill") for name in ("ill", "cured")}
told, sheets = {name: [] for name in twins}, {}
for name, twin in twins.items():
    for part in range(10):
        twin.advance(preset.pick(1, 40, 40))
        fakes, real = twin.sample(300, seed=part), twin.data[:300].numpy()
        told[name].append(clinic_gan.judge_by_darkest(real, fakes))
        sheets[name, part] = fakes[:12] if name == "cured" else 2 * fakes[:12] - 1

# %%
ax = plots.plot_curves(told, x=preset.pick(1, 40, 40) * np.arange(1, 11), x_label="round")
ax.axhline(0.5, color="gray", linestyle=":")
ax.set(ylabel="right answers of the one-line D", ylim=(0.4, 1.05))
plots.show(ax, "Ill: the one-line D is right nearly always. Cured: half of the time.")
guess_4.compare(told["ill"][-1])

# %%
shown = [sheets[name, part] for part in (1, 9) for name in ("ill", "cured")]
ax = plots.show_images(np.concatenate(shown), columns=12)
ax.set_title("rows: ill, cured, early; then ill, cured, at the end")
plots.show(ax, "Rows: ill and cured early, ill and cured at the end. The ill ones are greyer.")

# %% [markdown]
# Would you have noticed? Hardly. The ill ones are greyer, and that is all. But whatever D teaches,
# it need not look at a single stroke: one line tells real from fake from the first round to the
# last. With data in $[-1, 1]$, black is where tanh is at home, and the easy way is closed. Two
# minutes with `min()` and `max()` of data *and* fakes save an evening.

# %% [markdown]
# ## Patient 5

# %%
ill = ward.admit(5).run(preset.pick(20, 300, 300))
clinic_view.show(
    {"patient 5": ill},
    "D's loss and all gradients fall towards 0; the fakes stand still in one spot on orange.",
)

# %%
guess_5 = questions.predict(
    "D is right about everything, and nothing moves. D gets five moves at a high rate. Which of "
    "these makes the fakes move again within 100 rounds, D as strong as before?",
    "ten times G's learning rate",
    "G's loss: -E[log D(G(z))] in place of E[log(1 - D(G(z)))]",
    "nothing: G must wait until D makes a mistake",
)
guess_5

# %%
ill = ward.admit(5).run(preset.pick(20, 300, 300))  # as above, also where this cell runs again
step = {"saturating": ill.history[-1]["g_by_g"]}
start = ill.sample(200)
ill.treat(g_loss="non-saturating")
ill.run(preset.pick(5, 100, 100))
step["non-saturating"] = ill.history[-1]["g_by_g"]
moved = np.linalg.norm(ill.sample(200) - start, axis=1).mean()
print(f"a step of G: {step['saturating']:.1e}, then {step['non-saturating']:.1e}")
print(f"in 100 rounds the fakes moved by {moved:.2f}")
guess_5.compare(guess_5.options[1] if moved > 0.2 else guess_5.options[2])

# %% [markdown]
# The saturating loss is as steep as D's doubt, and D has none. The other one is steepest just there
# (lesson 04). So the fakes move. Are they *healed*? No. A D with five moves at a hundred times G's
# rate chases them around: **a second illness stood behind the first.** Treat one, look again, treat
# the next: one move each, and the same rate for both. That is our healthy patient.

# %%
clinic_view.show(
    {"ill, then another loss": ill, "and equal players": healthy},
    "Above: tiny gradients for 300 rounds, then large ones, fakes off the humps. Beneath: healthy.",
)
print(f"distance: another loss {ward.distance(ill):.2f}, equal, too {ward.distance(healthy):.2f}")

# %% [markdown]
# ## Patient 6: two kinds of fakes
#
# This G has batch normalisation. D's fakes come from `predict()`, G's own turn runs in training
# mode.

# %%
ill = ward.admit(6).run(preset.pick(10, 300, 300))
for_d, for_g = ill.sample(400), ill.sample(400, training=True)
apart = np.linalg.norm(for_d - for_g, axis=1).mean()
print(f"the same noise, two modes: fakes {apart:.2f} apart")
clinic_view.show(
    {"patient 6": ill},
    "G's loss is near 0 for a hundred rounds while its fakes leave the picture.",
)

# %%
guess_6 = questions.predict(
    "We let G paint D's fakes in training mode, too. After as many rounds the distance to the data",
    "is smaller",
    0.9,
    "is about the same, within a tenth",
    1.1,
    "is larger",
)
guess_6

# %%
treated = ward.admit(6, defect=False).run(preset.pick(10, 300, 300))
clinic_view.show(
    {"ill": ill, "cured": treated},
    "Fakes from predict above; fakes from training mode beneath, nearer to the humps.",
)
ends = [ward.distance(patient) for patient in (ill, treated)]
print(f"distance: ill {ends[0]:.2f}, cured {ends[1]:.2f}")
guess_6.compare(ends[1] / ends[0])

# %% [markdown]
# In training mode batch normalisation takes the *batch's* mean, in `predict()` its *moving
# average*, which trails behind. So D studies one forger and G is graded as another one. That is
# how G's loss could be near 0 while its fakes ran away: D had never been shown the kind that G is
# graded by. Given long enough the averages catch up, and the illness passes as it came. So it is
# rarely found.

# %% [markdown]
# ## Patient 7: in company
#
# Here *D* has batch normalisation, and gets real samples and fakes in **one** batch.

# %%
ill = ward.admit(7).run(rounds)
clinic_view.show(
    {"patient 7": ill},
    "D's loss is near 0, G's gradient is large, and the fakes stay in the middle of the ring.",
)

# %%
guess_7 = questions.predict(
    "D is nearly perfect, G's gradients are large, and the fakes do not get better. In D's turn a "
    "batch is half real. In G's turn it is all fake. The scores of the same fakes in both",
    "are the same",
    "differ: D reads the company, not the fake",
)
guess_7

# %%
fakes = ill.sample(64)
alone = ill.discriminator(fakes, training=True)
beside = ill.discriminator(np.concatenate([points[:64], fakes]), training=True)[64:]
chance = [float(tf.reduce_mean(tf.sigmoid(score))) for score in (beside, alone)]
print(f"D says real: {chance[0]:.1%} beside real samples, {chance[1]:.1%} among themselves")
guess_7.compare(guess_7.options[1 if abs(chance[0] - chance[1]) > 0.05 else 0])

# %%
apart = ward.admit(7, defect=False).run(rounds)
clinic_view.show(
    {"one batch": ill, "two batches": apart},
    "One batch: fakes stay in the middle. Two batches: a ring of fakes, off its place.",
)
for name, patient in (("one batch", ill), ("two batches", apart), ("no normalisation", healthy)):
    print(f"{name}: distance {ward.distance(patient):.2f}")

# %% [markdown]
# A score should be about a sample. Through shared statistics it is about the sample's *neighbours*:
# a batch that is half and half looks different from one that is all fake, and D learns that.
#
# And two batches? Here they bring the right shape, in the wrong place. Each batch is shifted to
# mean 0 before D looks at it, so D cannot see *where* the fakes are. Best is no batch
# normalisation in D at all. This course has none there.

# %% [markdown]
# ## Patient 8: nothing left to look at

# %%
ill = ward.admit(8)
for _ in range(3):
    print({name: round(value, 3) for name, value in ill.advance(1).items()})

# %%
guess_8 = questions.predict(
    "A Wasserstein game whose critic begins flat, with a gradient penalty. First round: NaN. Why?",
    "the learning rate is too high",
    "the penalty takes a square root of 0, and its slope is infinite",
    "the data holds NaN",
)
guess_8

# %%
ill, treated = (ward.admit(8, defect=defect).run(rounds) for defect in (True, False))
clinic_view.show(
    {"ill": ill, "cured": treated},
    "Ill: every curve is NaN. Cured by a guard under the root: fakes around the ring.",
)
fine = np.isfinite(treated.history[-1]["d_loss"])
guess_8.compare(guess_8.options[1 if fine else 2])

# %% [markdown]
# $\|\nabla D\| = \sqrt{g_1^2 + g_2^2}$, and the slope of $\sqrt{u}$ at $u = 0$ is infinite. Times
# an inner slope of 0: not a number, for good. Cure: $\sqrt{u + 10^{-12}}$. **NaN weights stay
# NaN:** the cure is for the next run.
#
# The same penalty has two more traps, and they never show in a curve. $\alpha$ must be *uniform*,
# and *one number per sample*. Where does the penalty look, between a real sample at (0, 0) and a
# fake at (1, 1)?

# %%
from tgan_lessons.clinic_penalty import off_the_line, places

figure = plots.new_axes(11, 3.9).figure
figure.clear()
panels = zip(figure.subplots(1, 3), ("uniform", "normal", "per number"), strict=True)
for ax, alpha in panels:
    x, y = places(alpha)[2][:400, :2].T
    ax.plot(x, y, ".", color="#0072B2" if alpha == "uniform" else "#D55E00", alpha=0.5)
    ax.plot([0, 1], [0, 1], "ks", markersize=9)
    ax.set(title=f"{alpha}: {off_the_line(alpha):.0%} off the line", xlim=(-3, 3), ylim=(-3, 3))
plots.show(
    figure, "Uniform alpha stays on the line, normal runs past its ends, per number fills a box."
)

# %% [markdown]
# ## The waiting room
#
# Not every illness needs a training. Each row here is a small function with one defect; the cells
# run it **ill and cured** and write down what they saw. ✘: the symptom is there. First the
# sentences: what the article *says*.

# %%
from tgan_lessons import clinic

clinic.examine("B1", "B2a", "B2b", "B3", "B4", "B5", "B6")

# %% [markdown]
# B4 is worth a second look. Two quadratic losses in two weights: the source knows both, the
# target's few labels speak of the first only. Fine-tuning moves the first and leaves the second
# where the source had it. Joint training drags the second along, for every $\lambda$. For $\lambda
# \to 0$ it is the source alone; for $\lambda \to \infty$ it fits the target, and still is *not*
# fine-tuning.
#
# Next, the article's transfer program: from MNIST to EMNIST by logistic regression.

# %%
clinic.examine("B8", "B9", "B10", "B11", "B12")

# %% [markdown]
# Four of these five run to the end, three without so much as a warning. B9 reads labels *drawn by
# chance* with full marks. And B12 is the kind that only a test finds: a reader of MNIST must be
# able to read EMNIST's digits.
#
# Its GAN program:

# %%
clinic.examine("B13", "B14", "B15", "B16", "B17", "B18")

# %%
clinic.examine("B19a", "B19b", "B20", "B21", "B22", "B23")

# %% [markdown]
# Errors are the *kind* ones: B13, B14, B15 and B18 stop before they can do harm. The others run.
#
# Last, what Keras 3 and the tutorials of ten years have in store for the rest of us.

# %%
clinic.examine("K1", "K2", "K3", "K4", "K5", "K6", "K7")

# %%
clinic.examine("K8a", "K8b", "K9", "K10")

# %% [markdown]
# K7, in words: `BackupAndRestore` restores what Keras can *see*. An optimizer that is an attribute
# of the model, and built, comes back; one that lives in an object of your own starts at step 0
# again, with all its moments gone, and nobody tells you. So after every resume: look at both.

# %% [markdown]
# ## The list of references
#
# A list of references can be ill, too. Symptom: a reader cannot find the work. Cure: an address for
# each, and a program that checks it.

# %%
clinic.examine("B7")

# %%
from tgan_lessons import clinic_references

clinic_references.corrected()

# %% [markdown]
# The last two rows say it plainly: **one entry of the article is listed twice, and two entries
# could not be found anywhere.** We have not put anything in their place. A reference that nobody
# can find is better missing than made up.

# %% [markdown]
# ## Your turn: the clinic
#
# Eight patients without a name, and a healthy one to compare. **Press ▶**, watch D's steps, then
# try a *treatment* while it plays. Most treatments do nothing to most patients: that is what a
# diagnosis is for. Some patients must be *reset* under the treatment before they recover. Why
# those? **diagnosis** tells.

# %%
from tgan_lessons.clinic_lab import ClinicLab

lab = ClinicLab(patient="patient 2")
for _ in range(preset.pick(2, 25, 25)):
    lab.tick()
lab

# %% [markdown]
# ## Exercises
#
# **06.1** Write G's turn: one step of `optimizer` that raises D's scores of the fakes. D must stay
# where it is, and `trainable` is not to be touched.

# %%
from keras import ops

from tgan_lessons import clinic_exercises


def g_turn(generator, discriminator, optimizer, noise):
    with tf.GradientTape() as tape:
        scores = discriminator(generator(noise, training=True), training=True)
        loss = ops.mean(ops.softplus(-scores))
    variables = ...
    optimizer.apply(tape.gradient(loss, variables), variables)


clinic_exercises.check_g_turn(g_turn)

# %% [markdown]
# **06.2** Draw $\alpha$ for the gradient penalty of `n` images (n, height, width, channels), from a
# NumPy generator `rng`.


# %%
def draw_alpha(n, rng):
    return ...


clinic_exercises.check_alpha(draw_alpha)

# %% [markdown]
# **06.3** May these come from one range? Return False where real samples and fakes, arrays of any
# shape, have plainly different ranges; a fake that only nearly reaches the ends is no reason.


# %%
def same_range(real, fake):
    return ...


clinic_exercises.check_same_range(same_range)

# %% [markdown]
# **06.4** Read the third instrument. `own` and `other` hold how far D went in its own turns and in
# G's. Return `"healthy"`, `"D never learns"`, `"D learns in G's turn"` or `"not a number"`.


# %%
def diagnose(own, other):
    return ...


clinic_exercises.check_diagnose(diagnose)

# %% [markdown]
# ## To print
#
# Symptom, cause, cure: all that was run above, from the same records.
# `clinic.handbook().to_markdown()` gives it as text.

# %%
clinic.handbook()

# %% [markdown]
# ## What you take with you
#
# - No error is no health. Of the article's eleven faults in its GAN program, four raise an error.
# - Draw how far D moves, in both turns. 0.0 in G's turn, and *not* 0.0 in its own.
# - Each turn names its variables. A switch like `trainable` is read once, and not when you think.
# - Compare with a healthy twin: same weights, same noise, one difference.
# - Say what a loss takes: logits or probabilities. Look at `min()` and `max()` of data and fakes.
# - A score must be about its sample: the same mode, no shared statistics.

# %% tags=["long"]
from tgan_lessons.questions import Question, quiz

quiz(
    Question(
        "G's loss falls to 0 within 100 rounds. Then",
        right="look who moved in G's turn, and at the picture",
        wrong=("G has learned the data", "D needs a lower learning rate"),
        why="A D that is trained to call fakes real, or that never learns, gives G that loss.",
    ),
    Question(
        "D is compiled, frozen, then stacked and compiled; its first step comes last. In Keras 3",
        right="D's own step has nothing to train",
        wrong=("an error is raised", "D trains in its own turn, as it was compiled before"),
        why="`trainable` is read when the step is traced, at its first call.",
    ),
    Question(
        "D's loss expects probabilities and D gives -3 for a real sample. D learns from it",
        right="nothing: clipped, slope 0",
        wrong=("a lot: it is very wrong", "as much as from 0.1"),
        why="What is clipped has no slope. The most wrong samples teach nothing.",
    ),
    Question(
        "A resumed run has a bump in its loss. First you check",
        right="the moments of both players' optimizers",
        wrong=("the data", "the batch size"),
        why="What Keras cannot see it does not restore.",
    ),
)

# %% [markdown]
# **References**
#
# - Goodfellow, Pouget-Abadie, Mirza, Xu, Warde-Farley, Ozair, Courville, Bengio (2014),
#   *Generative adversarial networks*, [arXiv:1406.2661](https://arxiv.org/abs/1406.2661).
# - Ioffe, Szegedy (2015), *Batch normalization*,
#   [arXiv:1502.03167](https://arxiv.org/abs/1502.03167).
# - Radford, Metz, Chintala (2016), *Unsupervised representation learning with deep convolutional
#   generative adversarial networks*, [arXiv:1511.06434](https://arxiv.org/abs/1511.06434).
# - Salimans, Goodfellow, Zaremba, Cheung, Radford, Chen (2016), *Improved techniques for training
#   GANs*, [arXiv:1606.03498](https://arxiv.org/abs/1606.03498).
# - Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville (2017), *Improved training of Wasserstein GANs*,
#   [arXiv:1704.00028](https://arxiv.org/abs/1704.00028).
# - Devlin, Chang, Lee, Toutanova (2018), *BERT*,
#   [arXiv:1810.04805](https://arxiv.org/abs/1810.04805).
# - Cohen, Afshar, Tapson, van Schaik (2017), *EMNIST*,
#   [arXiv:1702.05373](https://arxiv.org/abs/1702.05373).
