"""Scope: our recurrence for JAX against the layer's own loop: outputs, states, every gradient.

Masked and unmasked, both directions, stacked, from given states, with every kind of dropout,
several seeds side by side, and padding far beyond the longest text; the layer's own loop is held to
the equations in `tests/cells/test_contract.py`. `RNN_TEST_DEVICE=gpu` tries it on a GPU.
Shape letters: B batch, T time, D features, U units.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from rnncli.cells import CellSpec
from tests.variants import compiled_variants, spec_of

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="it is JAX's")
B, T, D, U = 4, 19, 3, 4
CASES = compiled_variants(U)
KINDS = [case for case in CASES if case.values[0].get("activation", "tanh") == "tanh"]
every_cell = pytest.mark.parametrize("case", CASES)
every_kind = pytest.mark.parametrize("case", KINDS)


@pytest.fixture(autouse=True)
def few_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short chunks, several of them for a few steps."""
    from rnncli.layers import scanning

    monkeypatch.setattr(scanning, "_WRITTEN_OUT", 2)
    monkeypatch.setattr(scanning, "_CHUNKS", 3)


def pair(spec: CellSpec, depth: int = 1, sequences: bool = True) -> list[list[Any]]:
    """The same layers twice, with the same weights: Keras' loop and ours."""
    both = []
    for compiled in (False, True):
        layers, features = [], D
        for number in range(depth):
            layer = spec.make_layer(
                return_sequences=sequences or number < depth - 1,
                return_state=True,
                name=f"layer_{number}",
                compiled=compiled,
            )
            if spec.bidirectional:
                layer = keras.layers.Bidirectional(layer)
            layer.build((None, None, features))
            random = np.random.default_rng(number)
            layer.set_weights([0.4 * random.normal(size=w.shape) for w in layer.get_weights()])
            for state in layer.non_trainable_variables:
                state.assign([7, 8])
            features = U * spec.directions
            layers.append(layer)
        both.append(layers)
    return both


def everything(
    layers: list[Any], x: np.ndarray, mask: np.ndarray | None, states: Any = ()
) -> list[np.ndarray]:
    """Outputs and states of the last layer, then gradients by weights, inputs and states."""
    import jax
    import jax.numpy as jnp

    fixed = [[v.value for v in layer.non_trainable_variables] for layer in layers]

    def outputs(weights: Any, x: Any, states: Any) -> Any:
        value: Any = [x]
        for number, (layer, *own) in enumerate(zip(layers, weights, fixed, strict=True)):
            first = {"initial_state": list(states)} if len(states) and not number else {}
            value, _ = layer.stateless_call(*own, value[0], mask=mask, training=True, **first)
        return value

    def loss(*arguments: Any) -> Any:
        random = np.random.default_rng(5)
        found = outputs(*arguments)
        return sum(jnp.sum(v * random.normal(size=v.shape)) for v in found), found

    weights = [[v.value for v in layer.trainable_variables] for layer in layers]
    slope = jax.jit(jax.grad(loss, argnums=(0, 1, 2), has_aux=True))
    slopes, found = slope(weights, x, states)
    return [np.asarray(array) for array in jax.tree.leaves((found, slopes))]


def texts(length: int = T, masked: bool = True) -> tuple[np.ndarray, np.ndarray | None]:
    x = np.random.default_rng(4).normal(size=(B, length, D)).astype("float32")
    lengths = np.array([12, 1, 5, 7])
    return x, np.arange(length) < lengths[:, None] if masked else None


def assert_same(kerases: list[np.ndarray], ours: list[np.ndarray]) -> None:
    assert len(kerases) == len(ours) > 3
    for expected, found in zip(kerases, ours, strict=True):
        assert found.dtype == expected.dtype
        scale = max(np.abs(expected).max(), 1e-3)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * scale)


def test_every_cell_with_gates_has_one() -> None:
    cells = {case.values[0]["cell"] for case in CASES}
    assert cells >= {"simple_rnn", "lstm", "gru", "peephole_lstm"}


@every_cell
def test_both_directions(case: dict[str, Any]) -> None:
    kerases, ours = pair(spec_of(case, bidirectional=True))
    assert_same(everything(kerases, *texts()), everything(ours, *texts()))


@every_kind
@pytest.mark.slow
def test_without_a_mask(case: dict[str, Any]) -> None:
    kerases, ours = pair(spec_of(case, bidirectional=True))
    x, mask = texts(masked=False)
    assert_same(everything(kerases, x, mask), everything(ours, x, mask))


