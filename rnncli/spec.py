"""The base of everything a config may contain: frozen, strict, closed."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Names", "Rate", "Spec"]


class Spec(BaseModel):
    """A piece of an experiment: immutable, no unknown keys, no silent conversion."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True
    )


Names = Annotated[tuple[str, ...], Field(strict=False)]
"""A YAML list of strings, kept as a tuple."""

Rate = Annotated[float, Field(ge=0.0, lt=1.0)]
"""A probability of dropping something."""
