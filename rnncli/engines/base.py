"""What every engine can do: start a training's process, say how it ended, and stop it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Ended", "Engine", "Job"]


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int | None
    """Its exit code, negative for a signal; None where its worker was lost with it."""
    errors: str = ""
    """What it wrote to stderr, or why the worker was lost."""


class Job:
    """One process of a training."""

    def ended(self) -> Ended | None:
        """How it ended, or None while it runs; not asked again after that."""
        raise NotImplementedError

    def stop(self, number: int) -> None:
        """Have it save its work and end, on this machine by this signal."""
        raise NotImplementedError

    def abandon(self) -> None:
        """Have it end, without waiting, because this process ends by an error."""
        raise NotImplementedError


class Engine:
    """Something that runs processes."""

    jobs: int = 1
    """How many there will be at a time."""

    def automatic_jobs(self, trials: int, *, search: bool) -> int:
        """How many it can well run at a time, of so many in all.

        Args:
            trials: how many there are.
            search: whether each learns from those before it.
        """
        raise NotImplementedError

    def start(self, arguments: Sequence[str], run: Path) -> Job:
        """Start Python with these arguments, for the training of a run directory."""
        raise NotImplementedError

    def close(self) -> None:
        """Give back what was taken."""
