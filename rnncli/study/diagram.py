"""The network drawn from ids to logits: in boxes for a terminal, and as SVG."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rnncli import svg

if TYPE_CHECKING:
    from rnncli.study.anatomy import Part

__all__ = ["svg_diagram", "text_diagram"]

_WIDTH = 460
"""Of the figure, in its own units; a line of text takes `_LINE` of them."""
_LEFT, _GAP, _LINE = 8.0, 10.0, 16.0
_ARROWS = {"forwards": "→", "backwards": "←"}


def text_diagram(parts: Sequence[Part], width: int = 58) -> str:
    """The parts as boxes, one below the other, both directions of a layer side by side."""
    stem = " " * (width // 2) + "│"
    lines = [str(parts[0].inputs[0]).center(width), stem]
    for part, above in zip(parts, [*parts[1:], None], strict=True):
        boxes = _boxes(part)
        if len(boxes) == 1:
            lines += _box(boxes[0], width - 4)
        else:
            inner = (width - 2) // 2 - 4
            rows = [_box(box, inner) for box in boxes]
            lines += [_fork(inner, *"┌┴┐"), *map("  ".join, zip(*rows, strict=True))]
            lines.append(_fork(inner, *"└┬┘"))
        lines.append(f"{stem} {_passed(part, above)}" if above else stem)
    lines.append(str(parts[-1].outputs[0]).center(width))
    return "\n".join(line.rstrip() for line in lines)


def _fork(inner: int, left: str, join: str, right: str) -> str:
    """One stem and the stems of two boxes, joined."""
    first, middle, second = (inner + 4) // 2, inner + 5, (inner + 4) // 2 + inner + 6
    arms = ("─" * (middle - first - 1), "─" * (second - middle - 1))
    return " " * first + left + arms[0] + join + arms[1] + right


def svg_diagram(parts: Sequence[Part], title: str) -> str:
    """The same as a figure (`rnncli.svg`): boxes, arrows, and the mask along the side."""
    right = _WIDTH - 34.0
    middle, mask = (_LEFT + right) / 2, _WIDTH - 14.0
    drawn = [
        svg.text(middle, 14, str(parts[0].inputs[0]), "strong", "middle"),
        svg.text(_WIDTH - 4, 14, "mask", "muted", "end"),
    ]
    top, masked = 20.0, []
    for part, above in zip(parts, [*parts[1:], None], strict=True):
        boxes = _boxes(part)
        breadth = (right - _LEFT - _GAP * (len(boxes) - 1)) / len(boxes)
        folded = [[f for line in box for f in _folded(line, int(breadth / 6.6))] for box in boxes]
        height = _LINE * max(map(len, folded)) + 12
        lefts = [_LEFT + number * (breadth + _GAP) for number in range(len(boxes))]
        centres = [x + breadth / 2 for x in lefts]
        drawn += _stem(middle, centres, top, top + 20, head=True)
        top += 20
        for x, lines in zip(lefts, folded, strict=True):
            drawn.append(
                f'<rect class="box" x="{x:.1f}" y="{top:.1f}" width="{breadth:.1f}" '
                f'height="{height:.1f}" rx="5"/>'
            )
            drawn += [
                svg.text(x + 9, top + 19 + _LINE * row, words, "" if row else "strong")
                for row, words in enumerate(lines)
            ]
        if part.returns or ("T" in part.inputs[0].shape and part.name == "readout"):
            masked.append(top + height / 2)
        top += height
        drawn += _stem(middle, centres, top + 20, top, head=False)
        if above:
            words = _passed(part, above)
            drawn.append(svg.text(middle + 8, top + 26, svg.shorten(words, 21), "muted", tip=words))
        top += 20
    drawn.append(svg.text(middle, top + 14, str(parts[-1].outputs[0]), "strong", "middle"))
    drawn.append(svg.line(mask, 20, mask, masked[-1], "best"))
    drawn += [svg.line(mask, y, right + 2, y, "best") for y in masked]
    return svg.picture(int(top + 26), title, drawn, _WIDTH)


def _stem(
    middle: float, centres: Sequence[float], start: float, end: float, *, head: bool
) -> list[str]:
    """From one line to each box's middle (or, upwards, from each box to one line)."""
    half = (start + end) / 2
    drawn = [svg.line(middle, start, middle, half, "arrow")]
    if len(centres) > 1:
        drawn.append(svg.line(centres[0], half, centres[-1], half, "arrow"))
    for x in centres:
        drawn.append(svg.line(x, half, x, end, "arrow"))
        if head:
            points = f"{x - 4:.1f},{end - 6:.1f} {x:.1f},{end:.1f} {x + 4:.1f},{end - 6:.1f}"
            drawn.append(f'<polyline class="arrow" points="{points}"/>')
    return drawn


def _boxes(part: Part) -> list[list[str]]:
    """What stands in a part's boxes: a line each; a box for each direction."""
    count = f"{part.parameters:,} parameters" if part.parameters else "no parameters"
    directions = list(dict.fromkeys(group.direction for group in part.groups if group.direction))
    title = part.name if part.name == part.kind else f"{part.name}: {part.kind}"
    if not directions:
        arrow = " →" if part.returns else ""
        return [[f"{title}{arrow}", *part.details, count]]
    own = {
        direction: sum(g.parameters for g in part.groups if g.direction == direction)
        for direction in directions
    }
    units, *details = part.details
    return [
        [f"{title} {_ARROWS[direction]}", units, *details, f"{own[direction]:,} parameters"]
        for direction in directions
    ]


def _passed(part: Part, above: Part | None) -> str:
    """What the part above reads of this one, and how both directions became it."""
    read = ", ".join(map(str, above.inputs if above else part.outputs))
    merged = part.merged and above and above.inputs[0].name == "y"
    return f"{read}, both directions {part.merged}" if merged else read


def _box(lines: Sequence[str], inner: int) -> list[str]:
    folded = [piece for line in lines for piece in _folded(line, inner)]
    before = (inner + 4) // 2 - 1
    top, bottom = ("─" * before + stem + "─" * (inner + 1 - before) for stem in ("┴", "┬"))
    return [f"┌{top}┐", *(f"│ {line:<{inner}} │" for line in folded), f"└{bottom}┘"]


def _folded(line: str, width: int) -> list[str]:
    return textwrap.wrap(line, width, subsequent_indent="  ") or [""]
