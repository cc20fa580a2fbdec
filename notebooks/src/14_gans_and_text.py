# %% [markdown]
# # 14 · GANs and text

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/14_gans_and_text.ipynb)

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
# GANs paint. Why do they not write? The models that write today are not GANs, and there is a reason
# that fits into one line of mathematics. You will see the line break, repair it in two ways, and
# then race both repairs against a model that needs no opponent at all.
#
# **After this lesson you can** say where the gradient of a drawn word is lost, draw words by the
# Gumbel trick, write the gradient of REINFORCE, judge authors by validity *and* diversity, and say
# what BERT is, and what it is not.
#
# **Time:** 45 minutes, about one of them computing on two cores.

# %% [markdown]
# ## A language that can be checked
#
# Is a text good? People disagree. So we take a language in which everybody must agree: 57,600
# sentences like *every old cat sees the dogs .* Determiners agree with nouns, and verbs with the
# first noun, even with an adjective in between. A program checks each word.

# %%
import numpy as np

from tgan_lessons import grammar, plots, text_view

sentences = grammar.sample(preset.pick(500, 5000, 5000), seed=0)
for row in sentences[:4]:
    print(grammar.decode(row))
print(f"{len(grammar.WORDS)} words, {len(sentences):,} sentences to learn from")

# %%
broken = ["a cats sees the dogs .", "two old cats sees a bird .", "the small red girl likes ."]
rows = grammar.encode([line.split() for line in broken])
ax = text_view.show_sentences({"written by us": sentences[:3], "written wrongly": rows})
plots.show(ax, "Three valid sentences with ticks; three with their first wrong word underlined.")

# %% [markdown]
# From the first word on with which no sentence of the language goes on, the text is orange. How
# often would a monkey at a keyboard with 27 keys write a valid sentence?

# %%
print(f"valid by chance: {57_600 / 27**8:.0e}")
monkey = np.random.default_rng(0).integers(0, 27, (100_000, 8))
print(f"of 100,000 drawn at random: {grammar.is_valid(monkey).sum()}")

# %% [markdown]
# ## Where the gradient is lost
#
# A generator of images gives numbers. Change a weight a little, and a pixel changes a little; D says
# which way is better. A generator of *words* gives chances, and then one word is **drawn**.

# %%
from tgan_lessons import questions

guess_drawn = questions.predict(
    "D reads the drawn words. The gradient of D's score with respect to G's weights is",
    "as with images",
    "very small",
    "not there",
)
guess_drawn

# %%
import keras
import tensorflow as tf

from tgan_lessons import writers

writer, reader = writers.Writer(), writers.build_reader()
with tf.GradientTape() as tape:
    words = writer.write(16, keras.random.SeedGenerator(0))
    score = tf.reduce_mean(reader(tf.one_hot(words, 27)))
reached = tape.gradient(score, writer.trainable_variables)
print(f"D's score {score:.3f}; of {len(reached)} gradients,", end=" ")
print(f"{sum(g is not None for g in reached)} are there")

# %%
guess_drawn.compare("not there" if all(g is None for g in reached) else "as with images")

# %% [markdown]
# Not small: **not there**. A word is cat or dog, and nothing lies between. As a function of the
# weights, the drawn word is a staircase: flat, then a jump. Its slope is 0 or infinite, and neither
# helps. Two repairs are known.

# %% [markdown]
# ## Repair one: Gumbel-softmax
#
# First a trick to draw. With $u$ uniform in $(0, 1)$, the number $g = -\log(-\log u)$ is called
# *Gumbel noise*. Add fresh noise to each logit $l_i$ and take the largest:
#
# $$\arg\max_i\,(l_i + g_i) \quad\text{comes out as } i \text{ with chance}\quad
# \frac{e^{l_i}}{\sum_j e^{l_j}}.$$
#
# It is exactly a draw, and the dice now lie *outside* of the function. Second, soften the largest
# into a softmax with a **temperature** $\tau$:
#
# $$w = \mathrm{softmax}\big((l + g) / \tau\big).$$
#
# This $w$ has a slope everywhere. For $\tau \to 0$ it becomes one word.

# %%
chances = np.array([0.5, 0.3, 0.15, 0.05], np.float32)
many = np.tile(np.log(chances), (100_000, 1))
noise = -np.log(-np.log(np.random.default_rng(0).uniform(size=many.shape)))
print("the largest:", np.bincount((many + noise).argmax(axis=1)) / len(many))

