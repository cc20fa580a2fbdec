# %% [markdown]
# # 11 · Transfer meets GAN: solutions

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/solutions/11_transfer_meets_gan.ipynb)

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
# **11.1** Two nearest distances per fake, one comparison, one mean. The unseen images should be as
# many as the learned ones: with more of them, one is near by luck alone.

# %%
import numpy as np
from scipy.spatial.distance import cdist

from tgan_lessons import few_shot_exercises


def copied_share(fakes, learned, unseen):
    flat = [images.reshape(len(images), -1) for images in (fakes, learned, unseen)]
    near, far = (cdist(flat[0], others).min(axis=1) for others in flat[1:])
    return np.mean(near < far)


few_shot_exercises.check_copies(copied_share)

# %% [markdown]
# **11.2** Layers in their order, without the first convolutions. A game that gets this list cannot
# move the others, whatever their `trainable` says.

# %%
import keras


def layers_to_train(discriminator, frozen):
    found = [x for x in discriminator.layers if isinstance(x, keras.layers.Conv2D)]
    return [layer for layer in discriminator.layers if layer not in found[:frozen]]


few_shot_exercises.check_frozen(layers_to_train)

# %% [markdown]
# **11.3** Both, by the same kind of change. Were only the real ones changed, $G$ would learn to draw
# changed letters. And the gradient must pass through the change, back to $G$.


# %%
def changed_scores(judge_images, change, real, fake):
    return judge_images(change(real)), judge_images(change(fake))


few_shot_exercises.check_diff_augment(changed_scores)
