"""Every way to write a spec that its own fields allow, so that a new one needs no new check."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

__all__ = ["variant_name", "variants"]


def variants(
    spec: type[BaseModel],
    base: type[BaseModel],
    without: frozenset[str] = frozenset(),
    **given: Any,
) -> Iterator[dict[str, Any]]:
    """Each combination of the Literal and bool fields a spec adds to its base class.

    Args:
        spec: a member of a union; its discriminator is a field with a single value.
        base: the union's base class, whose own fields are left alone.
        without: further fields to leave alone.
        **given: fields set in every variant.
    """
    fields = {
        name: _choices(field.annotation)
        for name, field in spec.model_fields.items()
        if name not in {*base.model_fields, *without} or len(_choices(field.annotation)) == 1
    }
    fields = {name: values for name, values in fields.items() if values}
    for values in product(*fields.values()):
        yield {**dict(zip(fields, values, strict=True)), **given}


def variant_name(case: dict[str, Any]) -> str:
    """As in `gru reset_after=false`: the discriminator, then what was chosen."""
    name, *settings = case.items()
    chosen = [
        f"{key}={str(value).lower() if isinstance(value, bool) else value}"
        for key, value in settings
    ]
    return " ".join([str(name[1]), *chosen])


def _choices(annotation: Any) -> tuple[Any, ...]:
    """All values of a field that has few: a Literal's, or both of a bool."""
    if annotation is bool:
        return (False, True)
    return get_args(annotation) if get_origin(annotation) is Literal else ()
