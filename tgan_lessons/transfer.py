"""Transfer learning in plain Keras: explicit copying, explicit freezing, honest comparison."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons import pieces, resume
from tgan_lessons.data import Dataset, check_images, check_labels, sample_per_class
from tgan_lessons.runtime import check_number, check_whole
from tgan_lessons.studies import spread

if TYPE_CHECKING:
    import keras

BATCH_SIZE = 32


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Copies every weight, normalisation statistics included: the start of parameter transfer.

    Raises:
        ValueError: where the two networks do not have weights of the same shapes.
    """
    shapes = [[tuple(w.shape) for w in model.weights] for model in (source, target)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            "`target` must have weights of the same shapes as `source`. "
            f"Received: source with {shapes[0]}, target with {shapes[1]}"
        )
    target.set_weights(source.get_weights())


def count_blocks(backbone: keras.Model) -> int:
    """How many blocks a backbone of `models.build_backbone` has."""
    return len({_block_of(layer) for layer in backbone.layers} - {0})


def _block_of(layer: keras.Layer) -> int:
    found = re.match(r"block(\d+)_", layer.name)
    return int(found[1]) if found else 0


def freeze_blocks(backbone: keras.Model, blocks: int) -> None:
    """Freezes the first `blocks` blocks and frees the others.

    A frozen block keeps its weights, and its normalisation runs on the statistics that it learned
    from the source. Compile the model afterwards: Keras reads freezing when it traces a step.

    Raises:
        ValueError: for more blocks than there are, or fewer than none; for a network of another
            kind.
    """
    total = count_blocks(backbone)
    if not total:
        raise ValueError(
            "`backbone` must be one of `models.build_backbone`, its layers named block1_…. Of "
            "other networks freeze the layers themselves: layer.trainable = False. "
            f"Received: {backbone.name!r}"
        )
    blocks = check_whole("blocks", blocks, least=0, most=total)
    for layer in backbone.layers:
        layer.trainable = not 0 < _block_of(layer) <= blocks


def batches(
    x: np.ndarray, y: np.ndarray, *, steps: int, seed: int, batch_size: int = BATCH_SIZE
) -> object:
    """A `tf.data.Dataset` of exactly `steps` shuffled batches, however few images there are."""
    import tensorflow as tf

    data = tf.data.Dataset.from_tensor_slices((x, y))
    data = data.shuffle(len(x), seed=seed).repeat().batch(min(batch_size, len(x)))
    options = tf.data.Options()
    options.autotune.enabled = False  # its thread may sleep 2.6 s at the end of a short training
    return data.take(steps).prefetch(2).with_options(options)


class Learner:
    """A classifier that can be started anew many times without being traced again.

    Args:
        build: returns a new classifier (`models.build_classifier`) for a seed.
        frozen_blocks: how many blocks of its backbone stay as they are.
        learning_rate: of Adam.

    Attributes:
        model: the classifier, compiled; trained by the last `train`.
    """

    def __init__(
        self,
        build: Callable[[int], keras.Model],
        *,
        frozen_blocks: int = 0,
        learning_rate: float = 1e-3,
    ) -> None:
        if not learning_rate > 0:
            raise ValueError(
                f"`learning_rate` must be positive. Received: learning_rate={learning_rate}"
            )
        import keras

        self._build = build
        self.model = build(0)
        layers = {layer.name for layer in getattr(self.model, "layers", ())}
        if not {"backbone", "head"} <= layers:
            raise ValueError(
                "`build` must return a classifier of `models.build_classifier`, with the layers "
                "'backbone' and 'head'; train other networks with Keras's own `fit`. "
                f"Received: {getattr(self.model, 'name', self.model)!r}"
            )
        freeze_blocks(self.backbone, frozen_blocks)
        self.model.compile(
            optimizer=keras.optimizers.Adam(float(learning_rate)),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        self.model.optimizer.build(self.model.trainable_variables)

    @property
    def backbone(self) -> keras.Model:
        """The part of the classifier that looks."""
        return self.model.get_layer("backbone")

    def reset(
        self, *, seed: int, start: keras.Model | None = None, head: object | None = None
    ) -> None:
        """Forgets everything learned: new weights, a source's if given, no moments."""
        # not `weights`: they leave out the random states of augmentation
        for variable, new in zip(self.model.variables, self._build(seed).variables, strict=True):
            variable.assign(new)
        if start is not None:
            copy_weights(start, self.backbone)
        if head is not None:
            set_head(self.model, head)
        optimizer = self.model.optimizer
        for variable in optimizer.variables:
            if variable is not optimizer.learning_rate:
                variable.assign(np.zeros(variable.shape))

    def train(
        self,
        x: np.ndarray,
        y: np.ndarray,
        *,
        steps: int,
        seed: int,
        start: keras.Model | None = None,
        head: object | None = None,
        verbose: int = 0,
    ) -> keras.Model:
        """Trains from new weights, or with the backbone starting from a source's.

        Args:
            x: images, float32 in [-1, 1], shape (n, height, width, channels).
            y: class numbers, shape (n,) or (n, 1).
            steps: how many batches to learn from.
            seed: of the new weights and of the order of the batches.
            start: the source backbone, if there is transfer.
            head: what `fit_linear` found on the source's features, to start the head from.
            verbose: as in `keras.Model.fit`.

        Returns:
            The trained classifier, the same object at every call.
        """
        y = check_labels(y)
        check_images(x, y, classes=self.model.output_shape[-1])
        if steps < 1:
            raise ValueError(f"`steps` must be at least 1. Received: steps={steps}")
        self.reset(seed=seed, start=start, head=head)
        shown = batches(x, y, steps=steps, seed=seed)
        resume.recall_variables(
            [*self.model.variables, *self.model.optimizer.variables],
            lambda: pieces.fit(self.model, shown, shuffle=False, verbose=verbose),
            *(x, y, steps, seed),
        )
        return self.model

    def score(self, x: np.ndarray, y: np.ndarray) -> float:
        """The share of images that the trained classifier reads correctly."""
        return accuracy(self.model, x, y)


def evaluate(model: keras.Model, x: np.ndarray, batch_size: int = 512) -> np.ndarray:
    """A model's outputs in inference mode, as `predict` gives them but without its start-up."""
    starts = range(0, len(x), batch_size)
    return np.concatenate([model(x[i : i + batch_size], training=False).numpy() for i in starts])


def accuracy(model: keras.Model, x: np.ndarray, y: np.ndarray) -> float:
    """The share of images whose largest logit is their label's, of shape (n,) or (n, 1)."""
    return float(np.mean(evaluate(model, x).argmax(axis=1) == check_labels(y, len(x))))


def extract_features(backbone: keras.Model, x: np.ndarray) -> np.ndarray:
    """What a frozen backbone makes of images: (n, features). Computed once, used often."""
    return evaluate(backbone, x)


def fit_linear(features: np.ndarray, labels: np.ndarray, *, strength: float = 0.1) -> object:
    """Fits logistic regression to pixels or features: scaled, and with iterations enough.

    Args:
        features: shape (n, ...); each row is flattened.
        labels: class numbers, shape (n,) or (n, 1), of at least two classes.
        strength: inverse of the L2 penalty, scikit-learn's `C`.

    Returns:
        The fitted scikit-learn pipeline; `score_linear` evaluates it.
    """
    if not np.size(features) or not np.isfinite(features).all():
        raise ValueError(
            "`features` must be finite numbers, at least one row. "
            f"Received: shape {np.shape(features)}"
        )
    check_number("strength", strength, above=0.0)
    labels = check_labels(labels, len(features), name="labels")
    if len(np.unique(labels)) < 2:
        raise ValueError(f"`labels` must be of at least 2 classes. Received: all {labels[0]}")
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=500, tol=3e-3))
    with warnings.catch_warnings():  # one label per class is meant
        warnings.filterwarnings("ignore", message="The number of unique classes")
        return model.fit(features.reshape(len(features), -1), labels)


