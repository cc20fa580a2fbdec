# %% [markdown]
# # 08 · Wasserstein

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/08_wasserstein.ipynb)

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
# A perfect discriminator knows everything, and its loss tells the generator nothing. Is that bad
# luck, or is the question wrong that we ask D? This lesson asks another one. Not *real or fake?* but
# **how far?** The answer slopes where the old one is flat, and it can be read like a meter.
#
# **After this lesson you can** say where the Jensen–Shannon divergence is flat and why, compute the
# earth mover's distance by hand, train a critic that measures it, say what weight clipping breaks
# and what the gradient penalty repairs, and what all that costs.
#
# **Time:** 45 minutes, about three of them computing on two cores.

# %% [markdown]
# ## Two humps that never meet
#
# Real samples form a narrow hump at 0, fakes the same hump at $\theta$. The best G has $\theta = 0$.
# Lesson 04 found what the best D makes G minimise: the Jensen–Shannon divergence, JSD.

# %%
from tgan_lessons import questions

guess_flat = questions.predict(
    "The fakes come closer, from 5 to 4. Each hump is 0.3 wide. The Jensen–Shannon divergence",
    "does not change in the first six decimals",
    1e-6,
    "falls by less than a tenth",
    0.07,
    "falls by more",
)
guess_flat

# %%
import numpy as np

from tgan_lessons.distance_lab import jensen_shannon

far, near = jensen_shannon(5, width=0.3), jensen_shannon(4, width=0.3)
print(f"JSD at 5: {far:.9f}\nJSD at 4: {near:.9f}\nlog 2:    {np.log(2):.9f}")
guess_flat.compare(far - near)

# %% [markdown]
# JSD asks of each place: *more real samples or more fakes?* Where the humps share no place, the
# answer is clear everywhere, at 5 as at 4, and it stays $\log 2$. **It knows that they differ, not by
# how much.** But *you* see which is nearer. You think of a way to go.
#
# Imagine earth, heaped up like the fakes. Carry it to where the real hump is. The cheapest plan's
# cost, earth times distance, is the **earth mover's distance**, or Wasserstein-1, $W_1$. For these
# humps each grain goes $\theta$ to the left, so $W_1 = |\theta|$.
#
# In the lab, a ball lies on the distance that G makes small. **Press ▶.** Then choose *earth
# mover's*. Then go back, reset, and make the humps wider: from which width on does the ball roll?

# %%
from tgan_lessons.distance_lab import DistanceLab

lab = DistanceLab()
for _ in range(20):
    lab.tick()
stuck = lab.theta
lab

# %%
lab.panel.set(distance="earth mover's")
lab.reset()
for _ in range(20):
    lab.tick()
print(
    f"20 steps from 4.00: by Jensen–Shannon to {stuck:.2f}, by the earth mover to {lab.theta:.2f}"
)

# %% [markdown]
# Real images are like narrow humps. They fill a thin sheet in the space of all pixels; fakes fill
# another. Two thin sheets hardly ever meet. (That is Arjovsky and Bottou's argument. The
# non-saturating loss of lesson 04 helps G out of the flat place, at a price that they describe.)

# %% [markdown]
# ## The distance, by hand
#
# Six fakes and six real samples on a line. Who goes where? The cheapest of all $6! = 720$ plans can
# be found by trying.

# %%
from itertools import permutations

fakes = np.array([2.1, 3.4, -0.6, 4.5, 1.0, 0.8])
reals = np.array([0.4, -0.9, 1.6, 2.2, 0.1, -1.5])

# %%
costs = {plan: np.abs(fakes - reals[list(plan)]).mean() for plan in permutations(range(6))}
cheapest = min(costs, key=costs.get)
print(f"cheapest of {len(costs)}: {costs[cheapest]:.4f}, dearest: {max(costs.values()):.4f}")
print(f"both sorted, first to first: {np.abs(np.sort(fakes) - np.sort(reals)).mean():.4f}")

# %% [markdown]
# **On a line, sort both.** The leftmost grain goes to the leftmost hole, and no plan is cheaper: paths
# that cross gain nothing. In the plane there is no order, and a program has to search
# (`transport.match`). This is what it finds between a ring of fakes and three humps.

# %%
from tgan_lessons import plots, toys, transport

turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
circle = 3.2 * np.column_stack([np.cos(turn), np.sin(turn)])
humps = toys.load_toy("gaussians").sample(60, seed=0)
goal = humps[transport.match(circle, humps)]

# %%
from tgan_lessons import planes

