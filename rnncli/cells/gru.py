"""The gated recurrent unit.

Cho et al., Learning phrase representations using RNN encoder-decoder, EMNLP 2014. The variant
with the reset gate after the product (`reset_after: true`) is cuDNN's and Keras' default.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from rnncli.cells.base import CellSpec, Chrono, Step, chrono_source, sigmoid, unchanged
from rnncli.formulas import Equation, Weight
from rnncli.source_text import Call, call
from rnncli.spec import Rate

if TYPE_CHECKING:
    from rnncli.cells.base import Array, Change

__all__ = ["GRU"]


class GRU(CellSpec):
    """The GRU: one update gate z keeps the old state or takes the candidate g.

    `reset_after: false` is the textbook's, `reset_after: true` cuDNN's, with a second bias b′.
    """

    equations: ClassVar[tuple[Equation, ...]] = (
        Equation("z = σ(W_z xₜ + R_z hₜ₋₁ + b_z)", ("reset_after", False)),
        Equation("r = σ(W_r xₜ + R_r hₜ₋₁ + b_r)", ("reset_after", False)),
        Equation("g = tanh(W_g xₜ + R_g (r ⊙ hₜ₋₁) + b_g)", ("reset_after", False)),
        Equation("z = σ(W_z xₜ + b_z + R_z hₜ₋₁ + b′_z)", ("reset_after", True)),
        Equation("r = σ(W_r xₜ + b_r + R_r hₜ₋₁ + b′_r)", ("reset_after", True)),
        Equation("g = tanh(W_g xₜ + b_g + r ⊙ (R_g hₜ₋₁ + b′_g))", ("reset_after", True)),
        Equation("hₜ = z ⊙ hₜ₋₁ + (1 − z) ⊙ g"),
    )
    summary: ClassVar[str] = "GRU, its reset gate before or after the product"
    gate_names: ClassVar[tuple[str, ...]] = ("update", "reset", "candidate")
    keeping_gate: ClassVar[str | None] = "update"
    compiles: ClassVar[bool] = True

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

    def _of_gate(self, gate: str, features: int) -> list[Weight]:
        """See `CellSpec`; `reset_after` has a recurrent bias b′ [U] of its own."""
        second = [Weight(gate, "recurrent bias", (self.units,))] if self.reset_after else []
        return super()._of_gate(gate, features) + second

    def source(self, **layout: Any) -> Call:
        """See `CellSpec.source`."""
        settings = self._settings(dropout=0.0, recurrent_dropout=0.0)
        settings |= chrono_source(self.units, self.chrono, 0)
        reset = {"reset_after": self.reset_after}
        return call("keras.layers.GRU", self.units, **reset, **settings, **layout)

    def step(
        self,
        x: Array,
        state: Sequence[Array],
        weights: Sequence[Array],
        change: Change = unchanged,
    ) -> Step:
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
        z = change("update", sigmoid(xz + h @ rz + bz))
        r = change("reset", sigmoid(xr + h @ rr + br))
        g = np.tanh(xg + (r * (h @ rg + bg) if self.reset_after else (r * h) @ rg))
        g = change("candidate", g)
        h = change("hidden", z * h + (1 - z) * g)
        return Step((h,), {"update": z, "reset": r, "candidate": g})

    def fused_obstacle(self) -> str | None:
        """See `CellSpec.fused_obstacle`."""
        if not self.reset_after:
            return "reset_after: false"
        return "recurrent_dropout > 0" if self.recurrent_dropout else None
