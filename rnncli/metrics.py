"""How good a classifier is: accuracy, macro-F1, calibration, and how sure we may be of them.

N texts, C classes. Class-wise scores are over all C names: a class that is neither in gold nor
predicted scores 0, as scikit-learn does with `labels=range(C), zero_division=0`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncli.errors import DataError

__all__ = [
    "accuracy",
    "bootstrap_intervals",
    "classification_metrics",
    "confusion_matrix",
    "cross_entropy",
    "expected_calibration_error",
    "macro_f1",
    "majority_metrics",
    "prediction_metrics",
]

RESAMPLES = 1000
CALIBRATION_BINS = 15


def accuracy(gold: ArrayLike, predicted: ArrayLike) -> float:
    """Share of texts [N] whose predicted label is the gold one."""
    return float(np.mean(np.asarray(gold) == np.asarray(predicted)))


def macro_f1(gold: ArrayLike, predicted: ArrayLike, classes: int) -> float:
    """Mean F1 over all classes, over the whole split at once (never averaged by batch)."""
    return float(_f1(confusion_matrix(gold, predicted, classes)).mean())


def cross_entropy(gold: ArrayLike, probabilities: ArrayLike) -> float:
    """Mean negative log-likelihood, in nats, of gold [N] under probabilities [N, C].

    A probability of 0 counts as the smallest relative step of its float type, as in scikit-learn.
    """
    table = np.asarray(probabilities)
    labels = np.asarray(gold, dtype=np.intp)
    smallest = np.finfo(table.dtype).eps
    chosen = table[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.clip(chosen, smallest, 1.0)).mean())


def confusion_matrix(gold: ArrayLike, predicted: ArrayLike, classes: int) -> NDArray[np.int64]:
    """Counts [C gold, C predicted]."""
    cells = np.asarray(gold, dtype=np.int64) * classes + np.asarray(predicted, dtype=np.int64)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def expected_calibration_error(
    gold: ArrayLike, probabilities: ArrayLike, bins: int = CALIBRATION_BINS
) -> float:
    """Mean gap between confidence and accuracy over equal-width bins of confidence.

    Guo et al. 2017, "On Calibration of Modern Neural Networks", equation 3; bin m is
    ((m-1)/M, m/M], and confidence is the largest probability of a row.
    """
    table = np.asarray(probabilities)
    confidence = table.max(axis=1).astype(np.float64)
    correct = table.argmax(axis=1) == np.asarray(gold)
    bin_of = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    gaps = np.bincount(bin_of, weights=correct - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(confidence))


def bootstrap_intervals(
    confusion: NDArray[np.int64], seed: int = 0, resamples: int = RESAMPLES
) -> dict[str, list[float]]:
    """95 % percentile intervals of accuracy and macro-F1, over resampled texts.

    Drawing N texts with replacement fills the cells of the confusion matrix multinomially, so
    the cells are drawn directly: the same distribution, without touching the texts again.
    """
    total = int(confusion.sum())
    classes = len(confusion)
    random = np.random.default_rng(seed)
    drawn = random.multinomial(total, confusion.ravel() / total, size=resamples)
    tables = drawn.reshape(resamples, classes, classes)
    accuracies = np.trace(tables, axis1=1, axis2=2) / total
    scores = {"accuracy": accuracies, "macro_f1": _f1(tables).mean(axis=-1)}
    return {name: np.quantile(s, [0.025, 0.975]).tolist() for name, s in scores.items()}


def prediction_metrics(
    gold: ArrayLike, predicted: ArrayLike, label_names: Sequence[str], seed: int = 0
) -> dict[str, Any]:
    """What can be said from labels [N] alone, JSON-ready.

    Keys: `texts`, `labels`, `accuracy`, `macro_f1`, `weighted_f1`, `interval_95` (accuracy and
    macro_f1, each [low, high]), `per_class` (by name: precision, recall, f1, support) and
    `confusion` ([C gold, C predicted]).

    Raises:
        DataError: there are no texts, or the labels do not fit together.
    """
    classes = len(label_names)
    true, said = np.asarray(gold), np.asarray(predicted)
    if true.size == 0:
        raise DataError("metrics need at least one text, received none: is the split empty?")
    if true.ndim != 1 or true.shape != said.shape:
        raise DataError(f"gold labels {true.shape} and predictions {said.shape} must be alike, [N]")
    for labels in (true, said):
        if labels.min() < 0 or labels.max() >= classes:
            odd = int(labels.min() if labels.min() < 0 else labels.max())
            raise DataError(f"label {odd} is outside the {classes} known ones (0…{classes - 1})")
    table = confusion_matrix(true, said, classes)
    hits, support, chosen = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    precision, recall, f1 = _ratio(hits, chosen), _ratio(hits, support), _f1(table)
    columns = {"precision": precision, "recall": recall, "f1": f1, "support": support}
    return {
        "texts": int(true.size),
        "labels": list(label_names),
        "accuracy": float(hits.sum() / true.size),
        "macro_f1": float(f1.mean()),
        "weighted_f1": float((f1 * support).sum() / true.size),
        "interval_95": bootstrap_intervals(table, seed),
        "per_class": {
            name: {column: values[row].item() for column, values in columns.items()}
            for row, name in enumerate(label_names)
        },
        "confusion": table.tolist(),
    }


def classification_metrics(
    gold: ArrayLike, probabilities: ArrayLike, label_names: Sequence[str], seed: int = 0
) -> dict[str, Any]:
    """Everything about gold [N] and probabilities [N, C], JSON-ready.

    The keys of `prediction_metrics`, and `cross_entropy`, `expected_calibration_error` and
    `majority` (what always answering the most frequent gold label would score).

    Raises:
        DataError: there are no texts, shapes do not fit, or a probability is not a number.
    """
    table = np.asarray(probabilities)
    labels = np.asarray(gold)
    if labels.size == 0:
        raise DataError("metrics need at least one text, received none: is the split empty?")
    expected = (len(labels), len(label_names))
    if table.shape != expected:
        raise DataError(f"probabilities of shape {table.shape}, expected {expected}: [N, C]")
    if not np.isfinite(table).all():
        row = int(np.argmin(np.isfinite(table).all(axis=1)))
        raise DataError(f"probabilities of text {row} are {table[row].tolist()}: not all finite")
    metrics = prediction_metrics(labels, table.argmax(axis=1), label_names, seed)
    frequent = int(np.bincount(labels).argmax())
    return metrics | {
        "cross_entropy": cross_entropy(labels, table),
        "expected_calibration_error": expected_calibration_error(labels, table),
        "majority": majority_metrics(labels, frequent, label_names),
    }


def majority_metrics(gold: ArrayLike, label: int, label_names: Sequence[str]) -> dict[str, Any]:
    """Accuracy and macro-F1 of answering `label` for every text [N]."""
    answers = np.full_like(np.asarray(gold), label)
    return {
        "label": label_names[label],
        "accuracy": accuracy(gold, answers),
        "macro_f1": macro_f1(gold, answers, len(label_names)),
    }


def _ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)


def _f1(tables: NDArray[np.int64]) -> NDArray[np.float64]:
    """F1 by class [..., C] of confusion matrices [..., C, C]: 2 TP / (gold + predicted)."""
    hits = np.diagonal(tables, axis1=-2, axis2=-1)
    return _ratio(2 * hits, tables.sum(axis=-1) + tables.sum(axis=-2))
