"""Every cell of the union, in every variant its fields allow: Keras against the NumPy equations.

What `rnn verify` checks, and that alone stands in `rnncli.study.verify`: outputs, states and
gradients in float64 (on TensorFlow; float32 elsewhere), masked and unmasked, in every layout. A new
member of the union is tested without writing a test.
Shape letters: B batch, T time, D features, U units.
"""

from __future__ import annotations

import zlib
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from rnncli.cells import CELLS, Cell, CellSpec
from rnncli.cells.replay import replay
from rnncli.study.verify import CHECKS, applies, verify_one
from tests.variants import named, variants

B, T, D, U = 5, 4, 3, 2
LENGTHS = (4, 1, 3, 4, 2)
EXACT = keras.backend.backend() == "tensorflow"
DTYPE = "float64" if EXACT else "float32"
"""Keras 3.15 has no float64 on JAX and PyTorch: there the layers compute in float32."""
FORWARD = 1e-12 if EXACT else 3e-6

# Weights are set here, so that how they start makes no difference.
BEGINNINGS = frozenset({"unit_forget_bias", "chrono"})
CASES = named(case for cell in CELLS for case in variants(cell, CellSpec, BEGINNINGS, units=U))
every_cell = pytest.mark.parametrize("case", CASES)
pytestmark = pytest.mark.usefixtures("float64")

Array = NDArray[np.float64]


def spec_of(case: dict[str, Any], **settings: Any) -> CellSpec:
    """The spec as a config would give it."""
    spec: CellSpec = TypeAdapter(Cell).validate_python({**case, **settings})
    return spec


@every_cell
@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_number_of_parameters(case: dict[str, Any], bidirectional: bool) -> None:
    spec = spec_of(case, bidirectional=bidirectional)
    layer = spec.make_layer(return_sequences=False, return_state=False, name="layer")
    layer = keras.layers.Bidirectional(layer) if bidirectional else layer
    layer.build((None, T, D))
    assert spec.parameters(D) == layer.count_params()


def random_for(case: dict[str, Any]) -> np.random.Generator:
    """Random numbers of the case's own."""
    return np.random.default_rng(zlib.crc32(repr(case).encode()))


def normal(random: np.random.Generator, *shape: int) -> Array:
    """Normal numbers that the layers' type can hold exactly."""
    return random.normal(size=shape).astype(DTYPE).astype(np.float64)


def filled(layer: Any, random: np.random.Generator) -> Any:
    """The layer, built for [B, T, D], with random weights."""
    layer.build((B, T, D))
    layer.set_weights([0.7 * normal(random, *w.shape) for w in layer.get_weights()])
    return layer


def called(layer: Any, x: Any) -> list[Any]:
    """The layer's outputs, as NumPy arrays."""
    result = layer(keras.ops.array(x, DTYPE))
    flat = result if isinstance(result, list | tuple) else [result]
    return [keras.ops.convert_to_numpy(part) for part in flat]


def assert_equal(found: Array, expected: Array) -> None:
    """Equal to what the type leaves."""
    np.testing.assert_allclose(found, expected, rtol=0, atol=FORWARD)


def test_each_cell_of_the_union_is_here() -> None:
    assert {case.values[0]["cell"] for case in CASES} == {
        cell.model_fields["cell"].annotation.__args__[0] for cell in CELLS
    }
    assert len(CASES) > len(CELLS)


@every_cell
@pytest.mark.parametrize(
    "check",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name in ("exported", "ONNX") else [])
        for name in CHECKS
        if name != "compiled"
    ],
)
def test_keras_computes_the_equations(case: dict[str, Any], check: str) -> None:
    """Outputs, states and gradients; `compiled` is held to Keras in `tests/layers`."""
    spec = spec_of(case)
    if not applies(spec, check):
        pytest.skip("reads no state, or its extra is not installed")
    found = verify_one(spec, check, keras.backend.backend(), case["cell"])
    assert {finding.quantity for finding in found} >= {"values"}
    for finding in found:
        assert finding.passed, finding


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.__name__)
def test_recurrence_is_what_the_spec_says(cell: type[CellSpec]) -> None:
    """Changing the first token moves the last output exactly when the cell is recurrent."""
    case = next(variants(cell, CellSpec, units=U))
    spec, random = spec_of(case), random_for(case)
    x = normal(random, B, T, D)
    layer = filled(spec.make_layer(return_sequences=False, return_state=False, name="l"), random)
    (before,) = called(layer, x)
    x[:, 0] += 1.0
    (after,) = called(layer, x)
    assert bool(np.abs(after - before).max() > 1e-6) is spec.recurrent


@every_cell
def test_gates_of_the_replay(case: dict[str, Any]) -> None:
    """Gates lie in 0…1, candidates in −1…1, and padding has none."""
    spec, random = spec_of(case), random_for(case)
    mask = np.arange(T) < np.array(LENGTHS)[:, None]
    layer = filled(spec.make_layer(return_sequences=True, return_state=False, name="l"), random)
    gates = replay(spec, layer.get_weights(), normal(random, B, T, D), mask).gates
    assert sorted(gates) == sorted(spec.gate_names)
    for name, gate in gates.items():
        assert gate.shape == (B, T, U)
        assert not gate[~mask].any()
        low = -1.0 if name == "candidate" else 0.0
        assert ((gate[mask] > low) & (gate[mask] < 1)).all()


