"""One cell in one layout: Keras layers with random weights, beside the equations as their oracle.

The oracle is the cell's NumPy `step`, run over texts by `rnncli.cells.replay` in float64; its
derivatives come from complex steps, so that nothing of the backend's is on the expected side.
Shape letters: B batch, T time, D features, U units.
"""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncli.cells.replay import Replay, merged, replay
from rnncli.study.autodiff import complex_step, values_and_gradients
from rnncli.study.exports import EXPORTS
from rnncli.weights import load_weights, save_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rnncli.cells import CellSpec

    Array = NDArray[Any]

__all__ = ["UNITS", "Layout", "Trial", "expected_values"]

B, T, D, UNITS = 5, 4, 3, 2
LENGTHS = (4, 1, 3, 4, 2)
"""Right-padded texts, one of a single token."""


@dataclass(frozen=True)
class Layout:
    """How a cell is laid out over time."""

    bidirectional: bool = False
    merge_mode: str = "concat"
    backwards: bool = False
    """Alone from the last token to the first (Keras' `go_backwards`)."""
    depth: int = 1
    given_states: bool = False
    """From random initial states instead of zeros."""
    compiled: bool = False
    """By `rnncli.layers.recurrence` on TensorFlow, as one program of XLA's on JAX."""

    @property
    def directions(self) -> tuple[bool, ...]:
        """Of each direction, whether it reads backwards."""
        return (False, True) if self.bidirectional else (self.backwards,)


def expected_values(
    spec: CellSpec,
    layout: Layout,
    weights: Sequence[Array],
    x: Array,
    mask: NDArray[np.bool_] | None,
    states: Sequence[Array] = (),
) -> list[Array]:
    """The top layer's outputs [B, T, ·] and final states, by the equations.

    Args:
        spec: the cell.
        layout: how it is laid out.
        weights: of all layers and directions, in Keras' order.
        x: inputs [B, T, D].
        mask: True at real tokens [B, T], or None.
        states: the first layer's initial states, of each direction; zeros if empty.
    """
    runs: list[Replay] = []
    share = len(weights) // (layout.depth * len(layout.directions))
    carried = len(spec.state_names)
    for depth in range(layout.depth):
        runs = []
        for number, backwards in enumerate(layout.directions):
            start = (depth * len(layout.directions) + number) * share
            given = states[number * carried : (number + 1) * carried] if not depth else ()
            runs.append(
                replay(
                    spec,
                    weights[start : start + share],
                    x,
                    mask,
                    backwards=backwards,
                    initial_state=given or None,
                )
            )
        x = merged([run.outputs for run in runs], layout.merge_mode)
    return [x, *(state for run in runs for state in run.states)]