# %%
soft = {
    f"τ = {tau}": writers.GumbelSoftmax(tau, seed=1)(many[:12]).numpy() for tau in (5.0, 0.5, 0.05)
}
figure = plots.new_axes(10, 3.2).figure
figure.clear()
for ax, (title, drawn) in zip(figure.subplots(1, 3), soft.items(), strict=True):
    ax.imshow(drawn, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    ax.set(title=title, xlabel="word", ylabel="draw", xticks=range(4))
plots.show(
    figure, "Twelve draws at three temperatures: even grey at 5, one dark word each at 0.05."
)

# %% [markdown]
# ## Repair two: REINFORCE
#
# Or leave the draw as it is. We want $\mathbb{E}[r]$ to rise, where $r$ is D's opinion of a sentence
# $s$. Its gradient can be written without a slope of $r$:
#
# $$\nabla\,\mathbb{E}[r] = \mathbb{E}\big[(r - b)\,\nabla \log p(s)\big].$$
#
# Draw sentences. Those that D liked become likelier, the others less likely. The *baseline* $b$, the
# mean reward, changes nothing on average, and a lot about the noise.
#
# How noisy? Take *one* word out of 27 with known rewards. The true gradient of the mean reward can
# be computed: $p_i\,(r_i - \sum_j p_j r_j)$. We compare 2,000 single estimates with it.

# %%
rng = np.random.default_rng(1)
logits = rng.normal(size=27).astype(np.float32)
rewards = rng.uniform(size=27).astype(np.float32)
p = np.exp(logits) / np.exp(logits).sum()
true = p * (rewards - p @ rewards)
drawn = rng.choice(27, size=2000, p=p / p.sum())
slopes = np.eye(27)[drawn] - p  # ∇ log p of each drawn word
estimates = {
    "REINFORCE": rewards[drawn, None] * slopes,
    "with baseline": (rewards[drawn] - p @ rewards)[:, None] * slopes,
}

# %%
for tau in (2.0, 0.5, 0.05):
    variable = tf.Variable(np.tile(logits, (2000, 1)))
    with tf.GradientTape() as tape:
        reward = tf.reduce_sum(writers.GumbelSoftmax(tau, seed=2)(variable) * rewards)
    estimates[f"Gumbel, τ {tau}"] = tape.gradient(reward, variable).numpy()

# %%
off, noise = {}, {}
for name, estimate in estimates.items():
    off[name] = np.linalg.norm(estimate.mean(axis=0) - true) / np.linalg.norm(true)
    noise[name] = np.sqrt(estimate.var(axis=0).sum()) / np.linalg.norm(true)
    print(
        f"{name:>14}: on average off by {off[name]:.0%}, noise {noise[name]:.1f} times the gradient"
    )

# %%
ax = plots.new_axes()
places = np.arange(len(noise))
ax.bar(places - 0.2, list(noise.values()), 0.4, color="#56B4E9", label="noise of one estimate")
ax.bar(places + 0.2, list(off.values()), 0.4, color="#D55E00", hatch="//", label="error on average")
ax.set(yscale="log", ylabel="relative to the true gradient")
ax.set_xticks(places, [name.replace(", ", "\n") for name in noise])
ax.legend(fontsize=13, frameon=False)
plots.show(
    ax, "REINFORCE: no error on average, much noise. Gumbel: less noise, an error at high τ."
)

# %% [markdown]
# REINFORCE is right on average (what you see is the luck of 2,000 draws) and noisy; a baseline takes
# off much of the noise. Gumbel-softmax at a high $\tau$ is calm and *wrong*: it follows the rewards of
# blurred words, which nobody will ever write. Lower $\tau$, and it becomes right and noisy. **Nobody
# gets a gradient that is both calm and right.** And this was one word.

# %% [markdown]
# ## The author without an opponent
#
# Now the competitor. A **language model** says how likely each next word is, given those before,
# $p(s) = \prod_t p(w_t \mid w_1 \dots w_{t-1})$, and training makes the real sentences *likely*. The loss is
# $-\log p(s)$. Nothing has to be drawn while it learns, so nothing is lost. In our engine it is a game
# of one player:

# %%
import inspect

from tgan_lessons import text_games

print(inspect.getsource(text_games.Likelihood.losses))
print(inspect.getsource(text_games.ReinforceGAN.losses))

# %% [markdown]
# The three authors get the same sentences. The two that write word by word are the same network. The
# GANs get *twice* as many rounds as the language model, and a round of theirs takes longer.

# %%
guess_best = questions.predict(
    "With more than twice the time, the better of the two GANs writes valid sentences",
    "more often than the language model",
    0,
    "as often, or nearly (within 5 points)",
    0.05,
    "clearly less often",
)
guess_best

# %%
import time

one_hot = np.eye(len(grammar.WORDS), dtype=np.float32)[sentences]
count = preset.pick(200, 2000, 2000)


def read(rows):
    valid = grammar.is_valid(rows)
    return valid.mean(), len({tuple(row) for row in rows[valid]})


def follow(game, write, rounds):
    found, begun = [(0.0, *read(write()))], time.perf_counter()
    for _ in range(6):
        game.advance(rounds // 6)
        found.append((time.perf_counter() - begun, *read(write())))
    return np.array(found).T


# %%
model = text_games.Likelihood(writers.Writer())
model.feed(sentences, batch_size=64)
model.advance(0)
followed = {}
rounds = preset.pick(12, 1800, 3000)
followed["likelihood"] = follow(model, lambda: model.writer.sample(count), rounds)

# %%
gambler = text_games.ReinforceGAN(writers.Writer(), writers.build_reader())
gambler.feed(sentences, batch_size=64)
gambler.advance(0)
rounds = preset.pick(12, 3600, 9000)
followed["GAN, REINFORCE"] = follow(gambler, lambda: gambler.writer.sample(count), rounds)

# %%
blurred = text_games.gumbel_gan()
blurred.feed(one_hot, batch_size=64)
blurred.advance(0)
rounds = preset.pick(12, 3600, 9000)
followed["GAN, Gumbel"] = follow(blurred, lambda: blurred.generate(count).argmax(-1), rounds)

# %%
for name, (seconds, valid, distinct) in followed.items():
    print(f"{name:>14}: {seconds[-1]:4.0f} s, valid {valid[-1]:.1%}, distinct {distinct[-1]:,.0f}")
perfect = read(grammar.sample(count, seed=7))[1]
print(f"a perfect author: valid 100%, distinct {perfect:,} of {count:,}")

# %%
ax = plots.new_axes()
for (name, (seconds, valid, _)), marker, color in zip(
    followed.items(), text_view.STYLES, text_view.COLORS, strict=False
):
    ax.plot(seconds, valid, marker=marker, color=color, linewidth=2.5, markersize=8, label=name)
ax.set(xlabel="seconds of training", ylabel="share of valid sentences", ylim=(-0.02, 1.05))
ax.legend(fontsize=13, frameon=False, loc="lower right")
plots.show(ax, "Validity over seconds: likelihood is there at once, both GANs come later.")

# %%
ends = {name: rows[1][-1] for name, rows in followed.items()}
behind = ends["likelihood"] - max(ends["GAN, REINFORCE"], ends["GAN, Gumbel"])
guess_best.compare(behind)

# %%
written = {
    "likelihood": model.writer.sample(8, seed=5),
    "GAN, REINFORCE": gambler.writer.sample(8, seed=5),
    "GAN, Gumbel": blurred.generate(8, seed=5).argmax(axis=-1),
}
ax = text_view.show_sentences(written)
plots.show(ax, "Eight sentences of each author; the first wrong word is underlined.")

# %% [markdown]
# Text GANs *can* learn, then, at least eight words. REINFORCE hardly moves at first: where no
# sentence is liked, there is nothing to prefer. Then it takes off. Its sentences are valid, and
# there are many different ones. Are the two authors equally good?

# %% [markdown]
# ## A question that samples do not answer
#
# Both write word by word, with the same network. So we can ask both how likely they find *real*
# sentences that they have never seen. The measure is the mean of $-\log p(s)$, the surprise. A
# perfect author knows that 57,600 sentences are equally likely; its surprise is
# $\log 57{,}600 = 10.96$.

# %%
guess_surprise = questions.predict(
    "The REINFORCE author finds a real sentence",
    "at most ten times less likely than the language model does",
    10,
    "ten to a hundred times less likely",
    100,
    "more than a hundred times less likely",
)
guess_surprise

# %%
unseen = grammar.sample(count, seed=99)
surprise = {
    name: float(-game.writer.log_likelihood(unseen).numpy().mean())
    for name, game in (("likelihood", model), ("GAN, REINFORCE", gambler))
}
for name, value in surprise.items():
    print(f"{name:>14}: {value:.2f}, perplexity per word {np.exp(value / 8):.2f}")
gap = np.exp(surprise["GAN, REINFORCE"] - surprise["likelihood"])
print(f"perfect: {np.log(57_600):.2f}; a real sentence is {gap:,.0f} times less likely to the GAN")

# %%
guess_surprise.compare(gap)

# %% [markdown]
# That is a mean. Sentence by sentence:

# %%
each = {
    name: -game.writer.log_likelihood(unseen).numpy()
    for name, game in (("likelihood", model), ("GAN, REINFORCE", gambler))
}
ax = text_view.plot_surprise(each, perfect=np.log(57_600))
plots.show(ax, "Surprise of real sentences: a narrow hill for likelihood, a wide one for the GAN.")

# %%
order = each["GAN, REINFORCE"].argsort()
for title, rows in (("favourites", order[:3]), ("never heard of", order[-3:])):
    for row in rows:
        told = f"GAN {each['GAN, REINFORCE'][row]:.1f}, likelihood {each['likelihood'][row]:.1f}"
        print(f"{title:>14}: {grammar.decode(unseen[row])}  ({told})")

# %% [markdown]
# All of these are equally likely in the language. The language model knows; the GAN has favourites. D
# asks *could this sentence be real?* and every favourite could. Nobody asks *are all real
# sentences there?* It is mode collapse again, in a form that no single sample shows and that
# the count of distinct sentences hides. Likelihood asks just that question: each real sentence
# that is given no chance costs without bound.
#
# One seed each. `tests/claims` holds the comparison for others.

# %% [markdown]
# ## Valid or diverse: a dial
#
# A language model has a dial that costs nothing: divide its logits by a *temperature* when it
# writes. Below 1 it takes fewer chances. So one trained model is a whole curve. A GAN that wants to
# be better has to lie *above* that curve (Caccia and others, 2020).

# %%
heats = (0.3, 0.5, 0.7, 1.0, 1.3, 1.6)
dial = {
    name: [read(game.writer.sample(count, seed=1, temperature=heat))[::-1] for heat in heats]
    for name, game in (("likelihood", model), ("GAN, REINFORCE", gambler))
}
dial["GAN, Gumbel"] = [read(blurred.generate(count, seed=1).argmax(axis=-1))[::-1]]

# %%
ax = text_view.plot_trade(dial, limit=perfect)
ax.set(title=f"{count:,} sentences at temperatures {heats[0]} to {heats[-1]}")
plots.show(ax, "Validity over distinct sentences: the language model's curve lies outermost.")

# %%
for name, readings in dial.items():
    best = max(distinct for distinct, valid in readings)
    print(f"{name:>14}: at most {best:,} distinct valid sentences of {count:,}")

# %% [markdown]
# ## Your turn: the writing lab
#
# **Press ▶** and watch an author learn, sentence by sentence. Change τ while the Gumbel author
# learns: what becomes of its words at 5, and what does it still learn at 0.1? Give REINFORCE ten times
# D's rate, or a tenth. *Which author can you make write only one sentence?*

# %%
from tgan_lessons.text_lab import TextLab

lab = TextLab(sentences)
for _ in range(preset.pick(2, 40, 40)):
    lab.tick()
lab

# %% [markdown]
# ## Who writes today, and what BERT is
#
# The systems that write are **language models trained by likelihood**, next word by next word, as
# ours: GPT and its relatives, a million times larger. After that, many are tuned with REINFORCE's
# grandchildren, where the reward comes from people's preferences and not from a
# discriminator; and they start from a likelihood model, never from noise.
#
# **BERT** is no GAN and hardly an author. It fills *blanks*: some words are hidden, and it learns to
# say which stood there, from both sides. There is no opponent and no game. It is a champion of the
# other half of this course: pretrained once, fine-tuned for a thousand tasks. **ELECTRA**
# comes nearest to a GAN: a small network fills blanks, a larger one finds the words that were
# replaced. But its authors train the first one by likelihood, as the gradient cannot pass the
# drawn words, and found that training it adversarially works less well. You know why.

# %% [markdown]
# ## Exercises
#
# **14.1** Draw words with noise from outside: `logits` and uniform numbers `u`, both (n, words), in;
# word numbers (n,) out.

# %%
from tgan_lessons import text_exercises


def draw(logits, u):
    return ...


text_exercises.check_draw(draw)

# %% [markdown]
# **14.2** REINFORCE for one word: the estimate of the gradient of $\mathbb{E}[r]$ with respect to
# the logits, from one drawn `word` (its number) with its `reward`.


# %%
def gradient(logits, word, reward, baseline):
    return ...


text_exercises.check_gradient(gradient)

# %% [markdown]
# **14.3** Perplexity: among how many equally likely words is the model lost, on average? You get the
# probabilities that it gave to the words that really came.


# %%
def perplexity(probabilities):
    return ...


text_exercises.check_perplexity(perplexity)

# %% [markdown]
# ## What you take with you
#
# - A drawn word has no slope. Gumbel-softmax blurs the word, REINFORCE estimates with noise.
# - Likelihood draws nothing while it learns. It needs no opponent, and is there sooner.
# - Valid and diverse samples can hide missing sentences. Ask how likely *real* text is.
# - A language model is a whole curve, by its temperature. Compare with the curve.
# - BERT fills blanks; GPT goes on; neither plays a game.

# %% tags=["long"]
from tgan_lessons.questions import Question, quiz

quiz(
    Question(
        "REINFORCE with a baseline equal to the mean reward",
        right="has the same gradient on average, and less noise",
        wrong=("has a smaller gradient", "is biased"),
        why="The mean of ∇ log p is zero, so a constant times it adds nothing on average.",
    ),
    Question(
        "τ of a Gumbel-softmax goes to 0. Its gradient",
        right="becomes right and wild",
        wrong=("becomes calm", "vanishes everywhere for every draw"),
        why="The softmax becomes a staircase: flat nearly everywhere, very steep at the edges.",
    ),
    Question(
        "1,000 samples of a text GAN are all valid and all different. So",
        right="it may still never write most real sentences",
        wrong=("it has learned the language", "it has memorised its training sentences"),
        why="1,000 of 57,600. Ask for the probability of real sentences, where the model has one.",
    ),
    Question(
        "BERT is",
        right="a network trained to fill hidden words, used by fine-tuning",
        wrong=("the discriminator of a text GAN", "a GAN whose generator writes"),
        why="Nobody plays against it; hidden words are predicted by likelihood.",
    ),
)

# %% [markdown]
# **References**
#
# - Williams (1992), *Simple statistical gradient-following algorithms for connectionist
#   reinforcement learning*, [doi:10.1007/BF00992696](https://doi.org/10.1007/BF00992696).
# - Jang, Gu, Poole (2017), *Categorical reparameterization with Gumbel-softmax*,
#   [arXiv:1611.01144](https://arxiv.org/abs/1611.01144).
# - Maddison, Mnih, Teh (2017), *The concrete distribution*,
#   [arXiv:1611.00712](https://arxiv.org/abs/1611.00712).
# - Kusner, Hernández-Lobato (2016), *GANs for sequences of discrete elements with the Gumbel-softmax
#   distribution*, [arXiv:1611.04051](https://arxiv.org/abs/1611.04051).
# - Yu, Zhang, Wang, Yu (2017), *SeqGAN*, [arXiv:1609.05473](https://arxiv.org/abs/1609.05473).
# - Caccia, Caccia, Fedus, Larochelle, Pineau, Charlin (2020), *Language GANs falling short*,
#   [arXiv:1811.02549](https://arxiv.org/abs/1811.02549).
# - Devlin, Chang, Lee, Toutanova (2019), *BERT*, [arXiv:1810.04805](https://arxiv.org/abs/1810.04805).
# - Clark, Luong, Le, Manning (2020), *ELECTRA*,
#   [arXiv:2003.10555](https://arxiv.org/abs/2003.10555).
# - Ouyang et al. (2022), *Training language models to follow instructions with human feedback*,
#   [arXiv:2203.02155](https://arxiv.org/abs/2203.02155).
