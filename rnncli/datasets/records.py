"""Rows of a user's file: CSV, TSV, JSON Lines (also .gz) or Parquet, with their line numbers."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import unicodedata
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from rnncli.errors import DataError

__all__ = ["SUFFIXES", "file_checksum", "read_rows"]

SUFFIXES = (".csv", ".tsv", ".jsonl", ".json", ".parquet")
"""What is understood; all but Parquet also with `.gz` behind."""

Row = dict[str, Any]

_LONGEST_FIELD = 2**31 - 1
"""Characters in a CSV field; Python's own bound of 131,072 is less than a long document."""


def read_rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Each row with its line (Parquet: its row), counted from 1.

    Column names are stripped and in NFC. A TSV is read with CSV's quotes if that goes without a
    fault, else tabs and line ends alone divide it: both kinds are in use.

    Raises:
        DataError: the file is missing, of an unknown format, not UTF-8, or a row is malformed.
    """
    suffix = Path(path.stem).suffix if path.suffix == ".gz" else path.suffix
    if suffix not in SUFFIXES or (suffix == ".parquet" and path.suffix == ".gz"):
        raise DataError(
            f"{path}: unknown format {path.suffix or '(no suffix)'!r}; expected one of "
            f"{', '.join(SUFFIXES)} (all but .parquet also with .gz)"
        )
    try:
        if suffix == ".parquet":
            yield from _parquet(path)
        elif suffix == ".csv":
            yield from _table(path, ",", csv.QUOTE_MINIMAL)
        elif suffix == ".tsv":
            yield from _tab_separated(path)
        else:
            yield from _json_lines(path)
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file; check the path") from error
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise DataError(
            f"{path}:{_undecodable_line(path)}: not UTF-8 (byte 0x{byte:02x} cannot be read); "
            "convert the file, a Korean one perhaps with `iconv -f cp949 -t utf-8`"
        ) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: damaged gzip file ({error}); copy it again") from error
    except OSError as error:
        raise DataError(f"{path}: cannot read the file: {error.strerror or error}") from error


def file_checksum(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _binary(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _opened(path: Path) -> IO[str]:
    return io.TextIOWrapper(_binary(path), encoding="utf-8-sig", newline="")


def _undecodable_line(path: Path) -> int:
    with _binary(path) as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return 1


def _tab_separated(path: Path) -> Iterator[tuple[int, Row]]:
    try:
        rows = list(_table(path, "\t", csv.QUOTE_MINIMAL))
    except DataError as quoted:
        try:
            rows = list(_table(path, "\t", csv.QUOTE_NONE))
        except DataError:
            raise quoted from None
    yield from rows


def _table(path: Path, delimiter: str, quoting: Any) -> Iterator[tuple[int, Row]]:
    csv.field_size_limit(_LONGEST_FIELD)
    with _opened(path) as file:
        reader = csv.reader(file, delimiter=delimiter, quoting=quoting, strict=True)
        line = 1
        try:
            header = [_name(column) for column in next(reader, [])]
            repeated = sorted({column for column in header if header.count(column) > 1})
            if repeated:
                raise DataError(f"{path}:1: two columns are called {repeated[0]!r}; rename one")
            line = reader.line_num + 1
            for cells in reader:
                if cells and len(cells) != len(header):
                    raise DataError(
                        f"{path}:{line}: the row has {len(cells)} columns, the header "
                        f"{len(header)} ({', '.join(header)}); quote texts that hold "
                        f"{'commas' if delimiter == ',' else 'tabs'} or line breaks"
                    )
                if cells:
                    yield line, dict(zip(header, cells, strict=True))
                line = reader.line_num + 1
        except csv.Error as error:
            raise DataError(
                f"{path}:{line}: malformed row ({error}); check the quotes from this line on"
            ) from error


def _json_lines(path: Path) -> Iterator[tuple[int, Row]]:
    with _opened(path) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:  # no JSON, or a number of 4,300 digits
                where = f" at column {error.colno}" if hasattr(error, "colno") else ""
                raise DataError(
                    f"{path}:{number}: not JSON ({getattr(error, 'msg', error)}{where}); expected "
                    "one object a line"
                ) from error
            if not isinstance(row, dict):
                raise DataError(
                    f"{path}:{number}: expected an object with a text and a label, got "
                    f"{type(row).__name__} {line.strip()[:40]!r}"
                )
            yield number, {_name(column): _encodable(value) for column, value in row.items()}


def _parquet(path: Path) -> Iterator[tuple[int, Row]]:
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            number = 0
            for batch in file.iter_batches():
                for row in batch.to_pylist():
                    number += 1
                    yield number, {_name(column): value for column, value in row.items()}
    except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError) as error:
        reason = " ".join(str(error).split())[:80]
        raise DataError(f"{path}: not a Parquet file ({reason}); write it again") from error


def _name(column: str) -> str:
    return unicodedata.normalize("NFC", column.strip())


def _encodable(value: Any) -> Any:
    """A string without lone surrogates, which JSON escapes may leave; other values as they are."""
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return value
