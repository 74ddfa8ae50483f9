"""The figures of a look inside beside its heat maps: the answer as it forms, and memory spans."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rnncli import svg

if TYPE_CHECKING:
    from rnncli.study.gates import Look, Memory

__all__ = ["memory_figure", "path_figure"]

_COLOURS = ("blue", "orange", "green", "violet", "red")


def path_figure(look: Look, tokens: Sequence[str]) -> str:
    """Each class's probability after each token; dashed, if something is held, without that."""
    left, right, tall = 34, 10, 150
    highest = np.argsort(-look.path.max(axis=0), kind="stable")[: len(_COLOURS)]
    order = sorted(highest.tolist(), key=lambda index: -look.path[-1, index])
    parts: list[str] = []
    x, row = float(left), 0
    for colour, index in zip(_COLOURS, order, strict=False):
        name = svg.shorten(f"{look.labels[index]} {look.path[-1, index]:.3f}", 18)
        if x + 24 + svg.breadth(name) > svg.WIDTH:
            x, row = float(left), row + 1
        parts.append(svg.line(x, 10 + 16 * row, x + 16, 10 + 16 * row, colour))
        parts.append(svg.text(x + 21, 14 + 16 * row, name))
        x += 21 + svg.breadth(name) + 14
    top = 26 + 16 * row
    base = top + tall

    def across(index: float) -> float:
        span = max(len(tokens) - 1, 1)
        middle = 0.5 if len(tokens) == 1 else index / span
        return left + 8 + middle * (svg.WIDTH - left - right - 16)

    def up(probability: float) -> float:
        return base - probability * tall

    for tick in (0.0, 0.5, 1.0):
        parts.append(svg.line(left, up(tick), svg.WIDTH - right, up(tick), "grid"))
        parts.append(svg.text(left - 6, up(tick) + 4, f"{tick:g}", "muted", "end"))
    paths = [("dashed ", look.free.path)] if look.free else []
    for style, path in [*paths, ("", look.path)]:
        for colour, index in zip(_COLOURS, order, strict=False):
            points = " ".join(f"{across(t):.1f},{up(p):.1f}" for t, p in enumerate(path[:, index]))
            parts.append(f'<polyline class="{style}{colour}" points="{points}"/>')
            if len(path) <= 60 and not style:
                parts += [
                    svg.dot(across(t), up(p), 2.5, f"dot {colour}", f"{t + 1} {tokens[t]}: {p:.3f}")
                    for t, p in enumerate(path[:, index])
                ]
    at = across(look.decided)
    parts.append(svg.line(at, top, at, base, "best"))
    free = -math.inf
    for t, token in enumerate(tokens):
        label = token if len(tokens) <= 60 else f"{t + 1} {svg.shorten(token, 5)}"
        half = svg.breadth(label) / 2
        middle = min(max(across(t), half), svg.WIDTH - half)
        if middle - half > free + 3:
            parts.append(svg.text(middle, base + 16, label, "muted", "middle"))
            free = middle + half
    return svg.picture(base + 24, "Class probabilities after each token", parts)


def memory_figure(memory: Memory) -> str:
    """How many units have which time constant, in doublings of tokens."""
    spans = memory.time_constants
    highest = 9
    bins = [
        int(min(highest, math.log2(span))) if math.isfinite(span) else highest for span in spans
    ]
    last = max(bins)
    counts = [bins.count(index) for index in range(last + 1)]
    names = [f"{2**index}–{2 ** (index + 1)}" for index in range(last + 1)]
    if last == highest:
        names[-1] = f"≥{2**highest}"
    left, pitch, top = 74, 22, 22
    room = svg.WIDTH - left - 60
    letter = memory.gate[0] if memory.gate != "update" else "z"
    parts = [svg.text(0, 14, f"1/(1 − {letter}) in tokens, and how many units", "strong")]
    for row, (name, count) in enumerate(zip(names, counts, strict=True)):
        y = top + row * pitch
        parts.append(svg.text(left - 8, y + 13, name, "", "end"))
        width = count / max(counts) * room
        parts.append(
            f'<rect class="bar own" x="{left}" y="{y}" width="{width:.1f}" height="17" rx="2"/>'
        )
        parts.append(svg.text(left + width + 6, y + 13, str(count), "muted"))
    return svg.picture(top + pitch * len(names) + 4, "Time constants of the units", parts)
