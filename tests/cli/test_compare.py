"""`rnn compare`: the table, its Markdown and JSON, and the order of the variants."""

from __future__ import annotations

import csv
import io

import pytest

from rnncli import Run
from tests.terminal import rnn
from tests.test_comparison import sibling


def test_a_line_for_each_variant(run_copy: Run) -> None:
    sibling(run_copy, "b", 2, 0.75)
    sibling(run_copy, "best", 1, 0.99, **{"learning_rate: ": "learning_rate: 0.5 #"})
    folder = run_copy.path.parent
    outcome = rnn("compare", folder, "--sort", "score")
    assert outcome.code == 0, outcome.err
    _, first, second, *_ = outcome.out.splitlines()
    assert "99.0" in first
    assert "±" not in first
    assert "±" in second
    told = rnn("compare", folder, "--json").json
    rows = told["variants"]
    assert sorted(len(row["seeds"]) for row in rows) == [1, 2]
    both = next(row for row in rows if len(row["seeds"]) == 2)
    assert both["scores"]["macro_f1"]["interval_95"][0] < both["scores"]["macro_f1"]["mean"]


def test_markdown_is_a_table(run_copy: Run) -> None:
    lines = rnn("compare", run_copy.path, "--markdown", "--metric", "accuracy").out.splitlines()
    accuracy = run_copy.read("metrics")["test"]["accuracy"]
    assert [line.count("|") for line in lines] == [lines[0].count("|")] * 3
    assert "accuracy" in lines[0]
    assert f"| {100 * accuracy:.1f} |" in lines[2]


def test_errors_are_one_line(run_copy: Run) -> None:
    outcome = rnn("compare", run_copy.path.parent / "nothing")
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1


def test_a_sentence_for_each_other_variant(run_copy: Run) -> None:
    sibling(run_copy, "best", 1, 0.99, **{"learning_rate: ": "learning_rate: 0.5 #", "tiny": "t2"})
    outcome = rnn("compare", run_copy.path.parent, "--against", "tiny")
    assert "t2 and tiny of one seed each: no detectable difference on 40 texts" in outcome.out
    assert "p = 1.00, odds 1.00; more seeds would tell more" in outcome.out
    assert "train.optimizer.learning_rate: " in outcome.out
    wrong = rnn("compare", run_copy.path.parent, "--against", "tinny")
    assert wrong.code == 2
    assert "no variant has the name 'tinny'; there are t" in wrong.err


def test_costs_stand_in_the_table_as_far_as_they_are_known(run_copy: Run) -> None:
    head, row, *_ = rnn("compare", run_copy.path).out.splitlines()
    assert head.split()[-2:] == ["latency", "memory"]
    assert " ms" in row
    cost = run_copy.read("cost")
    del cost["text_latency"]
    run_copy.write("cost", cost | {"peak_memory_bytes": None})
    head = rnn("compare", run_copy.path).out.splitlines()[0]
    assert head.split()[-2:] == ["epoch", "time"]
    other = sibling(run_copy, "b", 1, 0.75, **{"tiny": "t2"})
    other.write("cost", cost | {"text_latency": {"median": 0.002, "p95": 0.003}})
    head, *rows = rnn("compare", run_copy.path.parent).out.splitlines()[:3]
    assert head.split()[-2:] == ["latency", "memory"]
    known, unknown = sorted(rows, key=lambda row: "–" in row)
    assert "2.0 ms" in known
    assert "–" in unknown


def test_csv_has_a_line_for_each_variant_and_numbers_in_full(run_copy: Run) -> None:
    sibling(run_copy, "b", 2, 0.75)
    sibling(run_copy, "best", 1, 0.99, **{"learning_rate: ": "learning_rate: 0.5 #", "tiny": "t2"})
    rows = list(csv.DictReader(io.StringIO(rnn("compare", run_copy.path.parent, "--csv").out)))
    first, second = sorted(rows, key=lambda row: row["reference"])
    own = run_copy.read("metrics")["test"]["macro_f1"]
    assert float(first["macro_f1"]) == pytest.approx((own + 0.75) / 2)
    assert float(first["peak_memory_bytes"]) > 0
    assert (first["variant"], first["seeds"], first["difference"]) == ("tiny", "2", "")
    assert (second["variant"], second["reference"]) == ("t2", "tiny")
    assert second["macro_f1_low"] == ""
    assert float(second["difference"]) == 0.0


def test_one_form_at_a_time(run_copy: Run) -> None:
    told = rnn("compare", run_copy.path, "--csv", "--json").failed(2)
    assert "exclude one another" in told


def test_a_narrow_terminal_gets_fewer_columns(
    run_copy: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    head, row, *_ = rnn("compare", run_copy.path).out.splitlines()
    assert {"variant", "seeds", "macro-F1"} <= set(head.split())
    assert "memory" not in head
    assert max(len(head), len(row)) <= 60
