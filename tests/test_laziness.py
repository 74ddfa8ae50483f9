"""Scope: what is not needed is not imported, so that the terminal answers at once."""

from __future__ import annotations

import subprocess
import sys

import pytest

FRAMEWORKS = ("keras", "tensorflow", "jax", "torch")
HEAVY = (*FRAMEWORKS, "numpy", "sklearn", "scipy", "pandas", "pyarrow", "datasets", "tokenizers")


def imported_by(code: str) -> set[str]:
    """The heavy packages that a fresh interpreter has after some code."""
    told = f"import sys\n{code}\nprint(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def by_command(*arguments: str) -> set[str]:
    return imported_by(
        f"import contextlib\nsys.argv = {['rnn', *arguments]!r}\n"
        "from rnncli.cli import main\nwith contextlib.suppress(SystemExit):\n    main()"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["train", "--help"],
        ["list", "cells"],
        ["list", "backends"],
        ["config", "list"],
        ["describe", "sample_ko"],
        ["describe", "sample_ko", "--code"],
        ["config", "schema"],
        ["config", "show", "sample_ko"],
        ["config", "validate", "sample_ko", "lstm_imdb"],
        ["train", "--config", "none.yaml"],
        ["train", "--config", "sample_ko", "--set", "seed=x"],
        ["runs", "/"],
    ],
    ids=" ".join,
)
def test_commands_that_need_nothing_heavy(arguments: list[str]) -> None:
    assert by_command(*arguments) == set()


def test_help_needs_neither_yaml_nor_pydantic() -> None:
    names = ("yaml", "pydantic", "rich")
    code = "import contextlib\nsys.argv = ['rnn', '--help']\nfrom rnncli.cli import main\n"
    code += "with contextlib.suppress(SystemExit):\n    main()\n"
    code += f"assert not {{*{names!r}}} & set(sys.modules)"
    assert imported_by(code) == set()


def test_looking_at_data_needs_no_framework() -> None:
    found = by_command("data", "show", "--data", "sample-ko")
    assert found.isdisjoint(FRAMEWORKS)


@pytest.mark.parametrize(
    "code", ["import rnncli", "from rnncli import load_config; load_config('sample_ko')"]
)
def test_the_package_alone(code: str) -> None:
    assert imported_by(code) == set()
