"""The variants of a spec as pytest parameters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from pydantic import TypeAdapter

from rnncli.cells import CELLS, Cell, CellSpec
from rnncli.study.variants import variants

__all__ = ["compiled_variants", "named", "spec_of", "variants"]


def spec_of(case: dict[str, Any], **settings: Any) -> CellSpec:
    """The cell of a case, with further settings."""
    spec: CellSpec = TypeAdapter(Cell).validate_python({**case, **settings})
    return spec


def compiled_variants(units: int) -> list[Any]:
    """Every cell that has a recurrence of our own, as pytest parameters."""
    beginnings = frozenset({"unit_forget_bias", "chrono"})
    return named(
        case
        for cell in CELLS
        for case in variants(cell, CellSpec, beginnings, units=units)
        if spec_of(case).compiles
    )


def named(cases: Iterable[dict[str, Any]]) -> list[Any]:
    """The cases as pytest parameters with readable names."""
    return [
        pytest.param(
            case,
            id="-".join(v if isinstance(v, str) else f"{k}={v}" for k, v in case.items()),
        )
        for case in cases
    ]
