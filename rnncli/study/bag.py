"""A classifier that cannot know the order: how often each token occurs, and a linear SVM.

Shape letters: N texts, V vocabulary.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["bag_of_words"]


def bag_of_words(
    known: Sequence[NDArray[np.int32]],
    labels: NDArray[np.integer],
    asked: Sequence[NDArray[np.int32]],
    vocabulary_size: int,
) -> NDArray[np.int64]:
    """Labels [N] of texts, learned from others; nothing is tuned: sublinear TF-IDF, C = 1.

    Args:
        known: ids of the training texts' tokens.
        labels: theirs, two different ones at least.
        asked: ids of the texts to label.
        vocabulary_size: V.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.svm import LinearSVC

    weights = TfidfTransformer(sublinear_tf=True)
    features = weights.fit_transform(_counts(known, vocabulary_size))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier = LinearSVC(C=1.0, random_state=0).fit(features, labels)
    predicted = classifier.predict(weights.transform(_counts(asked, vocabulary_size)))
    return np.asarray(predicted, np.int64)


def _counts(rows: Sequence[NDArray[np.int32]], vocabulary_size: int) -> Any:
    """Occurrences [N, V], sparse."""
    from scipy.sparse import csr_matrix

    columns = np.concatenate(rows)
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    shape = (len(rows), vocabulary_size)
    counts = csr_matrix((np.ones(len(columns)), columns, offsets), shape=shape)
    counts.sum_duplicates()
    return counts
