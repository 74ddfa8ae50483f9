"""`rnn gates` and `rnn intervene`: what they print, write and refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rnncli import Run, predict
from tests.terminal import rnn

TEXTS = ("not good at all", "a great film , not boring")


def test_lines_for_people(run_copy: Run) -> None:
    outcome = rnn("gates", run_copy.path, *TEXTS)
    assert outcome.code == 0, outcome.err
    for text, said in zip(TEXTS, predict(run_copy, TEXTS), strict=True):
        assert text in outcome.out
        assert f"{said.label} with {said.probabilities[said.label]:.3f}." in outcome.out
    assert outcome.out.count("→ update ") == 2
    pages = [line.removeprefix("page: ") for line in outcome.out.splitlines() if "page: " in line]
    assert len(pages) == 2
    for page in map(Path, pages):
        assert page.is_file()
        assert page.is_relative_to(run_copy.path / "study" / "gates")


def test_json_from_standard_input(trained: Run, tmp_path: Path) -> None:
    piped = "\n".join((*TEXTS, "")) + "\n"
    outcome = rnn("gates", trained.path, "--out", tmp_path, "--json", stdin=piped)
    rows = [json.loads(line) for line in outcome.out.splitlines()]
    assert [row["text"] for row in rows] == [*TEXTS, ""]
    for row, said in zip(rows, predict(trained, [*TEXTS, ""]), strict=True):
        assert row["label"] == said.label
        assert row["probabilities"] == pytest.approx(said.probabilities, abs=1e-5)
        assert len(row["after_each_token"]) == len(row["tokens"])
        assert {*row["layers"][0]["means"]} == {"update", "reset", "candidate", "hidden"}
        assert all(Path(path).is_file() for path in row["files"].values())
    assert not (trained.path / "study").exists()


@pytest.mark.parametrize("start", ["2", "good"])
def test_held_from_a_token_on(trained: Run, tmp_path: Path, start: str) -> None:
    clamps = ("--clamp", "update=1", "--from", start)
    row = rnn("gates", trained.path, TEXTS[0], *clamps, "--out", tmp_path, "--json").json
    assert row["held"] == [{"clamp": "update=1", "from_token": 2}]
    update = row["layers"][0]["means"]["update"]
    assert update[1:] == [1.0] * (len(update) - 1)
    assert update[0] != 1.0
    free = predict(trained, TEXTS[:1])[0].probabilities
    assert row["with_nothing_held"] == pytest.approx(free, abs=1e-5)
    assert row["layers"][0]["time_constants"]


def test_scores_with_something_held(run_copy: Run) -> None:
    outcome = rnn("intervene", run_copy.path)
    assert outcome.code == 0, outcome.err
    assert [line.split()[0] for line in outcome.out.splitlines() if "0." in line][:2] == [
        "nothing",
        "update=1",
    ]
    assert Path(outcome.out.splitlines()[-1]) == run_copy.study / "intervene.html"
    found = rnn("intervene", run_copy.path, "--clamp", "hidden=0", "--texts", "20", "--json").json
    assert json.loads((run_copy.study / "intervene.json").read_text("utf-8"))["texts"] == 20
    assert (found["texts"], found["from_token"]) == (20, 1)
    (effect,) = found["interventions"]
    assert effect["held"] == ["hidden=0"]
    assert effect["difference"] == pytest.approx(effect["macro_f1"] - found["macro_f1"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--clamp", "updat=1"), "--clamp updat=1: no updat there; gru has update, reset"),
        (("--clamp", "updat=1"), "; did you mean update?"),
        (("--layer", "2"), "--layer 2: no such layer; the only layer is 1"),
        (("--direction", "backwards"), "--direction backwards: this run has no bidirectional"),
    ],
)
@pytest.mark.parametrize("command", ["gates", "intervene"])
def test_wrong_options(
    trained: Run, command: str, arguments: tuple[str, ...], message: str
) -> None:
    texts = ("good",) if command == "gates" else ()
    assert message in rnn(command, trained.path, *texts, *arguments).failed(2)


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ("9", "--from 9: the text has tokens 1 to 4"),
        ("bad", "--from bad: no such token; the text's are not good at all"),
    ],
)
def test_a_token_that_is_not_there(trained: Run, tmp_path: Path, start: str, message: str) -> None:
    given = ("--clamp", "update=0", "--from", start, "--out", tmp_path)
    assert message in rnn("gates", trained.path, TEXTS[0], *given).failed(2)


def test_from_without_a_clamp(trained: Run) -> None:
    assert "there is none" in rnn("gates", trained.path, "good", "--from", "1").failed(2)


def test_a_replay_that_disagrees_is_a_failed_check(
    trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rnncli.study.agreement._tolerance", lambda model, tokens: 0.0)
    line = rnn("gates", trained.path, "good", "--out", tmp_path).failed(5)
    assert line.startswith("the replay's ")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["gates", "attribute"])
def test_what_a_long_text_has_beyond_the_maximal_length_is_said(
    command: str, trained: Run, tmp_path: Path
) -> None:
    """And the heading does not repeat the whole text."""
    from rnncli import load_config

    most = load_config(trained.path / "config.resolved.yaml").text.max_length
    out = rnn(command, trained.path, "good " * 2000, "--out", tmp_path).out
    assert f"reads {most} of the text's 2,000 tokens" in " ".join(out.split())
    assert out.count("good") < 500
    assert "(text.max_length)" not in rnn(command, trained.path, "good", "--out", tmp_path).out
