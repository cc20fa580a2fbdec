# %% [markdown]
# # 04 · The GAN game

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/04_the_gan_game.ipynb)

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
# One network forges, another one judges. The **generator** G turns noise into samples. The
# **discriminator** D looks at a sample and says how probable it is that it is real. D wants to be
# right. G wants D to be wrong. Nobody shows G the data: all it ever gets to know is D's opinion.
# **What does such a game lead to?**
#
# **After this lesson you can** write the game's value, say what the best D is and what it makes G
# minimise, give each player its own loss, recognise play that goes in circles, and read D's
# landscape.
#
# **Time:** 45 minutes, one to two of them computing on two cores.

# %% [markdown]
# ## One value, two players
#
# - $x$ is a real sample, $p_\text{data}$ its density.
# - $z$ is noise, $G(z)$ a fake, $p_g$ the density of the fakes.
# - $D(x)$, between 0 and 1, is D's probability that $x$ is real.
#
# $$V(D, G) = \mathbb{E}_x[\log D(x)] + \mathbb{E}_z[\log(1 - D(G(z)))]$$
#
# D moves to make $V$ **large**, G to make it **small**: $\min_G \max_D V(D, G)$.

# %%
import numpy as np


def value(d_real, d_fake):
    return np.mean(np.log(d_real)) + np.mean(np.log(1 - d_fake))


print(f"D is right:      {value(0.9, 0.1):.3f}")
print(f"D cannot tell:   {value(0.5, 0.5):.3f}, which is -log 4 = {-np.log(4):.3f}")
print(f"D is fooled:     {value(0.1, 0.9):.3f}")

# %% [markdown]
# ## The best D
#
# G holds still for a moment. What should D say at one place $x$? There, $V$ collects
# $p_\text{data}(x) \log d + p_g(x) \log(1 - d)$. Its slope in $d$ is zero at
#
# $$D^*(x) = \frac{p_\text{data}(x)}{p_\text{data}(x) + p_g(x)}.$$
#
# The real samples follow a bell curve around 0. The fakes: a narrower one around 1.5.

# %%
from scipy import integrate, special, stats

x = np.linspace(-6, 12, 4001)
real, fake = stats.norm(0, 1).pdf, stats.norm(1.5, 0.6).pdf
best = real(x) / (real(x) + fake(x))

# %%
from tgan_lessons import planes, plots

ax = plots.new_axes()
ax.plot(x, real(x), color=planes.REAL, linewidth=2.5, label="real samples, p_data")
ax.plot(x, fake(x), "--", color=planes.FAKE, linewidth=2.5, label="fakes, p_g")
ax.plot(x, best, color="black", linewidth=3, label="the best D")
ax.axhline(0.5, color="gray", linestyle=":")
ax.set(xlim=(-4, 5), ylim=(0, 1.3), xlabel="x", ylabel="density, probability")
ax.legend(fontsize=13, frameon=False, ncols=3, loc="upper center")
ax.set_title("Where fakes crowd, the best D says fake")
plots.show(ax, "Two bell curves and the best D: near 1 on both flanks, near 0 where fakes crowd.")

# %% [markdown]
# The best D is not low where real samples are rare: on the far left there are hardly any, and it
# says 1. It is low where there are *more fakes than real ones*. Where the curves cross it says ½.

# %% [markdown]
# ## What the best D makes G minimise
#
# Put $D^*$ into $V$, and what is left depends on G alone:
#
# $$V(D^*, G) = -\log 4 + 2 \cdot \mathrm{JSD}(p_\text{data} \,\|\, p_g)$$
#
# JSD is the **Jensen–Shannon divergence**: with the mixture $m = (p_\text{data} + p_g) / 2$, the
# mean of $\int p_\text{data} \log \frac{p_\text{data}}{m}$ and $\int p_g \log \frac{p_g}{m}$. It is
# 0 where both densities agree and $\log 2$ where they never meet. Do not believe it, integrate it:
# the left side on a grid, the right side by adaptive quadrature.


# %%
def value_of_best_d(fake):
    p, q = real(x), fake(x)
    terms = special.xlogy(p, p / (p + q)) + special.xlogy(q, q / (p + q))
    return np.trapezoid(terms, x)


