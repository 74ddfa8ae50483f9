"""What every cell is: a spec (its YAML), its Keras layer, and its equations in NumPy.

Shape letters, here and in every cell: B batch, D features of the input, U units.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple, Protocol, TypeVar

from pydantic import Field

from rnncli.formulas import Equation, Weight
from rnncli.source_text import Call, call
from rnncli.spec import Rate, Spec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]
    Change = Callable[[str, Array], Array]

__all__ = [
    "CellSpec",
    "Chrono",
    "Step",
    "chrono_source",
    "lstm_chrono_source",
    "one_forget_bias",
    "sigmoid",
    "unchanged",
]

Chrono = Annotated[int, Field(ge=3, le=1_000_000)]
"""A number of steps for `rnncli.layers.chrono`."""
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Step(NamedTuple):
    """One time step of a cell."""

    state: tuple[Array, ...]
    """The new states, each [B, U], the output h first, in the order of `state_names`."""
    gates: Mapping[str, Array]
    """What the cell computed on the way, each [B, U]: gates in 0…1 and candidates."""
    peepholes: Mapping[str, Array] = _NOTHING
    """What a gate's peephole adds before its σ, each [B, U], by the gate's name."""


class _WithForgetGate(Protocol):
    """What a spec has whose forget gate may begin with memories."""

    @property
    def unit_forget_bias(self) -> bool: ...

    @property
    def chrono(self) -> int | None: ...


_Forgetful = TypeVar("_Forgetful", bound=_WithForgetGate)


def one_forget_bias(spec: _Forgetful) -> _Forgetful:
    """The spec itself, validated: one setting alone says how the forget gate's bias begins.

    Raises:
        ValueError: two do.
    """
    if spec.chrono is not None and not spec.unit_forget_bias:
        raise ValueError("unit_forget_bias has no effect beside chrono; remove one of them")
    return spec


def chrono_source(units: int, steps: int | None, *gates: int) -> dict[str, Call]:
    """The argument of a layer in source whose gates begin with memories, if they do.

    Args:
        units: U.
        steps: `chrono`.
        gates: the positions of the gate that keeps and, where there is one, of the gate that takes.
    """
    if steps is None:
        return {}
    named = dict(zip(("keeping", "taking"), gates, strict=False))
    return {"bias_initializer": call("ChronoBias", units, steps, **named)}


def lstm_chrono_source(units: int, steps: int | None) -> dict[str, Any]:
    """`chrono_source` of the gates i, f, g, o, in place of the forget gate's own beginning."""
    found = chrono_source(units, steps, 1, 0)
    return {"unit_forget_bias": False, **found} if found else {}


def unchanged(name: str, value: Array) -> Array:
    """The change of a step that changes nothing."""
    return value


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
    equations: ClassVar[tuple[Equation, ...]]
    """What a step computes, as `step` does; in the letters of `weights`: W, R, b (and P, b′)."""
    gate_names: ClassVar[tuple[str, ...]] = ()
    """What `Step.gates` holds, in the order of the kernel's columns."""
    peephole_names: ClassVar[tuple[str, ...]] = ()
    """The gates that a peephole leads to: what `Step.peepholes` holds."""
    keeping_gate: ClassVar[str | None] = None
    """The gate whose value is the share of the old state that stays."""
    recurrent: ClassVar[bool] = True
    """Whether a step reads the state of the one before."""
    compiles: ClassVar[bool] = False
    """Whether the layer has `rnncli.layers.equations`, which our own recurrence compiles."""

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

    @property
    def column_names(self) -> tuple[str, ...]:
        """What the kernel's columns are for, U of them each, in Keras' order."""
        return self.gate_names or ("state",)

    @property
    def gates(self) -> int:
        """How many times U columns the kernel has."""
        return len(self.column_names)

    def weights(self, features: int) -> tuple[Weight, ...]:
        """The weights of one direction over D = `features` inputs, gate by gate."""
        gates = self.column_names
        return tuple(weight for gate in gates for weight in self._of_gate(gate, features))

    def parameters(self, features: int) -> int:
        """How many numbers the weights of all directions hold, over D = `features` inputs."""
        return self.directions * sum(weight.parameters for weight in self.weights(features))

    def _of_gate(self, gate: str, features: int) -> list[Weight]:
        """One gate's weights: kernel W [D, U], recurrent kernel R [U, U] and bias b [U]."""
        return [
            Weight(gate, "kernel", (features, self.units)),
            Weight(gate, "recurrent", (self.units, self.units)),
            Weight(gate, "bias", (self.units,)),
        ]

    @abstractmethod
    def make_layer(
        self, *, return_sequences: bool, return_state: bool, name: str, compiled: bool = False
    ) -> Any:
        """The Keras layer of one direction, reading forwards.

        `compiled` asks for `rnncli.layers.compiled_loop`, where the cell `compiles`.
        """

    @abstractmethod
    def source(self, **layout: Any) -> Call:
        """The same layer in plain Keras, as source; Keras' defaults are left out.

        What Keras has no name for stands in `rnncli.layers.plain`.

        Args:
            **layout: `return_sequences` and the like, as the layer takes them.
        """

    def _settings(self, **keras_defaults: Any) -> dict[str, Any]:
        """Those of the settings that are not Keras' defaults."""
        chosen = {name: getattr(self, name) for name in keras_defaults}
        return {name: value for name, value in chosen.items() if value != keras_defaults[name]}

    @abstractmethod
    def step(
        self,
        x: Array,
        state: Sequence[Array],
        weights: Sequence[Array],
        change: Change = unchanged,
    ) -> Step:
        """One time step, as the equations say.

        Args:
            x: input [B, D].
            state: the previous states, each [B, U], in the order of `state_names`.
            weights: what the Keras layer's `get_weights()` returns for one direction.
            change: is given every gate, peephole (`peephole_input`, …) and new state (`cell`,
                `hidden`) by name as soon as it is computed, and answers what to go on with.
        """

    def fused_obstacle(self) -> str | None:
        """The setting that keeps Keras from a fused (cuDNN) kernel, or None if nothing does."""
        return f"Keras has no fused kernel for {self.cell}"
