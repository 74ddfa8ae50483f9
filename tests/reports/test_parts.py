"""Scope: the numbers behind a report's pictures, against counting by hand or other code."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve

from rnncli.dot_chart import Dot, dot_chart
from rnncli.line_chart import Line, line_chart
from rnncli.metrics import expected_calibration_error
from rnncli.reports.calibration import reliability
from rnncli.reports.costs import front
from rnncli.reports.curves import band
from rnncli.reports.lengths import accuracy_by_bin, length_bins
from rnncli.svg import decimals
from rnncli.tables import Epoch


def test_reliability_is_scikit_learn_s_and_adds_up_to_the_calibration_error() -> None:
    random = np.random.default_rng(3)
    sure = random.uniform(0.5, 1, 400)
    gold = (random.uniform(size=400) > sure).astype(int)  # class 0 is right
    table = np.stack([sure, 1 - sure], axis=1)
    bins = reliability(gold, table, bins=10)
    found = [one for one in bins if one.answers]
    accuracy, confidence = calibration_curve(gold == 0, sure, n_bins=10)
    assert [one.accuracy for one in found] == pytest.approx(accuracy.tolist())
    assert [one.confidence for one in found] == pytest.approx(confidence.tolist())
    gap = sum(abs(one.accuracy - one.confidence) * one.answers for one in found) / 400
    assert gap == pytest.approx(expected_calibration_error(gold, table, 10))
    assert math.isnan(bins[0].accuracy)


def test_bands_are_of_the_runs_that_went_so_far() -> None:
    def history(*losses: float) -> list[Epoch]:
        return [Epoch(n, loss, 1, 1, 1, 1, 1, 1, True) for n, loss in enumerate(losses, 1)]

    found = band([history(1.0, 2.0, 3.0), history(3.0), history(2.0, math.nan)], lambda e: e.loss)
    assert found.mean[0] == 2.0
    assert (found.low[0], found.high[0]) == (1.0, 3.0)
    assert np.isnan([found.mean[1], found.low[1], found.high[1]]).all()
    assert found.mean[2] == 3.0
    assert band([[], []], lambda e: e.loss).mean.size == 0


def test_bins_of_length_hold_about_as_many_texts_and_every_text() -> None:
    texts = ["가" * n for n in range(1, 101)]
    bins, names = length_bins(texts)
    assert np.bincount(bins).tolist() == [20] * 5
    assert names == ["1–20", "21–40", "41–60", "61–80", "81–100"]
    bins, names = length_bins(["a", "b", "ccc"])
    assert names == ["1", "2–3"]
    assert bins.tolist() == [0, 0, 1]
    assert length_bins([""])[1] == ["0"]


def test_accuracy_by_bin_has_wilson_s_interval() -> None:
    correct = np.array([[True] * 7 + [False] * 3 + [True] * 2])
    bins = np.array([0] * 10 + [2] * 2)
    found = accuracy_by_bin(correct, bins, 3)
    wanted = binomtest(7, 10).proportion_ci(0.95, method="wilson")
    assert found.accuracy[0] == pytest.approx(0.7)
    assert (found.low[0], found.high[0]) == pytest.approx((wanted.low, wanted.high), abs=1e-6)
    assert np.isnan(found.accuracy[1])
    assert found.texts.tolist() == [10, 0, 2]
    two = accuracy_by_bin([[True, False], [True, True]], np.array([0, 0]), 1)
    assert two.accuracy.tolist() == [0.75]


def test_the_front_is_what_no_other_beats() -> None:
    points = [(3.0, 90.0), (1.0, 80.0), (2.0, 79.0), (1.0, 70.0), (5.0, 90.0), (4.0, 95.0)]
    beaten = [
        any(c <= cost and s >= score and (c, s) != (cost, score) for c, s in points)
        for cost, score in points
    ]
    assert front(points) == [1, 0, 5]
    assert sorted(front(points)) == [n for n, lost in enumerate(beaten) if not lost]


def test_ticks_are_written_with_the_digits_they_have() -> None:
    assert [decimals([0, step]) for step in (0.25, 0.2, 2.5, 5, 0.001, 1000)] == [2, 1, 1, 0, 3, 0]


def test_a_line_is_cut_where_it_leaves_the_scale() -> None:
    drawn = line_chart("x", ["1", "2", "3"], [Line("a", "blue", [0.0, 1.0, 1.0])], limits=(0.5, 1))
    root = ElementTree.fromstring(drawn)
    (line,) = root.iter("polyline")
    points = [tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]
    assert points[0] == pytest.approx((40 + 326 / 4, 252 - 34), abs=0.06)  # half-way, at the foot
    assert [y for _, y in points[1:]] == [42.0, 42.0]
    assert len(list(root.iter("circle"))) == 2


def test_a_band_breaks_where_a_value_is_missing() -> None:
    nan = math.nan
    one = Line("a", "blue", [1, 2, nan, 3, 4], ([0, 1, nan, 2, 3], [2, 3, nan, 4, 5]))
    root = ElementTree.fromstring(line_chart("x", list("12345"), [one], "epoch"))
    assert [len(p.attrib["points"].split()) for p in root.iter("polygon")] == [4, 4]
    assert len(list(root.iter("polyline"))) == 2


@pytest.mark.parametrize("values", [[1.0], [1.0, 1.0], [-3.0, 0.5, 1e4]])
def test_dots_stand_inside_and_in_order(values: list[float]) -> None:
    dots = [Dot(f"{value}<", value, (value - 1, value + 2), "blue") for value in values]
    root = ElementTree.fromstring(dot_chart("x", dots, (0.0, "zero"), ".1f"))
    width = float(root.attrib["viewBox"].split()[2])
    places = [float(circle.attrib["cx"]) for circle in root.iter("circle")]
    assert places == sorted(places)
    assert all(0 <= place <= width for place in places)
