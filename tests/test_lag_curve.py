"""What curves say, on hand-worked numbers."""

from __future__ import annotations

import csv
import io
import re

import pytest

from rnncli.lag_curve import LagCurve, Point, csv_text, sentences
from rnncli.lag_page import lag_figure, lag_page

PLAIN = LagCurve(
    "simple_rnn", [Point(10, {1: 1.0, 2: 0.9}), Point(20, {1: 0.3, 2: 0.5})], skipped=[40]
)
GATED = LagCurve("gru", [Point(lag, {1: 1.0, 2: 0.96}) for lag in (10, 20, 40)])


def test_a_lag_is_solved_by_the_mean_and_hopeless_by_the_best_seed() -> None:
    solved, split = PLAIN.points[0], Point(10, {1: 1.0, 2: 0.5})
    assert (solved.mean, solved.band, solved.solved) == (0.95, (0.9, 1.0), True)
    assert not split.solved
    assert not split.hopeless
    assert PLAIN.points[1].hopeless


def test_solved_up_to_ends_at_the_first_failure() -> None:
    gap = LagCurve("lstm", [Point(10, {1: 1.0}), Point(20, {1: 0.5}), Point(40, {1: 1.0})])
    none = LagCurve("lstm", [Point(10, {1: 0.5})])
    assert [c.solved_up_to for c in (PLAIN, GATED, gap, none)] == [10, 40, 10, None]
    assert gap.fails_at == gap.points[1]
    assert GATED.fails_at is None


def test_the_sentences() -> None:
    reach, contrast = sentences("temporal-order", 0.25, [PLAIN, GATED])
    assert reach == (
        "temporal-order: simple_rnn solves it up to lag 10; "
        "gru solves it up to lag 40, the longest tried."
    )
    assert contrast.startswith(
        "At lag 20 simple_rnn gets 0.40 of the texts right (guessing: 0.25), where gru has at "
        "least 0.95: "
    )


@pytest.mark.parametrize("curves", [[GATED], [PLAIN], [GATED, LagCurve("lstm", GATED.points)]])
def test_no_contrast_is_claimed_where_there_is_none(curves: list[LagCurve]) -> None:
    assert len(sentences("adding", 1 / 7, curves)) == 1


def test_a_cell_that_solves_nothing_is_told_so() -> None:
    worst = LagCurve("dense", [Point(10, {1: 0.25})])
    assert sentences("t", 0.25, [worst]) == ["t: dense solves it at no lag tried."]


def test_the_table_of_numbers_reads_back() -> None:
    rows = list(csv.DictReader(io.StringIO(csv_text([PLAIN, GATED]))))
    assert len(rows) == 4 + 6
    assert rows[3] == {"cell": "simple_rnn", "lag": "20", "seed": "2", "test_accuracy": "0.5"}


def test_lines_fall_as_accuracy_does_and_levels_are_drawn() -> None:
    drawn = lag_figure("temporal-order", 0.25, [PLAIN, GATED])
    plain, gated = (
        [tuple(map(float, pair.split(","))) for pair in points.split()]
        for points in re.findall(r'<polyline[^>]* points="([^"]*)"', drawn)
    )
    assert len(plain) == 2
    assert plain[0][1] < plain[1][1]
    assert [y for _, y in gated] == [gated[0][1]] * 3
    assert gated[1][0] - gated[0][0] == pytest.approx(gated[2][0] - gated[1][0], abs=0.2)
    assert "guessing: 0.25" in drawn
    assert "solved: 0.95" in drawn
    assert drawn.count("<polygon") == 2


def test_one_lag_alone_can_be_drawn() -> None:
    assert "<circle" in lag_figure("adding", 1 / 7, [LagCurve("gru", [Point(10, {1: 1.0})])])


def test_the_page_says_what_was_left_out_and_escapes() -> None:
    document = lag_page("temporal-order", 0.25, [PLAIN, GATED], ["a < b"], "rnn lags x")
    assert "left out" in document
    assert "a &lt; b" in document
