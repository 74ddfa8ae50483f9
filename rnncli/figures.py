"""Inline SVG for the report: learning curves, confusion matrix, yardstick.

Drawn by hand instead of with matplotlib: no second to import it, text in the reader's own fonts
(Hangul included), and colours that are CSS variables, so that dark mode needs no second picture.
Widths are near that of a phone; the page sets figures side by side where there is room.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

__all__ = ["Bar", "Series", "clean", "confusion_figure", "curve_figure", "yardstick_figure"]

_WIDTH = 380
_EM = 12
"""Font size in the figures' own units, which are CSS pixels at full width."""


class Series(NamedTuple):
    """A line of a chart: a name, a CSS class for its colour, a value for each epoch."""

    name: str
    style: str
    values: Sequence[float]


class Bar(NamedTuple):
    """A bar of the yardstick, with its 95 % interval where there is one."""

    name: str
    value: float
    interval: tuple[float, float] | None = None
    own: bool = False
    """Whether it is this run's, not a baseline's."""


def clean(text: object) -> str:
    """Text made safe for HTML: escaped, control characters replaced."""
    visible = "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in ("Cc", "Cs") else c
        for c in str(text).replace("\n", " ").replace("\t", " ")
    )
    return escape(visible, quote=True)


def curve_figure(
    title: str, epochs: Sequence[int], series: Sequence[Series], best_epoch: int | None
) -> str:
    """A line for each series over the epochs, the best epoch marked; NaN leaves a gap."""
    finite = [v for line in series for v in line.values if math.isfinite(v)]
    if not epochs or not finite:
        return _svg(60, title, [_text(0, 34, "no finite values", "muted")])
    left, right, top, bottom, height = 40, 14, 42, 30, 248
    ticks = _ticks(min(finite), max(finite))
    low, high = ticks[0], ticks[-1]
    span = max(epochs[-1] - epochs[0], 1)

    def x(epoch: float) -> float:
        middle = 0.5 if len(epochs) == 1 else (epoch - epochs[0]) / span
        return left + middle * (_WIDTH - left - right)

    def y(value: float) -> float:
        return height - bottom - (value - low) / (high - low) * (height - top - bottom)

    digits = max(0, -math.floor(math.log10(ticks[1] - ticks[0]) + 1e-9))
    parts = []
    for tick in ticks:
        parts.append(_line(left, y(tick), _WIDTH - right, y(tick), "grid"))
        parts.append(_text(left - 6, y(tick) + 4, f"{tick:.{digits}f}", "muted", "end"))
    step = max(1, math.ceil(len(epochs) / 10))
    for epoch in epochs[::step]:
        parts.append(_text(x(epoch), height - bottom + 17, str(epoch), "muted", "middle"))
    parts.append(_text(_WIDTH - right, height - 1, "epoch", "muted", "end"))
    if best_epoch is not None and epochs[0] <= best_epoch <= epochs[-1]:
        at = x(best_epoch)
        parts.append(_line(at, top, at, height - bottom, "best"))
        inside = min(max(at, left + 20), _WIDTH - right - 20)
        parts.append(_text(inside, top - 5, f"best: {best_epoch}", "muted", "middle"))
    for line in series:
        parts.extend(_curve(line, [(x(e), y(v)) for e, v in zip(epochs, line.values, strict=True)]))
        for epoch, value in zip(epochs, line.values, strict=True):
            if math.isfinite(value):
                tip = f"epoch {epoch}: {line.name} {value:.4f}"
                chosen = f"dot {line.style}{' chosen' if epoch == best_epoch else ''}"
                radius = 4.5 if epoch == best_epoch else 2.5
                parts.append(_dot(x(epoch), y(value), radius, chosen, tip))
    return _svg(height, title, [*_legend(series), *parts])


