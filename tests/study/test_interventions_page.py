"""Scope: what an intervention page says, shows and leaves behind."""

from __future__ import annotations

import json
from pathlib import Path

from rnncli.study.interventions import Effect, Effects
from rnncli.study.interventions_page import sentences, write


def effect(held: str, difference: float, p: float) -> Effect:
    interval = (difference - 0.01, difference + 0.01)
    return Effect((held,), 0.8 + difference, 0.8 + difference, difference, interval, p, p, 0.25)


def effects(*found: Effect) -> Effects:
    return Effects(500, 1361, "macro_f1", 0.8, 0.8, 1e-7, found)


FOUND = effects(
    effect("forget=1", -0.114, 0.001),
    effect("input=0", -0.3, 0.001),
    effect("output=1", 0.002, 0.6),
)


def test_the_costliest_and_the_spared_are_named() -> None:
    worst, spared = sentences(FOUND)
    assert (
        worst
        == "Holding input=0 costs most: 30.0 points of macro-F1, and 25% of the answers change."
    )
    assert spared == "Of output=1 no effect on macro-F1 can be told on 500 texts."


def test_a_gain_is_no_cost_and_nothing_to_say_says_nothing() -> None:
    assert sentences(effects(effect("forget=1", 0.1, 0.001))) == []


def test_numbers_picture_and_page_lie_side_by_side(tmp_path: Path) -> None:
    numbers = write("<run>", FOUND, 3, tmp_path / "study")
    assert sorted(numbers["files"]) == ["html", "json", "svg"]
    kept = json.loads(Path(numbers["files"]["json"]).read_text("utf-8"))
    assert kept["from_token"] == 3
    assert [one["held"] for one in kept["interventions"]] == [
        ["forget=1"],
        ["input=0"],
        ["output=1"],
    ]
    picture = Path(numbers["files"]["svg"]).read_text("utf-8")
    names = ("forget=1", "input=0", "output=1", "-30.0", "nothing held")
    assert [name for name in names if name not in picture] == []
    page = Path(numbers["files"]["html"]).read_text("utf-8")
    assert "What is held in &lt;run&gt;" in page
    assert sentences(FOUND)[0] in page
