"""A trained network run in NumPy, every layer and direction by the cells' own equations.

This is where one can look inside: every gate and state at every token, and the logits that come of
it, with gates and states held (`rnncli.cells.clamps`) if one asks for that. In float64, from the
weights as they were trained.

Shape letters: B batch, T time, N n-gram orders, D features, U units, C classes.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rnncli.batching import prediction_batches
from rnncli.cells.replay import Replay, merged, replay

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rnncli.batching import Encoded
    from rnncli.cells import CellSpec
    from rnncli.cells.clamps import Clamp
    from rnncli.classifier import Classifier
    from rnncli.topology import ModelSpec

    Array = NDArray[np.floating[Any]]

__all__ = ["Direction", "Inside", "Replica", "directions"]

_NUMBERS = 4_000_000
"""Of a layer's outputs held at a time: bounds memory."""


class Direction(NamedTuple):
    """One direction of one layer, as a key: what a study shows and a clamp is meant for."""

    layer: int
    """From 0, the lowest."""
    backwards: bool

    def __str__(self) -> str:
        """`layer 1 forwards`, counted from 1 as people do."""
        return f"layer {self.layer + 1} {'backwards' if self.backwards else 'forwards'}"


Clamps = Mapping[Direction, Sequence["Clamp"]]


@dataclass(frozen=True)
class Inside:
    """What a network computed of a batch of texts."""

    mask: NDArray[np.bool_]
    """True at real tokens [B, T]."""
    inputs: tuple[Array, ...]
    """What each layer reads [B, T, D]; the first reads the embedding."""
    layers: Mapping[Direction, Replay]
    """What each layer computed."""
    top: Array
    """What the readout is given: [B, T, D] or, without `return_sequences`, [B, D]."""
    vector: Array
    """What it makes of that [B, F]."""
    shares: Array | None
    """What each token gives to the readout's vector [B, T], where it reads more than one."""
    logits: Array
    """[B, C]."""


@dataclass(frozen=True)
class Replica:
    """A trained network's weights, and its equations in NumPy."""

    spec: ModelSpec
    embedding: Array
    """[V, D]."""
    layers: Mapping[Direction, Sequence[Array]]
    """What Keras' `get_weights()` has for each direction."""
    readout: Sequence[Array]
    dense: tuple[Array, Array]
    """Kernel [F, C] and bias [C] of the logits, auxiliary classes left out."""

    @classmethod
    def of(cls, classifier: Classifier) -> Replica:
        """Copy the weights out of a built Keras model."""
        spec, model = classifier.experiment.model, classifier.model
        layers: dict[Direction, Sequence[Array]] = {}
        for index, cell in enumerate(spec.layers):
            weights = _weights(model, f"layer_{index}")
            share = len(weights) // cell.directions
            for number in range(cell.directions):
                own = weights[number * share : (number + 1) * share]
                layers[Direction(index, number == 1)] = own
        kernel, bias = _weights(model, "logits")
        classes = len(classifier.labels)
        return cls(
            spec,
            _weights(model, "embedding")[0],
            layers,
            _weights(model, "readout"),
            (kernel[:, :classes], bias[:classes]),
        )

    def run(
        self, ids: NDArray[np.int32], clamps: Clamps | None = None, *, record: bool = True
    ) -> Inside:
        """Read a batch.

        Args:
            ids: right-padded [B, T] or [B, T, N].
            clamps: what is held in which layer and direction.
            record: keep gates and states of every step.
        """
        with _one_thread():
            return self._run(ids, clamps or {}, record)

    def _run(self, ids: NDArray[np.int32], held: Clamps, record: bool) -> Inside:
        mask = (ids if ids.ndim == 2 else ids[:, :, 0]) != 0
        x = self._embedded(ids)
        inputs: list[Array] = []
        runs: dict[Direction, Replay] = {}
        below: list[Replay] = []
        for index, cell in enumerate(self.spec.layers):
            inputs.append(x)
            here: list[Replay] = []
            for number, direction in enumerate(directions([cell], index)):
                start = None
                if cell.initial_state == "previous":
                    start = below[number].states[: len(cell.state_names)]
                run = replay(
                    cell,
                    self.layers[direction],
                    x,
                    mask,
                    backwards=direction.backwards,
                    initial_state=start,
                    clamps=held.get(direction, ()),
                    record=record,
                )
                runs[direction] = run
                here.append(run)
            x = merged([run.outputs for run in here], cell.merge_mode)
            below = here
        top = self.spec.layers[-1]
        sequences = bool(top.return_sequences)
        outputs = x if sequences else merged([run.states[0] for run in below], top.merge_mode)
        states = [run.states for run in below]
        reading = self.spec.readout.read(outputs, states, mask, self.readout, sequences=sequences)
        vector, shares = reading
        logits = vector @ self.dense[0] + self.dense[1]
        return Inside(mask, tuple(inputs), runs, outputs, vector, shares, logits)

    def logits(self, encoded: Encoded, clamps: Clamps | None = None) -> Array:
        """The logits [number of texts, C] of many texts, in their order."""
        results = np.zeros((len(encoded), len(self.dense[1])))
        widest = max(cell.units * cell.directions for cell in self.spec.layers)
        longest = int(encoded.lengths.max(initial=1))
        size = max(1, min(256, _NUMBERS // (longest * max(widest, self.embedding.shape[1]))))
        for rows in prediction_batches(encoded.lengths, size):
            results[rows] = self.run(encoded.padded(rows), clamps, record=False).logits
        return results

    def _embedded(self, ids: NDArray[np.int32]) -> Array:
        """The embedding [B, T, D]: of each id, or the sum over a position's known n-grams."""
        vectors = self.embedding[ids]
        if ids.ndim == 2:
            return vectors
        return np.asarray(np.einsum("btnd,btn->btd", vectors, (ids != 0).astype(float)))


def directions(cells: Sequence[CellSpec], first: int = 0) -> list[Direction]:
    """Every direction of every layer, from the embedding upwards; the first layer is `first`."""
    return [
        Direction(index, number == 1)
        for index, cell in enumerate(cells, first)
        for number in range(cell.directions)
    ]


def _one_thread() -> Any:
    """A block in which NumPy's matrix products take one thread.

    Those of a step are small: two threads gain little, and on a machine that others use too they
    wait for each other, ten times as long as one thread works.
    """
    return _threads().limit(limits=1, user_api="blas")


@functools.cache
def _threads() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _weights(model: Any, name: str) -> list[Array]:
    """A layer's weights in float64; none if the model has no such layer."""
    for layer in model.layers:
        if layer.name == name:
            return [np.asarray(weight, np.float64) for weight in layer.get_weights()]
    return []
