"""The peephole LSTM (Gers & Schmidhuber, Recurrent nets that time and count, IJCNN 2000)."""

from __future__ import annotations

import functools
from typing import Any

import keras
from keras import ops

from rnncli.layers.chrono import ChronoBias
from rnncli.layers.compiled_loop import CompiledLoop
from rnncli.layers.equations import Equations, Tensors, product_over_steps
from rnncli.layers.lstm import local_slopes

__all__ = ["PeepholeLSTM", "PeepholeLSTMCell"]


@keras.saving.register_keras_serializable(package="rnncli")
class PeepholeLSTMCell(keras.layers.Layer):
    """One step of the peephole LSTM.

    Weights as in `keras.layers.LSTMCell` (columns i, f, g, o), then the peepholes of i, f and o:
    [U] each when `peephole` is `diagonal`, [U, U] when it is `full`.
    """

    def __init__(
        self,
        units: int,
        peephole: str = "diagonal",
        unit_forget_bias: bool = True,
        chrono: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.peephole = peephole
        self.unit_forget_bias = unit_forget_bias
        self.chrono = chrono
        self.state_size = [units, units]
        self.output_size = units
        self.recurrent_mask: Any | None = None

    def build(self, inputs_shape: tuple[int | None, ...]) -> None:
        """Create the weights for inputs [B, D]."""
        units, features = self.units, inputs_shape[-1]
        self.kernel = self.add_weight(
            shape=(features, 4 * units), initializer="glorot_uniform", name="kernel"
        )
        self.recurrent_kernel = self.add_weight(
            shape=(units, 4 * units), initializer="orthogonal", name="recurrent_kernel"
        )
        self.bias = self.add_weight(
            shape=(4 * units,), initializer=self._bias_initializer, name="bias"
        )
        shape = (units,) if self.peephole == "diagonal" else (units, units)
        self.peepholes = [
            self.add_weight(
                shape=shape,
                initializer=keras.initializers.RandomUniform(-0.05, 0.05)
                if self.peephole == "diagonal"
                else "glorot_uniform",
                name=f"peephole_{gate}",
            )
            for gate in ("input", "forget", "output")
        ]

    def _bias_initializer(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        if self.chrono is not None:
            return ChronoBias(self.units, self.chrono, keeping=1, taking=0)(shape, dtype)
        bias = ops.zeros(shape, dtype)
        if not self.unit_forget_bias:
            return bias
        forget = ops.ones((self.units,), dtype)
        return ops.slice_update(bias, (self.units,), forget)

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        """Inputs [B, D] and states h, c [B, U] to h and the new states."""
        h, c = states
        look = ops.multiply if self.peephole == "diagonal" else ops.matmul
        to_input, to_forget, to_output = self.peepholes
        recalled = h if self.recurrent_mask is None else h * self.recurrent_mask
        z = ops.matmul(inputs, self.kernel) + ops.matmul(recalled, self.recurrent_kernel)
        i, f, g, o = ops.split(z + self.bias, 4, axis=-1)
        i = ops.sigmoid(i + look(c, to_input))
        f = ops.sigmoid(f + look(c, to_forget))
        c = f * c + i * ops.tanh(g)
        o = ops.sigmoid(o + look(c, to_output))
        h = o * ops.tanh(c)
        return h, [h, c]

    def get_config(self) -> dict[str, Any]:
        """What Keras needs to build the cell again."""
        return {
            **super().get_config(),
            "units": self.units,
            "peephole": self.peephole,
            "unit_forget_bias": self.unit_forget_bias,
            "chrono": self.chrono,
        }


class _Equations(Equations):
    """The cell's step for `recurrence`.

    Its weights are the recurrent kernel [U, 4U], columns i, f, g, o, then the peepholes of i, f, o.
    """

    states = 2
    kept = (4, 1, 1)

    def __init__(self, peephole: str) -> None:
        """Of `diagonal` or `full` peepholes."""
        self._diagonal = peephole == "diagonal"

    def forward(self, z: Any, before: Any, weights: Any) -> Any:
        """See `Equations`; kept are the step's `local_slopes`."""
        h, c = before
        recurrent_kernel, to_input, to_forget, to_output = weights
        i, f, g, o = ops.split(z + ops.matmul(h, recurrent_kernel), 4, axis=-1)
        i = ops.sigmoid(i + self._look(c, to_input))
        f = ops.sigmoid(f + self._look(c, to_forget))
        g = ops.tanh(g)
        after = f * c + i * g
        o = ops.sigmoid(o + self._look(after, to_output))
        seen = ops.tanh(after)
        return [o * seen, after], local_slopes((i, f, g, o), c, seen)

    def backward(self, kept: Any, before: Any, after: Any, slopes: Any, turned: Any) -> Any:
        """See `Equations`."""
        by_gates, h_by_c, f = kept
        recurrent_kernel, to_input, to_forget, to_output = turned
        by_h, by_c = slopes
        units = by_h.shape[-1]
        by_o = by_h * by_gates[:, 3 * units :]
        by_c = by_c + by_h * h_by_c + self._look(by_o, to_output)
        by_z = by_gates * ops.concatenate([by_c, by_c, by_c, by_h], axis=-1)
        by_i, by_f = by_z[:, :units], by_z[:, units : 2 * units]
        by_c = by_c * f + self._look(by_i, to_input) + self._look(by_f, to_forget)
        return [by_z], [ops.matmul(by_z, recurrent_kernel), by_c]

    def weight_slopes(self, slopes: Any, kept: Any, before: Any, after: Any) -> Any:
        """See `Equations`."""
        by_i, by_f, _, by_o = ops.split(slopes[0], 4, axis=-1)
        looked = ((before[1], by_i), (before[1], by_f), (after[1], by_o))
        by_recurrent = product_over_steps(before[0], slopes[0])
        return [by_recurrent, *(self._by_peephole(*pair) for pair in looked)]

    def _look(self, state: Any, peephole: Any) -> Any:
        return state * peephole if self._diagonal else ops.matmul(state, peephole)

    def _by_peephole(self, state: Any, slope: Any) -> Any:
        if self._diagonal:
            return ops.sum(state * slope, axis=0)
        return product_over_steps(state, slope)


_equations = functools.cache(_Equations)


@keras.saving.register_keras_serializable(package="rnncli")
class PeepholeLSTM(CompiledLoop, keras.layers.RNN):
    """`PeepholeLSTMCell` over time, with the arguments of `keras.layers.LSTM`.

    Dropout masks are drawn once for a text and kept over its steps (Gal & Ghahramani 2016),
    as Keras' own layers do.
    """

    def __init__(
        self,
        units: int,
        peephole: str = "diagonal",
        unit_forget_bias: bool = True,
        chrono: int | None = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        compiled: bool = False,
        **kwargs: Any,
    ) -> None:
        cell = PeepholeLSTMCell(
            units,
            peephole=peephole,
            unit_forget_bias=unit_forget_bias,
            chrono=chrono,
            dtype=kwargs.get("dtype"),
            name="peephole_lstm_cell",
        )
        super().__init__(cell, **kwargs)
        self.units = units
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.compiled = compiled
        self.seed_generator = keras.random.SeedGenerator()

    def call(
        self,
        sequences: Any,
        initial_state: Any | None = None,
        mask: Any | None = None,
        training: bool = False,
    ) -> Any:
        """[B, T, D] to [B, T, U] or [B, U], then h and c [B, U] with `return_state`."""
        batch, _, features = ops.shape(sequences)
        if training and self.dropout:
            sequences = keras.random.dropout(
                sequences, self.dropout, noise_shape=(batch, 1, features), seed=self.seed_generator
            )
        if training and self.recurrent_dropout:
            ones = ops.ones((batch, self.cell.units), dtype=self.compute_dtype)
            self.cell.recurrent_mask = keras.random.dropout(
                ones, self.recurrent_dropout, seed=self.seed_generator
            )
        try:
            return super().call(sequences, initial_state, mask=mask, training=training)
        finally:
            self.cell.recurrent_mask = None

    def recurrence(self) -> tuple[Equations, Tensors]:
        """See `CompiledLoop`."""
        cell = self.cell
        weights = (cell.kernel, cell.bias, cell.recurrent_kernel, *cell.peepholes)
        return _equations(cell.peephole), weights

    def features_dropped(self, sequences: Any, training: bool) -> Any:
        """As they are: `call` drops them."""
        return sequences

    def state_dropped(self, state: Any) -> Any:
        """What `call` drew."""
        return self.cell.recurrent_mask

    def get_config(self) -> dict[str, Any]:
        """What Keras needs to build the layer again."""
        config = super().get_config()
        del config["cell"]
        return {
            **config,
            "units": self.cell.units,
            "peephole": self.cell.peephole,
            "unit_forget_bias": self.cell.unit_forget_bias,
            "chrono": self.cell.chrono,
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "compiled": self.compiled,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> PeepholeLSTM:
        """Build the layer from `get_config`'s answer."""
        return cls(**config)
