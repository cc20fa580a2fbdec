# %% [markdown]
# # 05 · Digits from noise

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/05_digits_from_noise.ipynb)

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
# Sixteen random numbers go in, a handwritten digit comes out. Nobody wrote that digit. In this
# lesson you watch **the same noise become handwriting within seconds**, on this machine.
#
# **After this lesson you can** build a small DCGAN, write its game yourself, measure what it draws
# against what a perfect generator would get, walk between two digits, and say what a step costs.
#
# **Time:** 45 minutes, about two of them computing on two cores.

# %% [markdown]
# ## What is to be imitated
#
# Real digits. Some are set aside: a small network, the **judge**, learned from those to read, and
# will measure our generator. *The generator never sees the judge's digits, nor the test digits.*

# %%
from tgan_lessons import data, judge, plots

digits = judge.unseen(data.load_mnist())
print(digits)
every = len(digits.x_train) // 20
ax = plots.show_images(digits.x_train[::every][:20], columns=10)
plots.show(ax, "Twenty real digits from the training set, all ten classes.")

# %% [markdown]
# ## Two networks
#
# The **generator** $G$ turns noise $z$, 16 numbers from a normal distribution, into an image. A
# dense layer makes a 7×7 picture of 32 channels; two *transposed convolutions* double its side:
# 7 → 14 → 28. The last activation is $\tanh$, because our images lie in $[-1, 1]$.

# %%
from tgan_lessons import gan_models

latent_dim = 16
generator = gan_models.build_generator(latent_dim, filters=(32, 16))
generator.summary(line_length=70)

# %% [markdown]
# The **discriminator** $D$ goes the other way, 28 → 14 → 7, and ends in *one number*, the score. A
# high score says *real*. There is no sigmoid in the network: the loss has it.

# %%
discriminator = gan_models.build_discriminator(filters=(16, 32))
discriminator.summary(line_length=70)

# %% [markdown]
# ## The game, in one method
#
# With score $s$, $\log D = -\mathrm{softplus}(-s)$ and $\log(1-D) = -\mathrm{softplus}(s)$.
# So the losses of lesson 04 are
#
# $$L_D = \mathbb{E}[\mathrm{softplus}(-s_{real})] + \mathbb{E}[\mathrm{softplus}(s_{fake})],
# \qquad L_G = \mathbb{E}[\mathrm{softplus}(-s_{fake})].$$
#
# The engine asks a game for one thing only: the loss of each player, from one forward pass. It
# takes the gradients, and a move changes nobody but the player who moves.

# %%
import keras
from keras.ops import mean, shape, softplus

from tgan_lessons.game import Game


class DigitGame(Game):
    def losses(self, real):
        noise = keras.random.normal((shape(real)[0], latent_dim), seed=self.seeds)
        fake = generator(noise, training=True)
        s_real, s_fake = discriminator(real, training=True), discriminator(fake, training=True)
        loss_d = mean(softplus(-s_real)) + mean(softplus(s_fake))
        return {"D": loss_d, "G": mean(softplus(-s_fake))}


# %% [markdown]
# A **player** has a name, a network and an optimizer of its own. Both move in the same round, from
# that one forward pass. Adam without momentum ($\beta_1 = 0$): the opponent moves too, and
# yesterday's gradient is advice for another game.

# %%
from keras.optimizers import Adam

from tgan_lessons.players import Player

players = [
    Player("D", discriminator, Adam(2e-3, beta_1=0.0)),
    Player("G", generator, Adam(2e-3, beta_1=0.0)),
]
game = DigitGame(players, simultaneous=True)
game.feed(digits.x_train, batch_size=32)

# %% [markdown]
# Before anything is learned, the two players are at a tie: the scores are near 0, $D$ near ½. Then
# $L_D = 2\ln 2 \approx 1.39$ and $L_G = \ln 2 \approx 0.69$. Is it so? We ask the game for its
# losses, without a move.

# %%
first = game.losses(digits.x_train[:32])
print(f"L_D = {float(first['D']):.2f}   L_G = {float(first['G']):.2f}")

