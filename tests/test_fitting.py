"""Scope: the training loop: exact resume, the loss it reports, stopping, averaging, bad ends."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from rnncli import epochs, fitting
from rnncli.batching import Encoded, training_batches
from rnncli.epochs import class_weights
from rnncli.errors import Diverged, Interrupted, StorageError
from rnncli.experiment import Experiment
from rnncli.fitting import Progress, compile_model, fit, restore
from rnncli.interrupt import StopRequest
from rnncli.preparation import Prepared, build
from rnncli.progress import Reporter
from rnncli.run import Run
from rnncli.scoring import logits, softmax
from rnncli.tables import Epoch
from rnncli.weights import load_weights
from tests.synthetic import LABELS, corpus_of, experiment_of, prepared_for

EVERYTHING = experiment_of(
    model={
        "embedding": {"dim": 4, "dropout": 0.2, "spatial_dropout": 0.1},
        "layers": [{"cell": "gru", "units": 3, "dropout": 0.1, "recurrent_dropout": 0.1}],
        "readout": {"name": "mean", "dropout": 0.2},
    },
    train={
        "epochs": 3,
        "batch_size": 16,
        "optimizer": {
            "name": "adam",
            "learning_rate": 0.02,
            "use_ema": True,
            "global_clipnorm": 1.0,
            "schedule": {"name": "cosine", "warmup_epochs": 0.5},
        },
        "early_stopping": {"patience": 3},
        "class_weight": "balanced",
        "label_smoothing": 0.1,
    },
)


class StopAfter(Reporter):
    """Asks for a stop after an epoch, and keeps what it was told."""

    def __init__(self, stop: StopRequest, epoch: int = 0, steps: int = 0) -> None:
        self.stop, self.epoch, self.steps = stop, epoch, steps
        self.rows: list[Epoch] = []
        self.losses: list[float] = []

    def step(self, texts: int, loss: float) -> None:
        self.losses.append(loss)
        if len(self.losses) == self.steps:
            self.stop.receive(2, None)

    def epoch_ended(self, epoch: Epoch) -> None:
        self.rows.append(epoch)
        if epoch.epoch == self.epoch:
            self.stop.receive(15, None)


def fresh(experiment: Experiment, prepared: Prepared) -> Any:
    model = build(experiment, len(prepared.tokenizer.vocabulary), len(LABELS))
    compile_model(model, experiment.train)
    return model


def trained(
    experiment: Experiment,
    folder: Path,
    *,
    until: int = 0,
    prepared: Prepared | None = None,
    model: Any = None,
) -> tuple[Any, Progress, Run]:
    """Train in a run directory, going on from its checkpoint; stop after epoch `until`."""
    run = Run.create(folder)
    prepared = prepared or prepared_for(experiment)
    model = model or fresh(experiment, prepared)
    progress, _ = restore(model, run)
    stop = StopRequest()
    arguments = (model, experiment, prepared, run, progress, StopAfter(stop, until), stop)
    if until:
        with pytest.raises(Interrupted, match="SIGTERM"):
            fit(*arguments)
    else:
        progress = fit(*arguments)
    return model, progress, run


def timeless(progress: Progress) -> list[Epoch]:
    return [replace(row, seconds=0.0, texts_per_second=0.0) for row in progress.history]


def values_of(variables: list[Any]) -> list[np.ndarray]:
    return [np.array(keras.ops.convert_to_numpy(v.value)) for v in variables]


def state_of(model: Any) -> dict[str, np.ndarray]:
    return {name: values_of([v])[0] for name, v in fitting._variables(model).items()}


def test_a_resumed_training_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    """Bit for bit, with dropout, moving average, schedule and early stopping."""
    whole, progress, run = trained(EVERYTHING, tmp_path / "whole")
    trained(EVERYTHING, tmp_path / "cut", until=1)
    keras.utils.set_random_seed(999)  # what a new process may differ in
    resumed, again, cut = trained(EVERYTHING, tmp_path / "cut")
    assert progress.epoch == 3
    assert timeless(progress) == timeless(again)
    assert (progress.best_epoch, progress.best_value, progress.waited) == (
        again.best_epoch,
        again.best_value,
        again.waited,
    )
    expected, found = state_of(whole), state_of(resumed)
    assert expected.keys() == found.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)
    encoded = prepared_for(EVERYTHING).encoded["test"]
    load_weights(whole, run.weights)
    load_weights(resumed, cut.weights)
    np.testing.assert_array_equal(logits(whole, encoded), logits(resumed, encoded))


def test_dropout_and_order_change_from_epoch_to_epoch() -> None:
    model = fresh(EVERYTHING, prepared_for(EVERYTHING))

    def seeds(seed: int, epoch: int) -> list[tuple[int, ...]]:
        epochs.reseed(model, seed, epoch)
        found = [v for v in model.non_trainable_variables if "seed_generator" in v.path]
        return [tuple(map(int, keras.ops.convert_to_numpy(v.value))) for v in found]

    assert len(seeds(1, 0)) >= 4
    assert seeds(1, 0) == seeds(1, 0)
    every = [s for seed in (1, 2) for epoch in (0, 1) for s in seeds(seed, epoch)]
    assert len(set(every)) == len(every)


@pytest.mark.parametrize("weights", [None, "balanced", {"경제": 3.0}], ids=str)
def test_the_loss_is_what_the_formula_says(tmp_path: Path, weights: Any) -> None:
    """With a learning rate of nothing, an epoch's loss is that of the first weights."""
    experiment = experiment_of(
        train={
            "epochs": 1,
            "batch_size": 7,
            "optimizer": {"name": "sgd", "learning_rate": 1e-12},
            "label_smoothing": 0.3,
            "class_weight": weights,
        }
    )
    prepared = prepared_for(experiment)
    model = fresh(experiment, prepared)
    probabilities = softmax(logits(model, prepared.encoded["train"]))
    gold = np.array(prepared.corpus["train"].labels)
    counts = [int((gold == label).sum()) for label in range(3)]
    factor = {
        "None": [1.0, 1.0, 1.0],
        "balanced": [len(gold) / (3 * count) for count in counts],
    }.get(str(weights), [1.0, 3.0, 1.0])
    total = 0.0
    for row, label in zip(probabilities, gold, strict=True):
        for other in range(3):
            share = 0.3 / 3 + (0.7 if other == label else 0.0)
            total -= factor[label] * share * math.log(row[other])
    _, progress, _ = trained(experiment, tmp_path, prepared=prepared, model=model)
    assert progress.history[0].loss == pytest.approx(total / len(gold), rel=1e-5)
    validation = softmax(logits(model, prepared.encoded["validation"]))
    own = np.array(prepared.corpus["validation"].labels)
    expected = -np.log(validation[np.arange(len(own)), own]).mean()
    assert progress.history[0].validation_loss == pytest.approx(expected, rel=1e-6)


