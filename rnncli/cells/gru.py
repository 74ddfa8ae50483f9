"""The gated recurrent unit.

Cho et al., Learning phrase representations using RNN encoder-decoder, EMNLP 2014. The variant
with the reset gate after the product (`reset_after: true`) is cuDNN's and Keras' default.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from rnncli.cells.base import CellSpec, Chrono, Step, sigmoid
from rnncli.spec import Rate

if TYPE_CHECKING:
    from rnncli.cells.base import Array

__all__ = ["GRU"]


class GRU(CellSpec):
    """The GRU: one update gate z keeps the old state or takes the candidate g.

    z = σ(W_z xₜ + R_z hₜ₋₁ + b_z)      r = σ(W_r xₜ + R_r hₜ₋₁ + b_r)
    g = tanh(W_g xₜ + R_g (r ⊙ hₜ₋₁) + b_g)              reset_after: false, the textbook's
    g = tanh(W_g xₜ + b_g + r ⊙ (R_g hₜ₋₁ + b′_g))       reset_after: true, cuDNN's
    hₜ = z ⊙ hₜ₋₁ + (1 − z) ⊙ g
    """

    summary: ClassVar[str] = "GRU, reset gate before or after: hₜ = z ⊙ hₜ₋₁ + (1 − z) ⊙ g"
    gates: ClassVar[int] = 3

    cell: Literal["gru"]
    reset_after: bool = True
    """Apply the reset gate after the recurrent product (true) or before it, as in the paper."""
    recurrent_dropout: Rate = 0.0
    """Share of the previous hidden state dropped in training, the same at every step."""
    chrono: Chrono | None = None
    """Begin with gates that remember 2 to so many steps, drawn for each unit (Tallec & Ollivier
    2018: set it to the longest lag expected)."""

    def make_layer(
        self, *, return_sequences: bool, return_state: bool, name: str, compiled: bool = False
    ) -> Any:
        """See `CellSpec.make_layer`."""
        from rnncli.layers.gru import GRU as Layer

        return Layer(
            self.units,
            reset_after=self.reset_after,
            chrono=self.chrono,
            dropout=self.dropout,
            recurrent_dropout=self.recurrent_dropout,
            return_sequences=return_sequences,
            return_state=return_state,
            name=name,
            compiled=compiled,
        )

    def _more_parameters(self) -> int:
        """The recurrent bias of its own that `reset_after` has [3U]."""
        return self.gates * self.units if self.reset_after else 0

    def step(self, x: Array, state: Sequence[Array], weights: Sequence[Array]) -> Step:
        """See `CellSpec.step`; weights: kernel [D, 3U], recurrent kernel [U, 3U], bias.

        Keras keeps the gates' columns in the order z, r, g. The bias is [3U], or [2, 3U] with
        `reset_after: true`: the input's and the recurrent one.
        """
        import numpy as np

        kernel, recurrent_kernel, bias = weights
        (h,) = state
        input_bias, recurrent_bias = bias if self.reset_after else (bias, np.zeros_like(bias))
        xz, xr, xg = np.split(x @ kernel + input_bias, 3, axis=-1)
        rz, rr, rg = np.split(recurrent_kernel, 3, axis=-1)
        bz, br, bg = np.split(recurrent_bias, 3, axis=-1)
        z = sigmoid(xz + h @ rz + bz)
        r = sigmoid(xr + h @ rr + br)
        g = np.tanh(xg + (r * (h @ rg + bg) if self.reset_after else (r * h) @ rg))
        h = z * h + (1 - z) * g
        return Step((h,), {"update": z, "reset": r, "candidate": g})

    def fused_obstacle(self) -> str | None:
        """See `CellSpec.fused_obstacle`."""
        if not self.reset_after:
            return "reset_after: false"
        return "recurrent_dropout > 0" if self.recurrent_dropout else None

    def compiled_obstacle(self) -> str | None:
        """See `CellSpec.compiled_obstacle`."""
        return self.fused_obstacle()