# %%
def jsd(fake):
    def part(t, density):
        return special.rel_entr(density(t), (real(t) + fake(t)) / 2)

    parts = [integrate.quad(part, -8, 14, args=(d,), limit=200)[0] for d in (real, fake)]
    return sum(parts) / 2


# %%
shifts, rows = np.arange(0, 6.5, 1.0), []
for width in (1.0, 0.5):
    for shift in shifts:
        q = stats.norm(shift, width).pdf
        rows.append((width, shift, value_of_best_d(q), -np.log(4) + 2 * jsd(q)))
        print("fakes of width {:.1f} around {:.0f}: V = {:.6f}, by JSD {:.6f}".format(*rows[-1]))
print(f"largest difference: {max(abs(left - right) for *_, left, right in rows):.1e}")

# %%
ax = plots.new_axes()
for (width, color), line in zip(((1.0, planes.REAL), (0.5, planes.FAKE)), ("-", "--"), strict=True):
    sides = np.array([(left, right) for w, _, left, right in rows if w == width])
    ax.plot(shifts, sides[:, 0], line, color=color, linewidth=2.5, label=f"V, width {width}")
    ax.plot(shifts, sides[:, 1], "o", color=color, markersize=11, fillstyle="none", label="by JSD")
ax.axhline(-np.log(4), color="gray", linestyle=":")
ax.text(6, -np.log(4), "−log 4", va="bottom", ha="right", fontsize=14)
ax.set(xlabel="centre of the fakes", ylabel="V of the best D")
ax.legend(fontsize=13, frameon=False)
plots.show(
    ax, "V of the best D rises from -log 4 to 0 as fakes move away; circles by JSD lie on it."
)

# %% [markdown]
# The lowest value, $-\log 4$, belongs to one G only: the one with $p_g = p_\text{data}$, where D
# says ½ everywhere. Fakes of the wrong width never get there. And look right: far away, $V$ is
# **flat**. A D that is perfect tells G *that* it is wrong, hardly in which direction to improve.

# %% [markdown]
# ## A D that learns
#
# Nobody knows the densities. A real D gets samples. Here it is a small network, and G a
# straight line, $G(z) = 0.6 z + 1.5$ with normal $z$: the fakes from above, so we know $D^*$.

# %%
import keras

from tgan_lessons.gan import GAN
from tgan_lessons.gan_models import build_mlp_discriminator, build_mlp_generator

samples = np.random.default_rng(0).normal(size=(20_000, 1)).astype(np.float32)


# %%
def line_game(kind=GAN):
    line = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    line.set_weights([np.array([[0.6]]), np.array([1.5])])
    judge = build_mlp_discriminator((32, 32), input_dim=1, activation="tanh")
    game = kind(line, judge, rates=(3e-3, 3e-3))
    game.feed(samples, batch_size=512)
    return game


# %% [markdown]
# `move("discriminator", n)` moves D alone. D's network ends in a **score** $s(x)$, any number;
# $D(x) = \sigma(s(x)) = 1 / (1 + e^{-s(x)})$.


# %%
def opinion(game, points):
    scores = game.discriminator(points.reshape(-1, 1).astype(np.float32), training=False)
    return special.expit(np.ravel(scores))


# %%
game, learned = line_game(), {}
for moves in preset.pick((0, 5, 10), (0, 30, 400), (0, 30, 400)):
    game.move("discriminator", moves - max(learned, default=0))
    learned[moves] = opinion(game, x)

# %%
ax = plots.new_axes()
ax.plot(x, best, color="black", linewidth=6, alpha=0.3, label="the best D")
for (moves, curve), (color, _, line) in zip(learned.items(), plots.FALLBACK_STYLES, strict=True):
    ax.plot(x, curve, line, color=color, linewidth=2.5, label=f"after {moves} moves")
ax.set(xlim=(-4, 5), ylim=(0, 1.1), xlabel="x", ylabel="D(x)")
ax.legend(fontsize=13, frameon=False)
plots.show(ax, "A learned D beside the best one, after more and more moves of D alone.")

# %%
often = (real(x) + fake(x)) / 2
for moves, curve in learned.items():
    print(f"after {moves} moves: {np.trapezoid(abs(curve - best) * often, x):.3f} from the best D")

