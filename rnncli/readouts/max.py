"""The maximum over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from rnncli.formulas import Equation
from rnncli.readouts.base import ReadoutSpec
from rnncli.source_text import Name, call

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rnncli.readouts.base import Array

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

    def replay(
        self,
        outputs: Array,
        states: Sequence[Sequence[Array]],
        mask: NDArray[np.bool_],
        weights: Sequence[Array],
        *,
        sequences: bool,
    ) -> Array:
        """See `ReadoutSpec.replay`."""
        import numpy as np

        return np.asarray(np.where(mask[..., None], outputs, -np.inf).max(axis=1))
