"""Python source put together from calls, broken over lines where one does not suffice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

__all__ = ["Call", "Name", "call", "names_in", "source"]

_WIDTH = 88
_STEP = 4


class Name(NamedTuple):
    """Source that stands as it is: a variable's name."""

    text: str


class Call(NamedTuple):
    """A call; called again where its function is a call itself, as a layer is with its inputs."""

    function: str | Call
    positional: tuple[Any, ...]
    named: dict[str, Any]


def call(function: str | Call, *positional: Any, **named: Any) -> Call:
    """The call of a function with values, names or further calls."""
    return Call(function, positional, named)


def source(value: Any, column: int = 0, indent: int = 0) -> str:
    """The source of a value.

    Args:
        value: a call, a name, or plain data.
        column: where in its line it begins.
        indent: of that line.
    """
    flat = _flat(value)
    if column + len(flat) <= _WIDTH or not isinstance(value, Call):
        return flat
    if isinstance(value.function, Call):
        end = f"({_arguments(value)})"
        return source(value.function, column + len(end), indent) + end
    inner = indent + _STEP
    rows = [source(item, inner, inner) for item in value.positional]
    rows += [
        f"{key}={source(item, inner + len(key) + 1, inner)}" for key, item in value.named.items()
    ]
    body = "".join(f"{' ' * inner}{row},\n" for row in rows)
    return f"{value.function}(\n{body}{' ' * indent})"


def names_in(value: Any) -> Iterator[str]:
    """The functions that a value calls."""
    if not isinstance(value, Call):
        return
    if isinstance(value.function, str):
        yield value.function
    for item in (value.function, *value.positional, *value.named.values()):
        yield from names_in(item)


def _flat(value: Any) -> str:
    if isinstance(value, Call):
        return f"{_flat_function(value.function)}({_arguments(value)})"
    if isinstance(value, Name):
        return value.text
    if isinstance(value, list):
        return f"[{', '.join(map(_flat, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(_flat, value))}{',' if len(value) == 1 else ''})"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _flat_function(function: str | Call) -> str:
    return function if isinstance(function, str) else _flat(function)


def _arguments(value: Call) -> str:
    named = [f"{key}={_flat(item)}" for key, item in value.named.items()]
    return ", ".join([*map(_flat, value.positional), *named])
