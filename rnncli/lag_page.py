"""The curve of `rnn lags` as a page: accuracy by lag, a line and a band for each cell."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rnncli import svg
from rnncli.lag_curve import SOLVED, LagCurve
from rnncli.page import figure, page, section, table

__all__ = ["lag_figure", "lag_page"]

_STYLES = ("orange", "blue", "green", "violet", "red")
_WIDTH, _HEIGHT = 640, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 20, 36, 40


def lag_page(
    task: str, chance: float, curves: Sequence[LagCurve], said: Sequence[str], command: str
) -> str:
    """The whole document.

    Args:
        task: the memory task.
        chance: the accuracy of guessing.
        curves: one for each cell.
        said: what they say, as sentences.
        command: what made them.
    """
    seeds = len(curves[0].points[0].accuracies)
    mean = f"mean of {seeds} seeds, the band from the worst to the best of them"
    caption = f"Test accuracy by lag{f': {mean}' if seeds > 1 else ''}"
    lags = sorted({point.lag for curve in curves for point in curve.points})
    rows = [[curve.cell, *(_cell(curve, lag) for lag in lags)] for curve in curves]
    numbers = table(["cell", *(f"lag {lag}" for lag in lags)], rows, numbers=len(lags), words=1)
    told = "".join(f"<p>{svg.clean(sentence)}</p>" for sentence in said)
    return page(
        f"{task}: what each cell remembers, and how long",
        f"Solved means a mean test accuracy of at least {SOLVED:.2f}; guessing gets {chance:.2f}.",
        [
            section("Accuracy by lag", told, figure(lag_figure(task, chance, curves), caption)),
            section("Every mean", f'<div class="scroll">{numbers}</div>'),
        ],
        f"{svg.clean(command)} · lags.csv beside this page has every training",
    )


def _cell(curve: LagCurve, lag: int) -> str:
    point = next((point for point in curve.points if point.lag == lag), None)
    return "left out" if point is None else f"{point.mean:.3f}"


def lag_figure(task: str, chance: float, curves: Sequence[LagCurve]) -> str:
    """Accuracy over the logarithm of the lag.

    Later cells are drawn thinner, so that lines which lie on each other all show.
    """
    lags = sorted({lag for c in curves for lag in [*(p.lag for p in c.points), *c.skipped]})
    low, high = math.log(lags[0]), math.log(lags[-1])

    def x(lag: float) -> float:
        share = 0.5 if high == low else (math.log(lag) - low) / (high - low)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(accuracy: float) -> float:
        return _HEIGHT - _BOTTOM - accuracy * (_HEIGHT - _TOP - _BOTTOM)

    right = _WIDTH - _RIGHT
    parts = []
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(svg.line(_LEFT, y(tick), right, y(tick), "grid"))
        parts.append(svg.text(_LEFT - 6, y(tick) + 4, f"{tick:g}", "muted", "end"))
    for lag in lags:
        parts.append(svg.text(x(lag), _HEIGHT - _BOTTOM + 17, str(lag), "muted", "middle"))
    parts.append(svg.text(right, _HEIGHT - 4, "lag, in steps", "muted", "end"))
    for level, name in ((chance, "guessing"), (SOLVED, "solved")):
        parts.append(svg.line(_LEFT, y(level), right, y(level), "best"))
        parts.append(svg.text(_LEFT + 4, y(level) + 14, f"{name}: {level:.2f}", "muted"))
    legend = float(_LEFT)
    for number, curve in enumerate(curves):
        style = _STYLES[number % len(_STYLES)]
        thickness = 2.0 + 1.5 * (len(curves) - 1 - number)
        places = [(x(point.lag), point) for point in curve.points]
        edge = [(at, point.band[1]) for at, point in places]
        edge += [(at, point.band[0]) for at, point in reversed(places)]
        corners = " ".join(f"{at:.1f},{y(value):.1f}" for at, value in edge)
        parts.append(f'<polygon class="band {style}" points="{corners}"/>')
        along = " ".join(f"{at:.1f},{y(point.mean):.1f}" for at, point in places)
        parts.append(
            f'<polyline class="{style}" style="stroke-width:{thickness:g}" points="{along}"/>'
        )
        for at, point in places:
            tip = (
                f"{curve.cell}, lag {point.lag}: {point.mean:.3f} "
                f"({point.band[0]:.3f} to {point.band[1]:.3f})"
            )
            radius = 2.5 + thickness / 2
            parts.append(svg.dot(at, y(point.mean), radius, f"dot {style}", tip))
        parts.append(
            f'<line class="{style}" style="stroke-width:{thickness:g}" x1="{legend:.1f}" y1="12" '
            f'x2="{legend + 18:.1f}" y2="12"/>' + svg.text(legend + 24, 16, curve.cell)
        )
        legend += 24 + svg.breadth(curve.cell) + 18
    return svg.picture(_HEIGHT, f"{task}: test accuracy by lag for each cell", parts, _WIDTH)
