"""Values with their intervals, one a line, each a dot: scores of variants, their differences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from rnncli import svg

__all__ = ["Dot", "dot_chart"]

_PITCH = 22
_RIGHT = 46


class Dot(NamedTuple):
    """A line of the chart, in the units that are shown."""

    name: str
    value: float
    interval: tuple[float, float] | None
    style: str
    """`blue`, `orange`, or `grey`."""
    single: Sequence[tuple[str, float]] = ()
    """Single values, as small dots, with what they say under the pointer."""
    strong: bool = False


def dot_chart(title: str, dots: Sequence[Dot], rule: tuple[float, str] | None, form: str) -> str:
    """A chart of dots.

    Args:
        title: what a screen reader says.
        dots: from top to bottom.
        rule: a value to hold the others against, and what it is called.
        form: of the values that are written, as `format` takes it.
    """
    values = [value for dot in dots for value in (dot.value, *(dot.interval or ()))]
    values += [value for dot in dots for _, value in dot.single]
    values += [rule[0]] if rule else []
    ticks = svg.ticks(min(values), max(values))
    names = [svg.shorten(dot.name, 13) for dot in dots]
    left, top = max(map(svg.breadth, names)) + 14, 26
    foot = top + _PITCH * len(dots)

    def x(value: float) -> float:
        share = (value - ticks[0]) / (ticks[-1] - ticks[0])
        return left + share * (svg.WIDTH - left - _RIGHT)

    parts = []
    for tick in ticks:
        parts.append(svg.line(x(tick), top - 4, x(tick), foot, "grid"))
        shown = f"{tick:.{svg.decimals(ticks)}f}"
        parts.append(svg.text(x(tick), foot + 16, shown, "muted", "middle"))
    if rule:
        at = x(rule[0])
        parts.append(svg.line(at, top - 4, at, foot, "yardstick"))
        half = svg.breadth(rule[1]) / 2
        inside = min(max(at, half), svg.WIDTH - half)
        parts.append(svg.text(inside, top - 10, rule[1], "muted", "middle"))
    for row, (dot, name) in enumerate(zip(dots, names, strict=True)):
        middle = top + _PITCH * row + _PITCH / 2
        shown = format(dot.value, form)
        tip = f"{dot.name}: {shown}"
        if dot.interval:
            low, high = dot.interval
            parts.append(svg.line(x(low), middle, x(high), middle, dot.style))
            tip += f", 95 % interval {low:.2f} to {high:.2f}"
        parts += [svg.dot(x(value), middle, 2, "seed", told) for told, value in dot.single]
        parts.append(svg.dot(x(dot.value), middle, 4.5, f"dot {dot.style}", tip))
        weight = "strong" if dot.strong else ""
        parts.append(svg.text(left - 10, middle + 4, name, weight, "end", dot.name))
        parts.append(svg.text(svg.WIDTH - _RIGHT + 8, middle + 4, shown, weight))
    return svg.picture(math.ceil(foot + 24), title, parts)
