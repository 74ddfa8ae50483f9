"""Scope: one holder at a time, between processes, freed by death."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rnncli.errors import StorageError
from rnncli.lock import exclusive, held

HOLDER = """
import pathlib, sys
from rnncli.lock import exclusive
with exclusive(pathlib.Path(sys.argv[1])) as taken:
    print(taken, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the lock `tmp_path/.lock`."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path / ".lock")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        yield process
        process.kill()


def test_a_free_lock_is_taken_and_given_back(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    assert not held(path)
    with exclusive(path) as taken:
        assert taken
        assert held(path)
    assert not held(path)


def test_a_second_process_does_not_get_it(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    assert held(tmp_path / ".lock")
    with exclusive(tmp_path / ".lock") as taken:
        assert not taken


def test_a_killed_holder_frees_it(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    assert not held(tmp_path / ".lock")
    with exclusive(tmp_path / ".lock") as taken:
        assert taken


def test_no_folder_is_one_line(tmp_path: Path) -> None:
    with (
        pytest.raises(StorageError, match=r"\.lock: cannot lock: no such file"),
        exclusive(tmp_path / "missing" / ".lock"),
    ):
        pass
