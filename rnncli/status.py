"""How far a run has come: `status.json`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from rnncli.atomic import read_json
from rnncli.errors import StorageError

__all__ = ["State", "Status", "read_status"]

State = Literal["running", "done", "failed", "interrupted", "unreadable"]


@dataclass(frozen=True)
class Status:
    """How far a run has come."""

    state: State
    """`unreadable` is never stored: it stands for a damaged status file."""
    reason: str = ""
    """Why it failed or stopped; empty otherwise."""
    started: str = ""
    """UTC, ISO 8601; of the first start, when the run was resumed."""
    ended: str = ""
    """UTC, ISO 8601; empty while running."""
    epoch: int = 0
    """Epochs finished and saved."""


def read_status(path: Path) -> Status:
    """The status as it is stored.

    Raises:
        StorageError: the file is missing or damaged.
    """
    fields = read_json(path)
    problem = StorageError(f"{path}: {fields!r:.120} is not a status: damaged; train with --force")
    try:
        status = Status(**fields)
    except TypeError as error:
        raise problem from error
    texts = (status.reason, status.started, status.ended)
    if (
        status.state not in get_args(State)
        or not all(isinstance(text, str) for text in texts)
        or not isinstance(status.epoch, int)
    ):
        raise problem
    return status
