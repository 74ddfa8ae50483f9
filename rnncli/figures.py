"""The figures of a report, as inline SVG: learning curves, confusion matrix, yardstick."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from rnncli import svg

__all__ = ["Bar", "Series", "confusion_figure", "curve_figure", "yardstick_figure"]


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


def curve_figure(
    title: str, epochs: Sequence[int], series: Sequence[Series], best_epoch: int | None
) -> str:
    """A line for each series over the epochs, the best epoch marked; NaN leaves a gap."""
    finite = [v for line in series for v in line.values if math.isfinite(v)]
    if not epochs or not finite:
        return svg.picture(60, title, [svg.text(0, 34, "no finite values", "muted")])
    left, right, top, bottom, height = 40, 14, 42, 30, 248
    ticks = svg.ticks(min(finite), max(finite))
    low, high = ticks[0], ticks[-1]
    span = max(epochs[-1] - epochs[0], 1)

    def x(epoch: float) -> float:
        middle = 0.5 if len(epochs) == 1 else (epoch - epochs[0]) / span
        return left + middle * (svg.WIDTH - left - right)

    def y(value: float) -> float:
        return height - bottom - (value - low) / (high - low) * (height - top - bottom)

    digits = max(0, -math.floor(math.log10(ticks[1] - ticks[0]) + 1e-9))
    parts = []
    for tick in ticks:
        parts.append(svg.line(left, y(tick), svg.WIDTH - right, y(tick), "grid"))
        parts.append(svg.text(left - 6, y(tick) + 4, f"{tick:.{digits}f}", "muted", "end"))
    step = max(1, math.ceil(len(epochs) / 10))
    for epoch in epochs[::step]:
        parts.append(svg.text(x(epoch), height - bottom + 17, str(epoch), "muted", "middle"))
    parts.append(svg.text(svg.WIDTH - right, height - 1, "epoch", "muted", "end"))
    if best_epoch is not None and epochs[0] <= best_epoch <= epochs[-1]:
        at = x(best_epoch)
        parts.append(svg.line(at, top, at, height - bottom, "best"))
        inside = min(max(at, left + 20), svg.WIDTH - right - 20)
        parts.append(svg.text(inside, top - 5, f"best: {best_epoch}", "muted", "middle"))
    for line in series:
        parts.extend(_curve(line, [(x(e), y(v)) for e, v in zip(epochs, line.values, strict=True)]))
        for epoch, value in zip(epochs, line.values, strict=True):
            if math.isfinite(value):
                tip = f"epoch {epoch}: {line.name} {value:.4f}"
                chosen = f"dot {line.style}{' chosen' if epoch == best_epoch else ''}"
                radius = 4.5 if epoch == best_epoch else 2.5
                parts.append(svg.dot(x(epoch), y(value), radius, chosen, tip))
    return svg.picture(height, title, [*_legend(series), *parts])


def confusion_figure(labels: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """Rows gold, columns predicted; each cell its count and its share of the row, as colour too."""
    size = len(labels)
    shown = [svg.shorten(name, 9) for name in labels]
    left = min(110.0, max(svg.breadth(name) for name in shown) + 26)
    slanted = size > 4
    heads = [svg.shorten(name, 6) for name in labels] if slanted else shown
    breadth = max(svg.breadth(name) for name in heads)
    top = 30 + (0.64 * breadth if slanted else 14)
    cell = max(38.0, min(92.0, (svg.WIDTH - left - (0.6 * breadth if slanted else 0)) / size))
    flat = min(56.0, max(34.0, cell * 0.72))
    width = max(svg.WIDTH, math.ceil(left + size * cell + (0.6 * breadth if slanted else 0)))
    height = math.ceil(top + size * flat + 4)
    parts = [
        svg.text(left, 12, "predicted →", "muted"),
        f'<text class="muted" text-anchor="middle" transform="translate(11 '
        f'{top + size * flat / 2:.1f}) rotate(-90)">← gold</text>',
    ]
    for column, name in enumerate(heads):
        middle, base = left + (column + 0.5) * cell, top - 8
        if slanted:
            parts.append(
                f'<text transform="translate({middle:.1f} {base:.1f}) rotate(-40)">'
                f"{svg.clean(name)}<title>{svg.clean(labels[column])}</title></text>"
            )
        else:
            parts.append(svg.text(middle, base, name, "", "middle", labels[column]))
    for row, (name, values) in enumerate(zip(labels, counts, strict=True)):
        total = sum(values)
        upper = top + row * flat
        parts.append(svg.text(left - 8, upper + flat / 2 + 4, shown[row], "", "end", name))
        for column, count in enumerate(values):
            share = count / total if total else 0.0
            tip = f"gold {name}, predicted {labels[column]}: {count} ({share:.1%} of the row)"
            place = f'x="{left + column * cell:.1f}" y="{upper:.1f}"'
            middle = left + (column + 0.5) * cell
            ink = "over" if share > 0.75 else ""
            parts.append(
                f'<g><title>{svg.clean(tip)}</title><rect class="cell" {place} '
                f'width="{cell - 2:.1f}" height="{flat - 2:.1f}" rx="3" '
                f'fill-opacity="{0.07 + 0.93 * share:.3f}"/>'
                + svg.text(middle - 1, upper + flat / 2 - 2, f"{count:,}", ink, "middle")
                + svg.text(
                    middle - 1, upper + flat / 2 + 11, f"{share:.0%}", f"tiny {ink}", "middle"
                )
                + "</g>"
            )
    return svg.picture(height, "Confusion matrix, rows gold, columns predicted", parts, width)


def yardstick_figure(title: str, bars: Sequence[Bar]) -> str:
    """A bar from 0 to 1 for each result, with its value and its interval as a whisker."""
    left, right, top, pitch = 96, 52, 34, 32
    breadth = svg.WIDTH - left - right
    height = top + pitch * len(bars) + 18
    parts = [svg.text(0, 14, title, "title")]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        at = left + tick * breadth
        parts.append(svg.line(at, top - 6, at, height - 18, "grid"))
        parts.append(svg.text(at, height - 4, f"{tick:g}", "muted", "middle"))
    for row, bar in enumerate(bars):
        upper = top + row * pitch
        style = "bar own" if bar.own else "bar"
        tip = f"{bar.name}: {bar.value:.4f}"
        if bar.interval:
            tip += f", 95 % interval {bar.interval[0]:.4f} to {bar.interval[1]:.4f}"
        parts.append(
            f'<g><title>{svg.clean(tip)}</title><rect class="{style}" x="{left}" y="{upper}" '
            f'width="{max(bar.value, 0.0) * breadth:.1f}" height="20" rx="3"/>'
        )
        if bar.interval:
            low, high = (left + bound * breadth for bound in bar.interval)
            parts.append(svg.line(low, upper + 10, high, upper + 10, "whisker"))
            parts.extend(svg.line(at, upper + 5, at, upper + 15, "whisker") for at in (low, high))
        style = "strong" if bar.own else ""
        parts.append(
            "</g>" + svg.text(left - 8, upper + 14, svg.shorten(bar.name, 13), style, "end")
        )
        parts.append(svg.text(svg.WIDTH - right + 8, upper + 14, f"{bar.value:.3f}", style))
    return svg.picture(height, title, parts)


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
        parts.append(svg.text(x + 24, 14, line.name))
        x += 24 + svg.breadth(line.name) + 18
    return parts
