"""How much a token tells about the label, and word vectors that begin with it.

Wang & Manning, Baselines and bigrams, ACL 2012: the log-count ratio of naive Bayes. Li, Zhao, Liu,
Liu & Du, Weighted neural bag-of-n-grams model, COLING 2016, begin a network's n-gram vectors with
it, so that the many n-grams that tell nothing begin small and stay so.

Shape letters: V vocabulary, C classes, D features.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rnncli.batching import Encoded

__all__ = ["log_count_ratios", "normal_vectors", "weighted_vectors"]

SPREAD = 0.1
"""Standard deviation of the initial vectors' elements, over the vocabulary."""


def log_count_ratios(
    encoded: Encoded, labels: Sequence[int], vocabulary_size: int, classes: int
) -> NDArray[np.float64]:
    """For each id and class, log P(id in a text | class) − log P(id in a text | another class).

    A text counts an id once (Bernoulli), and each count begins at one. Padding has 0.

    Args:
        encoded: the training texts.
        labels: theirs.
        vocabulary_size: V.
        classes: C.

    Returns:
        r [V, C].
    """
    counts = np.zeros(classes * vocabulary_size)
    gold = np.asarray(labels)
    text_of = np.repeat(np.arange(len(encoded)), encoded.lengths)
    for column in encoded.ids.reshape(len(encoded.ids), -1).T:
        pairs = np.sort(text_of * vocabulary_size + column)  # np.unique takes ten times as long
        texts, ids = np.divmod(pairs[np.diff(pairs, prepend=-1) > 0], vocabulary_size)
        counts += np.bincount(gold[texts] * vocabulary_size + ids, minlength=counts.size)
    by_class = counts.reshape(classes, vocabulary_size)
    texts_of = np.bincount(gold, minlength=classes)[:, None]
    inside = np.log((by_class + 1.0) / (texts_of + 2.0))
    outside = np.log((by_class.sum(0) - by_class + 1.0) / (texts_of.sum() - texts_of + 2.0))
    ratios: NDArray[np.float64] = (inside - outside).T
    ratios[0] = 0.0
    return ratios


def normal_vectors(vocabulary_size: int, dim: int, seed: int) -> NDArray[np.float64]:
    """Vectors [V, D] to be weighted: normal, of standard deviation `SPREAD`."""
    return np.random.default_rng(seed).normal(0.0, SPREAD, (vocabulary_size, dim))


def weighted_vectors(
    vectors: NDArray[np.float64], ratios: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Vectors [V, D], each made as long as its id's largest |r| says [V, C]; zeros for padding.

    The squares of the lengths they are multiplied by have a mean of 1 over the vocabulary.
    """
    weights = np.abs(ratios).max(axis=1)
    weights /= max(float(np.sqrt(np.mean(weights**2))), 1e-12)
    weighted = np.empty(vectors.shape, np.float32)
    np.multiply(vectors, weights[:, None], out=weighted)
    return weighted
