"""Every readout of the union against NumPy, text by text, cut to its real tokens.

The oracle sees one text at a time without any padding, so that a readout that lets padding or a
neighbour in cannot agree with it. Shape letters: B batch, T time, D features.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from rnncli.readouts import READOUTS, ReadoutSpec
from tests.variants import named, variants

B, T, D = 5, 6, 3
LENGTHS = np.array((6, 1, 4, 2, 5))
EXACT = keras.backend.backend() == "tensorflow"
DTYPE = "float64" if EXACT else "float32"
"""Keras 3.15 has no float64 on JAX and PyTorch."""
CLOSE = 1e-13 if EXACT else 3e-6
MASK = np.arange(T) < LENGTHS[:, None]
CASES = named(case for readout in READOUTS for case in variants(readout, ReadoutSpec))
every_readout = pytest.mark.parametrize("case", CASES)
pytestmark = pytest.mark.usefixtures("float64")

Array = NDArray[np.float64]
numpy = keras.ops.convert_to_numpy
Vectors = list[Array]


def last(h: Array, states: list[Vectors], weights: Vectors) -> Array:
    return h[-1]


def mean(h: Array, states: list[Vectors], weights: Vectors) -> Array:
    return sum(h) / len(h)  # type: ignore[return-value]


def maximum(h: Array, states: list[Vectors], weights: Vectors) -> Array:
    return np.array([max(step[d] for step in h) for d in range(h.shape[1])])


def attention(h: Array, states: list[Vectors], weights: Vectors) -> Array:
    """Yang et al. 2016, equations 5 to 7."""
    kernel, bias, context = weights
    scores = [float((np.tanh(step @ kernel + bias) @ context)[0]) for step in h]
    powers = [np.exp(score) for score in scores]
    return sum(p / sum(powers) * step for p, step in zip(powers, h, strict=True))  # type: ignore[return-value]


def state(which: str) -> Any:
    def concatenated(h: Array, states: list[Vectors], weights: Vectors) -> Array:
        wanted = {"h": (0,), "c": (1,), "both": (0, 1)}[which]
        return np.concatenate([direction[k] for direction in states for k in wanted])

    return concatenated


def oracle_of(case: dict[str, Any]) -> Any:
    if case["name"] == "state":
        return state(case["states"])
    return {"last": last, "mean": mean, "max": maximum, "attention": attention}[case["name"]]


def spec_of(case: dict[str, Any]) -> ReadoutSpec:
    kinds = {kind.model_fields["name"].annotation.__args__[0]: kind for kind in READOUTS}
    return kinds[case["name"]](**case)


def network(spec: ReadoutSpec, random: np.random.Generator) -> keras.Model:
    """The readout alone: sequences, mask and two directions' h and c to vectors."""
    sequences = keras.Input((None, D), dtype=DTYPE)
    mask = keras.Input((None,), dtype="bool")
    states = [[keras.Input((D,), dtype=DTYPE) for _ in "hc"] for _ in range(2)]
    vector = spec.apply(sequences, states, mask, sequences=True)
    model = keras.Model([sequences, mask, states], vector)
    model.set_weights([random.normal(size=w.shape) for w in model.get_weights()])
    return model


@every_readout
@pytest.mark.parametrize("scale", [1.0, 1e5], ids=["small", "large"])
def test_against_numpy(case: dict[str, Any], scale: float) -> None:
    random = np.random.default_rng(3)
    model = network(spec_of(case), random)
    h = scale * random.normal(size=(B, T, D))
    h[2] = -np.abs(h[2])  # a text whose greatest value is far below any padding
    states = [[random.normal(size=(B, D)) for _ in "hc"] for _ in range(2)]
    found = numpy(model([h, MASK, states]))
    for row, length in enumerate(LENGTHS):
        own = [[part[row] for part in direction] for direction in states]
        expected = oracle_of(case)(h[row, :length], own, model.get_weights())
        np.testing.assert_allclose(found[row], expected, rtol=CLOSE, atol=CLOSE * scale)


@every_readout
def test_the_reading_in_numpy_is_that_of_keras(case: dict[str, Any]) -> None:
    random = np.random.default_rng(7)
    spec = spec_of(case)
    model = network(spec, random)
    h = random.normal(size=(B, T, D))
    states = [[random.normal(size=(B, D)) for _ in "hc"] for _ in range(2)]
    reading = spec.read(h, states, MASK, model.get_weights(), sequences=True)
    np.testing.assert_allclose(reading.vector, numpy(model([h, MASK, states])), atol=CLOSE)
    if reading.shares is not None:
        assert not reading.shares[~MASK].any()
        np.testing.assert_allclose(reading.shares.sum(axis=1), 1.0)


@every_readout
def test_padding_has_no_say(case: dict[str, Any]) -> None:
    """Neither what stands in the padding nor how long it is."""
    random = np.random.default_rng(4)
    model = network(spec_of(case), random)
    h = random.normal(size=(B, T, D))
    states = [[random.normal(size=(B, D)) for _ in "hc"] for _ in range(2)]
    plain = numpy(model([h, MASK, states]))
    filled = np.where(MASK[..., None], h, 1e3)
    np.testing.assert_allclose(numpy(model([filled, MASK, states])), plain, atol=CLOSE)
    longer = np.pad(h, ((0, 0), (0, 7), (0, 0)), constant_values=50.0)
    wider = np.pad(MASK, ((0, 0), (0, 7)))
    np.testing.assert_allclose(numpy(model([longer, wider, states])), plain, atol=CLOSE)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("length", [1, 3000])
def test_narrow_types(dtype: str, length: int) -> None:
    """Long texts in half precision: finite, and right to the type's own last digits."""
    from rnncli.layers.readouts import MaskedAttention, MaskedMax, MaskedMean

    h = np.linspace(0.5, 1.0, length * D).reshape(1, length, D)
    h = np.pad(h, ((0, 0), (0, 5), (0, 0)))
    mask = np.arange(length + 5)[None] < length
    digits = {"float16": 2e-3, "bfloat16": 1.6e-2, "float32": 1e-5}[dtype]
    for layer, expected in (
        (MaskedMean(dtype=dtype), h[0, :length].mean(axis=0)),
        (MaskedMax(dtype=dtype), h[0, :length].max(axis=0)),
    ):
        found = numpy(keras.ops.cast(layer(h.astype("float32"), mask), "float32"))[0]
        np.testing.assert_allclose(found, expected, rtol=digits)
    attended = MaskedAttention(4, dtype=dtype)(h.astype("float32"), mask)
    found = numpy(keras.ops.cast(attended, "float32"))[0]
    assert ((found > 0.45) & (found < 1.05)).all()


def test_attention_weights() -> None:
    from rnncli.layers.readouts import MaskedAttention

    random = np.random.default_rng(5)
    layer = MaskedAttention(4)
    weights = layer.build((B, T, D)) or layer.weights_over_time(random.normal(size=(B, T, D)), MASK)
    weights = numpy(weights)
    assert not weights[~MASK].any()
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=CLOSE)
    assert weights[1, 0] == 1.0


@every_readout
def test_layers_can_be_rebuilt_from_their_config(case: dict[str, Any]) -> None:
    random = np.random.default_rng(6)
    model = network(spec_of(case), random)
    for layer in model.layers:
        if type(layer).__module__.startswith("rnncli"):
            again = type(layer).from_config(layer.get_config())
            assert again.get_config() == layer.get_config()
            assert again.compute_output_shape((None, None, D)) == (None, D)
