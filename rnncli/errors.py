"""Everything that can go wrong for a user, as one tree.

Only the command line turns these into a line on stderr and an exit code::

    RnnError
    ├── UsageError          2   a wrong argument, a run or config that is not there
    │   └── ConfigError     2   one or more problems in an experiment file
    ├── DataError           3   a data set that is missing, malformed or unusable
    │   └── StorageError    3   a run directory that cannot be read or written
    ├── DeviceError         4   a device or backend that is not available
    ├── CheckFailed         5   a check that did not hold
    │   └── Diverged        5   the loss became NaN or infinite
    └── Interrupted       130   stopped by a signal; the run can be resumed

A message is one line. It names the place, the value received, what was
expected and what to do next.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "CheckFailed",
    "ConfigError",
    "DataError",
    "DeviceError",
    "Diverged",
    "Interrupted",
    "RnnError",
    "StorageError",
    "UsageError",
]


class RnnError(Exception):
    """Root of all errors a user may see; `exit_code` is what the process returns."""

    exit_code = 1

    @property
    def lines(self) -> tuple[str, ...]:
        """The message, one line for each problem."""
        return (" ".join(str(self).split()),)


class UsageError(RnnError):
    """The command line asks for something that does not exist or does not go together."""

    exit_code = 2


class ConfigError(UsageError):
    """An experiment file has problems: all of them at once, one line each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)

    @property
    def lines(self) -> tuple[str, ...]:
        """One line for each problem."""
        return tuple(" ".join(problem.split()) for problem in self.problems)


class DataError(RnnError):
    """A data set is missing, malformed or does not fit the experiment."""

    exit_code = 3


class StorageError(DataError):
    """A run directory cannot be read or written."""


class DeviceError(RnnError):
    """The device or backend that was asked for is not there, or its memory does not suffice."""

    exit_code = 4


class CheckFailed(RnnError):
    """A check was made and did not hold."""

    exit_code = 5


class Diverged(CheckFailed):
    """The training loss became NaN or infinite."""


class Interrupted(RnnError):
    """A signal stopped the work; what was finished is saved."""

    exit_code = 130
