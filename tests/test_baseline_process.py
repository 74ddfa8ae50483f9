"""Scope: a large corpus' baselines come from another process, and are those found here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rnncli import baseline_process
from rnncli import baselines as here
from rnncli.baseline_process import BaselineProcess, baselines_beside
from rnncli.baselines import baselines, known_linear
from tests.synthetic import corpus_of

CORPUS = corpus_of()


def _comparable(found: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        name: {key: value for key, value in scores.items() if key != "seconds"}
        for name, scores in found.items()
    }


@pytest.fixture
def expected() -> dict[str, dict[str, Any]]:
    return _comparable(baselines(CORPUS))


@pytest.fixture
def every_corpus_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baseline_process, "_MANY", 1)


@pytest.fixture
def nothing_is_fitted_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("fitted in this process")

    monkeypatch.setattr(here, "_fit_and_score", fail)


@pytest.mark.usefixtures("every_corpus_is_large")
def test_what_the_process_finds_is_the_same_and_is_kept(
    tmp_path: Path, expected: dict[str, dict[str, Any]], request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("nothing_is_fitted_here")
    with baselines_beside(CORPUS, tmp_path) as process:
        first = process.result()
        assert _comparable(first) == expected
        assert process.result() == first
    assert known_linear(CORPUS, tmp_path) == first["linear"]


@pytest.mark.usefixtures("every_corpus_is_large")
def test_no_process_for_what_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = baselines(CORPUS, tmp_path)
    monkeypatch.setattr(baseline_process, "_started", None)
    assert BaselineProcess(CORPUS, tmp_path).result() == found


def test_no_process_for_a_small_corpus(
    tmp_path: Path, expected: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baseline_process, "_started", None)
    assert _comparable(BaselineProcess(CORPUS, tmp_path).result()) == expected


@pytest.mark.usefixtures("every_corpus_is_large")
@pytest.mark.parametrize("executable", ["false", "no such program"])
def test_a_process_that_fails_is_made_up_for_here(
    tmp_path: Path,
    expected: dict[str, dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    executable: str,
) -> None:
    monkeypatch.setattr("rnncli.baseline_process.sys.executable", executable)
    with baselines_beside(CORPUS, tmp_path) as process:
        assert _comparable(process.result()) == expected


@pytest.mark.usefixtures("every_corpus_is_large")
def test_the_process_ends_with_the_training(tmp_path: Path) -> None:
    with baselines_beside(CORPUS, tmp_path) as process:
        begun = process._process
        assert begun is not None
        assert begun.poll() is None
    assert begun.returncode is not None
    assert begun.returncode < 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("every_corpus_is_large")
def test_a_cache_that_cannot_be_written_is_no_error(
    tmp_path: Path, expected: dict[str, dict[str, Any]], request: pytest.FixtureRequest
) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    assert _comparable(baselines(CORPUS, tmp_path / "file" / "cache")) == expected
    request.getfixturevalue("nothing_is_fitted_here")
    with baselines_beside(CORPUS, tmp_path / "file" / "cache") as process:
        assert _comparable(process.result()) == expected
