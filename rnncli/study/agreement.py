"""Whether the replay in NumPy and Keras agree, text by text, before anything is shown.

Keras is asked in float64, as the replay computes: then they differ by the logits' rounding alone.
Keras on JAX and PyTorch has no float64; there the rounding of float32 grows with the text, to some
1e-5 after 400 tokens.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncli.cells.replay import merged
from rnncli.errors import CheckFailed
from rnncli.study.inside import directions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rnncli.batching import Encoded
    from rnncli.cells import CellSpec
    from rnncli.classifier import Classifier
    from rnncli.study.inside import Inside, Replica

    Floats = NDArray[np.floating[Any]]

__all__ = ["TOLERANCE", "Agreement", "agreement", "agreement_of_logits", "reference"]

TOLERANCE = 1e-5
"""The largest difference that passes; in float32, for each hundred tokens begun."""


@dataclass(frozen=True)
class Agreement:
    """The largest absolute differences between the replay and Keras."""

    outputs: float
    """Of h after every real token, over all layers and directions."""
    states: float
    """Of the final states, the cell state included."""
    logits: float
    tolerance: float = TOLERANCE
    """The largest difference that passes."""

    @property
    def largest(self) -> float:
        """Of all."""
        return max(self.outputs, self.states, self.logits)

    def checked(self) -> Agreement:
        """Itself.

        Raises:
            CheckFailed: a difference is above the tolerance, or no number.
        """
        for name in ("outputs", "states", "logits"):
            found = getattr(self, name)
            if not found <= self.tolerance:
                raise CheckFailed(
                    f"the replay's {name} and Keras' differ by {found:.1e}, expected at most "
                    f"{self.tolerance:.0e}: what it shows would not be the network's own; "
                    "try another --backend, and report it"
                )
        return self


def reference(classifier: Classifier) -> Any:
    """The Keras model to compare with: the classifier's, as exact as the backend can be."""
    import keras

    from rnncli import preparation

    exact = "float64" if keras.backend.backend() == "tensorflow" else "float32"
    experiment = classifier.experiment
    if experiment.train.precision == exact:
        return classifier.model
    # Past validation: a config does not offer float64.
    train = experiment.train.model_copy(update={"precision": exact})
    experiment = experiment.model_copy(update={"train": train})
    vocabulary_size = len(classifier.tokenizer.vocabulary)
    model = preparation.build(experiment, vocabulary_size, len(classifier.labels))
    model.set_weights(classifier.model.get_weights())
    return model


def agreement(model: Any, replica: Replica, ids: NDArray[np.int32], inside: Inside) -> Agreement:
    """Compare a run of the replica, nothing clamped, with Keras.

    Args:
        model: what `reference` gave.
        replica: its weights.
        ids: what was read [B, T] or [B, T, N].
        inside: what the replica computed of it.
    """
    mask = inside.mask
    x = np.asarray(model.get_layer("embedding")(ids))
    of_outputs, of_states = [np.abs(x - inside.inputs[0])[mask].max()], []
    below: list[list[Floats]] = []
    for index, cell in enumerate(replica.spec.layers):
        start = below if cell.initial_state == "previous" else None
        outputs, below = _by_keras(model.get_layer(f"layer_{index}"), cell, x, mask, start)
        for number, direction in enumerate(directions([cell], index)):
            run = inside.layers[direction]
            of_outputs.append(np.abs(outputs[number] - run.outputs)[mask].max())
            pairs = zip(below[number], run.states, strict=True)
            of_states += [np.abs(found - state).max() for found, state in pairs]
        x = merged(outputs, cell.merge_mode)
    logits = np.abs(np.asarray(model(ids, training=False)) - inside.logits).max()
    return Agreement(
        float(np.max(of_outputs)),
        float(np.max(of_states)),
        float(logits),
        _tolerance(model, ids.shape[1]),
    )


def agreement_of_logits(model: Any, found: Floats, encoded: Encoded) -> float:
    """The largest difference of logits [number of texts, C] from Keras'.

    Raises:
        CheckFailed: it is above the tolerance.
    """
    from rnncli.scoring import logits

    difference = float(np.abs(logits(model, encoded) - found).max(initial=0.0))
    longest = int(encoded.lengths.max(initial=1))
    Agreement(0.0, 0.0, difference, _tolerance(model, longest)).checked()
    return difference


def _precision(model: Any) -> str:
    return str(model.get_layer("embedding").compute_dtype)


def _tolerance(model: Any, tokens: int) -> float:
    return TOLERANCE * (1 if _precision(model) == "float64" else math.ceil(tokens / 100))


def _by_keras(
    layer: Any,
    cell: CellSpec,
    x: Floats,
    mask: NDArray[np.bool_],
    start: Sequence[Sequence[Floats]] | None,
) -> tuple[list[Floats], list[list[Floats]]]:
    """Outputs [B, T, U] of each direction, and its final states, whatever the layer returns."""
    import keras

    from rnncli.preparation import dtype_policy

    # A layer of the same weights that returns everything.
    with dtype_policy(layer.compute_dtype):
        twin = cell.make_layer(return_sequences=True, return_state=True, name="twin")
        if cell.bidirectional:
            twin = keras.layers.Bidirectional(twin, merge_mode=None)
    size = len(cell.state_names)
    given: dict[str, Any] = {"mask": mask}
    if start is not None:
        given["initial_state"] = [keras.ops.array(s) for states in start for s in states[:size]]
    twin.build(x.shape)
    twin.set_weights(layer.get_weights())
    results = [np.asarray(part) for part in twin(keras.ops.array(x, layer.compute_dtype), **given)]
    count = cell.directions
    states = results[count:]
    return results[:count], [states[n * size : (n + 1) * size] for n in range(count)]
