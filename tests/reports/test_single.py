"""Scope: a run's report is one offline page, shows what the run holds, lets no markup through."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from rnncli.metrics import classification_metrics
from rnncli.reports.single import render_report, write_report
from rnncli.run import Run
from rnncli.tables import Epoch, Predictions
from tests.reports.page_reader import PageReader

LABELS = ("정치", "<script>alert(1)</script>")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A finished run with hostile labels, texts, ids and config."""
    run = Run.create(tmp_path / "bilstm-0a1b2c3d-s1")
    gold = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.9, 0.1], [0.02, 0.98], [0.4, 0.6], [0.7, 0.3]])
    metrics = classification_metrics(gold, probabilities, LABELS)
    linear = {"accuracy": 0.9123, "macro_f1": 0.8768}
    run.write("metrics", {"test": metrics, "baselines": {"linear": linear}, "best_epoch": 2})
    run.write_history([Epoch(n, 1 / n, 0.5, 0.5, 0.5, 1e-3, 30.0, 100.0, True) for n in (1, 2, 3)])
    texts = ["맞음", "<img src=x onerror=alert(1)>", "맞음", ""]
    ids = ["t-0", "t-1<b>", "t-2", "t-3"]
    run.write_predictions(Predictions(ids, texts, gold, probabilities, LABELS))
    run.write("data", {"source": {"name": "sample-ko", "language": "ko", "synthetic": True}})
    run.write("environment", {"python": "3.11", "<b>": ["</table>", {"a": None}]})
    run.write_config("x", "seed: 1\nname: '</pre><script>alert(2)</script>'\n")
    run.set_status("done")
    return run


def test_it_is_written_beside_the_rest(run: Run) -> None:
    path = write_report(run)
    assert path == run.path / "report.html"
    assert path.read_text(encoding="utf-8") == render_report(run)


def test_nothing_is_fetched_and_nothing_runs(run: Run) -> None:
    page = PageReader(render_report(run))
    assert not {"script", "img", "link", "iframe", "object", "b" + "ase"} & set(page.tags)
    names = {name for name, _ in page.attributes}
    assert not {name for name in names if name.startswith("on") or name in ("src", "href")}
    assert "default-src 'none'" in render_report(run)
    assert not re.search(r"https?:|//[a-z]|@import|url\(", render_report(run))


def test_both_colour_schemes_and_phones_are_provided_for(run: Run) -> None:
    html = render_report(run)
    assert "prefers-color-scheme: dark" in html
    assert "width=device-width" in html


def test_it_shows_scores_yardsticks_labels_and_errors(run: Run) -> None:
    page = PageReader(render_report(run))
    assert page.tags.count("svg") == 7
    for shown in ("0.500", "0.912", "0.877", "정치", LABELS[1], "best: 2", "2 of 4 test texts"):
        assert shown in page.text
    worst = page.text.index("<img src=x onerror=alert(1)>")
    assert worst < page.text.index("(empty text)")
    assert "name: '</pre><script>alert(2)</script>'" in page.text
    assert "90 s" in page.text


def test_synthetic_data_is_said_and_real_data_is_not(run: Run) -> None:
    assert "Synthetic data." in render_report(run)
    run.write("data", {"name": "imdb", "synthetic": False})
    assert "Synthetic data." not in render_report(run)


def test_a_failed_run_says_why(run: Run) -> None:
    assert 'class="banner bad"' not in render_report(run)
    run.set_status("failed", reason="loss <NaN>")
    assert "This run failed: loss &lt;NaN&gt;." in render_report(run)
    run.set_status("interrupted")
    assert "This run was interrupted." in render_report(run)


def test_an_empty_or_damaged_run_still_has_a_page(tmp_path: Path, run: Run) -> None:
    empty = Run.create(tmp_path / "empty")
    empty.set_status("failed", reason="no data")
    assert "no data" in PageReader(render_report(empty)).text
    for path in run.path.iterdir():
        path.write_bytes(b"\xff{")
    assert run.name in PageReader(render_report(run)).text


def test_a_run_without_errors_says_so(run: Run) -> None:
    sure = np.array([[0.9, 0.1], [0.1, 0.9]])
    run.write_predictions(Predictions(["a", "b"], ["x", "y"], np.array([0, 1]), sure, LABELS))
    assert "0 of 2 test texts are wrong" in render_report(run)
