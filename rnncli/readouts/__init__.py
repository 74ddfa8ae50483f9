"""The catalogue of readouts: one file each, one line in the union below."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from rnncli.readouts.attention import Attention
from rnncli.readouts.base import ReadoutSpec
from rnncli.readouts.last import Last
from rnncli.readouts.max import Max
from rnncli.readouts.mean import Mean
from rnncli.readouts.state import State

__all__ = ["READOUTS", "Attention", "Last", "Max", "Mean", "Readout", "ReadoutSpec", "State"]

READOUTS = (Last, State, Mean, Max, Attention)


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


Readout = Annotated[
    Last | State | Mean | Max | Attention,
    Field(discriminator="name"),
    BeforeValidator(_named),
]
"""A readout by name alone (`readout: max`) or with its settings."""
