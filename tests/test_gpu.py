"""Scope: whole trainings on a GPU with JAX: as on a CPU, repeated exactly, resumed, side by side.

They run where `RNN_TEST_DEVICE` says (`make test-gpu`), and skip without it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncli import Run
from tests.terminal import command, rnn_process

DEVICE = os.environ.get("RNN_TEST_DEVICE", "")
pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not DEVICE, reason="RNN_TEST_DEVICE says where: make test-gpu"),
]
EPOCHS = 4
TRAIN = (
    *("train", "--config", "sample_en.yaml", "--backend", "jax", "--json"),
    *("--set", "name=gpu", "--set", "data.size=1500", "--set", f"train.epochs={EPOCHS}"),
    *("--set", "baselines=false", "--set", "train.early_stopping=null"),
)
HERE = ("--device", DEVICE)
REPEATING = ("--set", "train.deterministic=true")


def trained(out: Path, *settings: str) -> Run:
    outcome = rnn_process(*TRAIN, *settings, "--out", out)
    assert outcome.code == 0, outcome.err
    return Run(Path(outcome.json["run"]))


def losses(run: Run) -> list[float]:
    return [loss for row in run.history() for loss in (row.loss, row.validation_loss)]


def same_bits(one: Run, other: Run) -> bool:
    probabilities = [run.predictions().probabilities for run in (one, other)]
    return losses(one) == losses(other) and bool(np.array_equal(*probabilities))


def setting(layer: dict[str, Any]) -> tuple[str, ...]:
    return tuple(
        word for key, value in layer.items() for word in ("--set", f"model.layers.0.{key}={value}")
    )


@pytest.mark.parametrize(
    "layer",
    [
        {"cell": "simple_rnn"},
        {"cell": "lstm", "bidirectional": "true"},
        {"cell": "lstm", "recurrent_dropout": 0.2},
        {"cell": "gru"},
        {"cell": "peephole_lstm"},
    ],
    ids=["simple_rnn", "bi-lstm", "dropped", "gru", "peephole_lstm"],
)
def test_a_training_learns_what_it_learns_on_a_cpu(layer: dict[str, Any], tmp_path: Path) -> None:
    there = trained(tmp_path / "there", *HERE, *setting(layer))
    cpu = trained(tmp_path / "cpu", "--device", "cpu", *setting(layer))
    np.testing.assert_allclose(losses(there), losses(cpu), rtol=0.02, atol=0.01)
    assert losses(there)[-2] < 0.8 * losses(there)[0]


def test_half_precision_learns_too(tmp_path: Path) -> None:
    half = trained(tmp_path / "half", *HERE, "--set", "train.precision=mixed_bfloat16")
    whole = trained(tmp_path / "whole", *HERE)
    np.testing.assert_allclose(losses(half), losses(whole), rtol=0.1, atol=0.05)


def test_two_trainings_are_the_same_bit_for_bit(tmp_path: Path) -> None:
    one, other = (trained(tmp_path / name, *HERE, *REPEATING) for name in ("one", "other"))
    assert same_bits(one, other)


def test_killed_after_an_epoch_it_resumes_to_the_same_bits(tmp_path: Path) -> None:
    whole = trained(tmp_path / "whole", *HERE, *REPEATING)
    out = tmp_path / "killed"
    process = subprocess.Popen(
        command(*TRAIN, *HERE, *REPEATING, "--out", out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None and not list(out.glob("*/history.csv")):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (left,) = out.glob("gpu-*")
    assert 0 < len(Run(left).history()) < EPOCHS, "it was not killed in time"
    assert same_bits(whole, trained(out, *HERE, *REPEATING))


def test_seeds_side_by_side_are_what_they_are_alone(tmp_path: Path) -> None:
    outcome = rnn_process(*TRAIN, *HERE, "--seeds", "3", "--out", tmp_path / "together")
    assert outcome.code == 0, outcome.err
    alone = [trained(tmp_path / "alone", *HERE, "--seed", str(seed)) for seed in (1, 2, 3)]
    for run in alone:
        beside = Run(tmp_path / "together" / run.path.name)
        np.testing.assert_allclose(losses(beside), losses(run), rtol=0.02, atol=0.01)
