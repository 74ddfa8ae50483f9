"""Results to stdout, progress to stderr, each as fits what stands at its other end."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO, cast

from rnncli.progress import Reporter

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["fitting_table", "reporting", "result_console", "steady_stderr"]

_FILE_WIDTH = 200
"""Columns of a table that goes to a file or a pipe."""


def result_console() -> Console:
    """A rich console on stdout: as wide as the terminal, generous elsewhere, UTF-8 or ASCII."""
    from rich.console import Console

    terminal = sys.stdout.isatty()
    return Console(
        file=None if terminal else cast("TextIO", _Trimmed(sys.stdout)),
        width=None if terminal or "COLUMNS" in os.environ else _FILE_WIDTH,
        highlight=False,
        markup=False,
        emoji=False,
    )


def fitting_table(
    console: Console, build: Callable[[Collection[str]], Table], least_needed: Sequence[str]
) -> Table:
    """A table as wide as the console, or narrower.

    Args:
        console: where it will stand.
        build: gives the table without some columns, by their names.
        least_needed: columns that a narrow console does without, the first to go first.
    """
    hidden: list[str] = []
    table = build(hidden)
    for column in least_needed:
        wanted = console.measure(table, options=console.options.update(width=10_000)).maximum
        if wanted <= console.width:
            break
        hidden.append(column)
        table = build(hidden)
    return table


class _Trimmed:
    """A text stream without the blanks that rich fills the ends of a table's lines with."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.encoding = stream.encoding

    def write(self, text: str) -> int:
        return self._stream.write(re.sub(r" +$", "", text, flags=re.MULTILINE))

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self._stream.fileno()


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
    with io.TextIOWrapper(
        io.BufferedWriter(_Unheard(descriptor, "w")),
        encoding=sys.stderr.encoding,
        errors="backslashreplace",
        line_buffering=True,
    ) as stream:
        yield stream


class _Unheard(io.FileIO):
    """A descriptor that may lose its reader: from then on what is written goes nowhere.

    Progress that nobody sees is no reason to stop, nor to call a training failed.
    """

    def write(self, data: Any) -> int:
        """See `io.RawIOBase.write`."""
        try:
            return super().write(data)
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return len(data)
