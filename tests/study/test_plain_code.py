"""Scope: the printed code: it runs, counts the same parameters, and answers as the network does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from rnncli import Run
from rnncli.batching import Encoded
from rnncli.classifier import load_classifier
from rnncli.config import load_config
from rnncli.errors import StorageError, UsageError
from rnncli.experiment import Experiment
from rnncli.preparation import build
from rnncli.shipped import shipped_configs
from rnncli.source_text import Name, call, names_in, source
from rnncli.study.describe import Subject, subject_of
from rnncli.study.plain_code import plain_code, weight_names
from tests.synthetic import experiment_of
from tests.terminal import environment, rnn

SMALL = ["text.vocabulary_size=300"]
numpy = keras.ops.convert_to_numpy


def subject(experiment: Experiment, labels: tuple[str, ...] = ("a", "b", "c")) -> Subject:
    return Subject(Path("mine.yaml"), experiment, 300, True, labels, None, ())


def executed(code: str) -> dict[str, Any]:
    """What the code defines, without what it does as a program."""
    space: dict[str, Any] = {"__name__": "printed"}
    exec(compile(code, "printed.py", "exec"), space)
    return space


def ids_for(experiment: Experiment, seed: int = 1) -> np.ndarray:
    """Right-padded texts of 7, 1, 4 and 6 tokens; absent n-grams among them."""
    random = np.random.default_rng(seed)
    orders = experiment.text.ids_per_position
    ids = random.integers(1, 300, (4, 7, orders))
    ids[:, :, 1:] *= random.integers(0, 2, (4, 7, orders - 1))
    ids[np.arange(7) >= np.array([7, 1, 4, 6])[:, None]] = 0
    return (ids if orders > 1 else ids[:, :, 0]).astype(np.int32)


def assert_the_same(told: Subject, tolerance: float = 1e-6) -> None:
    model = build(told.experiment, told.vocabulary_size, len(told.labels))
    plain = executed(plain_code(told))["build_model"]()
    random = np.random.default_rng(2)
    weights = [random.normal(0, 0.3, weight.shape) for weight in model.get_weights()]
    model.set_weights(weights)
    plain.set_weights(weights)
    assert plain.count_params() == model.count_params()
    ids = ids_for(told.experiment)
    found, expected = numpy(plain(ids)), numpy(model(ids))
    assert found.shape == expected.shape
    assert np.abs(expected).max() > 1e-2
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)
    rates = [
        [(layer.name, layer.rate) for layer in each.layers if hasattr(layer, "rate")]
        for each in (plain, model)
    ]
    assert rates[0] == rates[1]


def kind_of(name: str) -> str:
    """The network without its sizes: one config of each is enough for the quick tests."""
    experiment = load_config(name)
    model = experiment.model.model_dump_json(exclude={"match", "embedding"})
    sizes = r'"(units|dropout|recurrent_dropout)":[\d.]+'
    return re.sub(sizes, "", model) + str(experiment.text.ids_per_position > 1)


KINDS = {kind_of(name): name for name in shipped_configs()}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in KINDS.values() else pytest.mark.slow)
        for name in shipped_configs()
    ],
)
def test_every_shipped_config(name: str) -> None:
    found = subject_of(name, SMALL)
    assert found.upper_bound
    assert_the_same(found)


LAYERS: dict[str, list[dict[str, Any]]] = {
    "dense both ways, last": [{"cell": "dense", "bidirectional": True}],
    "dense below, dropped": [{"cell": "dense", "dropout": 0.2}, {"cell": "gru"}],
    "peephole both ways": [{"cell": "peephole_lstm", "bidirectional": True, "merge_mode": "sum"}],
    "peephole full, previous": [
        {"cell": "peephole_lstm", "peephole": "full", "bidirectional": True, "dropout": 0.1},
        {"cell": "lstm", "bidirectional": True, "initial_state": "previous"},
    ],
    "lstm to gru, previous": [
        {"cell": "lstm", "recurrent_dropout": 0.3, "unit_forget_bias": False},
        {"cell": "gru", "reset_after": False, "initial_state": "previous"},
    ],
    "relu, averaged": [
        {"cell": "simple_rnn", "activation": "relu", "bidirectional": True, "merge_mode": "ave"}
    ],
    "sequences, last": [{"cell": "gru", "bidirectional": True, "return_sequences": True}],
}


@pytest.mark.parametrize("name", LAYERS)
def test_what_no_shipped_config_has(name: str) -> None:
    layers = [{"units": 3, **layer} for layer in LAYERS[name]]
    experiment = experiment_of(
        model={"layers": layers, "readout": {"name": "last", "dropout": 0.1}},
        text={"tokenizer": "word", "vocabulary_size": 300, "max_length": 16},
    )
    assert_the_same(subject(experiment))


@pytest.mark.parametrize("states", ["h", "c", "both"])
def test_states_of_both_directions(states: str) -> None:
    layers = [{"cell": "lstm", "units": 3, "bidirectional": True}]
    readout = {"name": "state", "states": states}
    assert_the_same(subject(experiment_of(model={"layers": layers, "readout": readout})))


def test_half_precision() -> None:
    layers = [{"cell": "lstm", "units": 3}]
    experiment = experiment_of(
        model={"layers": layers, "readout": "mean"}, train={"precision": "mixed_bfloat16"}
    )
    before = keras.config.dtype_policy()
    try:
        assert_the_same(subject(experiment), tolerance=2e-2)
    finally:
        keras.config.set_dtype_policy(before)


@pytest.mark.parametrize(
    ("layer", "keeping", "taking"),
    [
        ({"cell": "lstm"}, 1, 0),
        ({"cell": "lstm", "bidirectional": True}, 1, 0),
        ({"cell": "peephole_lstm", "dropout": 0.1}, 1, 0),
        ({"cell": "gru"}, 0, None),
        ({"cell": "gru", "reset_after": False}, 0, None),
    ],
    ids=str,
)
def test_gates_begin_with_the_same_memories(
    layer: dict[str, Any], keeping: int, taking: int | None
) -> None:
    units, steps = 400, 50
    layers = [{**layer, "units": units, "chrono": steps}]
    told = subject(experiment_of(model={"layers": layers}))
    plain = executed(plain_code(told))["build_model"]()
    network = build(told.experiment, told.vocabulary_size, len(told.labels))
    biases = [
        [numpy(weight) for weight in model.weights if weight.name == "bias"][:-1]
        for model in (plain, network)
    ]
    assert len(biases[0]) == len(biases[1]) == 1 + layer.get("bidirectional", False)
    for ours, theirs in zip(*biases, strict=True):
        assert ours.shape == theirs.shape
        for bias in (ours, theirs):
            gates = np.split(np.atleast_2d(bias)[0], bias.shape[-1] // units)
            memories = np.exp(gates.pop(keeping))
            assert 1 <= memories.min() < 3
            assert 47 < memories.max() <= 49
            assert abs(memories.mean() - 25) < 3  # four standard errors
            if taking is not None:
                np.testing.assert_allclose(gates.pop(taking), -np.log(memories), atol=1e-6)
            rest = [*gates, np.atleast_2d(bias)[1:].ravel()]
            assert not np.concatenate(rest).any()


def test_dropout_acts_in_training() -> None:
    """Of the layers that are written out: the peephole cell, the dense cell, the n-grams."""
    layers = [
        {"cell": "peephole_lstm", "units": 8, "dropout": 0.5, "recurrent_dropout": 0.5},
        {"cell": "dense", "units": 8, "dropout": 0.5},
    ]
    experiment = experiment_of(
        model={"layers": layers, "embedding": {"dim": 8, "ngram_dropout": 0.5}},
        text={"tokenizer": "word", "vocabulary_size": 300, "ngrams": 2},
    )
    plain = executed(plain_code(subject(experiment)))["build_model"]()
    ids = ids_for(experiment)
    still = numpy(plain(ids))
    np.testing.assert_array_equal(still, numpy(plain(ids)))
    assert np.abs(numpy(plain(ids, training=True)) - still).max() > 1e-3
    probe = keras.Model(plain.input, plain.get_layer("embedding").output)
    found = numpy(probe(np.tile(ids[:1], (200, 1, 1)), training=True))[:, 0]
    assert len(np.unique(found.round(5), axis=0)) == 2  # the 2-gram is there, doubled, or not


def test_the_code_of_a_run_loads_its_weights(trained: Run) -> None:
    told = subject_of(trained.path)
    assert not told.upper_bound
    code = plain_code(told)
    space = executed(code)
    plain = space["build_model"]()
    names = weight_names(trained.weights, len(told.experiment.model.layers))
    space["load_weights"](plain, trained.weights, names)
    classifier = load_classifier(trained)
    texts = trained.predictions().texts[:20]
    ids = Encoded.of(classifier.tokenizer.encode_many(texts)).padded(np.arange(len(texts)))
    np.testing.assert_allclose(numpy(plain(ids)), numpy(classifier.model(ids)), rtol=0, atol=1e-6)
    assert str(trained.weights) in code
    assert all(f'"{name}",' in code for name in names)


@pytest.mark.process
@pytest.mark.parametrize("what", [pytest.param("config", marks=pytest.mark.slow), "run"])
def test_it_runs_by_itself(what: str, trained: Run, tmp_path: Path) -> None:
    """As a program that knows nothing of this package."""
    words = [str(trained.path)] if what == "run" else ["peephole_klue", "--set", SMALL[0]]
    file = tmp_path / "model.py"
    file.write_text(rnn("describe", *words, "--code").out, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", str(file)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Total params" in done.stdout
    assert "rnncli" not in file.read_text("utf-8").replace(str(trained.path), "")


def test_a_run_without_weights(run_copy: Run) -> None:
    run_copy.weights.write_bytes(b"nothing")
    with pytest.raises(StorageError, match="damaged weights"):
        plain_code(subject_of(run_copy.path))
    run_copy.weights.unlink()
    with pytest.raises(UsageError, match="has no weights yet"):
        plain_code(subject_of(run_copy.path))


def test_names_are_the_arrays_in_order(trained: Run) -> None:
    names = weight_names(trained.weights, 1)
    with h5py.File(trained.weights) as file:
        shapes = [file["layers"][name].shape for name in names]
    model = load_classifier(trained).model
    assert shapes == [tuple(weight.shape) for weight in model.get_weights()]


def test_source() -> None:
    layer = call("keras.layers.LSTM", 64, return_sequences=True)
    assert source(call(layer, Name("x"), mask=Name("mask"))) == (
        "keras.layers.LSTM(64, return_sequences=True)(x, mask=mask)"
    )
    long = call("f", call("g" * 40, 1, name="가" * 5), [Name("a"), (None,)], key="b" * 40)
    text = source(long)
    assert all(len(line) <= 88 for line in text.splitlines())
    assert text.endswith('",\n)')
    assert list(names_in(long)) == ["f", "g" * 40]
    called = []
    space = {"f": lambda *a, **k: called.append((a, k)), "g" * 40: lambda *a, **k: (a, k), "a": 1}
    exec(text, space)
    assert called == [((((1,), {"name": "가" * 5}), [1, (None,)]), {"key": "b" * 40})]
