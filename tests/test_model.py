"""Scope: the whole network: against NumPy, invariance to padding, and every topology end to end."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from rnncli.batching import Encoded
from rnncli.cells import CELLS
from rnncli.cells.replay import replay
from rnncli.model import build_model
from rnncli.readouts import READOUTS, ReadoutSpec
from rnncli.scoring import logits
from rnncli.topology import ModelSpec
from rnncli.weights import load_weights, save_weights
from tests.variants import variants

V, C, U = 12, 3, 3
EXACT = keras.backend.backend() == "tensorflow"
numpy = keras.ops.convert_to_numpy

Array = NDArray[np.float64]


def name_of(cell: Any) -> str:
    return str(cell.model_fields["cell"].annotation.__args__[0])


def topologies() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every cell × direction × depth (2: also from the lower layer's states) × readout."""
    readouts = [case for readout in READOUTS for case in variants(readout, ReadoutSpec)]
    shapes = ("one", "two", "previous")
    for cell, both, shape, readout in product(CELLS, (False, True), shapes, readouts):
        layer = {"cell": name_of(cell), "units": U, "bidirectional": both}
        upper = {**layer, "initial_state": "previous"} if shape == "previous" else layer
        readout = {**readout, "units": 2} if readout["name"] == "attention" else readout
        words = [name_of(cell), "both" if both else "forward", shape, *map(str, readout.values())]
        model = {
            "embedding": {"dim": 4},
            "layers": [layer] if shape == "one" else [layer, upper],
            "readout": readout,
        }
        yield "-".join(words), model


def valid(model: dict[str, Any]) -> bool:
    try:
        ModelSpec.model_validate(model)
    except ValidationError:
        return False
    return True


ALL = dict(topologies())
MATRIX = {name: model for name, model in ALL.items() if valid(model)}
# Every cell in both directions and all depths, the readouts taking turns.
COVERING = set(list(MATRIX)[::6]) | {
    next(n for n in MATRIX if n.startswith(f"{name_of(c)}-both-two")) for c in CELLS
}


def built(model: dict[str, Any], **settings: Any) -> Any:
    return build_model(
        ModelSpec.model_validate(model), **{"vocabulary_size": V, "classes": C, **settings}
    )


def texts_of(*lengths: int, seed: int = 1) -> Encoded:
    random = np.random.default_rng(seed)
    return Encoded.of([random.integers(1, V, length).astype(np.int32) for length in lengths])


def randomised(model: Any, seed: int = 2) -> Any:
    random = np.random.default_rng(seed)
    model.set_weights([random.normal(0, 0.6, w.shape) for w in model.get_weights()])
    return model


