"""What every readout is: a spec (its YAML) and `apply`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from rnncli.spec import Rate, Spec

__all__ = ["ReadoutSpec"]


class ReadoutSpec(Spec):
    """How the top layer's outputs become the vector that is classified."""

    summary: ClassVar[str]
    """One line for `rnn list readouts`."""
    return_sequences: ClassVar[bool | None]
    """What the top layer has to return: every step, one step, or (None) either."""
    reads_states: ClassVar[bool] = False
    """Whether the top layer has to return its final states."""

    name: str
    """Which readout; each subclass has its own literal."""
    dropout: Rate = 0.0
    """Share of the vector's features dropped in training."""

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
