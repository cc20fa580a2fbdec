# %% [markdown]
# # 00 · Start here: solutions

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/solutions/00_start_here.ipynb)

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
