"""The optimizers against their papers' equations in NumPy, on dense and on sparse gradients.

Rows of an embedding that occur several times in a batch are the point: Keras 3.15's TensorFlow
backend gets them wrong. Shape letters: V vocabulary, D features.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import TypeAdapter

from rnncli.optimizers import OPTIMIZERS, Optimizer

V, D, STEPS = 6, 3, 4
RATE = 0.05
IDS = np.array([1, 1, 3, 1, 4, 3])
"""Row 1 three times, row 3 twice, row 4 once, the others never."""

Array = NDArray[np.float64]
numpy = keras.ops.convert_to_numpy


def adam(decay: float = 0.0) -> Callable[[Array, Array], Array]:
    """Kingma & Ba, algorithm 1, in the efficient order of its section 2; AdamW with decay > 0."""
    m, v, t = 0.0, 0.0, 0

    def update(w: Array, g: Array) -> Array:
        nonlocal m, v, t
        t += 1
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        rate = RATE * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        w = w - RATE * decay * w
        return np.asarray(w - rate * m / (np.sqrt(v) + 1e-7))

    return update


def sgd(momentum: float = 0.0, nesterov: bool = False) -> Callable[[Array, Array], Array]:
    velocity = 0.0

    def update(w: Array, g: Array) -> Array:
        nonlocal velocity
        velocity = momentum * velocity - RATE * g
        return np.asarray(w + (momentum * velocity - RATE * g if nesterov else velocity))

    return update


def rmsprop() -> Callable[[Array, Array], Array]:
    square = 0.0

    def update(w: Array, g: Array) -> Array:
        nonlocal square
        square = 0.9 * square + 0.1 * g**2
        return np.asarray(w - RATE * g / np.sqrt(square + 1e-7))

    return update


CASES: list[tuple[dict[str, Any], Callable[[], Callable[[Array, Array], Array]]]] = [
    ({"name": "adam"}, adam),
    ({"name": "adamw", "weight_decay": 0.1}, lambda: adam(0.1)),
    ({"name": "sgd"}, sgd),
    ({"name": "sgd", "momentum": 0.9}, lambda: sgd(0.9)),
    ({"name": "sgd", "momentum": 0.9, "nesterov": True}, lambda: sgd(0.9, True)),
    ({"name": "rmsprop"}, rmsprop),
]
every_optimizer = pytest.mark.parametrize(
    ("settings", "equations"), CASES, ids=["-".join(map(str, case.values())) for case, _ in CASES]
)


def make(**settings: Any) -> Any:
    """The Keras optimizer a config gives."""
    return TypeAdapter(Optimizer).validate_python({"learning_rate": RATE, **settings}).make()


def gradients() -> Iterator[Array]:
    """For each step what each occurrence of a row contributes, [occurrences, D]."""
    random = np.random.default_rng(7)
    for _ in range(STEPS):
        yield random.normal(size=(len(IDS), D)).astype(np.float32).astype(np.float64)


def summed(values: Array) -> Array:
    """The dense gradient [V, D]."""
    dense = np.zeros((V, D))
    for row, value in zip(IDS, values, strict=True):
        dense[row] += value
    return dense


def as_keras(values: Array, sparse: bool) -> Any:
    """The gradient as the backend gives it: IndexedSlices on TensorFlow if sparse, else dense."""
    if not sparse:
        return keras.ops.array(summed(values), "float32")
    import tensorflow as tf

    return tf.IndexedSlices(
        tf.constant(values, tf.float32), tf.constant(IDS), dense_shape=tf.constant([V, D])
    )


def forms() -> list[Any]:
    on_tensorflow = keras.backend.backend() == "tensorflow"
    skip = pytest.mark.skipif(not on_tensorflow, reason="IndexedSlices are TensorFlow's")
    return [pytest.param(False, id="dense"), pytest.param(True, id="sparse", marks=skip)]


both_forms = pytest.mark.parametrize("sparse", forms())


def test_every_optimizer_has_its_equations() -> None:
    names = {kind.model_fields["name"].annotation.__args__[0] for kind in OPTIMIZERS}
    assert {case["name"] for case, _ in CASES} == names


@every_optimizer
@both_forms
def test_update(settings: dict[str, Any], equations: Any, sparse: bool) -> None:
    start = np.random.default_rng(8).normal(size=(V, D))
    variable = keras.Variable(start.astype("float32"))
    optimizer, update = make(**settings), equations()
    optimizer.build([variable])
    expected = start
    for values in gradients():
        optimizer.apply([as_keras(values, sparse)], [variable])
        expected = update(expected, summed(values))
    np.testing.assert_allclose(numpy(variable), expected, rtol=2e-5, atol=2e-6)


@every_optimizer
def test_an_embedding_in_a_model(settings: dict[str, Any], equations: Any) -> None:
    """One training step through `train_on_batch`, the gradient worked out by hand.

    The loss is the mean over texts of the mean over features of (sum of vectors − target)².
    """
    ids = np.array([[1, 1, 3], [4, 1, 3]])
    target = np.array([[0.5, -1.0, 2.0], [1.0, 0.0, -0.5]])
    inputs = keras.Input((None,), dtype="int32")
    embedding = keras.layers.Embedding(V, D)
    model = keras.Model(inputs, keras.ops.sum(embedding(inputs), axis=1))
    start = numpy(embedding.embeddings).astype(np.float64)
    model.compile(optimizer=make(**settings), loss="mse")
    model.train_on_batch(ids, target)
    gradient = np.zeros((V, D))
    for text, wanted in zip(ids, target, strict=True):
        for row in text:
            gradient[row] += 2 * (start[text].sum(axis=0) - wanted) / (2 * D)
    expected = equations()(start, gradient)
    np.testing.assert_allclose(numpy(embedding.embeddings), expected, rtol=1e-5, atol=1e-6)


@both_forms
@pytest.mark.parametrize("clip", ["clipnorm", "global_clipnorm", "clipvalue"])
def test_clipping(clip: str, sparse: bool) -> None:
    """The norm of repeated rows is that of their sum; a second weight shares the global norm."""
    limit = 0.5
    (values, *_) = gradients()
    dense, other = summed(values), np.array([3.0, -4.0])
    variables = [
        keras.Variable(np.zeros((V, D), "float32")),
        keras.Variable(np.zeros(2, "float32")),
    ]
    optimizer = make(name="sgd", **{clip: limit})
    optimizer.build(variables)
    optimizer.apply([as_keras(values, sparse), keras.ops.array(other, "float32")], variables)
    if clip == "clipvalue":
        expected = [np.clip(g, -limit, limit) for g in (dense, other)]
    else:
        norms = [np.sqrt((g**2).sum()) for g in (dense, other)]
        whole = np.hypot(*norms) if clip == "global_clipnorm" else None
        expected = [
            g * limit / (whole or norm) for g, norm in zip((dense, other), norms, strict=True)
        ]
    for variable, gradient in zip(variables, expected, strict=True):
        np.testing.assert_allclose(numpy(variable), -RATE * gradient, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("momentum", [0.99, 0.2])
def test_moving_average_of_the_weights(momentum: float) -> None:
    """At step n the decay is min(momentum, (1 + n)/(10 + n)), n counted from 1."""
    variable = keras.Variable(np.array([1.0, -2.0], "float32"))
    optimizer = make(name="sgd", use_ema=True, ema_momentum=momentum)
    optimizer.build([variable])
    average, weight = np.zeros(2), np.array([1.0, -2.0])
    for n in range(1, 6):
        gradient = np.array([0.3 * n, -0.1])
        optimizer.apply([keras.ops.array(gradient, "float32")], [variable])
        weight = weight - RATE * gradient
        decay = min(momentum, (1 + n) / (10 + n))
        average = decay * average + (1 - decay) * weight if n > 1 else weight
    found = numpy(optimizer._model_variables_moving_average[0])
    np.testing.assert_allclose(numpy(variable), weight, rtol=1e-5)
    np.testing.assert_allclose(found, average, rtol=1e-5)