# %% [markdown]
# ## The same noise, becoming handwriting
#
# Ten noise vectors, always the same ones. We stop the game now and then and paint them.

# %%
from tgan_lessons import questions

guess = questions.predict(
    "How many rounds, of 32 real digits each, until somebody could read the first ones?",
    "fewer than 100",
    100,
    "100 to 3,000",
    3000,
    "more than 3,000",
)
guess

# %%
import time

import numpy as np

stops = preset.pick(
    [1, 5, 10], [25, 50, 100, 200, 400, 800, 1600, 2400, 3600], [25, 100, 400, 1600, 6400]
)
noise = np.random.default_rng(5).normal(size=(10, latent_dim)).astype("float32")
many = np.random.default_rng(0).normal(size=(1000, latent_dim)).astype("float32")

# %%
left = [stop for stop in stops if stop > int(game.rounds)]
if left == stops:  # a new game, a new film; run again, the cell plays what is left
    film, seconds, drawn, loss_g = [generator(noise, training=False)], [0.0], {}, []
for stop in runtime.track(left, len(left), "pictures"):
    start = time.perf_counter()
    loss_g.append(game.advance(stop - int(game.rounds))["G_loss"])
    seconds.append(seconds[-1] + time.perf_counter() - start)
    film.append(generator(noise, training=False))
    drawn[stop] = generator(many, training=False).numpy()  # for later

# %%
ax = plots.show_images(np.concatenate(film), columns=10)
for row, (stop, when) in enumerate(zip([0, *stops], seconds, strict=True)):
    ax.text(-4, 30 * row + 15, f"round {stop}\n{when:.0f} s", ha="right", va="center", fontsize=13)
plots.show(ax, "Ten columns, each one noise vector; going down, noise turns into digits.")

# %% [markdown]
# Look down one column. The blob appears first, then strokes, then *which* digit it is. And it may
# change its mind: nothing ties a noise vector to a digit.

# %% [markdown]
# ## Is it getting better? Do not ask the loss
#
# For a classifier, a falling loss is good news. We kept the generator's loss at each picture, and a
# thousand fakes. How far are they from real digits, as the judge sees them?

# %%
guess_loss = questions.predict(
    "While the pictures get better, the generator's loss",
    "falls by a fifth or more, as in every training",
    0.8,
    "wanders or rises",
)
guess_loss

# %% [markdown]
# The **Fréchet distance** compares two clouds of features by their means $\mu$ and covariances
# $\Sigma$:
#
# $$d^2 = \|\mu_f - \mu_r\|^2 + \mathrm{tr}\big(\Sigma_f + \Sigma_r - 2(\Sigma_f\Sigma_r)^{1/2}\big).$$
#
# Its features are the judge's last 64 numbers. Zero cannot be reached: two handfuls of *real* digits
# differ as well. So each figure comes with the one that a **perfect generator** would get from as
# many samples. That is its floor.

# %%
from tgan_lessons import metrics

eye = judge.load_judge()
reference = eye.features(digits.x_train[:10_000])
real = eye.features(digits.x_test[:1000])


def distance(fakes):
    return metrics.frechet_distance(eye.features(fakes), real, reference)


distances = [distance(fakes) for fakes in drawn.values()]
for stop, reading in zip(stops, distances, strict=True):
    print(f"round {stop:>5}: {reading}")

# %%
values = [reading.value for reading in distances]
ax = plots.plot_curves({"loss of G": loss_g, "Fréchet distance": values}, x=stops)
ax.axhline(distances[0].perfect, color="gray", linestyle=":")
ax.text(stops[0], distances[0].perfect, "perfect generator", va="bottom", fontsize=12)
ax.set(xlabel="round", ylabel="loss, distance", yscale="log", xscale="log")
plots.show(ax, "Over the rounds the distance falls; the generator's loss does not.")

# %%
guess_loss.compare(np.mean(loss_g[-3:]) / np.mean(loss_g[:3]))

