# %% [markdown]
# # 03 · A giant's shoulders: solutions

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/solutions/03_a_giants_shoulders.ipynb)

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
# **03.1** 255 / 127.5 is 2, less 1 is 1; 0 becomes $-1$. The first factor makes it float32: whole
# numbers of eight bits would wrap around.

# %%
import numpy as np

from tgan_lessons import giant_exercises


def prepare(pixels):
    return pixels.astype(np.float32) / 127.5 - 1


giant_exercises.check_prepare(prepare)

# %% [markdown]
# **03.2** `get_weights` holds the moving statistics, too.


# %%
def changed(backbone, step):
    before = backbone.get_weights()
    step()
    return any(np.any(a != b) for a, b in zip(before, backbone.get_weights(), strict=True))


giant_exercises.check_alarm(changed)

# %% [markdown]
# **03.3** From $1 - m^k \ge s$ follows $k \ge \log(1-s) / \log m$.

# %%
import math


def steps_until(momentum, share):
    return math.ceil(math.log(1 - share) / math.log(momentum))


giant_exercises.check_steps(steps_until)

# %% [markdown]
# **03.4** Layer by layer: free where the name says so, but never a normalisation. In Keras such a
# frozen normalisation also runs on its memory, so `fit` cannot move it.

# %%
import keras


def free_the_last(backbone):
    for layer in backbone.layers:
        is_norm = isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = layer.name.startswith("Conv_1") and not is_norm
    return backbone


giant_exercises.check_fine_tune(free_the_last)
