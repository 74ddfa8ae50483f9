"""Scope: `rnn verify` as a user meets it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncli import Run
from rnncli.study import verify_backends
from rnncli.study.exports import EXPORTS
from rnncli.study.verify import EXTRAS, missing_extra
from tests.terminal import rnn, rnn_process

HERE = ("--backend", "tensorflow")


def test_a_cell_for_people() -> None:
    out = rnn("verify", "dense", *HERE).out
    assert "dense activation=relu" in out
    assert out.count(" ok\n") == 4 * (6 + (missing_extra("ONNX") is None))
    assert "checks, none failed\n" in out


def test_what_is_not_installed_has_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not fail, and does not pass either."""
    monkeypatch.setitem(EXTRAS, "ONNX", ("onnx", ("no_such_package",)))
    out = rnn("verify", "dense", *HERE).out
    (row,) = [line.split() for line in out.splitlines() if line.endswith("not installed")]
    assert row == ["dense", "ONNX", "tensorflow", "not", "installed"]
    assert out.endswith("not installed: pip install 'rnncli[onnx]'\n")
    outcome = rnn("verify", "dense", *HERE, "--json")
    assert outcome.code == 0
    assert [row for row in outcome.json if not row["passed"]] == [
        {
            "backend": "tensorflow",
            "subject": "dense",
            "check": "ONNX",
            "passed": None,
            "not_installed": "onnx",
        }
    ]


def test_a_backend_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_backends, "_installed", lambda name: name != "torch")
    monkeypatch.setitem(EXTRAS, "ONNX", ("onnx", ("no_such_package",)))
    absent = verify_backends.unchecked(None)
    assert [(one.backend, one.check, one.extra) for one in absent] == [
        ("torch", None, "torch"),
        ("tensorflow", "ONNX", "onnx"),
    ]
    assert verify_backends.unchecked("jax") == []


def test_an_export_that_fails_ends_with_5(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXPORTS, "ONNX", lambda model, x: [np.array(y) + 1 for y in model(x)])
    monkeypatch.setitem(EXTRAS, "ONNX", ("onnx", ()))
    outcome = rnn("verify", "dense", *HERE)
    line = outcome.failed(5)
    assert line.startswith("dense activation=")
    assert ", ONNX, values on tensorflow: error 1.0e+00, allowed " in line
    assert "(and 3 more checks failed)" in line


def test_a_run_for_programs(trained: Run) -> None:
    rows = rnn("verify", trained.path, *HERE, "--texts", "5", "--json").json
    assert {row["subject"] for row in rows} == {trained.name}
    checked = [row for row in rows if row["passed"] is not None]
    assert {row["check"] for row in rows} - {row["check"] for row in checked} <= {"ONNX"}
    assert all(row["passed"] and row["absolute"] <= row["allowed"] for row in checked)


def test_a_failure_is_named_and_ends_with_5(monkeypatch: pytest.MonkeyPatch) -> None:
    from rnncli.cells import Dense

    step = Dense.step

    def other(self: Any, x: Any, state: Any, *rest: Any) -> Any:
        return step(self, 1.001 * x, state, *rest)

    monkeypatch.setattr(Dense, "step", other)
    outcome = rnn("verify", "dense", *HERE)
    line = outcome.failed(5)
    assert line.startswith("dense activation=")
    assert "on tensorflow: error " in line
    assert "FAILED" in outcome.out


def test_wrong_usage(tmp_path: Path, run_copy: Run) -> None:
    assert "did you mean lstm?" in rnn("verify", "lstn", *HERE).failed(2)
    assert "not a run directory" in rnn("verify", tmp_path, *HERE).failed(2)
    assert "already runs Keras" in rnn("verify", "dense", "--backend", "jax").failed(4)
    run_copy.weights.unlink()
    assert "has no weights yet" in rnn("verify", run_copy.path, *HERE).failed(2)


@pytest.mark.process
@pytest.mark.slow
def test_every_backend_in_a_process_of_its_own() -> None:
    outcome = rnn_process("verify", "gru", "--json", timeout=600)
    assert outcome.code == 0, outcome.err
    assert "tensorflow" in {row["backend"] for row in outcome.json}
    assert "checking on tensorflow …" in outcome.err


@pytest.mark.process
def test_a_child_that_fails_tells_why(run_copy: Run) -> None:
    """Its line and its exit code are the command's."""
    run_copy.weights.write_bytes(b"nothing")
    outcome = rnn_process("verify", run_copy.path)
    assert "damaged weights" in outcome.failed(3)