@every_kind
@pytest.mark.slow
def test_stacked(case: dict[str, Any]) -> None:
    kerases, ours = pair(spec_of(case), depth=2)
    assert_same(everything(kerases, *texts()), everything(ours, *texts()))


@every_kind
@pytest.mark.slow
def test_from_given_states_to_the_last_output_alone(case: dict[str, Any]) -> None:
    spec = spec_of(case)
    kerases, ours = pair(spec, sequences=False)
    random = np.random.default_rng(6)
    states = random.normal(size=(len(spec.state_names), B, U)).astype("float32")
    found = (everything(layers, *texts(), tuple(states)) for layers in (kerases, ours))
    assert_same(*found)


@pytest.mark.parametrize("length", [1, 8, pytest.param(64, marks=pytest.mark.slow)])
def test_any_length(length: int) -> None:
    kerases, ours = pair(spec_of({"cell": "lstm", "units": U}))
    assert_same(everything(kerases, *texts(length)), everything(ours, *texts(length)))


@every_kind
@pytest.mark.parametrize("rate", [0.0, 0.3])
def test_dropout_draws_what_keras_draws(case: dict[str, Any], rate: float) -> None:
    """Of features and of the state, with Keras' masks for each gate where it has them."""
    kerases, ours = pair(spec_of(case, dropout=rate, recurrent_dropout=0.4))
    found = everything(ours, *texts())
    assert_same(everything(kerases, *texts()), found)
    plain, _ = pair(spec_of(case))
    assert np.abs(everything(plain, *texts())[0] - found[0]).max() > 1e-3


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_half_precision(cell: str) -> None:
    """As far as eight bits go, both loops find the same."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        kerases, ours = pair(spec_of({"cell": cell, "units": U, "bidirectional": True}))
    finally:
        keras.config.set_dtype_policy(before)
    expected, found = (everything(layers, *texts()) for layers in (kerases, ours))
    assert found[0].dtype == "bfloat16"
    for one, other in zip(expected, found, strict=True):
        assert one.dtype == other.dtype
        scale = np.abs(one.astype("float32")).max()
        difference = np.abs(one.astype("float32") - other.astype("float32")).max()
        assert difference < 0.05 * scale


def test_padding_is_not_walked_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before and after the tokens: a step there would make the answer no number."""
    import jax
    import jax.numpy as jnp

    from rnncli.layers import scanning

    _, (layer,) = pair(spec_of({"cell": "gru", "units": U, "bidirectional": True}))
    steps: list[int] = []
    scan = jax.lax.scan

    def counted(*arguments: Any, **settings: Any) -> Any:
        jax.debug.callback(lambda: steps.append(arguments[2][0].shape[0]))
        return scan(*arguments, **settings)

    monkeypatch.setattr(scanning.lax, "scan", counted)
    x, mask = texts(60)
    first = np.asarray(layer(jnp.asarray(x), mask=mask)[0])
    jax.effects_barrier()
    assert sum(steps) == 2 * 20  # chunks of ten steps, both directions: texts have up to 12
    np.testing.assert_allclose(first[:, :T], np.asarray(layer(x[:, :T], mask=mask[:, :T])[0]))


def test_seeds_side_by_side() -> None:
    """Under `vmap` each is what it is alone, though one has longer texts than the other."""
    import jax

    _, (layer,) = pair(spec_of({"cell": "lstm", "units": U}))
    weights, fixed = (
        [v.value for v in variables]
        for variables in (layer.trainable_variables, layer.non_trainable_variables)
    )
    x, mask = texts()
    masks = np.stack([mask, mask & (np.arange(T) < 3)])

    def loss(weights: Any, x: Any, mask: Any) -> Any:
        outputs, *_ = layer.stateless_call(weights, fixed, x, mask=mask)[0]
        return (outputs**2).sum()

    slope = jax.value_and_grad(loss, (0, 1))
    xs = np.stack([x, 2 * x])
    together = jax.jit(jax.vmap(slope, (None, 0, 0)))(weights, xs, masks)
    for seed in range(2):
        alone = slope(weights, xs[seed], masks[seed])
        for one, other in zip(*map(jax.tree.leaves, (alone, together)), strict=True):
            np.testing.assert_allclose(one, other[seed], rtol=1e-5, atol=1e-5)
