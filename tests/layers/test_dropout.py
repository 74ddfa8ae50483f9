"""Scope: dropout along a sequence: its share, its scale, and that padding changes nothing of it."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from rnncli.layers.dropout import SequenceDropout


def applied(values: np.ndarray, training: bool = True) -> np.ndarray:
    return np.array(SequenceDropout(0.4, seed=7)(values, training=training))


def test_a_share_is_dropped_and_the_rest_scaled() -> None:
    found = applied(np.ones((20, 30, 40), np.float32))
    assert set(np.unique(found.round(5))) == {np.float32(0.0), np.float32(1.66667)}
    assert np.mean(found == 0) == pytest.approx(0.4, abs=0.01)
    assert len(np.unique(found == 0, axis=0)) == 20
    whole = np.ones((2, 3, 4), np.float32)
    np.testing.assert_array_equal(applied(whole, training=False), whole)


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="it is so on JAX alone")
def test_a_longer_padding_drops_the_same() -> None:
    values = np.random.default_rng(1).normal(size=(3, 9, 4)).astype(np.float32)
    np.testing.assert_array_equal(applied(values)[:, :5], applied(values[:, :5]))