def confusion_figure(labels: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """Rows gold, columns predicted; each cell its count and its share of the row, as colour too."""
    size = len(labels)
    shown = [_shorten(name, 9) for name in labels]
    left = min(110.0, max(_breadth(name) for name in shown) + 26)
    slanted = size > 4
    heads = [_shorten(name, 6) for name in labels] if slanted else shown
    breadth = max(_breadth(name) for name in heads)
    top = 30 + (0.64 * breadth if slanted else 14)
    cell = max(38.0, min(92.0, (_WIDTH - left - (0.6 * breadth if slanted else 0)) / size))
    flat = min(56.0, max(34.0, cell * 0.72))
    width = max(_WIDTH, math.ceil(left + size * cell + (0.6 * breadth if slanted else 0)))
    height = math.ceil(top + size * flat + 4)
    parts = [
        _text(left, 12, "predicted →", "muted"),
        f'<text class="muted" text-anchor="middle" transform="translate(11 '
        f'{top + size * flat / 2:.1f}) rotate(-90)">← gold</text>',
    ]
    for column, name in enumerate(heads):
        middle, base = left + (column + 0.5) * cell, top - 8
        if slanted:
            parts.append(
                f'<text transform="translate({middle:.1f} {base:.1f}) rotate(-40)">{clean(name)}'
                f"<title>{clean(labels[column])}</title></text>"
            )
        else:
            parts.append(_text(middle, base, name, "", "middle", labels[column]))
    for row, (name, values) in enumerate(zip(labels, counts, strict=True)):
        total = sum(values)
        upper = top + row * flat
        parts.append(_text(left - 8, upper + flat / 2 + 4, shown[row], "", "end", name))
        for column, count in enumerate(values):
            share = count / total if total else 0.0
            tip = f"gold {name}, predicted {labels[column]}: {count} ({share:.1%} of the row)"
            place = f'x="{left + column * cell:.1f}" y="{upper:.1f}"'
            middle = left + (column + 0.5) * cell
            ink = "over" if share > 0.75 else ""
            parts.append(
                f'<g><title>{clean(tip)}</title><rect class="cell" {place} '
                f'width="{cell - 2:.1f}" height="{flat - 2:.1f}" rx="3" '
                f'fill-opacity="{0.07 + 0.93 * share:.3f}"/>'
                + _text(middle - 1, upper + flat / 2 - 2, f"{count:,}", ink, "middle")
                + _text(middle - 1, upper + flat / 2 + 11, f"{share:.0%}", f"tiny {ink}", "middle")
                + "</g>"
            )
    return _svg(height, "Confusion matrix, rows gold, columns predicted", parts, width)


def yardstick_figure(title: str, bars: Sequence[Bar]) -> str:
    """A bar from 0 to 1 for each result, with its value and its interval as a whisker."""
    left, right, top, pitch = 96, 52, 34, 32
    breadth = _WIDTH - left - right
    height = top + pitch * len(bars) + 18
    parts = [_text(0, 14, title, "title")]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        at = left + tick * breadth
        parts.append(_line(at, top - 6, at, height - 18, "grid"))
        parts.append(_text(at, height - 4, f"{tick:g}", "muted", "middle"))
    for row, bar in enumerate(bars):
        upper = top + row * pitch
        style = "bar own" if bar.own else "bar"
        tip = f"{bar.name}: {bar.value:.4f}"
        if bar.interval:
            tip += f", 95 % interval {bar.interval[0]:.4f} to {bar.interval[1]:.4f}"
        parts.append(
            f'<g><title>{clean(tip)}</title><rect class="{style}" x="{left}" y="{upper}" '
            f'width="{max(bar.value, 0.0) * breadth:.1f}" height="20" rx="3"/>'
        )
        if bar.interval:
            low, high = (left + bound * breadth for bound in bar.interval)
            parts.append(_line(low, upper + 10, high, upper + 10, "whisker"))
            parts.extend(_line(at, upper + 5, at, upper + 15, "whisker") for at in (low, high))
        style = "strong" if bar.own else ""
        parts.append("</g>" + _text(left - 8, upper + 14, _shorten(bar.name, 13), style, "end"))
        parts.append(_text(_WIDTH - right + 8, upper + 14, f"{bar.value:.3f}", style))
    return _svg(height, title, parts)


def _svg(height: int, title: str, parts: Sequence[str], width: int = _WIDTH) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" style="max-width:{width * 1.25:.0f}px" role="img" '
        f'aria-label="{clean(title)}">{"".join(parts)}</svg>'
    )


def _text(
    x: float, y: float, text: str, style: str = "", anchor: str = "start", tip: str = ""
) -> str:
    title = f"<title>{clean(tip)}</title>" if tip else ""
    kind = f' class="{style}"' if style else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{kind}>{clean(text)}{title}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    return f'<line class="{style}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _dot(x: float, y: float, radius: float, style: str, tip: str) -> str:
    title = f"<title>{clean(tip)}</title>"
    return f'<circle class="{style}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}">{title}</circle>'


def _curve(line: Series, points: Sequence[tuple[float, float]]) -> list[str]:
    """Polylines over the finite stretches."""
    stretches: list[list[str]] = [[]]
    for x, y in points:
        if math.isfinite(y):
            stretches[-1].append(f"{x:.1f},{y:.1f}")
        elif stretches[-1]:
            stretches.append([])
    return [
        f'<polyline class="{line.style}" points="{" ".join(stretch)}"/>'
        for stretch in stretches
        if len(stretch) > 1
    ]


def _legend(series: Sequence[Series]) -> list[str]:
    parts: list[str] = []
    x = 40.0
    for line in series:
        parts.append(f'<line class="{line.style}" x1="{x}" y1="10" x2="{x + 18}" y2="10"/>')
        parts.append(_text(x + 24, 14, line.name))
        x += 24 + _breadth(line.name) + 18
    return parts


def _ticks(low: float, high: float) -> list[float]:
    """Three to seven round numbers that enclose the values."""
    span = (high - low) or abs(high) * 0.1 or 1.0
    power = 10.0 ** math.floor(math.log10(span / 4))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if span / (power * m) <= 5)
    first = math.floor(low / step + 1e-9)
    last = max(math.ceil(high / step - 1e-9), first + 1)
    return [n * step for n in range(first, last + 1)]


def _breadth(text: str) -> float:
    """Rough width of a text at the figures' font size: CJK a full em, Latin a bit over half."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return _EM * (wide + 0.58 * (len(text) - wide))


def _shorten(text: str, ems: int) -> str:
    """At most about so many ems, cut with an ellipsis."""
    while text and _breadth(text) > ems * _EM:
        text = text.removesuffix("…")[:-1] + "…"
        if text == "…":
            break
    return text
