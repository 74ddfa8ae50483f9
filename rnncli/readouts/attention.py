"""Attention over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from rnncli.readouts.base import ReadoutSpec

__all__ = ["Attention"]


class Attention(ReadoutSpec):
    """A weighted mean over the real tokens, the weights learned (Yang et al., NAACL 2016)."""

    summary: ClassVar[str] = "a learned weighted mean over the real tokens"
    return_sequences: ClassVar[bool | None] = True

    name: Literal["attention"]
    units: Annotated[int, Field(ge=1)] = 64
    """Size of the space in which a step is compared with the learned context."""

    def apply(
        self, outputs: Any, states: Sequence[Sequence[Any]], mask: Any, *, sequences: bool
    ) -> Any:
        """See `ReadoutSpec.apply`."""
        from rnncli.layers.readouts import MaskedAttention

        return MaskedAttention(self.units, name="readout")(outputs, mask)
