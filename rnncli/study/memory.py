"""How far back a network looks: gradients and answers by distance.

Within a layer, for each direction, the memory is ‖∂h_T/∂x_{T−k}‖_F: how much h, where the
direction stops reading, depends on what it read k tokens before. It is defined alike for every cell
(an LSTM's path through c included), does not ask what a readout makes of h, and is zero for k ≥ 1
without recurrence. For the whole network: the norm of the loss's gradient by a token's vector, and
how far the answer moves when the token is replaced or deleted, by the token's distance from the
text's end and beginning.

Shape letters: B batch, T time, D features, U units, C classes, K lags, P probes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncli.batching import Encoded
from rnncli.study.decay import Decay, by_lag, fit_decay, lags_reached
from rnncli.study.gradients import by_vectors, differentiated, vectors_of
from rnncli.study.stack import Direction, directions, recurrent_matrices
from rnncli.study.tokens import without
from rnncli.tokenizers.base import RESERVED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from rnncli.study.material import Subject

    Floats = NDArray[np.floating[Any]]

__all__ = ["Edits", "LayerMemory", "Matrix", "Memory", "influence", "measure"]

_BATCH = 64
_PROBES = 16
_EDITED_LAGS = 24
"""At so many distances, ever farther apart, tokens are edited."""


@dataclass(frozen=True)
class Matrix:
    """A recurrent matrix in two numbers.

    Of a linear recurrence h = R hₜ₋₁, the spectral radius decides what remains in the end; that
    the largest singular value is below 1 (tanh) suffices for gradients to vanish (Pascanu et al.
    2013). Of a gated cell they say less, since the gates carry the state past these matrices.
    """

    gate: str
    spectral_radius: float
    largest_singular_value: float


@dataclass(frozen=True)
class LayerMemory:
    """One direction of one layer."""

    name: str
    cell: str
    units: int
    norms: Floats
    """Mean ‖∂h_T/∂x_{T−k}‖_F over the texts, by lag k [K]."""
    decay: Decay | None
    """None without recurrence."""
    matrices: tuple[Matrix, ...]


@dataclass(frozen=True)
class Edits:
    """How far the answer moves when the token at a distance from the end is another, or gone."""

    lags: NDArray[np.int64]
    replaced: Floats
    """Total variation of the class probabilities, 0…1, by a token drawn from the texts."""
    deleted: Floats


@dataclass(frozen=True)
class Memory:
    """A network at one time: before training or after."""

    layers: tuple[LayerMemory, ...]
    from_end: Floats
    """Mean norm of the loss's gradient by the vector of the token k before the last [K]."""
    from_start: Floats
    """The same, k after the first [K]."""
    edits: Edits


def measure(
    subject: Subject, model: Any, rows: Sequence[NDArray[np.int32]], gold: NDArray[np.integer]
) -> Memory:
    """Measure a network on some texts.

    Args:
        subject: says what the network is.
        model: the network, trained or not.
        rows: ids of the texts' single tokens.
        gold: their labels.
    """
    encoded = Encoded.of(subject.tokenizer.relaid(rows))
    lengths = encoded.lengths
    slopes = _loss_slopes(model, encoded, gold, len(subject.labels))
    return Memory(
        _layers(model, subject, encoded),
        by_lag(slopes, lengths),
        by_lag(slopes, lengths, from_end=False),
        _edits(subject, model, rows),
    )


def influence(direction: Direction, probes: int = _PROBES, seed: int = 0) -> Floats:
    """‖∂h_T/∂x_t‖_F of every token [B, T], in the order of reading.

    With no more units than probes exactly, from U gradients; else by Hutchinson's estimate: of
    Gaussian v, E‖vᵀJ‖² = ‖J‖²_F. The probes are the same for all texts and tokens.
    """
    from keras import ops

    cell = direction.cell
    layer = cell.make_layer(return_sequences=False, return_state=False, name="direction")
    layer.build((None, None, direction.x.shape[-1]))
    layer.set_weights(list(direction.weights))

    def projected(x: Any, mask: Any, probe: Any, *state: Any) -> Any:
        return ops.sum(layer(x, mask=mask, initial_state=list(state)) * probe, axis=-1)

    slope = differentiated(projected)
    units = cell.units
    if units <= probes:
        vectors = np.eye(units, dtype=np.float32)
    else:
        drawn = np.random.default_rng(seed).standard_normal((probes, units))
        vectors = (drawn / np.sqrt(probes)).astype(np.float32)
    squares = np.zeros(direction.x.shape[:2])
    for part in _parts(len(squares)):
        arrays = [array[part] for array in (direction.x, direction.mask)]
        state = [array[part] for array in direction.initial_state]
        for vector in vectors:
            _, gradient = slope(*arrays, vector, *state)
            squares[part] += np.square(gradient, dtype=np.float64).sum(axis=-1)
    return np.sqrt(squares)


