"""A network's layers taken apart: each direction by itself, with what it read.

Shape letters: B batch, T time, D features, U units.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncli.cells.replay import replay

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from rnncli.cells import CellSpec
    from rnncli.cells.base import Array
    from rnncli.topology import ModelSpec

__all__ = ["Direction", "by_length_reversed", "directions", "recurrent_matrices"]

_MERGED: Mapping[str, Callable[[Array, Array], Array]] = {
    "sum": np.add,
    "mul": np.multiply,
    "ave": lambda one, other: (one + other) / 2,
}


@dataclass(frozen=True)
class Direction:
    """One direction of one layer, and some texts as it read them."""

    layer: int
    """From 0, the lowest."""
    backwards: bool
    cell: CellSpec
    weights: tuple[Array, ...]
    """As Keras' `get_weights()` of one direction orders them."""
    x: Array
    """Inputs in the order of reading [B, T, D], padded at the end."""
    mask: NDArray[np.bool_]
    """True at real tokens [B, T]."""
    initial_state: tuple[Array, ...]
    """Each [B, U]."""

    @property
    def name(self) -> str:
        """`layer 0`, or `layer 0 backwards`."""
        return f"layer {self.layer}{' backwards' if self.backwards else ''}"


def directions(
    model: Any, spec: ModelSpec, vectors: Array, mask: NDArray[np.bool_]
) -> list[Direction]:
    """Every direction from the bottom up, its inputs computed by the cells' NumPy steps.

    Args:
        model: the network.
        spec: what it was built from.
        vectors: of the tokens [B, T, D].
        mask: True at real tokens [B, T].
    """
    found: list[Direction] = []
    x = vectors
    below: list[tuple[Array, ...]] = []
    for number, cell in enumerate(spec.layers):
        weights = model.get_layer(f"layer_{number}").get_weights()
        size = len(weights) // cell.directions
        outputs, states = [], []
        for index in range(cell.directions):
            own = tuple(weights[index * size : (index + 1) * size])
            zeros = np.zeros((len(x), cell.units), x.dtype)
            start = (zeros,) * len(cell.state_names)
            if cell.initial_state == "previous":
                start = below[index][: len(start)]
            ran = replay(cell, own, x, mask, backwards=index == 1, initial_state=start)
            read = by_length_reversed(x, mask) if index else x
            found.append(Direction(number, index == 1, cell, own, read, mask, start))
            outputs.append(ran.outputs)
            states.append(ran.states)
        below = states
        if len(outputs) == 1:
            (x,) = outputs
        elif cell.merge_mode == "concat":
            x = np.concatenate(outputs, axis=-1)
        else:
            x = _MERGED[cell.merge_mode](*outputs)
    return found


def by_length_reversed(x: Array, mask: NDArray[np.bool_]) -> Array:
    """Right-padded [B, T, …] with each row's real steps in reverse order, the padding in place."""
    lengths = mask.sum(axis=1, keepdims=True)
    steps = np.arange(x.shape[1])[None]
    order = np.where(steps < lengths, lengths - 1 - steps, steps)
    return x[np.arange(len(x))[:, None], order]


def recurrent_matrices(cell: CellSpec, weights: tuple[Array, ...]) -> dict[str, Array]:
    """The matrices [U, U] through which h (and c, of full peepholes) acts on the next step.

    By gate, in Keras' order of columns; `hidden` for a cell without gates, none without recurrence.
    """
    if not cell.recurrent:
        return {}
    kernel, recurrent, _, *peepholes = weights
    zeros = np.zeros((1, cell.units), kernel.dtype)
    step = cell.step(
        np.zeros((1, len(kernel)), kernel.dtype), (zeros,) * len(cell.state_names), weights
    )
    names = list(step.gates) or ["hidden"]
    blocks = np.split(recurrent, len(names), axis=1)
    found = dict(zip(names, blocks, strict=True))
    for name, matrix in zip(("input", "forget", "output"), peepholes, strict=False):
        if matrix.ndim == 2:
            found[f"{name} peephole"] = matrix
    return found