def test_balanced_weights_are_scikit_learns() -> None:
    corpus = corpus_of()
    found = class_weights(experiment_of(train={"class_weight": "balanced"}).train, corpus)
    labels = np.array(corpus["train"].labels)
    np.testing.assert_allclose(
        found, compute_class_weight("balanced", classes=np.arange(3), y=labels), rtol=1e-6
    )
    named = class_weights(experiment_of(train={"class_weight": {"스포츠": 2.5}}).train, corpus)
    assert named is not None
    assert named.tolist() == [1.0, 1.0, 2.5]
    assert class_weights(experiment_of().train, corpus) is None


def test_it_learns(tmp_path: Path) -> None:
    experiment = experiment_of(
        model={"layers": [{"cell": "dense", "units": 8}], "readout": "max"},
        train={"epochs": 12, "optimizer": {"name": "adam", "learning_rate": 0.05}},
    )
    model, progress, run = trained(experiment, tmp_path)
    prepared = prepared_for(experiment)
    load_weights(model, run.weights)
    predicted = logits(model, prepared.encoded["test"]).argmax(axis=1)
    assert (predicted == prepared.corpus["test"].labels).mean() > 0.9
    assert progress.history[-1].loss < 0.5 * progress.history[0].loss
    assert run.history() == progress.history
    best = max(progress.history, key=lambda row: row.validation_macro_f1)
    assert progress.best_epoch == best.epoch


def test_batches_of_equal_and_then_other_lengths(tmp_path: Path) -> None:
    """Keras reads a generator's shape from the first two batches; here none may be read."""
    experiment = experiment_of(train={"epochs": 1, "batch_size": 8})
    corpus = corpus_of()
    prepared = prepared_for(experiment, corpus)
    rows = [np.full(12 if index < 24 else 5, 2, np.int32) for index in range(48)]
    for seed in range(50):
        lengths = np.array([len(row) for row in rows])
        order = [int(lengths[b].max()) for b in training_batches(lengths, 8, seed, 0)]
        if order[0] == order[1] and len(set(order)) > 1:
            break
    else:
        pytest.fail("no seed gives two batches of equal length first")
    prepared = replace(prepared, encoded={**prepared.encoded, "train": Encoded.of(rows)})
    experiment = experiment.model_copy(update={"seed": seed})
    _, progress, _ = trained(experiment, tmp_path, prepared=prepared)
    assert progress.epoch == 1


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_trains(tmp_path: Path, precision: str) -> None:
    """Together with the moving average, which Keras' loss scaling must pass on."""
    optimizer = {"name": "adam", "learning_rate": 0.05, "use_ema": True}
    experiment = experiment_of(train={"epochs": 6, "precision": precision, "optimizer": optimizer})
    model, progress, run = trained(experiment, tmp_path)
    assert progress.history[-1].loss < 0.8 * progress.history[0].loss
    raw = model.get_weights()
    load_weights(model, run.weights)
    assert any((a != b).any() for a, b in zip(raw, model.get_weights(), strict=True))
    assert math.isfinite(progress.history[0].loss)
    assert all(keras.backend.standardize_dtype(v.dtype) == "float32" for v in model.weights)
    assert keras.config.dtype_policy().name == "float32"


