# %% [markdown]
# # 09 · Conditional GANs, and captions: solutions

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/solutions/09_conditional_gans_and_captions.ipynb)

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
# **09.1** Rows count downwards, so $y$ is turned round; both are measured from the ink's centre.

# %%
import numpy as np

from tgan_lessons import caption_exercises


def slant(ink):
    height, width = ink.shape
    y, x = np.arange(height)[::-1, None], np.arange(width)[None, :]
    x = x - (ink * x).sum() / ink.sum()
    y = y - (ink * y).sum() / ink.sum()
    return np.degrees(np.arctan((ink * x * y).sum() / (ink * y * y).sum()))


caption_exercises.check_slant(slant)

# %% [markdown]
# **09.2** Each image takes the common row, and its own label's.


# %%
def score(features, labels, w, v):
    return ((w + v[labels]) * features).sum(axis=1)


caption_exercises.check_projection(score)

# %% [markdown]
# **09.3** Small letters, no commas; the empty meaning goes.


# %%
def reader(text, meanings):
    words = text.lower().replace(",", " ").split()
    unknown = [word for word in words if word not in meanings]
    if unknown:
        raise KeyError(f"I do not know {unknown[0]}")
    return {meanings[word] for word in words} - {""}


caption_exercises.check_reader(reader)

# %% [markdown]
# **09.4** Another digit, or a band that is mentioned and is not the one shown.


# %%
def is_lie(asked, shown):
    wrong_digit = asked[:, 0] != shown[:, 0]
    wrong_style = (asked[:, 1:] != 0) & (asked[:, 1:] != shown[:, 1:])
    return wrong_digit | wrong_style.any(axis=1)


caption_exercises.check_guard(is_lie)
