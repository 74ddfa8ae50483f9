"""Scope: a planted decay is measured, by the command's own path; fits and norms by other means."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncli import Run, train
from rnncli.cells.replay import replay
from rnncli.classifier import load_classifier
from rnncli.errors import DataError
from rnncli.study.decay import by_lag, fit_decay, lags_reached
from rnncli.study.memory import influence
from rnncli.study.stack import Direction, by_length_reversed, directions, recurrent_matrices
from rnncli.topology import ModelSpec
from rnncli.weights import save_weights
from tests.synthetic import tiny
from tests.terminal import rnn

UNITS = 6
CELLS = [
    {"cell": "simple_rnn"},
    {"cell": "lstm"},
    {"cell": "gru"},
    {"cell": "gru", "reset_after": False},
    {"cell": "peephole_lstm", "peephole": "full"},
    {"cell": "peephole_lstm"},
]


def rotation(units: int) -> np.ndarray[Any, Any]:
    """Some orthogonal matrix."""
    drawn = np.random.default_rng(3).standard_normal((units, units))
    return np.linalg.qr(drawn)[0].astype(np.float32)


@pytest.fixture(scope="module")
def linear(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of a linear recurrence over long enough texts, both directions."""
    layer = f"{{cell: simple_rnn, units: {UNITS}, activation: linear, bidirectional: true}}"
    settings = (f"model.layers=[{layer}]", "train.epochs=1", "text.tokenizer=character")
    experiment = tiny(*settings, "text.max_length=40")
    return train(experiment, out=tmp_path_factory.mktemp("linear"))


def plant(run: Run, forwards: np.ndarray[Any, Any], backwards: np.ndarray[Any, Any]) -> None:
    """Give both directions a recurrent kernel."""
    model = load_classifier(run).model
    layer = model.get_layer("layer_0")
    weights = layer.get_weights()
    weights[1], weights[4] = forwards, backwards
    layer.set_weights(weights)
    save_weights(model, run.weights)


def test_a_planted_half_life_is_measured(linear: Run, tmp_path: Path) -> None:
    """H = 0.9 R h: half is left after ln 2 / −ln 0.9 = 6.58 tokens, whichever way R turns."""
    plant(linear, 0.9 * np.eye(UNITS, dtype=np.float32), 0.9 * rotation(UNITS))
    outcome = rnn("memory", linear.path, "--out", tmp_path, "--json", "--texts", "20")
    assert outcome.code == 0, outcome.err
    told = outcome.json
    both = told["runs"][0]["after"]["layers"]
    assert [layer["name"] for layer in both] == ["layer 0", "layer 0 backwards"]
    for layer in both:
        assert layer["decay"]["half_life"] == pytest.approx(6.6, abs=0.3)
        assert layer["decay"]["r_squared"] > 0.999
        assert layer["matrices"][0]["spectral_radius"] == pytest.approx(0.9, abs=1e-5)
        assert layer["matrices"][0]["largest_singular_value"] == pytest.approx(0.9, abs=1e-5)
    assert "counts half after 6.6 tokens" in told["sentences"][0]
    assert json.loads((tmp_path / "memory.json").read_text("utf-8"))["runs"] == told["runs"]
    for kind in ("svg", "html"):
        assert linear.name in (tmp_path / f"memory.{kind}").read_text("utf-8")


def test_growth_explodes_and_a_nilpotent_recurrence_forgets() -> None:
    """1.3 I grows without end; of a shift of 6 units nothing is left after 6 tokens."""
    cell = ModelSpec.model_validate(
        {"layers": [{"cell": "simple_rnn", "units": UNITS, "activation": "linear"}]}
    ).layers[0]
    mask, start = np.ones((2, 20), bool), (np.zeros((2, UNITS), np.float32),)
    x = np.ones((2, 20, UNITS), np.float32)
    norms = []
    for recurrent in (1.3 * np.eye(UNITS), np.eye(UNITS, k=1)):
        weights = [np.eye(UNITS), recurrent, np.zeros(UNITS)]
        exact = tuple(weight.astype(np.float32) for weight in weights)
        norms.append(influence(Direction(0, False, cell, exact, x, mask, start)))
    lags = np.arange(20)
    np.testing.assert_allclose(norms[0][0, ::-1], np.sqrt(UNITS) * 1.3**lags, rtol=1e-4)
    np.testing.assert_allclose(norms[1][0, ::-1], np.sqrt(np.maximum(UNITS - lags, 0)), atol=1e-6)
    grows, ends = (fit_decay(by_lag(norm, np.array([20, 20]))) for norm in norms)
    assert grows is not None
    assert (grows.verdict, grows.half_life) == ("explodes", None)
    assert grows.factor == pytest.approx(1.3, rel=1e-3)
    assert ends is not None
    assert ends.last_lag == UNITS - 1


