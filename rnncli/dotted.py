"""Nested settings by dotted keys: `model.layers.0.units`, as `--set` takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["dotted"]


def dotted(value: Mapping[str, Any] | Sequence[Any], path: tuple[str, ...] = ()) -> dict[str, Any]:
    """The settings under their keys; a list of plain values stays one."""
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
    found: dict[str, Any] = {}
    for key, item in pairs:
        here = (*path, str(key))
        nested = isinstance(item, dict) or (
            isinstance(item, list) and item and isinstance(item[0], dict)
        )
        found |= dotted(item, here) if nested else {".".join(here): item}
    return found
