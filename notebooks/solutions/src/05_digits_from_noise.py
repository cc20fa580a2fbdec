# %% [markdown]
# # 05 · Digits from noise: solutions

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/solutions/05_digits_from_noise.ipynb)

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
# **05.1** The angle comes from the directions; the lengths go along.

# %%
import numpy as np

from tgan_lessons import digit_exercises


def slerp(a, b, t):
    cosine = a @ b / (np.linalg.norm(a) * np.linalg.norm(b))
    omega = np.arccos(np.clip(cosine, -1, 1))
    return (np.sin((1 - t) * omega) * a + np.sin(t * omega) * b) / np.sin(omega)


digit_exercises.check_slerp(slerp)

# %% [markdown]
# **05.2** Only the two formulas. Give this to a game's `losses`, and the same engine plays it.

# %%
from keras.ops import mean, square


def least_squares(s_real, s_fake):
    loss_d = (mean(square(s_real - 1)) + mean(square(s_fake))) / 2
    return {"D": loss_d, "G": mean(square(s_fake - 1)) / 2}


digit_exercises.check_least_squares(least_squares)

# %% [markdown]
# **05.3** One row of differences per fake. For thousands of images, expand the square:
# $\|f - r\|^2 = \|f\|^2 - 2 f \cdot r + \|r\|^2$.


# %%
def nearest(fakes, reals):
    return np.array([np.square(reals - fake).sum(axis=(1, 2, 3)).argmin() for fake in fakes])


digit_exercises.check_nearest(nearest)