@pytest.mark.parametrize(
    ("settings", "backwards"),
    [(settings, number % 2 == 1) for number, settings in enumerate(CELLS)],
    ids=str,
)
def test_the_norms_are_those_of_the_equations(settings: dict[str, Any], backwards: bool) -> None:
    """‖∂h_T/∂x_t‖_F by finite differences of the NumPy step, texts of two lengths."""
    layer = {**settings, "units": 3, "bidirectional": True}
    spec = ModelSpec.model_validate({"layers": [layer], "embedding": {"dim": 2}})
    cell = spec.layers[0]
    keras_layer = cell.make_layer(return_sequences=True, return_state=False, name="layer_0")
    keras_layer.build((None, None, 2))
    random = np.random.default_rng(5)
    shapes = [weight.shape for weight in keras_layer.get_weights()]
    weights = tuple((0.8 * random.standard_normal(shape)).astype(np.float32) for shape in shapes)
    x = random.standard_normal((2, 5, 2)).astype(np.float32)
    mask = np.array([[True] * 5, [True] * 3 + [False] * 2])
    states = len(cell.state_names)
    start = tuple(random.standard_normal((2, 3)).astype(np.float32) for _ in range(states))
    read = by_length_reversed(x, mask) if backwards else x
    norms = influence(Direction(0, backwards, cell, weights, read, mask, start))
    exact = [w.astype(np.float64) for w in weights]
    wide = [s.astype(np.float64) for s in start]

    def final(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        ran = replay(cell, exact, values, mask, backwards=backwards, initial_state=wide)
        return ran.states[0]

    squares = np.zeros((2, 5))
    for place in np.ndindex(5, 2):
        moved = np.zeros((2, 5, 2))
        moved[:, place[0], place[1]] = 1e-5
        slope = (final(x + moved) - final(x - moved)) / 2e-5
        squares[:, place[0]] += (slope**2).sum(axis=-1)
    expected = np.sqrt(by_length_reversed(squares, mask) if backwards else squares)
    np.testing.assert_allclose(norms, expected, rtol=1e-3, atol=1e-5)


def test_few_probes_estimate_the_norms() -> None:
    spec = ModelSpec.model_validate({"layers": [{"cell": "simple_rnn", "units": 24}]})
    cell = spec.layers[0]
    random = np.random.default_rng(1)
    shapes = ((4, 24), (24, 24), (24,))
    weights = tuple((random.standard_normal(s) / 6).astype(np.float32) for s in shapes)
    x = random.standard_normal((30, 6, 4)).astype(np.float32)
    mask, start = np.ones((30, 6), bool), (np.zeros((30, 24), np.float32),)
    direction = Direction(0, False, cell, weights, x, mask, start)
    exact, estimated = influence(direction, probes=24), influence(direction, probes=16)
    np.testing.assert_allclose(estimated.mean(0), exact.mean(0), rtol=0.35)
    assert not np.array_equal(exact, estimated)


def test_layers_read_what_the_network_gives_them() -> None:
    """Inputs of a stack by NumPy against Keras' own, states handed up included."""
    import keras

    from rnncli.model import build_model

    layers = [
        {"cell": "lstm", "units": 3, "bidirectional": True, "merge_mode": "ave"},
        {"cell": "lstm", "units": 3, "bidirectional": True, "initial_state": "previous"},
        {"cell": "dense", "units": 2},
    ]
    spec = ModelSpec.model_validate({"layers": layers, "embedding": {"dim": 2}, "readout": "mean"})
    model = build_model(spec, vocabulary_size=9, classes=2)
    ids = np.array([[2, 3, 4, 5], [6, 7, 0, 0]], np.int32)
    vectors = np.asarray(model.get_layer("embedding")(ids))
    found = directions(model, spec, vectors, ids != 0)
    assert [part.name for part in found][:3] == ["layer 0", "layer 0 backwards", "layer 1"]
    for part in (found[2], found[4]):
        tensors = model.get_layer(f"layer_{part.layer}").input
        keras_input = keras.Model(model.input, tensors[0])
        expected = np.asarray(keras_input(ids)) * (ids != 0)[..., None]
        np.testing.assert_allclose(part.x * part.mask[..., None], expected, atol=1e-6)
    assert np.abs(found[2].initial_state[0]).min() > 0


def test_matrices_go_by_the_columns_of_keras() -> None:
    spec = ModelSpec.model_validate({"layers": [{"cell": "gru", "units": 2}]})
    blocks = [np.full((2, 2), value, np.float32) for value in (1, 2, 3)]
    weights = (np.zeros((1, 6)), np.concatenate(blocks, axis=1), np.zeros((2, 6)))
    found = recurrent_matrices(spec.layers[0], weights)
    assert {name: matrix[0, 0] for name, matrix in found.items()} == {
        "update": 1,
        "reset": 2,
        "candidate": 3,
    }


def test_the_fit_is_that_of_the_logarithms() -> None:
    noisy = 3 * 0.8 ** np.arange(30) * np.exp(0.1 * np.random.default_rng(0).standard_normal(30))
    fit = fit_decay(np.concatenate([[100.0], noisy[1:]]))
    assert fit is not None
    slope = np.polyfit(np.arange(1, 30), np.log(noisy[1:]), 1)[0]
    assert fit.half_life == pytest.approx(-math.log(2) / slope)
    correlation = np.corrcoef(np.arange(1, 30), np.log(noisy[1:]))[0, 1]
    assert fit.r_squared == pytest.approx(correlation**2)
    assert (fit.verdict, fit.halved_at) == (
        "vanishes",
        int(np.argmax(noisy[1:] <= noisy[1] / 2)) + 1,
    )


def test_no_fit_without_lags_and_none_beyond_float32() -> None:
    assert fit_decay(np.array([1.0, 0.5, 0.2])) is None
    assert fit_decay(np.array([1.0, 0.0, 0.0, 0.0, 0.0])) is None
    fit = fit_decay(np.array([1.0, 1.0, 1e-10, 1e-20, 1e-30, 0.0, 0.0]))
    assert fit is not None
    assert (fit.last_lag, fit.r_squared) == (4, pytest.approx(1))
    level = fit_decay(np.ones(9))
    assert level is not None
    assert level.fits
    assert level.verdict == "persists"


def test_lags_are_means_over_texts_long_enough() -> None:
    values = np.array([[1.0, 2.0, 3.0], [5.0, 7.0, 0.0]])
    lengths = np.array([3, 2])
    assert lags_reached(lengths) == 3
    np.testing.assert_allclose(by_lag(values, lengths), [(3 + 7) / 2, (2 + 5) / 2, 1])
    np.testing.assert_allclose(by_lag(values, lengths, from_end=False), [3, 4.5, 3])
    assert lags_reached(np.array([9, 1, 1, 1, 1, 1, 1, 1])) == 1


def test_a_config_without_its_data_is_seen_on_a_sample(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("RNN_DATA", raising=False)
    monkeypatch.setattr("rnncli.datasets.klue_tc.KlueTc.load", _out_of_reach)
    outcome = rnn("memory", "dense_klue", "--texts", "5", "--out", tmp_path)
    assert outcome.code == 0, outcome.err
    assert "5 texts of sample-ko, since dense_klue's own data is not in reach" in outcome.out
    assert "dense has no recurrence" in outcome.out
    told = json.loads((tmp_path / "memory.json").read_text("utf-8"))["runs"][0]
    assert (told["after"], told["before"]["layers"][0]["decay"]) == (None, None)
    named = tmp_path / "named.yaml"
    named.write_text("extends: dense_klue.yaml\ndata: {path: nowhere}\n", "utf-8")
    assert "out of reach" in rnn("memory", named).failed(3)


def _out_of_reach(*_: object) -> None:
    raise DataError("out of reach")


def test_wrong_names_are_told_at_once(tmp_path: Path) -> None:
    assert "no such run" in rnn("memory", "sample_en", tmp_path / "none").failed(2)
    assert "did you mean sample_en?" in rnn("memory", "sample_em").failed(2)
    assert "8 apart" in rnn("memory", *["sample_en"] * 9).failed(2)
