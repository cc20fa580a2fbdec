# %% [markdown]
# # 13 · Adversaries for security

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/13_adversaries_for_security.ipynb)

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
# Two networks want to talk, a third one listens. Nobody tells them what a cipher is. Will they find
# one? They will, and every number will say that it is safe. Then you will open it in a minute. The
# second half turns the lens around: what does a GAN give away about the people it learned from?
#
# **After this lesson you can** write adversarial cryptography as a game, audit a secret with
# opponents trained after the fact, say why a coin-flip average proves nothing, and measure whether
# a GAN betrays its training images.
#
# **Time:** 45 minutes, about five of them computing on two cores.
#
# **A warning first.** Nothing here is a cipher to use. For real secrets take a reviewed library.

# %% [markdown]
# ## What a secret is
#
# Alice sends a message $m$ of 16 bits to Bob. Both know a key $k$ of 16 fair bits. Eve sees the
# ciphertext $c$ only. We write bits as $-1$ and $1$; then the oldest perfect cipher is one
# multiplication, the **one-time pad**: $c = m \cdot k$, and $m = c \cdot k$.

# %%
import numpy as np

from tgan_lessons import cipher, cipher_audit, cipher_view, metrics, plots

texts = np.stack([cipher_view.text_to_bits(text) for text in ("HI", "NO", "42")])
keys = cipher.random_bits(3, seed=0)
rows = {"Alice writes": texts, "Alice sends": texts * keys, "Bob reads": texts * keys * keys}
rows["Eve reads"] = cipher.random_bits(3, seed=5)  # she can only flip coins
ax = plots.new_axes(9, 3.4)
ax.imshow(cipher_view.draw_messages(rows, texts))
ax.axis("off")
plots.show(ax, "Three messages of two letters: Bob reads them, Eve's coin flips are half wrong.")

# %% [markdown]
# Each key makes another ciphertext of the same message, and each ciphertext could be any message. A
# coin gets 8 of 16 bits wrong on average, and Eve can do no better.
#
# ## The game
#
# Now nobody knows multiplication. Alice, Bob and Eve are small networks that start with random
# weights (Abadi and Andersen, 2016). With $e_B$ and $e_E$ for the wrong bits of Bob and Eve,
#
# $$L_E = e_E, \qquad L_{AB} = e_B + \Big(\frac{8 - e_E}{8}\Big)^2 .$$
#
# The partners do not want Eve to be *always wrong*: she would turn each bit around. They want her at
# a coin's flip. It is a game of our engine, with two players:

# %%
import inspect

print(inspect.getsource(cipher.CipherGame.losses))

# %% [markdown]
# Eve may be asked several questions; here there is one, *which bits?*, and `asks` holds it. One thing
# is chosen with care: a hidden unit may **multiply** two weighted sums. What becomes of networks that
# cannot, you will see.

# %%
from tgan_lessons import questions

guess_secret = questions.predict(
    "Ten teams. Bob at most 0.05 of 16 bits wrong, and five fresh Eves, trained afterwards, all at "
    "least 7 of 16 wrong: how many teams do it?",
    "none to three",
    4,
    "four to six",
    7,
    "seven to ten",
)
guess_secret

# %%
messages = cipher.random_bits(50_000, seed=0)
looks, rounds = 5, preset.pick(20, 2500, 5000)


