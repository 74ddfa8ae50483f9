"""The gradient of a layer on whichever backend the process runs, and by finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["finite_differences", "gradients"]

Array = NDArray[np.float64]


def gradients(layer: Any, loss: Callable[[Any, Any], Any], x: Array) -> tuple[Array, list[Array]]:
    """The gradient of `loss(layer, x)` with respect to x and to each trainable weight."""
    import keras

    backend = keras.backend.backend()
    weights = [variable.value for variable in layer.trainable_variables]
    if backend == "tensorflow":
        import tensorflow as tf

        inputs = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            value = loss(layer, inputs)
        found = tape.gradient(value, [inputs, *layer.trainable_variables])
    elif backend == "jax":
        import jax

        def scalar(inputs: Any, values: list[Any]) -> Any:
            mapping = list(zip(layer.trainable_variables, values, strict=True))
            with keras.StatelessScope(state_mapping=mapping):
                return loss(layer, inputs)

        first, rest = jax.grad(scalar, argnums=(0, 1))(jax.numpy.asarray(x), weights)
        found = [first, *rest]
    else:
        import torch

        inputs = torch.tensor(x, requires_grad=True)
        found = list(torch.autograd.grad(loss(layer, inputs), [inputs, *weights]))
    first, *rest = (np.array(gradient) for gradient in found)
    return first, rest


def finite_differences(
    f: Callable[[Sequence[Array]], float], point: Sequence[Array], step: float = 1e-5
) -> list[Array]:
    """Central differences of a scalar function of several arrays."""
    results = []
    for number, array in enumerate(point):
        slope = np.zeros_like(array)
        for index in np.ndindex(array.shape):
            values = []
            for sign in (1, -1):
                moved = array.copy()
                moved[index] += sign * step
                values.append(f([*point[:number], moved, *point[number + 1 :]]))
            slope[index] = (values[0] - values[1]) / (2 * step)
        results.append(slope)
    return results
