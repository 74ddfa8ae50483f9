"""Keras' SimpleRNN, its loop over time compiled where that is asked for."""

from __future__ import annotations

import functools
from typing import Any

import keras

from rnncli.layers.compiled_loop import CompiledLoop
from rnncli.layers.equations import Equations, Tensors, product_over_steps

__all__ = ["SimpleRNN"]

_SLOPES = {
    "tanh": lambda h: 1 - h * h,
    "sigmoid": lambda h: h * (1 - h),
    "relu": lambda h: keras.ops.cast(h > 0, h.dtype),
    "linear": keras.ops.ones_like,
}
"""The derivative of each activation, from its value."""


class _Equations(Equations):
    """h = a(z + R h). Its one weight is the recurrent kernel R [U, U]."""

    def __init__(self, activation: str) -> None:
        """Of an activation by its name."""
        self._activation = keras.activations.get(activation)
        self._slope = _SLOPES[activation]

    def forward(self, z: Any, before: Any, weights: Any) -> Any:
        """See `Equations`."""
        return [self._activation(z + before[0] @ weights[0])], []

    def backward(self, kept: Any, before: Any, after: Any, slopes: Any, turned: Any) -> Any:
        """See `Equations`."""
        by_z = slopes[0] * self._slope(after[0])
        return [by_z], [by_z @ turned[0]]

    def weight_slopes(self, slopes: Any, kept: Any, before: Any, after: Any) -> Any:
        """See `Equations`."""
        return [product_over_steps(before[0], slopes[0])]


_equations = functools.cache(_Equations)


@keras.saving.register_keras_serializable(package="rnncli")
class SimpleRNN(CompiledLoop, keras.layers.SimpleRNN):
    """`keras.layers.SimpleRNN`: the same weights, arguments and results.

    Its loop over time may be `compiled`.
    """

    def __init__(self, units: int, *, compiled: bool = False, **kwargs: Any) -> None:
        super().__init__(units, **kwargs)
        self.compiled = compiled

    def recurrence(self) -> tuple[Equations, Tensors]:
        """See `CompiledLoop`."""
        cell = self.cell
        equations = _equations(keras.activations.serialize(cell.activation))
        return equations, (cell.kernel, cell.bias, cell.recurrent_kernel)

    def get_config(self) -> dict[str, Any]:
        """What Keras needs to build the layer again."""
        return {**super().get_config(), "compiled": self.compiled}
