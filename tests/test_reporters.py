"""Scope: progress as lines, as JSON and as a live table."""

from __future__ import annotations

import io
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from rnncli.console import reporting, result_console
from rnncli.line_reporters import JsonReporter, PlainReporter
from rnncli.live_reporter import LiveReporter
from rnncli.progress import Plan, Reporter
from rnncli.tables import Epoch

PLAN = Plan(
    run=Path("runs/x-1-s1"),
    data="sample-ko: 10 train",
    device="CPU",
    kernels=["layer 0 lstm: step by step"],
    parameters=12345,
    vocabulary=678,
    texts=100,
    epochs=3,
    first_epoch=2,
    history=(Epoch(1, 0.9, 0.8, 0.5, 0.4, 0.001, 1.0, 100.0, True),),
)
SECOND = Epoch(2, 0.5, 0.6, 0.75, 0.7, 0.001, 61.0, 1234.5, False)


def play(reporter: Reporter) -> None:
    reporter.note("a damaged checkpoint was passed over")
    reporter.started(PLAN)
    reporter.epoch_started(2)
    reporter.step(50, 0.7)
    reporter.step(100, 0.6)
    reporter.epoch_ended(SECOND)
    reporter.finishing("report")
    reporter.close()
    reporter.close()


def test_plain_lines() -> None:
    stream = io.StringIO()
    play(PlainReporter(stream))
    lines = stream.getvalue().splitlines()
    assert "\x1b" not in stream.getvalue()
    assert lines[0] == "a damaged checkpoint was passed over"
    assert "model: 12,345 parameters, 678 token ids" in lines
    assert "resumed: 1 of 3 epochs were done earlier" in lines
    assert lines[-2] == (
        "epoch 2/3: loss 0.5000, validation loss 0.6000, accuracy 0.7500, macro-F1 0.7000, "
        "1:01, 1,234 texts/s"
    )
    assert lines[-1] == "report …"


def test_json_lines() -> None:
    stream = io.StringIO()
    reporter = JsonReporter(stream)
    play(reporter)
    reporter.epoch_ended(replace(SECOND, loss=float("nan")))
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [event["event"] for event in events] == [
        "note",
        "started",
        "epoch",
        "finishing",
        "epoch",
    ]
    assert events[1]["run"] == "runs/x-1-s1"
    assert events[1]["history"][0]["loss"] == 0.9
    assert events[2] == {"event": "epoch", **vars(SECOND)}
    assert events[4]["loss"] is None


@pytest.mark.parametrize("width", ["80", "120"])
def test_the_live_table(monkeypatch: pytest.MonkeyPatch, width: str) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", width)
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = Terminal()
    play(LiveReporter(stream))
    text = stream.getvalue()
    assert "val macro-F1" in text
    for cell in ("1/3", "2/3", "0.7000", "1:01", "1,234"):
        assert cell in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


@pytest.mark.parametrize("json", [False, True])
def test_a_reader_that_went_away_does_not_stop_training(
    json: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as nobody:
        monkeypatch.setattr(sys, "stderr", nobody)
        with reporting(json=json) as reporter:
            play(reporter)


def test_a_terminal_that_went_away_does_not_stop_training(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("TERM", "xterm")
        with reporting() as reporter:
            assert isinstance(reporter, LiveReporter)
            os.close(ours)
            play(reporter)


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [({}, PlainReporter), ({"json": True}, JsonReporter), ({"quiet": True}, Reporter)],
)
def test_which_reporter(arguments: dict[str, bool], kind: type[Reporter]) -> None:
    with reporting(**arguments) as reporter:
        assert type(reporter) is kind


def test_results_to_a_file_are_wide_and_without_colour(capsys: pytest.CaptureFixture[str]) -> None:
    result_console().print("가" * 90 + "   ", style="bold")
    assert capsys.readouterr().out == "가" * 90 + "\n"
