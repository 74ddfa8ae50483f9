"""A whole network run by NumPy, from ids to logits, part by part.

Shape letters: B batch, T time, N n-gram orders, D features, U units, C classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rnncli.cells.replay import Replay, replay

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from rnncli.cells import CellSpec
    from rnncli.topology import ModelSpec

    Array = NDArray[Any]

__all__ = ["NetworkReplay", "merged", "replay_network", "weights_of"]


class NetworkReplay(NamedTuple):
    """What each part computed."""

    embedded: Array
    """[B, T, D]."""
    layers: tuple[tuple[Replay, ...], ...]
    """For each layer, its directions."""
    outputs: tuple[Array, ...]
    """Of each layer [B, T, ·] or, without `return_sequences`, [B, ·]."""
    vector: Array
    """What the readout made of it [B, F]."""
    logits: Array
    """[B, C]."""


def weights_of(model: Any) -> dict[str, list[Array]]:
    """The weights of a Keras network by part: embedding, layer_0, …, readout, logits; float64."""
    return {
        layer.name: [np.asarray(weight, np.float64) for weight in layer.get_weights()]
        for layer in model.layers
    }


def replay_network(
    spec: ModelSpec, weights: Mapping[str, Sequence[Array]], ids: NDArray[np.integer], classes: int
) -> NetworkReplay:
    """Run a network by its parts' equations.

    Args:
        spec: the `model:` section.
        weights: by part, as `weights_of` gives them.
        ids: right-padded [B, T] or [B, T, N], padding 0.
        classes: C; further columns of the logits are auxiliary labels.
    """
    first = ids if ids.ndim == 2 else ids[:, :, 0]
    mask = first != 0
    (table,) = weights["embedding"]
    embedded = table[ids]
    if ids.ndim == 3:
        embedded = (embedded * (ids != 0)[..., None]).sum(axis=2)
    x = embedded
    layers: list[tuple[Replay, ...]] = []
    outputs: list[Array] = []
    for index, layer in enumerate(spec.layers):
        below = layers[-1] if layer.initial_state == "previous" else None
        runs = _layer(layer, weights[f"layer_{index}"], x, mask, below)
        every = merged([run.outputs for run in runs], layer.merge_mode)
        last = merged([run.states[0] for run in runs], layer.merge_mode)
        x = every
        layers.append(runs)
        outputs.append(every if layer.return_sequences else last)
    vector = spec.readout.replay(
        outputs[-1],
        [run.states for run in layers[-1]],
        mask,
        weights.get("readout", ()),
        sequences=bool(spec.layers[-1].return_sequences),
    )
    kernel, bias = weights["logits"]
    logits = (vector @ kernel + bias)[:, :classes]
    return NetworkReplay(embedded, tuple(layers), tuple(outputs), vector, logits)


def _layer(
    layer: CellSpec,
    weights: Sequence[Array],
    x: Array,
    mask: NDArray[np.bool_],
    below: tuple[Replay, ...] | None,
) -> tuple[Replay, ...]:
    share = len(weights) // layer.directions
    return tuple(
        replay(
            layer,
            weights[number * share : (number + 1) * share],
            x,
            mask,
            backwards=number == 1,
            initial_state=below[number].states[: len(layer.state_names)] if below else None,
        )
        for number in range(layer.directions)
    )


def merged(outputs: Sequence[Array], mode: str) -> Array:
    """The directions' outputs as one, as the words of the merge mode say."""
    if len(outputs) == 1:
        return outputs[0]
    one, two = outputs
    if mode == "concat":
        return np.concatenate([one, two], axis=-1)
    if mode == "mul":
        return np.asarray(one * two)
    return np.asarray((one + two) / (2 if mode == "ave" else 1))
