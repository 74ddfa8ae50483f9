"""Writing plain data as YAML that every reader takes for the same values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from rnncli.yaml_reading import KeyPath, resolve_scalar

__all__ = ["yaml_lines"]

_PLAIN = re.compile(r"[^\W\d](?:[\w./+-]| (?=[^\W_]))*")
_YAML_1_1 = frozenset(["y", "n", "yes", "no", "on", "off"])


def yaml_lines(data: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """The lines of a mapping in block style, each with the path of what it says.

    Floats are written with a point (`1.0e-05`), and whatever YAML 1.1 or 1.2 would take for
    something else than a string is quoted.
    """
    yield from _block(data, (), "")


def _block(data: dict[str, Any] | list[Any], path: KeyPath, indent: str) -> Iterator[Any]:
    pairs = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in pairs:
        here = (*path, key)
        head = f"{indent}{_scalar(key)}:" if isinstance(data, dict) else f"{indent}-"
        if not isinstance(value, (dict, list)):
            yield here, f"{head} {_scalar(value)}"
        elif not value:
            yield here, f"{head} {'{}' if isinstance(value, dict) else '[]'}"
        elif isinstance(data, list):
            lines = _block(value, here, f"{indent}  ")
            first, text = next(lines)
            yield first, f"{head} {text.lstrip()}"
            yield from lines
        elif isinstance(value, list) and not any(isinstance(v, (dict, list)) for v in value):
            yield here, f"{head} [{', '.join(map(_scalar, value))}]"
        else:
            yield here, head
            yield from _block(value, here, f"{indent}  ")


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return value if _is_plain(value) else _quoted(value)
    if isinstance(value, float):
        text = repr(value)
        return text.replace("e", ".0e") if "e" in text and "." not in text else text
    return json.dumps(value)


def _is_plain(text: str) -> bool:
    return (
        _PLAIN.fullmatch(text) is not None
        and isinstance(resolve_scalar(text), str)
        and text.lower() not in _YAML_1_1
    )


def _quoted(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in quoted)
