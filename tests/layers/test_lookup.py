"""Scope: sequences remember what they were looked up from for as long as they are that.

Shape letters: B batch, T time, D features.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from rnncli.layers.dropout import SequenceDropout
from rnncli.layers.embedding import NgramEmbedding, TokenEmbedding
from rnncli.layers.lookup import flipped, lookup_of

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="our recurrence there reads it"
)
IDS = np.array([[3, 1, 4, 1], [5, 2, 0, 0]], "int32")


@pytest.fixture
def embedding() -> Any:
    return TokenEmbedding(7, 3)


def again(sequences: Any) -> np.ndarray:
    """The sequences, looked up once more."""
    lookup = lookup_of(sequences)
    assert lookup is not None
    flat = np.reshape(lookup.ids, -1)
    return np.reshape(lookup.vectors_of(flat), (*np.shape(lookup.ids), -1))


def test_an_embeddings_are_its_rows(embedding: Any) -> None:
    sequences = embedding(IDS)
    np.testing.assert_array_equal(again(sequences), sequences)


def test_backwards_too(embedding: Any) -> None:
    backwards = flipped(embedding(IDS))
    np.testing.assert_array_equal(backwards, np.flip(embedding(IDS), axis=1))
    np.testing.assert_array_equal(again(backwards), backwards)
    assert lookup_of(flipped(embedding(IDS) + 0)) is None


@pytest.mark.parametrize("kind", [keras.layers.SpatialDropout1D, SequenceDropout])
def test_dropout_forgets_in_training_alone(embedding: Any, kind: Any) -> None:
    dropout = kind(0.5)
    assert lookup_of(dropout(embedding(IDS), training=False)) is not None
    assert lookup_of(dropout(embedding(IDS), training=True)) is None


def test_moved_vectors_are_no_rows(embedding: Any) -> None:
    embedding.perturbation = np.ones((2, 4, 3), "float32")
    assert lookup_of(embedding(IDS)) is None


def test_sums_of_vectors_are_no_rows() -> None:
    assert lookup_of(NgramEmbedding(7, 3)(np.stack([IDS, IDS], axis=-1))) is None
