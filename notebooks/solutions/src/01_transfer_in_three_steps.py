# %% [markdown]
# # 01 · Transfer in three steps: solutions

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/solutions/01_transfer_in_three_steps.ipynb)

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
# **01.1** Differences first, statistics afterwards: what both methods share at a seed drops out.

# %%
import numpy as np
from scipy import stats

from tgan_lessons import exercises


def gain(ours, theirs):
    difference = np.subtract(ours, theirs)
    n = len(difference)
    half = stats.t.ppf(0.975, n - 1) * difference.std(ddof=1) / np.sqrt(n)
    return difference.mean(), half


exercises.check_gain(gain)

# %% [markdown]
# **01.2** `trainable = False` before `compile` freezes the weights; in Keras 3 it also makes batch
# normalisation run on its stored statistics, so these stay as well.

# %%
import keras


def train_head(classifier, x, y):
    classifier.get_layer("backbone").trainable = False
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    classifier.compile(optimizer="adam", loss=loss)
    classifier.fit(x, y, epochs=2, verbose=0)
    return classifier


exercises.check_head_only(train_head)

# %% [markdown]
# **01.3** Means of the rows of each class, then all distances at once.


# %%
def nearest_mean(features, labels, new):
    classes = np.unique(labels)
    means = np.stack([features[labels == c].mean(axis=0) for c in classes])
    distances = np.linalg.norm(new[:, np.newaxis] - means, axis=2)
    return classes[distances.argmin(axis=1)]


exercises.check_nearest_mean(nearest_mean)
