# %% [markdown]
# # 13 · Adversaries for security: solutions

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/solutions/13_adversaries_for_security.ipynb)

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
# **13.1** One multiplication, and the same one back, as $k \cdot k = 1$.

# %%
from tgan_lessons import security_exercises


def encrypt(message, key):
    return message * key


def decrypt(ciphertext, key):
    return ciphertext * key


security_exercises.check_one_time_pad(encrypt, decrypt)

# %% [markdown]
# **13.2** Squared: an Eve above the coin costs as much as one below.


# %%
def partners_loss(bob, eve):
    return bob + ((8 - eve) / 8) ** 2


security_exercises.check_partners_loss(partners_loss)

# %% [markdown]
# **13.3** Compare each member with each stranger.


# %%
def area(members, strangers):
    difference = members[:, None] - strangers
    return (difference > 0).mean() + (difference == 0).mean() / 2


security_exercises.check_area(area)