# %% [markdown]
# And the first prediction? In the film, the first digits can be read where the distance is below
# about 5.

# %%
readable = next((stop for stop, value in zip(stops, values, strict=True) if value < 5), np.inf)
guess.compare(readable)

# %% [markdown]
# The loss says how $G$ does *against today's $D$*. Both get better, so it need not move at all. Never
# pick a GAN by its loss.

# %% [markdown]
# ## Good pictures, all kinds of pictures
#
# One number hides two failures: ugly digits, and only some of the digits. **Density** asks how
# closely fakes sit among real digits, **coverage** which share of the real digits has a fake nearby.
# And the judge can simply count.

# %%
from tgan_lessons import modes

fakes = generator(many, training=False).numpy()
for reading in metrics.density_and_coverage(eye.features(fakes), real, reference):
    print(reading)
read = eye.classify(fakes)
print(*modes.class_balance(read, digits.y_test[:1000], 10), sep="\n")
print("read as 0 to 9:", np.bincount(read, minlength=10))

# %% [markdown]
# ## Tell both players the digit
#
# So far the generator had to discover by itself that there are ten kinds. We have labels. Give them
# to *both*: $G$ is told what to draw, $D$ what it is supposed to be. The package has this game
# ready; it is your `DigitGame` with options.

# %%
guess_label = questions.predict(
    "Same networks, same rounds, but both know the label. The Fréchet distance will be",
    "less than half",
    0.5,
    "smaller by 15 to 50 %",
    0.85,
    "about the same, or larger",
)
guess_label

# %%
from tgan_lessons.gan import GAN

told = GAN(
    gan_models.build_generator(latent_dim, classes=10),
    gan_models.build_discriminator(classes=10),
    simultaneous=True,
    rates=(2e-3, 2e-3),
    beta_1=0.0,
)
told.feed((digits.x_train, digits.y_train), batch_size=32)

# %%
start = time.perf_counter()
told.advance(stops[-1] - int(told.rounds))
print(f"{int(told.rounds)} rounds in {time.perf_counter() - start:.0f} s, tracing included")

# %%
asked = np.arange(60) % 10
ax = plots.show_images(told.generate(60, asked, seed=1), columns=10)
plots.show(ax, "Six rows of generated digits; column by column 0 to 9, as asked for.")

# %%
asked = np.arange(len(real)) % 10
ordered = told.generate(len(real), asked, seed=2)
print("told:    ", distance(ordered))
print("not told:", distance(fakes))
print(f"the judge reads what was asked for: {np.mean(eye.classify(ordered) == asked):.1%}")

# %%
guess_label.compare(distance(ordered).value / distance(fakes).value)

# %% [markdown]
# One label per image is worth more than many rounds. $D$ no longer asks *is this a digit*, but *is
# this a three*, and the answer tells $G$ much more. Lesson 09 goes on from here.

# %% [markdown]
# ## Walking between two digits
#
# If $G$ had only stored its training images, the way from one to another would be a cut. Walk along
# a straight line between two noise vectors, with the label held.

# %%
ends = np.random.default_rng(3).normal(size=(2, 5, 1, latent_dim))
steps = np.linspace(0, 1, 10).reshape(1, 10, 1)
path = (1 - steps) * ends[0] + steps * ends[1]
labels = np.repeat([2, 3, 5, 7, 8], 10)
ax = plots.show_images(told.paint(path.reshape(50, latent_dim).astype("float32"), labels))
plots.show(ax, "Five rows, each a digit that changes its handwriting step by step.")

# %% [markdown]
# Slant, width and thickness change smoothly. That is what a latent space is good for. A proof that
# nothing was stored it is not: exercise 05.3 looks for the nearest real digit.

# %% [markdown]
# ## What a step costs, and why this network is small
#
# A network is a number of multiplications. We count them, for the networks above and for the sizes
# that many tutorials start with: 100 noise numbers, 256 and 128 channels.


