"""Scope: seeds trained as one JAX program: as each alone, stopped early, killed and resumed.

Runs where the process's backend is JAX: see `tests/test_other_backends.py`.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from rnncli import Run
from rnncli.errors import Interrupted
from rnncli.fitting import compile_model
from rnncli.layers.jax_step import variables_of
from rnncli.preparation import build
from rnncli.progress import Plan, Reporter
from rnncli.tables import Epoch
from rnncli.together import _step
from rnncli.training import train, train_seeds
from tests.synthetic import tiny

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="it is JAX's")
SETTINGS = (
    "backend=jax",
    "baselines=false",
    "train.epochs=3",
    "model.embedding.dropout=0.2",
    "train.optimizer={name: adam, learning_rate: 0.01, use_ema: true, schedule: cosine}",
    "train.adversarial={epsilon: 0.1}",
)


def same(one: Run, other: Run, tolerance: float) -> None:
    np.testing.assert_allclose(
        one.predictions().probabilities, other.predictions().probabilities, atol=tolerance
    )
    losses = [[epoch.loss for epoch in run.history()] for run in (one, other)]
    np.testing.assert_allclose(*losses, atol=tolerance)


class Stopping(Reporter):
    """Ends the work as Ctrl-C does, after so many rows of the history."""

    def __init__(self, rows: int) -> None:
        self.left = rows

    def epoch_ended(self, epoch: Epoch) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


class Planned(Reporter):
    """Remembers with which epoch the work begins."""

    def started(self, plan: Plan) -> None:
        self.first_epoch = plan.first_epoch


def test_each_seed_is_as_it_would_be_alone(tmp_path: Path) -> None:
    experiment = tiny(*SETTINGS)
    together = train_seeds(experiment, 3, out=tmp_path / "together")
    assert [run.status.state for run in together] == ["done"] * 3
    alone = [
        train(experiment.model_copy(update={"seed": seed}), out=tmp_path / "alone")
        for seed in (1, 2, 3)
    ]
    for one, other in zip(together, alone, strict=True):
        assert one.name == other.name
        same(one, other, 2e-4)
    first, second, _ = (run.predictions().probabilities for run in together)
    assert np.abs(first - second).max() > 0.01


def test_a_seed_that_is_behind_catches_up(tmp_path: Path) -> None:
    experiment = tiny(*SETTINGS)
    whole = train_seeds(experiment, 2, out=tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train_seeds(experiment, 2, out=tmp_path / "torn", reporter=Stopping(3))
    torn = [Run(tmp_path / "torn" / run.name) for run in whole]
    assert [run.status.epoch for run in torn] == [2, 1]
    told = Planned()
    again = train_seeds(experiment, 2, out=tmp_path / "torn", reporter=told)
    assert told.first_epoch == 2
    for one, other in zip(whole, again, strict=True):
        same(one, other, 2e-4)


def test_one_seed_may_stop_before_the_other(tmp_path: Path) -> None:
    experiment = tiny(
        *SETTINGS[:-2],
        "train.epochs=8",
        "train.optimizer={name: sgd, learning_rate: 1.0e-6}",
        "train.early_stopping={patience: 1}",
    )
    runs = train_seeds(experiment, 2, out=tmp_path)
    for run in runs:
        rows = run.history()
        waited = [row.improved for row in rows]
        assert len(rows) == 8 or not waited[-1]
        assert all(waited[:-1])


def test_what_is_done_is_left_alone(tmp_path: Path) -> None:
    experiment = tiny(*SETTINGS[:3])
    (first,) = train_seeds(experiment, 1, out=tmp_path)
    before: Any = first.status
    assert [run.status.state for run in train_seeds(experiment, 2, out=tmp_path)] == ["done"] * 2
    assert first.status == before
    shutil.rmtree(first.path)


def test_a_stop_leaves_every_run_resumable(tmp_path: Path) -> None:
    class Stop(Stopping):
        def epoch_ended(self, epoch: Epoch) -> None:
            self.left -= 1
            if not self.left:
                raise Interrupted("stopped")

    with pytest.raises(Interrupted, match="resumes"):
        train_seeds(tiny(*SETTINGS), 2, out=tmp_path, reporter=Stop(1))
    states = {run.status.state for run in map(Run, tmp_path.glob("tiny-*"))}
    assert states == {"interrupted"}


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_each_step_has_the_rate_that_it_is_given(precision: str) -> None:
    """In half precision Keras wraps the optimizer in one that scales losses."""
    experiment = tiny(*SETTINGS[:3], f"train.precision={precision}")
    model = build(experiment, 20, 2)
    compile_model(model, experiment.train)
    weights = len(model.trainable_variables)
    before = [np.asarray(variable.value) for variable in variables_of(model)[:weights]]
    batch = (
        np.ones((1, 4, 5), np.int32),
        np.eye(2, dtype=np.float32)[None, [0, 1, 1, 1]],
        np.ones((1, 4), np.float32),
    )

    def moved(rate: float) -> float:
        state = [variable.value[None] + 0 for variable in variables_of(model)]
        after, _ = _step(model)(state, *batch, np.float32(rate))
        pairs = zip(after[:weights], before, strict=True)
        return max(float(np.abs(np.asarray(one)[0] - other).max()) for one, other in pairs)

    assert moved(0.0) == 0.0
    assert moved(0.01) > 0.001
