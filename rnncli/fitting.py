"""The epochs: batches, validation, best weights, checkpoints, early stopping.

Everything that decides the next epoch is in the checkpoint or derives from seed and epoch, so
that a resumed run goes on exactly as an uninterrupted one.
"""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncli import checkpoint, metrics
from rnncli.batching import training_batches
from rnncli.errors import ConfigError, Diverged, StorageError
from rnncli.scoring import length_multiple, logits, softmax
from rnncli.tables import Epoch
from rnncli.weights import save_weights

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from rnncli.corpus import Corpus
    from rnncli.experiment import Experiment, Monitor, TrainSpec
    from rnncli.interrupt import StopRequest
    from rnncli.preparation import Prepared
    from rnncli.progress import Reporter
    from rnncli.run import Run

__all__ = ["Progress", "class_weights", "compile_model", "fit", "restore", "weights_of_filled"]


@dataclass
class Progress:
    """How far training has come."""

    history: list[Epoch] = field(default_factory=list)
    best_epoch: int = 0
    best_value: float = -math.inf
    """Of the monitored metric, turned so that more is better."""
    waited: int = 0
    """Epochs since the best one."""
    step_shares: list[float] = field(default_factory=list)
    """Of each epoch's training time, the share spent inside the model's steps."""

    @property
    def epoch(self) -> int:
        """Epochs finished."""
        return len(self.history)


def compile_model(model: Any, spec: TrainSpec) -> None:
    """Give the model its optimizer and loss, and create the optimizer's variables."""
    import keras

    model.compile(
        optimizer=spec.optimizer.make(),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
        jit_compile=keras.backend.backend() == "jax",
        adversarial_epsilon=spec.adversarial.epsilon if spec.adversarial else None,
    )
    model.optimizer.build(model.trainable_variables)


def restore(model: Any, run: Run) -> tuple[Progress, str]:
    """Bring model and optimizer to the last checkpoint, if there is one.

    Returns:
        how far training had come, and a warning where a damaged checkpoint was passed over.

    Raises:
        StorageError: no checkpoint can be read, or it belongs to another model.
    """
    found = checkpoint.latest(run.checkpoints)
    if found is None:
        return Progress(), ""
    variables = _variables(model)
    shapes = {name: tuple(variable.shape) for name, variable in variables.items()}
    if shapes != {name: array.shape for name, array in found.arrays.items()}:
        raise StorageError(
            f"{found.path}: holds another model's weights; train with --force to start anew"
        )
    for name, variable in variables.items():
        variable.assign(found.arrays[name])
    meta = dict(found.meta)
    history = [Epoch(**row) for row in meta.pop("history")]
    return Progress(history=history, **meta), found.warning


def fit(
    model: Any,
    experiment: Experiment,
    prepared: Prepared,
    run: Run,
    progress: Progress,
    reporter: Reporter,
    stop: StopRequest,
) -> Progress:
    """Train until the last epoch, early stopping, or a stop request.

    After every epoch the run holds the best weights, a checkpoint and the history.

    Raises:
        Interrupted: a stop was asked for; the last finished epoch is saved.
        Diverged: the loss is no longer finite.
        StorageError: the run directory cannot be written.
    """
    spec = experiment.train
    validation = prepared.corpus["validation"]
    gold = np.asarray(validation.labels)
    patience = spec.early_stopping.patience if spec.early_stopping else math.inf
    min_delta = spec.early_stopping.min_delta if spec.early_stopping else 0.0
    with stop.deferred():
        while progress.epoch < spec.epochs and progress.waited < patience:
            began = time.perf_counter()
            reporter.epoch_started(progress.epoch + 1)
            passed = _train_epoch(model, experiment, prepared, progress.epoch, reporter, stop)
            progress.step_shares.append(passed.in_steps / passed.seconds)
            with _averaged_weights(model, spec):
                scores = logits(model, prepared.encoded["validation"])
                values = _validation(gold, scores, len(prepared.corpus.label_names))
                value = _oriented(spec.monitor, values)
                improved = progress.best_epoch == 0 or value > progress.best_value + min_delta
                if improved:
                    save_weights(model, run.weights)
                    progress.best_epoch, progress.best_value = progress.epoch + 1, value
            progress.waited = 0 if improved else progress.waited + 1
            row = Epoch(
                epoch=progress.epoch + 1,
                loss=passed.loss,
                validation_loss=values["loss"],
                validation_accuracy=values["accuracy"],
                validation_macro_f1=values["macro_f1"],
                learning_rate=passed.learning_rate,
                seconds=time.perf_counter() - began,
                texts_per_second=len(prepared.encoded["train"]) / passed.seconds,
                improved=improved,
            )
            progress.history.append(row)
            _save(model, run, progress)
            reporter.epoch_ended(row)
            if stop:
                raise stop.error()
    return progress


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


@dataclass(frozen=True)
class _Pass:
    """One epoch's training."""

    loss: float
    """The mean over the texts."""
    learning_rate: float
    """At the end."""
    seconds: float
    in_steps: float
    """Of these, inside the model's steps."""


