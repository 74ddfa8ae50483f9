"""Rows of a user's file: CSV, TSV, JSON Lines (also .gz) or Parquet, with their line numbers."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from rnncli.errors import DataError

__all__ = ["SUFFIXES", "file_checksum", "read_rows"]

SUFFIXES = (".csv", ".tsv", ".jsonl", ".json", ".parquet")
"""What is understood; all but Parquet also with `.gz` behind."""

Row = dict[str, Any]


def read_rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Each row with its line (Parquet: its row), counted from 1.

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
            return
        with _opened(path) as file:
            if suffix in (".csv", ".tsv"):
                yield from _table(path, file, "," if suffix == ".csv" else "\t")
            else:
                yield from _json_lines(path, file)
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file; check the path") from error
    except UnicodeDecodeError as error:
        found = f"byte 0x{error.object[error.start]:02x}"
        raise DataError(
            f"{path}: not UTF-8 ({found} cannot be read); convert the file, for one with "
            "`iconv -f cp949 -t utf-8`"
        ) from error
    except (EOFError, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: damaged gzip file ({error}); copy it again") from error
    except OSError as error:
        raise DataError(f"{path}: cannot read the file: {error.strerror or error}") from error


def file_checksum(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        binary: Any = gzip.open(path, "rb")  # noqa: SIM115
    else:
        binary = path.open("rb")
    return io.TextIOWrapper(binary, encoding="utf-8-sig", newline="")


def _table(path: Path, file: IO[str], delimiter: str) -> Iterator[tuple[int, Row]]:
    reader = csv.DictReader(file, delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if None in row or None in row.values():
                raise DataError(
                    f"{path}:{reader.line_num}: the row has another number of columns than the "
                    f"header ({', '.join(reader.fieldnames or ())}); quote texts that hold "
                    f"{'commas' if delimiter == ',' else 'tabs'}"
                )
            yield reader.line_num, dict(row)
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}: malformed row ({error})") from error


def _json_lines(path: Path, file: IO[str]) -> Iterator[tuple[int, Row]]:
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(
                f"{path}:{number}: not JSON ({error.msg} at column {error.colno}); expected one "
                "object a line"
            ) from error
        if not isinstance(row, dict):
            raise DataError(
                f"{path}:{number}: expected an object with a text and a label, got "
                f"{type(row).__name__} {line.strip()[:40]!r}"
            )
        yield number, row


def _parquet(path: Path) -> Iterator[tuple[int, Row]]:
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            number = 0
            for batch in file.iter_batches():
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
    except pyarrow.ArrowInvalid as error:
        raise DataError(f"{path}: not a Parquet file ({str(error)[:80]})") from error
