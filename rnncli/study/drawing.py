"""What the studies draw with: a chart of lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rnncli import svg
from rnncli.errors import UsageError

__all__ = ["HUES", "Curve", "check_told_apart", "hue", "line_chart"]

HUES = 8
"""As many lines' colours can be told apart."""
_LEFT, _RIGHT, _PLOT, _ROW = 46, 12, 190, 16
_TICKS = 7


@dataclass(frozen=True)
class Curve:
    """A line of a chart."""

    name: str
    """In the legend; a curve without a name shares the colour of one that has it."""
    style: str
    """CSS classes, as `hue` gives them."""
    points: Sequence[tuple[float, float]]
    interval: Sequence[tuple[float, float]] = ()
    """For each point low and high, drawn as a whisker."""


def hue(number: int, *, dashed: bool = False) -> str:
    """The style of the line of that number, from 0."""
    return f"hue{number % HUES}{' dashed' if dashed else ''}"


def check_told_apart(runs: int) -> None:
    """Whether one picture can show so many runs.

    Raises:
        UsageError: their colours would repeat.
    """
    if runs > HUES:
        raise UsageError(
            f"{runs} runs, but one picture tells {HUES} apart; name fewer, one seed each"
        )


def line_chart(
    title: str,
    curves: Sequence[Curve],
    x_name: str,
    y_name: str,
    *,
    log_y: bool = False,
    log_x: bool = False,
    x_labels: Sequence[tuple[float, str]] = (),
    dashed_means: str = "",
) -> str:
    """Lines over a common x; points that are not finite, or not positive on a log axis, are gaps.

    Args:
        title: short.
        curves: at most `HUES` colours.
        x_name: what x is.
        y_name: what y is.
        log_y: decades on the y axis.
        log_x: doublings on the x axis.
        x_labels: instead of round numbers.
        dashed_means: what the legend says of dashed lines.
    """
    kept = [_finite(curve, log_y=log_y) for curve in curves]
    xs = [x for points in kept for x, _ in points]
    ys = [y for points in kept for _, y in points]
    ys += [v for curve in curves for pair in curve.interval for v in pair if math.isfinite(v)]
    if not ys:
        return svg.picture(60, title, [svg.text(0, 14, title, "title"), *_nothing()])
    named = [curve for curve in curves if curve.name]
    rows = len(named) + bool(dashed_means)
    top = 34 + _ROW * rows + 16
    bottom = top + _PLOT
    height = bottom + 36
    ticks = _decades(min(ys), max(ys)) if log_y else svg.ticks(min(ys), max(ys))
    first, last = min(xs), max(xs)

    def across(value: float) -> float:
        low, high, at = (math.log2(v) if log_x else v for v in (first, last, value))
        share = (at - low) / (high - low) if high > low else 0.5
        return _LEFT + 6 + share * (svg.WIDTH - _LEFT - _RIGHT - 12)

    def down(value: float) -> float:
        low, high, at = (math.log10(v) if log_y else v for v in (ticks[0], ticks[-1], value))
        return bottom - (at - low) / (high - low) * _PLOT

    parts = [svg.text(0, 14, title, "title"), *_legend(named, dashed_means)]
    parts.append(svg.text(0, top - 11, y_name, "muted"))
    for tick in ticks:
        parts.append(svg.line(_LEFT, down(tick), svg.WIDTH - _RIGHT, down(tick), "grid"))
        parts.append(svg.text(_LEFT - 6, down(tick) + 4, _number(tick, log_y), "muted", "end"))
    marks = x_labels or [(t, f"{t:g}") for t in svg.ticks(first, last) if first <= t <= last]
    for at, label in marks:
        parts.append(svg.text(across(at), bottom + 16, label, "muted", "middle"))
    parts.append(svg.text(svg.WIDTH - _RIGHT, bottom + 32, x_name, "muted", "end"))
    for curve, points in zip(curves, kept, strict=True):
        parts += _drawn(curve, points, [(across(x), down(y)) for x, y in points])
        for (x, _), (low, high) in zip(curve.points, curve.interval, strict=False):
            parts.append(svg.line(across(x), down(low), across(x), down(high), curve.style))
    return svg.picture(height, title, parts)


def _finite(curve: Curve, *, log_y: bool) -> list[tuple[float, float]]:
    return [(x, y) for x, y in curve.points if math.isfinite(y) and (y > 0 or not log_y)]


def _nothing() -> list[str]:
    return [svg.text(0, 40, "nothing to draw: every value is zero", "muted")]


def _legend(named: Sequence[Curve], dashed_means: str) -> list[str]:
    parts = []
    for row, curve in enumerate(named):
        y = 32 + _ROW * row
        parts.append(svg.line(2, y - 4, 24, y - 4, curve.style))
        parts.append(svg.text(30, y, svg.shorten(curve.name, 29)))
    if dashed_means:
        y = 32 + _ROW * len(named)
        parts.append(svg.line(2, y - 4, 24, y - 4, "plain dashed"))
        parts.append(svg.text(30, y, dashed_means, "muted"))
    return parts


def _drawn(
    curve: Curve, values: Sequence[tuple[float, float]], points: Sequence[tuple[float, float]]
) -> list[str]:
    placed = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    parts = [f'<polyline class="{curve.style}" points="{placed}"/>'] if len(points) > 1 else []
    if len(points) <= 40:
        name = curve.name or "before"
        parts += [
            svg.dot(
                x,
                y,
                1.5 if "dashed" in curve.style else 2.5,
                f"dot {curve.style}",
                f"{name}: {value:g} → {told:.4g}",
            )
            for (x, y), (value, told) in zip(points, values, strict=True)
        ]
    return parts


def _decades(low: float, high: float) -> list[float]:
    """One, two and five times powers of ten that enclose the values, or powers alone."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    fine = [m * 10.0**power for power in range(first, last + 1) for m in (1, 2, 5)]
    below = max(n for n, tick in enumerate(fine) if tick <= low * 1.001)
    above = min(n for n, tick in enumerate(fine) if tick >= high * 0.999)
    if above - below < _TICKS:
        return fine[below : max(above, below + 1) + 1]
    step = math.ceil((last - first) / (_TICKS - 1))
    steps = math.ceil((last - first) / step)
    return [10.0 ** (last - step * back) for back in range(steps, -1, -1)]


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _number(value: float, log: bool) -> str:
    if log and not 5e-4 < value < 1e4:
        digit, power = f"{value:.0e}".split("e")
        raised = f"10{str(int(power)).translate(_RAISED)}"
        return raised if digit == "1" else f"{digit}·{raised}"
    return f"{value:.6g}"
