"""Every command explains itself, and the README names it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import rnncli
from rnncli.cli import app
from tests.terminal import rnn

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(commands(typer.main.get_command(app)))


def test_the_commands_there_are() -> None:
    names = {" ".join(path) for path in COMMANDS}
    plain = {
        "train",
        "evaluate",
        "gates",
        "intervene",
        "predict",
        "runs",
        "compare",
        "sweep",
        "lags",
        "list",
        "doctor",
        "reproduce",
        "report",
        "bench",
        "memory",
        "order",
        "attribute",
        "verify",
        "describe",
        "data show",
        "data stats",
    }
    config = {f"config {name}" for name in ("list", "show", "init", "validate", "schema")}
    assert names == plain | config


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_has_a_summary_every_option_and_an_example(path: tuple[str, ...]) -> None:
    outcome = rnn(*path, "--help")
    assert outcome.code == 0
    assert f"rnn {' '.join(path)}" in outcome.out
    assert "Examples:\n    rnn " in outcome.out
    for parameter in COMMANDS[path].params:
        if parameter.param_type_name == "option":
            assert parameter.opts[0] in outcome.out
            assert parameter.help, f"{parameter.name} is not explained"


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_the_examples_are_commands_with_options_they_have(path: tuple[str, ...]) -> None:
    epilog = COMMANDS[path].epilog
    options = {name for parameter in COMMANDS[path].params for name in parameter.opts}
    for line in epilog.splitlines()[2:]:
        assert f"rnn {' '.join(path)}" in line
        words = [word for word in line.split() if word.startswith("--")]
        assert {word.partition("=")[0] for word in words} <= options


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_the_readme_names_it(path: tuple[str, ...]) -> None:
    section = README.split("\n## Commands\n")[1].split("\n## ")[0]
    assert f"`rnn {path[0]}" in section
    assert path[-1] in section


def test_top_level_help_and_version() -> None:
    outcome = rnn("--help")
    assert "130 interrupted" in outcome.out
    assert {path[0] for path in COMMANDS} <= set(outcome.out.split())
    assert rnn("-h").out == outcome.out
    assert rnn("--version").out == f"rnn {rnncli.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["trian"], "no such command 'trian'"),
        (["train", "--confg", "x"], "--config"),
        (["config", "nope"], "no such command 'nope'"),
        (["predict"], "missing argument 'RUN'"),
        (["train", "--config"], "requires an argument"),
        (["runs", "a", "b"], "unexpected extra argument"),
    ],
)
def test_wrong_usage_is_one_line_that_names_the_help(arguments: list[str], expected: str) -> None:
    line = rnn(*arguments).failed(2)
    assert expected in line
    assert " --help" in line or "requires an argument" in line


@pytest.mark.parametrize("arguments", [[], ["config"], ["data"]])
def test_a_group_alone_shows_its_help(arguments: list[str]) -> None:
    outcome = rnn(*arguments)
    assert outcome.code == 2
    assert "Usage: rnn" in outcome.out + outcome.err


def test_an_unforeseen_failure_keeps_its_traceback_in_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("rnncli.run.runs_under", broken)
    outcome = rnn("runs", tmp_path)
    assert outcome.code == 1
    (line,) = outcome.err.splitlines()
    assert line.startswith("internal error: RuntimeError: two lines; traceback in ")
    (file,) = tmp_path.glob("rnn-traceback-*.txt")
    assert "Traceback" in file.read_text("utf-8")
