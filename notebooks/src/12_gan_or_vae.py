# %% [markdown]
# # 12 · GAN or VAE

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/12_gan_or_vae.ipynb)

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
# Take the generator of lesson 05, take away its opponent, and give it a partner instead: a network
# that writes down, for each real digit, a *code* from which the digit can be painted again. That is
# a **variational autoencoder**. The painter is the same network, the digits are the same. The
# pictures are not.
#
# **After this lesson you can** derive the VAE's loss in three lines, say why its gradient passes a
# random draw, tell blur from bad coverage, measure both with their floors, find the code of an
# image for a network that has no encoder, and say when you would take which.
#
# **Time:** 45 minutes, about four of them computing on two cores.

# %% [markdown]
# ## The same painter twice
#
# Digits as in lesson 05, without those that the judge learned from. The generator is the same,
# with one thing more: its first layer has a bias, so that noise 0 can be a picture as well. The
# VAE calls it **decoder**. Its partner, the **encoder**, is the discriminator with another last
# layer: not one score, but two numbers for each of the 16 latent dimensions.

# %%
from tgan_lessons import data, gan_models, judge, plots, vae_models

digits = judge.unseen(data.load_mnist())
print(digits)

# %%
latent_dim = 16
networks = {
    "GAN's generator": gan_models.build_generator(latent_dim, bias=True),
    "VAE's decoder": gan_models.build_generator(latent_dim, bias=True),
    "GAN's discriminator": gan_models.build_discriminator(),
    "VAE's encoder": vae_models.build_encoder(latent_dim),
}
for name, network in networks.items():
    print(f"{name:>20}: {network.count_params():,} numbers")

# %% [markdown]
# ## Another question
#
# A discriminator asks of each *fake*: could this be real? A VAE asks of each *real* digit $x$: how
# likely is it that we would have painted it? We paint by drawing a code $z$ from the **prior**
# $p(z) = N(0, 1)$ and decoding it, so that $p(x) = \int p(x \mid z)\, p(z)\, dz$. Nobody can
# compute this integral over all codes, and nearly all codes say nothing about this $x$.
#
# So let the encoder propose codes: $q(z \mid x) = N(\mu, \sigma^2)$, with $\mu$ and $\sigma$ for
# each dimension. Multiply and divide by $q$, and pull the logarithm inside (Jensen's inequality):
#
# $$\log p(x) = \log \mathbb{E}_q\!\left[\frac{p(x \mid z)\,p(z)}{q(z \mid x)}\right] \;\ge\;
# \underbrace{\mathbb{E}_q[\log p(x \mid z)]}_{\text{reconstruction}} \;-\;
# \underbrace{\mathrm{KL}\big(q(z \mid x)\,\|\,p(z)\big)}_{\text{what the code costs}}.$$
#
# This is the **evidence lower bound**. Paint $x$ well from its code, and keep codes where the prior
# expects them. KL is the Kullback-Leibler divergence, in nats. How good is the bound? Where
# everything is normal, all can be computed. Here $x = 2z + \text{noise}$, so $p(x)$ is normal, too.

# %%
import numpy as np
from scipy import stats

x, means = 1.5, np.linspace(-0.4, 1.6, 21)
evidence = stats.norm(0, np.sqrt(5)).logpdf(x)


def bound(mean, sd):
    reconstruction = -0.5 * ((x - 2 * mean) ** 2 + 4 * sd**2 + np.log(2 * np.pi))
    kl = 0.5 * (mean**2 + sd**2 - 1 - np.log(sd**2))
    return reconstruction - kl


# %%
curves = {"q too wide": bound(means, 0.8), "right width": bound(means, 0.2**0.5)}
ax = plots.plot_curves(curves, x=means)
ax.axhline(evidence, color="black", linewidth=2)
ax.text(-0.4, evidence, "$\\log p(x)$", va="bottom", fontsize=14)
ax.set(xlabel="mean of q", ylabel="nats", ylim=(-6, -1))
plots.show(ax, "Two curves of the bound under a line; the one of the right width touches it.")
print(f"log p(x) = {evidence:.4f}, the best bound {bound(2 * x / 5, 0.2**0.5):.4f}")

# %% [markdown]
# The bound never crosses the line, and touches it where $q$ is the true answer to *which code was
# it?* What is missing elsewhere is exactly the divergence between $q$ and that answer.
#
# ## The two parts
#
# For two normal distributions KL has a formula. Against a million draws:

# %%
import inspect

from tgan_lessons import vae as vaes

mean, log_var = 1.2, float(np.log(0.3))
z = np.random.default_rng(0).normal(mean, np.exp(log_var / 2), 1_000_000)
log_ratio = stats.norm(mean, np.exp(log_var / 2)).logpdf(z) - stats.norm(0, 1).logpdf(z)
print(inspect.getsource(vaes.kl_to_prior).split('"""')[-1])
print(f"formula {float(vaes.kl_to_prior(mean, log_var)):.4f}, draws {log_ratio.mean():.4f}")

# %% [markdown]
# The reconstruction: we say that pixels are normal around the decoder's picture $\hat x$, with
# variance 1 (our images reach from −1 to 1). Then $-\log p(x \mid z) = \tfrac12\|x - \hat x\|^2$
# plus a constant. Keep this choice in mind. It will be responsible for something.
#
# ## Why the gradient passes
#
# The code is *drawn*. In lesson 14 a drawn word stops the gradient. Here is the trick that saves
# it: draw $\varepsilon \sim N(0, 1)$ outside, and compute $z = \mu + \sigma\varepsilon$. The dice
# have no weights, and $z$ has a slope. Let the cost be $z^2$: its mean is $\mu^2 + \sigma^2$, with
# slope $2\mu = 3$.

# %%
import tensorflow as tf

rng = np.random.default_rng(1)
mu, sigma = tf.Variable(1.5), tf.Variable(0.5)


def draw_inside(mu, sigma):
    return np.float32(rng.normal(mu, sigma, 5000))


# %%
with tf.GradientTape(persistent=True) as tape:
    drawn = tf.numpy_function(draw_inside, [mu, sigma], tf.float32)
    trick = vaes.reparameterise(mu, 2 * tf.math.log(sigma), np.float32(rng.normal(size=5000)))
    costs = tf.reduce_mean(drawn**2), tf.reduce_mean(trick**2)
for name, cost in zip(("drawn inside", "dice outside"), costs, strict=True):
    print(f"{name}: cost {cost:.2f}, slope {tape.gradient(cost, mu)}")

# %% [markdown]
# REINFORCE would get a slope as well, from $z^2 \cdot (z-\mu)/\sigma^2$. How noisy is one draw?

# %%
one = {"dice outside": 2 * trick, "REINFORCE": trick**2 * (trick - mu) / sigma**2}
for name, slopes in one.items():
    print(f"{name:>12}: {np.mean(slopes):.2f} on average, one draw ±{np.std(slopes):.1f}")

# %% [markdown]
# Both are right on average, and the trick is far calmer. It needs a code that can move a little.
# Words cannot; codes can. Now the whole loss. In our engine a VAE is a game with one player:

# %%
print(inspect.getsource(vaes.reparameterise).split('"""')[-1])
print(inspect.getsource(vaes.VAE.losses))

# %% [markdown]
# ## Blur against sharpness, on one page
#
# Both learn from the same digits and see equally many of them: the same number of rounds, 32 digits
# each. Adam's learning rate is 0.002 for every player, as in lesson 05. The rounds are not equally
# long: the seconds are printed.


# %%
def new_vae(seed=0, beta=1.0):
    encoder = vae_models.build_encoder(latent_dim, seed=seed)
    decoder = gan_models.build_generator(latent_dim, bias=True, seed=seed)
    return vaes.VAE(encoder, decoder, beta=beta, seed=seed)


# %%
from tgan_lessons.gan import GAN


def new_gan(seed=0):
    g = gan_models.build_generator(latent_dim, bias=True, seed=seed)
    d = gan_models.build_discriminator(seed=seed)
    return GAN(g, d, simultaneous=True, rates=(2e-3, 2e-3), beta_1=0.0, seed=seed)


# %%
import time


def train(game, rounds):
    game.feed(digits.x_train, batch_size=32)
    game.advance(0)
    start = time.perf_counter()
    game.advance(rounds)
    seconds = time.perf_counter() - start
    print(f"{type(game).__name__}: {32 * rounds:,} digits seen in {seconds:.0f} s")
    return game


# %%
rounds = preset.pick(10, 2000, 6000)
vae = train(new_vae(), rounds)