def test_early_stopping_and_the_best_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores 0.5 0.6 0.6 0.604 0.5 with patience 3 and a least change of 0.01 end at epoch 5."""
    scores = iter([0.5, 0.6, 0.6, 0.604, 0.5, 0.9])
    monkeypatch.setattr(
        fitting,
        "_validation",
        lambda *_: {"loss": 1.0, "accuracy": 0.0, "macro_f1": next(scores)},
    )
    experiment = experiment_of(
        train={"epochs": 9, "early_stopping": {"patience": 3, "min_delta": 0.01}}
    )
    prepared = prepared_for(experiment)
    model = fresh(experiment, prepared)
    monkeypatch.setattr(model, "begin_step", lambda *_, **__: 1.0)
    _, progress, _ = trained(experiment, tmp_path, prepared=prepared, model=model)
    assert [row.improved for row in progress.history] == [True, True, False, False, False]
    assert (progress.best_epoch, progress.best_value, progress.waited) == (2, 0.6, 3)
    # A finished early stop stays finished.
    _, again, _ = trained(experiment, tmp_path, prepared=prepared, model=model)
    assert again.epoch == 5


def test_an_epoch_without_a_number_is_the_best_until_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = iter([math.nan, 0.9, math.inf])
    monkeypatch.setattr(
        fitting,
        "_validation",
        lambda *_: {"loss": next(losses), "accuracy": 0.0, "macro_f1": 0.0},
    )
    experiment = experiment_of(train={"epochs": 3, "monitor": "loss"})
    _, progress, run = trained(experiment, tmp_path)
    assert [row.improved for row in progress.history] == [True, True, False]
    assert (progress.best_epoch, progress.best_value) == (2, -0.9)
    kept = restore(fresh(experiment, prepared_for(experiment)), run)[0]
    assert (kept.best_epoch, kept.best_value) == (2, -0.9)


@pytest.mark.parametrize(("monitor", "target", "epochs"), [("accuracy", 0.8, 3), ("loss", 0.6, 2)])
def test_a_target_ends_training_once_it_is_met(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, monitor: str, target: float, epochs: int
) -> None:
    """Accuracies 0.3 0.5 0.8 0.9 and losses 0.9 0.6 0.5 0.4."""
    rows = iter(
        {"loss": loss, "accuracy": accuracy, "macro_f1": 0.0}
        for loss, accuracy in ((0.9, 0.3), (0.6, 0.5), (0.5, 0.8), (0.4, 0.9))
    )
    monkeypatch.setattr(fitting, "_validation", lambda *_: next(rows))
    stopping = {"patience": 3, "target": target}
    experiment = experiment_of(train={"epochs": 4, "monitor": monitor, "early_stopping": stopping})
    prepared = prepared_for(experiment)
    model = fresh(experiment, prepared)
    monkeypatch.setattr(model, "begin_step", lambda *_, **__: 1.0)
    assert trained(experiment, tmp_path, prepared=prepared, model=model)[1].epoch == epochs


@pytest.mark.parametrize(("monitor", "best"), [("loss", 2), ("accuracy", 3), ("macro_f1", 1)])
def test_any_validation_metric_can_choose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, monitor: str, best: int
) -> None:
    rows = iter(
        [
            {"loss": 1.0, "accuracy": 0.1, "macro_f1": 0.9},
            {"loss": 0.5, "accuracy": 0.2, "macro_f1": 0.8},
            {"loss": 0.7, "accuracy": 0.3, "macro_f1": 0.7},
        ]
    )
    monkeypatch.setattr(fitting, "_validation", lambda *_: next(rows))
    experiment = experiment_of(train={"epochs": 3, "monitor": monitor})
    prepared = prepared_for(experiment)
    model = fresh(experiment, prepared)
    monkeypatch.setattr(model, "begin_step", lambda *_, **__: 1.0)
    assert trained(experiment, tmp_path, prepared=prepared, model=model)[1].best_epoch == best


def test_the_schedule_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rate of each step is that of the fraction of training done after it."""
    schedule = {"name": "linear", "warmup_epochs": 1.0, "final_factor": 0.1}
    experiment = experiment_of(
        train={
            "epochs": 2,
            "batch_size": 16,
            "optimizer": {"name": "sgd", "learning_rate": 0.4, "schedule": schedule},
        }
    )
    prepared = prepared_for(experiment)
    model = fresh(experiment, prepared)
    rates: list[float] = []

    def step(*_: Any, **__: Any) -> float:
        rates.append(float(model.optimizer.learning_rate))
        return 1.0

    monkeypatch.setattr(model, "begin_step", step)
    _, progress, _ = trained(experiment, tmp_path, prepared=prepared, model=model)
    up = [0.4 * n / 3 for n in (1, 2, 3)]
    down = [0.4 * (1 - 0.9 * n / 3) for n in (1, 2, 3)]
    assert rates == pytest.approx(up + down, rel=1e-6)
    assert [row.learning_rate for row in progress.history] == pytest.approx([0.4, 0.04])


