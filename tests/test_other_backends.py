"""Scope: Keras on JAX and PyTorch, in processes of their own: a process has one backend."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rnncli import Run
from tests.synthetic import TINY
from tests.terminal import rnn_process

ROOT = Path(__file__).parents[1]
SMALL = [word for setting in TINY for word in ("--set", setting)]
EMA = (
    "--set",
    "train.optimizer={name: adam, use_ema: true}",
    "--set",
    "model.embedding.dropout=0.2",
)

pytestmark = [pytest.mark.process, pytest.mark.jax]
BACKENDS = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            importlib.util.find_spec(name) is None, reason=f"{name} is not installed"
        ),
    )
    for name in ("jax", "torch")
]


def suite(backend: str, *arguments: str) -> int:
    """Run tests on a backend, and give how many passed."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=ROOT,
        env={**os.environ, "RNN_TEST_BACKEND": backend, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    found = re.search(r"(\d+) passed", done.stdout)
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_training_that_repeats_itself(backend: str, tmp_path: Path) -> None:
    asked = ("train", "-c", "sample_en", *SMALL, *EMA, "--backend", backend, "--json")
    first = rnn_process(*asked, "--out", tmp_path / "a")
    assert first.code == 0, first.err
    assert f"Keras on {backend}" in first.err
    second = rnn_process(*asked[:-3], "--json", "--out", tmp_path / "b", KERAS_BACKEND=backend)
    one, two = Run(Path(first.json["run"])), Run(Path(second.json["run"]))
    assert one.name == two.name
    np.testing.assert_array_equal(one.predictions().probabilities, two.predictions().probabilities)


@pytest.mark.parametrize("backend", BACKENDS)
def test_weights_answer_alike_on_every_backend(backend: str, trained: Run) -> None:
    outcome = rnn_process("predict", trained.path, "--backend", backend, "--json", "not good", "ok")
    assert outcome.code == 0, outcome.err
    there = rnn_process("predict", trained.path, "--json", "not good", "ok")
    numbers = [
        [float(number) for number in re.findall(r"0\.\d+", found.out)] for found in (outcome, there)
    ]
    np.testing.assert_allclose(numbers[0], numbers[1], atol=1e-6)


@pytest.mark.parametrize("backend", BACKENDS)
def test_equations_and_exact_resume(backend: str) -> None:
    assert suite(backend, "tests/cells/test_equations.py") > 5
    assert suite(backend, "tests/study/test_gradients.py") >= 4
    if backend == "jax":
        assert suite(backend, "-m", "not slow", "tests/layers/test_scanning.py") > 10
    assert suite(backend, "tests/test_fitting.py", "-k", "resumed or learns or averaged") >= 3


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_whole_contract(backend: str) -> None:
    """Cells, layers, readouts, model and training."""
    if backend == "jax":
        assert suite(backend, "-m", "slow", "tests/layers/test_scanning.py") > 10
    parts = ("cells", "layers", "readouts", "test_model.py", "test_fitting.py")
    assert suite(backend, "-m", "not slow", *(f"tests/{part}" for part in parts)) > 300


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed")
def test_seeds_trained_together() -> None:
    assert suite("jax", "tests/test_together.py") >= 5