def _train_epoch(
    model: Any,
    experiment: Experiment,
    prepared: Prepared,
    epoch: int,
    reporter: Reporter,
    stop: StopRequest,
) -> _Pass:
    spec, encoded = experiment.train, prepared.encoded["train"]
    weights = class_weights(spec, prepared.corpus)
    classes = len(prepared.corpus.training_names)
    weights = np.ones(classes, np.float32) if weights is None else weights
    labels = np.asarray(prepared.corpus.training.labels)
    targets = _targets(classes, spec.label_smoothing)
    multiple = length_multiple(encoded)
    batches = training_batches(encoded.lengths, spec.batch_size, experiment.seed, epoch)
    _reseed(model, experiment.seed, epoch)
    began = time.perf_counter()
    total, texts, in_steps, rate = 0.0, 0, 0.0, spec.optimizer.learning_rate
    for index, rows in enumerate(batches):
        factor = spec.optimizer.schedule.factor(epoch + (index + 1) / len(batches), spec.epochs)
        if rate != spec.optimizer.learning_rate * factor or index == 0:
            rate = spec.optimizer.learning_rate * factor
            model.optimizer.learning_rate = rate
        filled = np.resize(rows, min(spec.batch_size, len(encoded)))
        ids, gold = encoded.padded(filled, multiple), labels[filled]
        sample_weight = weights[gold] * weights_of_filled(len(rows), len(filled))
        before = time.perf_counter()
        loss = float(model.train_on_batch(ids, targets[gold], sample_weight=sample_weight))
        in_steps += time.perf_counter() - before
        if not math.isfinite(loss):
            raise Diverged(
                f"epoch {epoch + 1}, step {index + 1}: the loss became {loss} at learning rate "
                f"{rate:g}; lower train.optimizer.learning_rate or set global_clipnorm"
            )
        total += loss * len(rows)
        texts += len(rows)
        reporter.step(texts, total / texts)
        if stop:
            raise stop.error()
    return _Pass(total / texts, rate, time.perf_counter() - began, in_steps)


def weights_of_filled(texts: int, size: int) -> NDArray[np.float32]:
    """Weights [size] under which a batch's mean loss is that of its first `texts` texts alone.

    All batches have one size, so that compilers see one; the last of a window is filled up with
    texts it already has, which weigh nothing.
    """
    return np.where(np.arange(size) < texts, size / texts, 0.0).astype(np.float32)


def _targets(classes: int, smoothing: float) -> NDArray[np.float32]:
    """The target distribution of each label [C, C]."""
    return np.asarray(np.eye(classes) * (1.0 - smoothing) + smoothing / classes, np.float32)


def _reseed(model: Any, seed: int, epoch: int) -> None:
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


def _averaged_weights(model: Any, spec: TrainSpec) -> Any:
    """Within the block the model has the moving average of its weights, if one is kept."""
    from contextlib import contextmanager, nullcontext

    if not spec.optimizer.use_ema:
        return nullcontext()

    @contextmanager
    def swapped() -> Iterator[None]:
        kept = [_array(variable) for variable in model.trainable_variables]
        model.optimizer.finalize_variable_values(model.trainable_variables)
        for variable in model.trainable_variables:
            # On JAX it now shares the average's array, which a prediction would give away.
            variable.assign(_array(variable))
        try:
            yield
        finally:
            for variable, value in zip(model.trainable_variables, kept, strict=True):
                variable.assign(value)

    return swapped()


def _validation(
    gold: NDArray[np.int64], scores: NDArray[np.float32], classes: int
) -> dict[Monitor, float]:
    probabilities = softmax(scores)
    predicted = probabilities.argmax(axis=1)
    return {
        "loss": metrics.cross_entropy(gold, probabilities),
        "accuracy": metrics.accuracy(gold, predicted),
        "macro_f1": metrics.macro_f1(gold, predicted, classes),
    }


def _oriented(monitor: Monitor, values: dict[Monitor, float]) -> float:
    """The monitored metric, more being better."""
    return -values[monitor] if monitor == "loss" else values[monitor]


def _variables(model: Any) -> dict[str, Any]:
    """All that a checkpoint holds, by a stable name."""
    named = {f"model/{index}": v for index, v in enumerate(model.variables)}
    named |= {f"optimizer/{index}": v for index, v in enumerate(model.optimizer.variables)}
    return named


def _array(variable: Any) -> NDArray[Any]:
    """A copy of a variable's value, from whichever device."""
    import keras

    return np.array(keras.ops.convert_to_numpy(variable.value))


def _save(model: Any, run: Run, progress: Progress) -> None:
    arrays = {name: _array(variable) for name, variable in _variables(model).items()}
    checkpoint.save_epoch(run.checkpoints, progress.epoch, arrays, asdict(progress))
    run.write_history(progress.history)
    run.set_status("running", epoch=progress.epoch)
