"""Keras' SimpleRNN, its loop over time compiled where that is asked for."""

from __future__ import annotations

import functools
from typing import Any

import keras

from rnncli.layers import recurrence

__all__ = ["SimpleRNN"]

_SLOPES = {
    "tanh": lambda h: 1 - h * h,
    "sigmoid": lambda h: h * (1 - h),
    "relu": lambda h: keras.ops.cast(h > 0, h.dtype),
    "linear": keras.ops.ones_like,
}
"""The derivative of each activation, from its value."""


class _Equations(recurrence.Equations):
    """h = a(z + R h). Its one weight is the recurrent kernel R [U, U]."""

    kept = 0

    def __init__(self, activation: str) -> None:
        """Of an activation by its name."""
        self._activation = keras.activations.get(activation)
        self._slope = _SLOPES[activation]

    def forward(self, z: Any, before: Any, weights: Any) -> Any:
        """See `recurrence.Equations`."""
        return [self._activation(z + before[0] @ weights[0])], []

    def backward(self, kept: Any, before: Any, after: Any, slopes: Any, turned: Any) -> Any:
        """See `recurrence.Equations`."""
        by_z = slopes[0] * self._slope(after[0])
        return [by_z], [by_z @ turned[0]]

    def weight_slopes(self, slopes: Any, kept: Any, before: Any, after: Any) -> Any:
        """See `recurrence.Equations`."""
        import tensorflow as tf

        return [tf.matmul(before[0], slopes[0], transpose_a=True)]


_equations = functools.cache(_Equations)


@keras.saving.register_keras_serializable(package="rnncli")
class SimpleRNN(keras.layers.SimpleRNN):
    """`keras.layers.SimpleRNN`: the same weights, arguments and results.

    With `compiled`, and where `recurrence.suits`, its steps are those of `recurrence`.
    """

    def __init__(self, units: int, *, compiled: bool = False, **kwargs: Any) -> None:
        super().__init__(units, **kwargs)
        self.compiled = compiled

    def inner_loop(
        self, sequences: Any, initial_state: Any, mask: Any, training: bool = False
    ) -> Any:
        """See `recurrence.inner_loop`."""
        if not recurrence.suits(self, training):
            return super().inner_loop(sequences, initial_state, mask, training)
        weights = (self.cell.kernel, self.cell.bias, self.cell.recurrent_kernel)
        equations = _equations(keras.activations.serialize(self.cell.activation))
        sequences = recurrence.dropped(self, sequences, training)
        return recurrence.inner_loop(self, equations, weights, sequences, initial_state, mask)

    def get_config(self) -> dict[str, Any]:
        """What Keras needs to build the layer again."""
        return {**super().get_config(), "compiled": self.compiled}
