"""The shallow network: the contrast without recurrence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from rnncli.cells.activations import Activation, activate
from rnncli.cells.base import CellSpec, Step, unchanged

if TYPE_CHECKING:
    from rnncli.cells.base import Array, Change

__all__ = ["Dense"]


class Dense(CellSpec):
    """The shallow network: step n sees the n-th input and nothing earlier.

    hₙ = a(W xₙ + b)
    """

    summary: ClassVar[str] = "shallow network without recurrence: hₙ = a(W xₙ + b)"
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

    def _more_parameters(self) -> int:
        """No recurrent kernel."""
        return -self.units * self.units

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
