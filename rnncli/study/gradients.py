"""Gradients by what goes into a network, on whichever backend the process runs.

Shape letters: B batch, T time, D features.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Differentiated", "by_vectors", "differentiated", "vectors_of"]

Floats = NDArray[np.floating[Any]]
Differentiated = Callable[..., tuple[Floats, Floats]]


def differentiated(f: Callable[..., Any]) -> Differentiated:
    """A function of arrays with its gradient by the first of them, compiled where that helps.

    Args:
        f: from Keras tensors x [B, …] and any further ones to a value [B] for each row, which
            depends on that row of x alone.

    Returns:
        what takes the same as NumPy arrays, and gives the values [B] and for each its gradient,
        together of x's shape.
    """
    import keras

    backend = keras.backend.backend()
    return {"tensorflow": _by_tensorflow, "jax": _by_jax, "torch": _by_torch}[backend](f)


def vectors_of(model: Any, ids: NDArray[np.int32]) -> NDArray[np.float32]:
    """What stands for the ids [B, T] or [B, T, N] at the bottom of a network: [B, T, D]."""
    import keras

    return np.asarray(keras.ops.convert_to_numpy(model.get_layer("embedding")(ids)), np.float32)


def by_vectors(model: Any, score: Callable[..., Any]) -> Differentiated:
    """A score of each text, and its gradient by the text's vectors.

    Args:
        model: a `rnncli.layers.network.Network`.
        score: from logits [B, C] and further tensors to a value [B].

    Returns:
        a function of a shift of the vectors [B, T, D] (zeros for the text as it is), the ids
        [B, T] or [B, T, N] and the further arrays; see `differentiated`.
    """
    from rnncli.layers.adversarial import moved

    def of_shift(shift: Any, ids: Any, *rest: Any) -> Any:
        with moved(model, shift):
            return score(model(ids, training=False), *rest)

    return differentiated(of_shift)


def _by_tensorflow(f: Callable[..., Any]) -> Differentiated:
    import tensorflow as tf

    def traced(x: Any, *rest: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            values = f(x, *rest)
        gradient = tape.gradient(values, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return values, gradient

    compiled = tf.function(traced, autograph=False, reduce_retracing=True)

    def called(*arrays: Any) -> tuple[Floats, Floats]:
        values, gradient = compiled(*map(tf.convert_to_tensor, arrays))
        return values.numpy(), gradient.numpy()

    return called


def _by_jax(f: Callable[..., Any]) -> Differentiated:
    import jax

    def total(x: Any, *rest: Any) -> Any:
        values = f(x, *rest)
        return values.sum(), values

    compiled = jax.jit(jax.value_and_grad(total, has_aux=True))

    def called(*arrays: Any) -> tuple[Floats, Floats]:
        (_, values), gradient = compiled(*arrays)
        return np.asarray(values), np.asarray(gradient)

    return called


def _by_torch(f: Callable[..., Any]) -> Differentiated:
    import keras
    import torch

    def called(*arrays: Any) -> tuple[Floats, Floats]:
        x, *rest = map(keras.ops.convert_to_tensor, arrays)
        x = x.detach().requires_grad_()
        values = f(x, *rest)
        if not values.requires_grad:
            return keras.ops.convert_to_numpy(values), np.zeros(x.shape, np.float32)
        (gradient,) = torch.autograd.grad(values.sum(), [x], allow_unused=True)
        slope = torch.zeros_like(x) if gradient is None else gradient
        return keras.ops.convert_to_numpy(values), keras.ops.convert_to_numpy(slope)

    return called
