"""Keras' GRU, its loop over time compiled where that is asked for."""

from __future__ import annotations

from typing import Any

import keras

from rnncli.layers.chrono import ChronoBias
from rnncli.layers.equations import Equations, Tensors
from rnncli.layers.recurrence import CompiledLoop

__all__ = ["GRU"]


class _Equations(Equations):
    """z, r = σ(·), g = tanh(x_g + r ⊙ u_g), h = z ⊙ h + (1 − z) ⊙ g; u = R h + b′.

    Its weights are the recurrent kernel R [U, 3U], columns z, r, g, and its bias b′ [3U]. The
    gradients by what the input brings and by u differ in the last third, by the factor r.
    """

    kept = (3, 1)
    sums = 2

    def forward(self, z: Any, before: Any, weights: Any) -> Any:
        """See `Equations`; kept are the gates and u_g."""
        import tensorflow as tf

        (h,) = before
        recurrent_kernel, bias = weights
        xz, xr, xg = tf.split(z, 3, -1)
        uz, ur, ug = tf.split(h @ recurrent_kernel + bias, 3, -1)
        z, r = tf.sigmoid(xz + uz), tf.sigmoid(xr + ur)
        g = tf.tanh(xg + r * ug)
        return [g + z * (h - g)], [tf.concat([z, r, g], -1), ug]

    def backward(self, kept: Any, before: Any, after: Any, slopes: Any, turned: Any) -> Any:
        """See `Equations`."""
        import tensorflow as tf

        z, r, g = tf.split(kept[0], 3, -1)
        (h,), (by_h,) = before, slopes
        by_g = by_h * (1 - z) * (1 - g * g)
        by_gates = [by_h * (h - g) * z * (1 - z), by_g * kept[1] * r * (1 - r)]
        by_u = tf.concat([*by_gates, by_g * r], -1)
        return [tf.concat([*by_gates, by_g], -1), by_u], [by_u @ turned[0] + by_h * z]

    def weight_slopes(self, slopes: Any, kept: Any, before: Any, after: Any) -> Any:
        """See `Equations`."""
        import tensorflow as tf

        return [tf.matmul(before[0], slopes[1], transpose_a=True), tf.reduce_sum(slopes[1], 0)]


_EQUATIONS = _Equations()


@keras.saving.register_keras_serializable(package="rnncli")
class GRU(CompiledLoop, keras.layers.GRU):
    """`keras.layers.GRU`: the same weights, arguments and results.

    Its loop over time may be `compiled`, its gates' biases begin as `rnncli.layers.chrono` says.
    """

    def __init__(
        self, units: int, *, compiled: bool = False, chrono: int | None = None, **kwargs: Any
    ) -> None:
        if chrono is not None:
            kwargs["bias_initializer"] = ChronoBias(units, chrono, keeping=0)
        super().__init__(units, **kwargs)
        self.compiled = compiled

    def recurrence(self) -> tuple[Equations, Tensors]:
        """See `CompiledLoop`."""
        cell = self.cell
        bias, recurrent_bias = cell.bias[0], cell.bias[1]
        return _EQUATIONS, (cell.kernel, bias, cell.recurrent_kernel, recurrent_bias)

    def get_config(self) -> dict[str, Any]:
        """What Keras needs to build the layer again."""
        return {**super().get_config(), "compiled": self.compiled}