def test_validation_and_file_hold_the_averaged_weights(tmp_path: Path) -> None:
    """Training goes on with its own weights; what is saved and scored is their average."""
    experiment = experiment_of(
        train={
            "epochs": 1,
            "optimizer": {"name": "sgd", "learning_rate": 0.5, "use_ema": True},
        }
    )
    model, progress, run = trained(experiment, tmp_path)
    raw = model.get_weights()
    average = values_of(model.optimizer._model_variables_moving_average)
    prepared = prepared_for(experiment)
    saved = fresh(experiment, prepared)
    load_weights(saved, run.weights)
    assert any((a != b).any() for a, b in zip(raw, average, strict=True))
    for found, expected in zip(saved.get_weights(), average, strict=True):
        np.testing.assert_array_equal(found, expected)
    probabilities = softmax(logits(saved, prepared.encoded["validation"]))
    gold = np.array(prepared.corpus["validation"].labels)
    accuracy = (probabilities.argmax(axis=1) == gold).mean()
    assert progress.history[0].validation_accuracy == accuracy


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_without_end_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    experiment = experiment_of()
    prepared = prepared_for(experiment)
    model = fresh(experiment, prepared)
    losses = itertools.chain([1.0, 0.9, value], itertools.repeat(0.8))
    monkeypatch.setattr(model, "begin_step", lambda *_, **__: next(losses))
    with pytest.raises(Diverged, match=r"epoch 1, step 3: the loss became (nan|inf) at learning"):
        trained(experiment, tmp_path, prepared=prepared, model=model)


def test_a_real_divergence(tmp_path: Path) -> None:
    experiment = experiment_of(
        model={"layers": [{"cell": "dense", "units": 3, "activation": "linear"}]},
        train={"epochs": 9, "optimizer": {"name": "sgd", "learning_rate": 1e30}},
    )
    with pytest.raises(Diverged, match=r"lower train\.optimizer\.learning_rate"):
        trained(experiment, tmp_path)


def test_a_stop_inside_an_epoch_keeps_the_last_whole_one(tmp_path: Path) -> None:
    experiment = experiment_of()
    prepared = prepared_for(experiment)
    model, run = fresh(experiment, prepared), Run.create(tmp_path)
    stop = StopRequest()
    with pytest.raises(Interrupted, match="SIGINT"):
        fit(model, experiment, prepared, run, Progress(), StopAfter(stop, steps=8), stop)
    assert restore(fresh(experiment, prepared), run)[0].epoch == 1
    assert [row.epoch for row in run.history()] == [1]


def test_a_damaged_checkpoint_falls_back_an_epoch(tmp_path: Path) -> None:
    experiment = experiment_of(train={"epochs": 3, "batch_size": 24})
    whole, progress, run = trained(experiment, tmp_path)
    newest = max(run.checkpoints.iterdir())
    newest.write_bytes(newest.read_bytes()[:-100])
    model = fresh(experiment, prepared_for(experiment))
    fallen, warning = restore(model, run)
    assert fallen.epoch == 2
    assert newest.name in warning
    assert "epoch 2" in warning
    again, resumed, _ = trained(experiment, tmp_path)
    assert timeless(resumed) == timeless(progress)
    for found, expected in zip(again.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_weights_of_another_architecture(tmp_path: Path) -> None:
    experiment = experiment_of(train={"epochs": 1})
    trained(experiment, tmp_path)
    other = experiment_of(model={"layers": [{"cell": "gru", "units": 4}]})
    with pytest.raises(StorageError, match="another model's weights; train with --force"):
        restore(fresh(other, prepared_for(other)), Run(tmp_path))


def test_nothing_to_restore(tmp_path: Path) -> None:
    experiment = experiment_of()
    model = fresh(experiment, prepared_for(experiment))
    assert restore(model, Run.create(tmp_path)) == (Progress(), "")
