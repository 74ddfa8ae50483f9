"""What every cell is: a spec (its YAML), its Keras layer, and its equations in NumPy.

Shape letters, here and in every cell: B batch, D features of the input, U units.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import Field

from rnncli.spec import Rate, Spec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]

__all__ = ["CellSpec", "Chrono", "Step", "sigmoid"]

Chrono = Annotated[int, Field(ge=3, le=1_000_000)]
"""A number of steps for `rnncli.layers.chrono`."""


class Step(NamedTuple):
    """One time step of a cell."""

    state: tuple[Array, ...]
    """The new states, each [B, U], the output h first, in the order of `state_names`."""
    gates: Mapping[str, Array]
    """What the cell computed on the way, each [B, U]: gates in 0…1 and candidates."""


def sigmoid(x: Array) -> Array:
    """The logistic function σ, without overflow for large |x|."""
    import numpy as np

    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)))


class CellSpec(Spec):
    """One recurrent layer of a config: a cell and how it is laid out over time."""

    summary: ClassVar[str]
    """One line for `rnn list cells`."""
    state_names: ClassVar[tuple[str, ...]] = ("h",)
    """The states a cell carries from step to step, in the order Keras returns them."""
    gates: ClassVar[int] = 1
    """How many times U columns the kernel has."""
    recurrent: ClassVar[bool] = True
    """Whether a step reads the state of the one before."""

    cell: str
    """Which cell; each subclass has its own literal."""
    units: Annotated[int, Field(ge=1, le=65_536)]
    """Size U of the hidden state, in one direction."""
    bidirectional: bool = False
    """Read the text in both directions, each with weights of its own."""
    merge_mode: Literal["concat", "sum", "mul", "ave"] = "concat"
    """How the two directions' outputs become one (Keras' `Bidirectional`)."""
    return_sequences: bool | None = None
    """Output every step (true) or the last alone; by default what the next part needs."""
    return_state: bool | None = None
    """Also output the final states; by default when something reads them."""
    initial_state: Literal["zeros", "previous"] = "zeros"
    """`previous` starts from the final states of the layer below."""
    dropout: Rate = 0.0
    """Share of the layer's input features dropped in training, the same at every step."""

    @property
    def directions(self) -> int:
        """1, or 2 when bidirectional."""
        return 2 if self.bidirectional else 1

    @property
    def output_units(self) -> int:
        """Features of the layer's output, both directions merged."""
        return 2 * self.units if self.bidirectional and self.merge_mode == "concat" else self.units

    def parameters(self, features: int) -> int:
        """Weights of the layer, all directions, over D = `features` inputs.

        An input kernel [D, GU], a recurrent kernel [U, GU] and a bias [GU], for G gates.
        """
        columns = self.gates * self.units
        return self.directions * (columns * (features + self.units + 1) + self._more_parameters())

    def _more_parameters(self) -> int:
        """Weights of one direction beside those."""
        return 0

    @abstractmethod
    def make_layer(
        self, *, return_sequences: bool, return_state: bool, name: str, compiled: bool = False
    ) -> Any:
        """The Keras layer of one direction, reading forwards.

        `compiled` asks for `rnncli.layers.recurrence`, where `compiled_obstacle` has none.
        """

    @abstractmethod
    def step(self, x: Array, state: Sequence[Array], weights: Sequence[Array]) -> Step:
        """One time step, as the equations say.

        Args:
            x: input [B, D].
            state: the previous states, each [B, U], in the order of `state_names`.
            weights: what the Keras layer's `get_weights()` returns for one direction.
        """

    def fused_obstacle(self) -> str | None:
        """The setting that keeps Keras from a fused (cuDNN) kernel, or None if nothing does."""
        return f"Keras has no fused kernel for {self.cell}"

    def compiled_obstacle(self) -> str | None:
        """What keeps the layer from the compiled recurrence, or None if nothing does."""
        return f"no compiled recurrence for {self.cell}"
