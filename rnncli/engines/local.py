"""Processes on this machine, which share its cores evenly."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from rnncli.engines.base import Ended, Engine, Job
from rnncli.machine import cores, has_gpu_driver

__all__ = ["Local", "automatic_jobs"]

_MEMORY_OF_A_TRIAL = 2.5e9
"""What a trial may need, in bytes: one of IMDB took 1.6 GB."""


def automatic_jobs(trials: int) -> int:
    """How many trials to run at a time: one a core, fewer if memory is short, one on a GPU.

    A small recurrent network uses one core better than two: eight trainings of LSTM and GRU on
    KLUE-TC took 131 s two at a time and 177 s one at a time, on two cores.
    """
    if has_gpu_driver():
        return 1
    return max(1, min(trials, cores(), int(_free_memory() / _MEMORY_OF_A_TRIAL)))


def _free_memory() -> float:
    with suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return float(line.split()[1]) * 1024
    return float("inf")


class Local(Engine):
    """This machine."""

    def __init__(self) -> None:
        """Nothing runs yet."""
        self._taken: set[int] = set()

    def automatic_jobs(self, trials: int, *, search: bool) -> int:
        """One a core."""
        return automatic_jobs(trials)

    def start(self, arguments: Sequence[str], run: Path) -> Job:
        """Start a process on its share of the cores."""
        share = next(number for number in range(self.jobs) if number not in self._taken)
        self._taken.add(share)
        return _Process(arguments, share, self)

    def give_back(self, share: int) -> None:
        """Let another process have a share of the cores."""
        self._taken.discard(share)


class _Process(Job):
    def __init__(self, arguments: Sequence[str], share: int, machine: Local) -> None:
        self._share, self._machine = share, machine
        # Closed when the process has ended.
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        # A session of its own: a stop is passed on by us, once.
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            start_new_session=True,
        )
        jobs = machine.jobs
        if jobs > 1 and hasattr(os, "sched_setaffinity"):
            mine = sorted(os.sched_getaffinity(0))
            its = mine[share % len(mine) :: jobs] or mine
            with suppress(OSError):  # it may have ended already
                os.sched_setaffinity(self._process.pid, its)

    def ended(self) -> Ended | None:
        code = self._process.poll()
        if code is None:
            return None
        self._errors.seek(0)
        text = self._errors.read().decode("utf-8", "replace")
        self._errors.close()
        self._machine.give_back(self._share)
        return Ended(code, text)

    def stop(self, number: int) -> None:
        self._process.send_signal(number)

    def abandon(self) -> None:
        self._process.terminate()