# %% [markdown]
# That is the mean distance where samples are. Where there are none, on the far right, nobody
# corrects D. It may say anything there.
#
# Now both play. A round is one move of D, then one of G.

# %%
logs = game.advance_to(preset.pick(20, 3000, 3000))
slope, centre = (float(np.ravel(w)[0]) for w in game.generator.get_weights())
print(
    f"G(z) = {slope:.2f} z + {centre:.2f}, so fakes of width {abs(slope):.2f} around {centre:.2f}"
)
print(f"D's loss, -V: {logs['discriminator_loss']:.3f}. At the equilibrium: {np.log(4):.3f}")

# %% [markdown]
# This game found its equilibrium: real samples have width 1 around 0. Theory says that it is
# *there*. It does not say that play *gets* there. A straight line and a bell curve were kind to us.

# %% [markdown]
# ## One value, but two losses
#
# You will meet texts in which both networks get the same formula as their loss. A loss is what its
# owner makes *small*. D makes $V$ large, so D's loss is $-V$. G makes $V$ small, so G's loss is
# $+V$. What if both get $-V$?

# %%
from tgan_lessons import questions

guess_same = questions.predict(
    "Both players get D's loss. Real samples lie around 0, fakes start around 1.5. The fakes",
    "move towards the real ones, more slowly",
    -0.1,
    "stay where they are",
    0.1,
    "move away from the real ones",
)
guess_same


# %%
class SameLoss(GAN):
    def losses(self, batch):
        loss = super().losses(batch)["discriminator"]
        return {"discriminator": loss, "generator": loss}


# %%
def follow(game):
    centres = [1.5]
    for _ in range(preset.pick(2, 25, 25)):
        game.advance(preset.pick(5, 60, 60))
        centres.append(float(game.generator.get_weights()[1][0]))
    return centres


# %%
centres = {"each its own loss": follow(line_game()), "both get D's": follow(line_game(SameLoss))}
rounds = preset.pick(5, 60, 60) * np.arange(len(centres["both get D's"]))
ax = plots.plot_curves(centres, x=rounds, x_label="round")
ax.axhline(0, color=planes.REAL, linewidth=2)
ax.text(0, -0.12, "centre of the real samples", va="top", fontsize=13)
ax.set(ylabel="centre of the fakes", ylim=(-0.6, None))
plots.show(ax, "With its own loss G's fakes move to the real ones; with D's loss they move away.")

# %%
start, end = centres["both get D's"][0], centres["both get D's"][-1]
print(f"both get D's loss: fakes went from {start:.2f} to {end:.2f}")
guess_same.compare(end - start)

# %% [markdown]
# With D's loss G becomes D's helper: it makes fakes that are *easy to tell*. Not a bug that
# crashes, and the loss falls nicely.
#
# Second trap: the term $\mathbb{E}[\log D(x)]$ in G's loss. Ask for its gradient.

# %%
import tensorflow as tf
from keras import ops

with tf.GradientTape(persistent=True) as tape:
    first = ops.mean(ops.log_sigmoid(game.discriminator(samples[:512])))
    fakes = game.generator(game.noise(512))
    second = ops.mean(ops.log_sigmoid(-game.discriminator(fakes)))
for name, term in (("E[log D(x)]", first), ("E[log(1 - D(G(z)))]", second)):
    reached = tape.gradient(term, game.generator.trainable_variables)
    print(name, "depends on G:", any(gradient is not None for gradient in reached))

# %% [markdown]
# There is no G in $D(x)$. The term cannot change a single weight of G; it only makes the printed
# loss harder to read. G's loss has **one** term.

# %% [markdown]
# ## When D is sure
#
# Early on, fakes are bad and D knows it: $D(G(z))$ is near 0. Two losses for G have the same goal:
#
# - **saturating**, from $V$ itself: $\mathbb{E}[\log(1 - D(G(z)))]$
# - **non-saturating**: $-\mathbb{E}[\log D(G(z))]$

# %%
guess_sure = questions.predict(
    "D is sure that the fakes are fakes. Which loss gives G the larger gradient?",
    "saturating",
    0.9,
    "both the same (within a tenth)",
    1.1,
    "non-saturating",
)
guess_sure

# %% [markdown]
# By how much does each loss change when a fake's score changes? Since $D = \sigma(s)$, the slopes
# are $-D$ and $-(1 - D)$.

