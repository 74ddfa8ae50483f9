"""Layers that make one vector of a masked sequence. The padding never has a say."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from rnncli.layers.steps import last_real_step

__all__ = ["LastStep", "MaskedAttention", "MaskedMax", "MaskedMean"]

_LOWEST = {"float16": -6e4, "bfloat16": -3e38, "float32": -3e38, "float64": -3e38}
"""Below any value a network reaches."""


def _at_least_float32(values: Any) -> Any:
    """Half precision widened to float32; wider types as they are."""
    half = keras.backend.standardize_dtype(values.dtype) in ("float16", "bfloat16")
    return ops.cast(values, "float32") if half else values


class _Readout(keras.layers.Layer):
    """Sequences [B, T, D] with a mask [B, T] to [B, D]."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, sequences: Any, previous_mask: Any = None) -> None:
        """A single vector has no mask."""

    def compute_output_shape(
        self, sequences_shape: tuple[int | None, ...], mask_shape: Any = None
    ) -> tuple[int | None, ...]:
        """[B, D]."""
        return (sequences_shape[0], sequences_shape[-1])


@keras.saving.register_keras_serializable(package="rnncli")
class LastStep(_Readout):
    """The output at the last real token."""

    def call(self, sequences: Any, mask: Any) -> Any:
        """[B, T, D] to [B, D]."""
        return last_real_step(sequences, mask)


@keras.saving.register_keras_serializable(package="rnncli")
class MaskedMean(_Readout):
    """The mean over the real tokens."""

    def call(self, sequences: Any, mask: Any) -> Any:
        """[B, T, D] to [B, D]; half precision is summed in float32, where long texts still fit."""
        wide = _at_least_float32(sequences)
        real = ops.expand_dims(ops.cast(mask, wide.dtype), -1)
        mean = ops.sum(wide * real, axis=1) / ops.sum(real, axis=1)
        return ops.cast(mean, sequences.dtype)


@keras.saving.register_keras_serializable(package="rnncli")
class MaskedMax(_Readout):
    """The largest value of each feature over the real tokens."""

    def call(self, sequences: Any, mask: Any) -> Any:
        """[B, T, D] to [B, D]."""
        lowest = ops.cast(
            _LOWEST[keras.backend.standardize_dtype(sequences.dtype)], sequences.dtype
        )
        return ops.max(ops.where(ops.expand_dims(mask, -1), sequences, lowest), axis=1)


@keras.saving.register_keras_serializable(package="rnncli")
class MaskedAttention(_Readout):
    """A weighted mean over the real tokens, the weights learned.

    Yang et al., Hierarchical attention networks for document classification, NAACL 2016:
    aₜ = softmaxₜ(v · tanh(W hₜ + b)), the result Σ aₜ hₜ.
    """

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self, sequences_shape: tuple[int | None, ...], mask_shape: Any = None) -> None:
        """Create W [D, U], b [U] and the context v [U]."""
        units, features = self.units, sequences_shape[-1]
        self.kernel = self.add_weight(
            shape=(features, units), initializer="glorot_uniform", name="kernel"
        )
        self.bias = self.add_weight(shape=(units,), initializer="zeros", name="bias")
        self.context = self.add_weight(
            shape=(units, 1), initializer="glorot_uniform", name="context"
        )

    def weights_over_time(self, sequences: Any, mask: Any) -> Any:
        """The attention aₜ [B, T]: 0 on padding, 1 in sum."""
        keys = ops.tanh(ops.matmul(sequences, self.kernel) + self.bias)
        scores = _at_least_float32(ops.squeeze(ops.matmul(keys, self.context), -1))
        scores = ops.where(mask, scores, ops.cast(-1e9, scores.dtype))
        # Keras' softmax warns about texts of one token.
        powers = ops.exp(scores - ops.max(scores, axis=1, keepdims=True))
        return powers / ops.sum(powers, axis=1, keepdims=True)

    def call(self, sequences: Any, mask: Any) -> Any:
        """[B, T, D] to [B, D]."""
        weights = self.weights_over_time(sequences, mask)
        wide = ops.cast(sequences, weights.dtype)
        mean = ops.sum(wide * ops.expand_dims(weights, -1), axis=1)
        return ops.cast(mean, sequences.dtype)

    def get_config(self) -> dict[str, Any]:
        """What Keras needs to build the layer again."""
        return {**super().get_config(), "units": self.units}
