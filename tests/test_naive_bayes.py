"""Scope: the log-count ratios against scikit-learn's naive Bayes, and the vectors made of them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.naive_bayes import BernoulliNB

from rnncli import naive_bayes
from rnncli.batching import Encoded
from rnncli.naive_bayes import SPREAD, log_count_ratios, weighted_vectors

V, C = 12, 3


def texts(orders: int) -> tuple[Encoded, np.ndarray, np.ndarray]:
    """Random ids, labels, and which text [B, V] has which id."""
    random = np.random.default_rng(4)
    shape = (orders,) if orders > 1 else ()
    rows = [
        random.integers(1, V, (length, *shape), np.int32) for length in random.integers(1, 6, 40)
    ]
    has = np.zeros((len(rows), V))
    for index, row in enumerate(rows):
        has[index, row.ravel()] = 1.0
    return Encoded.of(rows), random.integers(0, C, len(rows)), has


def test_ratios_are_those_of_bernoulli_naive_bayes() -> None:
    encoded, labels, has = texts(1)
    found = log_count_ratios(encoded, labels, V, C)
    for label in range(C):
        model = BernoulliNB(alpha=1.0).fit(has[:, 1:], labels == label)
        outside, inside = model.feature_log_prob_
        np.testing.assert_allclose(found[1:, label], inside - outside, atol=1e-12)
    assert not found[0].any()


def test_each_order_of_ngrams_counts() -> None:
    encoded, labels, _ = texts(2)
    parts = [Encoded(encoded.ids[:, n] + n * V, encoded.offsets) for n in range(2)]
    apart = sum(log_count_ratios(part, labels, 2 * V, C) for part in parts)
    joined = Encoded(encoded.ids + np.array([0, V], np.int32), encoded.offsets)
    whole = log_count_ratios(joined, labels, 2 * V, C)
    nothing = log_count_ratios(Encoded(encoded.ids[:, 0] * 0, encoded.offsets), labels, 2 * V, C)
    np.testing.assert_allclose(apart, whole + nothing, atol=1e-12)


def test_vectors_are_as_long_as_their_token_tells() -> None:
    ratios = np.array([[0.0, 0.0], [0.1, -0.1], [2.0, -2.0], [0.5, -3.0]])
    vectors = weighted_vectors(ratios, 20_000, seed=1)
    lengths = np.linalg.norm(vectors, axis=1)
    np.testing.assert_allclose(lengths / lengths[1], [0.0, 1.0, 20.0, 30.0], rtol=0.03)
    assert np.sqrt(np.mean(vectors**2)) == pytest.approx(SPREAD, rel=0.02)
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, weighted_vectors(ratios, 20_000, seed=1))
    assert not weighted_vectors(np.zeros((3, 2)), 4, seed=1).any()


def test_neither_counts_nor_vectors_depend_on_the_blocks_they_are_made_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoded, labels, _ = texts(2)
    ratios = log_count_ratios(encoded, labels, V, C)
    vectors = weighted_vectors(ratios, 5, seed=1)
    monkeypatch.setattr(naive_bayes, "_TOKENS", 0)  # as few as there are counts
    monkeypatch.setattr(naive_bayes, "_ROWS", 5)
    assert len(encoded.ids) > 2 * V * C
    np.testing.assert_array_equal(log_count_ratios(encoded, labels, V, C), ratios)
    np.testing.assert_array_equal(weighted_vectors(ratios, 5, seed=1), vectors)


@pytest.mark.parametrize("lengths", [[3, 5], [5, 3], [9], [1, 1, 1, 1]])
def test_blocks_cover_all_texts_wherever_they_are_cut(lengths: list[int]) -> None:
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    for tokens in range(1, 10):
        blocks = list(naive_bayes._blocks(offsets, tokens))
        assert [n for first, stop in blocks for n in range(first, stop)] == [*range(len(lengths))]
        assert all(first < stop for first, stop in blocks)
