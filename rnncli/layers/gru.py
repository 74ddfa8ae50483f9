"""Keras' GRU, its loop over time compiled where that is asked for."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from rnncli.layers.chrono import ChronoBias
from rnncli.layers.compiled_loop import CompiledLoop
from rnncli.layers.equations import Equations, Tensors, product_over_steps

__all__ = ["GRU"]


class _ResetAfter(Equations):
    """z, r = σ(·), g = tanh(x_g + r ⊙ u_g), h = z ⊙ h + (1 − z) ⊙ g; u = R h + b′.

    Its weights are the recurrent kernel R [U, 3U], columns z, r, g, and its bias b′ [3U]. The
    gradients by what the input brings and by u differ in the last third, by the factor r.
    """

    carries = True
    kept = (3, 1)
    sums = 2

    def forward(self, z: Any, before: Any, weights: Any) -> Any:
        """See `Equations`; kept are the gates and u_g."""
        read, h = before[0], before[-1]
        recurrent_kernel, bias = weights
        xz, xr, xg = ops.split(z, 3, axis=-1)
        uz, ur, ug = ops.split(read @ recurrent_kernel + bias, 3, axis=-1)
        z, r = ops.sigmoid(xz + uz), ops.sigmoid(xr + ur)
        g = ops.tanh(xg + r * ug)
        return [g + z * (h - g)], [ops.concatenate([z, r, g], axis=-1), ug]

    def backward(self, kept: Any, before: Any, after: Any, slopes: Any, turned: Any) -> Any:
        """See `Equations`."""
        z, r, g = ops.split(kept[0], 3, axis=-1)
        h, (by_h,) = before[-1], slopes
        by_g = by_h * (1 - z) * (1 - g * g)
        by_gates = [by_h * (h - g) * z * (1 - z), by_g * kept[1] * r * (1 - r)]
        by_u = ops.concatenate([*by_gates, by_g * r], axis=-1)
        read, carried = by_u @ turned[0], by_h * z
        by_before = [read, carried] if len(before) > 1 else [read + carried]
        return [ops.concatenate([*by_gates, by_g], axis=-1), by_u], by_before

    def weight_slopes(self, slopes: Any, kept: Any, before: Any, after: Any) -> Any:
        """See `Equations`."""
        return [product_over_steps(before[0], slopes[1]), ops.sum(slopes[1], axis=0)]


class _ResetBefore(Equations):
    """g = tanh(x_g + R_g (r ⊙ h)), the rest as in `_ResetAfter`, without b′.

    Cho et al., Learning phrase representations using RNN encoder-decoder, EMNLP 2014. Its one
    weight is the recurrent kernel R [U, 3U], columns z, r, g.
    """

    kept = (3,)

    def forward(self, z: Any, before: Any, weights: Any) -> Any:
        """See `Equations`; the gates are kept."""
        (h,), (recurrent_kernel,) = before, weights
        units = recurrent_kernel.shape[0]
        xz, xr, xg = ops.split(z, 3, axis=-1)
        uz, ur = ops.split(h @ recurrent_kernel[:, : 2 * units], 2, axis=-1)
        z, r = ops.sigmoid(xz + uz), ops.sigmoid(xr + ur)
        g = ops.tanh(xg + (r * h) @ recurrent_kernel[:, 2 * units :])
        return [g + z * (h - g)], [ops.concatenate([z, r, g], axis=-1)]

    def backward(self, kept: Any, before: Any, after: Any, slopes: Any, turned: Any) -> Any:
        """See `Equations`."""
        z, r, g = ops.split(kept[0], 3, axis=-1)
        (h,), (by_h,), (turned,) = before, slopes, turned
        units = turned.shape[1]
        by_g = by_h * (1 - z) * (1 - g * g)
        by_reset = by_g @ turned[2 * units :]
        by_gates = [by_h * (h - g) * z * (1 - z), by_reset * h * r * (1 - r)]
        by_before = ops.concatenate(by_gates, axis=-1) @ turned[: 2 * units]
        by_z = ops.concatenate([*by_gates, by_g], axis=-1)
        return [by_z], [by_before + by_reset * r + by_h * z]

    def weight_slopes(self, slopes: Any, kept: Any, before: Any, after: Any) -> Any:
        """See `Equations`."""
        (h,) = before
        units = h.shape[-1]
        by_gates, by_g = slopes[0][:, : 2 * units], slopes[0][:, 2 * units :]
        reset = kept[0][:, units : 2 * units] * h
        pairs = ((h, by_gates), (reset, by_g))
        return [ops.concatenate([product_over_steps(*pair) for pair in pairs], axis=1)]


_RESET_AFTER, _RESET_BEFORE = _ResetAfter(), _ResetBefore()


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
        if not cell.reset_after:
            return _RESET_BEFORE, (cell.kernel, cell.bias, cell.recurrent_kernel)
        bias, recurrent_bias = cell.bias[0], cell.bias[1]
        return _RESET_AFTER, (cell.kernel, bias, cell.recurrent_kernel, recurrent_bias)

    def get_config(self) -> dict[str, Any]:
        """What Keras needs to build the layer again."""
        return {**super().get_config(), "compiled": self.compiled}
