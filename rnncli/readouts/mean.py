"""The mean over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from rnncli.formulas import Equation
from rnncli.readouts.base import Reading, ReadoutSpec
from rnncli.source_text import Name, call

if TYPE_CHECKING:
    from rnncli.readouts.base import Array, Mask

__all__ = ["Mean"]


class Mean(ReadoutSpec):
    """The mean of the top layer's outputs over the real tokens."""

    summary: ClassVar[str] = "the mean over the real tokens"
    equations: ClassVar[tuple[Equation, ...]] = (Equation("v = 1/n Σₜ yₜ"),)
    return_sequences: ClassVar[bool | None] = True

    name: Literal["mean"]

    def apply(
        self, outputs: Any, states: Sequence[Sequence[Any]], mask: Any, *, sequences: bool
    ) -> Any:
        """See `ReadoutSpec.apply`."""
        from rnncli.layers.readouts import MaskedMean

        return MaskedMean(name="readout")(outputs, mask)

    def source(self, outputs: Name, states: Sequence[Sequence[Name]], *, sequences: bool) -> Any:
        """See `ReadoutSpec.source`."""
        return call("masked_mean", outputs, Name("mask"))

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

        shares = mask / mask.sum(axis=1, keepdims=True)
        return Reading(np.einsum("bt,btd->bd", shares, outputs), shares)
