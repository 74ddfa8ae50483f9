"""Scope: `rnn` as the process a user starts: signals, pipes, terminals, exit codes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncli import Run
from tests.terminal import command, environment, rnn_process
from tests.test_project import PROJECT

pytestmark = pytest.mark.process

LONG = (
    *("train", "--config", "sample_en.yaml"),
    *("--set", "name=long", "--set", "data.size=4000", "--set", "train.epochs=3"),
    *("--set", "model.embedding.dropout=0.2", "--set", "baselines=false"),
)
"""Three epochs of a second or so each, with dropout, whose random numbers must not repeat."""
SHORT = (
    *("train", "--config", "sample_en.yaml", "--set", "name=short", "--set", "data.size=100"),
    *("--set", "data.test_size=20", "--set", "train.epochs=1", "--set", "baselines=false"),
    *("--set", "model.layers=[{cell: dense, units: 4}]"),
)
TOLD = re.compile(
    r"(data|device|kernel|model|run|resumed|epoch \d+/\d+): .*|(predictions|report) …"
)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("uninterrupted")
    outcome = rnn_process(*LONG, "--out", out)
    assert outcome.code == 0, outcome.err
    unknown = [line for line in outcome.err.splitlines() if not TOLD.fullmatch(line)]
    assert unknown == []  # nothing a backend prints is on the terminal
    assert outcome.out.startswith("test split ")
    (path,) = out.glob("long-*")
    return Run(path)


def started(*arguments: str | Path, **streams: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(*arguments),
        **{"stderr": subprocess.PIPE, **streams},
        text=True,
        bufsize=1,
        env=environment(),
    )


def stopped(out: Path, number: signal.Signals) -> tuple[int, str]:
    """Start a training, send it a signal in its second epoch: its exit code and stderr."""
    with started(*LONG, "--out", out, stdout=subprocess.DEVNULL) as process:
        assert process.stderr is not None
        told = ""
        for line in process.stderr:
            told += line
            if line.startswith("epoch 1/"):
                # Some way into the second epoch, which lasts about a second.
                with pytest.raises(subprocess.TimeoutExpired):
                    process.wait(0.25)
                process.send_signal(number)
                break
        told += process.stderr.read()
        return process.wait(60), told


@pytest.mark.parametrize(
    "number",
    [signal.SIGINT, signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)],
    ids=lambda number: number.name,
)
def test_a_stopped_training_ends_as_if_it_had_not_been(
    uninterrupted: Run, tmp_path: Path, number: signal.Signals
) -> None:
    code, told = stopped(tmp_path, number)
    (path,) = tmp_path.glob("long-*")
    run = Run(path)
    assert run.status.state == "interrupted"
    epochs = run.status.epoch
    assert 1 <= epochs < 3
    if number is signal.SIGKILL:
        assert code == -signal.SIGKILL
    else:
        assert code == 130
        (line,) = (line for line in told.splitlines() if not TOLD.fullmatch(line))
        assert line.startswith(f"error: stopped by {number.name}")
        assert f"the same command resumes {path}" in line
    outcome = rnn_process(*LONG, "--out", tmp_path)
    assert outcome.code == 0, outcome.err
    assert f"resumed: {epochs} of 3 epochs were done earlier" in outcome.err
    assert run.status.state == "done"
    for one, other in zip(run.history(), uninterrupted.history(), strict=True):
        assert (one.loss, one.validation_loss) == (other.loss, other.validation_loss)
    np.testing.assert_array_equal(
        run.predictions().probabilities, uninterrupted.predictions().probabilities
    )
    assert run.read("metrics") == uninterrupted.read("metrics")


def test_quiet_says_only_the_result(tmp_path: Path) -> None:
    outcome = rnn_process(*SHORT, "--out", tmp_path, "--quiet")
    assert (outcome.code, outcome.err) == (0, "")
    assert "run: " in outcome.out


def test_an_ascii_terminal_and_a_closed_stderr(tmp_path: Path) -> None:
    """Nothing printed is lost to an encoding, and nobody has to listen."""
    asked = (*SHORT, "--config", "sample_ko.yaml", "--set", "text.max_length=16")
    outcome = rnn_process(*asked, "--out", tmp_path, PYTHONIOENCODING="ascii", LC_ALL="C")
    assert outcome.code == 0, outcome.err
    silent = subprocess.run(
        ["sh", "-c", 'exec "$@" 2>&-', "sh", *command(*SHORT, "--out", tmp_path, "--force")],
        capture_output=True,
        env=environment(),
        check=False,
    )
    assert silent.returncode == 0, silent.stdout


@pytest.mark.parametrize(
    ("closing", "arguments", "code"),
    [(">&-", ["list", "cells"], 0), (">&- 2>&-", ["train", "--config", "none.yaml"], 2)],
)
def test_closed_streams_change_no_exit_code(closing: str, arguments: list[str], code: int) -> None:
    """What is said to nobody is lost, and nothing else."""
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closing}', "sh", *command(*arguments)],
        capture_output=True,
        env=environment(),
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, b"", b"")


def test_closed_streams_leave_no_descriptor_to_a_file(uninterrupted: Run, tmp_path: Path) -> None:
    """Else the texts would be opened as what the backend's log then takes."""
    texts = tmp_path / "texts.txt"
    texts.write_text("good film\nbad film\n", encoding="utf-8")
    told = []
    for closing in ("", "<&- 2>&-"):
        asked = command("predict", uninterrupted.path, "--file", texts)
        done = subprocess.run(
            ["sh", "-c", f'exec "$@" {closing}', "sh", *asked],
            capture_output=True,
            env=environment(),
            check=False,
        )
        assert done.returncode == 0, done.stderr
        told.append(done.stdout)
    assert told[0] == told[1] != b""
    asked = command("predict", uninterrupted.path)
    nothing = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *asked],
        capture_output=True,
        env=environment(),
        check=False,
    )
    assert (nothing.returncode, nothing.stdout, nothing.stderr) == (0, b"", b"")


