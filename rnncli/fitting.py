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
from rnncli.epochs import Batch, Stopwatch, batches, one_behind, require_finite, reseed
from rnncli.errors import StorageError
from rnncli.scoring import length_multiple, logits, softmax
from rnncli.tables import Epoch
from rnncli.weights import save_weights

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from rnncli.experiment import Experiment, Monitor, TrainSpec
    from rnncli.interrupt import StopRequest
    from rnncli.preparation import Prepared
    from rnncli.progress import Reporter
    from rnncli.run import Run

__all__ = [
    "Pass",
    "Progress",
    "compile_model",
    "end_epoch",
    "finished",
    "fit",
    "restore",
]


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
    """Give the model its optimizer and loss, and build both."""
    import keras

    model.compile(
        optimizer=spec.optimizer.make(),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
        jit_compile=keras.backend.backend() == "jax",
        adversarial_epsilon=spec.adversarial.epsilon if spec.adversarial else None,
    )
    model.optimizer.build(model.trainable_variables)
    # Left alone, Keras builds the loss on a prediction, where auxiliary labels are missing.
    scores = keras.ops.zeros((1, 2))
    model.compute_loss(y=scores, y_pred=scores)


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
    with stop.deferred():
        while not finished(experiment, progress):
            began = time.perf_counter()
            reporter.epoch_started(progress.epoch + 1)
            passed = _train_epoch(model, experiment, prepared, progress.epoch, reporter, stop)
            seconds = time.perf_counter() - began
            reporter.epoch_ended(
                end_epoch(model, experiment, prepared, run, progress, passed, seconds)
            )
            if stop:
                raise stop.error()
    return progress


def finished(experiment: Experiment, progress: Progress) -> bool:
    """Whether there is no further epoch: all are done, or it was stopped early."""
    spec = experiment.train
    if progress.epoch >= spec.epochs:
        return True
    stopping = spec.early_stopping
    if stopping is None:
        return False
    enough = math.inf
    if stopping.target is not None:
        enough = -stopping.target if spec.monitor == "loss" else stopping.target
    return progress.waited >= stopping.patience or progress.best_value >= enough


def end_epoch(
    model: Any,
    experiment: Experiment,
    prepared: Prepared,
    run: Run,
    progress: Progress,
    passed: Pass,
    seconds: float,
) -> Epoch:
    """Validate, keep the best weights, and save the epoch.

    Args:
        model: as it is after the epoch's last step.
        experiment: the config.
        prepared: the texts.
        run: where weights, checkpoint and history go.
        progress: brought up to this epoch.
        passed: the training of the epoch.
        seconds: what that took.

    Returns:
        the epoch's row of the history.
    """
    spec, validation = experiment.train, prepared.corpus["validation"]
    began = time.perf_counter()
    min_delta = spec.early_stopping.min_delta if spec.early_stopping else 0.0
    progress.step_shares.append(passed.in_steps / passed.seconds)
    with _averaged_weights(model, spec):
        scores = logits(model, prepared.encoded["validation"])
        values = _validation(
            np.asarray(validation.labels), scores, len(prepared.corpus.label_names)
        )
        value = _oriented(spec.monitor, values)
        if not math.isfinite(value):
            value = -math.inf
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
        seconds=seconds + time.perf_counter() - began,
        texts_per_second=len(prepared.encoded["train"]) / passed.seconds,
        improved=improved,
    )
    progress.history.append(row)
    _save(model, run, progress)
    return row


@dataclass(frozen=True)
class Pass:
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
) -> Pass:
    encoded = prepared.encoded["train"]
    multiple = length_multiple(encoded, model)
    reseed(model, experiment.seed, epoch)
    began = time.perf_counter()
    total, texts, rate, inside = 0.0, 0, math.nan, Stopwatch()

    def steps() -> Iterator[tuple[int, Batch, Any]]:
        set_rate = math.nan
        for index, batch in enumerate(batches(experiment, prepared, epoch)):
            if set_rate != batch.learning_rate:
                set_rate = batch.learning_rate
                model.optimizer.learning_rate = set_rate
            ids = encoded.padded(batch.rows, multiple)
            with inside:
                loss = model.begin_step(ids, batch.targets, batch.weights)
            yield index, batch, loss

    for index, batch, found in one_behind(steps()):
        with inside:
            loss = float(found)
        rate = batch.learning_rate
        require_finite(loss, epoch, index, rate)
        total += loss * batch.texts
        texts += batch.texts
        reporter.step(texts, total / texts)
        if stop:
            raise stop.error()
    return Pass(total / texts, rate, time.perf_counter() - began, inside.seconds)


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
    return np.array(variable.numpy())


def _save(model: Any, run: Run, progress: Progress) -> None:
    arrays = ((name, _array(variable)) for name, variable in _variables(model).items())
    checkpoint.save_epoch(run.checkpoints, progress.epoch, arrays, asdict(progress))
    run.write_history(progress.history)
    run.set_status("running", epoch=progress.epoch)
