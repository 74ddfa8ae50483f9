"""Lines over places in a row (epochs, bins of length), with bands, as inline SVG."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rnncli import svg

__all__ = ["Line", "line_chart"]

_LEFT, _RIGHT, _TOP, _BOTTOM, _HEIGHT = 40, 14, 42, 34, 252
_DOTS = 60
"""With more places than this, only the marked one gets its dot."""


@dataclass(frozen=True)
class Line:
    """A line: a name for the legend, a CSS class for its colour, a value for each place."""

    name: str
    style: str
    """`blue`, `orange`, or `context`: thin, grey, named once for all such."""
    values: Sequence[float]
    """NaN leaves a gap."""
    band: tuple[Sequence[float], Sequence[float]] | None = None
    """Lowest and highest value at each place."""


def line_chart(
    title: str,
    places: Sequence[str],
    lines: Sequence[Line],
    axis: str = "",
    mark: tuple[int, str] | None = None,
    limits: tuple[float, float] | None = None,
    digits: int = 4,
) -> str:
    """A chart of lines; of each place's values one can read more under the pointer.

    Args:
        title: what a screen reader says.
        places: a label for each place, from left to right.
        lines: the later ones are drawn over the earlier ones.
        axis: what the places are.
        mark: a place, by index, and what is written over it.
        limits: lowest and highest value, so that several charts share a scale; what lies beyond
            is cut off.
        digits: after the point, of values under the pointer.
    """
    edges = [bound for line in lines for bound in line.band or ()]
    finite = [v for row in (*(line.values for line in lines), *edges) for v in row]
    finite = [v for v in finite if math.isfinite(v)]
    if not places or not finite:
        return svg.picture(60, title, [svg.text(0, 34, "no finite values", "muted")])
    ticks = svg.ticks(*(limits or (min(finite), max(finite))))
    low, high = ticks[0], ticks[-1]

    def x(place: float) -> float:
        middle = 0.5 if len(places) == 1 else place / (len(places) - 1)
        return _LEFT + middle * (svg.WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _HEIGHT - _BOTTOM - (value - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    def inside(value: float) -> bool:
        return low <= value <= high

    parts = []
    after = svg.decimals(ticks)
    for tick in ticks:
        parts.append(svg.line(_LEFT, y(tick), svg.WIDTH - _RIGHT, y(tick), "grid"))
        parts.append(svg.text(_LEFT - 6, y(tick) + 4, f"{tick:.{after}f}", "muted", "end"))
    parts += _places(places, x, axis)
    if mark:
        at = x(mark[0])
        parts.append(svg.line(at, _TOP, at, _HEIGHT - _BOTTOM, "best"))
        words = min(max(at, _LEFT + 20), svg.WIDTH - _RIGHT - 20)
        parts.append(svg.text(words, _TOP - 5, mark[1], "muted", "middle"))
    for line in lines:
        if line.band:
            parts.append(_band(line, x, lambda value: y(min(max(value, low), high))))
    for line in lines:
        for stretch in _stretches(line.values, low, high):
            points = _shown((x(place), y(value)) for place, value in stretch)
            parts.append(f'<polyline class="{line.style}" points="{points}"/>')
        if line.style == "context":
            continue
        for place, value in enumerate(line.values):
            chosen = mark is not None and place == mark[0]
            if inside(value) and (chosen or len(places) <= _DOTS or mark is not None):
                tip = f"{axis} {places[place]}: {line.name} {value:.{digits}f}".lstrip()
                style = f"dot {line.style}{' chosen' if chosen else ''}"
                parts.append(svg.dot(x(place), y(value), 4.5 if chosen else 2.5, style, tip))
    return svg.picture(_HEIGHT, title, [*_legend(lines), *parts])


def _places(places: Sequence[str], x: svg.Scale, axis: str) -> list[str]:
    widest = max(map(svg.breadth, places)) + 8
    room = (svg.WIDTH - _LEFT - _RIGHT) / len(places)
    step = max(1, math.ceil(len(places) / 10), math.ceil(widest / room))
    parts = []
    for place in range(0, len(places), step):
        half = svg.breadth(places[place]) / 2
        at = min(x(place), svg.WIDTH - half)
        parts.append(svg.text(at, _HEIGHT - _BOTTOM + 17, places[place], "muted", "middle"))
    if axis:
        parts.append(svg.text(svg.WIDTH - _RIGHT, _HEIGHT - 2, axis, "muted", "end"))
    return parts


def _stretches(values: Sequence[float], low: float, high: float) -> list[list[tuple[float, float]]]:
    """The line (place, value) in unbroken pieces, each of two points or more, cut at the limits."""
    found: list[list[tuple[float, float]]] = []
    for place, (before, after) in enumerate(itertools.pairwise(values)):
        if not (math.isfinite(before) and math.isfinite(after)):
            continue
        start, end = 0.0, 1.0
        if before != after:
            at = sorted((bound - before) / (after - before) for bound in (low, high))
            start, end = max(start, at[0]), min(end, at[1])
        if start >= end or not low <= before + (after - before) * (start + end) / 2 <= high:
            continue
        piece = [(place + share, before + (after - before) * share) for share in (start, end)]
        if found and found[-1][-1] == piece[0]:
            found[-1].append(piece[1])
        else:
            found.append(piece)
    return found


def _band(line: Line, x: svg.Scale, y: svg.Scale) -> str:
    lower, upper = line.band or ((), ())
    stretches: list[list[int]] = [[]]
    for place, bounds in enumerate(zip(lower, upper, strict=True)):
        if all(map(math.isfinite, bounds)):
            stretches[-1].append(place)
        else:
            stretches.append([])
    return "".join(
        f'<polygon class="band {line.style}" points="'
        + _shown((x(place), y(upper[place])) for place in stretch)
        + " "
        + _shown((x(place), y(lower[place])) for place in reversed(stretch))
        + '"/>'
        for stretch in stretches
        if len(stretch) > 1
    )


def _shown(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _legend(lines: Sequence[Line]) -> list[str]:
    named: dict[str, Line] = {}
    for line in sorted(lines, key=lambda line: line.style == "context"):
        named.setdefault("" if line.style == "context" else line.name, line)
    names = {line.name: line.name for line in named.values()}
    room = svg.WIDTH - _LEFT - 42 * len(names) + 18
    while names and sum(map(svg.breadth, names.values())) > room:
        longest = max(names, key=lambda name: svg.breadth(names[name]))
        shorter = svg.shorten(names[longest], int(svg.breadth(names[longest]) / 12.01))
        if shorter == names[longest]:
            break
        names[longest] = shorter
    parts: list[str] = []
    x = float(_LEFT)
    for line in named.values():
        name = names[line.name]
        parts.append(f'<line class="{line.style}" x1="{x:.1f}" y1="10" x2="{x + 18:.1f}" y2="10"/>')
        parts.append(svg.text(x + 24, 14, name, tip=line.name if name != line.name else ""))
        x += 24 + svg.breadth(name) + 18
    return parts
