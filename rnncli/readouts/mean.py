"""The mean over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from rnncli.readouts.base import ReadoutSpec

__all__ = ["Mean"]


class Mean(ReadoutSpec):
    """The mean of the top layer's outputs over the real tokens."""

    summary: ClassVar[str] = "the mean over the real tokens"
    return_sequences: ClassVar[bool | None] = True

    name: Literal["mean"]

    def apply(
        self, outputs: Any, states: Sequence[Sequence[Any]], mask: Any, *, sequences: bool
    ) -> Any:
        """See `ReadoutSpec.apply`."""
        from rnncli.layers.readouts import MaskedMean

        return MaskedMean(name="readout")(outputs, mask)
