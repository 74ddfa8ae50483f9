"""What Keras lacks, written for a reader: `rnn describe --code` prints these with a model.

Nothing here uses the rest of the package. The layers that train stand in the modules beside this
one; the tests hold both to the same equations.
"""

# ruff: noqa: D102
# Docstrings of methods and type hints, as elsewhere, would only stand in a student's way here.
# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from __future__ import annotations

import h5py
import keras

__all__ = [
    "ChronoBias",
    "DenseCell",
    "NgramEmbedding",
    "PeepholeLSTMCell",
    "attention_pooling",
    "last_step",
    "load_weights",
    "masked_max",
    "masked_mean",
]


@keras.saving.register_keras_serializable()
class NgramEmbedding(keras.layers.Embedding):
    """Ids [B, T, N] to the sum of their vectors [B, T, D]; id 0 adds nothing."""

    def __init__(self, input_dim, output_dim, ngram_dropout=0.0, **kwargs):
        super().__init__(input_dim, output_dim, **kwargs)
        self.drop_ngrams = keras.layers.Dropout(ngram_dropout)

    def call(self, ids, training=False):
        known = keras.ops.cast(keras.ops.not_equal(ids, 0), self.compute_dtype)
        longer = self.drop_ngrams(known[:, :, 1:], training=training)
        kept = keras.ops.concatenate([known[:, :, :1], longer], axis=2)
        return keras.ops.sum(super().call(ids) * kept[..., None], axis=2)

    def compute_output_spec(self, ids, training=False):
        return keras.KerasTensor((*ids.shape[:2], self.output_dim), dtype=self.compute_dtype)

    def get_config(self):
        return {**super().get_config(), "ngram_dropout": self.drop_ngrams.rate}


@keras.saving.register_keras_serializable()
class ChronoBias(keras.initializers.Initializer):
    """A bias for gates that remember 2 to `steps` steps at first (Tallec & Ollivier, ICLR 2018).

    log u for the gate that keeps, −log u for the one that takes, with u uniform in 1…steps − 1.
    """

    def __init__(self, units, steps, keeping, taking=None):
        self.units, self.steps = units, steps
        self.keeping, self.taking = keeping, taking

    def __call__(self, shape, dtype=None):
        uniform = keras.random.uniform((self.units,), 1, self.steps - 1, dtype)
        parts = [keras.ops.zeros_like(uniform)] * (shape[-1] // self.units)
        parts[self.keeping] = keras.ops.log(uniform)
        if self.taking is not None:
            parts[self.taking] = -parts[self.keeping]
        bias = keras.ops.concatenate(parts)
        if len(shape) == 1:
            return bias
        return keras.ops.stack([bias, keras.ops.zeros_like(bias)])

    def get_config(self):
        return dict(vars(self))


@keras.saving.register_keras_serializable()
class DenseCell(keras.layers.SimpleRNNCell):
    """A cell that does not read its state: hₙ = a(W xₙ + b), without recurrence."""

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")

    def call(self, inputs, states, training=False):
        if training and self.dropout:
            inputs = inputs * self.get_dropout_mask(inputs)
        h = self.activation(keras.ops.matmul(inputs, self.kernel) + self.bias)
        return h, [h]


@keras.saving.register_keras_serializable()
class PeepholeLSTMCell(keras.layers.LSTMCell):
    """The LSTM whose gates see the cell state (Gers & Schmidhuber, IJCNN 2000).

    The peepholes of i, f and o are one weight a unit (diagonal) or whole matrices (full).
    """

    def __init__(self, units, peephole="diagonal", **kwargs):
        super().__init__(units, **kwargs)
        self.peephole = peephole
        # One mask for all gates.
        self.implementation, self.dropout_mask_count = 2, None

    def build(self, input_shape):
        super().build(input_shape)
        diagonal = self.peephole == "diagonal"
        self.to_input, self.to_forget, self.to_output = (
            self.add_weight(
                shape=(self.units,) if diagonal else (self.units, self.units),
                initializer=keras.initializers.RandomUniform() if diagonal else "glorot_uniform",
                name=f"peephole_{gate}",
            )
            for gate in ("input", "forget", "output")
        )

    def call(self, inputs, states, training=False):
        h, c = states
        recalled = h
        if training and self.dropout:
            inputs = inputs * self.get_dropout_mask(inputs)
        if training and self.recurrent_dropout:
            recalled = h * self.get_recurrent_dropout_mask(h)
        look = keras.ops.multiply if self.peephole == "diagonal" else keras.ops.matmul
        z = keras.ops.matmul(inputs, self.kernel)
        z = z + keras.ops.matmul(recalled, self.recurrent_kernel) + self.bias
        i, f, g, o = keras.ops.split(z, 4, axis=-1)
        i = keras.ops.sigmoid(i + look(c, self.to_input))
        f = keras.ops.sigmoid(f + look(c, self.to_forget))
        c = f * c + i * keras.ops.tanh(g)
        o = keras.ops.sigmoid(o + look(c, self.to_output))
        h = o * keras.ops.tanh(c)
        return h, [h, c]

    def get_config(self):
        return {**super().get_config(), "peephole": self.peephole}


def last_step(y, mask):
    """The output at the last real token: [B, T, D] to [B, D]."""
    last = keras.ops.sum(keras.ops.cast(mask, "int32"), axis=1) - 1
    return keras.ops.take_along_axis(y, last[:, None, None], axis=1)[:, 0]


def masked_mean(y, mask):
    """The mean over the real tokens: [B, T, D] to [B, D]."""
    real = keras.ops.cast(mask, y.dtype)[..., None]
    return keras.ops.sum(y * real, axis=1) / keras.ops.sum(real, axis=1)


def masked_max(y, mask):
    """The largest value of each feature over the real tokens: [B, T, D] to [B, D]."""
    return keras.ops.max(keras.ops.where(mask[..., None], y, -float("inf")), axis=1)


def attention_pooling(y, mask, units):
    """A learned weighted mean over the real tokens (Yang et al., NAACL 2016)."""
    keys = keras.layers.Dense(units, activation="tanh", name="attention_keys")(y)
    scores = keras.layers.Dense(1, use_bias=False, name="attention_context")(keys)
    scores = keras.ops.where(mask[..., None], scores, -1e9)
    powers = keras.ops.exp(scores - keras.ops.max(scores, axis=1, keepdims=True))
    return keras.ops.sum(powers * y, axis=1) / keras.ops.sum(powers, axis=1)


def load_weights(model, path, names):
    """Give a model the arrays of a .weights.h5 file, in the order of its layers."""
    with h5py.File(path) as file:
        model.set_weights([file["layers"][name][:] for name in names])
