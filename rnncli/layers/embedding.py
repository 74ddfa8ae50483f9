"""Embeddings summed over a position's n-grams."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

__all__ = ["NgramEmbedding"]


@keras.saving.register_keras_serializable(package="rnncli")
class NgramEmbedding(keras.layers.Embedding):
    """Each position is the sum of the vectors of its n-grams; id 0 (absent) adds nothing.

    The subword sum of Bojanowski et al., Enriching word vectors with subword information,
    TACL 5, 2017, laid along a sequence.
    """

    def call(self, ids: Any) -> Any:
        """Ids [B, T, N] to vectors [B, T, D]."""
        vectors = super().call(ids)
        known = ops.cast(ops.expand_dims(ops.not_equal(ids, 0), -1), vectors.dtype)
        return ops.sum(vectors * known, axis=2)

    def compute_output_shape(self, ids_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """[B, T, D]."""
        return (*ids_shape[:2], self.output_dim)

    def compute_output_spec(self, ids: Any) -> Any:
        """Symbolic [B, T, D]."""
        return keras.KerasTensor(self.compute_output_shape(ids.shape), dtype=self.compute_dtype)
