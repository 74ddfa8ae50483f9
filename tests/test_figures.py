"""Scope: figures are well-formed SVG, show the numbers they were given, and stay inside."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest

from rnncli.figures import Bar, Series, confusion_figure, curve_figure, yardstick_figure
from rnncli.svg import clean


def _texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter("text")]


def _inside(svg: str) -> None:
    root = ElementTree.fromstring(svg)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for element in root.iter():
        for key, value in element.attrib.items():
            if key in ("x", "x1", "x2", "cx"):
                assert 0 <= float(value) <= width
            if key in ("y", "y1", "y2", "cy"):
                assert 0 <= float(value) <= height


@pytest.mark.parametrize(
    "values",
    [[0.5], [0.5, 0.5, 0.5], [1e-9, 2e-9], [0.0, 0.0], [3e5, 1.0, -2.0], [0.1] * 250],
)
def test_curves_of_any_size_are_drawn_inside(values: list[float]) -> None:
    svg = curve_figure("x", list(range(1, len(values) + 1)), [Series("a", "blue", values)], 1)
    _inside(svg)
    root = ElementTree.fromstring(svg)
    assert len(list(root.iter("circle"))) == len(values)
    assert "best: 1" in _texts(svg)


def test_higher_values_stand_higher() -> None:
    svg = curve_figure("x", [1, 2, 3], [Series("a", "blue", [0.1, 0.3, 0.2])], None)
    low, high, middle = (float(c.attrib["cy"]) for c in ElementTree.fromstring(svg).iter("circle"))
    assert high < middle < low
    assert not any(text.startswith("best") for text in _texts(svg))


def test_nan_leaves_a_gap_and_only_nan_says_so() -> None:
    gap = curve_figure("x", [1, 2, 3, 4, 5], [Series("a", "blue", [1, 2, math.nan, 4, 3])], 1)
    root = ElementTree.fromstring(gap)
    assert len(list(root.iter("polyline"))) == 2
    assert len(list(root.iter("circle"))) == 4
    assert "no finite values" in _texts(
        curve_figure("x", [1], [Series("a", "blue", [math.nan])], None)
    )


@pytest.mark.parametrize("size", [1, 2, 3, 7, 30])
def test_confusion_shows_every_count_and_share(size: int) -> None:
    labels = [f"라벨{index}" for index in range(size)]
    counts = [[100 * row + column for column in range(size)] for row in range(size)]
    svg = confusion_figure(labels, counts)
    _inside(svg)
    shown = _texts(svg)
    for row in counts:
        for count in row:
            assert f"{count:,}" in shown
    assert len(list(ElementTree.fromstring(svg).iter("rect"))) == size * size


def test_an_empty_confusion_row_is_zero_percent() -> None:
    assert _texts(confusion_figure(["a", "b"], [[0, 0], [1, 3]])).count("0%") == 2


def test_yardstick_bars_are_as_long_as_their_values() -> None:
    bars = [Bar("this run", 0.8, (0.75, 0.85), own=True), Bar("majority", 0.2), Bar("zero", 0.0)]
    svg = yardstick_figure("Accuracy", bars)
    _inside(svg)
    own, majority, zero = (
        float(r.attrib["width"]) for r in ElementTree.fromstring(svg).iter("rect")
    )
    assert own == pytest.approx(4 * majority, rel=0.01)
    assert zero == 0
    assert "0.800" in _texts(svg)


@pytest.mark.parametrize(
    "evil", ["<script>alert(1)</script>", '"><img src=x>', "a&b", "\x00\x1b\udcff"]
)
def test_labels_cannot_become_markup(evil: str) -> None:
    svg = confusion_figure([evil, "b"], [[1, 2], [3, 4]])
    svg += yardstick_figure(evil, [Bar(evil, 0.5)])
    svg += curve_figure(evil, [1], [Series(evil, "blue", [1.0])], 1)
    ElementTree.fromstring(f"<all>{svg}</all>")
    assert not re.search(r"<(script|img)", svg)
    svg.encode("utf-8")


def test_clean_replaces_what_no_page_may_hold() -> None:
    assert clean("가\n나\t<b>\x00") == "가 나 &lt;b&gt;\N{REPLACEMENT CHARACTER}"
