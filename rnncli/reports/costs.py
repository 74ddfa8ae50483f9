"""What a variant costs against what it scores, and which none is better than at its price."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rnncli import svg
from rnncli.page import table
from rnncli.reports.layout import Fold, Part, Picture, Row, Section
from rnncli.wording import duration, latency, size

if TYPE_CHECKING:
    from rnncli.variants import Metric, Variant

__all__ = ["Cost", "cost_figure", "costs_section", "front"]

_LEFT, _RIGHT, _TOP, _BOTTOM, _HEIGHT = 42, 16, 20, 38, 280


_LEAST_DECADES, _LEAST_POINTS = 0.3, 1.0
"""No chart spans less: costs (log10) and scores (points) that hardly differ shall look so."""


class Cost(NamedTuple):
    """A price."""

    name: str
    """Of the picture's file."""
    title: str
    of: Callable[[Variant], float | None]
    shown: Callable[[float], str]


_COSTS = (
    Cost("parameters", "parameters", lambda one: float(one.parameters), lambda n: _count(n)),
    Cost("epoch", "time of an epoch", lambda one: one.seconds_per_epoch, duration),
    Cost("latency", "latency of a text", lambda one: one.text_latency, latency),
    Cost("memory", "peak memory", lambda one: one.peak_memory_bytes, size),
)


def costs_section(found: Sequence[Variant], metric: Metric) -> Section:
    """A chart for each price that all variants have."""
    drawn = []
    for cost in _COSTS:
        if len(found) > 1 and all(cost.of(variant) for variant in found):
            caption = f"Score against {cost.title}"
            drawn.append(Picture(f"cost-{cost.name}", caption, cost_figure(found, cost, metric)))
    lead = (
        '<p class="muted">Up and to the left is better. The dashed line joins the variants that '
        "none beats in both (Pareto front).</p>"
    )
    head = ("variant", "layers", "parameters", "epoch", "time", "latency", "95 % under", "memory")
    rows = [
        (
            variant.name,
            f"{variant.layer_parameters:,}",
            f"{variant.parameters:,}",
            duration(variant.seconds_per_epoch),
            duration(variant.seconds),
            latency(variant.text_latency) if variant.text_latency else "–",
            latency(variant.text_latency_p95) if variant.text_latency_p95 else "–",
            size(variant.peak_memory_bytes) if variant.peak_memory_bytes else "–",
        )
        for variant in found
    ]
    listed = table(head, rows, numbers=len(head) - 1, words=1)
    parts: list[Part] = [lead, Row(drawn)] if drawn else []
    return Section("Cost and quality", [*parts, Fold("As a table", [listed])])


def front(points: Sequence[tuple[float, float]]) -> list[int]:
    """The points (cost, score) that no other beats in both, by index, the cheapest first."""
    best = -math.inf
    chosen = []
    for index in sorted(range(len(points)), key=lambda n: (points[n][0], -points[n][1])):
        if points[index][1] > best:
            best = points[index][1]
            chosen.append(index)
    return chosen


def cost_figure(found: Sequence[Variant], cost: Cost, metric: Metric) -> str:
    """A dot for each variant: cost to the right, on a logarithmic scale, score upwards."""
    points = [(cost.of(one) or math.nan, 100 * one.scores[metric].mean) for one in found]
    low, high = (math.log10(bound(point[0] for point in points)) for bound in (min, max))
    margin = max(0.05 * (high - low), (_LEAST_DECADES - (high - low)) / 2)
    low, high = low - margin, high + margin
    scores = [point[1] for point in points]
    apart = max(_LEAST_POINTS - (max(scores) - min(scores)), 0.0) / 2
    ticks = svg.ticks(min(scores) - apart, max(scores) + apart)

    def x(value: float) -> float:
        return _LEFT + (math.log10(value) - low) / (high - low) * (svg.WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        share = (value - ticks[0]) / (ticks[-1] - ticks[0])
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)

    parts = []
    for tick in ticks:
        parts.append(svg.line(_LEFT, y(tick), svg.WIDTH - _RIGHT, y(tick), "grid"))
        shown = f"{tick:.{svg.decimals(ticks)}f}"
        parts.append(svg.text(_LEFT - 6, y(tick) + 4, shown, "muted", "end"))
    taken = -math.inf
    for value in _round_costs(10**low, 10**high):
        shown = cost.shown(value)
        half = svg.breadth(shown) / 2
        at = min(max(x(value), half), svg.WIDTH - half)
        if at - half > taken + 8:
            parts.append(svg.text(at, _HEIGHT - _BOTTOM + 18, shown, "muted", "middle"))
            parts.append(
                svg.line(x(value), _HEIGHT - _BOTTOM, x(value), _HEIGHT - _BOTTOM + 4, "grid")
            )
            taken = at + half
    parts.append(svg.text(svg.WIDTH - _RIGHT, _HEIGHT - 3, cost.title, "muted", "end"))
    best = front(points)
    stairs: list[str] = []
    for before, index in zip([None, *best], best, strict=False):
        if before is not None:
            stairs.append(f"{x(points[index][0]):.1f},{y(points[before][1]):.1f}")
        stairs.append(f"{x(points[index][0]):.1f},{y(points[index][1]):.1f}")
    if len(best) > 1:
        parts.append(f'<polyline class="front" points="{" ".join(stairs)}"/>')
    for index in sorted(range(len(found)), key=best.__contains__):
        variant, point = found[index], points[index]
        tip = f"{variant.name}: {point[1]:.2f} at {cost.shown(point[0])}"
        style = "dot orange" if index in best else "other"
        parts.append(svg.dot(x(point[0]), y(point[1]), 5 if index in best else 4, style, tip))
    parts += _names([(x(points[n][0]), y(points[n][1]), found[n].name) for n in best])
    title = f"Score against {cost.title}; best for their price: "
    title += ", ".join(found[index].name for index in best)
    return svg.picture(_HEIGHT, title, parts)


def _names(places: Sequence[tuple[float, float, str]]) -> list[str]:
    """Names beside their dots, moved off one another."""
    parts: list[str] = []
    taken: list[tuple[float, float, float]] = []
    for at, height, name in places:
        shown = svg.shorten(name, 12)
        breadth = svg.breadth(shown)
        start = at + 8 if at + 8 + breadth < svg.WIDTH else max(at - 8 - breadth, 0)
        for step in (0, -13, 13, -26, 26, -39, 39):
            base = height + 4 + step
            free = all(
                abs(base - other) >= 12 or start >= right or start + breadth <= left
                for left, right, other in taken
            )
            if free and 10 <= base <= _HEIGHT - _BOTTOM:
                break
        else:
            continue
        taken.append((start, start + breadth, base))
        parts.append(svg.text(start, base, shown, "muted", tip=name))
    return parts


def _round_costs(low: float, high: float) -> list[float]:
    """1, 2, 5, 10, … between two costs; with few decades between them, finer."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1,), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)):
        marks = [step * 10.0**power for power in powers for step in steps]
        inside = [mark for mark in marks if low <= mark <= high]
        if len(inside) >= 2:
            return inside
    return [low, high]


def _count(number: float) -> str:
    """`86,700` as `86.7 k`: three digits."""
    for unit, power in (("M", 1e6), ("k", 1e3)):
        if number >= power:
            return f"{number / power:.3g} {unit}"
    return f"{number:.3g}"
