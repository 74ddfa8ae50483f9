"""Texts for a command: its arguments, the lines of a file, or standard input."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from io import BufferedReader

__all__ = ["TextFileOption", "TextsArgument", "text_chunks"]

TextsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="TEXT", help="Texts, each an argument.")
]
TextFileOption = Annotated[
    Path | None,
    typer.Option("--file", "-f", metavar="FILE", help="A text a line, UTF-8; - is stdin."),
]


def text_chunks(
    texts: Sequence[str] | None, file: Path | None, command: str, enter: Callable[..., object]
) -> Iterable[Sequence[str]]:
    """The texts in portions; the file is opened at once, so that a wrong name fails at once.

    Args:
        texts: the arguments.
        file: the option; `-`, or nothing at all, is standard input.
        command: what to type before a text, for a message.
        enter: keeps the file open, as `ExitStack.enter_context` does.

    Raises:
        UsageError: both are given, or neither is and standard input is a terminal.
        DataError: a text is not UTF-8, or the file cannot be read.
    """
    from rnncli.errors import DataError, UsageError
    from rnncli.text_lines import chunks_of_lines

    if texts:
        if file is not None:
            raise UsageError(f"both texts and --file {file} are given; give one of them")
        for number, text in enumerate(texts, start=1):
            if any("\ud800" <= letter <= "\udfff" for letter in text):
                raise DataError(f"text {number} of the command line is not UTF-8: {text!r:.80}")
        return _portions(texts)
    if file is None or str(file) == "-":
        if sys.stdin.isatty():
            raise UsageError(
                f'nothing to read; give texts: {command} "a text", or --file, or pipe lines into it'
            )
        stdin = cast("BufferedReader", sys.stdin.buffer)
        return chunks_of_lines(stdin, "standard input")
    try:
        stream = file.open("rb")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(f"{file}: {reason}; expected a file with a text a line") from error
    enter(stream)
    return chunks_of_lines(stream, str(file))


def _portions(texts: Sequence[str], size: int = 1024) -> Iterator[Sequence[str]]:
    for start in range(0, len(texts), size):
        yield texts[start : start + size]
