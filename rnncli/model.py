"""From the `model:` section to a Keras model.

Shape letters: B batch, T time, N n-gram orders, D features, V vocabulary, C classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy as np
    from numpy.typing import NDArray

    from rnncli.cells import CellSpec
    from rnncli.topology import EmbeddingSpec, ModelSpec

__all__ = ["build_model"]


def build_model(
    spec: ModelSpec,
    *,
    vocabulary_size: int,
    classes: int,
    auxiliary_classes: int = 0,
    ids_per_position: int = 1,
    vectors: NDArray[np.float32] | None = None,
    compiled: Collection[int] = (),
) -> Any:
    """Build the network.

    Args:
        spec: the `model:` section.
        vocabulary_size: V, the number of ids, padding and unknown included.
        classes: C, the number of labels.
        auxiliary_classes: further labels, which have logits in training alone.
        ids_per_position: N, above 1 with `text.ngrams`.
        vectors: initial embedding [V, D]; random if None.
        compiled: which layers, from 0, run `rnncli.layers.compiled_loop` where they can.

    Returns:
        a `Network` from right-padded ids [B, T] or [B, T, N] (int32, padding 0, at least one
        token a text) to logits [B, C] (float32); with auxiliary classes, of those too in training.
    """
    import keras

    from rnncli.layers.narrowing import Narrowed
    from rnncli.layers.network import Network

    shape = (None,) if ids_per_position == 1 else (None, ids_per_position)
    ids = keras.Input(shape, dtype="int32", name="ids")
    mask = keras.ops.not_equal(ids if ids_per_position == 1 else ids[:, :, 0], 0)
    outputs = _embed(spec.embedding, ids, vocabulary_size, ids_per_position, vectors)
    states: list[list[Any]] = []
    for index, layer in enumerate(spec.layers):
        initial_state = states if layer.initial_state == "previous" else None
        outputs, states = _recur(
            layer, outputs, mask, initial_state, f"layer_{index}", index in compiled
        )
    vector = spec.readout.apply(
        outputs, states, mask, sequences=bool(spec.layers[-1].return_sequences)
    )
    if spec.readout.dropout:
        vector = keras.layers.Dropout(spec.readout.dropout, name="readout_dropout")(vector)
    logits = keras.layers.Dense(classes + auxiliary_classes, dtype="float32", name="logits")(vector)
    if auxiliary_classes:
        logits = Narrowed(classes, name="narrowed")(logits)
    return Network(ids, logits, name="classifier")


def _embed(
    spec: EmbeddingSpec,
    ids: Any,
    vocabulary_size: int,
    ids_per_position: int,
    vectors: NDArray[np.float32] | None,
) -> Any:
    import keras

    from rnncli.layers.dropout import SequenceDropout
    from rnncli.layers.embedding import NgramEmbedding, TokenEmbedding, beginning_as

    initializer: Any = "uniform"
    if vectors is not None:
        initializer = beginning_as(vectors)
    elif ids_per_position > 1:
        initializer = keras.initializers.RandomNormal(stddev=0.1)
    arguments: dict[str, Any] = {
        "embeddings_initializer": initializer,
        "trainable": spec.trainable,
        "name": "embedding",
    }
    if ids_per_position == 1:
        outputs = TokenEmbedding(vocabulary_size, spec.dim, **arguments)(ids)
    else:
        arguments["ngram_dropout"] = spec.ngram_dropout
        outputs = NgramEmbedding(vocabulary_size, spec.dim, **arguments)(ids)
    if spec.spatial_dropout:
        dropout = keras.layers.SpatialDropout1D(spec.spatial_dropout, name="spatial_dropout")
        outputs = dropout(outputs)
    if spec.dropout:
        outputs = SequenceDropout(spec.dropout, name="embedding_dropout")(outputs)
    return outputs


def _recur(
    spec: CellSpec,
    inputs: Any,
    mask: Any,
    initial_state: list[list[Any]] | None,
    name: str,
    compiled: bool,
) -> tuple[Any, list[list[Any]]]:
    """One layer: its outputs, and for each direction its final states if it returns them."""
    import keras

    layer = spec.make_layer(
        return_sequences=bool(spec.return_sequences),
        return_state=bool(spec.return_state),
        name=name,
        compiled=compiled,
    )
    if spec.bidirectional:
        layer = keras.layers.Bidirectional(layer, merge_mode=spec.merge_mode, name=name)
    arguments: dict[str, Any] = {"mask": mask}
    if initial_state is not None:
        kept = len(spec.state_names)
        arguments["initial_state"] = [s for direction in initial_state for s in direction[:kept]]
    result = layer(inputs, **arguments)
    if not spec.return_state:
        return result, []
    outputs, *flat = result
    size = len(spec.state_names)
    return outputs, [flat[start : start + size] for start in range(0, len(flat), size)]
