"""Builds every lab and drives it without a page, under whatever versions this interpreter has.

Run by `test_older_widgets.py`; prints one line for each lab, with what it says of itself.
"""

import sys
import tempfile

import numpy as np


def make_data(classes, per_class, channels=1):
    """Noise with labels, as a data set."""
    from tgan_lessons.data import Dataset

    y = np.repeat(np.arange(classes), per_class).astype(np.int32)
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (len(y), 28, 28, channels)).astype(np.float32)
    names = tuple("abcdefghijklmnopqrstuvwxyzABCDEFGHIJ"[:classes])
    return Dataset(x, y, x[::-1].copy(), y[::-1].copy(), names, "noise")


def gan_labs():
    """Labs of the lessons on GANs, with networks as small as they go."""
    from tgan_lessons import gan_models, grammar
    from tgan_lessons.cipher_lab import CipherLab
    from tgan_lessons.clinic_lab import ClinicLab
    from tgan_lessons.digit_lab import DigitLab
    from tgan_lessons.distance_lab import DistanceLab
    from tgan_lessons.gan import GAN
    from tgan_lessons.gan_lab import GanLab
    from tgan_lessons.spiral_lab import SpiralLab
    from tgan_lessons.text_lab import TextLab
    from tgan_lessons.vae_lab import VaeLab

    game = GAN(gan_models.build_generator(4, (4, 4)), gan_models.build_discriminator((4, 4)))
    game.feed(make_data(3, 20).x_train, batch_size=8)
    return [
        lambda: SpiralLab(),
        lambda: GanLab(width=8, layers=1),
        lambda: DigitLab(game),
        lambda: DistanceLab(),
        lambda: ClinicLab(),
        lambda: CipherLab(),
        lambda: TextLab(grammar.sample(100, seed=0)),
        lambda: VaeLab(make_data(3, 20), filters=(4, 4)),
    ]


def transfer_labs():
    """Labs of the lessons on transfer."""
    from tgan_lessons import giant_models, models, pools, scenes, segment, small_nets
    from tgan_lessons.adapt_lab import AdaptLab
    from tgan_lessons.curve_lab import CurveLab
    from tgan_lessons.freeze_lab import FreezeLab
    from tgan_lessons.giant_lab import GiantLab
    from tgan_lessons.giants import Giant
    from tgan_lessons.segment_lab import SegmentLab
    from tgan_lessons.transfer_lab import TransferLab

    letters, photos = make_data(3, 40), make_data(3, 40, channels=3)
    pool = pools.make_pool(make_data(6, 20), letters)
    sources = {"letters": small_nets.new_weights(pool.plan, (1, 2))}
    paste = letters.x_train, letters.y_train
    own = giant_models.build_own(((2, 6, 1), (2, 6, 2)), first=6, last=8, momentum=0.9, seed=2)
    return [
        lambda: CurveLab(),
        lambda: TransferLab(models.build_backbone((2, 3), seed=9), letters),
        lambda: FreezeLab(pool, sources),
        lambda: GiantLab(Giant(own, "tiny", False), photos, photos, tested=12),
        lambda: AdaptLab(letters, letters),
        lambda: SegmentLab(segment.build_reader((2, 3), 4), paste, scenes.make_scenes(paste, 2, 0)),
    ]


def asked_labs():
    """Labs of generators that are told what to draw."""
    from tgan_lessons import caption_data, caption_gan, gan_models, judge
    from tgan_lessons.caption_lab import CaptionLab
    from tgan_lessons.gan import GAN
    from tgan_lessons.picker_lab import PickerLab

    labelled, eye = make_data(10, 4), judge.load_judge()
    game = GAN(
        gan_models.build_generator(4, (4, 4), classes=10),
        gan_models.build_discriminator((4, 4), classes=10),
    )
    game.feed((labelled.x_train, labelled.y_train), batch_size=8)
    told = caption_gan.build_game()
    told.feed(caption_data.make_pairs(labelled.x_train, labelled.y_train).feed(), batch_size=8)
    return [lambda: PickerLab(game, eye), lambda: CaptionLab(told, eye)]


def mixed_labs():
    """The lab in which transfer meets GAN."""
    from tgan_lessons import few_shot_gan, few_shot_task, judge
    from tgan_lessons.few_shot_lab import FewShotLab

    letters = make_data(5, 60)
    task = few_shot_task.pick_letters(letters, "abcde")
    return [lambda: FewShotLab(few_shot_gan.build_game(), task, judge.load_judge())]


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
        for build in [*gan_labs(), *transfer_labs(), *mixed_labs(), *asked_labs()]:
            lab = build()
            print(type(lab).__name__, "|", drive(lab))
        print("questions |", answer_questions())
        os.chdir("/")


if __name__ == "__main__":
    sys.exit(main())
