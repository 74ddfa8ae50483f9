"""How much a token tells about the label, and word vectors that begin with it.

Wang & Manning, Baselines and bigrams, ACL 2012: the log-count ratio of naive Bayes. Li, Zhao, Liu,
Liu & Du, Weighted neural bag-of-n-grams model, COLING 2016, begin a network's n-gram vectors with
it, so that the many n-grams that tell nothing begin small and stay so.

Shape letters: V vocabulary, C classes, D features.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rnncli.batching import Encoded

__all__ = ["log_count_ratios", "weighted_vectors"]

SPREAD = 0.1
"""Standard deviation of the initial vectors' elements, over the vocabulary."""
_TOKENS, _ROWS = 1 << 19, 1 << 12
"""Of the texts and of the vectors, that are worked on at a time: what the caches hold."""


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
    bits = vocabulary_size.bit_length()
    for first, stop in _blocks(encoded.offsets, max(_TOKENS, counts.size)):
        ids = encoded.ids[encoded.offsets[first] : encoded.offsets[stop]]
        lengths = np.diff(encoded.offsets[first : stop + 1])
        above = np.repeat(np.arange(first, stop) << bits, lengths)
        for column in ids.reshape(len(ids), -1).T:
            pairs = np.sort(above | column)  # np.unique takes ten times as long
            pairs = pairs[np.diff(pairs, prepend=-1) > 0]
            found = gold[pairs >> bits] * vocabulary_size + (pairs & ((1 << bits) - 1))
            counts += np.bincount(found, minlength=counts.size)
    by_class = counts.reshape(classes, vocabulary_size)
    texts_of = np.bincount(gold, minlength=classes)[:, None]
    inside = np.log((by_class + 1.0) / (texts_of + 2.0))
    outside = np.log((by_class.sum(0) - by_class + 1.0) / (texts_of.sum() - texts_of + 2.0))
    ratios: NDArray[np.float64] = (inside - outside).T
    ratios[0] = 0.0
    return ratios


def _blocks(offsets: NDArray[np.int64], tokens: int) -> Iterator[tuple[int, int]]:
    """First text and the one after the last of blocks of about so many tokens."""
    firsts = np.searchsorted(offsets, np.arange(0, offsets[-1], tokens))
    return itertools.pairwise(np.unique([*firsts, len(offsets) - 1]).tolist())


def weighted_vectors(ratios: NDArray[np.float64], dim: int, seed: int) -> NDArray[np.float32]:
    """Random vectors [V, D], each made as long as its id's largest |r| [V, C]; zeros for padding.

    Normal ones, of standard deviation `SPREAD` before; the squares of the lengths that they are
    multiplied by have a mean of 1 over the vocabulary.
    """
    weights = np.abs(ratios).max(axis=1)
    weights /= max(float(np.sqrt(np.mean(weights**2))), 1e-12)
    weighted = np.empty((len(weights), dim), np.float32)
    random = np.random.default_rng(seed)
    for first in range(0, len(weights), _ROWS):
        rows = slice(first, first + _ROWS)
        lengths = weights[rows, None]
        vectors = random.normal(0.0, SPREAD, (len(lengths), dim))
        np.multiply(vectors, lengths, out=weighted[rows])
    return weighted
