"""Scope: seeds gathered into variants, their intervals, and what cannot be compared."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from rnncli import Run
from rnncli.comparison import finished_runs, spread, variants
from rnncli.errors import DataError, StorageError, UsageError


def sibling(run: Run, name: str, seed: int, f1: float, **settings: str) -> Run:
    """A copy that was trained with another seed, and other settings, to another score."""
    other = Run(Path(shutil.copytree(run.path, run.path.with_name(name))))
    text = other.config_text().replace("\nseed: 1\n", f"\nseed: {seed}\n", 1)
    for old, new in settings.items():
        assert old in text
        text = text.replace(old, new, 1)
    other.write_config(text, text)
    metrics = other.read("metrics")
    metrics["test"]["macro_f1"] = f1
    other.write("metrics", metrics)
    return other


def test_the_interval_is_student_s() -> None:
    values = [0.91, 0.93, 0.92, 0.95]
    found = spread(values)
    wanted = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert found.mean == pytest.approx(np.mean(values))
    assert found.interval_95 == pytest.approx((wanted.low, wanted.high))
    assert found.half_width == pytest.approx((wanted.high - wanted.low) / 2)
    assert spread([0.5]).interval_95 is None


def test_the_interval_holds_the_true_mean_95_times_in_100() -> None:
    random = np.random.default_rng(0)
    held = 0
    for _ in range(2000):
        low, high = spread(random.normal(0.9, 0.01, 5).tolist()).interval_95 or (0.0, 0.0)
        held += low <= 0.9 <= high
    assert 0.935 < held / 2000 < 0.965


def test_seeds_of_one_config_are_one_variant(run_copy: Run) -> None:
    sibling(run_copy, "b-s3", 3, 0.7)
    sibling(run_copy, "a-s2", 2, 0.8)
    sibling(run_copy, "z-other", 1, 0.9, **{"learning_rate: ": "learning_rate: 0.5 #"})
    first, second = variants(finished_runs([run_copy.path, run_copy.path.parent]))
    own = run_copy.read("metrics")["test"]["macro_f1"]
    assert first.seeds == (1, 2, 3)
    assert first.scores["macro_f1"].values == (own, 0.8, 0.7)
    assert (second.seeds, second.scores["macro_f1"].mean) == ((1,), 0.9)
    assert first.parameters == run_copy.read("cost")["parameters"]["total"]
    assert 0 < first.layer_parameters < first.parameters


def test_other_test_texts_are_refused(run_copy: Run) -> None:
    other = sibling(run_copy, "other", 2, 0.5)
    predictions = other.predictions()
    predictions.gold[0] = 1 - predictions.gold[0]
    other.write_predictions(predictions)
    with pytest.raises(DataError, match="tested on different texts"):
        variants([run_copy, other])


def test_what_is_no_finished_run_is_told(run_copy: Run, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such run"):
        finished_runs([tmp_path / "nothing"])
    with pytest.raises(UsageError, match="holds no finished run"):
        finished_runs([run_copy.path / "checkpoints"])
    half = sibling(run_copy, "half", 2, 0.5)
    half.set_status("failed", reason="the loss became nan")
    with pytest.raises(UsageError, match="half: failed"):
        finished_runs([half.path])
    assert [run.name for run in finished_runs([run_copy.path.parent])] == [run_copy.name]
    (run_copy.path / "cost.json").unlink()
    with pytest.raises(StorageError, match=r"cost\.json"):
        variants([run_copy])
