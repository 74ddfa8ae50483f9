"""The shallow network as a Keras layer with the manners of a recurrent one."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from rnncli.layers.steps import last_real_step

__all__ = ["Shallow"]


@keras.saving.register_keras_serializable(package="rnncli")
class Shallow(keras.layers.Layer):
    """hₙ = a(W xₙ + b) at every step, without recurrence.

    Takes and returns what `keras.layers.SimpleRNN` does (`return_sequences`, `return_state`,
    `go_backwards`), so that it can stand in its place, in `Bidirectional` too: backwards, the
    sequence comes out reversed and the last step read is the text's first.
    """

    def __init__(
        self,
        units: int,
        activation: str = "tanh",
        dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.activation = keras.activations.get(activation)
        self.dropout = dropout
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = False
        self.states = None
        self.supports_masking = True
        self.seed_generator = keras.random.SeedGenerator()

    def build(self, sequences_shape: tuple[int | None, ...]) -> None:
        """Create kernel [D, U] and bias [U]."""
        shape = (sequences_shape[-1], self.units)
        self.kernel = self.add_weight(shape=shape, initializer="glorot_uniform", name="kernel")
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")

    def call(
        self,
        sequences: Any,
        initial_state: Any | None = None,
        mask: Any | None = None,
        training: bool = False,
    ) -> Any:
        """[B, T, D] to [B, T, U] or [B, U], then the last output [B, U] with `return_state`.

        `initial_state` is what `Bidirectional` passes to any layer; nothing here reads it.
        """
        if training and self.dropout:
            batch, _, features = ops.shape(sequences)
            sequences = keras.random.dropout(
                sequences, self.dropout, noise_shape=(batch, 1, features), seed=self.seed_generator
            )
        outputs = self.activation(ops.matmul(sequences, self.kernel) + self.bias)
        last = outputs[:, 0] if self.go_backwards else last_real_step(outputs, mask)
        if self.go_backwards:
            outputs = ops.flip(outputs, axis=1)
        result = outputs if self.return_sequences else last
        return [result, last] if self.return_state else result

    def compute_mask(self, sequences: Any, mask: Any | None = None) -> Any:
        """The mask goes on with a sequence and ends with a single step."""
        outputs_mask = mask if self.return_sequences else None
        return [outputs_mask, None] if self.return_state else outputs_mask

    def compute_output_shape(self, sequences_shape: tuple[int | None, ...]) -> Any:
        """Static shapes of `call`'s results."""
        batch, length = sequences_shape[:2]
        last = (batch, self.units)
        result = (batch, length, self.units) if self.return_sequences else last
        return (result, last) if self.return_state else result

    def get_config(self) -> dict[str, Any]:
        """What Keras needs to build the layer again."""
        return {
            **super().get_config(),
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "dropout": self.dropout,
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            "go_backwards": self.go_backwards,
        }
