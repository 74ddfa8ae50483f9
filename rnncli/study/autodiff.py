"""Values and gradients on whichever backend the process runs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["complex_step", "uncompiled", "values_and_gradients"]

_STEP = 1e-30


def values_and_gradients(
    compute: Callable[[list[Any]], list[Any]],
    inputs: Sequence[Array],
    variables: Sequence[Any],
    factors: Sequence[Array],
    *,
    graph: bool = False,
) -> tuple[list[Array], list[Array]]:
    """What a function of tensors gives, and the gradient of Σ factor · value.

    Args:
        compute: from tensors to tensors, by way of the variables.
        inputs: arrays, as tensors `compute`'s argument.
        variables: Keras variables.
        factors: an array for each value, of its shape.
        graph: on TensorFlow, trace a graph first, as a training does.

    Returns:
        the values; the gradients by the inputs, then by the variables.
    """
    import keras

    values, slopes = _BACKENDS[keras.backend.backend()](
        compute, list(inputs), list(variables), list(factors), graph
    )
    convert = keras.ops.convert_to_numpy
    return [np.array(convert(v)) for v in values], [np.array(convert(s)) for s in slopes]


def uncompiled() -> contextlib.AbstractContextManager[Any]:
    """A block in which JAX computes operation by operation, as the other backends do unasked.

    A program for each layout of each cell took XLA 15 to 22 s a cell, where operations of few
    shapes, each compiled once, take 8.
    """
    import keras

    if keras.backend.backend() != "jax":
        return contextlib.nullcontext()
    import jax

    return jax.disable_jit()  # type: ignore[no-any-return]


def complex_step(
    f: Callable[[Sequence[Array]], Any], point: Sequence[Array], directions: Sequence[Array]
) -> list[float]:
    """The derivative of a scalar function in a direction of each of its arrays.

    Im f(p + ihd) / h with a tiny h has no rounding error of a difference (Squire & Trapp, Using
    complex variables to estimate derivatives of real functions, SIAM Review 40, 1998), provided
    that f is made of functions that NumPy continues to complex numbers.
    """
    plain = [np.asarray(array, np.complex128) for array in point]
    slopes = []
    for number, direction in enumerate(directions):
        moved = plain[number] + 1j * _STEP * direction
        value = f([*plain[:number], moved, *plain[number + 1 :]])
        slopes.append(float(np.imag(value)) / _STEP)
    return slopes


def _loss(values: Sequence[Any], factors: Sequence[Any]) -> Any:
    import keras

    return sum(keras.ops.sum(value * factor) for value, factor in zip(values, factors, strict=True))


def _tensorflow(
    compute: Any, inputs: list[Array], variables: list[Any], factors: list[Array], graph: bool
) -> tuple[Any, Any]:
    import tensorflow as tf

    tensors = [tf.constant(array) for array in inputs]
    weights = [variable.value for variable in variables]

    def run() -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            values = compute(tensors)
            loss = _loss(values, factors)
        return values, tape.gradient(loss, [*tensors, *weights])

    values, slopes = (tf.function(run, autograph=False) if graph else run)()
    return values, slopes


def _jax(
    compute: Any, inputs: list[Array], variables: list[Any], factors: list[Array], graph: bool
) -> tuple[Any, Any]:
    import jax
    import keras

    def run(inputs: list[Any], weights: list[Any]) -> tuple[Any, Any]:
        mapping = list(zip(variables, weights, strict=True))
        with keras.StatelessScope(state_mapping=mapping):
            values = compute(inputs)
        return _loss(values, factors), values

    weights = [variable.value for variable in variables]
    grad = jax.jit(jax.value_and_grad(run, argnums=(0, 1), has_aux=True))
    (_, values), (by_inputs, by_weights) = grad(list(map(jax.numpy.asarray, inputs)), weights)
    return values, [*by_inputs, *by_weights]


def _torch(
    compute: Any, inputs: list[Array], variables: list[Any], factors: list[Array], graph: bool
) -> tuple[Any, Any]:
    import keras
    import torch

    tensors = [keras.ops.convert_to_tensor(array).requires_grad_() for array in inputs]
    values = compute(tensors)
    loss = _loss(values, [keras.ops.convert_to_tensor(factor) for factor in factors])
    weights = [variable.value for variable in variables]
    return values, torch.autograd.grad(loss, [*tensors, *weights])


_BACKENDS = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
