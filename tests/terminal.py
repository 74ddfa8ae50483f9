"""The command line as tests run it: in this process, or as the process a user starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from rnncli.cli import app

__all__ = ["Outcome", "command", "environment", "rnn", "rnn_process"]


@dataclass(frozen=True)
class Outcome:
    """What a command left: exit code and both streams."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Stdout as one JSON value."""
        return json.loads(self.out)

    @property
    def errors(self) -> list[str]:
        """The `error:` lines of stderr, without that word."""
        return [
            line.removeprefix("error: ")
            for line in self.err.splitlines()
            if line.startswith("error: ")
        ]

    def failed(self, code: int) -> str:
        """The one error line of a command that failed with this code, told in nothing else."""
        assert self.code == code, (self.code, self.out, self.err)
        assert "Traceback" not in self.out + self.err
        assert len(self.errors) == 1, self.err
        return self.errors[0]


def rnn(*arguments: str | Path, stdin: str | bytes | None = None) -> Outcome:
    """Run `rnn` in this process."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
    return Outcome(result.exit_code, result.stdout, result.stderr)


def command(*arguments: str | Path) -> list[str]:
    """The command line of a real process."""
    return [sys.executable, "-m", "rnncli", *map(str, arguments)]


def environment(**changes: str) -> dict[str, str]:
    """The environment of a real process: quiet about nothing, as a user's is."""
    names = ("TF_CPP_MIN_LOG_LEVEL", "KERAS_BACKEND", "COLUMNS", "RNN_DATA")
    kept = {name: value for name, value in os.environ.items() if name not in names}
    return {**kept, **changes}


def rnn_process(
    *arguments: str | Path, stdin: str | bytes | None = None, timeout: float = 120, **changes: str
) -> Outcome:
    """Run `rnn` as a process of its own."""
    done = subprocess.run(
        command(*arguments),
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        env=environment(**changes),
        timeout=timeout,
        check=False,
    )
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())
