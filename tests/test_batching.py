"""Scope: which text stands in which batch, how it is padded, and what order training takes."""

from __future__ import annotations

import numpy as np
import pytest

from rnncli.batching import WINDOW, Encoded, prediction_batches, training_batches

ROWS = [np.array(row, np.int32) for row in ([5, 6, 7], [8], [9, 10, 11, 12, 13], [14, 15])]


def lengths_of(count: int) -> np.ndarray:
    return np.random.default_rng(1).integers(1, 400, count)


def test_encoded_keeps_every_text() -> None:
    encoded = Encoded.of(ROWS)
    assert len(encoded) == 4
    assert encoded.lengths.tolist() == [3, 1, 5, 2]
    for index, row in enumerate(ROWS):
        assert encoded.padded(np.array([index])).tolist() == [row.tolist()]


def test_padding_is_on_the_right_and_no_longer_than_needed() -> None:
    batch = Encoded.of(ROWS).padded(np.array([3, 0, 1]))
    assert batch.dtype == np.int32
    assert batch.tolist() == [[14, 15, 0], [5, 6, 7], [8, 0, 0]]


@pytest.mark.parametrize(("multiple", "length"), [(1, 5), (4, 8), (5, 5), (16, 16)])
def test_lengths_are_rounded_up(multiple: int, length: int) -> None:
    batch = Encoded.of(ROWS).padded(np.array([2, 1]), multiple)
    assert batch.shape == (2, length)
    assert batch[0, :5].tolist() == [9, 10, 11, 12, 13]
    assert not batch[0, 5:].any()
    assert not batch[1, 1:].any()


def test_ngrams_keep_their_columns() -> None:
    rows = [np.array([[2, 3], [4, 0]], np.int32), np.array([[5, 0]], np.int32)]
    encoded = Encoded.of(rows)
    assert encoded.lengths.tolist() == [2, 1]
    assert encoded.padded(np.array([1, 0])).tolist() == [[[5, 0], [0, 0]], [[2, 3], [4, 0]]]


def test_no_text_at_all() -> None:
    encoded = Encoded.of([])
    assert len(encoded) == 0
    assert prediction_batches(encoded.lengths, 8) == []
    assert training_batches(encoded.lengths, 8, 1, 0) == []


@pytest.mark.parametrize("count", [1, 7, 64, 1000, WINDOW * 16 + 3])
@pytest.mark.parametrize("batch_size", [1, 16, 2000])
def test_every_text_once(count: int, batch_size: int) -> None:
    for batches in (
        training_batches(lengths_of(count), batch_size, 3, 0),
        prediction_batches(lengths_of(count), batch_size),
    ):
        assert sorted(np.concatenate(batches)) == list(range(count))
        assert all(0 < len(batch) <= batch_size for batch in batches)
        windows = -(-count // (WINDOW * batch_size))
        assert sum(len(batch) < batch_size for batch in batches) <= windows


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    lengths = lengths_of(500)

    def order(seed: int, epoch: int) -> list[int]:
        return [int(row) for batch in training_batches(lengths, 16, seed, epoch) for row in batch]

    np.random.default_rng(99).random(5)
    assert order(1, 0) == order(1, 0)
    orders = [order(seed, epoch) for seed in (1, 2) for epoch in (0, 1, 2)]
    assert len({tuple(one) for one in orders}) == len(orders)
    # [seed, epoch] and not their sum
    assert order(1, 2) != order(2, 1)


def test_membership_of_batches_differs_between_epochs() -> None:
    lengths = lengths_of(2000)
    first, second = (
        {frozenset(map(int, batch)) for batch in training_batches(lengths, 8, 1, epoch)}
        for epoch in (0, 1)
    )
    assert len(first & second) < len(first) / 10


def test_texts_of_a_batch_are_of_similar_length() -> None:
    lengths = lengths_of(20_000)
    padded = sum(int(lengths[b].max()) * len(b) for b in training_batches(lengths, 32, 1, 0))
    assert padded < 1.05 * lengths.sum()
    random = np.random.default_rng(2).permutation(len(lengths)).reshape(-1, 32)
    assert sum(int(lengths[b].max()) * len(b) for b in random) > 1.8 * lengths.sum()


def test_long_and_short_batches_come_mixed() -> None:
    """An epoch must not run from short texts to long ones."""
    lengths = lengths_of(20_000)
    means = [lengths[batch].mean() for batch in training_batches(lengths, 32, 1, 0)]
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.15


def test_prediction_goes_by_length() -> None:
    lengths = lengths_of(100)
    order = np.concatenate(prediction_batches(lengths, 16))
    assert (np.diff(lengths[order]) >= 0).all()


def test_the_first_texts() -> None:
    rows = [np.arange(1, length + 1, dtype=np.int32) for length in (3, 1, 2)]
    encoded = Encoded.of(rows)
    for count in (0, 1, 2, 3, 9):
        part = encoded.first(count)
        assert len(part) == min(count, 3)
        np.testing.assert_array_equal(part.ids, Encoded.of(rows[:count]).ids)