ax = plots.new_axes(6, 5)
ax.plot(*np.stack([circle, goal]).transpose(2, 0, 1), color="gray", linewidth=1)
ax.plot(*circle.T, "o", color=planes.FAKE, label="fakes")
ax.plot(*humps.T, "s", color=planes.REAL, label="real samples")
ax.set(aspect="equal", title=f"mean way: {transport.earth_movers_distance(circle, humps):.2f}")
ax.legend(fontsize=13, frameon=False, loc="center left", bbox_to_anchor=(0.1, 0.5))
plots.show(ax, "Sixty fakes on a ring, each joined by a line to its real sample in three humps.")

# %% [markdown]
# No two lines cross. The plan also says *in which direction* each fake should go, and no fake is
# told to go where another one goes already: three humps, twenty fakes each. Keep that in mind when
# you think of mode collapse.

# %% [markdown]
# ## A critic measures it
#
# Searching for a plan takes long, and says nothing of how to change G's weights. Kantorovich and
# Rubinstein found a second way to the same number:
#
# $$W_1 = \max_f\; \mathbb{E}_x[f(x)] - \mathbb{E}_z[f(G(z))],
# \qquad |f(x) - f(y)| \le \|x - y\| \text{ for all } x, y.$$
#
# Search for a function that is high on real samples and low on fakes, but **nowhere steeper than
# 1** (*1-Lipschitz*). A network can be that $f$. It gives no probability any more; it is called a
# **critic**. With $f$ as its score $s$, the losses are the shortest of this course:
#
# $$L_D = \mathbb{E}[s_{fake}] - \mathbb{E}[s_{real}], \qquad L_G = -\mathbb{E}[s_{fake}].$$
#
# How to keep it from being steep? Gulrajani and others *fine* it. At places $\hat x$ on straight lines
# between a real sample and a fake, the slope should be 1:
#
# $$L_D + \lambda\, \mathbb{E}\big[(\|\nabla s(\hat x)\| - 1)^2\big].$$
#
# Real samples at 0 with width 1, fakes at 6, both held still. First a D, then a critic.

# %%
import keras

from tgan_lessons.gan import GAN
from tgan_lessons.gan_models import build_mlp_discriminator, build_mlp_generator

normal = np.random.default_rng(0).normal(size=(20_000, 1)).astype(np.float32)


# %%
def far_game(**rules):
    shift = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    shift.set_weights([np.array([[1.0]]), np.array([6.0])])
    judge = build_mlp_discriminator((32, 32), input_dim=1)
    game = GAN(shift, judge, rates=(1e-3, 1e-3), **rules)
    game.feed(normal, batch_size=256)
    return game


# %%
guess_slope = questions.predict(
    "D and critic learn, G holds still. At the fakes, what does G get?",
    "a stronger slope from D than from the critic",
    0.5,
    "about the same (within a factor of 2)",
    2,
    "from D (as a probability) less than half of the critic's",
)
guess_slope

# %%
alone = preset.pick(5, 600, 600)
classic = far_game(loss="non-saturating")
critic = far_game(loss="wasserstein", penalty="gradient", penalty_weight=1.0)
for game in (classic, critic):
    game.move("discriminator", alone)
critic.set_coefficient("penalty", 100.0)
logs = critic.move("discriminator", alone)

# %%
x = np.linspace(-4, 10, 281, dtype=np.float32)
opinion, slide = (np.ravel(game.discriminator(x[:, None])) for game in (classic, critic))
probability = 1 / (1 + np.exp(-opinion.astype(float)))
slopes = {"D": np.gradient(probability, x), "critic": np.gradient(slide, x)}
at_fakes = {name: slope[(x > 5) & (x < 7)].mean() for name, slope in slopes.items()}
print("mean slope at the fakes:", {name: f"{value:.1e}" for name, value in at_fakes.items()})

# %%
ax = plots.new_axes()
ax.plot(x, probability, "--", color="#CC79A7", linewidth=3, label="D, as a probability")
ax.plot(x, slide / 6, color="#009E73", linewidth=3, label="critic's score / 6")
for name, centre, color in (("real", 0, planes.REAL), ("fakes", 6, planes.FAKE)):
    ax.fill_between(x, np.exp(-((x - centre) ** 2) / 2), color=color, alpha=0.3)
    ax.text(centre, 0.1, name, color=color, ha="center", fontsize=15)
ax.set(xlabel="x", title="What each of them tells G")
ax.legend(fontsize=13, frameon=False, loc="lower left")
plots.show(
    ax, "D drops from 1 to 0 between the humps and is flat at both; the critic slopes evenly."
)

