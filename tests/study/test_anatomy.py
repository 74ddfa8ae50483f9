"""Scope: what `rnn describe` says of shapes and parameters, held against the Keras network."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from pydantic import TypeAdapter

from rnncli.cells import CELLS, Cell, CellSpec
from rnncli.config import load_config
from rnncli.preparation import build
from rnncli.shipped import shipped_configs
from rnncli.study.anatomy import Part, anatomy
from rnncli.study.describe import describe, subject_of
from tests.synthetic import experiment_of
from tests.variants import named, variants

U, V, C = 4, 30, 3
SPECS = named(case for cell in CELLS for case in variants(cell, CellSpec, units=U))
FEW = named({"cell": name, "units": U} for name in ("dense", "gru", "lstm"))


def part_of(case: dict[str, Any], **model: Any) -> Part:
    model = {"layers": [case], "embedding": {"dim": 5}, **model}
    return anatomy(experiment_of(model=model), V, C)[1]


@pytest.mark.parametrize("case", FEW)
@pytest.mark.parametrize("merge", [None, "concat", "sum"])
def test_what_a_layer_returns(case: dict[str, Any], merge: str | None) -> None:
    """Shapes and order of all four choices, as Keras has them."""
    both = {} if merge is None else {"bidirectional": True, "merge_mode": merge}
    spec: CellSpec = TypeAdapter(Cell).validate_python({**case, **both})
    part = part_of({**case, **both})
    assert len(part.returns) == 4
    assert sum(choice.chosen for choice in part.returns) == 1
    for choice in part.returns:
        layer = spec.make_layer(
            return_sequences=choice.return_sequences, return_state=choice.return_state, name="l"
        )
        if both:
            layer = keras.layers.Bidirectional(layer, merge_mode=merge)
        found = layer(keras.Input((None, 5)))
        found = found if isinstance(found, list | tuple) else [found]
        sizes = {"B": None, "T": None}
        told = [tuple(sizes.get(str(n), n) for n in value.shape) for value in choice.values]
        assert told == [tuple(tensor.shape) for tensor in found]


def test_the_order_of_the_states_of_both_directions() -> None:
    """Each name is the state that it says: the forward ones know the end, the others the start."""
    part = part_of({"cell": "lstm", "units": U, "bidirectional": True})
    names = [value.name for value in part.returns[1].values]
    assert names == ["y", "h_f", "c_f", "h_b", "c_b"]
    layer = keras.layers.Bidirectional(keras.layers.LSTM(U, return_state=True))
    x = np.random.default_rng(1).normal(size=(1, 6, 5)).astype("float32")
    values = dict(zip(names, map(np.array, layer(x)), strict=True))
    np.testing.assert_array_equal(values["y"], np.hstack([values["h_f"], values["h_b"]]))
    forward, backward = layer.forward_layer, layer.backward_layer
    for ending, own, turned in (("f", forward, x), ("b", backward, x)):
        _, h, c = own(turned)
        np.testing.assert_allclose(values[f"h_{ending}"], h, atol=1e-6)
        np.testing.assert_allclose(values[f"c_{ending}"], c, atol=1e-6)


@pytest.mark.parametrize("case", SPECS)
@pytest.mark.parametrize("both", [False, True], ids=["forward", "both"])
def test_parameters_gate_by_gate(case: dict[str, Any], both: bool) -> None:
    """The sums are Keras' own, each gate is named, and the arithmetic comes out."""
    part = part_of({**case, "bidirectional": both})
    spec: CellSpec = TypeAdapter(Cell).validate_python(case)
    layer = spec.make_layer(return_sequences=False, return_state=False, name="l")
    layer.build((None, None, 5))
    assert part.parameters == layer.count_params() * (2 if both else 1)
    assert [group.gate for group in part.groups] == [*spec.column_names] * (2 if both else 1)
    for group in part.groups:
        terms, _, total = group.arithmetic.rpartition(" = ")
        products = [term.split(" ")[0].split("·") for term in terms.split(" + ")]
        assert sum(np.prod([int(n) for n in p]) for p in products) == int(total.replace(",", ""))


