"""What a config may hold at each place, read off the specs' annotations.

Merging, error messages and the resolved dump all ask the same questions: which spec stands at
this key, which key of a section names the member of a union, and what a value should look like.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BeforeValidator
from pydantic.fields import FieldInfo

from rnncli.spec import Spec

__all__ = ["Shape", "expand", "shape_at", "shape_of"]

_KINDS: dict[Any, str] = {bool: "true or false", int: "an integer", float: "a number"}
_PATTERNS = {r"^[\w.-]+$": "of letters, digits and . _ -"}
_BOUNDS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


@dataclass(frozen=True)
class Shape:
    """What may stand at one place of a config."""

    expected: str
    """In words, to follow `expected`."""
    specs: tuple[type[Spec], ...] = ()
    """The section's spec, or the members of a union of specs."""
    discriminator: str | None = None
    """The key that chooses among the members of a union."""
    shorthand: bool = False
    """Whether the bare name of a member may stand for a mapping with that name."""
    options: tuple[str, ...] = ()
    """The words allowed, where only some are."""
    number: type[int] | type[float] | None = None
    """Which numbers may stand here, if any."""
    items: Shape | None = None
    """What each item of a list, or each value of a free mapping, may be."""

    def tags(self) -> tuple[str, ...]:
        """The names of a union's members, in order."""
        key = self.discriminator
        return tuple(get_args(spec.model_fields[key].annotation)[0] for spec in self.specs if key)

    @property
    def default(self) -> str | None:
        """The member of a union that is meant where none is named, if there is one."""
        if self.discriminator is None:
            return None
        fields = (spec.model_fields[self.discriminator] for spec in self.specs)
        return next((field.default for field in fields if not field.is_required()), None)

    def member(self, value: Any) -> type[Spec] | None:
        """The spec that a section's value chooses, or None if it chooses none."""
        if self.discriminator is None:
            return self.specs[0] if self.specs else None
        tag = value.get(self.discriminator, self.default) if isinstance(value, dict) else value
        tags = self.tags()
        return self.specs[tags.index(tag)] if tag in tags else None

    def child(self, value: Any, key: str | int) -> Shape | None:
        """The shape below a key or index of a section that holds `value`."""
        if self.items is not None:
            return self.items
        spec = self.member(value)
        field = spec.model_fields.get(key) if spec and isinstance(key, str) else None
        return _of_field(field) if field else None


def shape_of(spec: type[Spec]) -> Shape:
    """The shape of a whole spec."""
    return Shape(f"a mapping with the keys {', '.join(spec.model_fields)}", specs=(spec,))


def shape_at(root: Shape, data: Any, path: Sequence[str | int]) -> Shape | None:
    """The shape at a path of `data`, or None where nothing may stand."""
    shape: Shape | None = root
    for key in path:
        if shape is None:
            return None
        shape = shape.child(data, key)
        data = _get(data, key)
    return shape


def expand(shape: Shape | None, value: Any) -> Any:
    """A bare name as the mapping it stands for; anything else as it is."""
    if shape and shape.shorthand and shape.discriminator and isinstance(value, str):
        return {shape.discriminator: value}
    return value


def _get(data: Any, key: str | int) -> Any:
    if isinstance(data, dict):
        return data.get(key)
    inside = isinstance(data, list) and isinstance(key, int) and 0 <= key < len(data)
    return data[key] if inside else None


def _of_field(field: FieldInfo) -> Shape:
    return _shape(field.annotation, field.metadata, field.discriminator)


def _shape(annotation: Any, metadata: Iterable[Any] = (), discriminator: Any = None) -> Shape:
    metadata = list(metadata)
    while get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        for item in more:
            discriminator = discriminator or getattr(item, "discriminator", None)
            metadata += item.metadata if isinstance(item, FieldInfo) else [item]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return _union(arguments, metadata, discriminator)
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        return shape_of(annotation)
    if origin is Literal:
        return Shape(_one_of(arguments), options=arguments)
    if origin in (tuple, list):
        items = _shape(arguments[0])
        plural = "a list of strings" if items.expected == "a string" else "a list"
        least = next((m.min_length for m in metadata if hasattr(m, "min_length")), 0)
        at_least = f" with at least {least} item{'s' * (least > 1)}" if least else ""
        return Shape(plural + at_least, items=items)
    if origin is dict:
        return Shape("a mapping", items=_shape(arguments[1]))
    number = annotation if annotation in (int, float) else None
    expected = " ".join([_KINDS.get(annotation, "a string"), *_bounds(metadata)])
    return Shape(expected, number=number)


def _union(arguments: tuple[Any, ...], metadata: list[Any], discriminator: Any) -> Shape:
    members = [_shape(item, metadata) for item in arguments if item is not type(None)]
    specs = tuple(spec for member in members for spec in member.specs)
    if discriminator:
        shorthand = any(isinstance(item, BeforeValidator) for item in metadata)
        shape = Shape("", specs=specs, discriminator=discriminator, shorthand=shorthand)
        named = (
            "a mapping of its settings" if shorthand else f"a mapping with the key {discriminator}"
        )
        return Shape(
            f"{_one_of(shape.tags())}, or {named}" if shorthand else named,
            specs,
            discriminator,
            shorthand,
            shape.tags() if shorthand else (),
        )
    expected = [member.expected for member in members]
    if type(None) in arguments:
        expected.append("null")
    return Shape(
        " or ".join(expected),
        specs,
        options=tuple(option for member in members for option in member.options),
        number=next((member.number for member in members if member.number), None),
        items=next((member.items for member in members if member.items), None),
    )


def _one_of(words: Sequence[Any]) -> str:
    listed = ", ".join(map(str, words))
    return f"one of {listed}" if len(words) > 1 else listed


def _bounds(metadata: Iterable[Any]) -> list[str]:
    found: dict[str, Any] = {}
    for item in metadata:
        for name in _BOUNDS:
            if (value := getattr(item, name, None)) is not None:
                found[name] = value
    bounds = [f"{_BOUNDS[name]} {_bound(value)}" for name, value in found.items()]
    pattern = next((p for m in metadata if (p := getattr(m, "pattern", None))), None)
    if pattern:
        bounds.append(_PATTERNS.get(pattern, f"matching {pattern}"))
    return [" and ".join(bounds)] if bounds else []


def _bound(value: float) -> str:
    power = int(value).bit_length() - 1
    if isinstance(value, int) and value > 2**20 and value == 1 << power:
        return f"2^{power}"
    return f"{value:g}" if isinstance(value, float) else str(value)