# %%
guess_slope.compare(abs(at_fakes["critic"]) / abs(at_fakes["D"]))

# %% [markdown]
# D has made up its mind, and *sure* is flat. The critic is a slide from the fakes to the real
# samples. And it is a meter: the true distance is 6.


# %%
def estimate(game, real):
    """The mean score of real samples, less that of fakes: the critic's guess of the distance."""
    fakes = game.generate(len(real), seed=9)
    real, fake = (game.discriminator(s, training=False).numpy().mean() for s in (real, fakes))
    return float(real - fake)


print(f"the critic's estimate: {estimate(critic, normal[:2000]):.2f}")

# %% [markdown]
# (Why first a weight of 1, then 100? The critic trades slope against fine. With weight $\lambda$ and
# distance $\theta$ it settles at slope $1 + \theta / 2\lambda$: 4 here with $\lambda = 1$, too steep for a
# meter, and 1.03 with 100. But on a line there is no way around: a critic that begins with the wrong
# sign has to pass slope 0, and a high fine forbids that. Exercise 08.4.)

# %% [markdown]
# ## Weight clipping, and how it fails
#
# The first Wasserstein GAN had no penalty. It cut each weight back to $[-c, c]$ after each move. With
# bounded weights the slope is bounded, too. *By what?* The paper's authors called it *a clearly
# terrible way*.

# %%
guess_clip = questions.predict(
    "Three layers. We clip at c = 0.01, 0.1 and 1. The critic's estimates of the distance 6 differ",
    "by less than a factor of 10",
    10,
    "by a factor of 10 to 1,000",
    1000,
    "by more",
)
guess_clip

# %%
clipped, estimates = {}, {}
for c in (0.01, 0.1, 1.0):
    clipped[c] = far_game(loss="wasserstein", clip=c)
    clipped[c].move("discriminator", alone)
    estimates[c] = estimate(clipped[c], normal[:2000])
    print(f"clipped at {c:<4}: estimate {estimates[c]:.4g}")

# %%
guess_clip.compare(max(estimates.values()) / max(min(estimates.values()), 1e-12))

# %% [markdown]
# Each layer multiplies by something that $c$ bounds. Three layers: roughly $c^3$. So $c$ does not set
# the slope, it sets *a power of the slope*. And look at the weights themselves.

# %%
spread = {}
for name, game in (("clipped at 0.1", clipped[0.1]), ("gradient penalty", critic)):
    spread[name] = np.concatenate([w.ravel() for w in game.discriminator.get_weights()])
    share = np.mean(np.abs(spread[name]) > 0.99 * np.abs(spread[name]).max())
    print(f"{name}: {share:.0%} of all weights lie at the largest size")

# %%
ax = plots.new_axes()
for (name, weights), color in zip(spread.items(), ("#CC79A7", "#009E73"), strict=True):
    shown = dict(bins=81, range=(-0.6, 0.6), histtype="step", color=color, linewidth=2.5)
    ax.hist(weights, label=name, **shown)
ax.set(xlabel="weight of the critic", ylabel="how many", yscale="log")
ax.legend(fontsize=13, frameon=False)
plots.show(ax, "Clipped weights stand in two spikes at plus and minus 0.1; the others spread out.")

# %% [markdown]
# Clipped weights stand at the walls. The critic wants to be steep, so it uses all that it is allowed,
# everywhere; what is left is a very simple function. Now take *eight* layers, and follow the gradient
# from the score back to the first one.

# %%
ring = toys.load_toy("ring")
points = ring.sample(20_000, seed=0)


# %%
def deep_game(**rule):
    deep = build_mlp_discriminator((32,) * 7)
    game = GAN(build_mlp_generator(), deep, "wasserstein", rates=(1e-4, 1e-3), **rule)
    game.feed(points, batch_size=256)
    return game


# %%
import tensorflow as tf


def gradient_by_layer(game):
    network = game.discriminator
    dense = [part for part in network.layers if isinstance(part, keras.layers.Dense)]
    inside = keras.Model(network.inputs[0], [part.output for part in dense])
    with tf.GradientTape() as tape:
        outputs = inside(np.concatenate([points[:256], game.generate(256)]))
        loss = tf.reduce_mean(outputs[-1][256:]) - tf.reduce_mean(outputs[-1][:256])
    return [float(tf.norm(gradient)) for gradient in tape.gradient(loss, outputs)]


