"""A layer run over whole texts by its NumPy step: the oracle of the tests, the eye of the studies.

Shape letters: B batch, T time, D features, U units.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rnncli.cells.base import Array, CellSpec

__all__ = ["Replay", "replay"]


class Replay(NamedTuple):
    """What a layer computed in one direction, in the text's own order."""

    outputs: Array
    """h after each step [B, T, U]; zero where the mask is false."""
    states: tuple[Array, ...]
    """The final states, each [B, U]: after the last real token, or the first if backwards."""
    gates: dict[str, Array]
    """Every gate at every step [B, T, U]; zero where the mask is false."""


def replay(
    cell: CellSpec,
    weights: Sequence[Array],
    x: Array,
    mask: NDArray[np.bool_] | None = None,
    *,
    backwards: bool = False,
    initial_state: Sequence[Array] | None = None,
) -> Replay:
    """Run one direction of a layer over right-padded texts.

    Args:
        cell: whose equations to use.
        weights: the direction's weights, as Keras' `get_weights()` orders them.
        x: inputs [B, T, D].
        mask: True at real tokens [B, T]; all real if None. A masked step keeps the state.
        backwards: read from the last token to the first.
        initial_state: states to start from, each [B, U]; zeros if None.
    """
    batch, length, _ = x.shape
    mask = np.ones((batch, length), bool) if mask is None else mask
    zeros = np.zeros((batch, cell.units), x.dtype)
    state = tuple(initial_state) if initial_state is not None else (zeros,) * len(cell.state_names)
    outputs = np.zeros((batch, length, cell.units), x.dtype)
    gates: dict[str, Array] = {}
    for t in reversed(range(length)) if backwards else range(length):
        real = mask[:, t, None]
        step = cell.step(x[:, t], state, weights)
        state = tuple(np.where(real, new, old) for new, old in zip(step.state, state, strict=True))
        outputs[:, t] = np.where(real, step.state[0], 0)
        for name, gate in step.gates.items():
            gates.setdefault(name, np.zeros_like(outputs))[:, t] = np.where(real, gate, 0)
    return Replay(outputs, state, gates)
