# %% [markdown]
# # 04 · The GAN game: solutions

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/solutions/04_the_gan_game.ipynb)

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
# **04.1** At one place lie `share * p_data` reals and `(1 - share) * p_g` fakes. D* is the reals'
# part of them; with halves the factor ½ cancels.

# %%
from tgan_lessons import gan_exercises


def best_discriminator(p_data, p_g, share):
    reals, fakes = share * p_data, (1 - share) * p_g
    return reals / (reals + fakes)


gan_exercises.check_best_discriminator(best_discriminator)

# %% [markdown]
# **04.2** $-\log \sigma(s) = \log(1 + e^{-s})$, which is softplus of $-s$. Computed as it stands,
# $e^{1000}$ leaves the numbers; `softplus` takes care of that.

# %%
from keras import ops


def generator_loss(scores):
    return ops.mean(ops.softplus(-scores))


gan_exercises.check_generator_loss(generator_loss)

# %% [markdown]
# **04.3** The new x is used at once. That is all.


# %%
def play_round(x, y, eta):
    x = x - eta * y
    y = y + eta * x
    return x, y


gan_exercises.check_alternating(play_round)