def set_head(classifier: keras.Model, linear: object) -> None:
    """Makes the head compute what `fit_linear` found, its scaling folded into the weights.

    A new head is wrong about everything, and its first errors shake the backbone behind it.
    Fine-tuning from the best linear head keeps what the source knew.

    Args:
        classifier: from `models.build_classifier`.
        linear: fitted to the features of the classifier's backbone, every class among the labels.

    Source: Kumar et al. 2022, https://arxiv.org/abs/2202.10054
    """
    scaler, regression = linear[0], linear[-1]
    coefficients, intercept = regression.coef_, regression.intercept_
    if len(coefficients) == 1:  # of two classes scikit-learn keeps one row: their difference
        coefficients = np.concatenate([-coefficients, coefficients]) / 2
        intercept = np.concatenate([-intercept, intercept]) / 2
    kernel = coefficients.T / scaler.scale_[:, np.newaxis]
    features, classes = classifier.get_layer("head").kernel.shape
    if len(kernel) != features or list(regression.classes_) != list(range(classes)):
        raise ValueError(
            f"`linear` must map {features} features to the classes 0 to {classes - 1}. "
            f"Received: a model from {len(kernel)} to {[int(c) for c in regression.classes_]}"
        )
    classifier.get_layer("head").set_weights([kernel, intercept - scaler.mean_ @ kernel])


def score_linear(model: object, features: np.ndarray, labels: np.ndarray) -> float:
    """The accuracy of what `fit_linear` returned."""
    labels = check_labels(labels, len(features), name="labels")
    return float(model.score(features.reshape(len(features), -1), labels))


@dataclass(frozen=True)
class Run:
    """One trained network: the method, the label budget, the seed, and how well it reads."""

    method: str
    per_class: int
    seed: int
    accuracy: float


Trainer = Callable[[np.ndarray, np.ndarray, int], float]


def compare(
    trainers: dict[str, Trainer],
    letters: Dataset,
    budgets: Iterable[int],
    seeds: Iterable[int],
) -> Iterator[Run]:
    """Gives every method the same labels: one run for each budget, seed and method.

    The runs are pieces of a study, see `studies.spread`.

    Args:
        trainers: for each method a function (x, y, seed) → accuracy on the test images.
        letters: the target data; label budgets are drawn from its training images.
        budgets: labels per class.
        seeds: each draws its own images, the same ones for every method.

    Yields:
        The runs, one as soon as it is done.
    """
    seeds, budgets = tuple(seeds), tuple(budgets)
    parts = (
        (method, train, per_class, seed, x, y)
        for per_class in budgets
        for seed in seeds
        for x, y in [sample_per_class(letters.x_train, letters.y_train, per_class, seed)]
        for method, train in trainers.items()
    )
    yield from spread(_run, parts)


def _run(
    method: str, train: Trainer, per_class: int, seed: int, x: np.ndarray, y: np.ndarray
) -> Run:
    return Run(method, per_class, seed, train(x, y, seed))
