"""Where a layer's loop over time is one of ours: `recurrence` on TensorFlow, `scanning` on JAX.

Shape letters: B batch, T time, D features, U units, G columns of the kernel, K gates.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from rnncli.layers.equations import Equations, Tensors
from rnncli.layers.lookup import flipped, lookup_of

__all__ = ["CompiledLoop", "multiplies_distinct", "suits"]

_FEWEST_FEATURES = 64
"""Of vectors that are multiplied once for each distinct token (`rnncli.layers.inputs`): to look up
what narrower ones bring, and to sum the gradients, takes as long as the products. So it does in a
prediction, which has no gradients, with vectors of any width."""


class CompiledLoop:
    """Mixed in before a Keras recurrent layer: its loop over time is ours if `compiled`.

    Left to Keras on TensorFlow are GPUs, half precision, and eager mode, where nothing would run
    side by side.
    """

    compiled: bool
    cell: Any
    _begins_as_given = False

    def call(
        self,
        sequences: Any,
        initial_state: Any | None = None,
        mask: Any | None = None,
        training: bool = False,
    ) -> Any:
        """See `keras.layers.RNN.call`."""
        self._begins_as_given = initial_state is not None
        return super().call(sequences, initial_state, mask, training)  # type: ignore[misc]

    def recurrence(self) -> tuple[Equations, Tensors]:
        """The cell's equations; and kernel, bias, and the equations' own weights."""
        raise NotImplementedError

    def features_dropped(self, sequences: Any, training: bool) -> Any:
        """[B, T, D] with a text's features dropped in training, as Keras' own layers do.

        With recurrent dropout Keras drops others for each gate: K of them.
        """
        if not training or not self.dropout:  # type: ignore[attr-defined]
            return sequences
        dropped = self.cell.get_dropout_mask(sequences[:, 0])
        if isinstance(dropped, list):
            return [sequences * mask[:, None] for mask in dropped]
        return sequences * dropped[:, None]

    def state_dropped(self, state: Any) -> Any:
        """Factors of the h that the recurrent kernel reads in training [B, U], or each gate's."""
        dropped = self.cell.get_recurrent_dropout_mask(state)
        return ops.concatenate(dropped, axis=-1) if isinstance(dropped, list) else dropped

    @property
    def copies_dropped(self) -> int:
        """Of how many copies of h the recurrent kernel reads some in training; 0 if of none."""
        if not self.recurrent_dropout:  # type: ignore[attr-defined]
            return 0
        return getattr(self.cell, "dropout_mask_count", None) or 1

    def inner_loop(
        self, sequences: Any, initial_state: Any, mask: Any, training: bool = False
    ) -> tuple[Any, Any, Any]:
        """[B, T, D] to the last output, all outputs, and the states, as Keras' method does."""
        layer: Any = self
        if not suits(layer):
            return super().inner_loop(  # type: ignore[misc]
                sequences, initial_state, mask, training
            )
        if layer.go_backwards:
            sequences = flipped(sequences)
            mask = None if mask is None else ops.flip(mask, axis=1)
        loop = {"tensorflow": _on_tensorflow, "jax": _on_jax}[keras.backend.backend()]
        every, states = loop(layer, sequences, mask, list(initial_state), training)
        if every is None:
            every = states[0][:, None]
        elif layer.zero_output_for_mask and mask is not None:
            every = every * ops.cast(mask, every.dtype)[..., None]
        return states[0], every, states


def suits(layer: Any) -> bool:
    """Whether a layer's loop is ours where it is called; see `CompiledLoop`."""
    if not layer.compiled or keras.backend.backend() not in ("tensorflow", "jax"):
        return False
    if keras.backend.backend() == "jax":
        return True
    import tensorflow as tf

    half = layer.compute_dtype not in ("float32", "float64")
    return not (tf.executing_eagerly() or half or _tensorflow_has_gpu())


def multiplies_distinct(features: int) -> bool:
    """Whether our loop, in training, multiplies each distinct vector that was looked up once.

    Args:
        features: how many a vector has.
    """
    if keras.backend.backend() != "tensorflow" or _tensorflow_has_gpu():
        return False
    return features >= _FEWEST_FEATURES


def _tensorflow_has_gpu() -> bool:
    import tensorflow as tf

    return bool(tf.config.get_visible_devices("GPU"))


def _on_tensorflow(layer: Any, sequences: Any, mask: Any, states: Any, training: bool) -> Any:
    from rnncli.layers.recurrence import recur

    equations, weights = layer.recurrence()
    sequences = layer.features_dropped(sequences, training)
    if isinstance(sequences, list):
        sequences = ops.concatenate(sequences, axis=-1)
    distinct = training and multiplies_distinct(sequences.shape[-1])
    every, states = recur(
        equations,
        weights,
        sequences,
        mask,
        states,
        outputs=layer.return_sequences,
        dropped=layer.state_dropped(states[0]) if training and layer.recurrent_dropout else None,
        lookup=lookup_of(sequences) if distinct else None,
    )
    if every is not None and mask is not None and layer._begins_as_given:
        # Before a text's first token Keras' loop has zeros; on JAX, as `recur`, the initial h.
        begun = ops.cumsum(ops.cast(mask, "int32"), axis=1) > 0
        every = ops.where(begun[..., None], every, 0.0)
    return every, states


def _on_jax(layer: Any, sequences: Any, mask: Any, states: Any, training: bool) -> Any:
    from rnncli.layers.scanning import recur

    equations, weights = layer.recurrence()
    kernel, bias, *own = (ops.convert_to_tensor(weight) for weight in weights)
    sequences = layer.features_dropped(sequences, training)
    if isinstance(sequences, list):
        kernels = ops.split(kernel, len(sequences), axis=-1)
        pairs = zip(sequences, kernels, strict=True)
        z = ops.concatenate([ops.matmul(*pair) for pair in pairs], axis=-1) + bias
    else:
        z = ops.matmul(sequences, kernel) + bias
    dropped = layer.state_dropped(states[0]) if training and layer.recurrent_dropout else None
    outputs = layer.return_sequences
    return recur(equations, own, z, mask, states, outputs=outputs, dropped=dropped)
