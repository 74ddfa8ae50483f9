"""Scope: the equations that are shown, computed as they are written, against the cells' NumPy.

A line like `g = tanh(W_g xₜ + R_g (r ⊙ hₜ₋₁) + b_g)` is turned into Python and run.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import TypeAdapter

from rnncli.cells import CELLS, Cell, CellSpec
from rnncli.cells.base import sigmoid
from rnncli.formulas import formulas, told_with
from tests.variants import named, variants

B, D, U = 3, 4, 2
CASES = named(case for cell in CELLS for case in variants(cell, CellSpec, units=U))
LETTERS = {
    "kernel": "W",
    "recurrent": "R",
    "bias": "b",
    "recurrent bias": "b2",
    "peephole": "P",
}
GATES = {
    "input": "i",
    "forget": "f",
    "candidate": "g",
    "output": "o",
    "update": "z",
    "reset": "r",
    "state": "",
}
NAMES = {
    "xₜ": "x",
    "xₙ": "x",
    "hₜ₋₁": "h0",
    "hₜ": "h",
    "hₙ": "h",
    "cₜ₋₁": "c0",
    "cₜ": "c",
    "b′": "b2",
    "⊙": "*",
    "−": "-",
    "σ": "sigmoid",
}

Array = NDArray[np.float64]


def product(value: Array, weight: Array) -> Array:
    return value * weight if weight.ndim == 1 else value @ weight


def as_python(line: str) -> str:
    for symbol, name in NAMES.items():
        line = line.replace(symbol, name)
    return re.sub(r"\b([WRP](?:_\w)?) (\w+|\([^()]*\))", r"product(\2, \1)", line)


def named_weights(
    spec: CellSpec, random: np.random.Generator
) -> tuple[dict[str, Array], list[Any]]:
    """Random weights by their letters in the equations, and as Keras has them."""
    letters, rows = {}, {}
    for weight in spec.weights(D):
        values = random.normal(size=weight.shape)
        gate = GATES[weight.gate]
        letters[LETTERS[weight.name] + (f"_{gate}" if gate else "")] = values
        rows.setdefault(weight.name, []).append(values)
    joined = {
        name: list(parts) if name == "peephole" else [np.concatenate(parts, axis=-1)]
        for name, parts in rows.items()
    }
    if "recurrent bias" in joined:
        joined["bias"] = [np.stack([*joined["bias"], *joined.pop("recurrent bias")])]
    return letters, [array for arrays in joined.values() for array in arrays]


@pytest.mark.parametrize("case", CASES)
def test_the_lines_compute_what_step_computes(case: dict[str, Any]) -> None:
    spec: CellSpec = TypeAdapter(Cell).validate_python(case)
    random = np.random.default_rng(1)
    letters, weights = named_weights(spec, random)
    x = random.normal(size=(B, D))
    state = [random.normal(size=(B, U)) for _ in spec.state_names]
    space: dict[str, Any] = {
        "product": product,
        "sigmoid": sigmoid,
        "tanh": np.tanh,
        "relu": lambda v: np.maximum(v, 0),
        "linear": lambda v: v,
        "x": x,
        **letters,
        **{f"{name}0": value for name, value in zip(spec.state_names, state, strict=True)},
    }
    lines = [as_python(line) for line in formulas(spec, spec.equations) if " = " in line]
    for line in sorted(lines, key=lambda line: not line.startswith("a = ")):
        exec(line, space)
    for name, expected in zip(spec.state_names, spec.step(x, state, weights).state, strict=True):
        np.testing.assert_allclose(space[name], expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.__name__)
def test_every_line_is_told_of_in_the_catalogue(cell: type[CellSpec]) -> None:
    told = [told_with(equation) for equation in cell.equations]
    assert len(set(told)) == len(told)
    for line, equation in zip(told, cell.equations, strict=True):
        assert "{" not in line
        if equation.when is not None:
            assert equation.when[0] in cell.model_fields
            assert f"with {equation.when[0]}: " in line
