"""The maximum over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from rnncli.formulas import Equation
from rnncli.readouts.base import Reading, ReadoutSpec
from rnncli.source_text import Name, call

if TYPE_CHECKING:
    from rnncli.readouts.base import Array, Mask

__all__ = ["Max"]


class Max(ReadoutSpec):
    """The largest value of each feature over the real tokens (max pooling)."""

    summary: ClassVar[str] = "the largest value of each feature over the real tokens"
    equations: ClassVar[tuple[Equation, ...]] = (Equation("v = maxₜ yₜ, feature by feature"),)
    return_sequences: ClassVar[bool | None] = True

    name: Literal["max"]

    def apply(
        self, outputs: Any, states: Sequence[Sequence[Any]], mask: Any, *, sequences: bool
    ) -> Any:
        """See `ReadoutSpec.apply`."""
        from rnncli.layers.readouts import MaskedMax

        return MaskedMax(name="readout")(outputs, mask)

    def source(self, outputs: Name, states: Sequence[Sequence[Name]], *, sequences: bool) -> Any:
        """See `ReadoutSpec.source`."""
        return call("masked_max", outputs, Name("mask"))

    def read(
        self,
        outputs: Array,
        states: Sequence[Sequence[Array]],
        mask: Mask,
        weights: Sequence[Array],
        *,
        sequences: bool,
    ) -> Reading:
        """See `ReadoutSpec.read`; a token's share is that of the features it is greatest in."""
        import numpy as np

        known = np.where(mask[:, :, None], outputs, -np.inf)
        winners = known.argmax(axis=1)
        shares = np.zeros(mask.shape)
        np.add.at(shares, (np.arange(len(mask))[:, None], winners), 1 / winners.shape[1])
        vector = np.take_along_axis(known, winners[:, None], axis=1)[:, 0]
        return Reading(vector, shares)
