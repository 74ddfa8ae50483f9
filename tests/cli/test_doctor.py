"""`rnn doctor`: it tells what is there, and fails when training cannot work."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnncli import checkup
from tests.terminal import rnn


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnncli.datasets.reach.reachable", lambda _: False)


def test_a_broken_default_backend_is_exit_code_5(monkeypatch: pytest.MonkeyPatch) -> None:
    probe = {"installed": True, "error": "ImportError: no such symbol"}
    monkeypatch.setattr(checkup, "probe_backend", lambda name: probe)
    outcome = rnn("doctor")
    assert "the default backend tensorflow cannot train: ImportError" in outcome.failed(5)
    assert "✗ ImportError: no such symbol" in outcome.out


def test_backends_that_are_not_installed_are_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {
        "installed": True,
        "device": "CPU",
        "kind": "cpu",
        "kernels": [],
        "texts": 32,
        "start_seconds": 1.0,
        "step_seconds": 0.01,
    }
    missing = {"installed": False}
    monkeypatch.setattr(
        checkup, "probe_backend", lambda name: told if name == "tensorflow" else missing
    )
    outcome = rnn("doctor")
    assert outcome.code == 0, outcome.err
    assert "a training step of 32 texts 10 ms" in outcome.out
    assert "not installed: pip install 'rnncli[jax]'" in outcome.out


@pytest.mark.process
def test_a_training_step_on_the_default_backend() -> None:
    found = checkup.probe_backend("tensorflow")
    assert found["installed"] is True
    assert "error" not in found
    assert found["kind"] in {"cpu", "gpu"}
    assert 0 < found["step_seconds"] < found["start_seconds"]


@pytest.mark.process
def test_a_backend_that_dies_is_told() -> None:
    found = checkup.probe_backend("json")  # importable, and no backend
    assert "no backend json" in found["error"]


def test_data_in_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("RNN_DATA", raising=False)
    assert checkup.data_in_reach("imdb") == ""
    (tmp_path / "keras" / "datasets").mkdir(parents=True)
    (tmp_path / "keras" / "datasets" / "imdb.npz").write_bytes(b"")
    assert "source: keras" in checkup.data_in_reach("imdb")
    (tmp_path / "datasets" / "stanfordnlp___imdb").mkdir(parents=True)
    assert checkup.data_in_reach("imdb") == "the hub's cache"
    assert checkup.data_in_reach("klue-tc") == ""


def test_compiled_programs_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "probe_backend", lambda _: {"installed": False})
    monkeypatch.setenv("RNN_PROGRAMS", str(tmp_path / "programs"))
    (tmp_path / "programs" / "tensorflow-1").mkdir(parents=True)
    (tmp_path / "programs" / "tensorflow-1" / "a.pb").write_bytes(bytes(2000))
    assert f"2.0 kB in {tmp_path / 'programs'}" in rnn("doctor").out.replace("\n", "")
    monkeypatch.setenv("RNN_PROGRAMS", "off")
    assert "not kept" in rnn("doctor").out
