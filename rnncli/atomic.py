"""Files that are either whole or not there: temporary file, fsync, rename, fsync of the folder.

A reader never sees half a file, and a power cut leaves the old one or the new one. Temporary
files are hidden (`.tmp-…`), so no pattern such as `epoch-*.npz` picks up what a kill left.
"""

from __future__ import annotations

import errno
import json
import math
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rnncli.errors import StorageError

__all__ = [
    "A_DAY",
    "TEMPORARY_PREFIX",
    "make_folder",
    "read_bytes",
    "read_json",
    "read_text",
    "remove_leftovers",
    "replacing",
    "require_writable",
    "storage_error",
    "write_bytes",
    "write_json",
    "write_text",
]

TEMPORARY_PREFIX = ".tmp-"
A_DAY = 86_400.0
"""Seconds after which nobody is still writing a file."""

_WAYS_OUT = {
    errno.ENOSPC: "free some space, then run the same command again",
    errno.EDQUOT: "your disk quota is used up; free some space, then run the same command again",
    errno.EACCES: "check the permissions, or choose another folder with --out",
    errno.EPERM: "check the permissions, or choose another folder with --out",
    errno.EROFS: "choose a writable folder with --out",
    errno.ENOENT: "check the path",
    errno.ENOTDIR: "a part of the path is a file, not a folder; choose another with --out",
    errno.EISDIR: "a folder stands where a file is expected; move it away",
    errno.EEXIST: "a file stands where a folder is expected; move it away",
    errno.ENAMETOOLONG: "choose a shorter name",
}


def storage_error(path: Path, action: str, error: OSError) -> StorageError:
    """The one line for a failed file operation, with the way out; `action` is a verb."""
    reason = (error.strerror or str(error) or type(error).__name__).lower()
    way_out = _WAYS_OUT.get(error.errno or 0, "check the disk, then run the same command again")
    return StorageError(f"{path}: cannot {action}: {reason}; {way_out}")


def make_folder(path: Path) -> None:
    """Create a folder with its parents; an existing one is fine.

    Raises:
        StorageError: it cannot be created.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(path, "create this folder", error) from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path to fill; on success it is synced and takes the place of `path`.

    The temporary name ends like the real one, so that a writer sees the same file type.

    Raises:
        StorageError: the file cannot be written. The old file, if any, is still whole.
    """
    if not path.name or (path.exists() and not path.is_file()):
        raise StorageError(f"{path}: cannot write: not a file; name one")
    temporary = path.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(4)}-{path.name}")
    try:
        try:
            yield temporary
            _sync(temporary)
            temporary.replace(path)
            _sync_folder(path.parent)
        except OSError as error:
            raise storage_error(path, "write", error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def remove_leftovers(folder: Path, older: float = 0.0) -> None:
    """Remove what killed processes left half written in a folder; what cannot be, stays.

    Args:
        folder: where; it may be missing.
        older: seconds since anything was last changed in it, where living processes write too.
    """
    with suppress(OSError):
        for leftover in folder.glob(f"{TEMPORARY_PREFIX}*"):
            parts = [leftover, *leftover.glob("*")]
            with suppress(OSError):
                if older and time.time() - max(part.stat().st_mtime for part in parts) < older:
                    continue
                if leftover.is_dir():
                    shutil.rmtree(leftover)
                else:
                    leftover.unlink()


def require_writable(path: Path) -> None:
    """See that a file can be written; one that is there stays as it is.

    Raises:
        StorageError: it cannot.
    """

    class _Enough(Exception):
        pass

    with suppress(_Enough), replacing(path) as temporary:
        temporary.touch()
        raise _Enough


def write_bytes(path: Path, data: bytes | memoryview) -> None:
    """Write a whole file.

    Raises:
        StorageError: it cannot be written. The old file, if any, is still whole.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8; a lone surrogate, which UTF-8 has no bytes for, as its escape."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_json(path: Path, value: object) -> None:
    """Write JSON, readable and in UTF-8; NumPy values as numbers and lists, NaN and ±∞ as null."""
    text = json.dumps(_plain(value), ensure_ascii=False, indent=2, allow_nan=False)
    write_text(path, text + "\n")


def read_bytes(path: Path) -> bytes:
    """Read a whole file.

    Raises:
        StorageError: it is missing or cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise storage_error(path, "read", error) from error


def read_text(path: Path) -> str:
    """Read UTF-8 text.

    Raises:
        StorageError: it is missing, cannot be read or is not UTF-8.
    """
    try:
        return read_bytes(path).decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"{path}: byte {error.start} is not UTF-8: the file is damaged; restore it"
        raise StorageError(message) from error


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        StorageError: it is missing, cannot be read or is not JSON.
    """
    try:
        return json.loads(read_text(path))
    except (ValueError, RecursionError) as error:  # no JSON, or a number of 4,300 digits
        message = f"{path}: not valid JSON ({error}): the file is damaged; restore it"
        raise StorageError(message) from error


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Path):
        return str(value)
    return _plain(value.tolist()) if hasattr(value, "tolist") else value


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows opens no folders
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems cannot sync a folder
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
