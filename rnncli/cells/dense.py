"""The shallow network: the contrast without recurrence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from rnncli.cells.activations import Activation, activate
from rnncli.cells.base import CellSpec, Step, unchanged
from rnncli.formulas import Equation, Weight
from rnncli.source_text import Call, call

if TYPE_CHECKING:
    from rnncli.cells.base import Array, Change

__all__ = ["Dense"]


class Dense(CellSpec):
    """The shallow network: step n sees the n-th input and nothing earlier."""

    equations: ClassVar[tuple[Equation, ...]] = (
        Equation("hₙ = a(W xₙ + b)"),
        Equation("a = {activation}"),
    )
    summary: ClassVar[str] = "shallow network, without recurrence"
    recurrent: ClassVar[bool] = False

    cell: Literal["dense"]
    activation: Activation = "tanh"
    """The function a."""

    def make_layer(
        self, *, return_sequences: bool, return_state: bool, name: str, compiled: bool = False
    ) -> Any:
        """See `CellSpec.make_layer`."""
        from rnncli.layers.shallow import Shallow

        return Shallow(
            self.units,
            activation=self.activation,
            dropout=self.dropout,
            return_sequences=return_sequences,
            return_state=return_state,
            name=name,
        )

    def _of_gate(self, gate: str, features: int) -> list[Weight]:
        """No recurrent kernel."""
        return [w for w in super()._of_gate(gate, features) if w.name != "recurrent"]

    def source(self, **layout: Any) -> Call:
        """See `CellSpec.source`."""
        settings = self._settings(dropout=0.0)
        cell = call("DenseCell", self.units, activation=self.activation, **settings)
        return call("keras.layers.RNN", cell, **layout)

    def step(
        self,
        x: Array,
        state: Sequence[Array],
        weights: Sequence[Array],
        change: Change = unchanged,
    ) -> Step:
        """See `CellSpec.step`; weights: kernel [D, U], bias [U]. The state is not read."""
        kernel, bias = weights
        h = change("hidden", activate(self.activation, x @ kernel + bias))
        return Step((h,), {})

    def fused_obstacle(self) -> str | None:
        """A matrix product over all steps at once; there is nothing to fuse."""
        return None
