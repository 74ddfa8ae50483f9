"""The final states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from rnncli.formulas import Equation
from rnncli.readouts.base import Reading, ReadoutSpec
from rnncli.source_text import Name, call

if TYPE_CHECKING:
    from rnncli.readouts.base import Array, Mask

__all__ = ["State"]


class State(ReadoutSpec):
    """The final states of the top layer's directions (`return_state`), side by side."""

    summary: ClassVar[str] = "the final states: h, c or both, of both directions"
    equations: ClassVar[tuple[Equation, ...]] = (
        Equation("v = [hₙ of each direction]", ("states", "h")),
        Equation("v = [cₙ of each direction]", ("states", "c")),
        Equation("v = [hₙ, cₙ of each direction]", ("states", "both")),
    )
    return_sequences: ClassVar[bool | None] = False
    reads_states: ClassVar[bool] = True

    name: Literal["state"]
    states: Literal["h", "c", "both"] = "h"
    """The hidden state, the cell state (LSTM and peephole LSTM alone), or both."""

    @property
    def _kept(self) -> slice:
        """Which of a direction's states h, c are read."""
        return {"h": slice(0, 1), "c": slice(1, 2), "both": slice(None)}[self.states]

    def size(self, features: int, units: int, directions: int) -> int:
        """See `ReadoutSpec.size`."""
        return directions * units * (2 if self.states == "both" else 1)

    def apply(
        self, outputs: Any, states: Sequence[Sequence[Any]], mask: Any, *, sequences: bool
    ) -> Any:
        """See `ReadoutSpec.apply`."""
        import keras

        chosen = [state for direction in states for state in direction[self._kept]]
        return chosen[0] if len(chosen) == 1 else keras.ops.concatenate(chosen, axis=-1)

    def source(self, outputs: Name, states: Sequence[Sequence[Name]], *, sequences: bool) -> Any:
        """See `ReadoutSpec.source`."""
        chosen = [state for direction in states for state in direction[self._kept]]
        if len(chosen) == 1:
            return chosen[0]
        return call(call("keras.layers.Concatenate", name="readout"), chosen)

    def read(
        self,
        outputs: Array,
        states: Sequence[Sequence[Array]],
        mask: Mask,
        weights: Sequence[Array],
        *,
        sequences: bool,
    ) -> Reading:
        """See `ReadoutSpec.read`."""
        import numpy as np

        chosen = [state for direction in states for state in direction[self._kept]]
        return Reading(np.concatenate(chosen, axis=-1))
