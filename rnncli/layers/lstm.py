"""Keras' LSTM, its loop over time compiled where that is asked for."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from rnncli.layers.chrono import ChronoBias
from rnncli.layers.compiled_loop import CompiledLoop
from rnncli.layers.equations import (
    Equations,
    Tensors,
    by_what_is_read,
    product,
    product_over_steps,
)

__all__ = ["LSTM", "local_slopes"]


def local_slopes(gates: Tensors, before: Any, seen: Any) -> Tensors:
    """What a step of an LSTM keeps for the way back: all that it can know of its gradients.

    The way back then multiplies by them, step by step, where it would work out each gate's
    derivative and tanh(c) again: for the gates of c and for c itself.

    Args:
        gates: i, f, g, o [b, U].
        before: c before the step.
        seen: tanh(c) after it.

    Returns:
        the derivatives of c by what i, f and g squash, and of h by what o does [b, 4U]; of h by c
        [b, U]; and of c by c before [b, U].
    """
    i, f, g, o = gates
    by_gates = [g * i * (1 - i), before * f * (1 - f), i * (1 - g * g), seen * o * (1 - o)]
    return [ops.concatenate(by_gates, axis=-1), o * (1 - seen * seen), f]


class _Equations(Equations):
    """i, f, o = σ(z), g = tanh(z); c = f ⊙ c + i ⊙ g; h = o ⊙ tanh(c); z = x + R h.

    Its one weight is the recurrent kernel R [U, 4U], columns i, f, g, o.
    """

    states = 2
    kept = (4, 1, 1)

    def forward(self, z: Any, before: Any, weights: Any) -> Any:
        """See `Equations`; kept are the step's `local_slopes`."""
        h, c = before
        i, f, g, o = ops.split(z + product(h, weights[0]), 4, axis=-1)
        i, f, g, o = ops.sigmoid(i), ops.sigmoid(f), ops.tanh(g), ops.sigmoid(o)
        after = f * c + i * g
        seen = ops.tanh(after)
        return [o * seen, after], local_slopes((i, f, g, o), c, seen)

    def backward(self, kept: Any, before: Any, after: Any, slopes: Any, turned: Any) -> Any:
        """See `Equations`."""
        by_gates, h_by_c, f = kept
        by_h, by_c = slopes
        by_c = by_c + by_h * h_by_c
        by_z = by_gates * ops.concatenate([by_c, by_c, by_c, by_h], axis=-1)
        return [by_z], [by_what_is_read(by_z, turned[0], before[0]), by_c * f]

    def weight_slopes(self, slopes: Any, kept: Any, before: Any, after: Any) -> Any:
        """See `Equations`."""
        return [product_over_steps(before[0], slopes[0], after[0].shape[-1])]


_EQUATIONS = _Equations()


@keras.saving.register_keras_serializable(package="rnncli")
class LSTM(CompiledLoop, keras.layers.LSTM):
    """`keras.layers.LSTM`: the same weights, arguments and results.

    Its loop over time may be `compiled`, its gates' biases begin as `rnncli.layers.chrono` says.
    """

    def __init__(
        self, units: int, *, compiled: bool = False, chrono: int | None = None, **kwargs: Any
    ) -> None:
        if chrono is not None:
            bias = ChronoBias(units, chrono, keeping=1, taking=0)
            kwargs |= {"bias_initializer": bias, "unit_forget_bias": False}
        super().__init__(units, **kwargs)
        self.compiled = compiled

    def recurrence(self) -> tuple[Equations, Tensors]:
        """See `CompiledLoop`."""
        cell = self.cell
        return _EQUATIONS, (cell.kernel, cell.bias, cell.recurrent_kernel)

    def get_config(self) -> dict[str, Any]:
        """What Keras needs to build the layer again."""
        return {**super().get_config(), "compiled": self.compiled}
