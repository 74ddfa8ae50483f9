"""`evaluate`: a run's metrics on its own test split or on other labelled texts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rnncli.classifier import Classifier
from rnncli.corpus import Corpus, Split
from rnncli.errors import DataError
from rnncli.metrics import classification_metrics
from rnncli.run import Run

__all__ = ["Evaluation", "evaluate"]


@dataclass(frozen=True)
class Evaluation:
    """Metrics of one set of texts."""

    source: str
    """The file, or the data set and its split."""
    metrics: dict[str, Any]
    """As `rnncli.metrics.classification_metrics` gives them."""
    left_out: int = 0
    """Texts whose label belongs to the data set but not to the run."""


def evaluate(classifier: Classifier, data: Path | None = None) -> Evaluation:
    """Score a run.

    Args:
        classifier: the run, loaded.
        data: labelled texts (CSV, TSV, JSONL, Parquet); the run's own test split if None.

    Raises:
        DataError: the texts are missing or malformed, or have a label unseen in training; or the
            run's own are no longer those it was trained with.
    """
    left_out = 0
    if data is None:
        corpus = classifier.experiment.data.load()
        if classifier.run is not None:
            _require_unchanged(corpus, classifier.run)
        split, source = corpus["test"], f"{corpus.source.name}, test split"
    else:
        split, left_out = classifier.experiment.data.read_labelled(data, classifier.labels)
        source = str(data)
    return Evaluation(source, _score(classifier, split), left_out)


def _require_unchanged(corpus: Corpus, run: Run) -> None:
    """Other texts, or other labels, would not be what the run was not to see in training."""
    recorded = run.read("data")["splits"]["test"]["sha256"]
    if corpus["test"].checksum() != recorded or corpus.label_names != run.labels():
        raise DataError(
            f"{run.path}: its data set has changed since it was trained, so that these test texts "
            "are not its own; restore it, or name texts with --data FILE"
        )


def _score(classifier: Classifier, split: Split) -> dict[str, Any]:
    probabilities = classifier.probabilities(split.texts)
    return classification_metrics(np.asarray(split.labels), probabilities, classifier.labels)