class Trial:
    """One cell in one layout: a stack of Keras layers with random weights, and its oracle."""

    def __init__(self, spec: CellSpec, layout: Layout, *, masked: bool = True) -> None:
        """Build the layers, in the dtype of Keras' policy."""
        import keras

        self.spec, self.layout = spec, layout
        self.dtype = keras.config.dtype_policy().compute_dtype
        seed = zlib.crc32(repr((spec, layout, masked)).encode())
        self.random = np.random.default_rng(seed)
        self.mask = np.arange(T) < np.array(LENGTHS)[:, None] if masked else None
        self.x = self._normal(B, T, D)
        self.layers = layers_of(spec, layout)
        for layer in self.layers:
            layer.set_weights([0.7 * self._normal(*w.shape) for w in layer.get_weights()])
        count = len(layout.directions) * len(spec.state_names) if layout.given_states else 0
        self.states = [self._normal(B, spec.units) for _ in range(count)]

    @property
    def variables(self) -> list[Any]:
        """Keras' variables, in the order of `expected_values`' weights."""
        return [variable for layer in self.layers for variable in layer.trainable_variables]

    def compute(self, tensors: list[Any]) -> list[Any]:
        """The top layer's outputs, in the text's own order, and states, by Keras."""
        import keras

        x, *given = tensors
        mask = None if self.mask is None else keras.ops.convert_to_tensor(self.mask)
        flat: list[Any] = []
        for depth, layer in enumerate(self.layers):
            initial = {"initial_state": given} if given and not depth else {}
            flat = list(layer(x, mask=mask, **initial))
            if self.layout.backwards:
                flat[0] = keras.ops.flip(flat[0], axis=1)
            x = flat[0]
        return flat

    def pairs(self) -> tuple[list[tuple[Array, Array]], list[tuple[float, float]]]:
        """Found and expected: outputs at real tokens and states; gradients along a direction each.

        The gradients are those of a random sum of all these values, by the inputs, the initial
        states and each weight.
        """
        point = [np.asarray(a, np.float64) for a in (self.x, *self.states, *self._weights())]
        first = 1 + len(self.states)

        def oracle(point: Sequence[Array]) -> list[Array]:
            return expected_values(
                self.spec, self.layout, point[first:], point[0], self.mask, point[1:first]
            )

        expected = oracle(point)
        real = np.ones((B, T), bool) if self.mask is None else self.mask
        factors = [self._normal(*value.shape) for value in expected]
        factors[0] = factors[0] * real[..., None].astype(self.dtype)
        values, slopes = values_and_gradients(
            self.compute,
            [self.x, *self.states],
            self.variables,
            factors,
            graph=self.layout.compiled,
        )
        found = [(values[0][real], expected[0][real])]
        found += list(zip(values[1:], expected[1:], strict=True))
        directions = [self._unit(array.shape) for array in point]

        def loss(point: Sequence[Array]) -> Any:
            return sum((v * f).sum() for v, f in zip(oracle(point), factors, strict=True))

        wanted = complex_step(loss, point, directions)
        moved = [float((s * d).sum()) for s, d in zip(slopes, directions, strict=True)]
        return found, list(zip(moved, wanted, strict=True))

    def reloaded(self) -> list[tuple[Array, Array]]:
        """The values of weights saved and read back into new layers, and those before."""
        import keras

        again = Trial(self.spec, self.layout, masked=self.mask is not None)
        for layer in again.layers:
            layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "model.weights.h5"
            save_weights(self._model(), file)
            load_weights(again._model(), file)
        tensors = [keras.ops.convert_to_tensor(array) for array in (self.x, *self.states)]
        convert = keras.ops.convert_to_numpy
        return [
            (np.array(convert(found)), np.array(convert(before)))
            for found, before in zip(again.compute(tensors), self.compute(tensors), strict=True)
        ]

    def exported(self, check: str) -> list[tuple[Array, Array]]:
        """Outputs and states of the layers after one of `EXPORTS`, and those of the equations."""
        found = EXPORTS[check](self._model(), self._padded())
        return self._against_the_equations(found)

    def last_alone(self) -> tuple[Array, Array]:
        """The output of a layer without `return_sequences`, and the final states h, merged."""
        import keras

        layer = layers_of(self.spec, self.layout, return_sequences=False)[0]
        layer.set_weights(self.layers[0].get_weights())
        mask = None if self.mask is None else keras.ops.convert_to_tensor(self.mask)
        output, *_ = layer(keras.ops.convert_to_tensor(self.x), mask=mask)
        weights = [np.asarray(array, np.float64) for array in layer.get_weights()]
        x = np.asarray(self.x, np.float64)
        _, *states = expected_values(self.spec, self.layout, weights, x, self.mask)
        ends = states[:: len(self.spec.state_names)]
        return np.array(keras.ops.convert_to_numpy(output)), merged(ends, self.layout.merge_mode)

    def _model(self) -> Any:
        """From inputs, of which a step of zeros is padding, to outputs and states."""
        import keras

        inputs = keras.Input((T, D), dtype=self.dtype)
        flat = [inputs if self.mask is None else keras.layers.Masking()(inputs)]
        for layer in self.layers:
            flat = list(layer(flat[0]))
        return keras.Model(inputs, flat)

    def _padded(self) -> Array:
        """The inputs, zeros at padding."""
        return self.x if self.mask is None else self.x * self.mask[..., None].astype(self.dtype)

    def _against_the_equations(self, found: Sequence[Any]) -> list[tuple[Array, Array]]:
        """Pairs of found and expected: outputs at real tokens, then states."""
        x = np.asarray(self.x, np.float64)
        expected, *ends = expected_values(self.spec, self.layout, self._weights(), x, self.mask)
        outputs, *states = map(np.asarray, found)
        real = np.ones((B, T), bool) if self.mask is None else self.mask
        return [(outputs[real], expected[real]), *zip(states, ends, strict=True)]

    def _weights(self) -> list[Array]:
        """Of all layers, in float64."""
        return [np.asarray(w, np.float64) for layer in self.layers for w in layer.get_weights()]

    def _normal(self, *shape: int) -> Array:
        """Normal numbers that the layers' type holds exactly."""
        return self.random.normal(size=shape).astype(self.dtype)

    def _unit(self, shape: tuple[int, ...]) -> Array:
        direction = self.random.normal(size=shape)
        return np.asarray(direction / np.linalg.norm(direction))


def layers_of(spec: CellSpec, layout: Layout, *, return_sequences: bool = True) -> list[Any]:
    """A stack of Keras layers, built, that return their states."""
    import keras

    layers, features = [], D
    compiled = layout.compiled and spec.compiles
    for depth in range(layout.depth):
        layer = spec.make_layer(
            return_sequences=return_sequences,
            return_state=True,
            name=f"layer_{depth}",
            compiled=compiled,
        )
        if layout.backwards:
            layer = type(layer).from_config({**layer.get_config(), "go_backwards": True})
        if layout.bidirectional:
            layer = keras.layers.Bidirectional(layer, merge_mode=layout.merge_mode)
        layer.build((B, T, features))
        features = spec.units * (2 if layout.bidirectional and layout.merge_mode == "concat" else 1)
        layers.append(layer)
    return layers
