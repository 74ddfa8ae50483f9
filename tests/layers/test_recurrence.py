"""Scope: the compiled recurrence against the layer's own loop: outputs, states, every gradient.

Masked and unmasked, both directions, stacked, from given states, in float64 and float32, in any
number of shards and for any length of text; the layer's own loop is held to the equations in
`tests/cells/test_contract.py`.
Shape letters: B batch, T time, D features, U units.
"""

from __future__ import annotations

import gc
import weakref
from typing import Any

import keras
import numpy as np
import pytest

from rnncli.cells import CellSpec
from tests.variants import compiled_variants, spec_of

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="it is TensorFlow's"
)
B, D, U = 5, 3, 4
CASES = compiled_variants(U)
every_cell = pytest.mark.parametrize("case", CASES)
every_kind = pytest.mark.parametrize(
    "case", [case for case in CASES if case.values[0].get("activation", "tanh") == "tanh"]
)


def network(spec: CellSpec, compiled: bool, **layout: bool) -> Any:
    """One layer with all its outputs, in one direction or both."""
    layer = spec.make_layer(
        return_sequences=layout.get("sequences", True),
        return_state=True,
        name="layer",
        compiled=compiled,
    )
    return keras.layers.Bidirectional(layer) if spec.bidirectional else layer


def everything(
    layers: list[Any],
    x: np.ndarray,
    mask: np.ndarray | None,
    states: Any = None,
    embedding: Any = None,
) -> list[np.ndarray]:
    """Outputs and states of the last layer, then gradients by inputs, states and weights.

    With an embedding, x are ids, and the inputs are its vectors.
    """
    import tensorflow as tf

    dtype = layers[0].compute_dtype
    inputs = tf.constant(x, dtype) if embedding is None else embedding.embeddings.value
    given = [] if states is None else [tf.constant(s, dtype) for s in states]

    @tf.function(autograph=False)
    def compute() -> Any:
        with tf.GradientTape() as tape:
            tape.watch([inputs, *given])
            value: Any = [inputs if embedding is None else embedding(x)]
            for number, layer in enumerate(layers):
                first = {"initial_state": given} if given and not number else {}
                value = layer(value[0], mask=mask, training=True, **first)
            random = np.random.default_rng(5)
            factors = [tf.constant(random.normal(size=v.shape), dtype) for v in value]
            loss = sum(tf.reduce_sum(v * f) for v, f in zip(value, factors, strict=True))
        weights = [v.value for layer in layers for v in layer.trainable_variables]
        gradients = tape.gradient(loss, [inputs, *given, *weights])
        return [*value, *map(tf.convert_to_tensor, gradients)]

    return [np.array(tensor) for tensor in compute()]


def pair(spec: CellSpec, depth: int = 1, dtype: str = "float64", **layout: bool) -> list[list[Any]]:
    """The same layers twice, with the same weights: stepwise and compiled."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype)
    try:
        both = [[network(spec, c, **layout) for _ in range(depth)] for c in (False, True)]
    finally:
        keras.config.set_dtype_policy(before)
    random = np.random.default_rng(3)
    for own, other in zip(*both, strict=True):
        features = D if own is both[0][0] else U * spec.directions
        for layer in (own, other):
            layer.build((None, None, features))
        weights = [0.4 * random.normal(size=w.shape) for w in own.get_weights()]
        own.set_weights(weights)
        other.set_weights(weights)
    return both


def texts(length: int, masked: bool) -> tuple[np.ndarray, np.ndarray | None]:
    x = np.random.default_rng(4).normal(size=(B, length, D))
    lengths = np.array([length, 1, max(1, length // 2), length, max(1, length - 1)])
    return x, np.arange(length) < lengths[:, None] if masked else None


def assert_same(stepwise: list[np.ndarray], compiled: list[np.ndarray], tolerance: float) -> None:
    assert len(stepwise) == len(compiled)
    for expected, found in zip(stepwise, compiled, strict=True):
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(
            found, expected, rtol=0, atol=tolerance * max(np.abs(expected).max(), 1e-3)
        )


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that small batches are cut in two."""
    from rnncli.layers import recurrence

    monkeypatch.setattr(recurrence, "cores", lambda: 2)
    monkeypatch.setattr(recurrence, "_SHARD", 1)


def test_every_cell_with_gates_has_one() -> None:
    assert {case.values[0]["cell"] for case in CASES} >= {
        "simple_rnn",
        "lstm",
        "gru",
        "peephole_lstm",
    }


@every_cell
@pytest.mark.parametrize(
    "masked", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["masked", "unmasked"]
)
def test_both_directions(case: dict[str, Any], masked: bool) -> None:
    stepwise, compiled = pair(spec_of(case, bidirectional=True))
    x, mask = texts(9, masked)
    assert_same(everything(stepwise, x, mask), everything(compiled, x, mask), 1e-12)


