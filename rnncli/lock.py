"""One process at a time: an advisory lock on a file, freed by the system when its holder dies."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rnncli.atomic import storage_error

__all__ = ["exclusive", "held"]

_PATIENCE = 0.5
"""Seconds to try for: a glance by `held` takes the lock for some microseconds."""

if sys.platform == "win32":
    import msvcrt

    def _try(descriptor: int, *, shared: bool) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True
else:
    import fcntl

    def _try(descriptor: int, *, shared: bool) -> bool:
        mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def exclusive(path: Path) -> Iterator[bool]:
    """Hold the lock for a `with` block; yield False if another process has it.

    Raises:
        StorageError: the lock file cannot be opened, or its file system knows no locks.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise storage_error(path, "lock", error) from error
    try:
        deadline = time.monotonic() + _PATIENCE
        try:
            while not (taken := _try(descriptor, shared=False)) and time.monotonic() < deadline:
                time.sleep(0.02)
        except OSError as error:
            raise storage_error(path, "lock", error) from error
        yield taken
    finally:
        os.close(descriptor)


def held(path: Path) -> bool:
    """Whether some process, this one included, holds the lock.

    True also where the file system cannot tell: better to believe a run is running than to
    start a second one.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        with suppress(OSError):
            return not _try(descriptor, shared=True)
        return True
    finally:
        os.close(descriptor)