@every_cell
@pytest.mark.parametrize("backwards", [False, True])
def test_steps_of_the_replay(case: dict[str, Any], backwards: bool) -> None:
    """The states after each step are what reading that far alone ends with."""
    spec, random = spec_of(case), random_for(case)
    mask = np.arange(T) < np.array(LENGTHS)[:, None]
    layer = filled(spec.make_layer(return_sequences=True, return_state=False, name="l"), random)
    x, weights = normal(random, B, T, D), layer.get_weights()
    whole = replay(spec, weights, x, mask, backwards=backwards)
    assert tuple(whole.steps) == spec.state_names
    assert sorted(whole.peepholes) == sorted(spec.peephole_names)
    for t in range(T):
        part = slice(t, None) if backwards else slice(t + 1)
        reached = replay(spec, weights, x[:, part], mask[:, part], backwards=backwards).states
        for name, state in zip(spec.state_names, reached, strict=True):
            assert_equal(whole.steps[name][mask[:, t], t], state[mask[:, t]])


@every_cell
@pytest.mark.parametrize("rate", ["dropout", "recurrent_dropout"])
def test_dropout_acts_in_training_alone(case: dict[str, Any], rate: str) -> None:
    """In training the same features are dropped at every step; outside nothing changes."""
    if rate not in CELLS[0].model_fields and rate not in type(spec_of(case)).model_fields:
        with pytest.raises(ValidationError):
            spec_of(case, **{rate: 0.5})
        return
    spec, plain, random = spec_of(case, **{rate: 0.5}), spec_of(case), random_for(case)
    x = normal(random, 64, T, D)
    dropping = filled(spec.make_layer(return_sequences=True, return_state=False, name="l"), random)
    whole = plain.make_layer(return_sequences=True, return_state=False, name="w")
    whole.build((B, T, D))
    whole.set_weights(dropping.get_weights())
    assert_equal(called(dropping, x)[0], called(whole, x)[0])
    trained = keras.ops.convert_to_numpy(dropping(keras.ops.array(x, DTYPE), training=True))
    assert np.abs(trained - called(whole, x)[0]).max() > 1e-3
    if rate == "dropout":
        # One of the 2³ masks over features, scaled by 1/(1 − rate), explains a whole text.
        masks = 2.0 * np.array(list(np.ndindex(2, 2, 2)))
        weights = whole.get_weights()
        possible = [replay(plain, weights, x * kept).outputs for kept in masks]
        errors = np.abs(trained[None] - np.array(possible)).max(axis=(2, 3))
        assert errors.min(axis=0).max() < 10 * FORWARD
        assert len(set(errors.argmin(axis=0))) > 2


@pytest.mark.parametrize("remember", [True, False])
@pytest.mark.parametrize(
    "cell", [c for c in CELLS if "unit_forget_bias" in c.model_fields], ids=lambda c: c.__name__
)
def test_forget_bias_starts_at_one(cell: type[CellSpec], remember: bool) -> None:
    case = next(variants(cell, CellSpec, BEGINNINGS, units=U))
    layer = spec_of(case, unit_forget_bias=remember).make_layer(
        return_sequences=False, return_state=False, name="l"
    )
    layer.build((B, T, D))
    bias = layer.get_weights()[2]
    np.testing.assert_array_equal(bias, [0, 0, remember, remember, 0, 0, 0, 0])


KEEPING = {"lstm": (1, 0), "peephole_lstm": (1, 0), "gru": (0, None)}
"""By cell: which columns of the bias belong to the gate that keeps, and to the one that takes."""


@pytest.mark.parametrize("case", [c for c in CASES if c.values[0]["cell"] in KEEPING])
def test_chrono_gates_remember_two_to_so_many_steps(case: dict[str, Any]) -> None:
    """σ(b) = 1 − 1/τ of the keeping gate, τ in 2…T over the units; all other biases are 0."""
    units, steps = 200, 50
    spec = spec_of({**case, "units": units}, chrono=steps)
    layer = spec.make_layer(return_sequences=False, return_state=False, name="l")
    layer.build((B, T, D))
    bias = np.array(layer.get_weights()[2], np.float64)
    first, *others = np.atleast_2d(bias)
    assert not np.any(others)
    gates = np.split(first, spec.gates)
    keeping, taking = KEEPING[spec.cell]
    memories = 1 + np.exp(gates[keeping])
    assert 2 - 1e-5 <= memories.min() < 4 < 25 < np.median(memories) + 5
    assert steps - 5 < memories.max() <= steps + 1e-4
    if taking is not None:
        np.testing.assert_array_equal(gates[taking], -gates[keeping])
    rest = [gate for number, gate in enumerate(gates) if number not in (keeping, taking)]
    assert not np.any(rest)
    again = type(layer).from_config(layer.get_config())
    again.build((B, T, D))
    assert np.any(again.get_weights()[2])


@pytest.mark.parametrize("cell", ["lstm", "peephole_lstm"])
def test_chrono_takes_the_place_of_the_unit_forget_bias(cell: str) -> None:
    with pytest.raises(ValidationError, match="has no effect beside chrono"):
        spec_of({"cell": cell, "units": 2}, chrono=10, unit_forget_bias=False)
