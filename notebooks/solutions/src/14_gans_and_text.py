# %% [markdown]
# # 14 · GANs and text: solutions

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/solutions/14_gans_and_text.ipynb)

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
# **14.1** Gumbel noise on each logit, then the largest.

# %%
import numpy as np

from tgan_lessons import text_exercises


def draw(logits, u):
    return (logits - np.log(-np.log(u))).argmax(axis=-1)


text_exercises.check_draw(draw)

# %% [markdown]
# **14.2** $\nabla_l \log p(w)$ is 1 at the drawn word and 0 elsewhere, minus the chances.


# %%
def gradient(logits, word, reward, baseline):
    chances = np.exp(logits) / np.exp(logits).sum()
    one = np.arange(len(logits)) == word
    return (reward - baseline) * (one - chances)


text_exercises.check_gradient(gradient)

# %% [markdown]
# **14.3** The exponential of the mean surprise.


# %%
def perplexity(probabilities):
    return np.exp(-np.log(probabilities).mean())


text_exercises.check_perplexity(perplexity)
