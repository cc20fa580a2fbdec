"""The clinic's cases of a GAN listing, rows B13 to B18, B20 and B22; B19, B21, B23: `clinic_stack`.

None of it is anybody's code: each is the smallest piece in which the defect shows.
"""

from __future__ import annotations

import warnings

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tgan_lessons import gan_models
from tgan_lessons.clinic import Finding, case
from tgan_lessons.clinic_transfer import told
from tgan_lessons.data import load_mnist


@case(
    "B13",
    "numpy is never imported",
    symptom="NameError, at the first line that draws noise",
    cause="a cell was run in an order, or a session, that had `np` already",
    cure="import at the top; restart and run all before you publish; a linter",
)
def no_import(defect: bool) -> Finding:
    """Runs a line in an empty namespace, as a fresh kernel would."""
    line = "noise = np.zeros((64, 16))"
    try:
        exec(line if defect else f"import numpy as np\n{line}", {})
    except NameError as error:
        return Finding(told(error), True)
    return Finding("the line runs in a fresh kernel", False)


@case(
    "B14",
    "256 units become 128×128 pixels",
    symptom="ValueError while the network is built",
    cause="a reshape makes no numbers: 256 are not 16,384",
    cure="as many units as the first small picture has numbers: 7·7·32",
)
def impossible_reshape(defect: bool) -> Finding:
    """Builds the generator's first two layers."""
    units, shape = (256, (128, 128, 1)) if defect else (7 * 7 * 32, (7, 7, 32))
    try:
        start = [keras.Input((100,)), layers.Dense(units), layers.Reshape(shape)]
        built = keras.Sequential(start)
    except ValueError as error:
        return Finding(told(error), True)
    return Finding(f"{units} units become {built.output_shape[1:]}", False)


@case(
    "B15",
    "sizes that do not meet",
    symptom="ValueError: D does not take what G makes",
    cause="each layer of stride 2 doubles the side: 128 becomes 1024, the data has 28",
    cure="count from the data backwards: 28 = 7 · 2 · 2",
)
def wrong_sizes(defect: bool) -> Finding:
    """Hands G's pictures to D, as symbols: nothing is computed."""
    start, doublings, judged = (128, 3, 128) if defect else (7, 2, 28)
    x = noise = keras.Input((start, start, 1))
    for _ in range(doublings):
        x = layers.Conv2DTranspose(1, 4, strides=2, padding="same")(x)
    made = keras.Model(noise, x).output_shape[1:]
    judge = keras.Sequential([keras.Input((judged, judged, 1)), layers.Flatten(), layers.Dense(1)])
    try:
        judge(x)
    except ValueError as error:
        return Finding(f"G makes {made}; {told(error)}", True)
    return Finding(f"G makes {made}, D takes {judge.input_shape[1:]}", made != (28, 28, 1))


def judge_by_darkest(real: np.ndarray, fake: np.ndarray) -> float:
    """The accuracy of a D of one line: fake is what has a pixel darker than all real ones' least.

    Args:
        real: shape (n, ...).
        fake: as many.
    """
    least = real.min() - 0.01
    caught = fake.reshape(len(fake), -1).min(axis=1) < least
    wrong = real.reshape(len(real), -1).min(axis=1) < least
    return float(caught.mean() + 1 - wrong.mean()) / 2


@case(
    "B16",
    "two ranges",
    symptom="pictures look passable, a bit grey; one line of code tells them from the data",
    cause="data in [0, 1], G's tanh in [-1, 1]: D reads the range, not the picture",
    cure="scale the data to [-1, 1]",
)
def two_ranges(defect: bool) -> Finding:
    """How well the darkest pixel tells a new generator's pictures from digits."""
    real = load_mnist().x_test[:200]
    real = (real + 1) / 2 if defect else real
    noise = np.random.default_rng(0).normal(size=(200, 16)).astype(np.float32)
    fake = np.asarray(gan_models.build_generator()(noise, training=True))
    right = judge_by_darkest(real, fake)
    return Finding(f"by the darkest pixel alone {right:.0%} are told right", right > 0.9)