# %%
gan = train(new_gan(), rounds)

# %% [markdown]
# A pen leaves black and white, and a little grey at the edges. So count: of all pixels with ink,
# how many are grey? Real digits have about a third.

# %%
from tgan_lessons import questions

guess_grey = questions.predict(
    "Of the inked pixels of real digits a third is grey. Of those that the VAE paints from noise",
    "at most 40 %",
    0.4,
    "40 to 50 %",
    0.5,
    "more than half",
)
guess_grey

# %%
from tgan_lessons.few_shot_view import show_rows

some = np.random.default_rng(2).choice(len(digits.x_test), 12, replace=False)
real, dreamt, faked = digits.x_test[some], vae.generate(24, seed=3), gan.generate(24, seed=3)
page = {"real, unseen": real, "VAE: there and back": vae.reconstruct(real)}
page |= {"VAE: from noise": dreamt[:12], "more of it": dreamt[12:]}
page |= {"GAN: from noise": faked[:12], "and more": faked[12:]}
ax = show_rows(page)
plots.show(
    ax, "Real digits; soft VAE copies; soft, partly unreadable VAE samples; crisp GAN samples."
)

# %%
from tgan_lessons.strokes import grey_share

many = digits.x_test[: preset.pick(200, 1000, 1000)]
sets = {"real, unseen": many, "VAE: there and back": vae.reconstruct(many)}
sets["VAE: from noise"] = vae.generate(1000, seed=1)
sets["GAN: from noise"] = gan.generate(1000, seed=1)
grey = {name: grey_share(images) for name, images in sets.items()}
for name, share in grey.items():
    print(f"{name:>20}: {share:.0%} of the ink is grey")

# %%
guess_grey.compare(grey["VAE: from noise"])

# %% [markdown]
# One page, the same painter. **The network can paint sharp edges: the GAN's copy of it does** (a
# little too sharp: less grey than real pens leave is no prize either). So blur is not a matter of
# size or layers. It is what the VAE was *asked for*.
#
# ## Where the blur comes from
#
# Suppose the code says *a four or a nine, I cannot tell*. Which picture costs least, if either is
# equally likely to be the real one? We can try all mixtures of the two.

# %%
from tgan_lessons import vae_view
from tgan_lessons.few_shot_copies import find_nearest

four = digits.x_test[digits.y_test == 4][3]
nines = digits.x_test[digits.y_test == 9]
nine = nines[find_nearest(four[None], nines).index[0]]
mix = np.linspace(0, 1, 21)
blends = np.array([(1 - t) * four + t * nine for t in mix])
cost = [np.mean([0.5 * np.sum((b - a) ** 2) for a in (four, nine)]) for b in blends]

# %%
figure = vae_view.plot_choice(mix, cost, blends)
plots.show(figure, "The cost is lowest in the middle, at a grey picture of both digits at once.")
print(f"the mean costs {cost[10] / cost[0]:.0%} of what either digit costs on average")

# %% [markdown]
# Half the cost, exactly: **squared error pays for the mean of everything that is possible**, and
# the mean of two pens is fog. What would a perfect discriminator say? It knows that the foggy
# picture never occurs among real digits: $D = p_{real} / (p_{real} + p_{fake}) = 0$. A generator
# that paints fours only gets $D = \tfrac12 / (\tfrac12 + 1) = \tfrac13$ for each, and one that
# paints both, half and half, gets ½. A GAN must decide. It may also decide for fours only, and
# nobody tells it about the nines: that is lesson 07's mode collapse. Each question has its own
# failure.

# %% [markdown]
# ## There and back
#
# A VAE has an encoder: one look, and the code is there. A GAN has none. But its generator has a
# slope, so we can *search*: start from several random codes and go down
# $\tfrac12\|x - G(z)\|^2$. The best start counts.

# %%
guess_search = questions.predict(
    "200 steps of search for the GAN's code of an unseen digit. What it then paints is",
    "nearer to the digit than the VAE's copy",
    "further than the VAE's copy, nearer than any training digit",
    "further than the nearest training digit",
)
guess_search

# %%
drawn = np.random.default_rng(4).choice(len(many), preset.pick(4, 40, 100), replace=False)
few = many[drawn]
start = time.perf_counter()
copied = vae.reconstruct(few)
print(f"{len(few)} digits, one look each: {time.perf_counter() - start:.2f} s")

