"""Clamps, for every cell of the union: what is held is held, from its token on, and nothing else.

Shape letters: B batch, T time, D features, U units.
"""

from __future__ import annotations

import re
import zlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import TypeAdapter

from rnncli.cells import CELLS, GRU, LSTM, Cell, CellSpec, Dense, PeepholeLSTM
from rnncli.cells.clamps import STATES, Clamp, clampable, read_clamp
from rnncli.cells.replay import Replay, replay
from rnncli.errors import UsageError
from tests.variants import named, variants

B, T, D, U = 4, 6, 3, 2
MASK = np.arange(T) < np.array((6, 2, 5, 4))[:, None]
BEGINNINGS = frozenset({"unit_forget_bias"})
CASES = named(case for cell in CELLS for case in variants(cell, CellSpec, BEGINNINGS, units=U))
every_cell = pytest.mark.parametrize("case", CASES)
both_ways = pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])

Array = NDArray[np.float64]


def spec_of(case: dict[str, Any]) -> CellSpec:
    spec: CellSpec = TypeAdapter(Cell).validate_python(case)
    return spec


def drawn(spec: CellSpec) -> tuple[list[Array], Array, list[Array]]:
    """Weights, inputs and initial states."""
    random = np.random.default_rng(zlib.crc32(repr(spec).encode()))
    layer = spec.make_layer(return_sequences=True, return_state=True, name="l")
    layer.build((B, T, D))
    weights = [random.normal(size=w.shape) for w in layer.get_weights()]
    states = [random.normal(size=(B, U)) for _ in spec.state_names]
    return weights, random.normal(size=(B, T, D)), states


def quantity(run: Replay, name: str) -> Array:
    """What a clamp holds, at every step."""
    if name.startswith("peephole_"):
        return run.peepholes[name.removeprefix("peephole_")]
    letters = {word: letter for letter, word in STATES.items()}
    return run.steps[letters[name]] if name in letters else run.gates[name]


def held_names(spec: CellSpec) -> list[str]:
    return [name for name in clampable(spec) if not name.endswith("_bias")]


@every_cell
@both_ways
def test_a_value_holds_from_its_token_on(case: dict[str, Any], backwards: bool) -> None:
    spec = spec_of(case)
    weights, x, states = drawn(spec)
    given: dict[str, Any] = {"backwards": backwards, "initial_state": states}
    free = replay(spec, weights, x, MASK, **given)
    for name in held_names(spec):
        run = replay(spec, weights, x, MASK, clamps=[Clamp(name, 0.3, start=2)], **given)
        late = MASK & (np.arange(T) >= 2)
        assert (quantity(run, name)[late] == 0.3).all()
        early = MASK & (np.arange(T) < 2)
        if backwards:  # reads the held tokens first
            assert (quantity(run, name)[early] != 0.3).all()
        else:
            np.testing.assert_array_equal(quantity(run, name)[early], quantity(free, name)[early])
        assert np.abs(run.outputs - free.outputs).max() > 1e-6


@every_cell
@both_ways
def test_frozen_keeps_what_was_a_step_earlier(case: dict[str, Any], backwards: bool) -> None:
    spec = spec_of(case)
    weights, x, states = drawn(spec)
    given: dict[str, Any] = {"backwards": backwards, "initial_state": states}
    free = replay(spec, weights, x, MASK, **given)
    for name in held_names(spec):
        run = replay(spec, weights, x, MASK, clamps=[Clamp(name, None, start=3)], **given)
        found, before = quantity(run, name), quantity(free, name)
        for row, length in enumerate(MASK.sum(axis=1)):
            if length <= 3:
                np.testing.assert_array_equal(run.outputs[row], free.outputs[row])
                continue
            if not backwards:
                kept = before[row, 2]
            elif name in STATES.values():
                kept = states[[STATES[letter] for letter in spec.state_names].index(name)][row]
            else:
                kept = before[row, length - 1]
            np.testing.assert_array_equal(found[row, 3:length], np.tile(kept, (length - 3, 1)))


@every_cell
def test_a_shifted_bias_is_another_bias(case: dict[str, Any]) -> None:
    spec = spec_of(case)
    weights, x, _ = drawn(spec)
    for column, name in enumerate(spec.gate_names):
        run = replay(spec, weights, x, MASK, clamps=[Clamp(f"{name}_bias", 1.5)])
        bias = weights[2].copy()
        of_input = bias[0] if bias.ndim == 2 else bias
        of_input[column * U : (column + 1) * U] += 1.5
        other = replay(spec, [*weights[:2], bias, *weights[3:]], x, MASK)
        np.testing.assert_allclose(run.outputs, other.outputs, atol=1e-12)


@every_cell
def test_a_dropped_peephole_is_one_without_weight(case: dict[str, Any]) -> None:
    spec = spec_of(case)
    weights, x, _ = drawn(spec)
    for number, name in enumerate(spec.peephole_names, start=3):
        run = replay(spec, weights, x, MASK, clamps=[Clamp(f"peephole_{name}", 0.0)])
        without = [w * (index != number) for index, w in enumerate(weights)]
        np.testing.assert_allclose(run.outputs, replay(spec, without, x, MASK).outputs, atol=1e-14)


def test_float32_stays_float32() -> None:
    spec = LSTM(cell="lstm", units=U)
    weights, x, _ = drawn(spec)
    single = [w.astype(np.float32) for w in weights]
    clamps = [Clamp("forget_bias", 1.0), Clamp("candidate_bias", 1.0), Clamp("input", None)]
    assert replay(spec, single, x.astype(np.float32), MASK, clamps=clamps).outputs.dtype == "f4"


PEEPHOLE = PeepholeLSTM(cell="peephole_lstm", units=U)
GATED = GRU(cell="gru", units=U)


@pytest.mark.parametrize(
    ("text", "clamp"),
    [
        ("forget=1", Clamp("forget", 1.0, 4)),
        ("cell=frozen", Clamp("cell", None, 4)),
        (" forget_bias = -2 ", Clamp("forget_bias", -2.0, 4)),
        ("peephole_output=0", Clamp("peephole_output", 0.0, 4)),
    ],
)
def test_clamps_as_written(text: str, clamp: Clamp) -> None:
    assert read_clamp(text, [PEEPHOLE], 4) == clamp
    assert read_clamp(str(clamp), [PEEPHOLE], 4) == clamp


@pytest.mark.parametrize(
    ("text", "cells", "message"),
    [
        ("forgot=1", [PEEPHOLE], r"no forgot there; peephole_lstm has .*; did you mean forget\?"),
        ("c=0", [PEEPHOLE], r"no c there; .*; did you mean cell\?"),
        ("forget=1", [GATED], r"no forget there; gru has update, reset, candidate, hidden, upd"),
        ("forget=1", [GATED, Dense(cell="dense", units=2)], "gru and dense have update"),
        ("=1", [GATED], "no name there"),
        ("update", [GATED], "expected name=value, as in update=0"),
        ("update=", [GATED], "expected name=value"),
        ("update=two", [GATED], "expected a number or frozen, got 'two'"),
        ("update=nan", [GATED], "expected a number or frozen, got 'nan'"),
        ("update=1.5", [GATED], "update lies in 0…1, got 1.5"),
        ("candidate=-2", [GATED], "candidate lies in -1…1"),
        ("update_bias=frozen", [GATED], "a bias never moves"),
    ],
)
def test_what_cannot_be_clamped(text: str, cells: list[CellSpec], message: str) -> None:
    with pytest.raises(UsageError, match=f"^--clamp {re.escape(text)}: .*{message}"):
        read_clamp(text, cells)