@case(
    "B17",
    "logits into a loss for probabilities",
    symptom="small steps of D with sudden jumps; it never makes up its mind",
    cause="outputs outside (0, 1) are clipped: their gradient is exactly 0",
    cure="BinaryCrossentropy(from_logits=True), or a sigmoid at D's end",
)
def clipped_logits(defect: bool) -> Finding:
    """1,000 scores of real samples: how many get no gradient."""
    scores = tf.Variable(np.random.default_rng(0).normal(0, 3, (1000, 1)).astype(np.float32))
    with tf.GradientTape() as tape:
        loss = keras.losses.BinaryCrossentropy(from_logits=not defect)(tf.ones((1000, 1)), scores)
    dead = float(np.mean(tape.gradient(loss, scores).numpy() == 0))
    return Finding(f"{dead:.1%} of 1,000 scores get a gradient of exactly 0", dead > 0)


def _tiny() -> tuple[keras.Model, keras.Model]:
    """A generator and a discriminator of the plane, as small as they go."""
    networks = gan_models.build_mlp_generator(2, (8,)), gan_models.build_mlp_discriminator((8,))
    return networks


@case(
    "B18",
    "compiled without a loss",
    symptom="ValueError at the first step: no loss to compute",
    cause="`compile` got an optimizer and nothing to minimise",
    cure="name the loss, or write the step yourself and call no `compile`",
)
def no_loss(defect: bool) -> Finding:
    """One step of the combined model."""
    generator, discriminator = _tiny()
    stack = keras.Sequential([generator, discriminator])
    loss = None if defect else keras.losses.BinaryCrossentropy(from_logits=True)
    stack.compile(optimizer="adam", loss=loss, run_eagerly=True)
    try:
        value = stack.train_on_batch(np.zeros((4, 2), np.float32), np.ones((4, 1), np.float32))
    except ValueError as error:
        return Finding(told(error), True)
    return Finding(f"the step is made, loss {float(value):.3f}", False)


@case(
    "B20",
    "a loss that nothing uses",
    symptom="change G's loss, and not a bit of the result changes",
    cause="G is compiled with a squared error, but only the stack is ever trained",
    cure="compile what is trained; delete what is not",
)
def unused_loss(defect: bool) -> Finding:
    """How often a loss is called in three steps."""
    calls = []

    def squared_error(target: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
        calls.append(1)
        return tf.reduce_mean(tf.square(target - output))

    generator, discriminator = _tiny()
    stack = keras.Sequential([generator, discriminator])
    if defect:
        generator.compile(optimizer="adam", loss=squared_error)
    loss = keras.losses.BinaryCrossentropy(from_logits=True) if defect else squared_error
    stack.compile(optimizer="adam", loss=loss, run_eagerly=True)
    for _ in range(3):
        stack.train_on_batch(np.zeros((4, 2), np.float32), np.ones((4, 1), np.float32))
    return Finding(f"three steps: the loss we passed was called {len(calls)} times", not calls)


@case(
    "B22",
    "arguments of yesterday",
    symptom="it runs, with warnings that nobody reads",
    cause="`LeakyReLU(alpha=…)` and `input_shape=` are of Keras 2",
    cure="`negative_slope=`, and a `keras.Input` first",
)
def old_arguments(defect: bool) -> Finding:
    """Builds a small D and collects what Keras says about it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if defect:
            slope, first = {"alpha": 0.2}, [layers.Dense(4, input_shape=(2,))]
        else:
            slope, first = {"negative_slope": 0.2}, [keras.Input((2,)), layers.Dense(4)]
        network = keras.Sequential([*first, layers.LeakyReLU(**slope)])
    seen = f"built, output {network.output_shape}; {len(caught)} warnings"
    return Finding(seen, len(caught) > 0)


CASES = (
    no_import,
    impossible_reshape,
    wrong_sizes,
    two_ranges,
    clipped_logits,
    no_loss,
    unused_loss,
    old_arguments,
)
