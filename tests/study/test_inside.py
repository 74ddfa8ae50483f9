"""A network in NumPy against Keras: every cell, readout and way to stack them, and what is held."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from rnncli.batching import Encoded
from rnncli.cells import CELLS, CellSpec
from rnncli.cells.clamps import Clamp
from rnncli.classifier import Classifier, opened
from rnncli.errors import CheckFailed
from rnncli.readouts import READOUTS, ReadoutSpec
from rnncli.study.agreement import Agreement, agreement, agreement_of_logits, reference
from rnncli.study.inside import Direction, Replica, directions
from tests.synthetic import experiment_of
from tests.variants import named, variants

V = 12
EXACT = keras.backend.backend() == "tensorflow"
"""Keras 3.15 has no float64 on JAX and PyTorch."""
LABELS = ("정치", "경제", "스포츠")
BEGINNINGS = frozenset({"unit_forget_bias", "activation"})
CELL_CASES = [case for cell in CELLS for case in variants(cell, CellSpec, BEGINNINGS, units=3)]
READOUT_CASES = [case for readout in READOUTS for case in variants(readout, ReadoutSpec)]
numpy = keras.ops.convert_to_numpy
lstm = {"cell": "lstm", "units": 3}
STACKS: list[dict[str, Any]] = [
    *({"layers": [{**case, "bidirectional": True}, case]} for case in CELL_CASES),
    *(
        {"layers": [{**lstm, "bidirectional": both}], "readout": readout}
        for readout in READOUT_CASES
        for both in (False, True)
    ),
    *(
        {
            "layers": [
                {**lstm, "bidirectional": True, "merge_mode": mode},
                {"cell": "gru", "units": 2},
            ]
        }
        for mode in ("sum", "mul", "ave")
    ),
    {"layers": [{**lstm, "return_sequences": True, "bidirectional": True}], "readout": "last"},
    {
        "layers": [
            {**lstm, "bidirectional": True},
            {"cell": "gru", "units": 3, "bidirectional": True, "initial_state": "previous"},
            {**lstm, "bidirectional": True},
            {**lstm, "bidirectional": True, "initial_state": "previous"},
        ],
        "readout": {"name": "state", "states": "both"},
    },
]


def classifier_of(model: dict[str, Any], **sections: Any) -> Classifier:
    """A network of random weights, large enough that every part is felt."""
    from rnncli import preparation
    from rnncli.backend import activate

    experiment = experiment_of(model=model, **sections)
    network = preparation.build(experiment, V, len(LABELS))
    random = np.random.default_rng(5)
    network.set_weights([0.8 * random.normal(size=w.shape) for w in network.get_weights()])
    tokenizer: Any = type("Tokens", (), {"vocabulary": tuple(map(str, range(V)))})
    return Classifier(
        experiment, tokenizer, LABELS, network, activate(keras.backend.backend(), "cpu")
    )


def ids_of(*lengths: int, orders: int = 1) -> np.ndarray[Any, np.dtype[np.int32]]:
    random = np.random.default_rng(6)
    rows = [random.integers(1, V, (length, orders)).astype(np.int32) for length in lengths]
    for row in rows:
        row[:, 1:] *= random.integers(0, 2, row[:, 1:].shape, np.int32)
    padded = Encoded.of(rows).padded(np.arange(len(rows)))
    return padded if orders > 1 else padded[:, :, 0]


@pytest.mark.parametrize("model", STACKS, ids=str)
def test_every_part_agrees_with_keras(model: dict[str, Any]) -> None:
    classifier = classifier_of(model)
    replica, ids = Replica.of(classifier), ids_of(5, 1, 7)
    inside = replica.run(ids)
    found = agreement(reference(classifier), replica, ids, inside).checked()
    assert max(found.outputs, found.states) < (1e-12 if EXACT else 3e-6)
    assert found.logits < 3e-6  # Keras' last layer is float32
    assert np.abs(numpy(classifier.model(ids)) - inside.logits).max() < 3e-6
    assert list(inside.layers) == directions(classifier.experiment.model.layers)


def test_ngrams_are_summed_where_they_are_known() -> None:
    text = {"tokenizer": "word", "vocabulary_size": 64, "max_length": 16, "ngrams": 3}
    classifier = classifier_of({"layers": [lstm]}, text=text)
    replica, ids = Replica.of(classifier), ids_of(5, 1, 7, orders=3)
    assert agreement(classifier.model, replica, ids, replica.run(ids)).checked().largest < 3e-6


def test_half_precision_is_compared_in_what_is_exact() -> None:
    classifier = classifier_of({"layers": [lstm]}, train={"precision": "mixed_bfloat16"})
    replica, ids = Replica.of(classifier), ids_of(5, 1, 7)
    inside = replica.run(ids)
    agreement(reference(classifier), replica, ids, inside).checked()
    assert np.abs(numpy(classifier.model(ids)) - inside.logits).max() > 1e-5


def test_auxiliary_classes_are_left_out() -> None:
    data = {"name": "klue-tc", "topics": list(LABELS), "auxiliary_topics": ["사회"]}
    classifier = classifier_of({"layers": [lstm]}, data=data)
    replica, ids = Replica.of(classifier), ids_of(5, 1, 7)
    assert replica.run(ids).logits.shape == (3, 3)
    agreement(classifier.model, replica, ids, replica.run(ids)).checked()


def test_many_texts_in_their_order() -> None:
    classifier = classifier_of({"layers": [{**lstm, "bidirectional": True}], "readout": "max"})
    replica = Replica.of(classifier)
    rows = [ids_of(1 + n * 7 % 11)[0] for n in range(300)]
    encoded = Encoded.of(rows)
    logits = replica.logits(encoded)
    assert agreement_of_logits(classifier.model, logits, encoded) < 3e-6
    for index in (0, 7, 299):
        np.testing.assert_allclose(logits[index], replica.run(rows[index][None]).logits[0])
    assert replica.logits(Encoded.of([])).shape == (0, 3)


def test_a_clamp_acts_where_it_is_meant_to() -> None:
    classifier = classifier_of({"layers": [{**lstm, "bidirectional": True}, lstm]})
    replica, ids = Replica.of(classifier), ids_of(5, 1, 7)
    free = replica.run(ids)
    held = replica.run(ids, {Direction(0, True): [Clamp("forget", 1.0)]})
    assert (held.layers[Direction(0, True)].gates["forget"][held.mask] == 1).all()
    same, other = Direction(0, False), Direction(1, False)
    np.testing.assert_array_equal(held.layers[same].outputs, free.layers[same].outputs)
    assert np.abs(held.layers[other].outputs - free.layers[other].outputs).max() > 1e-3


@pytest.mark.parametrize("broken", [1.1e-5, float("nan")])
def test_a_difference_is_a_failed_check(broken: float) -> None:
    with pytest.raises(CheckFailed, match=r"replay's states and Keras' differ by .*at most 1e-05"):
        Agreement(0.0, broken, 0.0).checked()
    Agreement(1e-5, 1e-5, 1e-5).checked()


def test_wrong_weights_are_found_out() -> None:
    classifier = classifier_of({"layers": [lstm]})
    replica, ids = Replica.of(classifier), ids_of(5, 1, 7)
    kernel, recurrent, bias = replica.layers[Direction(0, False)]
    replica.layers[Direction(0, False)] = [kernel, recurrent, bias + 1e-3]  # type: ignore[index]
    with pytest.raises(CheckFailed):
        agreement(classifier.model, replica, ids, replica.run(ids)).checked()


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize("case", named(CELL_CASES))
def test_trained_cells_on_fifty_real_texts(
    case: dict[str, Any], real_data: Path, tmp_path: Path
) -> None:
    """Two layers in both directions, trained on headlines; texts of all lengths."""
    from rnncli import load_config, train

    layer = json.dumps({**case, "units": 8, "bidirectional": True})
    settings = [
        f"data.path={real_data / 'klue-tc'}",
        "data.limit=640",
        "train.epochs=1",
        "baselines=false",
        "model.match=null",
        f"model.layers=[{layer}, {layer}]",
    ]
    if case["cell"] == "dense":
        settings.append("model.readout=mean")
    run = train(load_config("lstm_klue", settings), out=tmp_path)
    with opened(run, "cpu") as classifier:
        encoded = Encoded.of(classifier.tokenizer.encode_many(run.predictions().texts))
        order = np.argsort(encoded.lengths, kind="stable")
        ids = encoded.padded(order[np.linspace(0, len(order) - 1, 50).round().astype(int)])
        replica = Replica.of(classifier)
        inside = replica.run(ids)
        found = agreement(reference(classifier), replica, ids, inside).checked()
        assert set(inside.layers) == {Direction(n, b) for n in (0, 1) for b in (False, True)}
        assert found.largest < 1e-5
        if EXACT:
            assert max(found.outputs, found.states) < 1e-12
        assert np.abs(numpy(classifier.model(ids)) - inside.logits).max() < 1e-5
