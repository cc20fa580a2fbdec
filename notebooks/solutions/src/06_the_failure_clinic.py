# %% [markdown]
# # 06 · The failure clinic: solutions

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/solutions/06_the_failure_clinic.ipynb)

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
# **06.1** G's own variables, and nobody else's.

# %%
import numpy as np
import tensorflow as tf
from keras import ops

from tgan_lessons import clinic_exercises


def g_turn(generator, discriminator, optimizer, noise):
    with tf.GradientTape() as tape:
        scores = discriminator(generator(noise, training=True), training=True)
        loss = ops.mean(ops.softplus(-scores))
    variables = generator.trainable_variables
    optimizer.apply(tape.gradient(loss, variables), variables)


clinic_exercises.check_g_turn(g_turn)

# %% [markdown]
# **06.2** One number for each image, and three more axes of length 1.


# %%
def draw_alpha(n, rng):
    return rng.uniform(size=(n, 1, 1, 1))


clinic_exercises.check_alpha(draw_alpha)

# %% [markdown]
# **06.3** Compare the ends, with a tolerance of a tenth of the data's range.


# %%
def same_range(real, fake):
    slack = 0.1 * (real.max() - real.min())
    ends = abs(real.min() - fake.min()), abs(real.max() - fake.max())
    return max(ends) < slack


clinic_exercises.check_same_range(same_range)

# %% [markdown]
# **06.4** First what is no number, then G's turn, then D's own. Only 0.0 is no step.


# %%
def diagnose(own, other):
    if not np.isfinite([*own, *other]).all():
        return "not a number"
    if np.max(other) > 0:
        return "D learns in G's turn"
    return "healthy" if np.max(own) > 0 else "D never learns"


clinic_exercises.check_diagnose(diagnose)
