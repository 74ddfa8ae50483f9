"""The variants of a spec as pytest parameters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from rnncli.study.variants import variants

__all__ = ["named", "variants"]


def named(cases: Iterable[dict[str, Any]]) -> list[Any]:
    """The cases as pytest parameters with readable names."""
    return [
        pytest.param(
            case,
            id="-".join(v if isinstance(v, str) else f"{k}={v}" for k, v in case.items()),
        )
        for case in cases
    ]