@pytest.mark.parametrize("closing", ["", "2>&-"])
@pytest.mark.parametrize(
    "pressed",
    [
        "class Pressed:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'rnncli.cli.bench': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Pressed())",
        "import typer\ndef pressed(app): raise KeyboardInterrupt\ntyper.main.get_command = pressed",
    ],
)
def test_ctrl_c_before_a_command_begins_is_no_traceback(pressed: str, closing: str) -> None:
    script = PROJECT["project"]["scripts"]["rnn"].partition(":")
    program = f"import sys\n{pressed}\nfrom {script[0]} import {script[2]}\n{script[2]}()"
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closing}', "sh", sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    told = "" if closing else "error: interrupted\n"
    assert (done.returncode, done.stdout, done.stderr) == (130, "", told)


def test_a_pipe_that_closes_is_no_traceback(uninterrupted: Run, tmp_path: Path) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("good film\n" * 5000, encoding="utf-8")
    predict = ("predict", uninterrupted.path, "--file", texts)
    with started(*predict, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_output_that_cannot_be_written(uninterrupted: Run) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command("runs", uninterrupted.path.parent),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
            check=False,
        )
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "no space left" in done.stderr


def test_predictions_arrive_as_the_lines_do(uninterrupted: Run) -> None:
    """A program may ask and wait for the answer before it asks again."""
    piped = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with started("predict", uninterrupted.path, "--json", **piped) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for text in ("not good at all\n", "\n", "a great film\n"):
            process.stdin.write(text)
            process.stdin.flush()
            assert process.stdout.readline().startswith('{"label": ')
        process.stdin.close()
        assert process.wait(60) == 0


def test_exit_codes(tmp_path: Path) -> None:
    config = tmp_path / "bad.yaml"
    config.write_text("data: {name: sample-em}\n", encoding="utf-8")
    outcome = rnn_process("config", "validate", config)
    assert outcome.code == 2
    assert all(line.startswith(f"{config}") for line in outcome.errors)
    missing = ("train", "--config", "lstm_imdb.yaml", "--out", tmp_path)
    assert "RNN_DATA" in rnn_process(*missing, HF_HUB_OFFLINE="1").failed(3)


def test_the_console_script_is_the_module() -> None:
    script = Path(sys.executable).with_name("rnn")
    if not script.exists():
        pytest.skip("rnncli is not installed as a script")
    done = subprocess.run([script, "--help"], capture_output=True, text=True, check=True)
    module = rnn_process("--help")
    assert done.stdout.replace("rnn ", "") == module.out.replace("python -m rnncli ", "").replace(
        "rnn ", ""
    )
    assert module.err == done.stderr == ""


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminals")
def test_on_a_terminal_a_table_grows_and_the_cursor_comes_back(tmp_path: Path) -> None:
    leader, follower = os.openpty()
    process = subprocess.Popen(
        command(*SHORT, "--out", tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=follower,
        env=environment(TERM="xterm-256color", COLUMNS="100", LINES="30"),
    )
    os.close(follower)
    drawn = b""
    while True:
        try:
            block = os.read(leader, 65536)
        except OSError:  # the other end is closed
            break
        if not block:
            break
        drawn += block
    os.close(leader)
    assert process.wait(60) == 0
    text = drawn.decode()
    assert "val macro-F1" in text
    assert "1/1" in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")  # hidden, then shown again
    assert "oneDNN" not in text
    assert "TF-TRT" not in text
