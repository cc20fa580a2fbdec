# %% [markdown]
# # 08 · Wasserstein: solutions

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/solutions/08_wasserstein.ipynb)

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
# **08.1** Sort both, carry first to first.

# %%
import numpy as np

from tgan_lessons import wasserstein_exercises


def earth_movers_distance(x, y):
    return np.abs(np.sort(x) - np.sort(y)).mean()


wasserstein_exercises.check_distance(earth_movers_distance)

# %% [markdown]
# **08.2** The critic makes the gap large, so its loss is minus the gap. Real scores do not depend on
# G.


# %%
def losses(real_scores, fake_scores):
    return {
        "critic": np.mean(fake_scores) - np.mean(real_scores),
        "generator": -np.mean(fake_scores),
    }


wasserstein_exercises.check_losses(losses)

# %% [markdown]
# **08.3** Three more axes of length 1, and NumPy spreads one number over all pixels of its image.


# %%
def between(real, fake, alpha):
    share = alpha.reshape(-1, 1, 1, 1)
    return share * real + (1 - share) * fake


wasserstein_exercises.check_between(between)

# %% [markdown]
# **08.4** For $a > 0$ the derivative is $\theta + 2\lambda(a - 1)$. It is smallest at $a = 0$, where
# it is $\theta - 2\lambda$. The ball rolls through as long as that is not negative. At distance 6 the
# weight may be 3; with 10 the critic stays on its wrong slope of 0.7.


# %%
def largest_weight(theta):
    return theta / 2


wasserstein_exercises.check_largest_weight(largest_weight)
