"""A look inside on the terminal: tokens, below each how much is kept, and where the answer is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rnncli.console import result_console
from rnncli.study import gates_words as words
from rnncli.study.gates import shown
from rnncli.wording import printable

if TYPE_CHECKING:
    from rich.console import Console

    from rnncli.cells.clamps import Clamp
    from rnncli.study.gates import Array as Floats
    from rnncli.study.gates import Look
    from rnncli.study.inside import Direction

__all__ = ["print_look"]

_BLOCKS = "▁▂▃▄▅▆▇█"
_ASCII = ".:-=+*%@"
_LINES = 12
"""Of tokens; the page has the rest."""


def print_look(look: Look, chosen: Sequence[Direction], held: Sequence[Clamp], page: Path) -> None:
    """Print a text, a bar for each direction and for the answer, and what they say."""
    from rich.cells import cell_len
    from rich.text import Text

    console = result_console()
    blocks = _BLOCKS if console.encoding.lower().startswith("utf") else _ASCII
    console.print(printable(words.clipped(look.text)), style="bold")
    for clamp in held:
        since = f" from token {clamp.start + 1}" if clamp.start else ""
        console.print(f"held: {clamp}{since}")
    console.print()
    label = look.labels[look.predicted]
    rows = [_row(look, one) for one in chosen]
    rows.append((f"p({label}) 0…1", look.path[:, look.predicted]))
    tokens = [printable(shown(token.text)) for token in look.tokens]
    if any(len(token) > 1 for token in tokens):
        tokens = [f"{token} " for token in tokens]
    margin = max(cell_len(name) for name, _ in rows) + 2
    lines = list(_lines(tokens, max(20, _room(console) - margin)))
    for line in lines[:_LINES]:
        text = Text(" " * margin)
        for index in line:
            style = "" if look.tokens[index].known else "dim underline"
            text.append(tokens[index], style)
        console.print(text)
        for name, values in rows:
            bar = Text(name + " " * (margin - cell_len(name)), style="dim")
            for index in line:
                level = min(len(blocks) - 1, int(float(values[index]) * len(blocks)))
                bar.append(blocks[level] * cell_len(tokens[index]), _style(name))
            console.print(bar)
    if len(lines) > _LINES:
        console.print(
            f"… tokens {lines[_LINES][0] + 1} to {len(tokens)} are on the page", style="dim"
        )
    console.print()
    for sentence in words.sentences(look):
        console.print(printable(sentence))
    console.print(
        f"equations and Keras differ by at most {look.agreement.largest:.0e}", style="dim"
    )
    console.print(f"page: {page}", soft_wrap=True)
    console.print()


def _row(look: Look, direction: Direction) -> tuple[str, Floats]:
    """A direction's name with the range its bar spans, and the values in that range."""
    arrow = "←" if direction.backwards else "→"
    name, values = look.keeping(direction)
    low, high = float(values.min()), float(values.max())
    name = name.removesuffix(" gate").partition(" of the ")[0]
    name = f"{direction.layer + 1}{arrow} {name} {low:.2f}…{high:.2f}"
    return name, (values - low) / max(high - low, 1e-12)


def _style(name: str) -> str:
    return "yellow" if name.startswith("p(") else "blue"


def _room(console: Console) -> int:
    return min(console.width, 110)


def _lines(tokens: Sequence[str], room: int) -> Iterator[list[int]]:
    from rich.cells import cell_len

    line: list[int] = []
    filled = 0
    for index, token in enumerate(tokens):
        width = cell_len(token)
        if line and filled + width > room:
            yield line
            line, filled = [], 0
        line.append(index)
        filled += width
    if line:
        yield line
