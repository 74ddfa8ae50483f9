"""Scope: a run trained again from its record: the same, nearly the same, or where it differs."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rnncli import Run
from rnncli.reproduction import compare
from tests.terminal import rnn


def test_the_same_machine_reproduces_bit_for_bit(trained: Run) -> None:
    outcome = rnn("reproduce", trained.path, "--quiet", "--json", "--tolerance", "0")
    assert outcome.code == 0, outcome.err
    found = outcome.json
    assert (found["verdict"], found["where"], found["largest"]) == ("identical", "", 0.0)
    assert found["changed"] == {}


def test_a_small_difference_is_told_with_its_size(trained: Run, run_copy: Run) -> None:
    first, *others = run_copy.history()
    run_copy.write_history([replace(first, loss=first.loss + 1e-6), *others])
    found = compare(run_copy, trained, 1e-4)
    assert found.verdict == "within tolerance"
    assert found.where.startswith("epoch 1, loss: ")
    assert found.largest == pytest.approx(1e-6, rel=1e-3)
    assert compare(run_copy, trained, 1e-7).verdict == "different"


def test_the_first_difference_beyond_the_tolerance_is_named(trained: Run, run_copy: Run) -> None:
    first, second = run_copy.history()
    run_copy.write_history([replace(first, loss=first.loss + 1e-9), replace(second, loss=9.0)])
    found = compare(run_copy, trained, 1e-4)
    assert found.verdict == "different"
    assert found.where == f"epoch 2, loss: 9.0 then, {second.loss!r} now"
    run_copy.write_history([first])
    assert compare(run_copy, trained, 1e-4).where == "epochs: 1 then, 2 now"


def test_other_data_come_before_everything_else(trained: Run, run_copy: Run) -> None:
    facts = run_copy.read("data")
    facts["splits"]["train"]["sha256"] = "0" * 64
    run_copy.write("data", facts)
    found = compare(run_copy, trained, 1e9)
    assert (found.verdict, found.where) == ("different", "data: the train texts")


def test_predictions_are_compared_text_by_text(trained: Run, run_copy: Run) -> None:
    stored = run_copy.predictions()
    moved = np.array(stored.probabilities)
    moved[3] = moved[3][::-1]
    run_copy.write_predictions(replace(stored, probabilities=moved))
    found = compare(run_copy, trained, 1e-4)
    assert found.where == f"test text {stored.ids[3]}: a probability"


def test_no_number_differs_from_a_number_and_equals_itself(trained: Run, run_copy: Run) -> None:
    first, *others = run_copy.history()
    nothing = replace(first, loss=math.inf, validation_loss=math.nan)
    run_copy.write_history([nothing, *others])
    found = compare(run_copy, trained, 1e9)
    assert (found.verdict, found.largest) == ("different", math.inf)
    assert compare(run_copy, run_copy, 0.0).verdict == "identical"
    run_copy.write_history([first, *others])
    stored = run_copy.predictions()
    gone = np.array(stored.probabilities)
    gone[3] = math.nan
    run_copy.write_predictions(replace(stored, probabilities=gone))
    assert compare(run_copy, trained, 1e9).where == f"test text {stored.ids[3]}: a probability"
    assert compare(run_copy, run_copy, 0.0).verdict == "identical"


def test_predictions_for_no_texts_are_the_same(trained: Run, run_copy: Run) -> None:
    stored = run_copy.predictions()
    none = replace(
        stored, ids=[], texts=[], gold=stored.gold[:0], probabilities=stored.probabilities[:0]
    )
    run_copy.write_predictions(none)
    assert compare(run_copy, run_copy, 0.0).verdict == "identical"
    assert compare(run_copy, trained, 1e9).where == "predictions: of other texts or labels"


def test_a_changed_package_is_named(run_copy: Run) -> None:
    facts = run_copy.read("environment")
    facts["packages"]["keras"] = "2.0"
    run_copy.write("environment", facts)
    rows = run_copy.history()
    run_copy.write_history([replace(rows[0], loss=5.0), rows[1]])
    outcome = rnn("reproduce", run_copy.path, "--quiet")
    assert "differs from its record at epoch 1, loss: 5.0 then" in outcome.failed(5)
    assert "changed since: keras: 2.0 then, 3." in outcome.out


def test_a_run_of_two_machines_names_both(run_copy: Run) -> None:
    facts = run_copy.read("environment")
    other = {**facts, "cores": 1000}
    run_copy.write("environment", {**facts, "earlier": [other, other]})
    outcome = rnn("reproduce", run_copy.path, "--quiet")
    cores = facts["cores"]
    assert f"changed since: cores: 1000 and later {cores} then, {cores} now" in outcome.out


def test_an_unfinished_run(run_copy: Run) -> None:
    status = run_copy.path / "status.json"
    stored = json.loads(status.read_text("utf-8"))
    status.write_text(json.dumps({**stored, "state": "interrupted"}), encoding="utf-8")
    assert "is not finished" in rnn("reproduce", run_copy.path).failed(2)
    assert "no such run" in rnn("reproduce", Path("nowhere")).failed(2)
