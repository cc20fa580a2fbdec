# %% [markdown]
# # 00 · Start here: solutions

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/solutions/00_start_here.ipynb)

# %% tags=["setup"]
# Set-up: installs the course on Colab; does nothing where it is installed already.
import importlib.util
import subprocess
import sys

if importlib.util.find_spec("tgan_lessons") is None:
    course = "https://github.com/tgan-lessons/tgan_lessons/archive/refs/heads/main.zip"
    subprocess.check_call([sys.executable, "-m", "pip", "install", "-q", course])
from tgan_lessons import runtime

preset = runtime.setup()  # or: runtime.setup("smoke"), "class", "gpu"

# %% [markdown]
# **00.1** A straight line takes −1 to 0 and 1 to 255; rounding makes whole numbers.

# %%
import numpy as np

from tgan_lessons import exercises


def to_pixels(images):
    return np.rint((images + 1) * 127.5).astype(np.uint8)


exercises.check_to_pixels(to_pixels)

# %% [markdown]
# **00.2** The picture in the lesson shows the edge between 0.2 and 0.4. Anything well above it will
# do.

# %%
learning_rate = 0.6

exercises.check_too_high(learning_rate)
