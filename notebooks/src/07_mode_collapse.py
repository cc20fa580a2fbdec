# %% [markdown]
# # 07 · Mode collapse

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/07_mode_collapse.ipynb)

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
# A student learns one answer by heart and gives it to every question. Each time you look at *one*
# answer, it is perfect. That is mode collapse, and D looks at one sample at a time.
#
# **After this lesson you can** read a coverage meter and say what it hides, see a collapse in D's
# landscape, say why G runs, put six cures to the test, and read the result with its intervals.
#
# **Time:** 45 minutes, about four of them computing on two cores.

# %% [markdown]
# ## Three test tracks
#
# A *mode* is a hump of the data. To count the modes that a generator finds, we need data whose modes
# are known. A ring of 8, a grid of 25, and later: 1,000.

# %%
import numpy as np

from tgan_lessons import collapse, collapse_view, modes, plots, toys

ring, grid = toys.load_toy("ring"), toys.load_toy("grid")
ax = plots.new_axes(8, 4)
for offset, toy in ((-4, ring), (5, grid)):
    x, y = toy.sample(1000, seed=0).T
    ax.plot(x + offset, y, ".", color="#0072B2", markersize=4)
ax.set(aspect="equal", title="ring: 8 narrow modes; grid: 25")
ax.set_axis_off()
plots.show(ax, "Real samples: eight tight dots on a circle, and twenty-five on a square grid.")

# %% [markdown]
# ## Reading the meter
#
# The meter draws 2,500 samples. A sample is of **high quality** if it lies within three standard
# deviations of a mode. Then it counts twice:
#
# - a mode is **recovered** if *one* such sample lies there (the count of the PacGAN paper);
# - it is **served** if it gets at least a fifth of its fair share, 20 samples of 2,500 on the grid.
#
# Three generators, made by hand. One cheats: nearly everything at a single mode, and three samples
# at each of the others.

# %%
from tgan_lessons import questions

guess_cheat = questions.predict(
    "The cheat's meter on the grid of 25 shows",
    "recovered 1, served 1",
    "recovered 25, served 1",
    "recovered 25, served 25",
)
guess_cheat

# %%
rng = np.random.default_rng(0)
few = np.repeat(grid.modes, 3, axis=0)
cheat = np.concatenate([few, np.tile(grid.modes[7], (2500 - len(few), 1))])
by_hand = {
    "cheat": cheat + rng.normal(0, 0.02, cheat.shape),
    "sloppy": grid.sample(2500, seed=1) + rng.normal(0, 0.15, (2500, 2)),
    "perfect": grid.sample(2500, seed=2),
}
meters = {name: modes.count_modes(points, grid) for name, points in by_hand.items()}

# %%
for name, (recovered, served, quality) in meters.items():
    print(f"{name:>8}: recovered {recovered.value:.0f}, served {served.value:.0f}", end=", ")
    print(f"high quality {quality.value:.1%} (a perfect generator: {quality.perfect:.1%})")
told = f"recovered {meters['cheat'].recovered.value:.0f}, served {meters['cheat'].served.value:.0f}"
guess_cheat.compare(told)

# %% [markdown]
# *Recovered* is generous: the cheat gets full marks. The sloppy generator gets full marks, too, and
# most of its samples are off. **One number is never enough.** We shall always look at
# *served*, and at quality beside it. (Not even a perfect generator has a quality of 100 %: some real
# samples lie beyond three standard deviations.)

# %% [markdown]
# ## What collapse looks like
#
# Take the ring and make G greedy: it moves ten times before D may answer. What is the best reply to a
# D that holds still? The one place that D likes best. **A single point.** Nothing in G's loss asks
# for more.

# %%
from tgan_lessons.gan import GAN
from tgan_lessons.gan_models import build_mlp_discriminator, build_mlp_generator
from tgan_lessons.gan_view import Scene

points = ring.sample(20_000, seed=0)


