"""Keras' LSTM, its loop over time compiled where that is asked for, or cuDNN's on JAX."""

from __future__ import annotations

from typing import Any

import keras

from rnncli.layers import ragged
from rnncli.layers.chrono import ChronoBias
from rnncli.layers.equations import Equations, Tensors
from rnncli.layers.recurrence import CompiledLoop

__all__ = ["LSTM"]


class _Equations(Equations):
    """i, f, o = σ(z), g = tanh(z); c = f ⊙ c + i ⊙ g; h = o ⊙ tanh(c); z = x + R h.

    Its one weight is the recurrent kernel R [U, 4U], columns i, f, g, o.
    """

    states = 2
    kept = (4,)

    def forward(self, z: Any, before: Any, weights: Any) -> Any:
        """See `Equations`; the gates are kept."""
        import tensorflow as tf

        h, c = before
        i, f, g, o = tf.split(z + h @ weights[0], 4, -1)
        i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
        c = f * c + i * g
        return [o * tf.tanh(c), c], [tf.concat([i, f, g, o], -1)]

    def backward(self, kept: Any, before: Any, after: Any, slopes: Any, turned: Any) -> Any:
        """See `Equations`."""
        import tensorflow as tf

        i, f, g, o = tf.split(kept[0], 4, -1)
        by_h, by_c = slopes
        seen = tf.tanh(after[1])
        by_c = by_c + by_h * o * (1 - seen * seen)
        by_z = tf.concat(
            [
                by_c * g * i * (1 - i),
                by_c * before[1] * f * (1 - f),
                by_c * i * (1 - g * g),
                by_h * seen * o * (1 - o),
            ],
            -1,
        )
        return [by_z], [by_z @ turned[0], by_c * f]

    def weight_slopes(self, slopes: Any, kept: Any, before: Any, after: Any) -> Any:
        """See `Equations`."""
        import tensorflow as tf

        return [tf.matmul(before[0], slopes[0], transpose_a=True)]


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
        self.fused = True
        """Whether `rnncli.layers.ragged` may be used, where it can."""

    def recurrence(self) -> tuple[Equations, Tensors]:
        """See `CompiledLoop`."""
        cell = self.cell
        return _EQUATIONS, (cell.kernel, cell.bias, cell.recurrent_kernel)

    def inner_loop(
        self, sequences: Any, initial_state: Any, mask: Any, training: bool = False
    ) -> tuple[Any, Any, Any]:
        """See `CompiledLoop.inner_loop`."""
        if ragged.suits(self, mask, training):
            sequences = self.features_dropped(sequences, training)
            return ragged.run(self, sequences, initial_state, mask)
        return super().inner_loop(sequences, initial_state, mask, training)

    def get_config(self) -> dict[str, Any]:
        """What Keras needs to build the layer again."""
        return {**super().get_config(), "compiled": self.compiled}