def test_by_hand() -> None:
    """An LSTM of 128 units over 64 features; GRU's second bias; peepholes."""
    model = {"embedding": {"dim": 64}}
    lstm = part_of({"cell": "lstm", "units": 128}, **model)
    assert lstm.groups[0].arithmetic == "64·128 kernel + 128·128 recurrent + 128 bias = 24,704"
    assert lstm.parameters == 98_816
    assert lstm.multiply_adds_per_token == 4 * 128 * (64 + 128)
    gru = part_of({"cell": "gru", "units": 128}, **model).groups[0]
    assert gru.arithmetic.endswith("128 bias + 128 recurrent bias = 24,832")
    peephole = part_of({"cell": "peephole_lstm", "units": 2, "peephole": "full"}, **model)
    assert peephole.groups[3].arithmetic.endswith("2 bias + 2·2 peephole = 138")


@pytest.mark.parametrize("name", shipped_configs())
def test_every_shipped_config_adds_up_to_what_keras_counts(name: str) -> None:
    experiment = load_config(name, ["text.vocabulary_size=200"])
    labels = experiment.data.known_labels
    assert labels is not None
    model = build(experiment, 200, len(labels))
    parts = anatomy(experiment, 200, len(labels))
    assert sum(part.parameters for part in parts) == model.count_params()
    counted = {layer.name: layer.count_params() for layer in model.layers}
    for part in parts:
        assert part.parameters == counted.get(part.name, 0)
    shapes = {layer.name: layer.output for layer in model.layers if layer.name.startswith("layer")}
    for part in parts:
        if part.name in shapes:
            outputs = shapes[part.name]
            outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
            told = [tuple(None if n in ("B", "T") else n for n in o.shape) for o in part.outputs]
            assert told == [tuple(output.shape) for output in outputs]
    assert parts[-1].outputs[0].shape == ("B", model.output_shape[-1])


def test_costs_are_those_of_the_matrices() -> None:
    """Counted in the network's own products: two numbers of texts and lengths."""
    description = describe(subject_of("stacked_bilstm_klue"), length=10)
    costs = {cost.tokens: cost for cost in description.costs}
    lower = 2 * 4 * 32 * (128 + 32)
    upper = 2 * 4 * 32 * (64 + 32)
    assert costs[10].multiply_adds == 10 * (lower + upper) + 64 * 3
    assert costs[48].flops == 2 * (48 * (lower + upper) + 64 * 3)
    assert description.bytes == 4 * description.parameters


@pytest.mark.parametrize("states", ["h", "c", "both"])
def test_the_readout_reads_what_it_says(states: str) -> None:
    wanted = {"h": ["h_f", "h_b"], "c": ["c_f", "c_b"], "both": ["h_f", "c_f", "h_b", "c_b"]}
    layer = {"cell": "lstm", "units": U, "bidirectional": True}
    model = {"layers": [layer], "readout": {"name": "state", "states": states}}
    parts = anatomy(experiment_of(model=model), V, C)
    assert [tensor.name for tensor in parts[-2].inputs] == wanted[states]
    assert parts[-2].outputs[0].shape == ("B", len(wanted[states]) * U)


def test_a_gru_begins_with_the_h_of_each_direction_of_an_lstm() -> None:
    below = {"cell": "lstm", "units": U, "bidirectional": True}
    above = {"cell": "gru", "units": U, "bidirectional": True, "initial_state": "previous"}
    experiment = experiment_of(model={"layers": [below, above], "embedding": {"dim": 5}})
    part = anatomy(experiment, V, C)[2]
    assert [tensor.name for tensor in part.inputs] == ["y", "h_f", "h_b"]
