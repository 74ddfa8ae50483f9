"""What a network would say if the text ended here: the class of every beginning of a text.

Shape letters: T tokens, N n-gram orders, U units, C classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rnncli.batching import Encoded
from rnncli.cells.replay import merged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rnncli.study.inside import Clamps, Inside, Replica

__all__ = ["prefix_logits", "prefixes"]

_PORTION = 64
"""Prefixes read out at a time: bounds memory."""


def prefix_logits(
    replica: Replica, ids: NDArray[np.int32], inside: Inside, clamps: Clamps | None = None
) -> NDArray[np.floating[Any]]:
    """The logits [T, C] after each token.

    Where all layers read forwards, a prefix has the states that the whole text had there, and it
    is enough to read them out; else every prefix is read anew.

    Args:
        replica: the network.
        ids: one text [T] or [T, N].
        inside: what the network computed of it, as a batch of one.
        clamps: those it was computed with.
    """
    cells = replica.spec.layers
    anew = any(cell.bidirectional or cell.initial_state == "previous" for cell in cells)
    if anew or ids.ndim == 2:
        return replica.logits(prefixes(ids), clamps)
    top, run = cells[-1], list(inside.layers.values())[-1]
    steps = np.arange(len(ids))
    parts = []
    for start in range(0, len(ids), _PORTION):
        ends = steps[start : start + _PORTION]
        states = [[run.steps[name][0, ends] for name in top.state_names]]
        sequences = bool(top.return_sequences)
        outputs = np.broadcast_to(run.outputs, (len(ends), *run.outputs.shape[1:]))
        outputs = outputs if sequences else merged([states[0][0]], top.merge_mode)
        reading = replica.spec.readout.read(
            outputs, states, steps <= ends[:, None], replica.readout, sequences=sequences
        )
        parts.append(reading.vector @ replica.dense[0] + replica.dense[1])
    return np.concatenate(parts)


def prefixes(ids: NDArray[np.int32]) -> Encoded:
    """Every beginning of a text [T] or [T, N], without the n-grams that would pass its end."""
    rows = [ids[:length].copy() for length in range(1, len(ids) + 1)]
    if ids.ndim == 2:
        for row in rows:
            for order in range(1, ids.shape[1]):
                row[max(len(row) - order, 0) :, order] = 0
    return Encoded.of(rows)