# %%
d = np.linspace(0, 1, 101)
ax = plots.new_axes()
ax.plot(d, d, color=planes.FAKE, linewidth=3, label="saturating: D")
ax.plot(d, 1 - d, "--", color=planes.REAL, linewidth=3, label="non-saturating: 1 − D")
ax.set(xlabel="D(G(z)): what D thinks of a fake", ylabel="size of the slope")
ax.text(0.02, 0.52, "← here training\n    starts", fontsize=14)
ax.legend(fontsize=13, frameon=False, loc="center right")
plots.show(ax, "Slopes over D(G(z)): saturating rises from 0, non-saturating falls from 1.")

# %% [markdown]
# And in a real game? Eight narrow humps on a circle, a fresh G, and a D that trains ahead while G
# holds still. (`move` reports the gradient; at a rate of $10^{-12}$ G stays where it is.)

# %%
from tgan_lessons import toys

ring = toys.load_toy("ring")
points = ring.sample(20_000, seed=0)
ahead = preset.pick((1, 10), (1, 10, 30, 100, 300, 1000), (1, 10, 30, 100, 300, 1000))


# %%
def opinion_of_fakes(game):
    scores = game.discriminator(game.generate(1000), training=False)
    return special.expit(scores).mean()


# %%
def gradients(loss):
    game = GAN(build_mlp_generator(), build_mlp_discriminator(), loss, rates=(1e-3, 1e-12))
    game.feed(points, batch_size=256)
    norms, done = [], 0
    for moves in ahead:
        game.move("discriminator", moves - done)
        norms.append(game.move("generator", 1)["generator_gradient_norm"])
        done = moves
    return norms, opinion_of_fakes(game)


# %%
norms = {}
for name, loss in (("saturating", "minimax"), ("non-saturating", "non-saturating")):
    norms[name], sure = gradients(loss)
    print(f"{name}: D(G(z)) = {sure:.5f} at the end, G's gradient {norms[name][-1]:.4g}")
ratio = norms["non-saturating"][-1] / norms["saturating"][-1]
print(f"non-saturating / saturating: {ratio:,.0f}")

# %%
ax = plots.new_axes()
for (name, norm), style in zip(norms.items(), ("o-", "s--"), strict=True):
    color = planes.FAKE if name == "saturating" else planes.REAL
    ax.plot(ahead, norm, style, color=color, linewidth=2.5, markersize=9, label=name)
ax.set(xscale="log", yscale="log", xlabel="moves of D ahead of G", ylabel="norm of G's gradient")
ax.legend(fontsize=13, frameon=False)
plots.show(ax, "G's gradient over D's moves ahead: saturating dies away, non-saturating does not.")

# %%
guess_sure.compare(ratio)

# %% [markdown]
# Where D is sure, the saturating loss leaves G without a direction. So practice takes the other
# one, and this course does from here on. The price: the two players no longer share one $V$.

# %% [markdown]
# ## No promise: a game in two numbers
#
# The smallest game with a centre: $V = x \cdot y$. Player $x$ wants it small, player $y$ wants it
# large; at $(0, 0)$ neither can do better. The slope in $x$ is $y$, the slope in $y$ is $x$.
# Both move **at the same time**, by a step $\eta$ along their slopes.


# %%
def simultaneous(x, y, eta):
    return x - eta * y, y + eta * x


# %%
guess_xy = questions.predict(
    "They start at (1, 0) and play on and on, with a small step η. Their distance from the centre",
    "shrinks",
    0.99,
    "stays the same, they circle",
    1.01,
    "grows",
)
guess_xy

# %%
eta, place, far = 0.2, (1.0, 0.0), [1.0]
for _ in range(50):
    place = simultaneous(*place, eta)
    far.append(np.hypot(*place))
print(f"after one round: {far[1]:.6f}, and √(1 + η²) = {np.sqrt(1 + eta**2):.6f}")
print(f"after 50 rounds: {far[50]:.6f}, and √(1 + η²)^50 = {np.sqrt(1 + eta**2) ** 50:.6f}")
guess_xy.compare(far[-1])

