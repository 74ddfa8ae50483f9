"""Every cell of the union, in every variant its fields allow: Keras against the NumPy equations.

In float64 (on TensorFlow; float32 elsewhere): outputs, states and gradients, masked and unmasked,
both directions, every merge mode, from zero and from given states. A new member of the union is
tested without writing a test.
Shape letters: B batch, T time, D features, U units.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from rnncli.cells import CELLS, Cell, CellSpec
from rnncli.cells.replay import Replay, replay
from tests.autodiff import finite_differences, gradients
from tests.variants import named, variants

B, T, D, U = 5, 4, 3, 2
LENGTHS = (4, 1, 3, 4, 2)
EXACT = keras.backend.backend() == "tensorflow"
DTYPE = "float64" if EXACT else "float32"
"""Keras 3.15 has no float64 on JAX and PyTorch: there the layers compute in float32."""
FORWARD = 1e-12 if EXACT else 3e-6
GRADIENT = 1e-9 if EXACT else 2e-5
MERGE_MODES = ("concat", "sum", "mul", "ave")

# Weights are set here, so that how they start makes no difference.
BEGINNINGS = frozenset({"unit_forget_bias", "chrono"})
CASES = named(case for cell in CELLS for case in variants(cell, CellSpec, BEGINNINGS, units=U))
every_cell = pytest.mark.parametrize("case", CASES)
both_masks = pytest.mark.parametrize("masked", [True, False], ids=["masked", "unmasked"])
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


def mask_for(masked: bool) -> NDArray[np.bool_] | None:
    """Right-padded texts, one of a single token; or None."""
    return np.arange(T) < np.array(LENGTHS)[:, None] if masked else None


def oracle(
    spec: CellSpec,
    weights: Sequence[Array],
    x: Array,
    mask: NDArray[np.bool_] | None,
    states: Sequence[Array] | None = None,
) -> list[Replay]:
    """The replay of each direction."""
    weights = [weight.astype(np.float64) for weight in weights]
    share = len(weights) // spec.directions
    carried = len(spec.state_names)
    return [
        replay(
            spec,
            weights[direction * share : (direction + 1) * share],
            x,
            mask,
            backwards=direction == 1,
            initial_state=states[direction * carried : (direction + 1) * carried]
            if states
            else None,
        )
        for direction in range(spec.directions)
    ]


def merged(runs: Sequence[Replay], mode: str) -> Array:
    """The directions' outputs as one, as the words of the merge mode say."""
    outputs = [run.outputs for run in runs]
    if len(outputs) == 1:
        return outputs[0]
    one, two = outputs
    return {
        "concat": lambda: np.concatenate([one, two], axis=-1),
        "sum": lambda: one + two,
        "mul": lambda: one * two,
        "ave": lambda: (one + two) / 2,
    }[mode]()


def called(layer: Any, x: Any, mask: Any, states: Sequence[Array] | None = None) -> list[Any]:
    """The layer's outputs, as NumPy arrays."""
    extra = {} if states is None else {"initial_state": [keras.ops.array(s, DTYPE) for s in states]}
    result = layer(
        keras.ops.array(x, DTYPE), mask=None if mask is None else keras.ops.array(mask), **extra
    )
    flat = result if isinstance(result, list | tuple) else [result]
    return [keras.ops.convert_to_numpy(part) for part in flat]


def assert_equal(found: Array, expected: Array, mask: NDArray[np.bool_] | None = None) -> None:
    """Equal at the real tokens, to what float64 leaves."""
    if mask is not None:
        found, expected = found[mask], expected[mask]
    np.testing.assert_allclose(found, expected, rtol=0, atol=FORWARD)


def test_each_cell_of_the_union_is_here() -> None:
    assert {case.values[0]["cell"] for case in CASES} == {
        cell.model_fields["cell"].annotation.__args__[0] for cell in CELLS
    }
    assert len(CASES) > len(CELLS)


@every_cell
@both_masks
def test_forward_outputs_and_states(case: dict[str, Any], masked: bool) -> None:
    spec, random, mask = spec_of(case), random_for(case), mask_for(masked)
    x = normal(random, B, T, D)
    layer = filled(spec.make_layer(return_sequences=True, return_state=True, name="l"), random)
    outputs, *states = called(layer, x, mask)
    (run,) = oracle(spec, layer.get_weights(), x, mask)
    assert outputs.dtype == DTYPE
    assert_equal(outputs, run.outputs, mask)
    assert len(states) == len(spec.state_names)
    for found, expected in zip(states, run.states, strict=True):
        assert_equal(found, expected)
    last = spec.make_layer(return_sequences=False, return_state=False, name="last")
    last.build((B, T, D))
    last.set_weights(layer.get_weights())
    assert_equal(called(last, x, mask)[0], run.states[0])


