"""JSON as the program prints it: UTF-8 as it is, dataclasses as objects, NaN and ±∞ as null."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from os import PathLike, fspath
from typing import Any

__all__ = ["json_line", "json_page"]


def json_line(value: object) -> str:
    """The value in one line."""
    return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False)


def json_page(value: object) -> str:
    """The value over several lines."""
    return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False, indent=2)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return fspath(value) if isinstance(value, PathLike) else value
