"""What an epoch consists of: its batches, their targets and weights, dropout's random state.

All of it derives from the experiment, its seed and the epoch.
Shape letters: B batch, C classes.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from rnncli.batching import training_batches
from rnncli.errors import ConfigError, Diverged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from rnncli.corpus import Corpus
    from rnncli.experiment import Experiment, TrainSpec
    from rnncli.preparation import Prepared

__all__ = [
    "Batch",
    "Stopwatch",
    "batches",
    "class_weights",
    "one_behind",
    "require_finite",
    "reseed",
    "weights_of_filled",
]

_T = TypeVar("_T")


@dataclass(frozen=True)
class Batch:
    """One step's texts."""

    rows: NDArray[np.int64]
    """Which texts [B]; those past `texts` fill it up and weigh nothing."""
    texts: int
    targets: NDArray[np.float32]
    """[B, C]."""
    weights: NDArray[np.float32]
    """[B]."""
    learning_rate: float


def batches(experiment: Experiment, prepared: Prepared, epoch: int) -> Iterator[Batch]:
    """The batches of an epoch, in order, all of one size."""
    spec, encoded = experiment.train, prepared.encoded["train"]
    classes = len(prepared.corpus.training_names)
    weights = class_weights(spec, prepared.corpus)
    weights = np.ones(classes, np.float32) if weights is None else weights
    labels = np.asarray(prepared.corpus.training.labels)
    targets = _targets(classes, spec.label_smoothing)
    size = min(spec.batch_size, len(encoded))
    size += -size % experiment.devices
    order = training_batches(encoded.lengths, spec.batch_size, experiment.seed, epoch)
    for index, rows in enumerate(order):
        factor = spec.optimizer.schedule.factor(epoch + (index + 1) / len(order), spec.epochs)
        filled = np.resize(rows, size)
        gold = labels[filled]
        yield Batch(
            filled,
            len(rows),
            targets[gold],
            weights[gold] * weights_of_filled(len(rows), len(filled)),
            spec.optimizer.learning_rate * factor,
        )


def class_weights(spec: TrainSpec, corpus: Corpus) -> NDArray[np.float32] | None:
    """The loss weight of each class [C], or None when all weigh the same.

    `balanced` weighs a class by N / (C · its count), as scikit-learn does; labels that are not
    named weigh 1.

    Raises:
        ConfigError: a weight is given for a label the data does not have.
    """
    if spec.class_weight is None:
        return None
    if spec.class_weight == "balanced":
        labels = np.asarray(corpus.training.labels)
        counts = np.bincount(labels, minlength=len(corpus.training_names)).astype(np.float32)
        return np.asarray(counts.sum() / (len(counts) * np.maximum(counts, 1)), np.float32)
    for name in spec.class_weight:
        if name not in corpus.training_names:
            known = ", ".join(corpus.training_names)
            raise ConfigError([f"train.class_weight.{name}: no such label; there are {known}"])
    weights = [spec.class_weight.get(name, 1.0) for name in corpus.training_names]
    return np.array(weights, np.float32)


def weights_of_filled(texts: int, size: int) -> NDArray[np.float32]:
    """Weights [size] under which a batch's mean loss is that of its first `texts` texts alone.

    All batches have one size, so that compilers see one; the last of a window is filled up with
    texts it already has, which weigh nothing.
    """
    return np.where(np.arange(size) < texts, size / texts, 0.0).astype(np.float32)


def _targets(classes: int, smoothing: float) -> NDArray[np.float32]:
    """The target distribution of each label [C, C]."""
    return np.asarray(np.eye(classes) * (1.0 - smoothing) + smoothing / classes, np.float32)


def reseed(model: Any, seed: int, epoch: int) -> None:
    """Set every dropout's random state from seed and epoch alone."""
    import keras

    states = [v for v in model.non_trainable_variables if "seed_generator_state" in v.path]
    for index, state in enumerate(states):
        words = np.random.SeedSequence([seed, epoch, index]).generate_state(2)
        state.assign((words >> 1).astype(str(state.dtype)))
    if keras.backend.backend() == "torch":
        import torch

        # There Keras draws a dropout from torch's own generator.
        torch.manual_seed(int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0]))


def require_finite(loss: float, epoch: int, index: int, rate: float) -> None:
    """Refuse to go on with a loss that is none.

    Raises:
        Diverged: it is not finite.
    """
    if not math.isfinite(loss):
        raise Diverged(
            f"epoch {epoch + 1}, step {index + 1}: the loss became {loss} at learning rate "
            f"{rate:g}; lower train.optimizer.learning_rate or set global_clipnorm"
        )


def one_behind(items: Iterable[_T]) -> Iterator[_T]:
    """The same items, each once the next is there: a step's result while the next is under way."""
    earlier: list[_T] = []
    for item in items:
        yield from earlier
        earlier = [item]
    yield from earlier


class Stopwatch:
    """Adds up the time inside `with` blocks."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._began
