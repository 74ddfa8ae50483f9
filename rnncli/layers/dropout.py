"""Dropout along a sequence that does not depend on how far the sequence is padded."""

from __future__ import annotations

from typing import Any

import keras

__all__ = ["SequenceDropout", "dropped"]


def dropped(values: Any, rate: float, seeds: Any) -> Any:
    """Some elements of [B, T, …] set to zero, the others scaled by 1/(1 − rate).

    On JAX, what is drawn derives from an array's whole shape, so that a longer padding would draw
    other elements for the same text; there each step draws with a key of its own.

    Args:
        values: [B, T, …].
        rate: the share dropped.
        seeds: a Keras `SeedGenerator`.
    """
    if keras.backend.backend() != "jax":
        return keras.random.dropout(values, rate, seed=seeds)
    import jax

    key = seeds.next()
    steps = jax.numpy.moveaxis(values, 1, 0)

    def kept(step: Any) -> Any:
        return jax.random.bernoulli(jax.random.fold_in(key, step), 1 - rate, steps.shape[1:])

    keep = jax.vmap(kept)(jax.numpy.arange(len(steps)))
    return jax.numpy.moveaxis(jax.numpy.where(keep, steps / (1 - rate), 0), 0, 1)


@keras.saving.register_keras_serializable(package="rnncli")
class SequenceDropout(keras.layers.Dropout):
    """Keras' dropout of single elements of [B, T, D], the same for any padding."""

    def call(self, inputs: Any, training: bool = False) -> Any:
        """[B, T, D] to [B, T, D]."""
        if not training or not self.rate:
            return inputs
        return dropped(inputs, self.rate, self.seed_generator)