# %%
def multiplications(network):
    total = 0
    for layer in network.layers:
        if hasattr(layer, "kernel"):
            grid = layer.input if "Transpose" in type(layer).__name__ else layer.output
            total += np.prod(layer.kernel.shape) * np.prod(grid.shape[1:-1])
    return int(total)


# %%
sizes = {
    "this lesson": (latent_dim, (32, 16), (16, 32)),
    "twice": (latent_dim, (64, 32), (32, 64)),
    "tutorials": (100, (256, 128), (64, 128)),
}
pairs = {
    name: (gan_models.build_generator(z, g), gan_models.build_discriminator(d))
    for name, (z, g, d) in sizes.items()
}
for name, (g, d) in pairs.items():
    print(f"{name:>12}: G {multiplications(g):>12,}   D {multiplications(d):>12,}")

# %%
guess_cost = questions.predict(
    "Twice the channels everywhere. A round will take",
    "about as long (at most 1.4 times)",
    1.4,
    "1.4 to 2.7 times as long",
    2.7,
    "longer still",
)
guess_cost


# %%
def milliseconds(part, rounds):
    part(1)
    start = time.perf_counter()
    part(rounds)
    return 1000 * (time.perf_counter() - start) / rounds


cost = {}
for name, (g, d) in pairs.items():
    trial = GAN(g, d, simultaneous=True)
    trial.feed(digits.x_train, batch_size=32)
    cost[name] = milliseconds(trial.advance, preset.pick(2, 20, 50))
    print(f"{name:>12}: {cost[name]:6.1f} ms a round, {1000 / cost[name]:6.1f} rounds/s")

# %%
guess_cost.compare(cost["twice"] / cost["this lesson"])

# %% [markdown]
# Multiplications grow with the *square* of the channels. A network ten times slower gets a tenth of
# the rounds, and in a game rounds are what teaches. Start small, watch, then grow. What are the
# parts of a round?

# %%
n = preset.pick(2, 100, 100)
only = {name: milliseconds(lambda k, name=name: game.move(name, k), n) for name in ("D", "G")}
both = milliseconds(game.advance, n)
print(f"D alone {only['D']:.1f} ms, G alone {only['G']:.1f} ms, one shared round {both:.1f} ms")

# %% [markdown]
# $D$ alone needs fakes, so it runs $G$ forward; $G$ alone needs a verdict, so it runs $D$ forward
# and back. A shared round runs each forward pass once.

# %% [markdown]
# ## Longer, and safe from a power cut
#
# `game` is a Keras model. `fit` works, with its progress bar and callbacks. `checkpoint.train`
# calls `fit` and saves everything on the way: weights, Adam's moments, random states. Killed and
# run again, it ends with the very same weights.

# %%
import tempfile

from tgan_lessons import checkpoint

path = tempfile.mkdtemp() + "/digits.npz"
stretch = preset.pick(2, 100, 100)
goal = int(game.rounds) + 2 * stretch

# %%
history = checkpoint.train(game, path, rounds=goal, every=stretch, verbose=2)

# %% [markdown]
# ## Your turn: the digits lab
#
# ![The digits lab in play: samples, controls, curves, a nearest neighbour](images/digits_lab.png)
#
# Press ▶ and watch. Then raise $D$'s rate tenfold: what happens to the loss of $G$, and to the
# pictures? Reset, and find out whether $G$ may be faster than $D$.
#
# On the tab *explore* you walk through two of the sixteen directions of the latent space, and pick
# a sample: the nearest real digit appears beside it. *How near is suspicious?* The number beneath
# says how far a real digit is from the nearest other one.
#
# A pause saves the run in the folder *runs*. Come back tomorrow, run this cell, and it goes on.

# %%
from tgan_lessons.digit_lab import DigitLab

networks = gan_models.build_generator(latent_dim, seed=1), gan_models.build_discriminator(seed=1)
fresh = GAN(*networks, simultaneous=True, rates=(2e-3, 2e-3), beta_1=0.0)
fresh.feed(digits.x_train, batch_size=32)
lab = DigitLab(fresh, path="runs/digit_lab.npz")
for _ in range(preset.pick(1, 60, 60)):
    lab.tick()
