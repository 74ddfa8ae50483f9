"""`rnn compare`: the table, its Markdown and JSON, and the order of the variants."""

from __future__ import annotations

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
    assert "p = 1.00; more seeds would tell more" in outcome.out
    assert "train.optimizer.learning_rate: " in outcome.out
    wrong = rnn("compare", run_copy.path.parent, "--against", "tinny")
    assert wrong.code == 2
    assert "no variant has the name 'tinny'; there are t" in wrong.err
