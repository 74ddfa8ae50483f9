"""From pydantic's errors to what a person can act on: key, what was expected, what came."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError

from rnncli.composition import dotted
from rnncli.spec_shapes import Shape, expand, shape_at, shape_of
from rnncli.suggestions import closest, did_you_mean
from rnncli.yaml_reading import KeyPath, resolve_scalar

__all__ = ["Problem", "at", "shown", "translate"]

_FROM_VALIDATORS = ("value_error", "assertion_error")
_BY_SHAPE = (
    "_type",
    "_equal",
    "_than",
    "too_short",
    "pattern_mismatch",
    "finite_number",
    "int_from_float",
    "literal_error",
    "_parsing",
)
"""Endings of pydantic's error types that say no more than what the shape expects."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a config."""

    path: KeyPath
    message: str
    near: KeyPath | None = None
    """Where to point at instead of `path`."""
    renamed: str | None = None
    """The key, or the name of a union's member, that was probably meant."""
    repair: Literal["rename", "drop", "replace"] | None = None
    """`rename` or `drop` the key, or `replace` its value, to see what else is wrong."""


def shown(value: Any) -> str:
    """A value as one would write it in YAML, shortened."""
    if isinstance(value, str):
        text = f"'{value}'"
    elif isinstance(value, float) and not math.isfinite(value):
        text = str(value).replace("inf", ".inf").replace("nan", ".nan")
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}…"


def translate(error: ValidationError, root: Shape, data: Any) -> Iterator[Problem]:
    """The problems that one validation of `data` found.

    Args:
        error: what pydantic raised.
        root: the shape of a whole config.
        data: what was validated.
    """
    details = [
        (_stripped(detail["loc"], root, data), detail) for detail in error.errors(include_url=False)
    ]
    unknown = [
        _unknown(path, root, data)
        for path, detail in details
        if detail["type"] == "extra_forbidden"
    ]
    yield from unknown
    meant = {(*problem.path[:-1], problem.renamed) for problem in unknown}
    # A list or mapping is not to blame for what is wrong inside it.
    seen = {path[:depth] for path, _ in details for depth in range(len(path))}
    for path, detail in details:
        kind = detail["type"]
        if kind == "extra_forbidden" or (kind == "missing" and path in meant):
            continue
        if kind == "missing":
            yield _missing(path, shape_at(root, data, path))
            continue
        if kind == "topology":
            for below, value, message in detail["ctx"]["problems"]:
                yield Problem((*path, *below), f"{message} (value {shown(value)})")
        elif kind in _FROM_VALIDATORS:
            yield _from_validator(path, str(detail["ctx"]["error"]), root, data)
        elif kind.startswith("union_tag"):
            yield _wrong_member(path, shape_at(root, data, path), at(data, path))
        elif path not in seen:
            # A union of plain types brings one error for each of them.
            seen.add(path)
            yield _wrong_value(path, shape_at(root, data, path), detail)


def _stripped(loc: Iterable[str | int], root: Shape, data: Any) -> KeyPath:
    """A location without what pydantic puts in: the tags and the types of unions."""
    path: list[str | int] = []
    shape: Shape | None = root
    tagged = False
    for key in loc:
        if shape is not None and shape.discriminator and not tagged:
            tagged = True
            continue
        if shape is None or (not shape.specs and shape.items is None) or _is_type(key, shape, data):
            continue
        shape, tagged = shape.child(data, key), False
        data = data.get(key) if isinstance(data, dict) else _item(data, key)
        path.append(key)
    return tuple(path)


def _is_type(key: str | int, shape: Shape, data: Any) -> bool:
    """Whether a part of a location names a type of a union, not a key."""
    if isinstance(key, int) or (isinstance(data, dict) and key in data):
        return False
    spec = shape.member(data)
    return spec is None or key not in spec.model_fields


def _item(data: Any, key: str | int) -> Any:
    return data[key] if isinstance(data, list) and isinstance(key, int) else None


def at(data: Any, path: KeyPath) -> Any:
    """What stands at a path."""
    for step in path:
        data = data[step]
    return data


