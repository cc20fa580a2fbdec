"""The clinic's cases in mathematics and prose, rows B1 to B6: each statement is computed."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from keras import ops

from tgan_lessons import losses, spiral_lab
from tgan_lessons.clinic import Finding, case

START = 1.5  # centre of the fakes; the real samples' is 0


def _score(x: tf.Tensor) -> tf.Tensor:
    """A D that holds still: ½ halfway between real samples (0) and fakes (`START`)."""
    return 4 * (START / 2 - x)


def _samples(seed: int = 0) -> tuple[tf.Tensor, tf.Tensor]:
    """Real samples around 0, and the noise of the fakes."""
    rng = np.random.default_rng(seed)
    return tuple(tf.constant(0.3 * rng.normal(size=200), tf.float32) for _ in range(2))


@case(
    "B1",
    "one loss for both players",
    symptom="G's loss falls steadily, and the fakes become easier to tell",
    cause="G minimises D's loss, so it helps D; it is a minimax game",
    cure="D minimises -V, G minimises V (or -E[log D(G(z))])",
)
def same_loss(defect: bool) -> Finding:
    """D holds still, G shifts its fakes down its loss: towards the real samples or away?"""
    real, noise = _samples()
    centre = tf.Variable(START)
    for _ in range(14):
        with tf.GradientTape() as tape:
            fake = _score(noise + centre)
            loss = losses.cross_entropy(_score(real), fake) if defect else losses.saturating(fake)
        centre.assign_sub(0.05 * tape.gradient(loss, centre))
    end = float(centre)
    return Finding(f"fakes went from {START} to {end:.2f}; real ones are at 0", end > START)


@case(
    "B2a",
    "E[log D(x)] in G's loss",
    symptom="G's printed loss moves while G's gradient does not know of it",
    cause="there is no G in D(x): the term's gradient is zero",
    cure="leave it out: G's loss has one term",
)
def dead_term(defect: bool) -> Finding:
    """How much of G's loss is a term without any gradient."""
    real, noise = _samples()
    centre = tf.Variable(START)
    with tf.GradientTape(persistent=True) as tape:
        live = losses.saturating(_score(noise + centre))
        dead = -ops.mean(ops.softplus(-_score(real))) * (1.0 if defect else 0.0)
        loss = live + dead
    change = abs(float(tape.gradient(loss, centre) - tape.gradient(live, centre)))
    share = abs(float(dead)) / (abs(float(dead)) + abs(float(live)))
    seen = f"{share:.1%} of the loss is the term; it changes G's gradient by {change}"
    return Finding(seen, share > 0 and change == 0)


@case(
    "B2b",
    "saturating loss, D is sure",
    symptom="D's loss is near 0, G's gradient is tiny, no fake moves",
    cause="the slope of log(1 - D(G(z))) is D(G(z)) itself: nothing where D is sure",
    cure="-E[log D(G(z))], whose slope is 1 - D(G(z))",
)
def saturated(defect: bool) -> Finding:
    """The size of G's slope where D's score of a fake is -10."""
    score = tf.Variable(-10.0)
    with tf.GradientTape() as tape:
        loss = losses.saturating(score) if defect else losses.non_saturating(score)
    slope = abs(float(tape.gradient(loss, score)))
    told = f"D(G(z)) = {float(ops.sigmoid(score)):.1e}: slope {slope:.2g}"
    return Finding(told, slope < 1e-3)


@case(
    "B3",
    "“reaches equilibrium”",
    symptom="losses swing for ever, or further and further",
    cause="an equilibrium exists (D = ½, V = -log 4); play need not arrive there",
    cure="do not promise it; look one step ahead (extragradient), average, penalise D's slope",
)
def no_promise(defect: bool) -> Finding:
    """V = x·y, from (1, 0): how far from the centre after 1,000 rounds."""
    play = spiral_lab.XY_ROUNDS["simultaneous" if defect else "extragradient"]
    far = float(np.linalg.norm(spiral_lab.play_xy(play, eta=0.2, rounds=1000)[-1]))
    return Finding(f"V = x·y, 1,000 rounds: distance 1 became {far:.1e}", far > 1)


SOURCE = np.array([[2.0, 1.0], [1.0, 2.0]]), np.array([1.0, 1.0])  # curvature, best weights
TARGET = np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([3.0, 0.0])  # few labels: one direction