@every_kind
def test_stacked_in_float32(case: dict[str, Any]) -> None:
    stepwise, compiled = pair(spec_of(case), depth=2, dtype="float32")
    x, mask = texts(9, masked=True)
    assert_same(everything(stepwise, x, mask), everything(compiled, x, mask), 1e-5)


@every_kind
def test_from_given_states_to_the_last_output_alone(case: dict[str, Any]) -> None:
    spec = spec_of(case)
    stepwise, compiled = pair(spec, sequences=False)
    x, mask = texts(9, masked=True)
    states = np.random.default_rng(6).normal(size=(len(spec.state_names), B, U))
    assert_same(everything(stepwise, x, mask, states), everything(compiled, x, mask, states), 1e-12)


@every_kind
@pytest.mark.parametrize("bidirectional", [False, True], ids=["leading", "backwards"])
def test_from_given_states_through_padding_that_comes_first(
    case: dict[str, Any], bidirectional: bool
) -> None:
    """All outputs, those before the first token too, where Keras' loop has zeros."""
    spec = spec_of(case, bidirectional=bidirectional)
    stepwise, compiled = pair(spec)
    x, mask = texts(9, masked=True)
    assert mask is not None
    mask = mask if bidirectional else mask[:, ::-1].copy()
    states = np.random.default_rng(6).normal(
        size=(len(spec.state_names) * (1 + bidirectional), B, U)
    )
    assert_same(everything(stepwise, x, mask, states), everything(compiled, x, mask, states), 1e-12)


@every_kind
@pytest.mark.parametrize(
    "cores", [2, pytest.param(1, marks=pytest.mark.slow), pytest.param(5, marks=pytest.mark.slow)]
)
def test_vectors_looked_up(case: dict[str, Any], cores: int, monkeypatch: Any) -> None:
    """Each distinct one is multiplied once; nothing else is told from vectors that are given."""
    from rnncli.layers import compiled_loop, recurrence
    from rnncli.layers.embedding import TokenEmbedding

    chosen: list[Any] = []
    rows_of = recurrence.rows_of
    monkeypatch.setattr(recurrence, "rows_of", lambda *a: chosen.append(a) or rows_of(*a))
    monkeypatch.setattr(compiled_loop, "_FEWEST_FEATURES", D)
    monkeypatch.setattr(recurrence, "cores", lambda: cores)
    stepwise, compiled = pair(spec_of(case, bidirectional=True))
    _, mask = texts(19, masked=True)
    assert mask is not None
    ids = np.random.default_rng(8).integers(1, 7, mask.shape) * mask
    embedding = TokenEmbedding(9, D, dtype="float64")
    embedding.build()
    expected = everything(stepwise, ids, mask, embedding=embedding)
    assert not chosen
    assert_same(expected, everything(compiled, ids, mask, embedding=embedding), 1e-12)
    assert len(chosen) == 2 * cores


def test_distinct_tokens_are_counted_by_shard() -> None:
    from rnncli.layers.recurrence import distinct_tokens

    assert distinct_tokens(np.array([[1, 2, 1], [2, 3, 0], [1, 1, 0], [1, 0, 0]])) == 4 + 2