# %% [markdown]
# Why exactly $\sqrt{1 + \eta^2}$? The step $\eta \cdot (-y, x)$ stands at a right angle to the place
# $(x, y)$ and is $\eta$ times as long. Pythagoras does the rest, in every round. A smaller $\eta$
# grows more slowly; it still grows.
#
# Two cures. **Alternating** play: $y$ sees where $x$ has gone. **Extragradient**: both look one
# step ahead, and move along the slopes *found there*. Press ▶ and move η.

# %%
from tgan_lessons import gan_view, spiral_lab

spiral = spiral_lab.SpiralLab()
for _ in range(50):
    spiral.tick()
spiral

# %%
paths = {
    name: spiral_lab.play_xy(play, eta=0.2, rounds=2000)
    for name, play in spiral_lab.XY_ROUNDS.items()
}
for name, path in paths.items():
    far = np.linalg.norm(path, axis=1)
    print(f"{name}: from {far.min():.3g} to {far.max():.3g} in 2,000 rounds, now {far[-1]:.3g}")
middle = np.linalg.norm(paths["alternating"].mean(axis=0))
print(f"alternating, mean of all places: {middle:.4f} from the centre")

# %% [markdown]
# Simultaneous play leaves. Alternating play stays on a closed orbit and never arrives, but the
# *average* of its places does: one reason why people average G's weights. Extragradient arrives.
# A GAN is a bigger game than this one, and it has this rotation in it. So no loss curve that
# settles is owed to you. The engine alternates; `simultaneous=True` changes that.

# %% [markdown]
# ## D's landscape
#
# Now networks on both sides, in the plane. Blue ground: D says real. Orange: D says fake. White: D
# cannot tell. Each arrow is $-\nabla$ of G's loss at a fake: *where D's landscape pushes it*.


# %%
def ring_game(seed=0):
    generator, judge = build_mlp_generator(seed=seed), build_mlp_discriminator(seed=seed)
    game = GAN(generator, judge, "non-saturating", rates=(1e-3, 1e-3), seed=seed)
    game.feed(points, batch_size=256)
    return game


# %% [markdown]
# **One side at a time.** D moves alone while the fakes hold still, then G moves alone while the
# landscape holds still, and again. (100 moves of D, 30 of G: a single one is too small to see.)

# %%
game = ring_game()
scene = gan_view.Scene(game, fakes=80)
views = [scene.look()]
sheet = {"0. start": planes.draw_plane(views[0], points[:150], size=720)}
turns = [("discriminator", preset.pick(3, 100, 100)), ("generator", preset.pick(3, 30, 30))]
for number, (name, moves) in enumerate((3 * turns)[:5], start=1):
    game.move(name, moves)
    views.append(scene.look())
    since = views[-2].fakes if name == "generator" else None
    picture = planes.draw_plane(views[-1], points[:150], since=since, arrows=80, size=720)
    sheet[f"{number}. {name[0].upper()} moved"] = picture

# %%
ax = planes.show_planes(sheet, columns=3)
plots.show(ax, "D turns the ground orange under the fakes, G moves them off it, D follows, and on.")

# %% [markdown]
# Arrows: where the ground pushes the fakes. Thin lines: where G has taken them from.

# %%
for number in range(1, 6):
    old, new = views[number - 1], views[number]
    if number % 2:
        print(f"{number}. D's moves took the fakes {np.abs(new.fakes - old.fakes).max()} far")
    else:
        ground = np.abs(new.landscape - old.landscape).max()
        along = gan_view.share_along(old.pushes, new.fakes - old.fakes)
        print(
            f"{number}. G's moves changed the ground by {ground}; {along:.0%} followed their arrow"
        )

# %% [markdown]
# That is a GAN. D turns the ground under the fakes orange, G walks them uphill, D comes after them.
# *Followed* means: less than 90° off. Not every fake does. They are tied together by G's weights,
# and a step that helps most of them carries some along.
#
# With so many moves per turn G runs, D runs after it, and nobody learns the ring. Now one move each
# per round:

# %%
game = ring_game()
scene, shots = gan_view.Scene(game), {}
for total in preset.pick((1, 2, 3), (200, 600, 1500), (200, 600, 1500)):
    game.advance(total - int(game.rounds))
    shots[f"round {total:,}"] = planes.draw_plane(scene.look(), points[:150], size=720)
plots.show(
    planes.show_planes(shots), "The ring at three rounds: fakes spread, then gather at humps."
)