def _layers(model: Any, subject: Subject, encoded: Encoded) -> tuple[LayerMemory, ...]:
    ids = encoded.padded(np.arange(len(encoded)))
    mask = (ids if ids.ndim == 2 else ids[:, :, 0]) != 0
    found = []
    for direction in directions(model, subject.experiment.model, vectors_of(model, ids), mask):
        norms = by_lag(influence(direction), encoded.lengths)
        cell = direction.cell
        decay = fit_decay(norms) if cell.recurrent else None
        matrices = recurrent_matrices(cell, direction.weights)
        told = tuple(_matrix(gate, matrix) for gate, matrix in matrices.items())
        found.append(LayerMemory(direction.name, cell.cell, cell.units, norms, decay, told))
    return tuple(found)


def _matrix(gate: str, matrix: Floats) -> Matrix:
    radius = float(np.abs(np.linalg.eigvals(matrix.astype(np.float64))).max())
    return Matrix(gate, radius, float(np.linalg.norm(matrix.astype(np.float64), 2)))


def _loss_slopes(model: Any, encoded: Encoded, gold: NDArray[np.integer], classes: int) -> Floats:
    """‖∂ loss/∂ vector‖ of every token [B, T]; the loss is the text's own cross-entropy."""
    from keras import ops

    def loss(logits: Any, targets: Any) -> Any:
        return ops.logsumexp(logits, axis=-1) - ops.sum(logits * targets, axis=-1)

    slope = by_vectors(model, loss)
    ids = encoded.padded(np.arange(len(encoded)))
    targets = np.eye(classes, dtype=np.float32)[gold]
    norms = np.zeros(ids.shape[:2])
    width = model.get_layer("embedding").output_dim
    for part in _parts(len(ids)):
        still = np.zeros((*ids[part].shape[:2], width), np.float32)
        _, gradient = slope(still, ids[part], targets[part])
        norms[part] = np.linalg.norm(gradient.astype(np.float64), axis=-1)
    return norms


def _parts(rows: int) -> Iterator[NDArray[np.int64]]:
    """Rows in batches of one size, so that compilers see one; the last repeats some."""
    for start in range(0, rows, _BATCH):
        yield np.arange(start, start + min(_BATCH, rows)).clip(max=rows - 1)


def _edits(subject: Subject, model: Any, rows: Sequence[NDArray[np.int32]]) -> Edits:
    from rnncli.scoring import logits, softmax

    lengths = np.array([len(row) for row in rows])
    random = np.random.default_rng(0)
    pool = np.concatenate(rows)
    known = pool[pool >= len(RESERVED)]
    pool = known if len(known) else pool

    def answers(edited: Sequence[NDArray[np.int32]]) -> Floats:
        return softmax(logits(model, Encoded.of(subject.tokenizer.relaid(edited))))

    def replaced(row: NDArray[np.int32], place: int) -> NDArray[np.int32]:
        changed = row.copy()
        changed[place] = random.choice(pool)
        return changed

    reach = lags_reached(lengths)
    lags = np.unique(np.geomspace(1, reach, _EDITED_LAGS).round().astype(np.int64)) - 1
    before = answers(rows)
    moved = [_moved(rows, lengths, lags, before, answers, edit) for edit in (replaced, without)]
    return Edits(lags, *moved)


def _moved(
    rows: Sequence[NDArray[np.int32]],
    lengths: NDArray[np.int64],
    lags: NDArray[np.int64],
    before: Floats,
    answers: Callable[[Sequence[NDArray[np.int32]]], Floats],
    edit: Callable[[NDArray[np.int32], int], NDArray[np.int32]],
) -> Floats:
    """Mean total variation by lag, over the texts that long."""
    places = [(lag, row) for lag in lags for row in np.flatnonzero(lengths > lag).tolist()]
    after = answers([edit(rows[row], int(lengths[row]) - 1 - lag) for lag, row in places])
    which = np.array([row for _, row in places])
    distances = np.abs(after - before[which]).sum(axis=1) / 2
    told = np.array([lag for lag, _ in places])
    return np.array([distances[told == lag].mean() for lag in lags])
