"""The LSTM with peepholes: its gates also see the cell state.

Gers & Schmidhuber, Recurrent nets that time and count, IJCNN 2000, with one weight for each
unit (`peephole: diagonal`); textbooks often draw whole matrices (`peephole: full`).
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
from rnncli.formulas import Equation, Weight
from rnncli.source_text import Call, call
from rnncli.spec import Rate

if TYPE_CHECKING:
    from rnncli.cells.base import Array, Change

__all__ = ["PeepholeLSTM"]


class PeepholeLSTM(CellSpec):
    """The peephole LSTM: i and f look at the old cell state, o at the new one."""

    equations: ClassVar[tuple[Equation, ...]] = (
        Equation("i = σ(W_i xₜ + R_i hₜ₋₁ + P_i cₜ₋₁ + b_i)"),
        Equation("f = σ(W_f xₜ + R_f hₜ₋₁ + P_f cₜ₋₁ + b_f)"),
        Equation("g = tanh(W_g xₜ + R_g hₜ₋₁ + b_g)"),
        Equation("cₜ = f ⊙ cₜ₋₁ + i ⊙ g"),
        Equation("o = σ(W_o xₜ + R_o hₜ₋₁ + P_o cₜ + b_o)"),
        Equation("hₜ = o ⊙ tanh(cₜ)"),
        Equation("P_i, P_f, P_o diagonal: a weight for each unit", ("peephole", "diagonal")),
        Equation("P_i, P_f, P_o whole matrices", ("peephole", "full")),
    )
    summary: ClassVar[str] = "LSTM whose gates see the cell state"
    gate_names: ClassVar[tuple[str, ...]] = ("input", "forget", "candidate", "output")
    peephole_names: ClassVar[tuple[str, ...]] = ("input", "forget", "output")
    state_names: ClassVar[tuple[str, ...]] = ("h", "c")
    keeping_gate: ClassVar[str | None] = "forget"
    compiles: ClassVar[bool] = True

    cell: Literal["peephole_lstm"]
    peephole: Literal["diagonal", "full"] = "diagonal"
    """One peephole weight for each unit, or a whole matrix for each gate."""
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
        from rnncli.layers.peephole import PeepholeLSTM as Layer

        return Layer(
            self.units,
            peephole=self.peephole,
            unit_forget_bias=self.unit_forget_bias,
            chrono=self.chrono,
            dropout=self.dropout,
            recurrent_dropout=self.recurrent_dropout,
            return_sequences=return_sequences,
            return_state=return_state,
            name=name,
            compiled=compiled,
        )

    def _of_gate(self, gate: str, features: int) -> list[Weight]:
        """See `CellSpec`; i, f and o have a peephole P, [U] or a whole matrix [U, U]."""
        shape = (self.units,) * (2 if self.peephole == "full" else 1)
        peephole = [] if gate == "candidate" else [Weight(gate, "peephole", shape)]
        return super()._of_gate(gate, features) + peephole

    def source(self, **layout: Any) -> Call:
        """See `CellSpec.source`."""
        settings = self._settings(unit_forget_bias=True, dropout=0.0, recurrent_dropout=0.0)
        settings |= lstm_chrono_source(self.units, self.chrono)
        cell = call("PeepholeLSTMCell", self.units, peephole=self.peephole, **settings)
        return call("keras.layers.RNN", cell, **layout)

    def step(
        self,
        x: Array,
        state: Sequence[Array],
        weights: Sequence[Array],
        change: Change = unchanged,
    ) -> Step:
        """See `CellSpec.step`.

        Weights: kernel [D, 4U], recurrent kernel [U, 4U], bias [4U], columns in the order
        i, f, g, o; then the peepholes of i, f, o, each [U] (diagonal) or [U, U] (full).
        """
        import numpy as np

        kernel, recurrent_kernel, bias, to_input, to_forget, to_output = weights
        h, c = state
        look = np.multiply if self.peephole == "diagonal" else np.matmul
        zi, zf, zg, zo = np.split(x @ kernel + h @ recurrent_kernel + bias, 4, axis=-1)
        pi = change("peephole_input", look(c, to_input))
        pf = change("peephole_forget", look(c, to_forget))
        i, f = change("input", sigmoid(zi + pi)), change("forget", sigmoid(zf + pf))
        g = change("candidate", np.tanh(zg))
        c = change("cell", f * c + i * g)
        po = change("peephole_output", look(c, to_output))
        o = change("output", sigmoid(zo + po))
        h = change("hidden", o * np.tanh(c))
        gates = {"input": i, "forget": f, "candidate": g, "output": o}
        return Step((h, c), gates, {"input": pi, "forget": pf, "output": po})