# %%
rules = {f"clipped at {c}": {"clip": c} for c in (0.01, 0.1, 0.3)}
rules["gradient penalty"] = {"penalty": "gradient", "penalty_weight": 10.0}
by_layer = {}
for name, rule in rules.items():
    game = deep_game(**rule)
    game.move("discriminator", preset.pick(5, 400, 400))
    by_layer[name] = gradient_by_layer(game)

# %%
ax = plots.new_axes()
styles = ("v:", "#CC79A7"), ("D--", "#999999"), ("^-.", "#D55E00"), ("o-", "#009E73")
for (name, norms), (style, color) in zip(by_layer.items(), styles, strict=True):
    ax.plot(range(1, 9), norms, style, color=color, linewidth=2.5, markersize=8, label=name)
    print(f"{name:>16}: layer 1 gets {norms[0] / norms[-1]:.2g} times what layer 8 gets")
ax.set(yscale="log", xlabel="layer of the critic", ylabel="norm of the gradient")
ax.legend(fontsize=13, frameon=False, loc="lower right")
plots.show(
    ax, "Going back through eight layers: vanishing at 0.01, growing at 0.3, level otherwise."
)

# %% [markdown]
# At 0.01, the value of the paper, nothing arrives at the first layer. At 0.3 it explodes. In between
# lies a value that works for *this* depth and width, and for no other. The penalty needs no such
# search: it holds the slope itself.

# %% [markdown]
# ## The meter
#
# Lesson 05 ended with a warning: never pick a GAN by its loss. Let us see whether a critic earns
# more trust. Two games learn digits, with the same networks: the usual one, and Wasserstein with
# a penalty and three moves of the critic per round. At twelve stops we note the loss of D, and the
# Fréchet distance to real digits as the judge sees it. Does the one tell the other?

# %%
from tgan_lessons import data, gan_models, judge, metrics

digits, eye = judge.unseen(data.load_mnist()), judge.load_judge()
reference = eye.features(digits.x_train[:10_000])
real = eye.features(digits.x_test[:1000])


# %%
def digit_game(loss, **rules):
    networks = gan_models.build_generator(16), gan_models.build_discriminator()
    game = GAN(*networks, loss, rates=(2e-3, 2e-3), beta_1=0.0, **rules)
    game.feed(digits.x_train, batch_size=32)
    return game


# %%
guess_meter = questions.predict(
    "Twelve stops, ranked by D's loss and ranked by the Fréchet distance. Rank correlation 1 means "
    "the same order. Which game's loss is the better meter?",
    "the usual game's",
    -0.15,
    "both are about as good (within 0.15)",
    0.15,
    "the Wasserstein game's",
)
guess_meter


# %%
def follow(game, rounds):
    stops = np.unique(np.geomspace(20, rounds, 12).astype(int))
    rows = []
    for stop in runtime.track(stops, len(stops), "stops"):
        loss = game.advance(max(1, stop - int(game.rounds)))["discriminator_loss"]
        fakes = eye.features(game.generate(len(real), seed=1))
        distance = metrics.frechet_distance(fakes, real, reference).value
        rows.append((int(game.rounds), loss, estimate(game, digits.x_test[:1000]), distance))
    return np.array(rows).T


# %%
usual = digit_game("non-saturating", simultaneous=True)
usual_rows = follow(usual, preset.pick(30, 2400, 6000))

# %%
wgan = digit_game("wasserstein", penalty="gradient", penalty_weight=10.0, moves=(3, 1))
wgan_rows = follow(wgan, preset.pick(30, 1000, 4000))

# %%
from scipy.stats import spearmanr

rank = {}
for name, rows in (("usual", usual_rows), ("Wasserstein", wgan_rows)):
    _, loss, guess, distance = rows
    rank[name] = spearmanr(np.abs(loss), distance).statistic
    by_score = spearmanr(guess, distance).statistic
    print(f"{name:>11}: D's loss {rank[name]:+.2f}, scores real - fake {by_score:+.2f}", end="")
    print(f"; Fréchet distance at the end {distance[-1]:.2f}")

# %%
ax = plots.new_axes()
for (name, rows), style in zip(
    (("usual: loss of D", usual_rows), ("Wasserstein: |loss| of the critic", wgan_rows)),
    (("s", "#CC79A7"), ("o", "#009E73")),
    strict=True,
):
    ax.plot(rows[3], np.abs(rows[1]), style[0], color=style[1], markersize=10, label=name)
