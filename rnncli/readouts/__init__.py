"""The catalogue of readouts: one file each, one line in the union below."""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import Field

from rnncli.readouts.attention import Attention
from rnncli.readouts.base import ReadoutSpec
from rnncli.readouts.last import Last
from rnncli.readouts.max import Max
from rnncli.readouts.mean import Mean
from rnncli.readouts.state import State
from rnncli.spec import by_name

__all__ = ["READOUTS", "Attention", "Last", "Max", "Mean", "Readout", "ReadoutSpec", "State"]


Readout = Annotated[
    Last | State | Mean | Max | Attention,
    Field(discriminator="name"),
    by_name("last"),
]
"""A readout by name alone (`readout: max`) or with its settings."""

READOUTS: tuple[type[ReadoutSpec], ...] = get_args(get_args(Readout)[0])
