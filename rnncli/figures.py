"""The figures of a report, as inline SVG: learning curves, confusion matrix, yardstick."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from rnncli import svg
from rnncli.line_chart import Line, line_chart

__all__ = ["Bar", "Series", "confusion_figure", "curve_figure", "yardstick_figure"]

_ROOMY = 6
"""So many bars are thick; more are thinner, and closer together."""


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
    lines = [Line(one.name, one.style, one.values) for one in series]
    mark = None
    if best_epoch is not None and best_epoch in epochs:
        mark = epochs.index(best_epoch), f"best: {best_epoch}"
    return line_chart(title, [str(epoch) for epoch in epochs], lines, "epoch", mark)


def confusion_figure(
    labels: Sequence[str], counts: Sequence[Sequence[int]], title: str = "Confusion matrix"
) -> str:
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
    return svg.picture(height, f"{title}, rows gold, columns predicted", parts, width)


def yardstick_figure(title: str, bars: Sequence[Bar]) -> str:
    """A bar from 0 to 1 for each result, with its value and its interval as a whisker."""
    widest = max((svg.breadth(svg.shorten(bar.name, 13)) for bar in bars), default=0.0)
    left, right, top = max(96, math.ceil(widest) + 10), 52, 34
    pitch = 32 if len(bars) <= _ROOMY else 22
    thick = pitch - 12 if len(bars) <= _ROOMY else pitch - 8
    breadth = svg.WIDTH - left - right
    height = top + pitch * len(bars) + 18
    parts = [svg.text(0, 14, title, "title")]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        at = left + tick * breadth
        parts.append(svg.line(at, top - 6, at, height - 18, "grid"))
        parts.append(svg.text(at, height - 4, f"{tick:g}", "muted", "middle"))
    for row, bar in enumerate(bars):
        upper = top + row * pitch
        base = upper + thick / 2 + 4
        style = "bar own" if bar.own else "bar"
        tip = f"{bar.name}: {bar.value:.4f}"
        if bar.interval:
            tip += f", 95 % interval {bar.interval[0]:.4f} to {bar.interval[1]:.4f}"
        parts.append(
            f'<g><title>{svg.clean(tip)}</title><rect class="{style}" x="{left}" y="{upper}" '
            f'width="{max(bar.value, 0.0) * breadth:.1f}" height="{thick}" rx="3"/>'
        )
        if bar.interval:
            low, high = (left + bound * breadth for bound in bar.interval)
            middle = upper + thick / 2
            parts.append(svg.line(low, middle, high, middle, "whisker"))
            parts.extend(
                svg.line(at, middle - thick / 4, at, middle + thick / 4, "whisker")
                for at in (low, high)
            )
        style = "strong" if bar.own else ""
        parts.append(
            "</g>" + svg.text(left - 8, base, svg.shorten(bar.name, 13), style, "end", bar.name)
        )
        parts.append(svg.text(svg.WIDTH - right + 8, base, f"{bar.value:.3f}", style))
    return svg.picture(height, title, parts)