ax.set(xscale="log", yscale="log", xlabel="Fréchet distance (← better pictures)", ylabel="|loss|")
ax.legend(fontsize=13, frameon=False)
plots.show(ax, "The critic's loss falls with the Fréchet distance; the usual game's stays level.")

# %%
guess_meter.compare(rank["Wasserstein"] - rank["usual"])

# %% [markdown]
# Both games learned; one of them *said so*. The usual loss compares two players who both get better.
# The critic's estimates a distance, and when the pictures improve it shrinks. It is a meter without
# a scale, though: another network, another penalty, another unit. It can compare two moments of one
# run, never two papers.

# %%
sheet = np.concatenate([game.generate(20, seed=4) for game in (usual, wgan)])
ax = plots.show_images(sheet, columns=20)
plots.show(ax, "Above digits of the usual game, beneath those of the Wasserstein game.")

# %% [markdown]
# The pictures are not better than those of the usual game. That is not what you buy here.

# %% [markdown]
# ## What it costs
#
# The meter is right if the critic is nearly the best one, so it moves several times before G moves
# once. That is $n_\text{critic}$. In the plane the true distance can be computed by
# `transport`, so we can check: is the estimate right, and how far does G get *in the same time*?

# %%
some, other = ring.sample(500, seed=1), ring.sample(500, seed=2)
floor = transport.earth_movers_distance(some, other)
tries, seeds = preset.pick((1, 2, 10), (1, 2, 5, 10), (1, 2, 5, 10)), range(preset.pick(2, 3, 5))
moves_in_all = preset.pick(40, 9000, 30_000)  # of both players: about equal time


# %%
def plane_game(n_critic, seed):
    networks = build_mlp_generator(seed=seed), build_mlp_discriminator(seed=seed)
    rule = dict(penalty="gradient", penalty_weight=1.0, moves=(n_critic, 1), beta_1=0.0)
    game = GAN(*networks, "wasserstein", rates=(1e-3, 1e-3), seed=seed, **rule)
    game.feed(points, batch_size=128)
    return game


# %%
import time


