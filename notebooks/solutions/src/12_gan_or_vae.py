# %% [markdown]
# # 12 · GAN or VAE: solutions

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/solutions/12_gan_or_vae.ipynb)

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
# **12.1** $\log p - \log q$ is a difference of two parabolas. Its mean needs $\mathbb{E}[(x-m_1)^2]
# = s_1^2$ and $\mathbb{E}[(x-m_2)^2] = s_1^2 + (m_1-m_2)^2$.

# %%
import numpy as np

from tgan_lessons import vae_exercises


def kl(m1, s1, m2, s2):
    return np.log(s2 / s1) + (s1**2 + (m1 - m2) ** 2) / (2 * s2**2) - 0.5


vae_exercises.check_kl(kl)

# %% [markdown]
# **12.2** Set $u = e^{-\lambda t}$, which is uniform as well, and solve for $t$.

# %%
import tensorflow as tf


def wait(rate, u):
    return -tf.math.log(u) / rate


vae_exercises.check_wait(wait)

# %% [markdown]
# **12.3** Differences of shifted pictures, squared, one mean for each direction.


# %%
def edges(images):
    across = np.diff(images, axis=2) ** 2
    up = np.diff(images, axis=1) ** 2
    return across.mean(axis=(1, 2, 3)) + up.mean(axis=(1, 2, 3))


vae_exercises.check_edges(edges)
