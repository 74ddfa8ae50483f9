"""Scope: an LSTM through cuDNN's operation on JAX equals Keras' masked loop.

The operation is not to be had without a GPU. JAX's own reference of it stands in, which reads the
padding as the operation does; on a GPU the operation itself is tried.
Shape letters: B batch, T time, D features, U units.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from rnncli.layers import ragged
from rnncli.layers.lstm import LSTM

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="it is JAX's")
B, T, D, U = 4, 7, 3, 5
LENGTHS = np.array([T, 1, 4, 6])
MASK = np.arange(T) < LENGTHS[:, None]


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """A GPU, and the reference in place of its operation; the shapes it is called with."""
    import jax
    from jax.experimental import rnn

    called = []

    def reference(x: Any, h: Any, c: Any, weights: Any, lengths: Any, **sizes: Any) -> Any:
        called.append(x.shape)
        shape = (sizes["input_size"], sizes["hidden_size"], sizes["num_layers"])
        unpacked = rnn.unpack_lstm_weights(weights, *shape, sizes["bidirectional"])
        return rnn.lstm_ref(
            *(x, h, c, *unpacked, lengths, *shape), sizes["dropout"], sizes["bidirectional"]
        )

    monkeypatch.setattr(rnn, "lstm", reference)
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    return called


def everything(layers: list[Any], x: np.ndarray, states: Any) -> list[np.ndarray]:
    """The outputs at real steps, and the gradients by inputs, states and weights."""
    import jax
    import jax.numpy as jnp

    weights = [[v.value for v in layer.trainable_variables] for layer in layers]
    random = np.random.default_rng(5)

    def outputs(weights: Any, x: Any, states: Any) -> Any:
        value = x
        for number, (layer, own) in enumerate(zip(layers, weights, strict=True)):
            first = {"initial_state": states} if states and not number else {}
            value, _ = layer.stateless_call(own, _fixed(layer), value, mask=MASK, **first)
        return value

    shape = jax.eval_shape(outputs, weights, x, states).shape
    factors = random.normal(size=shape).astype("float32")
    if len(shape) == 3:
        factors = factors * MASK[..., None]

    def loss(*arguments: Any) -> Any:
        return jnp.sum(outputs(*arguments) * factors)

    slopes = jax.grad(loss, argnums=(0, 1, 2))(weights, x, states)
    return [np.asarray(outputs(weights, x, states)) * (factors != 0), *jax.tree.leaves(slopes)]


def _fixed(layer: Any) -> Any:
    return [v.value for v in layer.non_trainable_variables]


def layers_of(depth: int, sequences: bool, direction: str) -> list[Any]:
    keras.utils.set_random_seed(1)
    made = []
    for number in range(depth):
        inner = LSTM(
            U,
            return_sequences=sequences or number < depth - 1,
            go_backwards=direction == "backwards",
        )
        made.append(keras.layers.Bidirectional(inner) if direction == "both" else inner)
        features = D if not number else U * (2 if direction == "both" else 1)
        made[-1].build((None, None, features))
    return made


@pytest.mark.parametrize("direction", ["forwards", "backwards", "both"])
@pytest.mark.parametrize("sequences", [True, False], ids=["all outputs", "the last"])
@pytest.mark.parametrize("given", [False, True], ids=["from zero", "from states"])
@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.slow
def test_outputs_and_every_gradient(
    direction: str, sequences: bool, given: bool, depth: int, pretended: list[tuple[int, ...]]
) -> None:
    if direction == "backwards" and (sequences or depth > 1):
        pytest.skip("in reverse order: only inside Bidirectional is it turned again")
    layers = layers_of(depth, sequences, direction)
    random = np.random.default_rng(2)
    x = random.normal(size=(B, T, D)).astype("float32")
    count = 4 if direction == "both" else 2
    states = [random.normal(size=(B, U)).astype("float32") for _ in range(count)] if given else []
    found = everything(layers, x, states)
    assert pretended
    calls = len(pretended)
    for layer in layers:
        for part in layer._flatten_layers():
            if isinstance(part, LSTM):
                part.fused = False
    expected = everything(layers, x, states)
    assert len(pretended) == calls
    assert len(found) == len(expected) > 3
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=2e-6 * max(1, np.abs(other).max()))


def test_outputs_in_the_order_of_keras_loop(pretended: list[tuple[int, ...]]) -> None:
    """A backwards layer's, the padding's included."""
    (layer,) = layers_of(1, True, "backwards")
    x = np.random.default_rng(2).normal(size=(B, T, D)).astype("float32")
    found = np.asarray(layer(x, mask=MASK))
    layer.fused = False
    np.testing.assert_allclose(found, np.asarray(layer(x, mask=MASK)), atol=1e-6)
    assert pretended


@pytest.mark.parametrize(
    "settings", [{"return_state": True}, {"recurrent_dropout": 0.5}, {"dtype": "mixed_bfloat16"}]
)
def test_what_it_does_not_suit(settings: Any, pretended: list[tuple[int, ...]]) -> None:
    layer = LSTM(U, **settings)
    x = np.zeros((B, T, D), np.float32)
    layer(x, mask=MASK, training=True)
    assert not pretended
    assert not ragged.suits(LSTM(U), None, training=False)


def test_without_a_gpu_keras_own_loop_runs() -> None:
    import jax

    assert ragged.suits(LSTM(U), MASK, training=False) == (jax.default_backend() == "gpu")