# %%
from tgan_lessons import inversion

start, steps = time.perf_counter(), preset.pick(5, 200, 400)
found = inversion.invert(gan.generator, few, steps=steps, starts=4)
print(f"{steps} steps from 4 starts each: {time.perf_counter() - start:.1f} s")

# %%
searched = inversion.invert(vae.decoder, few, steps=steps, starts=4)
seen_at_once = vae.measure(few).reconstruction
errors = {"GAN": found.errors.mean(axis=1), "VAE": searched.errors.mean(axis=1)}
ax = vae_view.plot_search(errors, seen_at_once.mean())
plots.show(ax, "Errors fall over the steps: the VAE's decoder ends lower than the GAN's generator.")

# %%
from tgan_lessons.metrics import mean_interval

nearest = find_nearest(few, digits.x_train).distance ** 2 / 2
off = {"the mean digit": np.sum((few - digits.x_train.mean(0)) ** 2, axis=(1, 2, 3)) / 2}
off |= {"nearest training digit": nearest, "GAN, searched": found.errors[-1]}
off |= {"VAE, one look": seen_at_once, "VAE, searched": searched.errors[-1]}
for name, values in off.items():
    middle, half = mean_interval(values)
    print(f"{name:>22}: ½ squared error {middle:5.1f} ± {half:.1f}")

# %%
rows = {"real, unseen": few[:12], "VAE, one look": copied[:12]}
rows["GAN, searched"] = found.images[:12]
ax = show_rows(rows)
plots.show(ax, "Real digits, the VAE's soft copies, and what the search made the GAN paint.")

# %%
ratio = np.mean(found.errors[-1]) / np.mean(seen_at_once)
words = guess_search.options
between = np.mean(found.errors[-1]) < np.mean(nearest)
guess_search.compare(words[0] if ratio < 1 else words[1] if between else words[2])

# %% [markdown]
# The GAN *can* paint most digits it has never seen, roughly, and that is a proof that it did not
# only memorise. It costs hundreds of passes per digit where the encoder needs one. And the encoder
# is not perfect either: a search through the VAE's own decoder gets nearer than its one look.

# %% [markdown]
# ## Quality and coverage, with floors
#
# Now the judge. As in lesson 05: **Fréchet distance** between clouds of features (lower is better),
# **density** (are fakes among real digits?), **coverage** (has each real digit a fake nearby?). The
# real digits are the *unseen* ones, so that a network that repeats what it learned gets no prize.
# Beside each figure stands what as many other real digits get. Three seeds each.

# %%
seeds = preset.pick([1], [1, 2], [1, 2, 3, 4])
vaes_trained = [vae, *(train(new_vae(seed), rounds) for seed in seeds)]

# %%
gans_trained = [gan, *(train(new_gan(seed), rounds) for seed in seeds)]

# %%
guess_frechet = questions.predict(
    "Both paint from noise. The Fréchet distance of the VAE's pictures, beside the GAN's, is",
    "at least a third smaller",
    2 / 3,
    "about the same (within a third)",
    4 / 3,
    "at least a third larger",
)
guess_frechet

# %%
from tgan_lessons import readings

known = digits.x_train[: preset.pick(400, 10_000, 10_000)]
learned = known[np.random.default_rng(7).permutation(len(known))[: len(many)]]
examiner = readings.Examiner(judge.load_judge(), real=learned, reference=many)
seen = {
    "GAN: from noise": [examiner.read(g.generate(len(many), seed=1)) for g in gans_trained],
    "VAE: from noise": [examiner.read(v.generate(len(many), seed=1)) for v in vaes_trained],
}
for name, values in seen.items():
    print(f"{name:>17}: {readings.summarise(values)}")
print(f"      real digits: {readings.perfect(values[0])}")

# %%
distances = {name: np.mean([r.distance.value for r in values]) for name, values in seen.items()}
guess_frechet.compare(distances["VAE: from noise"] / distances["GAN: from noise"])