@pytest.mark.parametrize(("features", "training"), [(D, True), (64, False)])
def test_where_all_vectors_are_multiplied(
    features: int, training: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Narrow ones, and all in a prediction: to look up what they bring takes as long."""
    import tensorflow as tf

    from rnncli.layers import recurrence
    from rnncli.layers.embedding import TokenEmbedding

    monkeypatch.setattr(recurrence, "rows_of", lambda *_: pytest.fail("looked up"))
    embedding = TokenEmbedding(9, features)
    layer = network(spec_of({"cell": "gru", "units": U}), compiled=True)
    run = tf.function(lambda ids: layer(embedding(ids), training=training)[0], autograph=False)
    assert run(np.ones((B, 4), int)).shape == (B, 4, U)


@pytest.mark.parametrize("length", [1, 17, 64])
def test_any_length(length: int) -> None:
    """Less than a chunk, whole chunks, and a rest."""
    stepwise, compiled = pair(spec_of({"cell": "lstm", "units": U}))
    x, mask = texts(length, masked=True)
    assert_same(everything(stepwise, x, mask), everything(compiled, x, mask), 1e-12)


@every_kind
@pytest.mark.parametrize(
    "rates",
    [
        pytest.param((0.5, 0), id="of x", marks=pytest.mark.slow),
        pytest.param((0, 0.4), id="of h", marks=pytest.mark.slow),
        pytest.param((0.3, 0.4), id="of both"),
    ],
)
def test_dropout_draws_what_keras_draws(case: dict[str, Any], rates: tuple[float, float]) -> None:
    """Of features and of the state, with Keras' masks for each gate where it has them."""
    stepwise, compiled = pair(spec_of(case, dropout=rates[0], recurrent_dropout=rates[1]))
    for (layer,) in (stepwise, compiled):
        drawing = layer if case["cell"] == "peephole_lstm" else layer.cell
        drawing.seed_generator.state.assign([7, 8])
    x, mask = texts(19, masked=True)
    first, second = everything(stepwise, x, mask), everything(compiled, x, mask)
    assert_same(first, second, 1e-12)
    assert np.abs(everything(compiled, x, mask)[0] - second[0]).max() > 1e-3


def test_shards_share_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """In any number, of a batch whose size is known or not, the answer is the same."""
    import tensorflow as tf

    from rnncli.layers import recurrence

    (stepwise,), (compiled,) = pair(spec_of({"cell": "gru", "units": U}))
    x, mask = texts(5, masked=True)
    expected = everything([stepwise], x, mask)[0]
    for cores, shape in ((1, [B, None, D]), (3, [B, None, D]), (7, [None, None, D])):
        monkeypatch.setattr(recurrence, "cores", lambda count=cores: count)
        signature = [tf.TensorSpec(shape, tf.float64), tf.TensorSpec(shape[:2], tf.bool)]
        run = tf.function(lambda x, m: compiled(x, mask=m)[0], signature, autograph=False)
        np.testing.assert_allclose(run(x, mask), expected, atol=1e-12)


def test_stacked_layers_share_their_programs() -> None:
    """Whatever the width of their inputs: the compiler works once."""
    from rnncli.layers.chunk_programs import Sizes, forwards_program

    programs = set()
    for width in (D, U):
        layer = network(spec_of({"cell": "lstm", "units": U}), compiled=True)
        layer.build((B, None, width))
        equations, weights = layer.recurrence()
        sizes = Sizes.of(4 * U, U, [weight.value for weight in weights[2:]])
        programs.add(forwards_program(equations, sizes))
    assert len(programs) == 1


def test_shards_and_directions_share_their_traces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python walks once over what all of them do, which decides how soon a training begins."""
    import tensorflow as tf

    from rnncli.layers import recurrence, shard

    walked: list[str] = []

    def counted(name: str) -> Any:
        made = getattr(shard, name)
        return lambda *sizes: walked.append(name) or made(*sizes)

    for name in ("forwards_program", "backwards_program"):
        monkeypatch.setattr(shard, name, counted(name))
    monkeypatch.setattr(recurrence, "cores", lambda: 2)
    units = 9  # of no other test
    layer = network(spec_of({"cell": "lstm", "units": units, "bidirectional": True}), compiled=True)
    layer.build((32, None, D))

    @tf.function(input_signature=[tf.TensorSpec([32, None, D])], autograph=False)
    def slopes(x: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(x)[0])
        return tape.gradient(loss, [weight.value for weight in layer.trainable_weights])

    assert all(np.abs(slope).max() > 0 for slope in slopes(tf.ones([32, 5, D])))
    assert walked == ["forwards_program", "backwards_program"]


@pytest.mark.parametrize("inside", [True, False], ids=["its own gradients", "another's"])
def test_a_graph_ends_with_its_last_user(inside: bool) -> None:
    """TensorFlow keeps custom gradients, and what they hold, to the end of the process."""
    import tensorflow as tf

    units = 5 + inside  # of no other test: what is traced for the graph must not hold it, too
    layers = [network(spec_of({"cell": "gru", "units": units}), compiled=True) for _ in range(2)]
    for layer, features in zip(layers, (D, units), strict=True):
        layer.build((B, None, features))
    kernels = [layer.trainable_variables[0].value for layer in layers]

    def answer(x: Any) -> Any:
        with tf.GradientTape() as tape:
            for layer in layers:
                x = layer(x)[0]
            loss = tf.reduce_sum(x)
        return tape.gradient(loss, kernels) if inside else loss

    run = tf.function(answer, autograph=False).get_concrete_function(tf.TensorSpec([B, None, D]))
    if inside:
        slopes = run(tf.ones([B, 3, D]))
    else:
        with tf.GradientTape() as tape:
            loss = run(tf.ones([B, 3, D]))
        slopes = tape.gradient(loss, kernels)
        del tape, loss
    assert all(np.abs(slope).max() > 0 for slope in slopes)
    graph = weakref.ref(run.graph)
    assert graph() is not None
    del run
    gc.collect()
    assert graph() is None


def test_where_it_is_left_to_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    from rnncli.layers import compiled_loop
    from rnncli.layers.compiled_loop import multiplies_distinct, suits

    def asked(**settings: Any) -> bool:
        import tensorflow as tf

        layer = spec_of({"cell": "lstm", "units": U}).make_layer(
            return_sequences=True, return_state=False, name="l", **{"compiled": True, **settings}
        )
        found: list[bool] = []
        tf.function(lambda: found.append(suits(layer)), autograph=False)()
        assert not suits(layer)  # in eager mode
        return found[0]

    assert asked()
    assert not asked(compiled=False)
    assert multiplies_distinct(64)
    monkeypatch.setattr(compiled_loop, "_tensorflow_has_gpu", lambda: True)
    assert not asked()
    assert not multiplies_distinct(64)