def joint_minimum(weight: float) -> np.ndarray:
    """The weights (2,) that minimise L_source + λ L_target of two quadratic losses, λ > 0."""
    (a, at_a), (b, at_b) = SOURCE, TARGET
    return np.linalg.solve(a + weight * b, a @ at_a + weight * b @ at_b)


def fine_tune(steps: int = 400, rate: float = 0.1) -> np.ndarray:
    """From the source's weights down L_target alone."""
    w = SOURCE[1].copy()
    for _ in range(steps):
        w -= rate * TARGET[0] @ (w - TARGET[1])
    return w


@case(
    "B4",
    "joint loss called parameter transfer",
    symptom="no λ gives what fine-tuning gives; every λ needs the source data",
    cause="L_source + λ L_target is joint (multi-task) training, all at once",
    cure="start from the source's weights and minimise L_target only",
)
def joint_is_not_transfer(defect: bool) -> Finding:
    """The distance to what fine-tuning finds, over λ from 10⁻⁶ to 10⁶."""
    goal = np.array([TARGET[1][0], SOURCE[1][1]])  # moves only where the target says something
    if not defect:
        far = float(np.linalg.norm(fine_tune() - goal))
        return Finding(f"fine-tuning ends {far:.2f} from it", far > 0.01)
    ends = {w: joint_minimum(w) for w in 10.0 ** np.arange(-6, 7)}
    far = min(float(np.linalg.norm(end - goal)) for end in ends.values())
    first, last = (np.round(ends[w], 2) + 0.0 for w in (1e-6, 1e6))
    told = f"λ → 0: {first}, λ → ∞: {last}, fine-tuning: {goal}; never nearer than {far:.2f}"
    return Finding(told, far > 0.01)


def _ridge(x: np.ndarray, y: np.ndarray, around: np.ndarray, strength: float = 1.0) -> np.ndarray:
    """Weights that fit y and stay near `around`."""
    gram = x.T @ x + strength * np.eye(x.shape[1])
    return around + np.linalg.solve(gram, x.T @ (y - x @ around))


@case(
    "B5",
    "transfer compared with itself",
    symptom="the gain is 0, whatever the data",
    cause="the other side of the comparison is transfer learning, too",
    cure="compare with learning the task on its own, from the same labels",
)
def compared_with_itself(defect: bool) -> Finding:
    """The gain over a baseline: 10 labels, 20 weights that are near a source's."""
    rng = np.random.default_rng(0)
    source = rng.normal(size=20)
    true = source + 0.1 * rng.normal(size=20)
    x = rng.normal(size=(10, 20))
    y = x @ true
    transfer, alone = _ridge(x, y, source), _ridge(x, y, np.zeros(20))
    baseline = transfer if defect else alone
    gain = float(np.linalg.norm(baseline - true) - np.linalg.norm(transfer - true))
    return Finding(f"error {gain:.2f} lower than the baseline's", gain == 0)


def attend(words: np.ndarray, causal: bool, seed: int = 0) -> np.ndarray:
    """One head of attention over word vectors (n, d): causal, or both ways as BERT's."""
    rng = np.random.default_rng(seed)
    q, k, v = (words @ rng.normal(size=(words.shape[1],) * 2) for _ in range(3))
    scores = q @ k.T / np.sqrt(words.shape[1])
    if causal:
        scores = np.where(np.tri(len(words), dtype=bool), scores, -np.inf)
    return ops.convert_to_numpy(ops.softmax(scores, axis=-1)) @ v


@case(
    "B6",
    "BERT named as a text generator",
    symptom="asked for the next word, it has already read it",
    cause="a masked encoder: each place attends to both sides; it fills gaps",
    cure="a causal model (GPT and its kin) to write; BERT to read",
)
def bert_looks_ahead(defect: bool) -> Finding:
    """Change the last of six words: does what stands at the third place change?"""
    words = np.random.default_rng(1).normal(size=(6, 8))
    changed = words.copy()
    changed[-1] += 1.0
    one, other = (attend(w, causal=not defect) for w in (words, changed))
    far = float(np.abs(one[2] - other[2]).max())
    return Finding(f"word 6 changed, the output at word 3 changed by {far:.2g}", far > 0)


CASES = (
    same_loss,
    dead_term,
    saturated,
    no_promise,
    joint_is_not_transfer,
    compared_with_itself,
    bert_looks_ahead,
)
