"""`rnn runs`: every run there is, the damaged and unfinished ones too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rnncli import Run
from tests.terminal import rnn


def test_a_row_for_every_run(run_copy: Run) -> None:
    (row,) = rnn("runs", run_copy.path.parent, "--json").json
    metrics = run_copy.read("metrics")
    assert row["run"] == str(run_copy.path)
    assert (row["state"], row["epoch"], row["epochs"], row["seed"]) == ("done", 2, 2, 1)
    assert (row["data"], row["model"]) == ("sample-en", "gru 4, last")
    assert row["test_macro_f1"] == metrics["test"]["macro_f1"]
    assert row["validation_macro_f1"] == metrics["validation"]["macro_f1"]
    assert row["parameters"] == run_copy.read("cost")["parameters"]["total"]
    table = rnn("runs", run_copy.path.parent).out
    assert run_copy.name in table
    assert f"{metrics['test']['macro_f1']:.4f}" in table


def other(run: Run, name: str, **status: object) -> Run:
    """A copy with another status."""
    import shutil

    path = Path(shutil.copytree(run.path, run.path.with_name(name)))
    stored = json.loads((path / "status.json").read_text("utf-8"))
    (path / "status.json").write_text(json.dumps({**stored, **status}), encoding="utf-8")
    return Run(path)


def test_unfinished_and_damaged_runs_are_shown_with_their_reason(run_copy: Run) -> None:
    other(run_copy, "failed", state="failed", reason="the loss became nan")
    other(run_copy, "killed", state="running", reason="")
    (other(run_copy, "torn").path / "status.json").write_text("{", encoding="utf-8")
    (other(run_copy, "bare").path / "metrics.json").unlink()
    (other(run_copy, "bent").path / "metrics.json").write_text("[]", encoding="utf-8")
    (run_copy.path.parent / "a file").write_text("", encoding="utf-8")
    outcome = rnn("runs", run_copy.path.parent)
    assert outcome.code == 0, outcome.err
    assert "failed: failed: the loss became nan" in outcome.out
    assert "killed: interrupted: the process was killed" in outcome.out
    assert "torn: unreadable: " in outcome.out
    rows = {Path(row["run"]).name: row for row in rnn("runs", run_copy.path.parent, "--json").json}
    assert rows["bare"]["test_macro_f1"] is None
    assert rows["bare"]["validation_macro_f1"] is not None  # from history.csv
    assert rows["bent"]["test_macro_f1"] is None


def test_sorting(run_copy: Run) -> None:
    worse = other(run_copy, "worse")
    metrics = worse.read("metrics")
    metrics["test"]["macro_f1"] = 0.0
    worse.write("metrics", metrics)
    folder = run_copy.path.parent
    names = [
        Path(row["run"]).name for row in rnn("runs", folder, "--sort", "macro-f1", "--json").json
    ]
    assert names == ["worse", run_copy.name]
    names = [Path(row["run"]).name for row in rnn("runs", folder, "--sort", "name", "--json").json]
    assert names == [run_copy.name, "worse"]


@pytest.mark.parametrize("columns", ["40", "80", "120"])
def test_the_table_fits_the_terminal(
    run_copy: Run, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    for line in rnn("runs", run_copy.path.parent).out.splitlines():
        assert len(line) <= int(columns)


def test_no_runs_and_no_folder(tmp_path: Path) -> None:
    assert "no runs yet" in rnn("runs", tmp_path).out
    assert rnn("runs", tmp_path, "--json").json == []
    assert "no such folder" in rnn("runs", tmp_path / "none").failed(2)
