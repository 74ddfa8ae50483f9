"""Texts from a stream, one a line, as they arrive."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from rnncli.errors import DataError

__all__ = ["chunks_of_lines"]

_BYTES = 1 << 20
_LINES = 1024
_LONGEST = 1 << 26
_BOM = b"\xef\xbb\xbf"


class _Bytes(Protocol):
    def read1(self, size: int, /) -> bytes:
        """What is there, at most `size` bytes; waits for at least one, empty at the end."""


def chunks_of_lines(stream: _Bytes, name: str) -> Iterator[list[str]]:
    """The lines of a stream without their ends, in portions, each as soon as it is there.

    Lines end in LF or CRLF; a byte-order mark is dropped; an empty line is an empty text.

    Args:
        stream: bytes, UTF-8.
        name: what to call the stream in an error.

    Raises:
        DataError: a line is not UTF-8, or is longer than 64 MiB; all lines before it have been
            yielded.
    """
    number, rest, first = 1, b"", True
    while block := stream.read1(_BYTES):
        rest += block
        if first and len(rest) < len(_BOM) and _BOM.startswith(rest):
            continue
        if first:
            rest, first = rest.removeprefix(_BOM), False
        *lines, rest = rest.split(b"\n")
        if len(rest) > _LONGEST:
            place = f"{name}, line {number + len(lines)}"
            raise DataError(f"{place}: longer than 64 MiB; expected a text a line")
        yield from _decoded(lines, number, name)
        number += len(lines)
    if rest:
        yield from _decoded([rest], number, name)


def _decoded(lines: list[bytes], number: int, name: str) -> Iterator[list[str]]:
    texts: list[str] = []
    for index, line in enumerate(lines, start=number):
        try:
            texts.append(line.removesuffix(b"\r").decode())
        except UnicodeDecodeError as error:
            if texts:
                yield texts
            byte = line[error.start]
            raise DataError(
                f"{name}, line {index}, byte {error.start + 1}: 0x{byte:02x} is not UTF-8; "
                "convert the file to UTF-8 (iconv -f CP949 -t UTF-8)"
            ) from error
        if len(texts) == _LINES:
            yield texts
            texts = []
    if texts:
        yield texts
