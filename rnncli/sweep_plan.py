"""Which training of a sweep is next, and what became of those before it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rnncli.errors import StorageError
from rnncli.sweep import Trial

__all__ = ["FixedPlan", "Plan", "Progress", "TrialState", "look_elsewhere", "state_of"]

TrialState = Literal[
    "waiting", "running", "done", "failed", "interrupted", "elsewhere", "pruned", "diverged"
]
"""`elsewhere`: another process is training it; its end is waited for. `pruned` and `diverged` are
results of a search: given up for a bad score, or for a loss that was none."""


@dataclass
class Progress:
    """How far a trial has come."""

    trial: Trial
    state: TrialState
    reason: str = ""
    began: float | None = None
    """When this process started it, by `time.perf_counter`."""
    code: int | None = None
    """The exit code of its process, once that has ended."""
    losses: int = 0
    """How often its worker was lost since an epoch was last finished."""
    epoch: int = 0
    """Epochs that were finished when its worker was last lost."""
    unwanted: bool = False
    """Whether the plan wants it stopped."""


class Plan:
    """What a sweep trains, in which order; `rnncli.sweeping` asks it."""

    everything: list[Progress]
    """Every training that is known so far."""

    def next(self) -> Progress | None:
        """A training to start now, if there is one."""
        raise NotImplementedError

    def look(self) -> None:
        """Look at the trainings' run directories, from time to time."""
        raise NotImplementedError

    def ended(self, one: Progress) -> None:
        """Take note that a training which `next` gave is no longer running."""

    def left(self) -> bool:
        """Whether, with none of ours running, there is something to start or to wait for."""
        raise NotImplementedError


class FixedPlan(Plan):
    """The trials of a grid or list, in order."""

    def __init__(self, trials: Sequence[Trial], out: Path, *, keep_going: bool) -> None:
        """Find out which of them are finished in the folder `out`."""
        self.everything = [Progress(trial, state_of(trial, out)) for trial in trials]
        self._out, self._keep_going = out, keep_going

    def next(self) -> Progress | None:
        """The next that waits, if no failure forbids it."""
        if not self._keep_going and any(one.state == "failed" for one in self.everything):
            return None
        return next((one for one in self.everything if one.state == "waiting"), None)

    def look(self) -> None:
        """See how those fare that other processes train."""
        look_elsewhere(self.everything, self._out)

    def left(self) -> bool:
        """Whether one waits, or is trained by another process."""
        return any(one.state == "elsewhere" for one in self.everything) or self.next() is not None


def look_elsewhere(everything: Iterable[Progress], out: Path) -> None:
    """Bring up to date those that other processes train."""
    for one in everything:
        if one.state == "elsewhere":
            one.state = state_of(one.trial, out)


def state_of(trial: Trial, out: Path) -> TrialState:
    """How far a trial has come by what its run directory says."""
    run = trial.run(out)
    if not run.exists:
        return "waiting"
    if run.locked:
        return "elsewhere"
    try:
        return "done" if run.status.state == "done" else "waiting"
    except StorageError:
        return "waiting"  # training it says what is wrong
