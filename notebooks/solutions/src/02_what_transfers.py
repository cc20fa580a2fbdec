# %% [markdown]
# # 02 · What transfers: solutions

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/solutions/02_what_transfers.ipynb)

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
# **02.1** Centre each column, then compare all columns with all columns: the products of whole
# matrices do not notice a turn.

# %%
import numpy as np

from tgan_lessons import freezing_exercises as exercises


def cka(a, b):
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    norm = np.linalg.norm
    return norm(a.T @ b) ** 2 / (norm(a.T @ a) * norm(b.T @ b))


exercises.check_cka(cka)

# %% [markdown]
# **02.2** One sum over all arrays. Its gradient is $\alpha (w - w_S)$: a spring.


# %%
def penalty(weights, source, alpha):
    squares = [np.sum((w - s) ** 2) for w, s in zip(weights, source, strict=True)]
    return alpha / 2 * sum(squares)


exercises.check_l2_sp(penalty)

# %% [markdown]
# **02.3** `max` asks validation about every depth. The test is asked about one.


# %%
def choose_depth(depths, validate, test):
    best = max(depths, key=validate)
    return best, test(best)


exercises.check_choose_depth(choose_depth)

# %% [markdown]
# **02.4** Counted from the top, layer $i$ learns at $\text{top} / \text{factor}^i$.


# %%
def rates_by_layer(layers, frozen, top, factor):
    below_top = np.arange(layers)[::-1]
    return np.where(np.arange(layers) < frozen, 0.0, top / factor**below_top)


exercises.check_layer_rates(rates_by_layer)
