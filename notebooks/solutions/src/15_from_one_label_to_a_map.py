# %% [markdown]
# # 15 · From one label to a map: solutions

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/solutions/15_from_one_label_to_a_map.ipynb)

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
# **15.1** Pixels in both, over pixels in either.

# %%
import numpy as np

from tgan_lessons import segment_exercises


def iou_of(truth, found, label):
    both = (truth == label) & (found == label)
    either = (truth == label) | (found == label)
    return both.sum() / either.sum()


segment_exercises.check_iou(iou_of)

# %% [markdown]
# **15.2** A step in a map is as long as all strides before it, multiplied. A kernel of $k$ reaches
# $k - 1$ such steps further.


# %%
def geometry(chain):
    stride, window = 1, 1
    for kernel, step in chain:
        window += (kernel - 1) * stride
        stride *= step
    return stride, window


segment_exercises.check_geometry(geometry)

# %% [markdown]
# Our reader's window is 26, not 28: at the second pooling eleven places become five pairs, and the
# last row and column of the image fall out.

# %%
print(geometry([(3, 1), (2, 2), (3, 1), (2, 2), (5, 1)]))

# %% [markdown]
# **15.3** A roof: 1 minus the distance from the middle, in units of `factor`.


# %%
def bilinear_kernel(factor):
    places = np.arange(2 * factor) + 0.5
    return 1 - np.abs(places / factor - 1)


segment_exercises.check_bilinear(bilinear_kernel)
