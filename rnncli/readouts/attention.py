"""Attention over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from rnncli.formulas import Equation, Weight
from rnncli.readouts.base import Reading, ReadoutSpec
from rnncli.source_text import Name, call

if TYPE_CHECKING:
    from rnncli.readouts.base import Array, Mask

__all__ = ["Attention"]


class Attention(ReadoutSpec):
    """A weighted mean over the real tokens, the weights learned (Yang et al., NAACL 2016)."""

    summary: ClassVar[str] = "a learned weighted mean over the real tokens"
    equations: ClassVar[tuple[Equation, ...]] = (
        Equation("aₜ = softmaxₜ(u · tanh(W yₜ + b))"),
        Equation("v = Σₜ aₜ yₜ"),
    )
    return_sequences: ClassVar[bool | None] = True

    name: Literal["attention"]
    units: Annotated[int, Field(ge=1)] = 64
    """Size of the space in which a step is compared with the learned context."""

    def weights(self, features: int) -> tuple[Weight, ...]:
        """See `ReadoutSpec.weights`."""
        return (
            Weight("", "kernel", (features, self.units)),
            Weight("", "bias", (self.units,)),
            Weight("", "context", (self.units, 1)),
        )

    def apply(
        self, outputs: Any, states: Sequence[Sequence[Any]], mask: Any, *, sequences: bool
    ) -> Any:
        """See `ReadoutSpec.apply`."""
        from rnncli.layers.readouts import MaskedAttention

        return MaskedAttention(self.units, name="readout")(outputs, mask)

    def source(self, outputs: Name, states: Sequence[Sequence[Name]], *, sequences: bool) -> Any:
        """See `ReadoutSpec.source`."""
        return call("attention_pooling", outputs, Name("mask"), self.units)

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

        kernel, bias, context = weights
        scores = (np.tanh(outputs @ kernel + bias) @ context)[:, :, 0]
        scores = np.where(mask, scores, -np.inf)
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares = powers / powers.sum(axis=1, keepdims=True)
        return Reading(np.einsum("bt,btd->bd", shares, outputs), shares)
