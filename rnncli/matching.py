"""Cells at equal size: the units that give a stack of layers a wanted number of parameters."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from rnncli.spec import Spec

if TYPE_CHECKING:
    from rnncli.cells import CellSpec

__all__ = ["LARGEST", "MatchSpec", "layer_parameters", "matched_units"]

LARGEST = 65_536
"""As many units as a config may ask for."""


class MatchSpec(Spec):
    """Compare cells at equal size: what `units` would say is solved for."""

    parameters: Annotated[int, Field(ge=1)]
    """Weights of all `layers` together, without embedding and logits; the nearest is taken."""


def layer_parameters(layers: Sequence[CellSpec], features: int) -> int:
    """Weights of a stack of layers over an input of D = `features`."""
    total = 0
    for layer in layers:
        total += layer.parameters(features)
        features = layer.output_units
    return total


def matched_units(layers: Sequence[CellSpec], features: int, parameters: int) -> int:
    """The units, the same in every layer, that bring a stack nearest to so many weights."""

    def size(units: int) -> int:
        sized = [layer.model_copy(update={"units": units}) for layer in layers]
        return layer_parameters(sized, features)

    above = 1 + bisect_left(range(1, LARGEST), parameters, key=size)
    return min(
        (units for units in (above - 1, above) if units), key=lambda u: abs(size(u) - parameters)
    )