# %% [markdown]
# Are you surprised? The judge knows which digit it is and how it is written; it hardly minds fog.
# And the GAN's crisp pictures are often no digits. A distance sees what its features see. So look
# at the page *and* at the numbers.
#
# ## Not the painter: the codes
#
# But why are so many of the VAE's pictures from noise unreadable, while its copies are fine? The
# decoder practised on codes of real digits. Noise asks for codes *between* them as well, where
# nobody practised. We can ask better: encode the training digits, lay 20 normal humps through
# their codes (a **Gaussian mixture**, two for each digit if it likes), and draw from that. No
# network is trained anew.

# %%
guess_prior = questions.predict(
    "The same VAE, but codes come from the fitted mixture. The Fréchet distance will be",
    "less than half",
    0.5,
    "smaller by a tenth to a half",
    0.9,
    "hardly smaller: the blur is still there",
)
guess_prior

# %%
from sklearn.mixture import GaussianMixture


def draw_fitted(game):
    codes = game.draw_codes(known).astype(float)
    humps = preset.pick(2, 20, 20)
    mixture = GaussianMixture(humps, max_iter=500, random_state=0).fit(codes)
    drawn, _ = mixture.sample(len(many))
    return game.decode(np.random.default_rng(0).permutation(drawn))


# %%
fitted = [draw_fitted(game) for game in vaes_trained]
seen["VAE: fitted codes"] = [examiner.read(images) for images in fitted]
there = [game.decode(game.draw_codes(learned)) for game in vaes_trained]
seen["VAE: codes of real digits"] = [examiner.read(images) for images in there]
for name, values in seen.items():
    print(f"{name:>25}: {readings.summarise(values)}")
print(f"{'real digits':>25}: {readings.perfect(values[0])}")

# %%
points = {
    name: ([r.density.value for r in values], [r.coverage.value for r in values])
    for name, values in seen.items()
}
goal = values[0].density.perfect, values[0].coverage.perfect
ax = vae_view.plot_trade(points, goal)
plots.show(ax, "Coverage over density: from noise both far below, fitted codes near real digits.")

# %%
better = np.mean([r.distance.value for r in seen["VAE: fitted codes"]])
guess_prior.compare(better / distances["VAE: from noise"])

# %%
rows = {"noise": vae.generate(12, seed=5), "fitted codes": fitted[0][:12]}
rows["more of them"] = fitted[0][12:24]
ax = show_rows(rows)
plots.show(ax, "From noise many unreadable shapes; from fitted codes readable, soft digits.")
print(f"grey: {grey_share(fitted[0]):.0%} of the ink (real digits {grey['real, unseen']:.0%})")

# %% [markdown]
# Blur and coverage are two different illnesses. Better codes cure the second and leave most of the
# first. *Codes of real digits*, drawn from $q(z \mid x)$ of training digits, are no generator. They
# show how far this decoder could get. And should a density lie above that of real digits, that is
# no prize: a softened digit lies in the middle of its crowd.
#
# Does it copy? Draw equally many learned and unseen digits. Which have the nearest one? Ten draws,
# as a single one is luck.

# %%
from tgan_lessons.data import sample_per_class

both = (digits.x_train, digits.y_train), (digits.x_test, digits.y_test)


def lean_to_learned(images):
    shares = []
    for seed in range(preset.pick(2, 10, 10)):
        near, far = (find_nearest(images, sample_per_class(*part, 50, seed)[0]) for part in both)
        shares.append(np.mean(near.distance < far.distance))
    return mean_interval(shares)


# %%
for name, images in {"VAE: fitted codes": fitted[0], "GAN": sets["GAN: from noise"]}.items():
    share, half = lean_to_learned(images[:300])
    print(f"{name:>17}: {share:.0%} ± {half:.0%} nearer to a learned one (no memory: 50%)")
copies = (vae.measure(part[0]).reconstruction.mean() for part in both)
print("VAE's copies, ½ squared error: learned {:.1f}, unseen {:.1f}".format(*copies))

# %% [markdown]
# Above 50 % a network leans towards what it has learned, and a VAE may: each training digit asks to
# be painted again. That is why the figures above were taken with digits that nobody had learned.

# %% [markdown]
# ## The dial: β
#
# Put a number $\beta$ in front of the KL. It is the variance of the noise that you believe to be in
# each pixel, $\beta = \sigma_x^2$: with much noise, why pay for an exact code? We train at four
# values, with half of the rounds.

# %%
guess_beta = questions.predict(
    "At β = 32, shown an unseen four, the VAE paints",
    "a very soft four",
    "another digit, sharp",
    "the same grey shape for every digit",
)
guess_beta