def test_only_what_has_no_meaning_is_refused() -> None:
    refused = set(ALL) - set(MATRIX)
    expected = {
        name
        for name, model in ALL.items()
        if (model["readout"].get("states", "h") != "h" and "lstm" not in name)
        or ("previous" in name and name.startswith("dense"))
    }
    assert refused == expected
    assert len(MATRIX) == 164


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in COVERING else pytest.mark.slow) for n in MATRIX]
)
def test_topology_builds_trains_saves_and_reloads(name: str, tmp_path: Path) -> None:
    """A training step moves every weight; weights read into a new model give the same logits."""
    keras.utils.set_random_seed(3)
    model = built(MATRIX[name])
    model.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True), run_eagerly=True)
    ids = texts_of(5, 3, 1, 4).padded(np.arange(4))
    before = model.get_weights()
    loss = model.train_on_batch(ids, np.eye(C)[[0, 2, 1, 0]])
    assert np.isfinite(loss)
    for variable, old in zip(model.weights, before, strict=True):
        assert (numpy(variable) != old).any(), f"{variable.path} was not moved"
    save_weights(model, tmp_path / "model.weights.h5")
    again = built(MATRIX[name])
    load_weights(again, tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(numpy(again(ids)), numpy(model(ids)))


def oracle(spec: ModelSpec, weights: list[Array], ids: list[int]) -> Array:
    """Logits of one text without padding, layer by layer; readouts `last` and `state` alone."""
    weights = [weight.astype(np.float64) for weight in weights]
    x = weights.pop(0)[ids][None]
    states: list[tuple[Array, ...]] = []
    for layer in spec.layers:
        probe = layer.make_layer(return_sequences=True, return_state=False, name="probe")
        probe.build((1, 2, x.shape[-1]))
        runs = []
        for direction in range(layer.directions):
            share = [weights.pop(0) for _ in probe.weights]
            given = states[direction] if layer.initial_state == "previous" else None
            given = given[: len(layer.state_names)] if given else None
            runs.append(replay(layer, share, x, backwards=direction == 1, initial_state=given))
        states = [run.states for run in runs]
        x = np.concatenate([run.outputs for run in runs], axis=-1)
    kernel, bias = weights
    kept = {"h": (0,), "c": (1,), "both": (0, 1)}[getattr(spec.readout, "states", "h")]
    vector = np.concatenate([state[k] for state in states for k in kept], axis=-1)
    return np.asarray(vector @ kernel + bias)[0]


@pytest.mark.parametrize(
    "layers",
    [
        ["lstm", "gru"],
        ["gru", "peephole_lstm", "simple_rnn"],
        ["lstm+", "peephole_lstm<+"],
        ["peephole_lstm+", "gru<+"],
        ["lstm+", "gru"],
        ["dense", "lstm+", "lstm<+"],
        ["lstm", "gru<"],
    ],
    ids=",".join,
)
@pytest.mark.parametrize("states", ["h", "both"])
def test_mixed_stacks_against_numpy(layers: list[str], states: str) -> None:
    """Batched and padded, against one text at a time (`+` both directions, `<` initial state)."""
    rows: list[dict[str, Any]] = []
    for name in layers:
        cell = name.strip("+<")
        previous = "previous" if "<" in name else "zeros"
        rows.append(
            {"cell": cell, "units": U, "bidirectional": "+" in name, "initial_state": previous}
        )
    if states == "both" and "lstm" not in layers[-1]:
        states = "h"
    model = {
        "embedding": {"dim": 4},
        "layers": rows,
        "readout": {"name": "state", "states": states},
    }
    spec = ModelSpec.model_validate(model)
    network = randomised(built(model))
    encoded = texts_of(6, 1, 4, 2, 6)
    found = logits(network, encoded)
    for row, (start, stop) in enumerate(zip(encoded.offsets, encoded.offsets[1:], strict=False)):
        expected = oracle(spec, network.get_weights(), list(encoded.ids[start:stop]))
        np.testing.assert_allclose(found[row], expected, atol=5e-6)


@pytest.mark.parametrize("name", sorted(COVERING)[::2])
def test_logits_do_not_depend_on_neighbours_or_padding(name: str) -> None:
    """Alone, beside longer texts, and padded further."""
    network = randomised(built(MATRIX[name]))
    encoded = texts_of(5, 1, 3)
    beside = numpy(network(encoded.padded(np.arange(3))))
    for row in (1, 2):
        alone = numpy(network(encoded.padded(np.array([row]))))[0]
        np.testing.assert_allclose(beside[row], alone, atol=1e-6)
    padded = np.pad(encoded.padded(np.arange(3)), ((0, 0), (0, 11)))
    np.testing.assert_allclose(numpy(network(padded)), beside, atol=1e-6)


@pytest.mark.skipif(not EXACT, reason="Keras has float64 on TensorFlow alone")
@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", sorted(COVERING)[1::2])
def test_invariance_in_float64(name: str) -> None:
    network = randomised(built(MATRIX[name]))
    vectors = keras.Model(network.input, network.get_layer("logits").input)
    ids = texts_of(5, 1, 3).padded(np.arange(3))
    short = numpy(vectors(ids[1:2, :1]))
    long = numpy(vectors(np.pad(ids, ((0, 0), (0, 9)))))
    assert short.dtype == np.float64
    np.testing.assert_allclose(long[1:2], short, atol=1e-14)


def test_answers_come_in_the_order_of_the_texts() -> None:
    network = randomised(built(MATRIX["gru-forward-one-last"]))
    encoded = texts_of(7, 2, 9, 1, 5, 3, 8)
    whole = logits(network, encoded, batch_size=3)
    for row in range(len(encoded)):
        ids = encoded.padded(np.array([row]))
        np.testing.assert_allclose(whole[row], numpy(network(ids))[0], atol=1e-6)
    assert logits(network, Encoded.of([])).shape == (0, C)


def test_ngrams_are_summed_and_padding_adds_nothing() -> None:
    model = {
        "embedding": {"dim": 4},
        "layers": [{"cell": "dense", "units": U, "activation": "linear"}],
    }
    network = randomised(built(model, ids_per_position=3))
    table, kernel, bias, out, last = network.get_weights()
    ids = np.array([[[2, 5, 7], [3, 6, 0], [4, 0, 0]], [[8, 0, 0], [0, 0, 0], [0, 0, 0]]], np.int32)
    for row, position in ((0, 2), (1, 0)):
        vector = sum(table[i] for i in ids[row, position] if i)
        expected = (vector @ kernel + bias) @ out + last
        np.testing.assert_allclose(numpy(network(ids))[row], expected, atol=1e-6)


def test_given_vectors_are_the_first_embedding() -> None:
    vectors = np.random.default_rng(5).normal(size=(V, 4)).astype(np.float32)
    for trainable in (True, False):
        model = {
            "embedding": {"dim": 4, "trainable": trainable},
            "layers": [{"cell": "gru", "units": U}],
        }
        network = built(model, vectors=vectors)
        np.testing.assert_array_equal(network.get_layer("embedding").get_weights()[0], vectors)
        network.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))
        network.train_on_batch(texts_of(4, 4).padded(np.arange(2)), np.eye(C)[[0, 1]])
        after = network.get_layer("embedding").get_weights()[0]
        assert (after != vectors).any() is np.bool_(trainable)


def test_dropouts_stand_where_the_config_says() -> None:
    model = {
        "embedding": {"dim": 4, "dropout": 0.1, "spatial_dropout": 0.2},
        "layers": [{"cell": "lstm", "units": U, "dropout": 0.3, "recurrent_dropout": 0.4}],
        "readout": {"name": "mean", "dropout": 0.5},
    }
    network = built(model)
    assert network.get_layer("embedding_dropout").rate == 0.1
    assert network.get_layer("spatial_dropout").rate == 0.2
    assert network.get_layer("layer_0").dropout == 0.3
    assert network.get_layer("layer_0").recurrent_dropout == 0.4
    assert network.get_layer("readout_dropout").rate == 0.5


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_answers_in_float32(policy: str) -> None:
    from rnncli.preparation import dtype_policy

    name = "lstm-both-two-attention"
    plain = randomised(built(next(m for n, m in MATRIX.items() if n.startswith(name))))
    with dtype_policy(policy):
        mixed = built(next(m for n, m in MATRIX.items() if n.startswith(name)))
    mixed.set_weights(plain.get_weights())
    ids = texts_of(5, 1, 3).padded(np.arange(3))
    assert keras.backend.standardize_dtype(mixed(ids).dtype) == "float32"
    np.testing.assert_allclose(numpy(mixed(ids)), numpy(plain(ids)), atol=0.1)
    assert (numpy(mixed(ids)) != numpy(plain(ids))).any()