def measure(n_critic, seed):
    game, rows = plane_game(n_critic, seed), []
    game.advance(1)
    begun = time.perf_counter()
    for _ in range(6):
        game.advance(max(1, moves_in_all // 6 // (n_critic + 1)))
        true = transport.earth_movers_distance(game.generate(500, seed=3), other)
        rows.append((time.perf_counter() - begun, estimate(game, some), true))
    return np.array(rows)


# %%
todo = [(n_critic, seed) for n_critic in tries for seed in seeds]
runs = {pair: measure(*pair) for pair in runtime.track(todo, len(todo), "games played")}

# %%
for n_critic in tries:
    found = np.array([runs[n_critic, seed] for seed in seeds])
    error = np.abs(found[..., 1] - (found[..., 2] - floor)).mean(axis=1)
    off, half = metrics.mean_interval(error)
    end, spread = metrics.mean_interval(found[:, -1, 2])
    print(f"n_critic {n_critic:>2}: {found[:, -1, 0].mean():4.1f} s, estimate off by", end=" ")
    print(f"{off:.3f} ± {half:.3f}, true distance at the end {end:.3f} ± {spread:.3f}")
print(f"a perfect generator: {floor:.3f}")

# %%
ax = plots.new_axes()
for n_critic, (color, marker, line) in zip((1, 2, 10), plots.FALLBACK_STYLES, strict=True):
    found = np.mean([runs[n_critic, seed] for seed in seeds], axis=0)
    style = dict(color=color, marker=marker, linewidth=2.2)
    ax.plot(found[:, 0], found[:, 2], line, label=f"n_critic {n_critic}", **style)
ax.axhline(floor, color="gray", linestyle=":")
ax.text(ax.get_xlim()[1], floor, "a perfect generator", va="bottom", ha="right", fontsize=13)
ax.set(xlabel="seconds", ylabel="true distance to real samples", ylim=(0, None))
ax.legend(fontsize=13, frameon=False)
plots.show(ax, "True distance over seconds for 1, 2 and 10 critic moves a round; all fall.")

# %% [markdown]
# With one move, the meter is far off at first: G runs down a slide that is not there. From two moves
# on it is about as true as it gets here, and every further move is paid with rounds of G: in
# the same time, one or two bring it further than ten. And a move itself costs more than in other
# games: the penalty takes a gradient of a gradient.
#
# (We compared the estimate with the true distance less the floor: 500 samples are never at 0 from
# 500 others, not even real from real.)

# %% [markdown]
# ## Your turn: the GAN lab, with a critic
#
# Two walls with nothing between, the hardest of the plane's data. **Press ▶.** Then set the
# *penalty* to none while it plays and watch the scores. Then clip. Switch the loss to *minimax* and
# back. *Which of the curves would you trust as a meter?*

# %%
from tgan_lessons.gan_lab import GanLab

lab = GanLab("disjoint")
lab.load_preset("cure: gradient penalty")
for _ in range(preset.pick(2, 40, 40)):
    lab.tick()
lab

# %% [markdown]
# ## Exercises
#
# **08.1** The earth mover's distance between two sets of equally many numbers, shape (n,).

# %%
from tgan_lessons import wasserstein_exercises


def earth_movers_distance(x, y):
    return ...


wasserstein_exercises.check_distance(earth_movers_distance)

# %% [markdown]
# **08.2** Both losses from scores, under the names "critic" and "generator". NumPy arrays of any
# shape come in.


# %%
def losses(real_scores, fake_scores):
    return {"critic": ..., "generator": ...}


wasserstein_exercises.check_losses(losses)

# %% [markdown]
# **08.3** The places $\hat x$ at which the penalty looks: on the line from each fake to its real image,
# at the share `alpha` of the way. Images have shape (n, height, width, channels), `alpha` has (n,).


# %%
def between(real, fake, alpha):
    return ...


wasserstein_exercises.check_between(between)

# %% [markdown]
# **08.4** On a line the critic of fakes at distance $\theta$ with slope $a$ pays
# $a\,\theta + \lambda\,(|a| - 1)^2$. Downhill from the wrong slope $a = 1$: return the largest
# $\lambda$ that still lets it roll through to slope 0, for a given `theta`.


# %%
def largest_weight(theta):
    return ...


wasserstein_exercises.check_largest_weight(largest_weight)

# %% [markdown]
# ## What you take with you
#
# - JSD compares place by place; where nothing overlaps it is flat. The earth mover's distance
#   compares *ways*, and slopes everywhere.
# - On a line: sort. In general: the best critic with slope at most 1.
# - Clipping bounds a power of the slope. The penalty holds the slope itself.
# - A critic's loss is a meter within one run. It is not a better painter.
# - The meter is paid with critic moves, so take no more than it needs. A distance comes with its floor.

# %% tags=["long"]
from tgan_lessons.questions import Question, quiz

quiz(
    Question(
        "Two narrow humps far apart are moved even further apart. The Jensen–Shannon divergence",
        right="stays at log 2",
        wrong=("grows without bound", "falls"),
        why="It compares densities place by place, and there is no place that both share.",
    ),
    Question(
        "All scores of a critic are multiplied by 10. The estimate",
        right="is ten times as large, so the slope must be held",
        wrong=("stays the same", "is nearer to the truth"),
        why="Without a bound on the slope the maximum is infinite.",
    ),
    Question(
        "A Wasserstein game has loss -0.4, another one with larger networks -0.9. Then",
        right="nothing follows: the meters have different scales",
        wrong=("the first one's pictures are better", "the second one's pictures are better"),
        why="Compare moments of one run. Between runs, measure in the same features.",
    ),
    Question(
        "The penalty's α is drawn anew for each",
        right="sample",
        wrong=("pixel", "batch"),
        why="One number for each pair gives a place on the line between the two.",
    ),
)

# %% [markdown]
# **References**
#
# - Arjovsky, Bottou (2017), *Towards principled methods for training generative adversarial
#   networks*, [arXiv:1701.04862](https://arxiv.org/abs/1701.04862).
# - Arjovsky, Chintala, Bottou (2017), *Wasserstein GAN*,
#   [arXiv:1701.07875](https://arxiv.org/abs/1701.07875).
# - Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville (2017), *Improved training of Wasserstein GANs*,
#   [arXiv:1704.00028](https://arxiv.org/abs/1704.00028).
# - Petzka, Fischer, Lukovnikov (2018), *On the regularization of Wasserstein GANs* (a fine only
#   above slope 1), [arXiv:1709.08894](https://arxiv.org/abs/1709.08894).
# - Rubner, Tomasi, Guibas (2000), *The earth mover's distance as a metric for image retrieval*,
#   [doi:10.1023/A:1026543900054](https://doi.org/10.1023/A:1026543900054).
# - Mescheder, Geiger, Nowozin (2018), *Which training methods for GANs do actually converge?*,
#   [arXiv:1801.04406](https://arxiv.org/abs/1801.04406).
