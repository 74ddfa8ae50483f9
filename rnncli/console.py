"""Results to stdout, progress to stderr, each as fits what stands at its other end."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from rnncli.progress import Reporter

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["reporting", "result_console", "steady_stderr"]

_FILE_WIDTH = 200
"""Columns of a table that goes to a file or a pipe."""


def result_console() -> Console:
    """A rich console on stdout: as wide as the terminal, generous elsewhere, UTF-8 or ASCII."""
    from rich.console import Console

    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _FILE_WIDTH
    return Console(width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)


@contextmanager
def reporting(*, quiet: bool = False, json: bool = False) -> Iterator[Reporter]:
    """A reporter on stderr for the length of the block, the screen left clean afterwards.

    Args:
        quiet: say nothing.
        json: events as JSON, one a line.

    Yields:
        live display on a terminal, plain lines elsewhere.
    """
    if quiet or sys.stderr is None:
        yield Reporter()
        return
    with steady_stderr() as stream:
        reporter = _reporter(stream, json=json)
        try:
            yield reporter
        finally:
            reporter.close()


def _reporter(stream: TextIO, *, json: bool) -> Reporter:
    from rnncli.line_reporters import JsonReporter, PlainReporter

    if json:
        return JsonReporter(stream)
    if not stream.isatty() or os.environ.get("TERM") in {"dumb", "unknown"}:
        return PlainReporter(stream)
    from rnncli.live_reporter import LiveReporter

    return LiveReporter(stream)


@contextmanager
def steady_stderr() -> Iterator[TextIO]:
    """Stderr as it is now, whatever becomes of `sys.stderr` and descriptor 2 in the block.

    `rnncli.quiet` leads descriptor 2 to a log, and importing a backend replaces `sys.stderr`.
    """
    try:
        descriptor = os.dup(sys.stderr.fileno())
    except (OSError, ValueError):  # a stream without a descriptor, as in tests
        yield sys.stderr
        return
    encoding = sys.stderr.encoding
    with os.fdopen(
        descriptor, "w", encoding=encoding, errors="backslashreplace", buffering=1
    ) as stream:
        yield stream