def ring_game(moves_of_g):
    networks = build_mlp_generator(units=(32, 32)), build_mlp_discriminator((64, 64))
    game = GAN(*networks, rates=(3e-3, 1e-3), moves=(1, moves_of_g))
    game.feed(points, batch_size=256)
    return game


# %%
guess_next = questions.predict(
    "All fakes sit at one mode. D learns that this place is full of fakes. Then",
    "they stay: a mode is a mode",
    "they spread over the ring",
    "all of them move on, to the next mode",
)
guess_next

# %%
from tgan_lessons import planes

greedy = ring_game(10)
scene = Scene(greedy, real=points[:120])
greedy.advance(preset.pick(4, 240, 240))
strip = {}
for _ in range(8):
    greedy.advance(2)
    view = collapse_view.stretch(scene.look())
    strip[f"round {int(greedy.rounds)}"] = planes.draw_plane(view, points[:120], arrows=0, size=280)

# %%
ax = planes.show_planes(strip)
plots.show(ax, "Eight moments: one cloud of fakes runs along the ring, from each mode to the next.")

# %% [markdown]
# The ground is D's opinion (its colours are stretched in each picture): blue where it says *real*,
# orange where it says *fake*. Behind the fakes the ground turns orange. Ahead it is blue. **They
# run around the ring, and D runs after them.** Each sample looks nearly real, and 7 of 8 modes are
# always empty.
#
# Here is the same game as a clock: at which mode are the fakes, over the next 400 rounds? Beneath, for
# comparison, a new game with one move each.


# %%
def follow(game, looks=100, step=4):
    shares, rounds = [], []
    for _ in range(looks):
        game.advance(step)
        shares.append(collapse.shares_at_modes(game.generate(250), ring))
        rounds.append(int(game.rounds))
    return np.array(shares), rounds


looks = preset.pick(5, 100, 100)
later = ring_game(10)
later.advance(int(greedy.rounds))  # where the strip ends
clocks = {"ten moves of G": follow(later, looks), "one move": follow(ring_game(1), looks)}

# %%
figure = plots.new_axes(10, 5.4).figure
figure.clear()
for ax, (name, (shares, rounds)) in zip(figure.subplots(2, 1), clocks.items(), strict=True):
    collapse_view.show_clock(shares, rounds, ax=ax).set_title(name)
plots.show(figure, "Ten moves: one dark mode at a time, in turn. One move: all rows evenly pale.")

