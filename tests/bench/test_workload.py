"""Scope: what the benchmark works on."""

from __future__ import annotations

import numpy as np
import pytest

from rnncli.bench.workload import Network, workload
from rnncli.errors import UsageError


def test_flops_of_a_step_by_hand() -> None:
    """One token through LSTM-2 on 128 features: (128 + 2) × 8 products, 2 FLOPs, 3 passes."""
    assert Network("lstm", 2, False).flops(1) == 3 * 2 * 130 * 8
    assert Network("gru", 2, True).flops(10) == 10 * 2 * 3 * 2 * 130 * 6
    assert Network("simple_rnn", 4, False).flops(1) == 3 * 2 * 132 * 4
    assert Network("lstm", 2, False).flops(5, vectors=3) == 3 * 2 * (128 * 3 + 2 * 5) * 8


def test_every_text_once_in_either_order() -> None:
    load = workload("sample-en", None, 200)
    assert len(load.encoded) == len(load.labels) == 200
    for batches in (load.batches, load.shuffled):
        np.testing.assert_array_equal(np.sort(np.concatenate(batches)), np.arange(200))
    rows = load.batches[0]
    short, long = load.padded(rows), load.padded_to_the_limit(rows)
    assert long.shape == (64, load.max_length)
    assert short.shape[1] == load.encoded.lengths[rows].max()
    np.testing.assert_array_equal(long[:, : short.shape[1]], short)
    assert not long[:, short.shape[1] :].any()
    assert load.tokens == load.encoded.lengths.sum()


def test_an_unknown_data_set() -> None:
    with pytest.raises(UsageError, match="expected one of imdb, klue-tc"):
        workload("mnist", None, 64)