lab

# %% [markdown]
# ## Exercises
#
# **05.1** On the straight line between two noise vectors the middle is *shorter* than its ends:
# noise that $G$ rarely saw. Write the walk along the arc instead. With angle $\omega$ between $a$
# and $b$: $\;\frac{\sin((1-t)\,\omega)}{\sin\omega}\,a + \frac{\sin(t\,\omega)}{\sin\omega}\,b$.

# %%
from tgan_lessons import digit_exercises


def slerp(a, b, t):
    return ...


digit_exercises.check_slerp(slerp)

# %% [markdown]
# **05.2** Another game: *least squares*. $D$ wants score 1 for real and 0 for fakes,
# $L_D = \tfrac12\mathbb{E}[(s_{real}-1)^2] + \tfrac12\mathbb{E}[s_{fake}^2]$; $G$ wants 1 for its
# fakes, $L_G = \tfrac12\mathbb{E}[(s_{fake}-1)^2]$. Return both losses under their players' names.


# %%
def least_squares(s_real, s_fake):
    return {"D": ..., "G": ...}


digit_exercises.check_least_squares(least_squares)

# %% [markdown]
# **05.3** Did it only memorise? For each fake, find the *index* of the nearest real image (smallest
# squared difference over all pixels).


# %%
def nearest(fakes, reals):
    return ...


digit_exercises.check_nearest(nearest)

# %% [markdown]
# ## What you take with you
#
# - A GAN is two small networks and one method with two losses.
# - Losses do not measure pictures. Distances do, with the perfect generator's figure beside them.
# - Quality and variety are two things: look, measure both, count the classes.
# - Labels for both players are worth more than rounds.
# - Rounds per second teach more than channels. Start small.

# %% tags=["long"]
from tgan_lessons.questions import Question, quiz

quiz(
    Question(
        "A GAN's generator loss has been flat for a thousand rounds. Then",
        right="look at the pictures and at a distance",
        wrong=("training has finished", "the generator has collapsed"),
        why="The loss compares G with today's D. Both may be getting better.",
    ),
    Question(
        "A Fréchet distance of 2.1 is",
        right="unreadable without the perfect generator's figure and the sample size",
        wrong=("good", "bad"),
        why="Real digits against real digits are not at 0 either, and few samples raise it.",
    ),
    Question(
        "D's last layer has no sigmoid, because",
        right="the loss works on scores and does not overflow or go flat there",
        wrong=("D must not give probabilities", "sigmoids are slow"),
        why="log(sigmoid(s)) is computed as -softplus(-s), exact for every score.",
    ),
)

# %% [markdown]
# **References**
#
# - Goodfellow et al. (2014), *Generative adversarial networks*,
#   [arXiv:1406.2661](https://arxiv.org/abs/1406.2661).
# - Radford, Metz, Chintala (2016), *Unsupervised representation learning with deep convolutional
#   generative adversarial networks*, [arXiv:1511.06434](https://arxiv.org/abs/1511.06434).
# - Heusel et al. (2017), *GANs trained by a two time-scale update rule converge to a local Nash
#   equilibrium* (the Fréchet distance), [arXiv:1706.08500](https://arxiv.org/abs/1706.08500).
# - Naeem et al. (2020), *Reliable fidelity and diversity metrics for generative models*,
#   [arXiv:2002.09797](https://arxiv.org/abs/2002.09797).
# - Mirza, Osindero (2014), *Conditional generative adversarial nets*,
#   [arXiv:1411.1784](https://arxiv.org/abs/1411.1784).
# - Miyato, Koyama (2018), *cGANs with projection discriminator*,
#   [arXiv:1802.05637](https://arxiv.org/abs/1802.05637).
# - White (2016), *Sampling generative networks* (walking along the arc),
#   [arXiv:1609.04468](https://arxiv.org/abs/1609.04468).
