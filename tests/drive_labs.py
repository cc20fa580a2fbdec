"""Builds every lab and drives it without a page, under whatever versions this interpreter has.

Run by `test_older_widgets.py`; prints one line for each lab, with what it says of itself.
"""

import sys
import tempfile

import numpy as np


def build_all():
    """Each lab as its lesson makes it, with networks as small as they go."""
    from tgan_lessons import gan_models, models, scenes, segment
    from tgan_lessons.curve_lab import CurveLab
    from tgan_lessons.data import Dataset
    from tgan_lessons.digit_lab import DigitLab
    from tgan_lessons.gan import GAN
    from tgan_lessons.gan_lab import GanLab
    from tgan_lessons.segment_lab import SegmentLab
    from tgan_lessons.spiral_lab import SpiralLab
    from tgan_lessons.transfer_lab import TransferLab

    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (60, 28, 28, 1)).astype(np.float32)
    labels = np.repeat(np.arange(3), 20).astype(np.int32)
    game = GAN(gan_models.build_generator(4, (4, 4)), gan_models.build_discriminator((4, 4)))
    game.feed(images, batch_size=8)
    letters = Dataset(images, labels, images, labels, ("a", "b", "c"), "noise")
    pool = images, labels
    return [
        lambda: CurveLab(),
        lambda: SpiralLab(),
        lambda: GanLab(width=8, layers=1),
        lambda: DigitLab(game),
        lambda: TransferLab(models.build_backbone((2, 3), seed=9), letters),
        lambda: SegmentLab(segment.build_reader((2, 3), 4), pool, scenes.make_scenes(pool, 2, 0)),
    ]


def drive(lab):
    """Play, pause, every control, step, filmstrip, presets, reset, close: as a page would."""
    lab.frame.playing = True
    for _ in range(3):
        lab.play.value += 1
    lab.frame.playing = False
    lab.frame.film.value = 0
    for name, control in lab.panel.controls.items():
        widget = lab.panel.widgets[name]
        ends = control.options or control.limits or (True, False)
        if not widget.disabled and not control.renews:
            widget.value = ends[0]
            widget.value = control.value
    if lab.frame.has_steps:
        lab.frame.step.click()
    lab.reset_button.click()
    lab.play.value += 1
    assert "Stopped" not in lab.message.value, lab.message.value
    assert lab.image.value[:2] == b"\xff\xd8", "a JPEG picture"
    told = lab.describe()
    lab._ipython_display_()
    lab.close()
    return told


def answer_questions():
    from tgan_lessons.questions import Question, predict, quiz

    guess = predict("Which?", "this", "that")
    guess._ipython_display_()
    guess.choose("that")
    asked = quiz(Question("What?", "right", ("wrong",), "because"))
    asked._ipython_display_()
    asked.radios[0].value = "right"
    assert asked.score == 1
    return str(guess.compare("that"))


def main():
    import os

    import ipykernel
    import IPython
    import ipywidgets

    print(f"ipywidgets {ipywidgets.__version__}", end=", ")
    print(f"ipykernel {ipykernel.__version__}, IPython {IPython.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for build in build_all():
            lab = build()
            print(type(lab).__name__, "|", drive(lab))
        print("questions |", answer_questions())
        os.chdir("/")


if __name__ == "__main__":
    sys.exit(main())
