"""Scope: the whole network in NumPy against Keras, over cells, layouts, readouts and n-grams."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from rnncli.model import build_model
from rnncli.study.network_replay import replay_network, weights_of
from rnncli.topology import ModelSpec

V, C, U = 12, 3, 3
MODELS: dict[str, dict[str, Any]] = {
    "last": {"layers": [{"cell": "gru"}]},
    "last of sequences": {"layers": [{"cell": "gru", "return_sequences": True}]},
    "max of both directions": {
        "layers": [{"cell": "lstm", "bidirectional": True, "merge_mode": "mul"}],
        "readout": "max",
    },
    "mean": {"layers": [{"cell": "dense"}], "readout": "mean"},
    "attention": {
        "layers": [{"cell": "simple_rnn", "bidirectional": True, "merge_mode": "ave"}],
        "readout": {"name": "attention", "units": 2},
    },
    "states": {
        "layers": [{"cell": "peephole_lstm", "bidirectional": True}],
        "readout": {"name": "state", "states": "both"},
    },
    "from the layer below": {
        "layers": [
            {"cell": "lstm", "bidirectional": True},
            {"cell": "gru", "bidirectional": True, "initial_state": "previous"},
        ],
    },
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("orders", [1, 3])
def test_against_keras(name: str, orders: int) -> None:
    model = MODELS[name]
    layers = [{"units": U, **layer} for layer in model["layers"]]
    spec = ModelSpec.model_validate({"embedding": {"dim": 4}, **model, "layers": layers})
    network = build_model(
        spec, vocabulary_size=V, classes=C, auxiliary_classes=2, ids_per_position=orders
    )
    random = np.random.default_rng(1)
    network.set_weights([random.normal(0, 0.6, w.shape) for w in network.get_weights()])
    ids = random.integers(1, V, (4, 6, orders))
    ids[:, :, 1:] *= random.integers(0, 2, (4, 6, orders - 1))
    ids[np.arange(6) >= np.array([6, 1, 4, 3])[:, None]] = 0
    ids = (ids if orders > 1 else ids[:, :, 0]).astype(np.int32)
    found = replay_network(spec, weights_of(network), ids, C)
    expected = keras.ops.convert_to_numpy(network(ids))
    assert found.logits.shape == (4, C)
    np.testing.assert_allclose(found.logits, expected, rtol=0, atol=5e-6)
    assert np.abs(expected).max() > 0.1
    assert len(found.layers) == len(layers)
    probe = keras.Model(network.input, network.get_layer("logits").input)
    vector = keras.ops.convert_to_numpy(probe(ids))
    np.testing.assert_allclose(found.vector, vector, rtol=0, atol=5e-6)
