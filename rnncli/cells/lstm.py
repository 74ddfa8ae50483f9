"""Long short-term memory with a forget gate.

Hochreiter & Schmidhuber, Long short-term memory, Neural Computation 9(8), 1997;
the forget gate: Gers, Schmidhuber & Cummins, Learning to forget, Neural Computation 12(10), 2000.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import model_validator

from rnncli.cells.base import (
    CellSpec,
    Chrono,
    Step,
    lstm_chrono_source,
    one_forget_bias,
    sigmoid,
    unchanged,
)
from rnncli.formulas import Equation
from rnncli.source_text import Call, call
from rnncli.spec import Rate

if TYPE_CHECKING:
    from rnncli.cells.base import Array, Change

__all__ = ["LSTM"]


class LSTM(CellSpec):
    """The LSTM: a cell state c that gates write, keep and show."""

    equations: ClassVar[tuple[Equation, ...]] = (
        Equation("i = σ(W_i xₜ + R_i hₜ₋₁ + b_i)"),
        Equation("f = σ(W_f xₜ + R_f hₜ₋₁ + b_f)"),
        Equation("g = tanh(W_g xₜ + R_g hₜ₋₁ + b_g)"),
        Equation("o = σ(W_o xₜ + R_o hₜ₋₁ + b_o)"),
        Equation("cₜ = f ⊙ cₜ₋₁ + i ⊙ g"),
        Equation("hₜ = o ⊙ tanh(cₜ)"),
    )
    summary: ClassVar[str] = "LSTM with forget gate"
    gate_names: ClassVar[tuple[str, ...]] = ("input", "forget", "candidate", "output")
    state_names: ClassVar[tuple[str, ...]] = ("h", "c")
    keeping_gate: ClassVar[str | None] = "forget"
    compiles: ClassVar[bool] = True

    cell: Literal["lstm"]
    recurrent_dropout: Rate = 0.0
    """Share of the previous hidden state dropped in training, the same at every step."""
    unit_forget_bias: bool = True
    """Start the forget gate's bias at 1, so that the cell remembers at first."""
    chrono: Chrono | None = None
    """Begin with gates that remember 2 to so many steps, drawn for each unit (Tallec & Ollivier
    2018: set it to the longest lag expected); instead of `unit_forget_bias`."""

    _one_forget_bias = model_validator(mode="after")(one_forget_bias)

    def make_layer(
        self, *, return_sequences: bool, return_state: bool, name: str, compiled: bool = False
    ) -> Any:
        """See `CellSpec.make_layer`."""
        from rnncli.layers.lstm import LSTM as Layer

        return Layer(
            self.units,
            unit_forget_bias=self.unit_forget_bias,
            chrono=self.chrono,
            dropout=self.dropout,
            recurrent_dropout=self.recurrent_dropout,
            return_sequences=return_sequences,
            return_state=return_state,
            name=name,
            compiled=compiled,
        )

    def source(self, **layout: Any) -> Call:
        """See `CellSpec.source`."""
        settings = self._settings(unit_forget_bias=True, dropout=0.0, recurrent_dropout=0.0)
        settings |= lstm_chrono_source(self.units, self.chrono)
        return call("keras.layers.LSTM", self.units, **settings, **layout)

    def step(
        self,
        x: Array,
        state: Sequence[Array],
        weights: Sequence[Array],
        change: Change = unchanged,
    ) -> Step:
        """See `CellSpec.step`; weights: kernel [D, 4U], recurrent kernel [U, 4U], bias [4U].

        Keras keeps the gates' columns in the order i, f, g, o.
        """
        import numpy as np

        kernel, recurrent_kernel, bias = weights
        h, c = state
        zi, zf, zg, zo = np.split(x @ kernel + h @ recurrent_kernel + bias, 4, axis=-1)
        i, f = change("input", sigmoid(zi)), change("forget", sigmoid(zf))
        g, o = change("candidate", np.tanh(zg)), change("output", sigmoid(zo))
        c = change("cell", f * c + i * g)
        h = change("hidden", o * np.tanh(c))
        return Step((h, c), {"input": i, "forget": f, "candidate": g, "output": o})

    def fused_obstacle(self) -> str | None:
        """See `CellSpec.fused_obstacle`."""
        return "recurrent_dropout > 0" if self.recurrent_dropout else None
