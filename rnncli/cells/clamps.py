"""Interventions in a cell: a gate, a peephole or a state held while the equations go on around it.

`CellSpec.step` gives what it computes, by name, to a `change`; here is the change that holds some
of it. Shape letters: B batch, U units.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rnncli.errors import UsageError
from rnncli.suggestions import did_you_mean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rnncli.cells.base import Array, CellSpec, Change

__all__ = ["STATES", "Clamp", "Clamping", "clampable", "read_clamp"]

STATES = {"h": "hidden", "c": "cell"}
"""What a state is called, by its letter in the equations."""
_BIAS = "_bias"
_FROZEN = "frozen"


@dataclass(frozen=True)
class Clamp:
    """What is held, and at what.

    A value holds it there. `frozen` keeps what it was one step earlier: a state is no longer
    written, and a gate stands still (where nothing came before, at its first value). With the name
    `<gate>_bias` the value is added to the gate's bias instead, before its σ or tanh.
    """

    name: str
    value: float | None
    """None means frozen."""
    start: int = 0
    """The first position held, counted from 0 in the text's order, in either direction."""

    def __str__(self) -> str:
        """As a user writes it."""
        if self.value is None:
            return f"{self.name}={_FROZEN}"
        return f"{self.name}={self.value:{'+' if self.name.endswith(_BIAS) else ''}g}"

    @property
    def target(self) -> str:
        """What `step` calls the quantity."""
        return self.name.removesuffix(_BIAS)

    def applied(self, value: Array, before: Array | None) -> Array:
        """The quantity [B, U] as it is held; `before` is NaN where nothing came before."""
        import numpy as np

        if self.value is None:
            return value if before is None else np.where(np.isnan(before), value, before)
        if not self.name.endswith(_BIAS):
            return np.full_like(value, self.value)
        if self.target == "candidate":  # tanh(z + δ) of tanh(z)
            shift = math.tanh(self.value)
            return np.asarray((value + shift) / (1 + value * shift))
        # σ(z + δ) of σ(z)
        return np.asarray(value / (value + (1 - value) * math.exp(-self.value)))


class Clamping:
    """The clamps of one direction of a layer over a batch, with what they remember."""

    def __init__(self, clamps: Iterable[Clamp], states: Mapping[str, Array]) -> None:
        """Begin with the initial states, by the names `step` gives them."""
        self._clamps = tuple(clamps)
        self._before = dict(states)

    def at(self, position: int, real: NDArray[np.bool_]) -> Change:
        """The change of one step; `real` [B, 1] says which texts have a token there."""
        import numpy as np

        def change(name: str, value: Array) -> Array:
            before = self._before.get(name)
            for clamp in self._clamps:
                if clamp.target == name and position >= clamp.start:
                    value = clamp.applied(value, before)
            self._before[name] = np.where(real, value, np.nan if before is None else before)
            return value

        return change


def clampable(cell: CellSpec) -> tuple[str, ...]:
    """Every name a clamp of this cell may have."""
    return (
        *cell.gate_names,
        *(f"peephole_{name}" for name in cell.peephole_names),
        *(STATES[letter] for letter in reversed(cell.state_names)),
        *(f"{name}{_BIAS}" for name in cell.gate_names),
    )


def read_clamp(text: str, cells: Sequence[CellSpec], start: int = 0) -> Clamp:
    """`forget=1`, `cell=frozen`, `forget_bias=+2`.

    Args:
        text: name, equals sign, value.
        cells: of which at least one has to have the name.
        start: see `Clamp`.

    Raises:
        UsageError: no cell has the name, or the value does not suit it.
    """
    name, equals, given = (part.strip() for part in text.partition("="))
    names = list(dict.fromkeys(name for cell in cells for name in clampable(cell)))
    if name not in names:
        kinds = " and ".join(dict.fromkeys(cell.cell for cell in cells))
        had = f"{kinds} {'have' if ' and ' in kinds else 'has'} {', '.join(names)}"
        raise UsageError(f"--clamp {text}: no {name or 'name'} there; {had}" + _near(name, names))
    if not equals or not given:
        raise UsageError(f"--clamp {text}: expected name=value, as in {name}=0 or {name}=frozen")
    if given == _FROZEN:
        if name.endswith(_BIAS):
            raise UsageError(f"--clamp {text}: a bias never moves; expected a number to add to it")
        return Clamp(name, None, start)
    try:
        value = float(given)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"--clamp {text}: expected a number or {_FROZEN}, got {given!r}")
    low, high = _bounds(name)
    if not low <= value <= high:
        raise UsageError(f"--clamp {text}: {name} lies in {low:g}…{high:g}, got {value:g}")
    return Clamp(name, value, start)


def _near(name: str, names: Iterable[str]) -> str:
    """`; did you mean X?`, the states' letters understood."""
    return f"; did you mean {STATES[name]}?" if name in STATES else did_you_mean(name, names)


def _bounds(name: str) -> tuple[float, float]:
    if name.endswith(_BIAS):
        return (-50.0, 50.0)
    if name.startswith("peephole_") or name in STATES.values():
        return (-math.inf, math.inf)
    return (-1.0, 1.0) if name == "candidate" else (0.0, 1.0)
