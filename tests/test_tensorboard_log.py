"""Scope: TensorBoard's curves are the columns of the history."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from rnncli import Run, train
from rnncli.errors import UsageError
from rnncli.tensorboard_log import require_tensorboard
from tests.synthetic import tiny


def test_without_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'rnncli\[tensorboard\]'"):
        require_tensorboard()
    with pytest.raises(UsageError):
        train(tiny("train.tensorboard=true"), out=tmp_path)
    assert list(tmp_path.iterdir()) == []  # nothing is begun


def test_scalars_equal_the_history(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run: Run = train(tiny("train.tensorboard=true"), out=tmp_path)
    log = EventAccumulator(str(run.path / "tensorboard"))
    log.Reload()
    names = log.Tags()["tensors"] + log.Tags()["scalars"]
    assert "loss" in names
    assert "validation_macro_f1" in names
    steps = [event.step for event in log.Tensors("loss")]
    assert steps == [1, 2]
