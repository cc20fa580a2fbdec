# %% [markdown]
# # 00 · Start here

# %% [markdown] tags=["badge"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/tgan-lessons/tgan_lessons/blob/main/notebooks/00_start_here.ipynb)

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
# Machines learn faster when they have learned something before. And they learn to invent when a
# second machine judges them. The first idea is **transfer learning**, the second is the
# **generative adversarial network**, the GAN. This course is about both, and about what happens
# where they meet.
#
# **After this lesson you can** move a slider and watch a model react, choose how much computing
# a lesson spends, let an exercise check itself, and read where the data came from.
#
# **Time:** 10 minutes, less than one of them computing. No GPU needed.

# %% [markdown]
# ## A first picture
#
# Sixty points, and a small network that draws a curve. It has not learned anything yet.
# **Press ▶** and watch it bend. Then move the learning rate while it runs. *Slow motion* takes one
# step at a time and says what it did.

# %%
from tgan_lessons.curve_lab import CurveLab

lab = CurveLab()
lab

# %% [markdown]
# Buttons and sliders need a running notebook. Without one, as on GitHub, you see the last frame.
# A lab is an ordinary object as well: a cell can do what your finger does.

# %%
for _ in range(40):
    lab.tick()
print(lab.describe())

# %% [markdown]
# ## Predict, run, explain
#
# You remember what surprised you. So before each important result you are asked what you expect.
# Nothing is graded, and nothing leaves this machine: your answers stay in `my_answers.json` beside
# the notebooks. Delete it to begin anew.

# %%
from tgan_lessons import questions

guess = questions.predict(
    "The learning rate is doubled, then doubled again, and again. What will the curve do?",
    "It fits sooner and sooner",
    "Nothing changes much",
    "At some point it breaks",
)
guess

# %% [markdown]
# The same network, from the same start, 1,000 steps at each rate:

# %%
from tgan_lessons import plots
from tgan_lessons.curve_lab import losses_by_rate

rates = [0.0125, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8]
losses = losses_by_rate(rates, steps=1000)
ax = plots.plot_line(rates, losses, x_label="learning rate", y_label="loss after 1,000 steps")
plots.show(ax, "Loss after 1,000 steps over the learning rate; the highest rates have no point.")

# %%
broken = [rate for rate, loss in zip(rates, losses, strict=True) if loss != loss]
print("left the numbers at:", broken)
guess.compare("At some point it breaks" if broken else "It fits sooner and sooner")

# %% [markdown]
# A step that is too long jumps over the valley and lands higher up on the other side. The next
# jump is longer still. The loss of such a run is not large, it is *not a number*, so the picture
# has no point for it. You will meet this edge in every lesson.

# %% [markdown]
# ## Real data, and where it came from
#
# Every data set says what it is. Images are numbers from −1 (black) to 1 (white).

# %%
from tgan_lessons import data

digits = data.load_mnist()
digits

# %%
letters = data.load_emnist("letters")
letters

# %%
some, names = data.sample_per_class(letters.x_train, letters.y_train, 1, seed=0)
titles = [letters.class_names[label] for label in names]
plots.show(plots.show_images(some, titles), "One image of each of the 37 letter classes, upright.")

# %% [markdown]
# If the line above says STAND-IN, the real handwriting could not be downloaded, and letters drawn
# from fonts keep the course running. Real ones come with `tgan-lessons data --fetch`.

# %% [markdown]
# ## Presets
#
# Each lesson runs at one of three sizes. `smoke` proves that every cell works, `class` fits a
# laptop with two cores, `gpu` uses bigger networks and all the data. A lesson picks its numbers
# like this:

# %%
steps = preset.pick(smoke=10, classroom=1000, gpu=20_000)
print(f"preset {preset.name}: {steps} steps")

# %% [markdown]
# To change it, write `runtime.setup("smoke")` in the set-up cell, or set the variable
# `TGAN_LESSONS_PRESET` before you start.

# %% [markdown]
# ## The doctor
#
# Something does not work? Ask here first. In a terminal: `tgan-lessons doctor`.

# %%
from tgan_lessons import doctor

doctor.examine()

# %% [markdown]
# ## Exercises
#
# Replace the dots and run the cell. A check hints; it never stops the notebook.
#
# **00.1** Turn images in [−1, 1] into whole numbers from 0 to 255, as files store them.

# %%
from tgan_lessons import exercises


def to_pixels(images):
    return ...


exercises.check_to_pixels(to_pixels)

# %% [markdown]
# **00.2** Find a learning rate between 0 and 1 that breaks the curve above. The lab can help.

# %%
learning_rate = ...

exercises.check_too_high(learning_rate)

# %% [markdown]
# ## The lessons
#
# | | lesson | what you will see |
# |---|---|---|
# | 00 | **Start here** | a slider that moves a running model |
# | 01 | **Transfer in three steps** | what digits teach about letters: accuracy over label budget, with intervals |
# | 02 | **What transfers** | the gain over freezing depth, and a source that makes it negative |
# | 03 | **A giant's shoulders** | a frozen backbone damaged by one wrong `training=True` |
# | 04 | **The GAN game** | D's landscape pushing fakes around, one move at a time |
# | 05 | **Digits from noise** | the same noise becoming handwriting within seconds |
# | 06 | **The failure clinic** | a discriminator that never moves, without any error |
# | 07 | **Mode collapse** | 25 modes, and a plain GAN that serves half of them |
# | 08 | **Wasserstein** | JS flat, the earth mover's distance sloping; a loss that is a meter |
# | 09 | **Conditional GANs, and captions** | "a thick slanted seven", drawn as you type |
# | 10 | **Domain-adversarial transfer** | two clouds of features merging, and what that does not prove |
# | 11 | **Transfer meets GAN** | letters from a hundred examples, and whether they are copies |
# | 12 | **GAN or VAE** | blur against sharpness on one page; a map of all digits |
# | 13 | **Adversaries for security** | Eve's error stuck at a coin flip, and a random key that opens every third message |
# | 14 | **GANs and text** | sentences that a grammar rejects; real ones that an author never heard of |
# | 15 | **From one label to a map** | a classifier that colours a whole scene |

# %% [markdown]
# ## What you take with you
#
# - ▶ trains, a slider acts at once, *Reset* starts anew.
# - Predict first. A surprise is where learning happens.
# - A learning rate has an edge. Beyond it there are no numbers.
# - Every data set says where it came from.

# %% tags=["long"]
from tgan_lessons.questions import Question, quiz

quiz(
    Question(
        "A run at rate 0.8 ends with the loss nan. What happened?",
        right="The steps were too long and grew",
        wrong=("The network was too small", "The data had no labels"),
        why="Each step overshot the valley and landed higher, until numbers ended.",
    ),
    Question(
        "A pixel has the value −1. What do you see there?",
        right="Black",
        wrong=("Grey", "White"),
        why="Images here run from −1, black, to 1, white.",
    ),
)

# %% [markdown]
# **References**
#
# - LeCun, Bottou, Bengio, Haffner (1998), *Gradient-based learning applied to document
#   recognition*, Proceedings of the IEEE 86(11). The MNIST digits.
# - Cohen, Afshar, Tapson, van Schaik (2017), *EMNIST: an extension of MNIST to handwritten
#   letters*, [arXiv:1702.05373](https://arxiv.org/abs/1702.05373).