def follow(game):
    game.feed(messages, batch_size=256)
    tests = [game.test()]
    for _ in range(looks):
        game.advance(rounds // looks)
        tests.append(game.test())
    return tests


# %%
teams = [cipher.CipherGame(seed=seed) for seed in range(preset.pick(2, 10, 10))]
followed = [follow(team) for team in teams]
wrong = {
    name: np.array([[test[name.lower()] for test in tests] for tests in followed])
    for name in ("Bob", "Eve")
}

# %%
ax = cipher_view.plot_teams(np.arange(looks + 1) * (rounds // looks), wrong)
plots.show(ax, "All Bobs fall from 8 wrong bits to none, all Eves stay at 8, a coin's flips.")

# %% [markdown]
# Each line is a team. Bob learns to read; Eve stays at the coin. They *have* invented a cipher.

# %% [markdown]
# ## The audit
#
# The Eve of the game may be a weak player. So Alice and Bob now stop learning, and **five fresh Eves**
# of different build, the largest twelve times her size, learn to read them. A team counts only if *every*
# fresh Eve fails.

# %%
audit_rounds = preset.pick(10, 1000, 4000)


def audit(team, seed, **settings):
    eves = cipher_audit.Audit(team.alice, seed=seed, **settings)
    eves.feed(messages, batch_size=256)
    eves.advance(audit_rounds)
    return list(eves.test().values())


# %%
first_five = [audit(team, seed) for seed, team in enumerate(teams[:5])]

# %%
fresh = np.array(first_five + [audit(team, seed) for seed, team in enumerate(teams[5:], start=5)])

# %%
ax = cipher_view.plot_audit(wrong["Bob"][:, -1], fresh, limit=7)
plots.show(ax, "For each team: Bob near 0 wrong bits, and five fresh Eves, all near 8.")

# %%
from scipy.stats import binomtest

secret = (wrong["Bob"][:, -1] <= 0.05) & (fresh.min(axis=1) >= 7)
low, high = binomtest(int(secret.sum()), len(teams)).proportion_ci()
print(f"secret by this measure: {secret.sum()} of {len(teams)} teams ({low:.0%} to {high:.0%})")
print(f"the worst Bob {wrong['Bob'][:, -1].max():.3f}, the best fresh Eve {fresh.min():.2f}")

# %%
guess_secret.compare(secret.mean() * 10)

# %% [markdown]
# Every number says *secret*. It is tempting to stop here. Let us not.

# %% [markdown]
# ## A thief tries keys
#
# Somebody steals Bob's machine, without the key. He types in *random* keys.

# %%
guess_thief = questions.predict(
    "A random key, put into Bob's network, reads",
    "about half of the bits wrong, as with a one-time pad",
    "often everything right, or everything wrong",
    "a quarter of the bits wrong, each time",
)
guess_thief

# %%
letters, used = cipher.random_bits(300, seed=3), cipher.random_bits(300, seed=4)


def steal(team):
    sent = team.encrypt(letters, used)
    return cipher_audit.try_wrong_keys(team.decrypt, letters, sent, count=100)


tried = {f"team {number}": steal(team) for number, team in enumerate(teams[:2], start=1)}
pad = cipher_audit.try_wrong_keys(lambda c, k: c * k, letters, letters * used)

# %%
figure = cipher_view.plot_wrong_keys({"one-time pad": pad, **tried})
plots.show(
    figure, "Wrong bits of random keys: a hill at 8 for the pad, a valley with high ends learned."
)

# %%
opened = np.array([np.isin(steal(team), (0, 1, 15, 16)).mean() for team in teams])
mean, half = metrics.mean_interval(opened)
by_chance = np.isin(pad, (0, 1, 15, 16)).mean()
print(
    f"random keys that read at least 15 bits right, or all but one wrong: {mean:.0%} ± {half:.0%}"
)
print(f"with a one-time pad: {by_chance:.2%}")
guess_thief.compare(guess_thief.options[1 if mean > 20 * by_chance else 0])

# %% [markdown]
# **Look at the averages above the pictures.** They are all 8. A coin gets 8 of 16 wrong because each
# bit is a coin of its own. The learned cipher gets there by another road: a few bits of the key turn
# *many bits of the message at once*, and the rest of the key hardly matters. One key reads everything
# right, its opposite everything wrong, and the average is 8. The networks gave us exactly the number
# that we asked for.

# %%
for number, team in enumerate(teams[:3], start=1):
    sent = team.encrypt(letters[:3], used[:3])
    read = [cipher_audit.count_readings(team.decrypt, row) for row in sent]
    told = ", ".join(f"{count:,} ({bits:.1f} bits)" for count, bits in read)
    print(f"team {number}: three ciphertexts, read with all 65,536 keys, could mean {told}")
count, bits = cipher_audit.count_readings(lambda c, k: c * k, (letters * used)[0])
print(f"one-time pad: {count:,} ({bits:.1f} bits)")

# %% [markdown]
# ## Eve asks another question
#
# The thief had Bob's machine. Eve has only ciphertexts. But now she knows what to ask: not *which
# bits?* but **which bits are equal to their neighbour?** Turning all of them around changes no answer.

# %%
one = {"one Eve": {"units": (128,)}}
asked = [
    audit(team, seed, ask=cipher.are_neighbours_equal, builds=one, rate=2e-3)[0]
    for seed, team in enumerate(teams[:5])
]
mean, half = metrics.mean_interval(np.array(asked) / 15)
print(f"wrong answers of a fresh Eve: {mean:.0%} ± {half:.0%} (a coin: 50%)")

# %% [markdown]
# The same ciphertexts, an Eve of the same kind, and the secret is out. **An audit measures the
# attacks that somebody thought of.**

# %% [markdown]
# ## Put the question into the game
#
# A GAN's answer to a blind spot is to show it to the opponent. So the partners play again, against an
# Eve who is asked both: the bits, and which of the 120 pairs are equal.

# %%
both = (cipher.same, cipher.are_pairs_equal)
rounds_both = preset.pick(20, 4000, 8000)
wiser = [
    cipher.CipherGame(seed=seed, asks=both, secrecy=6.0) for seed in range(preset.pick(1, 3, 3))
]
for team in wiser:
    team.feed(messages, batch_size=256)
    team.advance(rounds_both)
    print(", ".join(f"{name}: {value:.2f} wrong" for name, value in team.test().items()))

# %%
tried = {"asked for bits": steal(teams[0]), "bits and pairs": steal(wiser[0])}
figure = cipher_view.plot_wrong_keys({"one-time pad": pad, **tried})
plots.show(
    figure, "Asked for pairs too, the learned cipher's wrong keys form a hill, as the pad's."
)

# %%
for name, group in (("asked for bits", teams[:3]), ("bits and pairs", wiser)):
    rest = [
        cipher_audit.count_readings(team.decrypt, row)[1]
        for team in group
        for row in team.encrypt(letters[:5], used[:5])
    ]
    print(f"{name}: {np.mean(rest):.1f} of 16 bits are left to guess for a thief")

# %% [markdown]
# Much better, and still no 16. The next question would find the next leak. A proof covers *all*
# questions; a game covers those that were played.

# %% [markdown]
# ## Three more ways to fail
#
# **Networks that cannot multiply.** The same game with ReLU units:

# %%
teams_plain = preset.pick(1, 4, 4)
plain = [cipher.CipherGame((64, 64), multiplies=False, seed=seed) for seed in range(teams_plain)]
for team in plain:
    ends = follow(team)[-1]
    print(f"Bob {ends['bob']:.2f}, the game's own Eve {ends['eve']:.2f} wrong bits of 16")

# %% [markdown]
# **The same key twice.** Eve gets hold of one message with its ciphertext, and then a second ciphertext
# under the same key. (A one-time pad fails here, too: $k = m \cdot c$.)

# %%
twice = cipher_audit.Audit(
    teams[0].alice, known=1, builds={"Eve": {"units": (128, 128)}}, rate=2e-3
)
twice.feed(messages, batch_size=256)
for _ in range(3):
    twice.advance(preset.pick(5, 1500, 3000))
    print(f"after {int(twice.rounds):,} rounds Eve has {twice.test()['Eve']:.2f} of 16 bits wrong")

# %% [markdown]
# **Messages that are not coin flips.** "8 of 16" is a coin's mark for *random* messages. English text
# in bytes can be guessed without any ciphertext:

# %%
text = np.__doc__.encode("latin-1", "replace")[:2000]  # NumPy's description of itself
bits = 2 * np.unpackbits(np.frombuffer(text, np.uint8)).astype(float).reshape(-1, 16) - 1
habit = np.sign(bits.mean(axis=0))
print(f"always the usual bit: {(bits != habit).sum(axis=1).mean():.1f} of 16 wrong, nothing seen")

# %% [markdown]
# ## Your turn: the listening lab
#
# **Press ▶.** Alice's letters go over the page; grey squares are what Eve sees. Watch two curves: Eve's
# wrong bits, and how often a *guessed key* opens a message. *Can you find settings where Bob reads and
# both stay where they should? What happens to Bob at secrecy 0, and at 10?*

# %%
from tgan_lessons.cipher_lab import CipherLab

lab = CipherLab()
for _ in range(preset.pick(2, 60, 60)):
    lab.tick()
lab

# %% [markdown]
# ## The other side: what a GAN gives away
#
# A hospital trains a GAN on its patients' images and publishes it. "No real image is in it." May an
# outsider find out **whether a certain person was among the patients**? That is *membership
# inference*. The attacker has some images and asks of each: member or stranger?
#
# Two attacks. With D in hand: D has seen members often, does it find them more real? With fakes only:
# do members lie closer to the nearest fake? For each we report the chance that a member's score is
# above a stranger's. A guess has 0.5.

# %%
guess_member = questions.predict(
    "A GAN learned from 25 images. D's score tells a member from a stranger with a chance of",
    "below 0.6: little more than a coin",
    0.6,
    "0.6 to 0.9",
    0.9,
    "above 0.9",
)
guess_member

# %%
from tgan_lessons import membership

seeds = range(preset.pick(2, 4, 8))
budget = {"rounds": preset.pick(12, 2400, 6000), "looks": 6}
runs = {
    members: [membership.follow(members, seed=seed, **budget) for seed in seeds]
    for members in (25, 100)
}

# %%
for members in (400, 800):
    runs[members] = [membership.follow(members, seed=seed, **budget) for seed in seeds]

# %%
from tgan_lessons import membership_view

ax = membership_view.plot_sizes(
    {members: [run[-1] for run in group] for members, group in runs.items()}
)
plots.show(ax, "Both attacks fall with the number of members; D's from near 1 towards a guess.")

# %%
for members, group in runs.items():
    by_score, by_distance = (
        metrics.mean_interval([getattr(run[-1], name) for run in group])
        for name in ("by_score", "by_distance")
    )
    print(f"{members:3} members: with D {by_score[0]:.2f} ± {by_score[1]:.2f}", end=", ")
    print(f"with fakes only {by_distance[0]:.2f} ± {by_distance[1]:.2f}")

# %%
guess_member.compare(*metrics.mean_interval([run[-1].by_score for run in runs[25]]))

# %% [markdown]
# Few people, little privacy. D learns 25 images by heart; with 800 it has to learn what digits have in
# common. Who publishes only G, or only fakes, gives away less, and not nothing.
#
# ## Does stopping early help? Does noise?
#
# Two defences, both with 100 members. **Stop early**: D has not yet learned anybody by heart.
# **Noise**: shorten D's gradient and blur it before each step. *Differential privacy* does this for each single
# image, keeps an account, and earns a guarantee; ours is done in its manner and earns none.

# %%
noisy = [membership.follow(100, seed=seed, noise=0.01, **budget) for seed in seeds]
groups = {"no noise": runs[100], "noise 0.01": noisy}

# %%
ax = membership_view.plot_trade(groups)
plots.show(ax, "What D gives away over the quality of fakes: training longer moves up and left.")

# %%
floor = membership.real_distance()
print(f"Fréchet distance of real digits to others: {floor:.1f}")
for name, group in groups.items():
    ends = np.mean([run[-1][1:] for run in group], axis=0)
    print(f"{name:>11}, end: attack {ends[0]:.2f}, Fréchet distance {ends[2]:.1f}")

# %% [markdown]
# Every point is a trade. To the right the fakes are bad, and nobody is betrayed. Stopping early costs
# quality; so does noise, and here noise buys nothing that stopping early does not. What does help
# is above: **more people per model**.

# %% [markdown]
# ## Exercises
#
# **13.1** The one-time pad, for bits of $-1$ and $1$, shape (n, 16).

# %%
from tgan_lessons import security_exercises


def encrypt(message, key):
    return ...


def decrypt(ciphertext, key):
    return ...


security_exercises.check_one_time_pad(encrypt, decrypt)

# %% [markdown]
# **13.2** The partners' loss from the wrong bits (of 16) of Bob and of Eve.


# %%
def partners_loss(bob, eve):
    return ...


security_exercises.check_partners_loss(partners_loss)

# %% [markdown]
# **13.3** The chance that a random member's score is above a random stranger's; equal scores count a
# half. Both are arrays.


# %%
def area(members, strangers):
    return ...


security_exercises.check_area(area)

# %% [markdown]
# ## What you take with you
#
# - Alice, Bob and Eve are a game: two losses, one engine.
# - Audit with fresh opponents. And ask *other* questions: an average can hide a yes or no.
# - Networks give you the number that you ask for, by the shortest road.
# - A cipher is proved or reviewed, not trained. Do not use this one.
# - A GAN trained on few people betrays them. Count members before you publish.

# %% tags=["long"]
from tgan_lessons.questions import Question, quiz

quiz(
    Question(
        "Eve has 16 of 16 bits wrong, every time. The partners have",
        right="lost: she turns each bit around",
        wrong=("won", "a one-time pad"),
        why="Knowing what is wrong is knowing what is right. A secret is at 8.",
    ),
    Question(
        "All fresh Eves are at 8 of 16. So",
        right="these Eves fail at this question, and no more is known",
        wrong=("the cipher is secure", "the cipher is a one-time pad"),
        why="The same ciphertexts told an Eve who was asked for equal neighbours nearly everything.",
    ),
    Question(
        "A random key reads half of the messages fully right and half fully wrong. On average it has",
        right="8 of 16 bits wrong",
        wrong=("0 of 16 bits wrong", "16 of 16 bits wrong"),
        why="An average of 0 and 16. Look at the histogram.",
    ),
    Question(
        "A GAN gives away least about one patient if",
        right="it learned from many patients and D is not published",
        wrong=("it learned from few, for long", "its fakes look very real"),
        why="D learns few images by heart. Good fakes alone say nothing of it, either way.",
    ),
)

# %% [markdown]
# **References**
#
# - Abadi, Andersen (2016), *Learning to protect communications with adversarial neural
#   cryptography*, [arXiv:1610.06918](https://arxiv.org/abs/1610.06918).
# - Shannon (1949), *Communication theory of secrecy systems*,
#   [doi:10.1002/j.1538-7305.1949.tb00928.x](https://doi.org/10.1002/j.1538-7305.1949.tb00928.x).
# - Hayes, Melis, Danezis, De Cristofaro (2019), *LOGAN: membership inference attacks against
#   generative models*, [arXiv:1705.07663](https://arxiv.org/abs/1705.07663).
# - Chen, Yu, Zhang, Fritz (2020), *GAN-Leaks*, [arXiv:1909.03935](https://arxiv.org/abs/1909.03935).
# - Abadi et al. (2016), *Deep learning with differential privacy*,
#   [arXiv:1607.00133](https://arxiv.org/abs/1607.00133).
# - Dauphin, Fan, Auli, Grangier (2017), *Language modeling with gated convolutional networks*,
#   [arXiv:1612.08083](https://arxiv.org/abs/1612.08083).
