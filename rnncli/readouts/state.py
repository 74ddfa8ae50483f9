"""The final states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from rnncli.readouts.base import Reading, ReadoutSpec

if TYPE_CHECKING:
    from rnncli.readouts.base import Array, Mask

__all__ = ["State"]


class State(ReadoutSpec):
    """The final states of the top layer's directions (`return_state`), side by side."""

    summary: ClassVar[str] = "the final states: h, c or both, of both directions"
    return_sequences: ClassVar[bool | None] = False
    reads_states: ClassVar[bool] = True

    name: Literal["state"]
    states: Literal["h", "c", "both"] = "h"
    """The hidden state, the cell state (LSTM and peephole LSTM alone), or both."""

    def apply(
        self, outputs: Any, states: Sequence[Sequence[Any]], mask: Any, *, sequences: bool
    ) -> Any:
        """See `ReadoutSpec.apply`."""
        import keras

        chosen = self._chosen(states)
        return chosen[0] if len(chosen) == 1 else keras.ops.concatenate(chosen, axis=-1)

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

        return Reading(np.concatenate(self._chosen(states), axis=-1))

    def _chosen(self, states: Sequence[Sequence[Any]]) -> list[Any]:
        kept = {"h": slice(0, 1), "c": slice(1, 2), "both": slice(None)}[self.states]
        return [state for direction in states for state in direction[kept]]
