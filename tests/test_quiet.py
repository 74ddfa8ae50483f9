"""Scope: native output and library logs go to a file; the user's own stderr stays."""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from rnncli.errors import DataError
from rnncli.quiet import native_output_to


def test_descriptor_two_leads_to_the_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "tensorflow.log"
    with native_output_to(log) as path:
        os.write(2, b"from C++\n")
        logging.getLogger("absl").warning("from absl")
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("from a library", stacklevel=1)
        assert path == log
    os.write(2, b"afterwards\n")
    text = log.read_text("utf-8")
    assert "from C++" in text
    assert "from absl" in text
    assert "from a library" in text
    assert capfd.readouterr().err == "afterwards\n"


def test_what_python_says_meanwhile_still_reaches_the_terminal() -> None:
    code = (
        "import os, sys\nfrom rnncli.quiet import native_output_to\n"
        "with native_output_to():\n    os.write(2, b'native')\n    print('ours', file=sys.stderr)\n"
        "print('after', file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "ours\nafter\n"


def test_nested_blocks(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    with native_output_to(first):
        os.write(2, b"1")
        with native_output_to(second):
            os.write(2, b"2")
        os.write(2, b"3")
    assert (first.read_bytes(), second.read_bytes()) == (b"13", b"2")


def test_an_empty_log_is_removed_and_a_temporary_one_too(tmp_path: Path) -> None:
    with native_output_to(tmp_path / "log"):
        pass
    assert list(tmp_path.iterdir()) == []
    with native_output_to() as temporary:
        os.write(2, b"x")
    assert not temporary.exists()


def test_a_temporary_log_stays_when_something_unforeseen_happens() -> None:
    with pytest.raises(DataError), native_output_to() as foreseen:
        raise DataError("told already")
    assert not foreseen.exists()
    with contextlib.suppress(ZeroDivisionError), native_output_to() as kept:
        os.write(2, b"the cause")
        raise ZeroDivisionError
    assert kept.read_bytes() == b"the cause"
    kept.unlink()


def test_handlers_and_propagation_come_back(tmp_path: Path) -> None:
    logger = logging.getLogger("tensorflow")
    before = (logger.handlers[:], logger.propagate)
    with native_output_to(tmp_path / "log"):
        assert logger.handlers[:] != before[0]
    assert (logger.handlers[:], logger.propagate) == before
