"""`rnn report`: where the page goes, for one run and for many, and what cannot be reported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rnncli import Run
from tests.terminal import rnn
from tests.test_comparison import OTHER, sibling


def test_one_run_gets_its_page_in_its_directory(run_copy: Run) -> None:
    run_copy.report.unlink()
    outcome = rnn("report", run_copy.path)
    assert (outcome.code, outcome.out) == (0, f"{run_copy.report}\n")
    assert run_copy.name in run_copy.report.read_text("utf-8")


def test_a_failed_run_has_a_page_too(run_copy: Run) -> None:
    run_copy.set_status("failed", reason="the loss became nan")
    assert rnn("report", run_copy.path).code == 0
    assert "This run failed: the loss became nan." in run_copy.report.read_text("utf-8")


def test_a_folder_is_compared_without_its_unfinished_runs(run_copy: Run) -> None:
    sibling(run_copy, "other", 1, 0.9, **OTHER)
    sibling(run_copy, "half", 2, 0.5).set_status("interrupted")
    folder = run_copy.path.parent
    outcome = rnn("report", folder, "--against", "tiny", "--metric", "accuracy")
    assert outcome.out == f"{folder / 'report.html'}\n"
    page = (folder / "report.html").read_text("utf-8")
    assert "2 variants compared" in page
    assert "1 run not finished, left out." in page
    assert "Test accuracy" in page


def test_out_and_figures(run_copy: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnncli.reports.files.png_possible", lambda: False)
    outcome = rnn(
        "report", run_copy.path, "--out", tmp_path / "x.html", "--figures", tmp_path / "f"
    )
    assert (tmp_path / "x.html").exists()
    drawn = sorted((tmp_path / "f").iterdir())
    assert f"{tmp_path / 'f'}: {len(drawn)} figures" in outcome.out
    assert {path.suffix for path in drawn} == {".svg"}
    assert "pip install 'rnncli[figures]'" in outcome.err
    told = rnn("report", run_copy.path, "--out", tmp_path, "--figures", tmp_path / "f", "--json")
    found = json.loads(told.out)
    assert found["report"] == str(tmp_path / "report.html")
    assert sorted(found["figures"]) == [str(path) for path in drawn]


def test_what_cannot_be_reported_is_told_in_a_line(run_copy: Run, tmp_path: Path) -> None:
    sibling(run_copy, "other", 1, 0.9, **OTHER)
    folder = run_copy.path.parent
    assert "no variant has the name 'x'; there are" in rnn(
        "report", folder, "--against", "x"
    ).failed(2)
    assert "no such run" in rnn("report", tmp_path / "none").failed(2)
    assert "x.html: cannot write" in rnn(
        "report", folder, "--out", tmp_path / "no" / "x.html"
    ).failed(3)
    (folder / "other" / "predictions.parquet").write_bytes(b"PAR1")
    assert "predictions.parquet: not a predictions file" in rnn("report", folder).failed(3)
