"""Calibration: is a classifier that is sure in nine of ten cases right?

Reliability diagrams as Guo et al. 2017, "On Calibration of Modern Neural Networks", have them: the
same bins of confidence as the expected calibration error of `rnncli.metrics`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rnncli import svg
from rnncli.metrics import CALIBRATION_BINS, expected_calibration_error
from rnncli.page import table
from rnncli.reports.layout import Fold, Picture, Section, grouped

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from rnncli.reports.reading import Group

__all__ = ["Bin", "calibration_section", "reliability"]

_LEFT, _TOP, _HIGH, _WIDE, _STRIP = 44, 14, 190, 300, 44
"""Of the diagram, and the height of the strip of counts under it."""
_LEAST = 10
"""The line passes bins of fewer answers by."""


class Bin(NamedTuple):
    """The answers of one span of confidence."""

    low: float
    high: float
    """The span is (low, high]."""
    confidence: float
    """Their mean; NaN without answers."""
    accuracy: float
    answers: int


def reliability(
    gold: ArrayLike, probabilities: ArrayLike, bins: int = CALIBRATION_BINS
) -> list[Bin]:
    """Bin the answers by confidence.

    Args:
        gold: labels [N].
        probabilities: of each class [N, C].
        bins: how many, of equal width.
    """
    rows = np.asarray(probabilities, np.float64)
    confidence = rows.max(axis=1)
    correct = rows.argmax(axis=1) == np.asarray(gold)
    where = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    counts = np.bincount(where, minlength=bins)
    sums = (np.bincount(where, weights=one, minlength=bins) for one in (confidence, correct))
    sure, right = (
        np.divide(total, counts, out=np.full(bins, np.nan), where=counts > 0) for total in sums
    )
    return [
        Bin(n / bins, (n + 1) / bins, float(sure[n]), float(right[n]), int(counts[n]))
        for n in range(bins)
    ]


def calibration_section(groups: Sequence[Group]) -> Section:
    """A reliability diagram for each variant, all its runs' answers together."""
    rows, listed = [], []
    for group in groups:
        runs, texts, classes = group.probabilities.shape
        answers = group.probabilities.reshape(runs * texts, classes)
        found = reliability(np.tile(group.gold, runs), answers)
        errors = [expected_calibration_error(group.gold, one) for one in group.probabilities]
        mean = float(np.mean(errors))
        caption = f"{group.name}: ECE {mean:.3f}"
        if runs > 1:
            caption += f" ({min(errors):.3f} to {max(errors):.3f} by seed)"
        title = f"Reliability diagram of {group.name}, expected calibration error {mean:.3f}"
        rows.append([Picture(f"calibration-{group.name}", caption, _diagram(title, found))])
        listed += [
            (
                group.name,
                f"{one.low:.2f} to {one.high:.2f}",
                f"{one.confidence:.3f}",
                f"{one.accuracy:.3f}",
                f"{one.answers:,}",
            )
            for one in found
            if one.answers
        ]
    head = ("variant", "confidence", "mean confidence", "accuracy", "answers")
    lead = (
        '<p class="muted">Dots on the line: as often right as sure; below it: too sure. Bars: how '
        "many answers. The expected calibration error (ECE) is the mean distance to the line.</p>"
    )
    bins = Fold("The bins as a table", [table(head, listed, numbers=3, words=2)])
    return Section("Calibration", [lead, *grouped(rows, "variants"), bins])


def _diagram(title: str, bins: Sequence[Bin]) -> str:
    foot = _TOP + _HIGH
    most = max(one.answers for one in bins)

    def x(value: float) -> float:
        return _LEFT + value * _WIDE

    def y(value: float) -> float:
        return foot - value * _HIGH

    parts = []
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(svg.line(_LEFT, y(tick), x(1), y(tick), "grid"))
        parts.append(svg.text(_LEFT - 6, y(tick) + 4, f"{tick:g}", "muted", "end"))
        parts.append(svg.text(x(tick), foot + _STRIP + 16, f"{tick:g}", "muted", "middle"))
    parts.append(svg.line(x(0), y(0), x(1), y(1), "yardstick"))
    found = [one for one in bins if one.answers]
    joined = [one for one in found if one.answers >= _LEAST] or found
    points = " ".join(f"{x(one.confidence):.1f},{y(one.accuracy):.1f}" for one in joined)
    parts.append(f'<polyline class="blue" points="{points}"/>')
    for one in found:
        tip = (
            f"confidence {one.confidence:.3f}, accuracy {one.accuracy:.3f}, {one.answers:,} answers"
        )
        radius = round(2.5 + 3.5 * math.sqrt(one.answers / most), 1)
        parts.append(svg.dot(x(one.confidence), y(one.accuracy), radius, "dot blue", tip))
        tall = max(1.0, (_STRIP - 8) * one.answers / most)
        parts.append(
            f'<rect class="bar" x="{x(one.low) + 1:.1f}" y="{foot + _STRIP - tall:.1f}" '
            f'width="{x(one.high) - x(one.low) - 2:.1f}" height="{tall:.1f}"/>'
        )
    parts.append(svg.text(x(1), foot + _STRIP + 32, "confidence", "muted", "end"))
    parts.append(svg.text(_LEFT + 6, y(1) + 14, "accuracy", "muted"))
    return svg.picture(foot + _STRIP + 36, title, parts)