@every_cell
@pytest.mark.parametrize(
    ("mode", "masked"), [*((mode, True) for mode in MERGE_MODES), ("concat", False)]
)
def test_both_directions(case: dict[str, Any], mode: str, masked: bool) -> None:
    spec = spec_of(case, bidirectional=True, merge_mode=mode)
    random, mask = random_for(case), mask_for(masked)
    x = normal(random, B, T, D)
    inner = spec.make_layer(return_sequences=True, return_state=True, name="l")
    layer = filled(keras.layers.Bidirectional(inner, merge_mode=mode), random)
    outputs, *states = called(layer, x, mask)
    runs = oracle(spec, layer.get_weights(), x, mask)
    assert_equal(outputs, merged(runs, mode), mask)
    assert outputs.shape[-1] == spec.output_units
    for found, expected in zip(states, [s for run in runs for s in run.states], strict=True):
        assert_equal(found, expected)


@every_cell
@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both"])
def test_given_initial_states(case: dict[str, Any], bidirectional: bool) -> None:
    spec, random, mask = (
        spec_of(case, bidirectional=bidirectional),
        random_for(case),
        mask_for(True),
    )
    if not spec.recurrent:
        pytest.skip("reads no state")
    x = normal(random, B, T, D)
    layer = spec.make_layer(return_sequences=True, return_state=True, name="l")
    layer = filled(keras.layers.Bidirectional(layer) if bidirectional else layer, random)
    given = [normal(random, B, U) for _ in range(spec.directions * len(spec.state_names))]
    outputs, *states = called(layer, x, mask, given)
    runs = oracle(spec, layer.get_weights(), x, mask, given)
    assert_equal(outputs, merged(runs, "concat"), mask)
    for found, expected in zip(states, [s for run in runs for s in run.states], strict=True):
        assert_equal(found, expected)
    zeros = oracle(spec, layer.get_weights(), x, mask)
    assert max(abs(a.outputs - b.outputs).max() for a, b in zip(runs, zeros, strict=True)) > 1e-3


@every_cell
@both_masks
def test_gradients(case: dict[str, Any], masked: bool) -> None:
    """With respect to inputs and every weight of both directions, by central differences."""
    spec = spec_of(case, bidirectional=True)
    random, mask = random_for(case), mask_for(masked)
    x = normal(random, B, T, D)
    inner = spec.make_layer(return_sequences=True, return_state=True, name="l")
    layer = filled(keras.layers.Bidirectional(inner), random)
    real = np.ones((B, T), bool) if mask is None else mask
    by_output = normal(random, B, T, 2 * U) * real[..., None]
    by_state = [normal(random, B, U) for _ in range(2 * len(spec.state_names))]

    def of_keras(layer: Any, inputs: Any) -> Any:
        outputs, *states = layer(inputs, mask=None if mask is None else keras.ops.array(mask))
        pairs = zip([outputs, *states], [by_output, *by_state], strict=True)
        return sum(keras.ops.sum(value * keras.ops.array(factor, DTYPE)) for value, factor in pairs)

    def of_equations(point: Sequence[Array]) -> float:
        runs = oracle(spec, point[1:], point[0], mask)
        values = [merged(runs, "concat"), *(state for run in runs for state in run.states)]
        return float(
            sum((v * f).sum() for v, f in zip(values, [by_output, *by_state], strict=True))
        )

    by_input, by_weight = gradients(layer, of_keras, x.astype(DTYPE))
    expected = finite_differences(
        of_equations, [x, *(w.astype(np.float64) for w in layer.get_weights())]
    )
    for found, wanted in zip([by_input, *by_weight], expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=GRADIENT, atol=GRADIENT)
        assert np.abs(wanted).max() > 1e-3
    if mask is not None:
        assert not by_input[~mask].any()


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.__name__)
def test_recurrence_is_what_the_spec_says(cell: type[CellSpec]) -> None:
    """Changing the first token moves the last output exactly when the cell is recurrent."""
    case = next(variants(cell, CellSpec, units=U))
    spec, random = spec_of(case), random_for(case)
    x = normal(random, B, T, D)
    layer = filled(spec.make_layer(return_sequences=False, return_state=False, name="l"), random)
    (before,) = called(layer, x, None)
    x[:, 0] += 1.0
    (after,) = called(layer, x, None)
    assert bool(np.abs(after - before).max() > 1e-6) is spec.recurrent


@every_cell
def test_gates_of_the_replay(case: dict[str, Any]) -> None:
    """Gates lie in 0…1, candidates in −1…1, and padding has none."""
    spec, random, mask = spec_of(case), random_for(case), mask_for(True)
    layer = filled(spec.make_layer(return_sequences=True, return_state=False, name="l"), random)
    gates = oracle(spec, layer.get_weights(), normal(random, B, T, D), mask)[0].gates
    assert mask is not None
    for name, gate in gates.items():
        assert gate.shape == (B, T, U)
        assert not gate[~mask].any()
        low = -1.0 if name == "candidate" else 0.0
        assert ((gate[mask] > low) & (gate[mask] < 1)).all()


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
    assert_equal(called(dropping, x, None)[0], called(whole, x, None)[0])
    trained = keras.ops.convert_to_numpy(dropping(keras.ops.array(x, DTYPE), training=True))
    assert np.abs(trained - called(whole, x, None)[0]).max() > 1e-3
    if rate == "dropout":
        # One of the 2³ masks over features, scaled by 1/(1 − rate), explains a whole text.
        masks = 2.0 * np.array(list(np.ndindex(2, 2, 2)))
        weights = whole.get_weights()
        possible = [oracle(plain, weights, x * kept, None)[0].outputs for kept in masks]
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