def _unknown(path: KeyPath, root: Shape, data: Any) -> Problem:
    parent, key = path[:-1], path[-1]
    shape, section = shape_at(root, data, parent), at(data, parent)
    value = f"(value {shown(section[key])})"
    spec = shape.member(section) if shape else None
    if shape is None or spec is None:
        return Problem(path, f"unknown key {value}", repair="drop")
    fields = list(spec.model_fields)
    others = [
        tag
        for tag, other in zip(shape.tags(), shape.specs, strict=False)
        if key in other.model_fields
    ]
    if others:
        member = section.get(shape.discriminator, shape.default)
        only = " and ".join(others)
        message = f"unknown key for {member}; {only} {'has' if len(others) == 1 else 'have'} it"
        return Problem(path, f"{message} {value}", repair="drop")
    if near := closest(key, fields):
        message = f"unknown key; did you mean {near}? {value}"
        return Problem(path, message, renamed=near, repair="rename")
    if homes := [home for home in _homes(root, str(key)) if home != parent]:
        where = dotted((*homes[0], key))
        return Problem(path, f"unknown key; did you mean {where}? {value}", repair="drop")
    message = f"unknown key; expected one of {', '.join(fields)} {value}"
    return Problem(path, message, repair="drop")


def _homes(root: Shape, key: str) -> list[KeyPath]:
    """The sections that have a key of that name, two levels deep."""
    homes: list[KeyPath] = []
    for name in root.specs[0].model_fields:
        shape = root.child({}, name)
        for spec in shape.specs if shape else ():
            if key in spec.model_fields:
                homes.append((name,))
            homes += [
                (name, inner)
                for inner in spec.model_fields
                if (below := shape_of(spec).child({}, inner))
                and any(key in member.model_fields for member in below.specs)
            ]
    if key in root.specs[0].model_fields:
        homes.insert(0, ())
    return homes


def _wrong_member(path: KeyPath, shape: Shape | None, value: Any) -> Problem:
    """A union's member that is not there, or not named."""
    if shape is None or shape.discriminator is None:
        return Problem(path, f"not valid, got {shown(value)}")
    key, tags = shape.discriminator, shape.tags()
    here = (*path, key) if isinstance(value, dict) else path
    expected = f"expected one of {', '.join(tags)}"
    if isinstance(value, dict) and key not in value:
        if near := closest(key, [k for k in value if isinstance(k, str) and closest(k, [key])]):
            message = f"unknown key; did you mean {key}? (value {shown(value[near])})"
            return Problem((*path, near), message, renamed=key, repair="rename")
        return Problem(here, f"missing; {expected}")
    given = value[key] if isinstance(value, dict) else value
    near = closest(given, tags)
    message = f"{expected}, got {shown(given)}{did_you_mean(given, tags)}"
    return Problem(here, message, renamed=near, repair="replace" if near else None)


def _missing(path: KeyPath, shape: Shape | None) -> Problem:
    if shape is None:
        return Problem(path, "missing")
    if len(path) == 1 and shape.discriminator:
        return Problem(path, f"missing; expected a section with the key {shape.discriminator}")
    return Problem(path, f"missing; expected {shape.expected}")


def _wrong_value(path: KeyPath, shape: Shape | None, detail: Any) -> Problem:
    value = detail["input"]
    known = detail["type"].endswith(_BY_SHAPE)
    expected = f"expected {shape.expected}" if shape and known else str(detail["msg"])
    if detail["type"] == "finite_number":
        expected = expected.replace("a number", "a finite number")
    hint = ""
    if shape and isinstance(value, str) and _unquoted(value, shape):
        hint = "; write it without quotes"
    elif shape and isinstance(value, str):
        hint = did_you_mean(value, shape.options)
        if not shape.shorthand and (tag := closest(value, shape.tags())):
            hint = f"; did you mean {{{shape.discriminator}: {tag}}}?"
    return Problem(path, f"{expected}, got {shown(value)}{hint}")


def _unquoted(value: str, shape: Shape) -> bool:
    """Whether a quoted number or boolean stands where one is expected."""
    plain = resolve_scalar(value)
    kinds: dict[type, tuple[str, ...]] = {
        bool: ("true or false",),
        int: ("an integer", "a number"),
        float: ("a number",),
    }
    return shape.expected.startswith(kinds.get(type(plain), ()))


def _from_validator(path: KeyPath, message: str, root: Shape, data: Any) -> Problem:
    """A rule between several keys: point at the key its message begins with."""
    first = re.match(r"[\w.]+", message)
    keys = tuple(first[0].rstrip(".").split(".")) if first else ()
    if keys and shape_at(root, expand(root, data), (*path, *keys)) is not None:
        rest = message[len(first[0]) :].lstrip() if first else message
        if len(keys) == 1 and rest.startswith(("has no effect", "must", "needs", "is ")):
            return Problem((*path, *keys), rest)
        return Problem(path, message, near=(*path, *keys))
    return Problem(path, message)