# %%
betas = preset.pick((1, 32), (0.1, 1, 8, 32), (0.1, 1, 8, 32))
dials = {f"β = {beta:g}": train(new_vae(beta=beta), rounds // 2) for beta in betas}

# %%
parts = {name: game.measure(many) for name, game in dials.items()}
for name, (off, kl) in parts.items():
    silent = np.sum(kl.mean(axis=0) < 0.05)
    told = f"½ squared error {off.mean():5.1f}, KL {kl.sum(axis=1).mean():4.1f} nats"
    print(f"{name:>8}: {told}, {silent} of {latent_dim} dimensions silent")

# %%
for name, game in dials.items():
    distance = examiner.read(game.generate(len(many), seed=1)).distance
    print(f"{name:>8}: from noise, {distance}")

# %%
rows = {"real, unseen": real}
rows |= {name: game.reconstruct(real) for name, game in dials.items()}
ax = show_rows(rows)
plots.show(ax, "Copies at four β: crisp, soft, very soft, and one grey shape for all.")

# %%
ax = vae_view.plot_dimensions({name: part.kl.mean(axis=0) for name, part in parts.items()})
plots.show(ax, "KL per dimension: all high at small β, a few left at 8, all zero at 32.")

# %%
spread = dials["β = 32"].reconstruct(many).std(axis=0).mean() / many.std(axis=0).mean()
words = guess_beta.options
guess_beta.compare(words[2] if spread < 0.1 else words[0])

# %% [markdown]
# At a high β dimension after dimension falls silent: its KL is 0, its code is pure noise, and the
# decoder learns to ignore it. When all are silent, the best single answer is the mean of all
# digits. This is **posterior collapse**, the VAE's own failure. In a mode collapse the GAN's
# pictures are all alike *and sharp*, and its loss does not tell; in a posterior collapse they are
# all alike *and foggy*, and the KL tells at once.
#
# A small β paints better copies *and worse pictures from noise*: the codes leave the prior behind.
# There is no best β. Say what you need: copies, or pictures from noise. (One seed each.)

# %% [markdown]
# ## Arithmetic with codes
#
# *Mean code of what leans to the right, minus mean code of what leans to the left.* Slant is
# measured in the picture by its moments, without any network. The VAE has codes of real digits;
# for the GAN we take 2,000 fakes, whose codes we know.

# %%
guess_slant = questions.predict(
    "Such a direction, added to the codes of other digits, changes their slant",
    "in the VAE only: the GAN's noise is no code of anything",
    "in both",
    "in neither",
)
guess_slant

# %%
from tgan_lessons.strokes import direction, slant

noise, codes = gan.sample_noise(2000, seed=5), vae.encode(known)[0]
ways = {"VAE": direction(codes, slant(known)), "GAN": direction(noise, slant(gan.paint(noise)))}
paints = {"VAE": vae.decode, "GAN": gan.paint}
starts = {"VAE": vae.encode(many)[0], "GAN": gan.sample_noise(400, seed=6)}
paths = np.array([-1, -0.5, 0, 0.5, 1], np.float32)

# %%
eye, clear, lean = examiner.eye, {}, {}
for name, paint in paints.items():
    sure = eye.probabilities(paint(starts[name])).max(axis=1)
    clear[name] = starts[name][np.argsort(sure)[len(sure) // 2 :]]  # the clearer half
    walked = [paint(clear[name] + step * ways[name]) for step in paths]
    lean[name] = [slant(images).mean() for images in walked]
    kept = [np.mean(eye.classify(images) == eye.classify(walked[2])) for images in walked]
    print(f"{name}: slant {np.round(lean[name], 2)}, still the same digit {np.round(kept, 2)}")

# %%
ax = plots.plot_curves(lean, x=paths, x_label="times the direction")
ax.set(ylabel="slant of what is painted")
plots.show(ax, "Slant rises along the direction in both latent spaces.")

# %%
works = {name: values[3] - values[1] > 0.1 for name, values in lean.items()}
words = guess_slant.options
guess_slant.compare(words[1] if all(works.values()) else words[0] if works["VAE"] else words[2])

# %%
walk, rows = np.linspace(-1, 1, 9, dtype=np.float32)[:, None], {}
for name, paint in paints.items():
    for k in (-1, -2):
        rows[f"{name}, {-k}"] = paint(clear[name][k] + walk * ways[name])
plots.show(show_rows(rows), "Two digits of each network lean from left to right along the row.")

# %% [markdown]
# Both latent spaces have directions that mean something, though nobody asked for it. Look at the
# second list: how often is it still the same digit? A direction that changes the slant and nothing
# else would say 1 everywhere.
#
# And the way between two *unseen* digits? A cross-fade of pixels shows both at once.

# %%
t, ends = np.linspace(0, 1, 9, dtype=np.float32)[:, None], vae.encode(few)[0]
rows = {"pixels": np.array([(1 - s) * few[0] + s * few[1] for s in t[:, 0]])}
rows["VAE"] = vae.decode((1 - t) * ends[0] + t * ends[1])
rows["GAN"] = gan.paint((1 - t) * found.codes[0] + t * found.codes[1])
ax = show_rows(rows)
plots.show(ax, "From digit to digit: by pixels both at once, by codes one shape that changes.")


# %%
def middle(values):
    return (values[: len(few) // 2] + values[-(len(few) // 2) :]) / 2


middles = {"pixels": middle(few), "VAE": vae.decode(middle(ends))}
middles["GAN"] = gan.paint(middle(found.codes))
for name, images in middles.items():
    print(f"{name:>6}: in the middle {grey_share(images):.0%} of the ink is grey")

# %% [markdown]
# ## A map of all digits
#
# Sixteen numbers cannot be seen. So train one VAE with **two**, and decode a grid of codes. Beside
# it, the codes of unseen digits, each drawn as what it is, and the mean of each class in a ring.
# The labels were never used.

# %%
pair = vae_models.build_encoder(2), gan_models.build_generator(2, bias=True)
flat = train(vaes.VAE(*pair), preset.pick(10, 1500, 6000))
ax = vae_view.plot_map(flat.decode(vae_view.map_codes(cells=14)))
plots.show(ax, "A sheet of decoded digits: regions of ones, zeros, nines, with gradual borders.")

# %%
ax = vae_view.plot_codes(flat.encode(many)[0], digits.y_test[: len(many)])
plots.show(ax, "Codes of unseen digits as small digits: ones and zeros apart, others overlap.")

# %%
error, finer = (game.measure(many).reconstruction.mean() for game in (flat, vae))
print(f"½ squared error of unseen digits: {error:.1f} with 2 numbers, {finer:.1f} with 16")

# %% [markdown]
# Where classes overlap on the map, the decoder paints fog: a four or a nine, it cannot tell.
#
# ## Your turn: the map lab
#
# **Press ▶** and watch the map put itself in order. On the tab *explore*, move the orange ring by
# its sliders, or point at a cell. The blue cross is the code of a real, unseen digit; its arms
# show how unsure the encoder is. Now, while it trains, raise β to 50, and watch both KL curves.
# Lower it again: *does the map come back, and is it the same?* Show the codes, and try β = 0.02.

# %%
from tgan_lessons.vae_lab import VaeLab

lab = VaeLab(digits)
for _ in range(preset.pick(2, 60, 60)):
    lab.tick()
lab

# %% [markdown]
# ## When which
#
# | you want | take |
# |---|---|
# | a code of each image: search, find outliers, edit | a VAE: it has an encoder |
# | a training without an opponent, a number that tells | a VAE: one loss, and it falls |
# | crisp pictures from a small network, fast | a GAN |
# | the best pictures that there are | neither alone |
#
# Today both are *parts*. **VQ-VAE** takes codes from a list and lets a second model write them,
# like words. **Latent diffusion**, which made text-to-image known, is an autoencoder whose codes
# get a prior of their own, a diffusion model. It stands where your Gaussian mixture stood. And its
# autoencoder is kept sharp by a discriminator, an idea of **VAE-GAN**: the answer to *GAN or VAE*
# was *and*.

# %% [markdown]
# ## Exercises
#
# **12.1** The divergence between *any* two normal distributions, with means `m1`, `m2` and standard
# deviations `s1`, `s2`: $\mathrm{KL}\big(N(m_1, s_1^2)\,\|\,N(m_2, s_2^2)\big)$. It is the mean of
# $\log p - \log q$ under the first.

# %%
from tgan_lessons import vae_exercises


def kl(m1, s1, m2, s2):
    return ...


vae_exercises.check_kl(kl)

# %% [markdown]
# **12.2** Dice outside, for another distribution. A waiting time $t$ with rate $\lambda$ has
# $P(\text{longer than } t) = e^{-\lambda t}$. Turn uniform numbers `u` into waiting times, such
# that the gradient reaches $\lambda$ (use TensorFlow).


# %%
def wait(rate, u):
    return ...


vae_exercises.check_wait(wait)

# %% [markdown]
# **12.3** Another measure of sharpness. For each image (n, h, w, 1): the mean squared step between
# neighbours across, plus the mean squared step between neighbours up and down.


# %%
def edges(images):
    return ...


vae_exercises.check_edges(edges)

# %% [markdown]
# ## What you take with you
#
# - A VAE makes real images likely: copy well, and keep the code where the prior expects it.
# - The dice lie outside, so the gradient passes. That needs codes that can move a little.
# - Blur is the price of squared error, not of a small network. The same decoder paints sharp in a
#   GAN.
# - Bad pictures from noise are another illness: codes between the real ones. Fit the prior.
# - GANs lose modes, VAEs lose codes. Look at the page, at the KL, and at distances with floors.

# %% tags=["long"]
from tgan_lessons.questions import Question, quiz

quiz(
    Question(
        "A VAE's pictures are blurred. More channels in the decoder would",
        right="hardly help: squared error prefers the mean of what is possible",
        wrong=("make them sharp", "make the KL vanish"),
        why="The GAN's generator was the same network. What differs is the question.",
    ),
    Question(
        "The KL of a latent dimension is 0 for every image. It",
        right="carries nothing: the decoder sees pure noise there",
        wrong=("is perfectly learned", "carries the most common feature"),
        why="q equals the prior whatever the image is. Lower β, or live with fewer dimensions.",
    ),
    Question(
        "Pictures from noise are bad, copies are good. First try",
        right="another prior, fitted to the codes",
        wrong=("a larger β until copies are bad, too", "a discriminator"),
        why="The decoder can paint. It is asked for codes that it never practised.",
    ),
    Question(
        "Density 1.1, real digits 0.9. The generator",
        right="paints too close to the middle of the crowd",
        wrong=("is better than perfect", "covers all modes"),
        why="A softened digit is more typical than a real one. Read the floor from both sides.",
    ),
)

# %% [markdown]
# **References**
#
# - Kingma, Welling (2014), *Auto-encoding variational Bayes*,
#   [arXiv:1312.6114](https://arxiv.org/abs/1312.6114).
# - Rezende, Mohamed, Wierstra (2014), *Stochastic backpropagation and approximate inference in deep
#   generative models*, [arXiv:1401.4082](https://arxiv.org/abs/1401.4082).
# - Higgins et al. (2017), *beta-VAE: learning basic visual concepts with a constrained variational
#   framework*, [ICLR 2017](https://openreview.net/forum?id=Sy2fzU9gl).
# - Zhu, Krähenbühl, Shechtman, Efros (2016), *Generative visual manipulation on the natural image
#   manifold* (the search for a code), [arXiv:1609.03552](https://arxiv.org/abs/1609.03552).
# - Naeem, Oh, Uh, Choi, Yoo (2020), *Reliable fidelity and diversity metrics for generative
#   models*, [arXiv:2002.09797](https://arxiv.org/abs/2002.09797).
# - Ghosh, Sajjadi, Vergari, Black, Schölkopf (2020), *From variational to deterministic autoencoders* (a mixture fitted to
#   the codes), [arXiv:1903.12436](https://arxiv.org/abs/1903.12436).
# - Larsen, Sønderby, Larochelle, Winther (2016), *Autoencoding beyond pixels using a learned
#   similarity metric* (VAE-GAN), [arXiv:1512.09300](https://arxiv.org/abs/1512.09300).
# - Van den Oord, Vinyals, Kavukcuoglu (2017), *Neural discrete representation learning* (VQ-VAE),
#   [arXiv:1711.00937](https://arxiv.org/abs/1711.00937).
# - Rombach, Blattmann, Lorenz, Esser, Ommer (2022), *High-resolution image synthesis with latent
#   diffusion models*, [arXiv:2112.10752](https://arxiv.org/abs/2112.10752).
