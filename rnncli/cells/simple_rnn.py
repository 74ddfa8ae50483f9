"""The vanilla RNN (Elman, Finding structure in time, Cognitive Science 14, 1990)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from rnncli.cells.activations import Activation, activate
from rnncli.cells.base import CellSpec, Step, unchanged
from rnncli.formulas import Equation
from rnncli.source_text import Call, call
from rnncli.spec import Rate

if TYPE_CHECKING:
    from rnncli.cells.base import Array, Change

__all__ = ["SimpleRNN"]


class SimpleRNN(CellSpec):
    """The vanilla RNN: what was read stays in one state h."""

    equations: ClassVar[tuple[Equation, ...]] = (
        Equation("hₜ = a(W xₜ + R hₜ₋₁ + b)"),
        Equation("a = {activation}"),
    )
    summary: ClassVar[str] = "vanilla RNN"
    compiles: ClassVar[bool] = True

    cell: Literal["simple_rnn"]
    activation: Activation = "tanh"
    """The function a."""
    recurrent_dropout: Rate = 0.0
    """Share of the previous hidden state dropped in training, the same at every step."""

    def make_layer(
        self, *, return_sequences: bool, return_state: bool, name: str, compiled: bool = False
    ) -> Any:
        """See `CellSpec.make_layer`."""
        from rnncli.layers.simple_rnn import SimpleRNN as Layer

        return Layer(
            self.units,
            activation=self.activation,
            dropout=self.dropout,
            recurrent_dropout=self.recurrent_dropout,
            return_sequences=return_sequences,
            return_state=return_state,
            name=name,
            compiled=compiled,
        )

    def source(self, **layout: Any) -> Call:
        """See `CellSpec.source`."""
        settings = self._settings(activation="tanh", dropout=0.0, recurrent_dropout=0.0)
        return call("keras.layers.SimpleRNN", self.units, **settings, **layout)

    def step(
        self,
        x: Array,
        state: Sequence[Array],
        weights: Sequence[Array],
        change: Change = unchanged,
    ) -> Step:
        """See `CellSpec.step`; weights: kernel [D, U], recurrent kernel [U, U], bias [U]."""
        kernel, recurrent_kernel, bias = weights
        (h,) = state
        h = activate(self.activation, x @ kernel + h @ recurrent_kernel + bias)
        h = change("hidden", h)
        return Step((h,), {})
