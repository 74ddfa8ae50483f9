"""What the commands that hold gates and states have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from rnncli.cells import CellSpec
    from rnncli.cells.clamps import Clamp
    from rnncli.study.inside import Direction

__all__ = ["ClampOption", "DirectionOption", "LayerOption", "chosen_directions", "held_in"]

ClampOption = Annotated[
    list[str] | None,
    typer.Option(
        "--clamp",
        metavar="NAME=VALUE",
        help="Hold a gate, peephole or state: forget=1, cell=frozen, forget_bias=+1. Repeatable.",
    ),
]
LayerOption = Annotated[
    int | None, typer.Option("--layer", metavar="N", help="This layer alone, counted from 1.")
]
DirectionOption = Annotated[
    Literal["forwards", "backwards"] | None,
    typer.Option("--direction", help="This direction alone."),
]


def chosen_directions(
    cells: Sequence[CellSpec], layer: int | None, direction: str | None
) -> list[Direction]:
    """The layers and directions that the options ask for.

    Raises:
        UsageError: the network has none such.
    """
    from rnncli.errors import UsageError
    from rnncli.study.inside import directions

    if layer is not None and not 1 <= layer <= len(cells):
        had = "the only layer is 1" if len(cells) == 1 else f"layers are 1 to {len(cells)}"
        raise UsageError(f"--layer {layer}: no such layer; {had}")
    found = [
        one
        for one in directions(cells)
        if layer in (None, one.layer + 1) and direction in (None, _name(one))
    ]
    if not found:
        what = "this run has" if layer is None else f"layer {layer} has"
        raise UsageError(f"--direction {direction}: {what} no bidirectional layer; leave it out")
    return found


def held_in(
    clamps: Sequence[str], cells: Sequence[CellSpec], chosen: Sequence[Direction], start: int = 0
) -> tuple[list[Clamp], dict[Direction, list[Clamp]]]:
    """The clamps as written, and those of each direction whose cell has them.

    Raises:
        UsageError: a clamp is malformed, or no chosen layer has what it names.
    """
    from rnncli.cells.clamps import clampable, read_clamp

    own = [cells[direction.layer] for direction in chosen]
    held = [read_clamp(text, own, start) for text in clamps]
    return held, {
        direction: [clamp for clamp in held if clamp.name in clampable(cell)]
        for direction, cell in zip(chosen, own, strict=True)
    }


def _name(direction: Direction) -> str:
    return "backwards" if direction.backwards else "forwards"
