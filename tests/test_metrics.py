"""Scope: every metric against scikit-learn or against a definition written out here."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as oracle

from rnncli.errors import DataError
from rnncli.metrics import (
    accuracy,
    bootstrap_intervals,
    classification_metrics,
    confusion_matrix,
    cross_entropy,
    expected_calibration_error,
    macro_f1,
)


def _random_case(seed: int) -> tuple[NDArray[np.int64], NDArray[np.float64], list[str]]:
    """Labels and probabilities; some classes are often absent from both."""
    random = np.random.default_rng(seed)
    classes = int(random.integers(2, 8))
    texts = int(random.integers(1, 60))
    present = int(random.integers(1, classes + 1))
    gold = random.integers(0, present, texts)
    logits = random.normal(0, 2, (texts, classes))
    logits[:, present:] -= 30 * (seed % 2)
    logits[np.arange(texts), gold] += 1
    exponentials = np.exp(logits)
    names = [f"라벨{index}" for index in range(classes)]
    return gold, exponentials / exponentials.sum(axis=1, keepdims=True), names


@pytest.mark.parametrize("seed", range(40))
def test_scores_equal_scikit_learn(seed: int) -> None:
    gold, probabilities, names = _random_case(seed)
    predicted = probabilities.argmax(axis=1)
    labels = range(len(names))
    ours = classification_metrics(gold, probabilities, names)
    precision, recall, f1, support = oracle.precision_recall_fscore_support(
        gold, predicted, labels=labels, zero_division=0
    )
    assert ours["accuracy"] == pytest.approx(oracle.accuracy_score(gold, predicted))
    assert ours["macro_f1"] == pytest.approx(np.mean(f1))
    assert macro_f1(gold, predicted, len(names)) == ours["macro_f1"]
    assert accuracy(gold, predicted) == pytest.approx(ours["accuracy"])
    weighted = oracle.f1_score(gold, predicted, labels=labels, average="weighted", zero_division=0)
    assert ours["weighted_f1"] == pytest.approx(weighted)
    for row, name in enumerate(names):
        expected = (precision[row], recall[row], f1[row], support[row])
        assert tuple(ours["per_class"][name].values()) == pytest.approx(expected)
    table = oracle.confusion_matrix(gold, predicted, labels=labels)
    assert ours["confusion"] == table.tolist()
    loss = oracle.log_loss(gold, probabilities, labels=labels)
    assert ours["cross_entropy"] == pytest.approx(loss)
    low, high = ours["interval_95"]["accuracy"]
    assert low <= ours["accuracy"] <= high
    assert json.loads(json.dumps(ours)) == ours


def test_macro_f1_is_over_the_whole_split_not_by_batch() -> None:
    gold, predicted = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    halves = [macro_f1(gold[part], predicted[part], 2) for part in (slice(2), slice(2, 4))]
    assert macro_f1(gold, predicted, 2) == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert macro_f1(gold, predicted, 2) != pytest.approx(np.mean(halves))


def test_an_impossible_gold_label_costs_a_finite_amount() -> None:
    certain = np.array([[1.0, 0.0]], dtype=np.float32)
    assert cross_entropy([1], certain) == pytest.approx(-np.log(np.finfo(np.float32).eps))


def test_calibration_error_equals_its_definition_bin_by_bin() -> None:
    random = np.random.default_rng(3)
    probabilities = random.dirichlet(np.ones(3), 500)
    probabilities[:3] = np.array([[1, 0, 0], [0.6, 0.2, 0.2], [0.4, 0.4, 0.2]])
    gold = random.integers(0, 3, 500)
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == gold
    total = 0.0
    for index in range(15):
        inside = (confidence > index / 15) & (confidence <= (index + 1) / 15)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    assert expected_calibration_error(gold, probabilities) == pytest.approx(total)


def test_perfect_confidence_is_calibrated_and_its_opposite_is_not() -> None:
    certain = np.eye(2)[[0, 1, 0]]
    assert expected_calibration_error([0, 1, 0], certain) == 0.0
    assert expected_calibration_error([1, 0, 1], certain) == 1.0


def test_bootstrap_agrees_with_resampling_the_texts() -> None:
    random = np.random.default_rng(0)
    gold = random.integers(0, 3, 400)
    predicted = np.where(random.random(400) < 0.8, gold, random.integers(0, 3, 400))
    ours = bootstrap_intervals(confusion_matrix(gold, predicted, 3), seed=1, resamples=4000)
    accuracies, scores = [], []
    for _ in range(1000):
        rows = random.integers(0, 400, 400)
        accuracies.append(accuracy(gold[rows], predicted[rows]))
        scores.append(macro_f1(gold[rows], predicted[rows], 3))
    assert ours["accuracy"] == pytest.approx(np.quantile(accuracies, [0.025, 0.975]), abs=0.008)
    assert ours["macro_f1"] == pytest.approx(np.quantile(scores, [0.025, 0.975]), abs=0.008)


def test_bootstrap_is_seeded_and_quick() -> None:
    random = np.random.default_rng(0)
    table = confusion_matrix(random.integers(0, 7, 25_000), random.integers(0, 7, 25_000), 7)
    started = time.process_time()
    first = bootstrap_intervals(table, seed=5)
    assert time.process_time() - started < 1.0
    assert bootstrap_intervals(table, seed=5) == first
    assert bootstrap_intervals(table, seed=6) != first


def test_majority_answers_the_most_frequent_gold_label() -> None:
    uniform = np.full((4, 2), 0.5)
    majority = classification_metrics([1, 1, 1, 0], uniform, ["부정", "긍정"])["majority"]
    assert majority == {"label": "긍정", "accuracy": 0.75, "macro_f1": pytest.approx(3 / 7)}


@pytest.mark.parametrize(
    ("gold", "probabilities", "message"),
    [
        ([], np.zeros((0, 2)), "at least one text"),
        ([0, 1], np.full((2, 3), 0.3), r"shape \(2, 3\), expected \(2, 2\)"),
        ([0, 2], np.full((2, 2), 0.5), "label 2 is outside"),
        ([0, -1], np.full((2, 2), 0.5), "label -1 is outside"),
        ([0, 1], np.array([[0.5, 0.5], [np.nan, 1.0]]), "text 1 are .*nan"),
    ],
)
def test_bad_input_is_named(
    gold: list[int], probabilities: NDArray[np.float64], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        classification_metrics(gold, probabilities, ["a", "b"])
