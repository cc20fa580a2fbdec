# %% [markdown]
# # 07 · Mode collapse: solutions

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/solutions/07_mode_collapse.ipynb)

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
# **07.1** All distances at once, a row for each sample. A mode is found where its column holds one
# that is small enough. (Modes lie more than six standard deviations apart, so a sample is near one
# of them at most.)

# %%
import numpy as np

from tgan_lessons import collapse_exercises


def count_recovered(points, centres, std):
    distances = np.linalg.norm(points[:, None] - centres[None], axis=2)
    return (distances.min(axis=0) <= 3 * std).sum()


collapse_exercises.check_count(count_recovered)

# %% [markdown]
# **07.2** The spread of each feature over the samples, then one mean of them, then a column.


# %%
def add_spread(x):
    spread = x.std(axis=0).mean()
    return np.concatenate([x, np.full((len(x), 1), spread)], axis=1)


collapse_exercises.check_spread(add_spread)

# %% [markdown]
# **07.3** Samples that follow each other in memory become one row.


# %%
def pack(x, together):
    return x.reshape(len(x) // together, -1)


collapse_exercises.check_pack(pack)

# %% [markdown]
# **07.4** Take the differences first, seed by seed; then one interval, of their mean.


# %%
from tgan_lessons import metrics


def surely_better(ours, theirs):
    mean, half = metrics.mean_interval(np.subtract(ours, theirs))
    return mean - half > 0


collapse_exercises.check_surely_better(surely_better)