# %%
shares = clocks["ten moves of G"][0][looks // 4 :]
jumps = np.mean(shares[1:].argmax(axis=1) != shares[:-1].argmax(axis=1))
print(f"nine tenths of the fakes at one mode: in {np.mean(shares.max(axis=1) > 0.9):.0%} of looks")
print(f"four rounds later at another mode: in {jumps:.0%}")
words = guess_next.options
guess_next.compare(words[1] if shares.max() < 0.6 else words[2] if jumps > 0.3 else words[0])

# %% [markdown]
# ## Five games at once
#
# One game proves nothing: the next seed may find twice as many modes. So from here on each method
# plays **five games with five seeds**. To make that affordable they are stacked: every layer of all
# five is *one* product of matrices with one more axis in front (`crowd.Crowd`). A test proves that
# each learns exactly what it would learn alone.
#
# First the plain game, then the same with the **R1 penalty**: D pays for being steep at real
# samples, $\frac{\lambda}{2}\,\mathbb{E}_x\|\nabla s(x)\|^2$ with D's score $s$.

# %%
guess_plain = questions.predict(
    "The plain GAN, one move each, mean of five seeds, modes *served*:",
    "ring 8 of 8, grid 25 of 25",
    "ring 8 of 8, grid clearly fewer than 25",
    "both clearly fewer",
)
guess_plain

# %%
seeds = tuple(range(1, 1 + preset.pick(2, 5, 5)))
pair = {name: collapse.CURES[name] for name in ("plain", "R1")}
on_ring = collapse.compare(pair, ring, seeds=seeds, rounds=preset.pick(6, 2000, 10_000))

# %%
rounds, crowds = preset.pick(6, 10_000, 20_000), {}
crowds["plain"] = collapse.train(collapse.LARGE["plain"], grid, seeds=seeds, rounds=rounds)

# %%
crowds["R1"] = collapse.train(collapse.LARGE["R1"], grid, seeds=seeds, rounds=rounds)
on_grid = {name: collapse.count(crowd, grid) for name, crowd in crowds.items()}

# %%
from tgan_lessons import metrics


def show_counts(track, counts):
    for name, group in counts.items():
        cells = []
        for what in ("recovered", "served", "quality"):
            mean, half = metrics.mean_interval(collapse.column(group, what))
            cells.append(f"{what} {mean:.2f} ± {half:.2f}")
        print(f"{track}, {name}: " + ", ".join(cells))


# %%
show_counts("ring", on_ring)
show_counts("grid", on_grid)
clouds = {f"{name}, seed 1": crowd.generate(2500)[0] for name, crowd in crowds.items()}
ax = collapse_view.show_clouds(clouds, grid)
plots.show(ax, "The grid: the plain game leaves modes empty, crossed; with R1 all 25 are there.")

# %%
on = [np.array(collapse.column(c["plain"], "served")) for c in (on_ring, on_grid)]
full = [np.all(counts == modes) for counts, modes in zip(on, (8, 25), strict=True)]
fewer = [sum(metrics.mean_interval(c)) < modes for c, modes in zip(on, (8, 25), strict=True)]
true = {"ring 8 of 8, grid 25 of 25": all(full), guess_plain.options[1]: full[0] and fewer[1]}
true["both clearly fewer"] = all(fewer)
guess_plain.compare(next((option for option, is_so in true.items() if is_so), None))

# %% [markdown]
# The ring is no problem for a plain GAN *here*. If you read of fewer modes elsewhere, both can be true:
# we move both sides once, with batches of 120, high rates that fall, and an Adam without momentum.
# Collapse is not a property of a data set. It is a property of a game.
#
# The grid is harder, and R1 cures it. (It gets one more thing: its weight falls near the end, because a
# D that must be flat cannot see the last hundredths. In both games the learning rates fall.) Why does
# a *flat* D help? Look at both landscapes, of seed 1.

# %%
grounds = {}
for name, crowd in crowds.items():
    scene = Scene(crowd.gan(1), extent=5.5, real=grid.sample(150, seed=0))
    view = collapse_view.stretch(scene.look())
    grounds[f"{name}: D's opinion"] = planes.draw_plane(view, scene.real, arrows=0, size=420)
ax = planes.show_planes(grounds)
plots.show(ax, "D's landscapes on the grid after training, of the plain game and with R1.")

# %% [markdown]
# In the plain game D knows very well where fakes are missing: there the ground is bluest. But a fake
# feels only the ground under its feet. Around a full mode the plain D is flat, and no path leads
# from there to the empty ones. With R1 the blue is round each mode alike, with slopes in between:
# D may not spend all its steepness on a few narrow walls.

# %% [markdown]
# ## The cures, one switch each
#
# | switch | what it changes | idea |
# |---|---|---|
# | two rates | D learns faster than G | D is never far from its best reply |
# | label smoothing | real samples have the target 0.9 | D is never quite sure |
# | spectral norm | each kernel's largest singular value is 1 | D is nowhere steep |
# | R1 | D pays for slope at real samples | D is flat where it matters |
# | minibatch spread | D is told how much its neighbours differ | D sees that fakes are alike |
# | packing 2–4 | D judges two to four samples as one | D sees that fakes are alike |
#
# A small game this time, so that nine of them fit: fewer units, and 2,500 rounds. Nothing else
# differs between the rows.

# %%
guess_cure = questions.predict(
    "Which switch serves the most modes of the grid in our small game?",
    *[name for name in collapse.CURES if name != "plain"],
    "none surely more than no cure",
)
guess_cure

# %%
rounds, cures = preset.pick(4, 2500, 10_000), list(collapse.CURES.items())
small = collapse.compare(dict(cures[:5]), grid, seeds=seeds, rounds=rounds)

# %%
rest = dict(cures[5 : preset.pick(6, 9, 9)])
small |= collapse.compare(rest, grid, seeds=seeds, rounds=rounds)

# %%
show_counts("grid", small)

# %%
figure = plots.new_axes(14, 0.5 * len(small) + 1.2).figure
figure.clear()
for ax, what in zip(figure.subplots(1, 3), ("recovered", "served", "quality"), strict=True):
    collapse_view.plot_cures(small, what, ax=ax)
    if what != "recovered":
        ax.set_yticklabels([])
plots.show(figure, "Three meters for each cure: mean, 95 % interval, and a dot for every seed.")

# %%
for name, group in small.items():
    gain, half = metrics.mean_interval(
        np.subtract(collapse.column(group, "served"), collapse.column(small["plain"], "served"))
    )
    print(f"{name:>16}: {gain:+.1f} ± {half:.1f} modes served more than the plain game")

# %%
served = {name: np.array(collapse.column(group, "served")) for name, group in small.items()}
more = {
    name: counts
    for name, counts in served.items()
    if name != "plain" and np.subtract(*metrics.mean_interval(counts - served["plain"])) > 0
}
guess_cure.compare(metrics.clear_best(more) if more else "none surely more than no cure")

# %% [markdown]
# Three meters, three rankings. Read which intervals clear zero. In *served*, after so few rounds of
# this small game, **hardly any does so upwards, and several lie below it**: those switches serve surely
# fewer modes than no cure at all. Where an interval holds zero, nothing is decided; the borderline
# cases change sides from one processor to the next.
#
# In *recovered*, R1 and packing 2 are above the plain game. Their fakes are still a mist that
# touches many modes and fills none. Are these cures useless, or only slow? A pack of two is one
# judgement of D instead of two, and with two rates G takes smaller steps. The table cannot tell. For R1
# you have seen the answer: with a larger G and four times as many rounds all 25 modes are served.
#
# So a cure has to be tested in *your* game, with several seeds, with more than one meter, and for long
# enough. A famous name is a reason to try it, not a result.

# %% [markdown]
# ## Beside the published tables
#
# The paper on packing, *PacGAN* (Lin and others 2018), made this count popular. Its table 1 shows ring
# and grid for a plain GAN, for minibatch discrimination and for packing 2, 3 and 4; the authors keep
# [a picture of it](https://github.com/fjxmlzn/PacGAN/blob/master/synthetic_data_experiments/results/Table1.png).
# Open it beside ours: does packing help *there*, and does it *here*? Before you compare, look at how
# the two were made.
#
# | | PacGAN, grid (from its published code) | here, the picture above |
# |---|---|---|
# | generator | 4 layers of 400, batch normalisation | 2 layers of 64 |
# | discriminator | 3 maxout layers of 200 × 5 | 3 layers of 64 |
# | rounds | 400 passes over 100,000 points, batch 100: 400,000 | 2,500, batch 120 |
# | runs | 10 | 5 |
#
# More than a hundred times as many rounds, and another game. Ours shows what the switches do early on
# in a small one; theirs what is left at the end of a long one. Neither ranks the cures for your data.

# %% [markdown]
# ## D, told of the neighbours
#
# Packing and minibatch spread answer the student from the beginning: *show me several answers side
# by side.* The spread is a single new number for D,
#
# $$o = \frac1d \sum_{j=1}^{d} \mathrm{std}_i\,(h_{ij}),$$
#
# the standard deviation of each feature $h_j$ over a group of samples $i$, averaged over the $d$
# features. Every sample of the group gets the same $o$.

# %%
guess_beside = questions.predict(
    "One real sample is judged twice: beside seven other real samples, and beside seven copies of "
    "itself. A D with minibatch spread gives it",
    "the same score: it is the same sample",
    "two different scores",
)
guess_beside

# %%
watchful = collapse.train(
    collapse.CURES["minibatch spread"], grid, seeds=(1,), rounds=preset.pick(4, 1500, 1500)
).gan(1)
others = grid.sample(8, seed=3)
copies = np.tile(others[:1], (8, 1))
scores = [float(watchful.discriminator(batch)[0, 0]) for batch in (others, copies)]
print(f"beside seven others: score {scores[0]:.2f}; beside seven copies: {scores[1]:.2f}")
guess_beside.compare(guess_beside.options[int(abs(scores[0] - scores[1]) > 0.01)])

# %% [markdown]
# The price: **D's score is no longer the score of a sample.** It depends on who stands beside it. A
# batch must hold only real samples or only fakes, a single picture cannot be judged any more, and
# a heat map of D has no meaning. Batch normalisation in D has the same side effect, unasked.
#
# And which of the two scores is higher? D learns what separates *today's* fakes from real samples. If
# they are a wide mist, alike may even count as real. A new input is no order what to do with it.

# %% [markdown]
# ## A thousand modes
#
# Points in the plane are toys. Take three random digits and put them into the red, the green and the
# blue channel. There are $10^3$ combinations, so 1,000 modes, and a judge that reads each channel
# tells which one a picture is.

# %%
from tgan_lessons import data, judge, stacked

digits, eye = judge.unseen(data.load_mnist()), judge.load_judge()
pictures = stacked.stack(digits.x_train, preset.pick(500, 20_000, 60_000), seed=0)
numbers = stacked.read(pictures[:10], eye.classify)
ax = plots.show_images(pictures[:10], [f"{number:03d}" for number in numbers])
plots.show(ax, "Ten pictures of three overlaid digits in red, green and blue, with their numbers.")

# %% [markdown]
# Two numbers again: how many modes a thousand-mode generator finds, and the Kullback–Leibler
# divergence of their shares $p_k$ from even ones,
#
# $$\mathrm{KL} = \sum_k p_k \log \frac{p_k}{1/1000}.$$
#
# It is 0 if all modes are equally likely, and $\log 1000 = 6.9$ if there is only one.

# %%
from tgan_lessons import gan_models


def stacked_game(seed, **rules):
    shape = {"image_shape": (28, 28, 3), "seed": seed}
    networks = gan_models.build_generator(64, **shape), gan_models.build_discriminator(**shape)
    game = GAN(*networks, rates=(1e-3, 1e-3), simultaneous=True, seed=seed, **rules)
    game.feed(pictures, batch_size=32)
    return game


# %%
guess_stacked = questions.predict(
    "A plain GAN has played some hundred rounds. Of 1,000 modes, how many do its samples hold?",
    "fewer than 300",
    300,
    "300 to 900",
    900,
    "more than 900",
)
guess_stacked

# %%
looked_at = preset.pick(200, 4000, 20_000)
real_digits = eye.classify(digits.x_test)
halves = preset.pick((2, 4), (250, 500), (350, 3000))


def count_stacks(game):
    numbers = stacked.read(game.generate(looked_at, seed=9), eye.classify)
    return stacked.count_stacks(numbers, real_digits)


# %%
stacks, painted = {}, {}


def play_stacks(name, **rules):
    stacks.update({(name, half): [] for half in halves})
    for seed in runtime.track(seeds[:3], len(seeds[:3]), "games"):
        game = stacked_game(seed, **rules)
        for half in halves:
            game.advance(half - int(game.rounds))
            stacks[name, half].append(count_stacks(game))
    painted[name] = game.generate(10, seed=4)


play_stacks("plain")

# %%
play_stacks("R1", penalty="r1", penalty_weight=10.0)

# %%
for (name, half), counts in stacks.items():
    (found, half_width), (kl, kl_half) = (
        metrics.mean_interval([getattr(count, what).value for count in counts])
        for what in ("modes", "kl")
    )
    print(
        f"{name:>5}, round {half}: {found:.0f} ± {half_width:.0f} modes, KL {kl:.2f} ± {kl_half:.2f}"
    )
floor = counts[0]
print(f"a perfect generator: {floor.modes.perfect:.0f} modes, KL {floor.kl.perfect:.2f}")

# %%
found = [count.modes.value for count in stacks["plain", halves[0]]]
guess_stacked.compare(*metrics.mean_interval(found))

# %%
ax = plots.show_images(np.concatenate(list(painted.values())), columns=10)
plots.show(ax, "Ten stacked digits of the plain game, and beneath them ten with R1.")

# %% [markdown]
# The plain game collapses: nearly the same picture for everybody. With R1, hundreds of modes are there
# at the second stop, and every seed is far ahead. Neither is near the perfect generator:
# 500 rounds are few, and a thousand modes take longer.
#
# Published numbers, from far longer trainings of other networks, read by other judges:
#
# | | modes of 1,000 | KL |
# |---|---|---|
# | unrolled GAN | 48.7 | 4.32 |
# | VEEGAN | 150.0 | 2.95 |
# | WGAN-GP | 959.0 | 0.73 |
# | PacGAN | 1000.0 ± 0.0 | 0.06 ± 0.01 |
#
# (They stand side by side in table 1 of *EnGAN*, the conference submission of Kumar and others 2019.
# All but WGAN-GP were taken from Belghazi and others 2018.) What is missing there is the last line that
# we printed: what does a *perfect* generator get, with this judge and as many samples?

# %% [markdown]
# ## Your turn: a collapse in your hands
#
# The GAN lab of lesson 04, with the greedy G. The chart *modes served* is the coverage meter; green
# is what a perfect generator gets. **Press ▶** and let it run around the ring. Then set *moves of G*
# to 1 while it plays. Then choose the preset *FAILS: collapse*, and cure it without touching the loss:
# try *label smoothing*, *packing* and *R1*. Which of them helps, and how soon?

# %%
from tgan_lessons.gan_lab import GanLab

lab = GanLab("ring", moves_g=10, width=32)
for _ in range(preset.pick(2, 40, 40)):
    lab.tick()
lab

# %% [markdown]
# ## Exercises
#
# **07.1** Count the recovered modes: those with at least one point within three standard deviations.
# `points` has the shape (n, 2), `centres` (k, 2).

# %%
from tgan_lessons import collapse_exercises


def count_recovered(points, centres, std):
    return ...


collapse_exercises.check_count(count_recovered)

# %% [markdown]
# **07.2** Minibatch spread in NumPy: append to each sample of `x`, shape (n, d), the standard deviation
# over the samples, averaged over the features. The result has the shape (n, d + 1).


# %%
def add_spread(x):
    return ...


collapse_exercises.check_spread(add_spread)

# %% [markdown]
# **07.3** Pack: n samples of d numbers become n / together rows. Each sample is used once.


# %%
def pack(x, together):
    return ...


collapse_exercises.check_pack(pack)

# %% [markdown]
# **07.4** Two cures, one number for each of the same five seeds. Is the first one *surely* better: does
# the 95 % interval of the mean difference lie above 0? (`metrics.mean_interval` gives a mean and half
# the width of its interval.)


# %%
def surely_better(ours, theirs):
    return ...


collapse_exercises.check_surely_better(surely_better)

# %% [markdown]
# ## What you take with you
#
# - G's loss is a mean over single samples. Nothing in it asks that they differ. The best reply to a D
#   that holds still is one point.
# - D chases, G runs. Collapse belongs to the game, not to the data.
# - A coverage meter needs at least two numbers and a floor. *Recovered* can be bought with one sample.
# - A flat D leads from full modes to empty ones. A D that sees several samples can notice that they
#   are alike, and pays with scores that depend on the neighbours.
# - One seed is an anecdote. A cure's name is a hypothesis: test it in *your* game, with intervals.

# %% tags=["long"]
from tgan_lessons.questions import Question, quiz

quiz(
    Question(
        "A generator puts 2,428 of 2,500 samples at one mode and 3 at each of the other 24. "
        "PacGAN's count says",
        right="25 of 25 recovered",
        wrong=("1 of 25 recovered", "24 of 25 recovered"),
        why="One sample near a mode recovers it. Served is 1 of 25: that count asks for 20 samples.",
    ),
    Question(
        "D holds still, and G trains on and on. All its fakes end",
        right="where D's score is highest",
        wrong=("spread like the data", "wherever they began"),
        why="Each fake climbs alone. None of them knows of the others.",
    ),
    Question(
        "D packs two samples. A generator with a single mode now",
        right="is caught: pairs of real samples are mostly different",
        wrong=("is as safe as before", "is caught only by chance"),
        why="On the ring, 1 of 8 real pairs lies at the same mode; of its pairs, all do.",
    ),
    Question(
        "Five seeds each: cure A serves 21 ± 4 modes, cure B 18 ± 4. Then",
        right="nothing is decided: look at the differences seed by seed, or run more",
        wrong=("A is better", "they are equally good"),
        why="The intervals hold each other's mean. That is not a proof of equality either.",
    ),
)

# %% [markdown]
# **References**
#
# - Lin, Khetan, Fanti, Oh (2018), *PacGAN: The power of two samples in generative adversarial
#   networks*, [arXiv:1712.04086](https://arxiv.org/abs/1712.04086);
#   [their code](https://github.com/fjxmlzn/PacGAN).
# - Metz, Poole, Pfau, Sohl-Dickstein (2016), *Unrolled generative adversarial networks*,
#   [arXiv:1611.02163](https://arxiv.org/abs/1611.02163). The ring and the stacked digits.
# - Srivastava, Valkov, Russell, Gutmann, Sutton (2017), *VEEGAN*,
#   [arXiv:1705.07761](https://arxiv.org/abs/1705.07761).
# - Kumar, Ozair, Goyal, Courville, Bengio (2019), *Maximum entropy generators for energy-based
#   models*, [arXiv:1901.08508](https://arxiv.org/abs/1901.08508).
# - Belghazi, Baratin, Rajeswar, Ozair, Bengio, Courville, Hjelm (2018), *MINE*,
#   [arXiv:1801.04062](https://arxiv.org/abs/1801.04062).
# - Salimans, Goodfellow, Zaremba, Cheung, Radford, Chen (2016), *Improved techniques for training
#   GANs*, [arXiv:1606.03498](https://arxiv.org/abs/1606.03498). Smoothing, minibatch discrimination.
# - Karras, Aila, Laine, Lehtinen (2018), *Progressive growing of GANs*,
#   [arXiv:1710.10196](https://arxiv.org/abs/1710.10196). Minibatch standard deviation.
# - Heusel, Ramsauer, Unterthiner, Nessler, Hochreiter (2017), *GANs trained by a two time-scale
#   update rule*, [arXiv:1706.08500](https://arxiv.org/abs/1706.08500).
# - Miyato, Kataoka, Koyama, Yoshida (2018), *Spectral normalization*,
#   [arXiv:1802.05957](https://arxiv.org/abs/1802.05957).
# - Mescheder, Geiger, Nowozin (2018), *Which training methods for GANs do actually converge?*,
#   [arXiv:1801.04406](https://arxiv.org/abs/1801.04406). R1.
