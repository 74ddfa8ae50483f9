"""A layer run over whole texts by its NumPy step: the oracle of the tests, the eye of the studies.

Shape letters: B batch, T time, D features, U units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rnncli.cells.base import unchanged
from rnncli.cells.clamps import STATES, Clamp, Clamping

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rnncli.cells.base import Array, CellSpec

__all__ = ["Replay", "merged", "replay"]


class Replay(NamedTuple):
    """What a layer computed in one direction, in the text's own order."""

    outputs: Array
    """h after each step [B, T, U]; zero where the mask is false."""
    states: tuple[Array, ...]
    """The final states, each [B, U]: after the last real token, or the first if backwards."""
    gates: dict[str, Array]
    """Every gate at every step [B, T, U]; zero where the mask is false."""
    steps: dict[str, Array]
    """Every state after each step [B, T, U], by its letter; zero where the mask is false."""
    peepholes: dict[str, Array]
    """What each gate's peephole adds at every step [B, T, U]; zero where the mask is false."""


def replay(
    cell: CellSpec,
    weights: Sequence[Array],
    x: Array,
    mask: NDArray[np.bool_] | None = None,
    *,
    backwards: bool = False,
    initial_state: Sequence[Array] | None = None,
    clamps: Sequence[Clamp] = (),
    record: bool = True,
) -> Replay:
    """Run one direction of a layer over right-padded texts.

    Args:
        cell: whose equations to use.
        weights: the direction's weights, as Keras' `get_weights()` orders them.
        x: inputs [B, T, D].
        mask: True at real tokens [B, T]; all real if None. A masked step keeps the state.
        backwards: read from the last token to the first.
        initial_state: states to start from, each [B, U]; zeros if None.
        clamps: what is held while the text is read.
        record: keep gates, states and peepholes of every step; outputs and final states are
            there in any case.
    """
    batch, length, _ = x.shape
    mask = np.ones((batch, length), bool) if mask is None else mask
    zeros = np.zeros((batch, cell.units), x.dtype)
    state = tuple(initial_state) if initial_state is not None else (zeros,) * len(cell.state_names)
    names = [STATES[letter] for letter in cell.state_names]
    clamping = Clamping(clamps, dict(zip(names, state, strict=True)))
    outputs = np.zeros((batch, length, cell.units), x.dtype)
    gates: dict[str, Array] = {}
    steps: dict[str, Array] = {}
    peepholes: dict[str, Array] = {}

    def keep(kept: dict[str, Array], values: Mapping[str, Array]) -> None:
        for name, value in values.items():
            kept.setdefault(name, np.zeros_like(outputs))[:, t] = np.where(real, value, 0)

    for t in reversed(range(length)) if backwards else range(length):
        real = mask[:, t, None]
        change = clamping.at(t, real) if clamps else unchanged
        step = cell.step(x[:, t], state, weights, change)
        state = tuple(np.where(real, new, old) for new, old in zip(step.state, state, strict=True))
        outputs[:, t] = np.where(real, step.state[0], 0)
        if record:
            keep(gates, step.gates)
            keep(steps, dict(zip(cell.state_names, step.state, strict=True)))
            keep(peepholes, step.peepholes)
    return Replay(outputs, state, gates, steps, peepholes)


def merged(directions: Sequence[Array], mode: str) -> Array:
    """What the two directions [..., U] become by Keras' `merge_mode`; a single one stays."""
    if len(directions) == 1:
        return directions[0]
    one, two = directions
    if mode == "concat":
        return np.concatenate([one, two], axis=-1)
    if mode == "mul":
        return np.asarray(one * two)
    return np.asarray((one + two) / (2 if mode == "ave" else 1))