# %% [markdown]
# ## How many of the eight?
#
# A fake is of **high quality** within three standard deviations of a hump. A hump is *recovered*
# if one fake of 2,000 is that near: generous. It is **served** if it gets at least a fifth of its
# fair share: stricter. Three games, which differ by their seed only.

# %%
guess_modes = questions.predict(
    "When training ends, how many of the 8 humps does the worst of three games serve?",
    "3 or fewer",
    4,
    "4 to 7",
    8,
    "all 8",
)
guess_modes

# %%
from tgan_lessons import modes


def watch(seed):
    game, counts = ring_game(seed), []
    for _ in range(preset.pick(2, 12, 24)):
        game.advance(preset.pick(5, 500, 500))
        counts.append(modes.count_modes(game.generate(2000, seed=1), ring))
    return counts, planes.draw_plane(gan_view.Scene(game).look(), points[:150], arrows=0, size=720)


# %%
games, ends = {}, {}
for seed in range(preset.pick(1, 3, 3)):
    games[f"seed {seed}"], ends[f"seed {seed}"] = watch(seed)

# %%
for name, counts in games.items():
    print(name, *counts[-1], sep="\n    ")
plots.show(planes.show_planes(ends), "Real samples and fakes of the three games at their end.")

# %%
rounds = preset.pick(5, 500, 500) * np.arange(1, len(counts) + 1)
served = {name: [count.served.value for count in counts] for name, counts in games.items()}
ax = plots.plot_curves(served, x=rounds, x_label="round")
ax.axhline(counts[-1].served.perfect, color="black", linewidth=1.5)
ax.text(rounds[0], 8.15, "a perfect generator", fontsize=13)
ax.set(ylabel="humps served, of 8", ylim=(-0.3, 9))
ax.legend(fontsize=13, frameon=False, loc="lower right")
plots.show(ax, "Humps served over rounds for each seed: up, and sometimes down again.")

# %%
quality = {name: [count.quality.value for count in counts] for name, counts in games.items()}
ax = plots.plot_curves(quality, x=rounds, x_label="round")
ax.axhline(counts[-1].quality.perfect, color="black", linewidth=1.5)
ax.text(rounds[0], 1.0, "a perfect generator", fontsize=13)
ax.set(ylabel="share of high quality", ylim=(0, 1.1))
ax.legend(fontsize=13, frameon=False, loc="lower right")
plots.show(ax, "Share of high-quality fakes over rounds for each seed, below the perfect one's.")

# %%
lost = sum(int((np.diff(row) < 0).sum()) for row in served.values())
print(f"times that a game served fewer humps than {rounds[0]} rounds before: {lost}")
guess_modes.compare(min(row[-1] for row in served.values()))

# %% [markdown]
# In the picture fakes sit at every hump. The count looks closer: three standard deviations are
# 0.06, less than a blue square is wide, and fakes drift in and out of that.
#
# Same networks, same data, same rates. The seed decides how it goes, and *when you stop* decides
# what you get. So report several seeds, say when you looked, and show what a perfect generator
# would score. No loss counts humps. Lesson 07 is about humps that stay empty.

# %% [markdown]
# ## Your turn: the GAN lab
#
# ![The GAN lab in play: the plane, its controls, its curves](images/GAN_lab.png)
#
# **Press ▶.** Everything on the tab *train* acts while it plays. **slow motion** makes one move at a
# time and says what it did; **move D** and **move G** move one side while the other holds still.
# What begins a new model is marked ⟳. The *filmstrip* goes back through the run.

# %%
from tgan_lessons.gan_lab import GanLab

lab = GanLab("ring")
for _ in range(preset.pick(2, 40, 40)):
    lab.tick()
lab

# %% [markdown]
# - Pause, press *move G* ten times. Where do the fakes go when nobody corrects D? Then *move D* ten
#   times. What happens to the ground where they gathered?
# - The presets come in pairs, a game that fails and its cure. Load *FAILS: D too strong*. Both losses
#   are still; which curve tells that nothing will ever happen again? Now set the loss to
#   *non-saturating* while it plays.
# - Load *FAILS: cycling*. How many moves of G per round can this D bear?
# - Tab *data*: choose *drawn*, and draw your initial. Which of its corners stay empty longest?
#
# The green bands are what a *perfect* generator gets from as many samples, from luck to luck. Nobody
# gets a divergence of 0.

