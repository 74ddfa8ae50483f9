"""Who is alive among the processes that share a search.

Locks in `.search/` of the sweep's folder, which the system frees when their holder dies, however it
dies: no heartbeat, no process ids of other hosts.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rnncli.atomic import make_folder, storage_error
from rnncli.lock import exclusive, held

__all__ = ["JournalLock", "Workers", "waiting_for"]

_FOLDER = ".search"


class Workers:
    """The processes that work on the search of a folder, this one among them."""

    def __init__(self, out: Path, name: str) -> None:
        """See `joined`."""
        self._folder = out / _FOLDER
        self.name = name
        """This process, told apart from all others."""

    @classmethod
    @contextmanager
    def joined(cls, out: Path) -> Iterator[Workers]:
        """Be one of them for the length of the block.

        Raises:
            StorageError: the folder cannot be written.
        """
        workers = cls(out, f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}")
        make_folder(workers._folder)
        mine = workers._lock(workers.name)
        with exclusive(mine):
            try:
                yield workers
            finally:
                mine.unlink(missing_ok=True)

    def alive(self, name: str) -> bool:
        """Whether a worker still runs."""
        return held(self._lock(name))

    def forget(self, name: str) -> None:
        """Remove what a dead worker left."""
        self._lock(name).unlink(missing_ok=True)

    @contextmanager
    def one_at_a_time(self) -> Iterator[None]:
        """Within the block no other worker is in such a block."""
        with waiting_for(self._folder / "claim.lock"):
            yield

    def _lock(self, name: str) -> Path:
        return self._folder / f"{name}.lock"


@contextmanager
def waiting_for(path: Path) -> Iterator[None]:
    """Hold a lock for the block, however long its holder takes before."""
    while True:
        with exclusive(path) as taken:
            if taken:
                yield
                return
        time.sleep(0.01)


class JournalLock:
    """Optuna's lock of a journal, on a lock of ours.

    Its own is a link that a killed process leaves behind, and others wait 30 s for. Whoever gets
    this one also cuts off the half line that a full disk or a power cut left at the journal's end,
    which would make what is appended to it unreadable.
    """

    def __init__(self, journal: Path) -> None:
        """Lock a journal by a file beside it."""
        self._journal, self._path = journal, journal.parent / _FOLDER / "journal.lock"
        self._held = ExitStack()

    def acquire(self) -> bool:
        """Wait for the lock."""
        self._held.enter_context(waiting_for(self._path))
        self._mend()
        return True

    def release(self) -> None:
        """Give it back."""
        self._held.close()

    def _mend(self) -> None:
        try:
            with self._journal.open("rb+") as file:
                end = file.seek(0, os.SEEK_END)
                if end and file.seek(end - 1) is not None and file.read(1) != b"\n":
                    file.seek(0)
                    file.truncate(file.read().rfind(b"\n") + 1)
        except OSError as error:
            raise storage_error(self._journal, "write", error) from error
