# %% [markdown]
# # 10 · Domain-adversarial transfer: solutions

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/solutions/10_domain_adversarial_transfer.ipynb)

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
# **10.1** A sigmoid, stretched from (½, 1) to (0, 1). It is also $\tanh(\gamma p / 2)$.

# %%
import numpy as np

from tgan_lessons import adapt_exercises


def grow(p, gamma):
    return 2 / (1 + np.exp(-gamma * p)) - 1


adapt_exercises.check_schedule(grow)

# %% [markdown]
# **10.2** $-\lambda t$ has the gradient that we want and the wrong value. What is missing in the
# value, $(1 + \lambda)\, t$, is added without a gradient.

# %%
from keras import ops


def reverse_gradient(features, weight):
    return -weight * features + ops.stop_gradient((1 + weight) * features)


adapt_exercises.check_reversal(reverse_gradient)

# %% [markdown]
# **10.3** Squared distances of all pairs by broadcasting, then three means.


# %%
def mmd(f_s, f_t, s):
    def kernel(a, b):
        squares = np.sum((a[:, None] - b[None]) ** 2, axis=-1)
        return np.exp(-squares / (2 * s**2)).mean()

    return kernel(f_s, f_s) + kernel(f_t, f_t) - 2 * kernel(f_s, f_t)


adapt_exercises.check_mmd(mmd)

# %% [markdown]
# **10.4** Equal features get equal answers, so the shares of the *answers* are the same in both
# domains. In each, the error is at least the distance from these shares to the true ones; together
# at least the distance from one true set of shares to the other.


# %%
def least_errors(shares_source, shares_target):
    return np.abs(shares_source - shares_target).sum() / 2


adapt_exercises.check_bound(least_errors)