# %% [markdown]
# ## Exercises
#
# **04.1** Half real, half fake is a habit and no law. D gets batches in which a `share` of the
# samples is real. Write the best D from both densities and that share.

# %%
from tgan_lessons import gan_exercises


def best_discriminator(p_data, p_g, share):
    return ...


gan_exercises.check_best_discriminator(best_discriminator)

# %% [markdown]
# **04.2** Write G's non-saturating loss from D's *scores* of the fakes, shape (n, 1). It must
# survive a score of −1000.


# %%
def generator_loss(scores):
    return ...


gan_exercises.check_generator_loss(generator_loss)

# %% [markdown]
# **04.3** Write one round of *alternating* play of $V = x \cdot y$: return the new x and y.


# %%
def play_round(x, y, eta):
    return ...


gan_exercises.check_alternating(play_round)

# %% [markdown]
# ## What you take with you
#
# - $V$ is one value. D's loss is $-V$; G's has one term, and it is not D's loss.
# - The best D is the real samples' share of what lies at a place. It makes G minimise a
#   Jensen–Shannon divergence, which is flat where real and fake never meet.
# - The non-saturating loss is steep where D is sure. That is when G needs it.
# - Play at the same time spirals outward, play in turn may circle. An equilibrium exists; nobody
#   promises that you get there.
# - D shapes the ground, G walks uphill. Count what it reached, with several seeds.

# %% tags=["long"]
from tgan_lessons.questions import Question, quiz

quiz(
    Question(
        "At one place the fakes are three times as dense as the real samples. The best D says",
        right="0.25",
        wrong=("0.33", "0.75"),
        why="One part real, three parts fake: 1 / (1 + 3).",
    ),
    Question(
        "D's loss stands at log 4 and stays there. Then",
        right="D cannot tell its samples apart",
        wrong=("G has certainly learned the data", "D has learned everything"),
        why="log 4 is what D = ½ costs. A D too weak to see a difference costs the same.",
    ),
    Question(
        "G's loss contains E[log D(x)]. What does the term do to G?",
        right="nothing: its gradient is zero",
        wrong=("it pulls fakes towards the data", "it makes training stable"),
        why="There is no G in D(x).",
    ),
    Question(
        "x and y play x · y at the same time. A smaller step η",
        right="grows more slowly",
        wrong=("reaches the centre", "circles at a constant distance"),
        why="Each round multiplies the distance by √(1 + η²), which is above 1 for every η > 0.",
    ),
)

# %% [markdown]
# **References**
#
# - Goodfellow, Pouget-Abadie, Mirza, Xu, Warde-Farley, Ozair, Courville, Bengio (2014),
#   *Generative adversarial networks*, [arXiv:1406.2661](https://arxiv.org/abs/1406.2661).
# - Arjovsky, Bottou (2017), *Towards principled methods for training generative adversarial
#   networks*, [arXiv:1701.04862](https://arxiv.org/abs/1701.04862).
# - Metz, Poole, Pfau, Sohl-Dickstein (2016), *Unrolled generative adversarial networks*,
#   [arXiv:1611.02163](https://arxiv.org/abs/1611.02163). The ring.
# - Mescheder, Nowozin, Geiger (2017), *The numerics of GANs*,
#   [arXiv:1705.10461](https://arxiv.org/abs/1705.10461).
# - Mescheder, Geiger, Nowozin (2018), *Which training methods for GANs do actually converge?*,
#   [arXiv:1801.04406](https://arxiv.org/abs/1801.04406).
# - Gidel, Berard, Vignoud, Vincent, Lacoste-Julien (2019), *A variational inequality perspective on
#   generative adversarial networks*, [arXiv:1802.10551](https://arxiv.org/abs/1802.10551).
# - Lin, Khetan, Fanti, Oh (2018), *PacGAN*, [arXiv:1712.04086](https://arxiv.org/abs/1712.04086).
#   The count of modes.
# - Kahng, Thorat, Chau, Viégas, Wattenberg (2019), *GAN Lab*,
#   [arXiv:1809.01587](https://arxiv.org/abs/1809.01587). One move at a time, in a browser.
