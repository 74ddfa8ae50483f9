"""Scope: seeds gathered into variants, their intervals, and what cannot be compared."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from rnncli import Run
from rnncli.comparison import compare, pareto_front, settings_that_differ
from rnncli.errors import DataError, StorageError, UsageError
from rnncli.significance import spread
from rnncli.variants import Variant, finished_runs, variants


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
    cost = run_copy.read("cost")
    assert first.parameters == cost["parameters"]["total"]
    assert first.text_latency == cost["text_latency"]["median"] > 0
    assert first.text_latency_p95 == cost["text_latency"]["p95"] >= first.text_latency
    assert first.peak_memory_bytes == cost["peak_memory_bytes"] > 10**7
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


def predicting(run: Run, wrong: int) -> Run:
    """A run whose predictions are right but for the first so many texts."""
    found = run.predictions()
    table = np.full(found.probabilities.shape, 0.1)
    table[np.arange(len(table)), found.gold] = 0.9
    table[:wrong] = 1.0 - table[:wrong]
    run.write_predictions(replace(found, probabilities=table))
    metrics = run.read("metrics")
    metrics["test"]["accuracy"] = 1 - wrong / len(table)
    run.write("metrics", metrics)
    return run


OTHER = {"learning_rate: ": "learning_rate: 0.5 #", "tiny": "other"}


def test_a_difference_is_told_with_what_is_needed_to_see_it(run_copy: Run) -> None:
    runs = [predicting(sibling(run_copy, f"a{n}", n, 0.9), 10 + n) for n in (2, 3, 4)]
    runs += [predicting(sibling(run_copy, f"b{n}", n, 0.9, **OTHER), n) for n in (2, 3, 4)]
    (one,) = compare(variants(runs), "accuracy", "tiny")
    assert (one.variant, one.reference, one.texts, one.detected) == ("other", "tiny", 40, True)
    assert one.difference.mean == pytest.approx(0.25)
    assert one.sentence().startswith("other is 25.0 points better than tiny (95 %: +")
    close = [predicting(run, n) for run, n in zip(runs, (6, 2, 4, 4, 5, 2), strict=True)]
    (one,) = compare(variants(close), "accuracy", "tiny")
    assert not one.detected
    assert "other and tiny: no detectable difference on 40 texts (+0.8 points" in one.sentence()
    assert one.sentence().endswith("these texts are too few to see 0.8 points, whatever the seeds")


def test_labels_in_another_order_are_the_same_labels(run_copy: Run) -> None:
    other = sibling(run_copy, "other", 1, 0.9, **OTHER)
    found = other.predictions()
    turned = replace(
        found,
        gold=1 - found.gold,
        probabilities=found.probabilities[:, ::-1],
        label_names=found.label_names[::-1],
    )
    other.write_predictions(turned)
    (one,) = compare(variants([run_copy, other]), "macro_f1", "tiny")
    assert (one.difference.mean, one.p, one.mcnemar) == (0.0, 1.0, 1.0)


def test_runs_from_before_single_texts_were_timed(run_copy: Run) -> None:
    other = sibling(run_copy, "other", 2, 0.9)
    cost = other.read("cost")
    del cost["text_latency"]
    other.write("cost", cost)
    (both,) = variants([run_copy, other])
    assert both.text_latency == run_copy.read("cost")["text_latency"]["median"]
    (alone,) = variants([other])
    assert (alone.text_latency, alone.text_latency_p95) == (None, None)


def test_the_effect_goes_with_the_number_of_seeds(run_copy: Run) -> None:
    runs = [predicting(sibling(run_copy, f"a{n}", n, 0.9), 10 + n) for n in (2, 3, 4)]
    runs += [predicting(sibling(run_copy, f"b{n}", n, 0.9, **OTHER), n) for n in (2, 3, 4)]
    (one,) = compare(variants(runs), "accuracy", "tiny")
    # a quarter more right; seeds are a text of forty apart
    assert one.difference.effect == pytest.approx(0.25 / (1 / 40))
    assert (one.effect, one.odds_ratio) == ("d = +10.0", None)
    assert one.sentence().endswith("p < 0.001, d = +10.0")
    (one,) = compare(variants([runs[0], runs[3]]), "accuracy", "tiny")
    assert one.odds_ratio == 10.5 / 0.5  # of 12 wrong and 2 wrong, the same two
    assert one.effect == "odds 21.00"


def test_settings_and_front(run_copy: Run) -> None:
    other = sibling(run_copy, "other", 1, 0.9, **OTHER)
    found = variants([run_copy, other])
    assert list(settings_that_differ(found)) == ["train.optimizer.learning_rate"]

    def variant(name: str, score: float, parameters: int, seconds: float) -> Variant:
        scores = {"macro_f1": spread([score]), "accuracy": spread([score])}
        return replace(
            found[0], name=name, scores=scores, parameters=parameters, seconds_per_epoch=seconds
        )

    small, slow = variant("small", 0.8, 10, 1.0), variant("slow", 0.8, 10, 2.0)
    large = variant("large", 0.9, 99, 1.0)
    assert pareto_front([slow, small, large], "accuracy") == ["small", "large"]


def test_a_seed_counts_once(run_copy: Run) -> None:
    copy = sibling(run_copy, "copy", 1, 0.9)
    with pytest.raises(UsageError, match=r"copy are one config with one seed.*leave one out"):
        variants([run_copy, copy])


def test_other_labels_are_refused(run_copy: Run) -> None:
    other = sibling(run_copy, "other", 2, 0.9)
    found = other.predictions()
    wider = np.pad(found.probabilities, ((0, 0), (0, 1)))
    names = (*found.label_names, "neither")
    other.write_predictions(replace(found, probabilities=wider, label_names=names))
    with pytest.raises(DataError, match="do not know the same labels"):
        variants([run_copy, other])


def test_a_record_without_its_scores_is_told(run_copy: Run) -> None:
    run_copy.write("metrics", {"best_epoch": 1})
    with pytest.raises(StorageError, match="its records lack macro_f1, accuracy: damaged"):
        variants([run_copy])


def test_where_nothing_varies_two_seeds_are_enough(run_copy: Run) -> None:
    runs = [predicting(sibling(run_copy, f"a{n}", n, 1.0), 0) for n in (2, 3)]
    runs += [predicting(sibling(run_copy, f"b{n}", n, 1.0, **OTHER), 0) for n in (2, 3)]
    (one,) = compare(variants(runs), "accuracy", "tiny")
    assert not one.detected
    assert one.sentence().endswith("to see 0.3 points you need about 2 seeds of each")
