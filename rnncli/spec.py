"""The base of everything a config may contain: frozen, strict, closed."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

__all__ = ["Names", "Rate", "Spec", "by_name"]


class Spec(BaseModel):
    """A piece of an experiment: immutable, no unknown keys, no silent conversion."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
    )


Names = Annotated[tuple[str, ...], Field(strict=False)]
"""A YAML list of strings, kept as a tuple."""

Rate = Annotated[float, Field(ge=0.0, lt=1.0)]
"""A probability of dropping something."""


def by_name(default: str) -> BeforeValidator:
    """Let a union of specs be given by name alone, or without its name: `default` is meant then."""

    def named(value: Any) -> Any:
        if isinstance(value, str):
            return {"name": value}
        return {"name": default, **value} if isinstance(value, dict) else value

    return BeforeValidator(named)
