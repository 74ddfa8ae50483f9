"""The last output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from rnncli.formulas import Equation
from rnncli.readouts.base import Reading, ReadoutSpec
from rnncli.source_text import Name, call

if TYPE_CHECKING:
    from rnncli.readouts.base import Array, Mask

__all__ = ["Last"]


class Last(ReadoutSpec):
    """The top layer's last output.

    Without `return_sequences` it is where each direction stops reading: the text's end forwards,
    its beginning backwards. With `return_sequences: true` it is the output at the last real
    token, where the backward direction has read that one token alone.
    """

    summary: ClassVar[str] = "the last output, where each direction stops reading"
    equations: ClassVar[tuple[Equation, ...]] = (Equation("v = y, the last output"),)
    return_sequences: ClassVar[bool | None] = None

    name: Literal["last"] = "last"

    def apply(
        self, outputs: Any, states: Sequence[Sequence[Any]], mask: Any, *, sequences: bool
    ) -> Any:
        """See `ReadoutSpec.apply`."""
        from rnncli.layers.readouts import LastStep

        return LastStep(name="readout")(outputs, mask) if sequences else outputs

    def source(self, outputs: Name, states: Sequence[Sequence[Name]], *, sequences: bool) -> Any:
        """See `ReadoutSpec.source`."""
        return call("last_step", outputs, Name("mask")) if sequences else outputs

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

        if not sequences:
            return Reading(outputs)
        return Reading(outputs[np.arange(len(mask)), mask.sum(axis=1) - 1])
