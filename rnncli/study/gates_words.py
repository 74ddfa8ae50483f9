"""What a look inside shows, said in sentences, each from the numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from rnncli.study.gates import shown
from rnncli.study.tokens import part_read

if TYPE_CHECKING:
    from rnncli.study.gates import Look
    from rnncli.study.inside import Direction

__all__ = [
    "answer",
    "clipped",
    "decision",
    "of_direction",
    "of_readout",
    "reading",
    "sentences",
    "span",
]

_OPEN = 0.9
"""A gate above this keeps nearly everything."""
_HEADING = 300
"""Characters."""


def sentences(look: Look) -> list[str]:
    """All that is to be said of a text."""
    told = [*reading(look), answer(look), decision(look)]
    told += [line for direction in look.inside.layers for line in of_direction(look, direction)]
    return [*told, *of_readout(look)]


def clipped(text: str) -> str:
    """A text as a heading."""
    return text if len(text) <= _HEADING else text[:_HEADING].rstrip() + " …"


def reading(look: Look) -> list[str]:
    """What of the text the network does not get to read, if anything."""
    return [part_read(len(look.tokens), look.unread)] if look.unread else []


def answer(look: Look) -> str:
    """The prediction, and what it would be with nothing held."""
    said = f"{look.labels[look.predicted]} with {look.path[-1, look.predicted]:.3f}"
    if look.free is None:
        return f"{said}."
    free = look.free
    before = f"{free.labels[free.predicted]} with {free.path[-1, free.predicted]:.3f}"
    same = look.predicted == free.predicted
    return f"{said}; with nothing held {before}: the answer {'stays' if same else 'changes'}."


def decision(look: Look) -> str:
    """From which token on the answer stands, and which token moved it most."""
    if len(look.tokens) == 1:
        return "There is a single token to read."
    label = look.labels[look.predicted]
    if look.decided:
        before = look.labels[int(look.path[look.decided - 1].argmax())]
        said = (
            f"{label} leads for good from token {_token(look, look.decided)}; before, {before} led."
        )
    else:
        said = f"{label} leads from the first token on."
    largest = int(np.abs(look.steps).argmax())
    step = f"{look.steps[largest]:+.3f}".replace("-", "−")
    return f"{said} The largest step, {step}, is at token {_token(look, largest)}."


def of_direction(look: Look, direction: Direction) -> list[str]:
    """How a layer remembers; what its peepholes do."""
    cell, run = look.cells[direction.layer], look.inside.layers[direction]
    name = str(direction).capitalize()
    memory = look.memory(direction)
    if not cell.recurrent:
        return [f"{name}: a dense layer, nothing recurrent: no gate, and no state to carry on."]
    if memory is None:
        moved = look.keeping(direction)[1]
        most = int(moved.argmax())
        return [
            f"{name}: a {cell.cell} has no gates; its state moves most at token "
            f"{_token(look, most)}."
        ]
    gate = run.gates[memory.gate][0]
    always = int((gate > _OPEN).all(axis=0).sum())
    open_units = f"{always} of {cell.units} units" if always else f"none of {cell.units} units"
    slowest, median = memory.half_lives.max(), float(np.median(memory.half_lives))
    told = [
        f"{name}: the {memory.gate} gate has a mean of {gate.mean():.2f}; it stays above {_OPEN} "
        f"at every token in {open_units}. Half of what a unit holds is gone "
        f"after {span(median)} in the median, after {span(slowest)} in the slowest unit."
    ]
    if run.peepholes:
        sizes = {key: float(np.abs(value[0]).mean()) for key, value in run.peepholes.items()}
        listed = ", ".join(f"{size:.2g} to the {key} gate" for key, size in sizes.items())
        told.append(f"{name}: the peepholes add, before σ, on average ±{listed}.")
    return told


def of_readout(look: Look) -> list[str]:
    """Which tokens a pooling readout takes most from."""
    shares = look.shares
    if shares is None or len(shares) < 2 or np.ptp(shares) == 0:
        return []
    best = np.argsort(-shares, kind="stable")[: min(3, len(shares))]
    listed = ", ".join(f"{_token(look, int(t))} ({shares[t]:.0%})" for t in best)
    return [f"The readout takes most from token {listed}."]


def span(tokens: float) -> str:
    """A time in tokens, as people read it."""
    if not math.isfinite(tokens):
        return "no number of tokens"
    return f"{tokens:.1f} tokens" if tokens < 100 else f"{tokens:,.0f} tokens"


def _token(look: Look, index: int) -> str:
    return f"{index + 1} “{shown(look.tokens[index].text)}”"
