"""What every readout is: a spec (its YAML), its Keras layer, and the same in NumPy.

Shape letters, here and in every readout: B batch, T time, D features of the outputs, U units.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from rnncli.formulas import Equation, Weight
from rnncli.source_text import Name
from rnncli.spec import Rate, Spec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]
    Mask = NDArray[np.bool_]

__all__ = ["Reading", "ReadoutSpec"]


class Reading(NamedTuple):
    """What a readout makes of a layer's outputs."""

    vector: Array
    """[B, F]."""
    shares: Array | None = None
    """How much of the vector each token gives [B, T], 1 in sum; None where it is read at one."""


class ReadoutSpec(Spec):
    """How the top layer's outputs become the vector that is classified."""

    summary: ClassVar[str]
    """One line for `rnn list readouts`."""
    return_sequences: ClassVar[bool | None]
    """What the top layer has to return: every step, one step, or (None) either."""
    equations: ClassVar[tuple[Equation, ...]]
    """How the vector v comes of the outputs yₜ of the n real tokens, as `replay` does."""
    reads_states: ClassVar[bool] = False
    """Whether the top layer has to return its final states."""

    name: str
    """Which readout; each subclass has its own literal."""
    dropout: Rate = 0.0
    """Share of the vector's features dropped in training."""

    def weights(self, features: int) -> tuple[Weight, ...]:
        """Weights of its own, over outputs of D = `features`."""
        return ()

    def size(self, features: int, units: int, directions: int) -> int:
        """Length F of the vector, over outputs of D = `features`; U units in each direction."""
        return features

    @abstractmethod
    def apply(
        self, outputs: Any, states: Sequence[Sequence[Any]], mask: Any, *, sequences: bool
    ) -> Any:
        """Build the readout.

        Args:
            outputs: of the top layer, [B, T, D] or, without sequences, [B, D].
            states: the top layer's final states, for each direction h (and c), each [B, U].
            mask: True at real tokens [B, T].
            sequences: whether `outputs` holds every step.

        Returns:
            the vector [B, F] of each text.
        """

    @abstractmethod
    def source(self, outputs: Name, states: Sequence[Sequence[Name]], *, sequences: bool) -> Any:
        """The same in plain Keras, as source; `mask` is the mask's name there.

        Args:
            outputs: the variable that holds the top layer's outputs.
            states: for each direction, the variables of h (and c).
            sequences: whether `outputs` holds every step.
        """

    @abstractmethod
    def read(
        self,
        outputs: Array,
        states: Sequence[Sequence[Array]],
        mask: Mask,
        weights: Sequence[Array],
        *,
        sequences: bool,
    ) -> Reading:
        """The same in NumPy, to look inside a trained network.

        Args:
            outputs: as in `apply`; without sequences [B, D].
            states: as in `apply`.
            mask: True at real tokens [B, T].
            weights: what the Keras layer's `get_weights()` returns.
            sequences: whether `outputs` holds every step.
        """
