"""Rows B19, B21 and B23: who moves when, two kinds of fakes, and a loop that keeps nothing.

`Stack` is the classic construction: D is compiled, then G and D are stacked and compiled again. It
uses Keras's own `compile` and `train_on_batch` throughout, so that what it shows is what the
installed Keras does.
"""

from __future__ import annotations

import functools
import itertools
import tempfile
import time
import warnings
from pathlib import Path

import keras
import numpy as np

from tgan_lessons import gan_models
from tgan_lessons.clinic import Finding, calm, case
from tgan_lessons.clinic_ward import Patient
from tgan_lessons.runtime import choose

FREEZES = ("never", "before the first step", "after the first step")


class Stack:
    """D compiled; D frozen, or not; G and D stacked and compiled.

    Args:
        data: real samples (n, 2).
        freeze: when `trainable = False` is set on D, one of `FREEZES`. "after the first step" lets
            D take one step before, and nothing else differs.
        seed: of weights, noise and batches.
        rate: Adam's learning rate, of both.
        eager: whether nothing is traced; for "never" only, where tracing changes nothing.

    Attributes:
        history: as that of `clinic_ward.Patient`.
        gone: how far D's weights went in all its own turns of `play` together.
        warned: what Keras said on the way; no error is ever raised.
    """

    def __init__(
        self,
        data: np.ndarray,
        freeze: str = "never",
        *,
        seed: int = 0,
        rate: float = 1e-3,
        eager: bool = False,
    ) -> None:
        choose("freeze", freeze, FREEZES)
        if eager and freeze != "never":
            raise ValueError(f"`eager` needs freeze='never'. Received: freeze={freeze!r}")
        self.eager = eager
        self.data, self.rng = data, np.random.default_rng(seed)
        self.generator = gan_models.build_mlp_generator(seed=seed)
        self.discriminator = gan_models.build_mlp_discriminator(seed=seed)
        self.history: list[dict[str, float]] = []
        self.warned: list[str] = []
        self.gone = 0.0
        self._compile(self.discriminator, rate)
        if freeze == "after the first step":
            self.d_turn()
        if freeze != "never":
            self.discriminator.trainable = False
        self.stack = keras.Sequential([self.generator, self.discriminator])
        self._compile(self.stack, rate)

    def _compile(self, model: keras.Model, rate: float) -> None:
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
        optimizer = keras.optimizers.Adam(rate, beta_1=0.5)
        model.compile(optimizer=optimizer, loss=loss, run_eagerly=self.eager)

    def d_turn(self, size: int = 64) -> float:
        """D's own step, on real samples and fakes; returns its loss."""
        real = self.data[self.rng.integers(0, len(self.data), size)]
        fake = np.asarray(self.generator(self._noise(size), training=True))
        target = np.repeat([[1.0], [0.0]], size, axis=0).astype(np.float32)
        return self._train(self.discriminator, np.concatenate([real, fake]), target)

    def g_turn(self, size: int = 64) -> float:
        """A step of the stack, which should move G; returns its loss."""
        return self._train(self.stack, self._noise(size), np.ones((size, 1), np.float32))

    def play(self, rounds: int, notes: int = 40) -> Stack:
        """Plays rounds and notes about so many of them; returns itself."""
        every = max(1, rounds // notes)
        for number in range(1, rounds + 1):
            kept = [_flat(self.discriminator)]
            losses = []
            for turn in (self.d_turn, self.g_turn):
                losses.append(turn())
                kept.append(_flat(self.discriminator))
            far = [float(np.linalg.norm(b - a)) for a, b in itertools.pairwise(kept)]
            self.gone += far[0]
            if number % every == 0:
                names = ("round", "d_loss", "g_loss", "d_by_d", "d_by_g")
                row = dict(zip(names, (number, *losses, *far), strict=True))
                self.history.append(row)
        return self

    def sample(self, n: int, seed: int = 0) -> np.ndarray:
        """Fakes (n, 2); the same seed, the same noise."""
        noise = np.random.default_rng(seed).normal(size=(n, 2)).astype(np.float32)
        return np.asarray(self.generator(noise, training=False))

    recorded = Patient.recorded

    def _noise(self, size: int) -> np.ndarray:
        return self.rng.normal(size=(size, 2)).astype(np.float32)

    def _train(self, model: keras.Model, x: np.ndarray, y: np.ndarray) -> float:
        with calm(), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            loss = float(model.train_on_batch(x, y))
        told = [w for w in caught if issubclass(w.category, UserWarning)]  # not to developers
        self.warned += [str(warning.message) for warning in told]
        return loss


def _flat(model: keras.Model) -> np.ndarray:
    return np.concatenate([weights.ravel() for weights in model.get_weights()])


def _normal(n: int = 1000) -> np.ndarray:
    return np.random.default_rng(0).normal(2, 1, (n, 2)).astype(np.float32)


@functools.cache
def _own_variables() -> dict[str, float]:
    """How far D goes in both turns of a loop in which each turn names its variables."""
    networks = gan_models.build_mlp_generator(), gan_models.build_mlp_discriminator()
    return Patient(*networks, _normal()).advance(3)


def _moved(defect: bool, freeze: str) -> dict[str, float]:
    """How far D goes in both turns, of the stack or cured."""
    if not defect:
        return _own_variables()
    return Stack(_normal(), freeze, eager=freeze == "never").play(3, notes=3).history[-1]


@case(
    "B19a",
    "D learns in G's turn",
    symptom="D moves in G's turn; G's loss falls, fakes fly off, G need not improve",
    cause="the stack trains all its variables, D's too: D learns to call fakes real",
    cure="each turn steps along its own player's variables only",
)
def d_not_frozen(defect: bool) -> Finding:
    """How far D goes in G's turn."""
    far = _moved(defect, "never")["d_by_g"]
    return Finding(f"in G's turn D moved by {far:.3g}", far > 0)


@case(
    "B19b",
    "the classic cure: D never learns",
    symptom="no error; D's weights stand still, its loss goes where G drives it",
    cause="trainable = False, set for the stack, is read when D's own step is traced: it is empty",
    cure="no switch: gradients of a player's own, named variables (or: trace D's step before)",
)
def classic_cure(defect: bool) -> Finding:
    """How far D goes in its own turn."""
    far = _moved(defect, "before the first step")["d_by_d"]
    return Finding(f"in its own turn D moved by {far:.3g}", far == 0)


@case(
    "B21",
    "fakes for D from predict()",
    symptom="slow, and D judges fakes that G is never trained on",
    cause="predict() is inference: moving averages, not the batch's; and it costs a call each time",
    cure="generator(noise, training=True) in both turns",
)
def predicted_fakes(defect: bool) -> Finding:
    """The same noise as D and as G's turn see it, with batch normalisation."""
    generator = gan_models.build_mlp_generator(normalise=True)
    noise = np.random.default_rng(0).normal(size=(64, 2)).astype(np.float32)
    for _ in range(9):
        generator(noise, training=True)  # G's turns keep the moving averages up to date

    def for_d() -> np.ndarray:
        if defect:
            return generator.predict(noise, verbose=0)
        return np.asarray(generator(noise, training=True))

    fakes = for_d(), np.asarray(generator(noise, training=True))
    start = time.perf_counter()
    for _ in range(5):
        for_d()
    spent = (time.perf_counter() - start) / 5
    far = float(np.linalg.norm(fakes[0] - fakes[1], axis=1).mean())
    seen = f"the two kinds are {far:.2g} apart; a call takes {1000 * spent:.0f} ms"
    return Finding(seen, far > 0)


def _diary(defect: bool, folder: Path) -> tuple[int, float]:
    """A GAN of two numbers, 100 batches of 16 samples; returns lines said, and where G ends.

    G shifts noise by a number, D's score is a slope times the sample; real samples are around 1.
    """
    rng = np.random.default_rng(None if defect else 0)
    slope, shift, lines = 0.0, 0.0, 0
    for batch in range(1, 101):
        real, fake = rng.normal(1, 1, 16), rng.normal(shift, 1, 16)
        slope += 0.1 * (np.mean(real) - np.mean(fake)) - 0.05 * slope
        shift += 0.1 * slope
        lines += 1 if defect else batch % 25 == 0  # 400 samples are 25 batches
    if not defect:
        np.savez(folder / "end.npz", slope=slope, shift=shift)
    return lines, shift


@case(
    "B23",
    "epochs of one batch, and nothing kept",
    symptom="10,000 lines of log, no picture, and no second run is like the first",
    cause="a batch is called an epoch; no metric, no checkpoint, no seed",
    cure="count rounds; a picture and a metric now and then; save, and seed",
)
def keeps_nothing(defect: bool) -> Finding:
    """Two runs: lines said, share of 400 samples in an “epoch”, how far apart, files kept."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (lines, first), (_, second) = (_diary(defect, folder) for _ in range(2))
        kept = len(list(folder.iterdir()))
    share, apart = (16 if defect else 400) / 400, abs(first - second)
    seen = f"{lines} lines, an epoch saw {share:.0%}, two runs end {apart:.2g} apart, {kept} files"
    return Finding(seen, apart > 0 or not kept)


CASES = (d_not_frozen, classic_cure, predicted_fakes, keeps_nothing)
