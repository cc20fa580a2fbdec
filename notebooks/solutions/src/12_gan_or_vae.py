# %% [markdown]
# # 12 · GAN or VAE: solutions

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/solutions/12_gan_or_vae.ipynb)

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
