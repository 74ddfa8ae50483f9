"""Keras' GRU, its loop over time compiled where that is asked for."""

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
        uz, ur, ug = ops.split(product(read, recurrent_kernel) + bias, 3, axis=-1)
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
        read, carried = by_what_is_read(by_u, turned[0], before[0]), by_h * z
        by_before = [read, carried] if len(before) > 1 else [read + carried]
        return [ops.concatenate([*by_gates, by_g], axis=-1), by_u], by_before

    def weight_slopes(self, slopes: Any, kept: Any, before: Any, after: Any) -> Any:
        """See `Equations`."""
        by_kernel = product_over_steps(before[0], slopes[1], after[0].shape[-1])
        return [by_kernel, ops.sum(slopes[1], axis=0)]


class _ResetBefore(Equations):
    """g = tanh(x_g + R_g (r ⊙ h)), the rest as in `_ResetAfter`, without b′.

    Cho et al., Learning phrase representations using RNN encoder-decoder, EMNLP 2014. Its one
    weight is the recurrent kernel R [U, 3U], columns z, r, g.
    """

    carries = True
    kept = (3,)

    def forward(self, z: Any, before: Any, weights: Any) -> Any:
        """See `Equations`; the gates are kept."""
        h, (kernel,) = before[-1], weights
        units = h.shape[-1]
        by_gates, by_candidate = _reads(before[0], units)
        xz, xr, xg = ops.split(z, 3, axis=-1)
        of_gates = kernel[: by_gates.shape[-1], : 2 * units]
        uz, ur = ops.split(product(by_gates, of_gates), 2, axis=-1)
        z, r = ops.sigmoid(xz + uz), ops.sigmoid(xr + ur)
        g = ops.tanh(xg + (r * by_candidate) @ kernel[-units:, 2 * units :])
        return [g + z * (h - g)], [ops.concatenate([z, r, g], axis=-1)]

    def backward(self, kept: Any, before: Any, after: Any, slopes: Any, turned: Any) -> Any:
        """See `Equations`."""
        z, r, g = ops.split(kept[0], 3, axis=-1)
        h, (by_h,), (turned,) = before[-1], slopes, turned
        units = h.shape[-1]
        by_gates, by_candidate = _reads(before[0], units)
        by_g = by_h * (1 - z) * (1 - g * g)
        by_reset = by_g @ turned[2 * units :, -units:]
        slopes = [by_h * (h - g) * z * (1 - z), by_reset * by_candidate * r * (1 - r)]
        of_gates = turned[: 2 * units, : by_gates.shape[-1]]
        read = by_what_is_read(ops.concatenate(slopes, axis=-1), of_gates, by_gates)
        by_z = ops.concatenate([*slopes, by_g], axis=-1)
        if len(before) == 1:
            return [by_z], [read + by_reset * r + by_h * z]
        return [by_z], [ops.concatenate([read, by_reset * r], axis=-1), by_h * z]

    def weight_slopes(self, slopes: Any, kept: Any, before: Any, after: Any) -> Any:
        """See `Equations`."""
        units = after[0].shape[-1]
        by_gates, by_candidate = _reads(before[0], units)
        reset = kept[0][:, units : 2 * units] * by_candidate
        gates, candidate = slopes[0][:, : 2 * units], slopes[0][:, 2 * units :]
        of_gates = product_over_steps(by_gates, gates, units)
        return [ops.concatenate([of_gates, product_over_steps(reset, candidate)], axis=1)]


def _reads(read: Any, units: int) -> tuple[Any, Any]:
    """What z and r read of h, and what g does: their own copies where there are such."""
    if read.shape[-1] == units:
        return read, read
    return read[:, :-units], read[:, -units:]


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
