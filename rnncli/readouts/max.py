"""The maximum over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from rnncli.readouts.base import ReadoutSpec

__all__ = ["Max"]


class Max(ReadoutSpec):
    """The largest value of each feature over the real tokens (max pooling)."""

    summary: ClassVar[str] = "the largest value of each feature over the real tokens"
    return_sequences: ClassVar[bool | None] = True

    name: Literal["max"]

    def apply(
        self, outputs: Any, states: Sequence[Sequence[Any]], mask: Any, *, sequences: bool
    ) -> Any:
        """See `ReadoutSpec.apply`."""
        from rnncli.layers.readouts import MaskedMax

        return MaskedMax(name="readout")(outputs, mask)
