# %% [markdown]
# # 00 · Start here: solutions

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
