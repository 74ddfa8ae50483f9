"""Which layers fit together, what is filled in, and what is refused because it has no effect."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from rnncli.matching import layer_parameters
from rnncli.topology import ModelSpec

Layer = dict[str, Any]


def _layer(cell: str = "lstm", **settings: Any) -> Layer:
    return {"cell": cell, "units": 4, **settings}


def _model(*layers: Layer, readout: Any = "last") -> ModelSpec:
    return ModelSpec.model_validate({"layers": list(layers), "readout": readout})


def _problems(*layers: Layer, readout: Any = "last") -> list[tuple[tuple[int | str, ...], str]]:
    with pytest.raises(ValidationError) as caught:
        _model(*layers, readout=readout)
    (error,) = caught.value.errors()
    assert (error["type"], error["loc"]) == ("topology", ("layers",))
    return [(path, message) for path, _, message in error["ctx"]["problems"]]


@pytest.mark.parametrize(
    ("readout", "sequences", "state"),
    [
        ("last", False, False),
        ("state", False, True),
        ("mean", True, False),
        ("max", True, False),
        ("attention", True, False),
    ],
)
def test_what_the_readout_needs_is_filled_in(readout: str, sequences: bool, state: bool) -> None:
    lower, top = _model(_layer(), _layer(), readout=readout).layers
    assert (lower.return_sequences, lower.return_state) == (True, False)
    assert (top.return_sequences, top.return_state) == (sequences, state)


def test_what_is_filled_in_may_be_written_out() -> None:
    for readout in ("last", "state", "mean"):
        model = _model(_layer(), _layer("gru"), readout=readout)
        assert ModelSpec.model_validate(model.model_dump(mode="json")) == model


def test_the_last_readout_takes_sequences_too() -> None:
    (layer,) = _model(_layer(return_sequences=True)).layers
    assert layer.return_sequences is True


def test_initial_state_makes_the_layer_below_return_its_state() -> None:
    lower, upper = _model(_layer(), _layer(initial_state="previous")).layers
    assert (lower.return_state, upper.return_state) == (True, False)


def test_an_lstm_may_start_a_gru_but_not_the_other_way_round() -> None:
    _model(_layer("lstm"), _layer("gru", initial_state="previous"))
    assert _problems(_layer("gru"), _layer("lstm", initial_state="previous")) == [
        ((1, "initial_state"), "previous needs states h and c, but gru below has h alone")
    ]


@pytest.mark.parametrize(
    ("layers", "readout", "path", "message"),
    [
        (
            [_layer(return_sequences=False), _layer()],
            "last",
            (0, "return_sequences"),
            "must be true: layer 1 reads every step",
        ),
        (
            [_layer(return_sequences=False)],
            "mean",
            (0, "return_sequences"),
            "must be true: readout mean reads every step",
        ),
        (
            [_layer(return_sequences=True)],
            "state",
            (0, "return_sequences"),
            "must be false: readout state reads the final states alone",
        ),
        ([_layer(return_state=True)], "last", (0, "return_state"), "has no effect"),
        ([_layer(return_state=False)], "state", (0, "return_state"), "must be true: readout state"),
        (
            [_layer(return_state=False), _layer(initial_state="previous")],
            "last",
            (0, "return_state"),
            "must be true: layer 1 (initial_state: previous)",
        ),
        ([_layer(merge_mode="sum")], "last", (0, "merge_mode"), "has no effect without"),
        (
            [_layer(bidirectional=True, merge_mode="mul")],
            "state",
            (0, "merge_mode"),
            "has no effect, readout state reads the states, not the outputs",
        ),
        (
            [_layer(initial_state="previous")],
            "last",
            (0, "initial_state"),
            "previous needs a layer",
        ),
        (
            [_layer(units=3), _layer(initial_state="previous")],
            "last",
            (1, "initial_state"),
            "previous needs the units of the layer below, 3",
        ),
        (
            [_layer(bidirectional=True), _layer(initial_state="previous")],
            "last",
            (1, "initial_state"),
            "previous needs both layers bidirectional, or neither",
        ),
        (
            [_layer("gru")],
            {"name": "state", "states": "c"},
            (0, "cell"),
            "readout state asks for states: c, but gru has no cell state c; use h",
        ),
    ],
)
def test_what_does_not_fit(
    layers: list[Layer], readout: Any, path: tuple[int | str, ...], message: str
) -> None:
    ((where, what),) = _problems(*layers, readout=readout)
    assert where == path
    assert what.startswith(message)


def test_all_that_does_not_fit_is_told_at_once() -> None:
    found = _problems(
        _layer(return_sequences=False, merge_mode="sum"), _layer(return_state=True), _layer()
    )
    assert [path for path, _ in found] == [
        (0, "return_sequences"),
        (0, "merge_mode"),
        (1, "return_state"),
    ]


def _open(cell: str, **settings: Any) -> Layer:
    """A layer that leaves its units to `match`."""
    return {"cell": cell, **settings}


def _matched(parameters: int, *layers: Layer) -> ModelSpec:
    return ModelSpec.model_validate(
        {
            "embedding": {"dim": 20},
            "match": {"parameters": parameters},
            "layers": list(layers),
            "readout": "last",
        }
    )


@pytest.mark.parametrize("parameters", [1, 500, 20_000, 1_000_000])
@pytest.mark.parametrize(
    "layers",
    [
        [_open("dense")],
        [_open("simple_rnn"), _open("simple_rnn")],
        [_open("gru", bidirectional=True)],
        [_open("lstm", bidirectional=True), _open("gru", bidirectional=True)],
        [_open("peephole_lstm", peephole="full")],
    ],
)
def test_match_solves_for_the_nearest_units(parameters: int, layers: list[Layer]) -> None:
    found = _matched(parameters, *layers).layers
    (units,) = {layer.units for layer in found}

    def gap(units: int) -> int:
        sized = [{**layer, "units": units} for layer in layers]
        stack = ModelSpec.model_validate({"layers": sized, "readout": "last"}).layers
        return abs(layer_parameters(stack, 20) - parameters)

    assert all(gap(units) <= gap(other) for other in (units - 1, units + 1) if other)


def test_a_matched_stack_can_be_written_out_but_not_with_other_units() -> None:
    model = _matched(5000, _open("lstm"), _open("gru"))
    assert ModelSpec.model_validate(model.model_dump(mode="json")) == model
    with pytest.raises(ValidationError) as caught:
        _matched(5000, _open("lstm"), _layer("gru"))
    (error,) = caught.value.errors()
    ((path, value, message),) = error["ctx"]["problems"]
    assert (path, value) == ((1, "units"), 4)
    assert message.startswith(f"must be left out, or {model.layers[0].units}:")


def test_units_are_missing_where_nothing_solves_for_them() -> None:
    with pytest.raises(ValidationError, match="units"):
        ModelSpec.model_validate({"layers": [_open("lstm")], "readout": "last"})
