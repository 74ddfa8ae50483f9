"""Scope: charts are well-formed, keep to their frame, and label their ticks with their values."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest

from rnncli.study.drawing import Curve, _decades, _number, hue, line_chart


@pytest.mark.parametrize(
    ("low", "high"), [(0.013, 0.11), (5e-5, 2e-3), (1e-33, 4.0), (1.0, 1.0), (0.2, 70_000.0)]
)
def test_log_ticks_enclose_the_values_and_are_few(low: float, high: float) -> None:
    ticks = _decades(low, high)
    assert ticks[0] <= low * 1.001
    assert ticks[-1] >= high * 0.999
    assert 2 <= len(ticks) <= 8
    assert len({_number(tick, True) for tick in ticks}) == len(ticks)


def test_log_labels_are_their_values() -> None:
    shown = [_number(value, True) for value in (5e-4, 1e-3, 2e-5, 1e-7, 0.05, 1, 2000, 1e5)]
    assert shown == ["5·10⁻⁴", "0.001", "2·10⁻⁵", "10⁻⁷", "0.05", "1", "2000", "10⁵"]


def test_points_stay_inside_and_what_is_no_number_is_left_out() -> None:
    curves = [
        Curve("가", hue(0), [(1, 1e-5), (2, 0.0), (4, math.nan), (8, 3.0)]),
        Curve("", hue(0, dashed=True), [(1, 2.0)], [(1.0, 3.0)]),
    ]
    chart = line_chart("t", curves, "x", "y", log_y=True, log_x=True, dashed_means="before")
    root = ElementTree.fromstring(chart)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    dots = [(float(d.attrib["cx"]), float(d.attrib["cy"])) for d in root.iter("circle")]
    assert len(dots) == 3
    assert all(0 < x < width and 0 < y < height for x, y in dots)
    assert dots[0][1] > dots[1][1]
    assert "before" in chart
    nothing = line_chart("t", [Curve("a", hue(0), [(0, 0.0)])], "x", "y", log_y=True)
    assert "every value is zero" in nothing
